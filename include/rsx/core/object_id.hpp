// SPDX-License-Identifier: Apache-2.0

// The name that data has below the metadata: the process that made it, and a count.
//
//     rsx::object_id id{.incarnation = 7, .counter = 41};
//
// Never reused: incarnations are given out by a metadata commit, counters by their one process.
#pragma once

#include <rsx/core/bytes.hpp>

#include <array>
#include <compare>

namespace rsx {

struct object_id {
    std::uint64_t incarnation{0};
    std::uint64_t counter{0};
    friend constexpr auto operator<=>(const object_id&, const object_id&) noexcept = default;

    // Big-endian, so that bytes sort as ids do.
    [[nodiscard]] std::array<std::byte, 16> bytes() const noexcept {
        std::array<std::byte, 16> out;
        store_be(byte_span{out}.subspan(0, 8), incarnation);
        store_be(byte_span{out}.subspan(8, 8), counter);
        return out;
    }
    [[nodiscard]] static object_id of(byte_view sixteen) noexcept {
        return {load_be<std::uint64_t>(sixteen.subspan(0, 8)),
                load_be<std::uint64_t>(sixteen.subspan(8, 8))};
    }
};

}  // namespace rsx
