// SPDX-License-Identifier: Apache-2.0
#include <rsx/gf/gf256.hpp>

#include "catch.hpp"

using rsx::gf::gf256;

namespace {

gf256 element(unsigned value) { return {static_cast<std::uint8_t>(value)}; }

// The definition: multiply as polynomials, reduce by 0x11D.
unsigned product(unsigned a, unsigned b) {
    unsigned sum = 0;
    for (; b != 0; b >>= 1, a = (a << 1) ^ ((a & 0x80) != 0 ? 0x11du : 0u))
        if ((b & 1) != 0) sum ^= a;
    return sum;
}

// The smallest field there is, as the archetype of the concept.
struct bit {
    bool set{false};
    static constexpr std::size_t order = 2;
    static constexpr bit one() { return {true}; }
    friend bool operator==(bit, bit) = default;
    friend bit operator+(bit a, bit b) { return {a.set != b.set}; }
    friend bit operator-(bit a, bit b) { return a + b; }
    friend bit operator*(bit a, bit b) { return {a.set && b.set}; }
    friend bit operator/(bit a, bit) { return a; }
};
static_assert(rsx::gf::field<bit>);

}  // namespace

TEST_CASE("products of bytes are products of polynomials modulo 0x11D") {
    unsigned wrong = 0;
    for (unsigned a = 0; a < 256; ++a)
        for (unsigned b = 0; b < 256; ++b)
            wrong += (element(a) * element(b)).value != product(a, b);
    CHECK(wrong == 0);
}

TEST_CASE("dividing undoes multiplying") {
    unsigned wrong = 0;
    for (unsigned a = 0; a < 256; ++a)
        for (unsigned b = 1; b < 256; ++b)
            wrong += !(element(a) * element(b) / element(b) == element(a));
    CHECK(wrong == 0);
}

TEST_CASE("every element is its own negative") {
    for (unsigned a = 0; a < 256; ++a) CHECK(element(a) + element(a) == gf256{});
}

TEST_CASE("the powers of two run through all 255 non-zero elements") {
    std::array<bool, 256> seen{};
    for (unsigned i = 0; i < 255; ++i) seen[gf256::exp(i).value] = true;
    unsigned count = 0;
    for (const bool s : seen) count += s;
    CHECK(count == 255);
    CHECK_FALSE(seen[0]);
}

TEST_CASE("a power is a repeated product and zero to the zero is one") {
    for (unsigned a = 0; a < 256; a += 5) {
        gf256 expected = gf256::one();
        for (unsigned n = 0; n < 600; ++n, expected *= element(a))
            REQUIRE(rsx::gf::power(element(a), n) == expected);
    }
}
