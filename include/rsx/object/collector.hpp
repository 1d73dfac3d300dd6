// SPDX-License-Identifier: Apache-2.0

// The collector: erases what nobody can want any more, and works off what was left to do.
//
//     object::collector collector{engine.state()};
//     auto pass = co_await collector.pass();            // again and again, by one process or by
//     many pass->shards_erased;
//
// Garbage rows name shards that no row refers to. Whoever read the old row before it went may still
// be reading its shards; so a pass notes the rows first, then waits for a barrier (every operation
// that any live process had begun has ended), and only then erases. A row goes when every shard it
// names has been erased by its node; a node that is away keeps its rows waiting.
//
// Notes of work (`z`): the parts of an upload that has ended, the rows of a layout whose writer
// died, the rest of a removed bucket. Answers of completed uploads are forgotten after a day. All
// of it is idempotent, and two collectors do each other no harm. One loop's; holds no operation.
#pragma once

#include <rsx/object/upload_complete.hpp>
#include <rsx/object/walk.hpp>

namespace rsx::object {

struct collected {
    std::size_t garbage_rows{0};  // worked off
    std::size_t garbage_left{0};  // nodes are away
    std::size_t shards_erased{0};
    std::size_t notes{0};
};

class collector {
public:
    explicit collector(state& s) : s_{s} {}

    [[nodiscard]] task<result<collected>> pass() {
        collected out;
        auto noting = work_off_notes(out);
        const auto noted = co_await noting;
        if (!noted) co_return std::unexpected(noted.error());
        auto listing = rows_of_kind(s_, meta::kind::garbage, limits::garbage_rows_max);
        auto rows = co_await listing;
        if (!rows) co_return std::unexpected(rows.error());
        if (rows->empty()) co_return out;
        step waiting = s_.on.meta.barrier();
        const auto waited = co_await waiting;
        if (!waited) co_return std::unexpected(waited.error());
        for (const meta::row& row : *rows) {
            auto collecting = collect(row, out);
            const auto done = co_await collecting;
            if (!done) co_return std::unexpected(done.error());
            if (*done)
                ++out.garbage_rows;
            else
                ++out.garbage_left;
        }
        co_return out;
    }

    // Passes, with a pause in between, until asked to stop.
    [[nodiscard]] step run(nanos pause) {
        for (;;) {
            auto passing = pass();
            const auto done = co_await passing;
            if (!done && done.error().code == errc::cancelled)
                co_return std::unexpected(done.error());
            if (!done)
                log::line{log::level::warn, "garbage collection failed"}
                    .with("error", done.error())
                    .to(s_.on.log);
            step sleeping = sleep_for(pause);
            const auto slept = co_await sleeping;
            if (!slept) co_return slept;
        }
    }

private:
    // False: a node was away, so the row stays.
    [[nodiscard]] task<result<bool>> collect(meta::row row, collected& out) {
        const auto name = meta::key::parse_garbage(row.key);
        if (!name) co_return std::unexpected(name.error());
        auto garbage = rows::decode<rows::garbage>(row.value);
        if (!garbage) co_return std::unexpected(garbage.error());
        bool all = true;
        if (garbage->inlined) {
            auto erasing = erase_layout(name->layout, *garbage->inlined, out);
            all = co_await erasing;
        }
        for (const rows::shard_copy& copy : garbage->copies) {
            const shard::id which{.hash = copy.hash,
                                  .object = copy.object,
                                  .chunk = copy.chunk,
                                  .index = copy.index,
                                  .write = copy.write};
            auto erasing = erase({copy.node, copy.incarnation}, which, out);
            const bool erased = co_await erasing;
            all = all && erased;
        }
        std::vector<std::string> layout_rows;
        for (std::uint16_t n = 0; garbage->outlined && n < garbage->rows; ++n) {
            auto loading = load_layout_row(s_, *garbage->outlined, n);
            const auto piece = co_await loading;
            if (!piece && piece.error().code == errc::not_found) continue;  // erased the last time
            if (!piece) co_return std::unexpected(piece.error());
            auto erasing = erase_layout(*garbage->outlined, *piece, out);
            const bool erased = co_await erasing;
            all = all && erased;
            layout_rows.push_back(meta::key::layout(*garbage->outlined, n));
        }
        if (!all) co_return false;
        auto finishing = erase_rows(std::move(layout_rows));
        const auto finished = co_await finishing;
        if (!finished) co_return std::unexpected(finished.error());
        meta::commit_request request;
        request.compares.push_back({row.key, row.at});
        request.changes.push_back({row.key, std::nullopt});
        auto committing = s_.on.meta.commit(std::move(request));
        const auto answer = co_await committing;
        if (!answer) co_return std::unexpected(answer.error());
        co_return true;
    }

    [[nodiscard]] step erase_rows(std::vector<std::string> keys) {
        while (!keys.empty()) {
            meta::commit_request request;
            while (!keys.empty() && request.changes.size() + 2 < limits::commit_changes_max) {
                request.changes.push_back({std::move(keys.back()), std::nullopt});
                keys.pop_back();
            }
            auto committing = s_.on.meta.commit(std::move(request));
            const auto answer = co_await committing;
            if (!answer) co_return std::unexpected(answer.error());
        }
        co_return status{};
    }

    [[nodiscard]] task<bool> erase_layout(object_id layout, rows::layout of, collected& out) {
        bool all = true;
        for (const rows::extent& run : of.extents) {
            if (!check(run)) continue;
            for (std::uint32_t c = 0; c < run.chunks(); ++c) {
                const chunk which = chunk_of(layout, run, c);
                std::vector<task<result<bool>>> work;
                for (unsigned i = 0; i < which.places.size(); ++i)
                    if (which.places[i].state != rows::presence::missing)
                        work.push_back(erase_one(which.places[i].where, which.shard(i)));
                const std::size_t count = work.size();
                auto erasing = gather(std::move(work));
                const auto done = co_await erasing;
                for (std::size_t i = 0; i < count; ++i) {
                    const bool erased = done[i] && *done[i];
                    out.shards_erased += erased ? 1u : 0u;
                    all = all && erased;
                }
            }
        }
        co_return all;
    }
    [[nodiscard]] task<bool> erase(holder where, shard::id which, collected& out) {
        auto erasing = erase_one(where, which);
        const auto done = co_await erasing;
        const bool erased = done && *done;
        out.shards_erased += erased ? 1u : 0u;
        co_return erased;
    }
    // Answers whether it is surely gone.
    [[nodiscard]] task<result<bool>> erase_one(holder where, shard::id which) {
        const env& here = co_await this_env{};
        shard::any_store* store = s_.on.nodes.find(where);
        if (store == nullptr || s_.health.avoid(where, here.where->now())) co_return false;
        step erasing = store->erase(which);
        step limited = within(limits::call_time_max, std::move(erasing));
        const auto erased = co_await limited;
        if (erased)
            s_.health.fine(where);
        else
            s_.health.failed(where, here.where->now());
        co_return erased.has_value();
    }

    // --- notes ---------------------------------------------------------------------------------
    [[nodiscard]] step work_off_notes(collected& out) {
        auto listing = rows_of_kind(s_, meta::kind::cleanup, limits::garbage_rows_max);
        auto notes = co_await listing;
        if (!notes) co_return std::unexpected(notes.error());
        for (const meta::row& row : *notes) {
            const auto note = rows::decode<rows::cleanup>(row.value);
            if (!note) co_return std::unexpected(note.error());
            result<bool> done = false;
            if (note->kind == rows::cleanup_kind::upload_ended) {
                auto ending = end_upload(*note);
                done = co_await ending;
            } else if (note->kind == rows::cleanup_kind::layout_begun) {
                auto undoing = undo_layout(*note);
                done = co_await undoing;
            } else if (note->kind == rows::cleanup_kind::bucket_gone) {
                auto clearing = clear_bucket(*note);
                done = co_await clearing;
            }
            if (!done) co_return std::unexpected(done.error());
            if (!*done) continue;
            meta::commit_request request;
            request.compares.push_back({row.key, row.at});
            request.changes.push_back({row.key, std::nullopt});
            auto committing = s_.on.meta.commit(std::move(request));
            const auto answer = co_await committing;
            if (!answer) co_return std::unexpected(answer.error());
            ++out.notes;
        }
        step forgetting = forget_answers();
        co_return co_await forgetting;
    }

    // The upload's row is gone, so its parts stand still: used ones only lose their row.
    [[nodiscard]] task<result<bool>> end_upload(rows::cleanup note) {
        auto scanning = detail::all_parts(s_, note.id);
        auto parts = co_await scanning;
        if (!parts) co_return std::unexpected(parts.error());
        for (const auto& [number, part] : *parts) {
            const std::string key = meta::key::part(note.id, static_cast<std::uint16_t>(number));
            plan wanted;
            wanted.changes.push_back({key, std::nullopt});
            if (!rows::has_part(note.used, number)) {
                const auto released = detail::release_part(s_, key, part, wanted);
                if (!released) co_return std::unexpected(released.error());
            } else if (part.outlined) {
                const auto lines = part.outlined->rows.size();
                for (std::size_t n = 0; n < lines; ++n)
                    wanted.changes.push_back(
                        {meta::key::layout(part.outlined->layout, static_cast<std::uint16_t>(n)),
                         std::nullopt});
                wanted.changes.push_back(
                    {meta::key::layout_root(part.outlined->layout), std::nullopt});
            }
            std::vector<std::string> keys{key};
            auto getting = s_.on.meta.store().get(std::move(keys), meta::reading::each);
            auto found = co_await getting;
            if (!found) co_return std::unexpected(found.error());
            if ((*found)[0].absent()) continue;  // another collector was here
            meta::commit_request request;
            request.compares.push_back({key, (*found)[0].at});
            request.changes = std::move(wanted.changes);
            auto committing = s_.on.meta.commit(std::move(request));
            const auto answer = co_await committing;
            if (!answer) co_return std::unexpected(answer.error());
        }
        co_return true;
    }

    // Rows of a layout that was never named, because the process that wrote them has died.
    [[nodiscard]] task<result<bool>> undo_layout(rows::cleanup note) {
        if (note.incarnation == s_.on.meta.incarnation()) co_return false;
        std::vector<std::string> keys{meta::key::session(note.incarnation),
                                      meta::key::layout_root(note.id)};
        auto getting = s_.on.meta.store().get(std::move(keys), meta::reading::at_once);
        const auto found = co_await getting;
        if (!found) co_return std::unexpected(found.error());
        if (!(*found)[0].absent() || !(*found)[1].absent()) co_return false;
        std::vector<std::string> lines;
        for (std::uint16_t n = 0; n < note.rows; ++n)
            lines.push_back(meta::key::layout(note.id, n));
        step erasing = erase_rows(std::move(lines));
        const auto erased = co_await erasing;
        if (!erased) co_return std::unexpected(erased.error());
        co_return true;
    }

    // A removed bucket's uploads are given up; what only configured it is erased.
    [[nodiscard]] task<result<bool>> clear_bucket(rows::cleanup note) {
        std::vector<std::string> lines;
        std::vector<meta::range> all;
        all.push_back(meta::key::uploads_of(note.bucket));
        all.push_back(meta::key::configurations_of(note.bucket));
        all.push_back(meta::key::usage_of(note.bucket));
        for (meta::range& rest : all) {
            for (;;) {
                std::vector<meta::range> ranges{rest};
                const meta::scan_limits limit{};
                auto scanning =
                    s_.on.meta.store().scan(std::move(ranges), limit, meta::reading::each);
                auto page = co_await scanning;
                if (!page) co_return std::unexpected(page.error());
                for (const meta::row& row : page->rows[0]) {
                    lines.push_back(row.key);
                    const auto name = meta::key::parse_upload(row.key);
                    if (!name) continue;
                    rows::cleanup ended;
                    ended.kind = rows::cleanup_kind::upload_ended;
                    ended.id = name->id;
                    ended.bucket = note.bucket;
                    ended.since_ms = note.since_ms;
                    meta::commit_request request;
                    request.compares.push_back({row.key, row.at});
                    request.changes.push_back({row.key, std::nullopt});
                    request.changes.push_back(
                        {meta::key::cleanup(s_.on.meta.new_id()), rows::encode(ended)});
                    auto committing = s_.on.meta.commit(std::move(request));
                    const auto answer = co_await committing;
                    if (!answer) co_return std::unexpected(answer.error());
                    lines.pop_back();
                }
                if (!page->more[0]) break;
                rest.from = page->rows[0].back().key + '\0';
            }
        }
        step erasing = erase_rows(std::move(lines));
        const auto erased = co_await erasing;
        if (!erased) co_return std::unexpected(erased.error());
        co_return true;
    }

    [[nodiscard]] step forget_answers() {
        auto listing = rows_of_kind(s_, meta::kind::finished, limits::garbage_rows_max);
        const auto answers = co_await listing;
        if (!answers) co_return std::unexpected(answers.error());
        constexpr auto kept_ms =
            std::uint64_t{std::chrono::milliseconds{limits::finished_kept}.count()};
        const auto now = static_cast<std::uint64_t>(s_.on.wall.now_ms());
        std::vector<std::string> old;
        for (const meta::row& row : *answers) {
            const auto value = rows::decode<rows::finished>(row.value);
            if (!value) co_return std::unexpected(value.error());
            if (value->finished_ms + kept_ms < now) old.push_back(row.key);
        }
        step erasing = erase_rows(std::move(old));
        co_return co_await erasing;
    }

    state& s_;
};

}  // namespace rsx::object
