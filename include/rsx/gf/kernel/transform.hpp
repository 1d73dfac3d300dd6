// SPDX-License-Identifier: Apache-2.0

// Kernels for additive Fourier transforms: butterflies over tiles that stay in the cache.
//
// A tile is a short piece of every shard. All layers of a transform run over one tile before the
// next, two layers at a time in registers. Multiplying by a constant is an 8 x 8 bit matrix for
// GF(2^8) in any basis, and four of them for GF(2^16): the same instructions as everywhere in
// rsx::gf.
//
//     const auto k = rsx::gf::transform_kernel_for(**rsx::gf::current());
//
// Promise: no state, no allocation; tiles are multiples of 64 bytes.
// Chapter: docs/theory/05-additive-fft.md.
#pragma once

#include <rsx/gf/kernels.hpp>

#include <array>
#include <cstring>

namespace rsx::gf {

// A map of bytes that is linear over GF(2), by what it makes of the eight bits.
using byte_map = std::array<std::uint8_t, 8>;

struct transform_job {
    std::byte* work;  // `size` tiles
    std::size_t tile;
    std::size_t size;          // a power of two
    std::size_t live;          // tiles from here on are zero (inverse) or not wanted (forward)
    std::size_t offset;        // of the skew table
    const std::byte* table;    // prepared maps of the skew factors
    const std::uint8_t* zero;  // which of them are zero
};

// For symbols of one byte ([0]) and of two ([1]).
struct transform_kernel {
    std::size_t map_bytes;
    void (*prepare_map)(const byte_map&, std::byte*);
    void (*forward[2])(const transform_job&);
    void (*inverse[2])(const transform_job&);
    void (*scale[2])(const std::byte* table, const std::byte* in, std::byte* out, std::size_t tile,
                     bool onto);
};

namespace kernels_of {
inline namespace RSX_ISA_NAMESPACE {

inline void form_of_map(const byte_map& map, std::uint64_t& form) {
    form = 0;
    for (unsigned in = 0; in < 8; ++in)
        for (unsigned bit = 0; bit < 8; ++bit)
            form |= std::uint64_t{map[in] >> bit & 1u} << ((7 - bit) * 8 + in);
}
inline void form_of_map(const byte_map& map, gf::detail::nibble_tables& form) {
    for (unsigned half = 0; half < 2; ++half)
        for (unsigned i = 0; i < 16; ++i) {
            unsigned sum = 0;
            for (unsigned bit = 0; bit < 4; ++bit)
                if ((i >> bit & 1u) != 0) sum ^= map[4 * half + bit];
            form[16 * half + i] = static_cast<std::uint8_t>(sum);
        }
}

// Byte by byte, for CPUs no other text is for.
namespace transform_portable {
using vec = std::uint8_t;
using factor_form = gf::detail::nibble_tables;
using factor = factor_form;
inline constexpr unsigned vec_bytes = 1;
inline vec load(const std::byte* p) { return std::to_integer<vec>(*p); }
inline void store(std::byte* p, vec v) { *p = std::byte{v}; }
inline vec add(vec a, vec b) { return static_cast<vec>(a ^ b); }
inline factor factor_of(const factor_form& f) { return f; }
inline vec mul(const factor& f, vec x) { return add(f[x & 15u], f[16u + (x >> 4)]); }
#include <rsx/gf/kernel/transform_body.inc>
}  // namespace transform_portable

#if defined(__x86_64__)
RSX_REGION_PUSH("avx2")
namespace avx2 {
#include <rsx/gf/kernel/transform_body.inc>
}  // namespace avx2
RSX_REGION_POP
RSX_REGION_PUSH("avx2,gfni")
namespace avx2_gfni {
#include <rsx/gf/kernel/transform_body.inc>
}  // namespace avx2_gfni
RSX_REGION_POP
RSX_REGION_PUSH("avx512f,avx512bw,avx512vl,gfni")
namespace avx512_gfni {
#include <rsx/gf/kernel/transform_body.inc>
}  // namespace avx512_gfni
RSX_REGION_POP
#endif

}  // namespace RSX_ISA_NAMESPACE
}  // namespace kernels_of

inline namespace RSX_ISA_NAMESPACE {

// The transform kernel that goes with a kernel: the best of the same or a smaller instruction set.
[[nodiscard]] inline transform_kernel transform_kernel_for(const kernel& with) noexcept {
    namespace of = kernels_of::RSX_ISA_NAMESPACE;
    namespace p = of::transform_portable;
#if defined(__x86_64__)
    if (with.name == "avx512+gfni")  // two-byte symbols come in halves of 32 bytes: AVX2's vectors
        return {sizeof(of::matrix_form),
                of::avx512_gfni::prepare_map,
                {of::avx512_gfni::forward<1>, of::avx2_gfni::forward<2>},
                {of::avx512_gfni::inverse<1>, of::avx2_gfni::inverse<2>},
                {of::avx512_gfni::scale<1>, of::avx2_gfni::scale<2>}};
    if (with.name == "avx2+gfni")
        return {sizeof(of::matrix_form),
                of::avx2_gfni::prepare_map,
                {of::avx2_gfni::forward<1>, of::avx2_gfni::forward<2>},
                {of::avx2_gfni::inverse<1>, of::avx2_gfni::inverse<2>},
                {of::avx2_gfni::scale<1>, of::avx2_gfni::scale<2>}};
    if (with.name == "avx2" || with.name == "avx512bw")
        return {sizeof(of::shuffle_form),
                of::avx2::prepare_map,
                {of::avx2::forward<1>, of::avx2::forward<2>},
                {of::avx2::inverse<1>, of::avx2::inverse<2>},
                {of::avx2::scale<1>, of::avx2::scale<2>}};
#endif
    static_cast<void>(with);
    return {sizeof(p::factor_form),
            p::prepare_map,
            {p::forward<1>, p::forward<2>},
            {p::inverse<1>, p::inverse<2>},
            {p::scale<1>, p::scale<2>}};
}

}  // namespace RSX_ISA_NAMESPACE
}  // namespace rsx::gf
