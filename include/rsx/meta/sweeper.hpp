// SPDX-License-Identifier: Apache-2.0

// Ends the sessions of processes that are gone.
//
//     rsx::meta::sweeper sweep{mine};
//     auto swept = co_await sweep.dead();           // every few seconds; incarnations it ended
//     auto older = co_await sweep.all_older();      // an embedded store, just opened and locked
//
// A lease that has not changed for 30 s by *our* monotonic clock is erased with its 64 slots in one
// commit, under compare of the lease: if its owner renewed it meanwhile, nothing happens. Whatever
// that process had sent and not yet delivered can then no longer apply. One loop, the session's.
#pragma once

#include <rsx/meta/session.hpp>

namespace rsx::meta {

class sweeper {
public:
    explicit sweeper(session& by, nanos dead_after = limits::session_dead)
        : by_{by}, dead_after_{dead_after} {}

    [[nodiscard]] task<result<std::vector<std::uint64_t>>> dead() {
        const env& here = co_await this_env{};
        const nanos asked = here.where->now();
        auto looking = by_.leases();
        auto leases = co_await looking;
        const nanos answered = here.where->now();
        if (!leases) co_return std::unexpected(leases.error());
        std::map<std::uint64_t, sighting> present;
        std::vector<std::uint64_t> swept;
        for (const row& each : *leases) {
            const auto incarnation = key::parse_session(each.key);
            if (!incarnation) co_return std::unexpected(incarnation.error());
            if (*incarnation == by_.incarnation()) continue;
            const auto before = seen_.find(*incarnation);
            const bool unchanged = before != seen_.end() && before->second.at == each.at;
            const sighting sight{each.at, unchanged ? before->second.since : answered};
            if (asked - sight.since >= dead_after_) {
                auto erasing = erase(*incarnation, each.at);
                auto erased = co_await erasing;
                if (!erased) co_return std::unexpected(erased.error());
                if (*erased) {
                    swept.push_back(*incarnation);
                    continue;
                }
            }
            present.emplace(*incarnation, sight);
        }
        seen_ = std::move(present);
        co_return swept;
    }

    // Only for a store that nobody else can have open.
    [[nodiscard]] task<result<std::vector<std::uint64_t>>> all_older() {
        auto looking = by_.leases();
        auto leases = co_await looking;
        if (!leases) co_return std::unexpected(leases.error());
        std::vector<std::uint64_t> swept;
        for (const row& each : *leases) {
            const auto incarnation = key::parse_session(each.key);
            if (!incarnation) co_return std::unexpected(incarnation.error());
            if (*incarnation >= by_.incarnation()) continue;
            auto erasing = erase(*incarnation, each.at);
            auto erased = co_await erasing;
            if (!erased) co_return std::unexpected(erased.error());
            if (*erased) swept.push_back(*incarnation);
        }
        co_return swept;
    }

private:
    struct sighting {
        stamp at{};
        nanos since{};
    };

    task<result<bool>> erase(std::uint64_t incarnation, stamp seen) {
        auto attempt = by_.commit(session::erasing(incarnation, seen));
        auto answer = co_await attempt;
        if (!answer) co_return std::unexpected(answer.error());
        co_return answer->committed();
    }

    session& by_;
    nanos dead_after_;
    std::map<std::uint64_t, sighting> seen_;
};

}  // namespace rsx::meta
