// SPDX-License-Identifier: Apache-2.0

// The example of the README.
#include <rsx/codec.hpp>

#include <array>
#include <cstdio>

int main() {
    auto code = rsx::codec::reed_solomon::make({.data = 4, .parity = 2});
    std::array<std::array<std::byte, 1000>, 6> shards{};
    shards[2].fill(std::byte{'!'});
    std::array<rsx::byte_view, 4> data{shards[0], shards[1], shards[2], shards[3]};
    std::array<rsx::byte_span, 2> parity{shards[4], shards[5]};
    (void)code->encode(data, parity);

    auto plan = code->plan(std::array{0u, 1u, 4u, 5u}, std::array{2u, 3u});  // two are lost
    std::array<rsx::byte_view, 4> left{shards[0], shards[1], shards[4], shards[5]};
    std::array<std::array<std::byte, 1000>, 2> found{};
    std::array<rsx::byte_span, 2> again{found[0], found[1]};
    (void)plan->repair(left, again);
    std::printf("%s\n", found[0] == shards[2] ? "back" : "lost");
}
