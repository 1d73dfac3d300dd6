// SPDX-License-Identifier: Apache-2.0

// Completing an upload: lock, read the parts, one commit.
//
//     auto whole = co_await object::complete(s, "photos", "film.mp4", id, parts, {}, composer);
//
// 1  The upload's row is locked by a nonce of ours: no part can be committed any more, because each
//    compares that row. A lock of somebody else is taken over; he will find it gone.
// 2  The parts are read, which now stand still, checked, and laid end to end.
// 3  One commit: the upload goes, the object comes, its answer is noted for whoever asks again, and
//    so is which parts were used. Conditions are judged here, on the row that is replaced.
// A refusal unlocks. A death in between leaves a lock that the next one takes over.
#pragma once

#include <rsx/object/upload_parts.hpp>

namespace rsx::object {

namespace detail {

// Tells one list of parts from another, for a Complete that is asked again.
[[nodiscard]] inline std::vector<std::byte> digest_of(const std::vector<completed_part>& parts) {
    std::string text;
    for (const auto& part : parts) text += std::to_string(part.number) + '=' + part.etag + '\n';
    std::vector<std::byte> out(16);
    store_le(byte_span{out}, xxhash64(bytes_of(text), 0));
    store_le(byte_span{out}.subspan(8), xxhash64(bytes_of(text), 1));
    return out;
}

// The answer of the Complete that was first, if it was asked for the same.
[[nodiscard]] inline task<result<info>> answer_again(state& s, const open_upload& of,
                                                     std::vector<std::byte> digest) {
    std::vector<std::string> keys{meta::key::finished(of.id.id)};
    auto getting = s.on.meta.store().get(std::move(keys), meta::reading::each);
    auto found = co_await getting;
    if (!found) co_return std::unexpected(found.error());
    if ((*found)[0].absent()) co_return std::unexpected(no_such_upload);
    const auto value = rows::decode<rows::finished>((*found)[0].value);
    if (!value) co_return std::unexpected(value.error());
    if (value->bucket != of.in.bucket.number || value->key != of.key ||
        value->parts_digest != digest)
        co_return std::unexpected(no_such_upload);
    info out;
    out.bucket = value->bucket;
    out.key = value->key;
    out.etag = to_string(value->etag);
    out.parts = value->etag.parts;
    out.checksums = object::shown(value->checksums);
    out.last_modified_ms = static_cast<std::int64_t>(value->finished_ms);
    if (!value->version_id.empty()) out.version = value->version_id;
    co_return out;
}

// Locks with a nonce of ours, whoever has locked it before.
[[nodiscard]] inline step lock(state& s, open_upload& of) {
    for (unsigned attempt = 0; attempt < limits::commit_tries_max; ++attempt) {
        rows::upload locked = of.value;
        do locked.locked = s.on.random.u64();
        while (locked.locked == 0);
        meta::commit_request request;
        request.compares.push_back({of.row.key, of.row.at});
        request.changes.push_back({of.row.key, rows::encode(locked)});
        auto committing = s.on.meta.commit(std::move(request));
        auto answer = co_await committing;
        if (!answer) co_return std::unexpected(answer.error());
        if (answer->committed()) {
            of.row.at = answer->at;
            of.value = std::move(locked);
            co_return status{};
        }
        const auto taken = take_upload(of, std::move(answer->differ.front()));
        if (!taken) co_return taken;
    }
    co_return std::unexpected(too_many_conflicts);
}

[[nodiscard]] inline step unlock(state& s, open_upload of) {
    of.value.locked = 0;
    meta::commit_request request;
    request.compares.push_back({of.row.key, of.row.at});
    request.changes.push_back({of.row.key, rows::encode(of.value)});
    auto committing = s.on.meta.commit(std::move(request));
    const auto answer = co_await committing;
    if (!answer) co_return std::unexpected(answer.error());
    co_return status{};
}

// All parts of an upload that stands still.
[[nodiscard]] inline task<result<std::map<unsigned, rows::part>>> all_parts(state& s,
                                                                            object_id upload) {
    std::map<unsigned, rows::part> out;
    meta::range rest = meta::key::parts_of(upload);
    for (;;) {
        std::vector<meta::range> ranges{rest};
        const meta::scan_limits limit{};
        auto scanning = s.on.meta.store().scan(std::move(ranges), limit, meta::reading::each);
        const auto page = co_await scanning;
        if (!page) co_return std::unexpected(page.error());
        for (const meta::row& row : page->rows[0]) {
            const auto name = meta::key::parse_part(row.key);
            if (!name) co_return std::unexpected(name.error());
            auto value = rows::decode<rows::part>(row.value);
            if (!value) co_return std::unexpected(value.error());
            out.emplace(name->number, std::move(*value));
        }
        if (!page->more[0]) co_return std::move(out);
        rest.from = page->rows[0].back().key + '\0';
    }
}

// Whether these parts may become an object.
[[nodiscard]] inline result<void> judge_parts(const std::map<unsigned, rows::part>& there,
                                              const std::vector<completed_part>& wanted) {
    if (wanted.empty()) return std::unexpected(invalid_part);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (i > 0 && wanted[i].number <= wanted[i - 1].number)
            return std::unexpected(invalid_part_order);
        const auto found = there.find(wanted[i].number);
        if (found == there.end() || to_string(found->second.etag) != wanted[i].etag)
            return std::unexpected(invalid_part);
        const auto sums = object::shown(found->second.checksums);
        for (const checksum& given : wanted[i].checksums)
            for (const checksum& known : sums)
                if (known.kind == given.kind && known.value != given.value)
                    return std::unexpected(invalid_part);
    }
    for (std::size_t i = 0; i + 1 < wanted.size(); ++i)
        if (there.at(wanted[i].number).size < limits::part_bytes_min)
            return std::unexpected(entity_too_small);
    return {};
}

struct joined {
    rows::layout whole{};
    std::uint64_t bytes{0};
    std::vector<part_info> parts{};
    std::vector<std::byte> used{};
    std::vector<rows::owed_shard> owed{};
};

// The layouts of the parts, end to end.
[[nodiscard]] inline task<result<joined>> join(state& s, std::map<unsigned, rows::part> there,
                                               std::vector<completed_part> wanted) {
    joined out;
    for (const completed_part& each : wanted) {
        rows::part& part = there.at(each.number);
        rows::layout own;
        if (part.inlined) own = std::move(*part.inlined);
        if (part.outlined) {
            auto loading = load_layout(s, *part.outlined);
            auto loaded = co_await loading;
            if (!loaded) co_return std::unexpected(loaded.error());
            own = std::move(*loaded);
        }
        for (rows::extent& run : own.extents) {
            run.offset += out.bytes;
            run.part = each.number;
            for (std::size_t i = 0; i < run.shards.places.size(); ++i) {
                const auto state = run.shards.places[i].state;
                if (state == rows::presence::present) continue;
                out.owed.push_back(
                    {.chunk = run.first_chunk + static_cast<std::uint32_t>(i / run.width()),
                     .index = static_cast<std::uint16_t>(i % run.width()),
                     .kind = state == rows::presence::missing ? rows::owed_kind::missing
                                                              : rows::owed_kind::away});
            }
            out.whole.extents.push_back(std::move(run));
        }
        rows::part_entry entry;
        entry.number = each.number;
        entry.offset = out.bytes;
        entry.bytes = part.size;
        entry.etag = part.etag;
        entry.checksums = part.checksums;
        out.whole.parts.push_back(std::move(entry));
        part_info about = shown(each.number, part);
        about.offset = out.bytes;
        out.parts.push_back(std::move(about));
        out.bytes += part.size;
        rows::set_part(out.used, each.number);
    }
    co_return std::move(out);
}

[[nodiscard]] inline task<result<info>> complete_locked(state& s, open_upload& of,
                                                        std::vector<completed_part> parts,
                                                        complete_options how, composer& sums) {
    auto scanning = all_parts(s, of.id.id);
    auto there = co_await scanning;
    if (!there) co_return std::unexpected(there.error());
    const auto allowed = judge_parts(*there, parts);
    if (!allowed) co_return std::unexpected(allowed.error());
    auto digest = digest_of(parts);
    auto joining = join(s, std::move(*there), std::move(parts));
    auto all = co_await joining;
    if (!all) co_return std::unexpected(all.error());
    if (all->bytes > limits::object_bytes_max) co_return std::unexpected(entity_too_large);
    if (how.length && *how.length != all->bytes) co_return std::unexpected(incomplete_body);
    auto digests = sums.compose(all->parts);
    if (!digests) co_return std::unexpected(digests.error());

    rows::version head;
    head.size = all->bytes;
    head.etag.md5 = digests->md5;
    head.etag.parts = static_cast<std::uint32_t>(all->parts.size());
    head.storage_class = of.value.storage_class;
    head.checksums = kept(digests->checksums);
    head.owner = of.value.owner;
    head.attributes = of.value.attributes;
    head.attributes_at = of.value.attributes_at;
    head.layout = of.value.layout;
    head.upload = of.id.id;
    std::optional<outlining> lines;
    if (all->bytes > 0 || !all->whole.parts.empty()) {
        if (rows::encode(all->whole).size() <= inline_layout_bytes) {
            head.inlined = std::move(all->whole);
        } else {
            auto outlining_it =
                outline(s, head.layout, std::move(all->whole), of.in.bucket.number, of.key);
            auto written_rows = co_await outlining_it;
            if (!written_rows) co_return std::unexpected(written_rows.error());
            head.outlined = written_rows->where;
            lines = std::move(*written_rows);
        }
    }
    auto replace = std::make_shared<replacement>(s, std::move(head));
    replace->outlined = std::move(lines);
    replace->condition = std::move(how.condition);
    replace->owed = std::move(all->owed);
    replace->also = [&s, &of, used = std::move(all->used), digest = std::move(digest),
                     with = replace.get()](const standing& now, plan& into) -> status {
        for (const meta::row& row : now.others)
            if (row.key == of.row.key) return std::unexpected(operation_aborted);
        into.compares.push_back({of.row.key, of.row.at});
        into.changes.push_back({of.row.key, std::nullopt});
        rows::finished answer;
        answer.bucket = now.bucket.number;
        answer.key = of.key;
        answer.parts_digest = digest;
        answer.etag = with->head.etag;
        answer.checksums = with->head.checksums;
        answer.finished_ms = with->head.modified_ms;
        auto encoded = rows::encode_within(answer);
        if (!encoded) return std::unexpected(encoded.error());
        into.changes.push_back({meta::key::finished(of.id.id), std::move(*encoded)});
        rows::cleanup note;
        note.kind = rows::cleanup_kind::upload_ended;
        note.id = of.id.id;
        note.used = used;
        note.bucket = now.bucket.number;
        note.since_ms = with->head.modified_ms;
        into.changes.push_back({meta::key::cleanup(s.on.meta.new_id()), rows::encode(note)});
        return {};
    };
    auto standing_up = stand(s, of.in.name, of.key);
    auto before = co_await standing_up;
    if (!before) co_return std::unexpected(before.error());
    if (before->bucket.number != of.in.bucket.number) co_return std::unexpected(no_such_bucket);
    auto replacing = replace_with(s, std::move(*before), replace);
    auto done = co_await replacing;
    replace->also = {};
    co_return done;
}

}  // namespace detail

[[nodiscard]] inline task<result<info>> complete(state& s, std::string bucket, std::string key,
                                                 std::string upload,
                                                 std::vector<completed_part> parts,
                                                 complete_options how, composer& sums) {
    for (const auto& part : parts)
        if (part.number < 1 || part.number > limits::parts_max)
            co_return std::unexpected(invalid_part_number);
    auto naming = detail::name_upload(s, std::move(bucket), std::move(key), std::move(upload));
    auto of = co_await naming;
    if (!of) co_return std::unexpected(of.error());
    step loading = detail::reload(s, *of);
    auto there = co_await loading;
    if (there) {
        step locking = detail::lock(s, *of);
        there = co_await locking;
    }
    if (!there) {
        if (there.error() != no_such_upload) co_return std::unexpected(there.error());
        auto again = detail::answer_again(s, *of, detail::digest_of(parts));
        co_return co_await again;
    }
    auto completing = detail::complete_locked(s, *of, std::move(parts), std::move(how), sums);
    auto done = co_await completing;
    if (!done && surely_not_committed(done.error()) && done.error() != operation_aborted) {
        step unlocking = detail::unlock(s, *of);
        step alone = sheltered(std::move(unlocking));
        (void)co_await alone;
    }
    co_return done;
}

}  // namespace rsx::object
