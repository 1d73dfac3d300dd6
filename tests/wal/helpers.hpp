// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rsx/disk/memory.hpp>
#include <rsx/wal/file_log.hpp>

#include "catch.hpp"

#include <string>

namespace wal_tests {

using rsx::errc;
using rsx::result;
namespace disk = rsx::disk;
namespace wal = rsx::wal;

inline errc code_of(const auto& answer) {
    REQUIRE_FALSE(answer.has_value());
    return answer.error().code;
}

// Record number n: its length and bytes follow from n alone.
inline std::string text(std::uint64_t n) {
    rsx::seeded_entropy dice{n};
    std::string out(dice.below(n % 7 == 0 ? 3000 : 40), '\0');
    dice.fill(std::as_writable_bytes(std::span{out}));
    return std::to_string(n) + ':' + out;
}

inline wal::lsn must_append(auto& log, std::string_view what) {
    const auto at = log.append(rsx::bytes_of(what));
    REQUIRE(at);
    return *at;
}

struct seen {
    std::vector<wal::lsn> at{};
    std::vector<std::string> text{};
};

// Everything from `from`; fails the test if it cannot be read.
inline seen all_of(const wal::file_log& log, wal::lsn from) {
    auto records = log.read(from);
    REQUIRE(records);
    seen out;
    while (true) {
        auto next = records->next();
        if (!next) FAIL(to_string(next.error()));
        if (!*next) return out;
        out.at.push_back((*next)->at);
        out.text.emplace_back(rsx::text_of((*next)->bytes));
    }
}

inline rsx::entropy& dice() {
    static rsx::seeded_entropy source{42};
    return source;
}

inline result<std::unique_ptr<wal::file_log>> reopen(disk::files& files,
                                                     std::size_t segment_bytes = 64 * rsx::kib) {
    return wal::file_log::open(files, "log", {.entropy = dice(), .segment_bytes = segment_bytes});
}

inline std::unique_ptr<wal::file_log> must_open(disk::files& files,
                                                std::size_t segment_bytes = 64 * rsx::kib) {
    auto log = reopen(files, segment_bytes);
    if (!log) FAIL(to_string(log.error()));
    return std::move(*log);
}

}  // namespace wal_tests
