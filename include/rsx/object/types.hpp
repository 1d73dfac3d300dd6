// SPDX-License-Identifier: Apache-2.0

// The values that go into the object engine and come out of it.
//
//     object::put_options how;
//     how.headers.content_type = "image/jpeg";
//     how.condition.if_none_match = {"*"};               // only if there is none yet
//     auto stored = co_await engine.put("photos", "cat.jpg", how, body, digester);
//     stored->etag;                                      // 32 hexadecimal digits, no quotes
//
// Plain values, copied freely. ETags stand here without quotes; "*" means any. Times are
// milliseconds since 1970. Keys and metadata are byte strings as the client sent them.
#pragma once

#include <rsx/core/bytes.hpp>
#include <rsx/core/task.hpp>
#include <rsx/object/errors.hpp>

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rsx::object {

// --- digests and checksums ---------------------------------------------------------------------

enum class checksum_kind : std::uint8_t { crc32 = 1, crc32c, sha1, sha256, crc64nvme };
enum class checksum_type : std::uint8_t { full_object = 1, composite };

struct checksum {
    checksum_kind kind{checksum_kind::crc32};
    checksum_type type{checksum_type::full_object};
    std::string value{};  // raw bytes: 4, 4, 20, 32 or 8 of them
    friend bool operator==(const checksum&, const checksum&) = default;
};

// What a digester found. The engine makes the ETag of `md5`.
struct digests {
    std::array<std::byte, 16> md5{};
    std::vector<checksum> checksums{};
};

// Where a body comes from. Fills up to out.size() bytes; 0: the end. Called by one task at a time.
class source {
public:
    virtual ~source() = default;
    [[nodiscard]] virtual task<result<std::size_t>> read(byte_span out) = 0;
};

// What looks at a body as it passes. `update` gets every byte once, in order, never two calls at
// once, perhaps on a thread of the pool. `finish` comes after the last byte and before the commit:
// an error there (a wrong digest, a wrong length) and nothing is stored.
class digester {
public:
    virtual ~digester() = default;
    virtual void update(byte_view bytes) = 0;
    [[nodiscard]] virtual result<digests> finish() = 0;
};

// --- objects -----------------------------------------------------------------------------------

struct code {
    std::uint16_t data{0};  // 0: the bucket's or the engine's default
    std::uint16_t parity{0};
    friend bool operator==(const code&, const code&) = default;
};

// The headers that are stored with an object and answered again. Empty: not there.
struct headers {
    std::string content_type{};
    std::string content_encoding{};
    std::string content_language{};
    std::string content_disposition{};
    std::string cache_control{};
    std::string expires{};
    std::string website_redirect{};
    std::vector<std::pair<std::string, std::string>> user{};  // without "x-amz-meta-", lower case
    friend bool operator==(const headers&, const headers&) = default;
};

struct info {
    std::uint64_t bucket{0};  // number
    std::string key{};
    std::string version{"null"};
    std::uint64_t size{0};
    std::string etag{};  // "d41d…" or "d41d…-7"
    std::int64_t last_modified_ms{0};
    std::string storage_class{};  // empty: STANDARD
    std::string owner{};
    struct headers headers{};
    std::vector<checksum> checksums{};
    unsigned parts{0};  // 0: not made of parts
    struct code code{};
    std::uint64_t sequence{0};  // of this key's versions
};

struct part_info {
    unsigned number{0};
    std::uint64_t offset{0};  // in the object, once complete
    std::uint64_t size{0};
    std::array<std::byte, 16> md5{};
    std::string etag{};
    std::int64_t last_modified_ms{0};
    std::vector<checksum> checksums{};
};

// --- conditions --------------------------------------------------------------------------------

// Empty lists and absent times ask nothing.
struct conditions {
    std::vector<std::string> if_match{};
    std::vector<std::string> if_none_match{};
    std::optional<std::int64_t> if_modified_since_ms{};  // compared by the second
    std::optional<std::int64_t> if_unmodified_since_ms{};
};

namespace detail {

[[nodiscard]] inline bool names(const std::vector<std::string>& etags, const std::string& etag) {
    for (const auto& each : etags)
        if (each == "*" || each == etag) return true;
    return false;
}

}  // namespace detail

// Judges a read by RFC 9110 §13.2.2: If-Match outweighs If-Unmodified-Since, If-None-Match
// outweighs If-Modified-Since. Answers precondition_failed or not_modified.
[[nodiscard]] inline result<void> judge_read(const conditions& asked, const std::string& etag,
                                             std::int64_t last_modified_ms) {
    const std::int64_t second = last_modified_ms / 1000;
    if (!asked.if_match.empty()) {
        if (!detail::names(asked.if_match, etag)) return std::unexpected(precondition_failed);
    } else if (asked.if_unmodified_since_ms && second > *asked.if_unmodified_since_ms / 1000) {
        return std::unexpected(precondition_failed);
    }
    if (!asked.if_none_match.empty()) {
        if (detail::names(asked.if_none_match, etag)) return std::unexpected(not_modified);
    } else if (asked.if_modified_since_ms && second <= *asked.if_modified_since_ms / 1000) {
        return std::unexpected(not_modified);
    }
    return {};
}

// Judges a write against what stands under the key (nullptr: nothing). If-Match where nothing
// stands is no_such_key, as S3 says it.
[[nodiscard]] inline result<void> judge_write(const conditions& asked, const std::string* etag) {
    if (!asked.if_match.empty()) {
        if (etag == nullptr) return std::unexpected(no_such_key);
        if (!detail::names(asked.if_match, *etag)) return std::unexpected(precondition_failed);
    }
    if (!asked.if_none_match.empty() && etag != nullptr &&
        detail::names(asked.if_none_match, *etag))
        return std::unexpected(precondition_failed);
    return {};
}

// --- requests ----------------------------------------------------------------------------------

struct put_options {
    struct headers headers{};
    std::string owner{};
    std::string storage_class{};
    struct code code{};
    conditions condition{};                 // if_match, if_none_match
    std::optional<std::uint64_t> length{};  // if known: a body of another length is incomplete_body
};

struct get_options {
    std::string version{};  // empty or "null": the current one
};

struct copy_source {
    std::string bucket{};
    std::string key{};
    std::string version{};
    conditions condition{};  // judged as a read; not_modified comes as precondition_failed
};

struct copy_options {
    std::optional<struct headers> replace{};  // nothing: the source's own go along
    std::string owner{};
    std::string storage_class{};
    struct code code{};
    conditions condition{};  // of the target
};

struct remove_options {
    std::string version{};
    conditions condition{};
};

struct removed {
    bool was_there{false};
};

// --- buckets -----------------------------------------------------------------------------------

struct bucket_options {
    std::string owner{};
    std::string region{};
    struct code code{};  // default of its objects
};

struct bucket {
    std::uint64_t number{0};  // never reused
    std::string name{};
    std::string owner{};
    std::string region{};
    std::int64_t created_ms{0};
    struct code code{};
};

// --- listings ----------------------------------------------------------------------------------

// What is listed is above `after`: keys, and common prefixes likewise.
struct list_request {
    std::string prefix{};
    std::string delimiter{};
    std::string after{};
    unsigned max_keys{1000};  // keys and common prefixes together; 0 lists nothing
};

struct list_entry {
    std::string key{};
    std::uint64_t size{0};
    std::string etag{};
    std::int64_t last_modified_ms{0};
    std::string storage_class{};
    std::string owner{};
    std::vector<checksum> checksums{};
};

struct list_page {
    std::vector<list_entry> entries{};
    std::vector<std::string> common_prefixes{};
    bool truncated{false};
    std::string next{};  // the next page's `after` (v1: NextMarker), if truncated
};

// --- uploads in parts --------------------------------------------------------------------------

struct upload_options {
    struct headers headers{};
    std::string owner{};
    std::string initiator{};
    std::string storage_class{};
    struct code code{};
    std::optional<checksum_kind> checksum{};
    checksum_type type{checksum_type::composite};
};

struct upload {
    std::string id{};  // as clients see it
    std::string key{};
    std::int64_t initiated_ms{0};
    std::string owner{};
    std::string initiator{};
    std::string storage_class{};
    std::optional<checksum_kind> checksum{};
    checksum_type type{checksum_type::composite};
};

struct part_options {
    std::optional<std::uint64_t> length{};
};

struct parts_page {
    struct upload upload{};
    std::vector<part_info> parts{};
    bool truncated{false};
    unsigned next{0};  // the next page's `after`
};

struct uploads_request {
    std::string prefix{};
    std::string delimiter{};
    std::string after_key{};
    std::string after_upload{};  // with after_key: uploads of that key above this id follow first
    unsigned max_uploads{1000};
};

struct uploads_page {
    std::vector<struct upload> uploads{};
    std::vector<std::string> common_prefixes{};
    bool truncated{false};
    std::string next_key{};
    std::string next_upload{};
};

struct completed_part {
    unsigned number{0};
    std::string etag{};
    std::vector<checksum> checksums{};  // where given, they must be the part's
};

// Makes the digests of a whole of those of its parts (MD5 of MD5s, composite or full checksums).
class composer {
public:
    virtual ~composer() = default;
    [[nodiscard]] virtual result<digests> compose(const std::vector<part_info>& parts) = 0;
};

struct complete_options {
    conditions condition{};
    std::optional<std::uint64_t> length{};  // x-amz-mp-object-size
};

}  // namespace rsx::object
