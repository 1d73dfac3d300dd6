// SPDX-License-Identifier: Apache-2.0

// How a session commits: the slot, the settling of unknown outcomes, and when to give up.
//
//     auto answer = co_await mine.commit(change);
//
// What a slot row can say to a commit that wrote {n + 1, done} and does not know: see `judge`. The
// order matters: read, then rewrite under compare of what was read, then believe. Concluding
// "aborted" from an unchanged slot without rewriting it loses to a request that is merely late.
#pragma once

#include <rsx/meta/session.hpp>

namespace rsx::meta {

inline task<result<commit_answer>> session::commit(commit_request request) {
    const env& here = co_await this_env{};
    RSX_ASSERT(here.where == &home_);
    if (fenced_) co_return stopped();
    if (operations_.open() >= limits::mailbox_items_max)
        co_return fail(errc::unavailable, "session: too much is under way");
    const operation under_way = begin();
    auto turn = turns_.take(1);
    auto granted = co_await turn;
    if (!granted) co_return std::unexpected(granted.error());
    if (fenced_) {
        turns_.give(1);
        co_return stopped();
    }
    const std::size_t which = free_.front();
    free_.pop_front();
    auto work = commit_on(which, std::move(request));
    env alone{&home_, {}, nanos::max()};
    work.in(std::move(alone));
    auto answer = co_await work;
    if (!slots_[which].unsettled) {  // else `renew` will bring it back
        free_.push_back(which);
        turns_.give(1);
    }
    co_return answer;
}

// A compare with a stamp that has failed will fail for ever, but an absent row may be absent again:
// a second delivery of a request that we call a conflict must not find it so.
inline bool session::may_hold_later(const commit_request& request, const commit_answer& answer) {
    return std::ranges::any_of(answer.differ, [&](const row& now) {
        const auto compared = std::ranges::find(request.compares, now.key, &compare::key);
        return compared != request.compares.end() && compared->at.absent();
    });
}

inline task<result<commit_answer>> session::commit_on(std::size_t which, commit_request request) {
    slot& mine = slots_[which];
    const nanos last_attempt = home_.now() + options_.commit_time / 2;
    const std::string name = slot_key(which);
    for (unsigned tries = 0; tries < limits::commit_tries_max; ++tries) {
        commit_request whole = request;
        const rows::slot next{.n = mine.n + 1};
        whole.compares.push_back({name, mine.at});
        whole.changes.push_back({name, rows::encode(next)});
        auto attempt = within(options_.commit_time / 2, store_.commit(std::move(whole)));
        auto answer = co_await attempt;
        outcome end = outcome::open;
        if (!answer) {
            if (surely_not(answer.error().code)) co_return answer;
            auto settling = settle(which, options_.commit_time / 2);
            end = co_await settling;
        } else if (answer->committed()) {
            mine = {.at = answer->at, .n = next.n};
            co_return answer;
        } else {
            const auto own = std::ranges::find(answer->differ, name, &row::key);
            if (own != answer->differ.end()) {
                end = judge(mine, *own);
            } else if (!may_hold_later(request, *answer)) {
                co_return answer;
            } else {
                auto burning = burn(which);
                end = co_await burning;
                if (end == outcome::open) {
                    auto settling = settle(which, options_.commit_time / 2);
                    end = co_await settling;
                }
                if (end == outcome::aborted) co_return answer;
            }
        }
        switch (end) {
            case outcome::happened: {
                commit_answer done;
                done.at = mine.at;
                co_return done;
            }
            case outcome::gone:
                co_return fail(errc::unknown_outcome, "session: fenced while committing");
            case outcome::open:
                mine.unsettled = true;
                co_return fail(errc::unknown_outcome, "session: the store does not answer");
            case outcome::aborted: break;  // surely not: try again
        }
        if (home_.now() >= last_attempt) break;
        auto rest = pause(tries);
        (void)co_await rest;
    }
    co_return fail(errc::unavailable, "session: the store lost the commit, and it was called off");
}

// What our slot row says about the commit that would have made it {n + 1, done}.
inline session::outcome session::judge(slot& mine, const row& now) {
    if (now.absent()) {
        fenced_ = true;
        return outcome::gone;
    }
    if (now.at == mine.at) return outcome::open;
    const auto read = rows::decode<rows::slot>(now.value);
    if (!read || read->n != mine.n + 1) {  // nobody but us writes it
        fenced_ = true;
        return outcome::gone;
    }
    mine = {.at = now.at, .n = read->n};
    return read->aborted ? outcome::aborted : outcome::happened;
}

// For so long: read the slot; if it has not moved, move it ourselves.
inline task<session::outcome> session::settle(std::size_t which, nanos how_long) {
    slot& mine = slots_[which];
    const nanos deadline = home_.now() + how_long;
    for (unsigned tries = 0;; ++tries) {
        std::vector<std::string> keys{slot_key(which)};
        auto looking = until(deadline, store_.get(std::move(keys), reading::each));
        auto now = co_await looking;
        outcome end = outcome::open;
        if (now) {
            end = judge(mine, now->front());
            if (end == outcome::open) {
                auto burning = burn(which);
                end = co_await burning;
            }
        }
        if (end != outcome::open) co_return end;
        if (home_.now() >= deadline) co_return outcome::open;
        auto rest = pause(tries);
        (void)co_await rest;
    }
}

// Rewrites the slot so that no request made for its present stamp can apply any more.
inline task<session::outcome> session::burn(std::size_t which) {
    slot& mine = slots_[which];
    const std::string name = slot_key(which);
    const rows::slot aborted{.n = mine.n + 1, .aborted = true};
    commit_request rewrite;
    rewrite.compares.push_back({name, mine.at});
    rewrite.changes.push_back({name, rows::encode(aborted)});
    auto attempt = within(options_.commit_time / 2, store_.commit(std::move(rewrite)));
    auto answer = co_await attempt;
    if (!answer) co_return outcome::open;
    if (!answer->committed()) co_return judge(mine, answer->differ.front());
    mine = {.at = answer->at, .n = aborted.n};
    co_return outcome::aborted;
}

// 10 ms, doubling to a second; half of it by chance, so that many do not come back together.
inline step session::pause(unsigned tries) {
    const std::uint64_t most =
        std::min(std::uint64_t{1000}, std::uint64_t{10} << std::min(tries, 10u));
    auto rest = sleep_for(std::chrono::milliseconds{most / 2 + random_.below(most / 2 + 1)});
    co_return co_await rest;
}

}  // namespace rsx::meta
