// SPDX-License-Identifier: Apache-2.0

// What every metadata store promises: small ordered rows, and commits that compare before they
// write.
//
//     auto rows = co_await store.get({"B/photos"}, meta::reading::each);
//     meta::commit_request change;
//     change.compares.push_back({rows->front().key, rows->front().at});
//     change.changes.push_back({rows->front().key, new_value});
//     auto answer = co_await store.commit(std::move(change));
//
// - get: every row linearizable; `at_once`: all of one instant.
// - scan: begins linearizable; ordered by memcmp; every row shown was committed; keys untouched
//   during the call appear exactly once; `at_once`: the page of all ranges is of one instant.
// - commit: all compares hold and all changes happen, or nothing does. A conflict brings the rows
//   that differ as they are now. errc::unknown_outcome: it may or may not have happened.
// - A stamp never repeats for a key, not even after the row was erased and made again.
//
// A store may be called from any loop; it answers on the loop of the task that awaits it. There are
// no tokens here: leases, fencing and the settling of unknown outcomes are meta/session.hpp, above
// every store. Errors: unavailable, timed_out, unknown_outcome, limit, corrupt, io.
#pragma once

#include <rsx/core/bytes.hpp>
#include <rsx/core/task.hpp>

#include <array>
#include <concepts>
#include <optional>
#include <string>
#include <vector>

namespace rsx::meta {

// Opaque; all zeros means "there is no such row".
struct stamp {
    std::array<std::byte, 16> raw{};
    [[nodiscard]] bool absent() const noexcept { return *this == stamp{}; }
    friend bool operator==(const stamp&, const stamp&) noexcept = default;
};

// Keys and values are byte strings. A row that is absent has an absent stamp and no value.
struct row {
    std::string key{};
    std::string value{};
    stamp at{};
    [[nodiscard]] bool absent() const noexcept { return at.absent(); }
};

struct compare {
    std::string key{};
    stamp at{};
};

struct change {
    std::string key{};
    std::optional<std::string> value{};  // nothing: erase
};

struct commit_request {
    std::vector<compare> compares{};
    std::vector<change> changes{};  // at most one a key
};

struct commit_answer {
    stamp at{};                 // what every row put by it now has, if it was committed
    std::vector<row> differ{};  // else: the compared rows that differ, as they are now
    [[nodiscard]] bool committed() const noexcept { return differ.empty(); }
};

enum class reading : std::uint8_t { each, at_once };

struct range {
    std::string from{};
    std::string to{};  // exclusive; empty: no end
};

struct scan_limits {
    std::size_t rows{1000};  // a range
    std::size_t bytes{1u << 20};
};

struct page {
    std::vector<std::vector<row>> rows{};  // one list a range asked for
    std::vector<bool> more{};              // whether that range has rows behind the last one shown
};

template <class S>
concept store = requires(S& s, std::vector<std::string> keys, commit_request request,
                         std::vector<range> ranges, scan_limits limits) {
    { s.get(std::move(keys), reading::each) } -> std::same_as<task<result<std::vector<row>>>>;
    { s.commit(std::move(request)) } -> std::same_as<task<result<commit_answer>>>;
    { s.scan(std::move(ranges), limits, reading::each) } -> std::same_as<task<result<page>>>;
};

}  // namespace rsx::meta
