// SPDX-License-Identifier: Apache-2.0

// One chunk of an object as the engine handles it: its name, its geometry, and who holds its
// shards.
//
//     const auto chunk = object::chunk_of(version, extent, c);
//     shard::id which = chunk.shard(i);             // of index i, wherever it stands now
//     shard::identity who = chunk.identity(i);      // what its blocks' checksums cover
//
// An index is always said, never inferred from the place in a list of what happens to be there.
#pragma once

#include <rsx/meta/rows/layout.hpp>
#include <rsx/object/geometry.hpp>
#include <rsx/shard/checksum.hpp>

namespace rsx::object {

struct chunk {
    geometry shape{};
    object_id object{};
    std::uint64_t hash{0};  // as placement saw the object
    std::uint32_t number{0};
    std::uint64_t write{0};
    std::uint8_t generator{0};
    std::uint32_t epoch{0};
    std::vector<meta::rows::shard_place> places{};  // one an index

    [[nodiscard]] shard::id shard(unsigned index) const {
        std::uint64_t drawn = write;
        if (index < places.size() && places[index].write) drawn = *places[index].write;
        return {.hash = hash,
                .object = object,
                .chunk = number,
                .index = static_cast<std::uint16_t>(index),
                .write = drawn};
    }
    [[nodiscard]] shard::identity identity(unsigned index) const noexcept {
        return {.object = object,
                .data = static_cast<std::uint16_t>(shape.data),
                .generator = generator,
                .chunk = number,
                .index = static_cast<std::uint16_t>(index)};
    }
};

// Where placement looks for this chunk's disks: chunks of one object differ.
[[nodiscard]] inline std::uint64_t placement_hash(std::uint64_t hash,
                                                  std::uint32_t number) noexcept {
    return number == 0 ? hash : mix64(hash + number * 0x9e3779b97f4a7c15u);
}

// Chunk `c` of a run (counted from the run's first); `layout` names runs that name no object.
[[nodiscard]] inline chunk chunk_of(const object_id& layout, const meta::rows::extent& run,
                                    std::uint32_t c) {
    chunk out{.shape = {.data = run.data,
                        .parity = run.parity,
                        .bytes = run.bytes_of_chunk(c),
                        .cell = run.cell_bytes},
              .object = run.object == object_id{} ? layout : run.object,
              .hash = run.hash,
              .number = run.first_chunk + c,
              .write = run.write,
              .generator = run.generator,
              .epoch = run.epoch};
    const auto from = run.shards.places.begin() + std::ptrdiff_t{c} * run.width();
    out.places.assign(from, from + run.width());
    return out;
}

// Whether a run makes sense before anything is computed from it: rows may be damaged.
[[nodiscard]] inline result<void> check(const meta::rows::extent& run) {
    const bool sane = run.data > 0 && run.width() <= limits::shards_max && run.cell_bytes > 0 &&
                      run.cell_bytes % limits::block_bytes == 0 && run.bytes > 0 &&
                      run.chunk_bytes > 0 && run.code == 1 &&
                      run.shards.places.size() == std::size_t{run.chunks()} * run.width();
    if (!sane) return fail(errc::corrupt, "a run of chunks that cannot be", run.offset);
    return {};
}

}  // namespace rsx::object
