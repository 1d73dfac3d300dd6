// SPDX-License-Identifier: Apache-2.0

// One object being read. Knows everything HEAD says before any data is touched.
//
//     if (auto chosen = reader.select(first, count); !chosen) return reply(416);
//     for (;;) {
//         auto piece = co_await reader.next();
//         if (!piece) return abort_connection();
//         if (piece->empty()) break;
//         co_await socket.write(piece->view());
//     }
//
// Belongs to the engine's loop; may be destroyed whenever no `next` is awaited.
#pragma once

#include <rsx/core/slice.hpp>
#include <rsx/object/types.hpp>

namespace rsx::object {

class reader {
public:
    virtual ~reader() = default;
    [[nodiscard]] virtual const struct info& info() const = 0;
    // The parts it was completed from, if any: offset, size, checksums.
    [[nodiscard]] virtual const std::vector<part_info>& parts() const = 0;
    // What `next` will give: [first, first + count), cut at the end. Before the first `next` only;
    // invalid_range if `first` is at or behind the end (an empty object may be read wholly).
    [[nodiscard]] virtual status select(std::uint64_t first, std::uint64_t count) = 0;
    // The next verified bytes; empty: the end. After an error only the destructor may be called.
    [[nodiscard]] virtual task<result<slice>> next() = 0;
};

}  // namespace rsx::object
