// SPDX-License-Identifier: Apache-2.0

// A finite field: numbers you can add, subtract, multiply and divide without ever leaving them.
//
// Erasure codes are linear algebra, and linear algebra needs only these four verbs. Bytes have
// 256 values, so a field of 256 elements lets every byte be a number and every sum fit in a byte:
// nothing rounds, nothing overflows. `order` is how many elements there are.
//
//     template <rsx::gf::field F> F mean_of_ends(F a, F b, F half) { return (a + b) * half; }
//
// Promise: values are regular (copied, compared), F{} is zero, division by zero is a bug.
// Chapter: docs/theory/02-finite-fields.md.
#pragma once

#include <concepts>
#include <cstddef>

namespace rsx::gf {

template <class F>
concept field = std::regular<F> && requires(F a, F b) {
    { a + b } -> std::same_as<F>;
    { a - b } -> std::same_as<F>;
    { a* b } -> std::same_as<F>;
    { a / b } -> std::same_as<F>;
    { F::one() } -> std::same_as<F>;
    { F::order } -> std::convertible_to<std::size_t>;
};

}  // namespace rsx::gf
