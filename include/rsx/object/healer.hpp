// SPDX-License-Identifier: Apache-2.0

// The healer: works off tickets, so that what is owed is written again and what is away comes home.
//
//     object::healer healer{engine.state(), budget};
//     auto pass = co_await healer.pass();
//     pass->shards_rebuilt;  pass->tickets_left;
//
// A ticket names a layout that is not whole. The healer looks at the row that holds the layout now,
// checks what the ticket doubts, rebuilds what is missing, corrupt or away from home where
// placement would have it today, and commits the new places under compare of that row: an object
// that was replaced or moved meanwhile is not touched, and what was made for it is erased. The copy
// a shard had before becomes garbage in the same commit. A ticket goes only when nothing is owed
// any more. Several healers do each other no harm. One loop's.
#pragma once

#include <rsx/object/layouts.hpp>
#include <rsx/object/rebuild.hpp>
#include <rsx/object/upload_complete.hpp>
#include <rsx/object/walk.hpp>

namespace rsx::object {

struct healed {
    std::size_t shards_rebuilt{0};
    std::size_t tickets_done{0};
    std::size_t tickets_left{0};
};

class healer {
public:
    healer(state& s, budget& granted) : s_{s}, granted_{granted} {}

    [[nodiscard]] task<result<healed>> pass() {
        healed out;
        auto listing = rows_of_kind(s_, meta::kind::ticket, limits::garbage_rows_max);
        auto tickets = co_await listing;
        if (!tickets) co_return std::unexpected(tickets.error());
        for (const meta::row& row : *tickets) {
            auto healing = heal(row, out);
            const auto whole = co_await healing;
            if (!whole && whole.error().code == errc::cancelled)
                co_return std::unexpected(whole.error());
            if (!whole || !*whole) {
                ++out.tickets_left;
                continue;
            }
            meta::commit_request request;
            request.compares.push_back({row.key, row.at});
            request.changes.push_back({row.key, std::nullopt});
            auto committing = s_.on.meta.commit(std::move(request));
            const auto answer = co_await committing;
            if (!answer) co_return std::unexpected(answer.error());
            ++out.tickets_done;
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
                log::line{log::level::warn, "healing failed"}
                    .with("error", done.error())
                    .to(s_.on.log);
            step sleeping = sleep_for(pause);
            const auto slept = co_await sleeping;
            if (!slept) co_return slept;
        }
    }

private:
    // A row that holds (a piece of) a layout: `o`, `p` or `y`.
    struct carrier {
        std::string key{};
        std::string root_key{};  // of an outlined layout
        object_id layout{};
    };
    using doubts = std::set<std::pair<std::uint32_t, unsigned>>;

    // True: whole, or gone, so that the ticket may go.
    [[nodiscard]] task<result<bool>> heal(meta::row row, healed& out) {
        const meta::operation numbered = s_.on.meta.begin();
        const auto layout = meta::key::parse_id(row.key, meta::kind::ticket);
        if (!layout) co_return std::unexpected(layout.error());
        auto ticket = rows::decode<rows::ticket>(row.value);
        if (!ticket) co_return std::unexpected(ticket.error());
        doubts doubted;
        for (const auto& each : ticket->owed)
            if (each.kind == rows::owed_kind::corrupt) doubted.emplace(each.chunk, each.index);
        const bool doubt_all = ticket->owed_count > ticket->owed.size();
        auto finding = carriers_of(*layout, *ticket);
        auto carriers = co_await finding;
        if (!carriers) co_return std::unexpected(carriers.error());
        subject about;
        about.bucket = ticket->bucket;
        about.key = ticket->key;
        about.seq_hint = ticket->seq_hint;
        bool whole = true;
        for (const carrier& each : *carriers) {
            auto healing = heal_row(each, about, doubted, doubt_all, out);
            const auto done = co_await healing;
            if (!done) co_return std::unexpected(done.error());
            whole = whole && *done;
        }
        co_return whole;
    }

    // The rows in which this layout stands now; none: nothing refers to it any more.
    [[nodiscard]] task<result<std::vector<carrier>>> carriers_of(object_id layout,
                                                                 rows::ticket ticket) {
        std::vector<carrier> out;
        std::optional<rows::outline> outlined;
        std::string key;
        if (ticket.upload != object_id{}) {
            auto scanning = detail::all_parts(s_, ticket.upload);
            const auto parts = co_await scanning;
            if (!parts) co_return std::unexpected(parts.error());
            for (const auto& [number, part] : *parts) {
                if (part.object != layout) continue;
                key = meta::key::part(ticket.upload, static_cast<std::uint16_t>(number));
                outlined = part.outlined;
            }
        } else {
            std::vector<std::string> keys{meta::key::object(ticket.bucket, ticket.key)};
            auto getting = s_.on.meta.store().get(keys, meta::reading::each);
            const auto found = co_await getting;
            if (!found) co_return std::unexpected(found.error());
            if (!(*found)[0].absent()) {
                const auto version = rows::decode<rows::version>((*found)[0].value);
                if (!version) co_return std::unexpected(version.error());
                if (version->layout == layout) {
                    key = keys[0];
                    outlined = version->outlined;
                }
            }
        }
        if (key.empty()) co_return out;
        if (!outlined) {
            out.push_back({.key = std::move(key), .layout = layout});
            co_return out;
        }
        for (std::size_t n = 0; n < outlined->rows.size(); ++n)
            out.push_back(
                {.key = meta::key::layout(outlined->layout, static_cast<std::uint16_t>(n)),
                 .root_key = meta::key::layout_root(outlined->layout),
                 .layout = layout});
        co_return out;
    }

    // The runs of a carrier's row, and the row with others in their place.
    [[nodiscard]] static result<rows::layout> layout_in(const meta::row& row) {
        const auto kind = static_cast<meta::kind>(row.key.front());
        if (kind == meta::kind::layout) return rows::decode<rows::layout>(row.value);
        if (kind == meta::kind::part) {
            auto part = rows::decode<rows::part>(row.value);
            if (!part) return std::unexpected(part.error());
            return part->inlined.value_or(rows::layout{});
        }
        auto version = rows::decode<rows::version>(row.value);
        if (!version) return std::unexpected(version.error());
        return version->inlined.value_or(rows::layout{});
    }
    [[nodiscard]] static result<std::string> with_layout(const meta::row& row, rows::layout now) {
        const auto kind = static_cast<meta::kind>(row.key.front());
        if (kind == meta::kind::layout) return rows::encode_within(now);
        if (kind == meta::kind::part) {
            auto part = rows::decode<rows::part>(row.value);
            if (!part) return std::unexpected(part.error());
            part->inlined = std::move(now);
            return rows::encode_within(*part);
        }
        auto version = rows::decode<rows::version>(row.value);
        if (!version) return std::unexpected(version.error());
        version->inlined = std::move(now);
        return rows::encode_within(*version);
    }

    [[nodiscard]] task<result<bool>> heal_row(carrier in, subject about, doubts doubted,
                                              bool doubt_all, healed& out) {
        std::vector<std::string> keys{in.key};
        if (!in.root_key.empty()) keys.push_back(in.root_key);
        auto getting = s_.on.meta.store().get(std::move(keys), meta::reading::each);
        auto found = co_await getting;
        if (!found) co_return std::unexpected(found.error());
        if ((*found)[0].absent()) co_return true;
        if (found->size() > 1 && (*found)[1].absent()) co_return true;
        auto layout = layout_in((*found)[0]);
        if (!layout) co_return std::unexpected(layout.error());
        bool whole = true;
        for (std::size_t r = 0; r < layout->extents.size(); ++r) {
            const auto good = check(layout->extents[r]);
            if (!good) co_return std::unexpected(good.error());
            const std::uint32_t chunks = layout->extents[r].chunks();
            for (std::uint32_t c = 0; c < chunks; ++c) {
                const rows::extent& run = layout->extents[r];  // the layout changes as it heals
                auto which = std::make_shared<const chunk>(chunk_of(in.layout, run, c));
                about.chunk_offset = run.offset_of(c);
                about.part = run.part;
                auto checking = owed_of(which, doubted, doubt_all);
                const auto owed = co_await checking;
                if (owed.empty()) continue;
                auto healing = heal_chunk(in, std::move((*found)[0]), std::move(*layout), r, c,
                                          which, owed, about, out);
                auto next = co_await healing;
                if (!next) co_return std::unexpected(next.error());
                whole = whole && next->whole;
                if (next->moved) co_return false;  // the row has changed: the next pass looks again
                (*found)[0] = std::move(next->row);
                layout = std::move(next->layout);
            }
        }
        co_return whole;
    }

    // Which indices are not where and what they should be.
    [[nodiscard]] task<std::set<unsigned>> owed_of(std::shared_ptr<const chunk> which,
                                                   doubts doubted, bool doubt_all) {
        std::set<unsigned> out;
        for (unsigned i = 0; i < which->places.size(); ++i) {
            const auto& place = which->places[i];
            if (place.state != rows::presence::present) {
                out.insert(i);
            } else if (doubt_all || doubted.contains({which->number, i})) {
                auto checking =
                    detail::verify_shard(s_, which, i, place.where, which->shard(i), place.hash);
                const auto checked = co_await checking;
                if (!checked && detail::shard_is_gone(checked.error().code)) out.insert(i);
            }
        }
        co_return out;
    }

    struct healed_row {
        meta::row row{};
        rows::layout layout{};
        bool whole{false};
        bool moved{false};
    };

    [[nodiscard]] task<result<healed_row>> heal_chunk(
        carrier in, meta::row row, rows::layout layout, std::size_t r, std::uint32_t c,
        std::shared_ptr<const chunk> which, std::set<unsigned> owed, subject about, healed& out) {
        const env& here = co_await this_env{};
        healed_row next;
        std::vector<std::optional<holder>> kept(which->places.size());
        auto source = std::make_shared<chunk>(*which);
        for (unsigned i = 0; i < kept.size(); ++i) {
            if (!owed.contains(i)) kept[i] = which->places[i].where;
            if (owed.contains(i) && which->places[i].state == rows::presence::present)
                source->places[i].state = rows::presence::missing;  // corrupt: not a source
        }
        const auto targets =
            spread(s_, placement_hash(which->hash, which->number), which->shape.data,
                   which->shape.parity, here.where->now(), kept);
        std::vector<wanted_shard> wanted;
        for (const unsigned i : owed) {
            if (!targets || (*targets)[i].state == rows::presence::missing) continue;
            const bool stays = which->places[i].state == rows::presence::handed_off &&
                               (*targets)[i].state == rows::presence::handed_off;
            if (!stays) wanted.push_back({i, (*targets)[i].where});
        }
        if (wanted.empty()) {
            next.row = std::move(row);
            next.layout = std::move(layout);
            co_return std::move(next);
        }
        auto rebuilding = rebuild(s_, source, about, wanted, granted_);
        const auto made = co_await rebuilding;
        if (!made) co_return std::unexpected(made.error());

        rows::garbage garbage = detail::garbage_of(s_, row.key);
        rows::extent& run = layout.extents[r];
        std::size_t brought = 0;
        for (const made_shard& each : *made) {
            auto& place = run.shards.places[std::size_t{c} * run.width() + each.index];
            if (place.state != rows::presence::missing) {
                const shard::id old = which->shard(each.index);
                rows::shard_copy copy;
                copy.node = place.where.node;
                copy.incarnation = place.where.incarnation;
                copy.hash = old.hash;
                copy.object = old.object;
                copy.chunk = old.chunk;
                copy.index = old.index;
                copy.write = old.write;
                garbage.copies.push_back(std::move(copy));
            }
            place.where = each.where;
            place.hash = each.hash;
            place.write = each.write;
            place.state = (*targets)[each.index].state;
            brought += place.state == rows::presence::present ? 1u : 0u;
        }
        auto value = with_layout(row, layout);
        if (!value) {
            forget(s_, *which, *made);
            co_return std::unexpected(value.error());
        }
        meta::commit_request request;
        request.compares.push_back({row.key, row.at});
        if (!in.root_key.empty()) {
            std::vector<std::string> keys{in.root_key};
            auto getting = s_.on.meta.store().get(std::move(keys), meta::reading::each);
            const auto root = co_await getting;
            if (!root || (*root)[0].absent()) {
                forget(s_, *which, *made);
                next.moved = true;
                co_return std::move(next);
            }
            request.compares.push_back({(*root)[0].key, (*root)[0].at});
        }
        request.changes.push_back({row.key, *value});
        if (!garbage.copies.empty())
            request.changes.push_back(
                {meta::key::garbage(in.layout, s_.on.meta.new_id()), rows::encode(garbage)});
        auto committing = s_.on.meta.commit(std::move(request));
        const auto answer = co_await committing;
        if (!answer || !answer->committed()) {
            if (answer || surely_not_committed(answer.error())) forget(s_, *which, *made);
            if (!answer) co_return std::unexpected(answer.error());
            next.moved = true;
            co_return std::move(next);
        }
        out.shards_rebuilt += made->size();
        next.whole = brought == owed.size();
        row.value = std::move(*value);
        row.at = answer->at;
        next.row = std::move(row);
        next.layout = std::move(layout);
        co_return std::move(next);
    }

    state& s_;
    budget& granted_;
};

}  // namespace rsx::object
