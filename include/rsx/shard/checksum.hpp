// SPDX-License-Identifier: Apache-2.0

// The checksum of a block covers what the block is, not only its bytes: a valid block found in the
// wrong place is refused like a broken one.
//
//     const shard::identity who = shard::identity_of(header);
//     std::vector<std::uint32_t> sums = shard::sums_of(who, 0, bytes);      // one an 8 KiB block
//     if (auto ok = shard::verify(who, 0, bytes, sums); !ok) ...            // detail: which block
//     std::uint64_t hash = shard::hash_of(sums);                            // for the manifest
//
// A sum is the CRC32C of 34 bytes of identity (object id, k, generator, chunk, index, number of the
// block in its shard) and then of the block. It names neither m, holder nor write id: moving a
// shard is a copy, and a parity more leaves the others valid. Pure functions; memory speed.
// Layout: docs/reference/shard-file.md.
#pragma once

#include <rsx/core/hash.hpp>
#include <rsx/core/limits.hpp>
#include <rsx/digest/crc.hpp>
#include <rsx/shard/concept.hpp>

#include <array>

namespace rsx::shard {

// What all blocks of one shard have in common, wherever and whenever it was written.
struct identity {
    object_id object{};
    std::uint16_t data{0};  // k
    std::uint8_t generator{0};
    std::uint32_t chunk{0};
    std::uint16_t index{0};
    friend constexpr auto operator<=>(const identity&, const identity&) noexcept = default;
};

[[nodiscard]] inline identity identity_of(const header& h) noexcept {
    return {.object = h.id.object,
            .data = h.data,
            .generator = h.generator,
            .chunk = h.id.chunk,
            .index = h.id.index};
}

[[nodiscard]] constexpr std::uint64_t blocks_in(std::uint64_t bytes) noexcept {
    return (bytes + limits::block_bytes - 1) / limits::block_bytes;
}

// `block` is its number in the shard, `bytes` all of it (the last of a shard may be short).
[[nodiscard]] inline std::uint32_t block_sum(const identity& who, std::uint64_t block,
                                             byte_view bytes) noexcept {
    std::array<std::byte, 34> prefix{};
    const byte_span out{prefix};
    const auto object = who.object.bytes();
    std::memcpy(out.data(), object.data(), object.size());
    store_le(out.subspan(16), who.data);
    store_le(out.subspan(18), std::uint16_t{who.generator});
    store_le(out.subspan(20), who.chunk);
    store_le(out.subspan(24), who.index);
    store_le(out.subspan(26), block);
    return digest::crc32c_of(bytes, digest::crc32c_of(prefix));
}

// Of consecutive blocks, the first of which has this number in its shard.
[[nodiscard]] inline std::vector<std::uint32_t> sums_of(const identity& who,
                                                        std::uint64_t first_block,
                                                        byte_view bytes) {
    std::vector<std::uint32_t> sums;
    sums.reserve(blocks_in(bytes.size()));
    for (; !bytes.empty(); ++first_block) {
        const auto n = std::min(bytes.size(), limits::block_bytes);
        sums.push_back(block_sum(who, first_block, bytes.first(n)));
        bytes = bytes.subspan(n);
    }
    return sums;
}

// errc::corrupt names the first block (numbered in the shard) that is not what was written.
[[nodiscard]] inline result<void> verify(const identity& who, std::uint64_t first_block,
                                         byte_view bytes, std::span<const std::uint32_t> sums) {
    if (sums.size() != blocks_in(bytes.size())) {
        return fail(errc::corrupt, "not as many checksums as blocks", first_block);
    }
    for (const std::uint32_t sum : sums) {
        const auto n = std::min(bytes.size(), limits::block_bytes);
        if (block_sum(who, first_block, bytes.first(n)) != sum) {
            return fail(errc::corrupt, "a block is not what was written", first_block);
        }
        bytes = bytes.subspan(n);
        ++first_block;
    }
    return {};
}

[[nodiscard]] inline result<void> verify(const identity& who, block_range where,
                                         const piece& read) {
    return verify(who, where.first, read.bytes.view(), read.sums);
}

// XXH64 over the sums in order, little-endian, 4 bytes each.
[[nodiscard]] inline std::uint64_t hash_of(std::span<const std::uint32_t> sums) {
    std::vector<std::byte> raw(sums.size() * 4);
    for (std::size_t i = 0; i < sums.size(); ++i) {
        store_le(byte_span{raw}.subspan(4 * i), sums[i]);
    }
    return xxhash64(raw);
}

}  // namespace rsx::shard
