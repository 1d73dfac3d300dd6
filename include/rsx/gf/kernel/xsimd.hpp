// SPDX-License-Identifier: Apache-2.0

// The kernel for whatever the command line targets, written once over xsimd's batches: NEON on ARM,
// SSE2 on plain x86-64, AVX2 or AVX-512 under -march.
//
// xsimd has no byte look-up for every set, so the five lines of `lookup16` per set stand here. SSE2
// has no byte look-up at all: there a product is built from doublings, c*x = sum of x*2^i over the
// bits of c.
//
// Promise: taken when <xsimd/xsimd.hpp> (8.1 or later) is there; runs wherever this program runs.
#pragma once

#if __has_include(<xsimd/xsimd.hpp>)
#define RSX_HAS_XSIMD 1

#include <rsx/core/isa.hpp>
#include <rsx/gf/kernel/driver.hpp>

#include <xsimd/xsimd.hpp>

#include <array>
#include <cstring>
#include <utility>

namespace rsx::gf::kernels_of {
inline namespace RSX_ISA_NAMESPACE {
namespace xsimd_default {

using arch = xsimd::default_arch;
using vec = xsimd::batch<std::uint8_t, arch>;
using factor_form = gf::detail::nibble_tables;
inline constexpr unsigned vec_bytes = vec::size;
// On x86 the kernels of x86.hpp are preferred: fewer shapes there, to compile faster.
#if defined(__x86_64__)
inline constexpr unsigned outputs_max = 2;
#else
inline constexpr unsigned outputs_max = 4;
#endif
inline constexpr unsigned plain_max = 1;
inline constexpr bool fold = false;
constexpr unsigned steps(unsigned outputs) { return outputs <= 2 ? 2 : 1; }

inline vec load(const std::byte* p) {
    return vec::load_unaligned(reinterpret_cast<const std::uint8_t*>(p));
}
inline void store(std::byte* p, const vec& v) {
    v.store_unaligned(reinterpret_cast<std::uint8_t*>(p));
}
inline vec add(const vec& a, const vec& b) { return a ^ b; }
inline vec add3(const vec& a, const vec& b, const vec& c) { return a ^ b ^ c; }
inline factor_form form_of(std::uint8_t c) { return gf::detail::nibbles_of(c); }

#if defined(__SSSE3__) || defined(__ARM_NEON)

struct factor {
    vec low, high;
};
// out[i] = table[index[i]] for indices below 16; the table is repeated in every 128-bit lane.
inline vec lookup16(const vec& table, const vec& index) {
#if defined(__AVX512BW__)
    return vec(_mm512_shuffle_epi8(table, index));
#elif defined(__AVX2__)
    return vec(_mm256_shuffle_epi8(table, index));
#elif defined(__SSSE3__)
    return vec(_mm_shuffle_epi8(table, index));
#elif defined(__aarch64__)
    return vec(vqtbl1q_u8(table, index));
#else
    const uint8x16_t t = table;
    const uint8x16_t i = index;
    const uint8x8x2_t halves{{vget_low_u8(t), vget_high_u8(t)}};
    return vec(vcombine_u8(vtbl2_u8(halves, vget_low_u8(i)), vtbl2_u8(halves, vget_high_u8(i))));
#endif
}
inline vec repeated(const std::uint8_t* sixteen) {
    alignas(64) std::uint8_t lanes[vec_bytes];
    for (unsigned at = 0; at < vec_bytes; at += 16) std::memcpy(lanes + at, sixteen, 16);
    return vec::load_aligned(lanes);
}
inline factor factor_of(const factor_form& f) {
    return {repeated(f.data()), repeated(f.data() + 16)};
}
inline vec mul(const factor& f, const vec& x) {
    const vec low(std::uint8_t{15});
    return lookup16(f.low, x & low) ^ lookup16(f.high, x >> 4);
}

#else

using factor = std::uint8_t;
inline factor factor_of(const factor_form& f) { return f[1]; }  // c * 1
inline vec mul(factor c, vec x) {
    const vec polynomial(std::uint8_t{0x1d});
    vec sum(std::uint8_t{0});
    for (unsigned bits = c; bits != 0; bits >>= 1) {
        if ((bits & 1) != 0) sum = sum ^ x;
        // Bytes whose top bit falls out: all ones where the byte, as a signed number, is negative.
        const vec top = vec(std::uint8_t{0}) - (x >> 7);
        x = (x + x) ^ (top & polynomial);
    }
    return sum;
}

#endif

#include <rsx/gf/kernel/body.inc>

}  // namespace xsimd_default
}  // namespace RSX_ISA_NAMESPACE
}  // namespace rsx::gf::kernels_of

#endif
