// SPDX-License-Identifier: Apache-2.0

// Round robin: cell i goes to member (hash + i) mod N, in the order of the view.
//
//     rsx::placement::round_robin policy;
//     auto bent = policy.place(0, 6, three_buckets, {.distinct = false}, out);    // 0 1 2 0 1 2
//
// As even as can be and easy to follow by eye; the choice for a handful of buckets that never
// change. When N changes nearly everything moves, so a growing cluster wants another policy.
// Weights only say yes or no. No state, O(width).
#pragma once

#include <rsx/placement/ranked.hpp>

namespace rsx::placement {

struct in_turn {
    // A ranking: the members from one of them on, once around.
    struct turns {
        std::size_t start;
        std::size_t members;
        std::size_t given{0};

        std::optional<std::size_t> operator()() {
            if (given == members) return std::nullopt;
            return (start + given++) % members;
        }
    };

    [[nodiscard]] turns operator()(std::uint64_t hash, const view& now) const {
        const std::size_t members = now.members.size();
        return {.start = members == 0 ? 0 : hash % members, .members = members};
    }
};

using round_robin = ranked<in_turn>;
static_assert(policy<round_robin>);

}  // namespace rsx::placement
