// SPDX-License-Identifier: Apache-2.0

// Where a chunk's bytes stand among its shards: stripes of k cells, the last stripe short.
//
//     const object::geometry chunk{.data = 4, .parity = 2, .bytes = n};
//     chunk.row_bytes();                     // of every shard
//     for (auto piece : chunk.pieces(a, b))  // bytes [a, b), in order
//         read(piece.index, piece.row, piece.size);
//
// A shard is a row of cells, one a stripe. Stripe s of a chunk is bytes [s·k·c, (s+1)·k·c), cell j
// of it goes to row j; only the last stripe may be short, with cells of ⌈rest/k⌉ bytes,
// zero-padded. All rows of a chunk are equally long, so the code, which works byte by byte, may be
// applied to any range of rows at once, whatever cells it spans. Pure arithmetic.
#pragma once

#include <rsx/core/assert.hpp>
#include <rsx/core/limits.hpp>

#include <algorithm>
#include <vector>

namespace rsx::object {

// Bytes of one row.
struct row_range {
    std::uint64_t from{0};
    std::uint64_t to{0};  // exclusive
    [[nodiscard]] bool empty() const noexcept { return from >= to; }
    [[nodiscard]] std::uint64_t size() const noexcept { return empty() ? 0 : to - from; }
    [[nodiscard]] bool covers(const row_range& other) const noexcept {
        return other.empty() || (from <= other.from && other.to <= to);
    }
    void join(const row_range& other) noexcept {
        if (other.empty()) return;
        if (empty()) *this = other;
        from = std::min(from, other.from);
        to = std::max(to, other.to);
    }
    friend bool operator==(const row_range&, const row_range&) noexcept = default;
};

// A run of an object's bytes that is also a run of one row.
struct row_piece {
    unsigned index{0};
    std::uint64_t row{0};
    std::uint64_t size{0};
    friend bool operator==(const row_piece&, const row_piece&) noexcept = default;
};

struct geometry {
    unsigned data{1};
    unsigned parity{0};
    std::uint64_t bytes{0};  // of the object's data
    std::uint64_t cell{limits::cell_bytes};

    [[nodiscard]] unsigned width() const noexcept { return data + parity; }
    [[nodiscard]] std::uint64_t stripe_bytes() const noexcept { return data * cell; }
    [[nodiscard]] std::uint64_t whole_stripes() const noexcept { return bytes / stripe_bytes(); }
    [[nodiscard]] std::uint64_t stripes() const noexcept {
        return (bytes + stripe_bytes() - 1) / stripe_bytes();
    }
    // Of the short stripe; 0 if there is none.
    [[nodiscard]] std::uint64_t short_cell() const noexcept {
        return (bytes % stripe_bytes() + data - 1) / data;
    }
    [[nodiscard]] std::uint64_t row_bytes() const noexcept {
        return whole_stripes() * cell + short_cell();
    }

    // Bytes [from, to) of the chunk, in their order.
    [[nodiscard]] std::vector<row_piece> pieces(std::uint64_t from, std::uint64_t to) const {
        RSX_ASSERT(from <= to && to <= bytes);
        std::vector<row_piece> out;
        while (from < to) {
            const std::uint64_t stripe = from / stripe_bytes();
            const std::uint64_t size = stripe < whole_stripes() ? cell : short_cell();
            const std::uint64_t inside = from - stripe * stripe_bytes();
            const std::uint64_t j = inside / size;
            const std::uint64_t at = inside % size;
            const std::uint64_t count = std::min(size - at, to - from);
            out.push_back({static_cast<unsigned>(j), stripe * cell + at, count});
            from += count;
        }
        return out;
    }

    // The whole blocks around a range of rows.
    [[nodiscard]] row_range blocks_around(std::uint64_t from, std::uint64_t to) const noexcept {
        constexpr std::uint64_t block = limits::block_bytes;
        return {from / block * block, std::min((to + block - 1) / block * block, row_bytes())};
    }

    // What must be read of each data row for these bytes.
    [[nodiscard]] std::vector<row_range> needs(const std::vector<row_piece>& of) const {
        std::vector<row_range> out(width());
        for (const row_piece& piece : of)
            out[piece.index].join(blocks_around(piece.row, piece.row + piece.size));
        return out;
    }
};

// Of data, in a full chunk: as many whole stripes as limits::chunk_bytes_max holds.
[[nodiscard]] constexpr std::uint64_t chunk_bytes_of(unsigned data) noexcept {
    const std::uint64_t stripe = std::uint64_t{data} * limits::cell_bytes;
    return std::max<std::uint64_t>(1, limits::chunk_bytes_max / stripe) * stripe;
}

// Stripes that are read, encoded and sent at once: rows of up to 256 KiB.
inline constexpr std::uint64_t batch_stripes = 4;

}  // namespace rsx::object
