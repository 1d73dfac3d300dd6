// SPDX-License-Identifier: Apache-2.0

// GF(2^8) with the polynomial x^8 + x^4 + x^3 + x^2 + 1 (0x11D): a byte as a number.
//
// A byte is a polynomial with eight bits as coefficients. Adding is xor. Multiplying is multiplying
// polynomials and keeping the remainder after division by 0x11D. Powers of 2 run through all 255
// non-zero elements, so every one of them is 2^log(a), and a product is a sum of logarithms.
//
//     const gf256 a{0x53}, b{0xca};
//     a * b / b == a;   a + a == gf256{};
//
// Promise: constexpr, one or two table look-ups each. Adding never fails; dividing by zero asserts.
// This is the field of ISA-L, Jerasure (w=8), klauspost/reedsolomon, PAR1 and RAID-6.
#pragma once

#include <rsx/core/assert.hpp>
#include <rsx/gf/concept.hpp>

#include <array>
#include <cstdint>

namespace rsx::gf {

namespace detail {

struct log_tables {
    // exp[i] = 2^i, three times round, so that a sum of three logarithms needs no modulo
    std::array<std::uint8_t, 768> exp{};
    std::array<std::uint16_t, 256> log{};
};

constexpr log_tables make_log_tables() noexcept {
    log_tables t;
    unsigned power = 1;
    for (unsigned i = 0; i < 255; ++i) {
        t.exp[i] = t.exp[i + 255] = t.exp[i + 510] = static_cast<std::uint8_t>(power);
        t.log[power] = static_cast<std::uint16_t>(i);
        power = (power << 1) ^ ((power & 0x80) != 0 ? 0x11du : 0u);
    }
    return t;
}

inline constexpr log_tables logs = make_log_tables();

}  // namespace detail

struct gf256 {
    std::uint8_t value{0};

    static constexpr std::size_t order = 256;
    static constexpr gf256 one() noexcept { return {1}; }

    // 2^power: the element whose powers are all others.
    static constexpr gf256 exp(unsigned power) noexcept { return {detail::logs.exp[power % 255]}; }

    friend constexpr bool operator==(gf256, gf256) noexcept = default;
    friend constexpr gf256 operator+(gf256 a, gf256 b) noexcept {
        return {static_cast<std::uint8_t>(a.value ^ b.value)};
    }
    friend constexpr gf256 operator-(gf256 a, gf256 b) noexcept { return a + b; }
    friend constexpr gf256 operator*(gf256 a, gf256 b) noexcept {
        if (a.value == 0 || b.value == 0) return {};
        const unsigned sum = unsigned{detail::logs.log[a.value]} + detail::logs.log[b.value];
        return {detail::logs.exp[sum]};
    }
    friend constexpr gf256 operator/(gf256 a, gf256 b) noexcept {
        RSX_ASSERT(b.value != 0);
        if (a.value == 0) return {};
        const unsigned difference =
            255u + detail::logs.log[a.value] - unsigned{detail::logs.log[b.value]};
        return {detail::logs.exp[difference]};
    }
    constexpr gf256& operator+=(gf256 b) noexcept { return *this = *this + b; }
    constexpr gf256& operator-=(gf256 b) noexcept { return *this = *this - b; }
    constexpr gf256& operator*=(gf256 b) noexcept { return *this = *this * b; }
    constexpr gf256& operator/=(gf256 b) noexcept { return *this = *this / b; }
};

static_assert(field<gf256>);

// a^n, and 0^0 = 1 as polynomials evaluated at zero want it.
[[nodiscard]] constexpr gf256 power(gf256 a, unsigned n) noexcept {
    if (n == 0) return gf256::one();
    if (a.value == 0) return {};
    return gf256::exp(static_cast<unsigned>(std::uint64_t{detail::logs.log[a.value]} * n % 255));
}

}  // namespace rsx::gf
