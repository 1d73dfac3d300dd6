// SPDX-License-Identifier: Apache-2.0

// How a session takes, renews and gives back its lease, and waits for the operations of others.
//
//     auto renewing = mine.keep_renewed();       // a task of the owner's, as long as the session
//     auto passed = co_await mine.barrier();     // now nobody reads what was gone before
//
// A lease row says: my renewal number, the number of my next operation, the oldest still open. A
// barrier notes each lease's renewal x; at x + 2 the row was formed after the barrier began, so its
// `next` lies above every operation begun before; then it waits until `oldest` has passed that. No
// clock of one machine is compared with another's.
#pragma once

#include <rsx/meta/session.hpp>

namespace rsx::meta {

inline task<result<std::unique_ptr<session>>> session::open(any_store& store, wall_clock& wall,
                                                            entropy& random,
                                                            session_options options) {
    const env& here = co_await this_env{};
    std::unique_ptr<session> made{
        new session{store, wall, random, std::move(options), *here.where}};
    auto taking = made->take_lease();
    auto taken = co_await taking;
    if (!taken) co_return std::unexpected(taken.error());
    co_return made;
}

inline rows::session session::lease() const {
    return {.address = options_.address,
            .wall_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(0, wall_.now_ms())),
            .renewal = renewals_ + 1,
            .next = operations_.next(),
            .oldest = operations_.oldest(),
            .next_id = last_id_ + 1,
            .epoch = epoch_};
}

// {compare `M inc`, `M epoch`; put `M inc` + 1, `S`, 64 slots}. An incarnation that may or may not
// have been taken is left to the sweeper, and the next one is tried.
inline step session::take_lease() {
    error last{errc::unavailable, "session: could not be opened"};
    for (unsigned tries = 0; tries < limits::commit_tries_max; ++tries) {
        std::vector<std::string> keys{key::counter("inc"), key::counter("epoch")};
        auto looking = within(options_.commit_time, store_.get(std::move(keys), reading::each));
        auto now = co_await looking;
        if (!now && now.error().code == errc::cancelled) co_return std::unexpected(now.error());
        if (now) {
            const row& counter_row = now->at(0);
            const row& epoch_row = now->at(1);
            rows::counter counter{.value = 1};
            if (!counter_row.absent()) {
                auto read = rows::decode<rows::counter>(counter_row.value);
                if (!read) co_return std::unexpected(read.error());
                counter = std::move(*read);
            }
            if (!epoch_row.absent()) {
                auto read = rows::decode<rows::current_epoch>(epoch_row.value);
                if (!read) co_return std::unexpected(read.error());
                epoch_ = read->epoch;
            }
            incarnation_ = counter.value++;
            commit_request opening;
            opening.compares.push_back({counter_row.key, counter_row.at});
            opening.compares.push_back({epoch_row.key, epoch_row.at});
            opening.changes.push_back({counter_row.key, rows::encode(counter)});
            opening.changes.push_back({key::session(incarnation_), rows::encode(lease())});
            for (std::size_t i = 0; i < slots_.size(); ++i)
                opening.changes.push_back({slot_key(i), rows::encode(rows::slot{})});
            auto attempt = within(options_.commit_time, store_.commit(std::move(opening)));
            auto answer = co_await attempt;
            if (answer && answer->committed()) {
                renewals_ = 1;
                lease_at_ = answer->at;
                for (std::size_t i = 0; i < slots_.size(); ++i) {
                    slots_[i].at = answer->at;
                    free_.push_back(i);
                }
                co_return status{};
            }
            if (!answer) last = answer.error();
        } else {
            last = now.error();
        }
        auto rest = pause(tries);
        auto rested = co_await rest;
        if (!rested) co_return rested;
    }
    co_return std::unexpected(last);
}

inline step session::renew() {
    if (fenced_) co_return stopped();
    const std::string name = key::session(incarnation_);
    for (int tries = 0; tries < 2; ++tries) {
        const rows::session fresh = lease();
        commit_request renewal;
        renewal.compares.push_back({name, lease_at_});
        renewal.changes.push_back({name, rows::encode(fresh)});
        auto attempt = within(options_.renewal, store_.commit(std::move(renewal)));
        auto answer = co_await attempt;
        if (!answer) co_return std::unexpected(answer.error());  // the next one will see
        if (answer->committed()) {
            lease_at_ = answer->at;
            renewals_ = fresh.renewal;
            break;
        }
        // Either swept, or an earlier renewal of ours had arrived after all.
        const row& now = answer->differ.front();
        const auto read = rows::decode<rows::session>(now.value);
        if (now.absent() || !read) {
            fenced_ = true;
            co_return stopped();
        }
        lease_at_ = now.at;
        renewals_ = read->renewal;
    }
    std::vector<step> open;
    for (std::size_t i = 0; i < slots_.size(); ++i)
        if (slots_[i].unsettled) open.push_back(bring_back(i));
    auto settling = gather(std::move(open));
    (void)co_await settling;
    if (fenced_) co_return stopped();
    co_return status{};
}

// Settles a slot whose commit was left open, and lets it be used again.
inline step session::bring_back(std::size_t which) {
    slots_[which].unsettled = false;
    auto settling = settle(which, options_.renewal);
    const outcome end = co_await settling;
    slots_[which].unsettled = end == outcome::open;
    if (end == outcome::open) co_return fail(errc::unavailable, "session: a slot stays open");
    free_.push_back(which);
    turns_.give(1);
    co_return status{};
}

inline step session::keep_renewed() {
    for (;;) {
        auto rest = sleep_for(options_.renewal);
        auto rested = co_await rest;
        if (!rested) co_return rested;
        auto renewing = renew();
        auto renewed = co_await renewing;
        if (fenced_) co_return stopped();
        if (!renewed && renewed.error().code == errc::cancelled) co_return renewed;
    }
}

inline task<result<std::vector<row>>> session::leases() {
    std::vector<row> out;
    range rest = key::sessions();
    for (;;) {
        std::vector<range> ranges{rest};
        scan_limits limits{};
        auto scanning = store_.scan(std::move(ranges), limits, reading::each);
        auto shown = co_await scanning;
        if (!shown) co_return std::unexpected(shown.error());
        for (row& each : shown->rows.front()) out.push_back(std::move(each));
        if (!shown->more.front()) co_return out;
        rest.from = out.back().key + '\0';
    }
}

// Whether the operations that a barrier waits for have ended, as far as this lease tells.
inline bool session::has_passed(awaited& wait, std::string_view lease) {
    const auto now = rows::decode<rows::session>(lease);
    if (!now) return false;
    if (!wait.below && now->renewal >= wait.trusted_at) wait.below = now->next;
    return wait.below && now->oldest >= *wait.below;
}

inline step session::barrier() {
    std::map<std::string, awaited> open;
    const std::string own = key::session(incarnation_);
    const std::uint64_t mine = operations_.next();
    auto noting = leases();
    auto noted = co_await noting;
    if (!noted) co_return std::unexpected(noted.error());
    for (const row& each : *noted) {
        if (each.key == own) continue;
        const auto read = rows::decode<rows::session>(each.value);
        if (!read) co_return std::unexpected(read.error());
        open.emplace(each.key, awaited{read->renewal + options_.barrier_renewals});
    }
    auto own_end = operations_.ended_below(mine);
    auto ended = co_await own_end;
    if (!ended) co_return ended;
    while (!open.empty()) {
        if (fenced_) co_return stopped();
        auto rest = sleep_for(options_.renewal / 4);
        auto rested = co_await rest;
        if (!rested) co_return rested;
        auto looking = leases();
        auto now = co_await looking;
        if (!now) continue;  // not answered: look again until stopped
        std::map<std::string, const row*> live;
        for (const row& each : *now) live[each.key] = &each;
        for (auto it = open.begin(); it != open.end();) {
            const auto found = live.find(it->first);
            const bool swept = found == live.end();  // it commits and reads no more
            const bool passed = !swept && has_passed(it->second, found->second->value);
            it = swept || passed ? open.erase(it) : std::next(it);
        }
    }
    co_return status{};
}

inline commit_request session::erasing(std::uint64_t incarnation, stamp seen) {
    commit_request erase;
    const std::string name = key::session(incarnation);
    erase.compares.push_back({name, seen});
    erase.changes.push_back({name, std::nullopt});
    for (std::size_t i = 0; i < limits::session_slots; ++i)
        erase.changes.push_back(
            {key::slot(incarnation, static_cast<std::uint8_t>(i)), std::nullopt});
    return erase;
}

inline step session::close() {
    if (fenced_) co_return status{};
    auto all = turns_.take(limits::session_slots);
    auto quiet = co_await all;
    if (!quiet) co_return quiet;
    auto own_end = operations_.ended_below(operations_.next());
    auto ended = co_await own_end;
    turns_.give(limits::session_slots);
    if (!ended) co_return ended;
    fenced_ = true;
    for (unsigned tries = 0; tries < 3; ++tries) {  // a renewal may be under way
        auto attempt =
            within(options_.commit_time, store_.commit(erasing(incarnation_, lease_at_)));
        auto answer = co_await attempt;
        if (!answer) co_return std::unexpected(answer.error());
        if (answer->committed() || answer->differ.front().absent()) co_return status{};
        lease_at_ = answer->differ.front().at;
    }
    co_return fail(errc::conflict, "session: its lease is renewed while it is closed");
}

}  // namespace rsx::meta
