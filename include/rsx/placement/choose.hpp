// SPDX-License-Identifier: Apache-2.0

// From an order of preference to holders that keep the rules: the part that all policies share.
//
// A policy only ranks the members for a hash; `choose` walks the ranking and takes whom the rules
// allow. "At most one a holder, at most c a host, at most r a rack" is a family of nested bounds (a
// laminar matroid), for which taking greedily in order of preference finds as many as any method.
// When that is not enough, the rules are loosened a step at a time: first slow members, then caps
// one higher, at last a second cell on one holder.
//
//     auto ranking = [&]() -> std::optional<std::size_t> { ... };       // indices into the members
//     return choose(ranking, now, rules, holders_before, out);
//
// The ranking is asked only as far as needed. O(asked · width · depth of caps) compares.
#pragma once

#include <rsx/placement/concept.hpp>

#include <algorithm>
#include <concepts>
#include <limits>
#include <optional>
#include <string_view>

namespace rsx::placement {

// The next preferred index into `view::members`, each once; nothing when all were given.
template <class Next>
concept ranking = requires(Next next) {
    { next() } -> std::same_as<std::optional<std::size_t>>;
};

// The domain of `path` at `depth`: its first depth + 1 components.
[[nodiscard]] inline std::string_view domain_at(std::string_view path, std::size_t depth) noexcept {
    std::size_t end = 0;
    for (; depth > 0 && end != std::string_view::npos; --depth) {
        end = path.find('/', end);
        if (end != std::string_view::npos) ++end;
    }
    return end == std::string_view::npos ? path : path.substr(0, path.find('/', end));
}

// A member without domain stands alone.
[[nodiscard]] inline bool same_domain(const member& a, const member& b,
                                      std::size_t depth) noexcept {
    if (a.domain.empty() || b.domain.empty()) return a.who.node == b.who.node;
    return domain_at(a.domain, depth) == domain_at(b.domain, depth);
}

namespace detail {

template <ranking Next>
class chooser {
public:
    chooser(Next& next, const view& now, const rules& wishes, std::span<const holder> before,
            std::size_t width)
        : next_{next},
          members_{now.members},
          rules_{wishes},
          before_(width, nobody),
          chosen_(width, nobody),
          open_{width} {
        for (std::size_t i = 0; i < before.size(); ++i) before_[i] = keeper(before[i]);
    }

    result<bent> fill(std::span<holder> out) {
        search();
        if (open_ != 0) return fail(errc::unavailable, "placement: no member takes cells", open_);
        for (std::size_t i = 0; i < out.size(); ++i) out[i] = members_[chosen_[i]].who;
        return how_bent();
    }

private:
    static constexpr std::size_t nobody = std::numeric_limits<std::size_t>::max();

    // Loosen what hurts least first. Sharing a disk is worse than sharing a domain; where holders
    // may repeat anyway, caps matter more than evenness.
    void search() {
        const unsigned width = static_cast<unsigned>(chosen_.size());
        const unsigned slack_max =
            std::ranges::any_of(rules_.caps, [](unsigned cap) { return cap != 0; }) ? width : 0;
        if (rules_.distinct) {
            for (unsigned copies = 1; copies <= width; ++copies)
                for (unsigned slack = 0; slack <= slack_max; ++slack)
                    if (!round(copies, slack)) return;
        } else {
            for (unsigned slack = 0; slack <= slack_max; ++slack)
                for (unsigned copies = 1; copies <= width; ++copies)
                    if (!round(copies, slack)) return;
        }
    }

    // One round under looser rules; false when there is nothing left to do.
    bool round(unsigned copies, unsigned slack) {
        for (std::size_t i = 0; i < chosen_.size() && open_ > 0; ++i)
            if (chosen_[i] == nobody && before_[i] != nobody &&
                allowed(before_[i], rules_.distinct ? copies : width_or_more(), slack))
                take(i, before_[i]);
        for (const bool slow : {false, true}) {
            if (open_ == 0) return false;
            for (std::size_t rank = 0; open_ > 0; ++rank) {
                const std::size_t candidate = ranked(rank);
                if (candidate == nobody) break;
                if (members_[candidate].slow == slow && allowed(candidate, copies, slack))
                    take(first_open(), candidate);
            }
        }
        return open_ > 0 && (!seen_.empty() || any_waits());
    }

    // Whoever the ranking puts at `rank` among those that take new cells.
    std::size_t ranked(std::size_t rank) {
        while (seen_.size() <= rank) {
            const std::optional<std::size_t> more = next_();
            if (!more) return nobody;
            const member& m = members_[*more];
            if (m.up && m.accepts && m.free > 0 && m.weight > 0 && !excluded(m.who))
                seen_.push_back(*more);
        }
        return seen_[rank];
    }

    [[nodiscard]] bool allowed(std::size_t candidate, unsigned copies, unsigned slack) const {
        if (static_cast<unsigned>(std::ranges::count(chosen_, candidate)) >= copies) return false;
        for (std::size_t depth = 0; depth < rules_.caps.size(); ++depth)
            if (rules_.caps[depth] != 0 &&
                in_domain_of(candidate, depth, chosen_.size()) >= rules_.caps[depth] + slack)
                return false;
        return true;
    }

    // How many of the first n cells are in the candidate's domain.
    [[nodiscard]] unsigned in_domain_of(std::size_t candidate, std::size_t depth,
                                        std::size_t n) const {
        unsigned count = 0;
        for (std::size_t i = 0; i < n; ++i)
            if (chosen_[i] != nobody &&
                same_domain(members_[chosen_[i]], members_[candidate], depth))
                ++count;
        return count;
    }

    [[nodiscard]] bent how_bent() const {
        bent how;
        for (std::size_t i = 0; i < chosen_.size(); ++i) {
            const auto earlier = chosen_.begin() + static_cast<std::ptrdiff_t>(i);
            if (rules_.distinct && std::find(chosen_.begin(), earlier, chosen_[i]) != earlier)
                ++how.repeated;
            for (std::size_t depth = 0; depth < rules_.caps.size(); ++depth)
                if (rules_.caps[depth] != 0 &&
                    in_domain_of(chosen_[i], depth, i) >= rules_.caps[depth])
                    ++how.over_cap;
            if (members_[chosen_[i]].slow && chosen_[i] != before_[i]) ++how.slow;
        }
        return how;
    }

    // The member that is this holder and may keep what it has.
    [[nodiscard]] std::size_t keeper(holder who) const {
        const auto at = std::ranges::find(members_, who, &member::who);
        if (at == members_.end() || !at->up || excluded(who)) return nobody;
        return static_cast<std::size_t>(at - members_.begin());
    }

    [[nodiscard]] bool excluded(holder who) const {
        return std::ranges::find(rules_.exclude, who) != rules_.exclude.end();
    }
    [[nodiscard]] std::size_t first_open() const {
        return static_cast<std::size_t>(std::ranges::find(chosen_, nobody) - chosen_.begin());
    }
    [[nodiscard]] bool any_waits() const {  // for looser rules, to keep its cell
        for (std::size_t i = 0; i < chosen_.size(); ++i)
            if (chosen_[i] == nobody && before_[i] != nobody) return true;
        return false;
    }
    [[nodiscard]] unsigned width_or_more() const {
        return static_cast<unsigned>(chosen_.size()) + 1;
    }
    void take(std::size_t cell, std::size_t who) {
        chosen_[cell] = who;
        --open_;
    }

    Next& next_;
    const std::vector<member>& members_;
    const rules& rules_;
    std::vector<std::size_t> before_;  // indices of members, or nobody
    std::vector<std::size_t> chosen_;
    std::vector<std::size_t> seen_;  // the ranking, as far as it was asked
    std::size_t open_;
};

}  // namespace detail

// `before` is empty (to place) or as long as `out` (to adjust).
template <ranking Next>
[[nodiscard]] result<bent> choose(Next next, const view& now, const rules& wishes,
                                  std::span<const holder> before, std::span<holder> out) {
    RSX_ASSERT(before.empty() || before.size() == out.size());
    detail::chooser<Next> chooser{next, now, wishes, before, out.size()};
    return chooser.fill(out);
}

}  // namespace rsx::placement
