// SPDX-License-Identifier: Apache-2.0

// Writes shards of a chunk anew: those that are lost, from k others; those that stand elsewhere, by
// copying them home.
//
//     auto made = co_await object::rebuild(s, chunk, about, wanted);     // wanted: index and
//     target for (const object::rebuilt& each : *made) place(each.index) = each.place;
//
// Every shard is sealed and read back, and verified, before it is said to be there; it has a write
// id of its own, so that erasing an older copy, however late, cannot hit it. Nothing names the new
// shards yet: whoever cannot commit them erases them (`discard`). Streams window by window: memory
// is (k + wanted) x rebuild_window. Reads with the deadline of any read, writes with a seal's.
#pragma once

#include <rsx/object/chunk_writer.hpp>
#include <rsx/object/rows_read.hpp>
#include <rsx/object/standing.hpp>

namespace rsx::object {

inline constexpr std::uint64_t rebuild_window = 1 * mib;
static_assert(rebuild_window % limits::block_bytes == 0);

struct rebuild_wish {
    unsigned index{0};
    target to{};
    bool copy{false};  // the shard is whole where it stands now: no arithmetic
};

struct rebuilt {
    unsigned index{0};
    rows::shard_place place{};
    shard::id id{};
};

namespace detail {

// One shard on its way: what has been written of it, and what its blocks' checksums are.
struct rebuild_lane {
    rebuild_wish wish{};
    shard::id id{};
    std::unique_ptr<shard::writer> writer{};
    std::vector<std::uint32_t> sums{};
    std::optional<error> failed{};
};

[[nodiscard]] inline shard::header rebuild_header(const chunk& of, const subject& about,
                                                  const rebuild_lane& lane) {
    shard::header head;
    head.id = lane.id;
    head.holder = lane.wish.to.where;
    head.data = static_cast<std::uint16_t>(of.shape.data);
    head.parity = static_cast<std::uint16_t>(of.shape.parity);
    head.code = 1;
    head.generator = of.generator;
    head.cell_bytes = static_cast<std::uint32_t>(of.shape.cell);
    head.chunk_bytes = of.shape.bytes;
    head.chunk_offset = about.chunk_offset;
    head.writer = about.writer;
    head.epoch = of.epoch;
    head.seq_hint = about.seq_hint;
    head.bucket = about.bucket;
    head.key = about.key;
    head.upload = about.upload;
    head.part = about.part;
    return head;
}

// The rows of these indices, in their order; the first that cannot be read is named by `detail`.
[[nodiscard]] inline task<result<std::vector<slice>>> fetch_rows(state& s, const chunk& of,
                                                                 std::vector<unsigned> indices,
                                                                 row_range window) {
    std::vector<task<result<slice>>> reading;
    for (const unsigned index : indices) {
        shard::any_store* store = s.on.nodes.find(of.places[index].where);
        if (store == nullptr) co_return fail(errc::unavailable, "a source has no store", index);
        reading.push_back(fetch(*store, of.shard(index), of.identity(index), window,
                                of.shape.row_bytes(), std::nullopt));
    }
    auto all = gather(std::move(reading));
    auto got = co_await all;
    std::vector<slice> out;
    for (std::size_t i = 0; i < got.size(); ++i) {
        if (!got[i]) co_return fail(got[i].error().code, got[i].error().why, indices[i]);
        out.push_back(std::move(*got[i]));
    }
    co_return std::move(out);
}

[[nodiscard]] inline step append_window(const chunk& of, rebuild_lane& lane, slice bytes,
                                        row_range window) {
    auto sums = shard::sums_of(of.identity(lane.wish.index), window.from / limits::block_bytes,
                               bytes.view());
    lane.sums.insert(lane.sums.end(), sums.begin(), sums.end());
    step appending = lane.writer->append(std::move(bytes), std::move(sums));
    step limited = within(limits::call_time_max, std::move(appending));
    auto done = co_await limited;
    if (!done) lane.failed = done.error();
    co_return status{};  // one lane's failure is its own
}

// Everything of it read once more, from where it now is.
[[nodiscard]] inline task<result<bool>> read_back(state& s, const chunk& of,
                                                  const rebuild_lane& lane) {
    shard::any_store* store = s.on.nodes.find(lane.wish.to.where);
    if (store == nullptr) co_return false;
    const std::uint64_t row = of.shape.row_bytes();
    for (std::uint64_t at = 0; at < row; at += rebuild_window) {
        const row_range window{at, std::min(at + rebuild_window, row)};
        auto reading =
            fetch(*store, lane.id, of.identity(lane.wish.index), window, row, std::nullopt);
        const auto got = co_await reading;
        if (!got) co_return std::unexpected(got.error());
    }
    co_return true;
}

[[nodiscard]] inline step finish_lane(state& s, const chunk& of, rebuild_lane& lane) {
    if (lane.failed) co_return status{};
    auto sealing = lane.writer->seal();
    auto limited = within(limits::call_time_max, std::move(sealing));
    const auto sealed = co_await limited;
    if (!sealed) {
        lane.failed = sealed.error();
        co_return status{};
    }
    s.health.fine(lane.wish.to.where);
    if (sealed->bytes != of.shape.row_bytes() || sealed->hash != shard::hash_of(lane.sums)) {
        lane.failed = error{errc::corrupt, "what was sealed is not what was written", 0};
        co_return status{};
    }
    auto checking = read_back(s, of, lane);
    const auto whole = co_await checking;
    if (!whole) lane.failed = whole.error();
    co_return status{};
}

[[nodiscard]] inline status repair_window(const codec::repair_plan& plan,
                                          const std::vector<slice>& sources,
                                          std::vector<buffer>& made, std::size_t size) {
    std::vector<byte_view> in(sources.size());
    std::vector<byte_span> out(made.size());
    for (std::size_t at = 0; at < size; at += limits::cell_bytes) {
        const std::size_t n = std::min(limits::cell_bytes, size - at);
        for (std::size_t i = 0; i < in.size(); ++i) in[i] = sources[i].view().subspan(at, n);
        for (std::size_t i = 0; i < out.size(); ++i) out[i] = made[i].span().subspan(at, n);
        if (auto done = plan.repair(in, out); !done) return done;
    }
    return {};
}

}  // namespace detail

// Erases shards that nothing names. Best effort: the orphan sweep finds what it could not reach.
[[nodiscard]] inline step discard(state& s, std::vector<rebuilt> what) {
    for (const rebuilt& each : what) {
        shard::any_store* store = s.on.nodes.find(each.place.where);
        if (store == nullptr) continue;
        step erasing = store->erase(each.id);
        step limited = within(limits::call_time_max, std::move(erasing));
        (void)co_await limited;
    }
    co_return status{};
}

// `have`: indices that may be read. Those of `wanted` that could be written are answered; the
// others are left for another time. Errors: that of a source (detail: its index); too_few_shards.
[[nodiscard]] inline task<result<std::vector<rebuilt>>> rebuild(state& s, chunk of, subject about,
                                                                std::vector<unsigned> have,
                                                                std::vector<rebuild_wish> wanted) {
    std::vector<detail::rebuild_lane> lanes;
    std::vector<unsigned> lost;
    for (rebuild_wish& wish : wanted) {
        detail::rebuild_lane lane;
        lane.wish = wish;
        lane.id = of.shard(wish.index);
        lane.id.write = s.on.random.u64();
        shard::any_store* store = s.on.nodes.find(wish.to.where);
        if (store == nullptr) continue;
        auto beginning = store->begin(detail::rebuild_header(of, about, lane));
        auto writer = co_await beginning;
        if (!writer) continue;
        lane.writer = std::move(*writer);
        if (!wish.copy) lost.push_back(wish.index);
        lanes.push_back(std::move(lane));
    }
    std::optional<codec::repair_plan> plan;
    std::vector<unsigned> sources;
    if (!lost.empty()) {
        const auto code =
            s.code_of(of.shape.data, of.shape.parity, static_cast<codec::generator>(of.generator));
        if (!code) co_return fail(errc::unsupported, "no such erasure code", of.generator);
        auto made = code->plan(have, lost);
        if (!made) co_return std::unexpected(made.error());
        plan.emplace(std::move(*made));
        sources.assign(plan->sources().begin(), plan->sources().end());
    }
    const std::size_t planned = sources.size();
    for (const auto& lane : lanes)
        if (lane.wish.copy) sources.push_back(lane.wish.index);

    const std::uint64_t row = of.shape.row_bytes();
    for (std::uint64_t at = 0; at < row && !lanes.empty(); at += rebuild_window) {
        const row_range window{at, std::min(at + rebuild_window, row)};
        auto leasing = take_lease(s.reading, window.size() * (sources.size() + lost.size()));
        const auto held = co_await leasing;
        if (!held) co_return std::unexpected(held.error());
        auto fetching = detail::fetch_rows(s, of, sources, window);
        auto rows_read = co_await fetching;
        if (!rows_read) co_return std::unexpected(rows_read.error());
        std::vector<slice> copies(
            std::make_move_iterator(rows_read->begin() + static_cast<std::ptrdiff_t>(planned)),
            std::make_move_iterator(rows_read->end()));
        rows_read->resize(planned);
        std::vector<buffer> made;
        for (std::size_t i = 0; i < lost.size(); ++i)
            made.push_back(buffer::uninitialized(window.size()));
        if (plan) {
            const auto repaired = detail::repair_window(*plan, *rows_read, made, window.size());
            if (!repaired) co_return std::unexpected(repaired.error());
        }
        std::vector<step> writing;
        std::size_t next_lost = 0;
        std::size_t next_copy = 0;
        for (auto& lane : lanes) {
            slice bytes = lane.wish.copy ? std::move(copies[next_copy++])
                                         : slice{std::move(made[next_lost++])};
            if (!lane.failed) writing.push_back(detail::append_window(of, lane, bytes, window));
        }
        auto all = gather(std::move(writing));
        (void)co_await all;
    }
    std::vector<step> ending;
    for (auto& lane : lanes) ending.push_back(detail::finish_lane(s, of, lane));
    auto all = gather(std::move(ending));
    (void)co_await all;

    std::vector<rebuilt> out;
    std::vector<rebuilt> in_vain;  // sealed, and not readable as it was written
    for (const auto& lane : lanes) {
        rebuilt one;
        one.index = lane.wish.index;
        one.id = lane.id;
        one.place.where = lane.wish.to.where;
        if (lane.failed) {
            in_vain.push_back(std::move(one));
            continue;
        }
        one.place.state = lane.wish.to.state;
        one.place.hash = shard::hash_of(lane.sums);
        one.place.write = lane.id.write;
        out.push_back(std::move(one));
    }
    if (!in_vain.empty()) {
        step discarding = discard(s, std::move(in_vain));
        (void)co_await discarding;
    }
    co_return std::move(out);
}

}  // namespace rsx::object
