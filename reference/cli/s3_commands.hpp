// SPDX-License-Identifier: Apache-2.0

// `rsx put`, `get`, `ls`, `rm`, `mb` and `rb`: everyday work with any S3 endpoint.
//
//     run_put({.settings = {...}, .file = "film.mkv", .url = "s3://films/"});
//     run_get({.settings = {...}, .url = "s3://films/film.mkv", .file = "film.mkv"});
//
// Bodies stream: a part is read, summed and sent while others are on their way. Every upload says
// its checksum, every download is compared with one. `get` writes a temporary file and renames it.
#pragma once

#include "s3_link.hpp"

namespace rsx_cli {

// s3://bucket/key; both may be missing.
struct s3_url {
    std::string bucket{};
    std::string key{};
};
[[nodiscard]] outcome<s3_url> parse_s3_url(std::string_view text);

struct s3_options {
    s3_settings settings{};
    std::string url{};
    std::filesystem::path file{};  // "-": standard input or output
    std::string content_type{};
    std::string checksum{"crc64nvme"};  // or crc32c, none
    std::uint64_t part_bytes{0};        // 0: 16 MiB, more for very large objects
    unsigned parallel{4};
    unsigned page{1000};  // keys a listing asks for at once
    bool force{false};
    bool quiet{false};
    bool recursive{false};
    bool human{false};
};

[[nodiscard]] outcome<void> run_put(const s3_options& how);
[[nodiscard]] outcome<void> run_get(const s3_options& how);
[[nodiscard]] outcome<void> run_ls(const s3_options& how);
[[nodiscard]] outcome<void> run_rm(const s3_options& how);
[[nodiscard]] outcome<void> run_mb(const s3_options& how);
[[nodiscard]] outcome<void> run_rb(const s3_options& how);

}  // namespace rsx_cli
