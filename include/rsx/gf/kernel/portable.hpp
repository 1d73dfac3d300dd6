// SPDX-License-Identifier: Apache-2.0

// The portable kernel: the definition, byte by byte. All others are compared with it.
//
//     output[at] = sum over j of coefficient[j] * source[j][at]
//
// Promise: runs everywhere; as slow as it looks. Read this one first.
#pragma once

#include <rsx/core/isa.hpp>
#include <rsx/gf/gf256.hpp>
#include <rsx/gf/kernel.hpp>

namespace rsx::gf::kernels_of {
inline namespace RSX_ISA_NAMESPACE {
namespace portable {

inline void prepare(const std::uint8_t* first, std::size_t stride, unsigned count,
                    std::byte* out) noexcept {
    for (unsigned i = 0; i < count; ++i) out[i] = std::byte{first[i * stride]};
}

// One output at a time.
inline bool sum(const job& w, const lot& l, std::size_t from, std::size_t to) noexcept {
    for (std::size_t at = from; at < to; ++at) {
        gf256 value;
        for (unsigned j = 0; j < l.count; ++j)
            value += gf256{std::to_integer<std::uint8_t>(l.table[j])} *
                     gf256{std::to_integer<std::uint8_t>(l.sources[j][at])};
        switch (w.what) {
            case action::write: l.outputs[0][at] = std::byte{value.value}; break;
            case action::add: l.outputs[0][at] ^= std::byte{value.value}; break;
            case action::check:
                if (w.expected[l.row][at] != std::byte{value.value}) return false;
                break;
        }
    }
    return true;
}

inline constexpr shape multiplied[] = {{sum, 1}};

}  // namespace portable
}  // namespace RSX_ISA_NAMESPACE
}  // namespace rsx::gf::kernels_of
