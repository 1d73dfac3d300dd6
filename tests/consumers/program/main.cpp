// SPDX-License-Identifier: Apache-2.0

// A program of two files that both include rsx: what a user of the headers writes.
#include <rsx/codec.hpp>

#include <array>
#include <cstdio>

bool other_file_restores();

int main() {
    std::array<std::array<std::byte, 5>, 6> shards{};
    for (std::size_t i = 0; i < 20; ++i) shards[i / 5][i % 5] = std::byte(i * 7);
    const auto before = shards;

    const auto code = rsx::codec::reed_solomon::make({.data = 4, .parity = 2});
    if (!code) return 1;
    const std::array<rsx::byte_view, 4> data{shards[0], shards[1], shards[2], shards[3]};
    const std::array<rsx::byte_span, 2> parity{shards[4], shards[5]};
    if (!code->encode(data, parity)) return 2;

    shards[1] = shards[3] = {};
    const std::array<unsigned, 4> have{0, 2, 4, 5};
    const std::array<unsigned, 2> want{1, 3};
    const auto plan = code->plan(have, want);
    if (!plan) return 3;
    std::array<rsx::byte_view, 4> sources;
    for (std::size_t i = 0; i < 4; ++i) sources[i] = shards[plan->sources()[i]];
    const std::array<rsx::byte_span, 2> targets{shards[1], shards[3]};
    if (!plan->repair(sources, targets)) return 4;

    if (shards[1] != before[1] || shards[3] != before[3]) return 5;
    if (!other_file_restores()) return 6;
    std::puts("two shards lost, two shards restored");
}
