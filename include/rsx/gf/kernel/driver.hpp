// SPDX-License-Identifier: Apache-2.0

// What all kernels share: dealing the rows of a job into groups, keeping wide jobs in the cache,
// and the rare ends of every sum: shards shorter than a step, checks, stores that bypass the cache.
//
//     driver::lay_out(kernel, coefficients, rows, columns, plain_row, table);
//     driver::run(kernel, job);
//
// Rows are dealt evenly to as few groups as hold them, and a group is one pass over the sources.
// With several groups the shards are taken in strips short enough that all sources of a strip stay
// in the first-level cache from one group to the next.
//
// Promise: compiled once, for the instruction set of the command line; no state, no allocation.
#pragma once

#include <rsx/core/isa.hpp>
#include <rsx/gf/kernel.hpp>

#include <cstring>

namespace rsx::gf::kernels_of {
inline namespace RSX_ISA_NAMESPACE {

inline constexpr std::size_t step_bytes_max = 256;
inline constexpr std::size_t prefetch_bytes = 1024;          // ahead of what is being summed
inline constexpr std::size_t strip_cache_bytes = 32 * 1024;  // what a strip may take of the cache

alignas(64) inline constexpr std::byte zeros[step_bytes_max] = {};

namespace driver {

// Stores that bypass the cache, where there are such: `out` begins on a cache line.
inline void stream(std::byte* out, const std::byte* from, std::size_t bytes) noexcept {
#if defined(__x86_64__)
    for (; bytes >= 16; bytes -= 16, out += 16, from += 16)
        _mm_stream_si128(reinterpret_cast<__m128i*>(out),
                         _mm_load_si128(reinterpret_cast<const __m128i*>(from)));
#endif
    if (bytes != 0) std::memcpy(out, from, bytes);
}

// What is to be done with the sums of a step at `at` that lie in `scratch`, bytes [from, to) of it:
// all that is not a plain store. False if a check finds a difference.
inline bool finish(const job& w, unsigned row, unsigned rows, std::size_t stride, std::size_t at,
                   std::size_t from, std::size_t to, const std::byte* scratch) noexcept {
    for (unsigned r = 0; r < rows; ++r, scratch += stride) {
        if (w.what == action::check) {
            const std::byte* expected = w.expected[row + r].data() + at;
            if (std::memcmp(expected + from, scratch + from, to - from) != 0) return false;
            continue;
        }
        std::byte* out = w.outputs[row + r].data() + at;
        if (w.what == action::add)
            for (std::size_t b = from; b < to; ++b) out[b] ^= scratch[b];
        else if (w.streaming && (reinterpret_cast<std::uintptr_t>(out) + from) % 64 == 0)
            stream(out + from, scratch + from, to - from);
        else
            std::memcpy(out + from, scratch + from, to - from);
    }
    return true;
}

struct deal {
    const kernel& with;
    unsigned groups;
    unsigned rows;
    bool plain_row;
    deal(const kernel& k, unsigned all, bool plain)
        : with{k},
          groups{static_cast<unsigned>((all + k.multiplied.size() - 1) / k.multiplied.size())},
          rows{all},
          plain_row{plain} {
        // Groups differ by at most one row, the last one is a largest and the first a smallest.
        while (missing(size(0)) || missing(size(groups - 1))) ++groups;
    }
    bool missing(unsigned size) const { return with.multiplied[size - 1].sum == nullptr; }
    unsigned begin(unsigned group) const { return group * rows / groups; }
    unsigned size(unsigned group) const { return begin(group + 1) - begin(group); }
    // A first row of ones is not multiplied where there is a shape for it.
    bool plain(unsigned group) const {
        return plain_row && group == 0 && size(0) <= with.plain.size();
    }
    unsigned multiplied(unsigned group) const { return size(group) - (plain(group) ? 1 : 0); }
    const shape& shape_of(unsigned group) const {
        return (plain(group) ? with.plain : with.multiplied)[size(group) - 1];
    }
};

// The table for `run`: at most rows * columns * factor_bytes. Group after group, column after
// column.
inline void lay_out(const kernel& with, const std::uint8_t* coefficients, unsigned rows,
                    unsigned columns, bool plain_row, std::byte* table) noexcept {
    const deal groups{with, rows, plain_row};
    for (unsigned group = 0; group < groups.groups; ++group) {
        const unsigned count = groups.multiplied(group);
        const unsigned row = groups.begin(group + 1) - count;
        for (unsigned j = 0; j < columns; ++j, table += count * with.factor_bytes)
            with.prepare(coefficients + std::size_t{row} * columns + j, columns, count, table);
    }
}

// Shards shorter than a step: some of the sources at a time are copied into buffers of a step's
// length, and their sums added up.
inline bool short_group(const job& w, lot l, const shape& with, unsigned rows,
                        std::size_t column_bytes) noexcept {
    constexpr unsigned lot_max = 16;
    constexpr unsigned rows_max = 16;
    alignas(64) std::byte padded[lot_max][step_bytes_max];
    alignas(64) std::byte sums[rows_max][step_bytes_max];
    byte_view views[lot_max];
    byte_span outputs[rows_max];
    for (unsigned r = 0; r < rows; ++r) outputs[r] = sums[r];
    for (unsigned i = 0; i < lot_max && i < l.count; ++i) {
        views[i] = padded[i];
        std::memset(padded[i] + w.bytes, 0, with.step_bytes - w.bytes);
    }
    const byte_view* source = l.sources;
    job part = w;
    part.what = action::write;
    part.streaming = false;
    l.sources = views;
    l.outputs = outputs;
    l.prefetch = false;
    l.own_ahead = false;
    unsigned left = l.count;
    do {
        l.count = left < lot_max ? left : lot_max;
        for (unsigned i = 0; i < l.count; ++i, ++source)
            std::memcpy(padded[i], source->data(), w.bytes);
        with.sum(part, l, 0, with.step_bytes);
        part.what = action::add;
        l.table += l.count * column_bytes;
        l.plain_first = false;
        left -= l.count;
    } while (left != 0);
    return finish(w, l.row, rows, step_bytes_max, 0, 0, w.bytes, sums[0]);
}

// True unless `check` found a difference.
inline bool run(const kernel& with, const job& w) noexcept {
    if (w.bytes == 0 || w.rows == 0) return true;
    const deal groups{with, w.rows, w.plain_row};
    std::size_t length = w.bytes;
    if (groups.groups > 1) {
        length = strip_cache_bytes / (w.count + w.rows) / 512 * 512;
        if (length < 512) length = 512;
    }
    for (std::size_t at = 0; at < w.bytes; at += length) {
        const std::size_t end = w.bytes - at < length ? w.bytes : at + length;
        const std::byte* table = w.table;
        for (unsigned group = 0; group < groups.groups; ++group) {
            const std::size_t column_bytes = groups.multiplied(group) * with.factor_bytes;
            const shape& sums = groups.shape_of(group);
            const unsigned row = groups.begin(group);
            const lot l{
                .table = table + w.first * column_bytes,
                .sources = w.sources,
                .count = w.count,
                .row = row,
                .plain_first = w.plain_column && w.first == 0 && w.what != action::add,
                .prefetch = w.prefetch,
                .own_ahead = w.beyond_first && !w.streaming && w.what != action::check,
                .outputs = w.outputs == nullptr ? nullptr : w.outputs + row,
            };
            const bool good = w.bytes < sums.step_bytes
                                  ? short_group(w, l, sums, groups.size(group), column_bytes)
                                  : sums.sum(w, l, at, end);
            if (!good) return false;
            table += w.columns * column_bytes;
        }
    }
    return true;
}

}  // namespace driver
}  // namespace RSX_ISA_NAMESPACE
}  // namespace rsx::gf::kernels_of
