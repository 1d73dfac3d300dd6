// SPDX-License-Identifier: Apache-2.0

// A policy from nothing but a ranking: say whom a hash prefers, and rules, repairs and bending come
// with it.
//
//     struct by_number {                                      // the first members, always
//         auto operator()(std::uint64_t, const placement::view& now) const {
//             return [i = std::size_t{0}, n = now.members.size()]() mutable
//                    -> std::optional<std::size_t> {
//                 return i < n ? std::optional{i++} : std::nullopt;
//             };
//         }
//     };
//     placement::ranked<by_number> policy;
//
// All policies of this module are made so. Costs what the ranking costs; any thread may ask if any
// may call the ranking.
#pragma once

#include <rsx/placement/choose.hpp>

namespace rsx::placement {

// Called with a hash and a view, gives a `ranking` that need not outlive the view.
template <class Rank>
concept ranks =
    std::movable<Rank> && requires(const Rank rank, std::uint64_t hash, const view& now) {
        { rank(hash, now) } -> ranking;
    };

template <ranks Rank>
class ranked {
public:
    ranked() = default;
    explicit ranked(Rank rank) : rank_{std::move(rank)} {}

    result<bent> place(std::uint64_t hash, std::size_t width, const view& now, const rules& wishes,
                       std::span<holder> out) const {
        RSX_ASSERT(out.size() == width);
        return choose(rank_(hash, now), now, wishes, {}, out);
    }

    result<bent> adjust(std::uint64_t hash, std::span<const holder> holders, const view& now,
                        const rules& wishes, std::span<holder> out) const {
        RSX_ASSERT(out.size() == holders.size());
        return choose(rank_(hash, now), now, wishes, holders, out);
    }

private:
    Rank rank_;
};

}  // namespace rsx::placement
