// SPDX-License-Identifier: Apache-2.0

// The log without its I/O: appends go in, batches to be written come out, completions go in, and
// durable positions come out. It holds no thread, no file and no clock, so that "an append while a
// sync is under way" is a plain sequence of calls, in a test as in a simulator.
//
//     wal::core log{{.log = id}, start};
//     auto at = log.append(bytes);                   // staged
//     const wal::batch* next = log.begin();          // write next->bytes, then sync...
//     log.complete();                                // ...then: durable() has moved
//
// Invariants:
// - Records get consecutive positions in the order of their appends.
// - At most one batch is under way; what is appended meanwhile goes into a later one, so nobody is
//   told "durable" by a sync that began before his append.
// - A batch lies within one segment; a segment's last record is of kind end, and only then follows
//   the next.
// - After `fail` nothing is accepted and nothing becomes durable any more.
//
// Belongs to one owner at a time. Memory is bounded by limits::wal_staged_bytes_max.
#pragma once

#include <rsx/wal/format.hpp>

#include <deque>

namespace rsx::wal {

struct batch {
    lsn base{0};   // of its segment
    lsn begin{0};  // of its first record
    lsn end{0};
    bool last{false};  // of its segment
    std::vector<std::byte> bytes{};
};

class core {
public:
    struct options {
        std::uint64_t log{0};
        std::size_t segment_bytes{limits::wal_segment_bytes};
        std::size_t staged_bytes_max{limits::wal_staged_bytes_max};
    };

    // `start`: where the next record goes, all below being durable; in the segment that began at
    // `base`.
    core(options how, lsn start, lsn base) : how_{how}, base_{base}, end_{start}, durable_{start} {}

    [[nodiscard]] result<lsn> append(byte_view bytes, kind what = kind::data) {
        if (failed_) return rsx::fail(errc::io, "the log is fenced");
        if (bytes.size() > limits::wal_record_bytes_max) {
            return rsx::fail(errc::limit, "a record is too long", bytes.size());
        }
        if (end_ - durable_ + record_size(bytes.size()) > how_.staged_bytes_max &&
            end_ > durable_) {
            return rsx::fail(errc::limit, "too much waits to be synced", end_ - durable_);
        }
        const std::size_t needed = record_size(bytes.size()) + record_size(0);  // its end
        if (end_ > base_ && end_ - base_ + needed > how_.segment_bytes) end_segment();
        const lsn at = end_;
        put(what, bytes);
        return at;
    }

    // The next batch to be written; nullptr if there is none, or one is under way.
    [[nodiscard]] const batch* begin() {
        if (failed_ || under_way_ || staged_.empty()) return nullptr;
        under_way_ = true;
        return &staged_.front();
    }
    void complete() {
        RSX_ASSERT(under_way_);
        under_way_ = false;
        durable_ = staged_.front().end;
        staged_.pop_front();
    }
    // It could not even be begun: no byte of it has been written.
    void put_back() {
        RSX_ASSERT(under_way_);
        under_way_ = false;
    }
    void fail() noexcept { failed_ = true; }

    [[nodiscard]] bool failed() const noexcept { return failed_; }
    [[nodiscard]] bool under_way() const noexcept { return under_way_; }
    [[nodiscard]] lsn end() const noexcept { return end_; }
    [[nodiscard]] lsn durable() const noexcept { return durable_; }

private:
    void put(kind what, byte_view bytes) {
        // The front batch, once under way, is frozen.
        const std::size_t frozen = under_way_ ? 1 : 0;
        if (staged_.size() <= frozen || staged_.back().last) {
            staged_.push_back({.base = base_, .begin = end_, .end = end_, .last = false});
        }
        batch& to = staged_.back();
        append_record(to.bytes, how_.log, end_, what, durable_, bytes);
        end_ += record_size(bytes.size());
        to.end = end_;
        to.last = what == kind::end;
    }
    void end_segment() {
        put(kind::end, {});
        base_ = end_;
    }

    options how_;
    lsn base_;
    lsn end_;
    lsn durable_;
    std::deque<batch> staged_{};
    bool under_way_{false};
    bool failed_{false};
};

}  // namespace rsx::wal
