// SPDX-License-Identifier: Apache-2.0

// The laws of placement::policy. Every model runs all of them:
//
//     TEST_CASE("the ring keeps the laws of placement") {
//         laws::every_policy([] { return placement::ring{}; });
//     }
//
// A maker and not a policy goes in, so that some laws can compare two of a kind.
#pragma once

#include "catch.hpp"

#include <rsx/core/hash.hpp>
#include <rsx/placement/choose.hpp>
#include <rsx/placement/rebalance.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace laws {

namespace placement = rsx::placement;
using rsx::holder;

// n members in racks of `hosts` hosts of `disks` disks: "rack-0/host-1".
inline placement::view members(unsigned n, unsigned hosts = 2, unsigned disks = 1) {
    placement::view now{.epoch = 1, .members = {}};
    for (unsigned i = 0; i < n; ++i) {
        const unsigned host = i / disks;
        now.members.push_back(
            {.who = {.node = i, .incarnation = 1},
             .domain = "rack-" + std::to_string(host / hosts) + "/host-" + std::to_string(host)});
    }
    return now;
}

inline std::vector<holder> placed(const placement::policy auto& policy, std::uint64_t hash,
                                  std::size_t width, const placement::view& now,
                                  const placement::rules& rules = {},
                                  placement::bent expected = {}) {
    std::vector<holder> out(width);
    const auto bent = policy.place(hash, width, now, rules, out);
    REQUIRE(bent);
    CHECK(*bent == expected);
    return out;
}

inline std::vector<holder> adjusted(const placement::policy auto& policy, std::uint64_t hash,
                                    const std::vector<holder>& before, const placement::view& now,
                                    const placement::rules& rules = {},
                                    placement::bent expected = {}) {
    std::vector<holder> out(before.size());
    const auto bent = policy.adjust(hash, before, now, rules, out);
    REQUIRE(bent);
    CHECK(*bent == expected);
    return out;
}

inline std::map<holder, unsigned> counts(const std::vector<holder>& holders) {
    std::map<holder, unsigned> n;
    for (const auto who : holders) ++n[who];
    return n;
}

// Cells per domain at a depth, the fullest one.
inline unsigned fullest(const std::vector<holder>& holders, const placement::view& now,
                        std::size_t depth) {
    std::map<std::string_view, unsigned> n;
    unsigned most = 0;
    for (const auto who : holders) {
        const auto at = std::ranges::find(now.members, who, &placement::member::who);
        most = std::max(most, ++n[placement::domain_at(at->domain, depth)]);
    }
    return most;
}

template <class Maker>
void places_alike_and_distinctly(Maker make) {
    const auto now = members(9);
    auto one = make();
    auto other = make();
    for (std::uint64_t i = 0; i < 200; ++i) {
        const auto hash = rsx::mix64(i);
        for (const std::size_t width : {std::size_t{1}, std::size_t{6}, std::size_t{9}}) {
            CAPTURE(hash, width);
            const auto holders = placed(one, hash, width, now);
            CHECK(holders == placed(other, hash, width, now));
            CHECK(counts(holders).size() == width);
        }
    }
    CHECK(placed(one, 1, 0, now).empty());
}

template <class Maker>
void never_bends_what_is_not_a_wish(Maker make) {
    auto now = members(10);
    now.members[1].up = false;
    now.members[2].accepts = false;
    now.members[3].free = 0;
    now.members[4].weight = 0;
    const placement::rules rules{.caps = {}, .exclude = {now.members[5].who}};
    auto policy = make();
    for (std::uint64_t i = 0; i < 200; ++i) {
        const auto holders = placed(policy, rsx::mix64(i), 5, now, rules);
        for (const auto who : holders) CHECK((who.node == 0 || who.node > 5));
        // One cell more than there are members: repeated, never the forbidden ones.
        const auto more =
            placed(policy, rsx::mix64(i), 6, now, rules, {.repeated = 1, .over_cap = 0, .slow = 0});
        for (const auto who : more) CHECK((who.node == 0 || who.node > 5));
    }

    for (auto& m : now.members) m.accepts = false;
    std::vector<holder> out(2);
    const auto none = policy.place(7, 2, now, {}, out);
    REQUIRE(!none);
    CHECK(none.error().code == rsx::errc::unavailable);
    CHECK(!policy.place(7, 2, placement::view{}, {}, out));
}

template <class Maker>
void keeps_caps_or_says_how_far_not(Maker make) {
    auto policy = make();
    const auto now = members(12, 2, 2);  // 3 racks of 2 hosts of 2 disks
    for (std::uint64_t i = 0; i < 200; ++i) {
        const auto hash = rsx::mix64(i);
        CAPTURE(hash);
        const auto spread = placed(policy, hash, 6, now, {.caps = {2, 1}});
        CHECK(fullest(spread, now, 0) == 2);
        CHECK(fullest(spread, now, 1) == 1);

        // 7 cells, one a host, 6 hosts: one over; they still are distinct disks.
        const auto tight = placed(policy, hash, 7, now, {.caps = {0, 1}},
                                  {.repeated = 0, .over_cap = 1, .slow = 0});
        CHECK(fullest(tight, now, 1) == 2);
        CHECK(counts(tight).size() == 7);

        // 9 cells, two a rack, 3 racks: three over, and no rack takes them all.
        const auto racks =
            placed(policy, hash, 9, now, {.caps = {2}}, {.repeated = 0, .over_cap = 3, .slow = 0});
        CHECK(fullest(racks, now, 0) == 3);
    }
}

template <class Maker>
void repeats_evenly_when_told_so(Maker make) {
    auto policy = make();
    const auto now = members(3);
    for (std::uint64_t i = 0; i < 50; ++i) {
        for (const auto& [who, n] :
             counts(placed(policy, i, 6, now, {.distinct = false, .caps = {}})))
            CHECK(n == 2);
        for (const auto& [who, n] :
             counts(placed(policy, i, 8, now, {.distinct = false, .caps = {}})))
            CHECK((n == 2 || n == 3));
        const auto asked = placed(policy, i, 6, now, {}, {.repeated = 3, .over_cap = 0, .slow = 0});
        for (const auto& [who, n] : counts(asked)) CHECK(n == 2);
    }
}

template <class Maker>
void avoids_slow_members_while_it_can(Maker make) {
    auto policy = make();
    auto now = members(8);
    now.members[2].slow = now.members[6].slow = true;
    for (std::uint64_t i = 0; i < 100; ++i) {
        const auto hash = rsx::mix64(i);
        for (const auto who : placed(policy, hash, 6, now)) CHECK((who.node != 2 && who.node != 6));
        (void)placed(policy, hash, 7, now, {}, {.repeated = 0, .over_cap = 0, .slow = 1});
    }
}

template <class Maker>
void adjusting_keeps_what_is_allowed(Maker make) {
    auto policy = make();
    const auto now = members(9, 1);
    for (std::uint64_t i = 0; i < 200; ++i) {
        const auto hash = rsx::mix64(i);
        CAPTURE(hash);
        const auto before = placed(policy, hash, 6, now);
        CHECK(adjusted(policy, hash, before, now) == before);

        // A newcomer, a full disk and a slow one move nothing.
        auto grown = members(10, 1);
        grown.members[before[0].node].accepts = false;
        grown.members[before[1].node].slow = true;
        CHECK(adjusted(policy, hash, before, grown) == before);

        // One down, one excluded, one replaced by a new disk: those three move, to new holders.
        auto hurt = now;
        hurt.members[before[1].node].up = false;
        hurt.members[before[4].node].who.incarnation = 2;
        const auto after =
            adjusted(policy, hash, before, hurt, {.caps = {}, .exclude = {before[3]}});
        for (const std::size_t same : {0u, 2u, 5u}) CHECK(after[same] == before[same]);
        CHECK(counts(after).size() == 6);
        for (const std::size_t moved : {1u, 3u, 4u}) CHECK(after[moved] != before[moved]);
    }
}

template <class Maker>
void adjusting_brings_cells_back_under_the_rules(Maker make) {
    auto policy = make();
    const auto now = members(8, 1, 2);  // 4 hosts of 2 disks
    const std::vector<holder> doubled{now.members[0].who, now.members[0].who, now.members[1].who,
                                      now.members[4].who};
    const auto out = adjusted(policy, 5, doubled, now, {.caps = {0, 1}});
    CHECK(out[0] == doubled[0]);  // the first keeps its place, what breaks a rule moves
    CHECK(out[3] == doubled[3]);
    CHECK(fullest(out, now, 1) == 1);

    // Nowhere better to go: nothing moves, and the answer says what is wrong.
    auto shut = now;
    for (auto& m : shut.members) m.accepts = false;
    CHECK(adjusted(policy, 5, doubled, shut, {.caps = {0, 1}},
                   {.repeated = 1, .over_cap = 2, .slow = 0}) == doubled);

    // A cell whose holder is gone cannot stay: an error, not a guess.
    std::vector<holder> gone{holder{.node = 77, .incarnation = 1}};
    std::vector<holder> one(1);
    const auto none = policy.adjust(5, gone, shut, {}, one);
    REQUIRE(!none);
    CHECK(none.error().code == rsx::errc::unavailable);

    // Repeats are no fault where they were not asked to be absent.
    CHECK(adjusted(policy, 5, doubled, now, {.distinct = false, .caps = {}}) == doubled);
}

template <class Maker>
void rebalancing_ends_at_the_members_of_a_fresh_placement(Maker make) {
    auto policy = make();
    const auto now = members(8);
    const auto grown = members(9);
    for (std::uint64_t i = 0; i < 200; ++i) {
        const auto hash = rsx::mix64(i);
        const auto before = placed(policy, hash, 6, now);
        const auto fresh = placed(policy, hash, 6, grown);
        std::vector<holder> out(6);
        REQUIRE(placement::rebalance(policy, hash, before, grown, {}, out));
        CHECK(counts(out) == counts(fresh));
        for (std::size_t c = 0; c < 6; ++c)
            if (counts(fresh).contains(before[c])) CHECK(out[c] == before[c]);
    }
}

template <class Maker>
void every_policy(Maker make) {
    places_alike_and_distinctly(make);
    never_bends_what_is_not_a_wish(make);
    keeps_caps_or_says_how_far_not(make);
    repeats_evenly_when_told_so(make);
    avoids_slow_members_while_it_can(make);
    adjusting_keeps_what_is_allowed(make);
    adjusting_brings_cells_back_under_the_rules(make);
    rebalancing_ends_at_the_members_of_a_fresh_placement(make);
}

// --- of the policies that hash: ring and rendezvous --------------------------------------------

// The share of cells that move when member `newcomer` joins n others, in units of 1/(n + 1).
template <class Maker>
double moved_by_one_more(Maker make, unsigned n, unsigned newcomer, std::size_t width,
                         std::uint64_t hashes) {
    auto policy = make();
    auto after = make();
    const auto now = members(n);
    auto grown = now;
    grown.members.push_back({.who = {.node = newcomer, .incarnation = 1}, .domain = ""});
    std::vector<holder> before(width);
    std::vector<holder> out(width);
    std::size_t moved = 0;
    for (std::uint64_t i = 0; i < hashes; ++i) {
        const auto hash = rsx::mix64(i + 1);
        REQUIRE(policy.place(hash, width, now, {}, before));
        REQUIRE(placement::rebalance(after, hash, before, grown, {}, out));
        for (std::size_t c = 0; c < width; ++c) {
            if (out[c] == before[c]) continue;
            ++moved;
            if (out[c].node != newcomer) FAIL("a cell moved between two that were there before");
        }
    }
    return static_cast<double>(moved) / static_cast<double>(hashes * width) * (n + 1);
}

template <class Maker>
void one_more_member_moves_its_share_only(Maker make) {
    for (const unsigned n : {6u, 12u, 40u}) {
        double sum = 0;  // over several newcomers: one ring position is luck, many are the law
        for (unsigned newcomer = n; newcomer < n + 8; ++newcomer)
            sum += moved_by_one_more(make, n, newcomer, 6, 1000);
        CAPTURE(n, sum / 8);
        CHECK(sum / 8 <= 1.1);
    }
}

// Coefficient of variation of cells per unit of weight.
template <class Maker>
double unevenness(Maker make, const placement::view& now, std::size_t width, std::uint64_t hashes) {
    auto policy = make();
    std::vector<double> cells(now.members.size());
    std::vector<holder> out(width);
    for (std::uint64_t i = 0; i < hashes; ++i) {
        REQUIRE(policy.place(rsx::mix64(i + 1), width, now, {}, out));
        for (const auto who : out) cells[who.node] += 1 / now.members[who.node].weight;
    }
    double mean = 0;
    for (const double c : cells) mean += c / static_cast<double>(cells.size());
    double square = 0;
    for (const double c : cells) square += (c - mean) * (c - mean);
    return std::sqrt(square / static_cast<double>(cells.size())) / mean;
}

template <class Maker>
void the_order_of_the_view_does_not_matter(Maker make) {
    auto policy = make();
    const auto now = members(9);
    auto turned = now;
    std::ranges::rotate(turned.members, turned.members.begin() + 4);
    for (std::uint64_t i = 0; i < 200; ++i)
        CHECK(placed(policy, rsx::mix64(i), 6, now) == placed(policy, rsx::mix64(i), 6, turned));
}

}  // namespace laws
