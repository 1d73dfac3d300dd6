// SPDX-License-Identifier: Apache-2.0
#include "demo.hpp"

#include <rsx/codec.hpp>

#include <array>
#include <cstdio>
#include <string>
#include <vector>

namespace rsx_cli {
namespace {

constexpr unsigned data_count = 4;
constexpr unsigned parity_count = 2;
constexpr unsigned shard_count = data_count + parity_count;

using shard = std::vector<std::byte>;

}  // namespace

outcome<void> run_demo() {
    const std::string original = "This is a distributed system that never loses data!";
    std::printf("Original: %s\n", original.c_str());

    const auto code = rsx::codec::reed_solomon::make({.data = data_count, .parity = parity_count});
    if (!code) return give_up("demo", code.error());

    // Cut the text into four shards, the last one padded with zeros, and make the parity.
    const std::size_t length = (original.size() + data_count - 1) / data_count;
    std::array<shard, shard_count> shards;
    for (shard& each : shards) each.resize(length);
    for (std::size_t i = 0; i < original.size(); ++i) {
        shards[i / length][i % length] = static_cast<std::byte>(original[i]);
    }
    const std::vector<rsx::byte_view> data(shards.begin(), shards.begin() + data_count);
    const std::vector<rsx::byte_span> parity(shards.begin() + data_count, shards.end());
    if (auto ok = code->encode(data, parity); !ok) return give_up("demo", ok.error());
    std::printf("Encoded into %u shards.\n", shard_count);

    std::printf("⚠️  Disaster! Deleting Shard 0 and Shard 5...\n");
    shards[0].clear();
    shards[5].clear();

    std::printf("🚑 Attempting reconstruction...\n");
    std::vector<unsigned> have;
    std::vector<unsigned> want;
    for (unsigned i = 0; i < shard_count; ++i) (shards[i].empty() ? want : have).push_back(i);
    const auto plan = code->plan(have, want);
    if (!plan) return give_up("demo", plan.error());
    for (const unsigned lost : want) shards[lost].resize(length);
    std::vector<rsx::byte_view> sources;
    for (const unsigned index : plan->sources()) sources.emplace_back(shards[index]);
    const std::vector<rsx::byte_span> lost{shards[0], shards[5]};
    if (auto ok = plan->repair(sources, lost); !ok) return give_up("demo", ok.error());

    std::string recovered;
    for (unsigned i = 0; i < data_count; ++i) recovered += rsx::text_of(shards[i]);
    recovered.resize(original.size());
    if (recovered != original) return give_up(exit_code::lost, "demo: other bytes came back");
    std::printf("✅ Reconstruction successful!\nRecovered: %s\n", recovered.c_str());
    return {};
}

}  // namespace rsx_cli
