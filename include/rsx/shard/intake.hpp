// SPDX-License-Identifier: Apache-2.0

// What every model checks of a shard that is being written, and what its seal will say.
//
//     shard::intake row{header};
//     if (auto ok = row.take(blocks, sums); !ok) return ok;      // whole blocks, right checksums
//     shard::sealed what = row.summary();
//
// Checksums are verified here, where bytes enter, so that what was broken on the way is refused
// while its writer can still send it again. A value; O(bytes).
#pragma once

#include <rsx/shard/checksum.hpp>

namespace rsx::shard {

class intake {
public:
    explicit intake(const header& h) noexcept : who_{identity_of(h)} {}

    [[nodiscard]] result<void> take(byte_view blocks, std::span<const std::uint32_t> sums) {
        if (bytes_ % limits::block_bytes != 0 && !blocks.empty()) {
            return fail(errc::invalid, "only the last block of a shard may be short", bytes_);
        }
        if (blocks.size() > limits::shard_bytes_max - bytes_) {
            return fail(errc::limit, "a shard is at most one chunk long", bytes_ + blocks.size());
        }
        if (auto ok = verify(who_, sums_.size(), blocks, sums); !ok) return ok;
        bytes_ += blocks.size();
        sums_.insert(sums_.end(), sums.begin(), sums.end());
        return {};
    }

    [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
    [[nodiscard]] const std::vector<std::uint32_t>& sums() const noexcept { return sums_; }
    [[nodiscard]] sealed summary() const { return {.bytes = bytes_, .hash = hash_of(sums_)}; }

private:
    identity who_;
    std::uint64_t bytes_{0};
    std::vector<std::uint32_t> sums_{};
};

// What may stand in a header at all.
[[nodiscard]] inline result<void> check_header(const header& h, holder store) {
    if (h.holder != store) {
        return fail(errc::invalid, "the shard is meant for another holder", h.holder.node);
    }
    if (h.key.size() > limits::key_bytes_max || h.upload.size() > limits::key_bytes_max) {
        return fail(errc::limit, "a key or upload id in a shard's header", h.key.size());
    }
    return {};
}

// The blocks asked for, cut at the shard's end.
[[nodiscard]] inline result<block_range> cut(block_range asked, std::uint64_t bytes) {
    const std::uint64_t all = blocks_in(bytes);
    if (asked.first > all) return fail(errc::invalid, "past the end of the shard", asked.first);
    return block_range{asked.first, std::min(asked.count, all - asked.first)};
}

// Where these blocks begin and how many bytes they are.
struct byte_range {
    std::uint64_t at{0};
    std::size_t size{0};
};
[[nodiscard]] inline byte_range bytes_of_blocks(block_range where, std::uint64_t bytes) noexcept {
    const std::uint64_t from = std::min(bytes, where.first * limits::block_bytes);
    const std::uint64_t to = std::min(bytes, from + where.count * limits::block_bytes);
    return {.at = from, .size = from < to ? to - from : 0};
}

[[nodiscard]] constexpr state state_of(std::uint64_t total, std::uint64_t free) noexcept {
    if (free < total / 100 * limits::full_percent) return state::full;
    if (free < total / 100 * limits::near_full_percent) return state::near_full;
    return state::ok;
}

}  // namespace rsx::shard
