// SPDX-License-Identifier: Apache-2.0
#include <rsx/s3/range.hpp>

#include <rsx/core/clock.hpp>

#include "example.hpp"

namespace s3 = rsx::s3;
using s3::byte_range;

namespace {
using whole = std::optional<byte_range>;

s3::result<whole> asked(std::string_view text, std::uint64_t size) {
    return s3::range_of(text, size);
}

whole of(std::string_view text, std::uint64_t size) {
    const auto range = asked(text, size);
    REQUIRE(range.has_value());
    return *range;
}
}  // namespace

TEST_CASE("a range is first to last, open, or a suffix, cut to the object") {
    CHECK(of("bytes=0-9", 443) == byte_range{0, 10});
    CHECK(of("bytes=9-9", 10) == byte_range{9, 1});
    CHECK(of("bytes=100-", 443) == byte_range{100, 343});
    CHECK(of("bytes=-10", 443) == byte_range{433, 10});
    CHECK(of("bytes=-500", 443) == byte_range{0, 443});
    CHECK(of("bytes=0-18446744073709551615", 443) == byte_range{0, 443});
    CHECK(of("Bytes= 5-6 ", 443) == byte_range{5, 2});
    CHECK(s3::content_range({0, 10}, 443) == "bytes 0-9/443");
}

TEST_CASE("what is no single range of bytes is ignored") {
    CHECK(s3::range_of(std::nullopt, 443).value() == whole{});
    for (const std::string_view text :
         {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=9-5", "bytes=1-2,4-5", "bytes=+1-2",
          "items=0-1", "bytes=1 - 2", "bytes=--1", "bytes=1-2-3", "bytes=18446744073709551616-"}) {
        CAPTURE(text);
        CHECK(of(text, 443) == whole{});
    }
}

TEST_CASE("a range that begins behind the end cannot be satisfied") {
    for (const std::string_view text : {"bytes=443-", "bytes=443-500", "bytes=-0"}) {
        CAPTURE(text);
        const auto range = asked(text, 443);
        REQUIRE_FALSE(range.has_value());
        CHECK(range.error().code == s3::error_code::invalid_range);
        const auto xml = s3::render_error(range.error(), {});
        CHECK(xml.find("<ActualObjectSize>443</ActualObjectSize>") != std::string::npos);
    }
    for (const std::string_view text : {"bytes=0-", "bytes=0-0", "bytes=-1"})
        CHECK(asked(text, 0).error().code == s3::error_code::invalid_range);
}

TEST_CASE("a copied range must be whole and within its source") {
    CHECK(s3::copy_range_of("bytes=0-442", 443) == byte_range{0, 443});
    for (const std::string_view text : {"0-5", "bytes=0", "bytes=0-", "bytes=-5", "bytes=5-0",
                                        "bytes=0-1,2-3", "bytes=hello-world"})
        CHECK(s3::copy_range_of(text, 443).error().code == s3::error_code::invalid_argument);
    CHECK(s3::copy_range_of("bytes=0-443", 443).error().code == s3::error_code::invalid_range);
}

TEST_CASE("every range given stays within the object") {
    rsx::seeded_entropy random{3};
    constexpr std::string_view alphabet = "0123456789--,= bytes";
    for (int i = 0; i < 50'000; ++i) {
        std::string text = "bytes=";
        for (auto n = random.below(12); n > 0; --n) text += alphabet[random.below(alphabet.size())];
        const auto size = random.below(3) == 0 ? random.below(4) : random.u64() >> random.below(64);
        const auto range = asked(text, size);
        if (!range || !*range) continue;
        CAPTURE(text, size);
        REQUIRE((*range)->length > 0);
        REQUIRE((*range)->offset < size);
        REQUIRE((*range)->length <= size - (*range)->offset);
    }
}
