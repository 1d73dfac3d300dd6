// SPDX-License-Identifier: Apache-2.0

// Consistent hashing: members stand at many places on a ring, and a hash belongs to the next one.
//
//     rsx::placement::ring ring;                              // 150 places a member
//     rsx::placement::ring finer{rsx::placement::clockwise{600}};
//     auto bent = ring.place(hash, 6, now, rules, out);
//
// Member n stands at xxhash64("n#i") for i < 150 · weight (Karger et al. 1997). The cells of a hash
// go to the next distinct members clockwise. A member that comes takes only what lies just before
// its places, and one that goes leaves its cells to the next: 1/N of the cells move, not all.
// Places belong to the node and not to its incarnation, so a new disk takes over the old one's.
// With v places a share is off by about 1/sqrt(v): 8 % for 150. The table of places is kept between
// calls and made again when nodes or weights differ from the last call's (O(N · v)); a call is
// O(log(N · v) + width + N). Any thread may ask; a lock is held to copy one pointer.
#pragma once

#include <rsx/core/hash.hpp>
#include <rsx/placement/ranked.hpp>

#include <algorithm>
#include <cmath>
#include <memory>
#include <mutex>

namespace rsx::placement {

class clockwise {
public:
    explicit clockwise(unsigned places = 150) : places_{places}, cache_{std::make_unique<cache>()} {
        RSX_ASSERT(places > 0);
    }

    [[nodiscard]] auto operator()(std::uint64_t hash, const view& now) const {
        auto kept = table_of(now);
        const auto start = std::ranges::lower_bound(kept->points, hash, {}, &point::position);
        const auto at = static_cast<std::size_t>(start - kept->points.begin());
        return walk{
            .ring = std::move(kept), .at = at, .met = std::vector<bool>(now.members.size())};
    }

private:
    struct point {
        std::uint64_t position;
        node_id node;
        std::uint32_t member;  // index into the view
        friend auto operator<=>(const point&, const point&) noexcept = default;
    };
    struct share {
        node_id node;
        double weight;
    };
    struct table {
        std::vector<share> shares;  // what it was made of
        std::vector<point> points;  // sorted

        [[nodiscard]] bool fits(const view& now) const {
            return std::ranges::equal(shares, now.members, [](const share& s, const member& m) {
                return s.node == m.who.node && !(s.weight < m.weight) && !(s.weight > m.weight);
            });
        }
    };
    struct cache {
        std::mutex guard;
        std::shared_ptr<const table> latest;
    };

    [[nodiscard]] std::shared_ptr<const table> table_of(const view& now) const {
        std::shared_ptr<const table> latest;
        {
            const std::lock_guard lock{cache_->guard};
            latest = cache_->latest;
        }
        if (latest != nullptr && latest->fits(now)) return latest;
        auto made = std::make_shared<const table>(make_table(now));
        const std::lock_guard lock{cache_->guard};
        cache_->latest = made;
        return made;
    }

    [[nodiscard]] table make_table(const view& now) const {
        table made;
        for (std::uint32_t i = 0; i < now.members.size(); ++i) {
            const member& m = now.members[i];
            made.shares.push_back({.node = m.who.node, .weight = m.weight});
            if (!(m.weight > 0)) continue;
            const long places = std::max(1L, std::lround(places_ * m.weight));
            for (long p = 0; p < places; ++p) {
                const std::string name = std::to_string(m.who.node) + "#" + std::to_string(p);
                made.points.push_back(
                    {.position = xxhash64(bytes_of(name)), .node = m.who.node, .member = i});
            }
        }
        std::ranges::sort(made.points);
        return made;
    }

    // A ranking: every member once, in the order in which the walk first meets it.
    struct walk {
        std::shared_ptr<const table> ring;
        std::size_t at;
        std::vector<bool> met;
        std::size_t steps{0};

        std::optional<std::size_t> operator()() {
            const auto& points = ring->points;
            while (steps < points.size()) {
                const std::size_t found = points[(at + steps++) % points.size()].member;
                if (met[found]) continue;
                met[found] = true;
                return found;
            }
            return std::nullopt;
        }
    };

    unsigned places_;
    std::unique_ptr<cache> cache_;
};

using ring = ranked<clockwise>;
static_assert(policy<ring>);

}  // namespace rsx::placement
