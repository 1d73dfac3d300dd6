// SPDX-License-Identifier: Apache-2.0

// GF(2^8) and GF(2^16) as leopard writes them: numbers in a Cantor basis, so that a fast Fourier
// transform over them exists.
//
// A field of 2^b elements is a vector space over GF(2). In a Cantor basis v_0 = 1, v_i^2 + v_i =
// v_{i-1}, and the polynomials that vanish on the spaces spanned by the first basis vectors are as
// simple as x^2 + x. An additive transform (Lin, Han, Chung 2016) evaluates a polynomial at all
// points of such a space with b butterflies a value; the factors of its butterflies are the `skew`
// table.
//
//     const auto& field = rsx::gf::cantor<8>::get();
//     field.multiply(a, field.log[b]);
//
// Promise: tables are made once, on first use, from the formulas: a millisecond for 16 bits. The
// bytes are those of catid/leopard and klauspost/reedsolomon WithLeopardGF.
// Chapter: docs/theory/05-additive-fft.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace rsx::gf {

template <unsigned Bits>
    requires(Bits == 8 || Bits == 16)
struct cantor {
    static constexpr unsigned order = 1u << Bits;
    static constexpr unsigned modulus = order - 1;  // logarithms are modulo this; log 0 is this

    std::vector<std::uint16_t> log;    // of every element
    std::vector<std::uint16_t> exp;    // and back
    std::vector<std::uint16_t> skew;   // logarithms of the butterflies' factors
    std::vector<std::uint16_t> walsh;  // the Walsh transform of `log`, for error locators

    static const cantor& get() {
        static const cantor made;
        return made;
    }

    [[nodiscard]] static unsigned add(unsigned a, unsigned b) noexcept {
        const unsigned sum = a + b;
        return (sum + (sum >> Bits)) & modulus;
    }
    [[nodiscard]] static unsigned sub(unsigned a, unsigned b) noexcept {
        const unsigned difference = a - b;
        return (difference + (difference >> Bits)) & modulus;
    }
    // a times the element of which this is the logarithm
    [[nodiscard]] unsigned multiply(unsigned a, unsigned logarithm) const noexcept {
        return a == 0 ? 0 : exp[add(log[a], logarithm)];
    }

    // The Walsh-Hadamard transform modulo `modulus`, of `order` values.
    static void transform(std::vector<std::uint16_t>& values) noexcept {
        for (unsigned half = 1; half < order; half *= 2)
            for (unsigned start = 0; start < order; start += 2 * half)
                for (unsigned i = start; i < start + half; ++i) {
                    const unsigned a = values[i];
                    const unsigned b = values[i + half];
                    values[i] = static_cast<std::uint16_t>(add(a, b));
                    values[i + half] = static_cast<std::uint16_t>(sub(a, b));
                }
    }

private:
    cantor() : log(order), exp(order), skew(order), walsh(order) {
        constexpr unsigned polynomial = Bits == 8 ? 0x11d : 0x1002d;
        constexpr std::array<std::uint16_t, 16> basis16{
            0x0001, 0xacca, 0x3c0e, 0x163e, 0xc582, 0xed2e, 0x914c, 0x4012,
            0x6c98, 0x10d8, 0x6a72, 0xb900, 0xfdb8, 0xfb34, 0xff38, 0x991e};
        constexpr std::array<std::uint16_t, 8> basis8{1, 214, 152, 146, 86, 200, 88, 230};
        // Logarithms of ordinary elements, by powers of x ...
        for (unsigned i = 0, power = 1; i < modulus; ++i) {
            exp[power] = static_cast<std::uint16_t>(i);
            power <<= 1;
            if (power >= order) power ^= polynomial;
        }
        exp[0] = modulus;
        // ... of which number i in the Cantor basis is the sum of basis vectors its bits name.
        for (unsigned bit = 0; bit < Bits; ++bit) {
            unsigned vector = 0;
            if constexpr (Bits == 8)
                vector = basis8[bit];
            else
                vector = basis16[bit];
            for (unsigned j = 0; j < 1u << bit; ++j)
                log[j + (1u << bit)] = static_cast<std::uint16_t>(log[j] ^ vector);
        }
        for (auto& l : log) l = exp[l];
        for (unsigned i = 0; i < order; ++i) exp[log[i]] = static_cast<std::uint16_t>(i);
        exp[modulus] = exp[0];
        make_skew();
        walsh = log;
        walsh[0] = 0;
        transform(walsh);
    }

    void make_skew() {
        std::array<unsigned, Bits - 1> value{};
        for (unsigned i = 1; i < Bits; ++i) value[i - 1] = 1u << i;
        for (unsigned m = 0; m < Bits - 1; ++m) {
            const unsigned step = 1u << (m + 1);
            skew[(1u << m) - 1] = 0;
            for (unsigned i = m; i < Bits - 1; ++i) {
                const unsigned s = 1u << (i + 1);
                for (unsigned j = (1u << m) - 1; j < s; j += step)
                    skew[j + s] = static_cast<std::uint16_t>(skew[j] ^ value[i]);
            }
            value[m] = modulus - log[multiply(value[m], log[value[m] ^ 1])];
            for (unsigned i = m + 1; i < Bits - 1; ++i)
                value[i] = multiply(value[i], add(log[value[i] ^ 1], value[m]));
        }
        for (auto& s : skew) s = log[s];
    }
};

}  // namespace rsx::gf
