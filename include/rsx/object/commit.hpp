// SPDX-License-Identifier: Apache-2.0

// Changes a key under compare of its bucket and of what stands there, again until nobody came
// between.
//
//     const object::planner plan = [&](const object::standing& now) -> result<object::plan> {
//         ... judge conditions on `now`, say what to change ...
//     };
//     auto done = co_await object::commit_on(s, standing, plan);     // what it replaced
//
// The plan is made of rows alone, as often as needed: a conflict brings the rows as they are, and
// no data is written twice. Conditions are therefore judged on exactly the row that is replaced. A
// bucket being removed is waited for; one made anew under the same name is another bucket.
//
// Whatever a version that goes away refers to becomes garbage in the same commit (`release`).
#pragma once

#include <rsx/object/standing.hpp>

#include <functional>

namespace rsx::object {

struct plan {
    bool nothing{false};                    // all is as it should be: no commit
    std::vector<meta::compare> compares{};  // besides the bucket's row and the key's
    std::vector<meta::change> changes{};
};
using planner = std::function<result<plan>(const standing&)>;

struct done {
    standing before{};
    bool committed{false};
};

// The session settles every commit it can; else nobody knows, and the shards must stay.
[[nodiscard]] inline bool surely_not_committed(const error& e) noexcept {
    return e.code != errc::unknown_outcome;
}

// The row that counts who refers to an outlined layout; needed to let go of it.
[[nodiscard]] inline step load_root(state& s, standing& of) {
    of.root_row.reset();
    if (!of.current || !of.current->outlined) co_return status{};
    std::vector<std::string> keys{meta::key::layout_root(of.current->outlined->layout)};
    auto getting = s.on.meta.store().get(std::move(keys), meta::reading::each);
    auto found = co_await getting;
    if (!found) co_return std::unexpected(found.error());
    of.root_row = std::move((*found)[0]);
    co_return status{};
}

namespace detail {

[[nodiscard]] inline rows::garbage garbage_of(state& s, std::string replaced) {
    rows::garbage out;
    out.by = s.on.meta.incarnation();
    out.replaced = std::move(replaced);
    out.since_ms = static_cast<std::uint64_t>(s.on.wall.now_ms());
    return out;
}

}  // namespace detail

// Adds to `into` what it takes to let go of the version under `row_key`.
[[nodiscard]] inline status release(state& s, const std::string& row_key, const rows::version& old,
                                    const std::optional<meta::row>& root_row, plan& into) {
    if (old.attributes_at)
        into.changes.push_back({meta::key::attributes(*old.attributes_at), std::nullopt});
    if (!old.inlined && !old.outlined) return {};
    auto garbage = detail::garbage_of(s, row_key);
    if (old.outlined) {
        if (!root_row || root_row->absent())
            return fail(errc::corrupt, "an outlined layout has no root");
        auto root = rows::decode<rows::layout_root>(root_row->value);
        if (!root) return std::unexpected(root.error());
        into.compares.push_back({root_row->key, root_row->at});
        if (root->references > 1) {
            --root->references;
            into.changes.push_back({root_row->key, rows::encode(*root)});
            return {};
        }
        into.changes.push_back({root_row->key, std::nullopt});
        garbage.outlined = old.outlined->layout;
        garbage.rows = root->rows;
    } else {
        garbage.inlined = old.inlined;
    }
    auto value = rows::encode_within(garbage);
    if (!value) return std::unexpected(value.error());
    into.changes.push_back({meta::key::garbage(old.layout, s.on.meta.new_id()), std::move(*value)});
    return {};
}

namespace detail {

// Waits until a bucket that is being removed is gone or open again. A closer that has died is
// cleared away: nobody else would.
[[nodiscard]] inline task<result<bool>> wait_while_closing(state& s, standing& of) {
    const env& here = co_await this_env{};
    const nanos limit = here.where->now() + limits::closing_wait_max;
    const std::string closer = meta::key::session(of.bucket.closing->incarnation);
    while (of.bucket.closing) {
        step pause = sleep_for(std::chrono::milliseconds{50});
        const auto slept = co_await pause;
        if (!slept) co_return std::unexpected(slept.error());
        std::vector<std::string> keys{of.bucket_row.key, closer};
        auto getting = s.on.meta.store().get(std::move(keys), meta::reading::each);
        auto found = co_await getting;
        if (!found) co_return std::unexpected(found.error());
        const auto number = of.bucket.number;
        const auto taken = take_bucket(of, std::move((*found)[0]));
        if (!taken) co_return std::unexpected(taken.error());
        if (of.bucket.number != number) co_return std::unexpected(no_such_bucket);
        if (!of.bucket.closing) break;
        if ((*found)[1].absent()) {
            meta::commit_request reopen;
            reopen.compares.push_back({of.bucket_row.key, of.bucket_row.at});
            rows::bucket open = of.bucket;
            open.closing.reset();
            reopen.changes.push_back({of.bucket_row.key, rows::encode(open)});
            auto committing = s.on.meta.commit(std::move(reopen));
            const auto answer = co_await committing;
            if (!answer) co_return std::unexpected(answer.error());
        } else if (here.where->now() >= limit) {
            co_return std::unexpected(operation_aborted);
        }
    }
    co_return true;
}

// Takes over what a conflict brought. Errors: the bucket is gone.
[[nodiscard]] inline status catch_up(standing& of, std::vector<meta::row> differ) {
    for (meta::row& row : differ) {
        if (row.key == of.bucket_row.key) {
            const auto number = of.bucket.number;
            if (auto taken = take_bucket(of, std::move(row)); !taken) return taken;
            if (of.bucket.number != number) return std::unexpected(no_such_bucket);
        } else if (row.key == of.tip_row.key) {
            if (auto taken = take_tip(of, std::move(row)); !taken) return taken;
        } else {
            of.others.push_back(std::move(row));
        }
    }
    return {};
}

[[nodiscard]] inline task<result<done>> commit_in_turn(state& s, standing now, planner make) {
    for (unsigned attempt = 0; attempt < limits::commit_tries_max; ++attempt) {
        if (attempt > 0) {
            s.conflicts.add();
            const auto pause = std::chrono::microseconds{
                s.on.random.below(std::uint64_t{500} << std::min(attempt, 7u))};
            step sleeping = sleep_for(pause);
            const auto slept = co_await sleeping;
            if (!slept) co_return std::unexpected(slept.error());
        }
        if (now.bucket.closing) {
            auto waiting = wait_while_closing(s, now);
            const auto open = co_await waiting;
            if (!open) co_return std::unexpected(open.error());
        }
        if (now.bucket.versioning != rows::versioning::never)
            co_return fail(errc::unsupported, "versioned buckets are not written by this build");
        if (now.current && now.current->outlined && !now.root_row) {
            step loading = load_root(s, now);
            const auto loaded = co_await loading;
            if (!loaded) co_return std::unexpected(loaded.error());
        }
        auto planned = make(now);
        if (!planned) co_return std::unexpected(planned.error());
        done out;
        if (planned->nothing) {
            out.before = std::move(now);
            co_return std::move(out);
        }
        meta::commit_request request;
        request.compares = std::move(planned->compares);
        request.compares.push_back({now.bucket_row.key, now.bucket_row.at});
        request.compares.push_back({now.tip_row.key, now.tip_row.at});
        request.changes = std::move(planned->changes);
        auto committing = s.on.meta.commit(std::move(request));
        auto answer = co_await committing;
        if (!answer) co_return std::unexpected(answer.error());
        if (answer->committed()) {
            out.before = std::move(now);
            out.committed = true;
            co_return std::move(out);
        }
        now.root_row.reset();
        now.others.clear();
        const auto caught_up = catch_up(now, std::move(answer->differ));
        if (!caught_up) co_return std::unexpected(caught_up.error());
    }
    co_return std::unexpected(too_many_conflicts);
}

}  // namespace detail

// Not cut short by a stop request: once begun it ends with an answer.
[[nodiscard]] inline task<result<done>> commit_on(state& s, standing from, planner make) {
    auto waiting = s.keys.take(from.tip_row.key);
    auto turn = co_await waiting;
    if (!turn) co_return std::unexpected(turn.error());
    auto committing = detail::commit_in_turn(s, std::move(from), std::move(make));
    auto alone = sheltered(std::move(committing));
    co_return co_await alone;
}

}  // namespace rsx::object
