// SPDX-License-Identifier: Apache-2.0

// x-amz-copy-source: which object a copy reads.
//
//     auto from = s3::parse_copy_source("/photos/a%20b.jpg?versionId=3");
//     // from->bucket "photos", from->key "a b.jpg", from->version_id "3"
//
// "bucket/key" with or without a slash in front, percent-encoded; a version after "?versionId=". A
// literal '?' of a key is written %3F.
#pragma once

#include <rsx/s3/address.hpp>
#include <rsx/s3/error.hpp>
#include <rsx/s3/uri.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace rsx::s3 {

struct copy_source {
    std::string bucket;
    std::string key;
    std::string version_id{};
    friend bool operator==(const copy_source&, const copy_source&) = default;
};

[[nodiscard]] inline result<copy_source> parse_copy_source(std::string_view text) {
    constexpr std::string_view version_mark = "?versionId=";
    const auto refused = [&](std::string message) {
        return fail_argument("x-amz-copy-source", text, std::move(message));
    };
    std::string_view rest = text;
    std::string_view version;
    if (const auto mark = rest.rfind(version_mark); mark != std::string_view::npos) {
        version = rest.substr(mark + version_mark.size());
        rest = rest.substr(0, mark);
    }
    auto decoded = uri_decode(rest, plus::itself);
    if (!decoded) return refused("Invalid copy source encoding.");
    std::string_view names = *decoded;
    if (names.starts_with('/')) names.remove_prefix(1);
    const auto slash_at = names.find('/');
    if (slash_at == std::string_view::npos || slash_at + 1 == names.size())
        return refused("Invalid copy source object key");
    copy_source out{std::string{names.substr(0, slash_at)}, std::string{names.substr(slash_at + 1)},
                    std::string{version}};
    if (!is_bucket_name(out.bucket)) return refused("Invalid copy source bucket name");
    if (!check_key(out.key)) return refused("Invalid copy source object key");
    return out;
}

}  // namespace rsx::s3
