// SPDX-License-Identifier: Apache-2.0
#include <rsx/s3/uri.hpp>

#include <rsx/core/clock.hpp>

#include "example.hpp"

namespace s3 = rsx::s3;
using s3::plus;
using s3::slash;

TEST_CASE("only unreserved characters stand for themselves") {
    CHECK(s3::uri_encode("AZaz09-._~", slash::encoded) == "AZaz09-._~");
    CHECK(s3::uri_encode("a b+c/d", slash::encoded) == "a%20b%2Bc%2Fd");
    CHECK(s3::uri_encode("a b+c/d", slash::kept) == "a%20b%2Bc/d");
    CHECK(s3::uri_encode("\xc3\xbc*!'()", slash::kept) == "%C3%BC%2A%21%27%28%29");
    CHECK(s3::uri_encode(std::string_view{"\0\x7f", 2}, slash::kept) == "%00%7F");
}

TEST_CASE("decoding undoes encoding for any bytes") {
    rsx::seeded_entropy random{1};
    for (int i = 0; i < 2'000; ++i) {
        std::string text;
        for (auto n = random.below(40); n > 0; --n) text += static_cast<char>(random.below(256));
        CHECK(s3::uri_decode(s3::uri_encode(text, slash::encoded), plus::space) == text);
        CHECK(s3::uri_decode(s3::uri_encode(text, slash::kept), plus::itself) == text);
    }
}

TEST_CASE("a plus is a space in a query and a plus in a path") {
    CHECK(s3::uri_decode("a+b%2B", plus::space) == "a b+");
    CHECK(s3::uri_decode("a+b%2B", plus::itself) == "a+b+");
}

TEST_CASE("a percent sign without two hexadecimal digits is refused") {
    for (const std::string_view text : {"%", "%a", "a%", "%zz", "%2", "%+1", "100%"}) {
        CAPTURE(text);
        const auto decoded = s3::uri_decode(text, plus::itself);
        REQUIRE_FALSE(decoded.has_value());
        CHECK(decoded.error().code == s3::error_code::invalid_uri);
    }
    CHECK(s3::uri_decode("%2f%2F", plus::itself) == "//");
}

TEST_CASE("a target is split and nothing in it normalised") {
    const auto parts = s3::split_target("/bucket//a/../b/./?prefix=x?y&acl");
    REQUIRE(parts.has_value());
    CHECK(parts->path == "/bucket//a/../b/./");
    CHECK(parts->query == "prefix=x?y&acl");
    CHECK(s3::split_target("/")->query == "");
    CHECK(s3::split_target("http://host:9000/a?b")->path == "/a");
    CHECK(s3::split_target("HTTPS://host")->path == "/");
    CHECK(s3::split_target("http://host?acl")->query == "acl");
    for (const std::string_view bad : {"", "*", "a", "?a", "host:443", "ftp://a/b"})
        CHECK_FALSE(s3::split_target(bad).has_value());
}

TEST_CASE("a query keeps order and repeats, and knows its canonical form") {
    const auto query = s3::query_list::parse("b=2&a=x+y&a=%2B&&acl&e==");
    REQUIRE(query.has_value());
    CHECK(query->get("a") == "x y");
    CHECK(query->count("a") == 2);
    CHECK(query->get("acl") == "");
    CHECK(query->get("e") == "=");
    CHECK_FALSE(query->has("A"));
    CHECK(query->canonical() == "a=%2B&a=x%20y&acl=&b=2&e=%3D");
    CHECK(query->canonical("a") == "acl=&b=2&e=%3D");
    CHECK_FALSE(s3::query_list::parse("a=%").has_value());
    CHECK_FALSE(s3::query_list::parse("%g1=1").has_value());
    CHECK(s3::query_list::parse("")->empty());
}

TEST_CASE("parameters are sorted by their encoded names") {
    // "a-" before "a0" before "aA" before "a_": as bytes of the encoded text, not of the decoded.
    const auto query = s3::query_list::parse("a_=1&a0=1&aA=1&a-=1&a=1&a%20=1");
    CHECK(query->canonical() == "a=1&a%20=1&a-=1&a0=1&aA=1&a_=1");
}
