// SPDX-License-Identifier: Apache-2.0

// Layouts too long for the row that names them: written to rows of their own, and read back.
//
//     auto outlined = co_await object::outline(s, lid, std::move(layout));
//     version.outlined = outlined->where;       // then, in the commit that names it:
//     outlined->finish(plan);                   // the root appears, the work note goes
//
// The rows are written first, under a note in the name of this process's incarnation: should it die
// before the commit that names them, whoever clears up after it erases them. Rows of a layout
// are never changed but by healing, so a reader may take them one at a time.
#pragma once

#include <rsx/object/commit.hpp>

namespace rsx::object {

struct outlining {
    rows::outline where{};
    std::string note_key{};
    rows::layout_root root{};

    void finish(plan& into) const {
        into.changes.push_back({meta::key::layout_root(where.layout), rows::encode(root)});
        into.changes.push_back({note_key, std::nullopt});
    }
};

[[nodiscard]] inline task<result<outlining>> outline(state& s, object_id layout, rows::layout whole,
                                                     std::uint64_t bucket, std::string key) {
    outlining out;
    out.where.layout = layout;
    out.where.parts = static_cast<std::uint32_t>(whole.parts.size());
    out.root.bucket = bucket;
    out.root.key = std::move(key);
    auto pieces = rows::split(std::move(whole));
    out.root.rows = static_cast<std::uint16_t>(pieces.size());

    const object_id note_id = s.on.meta.new_id();
    out.note_key = meta::key::cleanup(note_id);
    rows::cleanup note;
    note.kind = rows::cleanup_kind::layout_begun;
    note.id = layout;
    note.incarnation = s.on.meta.incarnation();
    note.rows = out.root.rows;
    note.bucket = bucket;
    note.since_ms = static_cast<std::uint64_t>(s.on.wall.now_ms());
    meta::commit_request request;
    request.changes.push_back({out.note_key, rows::encode(note)});
    std::size_t bytes = 0;
    for (std::size_t n = 0; n <= pieces.size(); ++n) {
        std::string value;
        if (n < pieces.size()) value = rows::encode(pieces[n]);
        if (n == pieces.size() ||
            (bytes > 0 && bytes + value.size() > 3 * limits::commit_bytes_max / 4)) {
            auto committing = s.on.meta.commit(std::move(request));
            auto alone = sheltered(std::move(committing));
            const auto answer = co_await alone;
            if (!answer) co_return std::unexpected(answer.error());
            request = {};
            bytes = 0;
        }
        if (n == pieces.size()) break;
        rows::outline_row where;
        if (!pieces[n].extents.empty()) {
            where.offset = pieces[n].extents.front().offset;
            where.part = pieces[n].extents.front().part;
        }
        out.where.rows.push_back(where);
        bytes += value.size();
        request.changes.push_back(
            {meta::key::layout(layout, static_cast<std::uint16_t>(n)), std::move(value)});
    }
    co_return std::move(out);
}

// Erases rows that nothing names, if surely nothing does.
[[nodiscard]] inline step discard(state& s, outlining what) {
    meta::commit_request request;
    for (std::size_t n = 0; n < what.where.rows.size(); ++n)
        request.changes.push_back(
            {meta::key::layout(what.where.layout, static_cast<std::uint16_t>(n)), std::nullopt});
    while (request.changes.size() + 2 > limits::commit_changes_max) {
        meta::commit_request some;
        const auto split = request.changes.end() - std::ptrdiff_t{limits::commit_changes_max / 2};
        some.changes.assign(std::make_move_iterator(split),
                            std::make_move_iterator(request.changes.end()));
        request.changes.erase(split, request.changes.end());
        auto committing = s.on.meta.commit(std::move(some));
        const auto answer = co_await committing;
        if (!answer) co_return std::unexpected(answer.error());
    }
    request.changes.push_back({what.note_key, std::nullopt});
    auto committing = s.on.meta.commit(std::move(request));
    const auto answer = co_await committing;
    if (!answer) co_return std::unexpected(answer.error());
    co_return status{};
}

[[nodiscard]] inline task<result<rows::layout>> load_layout_row(state& s, object_id layout,
                                                                std::uint16_t n) {
    std::vector<std::string> keys{meta::key::layout(layout, n)};
    auto getting = s.on.meta.store().get(std::move(keys), meta::reading::each);
    auto found = co_await getting;
    if (!found) co_return std::unexpected(found.error());
    if ((*found)[0].absent()) co_return fail(errc::not_found, "a row of a layout is gone", n);
    co_return rows::decode<rows::layout>((*found)[0].value);
}

// All of an outlined layout, its rows joined.
[[nodiscard]] inline task<result<rows::layout>> load_layout(state& s, rows::outline where) {
    rows::layout whole;
    for (std::size_t n = 0; n < where.rows.size(); ++n) {
        auto loading = load_layout_row(s, where.layout, static_cast<std::uint16_t>(n));
        auto piece = co_await loading;
        if (!piece) co_return std::unexpected(piece.error());
        for (auto& run : piece->extents) whole.extents.push_back(std::move(run));
        for (auto& part : piece->parts) whole.parts.push_back(std::move(part));
    }
    co_return std::move(whole);
}

}  // namespace rsx::object
