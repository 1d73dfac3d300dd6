// SPDX-License-Identifier: Apache-2.0
#include <rsx/s3/date.hpp>

#include <rsx/core/clock.hpp>

#include "example.hpp"

namespace s3 = rsx::s3;

TEST_CASE("a moment has three spellings") {
    CHECK(s3::http_date(example::now_ms) == "Fri, 24 May 2013 00:00:00 GMT");
    CHECK(s3::iso_date(example::now_ms + 7) == "2013-05-24T00:00:00.007Z");
    CHECK(s3::amz_date(example::now_ms + 999) == "20130524T000000Z");
    CHECK(s3::http_date(951'827'696'000) == "Tue, 29 Feb 2000 12:34:56 GMT");
    CHECK(s3::iso_date(0) == "1970-01-01T00:00:00.000Z");
}

TEST_CASE("every spelling reads back as the moment it came from") {
    rsx::seeded_entropy random{2};
    for (int i = 0; i < 5'000; ++i) {
        const auto second = static_cast<std::int64_t>(random.below(8'000'000'000));
        const auto ms = second * 1'000 + static_cast<std::int64_t>(random.below(1'000));
        CHECK(s3::parse_iso_date(s3::iso_date(ms)) == ms);
        CHECK(s3::parse_http_date(s3::http_date(ms)) == second * 1'000);
        CHECK(s3::parse_amz_date(s3::amz_date(ms)) == second * 1'000);
    }
}

TEST_CASE("a date with a wrong digit, range or tail is none") {
    for (const std::string_view text :
         {"", "20130524", "20130524T000000", "20130524T000000z", "20130524T240000Z",
          "20130524T006000Z", "20130524T000060Z", "20131324T000000Z", "20130230T000000Z",
          "2013052aT000000Z", "20130524T000000ZZ", " 20130524T000000Z", "-0130524T000000Z"}) {
        CAPTURE(text);
        CHECK_FALSE(s3::parse_amz_date(text).has_value());
    }
    for (const std::string_view text :
         {"Fri, 24 May 2013 00:00:00", "24 May 2013 00:00:00 GMT", "Fri, 24 Foo 2013 00:00:00 GMT",
          "Fri, 32 May 2013 00:00:00 GMT", "Fri, 24 May 2013 00:00:00 CET",
          "Fri,24 May 2013 00:00:00 GMT"})
        CHECK_FALSE(s3::parse_http_date(text).has_value());
    for (const std::string_view text : {"2013-05-24", "2013-05-24T00:00:00", "2013-05-24T00:00:00.",
                                        "2013-05-24T00:00:00.1xZ", "2013-05-24 00:00:00Z"})
        CHECK_FALSE(s3::parse_iso_date(text).has_value());
    CHECK(s3::parse_iso_date("2013-05-24T00:00:00Z") == example::now_ms);
    CHECK(s3::parse_iso_date("2013-05-24T00:00:00.1234567Z") == example::now_ms + 123);
    CHECK(s3::parse_http_date("Mon, 24 May 2013 00:00:00 GMT") == example::now_ms);
}
