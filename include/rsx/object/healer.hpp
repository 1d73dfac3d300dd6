// SPDX-License-Identifier: Apache-2.0

// The healer: brings every object back to full width, and every shard back home.
//
//     object::healer healer{engine.state()};
//     auto pass = co_await healer.pass();          // what tickets ask for; again and again
//     auto walk = co_await healer.walk();          // and once after a disk was replaced
//     pass->left == 0                              // nothing is known to be owed
//
// A ticket says that a layout is not whole: shards were missing when it was acknowledged, were
// handed off to other disks, or were found corrupt by a read. For each such chunk the healer asks
// placement where the owed shards belong, rebuilds or copies them there (object/rebuild.hpp), and
// then commits under compare of the row that holds the layout: the new places, garbage rows for the
// copies that are superseded. A layout that moved or changed meanwhile is looked up again; what was
// written in vain is erased. The ticket goes, by compare, only when the layout is whole.
//
// Idempotent; two healers do each other no harm. One loop's. Holds an operation number while it
// works on an object, so that what it reads is not erased under it.
#pragma once

#include <rsx/object/heal_layout.hpp>
#include <rsx/object/walk.hpp>

#include <functional>
#include <map>

namespace rsx::object {

struct healed {
    std::size_t tickets{0};  // looked at
    std::size_t left{0};     // still owed something
    std::size_t shards{0};   // written anew
    std::size_t objects{0};  // brought to full width
    bool all_seen{true};     // there were no more tickets than one pass looks at
};

inline constexpr std::size_t heal_at_once = 16;
inline constexpr std::size_t tickets_at_once = 2048;

class healer {
public:
    // `told` hears, after each look, how many layouts are known not to be whole.
    explicit healer(state& s, std::function<void(std::size_t)> told = {})
        : s_{s},
          told_{std::move(told)},
          rebuilt_{s.on.metrics.counter("rsx_object_healed_total",
                                        "Objects brought back to full width")} {}

    // Everything that tickets ask for, once.
    [[nodiscard]] task<result<healed>> pass() {
        healed out;
        auto listing = rows_of_kind(s_, meta::kind::ticket, tickets_at_once);
        auto rows = co_await listing;
        if (!rows) co_return std::unexpected(rows.error());
        out.all_seen = rows->size() < tickets_at_once;
        tell(*rows);
        for (std::size_t at = 0; at < rows->size(); at += heal_at_once) {
            std::vector<task<result<bool>>> working;
            for (std::size_t i = at; i < std::min(rows->size(), at + heal_at_once); ++i)
                working.push_back(work_off((*rows)[i]));
            auto all = gather(std::move(working));
            const auto done = co_await all;
            for (const auto& each : done) {
                if (!each && each.error().code == errc::cancelled)
                    co_return std::unexpected(each.error());
                ++out.tickets;
                if (each && *each)
                    ++out.objects;
                else
                    ++out.left;
            }
        }
        rebuilt_.add(out.objects);
        if (out.objects > 0) {
            auto again = rows_of_kind(s_, meta::kind::ticket, tickets_at_once);
            auto now = co_await again;
            if (!now) co_return std::unexpected(now.error());
            tell(*now);
        }
        co_return out;
    }

    // Every object of every bucket: what a lost disk held is owed, though no ticket says so.
    [[nodiscard]] task<result<healed>> walk() {
        healed out;
        std::vector<meta::range> owned{meta::key::owned_buckets()};
        for (;;) {
            std::vector<meta::range> ranges = owned;
            const meta::scan_limits limit{};
            auto scanning = s_.on.meta.store().scan(std::move(ranges), limit, meta::reading::each);
            auto page = co_await scanning;
            if (!page) co_return std::unexpected(page.error());
            for (const meta::row& row : page->rows[0]) {
                const auto name = meta::key::parse_owned_bucket(row.key);
                if (!name) co_return std::unexpected(name.error());
                std::vector<std::string> keys{meta::key::bucket(name->bucket)};
                auto getting = s_.on.meta.store().get(std::move(keys), meta::reading::each);
                const auto found = co_await getting;
                if (!found) co_return std::unexpected(found.error());
                if ((*found)[0].absent()) continue;  // removed just now
                const auto bucket = rows::decode<rows::bucket>((*found)[0].value);
                if (!bucket) co_return std::unexpected(bucket.error());
                auto walking = walk_bucket(bucket->number, out);
                const auto done = co_await walking;
                if (!done) co_return std::unexpected(done.error());
            }
            if (!page->more[0]) break;
            owned[0].from = page->rows[0].back().key + '\0';
        }
        co_return out;
    }

    // Passes for as long as it is let; a walk first, if disks were replaced since the cluster
    // began.
    [[nodiscard]] step run(nanos pause) {
        bool walked = s_.nodes->epoch <= 1;
        for (;;) {
            step sleeping = sleep_for(pause);
            const auto slept = co_await sleeping;
            if (!slept) co_return slept;
            if (!walked) {
                auto walking = walk();
                const auto done = co_await walking;
                if (!done && done.error().code == errc::cancelled)
                    co_return std::unexpected(done.error());
                if (!done) complain(done.error());
                walked = done && done->left == 0;
            }
            auto passing = pass();
            const auto done = co_await passing;
            if (!done && done.error().code == errc::cancelled)
                co_return std::unexpected(done.error());
            if (!done) complain(done.error());
        }
    }

private:
    using owed_cells = std::map<std::pair<std::string, std::string>, std::int64_t>;

    static std::string name_of(rows::owed_kind kind) {
        switch (kind) {
            case rows::owed_kind::missing: return "missing";
            case rows::owed_kind::away: return "away";
            case rows::owed_kind::corrupt: return "corrupt";
            case rows::owed_kind::misplaced: return "misplaced";
        }
        return "?";
    }

    // Counts what is owed, by kind and by how many more losses the worst chunk would survive.
    void tell(const std::vector<meta::row>& tickets) {
        for (auto& [labels, owed] : owed_) owed = 0;
        for (auto& [spare, layouts] : queued_) layouts = 0;
        for (const meta::row& row : tickets) {
            const auto ticket = rows::decode<rows::ticket>(row.value);
            if (!ticket) continue;
            const std::string spare = std::to_string(ticket->spare);
            ++queued_[spare];
            for (const rows::owed_shard& each : ticket->owed) ++owed_[{name_of(each.kind), spare}];
        }
        for (const auto& [spare, layouts] : queued_)
            s_.on.metrics
                .gauge("rsx_repair_queue", "Layouts known not to be whole", {{"spare", spare}})
                .set(layouts);
        for (const auto& [labels, owed] : owed_)
            s_.on.metrics
                .gauge("rsx_cells_owed", "Shards known to be owed, as tickets list them",
                       {{"kind", labels.first}, {"spare", labels.second}})
                .set(owed);
        if (told_) told_(tickets.size());
    }

    void complain(const error& why) {
        log::line{log::level::warn, "healing failed"}.with("error", why).to(s_.on.log);
    }

    // True: the layout is whole, or is no more; the ticket is gone.
    [[nodiscard]] task<result<bool>> work_off(meta::row row) {
        const auto layout = meta::key::parse_id(row.key, meta::kind::ticket);
        if (!layout) co_return std::unexpected(layout.error());
        auto ticket = rows::decode<rows::ticket>(row.value);
        if (!ticket) co_return std::unexpected(ticket.error());
        std::set<std::pair<std::uint32_t, unsigned>> corrupt;
        for (const rows::owed_shard& each : ticket->owed)
            if (each.kind == rows::owed_kind::corrupt) corrupt.insert({each.chunk, each.index});
        result<detail::heal_outcome> done{detail::heal_outcome{}};
        bool of_object = true;
        if (ticket->upload != object_id{}) {
            subject about;
            about.bucket = ticket->bucket;
            about.key = ticket->key;
            auto healing =
                detail::heal_part(s_, ticket->upload, *layout, std::move(about), corrupt);
            done = co_await healing;
            // Once the upload is complete its parts are the object's.
            of_object = done && done->gone;
        }
        if (of_object) {
            auto healing = detail::heal_object(s_, ticket->bucket, ticket->key, std::move(corrupt));
            done = co_await healing;
        }
        if (!done) co_return std::unexpected(done.error());
        if (!done->whole) co_return false;
        meta::commit_request request;
        request.compares.push_back({row.key, row.at});
        request.changes.push_back({row.key, std::nullopt});
        auto committing = s_.on.meta.commit(std::move(request));
        const auto answer = co_await committing;
        if (!answer) co_return std::unexpected(answer.error());
        co_return answer->committed();
    }

    [[nodiscard]] step walk_bucket(std::uint64_t bucket, healed& out) {
        meta::range rest = meta::key::objects_of(bucket);
        for (;;) {
            std::vector<meta::range> ranges{rest};
            const meta::scan_limits limit{};
            auto scanning = s_.on.meta.store().scan(std::move(ranges), limit, meta::reading::each);
            auto page = co_await scanning;
            if (!page) co_return std::unexpected(page.error());
            for (std::size_t at = 0; at < page->rows[0].size(); at += heal_at_once) {
                std::vector<task<result<detail::heal_outcome>>> working;
                const std::size_t end = std::min(page->rows[0].size(), at + heal_at_once);
                for (std::size_t i = at; i < end; ++i) {
                    auto name = meta::key::parse_object(page->rows[0][i].key);
                    if (!name) co_return std::unexpected(name.error());
                    std::set<std::pair<std::uint32_t, unsigned>> none;
                    working.push_back(
                        detail::heal_object(s_, bucket, std::move(name->key), std::move(none)));
                }
                auto all = gather(std::move(working));
                const auto done = co_await all;
                for (const auto& each : done) {
                    if (!each && each.error().code == errc::cancelled)
                        co_return std::unexpected(each.error());
                    if (!each || !each->whole)
                        ++out.left;
                    else if (each->changed)
                        ++out.objects;
                }
            }
            if (!page->more[0]) co_return status{};
            rest.from = page->rows[0].back().key + '\0';
        }
    }

    state& s_;
    std::function<void(std::size_t)> told_;
    std::map<std::string, std::int64_t> queued_{{"0", 0}};
    owed_cells owed_{{{"missing", "0"}, 0}};
    metrics::counter& rebuilt_;
};

}  // namespace rsx::object
