// SPDX-License-Identifier: Apache-2.0

// LIST: keys in byte order, with common prefixes skipped over rather than read through.
//
//     auto page = co_await object::list(s, "photos", {.prefix = "2026/", .delimiter = "/"});
//     page->entries;  page->common_prefixes;  page->next;
//
// Keys stand in the metadata in S3's order, so a page is one scan. When a key has the delimiter
// behind the prefix, all keys with that common prefix are one item: the scan goes on at the least
// key behind them all. Nothing at or before `after` is listed, be it a key or a common prefix; so
// the last item of a page is the next one's `after`.
#pragma once

#include <rsx/object/buckets.hpp>

namespace rsx::object {

// The common prefix a key belongs to; empty: it stands for itself.
[[nodiscard]] inline std::string_view common_prefix_of(std::string_view key, std::size_t prefix,
                                                       std::string_view delimiter) {
    if (delimiter.empty()) return {};
    const auto found = key.find(delimiter, prefix);
    if (found == std::string_view::npos) return {};
    return key.substr(0, found + delimiter.size());
}

namespace detail {

[[nodiscard]] inline result<list_entry> entry_of(std::string key, const std::string& value) {
    const auto head = rows::decode<rows::version>(value);
    if (!head) return std::unexpected(head.error());
    list_entry out;
    out.key = std::move(key);
    out.size = head->size;
    out.etag = to_string(head->etag);
    out.last_modified_ms = static_cast<std::int64_t>(head->modified_ms);
    out.storage_class = head->storage_class;
    out.owner = head->owner;
    out.checksums = shown(head->checksums);
    return out;
}

// Where a listing goes on behind `after`: nothing, or the least key that may come next.
struct list_start {
    bool over{false};
    std::optional<std::string> after{};
    std::string from{};
};
[[nodiscard]] inline list_start start_behind(const std::string& after, const std::string& prefix,
                                             const std::string& delimiter) {
    list_start out;
    if (after.empty()) return out;
    // Behind an item of a common prefix, all the rest of that prefix is behind it too: the prefix
    // itself is not greater than `after`.
    if (after.starts_with(prefix)) {
        const auto common = common_prefix_of(after, prefix.size(), delimiter);
        if (!common.empty()) {
            out.from = meta::successor(std::string{common});
            out.over = out.from.empty();
            return out;
        }
    }
    out.after = after;
    return out;
}

}  // namespace detail

[[nodiscard]] inline task<result<list_page>> list(state& s, std::string bucket, list_request what) {
    auto standing_in = detail::stand_in(s, std::move(bucket));
    const auto in = co_await standing_in;
    if (!in) co_return std::unexpected(in.error());
    list_page out;
    auto at = detail::start_behind(what.after, what.prefix, what.delimiter);
    if (what.max_keys == 0 || at.over) co_return out;
    meta::range rest = meta::key::objects_of(in->bucket.number, what.prefix, at.after, at.from);
    const meta::range whole = meta::key::objects_of(in->bucket.number, what.prefix);
    for (;;) {
        const std::size_t listed = out.entries.size() + out.common_prefixes.size();
        if (!whole.to.empty() && rest.from >= whole.to) co_return out;
        meta::scan_limits limit;
        limit.rows = std::min<std::size_t>(what.max_keys - listed + 1, limits::scan_rows_max);
        std::vector<meta::range> ranges{rest};
        auto scanning = s.on.meta.store().scan(std::move(ranges), limit, meta::reading::each);
        auto page = co_await scanning;
        if (!page) co_return std::unexpected(page.error());
        bool jumped = false;
        for (meta::row& row : page->rows[0]) {
            auto name = meta::key::parse_object(row.key);
            if (!name) co_return std::unexpected(name.error());
            if (out.entries.size() + out.common_prefixes.size() == what.max_keys) {
                out.truncated = true;
                co_return out;
            }
            const auto common = common_prefix_of(name->key, what.prefix.size(), what.delimiter);
            if (common.empty()) {
                auto entry = detail::entry_of(std::move(name->key), row.value);
                if (!entry) co_return std::unexpected(entry.error());
                out.next = entry->key;
                out.entries.push_back(std::move(*entry));
                continue;
            }
            out.next = common;
            out.common_prefixes.emplace_back(common);
            const std::string seek = meta::successor(std::string{common});
            if (seek.empty()) co_return out;  // nothing sorts behind it
            rest = meta::key::objects_of(in->bucket.number, what.prefix, {}, seek);
            jumped = true;
            break;
        }
        if (jumped) continue;
        if (!page->more[0]) co_return out;
        rest.from = page->rows[0].back().key + '\0';
    }
}

}  // namespace rsx::object
