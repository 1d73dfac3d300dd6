// SPDX-License-Identifier: Apache-2.0

// What a log does when it is opened: finds where it ends, and tells a torn tail from rot.
//
// All segments but the last must be whole: each is closed by its end record, synced before the next
// was made. In the last one, what follows the last good record is a tail that a crash tore, and is
// cut, unless a later record proves that it was durable once: then it is rot, and errc::corrupt
// with the position. (A good record behind a broken one proves nothing by itself: of a batch under
// way any sectors may survive. What it says about `durable` does.)
//
// Cutting is durable before the first append, and appends go to a new segment, so that no byte of
// the tail can come back. Reads the last segment whole, of the others the ends. Rules and reasons:
// docs/reference/wal.md.
#pragma once

#include <rsx/core/clock.hpp>
#include <rsx/wal/segment.hpp>

#include <algorithm>
#include <map>

namespace rsx::wal {

struct options {
    rsx::entropy& entropy;  // draws the log's id when it is made
    std::size_t segment_bytes{limits::wal_segment_bytes};
    std::size_t staged_bytes_max{limits::wal_staged_bytes_max};
    bool create{true};  // else errc::not_found where there is no log
};

namespace detail {

struct recovered {
    std::uint64_t log{0};
    std::map<lsn, lsn> bases{};  // of each segment, and where its records end
    lsn end{0};
    lsn base{0};  // of the segment that the next record goes to
    std::uint64_t cut{0};
    std::unique_ptr<disk::file> file{};
};

[[nodiscard]] inline result<recovered> make(disk::files& where, const std::string& folder,
                                            const options& how, recovered out) {
    if (!how.create) return fail(errc::not_found, "there is no log");
    out.log = how.entropy.u64();
    out.bases.emplace(0, 0);
    auto file = create_segment(where, folder, {.log = out.log, .base = 0}, how.segment_bytes);
    if (!file) return std::unexpected(file.error());
    out.file = std::move(*file);
    return out;
}

// One log, and each segment begins behind the end of the one before.
[[nodiscard]] inline result<void> check_chain(disk::files& where, const std::string& folder,
                                              recovered& out) {
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

[[nodiscard]] inline result<void> cut_tail(disk::files& where, const std::string& folder,
                                           const options& how, recovered& out) {
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

[[nodiscard]] inline result<recovered> recover(disk::files& where, const std::string& folder,
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

}  // namespace detail

}  // namespace rsx::wal
