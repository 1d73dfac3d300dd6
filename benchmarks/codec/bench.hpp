// SPDX-License-Identifier: Apache-2.0

// What every contender's program has in common: it reads cells from standard input, one a line
// ("op k m shard_bytes"), and answers each with the GB/s of data (k * shard_bytes) of one
// repetition of at least 15 ms of its own CPU time, or "-" if it cannot do that. compare.py asks
// the contenders in turn.
#pragma once

#include <rsx/codec/shard_memory.hpp>

#include <cstdio>
#include <functional>
#include <iostream>
#include <random>
#include <sstream>
#include <string>

#include <time.h>

namespace bench {

struct cell {
    std::string op;
    unsigned k{0};
    unsigned m{0};
    std::size_t bytes{0};

    friend bool operator==(const cell&, const cell&) = default;
    // How many shards the cell's repair loses: data shards, the first ones.
    unsigned lost() const { return op == "repair1" || op == "wide-repair1" ? 1 : m < k ? m : k; }
};

inline double seconds() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

inline rsx::codec::shard_memory filled(const cell& c) {
    rsx::codec::shard_memory shards{c.k + c.m, c.bytes};
    std::mt19937_64 random{1};
    for (std::size_t i = 0; i < shards.size(); ++i)
        for (std::size_t at = 0; at < c.bytes; ++at)
            shards[i][at] = static_cast<std::byte>(at % 8 == 0 ? random() : at);
    return shards;
}

// `setup` returns the function to be timed, or an empty one if it cannot do the cell.
inline int serve(const std::function<std::function<void()>(const cell&)>& setup) {
    cell known;
    std::function<void()> run;
    std::size_t times = 1;
    std::string line;
    while (std::getline(std::cin, line)) {
        cell c;
        std::istringstream in{line};
        in >> c.op >> c.k >> c.m >> c.bytes;
        if (!(c == known)) {
            run = nullptr;  // frees the old memory first
            run = setup(c);
            known = c;
            times = 1;
        }
        if (!run) {
            std::puts("-");
        } else {
            double spent = 0;
            for (run();; times *= 2) {
                const double begin = seconds();
                for (std::size_t i = 0; i < times; ++i) run();
                spent = seconds() - begin;
                if (spent >= 0.015) break;
            }
            std::printf("%.4f\n", 1e-9 * static_cast<double>(c.k) * static_cast<double>(c.bytes) *
                                      static_cast<double>(times) / spent);
        }
        std::fflush(stdout);
    }
    return 0;
}

}  // namespace bench
