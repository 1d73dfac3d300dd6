// SPDX-License-Identifier: Apache-2.0

// What the operations of S3 answer with, as plain values: filled by a server, read by a client.
//
//     s3::list_objects_v2_result page;
//     page.bucket = "photos";
//     page.contents.push_back({.key = "cat.jpg", .modified_ms = now, .tag = tag.text(), .size =
//     7}); response.body = s3::render(page);                   // s3/render.hpp auto same =
//     s3::parse_list_objects_v2(body);        // s3/client_results.hpp
//
// Tags are without quotes, moments in milliseconds, keys as they are: encoding-type=url is a
// property of the page, applied when it is written and undone when it is read.
#pragma once

#include <rsx/s3/checksum.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace rsx::s3 {

struct owner {
    std::string id{};
    std::string display_name{};
    friend bool operator==(const owner&, const owner&) = default;
};

// Which checksum an object, upload or part was given, as listings and uploads tell it.
struct checksum_choice {
    std::optional<checksum_kind> kind{};
    std::optional<checksum_type> type{};
    friend bool operator==(const checksum_choice&, const checksum_choice&) = default;
};

struct bucket_entry {
    std::string name;
    std::int64_t created_ms{};
    std::string region{};
    friend bool operator==(const bucket_entry&, const bucket_entry&) = default;
};

struct list_buckets_result {
    s3::owner owner{};
    std::vector<bucket_entry> buckets{};
    std::string prefix{};
    std::string next_token{};  // empty: this is all
};

struct object_entry {
    std::string key;
    std::int64_t modified_ms{};
    std::string tag{};
    std::uint64_t size{};
    std::string storage_class{"STANDARD"};
    std::optional<s3::owner> owner{};
    checksum_choice sum{};
    friend bool operator==(const object_entry&, const object_entry&) = default;
};

// What all listings of keys have.
struct key_page {
    std::string bucket{};
    std::string prefix{};
    std::string delimiter{};
    unsigned max_keys{1000};
    bool url_encoded{false};
    bool truncated{false};
    std::vector<std::string> common_prefixes{};
};

struct list_objects_result : key_page {
    std::string marker{};
    std::string next_marker{};  // told only with a delimiter
    std::vector<object_entry> contents{};
};

struct list_objects_v2_result : key_page {
    std::optional<std::string> token{};
    std::string next_token{};
    std::string start_after{};
    std::vector<object_entry> contents{};
};

struct version_entry : object_entry {
    std::string version_id{"null"};
    bool latest{true};
    bool delete_marker{false};
};

struct list_versions_result : key_page {
    std::string key_marker{};
    std::string version_id_marker{};
    std::string next_key_marker{};
    std::string next_version_id_marker{};
    std::vector<version_entry> versions{};  // and delete markers, in their order
};

struct upload_entry {
    std::string key;
    std::string upload_id;
    s3::owner initiator{};
    s3::owner owner{};
    std::string storage_class{"STANDARD"};
    std::int64_t initiated_ms{};
    checksum_choice sum{};
};

struct list_uploads_result : key_page {
    std::string key_marker{};
    std::string upload_id_marker{};
    std::string next_key_marker{};
    std::string next_upload_id_marker{};
    std::vector<upload_entry> uploads{};
};

struct part_entry {
    unsigned number{};
    std::int64_t modified_ms{};
    std::string tag{};
    std::uint64_t size{};
    std::optional<checksum> sum{};
};

struct list_parts_result {
    std::string bucket{};
    std::string key{};
    std::string upload_id{};
    s3::owner initiator{};
    s3::owner owner{};
    std::string storage_class{"STANDARD"};
    unsigned marker{};
    unsigned next_marker{};
    unsigned max_parts{1000};
    bool truncated{false};
    bool url_encoded{false};
    std::vector<part_entry> parts{};
    checksum_choice sum{};
};

struct initiate_upload_result {
    std::string bucket;
    std::string key;
    std::string upload_id;
};

struct complete_upload_result {
    std::string location;
    std::string bucket;
    std::string key;
    std::string tag;
    std::optional<checksum> sum{};
};

struct copy_object_result {
    std::string tag;
    std::int64_t modified_ms{};
    std::optional<checksum> sum{};
};

struct copy_part_result {
    std::string tag;
    std::int64_t modified_ms{};
    std::optional<checksum> sum{};
};

struct deleted_entry {
    std::string key;
    std::string version_id{};  // of what was deleted, if one was named
    bool delete_marker{false};
    std::string delete_marker_version_id{};
};

struct undeleted_entry {
    std::string key;
    std::string version_id{};
    std::string code;
    std::string message;
};

struct delete_result {
    std::vector<deleted_entry> deleted{};  // leave out what went well if the request was quiet
    std::vector<undeleted_entry> errors{};
};

struct bucket_location {
    std::string region{};  // us-east-1 is told as nothing
};

}  // namespace rsx::s3
