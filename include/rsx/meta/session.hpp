// SPDX-License-Identifier: Apache-2.0

// A session: the right to commit, and the certainty of what became of each commit.
//
//     auto opened = co_await rsx::meta::session::open(store, wall, random, {.address = "gw-1"});
//     rsx::meta::session& mine = **opened;
//     auto reading = mine.begin();                       // numbered before its first read
//     auto rows = co_await store.get(keys, reading::each);
//     auto answer = co_await mine.commit(change);        // committed, or conflict, or surely not
//
// Opening takes an incarnation (never reused), a lease row `S` and 64 slot rows `s` {n, done}.
// Every commit takes a free slot and adds: compare the slot, put {n + 1, done}. One row is thereby
// - the fence: whoever erases the slots ends our right to commit, late requests included;
// - the outcome: an unknown commit is settled by reading its slot. {n + 1, done}: it happened.
// Still
//   n: we rewrite it as {n + 1, aborted}, after which the request can never apply. Gone: fenced;
// - the guard against a request delivered twice: the second finds the slot changed.
//
// One session a loop: every call comes from the loop that opened it. At most 64 commits are in
// flight, the rest wait their turn. Somebody must run `keep_renewed`. Commits are never cut short
// by a stop request: a slow write is still a write. docs/design/rows.md has the reasons.
#pragma once

#include <rsx/core/gather.hpp>
#include <rsx/core/limits.hpp>
#include <rsx/meta/any.hpp>
#include <rsx/meta/key_parts.hpp>
#include <rsx/meta/key_range.hpp>
#include <rsx/meta/operations.hpp>
#include <rsx/meta/rows/cluster.hpp>

#include <deque>
#include <map>

namespace rsx::meta {

struct session_options {
    std::string address{};
    nanos renewal{limits::session_renewal};
    nanos commit_time{limits::commit_time_max};
    // How often a lease must be renewed before its numbers are trusted. One is not enough: that
    // renewal may have been formed before the barrier began.
    std::uint64_t barrier_renewals{2};
};

class session {
public:
    // The references must outlive the session; `open` is awaited on the loop that will use it.
    [[nodiscard]] static task<result<std::unique_ptr<session>>> open(any_store& store,
                                                                     wall_clock& wall,
                                                                     entropy& random,
                                                                     session_options options);
    session(const session&) = delete;
    session& operator=(const session&) = delete;

    // As store::commit, but the outcome is certain: an error other than errc::unknown_outcome means
    // that it has not happened and never will. At most limits::commit_changes_max - 1 changes.
    [[nodiscard]] task<result<commit_answer>> commit(commit_request request);

    [[nodiscard]] operation begin() { return operations_.begin(); }
    [[nodiscard]] object_id new_id() noexcept {
        return {.incarnation = incarnation_, .counter = ++last_id_};
    }
    [[nodiscard]] std::uint64_t incarnation() const noexcept { return incarnation_; }
    // The topology that held when the session was opened, or was promised since.
    [[nodiscard]] std::uint32_t epoch() const noexcept { return epoch_; }
    // From the next renewal on: no commit made under an older topology can still take effect.
    void promise_epoch(std::uint32_t epoch) noexcept { epoch_ = epoch; }
    // Once true, every commit answers errc::unavailable: others may take what we had for garbage.
    [[nodiscard]] bool fenced() const noexcept { return fenced_; }
    [[nodiscard]] any_store& store() noexcept { return store_; }

    // Renews the lease for as long as it is let; ends with errc::unavailable when fenced.
    [[nodiscard]] step keep_renewed();
    // One renewal; also settles what was left open.
    [[nodiscard]] step renew();

    // Returns when every operation that any live session had begun before the call has ended. The
    // caller holds none itself. Takes about two renewals; obeys stop and deadline of its caller.
    [[nodiscard]] step barrier();

    // Waits for everything to end, then gives the lease back. Nothing can be committed after it.
    [[nodiscard]] step close();

    // All lease rows, as they are now.
    [[nodiscard]] task<result<std::vector<row>>> leases();
    // What erases a lease and its slots, if the lease is still as it was seen.
    [[nodiscard]] static commit_request erasing(std::uint64_t incarnation, stamp seen);

private:
    struct slot {
        stamp at{};
        std::uint64_t n{0};
        bool unsettled{false};  // its last commit may or may not have happened
    };
    struct awaited {
        std::uint64_t trusted_at{0};           // the renewal from which its numbers are believed
        std::optional<std::uint64_t> below{};  // then: its operations below this must have ended
    };
    enum class outcome : std::uint8_t { happened, aborted, gone, open };

    session(any_store& store, wall_clock& wall, entropy& random, session_options options,
            loop& home)
        : store_{store}, wall_{wall}, random_{random}, options_{std::move(options)}, home_{home} {}

    [[nodiscard]] rows::session lease() const;
    [[nodiscard]] step take_lease();
    [[nodiscard]] task<result<commit_answer>> commit_on(std::size_t which, commit_request request);
    [[nodiscard]] task<outcome> settle(std::size_t which, nanos how_long);
    [[nodiscard]] step bring_back(std::size_t which);
    [[nodiscard]] outcome judge(slot& mine, const row& now);
    [[nodiscard]] task<outcome> burn(std::size_t which);
    [[nodiscard]] step pause(unsigned tries);
    [[nodiscard]] static bool has_passed(awaited& wait, std::string_view lease);

    [[nodiscard]] static bool may_hold_later(const commit_request& request,
                                             const commit_answer& answer);
    [[nodiscard]] static bool surely_not(errc code) noexcept {
        return code == errc::limit || code == errc::invalid || code == errc::unsupported;
    }
    [[nodiscard]] static std::unexpected<error> stopped() noexcept {
        return fail(errc::unavailable, "session: fenced, or closed");
    }
    [[nodiscard]] std::string slot_key(std::size_t which) const {
        return key::slot(incarnation_, static_cast<std::uint8_t>(which));
    }

    any_store& store_;
    wall_clock& wall_;
    entropy& random_;
    session_options options_;
    loop& home_;

    std::uint64_t incarnation_{0};
    std::uint64_t last_id_{0};
    std::uint32_t epoch_{0};
    std::uint64_t renewals_{0};
    stamp lease_at_{};
    bool fenced_{false};

    operations operations_;
    std::array<slot, limits::session_slots> slots_{};
    std::deque<std::size_t> free_{};
    semaphore turns_{limits::session_slots};
};

}  // namespace rsx::meta

#include <rsx/meta/session_commit.hpp>
#include <rsx/meta/session_lease.hpp>
