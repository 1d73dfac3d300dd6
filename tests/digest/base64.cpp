// SPDX-License-Identifier: Apache-2.0
#include <rsx/digest/base64.hpp>

#include "catch.hpp"

#include <rsx/core/clock.hpp>

namespace digest = rsx::digest;
using rsx::bytes_of;

TEST_CASE("base64 gives the examples of RFC 4648") {
    CHECK(digest::base64_encode({}) == "");
    CHECK(digest::base64_encode(bytes_of("f")) == "Zg==");
    CHECK(digest::base64_encode(bytes_of("fo")) == "Zm8=");
    CHECK(digest::base64_encode(bytes_of("foo")) == "Zm9v");
    CHECK(digest::base64_encode(bytes_of("foobar")) == "Zm9vYmFy");
    CHECK(digest::base64url_encode(bytes_of("fo")) == "Zm8");
    CHECK(digest::base64_encode(bytes_of("\xfb\xff")) == "+/8=");
    CHECK(digest::base64url_encode(bytes_of("\xfb\xff")) == "-_8");
}

TEST_CASE("what was encoded decodes to itself") {
    constexpr std::uint64_t seed = 21;
    CAPTURE(seed);
    rsx::seeded_entropy random{seed};
    for (std::size_t n = 0; n < 200; ++n) {
        std::vector<std::byte> bytes(n);
        random.fill(bytes);
        const auto plain = digest::base64_decode(digest::base64_encode(bytes));
        const auto url = digest::base64url_decode(digest::base64url_encode(bytes));
        REQUIRE(plain);
        REQUIRE(url);
        CHECK(*plain == bytes);
        CHECK(*url == bytes);
    }
}

TEST_CASE("only the one right text of a byte string decodes") {
    for (const auto* text : {"Z", "Zg", "Zg=", "Zg===", "Zm9vZ", "=", "====", "Z===", "Zg==Zg==",
                             "Zm 9", "Zm9v\n", "Zm9-", "Zm9_", "Zh==", "Zm9=", "Z=g="}) {
        CAPTURE(text);
        const auto decoded = digest::base64_decode(text);
        REQUIRE(!decoded);
        CHECK(decoded.error().code == rsx::errc::invalid);
    }
    for (const auto* text : {"Z", "Zg==", "Zh", "Zm8+", "Zm8/", "Zm9"}) {
        CAPTURE(text);
        CHECK(!digest::base64url_decode(text));
    }
}

TEST_CASE("an error of base64 says where") {
    const auto decoded = digest::base64_decode("Zm9v!m9v");
    REQUIRE(!decoded);
    CHECK(decoded.error().detail == 4);
}
