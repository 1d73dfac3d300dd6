// SPDX-License-Identifier: Apache-2.0

// Five kernels for x86-64, in one program, without any compiler flag.
//
// Multiplying by a constant c is linear in the bits of the byte. Two instructions exploit that:
//   - a byte shuffle looks up sixteen bytes at once: c*x = low[x & 15] + high[x >> 4]  (ssse3,
//   avx2,
//     avx512bw)
//   - GFNI multiplies every byte with an 8x8 bit matrix: c itself, written as a matrix over GF(2)
// AVX-512 adds vpternlogq, which adds two products to a sum at once: `add3`.
//
// Each region below only says what a vector is; the loops are in body.inc, included five times.
//
// Promise: a kernel may be *named* on any CPU and *run* only where `runs_here` says so.
// Chapter: docs/theory/04-sixteen-lookups-at-once.md.
#pragma once

#include <rsx/core/isa.hpp>
#include <rsx/gf/kernel/driver.hpp>

#if defined(__x86_64__)

#include <array>
#include <cstring>
#include <utility>

namespace rsx::gf::kernels_of {
inline namespace RSX_ISA_NAMESPACE {

using shuffle_form = gf::detail::nibble_tables;
using matrix_form = std::uint64_t;

RSX_REGION_PUSH("ssse3")
namespace ssse3 {
using vec = __m128i;
using factor_form = shuffle_form;
inline constexpr unsigned vec_bytes = 16;
inline constexpr unsigned outputs_max = 3;
inline constexpr unsigned plain_max = 1;
inline constexpr bool fold = false;
constexpr unsigned steps(unsigned outputs) { return outputs <= 2 ? 2 : 1; }

struct factor {
    vec low, high;
};
inline factor_form form_of(std::uint8_t c) { return gf::detail::nibbles_of(c); }
inline vec load(const std::byte* p) { return _mm_loadu_si128(reinterpret_cast<const vec*>(p)); }
inline void store(std::byte* p, vec v) { _mm_storeu_si128(reinterpret_cast<vec*>(p), v); }
inline vec add(vec a, vec b) { return _mm_xor_si128(a, b); }
inline vec add3(vec a, vec b, vec c) { return add(a, add(b, c)); }
inline factor factor_of(const factor_form& f) {
    const auto* bytes = reinterpret_cast<const std::byte*>(f.data());
    return {load(bytes), load(bytes + 16)};
}
inline vec mul(const factor& f, vec x) {
    const vec low = _mm_set1_epi8(15);
    return add(_mm_shuffle_epi8(f.low, _mm_and_si128(x, low)),
               _mm_shuffle_epi8(f.high, _mm_and_si128(_mm_srli_epi64(x, 4), low)));
}
#include <rsx/gf/kernel/body.inc>
}  // namespace ssse3
RSX_REGION_POP

RSX_REGION_PUSH("avx2")
namespace avx2 {
using vec = __m256i;
using factor_form = shuffle_form;
inline constexpr unsigned vec_bytes = 32;
inline constexpr unsigned outputs_max = 4;
inline constexpr unsigned plain_max = 1;
inline constexpr bool fold = false;
constexpr unsigned steps(unsigned outputs) { return outputs <= 1 ? 4 : outputs <= 3 ? 2 : 1; }

struct factor {
    vec low, high;
};
inline factor_form form_of(std::uint8_t c) { return gf::detail::nibbles_of(c); }
inline vec load(const std::byte* p) { return _mm256_loadu_si256(reinterpret_cast<const vec*>(p)); }
inline void store(std::byte* p, vec v) { _mm256_storeu_si256(reinterpret_cast<vec*>(p), v); }
inline vec add(vec a, vec b) { return _mm256_xor_si256(a, b); }
inline vec add3(vec a, vec b, vec c) { return add(a, add(b, c)); }
inline factor factor_of(const factor_form& f) {
    const auto* halves = reinterpret_cast<const __m128i*>(f.data());
    return {_mm256_broadcastsi128_si256(_mm_loadu_si128(halves)),
            _mm256_broadcastsi128_si256(_mm_loadu_si128(halves + 1))};
}
inline vec mul(const factor& f, vec x) {
    const vec low = _mm256_set1_epi8(15);
    return add(_mm256_shuffle_epi8(f.low, _mm256_and_si256(x, low)),
               _mm256_shuffle_epi8(f.high, _mm256_and_si256(_mm256_srli_epi64(x, 4), low)));
}
#include <rsx/gf/kernel/body.inc>
}  // namespace avx2
RSX_REGION_POP

RSX_REGION_PUSH("avx2,gfni")
namespace avx2_gfni {
using vec = __m256i;
using factor = __m256i;
using factor_form = matrix_form;
inline constexpr unsigned vec_bytes = 32;
inline constexpr unsigned outputs_max = 4;
inline constexpr unsigned plain_max = 2;
inline constexpr bool fold = false;
constexpr unsigned steps(unsigned outputs) { return outputs <= 1 ? 4 : outputs <= 2 ? 3 : 2; }

inline factor_form form_of(std::uint8_t c) { return gf::detail::bit_matrices[c]; }
inline vec load(const std::byte* p) { return _mm256_loadu_si256(reinterpret_cast<const vec*>(p)); }
inline void store(std::byte* p, vec v) { _mm256_storeu_si256(reinterpret_cast<vec*>(p), v); }
inline vec add(vec a, vec b) { return _mm256_xor_si256(a, b); }
inline vec add3(vec a, vec b, vec c) { return add(a, add(b, c)); }
inline factor factor_of(const factor_form& f) {
    return _mm256_set1_epi64x(static_cast<long long>(f));
}
inline vec mul(factor f, vec x) { return _mm256_gf2p8affine_epi64_epi8(x, f, 0); }
#include <rsx/gf/kernel/body.inc>
}  // namespace avx2_gfni
RSX_REGION_POP

RSX_REGION_PUSH("avx512f,avx512bw,avx512vl")
namespace avx512bw {
using vec = __m512i;
using factor_form = shuffle_form;
inline constexpr unsigned vec_bytes = 64;
inline constexpr unsigned outputs_max = 4;
inline constexpr unsigned plain_max = 1;
inline constexpr bool fold = true;
constexpr unsigned steps(unsigned outputs) {
    return outputs <= 2 ? 4 : outputs <= 4 ? 3 : outputs <= 6 ? 2 : 1;
}

struct factor {
    vec low, high;
};
inline factor_form form_of(std::uint8_t c) { return gf::detail::nibbles_of(c); }
inline vec load(const std::byte* p) { return _mm512_loadu_si512(p); }
inline void store(std::byte* p, vec v) { _mm512_storeu_si512(p, v); }
inline vec add(vec a, vec b) { return _mm512_xor_si512(a, b); }
inline vec add3(vec a, vec b, vec c) { return _mm512_ternarylogic_epi64(a, b, c, 0x96); }
inline factor factor_of(const factor_form& f) {
    const auto* halves = reinterpret_cast<const __m128i*>(f.data());
    return {_mm512_maskz_broadcast_i32x4(0xffff, _mm_loadu_si128(halves)),
            _mm512_maskz_broadcast_i32x4(0xffff, _mm_loadu_si128(halves + 1))};
}
inline vec mul(const factor& f, vec x) {
    const vec low = _mm512_set1_epi8(15);
    return add(_mm512_shuffle_epi8(f.low, _mm512_and_si512(x, low)),
               _mm512_shuffle_epi8(f.high, _mm512_and_si512(_mm512_srli_epi64(x, 4), low)));
}
#include <rsx/gf/kernel/body.inc>
}  // namespace avx512bw
RSX_REGION_POP

RSX_REGION_PUSH("avx512f,avx512bw,avx512vl,gfni")
namespace avx512_gfni {
using vec = __m512i;
using factor = __m512i;
using factor_form = matrix_form;
inline constexpr unsigned vec_bytes = 64;
inline constexpr unsigned outputs_max = 10;
inline constexpr unsigned plain_max = 4;
inline constexpr bool fold = true;
constexpr unsigned steps(unsigned outputs) { return outputs <= 4 ? 4 : outputs <= 6 ? 3 : 2; }

inline factor_form form_of(std::uint8_t c) { return gf::detail::bit_matrices[c]; }
inline vec load(const std::byte* p) { return _mm512_loadu_si512(p); }
inline void store(std::byte* p, vec v) { _mm512_storeu_si512(p, v); }
inline vec add(vec a, vec b) { return _mm512_xor_si512(a, b); }
inline vec add3(vec a, vec b, vec c) { return _mm512_ternarylogic_epi64(a, b, c, 0x96); }
inline factor factor_of(const factor_form& f) {
    return _mm512_set1_epi64(static_cast<long long>(f));
}
inline vec mul(factor f, vec x) { return _mm512_gf2p8affine_epi64_epi8(x, f, 0); }
#include <rsx/gf/kernel/body.inc>
}  // namespace avx512_gfni
RSX_REGION_POP

}  // namespace RSX_ISA_NAMESPACE
}  // namespace rsx::gf::kernels_of

#endif
