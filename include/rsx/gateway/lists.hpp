// SPDX-License-Identifier: Apache-2.0

// ListObjects, ListObjectsV2 and ListObjectVersions: three ways of telling one page.
//
//     auto handled = co_await gateway::list_objects_v2(call);
#pragma once

#include <rsx/gateway/body.hpp>
#include <rsx/gateway/call.hpp>
#include <rsx/s3/list_token.hpp>
#include <rsx/s3/render.hpp>

#include <algorithm>

namespace rsx::gateway {

namespace detail {

// What all listings ask in the same words.
inline s3::result<void> read_page(const call& call, s3::key_page& page) {
    page.bucket = call.bucket();
    page.prefix = call.query("prefix");
    page.delimiter = call.query("delimiter");
    const auto encoding = call.query("encoding-type");
    if (!encoding.empty() && encoding != "url")
        return s3::fail_argument("encoding-type", encoding,
                                 "Invalid Encoding Method specified in Request");
    page.url_encoded = !encoding.empty();
    const auto max = call.query("max-keys");
    if (!max.empty()) {
        const auto number = s3::number_in(max, 0x7fff'ffff);
        if (!number)
            return s3::fail_argument(
                "max-keys", max, "Argument maxKeys must be an integer between 0 and 2147483647");
        page.max_keys =
            static_cast<unsigned>(std::min<std::uint64_t>(*number, limits::list_keys_max));
    }
    return {};
}

inline object::list_request engine_request(const s3::key_page& page, std::string after) {
    object::list_request what;
    what.prefix = page.prefix;
    what.delimiter = page.delimiter;
    what.after = std::move(after);
    what.max_keys = page.max_keys;
    return what;
}

inline s3::object_entry entry_of(const object::list_entry& from) {
    s3::object_entry out;
    out.key = from.key;
    out.modified_ms = from.last_modified_ms;
    out.tag = from.etag;
    out.size = from.size;
    if (!from.storage_class.empty()) out.storage_class = from.storage_class;
    if (!from.checksums.empty()) {
        out.sum.kind = s3_kind(from.checksums.front().kind);
        out.sum.type = s3_type(from.checksums.front().type);
    }
    return out;
}

}  // namespace detail

[[nodiscard]] inline answer list_objects(call& call) {
    s3::list_objects_result page;
    if (auto ok = detail::read_page(call, page); !ok)
        co_return std::unexpected(std::move(ok.error()));
    page.marker = call.query("marker");
    auto bucket = co_await call.open_bucket();
    if (!bucket) co_return std::unexpected(std::move(bucket.error()));
    auto what = detail::engine_request(page, page.marker);
    auto found = co_await call.engine().list(call.bucket(), std::move(what));
    if (!found) co_return std::unexpected(refusal_of(found.error()));
    page.truncated = found->truncated;
    page.common_prefixes = std::move(found->common_prefixes);
    if (page.truncated && !page.delimiter.empty()) page.next_marker = found->next;
    for (const auto& each : found->entries) {
        auto entry = detail::entry_of(each);
        entry.owner = s3::owner{call.who().owner_id, call.who().display_name};
        page.contents.push_back(std::move(entry));
    }
    co_return co_await call.reply_xml(s3::render(page));
}

[[nodiscard]] inline answer list_objects_v2(call& call) {
    s3::list_objects_v2_result page;
    if (auto ok = detail::read_page(call, page); !ok)
        co_return std::unexpected(std::move(ok.error()));
    page.start_after = call.query("start-after");
    std::string after = page.start_after;
    if (call.asked().query.has("continuation-token")) {
        page.token = std::string{call.query("continuation-token")};
        auto from = s3::read_list_token(*page.token);
        if (!from) co_return std::unexpected(std::move(from.error()));
        after = std::move(from->text);
    }
    auto bucket = co_await call.open_bucket();
    if (!bucket) co_return std::unexpected(std::move(bucket.error()));
    auto what = detail::engine_request(page, std::move(after));
    auto found = co_await call.engine().list(call.bucket(), std::move(what));
    if (!found) co_return std::unexpected(refusal_of(found.error()));
    page.truncated = found->truncated;
    page.common_prefixes = std::move(found->common_prefixes);
    if (page.truncated) page.next_token = s3::make_list_token(found->next);
    const bool with_owner = call.query("fetch-owner") == "true";
    for (const auto& each : found->entries) {
        auto entry = detail::entry_of(each);
        if (with_owner) entry.owner = s3::owner{call.who().owner_id, call.who().display_name};
        page.contents.push_back(std::move(entry));
    }
    co_return co_await call.reply_xml(s3::render(page));
}

// In a bucket that never had versioning every object has one version, "null".
[[nodiscard]] inline answer list_object_versions(call& call) {
    s3::list_versions_result page;
    if (auto ok = detail::read_page(call, page); !ok)
        co_return std::unexpected(std::move(ok.error()));
    page.key_marker = call.query("key-marker");
    page.version_id_marker = call.query("version-id-marker");
    if (!page.version_id_marker.empty() && page.key_marker.empty())
        co_return s3::fail_argument(
            "version-id-marker", page.version_id_marker,
            "A version-id marker cannot be specified without a key marker.");
    auto bucket = co_await call.open_bucket();
    if (!bucket) co_return std::unexpected(std::move(bucket.error()));
    auto what = detail::engine_request(page, page.key_marker);
    auto found = co_await call.engine().list(call.bucket(), std::move(what));
    if (!found) co_return std::unexpected(refusal_of(found.error()));
    page.truncated = found->truncated;
    page.common_prefixes = std::move(found->common_prefixes);
    if (page.truncated) {
        page.next_key_marker = found->next;
        // Told for a key only: behind a common prefix there is no version to stand at.
        if (page.common_prefixes.empty() || page.common_prefixes.back() != found->next)
            page.next_version_id_marker = "null";
    }
    for (const auto& each : found->entries) {
        s3::version_entry entry{detail::entry_of(each)};
        entry.owner = s3::owner{call.who().owner_id, call.who().display_name};
        page.versions.push_back(std::move(entry));
    }
    co_return co_await call.reply_xml(s3::render(page));
}

}  // namespace rsx::gateway
