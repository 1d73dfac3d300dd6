// SPDX-License-Identifier: Apache-2.0

// Four data shards, two parity shards; any two of the six may be lost.
#include <rsx/codec.hpp>
#include <rsx/core/buffer.hpp>

#include <array>
#include <iostream>
#include <string>
#include <vector>

int main() {
    const std::string message = "Whatever two of six hold, four others know it";
    const std::size_t size = (message.size() + 3) / 4;  // of one shard
    std::vector<rsx::buffer> shards;
    for (int i = 0; i < 6; ++i) shards.emplace_back(size);
    for (std::size_t i = 0; i < message.size(); ++i)
        shards[i / size].span()[i % size] = static_cast<std::byte>(message[i]);

    const auto code = rsx::codec::reed_solomon::make({.data = 4, .parity = 2});
    const std::array data{shards[0].view(), shards[1].view(), shards[2].view(), shards[3].view()};
    const std::array parity{shards[4].span(), shards[5].span()};
    if (!code || !code->encode(data, parity)) return 1;

    // Shards 0 and 3 are lost.
    shards[0] = rsx::buffer{size};
    shards[3] = rsx::buffer{size};
    const std::array<unsigned, 4> have{1, 2, 4, 5};
    const std::array<unsigned, 2> want{0, 3};
    const auto plan = code->plan(have, want);
    if (!plan) return 1;
    std::vector<rsx::byte_view> sources;
    for (const unsigned index : plan->sources()) sources.push_back(shards[index].view());
    const std::array targets{shards[0].span(), shards[3].span()};
    if (!plan->repair(sources, targets)) return 1;

    std::string restored;
    for (int i = 0; i < 4; ++i)
        restored += rsx::text_of(shards[static_cast<std::size_t>(i)].view());
    std::cout << restored.substr(0, message.size()) << '\n';
}
