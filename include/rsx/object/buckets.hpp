// SPDX-License-Identifier: Apache-2.0

// Buckets: made, found, listed, and removed only when they are surely empty.
//
//     auto made = co_await object::create_bucket(s, "photos", {.owner = "alice"});
//     auto gone = co_await object::remove_bucket(s, "photos");         // bucket_not_empty
//
// Removal takes three steps: the row says `closing`, which fails every write that was planned
// before; then the bucket is looked at; then it is erased, or opened again. Who creates a bucket
// draws its number from a counter in the same commit, so a number is never used twice.
#pragma once

#include <rsx/object/commit.hpp>

namespace rsx::object {

[[nodiscard]] inline bucket shown(std::string name, const rows::bucket& of) {
    bucket out;
    out.number = of.number;
    out.name = std::move(name);
    out.owner = of.owner;
    out.region = of.region;
    out.created_ms = static_cast<std::int64_t>(of.created_ms);
    out.code = code_of_text(of.code);
    return out;
}

[[nodiscard]] inline task<result<bucket>> create_bucket(state& s, std::string name,
                                                        bucket_options how) {
    if (how.code.data != 0) {
        const auto good = chosen_code(s, {}, how.code);
        if (!good) co_return std::unexpected(good.error());
    }
    const std::string counter_key = meta::key::counter("bid");
    rows::bucket made;
    made.owner = std::move(how.owner);
    made.region = how.region.empty() ? s.how.region : std::move(how.region);
    if (how.code.data != 0) made.code = text_of(how.code);
    made.created_ms = static_cast<std::uint64_t>(s.on.wall.now_ms());
    const std::string bucket_key = meta::key::bucket(name);
    for (unsigned attempt = 0; attempt < limits::commit_tries_max; ++attempt) {
        std::vector<std::string> keys{bucket_key, counter_key};
        auto getting = s.on.meta.store().get(std::move(keys), meta::reading::each);
        auto found = co_await getting;
        if (!found) co_return std::unexpected(found.error());
        const meta::row& there = (*found)[0];
        const meta::row& counter_row = (*found)[1];
        if (!there.absent()) {
            const auto known = rows::decode<rows::bucket>(there.value);
            if (!known) co_return std::unexpected(known.error());
            if (known->closing) {
                standing closing;
                closing.bucket = *known;
                closing.bucket_row = there;
                auto waiting = detail::wait_while_closing(s, closing);
                const auto open = co_await waiting;
                if (!open && open.error() != no_such_bucket)
                    co_return std::unexpected(open.error());
                continue;
            }
            co_return std::unexpected(known->owner == made.owner ? bucket_exists_yours
                                                                 : bucket_exists_others);
        }
        rows::counter next{.value = 1};
        if (!counter_row.absent()) {
            auto counted = rows::decode<rows::counter>(counter_row.value);
            if (!counted) co_return std::unexpected(counted.error());
            next = std::move(*counted);
        }
        made.number = next.value++;
        rows::owned_bucket owned;
        owned.number = made.number;
        owned.created_ms = made.created_ms;
        owned.region = made.region;
        meta::commit_request request;
        request.compares.push_back({bucket_key, there.at});
        request.compares.push_back({counter_key, counter_row.at});
        request.changes.push_back({counter_key, rows::encode(next)});
        request.changes.push_back({bucket_key, rows::encode(made)});
        request.changes.push_back({meta::key::owned_bucket(made.owner, name), rows::encode(owned)});
        auto committing = s.on.meta.commit(std::move(request));
        const auto answer = co_await committing;
        if (!answer) co_return std::unexpected(answer.error());
        if (answer->committed()) {
            s.remember(name, made.number);
            co_return shown(std::move(name), made);
        }
    }
    co_return std::unexpected(too_many_conflicts);
}

namespace detail {

[[nodiscard]] inline task<result<standing>> stand_in(state& s, std::string name) {
    standing out;
    std::vector<std::string> keys{meta::key::bucket(name)};
    out.name = std::move(name);
    auto getting = s.on.meta.store().get(std::move(keys), meta::reading::each);
    auto found = co_await getting;
    if (!found) co_return std::unexpected(found.error());
    const auto seen = take_bucket(out, std::move((*found)[0]));
    if (!seen) co_return std::unexpected(seen.error());
    s.remember(out.name, out.bucket.number);
    co_return std::move(out);
}

// Nothing current, nothing kept as an older version. Uploads do not count.
[[nodiscard]] inline task<result<bool>> is_empty(state& s, std::uint64_t number) {
    std::vector<meta::range> ranges{meta::key::objects_of(number), meta::key::versions_of(number)};
    const meta::scan_limits one{.rows = 1};
    auto scanning = s.on.meta.store().scan(std::move(ranges), one, meta::reading::each);
    const auto page = co_await scanning;
    if (!page) co_return std::unexpected(page.error());
    for (const auto& list : page->rows)
        if (!list.empty()) co_return false;
    co_return true;
}

[[nodiscard]] inline task<result<bool>> close_and_remove(state& s, standing of) {
    meta::commit_request close;
    rows::bucket closing = of.bucket;
    closing.closing =
        rows::closing{.incarnation = s.on.meta.incarnation(), .nonce = s.on.random.u64()};
    close.compares.push_back({of.bucket_row.key, of.bucket_row.at});
    close.changes.push_back({of.bucket_row.key, rows::encode(closing)});
    auto closing_it = s.on.meta.commit(std::move(close));
    const auto closed = co_await closing_it;
    if (!closed) co_return std::unexpected(closed.error());
    if (!closed->committed()) co_return std::unexpected(operation_aborted);

    auto looking = is_empty(s, of.bucket.number);
    const auto empty = co_await looking;
    meta::commit_request end;
    end.compares.push_back({of.bucket_row.key, closed->at});
    if (empty && *empty) {
        rows::cleanup note;
        note.kind = rows::cleanup_kind::bucket_gone;
        note.bucket = of.bucket.number;
        note.since_ms = static_cast<std::uint64_t>(s.on.wall.now_ms());
        end.changes.push_back({of.bucket_row.key, std::nullopt});
        end.changes.push_back({meta::key::owned_bucket(of.bucket.owner, of.name), std::nullopt});
        end.changes.push_back({meta::key::cleanup(s.on.meta.new_id()), rows::encode(note)});
    } else {
        end.changes.push_back({of.bucket_row.key, rows::encode(of.bucket)});
    }
    auto ending = s.on.meta.commit(std::move(end));
    const auto ended = co_await ending;
    if (!empty) co_return std::unexpected(empty.error());
    if (!ended) co_return std::unexpected(ended.error());
    if (!ended->committed()) co_return std::unexpected(operation_aborted);
    co_return *empty;
}

}  // namespace detail

[[nodiscard]] inline task<result<bucket>> find_bucket(state& s, std::string name) {
    auto standing_in = detail::stand_in(s, std::move(name));
    auto found = co_await standing_in;
    if (!found) co_return std::unexpected(found.error());
    co_return shown(std::move(found->name), found->bucket);
}

[[nodiscard]] inline step remove_bucket(state& s, std::string name) {
    auto standing_in = detail::stand_in(s, std::move(name));
    auto found = co_await standing_in;
    if (!found) co_return std::unexpected(found.error());
    if (found->bucket.closing) {
        auto waiting = detail::wait_while_closing(s, *found);
        const auto open = co_await waiting;
        if (!open) co_return std::unexpected(open.error());
    }
    auto looking = detail::is_empty(s, found->bucket.number);  // spares a busy bucket the closing
    const auto empty = co_await looking;
    if (!empty) co_return std::unexpected(empty.error());
    if (!*empty) co_return std::unexpected(bucket_not_empty);
    const std::string gone = found->name;
    auto removing = detail::close_and_remove(s, std::move(*found));
    auto alone = sheltered(std::move(removing));
    const auto done = co_await alone;
    if (!done) co_return std::unexpected(done.error());
    if (!*done) co_return std::unexpected(bucket_not_empty);
    s.bucket_numbers.erase(gone);
    co_return status{};
}

[[nodiscard]] inline task<result<std::vector<bucket>>> list_buckets(state& s, std::string owner) {
    std::vector<bucket> out;
    meta::range rest = meta::key::buckets_of(owner);
    for (;;) {
        std::vector<meta::range> ranges{rest};
        const meta::scan_limits limit{};
        auto scanning = s.on.meta.store().scan(std::move(ranges), limit, meta::reading::each);
        const auto page = co_await scanning;
        if (!page) co_return std::unexpected(page.error());
        for (const meta::row& row : page->rows[0]) {
            const auto name = meta::key::parse_owned_bucket(row.key);
            if (!name) co_return std::unexpected(name.error());
            const auto owned = rows::decode<rows::owned_bucket>(row.value);
            if (!owned) co_return std::unexpected(owned.error());
            bucket one;
            one.number = owned->number;
            one.name = name->bucket;
            one.owner = owner;
            one.region = owned->region;
            one.created_ms = static_cast<std::int64_t>(owned->created_ms);
            out.push_back(std::move(one));
        }
        if (!page->more[0]) co_return out;
        rest.from = page->rows[0].back().key + '\0';
    }
}

}  // namespace rsx::object
