// SPDX-License-Identifier: Apache-2.0

// Rows in memory, in order, and the judgement of a commit: the heart of every embedded store.
//
//     auto differ = rows.differing(request.compares);
//     if (differ.empty()) rows.apply(request.changes, stamp_of(boot, ++position));
//
// One owner; nothing here suspends or locks. O(log rows) a key.
#pragma once

#include <rsx/core/assert.hpp>
#include <rsx/meta/concept.hpp>

#include <map>

namespace rsx::meta {

// Boot number and position: neither repeats, so no stamp does.
[[nodiscard]] inline stamp stamp_of(std::uint64_t boot, std::uint64_t position) noexcept {
    stamp at;
    store_be(byte_span{at.raw}.subspan(0, 8), boot);
    store_be(byte_span{at.raw}.subspan(8, 8), position);
    return at;
}

class ordered_rows {
public:
    [[nodiscard]] row get(const std::string& key) const {
        const auto found = rows_.find(key);
        if (found == rows_.end()) return {.key = key};
        return {.key = key, .value = found->second.value, .at = found->second.at};
    }

    [[nodiscard]] std::vector<row> differing(const std::vector<compare>& compares) const {
        std::vector<row> out;
        for (const compare& each : compares) {
            const auto found = rows_.find(each.key);
            const stamp now = found == rows_.end() ? stamp{} : found->second.at;
            if (now != each.at) out.push_back(get(each.key));
        }
        return out;
    }

    void apply(std::vector<change> changes, stamp at) {
        for (change& each : changes) {
            if (each.value) {
                rows_.insert_or_assign(std::move(each.key), kept{std::move(*each.value), at});
            } else {
                rows_.erase(each.key);
            }
        }
    }

    // Appends to `out`; true: there are more behind.
    [[nodiscard]] bool scan(const range& where, const scan_limits& limits,
                            std::vector<row>& out) const {
        std::size_t bytes = 0;
        for (auto it = rows_.lower_bound(where.from); it != rows_.end(); ++it) {
            if (!where.to.empty() && it->first >= where.to) return false;
            const std::size_t size = it->first.size() + it->second.value.size();
            if (!out.empty() && (out.size() >= limits.rows || bytes + size > limits.bytes))
                return true;
            bytes += size;
            out.push_back({.key = it->first, .value = it->second.value, .at = it->second.at});
        }
        return false;
    }

    [[nodiscard]] page scan(const std::vector<range>& ranges, const scan_limits& limits) const {
        page out;
        for (const range& each : ranges)
            out.more.push_back(scan(each, limits, out.rows.emplace_back()));
        return out;
    }

    [[nodiscard]] std::size_t size() const noexcept { return rows_.size(); }

private:
    struct kept {
        std::string value;
        stamp at;
    };
    std::map<std::string, kept> rows_;
};

}  // namespace rsx::meta
