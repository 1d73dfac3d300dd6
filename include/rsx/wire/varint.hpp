// SPDX-License-Identifier: Apache-2.0

// Variable-length numbers (unsigned LEB128): seven bits a byte, lowest first, the top bit says
// more.
//
//     rsx::wire::put_varint(out, 300);                    // ac 02
//     auto n = rsx::wire::take_varint(in);                // 300; `in` has moved on
//
// One text per number: a last byte of zero (300 as ac 82 00) is refused, as is what exceeds 64
// bits.
#pragma once

#include <rsx/core/bytes.hpp>
#include <rsx/core/error.hpp>

#include <vector>

namespace rsx::wire {

inline void put_varint(std::vector<std::byte>& out, std::uint64_t value) {
    for (; value >= 128; value >>= 7) out.push_back(static_cast<std::byte>(value | 128));
    out.push_back(static_cast<std::byte>(value));
}

// Takes a number off the front of `in`; leaves `in` alone when there is none.
[[nodiscard]] inline result<std::uint64_t> take_varint(byte_view& in) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < in.size(); ++i) {
        const auto byte = std::to_integer<std::uint64_t>(in[i]);
        if (i == 9 && byte > 1) return fail(errc::corrupt, "varint: over 64 bits");
        value |= (byte & 127) << (7 * i);
        if (byte >= 128) continue;
        if (byte == 0 && i > 0) return fail(errc::corrupt, "varint: not the shortest");
        in = in.subspan(i + 1);
        return value;
    }
    return fail(errc::corrupt, "varint: truncated");
}

}  // namespace rsx::wire
