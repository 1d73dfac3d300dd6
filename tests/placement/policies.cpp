// SPDX-License-Identifier: Apache-2.0
#include "laws.hpp"

#include <rsx/placement/any.hpp>

#include <thread>

namespace placement = rsx::placement;
using rsx::holder;

namespace {

const auto make_ring = [] { return placement::ring{}; };
const auto make_rendezvous = [] { return placement::rendezvous{}; };
const auto make_round_robin = [] { return placement::round_robin{}; };

// The smallest policy there can be: the first member, always.
struct archetype {
    rsx::result<placement::bent> place(std::uint64_t, std::size_t, const placement::view& now,
                                       const placement::rules&, std::span<holder> out) const {
        if (now.members.empty()) return rsx::fail(rsx::errc::unavailable, "nobody");
        std::ranges::fill(out, now.members.front().who);
        return placement::bent{};
    }
    rsx::result<placement::bent> adjust(std::uint64_t hash, std::span<const holder> holders,
                                        const placement::view& now, const placement::rules& rules,
                                        std::span<holder> out) const {
        return place(hash, holders.size(), now, rules, out);
    }
};
static_assert(placement::policy<archetype>);

}  // namespace

TEST_CASE("the ring keeps the laws of placement") { laws::every_policy(make_ring); }

TEST_CASE("rendezvous keeps the laws of placement") { laws::every_policy(make_rendezvous); }

TEST_CASE("round robin keeps the laws of placement") { laws::every_policy(make_round_robin); }

TEST_CASE("a policy chosen by name keeps the laws of placement") {
    for (const auto* name : {"ring", "rendezvous", "round-robin"}) {
        CAPTURE(name);
        laws::every_policy([name] { return std::move(*placement::policy_named(name)); });
    }
}

TEST_CASE("on the ring one more member moves its share and no more") {
    laws::one_more_member_moves_its_share_only(make_ring);
    laws::the_order_of_the_view_does_not_matter(make_ring);
}

TEST_CASE("with rendezvous one more member moves its share and no more") {
    laws::one_more_member_moves_its_share_only(make_rendezvous);
    laws::the_order_of_the_view_does_not_matter(make_rendezvous);
}

TEST_CASE("shares are even: six servers on a ring of 150 places, and any number by rendezvous") {
    CHECK(laws::unevenness(make_ring, laws::members(6), 1, 20'000) < 0.1);
    CHECK(laws::unevenness(make_rendezvous, laws::members(6), 1, 20'000) < 0.03);
    CHECK(laws::unevenness(make_rendezvous, laws::members(40), 6, 20'000) < 0.03);
}

TEST_CASE("a member of twice the weight gets twice the cells") {
    auto now = laws::members(8);
    now.members[0].weight = 2;
    now.members[1].weight = 0.5;
    CHECK(laws::unevenness(make_ring, now, 1, 20'000) < 0.15);
    CHECK(laws::unevenness(make_rendezvous, now, 1, 40'000) < 0.03);
}

TEST_CASE("a replaced disk takes over the cells of the old one") {
    for (const auto* name : {"ring", "rendezvous", "round-robin"}) {
        CAPTURE(name);
        auto policy = std::move(*placement::policy_named(name));
        const auto now = laws::members(8);
        auto replaced = now;
        replaced.members[3].who.incarnation = 9;
        for (std::uint64_t hash = 0; hash < 100; ++hash) {
            const auto before = laws::placed(policy, rsx::mix64(hash), 4, now);
            const auto after = laws::placed(policy, rsx::mix64(hash), 4, replaced);
            for (std::size_t i = 0; i < 4; ++i) {
                CHECK(after[i].node == before[i].node);
                CHECK((after[i] == before[i]) == (before[i].node != 3));
            }
        }
    }
}

TEST_CASE("round robin deals six shards to three buckets as Zstore does") {
    placement::round_robin policy;
    const auto holders =
        laws::placed(policy, 0, 6, laws::members(3), {.distinct = false, .caps = {}});
    for (std::uint32_t i = 0; i < 6; ++i) CHECK(holders[i].node == i % 3);
}

TEST_CASE("where cells go is pinned, for it is the same on every machine and in every release") {
    placement::ring ring;
    placement::rendezvous rendezvous;
    const auto nodes = [](const std::vector<holder>& holders) {
        std::string text;
        for (const auto who : holders) text += std::to_string(who.node) + " ";
        return text;
    };
    CHECK(nodes(laws::placed(ring, 0x0123456789abcdef, 6, laws::members(9))) == "7 8 3 2 1 0 ");
    CHECK(nodes(laws::placed(rendezvous, 0x0123456789abcdef, 6, laws::members(9))) ==
          "5 0 7 4 8 2 ");
}

TEST_CASE("threads with different views may ask one ring") {
    const placement::ring ring;
    const auto nine = laws::members(9);
    const auto ten = laws::members(10);
    const auto last = [&ring](const placement::view& now) {
        std::vector<holder> out(6);
        for (std::uint64_t i = 0; i < 2000; ++i)
            if (!ring.place(rsx::mix64(i), 6, now, {}, out)) return std::vector<holder>{};
        return out;
    };
    std::vector<holder> of_nine;
    std::vector<holder> of_ten;
    std::thread one{[&] { of_nine = last(nine); }};
    std::thread two{[&] { of_ten = last(ten); }};
    one.join();
    two.join();
    CHECK(of_nine == laws::placed(ring, rsx::mix64(1999), 6, nine));
    CHECK(of_ten == laws::placed(ring, rsx::mix64(1999), 6, ten));
}

TEST_CASE("an unknown policy is refused") {
    const auto policy = placement::policy_named("dice");
    REQUIRE(!policy);
    CHECK(policy.error().code == rsx::errc::not_found);
}

TEST_CASE("the archetype of a policy compiles with all that takes one") {
    placement::any_policy policy{archetype{}};
    const auto now = laws::members(3);
    CHECK(laws::placed(policy, 1, 2, now) == std::vector<holder>(2, now.members[0].who));
    archetype plain;
    std::vector<holder> out(2);
    CHECK(placement::rebalance(plain, 1, std::vector<holder>(2), now, {}, out));
    CHECK(out[0] == now.members[0].who);
    CHECK(!placement::rebalance(plain, 1, std::vector<holder>(2), {}, {}, out));
}
