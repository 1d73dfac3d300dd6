// SPDX-License-Identifier: Apache-2.0

// A log in a directory of files: the blocking driver of wal/core.hpp, for plain programs.
//
//     auto log = wal::file_log::open(files, "wal", {.entropy = rsx::system_entropy()});
//     auto at = (*log)->append(bytes);
//     auto until = (*log)->sync();                          // many threads share one disk sync
//     for (auto records = (*log)->read(0); auto next = records->next(); ) ...
//
// Opening recovers (wal/recovery.hpp): a tail that a crash tore is cut, rot is errc::corrupt with
// the position.
//
// `close` (or a `mark` when idle) writes a record after everything is durable, so that rot in the
// very last batch is told from a torn one as well.
//
// Any thread. One mutex, not held during I/O: whoever finds no sync under way leads, the others
// wait for it and then for the next (leader and followers). docs/reference/wal.md.
#pragma once

#include <rsx/wal/core.hpp>
#include <rsx/wal/recovery.hpp>

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace rsx::wal {

class file_log {
public:
    [[nodiscard]] static result<std::unique_ptr<file_log>> open(disk::files& where,
                                                                std::string folder, options how) {
        auto found = detail::recover(where, folder, how);
        if (!found) return std::unexpected(found.error());
        return std::unique_ptr<file_log>{
            new file_log{where, std::move(folder), how, std::move(*found)}};
    }
    file_log(const file_log&) = delete;
    file_log& operator=(const file_log&) = delete;

    [[nodiscard]] result<lsn> append(byte_view bytes) {
        const std::lock_guard guard{mutex_};
        return core_.append(bytes);
    }

    // Makes all that was appended before this call durable.
    [[nodiscard]] result<lsn> sync() {
        std::unique_lock guard{mutex_};
        const lsn wanted = core_.end();
        while (core_.durable() < wanted) {
            if (core_.failed()) return fail(errc::io, "the log is fenced");
            if (core_.under_way()) {
                moved_.wait(guard);
                continue;
            }
            const batch* const next = core_.begin();
            guard.unlock();
            bool begun = false;
            const auto written = write(*next, begun);
            guard.lock();
            if (written) {
                bases_.try_emplace(next->base, next->end).first->second = next->end;
                if (next->last) file_.reset();
                core_.complete();
            } else if (!begun && written.error().code == errc::full) {
                core_.put_back();  // no room for another segment: trimming may make some
            } else {
                core_.fail();
            }
            moved_.notify_all();
            if (!written) return std::unexpected(written.error());
        }
        return core_.durable();
    }

    // Proof, for a later recovery, that everything so far was durable. Not itself synced.
    [[nodiscard]] result<void> mark() {
        if (auto done = sync(); !done) return std::unexpected(done.error());
        const std::lock_guard guard{mutex_};
        auto at = core_.append({}, kind::mark);
        if (!at) return std::unexpected(at.error());
        return {};
    }

    // Marks and syncs. The log may still be used.
    [[nodiscard]] result<void> close() {
        if (auto marked = mark(); !marked) return marked;
        if (auto done = sync(); !done) return std::unexpected(done.error());
        return {};
    }

    [[nodiscard]] lsn durable() const {
        const std::lock_guard guard{mutex_};
        return core_.durable();
    }
    [[nodiscard]] lsn end() const {
        const std::lock_guard guard{mutex_};
        return core_.end();
    }
    // The oldest record that is still kept is at or after this.
    [[nodiscard]] lsn first() const {
        const std::lock_guard guard{mutex_};
        return bases_.begin()->first;
    }
    // Bytes of a torn tail that opening cut off.
    [[nodiscard]] std::uint64_t cut() const noexcept { return cut_; }

    class cursor {
    public:
        // Nothing: the end, as it was when reading began. errc::corrupt: the position of what is
        // broken, behind which nothing can be read.
        [[nodiscard]] result<std::optional<entry>> next() {
            while (true) {
                if (!open_ && from_ >= until_) return std::optional<entry>{};
                if (!open_) {
                    auto opened = segment_reader::open(*files_, folder_, base_);
                    if (!opened) return std::unexpected(opened.error());
                    if (opened->header().log != log_) {
                        return fail(errc::corrupt, "a segment of another log", base_);
                    }
                    open_.emplace(std::move(*opened));
                }
                if (open_->at() >= until_) return std::optional<entry>{};
                const lsn at = open_->at();
                auto found = open_->next();
                if (!found) return std::unexpected(found.error());
                if (!*found) return fail(errc::corrupt, "a record of the log is broken", at);
                if ((*found)->what == kind::end) {
                    base_ = open_->at();
                    open_.reset();
                    if (from_ < base_) from_ = base_;
                } else if ((*found)->what == kind::data && at >= from_) {
                    const byte_view bytes = (*found)->bytes;
                    return entry{.at = at, .bytes = {bytes.begin(), bytes.end()}};
                }
            }
        }

    private:
        friend class file_log;
        cursor(disk::files& where, std::string folder, std::uint64_t log, lsn base, lsn from,
               lsn until)
            : files_{&where},
              folder_{std::move(folder)},
              log_{log},
              base_{base},
              from_{from},
              until_{until} {}
        disk::files* files_;
        std::string folder_;
        std::uint64_t log_;
        lsn base_;
        lsn from_;
        lsn until_;
        std::optional<segment_reader> open_{};
    };

    // Durable records at or after `from`, to where the log is durable now, or to `until` if that is
    // less. errc::not_found: trimmed.
    [[nodiscard]] result<cursor> read(lsn from, lsn until = ~lsn{0}) const {
        const auto base = base_of(from);
        if (!base) return std::unexpected(base.error());
        return cursor{files_, folder_, log_, *base, from, std::min(until, durable())};
    }

    // The one record at this position, of so many bytes; one open, one read. errc::not_found:
    // trimmed. errc::corrupt: it is not there any more.
    [[nodiscard]] result<entry> get(lsn at, std::size_t bytes) const {
        auto raw = raw_at(at, bytes);
        if (!raw) return std::unexpected(raw.error());
        const auto found = decode_record(log_, at, *raw);
        if (!found || found->bytes.size() != bytes) {
            return fail(errc::corrupt, "a record of the log is broken", at);
        }
        return without_head(at, std::move(*raw), bytes);
    }
    // The same for who has checksums of his own: what is there now, unchecked.
    [[nodiscard]] result<entry> peek(lsn at, std::size_t bytes) const {
        auto raw = raw_at(at, bytes);
        if (!raw) return std::unexpected(raw.error());
        if (raw->size() < record_size(bytes)) {
            return fail(errc::corrupt, "a segment of the log is too short", at);
        }
        return without_head(at, std::move(*raw), bytes);
    }

    [[nodiscard]] bool fenced() const {
        const std::lock_guard guard{mutex_};
        return core_.failed();
    }

    // Segments that hold durable records: where each begins, and ends so far. The last one grows.
    [[nodiscard]] std::map<lsn, lsn> segments() const {
        const std::lock_guard guard{mutex_};
        return bases_;
    }

    // Removes segments that lie wholly below. The oldest first, each durably, so that what a crash
    // leaves has no gap.
    [[nodiscard]] result<void> trim(lsn below) {
        const std::lock_guard alone{trimming_};
        while (true) {
            lsn base = 0;
            {
                const std::lock_guard guard{mutex_};
                below = std::min(below, core_.durable());
                if (bases_.size() < 2 || bases_.begin()->second > below) return {};
                base = bases_.begin()->first;
            }
            auto gone = files_.remove(folder_ + '/' + segment_name(base));
            if (!gone && gone.error().code != errc::not_found) return gone;
            if (auto ok = files_.sync_directory(folder_); !ok) return ok;
            const std::lock_guard guard{mutex_};
            bases_.erase(base);
        }
    }

private:
    file_log(disk::files& where, std::string folder, const options& how, detail::recovered found)
        : files_{where},
          folder_{std::move(folder)},
          segment_bytes_{how.segment_bytes},
          log_{found.log},
          cut_{found.cut},
          bases_{std::move(found.bases)},
          file_{std::move(found.file)},
          core_{{.log = found.log,
                 .segment_bytes = how.segment_bytes,
                 .staged_bytes_max = how.staged_bytes_max},
                found.end,
                found.base} {}

    [[nodiscard]] result<std::vector<std::byte>> raw_at(lsn at, std::size_t bytes) const {
        const auto base = base_of(at);
        if (!base) return std::unexpected(base.error());
        auto file = files_.open(folder_ + '/' + segment_name(*base));
        if (!file) return std::unexpected(file.error());
        std::vector<std::byte> raw(record_size(bytes));
        const auto n = (*file)->read(segment_page + (at - *base), raw);
        if (!n) return std::unexpected(n.error());
        raw.resize(*n);
        return raw;
    }
    static entry without_head(lsn at, std::vector<std::byte> raw, std::size_t bytes) {
        raw.erase(raw.begin(), raw.begin() + record_head);
        raw.resize(bytes);
        return {.at = at, .bytes = std::move(raw)};
    }

    [[nodiscard]] result<lsn> base_of(lsn at) const {
        const std::lock_guard guard{mutex_};
        const auto after = bases_.upper_bound(at);
        if (after != bases_.begin()) return std::prev(after)->first;
        return fail(errc::not_found, "that part of the log was trimmed", bases_.begin()->first);
    }

    // `begun` is set once bytes of it may be on the disk.
    result<void> write(const batch& what, bool& begun) {
        if (!file_) {
            auto made =
                create_segment(files_, folder_, {.log = log_, .base = what.base}, segment_bytes_);
            if (!made) return std::unexpected(made.error());
            file_ = std::move(*made);
        }
        begun = true;
        if (auto ok = file_->write(segment_page + (what.begin - what.base), what.bytes); !ok) {
            return ok;
        }
        return file_->sync();
    }

    disk::files& files_;
    std::string folder_;
    std::size_t segment_bytes_;
    std::uint64_t log_;
    std::uint64_t cut_;
    mutable std::mutex mutex_;
    std::mutex trimming_;
    std::condition_variable moved_;
    std::map<lsn, lsn> bases_;          // segments, and where their durable records end
    std::unique_ptr<disk::file> file_;  // the leader's; of the segment being written
    core core_;
};

static_assert(log<file_log>);

}  // namespace rsx::wal
