// SPDX-License-Identifier: Apache-2.0

// Ten pieces of a text and four pieces of parity; any four may be lost.
//     g++ -std=c++23 -O2 -I include docs/examples/010-encode-and-lose.cpp && ./a.out
#include <rsx/codec.hpp>

#include <iostream>
#include <string>
#include <vector>

int main() {
    const std::string text =
        "Any ten of these fourteen shards are enough to read this sentence.    ";
    const auto code = rsx::codec::reed_solomon::make({.data = 10, .parity = 4});
    if (!code) {
        std::cerr << rsx::to_string(code.error()) << '\n';
        return 1;
    }

    std::vector<std::string> shards(14, std::string(7, ' '));
    std::vector<rsx::byte_view> data;
    std::vector<rsx::byte_span> parity;
    for (std::size_t i = 0; i < 14; ++i) {
        if (i < 10) {
            shards[i] = text.substr(i * 7, 7);
            data.push_back(rsx::bytes_of(shards[i]));
        } else {
            parity.push_back(std::as_writable_bytes(std::span{shards[i]}));
        }
    }
    if (!code->encode(data, parity)) return 1;

    const std::vector<unsigned> lost{0, 3, 8, 11};  // three of data, one of parity
    for (const unsigned i : lost) shards[i] = "???????";
    for (std::size_t i = 0; i < 10; ++i) std::cout << shards[i];
    std::cout << '\n';

    const std::vector<unsigned> have{1, 2, 4, 5, 6, 7, 9, 10, 12, 13};
    const auto plan = code->plan(have, lost);
    if (!plan) return 1;
    std::vector<rsx::byte_view> in;
    std::vector<rsx::byte_span> out;
    for (const unsigned i : plan->sources()) in.push_back(rsx::bytes_of(shards[i]));
    for (const unsigned i : plan->targets())
        out.push_back(std::as_writable_bytes(std::span{shards[i]}));
    if (!plan->repair(in, out)) return 1;
    for (std::size_t i = 0; i < 10; ++i) std::cout << shards[i];
    std::cout << '\n';
}
