// SPDX-License-Identifier: Apache-2.0
#include <rsx/s3/checksum.hpp>

#include <rsx/core/clock.hpp>

#include "example.hpp"

namespace s3 = rsx::s3;
using s3::checksum_kind;
using s3::checksum_type;

namespace {
std::string base64_of(checksum_kind kind, std::string_view text) {
    return s3::checksum_of(kind, rsx::bytes_of(text)).base64();
}
}  // namespace

TEST_CASE("the five checksums have their published values") {
    CHECK(base64_of(checksum_kind::crc32, "123456789") == "y/Q5Jg==");
    CHECK(base64_of(checksum_kind::crc32c, "123456789") == "4waSgw==");
    CHECK(base64_of(checksum_kind::crc64nvme, "123456789") == "rosUhgp5mIg=");
    CHECK(base64_of(checksum_kind::sha1, "abc") == "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=");
    CHECK(base64_of(checksum_kind::sha256, "abc") ==
          "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    CHECK(base64_of(checksum_kind::crc32, "") == "AAAAAA==");
    CHECK(base64_of(checksum_kind::crc64nvme, "") == "AAAAAAAAAAA=");
}

TEST_CASE("pieces do not change a checksum, and every kind reads back") {
    rsx::seeded_entropy random{4};
    std::string text(5'000, ' ');
    for (char& c : text) c = static_cast<char>(random.below(256));
    for (const auto& facts : s3::checksum_table) {
        CAPTURE(facts.name);
        s3::checksummer sums{facts.kind};
        for (std::string_view rest = text; !rest.empty();) {
            const auto n = std::min<std::size_t>(1 + random.below(700), rest.size());
            sums.update(rsx::bytes_of(rest.substr(0, n)));
            rest.remove_prefix(n);
        }
        const auto sum = sums.finish();
        CHECK(sum == s3::checksum_of(facts.kind, rsx::bytes_of(text)));
        CHECK(s3::parse_checksum(facts.kind, sum.base64()) == sum);
        CHECK(s3::checksum_kind_named(s3::lower(facts.name)) == facts.kind);
        CHECK(s3::checksum_kind_of_header(facts.header) == facts.kind);
        CHECK(sum.header() == facts.header);
    }
}

TEST_CASE("the CRC of an object follows from those of its parts") {
    const std::string a(10'000, 'a');
    const std::string b(777, 'b');
    for (const auto kind :
         {checksum_kind::crc32, checksum_kind::crc32c, checksum_kind::crc64nvme}) {
        const auto of_a = s3::checksum_of(kind, rsx::bytes_of(a));
        const auto of_b = s3::checksum_of(kind, rsx::bytes_of(b));
        CHECK(s3::combined(of_a, of_b, b.size()) == s3::checksum_of(kind, rsx::bytes_of(a + b)));
    }
}

TEST_CASE("a composite checksum is of checksums, and says of how many") {
    const auto a = s3::checksum_of(checksum_kind::sha256, rsx::bytes_of("a"));
    const auto b = s3::checksum_of(checksum_kind::sha256, rsx::bytes_of("b"));
    const s3::checksum parts[] = {a, b};
    const auto both = s3::composite_checksum(checksum_kind::sha256, parts);
    const auto raw = std::string{rsx::text_of(a.bytes())} + std::string{rsx::text_of(b.bytes())};
    CHECK(both.base64() == base64_of(checksum_kind::sha256, raw) + "-2");
    CHECK(both.type() == checksum_type::composite);
    CHECK(s3::parse_checksum(checksum_kind::sha256, both.base64()) == both);
}

TEST_CASE("text that is no checksum of its kind is refused") {
    for (const std::string_view text : {"", "AAAA", "AAAAAAA=", "AAAAAA", "AAAAAA==x", "AAAAAA==-",
                                        "AAAAAA==-0", "AAAAAA==-10001", "AA AAA=="})
        CHECK_FALSE(s3::parse_checksum(checksum_kind::crc32, text).has_value());
    CHECK_FALSE(s3::parse_checksum(checksum_kind::sha256, std::string(1'000'000, 'A')).has_value());
    CHECK_FALSE(s3::checksum_kind_named("MD5").has_value());
    CHECK_FALSE(s3::checksum_kind_of_header("x-amz-checksum-md5").has_value());
    CHECK_FALSE(s3::checksum_type_named("WHOLE").has_value());
}

TEST_CASE("kinds and types go together as S3 allows") {
    CHECK(s3::default_type(checksum_kind::crc64nvme) == checksum_type::full_object);
    CHECK(s3::default_type(checksum_kind::crc32) == checksum_type::composite);
    CHECK(s3::goes_with(checksum_kind::crc32, checksum_type::full_object));
    CHECK_FALSE(s3::goes_with(checksum_kind::sha1, checksum_type::full_object));
    CHECK_FALSE(s3::goes_with(checksum_kind::crc64nvme, checksum_type::composite));
    CHECK(s3::name_of(checksum_type::composite) == "COMPOSITE");
}
