// SPDX-License-Identifier: Apache-2.0

// PUT and DELETE of one key: shards first, one commit last.
//
//     auto stored = co_await object::put(s, "photos", "cat.jpg", how, body, sums);
//     auto gone = co_await object::remove(s, "photos", "cat.jpg", {});
//
// Bucket and key are read before the body, so that what cannot succeed is refused early, and
// compared when it commits. What was there before becomes garbage in the same commit, and its
// shards live on until no reader can want them. Shards whose commit surely did not happen are
// erased; where that is not sure they stay, for the sweep to judge.
#pragma once

#include <rsx/object/body_writer.hpp>
#include <rsx/object/layouts.hpp>

namespace rsx::object {

namespace detail {

// S3's time of change never goes back for a key, unless the row's clock was far ahead of ours.
[[nodiscard]] inline std::uint64_t modified_now(state& s, const std::optional<rows::version>& tip) {
    const auto now = static_cast<std::uint64_t>(s.on.wall.now_ms());
    constexpr auto trust = std::uint64_t{std::chrono::milliseconds{limits::clock_skew_max}.count()};
    if (!tip || tip->modified_ms > now + trust) return now;
    return std::max(now, tip->modified_ms);
}

[[nodiscard]] inline rows::version_order next_order(state& s,
                                                    const std::optional<rows::version>& tip) {
    rows::version_order out;
    out.seq = (tip ? tip->order.last : 0) + 1;
    out.last = out.seq;
    out.null = true;
    s.on.random.fill(out.nonce);
    return out;
}

// Puts the new version in the place of what stands there.
struct replacement {
    replacement(state& st, rows::version version) : s{st}, head{std::move(version)} {}

    state& s;
    rows::version head;
    std::optional<outlining> outlined{};
    conditions condition{};
    std::vector<rows::owed_shard> owed{};
    std::uint64_t spare{0};
    // What else belongs into the same commit.
    std::function<status(const standing&, plan&)> also{};

    [[nodiscard]] result<plan> operator()(const standing& now) {
        std::string etag;
        if (now.current) etag = to_string(now.current->etag);
        const auto allowed = judge_write(condition, now.current ? &etag : nullptr);
        if (!allowed) return std::unexpected(allowed.error());
        plan out;
        head.order = next_order(s, now.current);
        head.modified_ms = modified_now(s, now.current);
        rows::version value = head;
        std::string encoded = rows::encode(value);
        if (encoded.size() > rows::version::bytes_max) {
            auto attributes = rows::encode_within(value.attributes);
            if (!attributes) return std::unexpected(metadata_too_large);
            value.attributes_at = attributes_id;
            value.attributes = {};
            out.changes.push_back({meta::key::attributes(attributes_id), std::move(*attributes)});
            encoded = rows::encode(value);
            if (encoded.size() > rows::version::bytes_max)
                return std::unexpected(metadata_too_large);
        }
        out.changes.push_back({now.tip_row.key, std::move(encoded)});
        if (outlined) outlined->finish(out);
        if (!owed.empty()) out.changes.push_back({meta::key::ticket(head.layout), ticket(now)});
        if (now.current) {
            const auto released = release(s, now.tip_row.key, *now.current, now.root_row, out);
            if (!released) return std::unexpected(released.error());
        }
        if (also) {
            const auto added = also(now, out);
            if (!added) return std::unexpected(added.error());
        }
        return out;
    }

    [[nodiscard]] std::string ticket(const standing& now) const {
        rows::ticket out;
        out.bucket = now.bucket.number;
        out.key = now.key;
        out.seq_hint = head.order.seq;
        out.owed_count = owed.size();
        out.owed = owed;
        if (out.owed.size() > rows::ticket::owed_max) out.owed.resize(rows::ticket::owed_max);
        out.spare = static_cast<std::uint16_t>(spare);
        out.since_ms = head.modified_ms;
        return rows::encode(out);
    }

    object_id attributes_id{s.on.meta.new_id()};
};

// Commits it. Rows of its layout that were written in vain are erased.
[[nodiscard]] inline task<result<info>> replace_with(state& s, standing before,
                                                     std::shared_ptr<replacement> with) {
    const planner make = [with](const standing& now) { return (*with)(now); };
    std::string key = before.key;
    const std::uint64_t number = before.bucket.number;
    auto committing = commit_on(s, std::move(before), make);
    const auto committed = co_await committing;
    if (!committed) {
        if (with->outlined && surely_not_committed(committed.error()))
            s.detach_here(discard(s, *with->outlined));
        co_return std::unexpected(committed.error());
    }
    co_return info_of(number, std::move(key), with->head);
}

// How much of a version's row its layout may take.
inline constexpr std::size_t inline_layout_bytes = rows::version::bytes_max * 3 / 4;

}  // namespace detail

// Stores a body under an id of its own, named by nothing yet.
[[nodiscard]] inline task<result<info>> put(state& s, std::string bucket, std::string key,
                                            put_options how, source& body, digester& sums) {
    if (const auto good = check_key(key); !good) co_return std::unexpected(good.error());
    if (how.length && *how.length > limits::put_bytes_max)
        co_return std::unexpected(entity_too_large);
    const env& here = co_await this_env{};
    auto standing_up = stand(s, std::move(bucket), std::move(key));
    auto before = co_await standing_up;
    if (!before) co_return std::unexpected(before.error());
    std::string etag;
    if (before->current) etag = to_string(before->current->etag);
    const auto allowed = judge_write(how.condition, before->current ? &etag : nullptr);
    if (!allowed) co_return std::unexpected(allowed.error());
    const auto code = chosen_code(s, before->bucket, how.code);
    if (!code) co_return std::unexpected(code.error());

    const object_id layout = s.on.meta.new_id();
    subject about;
    about.bucket = before->bucket.number;
    about.key = before->key;
    about.seq_hint = (before->current ? before->current->order.last : 0) + 1;
    about.writer = s.on.meta.incarnation();
    body_writer out{s, *here.where, layout, std::move(about)};
    auto writing = out.write(body, sums, *code, how.length);
    auto stored = co_await writing;
    if (!stored) co_return std::unexpected(stored.error());
    if (stored->bytes > limits::put_bytes_max) co_return std::unexpected(entity_too_large);

    rows::version head;
    head.size = stored->bytes;
    head.etag.md5 = stored->sums.md5;
    head.storage_class = std::move(how.storage_class);
    head.checksums = kept(stored->sums.checksums);
    head.owner = how.owner.empty() ? before->bucket.owner : std::move(how.owner);
    head.attributes = kept(std::move(how.headers));
    head.layout = layout;
    std::optional<outlining> outlined;
    if (stored->run) {
        rows::layout whole;
        whole.extents.push_back(*stored->run);
        if (rows::encode(whole).size() <= detail::inline_layout_bytes) {
            head.inlined = std::move(whole);
        } else {
            auto outlining_it =
                outline(s, layout, std::move(whole), before->bucket.number, before->key);
            auto rows_written = co_await outlining_it;
            if (!rows_written) co_return std::unexpected(rows_written.error());
            head.outlined = rows_written->where;
            outlined = std::move(*rows_written);
        }
    }
    if (!stored->owed.empty()) s.short_puts.add();
    auto replace = std::make_shared<detail::replacement>(s, std::move(head));
    replace->outlined = std::move(outlined);
    replace->condition = std::move(how.condition);
    replace->owed = std::move(stored->owed);
    replace->spare = stored->spare;
    auto replacing = detail::replace_with(s, std::move(*before), replace);
    auto replaced = co_await replacing;
    if (replaced || !surely_not_committed(replaced.error())) out.keep();
    co_return replaced;
}

[[nodiscard]] inline task<result<removed>> remove(state& s, std::string bucket, std::string key,
                                                  remove_options how) {
    if (const auto good = check_key(key); !good) co_return std::unexpected(good.error());
    auto standing_up = stand(s, std::move(bucket), std::move(key));
    auto before = co_await standing_up;
    if (!before) co_return std::unexpected(before.error());
    removed out;
    if (!how.version.empty() && how.version != "null")
        co_return out;  // no such version: as S3 does
    const planner make = [&s, &how](const standing& now) -> result<plan> {
        plan wanted;
        std::string etag;
        if (now.current) etag = to_string(now.current->etag);
        const auto allowed = judge_write(how.condition, now.current ? &etag : nullptr);
        if (!allowed) return std::unexpected(allowed.error());
        if (!now.current) {
            wanted.nothing = true;
            return wanted;
        }
        wanted.changes.push_back({now.tip_row.key, std::nullopt});
        const auto released = release(s, now.tip_row.key, *now.current, now.root_row, wanted);
        if (!released) return std::unexpected(released.error());
        return wanted;
    };
    if (!before->current && how.condition.if_match.empty()) co_return out;
    auto committing = commit_on(s, std::move(*before), make);
    const auto committed = co_await committing;
    if (!committed) co_return std::unexpected(committed.error());
    out.was_there = committed->committed;
    co_return out;
}

}  // namespace rsx::object
