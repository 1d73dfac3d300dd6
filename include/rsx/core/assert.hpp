// SPDX-License-Identifier: Apache-2.0

// RSX_ASSERT: what must not happen. A failed one is a bug in rsx or in the program that uses it,
// never an input; it prints where and ends the process, in release builds too.
//
//     RSX_ASSERT(data.size() == shape.data);
//
// Costs a compare. What can happen is an `error` (core/error.hpp) instead.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace rsx::detail {

[[noreturn]] inline void assertion_failed(const char* what, const char* file, int line) noexcept {
    std::fprintf(stderr, "rsx: %s:%d: this must hold: %s\n", file, line, what);
    std::abort();
}

}  // namespace rsx::detail

#define RSX_ASSERT(condition) \
    ((condition) ? void(0) : ::rsx::detail::assertion_failed(#condition, __FILE__, __LINE__))
