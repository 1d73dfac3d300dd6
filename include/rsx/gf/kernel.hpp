// SPDX-License-Identifier: Apache-2.0

// A kernel multiplies a small matrix with long rows of bytes: the only hot loop of the codec.
//
// Encoding, repairing, updating and verifying are one operation, output = matrix x input over
// GF(2^8), with different matrices. A kernel reads every source once and keeps the sums of several
// outputs in registers while it does. How a coefficient is laid out for that (a bit matrix for
// GFNI, two tables of sixteen for byte shuffles) is the kernel's own business.
//
//     const gf::kernel& k = **gf::current();          // gf/kernels.hpp
//     const gf::linear_map map{rows, cols, coefficients, k};   // gf/linear_map.hpp: how to use one
//
// Promise: no allocation, no state, any alignment, any length; safe from any number of threads.
// Every kernel computes exactly what `portable` computes.
#pragma once

#include <rsx/core/bytes.hpp>
#include <rsx/core/error.hpp>
#include <rsx/core/isa.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace rsx::gf {

// What happens to the sums.
enum class action : std::uint8_t {
    write,  // outputs = sums
    add,    // outputs += sums
    check,  // outputs stay; the answer says whether expected == sums
};

// One call: columns [first, first + count) of a prepared matrix, applied to `count` sources.
struct job {
    const std::byte* table;  // what `lay_out` wrote
    unsigned rows;
    unsigned columns;
    unsigned first;
    unsigned count;
    bool plain_row;     // row 0 is all ones: no multiplication
    bool plain_column;  // column 0 is all ones: likewise
    bool beyond_first;  // larger than the first-level cache
    bool prefetch;      // more streams than the hardware follows
    bool streaming;     // larger than the cache: stores that bypass it
    action what;
    const byte_view* sources;   // count of them
    const byte_span* outputs;   // rows of them (write, add)
    const byte_view* expected;  // rows of them (check)
    std::size_t bytes;          // of each
};

// A group of rows of a job: as many as one pass over the sources sums up.
struct lot {
    const std::byte* table;  // `count` columns of prepared factors, one for each multiplied row
    const byte_view* sources;
    unsigned count;
    unsigned row;              // the group's first in the job
    bool plain_first;          // the first source is taken as it is by every output
    bool prefetch;             // the sources
    bool own_ahead;            // the outputs: where little is computed, waiting for them shows
    const byte_span* outputs;  // of the group
};

// Sums bytes [from, to) of a group; false if a check found a difference. For one number of rows.
struct shape {
    bool (*sum)(const job&, const lot&, std::size_t from, std::size_t to);
    std::size_t step_bytes;  // what is summed at once: shards must have that many
};

// What a kernel is: prepared factors, and for each number of rows a function that sums them.
struct kernel {
    std::string_view name;
    bool (*runs_here)() noexcept;
    error absent;              // what to say where it does not run
    std::size_t factor_bytes;  // a prepared coefficient
    // Prepares first[0], first[stride], ...: `count` of them, one after another.
    void (*prepare)(const std::uint8_t* first, std::size_t stride, unsigned count,
                    std::byte* out) noexcept;
    std::span<const shape> multiplied;  // [i]: i + 1 rows; a null `sum` where there is none
    std::span<const shape> plain;       // [i]: i + 1 rows, the first a plain xor
    // Both are kernel/driver.hpp's, of the translation unit this kernel was compiled in.
    void (*lay_out)(const kernel&, const std::uint8_t* coefficients, unsigned rows,
                    unsigned columns, bool plain_row, std::byte* table) noexcept;
    bool (*run)(const kernel&, const job&) noexcept;
};

namespace detail {
inline namespace RSX_ISA_NAMESPACE {

constexpr std::uint8_t times_two(std::uint8_t a) noexcept {
    return static_cast<std::uint8_t>((a << 1) ^ ((a & 0x80) != 0 ? 0x11d : 0));
}

// Two tables of sixteen: c*i, then c*(16 i). Both are linear in i, so doublings of c make them.
using nibble_tables = std::array<std::uint8_t, 32>;
constexpr nibble_tables nibbles_of(std::uint8_t c) noexcept {
    nibble_tables t{};
    for (unsigned half = 0; half < 32; half += 16)
        for (unsigned bit = 1; bit < 16; bit *= 2, c = times_two(c))
            for (unsigned i = 0; i < bit; ++i)
                t[half + bit + i] = static_cast<std::uint8_t>(t[half + i] ^ c);
    return t;
}

// c as an 8 x 8 matrix of bits, as gf2p8affineqb reads it. It is linear in c: eight entries make
// all others by xor.
constexpr std::array<std::uint64_t, 256> make_bit_matrices() noexcept {
    std::array<std::uint64_t, 256> t{};
    for (unsigned basis = 1; basis < 256; basis *= 2) {
        auto shifted = static_cast<std::uint8_t>(basis);  // c * x^in
        for (unsigned in = 0; in < 8; ++in, shifted = times_two(shifted))
            for (unsigned bit = 0; bit < 8; ++bit)
                t[basis] |= std::uint64_t{shifted >> bit & 1u} << ((7 - bit) * 8 + in);
        for (unsigned rest = 1; rest < basis; ++rest) t[basis + rest] = t[basis] ^ t[rest];
    }
    return t;
}

inline constexpr std::array<std::uint64_t, 256> bit_matrices = make_bit_matrices();

}  // namespace RSX_ISA_NAMESPACE
}  // namespace detail
}  // namespace rsx::gf
