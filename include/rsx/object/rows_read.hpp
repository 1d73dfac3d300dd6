// SPDX-License-Identifier: Apache-2.0

// Reads ranges of a chunk's rows, whatever nodes do: late ones are overtaken, missing ones
// computed.
//
//     auto rows = object::read_rows(s, chunk, needs, memory);     // needs[i]: blocks of row i
//     auto got = co_await rows;
//     (*got)[i].view();                                           // exactly needs[i]
//
// The rows asked for are read at once, each from its own disk. One that fails, or is late by
// hedge_pause, is a reason to read others instead: as soon as any k rows are there over the range
// in question, the code makes what is wanted of them. Rows are told apart by their index and by
// nothing else. Every block is verified, with its identity, before anything is computed from it.
//
// Costs: k reads and no arithmetic while all is well. Errors: data_lost when fewer than k shards
// can be there at all, unavailable when too many are out of reach at the moment.
#pragma once

#include <rsx/core/gather.hpp>
#include <rsx/object/chunk.hpp>
#include <rsx/object/state.hpp>

#include <set>

namespace rsx::object {

// What one reader has learned: not asked again.
struct read_memory {
    std::set<holder> away{};
    std::set<std::pair<std::uint32_t, unsigned>> bad{};  // chunk, index: gone or corrupt there
    bool degraded{false};
};

namespace detail {

struct lane {
    row_range need{};  // empty: not wanted
    slice own{};       // of `need`
    bool has_own{false};
    slice whole{};  // of the range all needs lie in
    bool has_whole{false};
    unsigned reading{0};  // reads under way
    bool reading_whole{false};
    nanos since{0};
    bool late{false};
    bool gone{false};  // lost, or refused
    bool unreachable{false};
};

struct rows_job {
    rows_job(state& st, std::shared_ptr<const object::chunk> c, std::shared_ptr<read_memory> m)
        : s{st}, chunk{std::move(c)}, memory{std::move(m)}, lanes(chunk->shape.width()) {}

    state& s;
    std::shared_ptr<const object::chunk> chunk;
    std::shared_ptr<read_memory> memory;
    std::vector<lane> lanes;
    row_range all{};
    bool over{false};
    news changed;
    std::stop_source stop;

    [[nodiscard]] bool satisfied() const {
        return std::all_of(lanes.begin(), lanes.end(),
                           [](const lane& l) { return l.need.empty() || l.has_own; });
    }
    [[nodiscard]] std::size_t wholes() const {
        std::size_t sum = 0;
        for (const lane& l : lanes) sum += l.has_whole ? 1u : 0u;
        return sum;
    }
    [[nodiscard]] bool reads() const {
        return std::any_of(lanes.begin(), lanes.end(), [](const lane& l) { return l.reading > 0; });
    }
};

// Which errors say that the shard is no more, and which that its disk is out of reach.
[[nodiscard]] inline bool shard_is_gone(errc code) noexcept {
    return code == errc::not_found || code == errc::corrupt || code == errc::invalid;
}

[[nodiscard]] inline task<result<slice>> fetch(shard::any_store& store, shard::id which,
                                               shard::identity who, row_range rows,
                                               std::uint64_t row_bytes,
                                               std::optional<std::uint64_t> hash) {
    shard::block_range blocks;
    blocks.first = rows.from / limits::block_bytes;
    blocks.count = shard::blocks_in(rows.size());
    auto reading = store.read(which, blocks);
    auto limited = within(limits::shard_read_time_max, std::move(reading));
    auto piece = co_await limited;
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->bytes.size() != rows.size())
        co_return fail(errc::corrupt, "a shard is not as long as its chunk says",
                       piece->bytes.size());
    const auto verified = shard::verify(who, blocks, *piece);
    if (!verified) co_return std::unexpected(verified.error());
    if (hash && rows.size() == row_bytes && shard::hash_of(piece->sums) != *hash)
        co_return fail(errc::corrupt, "a shard is not the one its manifest names");
    co_return std::move(piece->bytes);
}

inline step read_lane(std::shared_ptr<rows_job> job, unsigned index, bool whole) {
    const env& here = co_await this_env{};
    const meta::rows::shard_place& place = job->chunk->places[index];
    const holder who = place.where;
    const row_range rows = whole ? job->all : job->lanes[index].need;
    shard::any_store* store = job->s.on.nodes.find(who);
    RSX_ASSERT(store != nullptr);
    const nanos began = here.where->now();
    auto fetching = fetch(*store, job->chunk->shard(index), job->chunk->identity(index), rows,
                          job->chunk->shape.row_bytes(), place.hash);
    auto got = co_await fetching;
    const nanos now = here.where->now();

    lane& mine = job->lanes[index];
    --mine.reading;
    if (rows.covers(job->all)) mine.reading_whole = false;
    if (got) {
        if (now - began < limits::hedge_pause) job->s.health.fine(who);
        if (rows.covers(job->all)) {
            mine.whole = *got;
            mine.has_whole = true;
        }
        if (!mine.need.empty() && !mine.has_own) {
            mine.own = got->part(mine.need.from - rows.from, mine.need.size());
            mine.has_own = true;
        }
    } else if (got.error().code != errc::cancelled || !job->over) {
        mine.gone = true;
        job->s.shards_failed.add();
        if (shard_is_gone(got.error().code)) {
            job->memory->bad.insert({job->chunk->number, index});
            log::line{log::level::warn, "shard unreadable"}
                .with("node", to_string(who))
                .with("index", index)
                .with("error", got.error())
                .to(job->s.on.log);
        } else {
            mine.unreachable = true;
            job->memory->away.insert(who);
            job->s.health.failed(who, now);
        }
    }
    job->changed.announce();
    co_return status{};
}

inline void start(const std::shared_ptr<rows_job>& job, loop& where, unsigned index, bool whole) {
    lane& l = job->lanes[index];
    if (l.reading == 0) l.since = where.now();
    ++l.reading;
    if (whole) l.reading_whole = true;
    if (!whole && l.need.covers(job->all)) l.reading_whole = true;
    env child{&where, job->stop.get_token(), nanos::max()};
    job->s.detach(std::move(child), read_lane(job, index, whole));
}

// The whole rows there, in the order of their index, make those that are wanted.
[[nodiscard]] inline status repair(rows_job& job) {
    std::vector<unsigned> have;
    std::vector<unsigned> want;
    for (unsigned i = 0; i < job.lanes.size(); ++i) {
        if (job.lanes[i].has_whole) have.push_back(i);
        if (!job.lanes[i].need.empty() && !job.lanes[i].has_own) want.push_back(i);
    }
    const auto code = job.s.code_of(job.chunk->shape.data, job.chunk->shape.parity,
                                    static_cast<codec::generator>(job.chunk->generator));
    if (!code) return fail(errc::unsupported, "no such erasure code", job.chunk->generator);
    const auto plan = code->plan(have, want);
    if (!plan) return std::unexpected(plan.error());
    const auto size = job.all.size();
    std::vector<buffer> made;
    for (std::size_t i = 0; i < want.size(); ++i) made.push_back(buffer::uninitialized(size));
    std::vector<byte_view> in(plan->sources().size());
    std::vector<byte_span> out(want.size());
    for (std::size_t at = 0; at < size; at += limits::cell_bytes) {  // a stripe stays in the cache
        const std::size_t n = std::min(limits::cell_bytes, size - at);
        for (std::size_t i = 0; i < in.size(); ++i)
            in[i] = job.lanes[plan->sources()[i]].whole.view().subspan(at, n);
        for (std::size_t i = 0; i < out.size(); ++i) out[i] = made[i].span().subspan(at, n);
        if (const auto done = plan->repair(in, out); !done) return done;
    }
    for (std::size_t i = 0; i < want.size(); ++i) {
        lane& l = job.lanes[want[i]];
        l.whole = slice{std::move(made[i])};
        l.own = l.whole.part(l.need.from - job.all.from, l.need.size());
        l.has_own = true;
    }
    return {};
}

// Starts whole rows until k are there or on their way from disks that are not late. Disks that were
// late a moment ago come last. Says whether it started any: one may have failed already.
inline bool start_sources(const std::shared_ptr<rows_job>& job, loop& where) {
    bool any = false;
    std::size_t active = 0;
    for (const lane& l : job->lanes)
        active += l.has_whole || (l.reading_whole && !l.late) ? 1u : 0u;
    for (const bool desperate : {false, true}) {
        for (unsigned i = 0; i < job->lanes.size() && active < job->chunk->shape.data; ++i) {
            lane& l = job->lanes[i];
            if (l.gone || l.has_whole || l.reading_whole) continue;
            if (!desperate && (l.late || job->s.health.suspect(job->chunk->places[i].where)))
                continue;
            start(job, where, i, true);
            any = true;
            if (!l.late) ++active;
        }
    }
    return any;
}

}  // namespace detail

// Answers one slice an index: exactly needs[i] where that is not empty.
[[nodiscard]] inline task<result<std::vector<slice>>> read_rows(
    state& s, std::shared_ptr<const chunk> which, std::vector<row_range> needs,
    std::shared_ptr<read_memory> memory) {
    const env& here = co_await this_env{};
    loop& home = *here.where;
    s.home = &home;
    auto job = std::make_shared<detail::rows_job>(s, which, memory);
    struct let_go {
        detail::rows_job* job;
        ~let_go() {
            job->over = true;
            job->stop.request_stop();
        }
    } const end{job.get()};

    bool degraded = false;
    for (unsigned i = 0; i < job->lanes.size(); ++i) {
        detail::lane& l = job->lanes[i];
        l.need = i < needs.size() ? needs[i] : row_range{};
        job->all.join(l.need);
        const auto& place = which->places[i];
        l.gone = place.state == meta::rows::presence::missing ||
                 memory->bad.contains({which->number, i});
        if (!l.gone &&
            (memory->away.contains(place.where) || s.on.nodes.find(place.where) == nullptr))
            l.gone = l.unreachable = true;
    }
    for (unsigned i = 0; i < job->lanes.size(); ++i) {
        detail::lane& l = job->lanes[i];
        if (l.need.empty()) continue;
        if (!l.gone && !s.health.avoid(which->places[i].where, home.now()))
            detail::start(job, home, i, false);
        else
            degraded = true;
    }

    while (!job->satisfied()) {
        if (job->wholes() >= which->shape.data) {
            const auto repaired = detail::repair(*job);
            if (!repaired) co_return std::unexpected(repaired.error());
            memory->degraded = true;
            s.degraded_reads.add();
            break;
        }
        const nanos now = home.now();
        nanos next = nanos::max();
        for (unsigned i = 0; i < job->lanes.size(); ++i) {
            detail::lane& l = job->lanes[i];
            if (!l.need.empty() && !l.has_own && l.gone) degraded = true;
            if (l.reading == 0 || l.late) continue;
            if (now - l.since >= limits::hedge_pause) {
                l.late = true;
                degraded = true;
                s.hedges.add();
                s.health.failed(which->places[i].where, now);
            } else {
                next = std::min(next, l.since + limits::hedge_pause);
            }
        }
        while (degraded && detail::start_sources(job, home)) {
        }
        if (!job->reads() && job->wholes() < which->shape.data && !job->satisfied()) {
            std::size_t possible = 0;
            for (const detail::lane& l : job->lanes) possible += !l.gone || l.unreachable ? 1u : 0u;
            if (possible >= which->shape.data)
                co_return fail(errc::unavailable, "too many shards are out of reach",
                               which->number);
            co_return std::unexpected(data_lost);
        }
        if (job->satisfied() || job->wholes() >= which->shape.data) continue;
        for (const detail::lane& l : job->lanes)  // those just started
            if (l.reading > 0 && !l.late) next = std::min(next, l.since + limits::hedge_pause);
        step waiting = job->changed.next();
        status told{};
        if (next == nanos::max()) {
            told = co_await waiting;
        } else {
            step limited = until(next, std::move(waiting));
            told = co_await limited;
        }
        if (!told && told.error().code == errc::cancelled) co_return std::unexpected(told.error());
    }
    std::vector<slice> out;
    for (detail::lane& l : job->lanes) out.push_back(std::move(l.own));
    co_return out;
}

}  // namespace rsx::object
