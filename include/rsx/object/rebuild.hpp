// SPDX-License-Identifier: Apache-2.0

// Rebuild: gives chosen indices of one chunk to chosen disks. Healing, homecoming and rebalancing
// are this one function with other targets.
//
//     auto made = co_await object::rebuild(s, chunk, {{.index = 2, .where = home}}, budget);
//     (*made)[0].hash                             // sealed, read back, and like its siblings
//
// Rows are read from any k disks (the shard itself, where it is readable, costs one read), computed
// if they must be, sealed under write ids of their own, and read back once. Nothing refers to them
// yet: that is the caller's commit. Background bytes are asked for first, from `budget`.
#pragma once

#include <rsx/object/chunk_writer.hpp>

namespace rsx::object {

// Grants background bytes; unlimited is a model of it. Awaited before they are moved.
class budget {
public:
    virtual ~budget() = default;
    [[nodiscard]] virtual step take(std::uint64_t bytes) = 0;
};
class unlimited_budget final : public budget {
public:
    step take(std::uint64_t) override { co_return status{}; }
};

struct wanted_shard {
    unsigned index{0};
    holder where{};
};

// A shard that was made and is not named by anything yet.
struct made_shard {
    unsigned index{0};
    holder where{};
    std::uint64_t write{0};
    std::uint64_t hash{0};
};

namespace detail {

struct rebuilding {
    state& s;
    std::shared_ptr<const chunk> from;  // what cannot be read of it is marked missing
    subject about;
    std::vector<wanted_shard> wanted;
    std::shared_ptr<news> changed{std::make_shared<news>()};
    std::vector<std::shared_ptr<shard_feed>> feeds{};

    [[nodiscard]] status begin(loop& home) {
        for (const wanted_shard& each : wanted) {
            shard::any_store* store = s.on.nodes.find(each.where);
            if (store == nullptr) return fail(errc::unavailable, "no such node", each.where.node);
            shard::header head{.id = from->shard(each.index),
                               .holder = each.where,
                               .data = static_cast<std::uint16_t>(from->shape.data),
                               .parity = static_cast<std::uint16_t>(from->shape.parity),
                               .code = 1,
                               .generator = from->generator,
                               .cell_bytes = static_cast<std::uint32_t>(from->shape.cell),
                               .chunk_bytes = from->shape.bytes,
                               .chunk_offset = about.chunk_offset,
                               .writer = s.on.meta.incarnation(),
                               .epoch = from->epoch,
                               .seq_hint = about.seq_hint,
                               .bucket = about.bucket,
                               .key = about.key,
                               .upload = about.upload,
                               .part = about.part};
            head.id.write = s.on.random.u64();
            feeds.push_back(std::make_shared<shard_feed>(*store, std::move(head), changed));
            s.detach(env{&home, feeds.back()->stop(), nanos::max()}, run(feeds.back()));
        }
        return {};
    }
    // Until every feed is below so many queued bytes; with 0 and closed: until all have ended.
    [[nodiscard]] step drained(loop& home, std::size_t below, bool ended) {
        const nanos limit = home.now() + limits::commit_time_max;
        for (;;) {
            bool open = false;
            for (const auto& feed : feeds)
                open = open || (feed->pending() && (ended || feed->queued() > below));
            if (!open) co_return status{};
            if (home.now() >= limit) co_return fail(errc::timed_out, "a disk does not get on");
            step waiting = changed->next();
            step limited = until(limit, std::move(waiting));
            const auto told = co_await limited;
            if (!told && told.error().code == errc::cancelled) co_return told;
        }
    }
};

[[nodiscard]] inline step copy_rows(std::shared_ptr<rebuilding> r, loop& home, budget& granted) {
    auto memory = std::make_shared<read_memory>();
    constexpr std::uint64_t window = batch_stripes * limits::cell_bytes;
    const std::uint64_t row_bytes = r->from->shape.row_bytes();
    for (std::uint64_t at = 0; at < row_bytes; at += window) {
        const row_range rows{at, std::min(at + window, row_bytes)};
        step asking = granted.take(rows.size() * (r->from->shape.data + r->wanted.size()));
        const auto taken = co_await asking;
        if (!taken) co_return taken;
        std::vector<row_range> needs(r->from->shape.width());
        for (const wanted_shard& each : r->wanted) needs[each.index] = rows;
        auto reading = read_rows(r->s, r->from, std::move(needs), memory);
        auto got = co_await reading;
        if (!got) co_return std::unexpected(got.error());
        for (std::size_t i = 0; i < r->wanted.size(); ++i) {
            const unsigned index = r->wanted[i].index;
            auto sums = shard::sums_of(r->from->identity(index), at / limits::block_bytes,
                                       (*got)[index].view());
            r->feeds[i]->push({(*got)[index], std::move(sums), nullptr});
        }
        step draining = r->drained(home, window, false);
        const auto drained = co_await draining;
        if (!drained) co_return drained;
    }
    for (const auto& feed : r->feeds) feed->close();
    step ending = r->drained(home, 0, true);
    const auto ended = co_await ending;
    if (!ended) co_return ended;
    for (const auto& feed : r->feeds)
        if (!feed->sealed())
            co_return std::unexpected(
                feed->why().value_or(error{errc::unavailable, "a shard was not sealed"}));
    co_return status{};
}

// All of a shard, as its disk has it now.
[[nodiscard]] inline task<result<bool>> verify_shard(state& s, std::shared_ptr<const chunk> of,
                                                     unsigned index, holder where, shard::id which,
                                                     std::uint64_t hash) {
    shard::any_store* store = s.on.nodes.find(where);
    if (store == nullptr) co_return fail(errc::unavailable, "no such node", where.node);
    std::vector<std::uint32_t> sums;
    constexpr std::uint64_t window = batch_stripes * limits::cell_bytes;
    const std::uint64_t row_bytes = of->shape.row_bytes();
    for (std::uint64_t at = 0; at < row_bytes; at += window) {
        const row_range rows{at, std::min(at + window, row_bytes)};
        shard::block_range blocks;
        blocks.first = rows.from / limits::block_bytes;
        blocks.count = shard::blocks_in(rows.size());
        auto reading = store->read(which, blocks);
        auto limited = within(limits::shard_read_time_max, std::move(reading));
        const auto piece = co_await limited;
        if (!piece) co_return std::unexpected(piece.error());
        if (piece->bytes.size() != rows.size())
            co_return fail(errc::corrupt, "a shard is not as long as its chunk says",
                           piece->bytes.size());
        const auto good = shard::verify(of->identity(index), blocks, *piece);
        if (!good) co_return std::unexpected(good.error());
        sums.insert(sums.end(), piece->sums.begin(), piece->sums.end());
    }
    if (shard::hash_of(sums) != hash)
        co_return fail(errc::corrupt, "a shard is not the one its manifest names");
    co_return true;
}

}  // namespace detail

// Erases shards that were made in vain.
inline void forget(state& s, const chunk& of, const std::vector<made_shard>& made) {
    for (const made_shard& each : made) {
        shard::any_store* store = s.on.nodes.find(each.where);
        if (store == nullptr) continue;
        shard::id which = of.shard(each.index);
        which.write = each.write;
        s.detach_here(within(limits::call_time_max, store->erase(which)));
    }
}

[[nodiscard]] inline task<result<std::vector<made_shard>>> rebuild(
    state& s, std::shared_ptr<const chunk> from, subject about, std::vector<wanted_shard> wanted,
    budget& granted) {
    const env& here = co_await this_env{};
    auto work = std::make_shared<detail::rebuilding>(s, from, std::move(about), std::move(wanted));
    auto done = work->begin(*here.where);
    if (done) {
        step copying = detail::copy_rows(work, *here.where, granted);
        done = co_await copying;
    }
    std::vector<made_shard> out;
    for (const auto& feed : work->feeds) {
        if (feed->pending()) feed->drop({errc::cancelled, "the rebuild was given up"});
        if (!feed->sealed()) continue;
        out.push_back({.index = feed->head().id.index,
                       .where = feed->where(),
                       .write = feed->head().id.write,
                       .hash = feed->hash()});
        if (!done) continue;
        auto checking = detail::verify_shard(s, from, feed->head().id.index, feed->where(),
                                             feed->head().id, feed->hash());
        const auto checked = co_await checking;
        if (!checked) done = std::unexpected(checked.error());
    }
    if (!done) {
        forget(s, *from, out);
        co_return std::unexpected(done.error());
    }
    co_return std::move(out);
}

}  // namespace rsx::object
