// SPDX-License-Identifier: Apache-2.0

// A shard store for many small shards: they share a log, and so a write and a sync; large ones are
// files as in shard/directory.hpp.
//
//     auto store = shard::segment::open(files, pool, who, {.entropy = dice});   // blocking, at
//     start auto writer = co_await store->begin(header);
//
// Up to 128 KiB a shard is one record of a write-ahead log (rsx::wal): sealing appends it and waits
// for a sync that began afterwards, which all who wait share. Hundreds of small shards a sync
// instead of two syncs each. What is erased leaves a tombstone; when more than 30 % of the log is
// dead, its oldest segments are copied forward and freed. Opening reads the log, checks every
// record, and keeps an index of about 130 bytes a shard.
//
// Any loop. Blocking work runs on the pool and owns what it touches, as in shard/directory.hpp.
// Formats: docs/reference/segment-store.md.
#pragma once

#include <rsx/shard/directory.hpp>
#include <rsx/shard/packed_log.hpp>
#include <rsx/shard/sync_line.hpp>

namespace rsx::shard {

class segment {
public:
    using options = packed_log::options;

    [[nodiscard]] static result<segment> open(std::shared_ptr<disk::files> files, pool& threads,
                                              struct holder who, options how) {
        auto large = directory::open(files, threads, who);  // and identity, and lock
        if (!large) return std::unexpected(large.error());
        auto small = packed_log::open(files, how);
        if (!small) return std::unexpected(small.error());
        return segment{std::make_shared<inside>(std::move(*large), std::move(*small), threads)};
    }

    [[nodiscard]] task<result<std::unique_ptr<writer>>> begin(struct header h) {
        if (in_->small->find(h.id)) co_return fail(errc::conflict, "the shard is sealed already");
        auto asking = in_->large.begin(h);  // checks all the rest, and does nothing yet
        auto large = co_await asking;
        if (!large) co_return large;
        std::unique_ptr<writer> made =
            std::make_unique<writing>(in_, std::move(h), std::move(*large));
        co_return made;
    }

    [[nodiscard]] task<result<struct header>> head(struct id which) {
        if (!in_->small->find(which)) {
            auto asking = in_->large.head(which);
            co_return co_await asking;
        }
        auto work = blocking(in_->threads, [in = in_, which] { return in->small->head(which); });
        co_return co_await work;
    }

    [[nodiscard]] task<result<piece>> read(struct id which, block_range blocks) {
        if (!in_->small->find(which)) {
            auto asking = in_->large.read(which, blocks);
            co_return co_await asking;
        }
        auto work = blocking(in_->threads,
                             [in = in_, which, blocks] { return in->small->read(which, blocks); });
        co_return co_await work;
    }

    [[nodiscard]] step erase(struct id which) {
        if (in_->large.files()->find(which)) {
            step erasing = in_->large.erase(which);
            co_return co_await erasing;
        }
        auto at = in_->small->erase(which);
        for (int tries = 0; !at && at.error().code == errc::limit && tries < tries_max; ++tries) {
            auto drain = blocking(in_->line, []() -> result<void> { return {}; });
            const auto drained = co_await drain;
            if (!drained) co_return drained;
            at = in_->small->erase(which);
        }
        if (!at) co_return std::unexpected(at.error());
        auto work = blocking(in_->line, [in = in_, which, where = *at]() -> result<void> {
            if (auto ok = in->small->check_durable(where); !ok) return ok;
            in->compact_if_wanted();
            return in->large.files()->settle(which);
        });
        co_return co_await work;
    }

    [[nodiscard]] task<result<std::vector<listed>>> list(struct id from, struct id to,
                                                         std::size_t limit) {
        limit = std::min(limit, limits::shard_list_max);
        const auto small = in_->small->list(from, to, limit);
        const auto large = in_->large.files()->list(from, to, limit);
        std::vector<listed> both;
        std::ranges::merge(small, large, std::back_inserter(both), {}, &listed::id, &listed::id);
        both.resize(std::min(both.size(), limit));
        co_return both;
    }

    [[nodiscard]] task<result<struct status>> status() {
        auto asking = in_->large.status();
        auto now = co_await asking;
        if (!now) co_return now;
        now->live += in_->small->live();
        now->dead += in_->small->dead();
        now->shards += in_->small->shards();
        if (in_->small->log()->fenced()) now->state = state::fenced;
        co_return now;
    }

    [[nodiscard]] struct holder holder() const { return in_->large.holder(); }

    // Frees the oldest segment now, whatever lives in it.
    [[nodiscard]] step compact() {
        auto work = blocking(in_->threads, [in = in_] { return in->small->compact(); });
        co_return co_await work;
    }

private:
    static constexpr int tries_max = 8;

    struct inside : std::enable_shared_from_this<inside> {
        inside(directory l, std::shared_ptr<packed_log> s, pool& p)
            : large{std::move(l)}, small{std::move(s)}, threads{p}, line{small->log(), p} {}

        directory large;
        std::shared_ptr<packed_log> small;
        pool& threads;
        sync_line line;
        std::mutex crossing{};    // an id is small or large, never both
        std::set<id> in_files{};  // sealing as files now
        std::atomic<bool> compacting{false};

        result<wal::lsn> append(const struct header& about, std::span<const std::uint32_t> sums,
                                std::span<const slice> blocks) {
            if (auto ok = large.files()->writable(); !ok) return std::unexpected(ok.error());
            const std::lock_guard guard{crossing};
            if (in_files.contains(about.id) || large.files()->find(about.id)) {
                return fail(errc::conflict, "the shard is sealed with other bytes");
            }
            return small->append(about, sums, blocks);
        }

        // One thread of the pool at most, and not while there is little to gain.
        void compact_if_wanted() {
            if (!small->wants_compaction() || compacting.exchange(true)) return;
            const bool taken = threads.submit([self = shared_from_this()] {
                while (self->small->wants_compaction() && self->small->compact()) {
                }
                self->compacting.store(false);
            });
            if (!taken) compacting.store(false);
        }
    };

    class writing final : public writer {
    public:
        writing(std::shared_ptr<inside> in, struct header h, std::unique_ptr<writer> large)
            : in_{std::move(in)}, about_{std::move(h)}, row_{about_}, large_{std::move(large)} {}

        step append(slice blocks, std::vector<std::uint32_t> sums) override {
            if (ended_) co_return fail(errc::invalid, "the writer has ended");
            if (auto ok = row_.take(blocks.view(), sums); !ok) co_return ok;
            parts_.push_back({std::move(blocks), std::move(sums)});
            if (row_.bytes() <= limits::shard_packed_bytes_max) co_return result<void>{};
            const std::vector<part> parts = std::exchange(parts_, {});
            for (const part& each : parts) {
                step appending = large_->append(each.bytes, each.sums);
                const auto appended = co_await appending;
                if (appended) continue;
                ended_ = true;
                co_return appended;
            }
            co_return result<void>{};
        }

        task<result<sealed>> seal() override {
            if (outcome_) co_return *outcome_;
            if (ended_) co_return fail(errc::invalid, "the writer has ended");
            ended_ = true;
            if (row_.bytes() <= limits::shard_packed_bytes_max) {
                auto sealing = seal_small();
                outcome_ = co_await sealing;
            } else {
                auto sealing = seal_large();
                outcome_ = co_await sealing;
            }
            co_return *outcome_;
        }

        step abort() override {
            ended_ = true;
            parts_.clear();
            step aborting = large_->abort();
            co_return co_await aborting;
        }

    private:
        struct part {
            slice bytes;
            std::vector<std::uint32_t> sums;
        };

        task<result<sealed>> seal_small() {
            std::vector<slice> blocks;
            for (part& each : parts_) blocks.push_back(std::move(each.bytes));
            auto at = in_->append(about_, row_.sums(), blocks);
            for (int tries = 0; !at && at.error().code == errc::limit && tries < tries_max;
                 ++tries) {
                auto drain = blocking(in_->line, []() -> result<void> { return {}; });
                const auto drained = co_await drain;
                if (!drained) co_return std::unexpected(drained.error());
                at = in_->append(about_, row_.sums(), blocks);
            }
            if (!at) co_return std::unexpected(at.error());
            auto work = blocking(in_->line, [in = in_, which = about_.id, where = *at] {
                auto ok = in->small->settle(which, where);
                (void)in->large.files()->look_for_room();
                in->compact_if_wanted();
                return ok;
            });
            const auto shown = co_await work;
            if (!shown) co_return std::unexpected(shown.error());
            co_return row_.summary();
        }

        task<result<sealed>> seal_large() {
            {
                const std::lock_guard guard{in_->crossing};
                if (in_->small->knows(about_.id)) {
                    co_return fail(errc::conflict, "the shard is sealed with other bytes");
                }
                in_->in_files.insert(about_.id);
            }
            auto sealing = large_->seal();
            auto done = co_await sealing;
            // One that was let go of may still be sealing: its id then stays taken.
            if (done || done.error().code != errc::cancelled) {
                const std::lock_guard guard{in_->crossing};
                in_->in_files.erase(about_.id);
            }
            co_return done;
        }

        std::shared_ptr<inside> in_;
        struct header about_;
        intake row_;
        std::unique_ptr<writer> large_;
        std::vector<part> parts_{};
        bool ended_{false};
        std::optional<result<sealed>> outcome_{};
    };

    explicit segment(std::shared_ptr<inside> in) : in_{std::move(in)} {}
    std::shared_ptr<inside> in_;
};

static_assert(store<segment>);

}  // namespace rsx::shard
