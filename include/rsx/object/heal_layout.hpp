// SPDX-License-Identifier: Apache-2.0

// Makes the layout under a key whole: what the healer does with one object, or one part.
//
//     auto done = co_await detail::heal_object(s, bucket, key, corrupt);
//     done->whole                            // full width, every shard at home; or there is no
//     more
//
// Reads the row that holds the layout, asks placement where what is owed belongs, rebuilds or
// copies it there, and puts the row under compare with its new places and the garbage its old
// copies have become. A shard is owed if it is missing, handed off, known to be corrupt, or if its
// directory is none of the cluster's any more; a disk that is merely away still holds what it
// holds.
#pragma once

#include <rsx/object/rebuild.hpp>
#include <rsx/object/upload_complete.hpp>

namespace rsx::object {

namespace detail {

// What became of one row that holds a layout.
struct heal_outcome {
    bool whole{true};
    bool changed{false};
    bool gone{false};
};

// A layout being healed, and what its commit has to say.
struct heal_work {
    subject about{};
    object_id layout{};
    std::set<std::pair<std::uint32_t, unsigned>> corrupt{};  // chunk and index, by its ticket
    std::vector<rebuilt> fresh{};
    std::vector<rows::shard_copy> old{};
    bool whole{true};
};

// Of one commit: a garbage row of so many copies stays within its bound.
inline constexpr std::size_t heal_shards_max = 64;

// Whether that directory is one of the cluster's; a disk that is merely away still holds its
// shards.
[[nodiscard]] inline bool stands(const state& s, holder who) {
    return std::ranges::any_of(s.nodes->members,
                               [who](const placement::member& each) { return each.who == who; });
}
[[nodiscard]] inline bool reachable(const state& s, holder who) {
    if (s.on.nodes.find(who) == nullptr) return false;
    return std::ranges::any_of(s.nodes->members, [who](const placement::member& each) {
        return each.who == who && each.up;
    });
}

[[nodiscard]] inline step heal_chunk(state& s, rows::extent& run, std::uint32_t c,
                                     heal_work& work) {
    const env& here = co_await this_env{};
    const chunk of = chunk_of(work.layout, run, c);
    const unsigned width = of.shape.width();
    std::vector<std::optional<holder>> kept(width);
    std::vector<unsigned> have;
    bool owed = false;
    for (unsigned i = 0; i < width; ++i) {
        const rows::shard_place& place = of.places[i];
        const bool sound = place.state != rows::presence::missing && stands(s, place.where) &&
                           !work.corrupt.contains({of.number, i});
        if (sound && reachable(s, place.where)) have.push_back(i);
        if (sound && place.state == rows::presence::present)
            kept[i] = place.where;
        else
            owed = true;
    }
    if (!owed) co_return status{};
    const auto targets = spread(s, placement_hash(of.hash, of.number), of.shape.data,
                                of.shape.parity, here.where->now(), kept);
    std::vector<rebuild_wish> wishes;
    for (unsigned i = 0; i < width; ++i) {
        if (kept[i]) continue;
        const bool stands_elsewhere = std::ranges::find(have, i) != have.end();
        const bool goes_home = targets && (*targets)[i].state == rows::presence::present;
        const bool goes_somewhere = targets && (*targets)[i].state != rows::presence::missing;
        if (!goes_home) work.whole = false;
        if (goes_home || (goes_somewhere && !stands_elsewhere))
            wishes.push_back({i, (*targets)[i], stands_elsewhere});
    }
    if (wishes.empty()) co_return status{};
    subject about = work.about;
    about.chunk_offset = run.offset_of(c);
    auto rebuilding = rebuild(s, of, std::move(about), have, wishes);
    auto made = co_await rebuilding;
    if (!made) {
        work.whole = false;
        log::line{log::level::warn, "a chunk could not be healed"}
            .with("bucket", work.about.bucket)
            .with("key", work.about.key)
            .with("chunk", of.number)
            .with("error", made.error())
            .to(s.on.log);
        co_return status{};
    }
    if (made->size() < wishes.size()) work.whole = false;
    for (rebuilt& each : *made) {
        rows::shard_place& place = run.at(c, each.index);
        if (place.state != rows::presence::missing && stands(s, place.where)) {
            rows::shard_copy old;
            old.node = place.where.node;
            old.incarnation = place.where.incarnation;
            const shard::id was = of.shard(each.index);
            old.hash = was.hash;
            old.object = was.object;
            old.chunk = was.chunk;
            old.index = was.index;
            old.write = was.write;
            work.old.push_back(std::move(old));
        }
        place = each.place;
        work.fresh.push_back(std::move(each));
    }
    co_return status{};
}

// Some chunks of it; `whole` says whether all were seen and none owes anything more.
[[nodiscard]] inline step heal_layout(state& s, rows::layout& layout, heal_work& work) {
    for (rows::extent& run : layout.extents) {
        if (const auto sane = check(run); !sane) co_return sane;
        for (std::uint32_t c = 0; c < run.chunks(); ++c) {
            if (work.fresh.size() >= heal_shards_max) {
                work.whole = false;
                co_return status{};
            }
            step healing = heal_chunk(s, run, c, work);
            const auto done = co_await healing;
            if (!done) co_return done;
        }
    }
    co_return status{};
}

// Puts the row that holds the layout, with the garbage its old copies have become.
[[nodiscard]] inline task<result<bool>> commit_healed(state& s, const heal_work& work,
                                                      std::vector<meta::compare> compares,
                                                      std::string row_key, std::string value) {
    meta::commit_request request;
    request.compares = std::move(compares);
    if (!work.old.empty()) {
        auto garbage = garbage_of(s, row_key);
        garbage.copies = work.old;
        auto encoded = rows::encode_within(garbage);
        if (!encoded) co_return std::unexpected(encoded.error());
        request.changes.push_back(
            {meta::key::garbage(work.layout, s.on.meta.new_id()), std::move(*encoded)});
    }
    request.changes.push_back({std::move(row_key), std::move(value)});
    auto committing = s.on.meta.commit(std::move(request));
    auto alone = sheltered(std::move(committing));
    const auto answer = co_await alone;
    if (!answer) {
        if (surely_not_committed(answer.error())) s.detach_here(object::discard(s, work.fresh));
        co_return std::unexpected(answer.error());
    }
    if (!answer->committed()) s.detach_here(object::discard(s, work.fresh));
    co_return answer->committed();
}

using healing_row = std::function<std::string(rows::layout)>;

// One row and its layout; `encode` makes the row's value of the healed layout.
[[nodiscard]] inline task<result<heal_outcome>> heal_row(state& s, heal_work work, meta::row row,
                                                         std::optional<meta::row> root,
                                                         rows::layout layout, healing_row encode) {
    heal_outcome out;
    step healing = heal_layout(s, layout, work);
    const auto done = co_await healing;
    if (!done) co_return std::unexpected(done.error());
    out.whole = work.whole;
    if (work.fresh.empty()) co_return out;
    std::vector<meta::compare> compares{{row.key, row.at}};
    if (root) compares.push_back({root->key, root->at});
    auto committing =
        commit_healed(s, work, std::move(compares), row.key, encode(std::move(layout)));
    const auto committed = co_await committing;
    if (!committed) co_return std::unexpected(committed.error());
    out.changed = true;
    if (!*committed) out.whole = false;  // it changed meanwhile: look it up again
    co_return out;
}

// The rows of an outlined layout, one after the other.
[[nodiscard]] inline task<result<heal_outcome>> heal_outlined(state& s, heal_work work,
                                                              rows::outline where) {
    heal_outcome all;
    for (std::uint16_t n = 0; n < where.rows.size(); ++n) {
        std::vector<std::string> keys{meta::key::layout(where.layout, n),
                                      meta::key::layout_root(where.layout)};
        auto getting = s.on.meta.store().get(std::move(keys), meta::reading::at_once);
        auto found = co_await getting;
        if (!found) co_return std::unexpected(found.error());
        if ((*found)[0].absent() || (*found)[1].absent()) {
            all.gone = true;
            co_return all;
        }
        auto layout = rows::decode<rows::layout>((*found)[0].value);
        if (!layout) co_return std::unexpected(layout.error());
        const healing_row encode = [](rows::layout healed) { return rows::encode(healed); };
        heal_work one = work;
        auto healing =
            heal_row(s, std::move(one), (*found)[0], (*found)[1], std::move(*layout), encode);
        const auto done = co_await healing;
        if (!done) co_return std::unexpected(done.error());
        all.whole = all.whole && done->whole;
        all.changed = all.changed || done->changed;
    }
    co_return all;
}

// The object under a key as it stands now, whichever version that is.
[[nodiscard]] inline task<result<heal_outcome>> heal_object(
    state& s, std::uint64_t bucket, std::string key,
    std::set<std::pair<std::uint32_t, unsigned>> corrupt) {
    const operation numbered = s.on.meta.begin();
    heal_outcome nothing;
    nothing.gone = true;
    std::vector<std::string> keys{meta::key::object(bucket, key)};
    auto getting = s.on.meta.store().get(std::move(keys), meta::reading::each);
    auto found = co_await getting;
    if (!found) co_return std::unexpected(found.error());
    if ((*found)[0].absent()) co_return nothing;
    auto value = rows::decode<rows::version>((*found)[0].value);
    if (!value) co_return std::unexpected(value.error());
    heal_work work;
    work.layout = value->layout;
    work.corrupt = std::move(corrupt);
    work.about.bucket = bucket;
    work.about.key = std::move(key);
    work.about.seq_hint = value->order.seq;
    work.about.writer = s.on.meta.incarnation();
    if (value->outlined) {
        auto healing = heal_outlined(s, std::move(work), *value->outlined);
        co_return co_await healing;
    }
    if (!value->inlined) co_return nothing;
    rows::layout layout = *value->inlined;
    const healing_row encode = [&value](rows::layout healed) {
        value->inlined = std::move(healed);
        return rows::encode(*value);
    };
    auto healing = heal_row(s, std::move(work), std::move((*found)[0]), std::nullopt,
                            std::move(layout), encode);
    co_return co_await healing;
}

// A part of an upload that goes on; gone if the upload has ended.
[[nodiscard]] inline task<result<heal_outcome>> heal_part(
    state& s, object_id upload, object_id object, subject about,
    std::set<std::pair<std::uint32_t, unsigned>> corrupt) {
    const operation numbered = s.on.meta.begin();
    heal_outcome nothing;
    nothing.gone = true;
    auto listing = all_parts(s, upload);
    auto parts = co_await listing;
    if (!parts) co_return std::unexpected(parts.error());
    for (auto& [number, part] : *parts) {
        if (part.object != object) continue;
        std::vector<std::string> keys{meta::key::part(upload, static_cast<std::uint16_t>(number))};
        auto getting = s.on.meta.store().get(std::move(keys), meta::reading::each);
        auto found = co_await getting;
        if (!found) co_return std::unexpected(found.error());
        if ((*found)[0].absent()) co_return nothing;
        auto now = rows::decode<rows::part>((*found)[0].value);
        if (!now) co_return std::unexpected(now.error());
        if (now->object != object) co_return nothing;
        heal_work work;
        work.layout = object;
        work.corrupt = std::move(corrupt);
        work.about = std::move(about);
        work.about.part = number;
        work.about.writer = s.on.meta.incarnation();
        if (now->outlined) {
            auto healing = heal_outlined(s, std::move(work), *now->outlined);
            co_return co_await healing;
        }
        if (!now->inlined) co_return nothing;
        rows::layout layout = *now->inlined;
        const healing_row encode = [&now](rows::layout healed) {
            now->inlined = std::move(healed);
            return rows::encode(*now);
        };
        auto healing = heal_row(s, std::move(work), std::move((*found)[0]), std::nullopt,
                                std::move(layout), encode);
        co_return co_await healing;
    }
    co_return nothing;
}

}  // namespace detail

}  // namespace rsx::object
