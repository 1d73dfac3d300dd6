// SPDX-License-Identifier: Apache-2.0

// A seventh disk joins six: what moves under each policy, and a policy of one's own beside them.
#include <rsx/placement.hpp>

#include <cstdio>

namespace placement = rsx::placement;

// The first members of the view, always.
struct by_number {
    auto operator()(std::uint64_t, const placement::view& now) const {
        return
            [i = std::size_t{0}, n = now.members.size()]() mutable -> std::optional<std::size_t> {
                return i < n ? std::optional{i++} : std::nullopt;
            };
    }
};

int main() {
    placement::view six;
    for (rsx::node_id node = 0; node < 6; ++node)
        six.members.push_back(
            {.who = {.node = node, .incarnation = 1}, .domain = "host-" + std::to_string(node)});
    placement::view seven = six;
    seven.members.push_back({.who = {.node = 6, .incarnation = 1}, .domain = "host-6"});

    std::puts("policy        by index  rebalanced   (fair share of the newcomer: 14.3 %)");
    for (const auto* name : {"ring", "rendezvous", "round-robin"}) {
        const auto policy = placement::policy_named(name);
        const placement::rules one_a_host{.caps = {1}};
        constexpr std::size_t objects = 10'000;
        constexpr std::size_t width = 3;
        std::size_t by_index = 0;
        std::size_t rebalanced = 0;
        for (std::uint64_t object = 0; object < objects; ++object) {
            const std::uint64_t hash = rsx::mix64(object);
            std::array<rsx::holder, width> before;
            std::array<rsx::holder, width> fresh;
            std::array<rsx::holder, width> after;
            if (!policy->place(hash, width, six, one_a_host, before)) return 1;
            if (!policy->place(hash, width, seven, one_a_host, fresh)) return 1;
            if (!placement::rebalance(*policy, hash, before, seven, one_a_host, after)) return 1;
            for (std::size_t i = 0; i < width; ++i) {
                if (fresh[i] != before[i]) ++by_index;
                if (after[i] != before[i]) ++rebalanced;
            }
        }
        const auto percent = [](std::size_t moved) {
            return 100 * static_cast<double>(moved) / (objects * width);
        };
        std::printf("%-12s %6.1f %%   %6.1f %%\n", name, percent(by_index), percent(rebalanced));
    }

    const placement::any_policy own{placement::ranked<by_number>{}};
    std::array<rsx::holder, 8> out;
    const auto bent = own.place(0, out.size(), seven, {.caps = {1}}, out);
    if (!bent) return 1;
    std::printf("eight cells on seven hosts: %u repeated, %u over the cap\n", bent->repeated,
                bent->over_cap);
}
