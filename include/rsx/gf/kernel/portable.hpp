// SPDX-License-Identifier: Apache-2.0

// The portable kernel: the definition, byte by byte. All others are compared with it.
//
//     output[i][at] = sum over j of coefficient[i][j] * source[j][at]
//
// Promise: runs everywhere; as slow as it looks. Read this one first.
#pragma once

#include <rsx/core/isa.hpp>
#include <rsx/gf/gf256.hpp>
#include <rsx/gf/kernel.hpp>

namespace rsx::gf::kernels_of {
inline namespace RSX_ISA_NAMESPACE {
namespace portable {

inline void prepare(const std::uint8_t* coefficients, unsigned rows, unsigned columns, bool,
                    std::byte* table) noexcept {
    std::memcpy(table, coefficients, std::size_t{rows} * columns);
}

inline bool run(const job& w) noexcept {
    for (unsigned i = 0; i < w.rows; ++i) {
        const std::byte* row = w.table + std::size_t{i} * w.columns + w.first;
        for (std::size_t at = 0; at < w.bytes; ++at) {
            gf256 sum;
            for (unsigned j = 0; j < w.count; ++j)
                sum += gf256{static_cast<std::uint8_t>(row[j])} *
                       gf256{static_cast<std::uint8_t>(w.sources[j][at])};
            const std::byte value{sum.value};
            switch (w.what) {
                case action::write: w.outputs[i][at] = value; break;
                case action::add: w.outputs[i][at] ^= value; break;
                case action::check:
                    if (w.expected[i][at] != value) return false;
                    break;
            }
        }
    }
    return true;
}

}  // namespace portable
}  // namespace RSX_ISA_NAMESPACE
}  // namespace rsx::gf::kernels_of
