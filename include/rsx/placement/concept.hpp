// SPDX-License-Identifier: Apache-2.0

// Who should hold the cells of a stripe: members, rules, and what a placement policy promises.
//
//     placement::view now{.epoch = 1, .members = members_of(cluster)};
//     placement::rules rules{.caps = {0, 1}};                   // any number a rack, one a host
//     std::array<rsx::holder, 6> out;
//     auto bent = policy.place(hash, 6, now, rules, out);
//     if (bent && !bent->straight()) log("two cells share a failure domain");
//
// A policy is a pure function of its arguments: the same hash, view and rules give the same answer
// on every machine, so nothing has to remember where things would go; where things *went* is
// written in their manifest. Rules are wishes: when the members that are up cannot keep them all, a
// policy bends them as little as it can and says by how much, and the caller decides whether that
// still keeps its promise. Exclusion, `up`, `accepts`, `free` and `weight` 0 are never bent.
// Chapter: docs/theory/08-placement.md.
#pragma once

#include <rsx/core/bytes.hpp>
#include <rsx/core/error.hpp>
#include <rsx/core/holder.hpp>

#include <string>
#include <vector>

namespace rsx::placement {

struct member {
    holder who;
    std::string domain;  // a path from the widest failure domain to the host: "rack-a/host-1"
    double weight{1};    // its fair share, relative to the others; 0: no new cells
    std::uint64_t free{~std::uint64_t{0}};  // bytes; 0: no new cells
    bool accepts{true};                     // new cells; what it holds it keeps
    bool up{true};
    bool slow{false};  // takes cells only where the rules would have to be bent without it
};

// A value, handed in with every question.
struct view {
    std::uint64_t epoch{0};
    std::vector<member> members;
};

struct rules {
    bool distinct{true};            // no holder twice; false: as evenly as the rest allows
    std::vector<unsigned> caps;     // caps[d]: most cells in one domain at depth d; 0: no cap
    std::vector<holder> exclude{};  // never these
};

// How far the rules had to be bent.
struct bent {
    unsigned repeated{0};  // cells whose holder has an earlier one, though distinct was asked
    unsigned over_cap{0};  // cells above the caps, over all domains
    unsigned slow{0};      // cells newly put on slow members

    [[nodiscard]] constexpr bool straight() const noexcept {
        return repeated == 0 && over_cap == 0 && slow == 0;
    }
    friend constexpr bool operator==(const bent&, const bent&) noexcept = default;
};

// `place` fills out[0, width). `adjust` starts from a placement of before: out[i] == holders[i]
// wherever that is still allowed (the member is in the view with that incarnation, up, not
// excluded, and the rules hold), and finds others only for the rest. Errors: unavailable, when
// cells remain and no member takes any. A policy may keep tables between calls: it belongs to one
// thread.
template <class Policy>
concept policy =
    std::movable<Policy> &&
    requires(const Policy p, std::uint64_t hash, std::size_t width, const view& now,
             const rules& wishes, std::span<const holder> holders, std::span<holder> out) {
        { p.place(hash, width, now, wishes, out) } -> std::same_as<result<bent>>;
        { p.adjust(hash, holders, now, wishes, out) } -> std::same_as<result<bent>>;
    };

}  // namespace rsx::placement
