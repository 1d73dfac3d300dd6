// SPDX-License-Identifier: Apache-2.0
#include <rsx/s3/head.hpp>

#include "example.hpp"

namespace s3 = rsx::s3;

TEST_CASE("headers are found whatever their case, and keep their order and spelling") {
    s3::header_list headers{{"Host", "a"}, {"X-Amz-Meta-One", "1"}, {"x-amz-meta-one", "2"}};
    CHECK(headers.get("HOST") == "a");
    CHECK(headers.get("x-AMZ-meta-ONE") == "1");
    CHECK(headers.count("x-amz-meta-one") == 2);
    CHECK(headers.get_or("none", "x") == "x");
    CHECK_FALSE(headers.has("Hos"));
    headers.set("X-AMZ-META-ONE", "3");
    CHECK(headers.size() == 2);
    CHECK(std::prev(headers.end())->name == "X-AMZ-META-ONE");
    headers.remove("host");
    CHECK_FALSE(headers.has("Host"));
}

TEST_CASE("numbers are digits only, and bounded") {
    CHECK(s3::number_in("0", 0) == 0);
    CHECK(s3::number_in("00017", 100) == 17);
    CHECK(s3::number_in("18446744073709551615", UINT64_MAX) == UINT64_MAX);
    for (const std::string_view bad : {"", "-1", "+1", " 1", "1 ", "0x1", "101",
                                       "18446744073709551616", "99999999999999999999999999"})
        CHECK_FALSE(s3::number_in(bad, 100).has_value());
    CHECK_FALSE(s3::number_in("18446744073709551616", UINT64_MAX).has_value());
    for (std::uint64_t max = 0; max < 300; ++max)
        for (std::uint64_t n = 0; n < 300; ++n)
            CHECK(s3::number_in(std::to_string(n), max).has_value() == (n <= max));
}

TEST_CASE("UTF-8 is told from what only looks like it") {
    for (const std::string_view good : {"", "a", "\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
                                        "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf"})
        CHECK(s3::is_utf8(good));
    for (const std::string_view bad :
         {"\x80", "\xc0\x80", "\xc1\xbf", "\xc3", "\xe2\x82", "\xe0\x9f\xbf", "\xed\xa0\x80",
          "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "a\xc3z"})
        CHECK_FALSE(s3::is_utf8(bad));
}
