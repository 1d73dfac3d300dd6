// SPDX-License-Identifier: Apache-2.0

// Ranges of keys to scan: all of a bucket, of a prefix, of a key, of an upload.
//
//     meta::range page = meta::key::objects_of(bucket, "photos/", "photos/cat.jpg");
//     meta::range jump = meta::key::objects_of(bucket, "", {}, meta::successor("photos/"));
//
// `after` is exclusive, `from` inclusive; both are keys as users write them. A range never leaves
// its kind and bucket, or its kind and spread byte: stores that are ordered only within a partition
// (DynamoDB) can serve all of them. Whole kinds are walked as 256 spreads.
#pragma once

#include <rsx/meta/key.hpp>

#include <algorithm>

namespace rsx::meta::key {

// Every row whose key begins with these bytes.
[[nodiscard]] inline range all_with(std::string prefix) {
    std::string to = successor(prefix);
    return {.from = std::move(prefix), .to = std::move(to)};
}

[[nodiscard]] inline range buckets_of(std::string_view owner) {
    return all_with(owned_bucket(owner, {}));
}
[[nodiscard]] inline range owned_buckets() { return all_with(builder{kind::owned_bucket}.done()); }

// --- objects, in S3's order --------------------------------------------------------------------

// Current objects with this prefix, behind `after` and not before `from`. To skip all keys of a
// common prefix, pass its successor as `from`; one without successor (all FF) ends the listing.
[[nodiscard]] inline range objects_of(std::uint64_t bucket, std::string_view prefix = {},
                                      std::optional<std::string_view> after = {},
                                      std::string_view from = {}) {
    range out = all_with(object(bucket, prefix));
    out.from = std::max(out.from, object(bucket, from));
    // The least key behind `after` is `after` with a NUL.
    if (after) out.from = std::max(out.from, object(bucket, *after) + '\0');
    return out;
}

// Delete markers and noncurrent versions of keys with this prefix. `from`: not before this key;
// `after`: behind all rows of this key.
[[nodiscard]] inline range versions_of(std::uint64_t bucket, std::string_view prefix = {},
                                       std::optional<std::string_view> after = {},
                                       std::string_view from = {}) {
    const auto start = [bucket](std::string_view key) {
        return builder{kind::version}.number(bucket).escaped(key);
    };
    range out = all_with(start(prefix).done());
    out.from = std::max(out.from, start(from).done());
    if (after) out.from = std::max(out.from, successor(start(*after).end().done()));
    return out;
}

// All rows of one key: the marker first, then noncurrent versions, newest first.
[[nodiscard]] inline range versions_of_key(std::uint64_t bucket, std::string_view key) {
    return all_with(builder{kind::version}.number(bucket).escaped(key).end().done());
}
// Only the noncurrent ones; with `after`, only those older than that sequence.
[[nodiscard]] inline range noncurrent_of_key(std::uint64_t bucket, std::string_view key,
                                             std::optional<std::uint64_t> after = {}) {
    range out = all_with(
        builder{kind::version}.number(bucket).escaped(key).end().number(std::uint8_t{1}).done());
    if (after) out.from = version(bucket, key, *after) + '\0';
    return out;
}
// The rest of a prefix behind one version of one key: where ListObjectVersions goes on.
[[nodiscard]] inline range versions_after(std::uint64_t bucket, std::string_view prefix,
                                          std::string_view key, std::uint64_t seq) {
    range out = versions_of(bucket, prefix);
    out.from = std::max(out.from, version(bucket, key, seq) + '\0');
    return out;
}

// --- uploads -----------------------------------------------------------------------------------
[[nodiscard]] inline range uploads_of(std::uint64_t bucket, std::string_view prefix = {},
                                      std::string_view from = {}) {
    const auto start = [bucket](std::string_view key) {
        return builder{kind::upload}.number(bucket).escaped(key).done();
    };
    range out = all_with(start(prefix));
    out.from = std::max(out.from, start(from));
    return out;
}
// Behind every upload of this key, and behind one upload of it.
[[nodiscard]] inline range uploads_after(std::uint64_t bucket, std::string_view prefix,
                                         std::string_view key) {
    range out = uploads_of(bucket, prefix);
    out.from = std::max(out.from,
                        successor(builder{kind::upload}.number(bucket).escaped(key).end().done()));
    return out;
}
[[nodiscard]] inline range uploads_after(std::uint64_t bucket, std::string_view prefix,
                                         std::string_view key, std::uint64_t initiated_ms,
                                         const object_id& id) {
    range out = uploads_of(bucket, prefix);
    out.from = std::max(out.from, upload(bucket, key, initiated_ms, id) + '\0');
    return out;
}
[[nodiscard]] inline range parts_of(const object_id& upload, std::uint16_t after = 0) {
    range out = all_with(builder{kind::part}.spread_id(upload).done());
    if (after > 0) out.from = part(upload, after) + '\0';
    return out;
}

// --- layouts, garbage, work to do --------------------------------------------------------------
[[nodiscard]] inline range layouts_of(const object_id& layout) {
    return all_with(builder{kind::layout}.spread_id(layout).done());
}
[[nodiscard]] inline range garbage_of(const object_id& layout) {
    return all_with(builder{kind::garbage}.spread_id(layout).done());
}
// One of the 256 spreads of a kind that has them; resume behind a row by setting `from`.
[[nodiscard]] inline range spread_of(kind what, std::uint8_t spread) {
    return all_with(builder{what}.number(spread).done());
}

// --- the rest ----------------------------------------------------------------------------------
[[nodiscard]] inline range configurations_of(std::uint64_t bucket) {
    return all_with(builder{kind::configuration}.number(bucket).done());
}
[[nodiscard]] inline range usage_of(std::uint64_t bucket) {
    return all_with(builder{kind::usage}.number(bucket).done());
}
[[nodiscard]] inline range sessions() { return all_with(builder{kind::session}.done()); }
[[nodiscard]] inline range slots_of(std::uint64_t incarnation) {
    return all_with(builder{kind::slot}.number(incarnation).done());
}
[[nodiscard]] inline range nodes() { return all_with(builder{kind::node}.done()); }
[[nodiscard]] inline range epochs() { return all_with(builder{kind::epoch}.done()); }

}  // namespace rsx::meta::key
