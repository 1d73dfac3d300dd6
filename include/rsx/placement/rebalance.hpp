// SPDX-License-Identifier: Apache-2.0

// Where cells should move, now that the members have changed: the fewest moves to a fresh
// placement.
//
//     auto bent = placement::rebalance(policy, hash, manifest_holders, now, rules, out);
//     for (std::size_t i = 0; i < out.size(); ++i)
//         if (out[i] != manifest_holders[i]) move(i, out[i]);
//
// `adjust` heals: it moves nothing that may stay, so a new member would stay empty. `rebalance`
// spreads: it takes the members that `place` would choose today, and every cell whose holder is
// among them stays where it is. Comparing placements index by index instead would move five times
// as much, because one newcomer shifts all behind it. For ring and rendezvous, one member added to
// N moves about 1/(N + 1) of the cells.
#pragma once

#include <rsx/placement/concept.hpp>

#include <algorithm>

namespace rsx::placement {

template <policy Policy>
[[nodiscard]] result<bent> rebalance(const Policy& how, std::uint64_t hash,
                                     std::span<const holder> holders, const view& now,
                                     const rules& wishes, std::span<holder> out) {
    RSX_ASSERT(out.size() == holders.size());
    std::vector<holder> fresh(holders.size());
    const auto bent = how.place(hash, fresh.size(), now, wishes, fresh);
    if (!bent) return bent;

    std::vector<bool> settled(holders.size());
    for (std::size_t i = 0; i < holders.size(); ++i) {
        const auto same = std::ranges::find(fresh, holders[i]);
        if (same == fresh.end()) continue;
        out[i] = holders[i];
        settled[i] = true;
        fresh.erase(same);
    }
    for (std::size_t i = 0, next = 0; i < holders.size(); ++i)
        if (!settled[i]) out[i] = fresh[next++];
    return bent;
}

}  // namespace rsx::placement
