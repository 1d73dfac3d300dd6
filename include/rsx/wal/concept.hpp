// SPDX-License-Identifier: Apache-2.0

// What every write-ahead log promises: records in order, each durable when it is said to be.
//
//     auto at = log.append(bytes);                  // its place; ordered, not durable
//     auto until = log.sync();                       // durable: whatever lies below *until
//     auto records = log.read(from);                 // records->next(): {at, bytes}, then nothing
//     log.trim(below);                               // what lies below may go
//
// A position (lsn) is a count of bytes since the log began; a record's is where it starts. It never
// changes and is never given twice to what was once durable. `sync` makes everything appended
// before the call durable, by a disk sync that began after; many callers share one.
//
// After a failed write or sync nothing of the log can be relied on but what was durable: it is
// fenced, and answers errc::io until opened anew. Blocking; below the event loop. Errors: limit (a
// record too long, or too much staged: sync first), corrupt with the position, full, io.
#pragma once

#include <rsx/core/bytes.hpp>
#include <rsx/core/error.hpp>
#include <rsx/core/limits.hpp>

#include <concepts>
#include <optional>
#include <vector>

namespace rsx::wal {

using lsn = std::uint64_t;

struct entry {
    lsn at{0};
    std::vector<std::byte> bytes{};
};

template <class C>
concept cursor = requires(C& c) {
    { c.next() } -> std::same_as<result<std::optional<entry>>>;
};

template <class L>
concept log = requires(L& l, byte_view bytes, lsn at) {
    { l.append(bytes) } -> std::same_as<result<lsn>>;
    { l.sync() } -> std::same_as<result<lsn>>;
    { l.trim(at) } -> std::same_as<result<void>>;
    { l.durable() } -> std::same_as<lsn>;
    { *l.read(at) } -> cursor;
};

}  // namespace rsx::wal
