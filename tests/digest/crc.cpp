// SPDX-License-Identifier: Apache-2.0
#include <rsx/digest/crc.hpp>

#include "catch.hpp"

#include <rsx/core/clock.hpp>

#include <vector>

namespace digest = rsx::digest;

namespace {

std::vector<std::byte> random_bytes(std::size_t n, std::uint64_t seed) {
    std::vector<std::byte> bytes(n);
    rsx::seeded_entropy{seed}.fill(bytes);
    return bytes;
}

// The definition, a bit at a time: what even the portable kernel answers to.
template <class Sum>
typename Sum::value_type by_long_division(rsx::byte_view bytes) {
    using value = typename Sum::value_type;
    auto r = static_cast<value>(~value{0});
    for (const auto byte : bytes) {
        r = static_cast<value>(r ^ std::to_integer<value>(byte));
        for (int bit = 0; bit < 8; ++bit)
            r = static_cast<value>((r & 1) != 0 ? (r >> 1) ^ Sum::poly::reflected : r >> 1);
    }
    return static_cast<value>(~r);
}

template <class Sum>
typename Sum::value_type sum_of(rsx::byte_view bytes, typename Sum::value_type seed = 0) {
    Sum sum{seed};
    sum.update(bytes);
    return sum.value();
}

// Leaves the default kernel behind, whatever a test forced.
struct default_kernel_after {
    const char* name = digest::current_crc_kernel().name;
    ~default_kernel_after() { (void)digest::use_crc_kernel(name); }
};

}  // namespace

TEST_CASE("the check strings give the published values on every kernel") {
    const default_kernel_after restore;
    const auto check = rsx::bytes_of("123456789");
    for (const auto& kernel : digest::crc_kernels()) {
        if (!kernel.runs()) {
            WARN("skipped: this CPU cannot run " << kernel.name);
            continue;
        }
        CAPTURE(kernel.name);
        REQUIRE(digest::use_crc_kernel(kernel.name));
        CHECK(digest::crc32c_of(check) == 0xe3069283u);
        CHECK(digest::crc32_of(check) == 0xcbf43926u);
        CHECK(digest::crc64_nvme_of(check) == 0xae8b14860a799888u);
        CHECK(digest::crc64_iso_of(check) == 0xb90956c775a41001u);
    }
}

TEST_CASE("the iSCSI examples of RFC 3720 come out") {
    std::vector<std::byte> bytes(32);
    CHECK(digest::crc32c_of(bytes) == 0x8a9136aau);
    for (auto& b : bytes) b = std::byte{0xff};
    CHECK(digest::crc32c_of(bytes) == 0x62a8ab43u);
    for (std::size_t i = 0; i < 32; ++i) bytes[i] = static_cast<std::byte>(i);
    CHECK(digest::crc32c_of(bytes) == 0x46dd794eu);
}

TEMPLATE_TEST_CASE("every kernel agrees with long division at every length", "", digest::crc32c,
                   digest::crc32, digest::crc64_nvme, digest::crc64_iso) {
    const auto bytes = random_bytes(70'001, 11);
    std::vector<std::size_t> lengths;
    for (std::size_t n = 0; n <= 1100; ++n) lengths.push_back(n);
    for (const std::size_t n : {2047u, 2048u, 2049u, 4096u, 8191u, 8192u, 65'537u, 70'000u})
        lengths.push_back(n);

    for (const auto n : lengths) {
        const rsx::byte_view view = rsx::byte_view{bytes}.subspan(n % 2, n);
        const auto expected = by_long_division<TestType>(view);
        for (const auto& kernel : digest::crc_kernels()) {
            if (!kernel.runs()) continue;
            const auto remainder =
                static_cast<typename TestType::value_type>(TestType::function_of(kernel)(
                    static_cast<typename TestType::value_type>(~typename TestType::value_type{0}),
                    view.data(), view.size()));
            if (static_cast<typename TestType::value_type>(~remainder) != expected) {
                CAPTURE(n, kernel.name);
                REQUIRE(static_cast<typename TestType::value_type>(~remainder) == expected);
            }
        }
    }
    SUCCEED();
}

TEMPLATE_TEST_CASE("a checksum continues from any place, by seed, by update and by combining", "",
                   digest::crc32c, digest::crc32, digest::crc64_nvme, digest::crc64_iso) {
    constexpr std::uint64_t seed = 7;
    CAPTURE(seed);
    rsx::seeded_entropy random{seed};
    for (int round = 0; round < 200; ++round) {
        const auto bytes = random_bytes(random.below(5000), random.u64());
        const auto cut = random.below(bytes.size() + 1);
        CAPTURE(round, bytes.size(), cut);
        const rsx::byte_view whole{bytes};
        const auto a = whole.first(cut);
        const auto b = whole.subspan(cut);
        const auto expected = sum_of<TestType>(whole);

        CHECK(sum_of<TestType>(b, sum_of<TestType>(a)) == expected);
        TestType sum;
        sum.update(a);
        sum.update(b);
        CHECK(sum.value() == expected);
        CHECK(digest::crc_combine<TestType>(sum_of<TestType>(a), sum_of<TestType>(b), b.size()) ==
              expected);
    }
}

TEST_CASE("combining works for lengths that nobody would hash") {
    // 5 TiB of zeros behind "a", computed by doubling: crc(z z) from crc(z).
    auto zeros = digest::crc64_nvme_of(std::vector<std::byte>(1));
    std::uint64_t n = 1;
    for (; n < (std::uint64_t{1} << 42); n *= 2)
        zeros = digest::crc_combine<digest::crc64_nvme>(zeros, zeros, n);
    const auto a = digest::crc64_nvme_of(rsx::bytes_of("a"));
    const auto once = digest::crc_combine<digest::crc64_nvme>(a, zeros, n);
    auto half = zeros;
    half = digest::crc64_nvme_of(std::vector<std::byte>(1));
    for (std::uint64_t m = 1; m < n / 2; m *= 2)
        half = digest::crc_combine<digest::crc64_nvme>(half, half, m);
    const auto twice = digest::crc_combine<digest::crc64_nvme>(
        digest::crc_combine<digest::crc64_nvme>(a, half, n / 2), half, n / 2);
    CHECK(once == twice);
}

TEST_CASE("a checksum of nothing is zero") {
    CHECK(digest::crc32c{}.value() == 0);
    CHECK(digest::crc32_of({}) == 0);
    CHECK(digest::crc64_nvme_of({}) == 0);
    CHECK(digest::crc64_iso_of({}, 42) == 42);
}

TEST_CASE("an unknown CRC kernel is refused") {
    const auto asked = digest::use_crc_kernel("abacus");
    REQUIRE(!asked);
    CHECK(asked.error().code == rsx::errc::not_found);
}
