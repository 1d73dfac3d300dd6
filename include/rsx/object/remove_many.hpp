// SPDX-License-Identifier: Apache-2.0

// Removes many keys of one bucket with few commits.
//
//     auto gone = co_await object::remove_many(s, "photos", keys);    // one answer a key
//
// A commit takes as many keys as its bounds allow. If anything has changed meanwhile, the batch is
// done key by key instead, each on its own compare: one busy key does not hold up the others.
#pragma once

#include <rsx/object/buckets.hpp>
#include <rsx/object/put.hpp>

namespace rsx::object {

namespace detail {

// Compares and changes per key: the row, and its garbage.
inline constexpr std::size_t removals_a_commit = 40;

// All of these keys in one commit. False: somebody came between.
[[nodiscard]] inline task<result<bool>> remove_batch(state& s, std::string name,
                                                     std::vector<std::string> keys,
                                                     std::vector<bool>& there) {
    auto standing_in = stand_in(s, std::move(name));
    auto in = co_await standing_in;
    if (!in) co_return std::unexpected(in.error());
    if (in->bucket.closing || in->bucket.versioning != rows::versioning::never) co_return false;
    std::vector<std::string> row_keys;
    for (const auto& key : keys) row_keys.push_back(meta::key::object(in->bucket.number, key));
    auto getting = s.on.meta.store().get(std::move(row_keys), meta::reading::each);
    auto found = co_await getting;
    if (!found) co_return std::unexpected(found.error());
    plan wanted;
    for (meta::row& row : *found) {
        there.push_back(!row.absent());
        if (row.absent()) continue;
        const auto version = rows::decode<rows::version>(row.value);
        if (!version) co_return std::unexpected(version.error());
        if (version->outlined) co_return false;  // needs its root: singly
        wanted.compares.push_back({row.key, row.at});
        wanted.changes.push_back({row.key, std::nullopt});
        const auto released = release(s, row.key, *version, std::nullopt, wanted);
        if (!released) co_return std::unexpected(released.error());
    }
    if (wanted.changes.empty()) co_return true;
    if (wanted.changes.size() >= limits::commit_changes_max) co_return false;
    meta::commit_request request;
    request.compares = std::move(wanted.compares);
    request.compares.push_back({in->bucket_row.key, in->bucket_row.at});
    request.changes = std::move(wanted.changes);
    auto committing = s.on.meta.commit(std::move(request));
    const auto answer = co_await committing;
    if (!answer) co_return std::unexpected(answer.error());
    co_return answer->committed();
}

}  // namespace detail

[[nodiscard]] inline task<result<std::vector<result<removed>>>> remove_many(
    state& s, std::string bucket, std::vector<std::string> keys) {
    auto standing_in = detail::stand_in(s, bucket);
    const auto in = co_await standing_in;
    if (!in) co_return std::unexpected(in.error());
    std::vector<result<removed>> out(keys.size(), removed{});
    std::map<std::string, std::vector<std::size_t>> places;  // a key may be named twice
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (const auto good = check_key(keys[i]); !good)
            out[i] = std::unexpected(good.error());
        else
            places[keys[i]].push_back(i);
    }
    auto next = places.begin();
    while (next != places.end()) {
        std::vector<std::string> batch;
        const auto first = next;
        for (; next != places.end() && batch.size() < detail::removals_a_commit; ++next)
            batch.push_back(next->first);
        std::vector<bool> there;
        auto removing = detail::remove_batch(s, bucket, batch, there);
        auto alone = sheltered(std::move(removing));
        const auto done = co_await alone;
        if (!done && done.error() == no_such_bucket) co_return std::unexpected(done.error());
        std::size_t n = 0;
        for (auto at = first; at != next; ++at, ++n) {
            result<removed> answer = removed{};
            if (done && *done) {
                answer->was_there = there[n];
            } else {
                auto singly = remove(s, bucket, at->first, {});
                answer = co_await singly;
            }
            for (const std::size_t i : at->second) out[i] = answer;
        }
    }
    co_return std::move(out);
}

}  // namespace rsx::object
