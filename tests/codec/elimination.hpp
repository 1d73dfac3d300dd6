// SPDX-License-Identifier: Apache-2.0

// Gauss-Jordan elimination: solves A x = B for many right sides at once.
//
//     // rows of [A | B], A square: afterwards the identity stands where A was, A^-1 B where B was
//     if (!eliminate(rows, n, width)) ...   // A has no inverse
//
// The tests ask it whether a square matrix has an inverse.
#pragma once

#include <rsx/gf/concept.hpp>

#include <span>
#include <utility>

namespace rsx::codec_test {

template <gf::field F>
[[nodiscard]] bool eliminate(std::span<F> rows, std::size_t n, std::size_t width) {
    const auto row = [&](std::size_t r) { return rows.subspan(r * width, width); };
    for (std::size_t pivot = 0; pivot < n; ++pivot) {
        std::size_t found = pivot;
        while (found < n && row(found)[pivot] == F{}) ++found;
        if (found == n) return false;
        const auto p = row(pivot);
        if (found != pivot)
            for (std::size_t c = pivot; c < width; ++c) std::swap(p[c], row(found)[c]);
        const F scale = F::one() / p[pivot];
        if (!(scale == F::one()))
            for (std::size_t c = pivot; c < width; ++c) p[c] = p[c] * scale;
        for (std::size_t r = 0; r < n; ++r) {
            const auto other = row(r);
            const F times = other[pivot];
            if (r == pivot || times == F{}) continue;
            for (std::size_t c = pivot; c < width; ++c) other[c] = other[c] - times * p[c];
        }
    }
    return true;
}

}  // namespace rsx::codec_test
