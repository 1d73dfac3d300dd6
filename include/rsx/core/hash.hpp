// SPDX-License-Identifier: Apache-2.0

// Two hashes that may be written to disk, because they never change: XXH64, and a mix of one word.
//
//     std::uint64_t position = rsx::xxhash64(rsx::bytes_of("server-1#17"));
//     std::uint64_t weight = rsx::mix64(hash ^ node);
//
// XXH64 (Collet 2012) takes 32 bytes a step into four lanes that are multiplied and rotated, then
// folds the lanes and the tail together. Fast and well spread; not against an adversary.
// Pure functions: no state, no allocation, the same value on every machine.
#pragma once

#include <rsx/core/bytes.hpp>

#include <bit>

namespace rsx {

// A bijection of 64-bit words in which every input bit stirs every output bit (SplitMix64's
// finalizer, Stafford's variant 13).
[[nodiscard]] constexpr std::uint64_t mix64(std::uint64_t z) noexcept {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

namespace detail::xxh64 {

inline constexpr std::uint64_t p1 = 0x9e3779b185ebca87u;
inline constexpr std::uint64_t p2 = 0xc2b2ae3d27d4eb4fu;
inline constexpr std::uint64_t p3 = 0x165667b19e3779f9u;
inline constexpr std::uint64_t p4 = 0x85ebca77c2b2ae63u;
inline constexpr std::uint64_t p5 = 0x27d4eb2f165667c5u;

[[nodiscard]] constexpr std::uint64_t round(std::uint64_t lane, std::uint64_t word) noexcept {
    return std::rotl(lane + word * p2, 31) * p1;
}

[[nodiscard]] constexpr std::uint64_t merge(std::uint64_t hash, std::uint64_t lane) noexcept {
    return (hash ^ round(0, lane)) * p1 + p4;
}

}  // namespace detail::xxh64

[[nodiscard]] inline std::uint64_t xxhash64(byte_view data, std::uint64_t seed = 0) noexcept {
    using namespace detail::xxh64;
    const std::uint64_t length = data.size();
    std::uint64_t hash = seed + p5;

    if (data.size() >= 32) {
        std::uint64_t a = seed + p1 + p2;
        std::uint64_t b = seed + p2;
        std::uint64_t c = seed;
        std::uint64_t d = seed - p1;
        for (; data.size() >= 32; data = data.subspan(32)) {
            a = round(a, load_le<std::uint64_t>(data));
            b = round(b, load_le<std::uint64_t>(data.subspan(8)));
            c = round(c, load_le<std::uint64_t>(data.subspan(16)));
            d = round(d, load_le<std::uint64_t>(data.subspan(24)));
        }
        hash = std::rotl(a, 1) + std::rotl(b, 7) + std::rotl(c, 12) + std::rotl(d, 18);
        hash = merge(merge(merge(merge(hash, a), b), c), d);
    }

    hash += length;
    for (; data.size() >= 8; data = data.subspan(8))
        hash = std::rotl(hash ^ round(0, load_le<std::uint64_t>(data)), 27) * p1 + p4;
    if (data.size() >= 4) {
        hash = std::rotl(hash ^ (load_le<std::uint32_t>(data) * p1), 23) * p2 + p3;
        data = data.subspan(4);
    }
    for (const auto byte : data)
        hash = std::rotl(hash ^ (std::to_integer<std::uint64_t>(byte) * p5), 11) * p1;

    hash = (hash ^ (hash >> 33)) * p2;
    hash = (hash ^ (hash >> 29)) * p3;
    return hash ^ (hash >> 32);
}

}  // namespace rsx
