// SPDX-License-Identifier: Apache-2.0

// Rendezvous hashing: every member draws a number for the hash, and the highest ones hold it.
//
//     rsx::placement::rendezvous policy;
//     auto bent = policy.place(hash, 6, now, rules, out);
//
// The draw is a mix of hash and node, so all machines see the same numbers (Thaler, Ravishankar
// 1996). With u uniform in (0, 1), -weight / ln u wins in exact proportion to the weights
// (Schindelhauer, Schomaker 2005). A member that comes wins only what it now draws highest for: the
// least possible moves, and no table; shares are even to the last percent. A call is O(N): for
// thousands of members prefer the ring.
#pragma once

#include <rsx/core/hash.hpp>
#include <rsx/placement/ranked.hpp>

#include <algorithm>
#include <cmath>

namespace rsx::placement {

class highest_draw {
public:
    [[nodiscard]] auto operator()(std::uint64_t hash, const view& now) const {
        draws all;
        all.heap.reserve(now.members.size());
        for (std::size_t i = 0; i < now.members.size(); ++i)
            if (now.members[i].weight > 0)
                all.heap.push_back({.score = score_of(hash, now.members[i]),
                                    .node = now.members[i].who.node,
                                    .member = i});
        std::ranges::make_heap(all.heap, &draw::below);
        return all;
    }

private:
    struct draw {
        double score;
        node_id node;  // settles a tie
        std::size_t member;
        [[nodiscard]] static bool below(const draw& a, const draw& b) noexcept {
            return a.score < b.score || (!(b.score < a.score) && a.node > b.node);
        }
    };

    [[nodiscard]] static double score_of(std::uint64_t hash, const member& m) noexcept {
        const std::uint64_t mixed = mix64(hash ^ mix64(m.who.node + 0x9e3779b97f4a7c15u));
        const double u = (static_cast<double>(mixed >> 11) + 0.5) * 0x1p-53;
        return -m.weight / std::log(u);
    }

    // A ranking off a heap: the first few cost a logarithm each, the rest is never sorted.
    struct draws {
        std::vector<draw> heap;

        std::optional<std::size_t> operator()() {
            if (heap.empty()) return std::nullopt;
            std::ranges::pop_heap(heap, &draw::below);
            const std::size_t highest = heap.back().member;
            heap.pop_back();
            return highest;
        }
    };
};

using rendezvous = ranked<highest_draw>;
static_assert(policy<rendezvous>);

}  // namespace rsx::placement
