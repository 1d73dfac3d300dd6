// SPDX-License-Identifier: Apache-2.0

// Small shards in a log: the half of shard/segment.hpp that decides, and does the blocking work.
//
//     auto store = shard::packed_log::open(files, how);       // reads the log, builds the index
//     auto at = (*store)->append(header, sums, blocks);        // staged; then the log is synced...
//     (*store)->settle(*at);                                    // ...and the shard can be seen
//
// Invariants:
// - Replaying the log in order gives the index: the last record of an id says where it is, or that
//   it is gone. The order of records is the order of decisions: both are made under one mutex.
// - A shard is in the index only when its record is durable.
// - An erased id's tombstone comes after its shard. Segments are freed oldest first, so when a
//   tombstone's turn comes, what it buried is gone, and it is simply left behind.
//
// Compaction copies what lives in the oldest segment to the log's end, makes it durable, points the
// index there and trims. It runs while more than 30 % of the log is dead, one segment at a time, so
// it copies at most about twice what it frees. Any thread; I/O happens outside the mutex.
#pragma once

#include <rsx/disk/concept.hpp>
#include <rsx/shard/intake.hpp>
#include <rsx/shard/packed_format.hpp>
#include <rsx/wal/file_log.hpp>

#include <atomic>
#include <map>
#include <mutex>

namespace rsx::shard {

class packed_log {
public:
    struct options {
        rsx::entropy& entropy;
        std::size_t segment_bytes{limits::wal_segment_bytes};
    };

    [[nodiscard]] static result<std::shared_ptr<packed_log>> open(
        std::shared_ptr<disk::files> files, options how) {
        auto opened = wal::file_log::open(
            *files, "segments", {.entropy = how.entropy, .segment_bytes = how.segment_bytes});
        if (!opened) return std::unexpected(opened.error());
        // Whoever has a share of the log has one of its files.
        struct owned {
            std::shared_ptr<disk::files> files;
            std::unique_ptr<wal::file_log> log;
        };
        auto owner = std::make_shared<owned>(std::move(files), std::move(*opened));
        std::shared_ptr<wal::file_log> log{owner, owner->log.get()};
        std::shared_ptr<packed_log> made{new packed_log{std::move(log), how.segment_bytes}};
        if (auto read = made->replay(); !read) return std::unexpected(read.error());
        return made;
    }

    // A share of the log that outlives this object.
    [[nodiscard]] std::shared_ptr<wal::file_log> log() const { return log_; }

    [[nodiscard]] std::optional<listed> find(const id& which) const {
        const std::lock_guard guard{mutex_};
        const auto found = index_.find(which);
        if (found == index_.end()) return std::nullopt;
        return listed_of(*found);
    }

    // Where the shard will be durable. If it is there, or on its way, with the same bytes: where
    // that one is. errc::limit: sync the log first.
    [[nodiscard]] result<wal::lsn> append(const header& about, std::span<const std::uint32_t> sums,
                                          std::span<const slice> blocks) {
        const auto raw = encode_packed(about, sums, blocks);
        row mine;
        for (const slice& each : blocks) mine.bytes += each.size();
        mine.record = raw.size();
        mine.hash = hash_of(sums);
        mine.writer = about.writer;
        const std::lock_guard guard{mutex_};
        for (const auto* where : {&index_, &coming_}) {
            const auto found = where->find(about.id);
            if (found == where->end()) continue;
            const row& there = found->second;
            if (there.bytes == mine.bytes && there.hash == mine.hash) return there.at;
            return fail(errc::conflict, "the shard is sealed with other bytes");
        }
        const auto at = log_->append(raw);
        if (!at) return at;
        mine.at = *at;
        coming_.emplace(about.id, mine);
        return at;
    }

    // The log has been synced since: shows the shard, if it is durable.
    [[nodiscard]] result<void> settle(const id& which, wal::lsn at) {
        const std::lock_guard guard{mutex_};
        const auto found = coming_.find(which);
        const bool mine = found != coming_.end() && found->second.at == at;
        if (log_->durable() <= at) {
            if (mine) coming_.erase(found);
            return fail(errc::io, "the log was not synced: the store is fenced");
        }
        if (mine) show(found);
        return {};  // else someone with the same bytes has shown it
    }

    // Is it there, or on its way?
    [[nodiscard]] bool knows(const id& which) const {
        const std::lock_guard guard{mutex_};
        return index_.contains(which) || coming_.contains(which);
    }

    // Where it is durable that the shard is gone; it cannot be seen from now on.
    [[nodiscard]] result<wal::lsn> erase(const id& which) {
        const std::lock_guard guard{mutex_};
        const auto found = index_.find(which);
        if (found == index_.end()) return last_erase_;  // perhaps gone, and not yet durably
        const auto at = log_->append(encode_erased(which));
        if (!at) return at;
        last_erase_ = *at;
        live_.fetch_sub(found->second.bytes);
        live_records_ -= wal::record_size(found->second.record);
        index_.erase(found);
        return at;
    }
    [[nodiscard]] result<void> check_durable(wal::lsn at) const {
        if (log_->durable() > at || at == 0) return {};
        return fail(errc::io, "the log was not synced: the store is fenced");
    }

    [[nodiscard]] result<header> head(const id& which) {
        auto found = load(which, true);
        if (!found) return std::unexpected(found.error());
        auto what = decode_packed(found->bytes);
        if (!what) return std::unexpected(what.error());
        return std::move(what->about);
    }

    // Checks what it answers by the blocks' own sums, so that one broken block hides no other.
    [[nodiscard]] result<piece> read(const id& which, block_range blocks) {
        row there;
        auto found = load(which, false, &there);
        if (!found) return std::unexpected(found.error());
        const auto what = decode_packed(found->bytes);
        if (!what) return std::unexpected(what.error());
        if (what->about.id != which || hash_of(what->sums) != there.hash) {
            return fail(errc::corrupt, "a packed shard's head is broken");
        }
        const auto where = cut(blocks, what->blocks.size());
        if (!where) return std::unexpected(where.error());
        const auto range = bytes_of_blocks(*where, what->blocks.size());
        const auto sums = std::span{what->sums}.subspan(where->first, where->count);
        piece out{.bytes = slice::copy_of(what->blocks.subspan(range.at, range.size)),
                  .sums = {sums.begin(), sums.end()}};
        if (auto ok = verify(identity_of(what->about), *where, out); !ok) {
            return std::unexpected(ok.error());
        }
        return out;
    }

    [[nodiscard]] std::vector<listed> list(const id& from, const id& to, std::size_t limit) const {
        std::vector<listed> out;
        const std::lock_guard guard{mutex_};
        for (auto at = index_.lower_bound(from);
             at != index_.end() && at->first < to && out.size() < limit; ++at) {
            out.push_back(listed_of(*at));
        }
        return out;
    }

    [[nodiscard]] std::uint64_t live() const noexcept { return live_.load(); }
    [[nodiscard]] std::uint64_t shards() const {
        const std::lock_guard guard{mutex_};
        return index_.size();
    }
    // Bytes of the log that hold nothing any more.
    [[nodiscard]] std::uint64_t dead() const {
        const std::uint64_t all = log_->durable() - log_->first();
        const std::lock_guard guard{mutex_};
        return all - std::min(all, live_records_);
    }

    [[nodiscard]] bool wants_compaction() const {
        const std::uint64_t all = log_->durable() - log_->first();
        return all > 2 * segment_bytes_ && dead() > all / 100 * limits::dead_percent_max;
    }

    // Frees the oldest segment. Nothing to do with one alone.
    [[nodiscard]] result<void> compact() {
        const std::lock_guard alone{compacting_};
        const auto segments = log_->segments();
        if (segments.size() < 2) return {};
        const auto [base, end] = *segments.begin();
        std::vector<std::pair<id, row>> moved;
        auto records = log_->read(base, end);
        if (!records) return std::unexpected(records.error());
        while (true) {
            auto next = records->next();
            if (!next) return std::unexpected(next.error());
            if (!*next) break;
            if (auto ok = copy(**next, moved); !ok) return ok;
        }
        if (auto synced = log_->sync(); !synced) return std::unexpected(synced.error());
        {
            const std::lock_guard guard{mutex_};
            for (const auto& [which, where] : moved) {
                const auto found = index_.find(which);
                if (found != index_.end() && found->second.at < end) found->second.at = where.at;
            }
        }
        return log_->trim(end);
    }

private:
    struct row {
        wal::lsn at{0};
        std::size_t record{0};  // bytes of the record
        std::uint64_t bytes{0};
        std::uint64_t hash{0};
        std::uint64_t writer{0};
    };
    using rows = std::map<id, row>;

    packed_log(std::shared_ptr<wal::file_log> log, std::size_t segment_bytes)
        : log_{std::move(log)}, segment_bytes_{segment_bytes} {}

    static listed listed_of(const rows::value_type& one) {
        const row& r = one.second;
        return {.id = one.first, .bytes = r.bytes, .hash = r.hash, .writer = r.writer};
    }

    result<void> replay() {
        auto records = log_->read(log_->first());
        if (!records) return std::unexpected(records.error());
        while (true) {
            const auto next = records->next();
            if (!next) return std::unexpected(next.error());
            if (!*next) break;
            const auto what = decode_packed((*next)->bytes);
            if (!what) return std::unexpected(what.error());
            index_.erase(what->about.id);
            if (what->erased) continue;
            index_.emplace(what->about.id, row{.at = (*next)->at,
                                               .record = (*next)->bytes.size(),
                                               .bytes = what->blocks.size(),
                                               .hash = hash_of(what->sums),
                                               .writer = what->about.writer});
        }
        for (const auto& [which, r] : index_) {
            live_.fetch_add(r.bytes);
            live_records_ += wal::record_size(r.record);
        }
        return {};
    }

    void show(rows::iterator coming) {
        const row& what = coming->second;
        live_.fetch_add(what.bytes);
        live_records_ += wal::record_size(what.record);
        index_.insert_or_assign(coming->first, what);
        coming_.erase(coming);
    }

    // The record of a shard, wherever compaction has it now.
    result<wal::entry> load(const id& which, bool checked, row* seen = nullptr) {
        for (int tries = 0; tries < 8; ++tries) {
            row there;
            {
                const std::lock_guard guard{mutex_};
                const auto found = index_.find(which);
                if (found == index_.end()) return fail(errc::not_found, "no such shard");
                there = found->second;
            }
            if (seen != nullptr) *seen = there;
            auto record =
                checked ? log_->get(there.at, there.record) : log_->peek(there.at, there.record);
            if (record) return record;
            if (record.error().code != errc::not_found) return record;
            const std::lock_guard guard{mutex_};  // trimmed meanwhile, or its file has disappeared
            const auto found = index_.find(which);
            if (found != index_.end() && found->second.at == there.at) {
                return fail(errc::corrupt, "a segment has disappeared", there.at);
            }
        }
        return fail(errc::unavailable, "the shard moves too fast");
    }

    // Appends a copy of what lives at this record. Look and append are one decision.
    result<void> copy(const wal::entry& from, std::vector<std::pair<id, row>>& moved) {
        const auto what = decode_packed(from.bytes);
        if (!what) return std::unexpected(what.error());
        if (what->erased) return {};
        for (int tries = 0; tries < 3; ++tries) {
            {
                const std::lock_guard guard{mutex_};
                const auto late = coming_.find(what->about.id);  // durable, and not yet shown
                if (late != coming_.end() && late->second.at == from.at) show(late);
                const auto found = index_.find(what->about.id);
                if (found == index_.end() || found->second.at != from.at) return {};
                const auto at = log_->append(from.bytes);
                if (at) {
                    row there = found->second;
                    there.at = *at;
                    moved.emplace_back(what->about.id, there);
                    return {};
                }
                if (at.error().code != errc::limit) return std::unexpected(at.error());
            }
            if (auto synced = log_->sync(); !synced) return std::unexpected(synced.error());
        }
        return fail(errc::unavailable, "others append faster than compaction");
    }

    std::shared_ptr<wal::file_log> log_;
    std::size_t segment_bytes_;
    mutable std::mutex mutex_;
    std::mutex compacting_;
    rows index_;
    rows coming_;  // appended, not yet known to be durable
    std::uint64_t live_records_{0};
    wal::lsn last_erase_{0};
    std::atomic<std::uint64_t> live_{0};
};

}  // namespace rsx::shard
