// SPDX-License-Identifier: Apache-2.0

// Compare secrets without telling, by the time it takes, how much of a guess was right.
//
//     if (!rsx::digest::equal_in_constant_time(signature, expected)) return access_denied();
//
// Takes time in the length only; lengths are not secret, so different lengths answer at once.
#pragma once

#include <rsx/core/bytes.hpp>

namespace rsx::digest {

[[nodiscard]] inline bool equal_in_constant_time(byte_view a, byte_view b) noexcept {
    if (a.size() != b.size()) return false;
    volatile unsigned difference = 0;  // volatile: no early exit, whatever the optimizer thinks
    for (std::size_t i = 0; i < a.size(); ++i)
        difference = difference | std::to_integer<unsigned>(a[i] ^ b[i]);
    return difference == 0;
}

}  // namespace rsx::digest
