// SPDX-License-Identifier: Apache-2.0

// Group commit for tasks: many wait, one sync is under way, and each is woken by a sync that began
// after his append.
//
//     wal::group_commit commits{log, pool, loop};
//     auto at = commits.append(bytes);                   // at once
//     auto done = co_await commits.durable(*at);         // when it is
//
// While a sync runs on the pool, appends go on; its end, posted to the owner's loop, starts the
// next sync before it wakes anyone, so the disk never waits for tasks. Sixty-four writers share a
// sync in this way and are tens of times faster than one. Belongs to the loop `home`, as do its
// callers; a stop request ends a wait, not the record. Outlives its waits and syncs: await `idle`
// first.
#pragma once

#include <rsx/core/pool.hpp>
#include <rsx/core/wait.hpp>
#include <rsx/wal/concept.hpp>

namespace rsx::wal {

template <log Log>
class group_commit {
public:
    group_commit(Log& what, pool& threads, loop& home) : log_{what}, pool_{threads}, home_{home} {}
    group_commit(const group_commit&) = delete;
    group_commit& operator=(const group_commit&) = delete;

    [[nodiscard]] result<lsn> append(byte_view bytes) { return log_.append(bytes); }

    [[nodiscard]] step durable(lsn at) {
        // A sync that is under way now took its batch before, or without, this record.
        std::uint64_t fails = failures_;
        while (log_.durable() <= at) {
            if (failures_ != fails) co_return std::unexpected(*failed_);
            start();
            if (!busy_) continue;  // the pool took nothing
            step waiting = moved_.next();
            const auto woken = co_await waiting;
            if (!woken) co_return woken;
        }
        co_return result<void>{};
    }

    // Returns when no sync is under way.
    [[nodiscard]] step idle() {
        while (busy_) {
            step waiting = moved_.next();
            const auto woken = co_await waiting;
            if (!woken) co_return woken;
        }
        co_return result<void>{};
    }

    [[nodiscard]] std::uint64_t syncs() const noexcept { return syncs_; }

private:
    void start() {
        if (busy_) {
            again_ = true;
            return;
        }
        busy_ = true;
        again_ = false;
        ++syncs_;
        auto work = blocking(pool_, [this] { return log_.sync(); });
        spawn(env{&home_, {}}, std::move(work), [this](result<lsn> done) { ended(done); });
    }

    void ended(const result<lsn>& done) {
        busy_ = false;
        if (!done) {
            failed_ = done.error();
            ++failures_;
        } else if (again_) {
            start();
        }
        moved_.announce();
    }

    Log& log_;
    pool& pool_;
    loop& home_;
    news moved_{};
    bool busy_{false};
    bool again_{false};  // someone came while a sync was under way
    std::uint64_t syncs_{0};
    std::uint64_t failures_{0};
    std::optional<error> failed_{};
};

}  // namespace rsx::wal
