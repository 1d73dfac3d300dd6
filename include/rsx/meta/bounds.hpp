// SPDX-License-Identifier: Apache-2.0

// What no store accepts: the bounds of core/limits.hpp, asked before anything is touched.
//
//     if (auto good = rsx::meta::check(request); !good) co_return std::unexpected(good.error());
//
// errc::limit: too large or too many. errc::invalid: a request that means two things at once.
#pragma once

#include <rsx/core/limits.hpp>
#include <rsx/meta/concept.hpp>

#include <algorithm>
#include <string_view>

namespace rsx::meta {

[[nodiscard]] inline status check_key(std::string_view key) {
    if (key.empty()) return fail(errc::invalid, "row: empty key");
    if (key.size() > limits::row_key_bytes_max)
        return fail(errc::limit, "row: key too long", key.size());
    return {};
}

[[nodiscard]] inline status check(const std::vector<std::string>& keys) {
    if (keys.size() > limits::scan_rows_max)
        return fail(errc::limit, "get: too many keys", keys.size());
    for (const std::string& key : keys)
        if (auto good = check_key(key); !good) return good;
    return {};
}

[[nodiscard]] inline status check(const commit_request& request) {
    if (request.compares.size() > limits::commit_changes_max)
        return fail(errc::limit, "commit: too many compares", request.compares.size());
    if (request.changes.size() > limits::commit_changes_max)
        return fail(errc::limit, "commit: too many changes", request.changes.size());
    std::size_t bytes = 0;
    for (const compare& each : request.compares)
        if (auto good = check_key(each.key); !good) return good;
    std::vector<std::string_view> keys;
    for (const change& each : request.changes) {
        if (auto good = check_key(each.key); !good) return good;
        const std::size_t size = each.value ? each.value->size() : 0;
        if (size > limits::row_value_bytes_max)
            return fail(errc::limit, "row: value too long", size);
        bytes += each.key.size() + size;
        keys.push_back(each.key);
    }
    if (bytes > limits::commit_bytes_max) return fail(errc::limit, "commit: too many bytes", bytes);
    std::ranges::sort(keys);
    if (std::ranges::adjacent_find(keys) != keys.end())
        return fail(errc::invalid, "commit: two changes of one key");
    return {};
}

inline constexpr std::size_t scan_ranges_max = 2;

[[nodiscard]] inline status check(const std::vector<range>& ranges, const scan_limits& limits) {
    if (ranges.size() > scan_ranges_max)
        return fail(errc::limit, "scan: too many ranges", ranges.size());
    if (limits.rows == 0 || limits.bytes == 0) return fail(errc::invalid, "scan: of nothing");
    if (limits.rows > limits::scan_rows_max)
        return fail(errc::limit, "scan: too many rows", limits.rows);
    return {};
}

}  // namespace rsx::meta
