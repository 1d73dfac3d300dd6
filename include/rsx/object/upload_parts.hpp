// SPDX-License-Identifier: Apache-2.0

// The parts of an upload: stored like small objects, named by rows of the upload.
//
//     auto part = co_await object::put_part(s, "photos", "film.mp4", id, 1, {}, body, sums);
//     auto page = co_await object::list_parts(s, "photos", "film.mp4", id, 0, 1000);
//
// A part has an id and a layout of its own from the start, so completing an upload moves no data:
// the layouts are put one after the other. A part's commit compares the upload's row, which must be
// open; a part written again makes its predecessor garbage in the same commit.
#pragma once

#include <rsx/object/copy.hpp>
#include <rsx/object/uploads.hpp>

namespace rsx::object {

namespace detail {

[[nodiscard]] inline part_info shown(unsigned number, const rows::part& of) {
    part_info out;
    out.number = number;
    out.size = of.size;
    out.md5 = of.etag.md5;
    out.etag = to_string(of.etag);
    out.last_modified_ms = static_cast<std::int64_t>(of.modified_ms);
    out.checksums = object::shown(of.checksums);
    return out;
}

// Lets go of a part: its shards become garbage.
[[nodiscard]] inline status release_part(state& s, const std::string& row_key,
                                         const rows::part& old, plan& into) {
    if (!old.inlined && !old.outlined) return {};
    auto garbage = garbage_of(s, row_key);
    if (old.outlined) {
        into.changes.push_back({meta::key::layout_root(old.outlined->layout), std::nullopt});
        garbage.outlined = old.outlined->layout;
        garbage.rows = static_cast<std::uint16_t>(old.outlined->rows.size());
    } else {
        garbage.inlined = old.inlined;
    }
    auto value = rows::encode_within(garbage);
    if (!value) return std::unexpected(value.error());
    into.changes.push_back({meta::key::garbage(old.object, s.on.meta.new_id()), std::move(*value)});
    return {};
}

// While a Complete holds the upload: waits, at the end opens what a dead one has left locked.
[[nodiscard]] inline step wait_while_locked(state& s, open_upload& of) {
    const env& here = co_await this_env{};
    const nanos limit = here.where->now() + limits::upload_lock_max;
    while (of.value.locked != 0) {
        if (here.where->now() >= limit) {
            rows::upload opened = of.value;
            opened.locked = 0;
            meta::commit_request request;
            request.compares.push_back({of.row.key, of.row.at});
            request.changes.push_back({of.row.key, rows::encode(opened)});
            auto committing = s.on.meta.commit(std::move(request));
            const auto answer = co_await committing;
            if (!answer) co_return std::unexpected(answer.error());
        } else {
            step pause = sleep_for(std::chrono::milliseconds{100});
            const auto slept = co_await pause;
            if (!slept) co_return slept;
        }
        step loading = reload(s, of);
        const auto loaded = co_await loading;
        if (!loaded) co_return loaded;
    }
    co_return status{};
}

[[nodiscard]] inline task<result<bool>> commit_part(state& s, open_upload of, std::string part_key,
                                                    rows::part made, std::optional<outlining> lines,
                                                    std::vector<rows::owed_shard> owed) {
    meta::row old;
    old.key = part_key;
    std::vector<std::string> keys{part_key};
    auto getting = s.on.meta.store().get(std::move(keys), meta::reading::each);
    auto found = co_await getting;
    if (!found) co_return std::unexpected(found.error());
    old = std::move((*found)[0]);
    for (unsigned attempt = 0; attempt < limits::commit_tries_max; ++attempt) {
        step waiting = wait_while_locked(s, of);
        const auto waited = co_await waiting;
        if (!waited) co_return std::unexpected(waited.error());
        plan wanted;
        wanted.changes.push_back({part_key, rows::encode(made)});
        if (lines) lines->finish(wanted);
        if (!owed.empty()) {
            rows::ticket ticket;
            ticket.bucket = of.in.bucket.number;
            ticket.key = of.key;
            ticket.owed_count = owed.size();
            ticket.owed = owed;
            if (ticket.owed.size() > rows::ticket::owed_max)
                ticket.owed.resize(rows::ticket::owed_max);
            ticket.since_ms = made.modified_ms;
            ticket.upload = of.id.id;
            wanted.changes.push_back({meta::key::ticket(made.object), rows::encode(ticket)});
        }
        if (!old.absent()) {
            const auto before = rows::decode<rows::part>(old.value);
            if (!before) co_return std::unexpected(before.error());
            const auto released = release_part(s, part_key, *before, wanted);
            if (!released) co_return std::unexpected(released.error());
        }
        meta::commit_request request;
        request.compares.push_back({of.row.key, of.row.at});
        request.compares.push_back({part_key, old.at});
        request.changes = std::move(wanted.changes);
        auto committing = s.on.meta.commit(std::move(request));
        auto answer = co_await committing;
        if (!answer) co_return std::unexpected(answer.error());
        if (answer->committed()) co_return true;
        for (meta::row& row : answer->differ) {
            if (row.key == part_key) {
                old = std::move(row);
                continue;
            }
            const auto taken = take_upload(of, std::move(row));
            if (!taken) co_return std::unexpected(taken.error());
        }
    }
    co_return std::unexpected(too_many_conflicts);
}

}  // namespace detail

[[nodiscard]] inline task<result<part_info>> put_part(state& s, std::string bucket, std::string key,
                                                      std::string upload, unsigned number,
                                                      part_options how, source& body,
                                                      digester& sums) {
    if (number < 1 || number > limits::parts_max) co_return std::unexpected(invalid_part_number);
    if (how.length && *how.length > limits::part_bytes_max)
        co_return std::unexpected(entity_too_large);
    const env& here = co_await this_env{};
    auto opening = detail::open(s, std::move(bucket), std::move(key), upload);
    auto of = co_await opening;
    if (!of) co_return std::unexpected(of.error());
    const auto code = chosen_code(s, of->in.bucket, code_of_text(of->value.code));
    if (!code) co_return std::unexpected(code.error());

    rows::part made;
    made.object = s.on.meta.new_id();
    subject about;
    about.bucket = of->in.bucket.number;
    about.key = of->key;
    about.upload = upload;
    about.part = number;
    about.writer = s.on.meta.incarnation();
    body_writer out{s, *here.where, made.object, std::move(about)};
    auto writing = out.write(body, sums, *code, how.length);
    auto stored = co_await writing;
    if (!stored) co_return std::unexpected(stored.error());
    if (stored->bytes > limits::part_bytes_max) co_return std::unexpected(entity_too_large);

    made.size = stored->bytes;
    made.etag.md5 = stored->sums.md5;
    made.checksums = kept(stored->sums.checksums);
    made.modified_ms = static_cast<std::uint64_t>(s.on.wall.now_ms());
    std::optional<outlining> lines;
    if (stored->run) {
        rows::layout whole;
        whole.extents.push_back(*stored->run);
        if (rows::encode(whole).size() <= detail::inline_layout_bytes) {
            made.inlined = std::move(whole);
        } else {
            auto outlining_it =
                outline(s, made.object, std::move(whole), of->in.bucket.number, of->key);
            auto written_rows = co_await outlining_it;
            if (!written_rows) co_return std::unexpected(written_rows.error());
            made.outlined = written_rows->where;
            lines = std::move(*written_rows);
        }
    }
    const std::string part_key = meta::key::part(of->id.id, static_cast<std::uint16_t>(number));
    auto waiting = s.keys.take(part_key);
    auto turn = co_await waiting;
    if (!turn) co_return std::unexpected(turn.error());
    auto committing =
        detail::commit_part(s, std::move(*of), part_key, made, lines, std::move(stored->owed));
    auto alone = sheltered(std::move(committing));
    const auto committed = co_await alone;
    if (!committed) {
        if (!surely_not_committed(committed.error()))
            out.keep();
        else if (lines)
            s.detach_here(discard(s, *lines));
        co_return std::unexpected(committed.error());
    }
    out.keep();
    co_return detail::shown(number, made);
}

[[nodiscard]] inline task<result<part_info>> copy_part(
    state& s, copy_source from, std::optional<std::pair<std::uint64_t, std::uint64_t>> range,
    std::string bucket, std::string key, std::string upload, unsigned number, digester& sums) {
    auto opening = open_source(s, std::move(from));
    auto opened = co_await opening;
    if (!opened) co_return std::unexpected(opened.error());
    reader& source = **opened;
    part_options how;
    how.length = source.info().size;
    if (range) {
        const bool inside =
            range->first < source.info().size && range->second <= source.info().size - range->first;
        if (!inside) co_return std::unexpected(invalid_range);
        const auto selected = source.select(range->first, range->second);
        if (!selected) co_return std::unexpected(selected.error());
        how.length = range->second;
    }
    reader_source body{source};
    auto putting =
        put_part(s, std::move(bucket), std::move(key), std::move(upload), number, how, body, sums);
    co_return co_await putting;
}

[[nodiscard]] inline task<result<parts_page>> list_parts(state& s, std::string bucket,
                                                         std::string key, std::string upload,
                                                         unsigned after, unsigned max_parts) {
    auto opening = detail::open(s, std::move(bucket), std::move(key), std::move(upload));
    const auto of = co_await opening;
    if (!of) co_return std::unexpected(of.error());
    parts_page out;
    out.upload = detail::shown(of->key, of->id, of->value);
    max_parts = std::min(max_parts, limits::parts_max);
    if (max_parts == 0 || after >= limits::parts_max) co_return out;
    meta::range rest = meta::key::parts_of(of->id.id, static_cast<std::uint16_t>(after));
    for (;;) {
        meta::scan_limits limit;
        limit.rows = std::min<std::size_t>(max_parts - out.parts.size() + 1, limits::scan_rows_max);
        std::vector<meta::range> ranges{rest};
        auto scanning = s.on.meta.store().scan(std::move(ranges), limit, meta::reading::each);
        const auto page = co_await scanning;
        if (!page) co_return std::unexpected(page.error());
        for (const meta::row& row : page->rows[0]) {
            if (out.parts.size() == max_parts) {
                out.truncated = true;
                out.next = out.parts.back().number;
                co_return out;
            }
            const auto name = meta::key::parse_part(row.key);
            if (!name) co_return std::unexpected(name.error());
            const auto value = rows::decode<rows::part>(row.value);
            if (!value) co_return std::unexpected(value.error());
            out.parts.push_back(detail::shown(name->number, *value));
        }
        if (!page->more[0]) co_return out;
        rest.from = page->rows[0].back().key + '\0';
    }
}

}  // namespace rsx::object
