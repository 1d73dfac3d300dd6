// SPDX-License-Identifier: Apache-2.0

// Where an object's bytes are: runs of chunks, and for every chunk and index the disk that holds
// it.
//
//     for (const rows::extent& run : layout.extents)
//         for (std::uint32_t c = 0; c < run.chunks(); ++c)
//             for (std::uint32_t i = 0; i < run.width(); ++i)
//                 use(run.offset_of(c), run.at(c, i).where);
//
// Geometry belongs to a run, not to an object: an object may be half 4+2 and half 8+4 while it is
// re-striped, and each part of a multipart upload is a run (or several) of its own. The manifest
// remembers: a reader never asks placement where something is.
//
// Small layouts stand in the row of the version ("inline"). Larger ones are cut (`split`) into `y`
// rows of at most 256 KiB under one `r` row, which counts who refers to them (rows/version.hpp).
#pragma once

#include <rsx/meta/rows/etag.hpp>
#include <rsx/meta/rows/shard_map.hpp>

namespace rsx::meta::rows {

// Enough to build the id of every shard in it (shard/concept.hpp): placement hash, object id, chunk
// number, index, write id.
struct extent {
    std::uint64_t offset{0};       // of its first byte in the object
    std::uint64_t bytes{0};        // of the object's data in it; all chunks but the last are full
    std::uint64_t chunk_bytes{0};  // of data in a full chunk
    std::uint32_t first_chunk{0};  // number of its first chunk, as shard ids count
    std::uint16_t data{0};         // k
    std::uint16_t parity{0};       // m
    std::uint32_t cell_bytes{0};
    std::uint8_t code{0};       // 1: Reed-Solomon over GF(2^8)
    std::uint8_t generator{0};  // codec::generator
    object_id object{};         // the id that its shards carry; none: the version's layout id
    std::uint64_t hash{0};      // as placement saw it
    std::uint64_t write{0};     // drawn anew by every writing
    std::uint32_t epoch{0};     // of the topology it was placed in
    std::uint32_t part{0};      // part number, or 0
    shard_map shards{};         // data + parity places a chunk
    wire_extras extras{};

    [[nodiscard]] std::uint32_t width() const noexcept {
        return std::uint32_t{data} + std::uint32_t{parity};
    }
    [[nodiscard]] std::uint64_t offset_of(std::uint32_t chunk) const noexcept {
        return offset + chunk * chunk_bytes;
    }
    [[nodiscard]] std::uint64_t bytes_of_chunk(std::uint32_t chunk) const noexcept {
        return std::min(chunk_bytes, bytes - chunk * chunk_bytes);
    }

    [[nodiscard]] std::uint32_t chunks() const noexcept {
        return width() == 0 ? 0 : static_cast<std::uint32_t>(shards.places.size() / width());
    }
    [[nodiscard]] shard_place& at(std::uint32_t chunk, std::uint32_t index) {
        return shards.places.at(std::size_t{chunk} * width() + index);
    }
    [[nodiscard]] const shard_place& at(std::uint32_t chunk, std::uint32_t index) const {
        return shards.places.at(std::size_t{chunk} * width() + index);
    }
    // The write id in the name of one shard.
    [[nodiscard]] std::uint64_t write_of(std::uint32_t chunk, std::uint32_t index) const {
        return at(chunk, index).write.value_or(write);
    }
    [[nodiscard]] bool valid() const noexcept {
        return data > 0 && bytes > 0 && chunk_bytes > 0 && shards.places.size() % width() == 0 &&
               chunks() == (bytes - 1) / chunk_bytes + 1;
    }

    static void describe(auto& self, auto&& field) {
        field(1, self.offset);
        field(3, self.bytes);
        field(5, self.chunk_bytes);
        field(7, self.first_chunk);
        field(9, self.data);
        field(11, self.parity);
        field(13, self.cell_bytes);
        field(15, self.code);
        field(17, self.generator);
        field(19, self.object);
        field(21, self.hash);
        field(23, self.write);
        field(2, self.epoch);
        field(25, self.part);
        field(27, self.shards);
    }
    friend bool operator==(const extent&, const extent&) = default;
};

// A part of a completed multipart upload, for GetObjectAttributes and `partNumber`.
struct part_entry {
    std::uint32_t number{0};
    std::uint64_t offset{0};
    std::uint64_t bytes{0};
    rows::etag etag{};
    std::vector<checksum> checksums{};
    wire_extras extras{};

    static void describe(auto& self, auto&& field) {
        field(1, self.number);
        field(3, self.offset);
        field(5, self.bytes);
        field(2, self.etag);
        field(4, self.checksums);
    }
    friend bool operator==(const part_entry&, const part_entry&) = default;
};

// The value of a `y` row, and of the layout within other rows.
struct layout {
    static constexpr std::size_t bytes_max = 256 * 1024;

    std::vector<extent> extents{};    // ascending, without gaps
    std::vector<part_entry> parts{};  // those that begin in this layout
    wire_extras extras{};

    [[nodiscard]] std::uint64_t bytes() const noexcept {
        std::uint64_t sum = 0;
        for (const extent& run : extents) sum += run.bytes;
        return sum;
    }

    static void describe(auto& self, auto&& field) {
        field(1, self.extents);
        field(3, self.parts);
    }
    friend bool operator==(const layout&, const layout&) = default;
};

// The `r` row: outlined data lives as long as it does.
struct layout_root {
    static constexpr std::size_t bytes_max = 1280;

    std::uint64_t references{0};
    std::uint16_t rows{0};  // `y` rows
    std::uint64_t bucket{0};
    std::string key{};  // of the first version that referred to it
    wire_extras extras{};

    static void describe(auto& self, auto&& field) {
        field(1, self.references);
        field(3, self.rows);
        field(2, self.bucket);
        field(4, self.key);
    }
    friend bool operator==(const layout_root&, const layout_root&) = default;
};

// Cuts a layout into such as fit their rows, between chunks. Offsets stay; a part's entry goes with
// its first byte. No run may span two parts.
[[nodiscard]] std::vector<layout> split(const layout& whole,
                                        std::size_t row_bytes_max = layout::bytes_max);

namespace detail {

// `count` chunks of a run from chunk `first` on.
[[nodiscard]] inline extent cut(const extent& run, std::uint32_t first, std::uint32_t count) {
    extent piece = run;
    piece.offset = run.offset_of(first);
    piece.first_chunk = run.first_chunk + first;
    piece.bytes = std::min(run.bytes - first * run.chunk_bytes, count * run.chunk_bytes);
    const auto* from = run.shards.places.data() + std::size_t{first} * run.width();
    piece.shards.places.assign(from, from + std::size_t{count} * run.width());
    return piece;
}

// An upper bound of what a chunk adds to a row.
[[nodiscard]] inline std::size_t chunk_cost(const extent& run, std::uint32_t chunk,
                                            std::size_t slot_bytes) {
    std::size_t cost = run.width() * (slot_bytes + 8);
    for (std::uint32_t i = 0; i < run.width(); ++i)
        if (run.at(chunk, i).write) cost += 13;
    return cost;
}

}  // namespace detail

inline std::vector<layout> split(const layout& whole, std::size_t row_bytes_max) {
    std::vector<layout> rows(1);
    std::size_t used = 16 + whole.extras.size();
    rows.back().extras = whole.extras;
    auto part = whole.parts.begin();
    for (const extent& run : whole.extents) {
        const std::size_t holders = run.shards.holders();
        const std::size_t slot = shard_map::slot_bytes(holders);
        const std::size_t part_cost = part == whole.parts.end() ? 0 : encode(*part).size() + 8;
        const std::size_t fixed = 160 + 10 * holders + run.extras.size() + part_cost;
        std::uint32_t first = 0;
        do {
            std::size_t size = fixed + detail::chunk_cost(run, first, slot);
            if (used + size > row_bytes_max && !rows.back().extents.empty()) {
                rows.emplace_back();
                used = 16;
            }
            std::uint32_t count = 1;
            for (; first + count < run.chunks(); ++count) {
                const std::size_t more = detail::chunk_cost(run, first + count, slot);
                if (used + size + more > row_bytes_max) break;
                size += more;
            }
            rows.back().extents.push_back(detail::cut(run, first, count));
            used += size;
            first += count;
            const std::uint64_t end =
                rows.back().extents.back().offset + rows.back().extents.back().bytes;
            for (; part != whole.parts.end() && part->offset < end; ++part)
                rows.back().parts.push_back(*part);
        } while (first < run.chunks());
    }
    for (; part != whole.parts.end(); ++part) rows.back().parts.push_back(*part);  // empty ones
    return rows;
}

}  // namespace rsx::meta::rows
