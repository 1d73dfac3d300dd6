// SPDX-License-Identifier: Apache-2.0

// Who shall hold a chunk's shards now, and whether that keeps the promise an answer makes.
//
//     auto targets = object::spread(s, chunk_hash, 4, 2, now);
//     if (!targets) return not_enough_nodes;
//     ...
//     if (object::promised(sealed_on, 4, 1)) commit();
//
// Placement gives each index its home. A home that is away (down, or late a moment ago) leaves its
// index owed, unless another disk can take it without bending the rules, or must: with the
// disks that are left, the loss of `survives` more nodes has to leave k shards. An index that is
// not at home is `handed_off`, and healing brings it back.
#pragma once

#include <rsx/meta/rows/shard_map.hpp>
#include <rsx/object/state.hpp>

#include <set>

namespace rsx::object {

struct target {
    holder home{};
    holder where{};
    meta::rows::presence state{meta::rows::presence::present};  // missing: nobody takes it now
};

// Whether, whichever `further` nodes are lost, k of these shards are left.
[[nodiscard]] inline bool promised(const std::vector<holder>& sealed, unsigned data,
                                   unsigned further) {
    std::map<node_id, std::size_t> by_node;
    for (const holder& each : sealed) ++by_node[each.node];
    std::vector<std::size_t> counts;
    for (const auto& [node, count] : by_node) counts.push_back(count);
    std::sort(counts.begin(), counts.end(), std::greater<>{});
    std::size_t left = sealed.size();
    for (std::size_t i = 0; i < further && i < counts.size(); ++i) left -= counts[i];
    return left >= data;
}

namespace detail {

// The view with everyone up, and the view of those who may be asked now.
[[nodiscard]] inline std::pair<placement::view, placement::view> views(
    state& s, nanos now, const std::set<holder>& failed, bool impatient) {
    placement::view whole = *s.nodes;
    placement::view present = whole;
    for (std::size_t i = 0; i < whole.members.size(); ++i) {
        const holder who = whole.members[i].who;
        whole.members[i].up = true;
        whole.members[i].slow = false;
        auto& member = present.members[i];
        if (s.on.nodes.find(who) == nullptr || failed.contains(who)) member.up = false;
        if (member.up && impatient && s.health.avoid(who, now)) member.up = false;
    }
    return {std::move(whole), std::move(present)};
}

using kept_places = std::vector<std::optional<holder>>;

[[nodiscard]] inline result<std::vector<target>> spread(state& s, std::uint64_t hash, unsigned data,
                                                        unsigned parity, nanos now,
                                                        const kept_places& kept,
                                                        const std::set<holder>& failed,
                                                        bool impatient) {
    using meta::rows::presence;
    const unsigned width = data + parity;
    const unsigned further = std::min(s.how.survives, parity);
    auto [whole, present] = views(s, now, failed, impatient);

    std::vector<holder> homes(width);
    if (!s.on.policy.place(hash, width, whole, s.how.rules, homes))
        return std::unexpected(not_enough_nodes);
    std::vector<target> out(width);
    std::vector<holder> start = homes;
    for (unsigned i = 0; i < width; ++i) {
        out[i].home = homes[i];
        if (i < kept.size() && kept[i]) start[i] = *kept[i];
    }
    std::vector<holder> found(width);
    const auto any = s.on.policy.adjust(hash, start, present, s.how.rules, found).has_value();

    std::set<holder> taken;
    std::vector<holder> used;
    const auto use = [&](unsigned i, holder where) {
        out[i].where = where;
        out[i].state = where == homes[i] ? presence::present : presence::handed_off;
        taken.insert(where);
        used.push_back(where);
    };
    std::vector<unsigned> open;
    for (unsigned i = 0; i < width; ++i) {
        if (i < kept.size() && kept[i])
            use(i, *kept[i]);
        else if (any && found[i] == homes[i])
            use(i, homes[i]);
        else
            open.push_back(i);
    }
    std::vector<unsigned> doubled;  // would stand beside another of the same disk
    for (const unsigned i : open) {
        out[i] = {.home = homes[i], .where = homes[i], .state = presence::missing};
        if (!any || s.on.nodes.find(found[i]) == nullptr) continue;
        if (taken.contains(found[i]))
            doubled.push_back(i);
        else
            use(i, found[i]);
    }
    if (!promised(used, data, further))
        for (const unsigned i : doubled) use(i, found[i]);
    if (!promised(used, data, further)) return std::unexpected(not_enough_nodes);
    return out;
}

}  // namespace detail

// `kept[i]`: already sealed there, and stays. `failed`: these refused just now. Disks that were
// late a moment ago are asked only if it does not go without them.
[[nodiscard]] inline result<std::vector<target>> spread(
    state& s, std::uint64_t hash, unsigned data, unsigned parity, nanos now,
    const std::vector<std::optional<holder>>& kept = {}, const std::set<holder>& failed = {}) {
    auto found = detail::spread(s, hash, data, parity, now, kept, failed, true);
    if (found) return found;
    return detail::spread(s, hash, data, parity, now, kept, failed, false);
}

}  // namespace rsx::object
