// SPDX-License-Identifier: Apache-2.0

// A stripe in memory: data and parity shards, filled from a seed.
#pragma once

#include <rsx/core/bytes.hpp>

#include <random>
#include <span>
#include <vector>

namespace rsx::codec_test {

struct stripe {
    stripe(unsigned data, unsigned parity, std::size_t bytes, std::uint32_t seed)
        : data_count{data}, shards(data + parity, std::vector<std::byte>(bytes)) {
        std::mt19937 random{seed};
        for (unsigned i = 0; i < data; ++i)
            for (auto& b : shards[i]) b = static_cast<std::byte>(random());
    }

    std::vector<byte_view> data() const { return views(0, data_count); }
    std::vector<byte_view> parity() const {
        return views(data_count, static_cast<unsigned>(shards.size()));
    }
    std::vector<byte_span> parity_out() {
        std::vector<byte_span> made;
        for (std::size_t i = data_count; i < shards.size(); ++i) made.emplace_back(shards[i]);
        return made;
    }
    std::vector<byte_view> pick(std::span<const unsigned> indices) const {
        std::vector<byte_view> made;
        for (const unsigned i : indices) made.emplace_back(shards[i]);
        return made;
    }

    unsigned data_count;
    std::vector<std::vector<std::byte>> shards;

private:
    std::vector<byte_view> views(unsigned from, unsigned to) const {
        std::vector<byte_view> made;
        for (unsigned i = from; i < to; ++i) made.emplace_back(shards[i]);
        return made;
    }
};

// Buffers for repaired shards.
struct outputs {
    outputs(std::size_t count, std::size_t bytes)
        : shards(count, std::vector<std::byte>(bytes, std::byte{0xee})) {}
    std::vector<byte_span> spans() { return {shards.begin(), shards.end()}; }
    std::vector<std::vector<std::byte>> shards;
};

// The indices whose bit is set, and those whose bit is not.
inline std::vector<unsigned> chosen(std::uint64_t bits, unsigned count, bool set) {
    std::vector<unsigned> made;
    for (unsigned i = 0; i < count; ++i)
        if (((bits >> i & 1) != 0) == set) made.push_back(i);
    return made;
}

}  // namespace rsx::codec_test
