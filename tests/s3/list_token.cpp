// SPDX-License-Identifier: Apache-2.0
#include <rsx/s3/list_token.hpp>

#include <rsx/core/clock.hpp>

#include "example.hpp"

namespace s3 = rsx::s3;

TEST_CASE("a token gives back the key it was made from") {
    for (const std::string& key : {std::string{}, std::string{"a"}, std::string(1'024, '\xff')}) {
        CHECK(s3::read_list_token(s3::make_list_token(key)) == s3::list_start{key});
        CHECK(s3::read_list_token(s3::make_list_token(key, s3::list_position::after_prefix)) ==
              s3::list_start{key, s3::list_position::after_prefix});
    }
    CHECK(s3::make_list_token("photos/cat.jpg") == "AQC6gxd2cGhvdG9zL2NhdC5qcGc");
}

TEST_CASE("a mangled token is an invalid argument") {
    const auto good = s3::make_list_token("photos/cat.jpg");
    const auto code = [](std::string_view token) {
        const auto start = s3::read_list_token(token);
        REQUIRE_FALSE(start.has_value());
        return start.error().code;
    };
    rsx::seeded_entropy random{11};
    for (int i = 0; i < 2'000; ++i) {
        auto bad = good;
        const auto at = random.below(bad.size());
        const char c = static_cast<char>(' ' + random.below(95));
        if (bad[at] == c) continue;
        bad[at] = c;
        CAPTURE(bad);
        CHECK(code(bad) == s3::error_code::invalid_argument);
    }
    for (std::size_t n = 0; n < good.size(); ++n)
        CHECK(code(good.substr(0, n)) == s3::error_code::invalid_argument);
    CHECK(code(std::string(100'000, 'A')) == s3::error_code::invalid_argument);
}
