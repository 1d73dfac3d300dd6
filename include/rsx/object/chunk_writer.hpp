// SPDX-License-Identifier: Apache-2.0

// Writes one chunk to k + m disks at once, and says who holds what when it is durable.
//
//     object::chunk_writer out{s, plan, targets, subject};
//     co_await out.add(home, batch);            // as often as needed; waits for slow disks
//     auto places = co_await out.finish(home);  // one place an index, or not_enough_nodes
//
// An index counts only if its shard holds every stripe and is sealed. Disks are paced: all are
// waited for, but those past what the promise needs only for a moment, and one that falls behind by
// limits::peer_bytes_max is dropped. When the promise cannot be kept by the disks that are left,
// the missing indices are handed off to others: from memory while the chunk is still one batch,
// else by reading back what is sealed.
//
// Nothing is stored by a chunk that failed: `forget` erases what may have been sealed.
#pragma once

#include <rsx/object/batch.hpp>
#include <rsx/object/feed.hpp>
#include <rsx/object/rows_read.hpp>
#include <rsx/object/spread.hpp>

namespace rsx::object {

class chunk_writer {
public:
    using feeds = std::vector<std::shared_ptr<shard_feed>>;

    // `what`: everything but its bytes and places.
    chunk_writer(state& s, loop& home, chunk what, std::vector<target> targets, subject about)
        : s_{s},
          home_{home},
          what_{std::move(what)},
          targets_{std::move(targets)},
          about_{std::move(about)},
          feeds_(targets_.size()) {
        for (unsigned i = 0; i < targets_.size(); ++i)
            if (targets_[i].state != meta::rows::presence::missing) begin(i);
    }
    chunk_writer(const chunk_writer&) = delete;
    chunk_writer& operator=(const chunk_writer&) = delete;
    ~chunk_writer() {
        for (const auto& feed : feeds_)
            if (feed && feed->pending()) feed->drop({errc::cancelled, "the chunk was given up"});
    }

    [[nodiscard]] const chunk& what() const noexcept { return what_; }

    [[nodiscard]] step add(batch next, std::uint64_t data_bytes) {
        const std::uint64_t first_block = rows_ / limits::block_bytes;
        if (rows_ > 0) {
            step letting_go = let_go();
            const auto gone = co_await letting_go;
            if (!gone) co_return gone;
        }
        std::vector<std::vector<std::uint32_t>> sums(feeds_.size());
        for (unsigned i = 0; i < feeds_.size(); ++i)
            sums[i] = shard::sums_of(what_.identity(i), first_block, row_of(next, i).view());
        for (unsigned i = 0; i < feeds_.size(); ++i)
            if (feeds_[i]) feeds_[i]->push({row_of(next, i), sums[i], next.held});
        if (rows_ == 0) {
            kept_ = next;
            kept_sums_ = std::move(sums);
        }
        rows_ += next.row;
        what_.shape.bytes += data_bytes;
        step pacing = pace();
        co_return co_await pacing;
    }

    // The first batch is kept for whoever refuses to begin; from here on it is not. Also called
    // when memory is short: nobody may wait for memory while holding some.
    [[nodiscard]] step let_go() {
        if (kept_.row == 0) co_return status{};
        step settling = settle_beginnings();
        const auto settled = co_await settling;
        if (!settled) co_return settled;
        kept_ = {};
        kept_sums_.clear();
        co_return status{};
    }

    [[nodiscard]] task<result<std::vector<meta::rows::shard_place>>> finish() {
        for (const auto& feed : feeds_)
            if (feed) feed->close();
        for (unsigned round = 0;; ++round) {
            step waiting = wait_for_seals();
            const auto waited = co_await waiting;
            if (!waited) co_return std::unexpected(waited.error());
            if (holds()) break;
            if (round == limits::handoff_rounds_max) co_return std::unexpected(not_enough_nodes);
            step moving = hand_off();
            const auto moved = co_await moving;
            if (!moved) co_return std::unexpected(moved.error());
        }
        kept_ = {};
        for (const auto& feed : feeds_)
            if (feed && feed->sealed()) s_.health.fine(feed->where());
        co_return places();
    }

    // Erases what was or may have been written, as far as the nodes answer.
    void forget() {
        for (const auto& feed : feeds_)
            if (feed && (feed->pending() || feed->sealed())) dispose(feed);
    }

private:
    static slice row_of(const batch& from, unsigned index) {
        return from.bytes.part(index * from.stride, from.row);
    }
    [[nodiscard]] unsigned further() const noexcept {
        return std::min(s_.how.survives, what_.shape.parity);
    }

    void begin(unsigned index) {
        shard::any_store* store = s_.on.nodes.find(targets_[index].where);
        if (store == nullptr) return;
        shard::header head{.id = what_.shard(index),
                           .holder = targets_[index].where,
                           .data = static_cast<std::uint16_t>(what_.shape.data),
                           .parity = static_cast<std::uint16_t>(what_.shape.parity),
                           .code = 1,
                           .generator = what_.generator,
                           .cell_bytes = static_cast<std::uint32_t>(what_.shape.cell),
                           .chunk_offset = about_.chunk_offset,
                           .writer = about_.writer,
                           .epoch = what_.epoch,
                           .seq_hint = about_.seq_hint,
                           .bucket = about_.bucket,
                           .key = about_.key,
                           .upload = about_.upload,
                           .part = about_.part};
        auto feed = std::make_shared<shard_feed>(*store, std::move(head), changed_);
        feeds_[index] = feed;
        s_.detach(env{&home_, feed->stop(), nanos::max()}, run(feed));
    }

    // An id names one writing of one shard: whoever takes an index over writes under a new one.
    void begin_anew(unsigned index, holder where, meta::rows::presence state) {
        retire(index);
        targets_[index].where = where;
        targets_[index].state = state;
        if (what_.places.empty()) what_.places.resize(feeds_.size());
        what_.places[index].write = s_.on.random.u64();
        begin(index);
    }

    void retire(unsigned index) {
        auto& feed = feeds_[index];
        if (!feed) return;
        if (feed->pending()) {
            feed->drop({errc::timed_out, "a disk was too slow for this object"});
            s_.health.failed(feed->where(), home_.now());
        }
        s_.shards_failed.add();
        feed.reset();
    }

    [[nodiscard]] std::vector<holder> holders(bool (shard_feed::*which)() const noexcept) const {
        std::vector<holder> out;
        for (const auto& feed : feeds_)
            if (feed && (*feed.*which)()) out.push_back(feed->where());
        return out;
    }
    [[nodiscard]] bool holds() const {
        return promised(holders(&shard_feed::sealed), what_.shape.data, further());
    }
    [[nodiscard]] std::size_t count(bool (shard_feed::*which)() const noexcept) const {
        return holders(which).size();
    }

    // Sleeps until something has changed, at most until then. Errors: cancelled only.
    [[nodiscard]] step changed_until(nanos when) {
        step waiting = changed_->next();
        step limited = until(when, std::move(waiting));
        const auto told = co_await limited;
        if (!told && told.error().code == errc::cancelled) co_return told;
        co_return status{};
    }

    // Before the first batch is let go of: who has refused by now is replaced from memory.
    [[nodiscard]] step settle_beginnings() {
        const nanos limit = home_.now() + limits::seal_straggler_max;
        for (;;) {
            bool open = false;
            for (const auto& feed : feeds_)
                open = open || (feed && feed->pending() && !feed->begun());
            if (!open || home_.now() >= limit) break;
            step waiting = changed_until(limit);
            const auto waited = co_await waiting;
            if (!waited) co_return waited;
        }
        for (const auto& feed : feeds_)
            if (feed && feed->pending() && !feed->begun()) {
                feed->drop({errc::timed_out, "a disk did not begin"});
                s_.health.failed(feed->where(), home_.now());
            }
        if (count(&shard_feed::failed) == 0) co_return status{};
        // Who is left counts as kept: it has begun, and what it has is what this batch is.
        const auto found = seek(&shard_feed::pending);
        if (!found) co_return status{};  // perhaps the seals still keep the promise
        for (unsigned i = 0; i < feeds_.size(); ++i) {
            if (feeds_[i] && feeds_[i]->pending()) continue;
            if ((*found)[i].state == meta::rows::presence::missing) {
                retire(i);
                targets_[i] = (*found)[i];
            } else {
                begin_anew(i, (*found)[i].where, (*found)[i].state);
                feeds_[i]->push({row_of(kept_, i), kept_sums_[i], kept_.held});
            }
        }
        co_return status{};
    }

    // Where the indices that are not `kept` may go.
    [[nodiscard]] result<std::vector<target>> seek(bool (shard_feed::*kept)() const noexcept) {
        std::vector<std::optional<holder>> stays(feeds_.size());
        for (unsigned i = 0; i < feeds_.size(); ++i) {
            const auto& feed = feeds_[i];
            if (feed && (*feed.*kept)()) stays[i] = feed->where();
            if (!feed || stays[i] || !feed->failed()) continue;
            refused_.insert(feed->where());
            if (feed->why() && !detail::shard_is_gone(feed->why()->code))
                s_.health.failed(feed->where(), home_.now());
        }
        return spread(s_, placement_hash(what_.hash, what_.number), what_.shape.data,
                      what_.shape.parity, home_.now(), stays, refused_);
    }

    // Until every disk has little in its queue. Those the promise can do without are waited for a
    // moment only; nobody is waited for longer than a call may take.
    [[nodiscard]] step pace() {
        constexpr std::size_t window = 2 * batch_stripes * limits::cell_bytes;
        const nanos began = home_.now();
        for (;;) {
            std::size_t alive = 0;
            std::size_t waited_for = 0;
            std::vector<holder> swift;
            for (const auto& feed : feeds_) {
                if (!feed || !feed->pending()) continue;
                ++alive;
                if (feed->queued() <= window) {
                    feed->lagging = false;
                    swift.push_back(feed->where());
                } else if (feed->queued() > limits::peer_bytes_max) {
                    feed->drop({errc::timed_out, "a disk fell too far behind"});
                    s_.health.failed(feed->where(), home_.now());
                    --alive;
                } else if (!feed->lagging) {
                    ++waited_for;
                }
            }
            if (alive < what_.shape.data)
                co_return fail(errc::unavailable, "too few disks are left to write to", alive);
            const bool enough = promised(swift, what_.shape.data, further());
            if (waited_for == 0 && (enough || swift.size() == alive)) co_return status{};
            const nanos patience =
                enough ? nanos{limits::seal_straggler_max} : nanos{limits::call_time_max};
            if (home_.now() - began >= patience) {
                for (const auto& feed : feeds_) {
                    if (!feed || !feed->pending() || feed->queued() <= window) continue;
                    feed->lagging = true;
                    if (!enough) feed->drop({errc::timed_out, "a disk does not get on"});
                    s_.health.failed(feed->where(), home_.now());
                }
                continue;
            }
            step waiting = changed_until(began + patience);
            const auto waited = co_await waiting;
            if (!waited) co_return waited;
        }
    }

    // Until all have sealed or failed. Once the promise holds the rest has a moment more; while
    // only k have sealed, it has longer: to hand off is work, and a busy disk is not a dead one.
    [[nodiscard]] step wait_for_seals() {
        nanos limit = home_.now() + limits::commit_time_max;
        bool readable = false;
        bool kept = false;
        while (count(&shard_feed::pending) > 0) {
            if (!kept && holds()) {
                kept = true;
                limit = std::min(limit, home_.now() + limits::seal_straggler_max);
            } else if (!readable && count(&shard_feed::sealed) >= what_.shape.data) {
                readable = true;
                limit = std::min(limit, home_.now() + limits::handoff_patience);
            }
            if (home_.now() >= limit) break;
            step waiting = changed_until(limit);
            const auto waited = co_await waiting;
            if (!waited) co_return waited;
        }
        for (const auto& feed : feeds_)
            if (feed && feed->pending()) {
                feed->drop({errc::timed_out, "a disk did not seal in time"});
                s_.health.failed(feed->where(), home_.now());
            }
        co_return status{};
    }

    // Gives what nobody has sealed to disks that are left.
    [[nodiscard]] step hand_off() {
        const auto found = seek(&shard_feed::sealed);
        if (!found) co_return std::unexpected(found.error());
        std::vector<unsigned> moved;
        for (unsigned i = 0; i < feeds_.size(); ++i) {
            if (feeds_[i] && feeds_[i]->sealed()) continue;
            if ((*found)[i].state == meta::rows::presence::missing) continue;
            begin_anew(i, (*found)[i].where, (*found)[i].state);
            if (feeds_[i]) moved.push_back(i);
        }
        if (kept_.row > 0) {
            for (const unsigned i : moved)
                feeds_[i]->push({row_of(kept_, i), kept_sums_[i], kept_.held});
        } else {
            step copying = read_back(moved);
            const auto copied = co_await copying;
            if (!copied) co_return copied;
        }
        for (const unsigned i : moved) feeds_[i]->close();
        co_return status{};
    }

    // Computes rows from what is sealed, a batch at a time.
    [[nodiscard]] step read_back(std::vector<unsigned> indices) {
        auto seen = std::make_shared<chunk>(what_);
        seen->places = places();
        for (const unsigned i : indices) seen->places[i].state = meta::rows::presence::missing;
        auto memory = std::make_shared<read_memory>();
        constexpr std::uint64_t window = batch_stripes * limits::cell_bytes;
        for (std::uint64_t at = 0; at < rows_; at += window) {
            std::vector<row_range> needs(feeds_.size());
            for (const unsigned i : indices) needs[i] = {at, std::min(at + window, rows_)};
            auto reading = read_rows(s_, seen, needs, memory);
            auto rows = co_await reading;
            if (!rows) co_return std::unexpected(rows.error());
            for (const unsigned i : indices) {
                auto sums =
                    shard::sums_of(what_.identity(i), at / limits::block_bytes, (*rows)[i].view());
                feeds_[i]->push({(*rows)[i], std::move(sums), nullptr});
            }
            step pacing = pace_copies(indices);
            const auto paced = co_await pacing;
            if (!paced) co_return paced;
        }
        co_return status{};
    }
    [[nodiscard]] step pace_copies(std::vector<unsigned> indices) {
        const nanos limit = home_.now() + limits::call_time_max;
        for (;;) {
            bool full = false;
            for (const unsigned i : indices)
                full = full || (feeds_[i]->pending() &&
                                feeds_[i]->queued() > batch_stripes * limits::cell_bytes);
            if (!full || home_.now() >= limit) co_return status{};
            step waiting = changed_until(limit);
            const auto waited = co_await waiting;
            if (!waited) co_return waited;
        }
    }

    [[nodiscard]] std::vector<meta::rows::shard_place> places() const {
        std::vector<meta::rows::shard_place> out(feeds_.size());
        for (unsigned i = 0; i < feeds_.size(); ++i) {
            out[i].where = targets_[i].home;
            out[i].state = meta::rows::presence::missing;
            if (!feeds_[i] || !feeds_[i]->sealed()) continue;
            out[i].where = feeds_[i]->where();
            out[i].state = targets_[i].state;
            out[i].hash = feeds_[i]->hash();
            const std::uint64_t drawn = feeds_[i]->head().id.write;
            if (drawn != what_.write) out[i].write = drawn;
        }
        return out;
    }

    void dispose(const std::shared_ptr<shard_feed>& feed) {
        if (feed->pending()) {
            feed->drop({errc::cancelled, "the object was not stored"});
            return;  // should it seal, its own task erases it
        }
        auto erasing = feed->store().erase(feed->head().id);
        s_.detach(env{&home_, {}, nanos::max()}, within(limits::call_time_max, std::move(erasing)));
    }

    state& s_;
    loop& home_;
    chunk what_;
    std::vector<target> targets_;
    subject about_;
    std::shared_ptr<news> changed_{std::make_shared<news>()};
    feeds feeds_;
    std::set<holder> refused_;
    std::uint64_t rows_{0};
    batch kept_{};  // the first, until there is a second
    std::vector<std::vector<std::uint32_t>> kept_sums_;
};

}  // namespace rsx::object
