// SPDX-License-Identifier: Apache-2.0

// What travels to a chunk's disks: rows of some stripes, and what its shards say about themselves.
//
//     object::batch rows{.bytes = frozen, .stride = stride, .row = row, .held = lease};
//
// Plain values. The bytes are frozen and shared; the lease is given back when the last disk has
// taken its row.
#pragma once

#include <rsx/core/slice.hpp>
#include <rsx/object/state.hpp>

namespace rsx::object {

// Rows of some stripes: row i of them is bytes [i * stride, i * stride + row).
struct batch {
    slice bytes{};
    std::size_t stride{0};
    std::size_t row{0};
    shared_lease held{};
};

// What shards say about the object they belong to.
struct subject {
    std::uint64_t bucket{0};
    std::string key{};
    std::string upload{};
    std::uint32_t part{0};
    std::uint64_t seq_hint{0};
    std::uint64_t writer{0};  // incarnation
    std::uint64_t chunk_offset{0};
};

}  // namespace rsx::object
