// SPDX-License-Identifier: Apache-2.0

// A log in a directory of files: the blocking driver of wal/core.hpp, for plain programs.
//
//     auto log = wal::file_log::open(files, "wal", {.entropy = rsx::system_entropy()});
//     auto at = (*log)->append(bytes);
//     auto until = (*log)->sync();                          // many threads share one disk sync
//     for (auto records = (*log)->read(0); auto next = records->next(); ) ...
//
// Recovery. All segments but the last must be whole: each is closed by its end record, synced
// before the next was made. In the last one, what follows the last good record is a tail that a
// crash tore, and is cut, unless a later record proves that it was durable once: then it is rot,
// and opening answers errc::corrupt with the position. Cutting is durable before the first append,
// and appends go to a new segment, so that no byte of the tail can come back.
//
// `close` (or a `mark` when idle) writes a record after everything is durable, so that rot in the
// very last batch is told from a torn one as well.
//
// Any thread. One mutex, not held during I/O: whoever finds no sync under way leads, the others
// wait for it and then for the next (leader and followers). docs/reference/wal.md.
#pragma once

#include <rsx/core/clock.hpp>
#include <rsx/wal/core.hpp>
#include <rsx/wal/segment.hpp>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>

namespace rsx::wal {

struct options {
    rsx::entropy& entropy;  // draws the log's id when it is made
    std::size_t segment_bytes{limits::wal_segment_bytes};
    std::size_t staged_bytes_max{limits::wal_staged_bytes_max};
    bool create{true};  // else errc::not_found where there is no log
};

class file_log {
public:
    [[nodiscard]] static result<std::unique_ptr<file_log>> open(disk::files& where,
                                                                std::string folder, options how) {
        auto found = recover(where, folder, how);
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

    // Durable records at or after `from`, to where the log is durable now. errc::not_found:
    // trimmed.
    [[nodiscard]] result<cursor> read(lsn from) const {
        const std::lock_guard guard{mutex_};
        const auto after = bases_.upper_bound(from);
        if (after == bases_.begin()) {
            return fail(errc::not_found, "that part of the log was trimmed", bases_.begin()->first);
        }
        return cursor{files_, folder_, log_, std::prev(after)->first, from, core_.durable()};
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
    struct recovered {
        std::uint64_t log{0};
        std::map<lsn, lsn> bases{};  // of each segment, and where its records end
        lsn end{0};
        lsn base{0};  // of the segment that the next record goes to
        std::uint64_t cut{0};
        std::unique_ptr<disk::file> file{};
    };

    file_log(disk::files& where, std::string folder, const options& how, recovered found)
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

    static result<recovered> recover(disk::files& where, const std::string& folder,
                                     const options& how) {
        if (auto ok = where.make_directories(folder); !ok) return std::unexpected(ok.error());
        auto names = where.names(folder);
        if (!names) return std::unexpected(names.error());
        recovered out;
        for (const std::string& name : *names) {
            if (const auto base = base_of_name(name)) {
                out.bases.emplace(*base, *base);
            } else if (name.ends_with(".wal.new")) {
                if (auto gone = where.remove(folder + '/' + name); !gone) {
                    return std::unexpected(gone.error());
                }
            }
        }
        // What a killed process may have left unsynced: names are relied upon from here on.
        if (auto ok = where.sync_directory(folder); !ok) return std::unexpected(ok.error());
        if (out.bases.empty()) return make(where, folder, how, std::move(out));
        if (auto ok = check_chain(where, folder, out); !ok) return std::unexpected(ok.error());
        if (auto ok = cut_tail(where, folder, how, out); !ok) return std::unexpected(ok.error());
        return out;
    }

    static result<recovered> make(disk::files& where, const std::string& folder, const options& how,
                                  recovered out) {
        if (!how.create) return fail(errc::not_found, "there is no log");
        out.log = how.entropy.u64();
        out.bases.emplace(0, 0);
        auto file = create_segment(where, folder, {.log = out.log, .base = 0}, how.segment_bytes);
        if (!file) return std::unexpected(file.error());
        out.file = std::move(*file);
        return out;
    }

    // One log, and each segment begins behind the end of the one before.
    static result<void> check_chain(disk::files& where, const std::string& folder, recovered& out) {
        std::optional<lsn> before;
        for (auto& [base, end] : out.bases) {
            auto open = segment_reader::open(where, folder, base);
            if (!open) return std::unexpected(open.error());
            if (!before) out.log = open->header().log;
            if (open->header().log != out.log) {
                return fail(errc::corrupt, "a segment of another log", base);
            }
            if (before) out.bases[*before] = base;
            before = base;
        }
        for (auto at = out.bases.begin(); std::next(at) != out.bases.end(); ++at) {
            auto open = segment_reader::open(where, folder, at->first);
            if (!open) return std::unexpected(open.error());
            if (at->second - at->first < record_head) {
                return fail(errc::corrupt, "segments overlap", at->second);
            }
            open->seek(at->second - record_size(0));
            const auto last = open->next();
            if (!last) return std::unexpected(last.error());
            if (!*last || (*last)->what != kind::end) {
                return fail(errc::corrupt, "a segment before the last has no end", at->first);
            }
        }
        return {};
    }

    static result<void> cut_tail(disk::files& where, const std::string& folder, const options& how,
                                 recovered& out) {
        const lsn base = out.bases.rbegin()->first;
        auto open = segment_reader::open(where, folder, base);
        if (!open) return std::unexpected(open.error());
        lsn proven = base;  // durable, as a later record says
        bool ended = false;
        while (!ended) {
            auto found = open->next();
            if (!found) return std::unexpected(found.error());
            if (!*found) break;
            ended = (*found)->what == kind::end;
            proven = std::max(proven, (*found)->durable);
        }
        out.end = open->at();
        out.bases[base] = out.end;
        out.base = out.end;
        const auto tail_end = open->last_byte();
        if (!tail_end) return std::unexpected(tail_end.error());
        if (*tail_end > out.end) {
            const auto rot = open->was_durable(out.end, *tail_end);
            if (!rot) return std::unexpected(rot.error());
            if (*rot) return fail(errc::corrupt, "a record that was durable is broken", out.end);
            out.cut = *tail_end - out.end;
        }
        if (proven > out.end) {
            return fail(errc::corrupt, "records that were durable are missing", out.end);
        }
        // What is cut must not come back, and what is kept must be on the disk: after a sync that
        // failed, pages may look clean that never were written, so they are written again.
        const auto offset = [base](lsn at) { return segment_page + (at - base); };
        if (auto ok = open->file().truncate(offset(out.end)); !ok) return ok;
        std::vector<std::byte> kept(out.end - proven);
        const auto n = open->file().read(offset(proven), kept);
        if (!n) return std::unexpected(n.error());
        if (*n != kept.size()) return fail(errc::io, "the log shrinks while it is opened");
        if (!ended && out.end > base) {  // any segment but the last has an end: close this one
            append_record(kept, out.log, out.end, kind::end, out.end, {});
            out.end += record_size(0);
            out.bases[base] = out.base = out.end;
        }
        if (auto ok = open->file().write(offset(proven), kept); !ok) return ok;
        if (auto ok = open->file().sync(); !ok) return ok;
        if (out.end > base) return {};
        // An empty one goes on being the last.
        auto file = where.open(folder + '/' + segment_name(base));
        if (!file) return std::unexpected(file.error());
        if (auto ok = (*file)->preallocate(segment_page + how.segment_bytes); !ok) return ok;
        out.file = std::move(*file);
        return {};
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
