// SPDX-License-Identifier: Apache-2.0

// An object's attributes, out of a request's headers and into an answer's.
//
//     auto how = gateway::put_options_of(call);              // or InvalidStorageClass,
//     NotImplemented… auto head = call.begin(200, gateway::object_fields(info));
//
// What a header asks for and rsx does not do is refused by name: silently storing an object without
// the encryption, lock or tags it was sent with would be a lie.
#pragma once

#include <rsx/core/limits.hpp>
#include <rsx/gateway/body.hpp>
#include <rsx/gateway/call.hpp>
#include <rsx/s3/condition.hpp>
#include <rsx/s3/date.hpp>
#include <rsx/s3/etag.hpp>
#include <rsx/s3/text.hpp>

#include <array>
#include <string>
#include <string_view>

namespace rsx::gateway {

inline constexpr std::string_view user_prefix = "x-amz-meta-";
inline constexpr std::string_view default_type = "binary/octet-stream";

namespace detail {

// "aws-chunked" is how the body travels, not what the object is.
inline std::string stored_encoding(std::string_view value) {
    std::string out;
    for (const auto part : s3::split(value, ',')) {
        const auto name = s3::trimmed(part);
        if (name.empty() || s3::same_ignoring_case(name, "aws-chunked")) continue;
        if (!out.empty()) out += ", ";
        out += name;
    }
    return out;
}

// Headers that would change what is stored, and that this gateway does not honour.
inline constexpr std::array not_honoured{
    std::string_view{"x-amz-server-side-encryption"},
    std::string_view{"x-amz-server-side-encryption-customer-algorithm"},
    std::string_view{"x-amz-server-side-encryption-aws-kms-key-id"},
    std::string_view{"x-amz-object-lock-mode"},
    std::string_view{"x-amz-object-lock-retain-until-date"},
    std::string_view{"x-amz-object-lock-legal-hold"},
    std::string_view{"x-amz-tagging"},
    std::string_view{"x-amz-grant-full-control"},
    std::string_view{"x-amz-grant-read"},
    std::string_view{"x-amz-grant-read-acp"},
    std::string_view{"x-amz-grant-write-acp"},
    std::string_view{"x-amz-write-offset-bytes"},
};

inline s3::result<void> refuse_not_honoured(const call& call) {
    for (const auto name : not_honoured) {
        if (call.header(name).empty()) continue;
        s3::error refused{s3::error_code::not_implemented};
        refused.with("Header", std::string{name});
        return std::unexpected(std::move(refused));
    }
    // A checksum of a kind we cannot make must not be taken for one that was verified.
    for (const auto& field : call.asked().headers) {
        const auto name = s3::lower(field.name);
        if (!name.starts_with("x-amz-checksum-") || s3::checksum_kind_of_header(name)) continue;
        if (name == "x-amz-checksum-algorithm" || name == "x-amz-checksum-type" ||
            name == "x-amz-checksum-mode")
            continue;
        s3::error refused{s3::error_code::not_implemented};
        refused.with("Header", name);
        return std::unexpected(std::move(refused));
    }
    // Every object is its owner's alone; an ACL that says the same is no news.
    const auto acl = call.header("x-amz-acl");
    if (!acl.empty() && acl != "private" && acl != "bucket-owner-full-control" &&
        acl != "bucket-owner-read") {
        s3::error refused{s3::error_code::not_implemented};
        refused.with("Header", "x-amz-acl").with("Value", std::string{acl});
        return std::unexpected(std::move(refused));
    }
    return {};
}

}  // namespace detail

[[nodiscard]] inline s3::result<object::headers> headers_of(const call& call) {
    object::headers out;
    out.content_type = call.header("content-type");
    out.content_encoding = detail::stored_encoding(call.header("content-encoding"));
    out.content_language = call.header("content-language");
    out.content_disposition = call.header("content-disposition");
    out.cache_control = call.header("cache-control");
    out.expires = call.header("expires");
    out.website_redirect = call.header("x-amz-website-redirect-location");
    std::size_t bytes = 0;
    for (const auto& field : call.asked().headers) {
        if (!s3::begins_ignoring_case(field.name, user_prefix)) continue;
        auto name = s3::lower(std::string_view{field.name}.substr(user_prefix.size()));
        bytes += name.size() + field.value.size();
        // A name that stands twice is one value with commas, as in any HTTP header.
        bool again = false;
        for (auto& [known, value] : out.user) {
            if (known != name) continue;
            value += "," + field.value;
            again = true;
        }
        if (!again) out.user.emplace_back(std::move(name), field.value);
    }
    if (bytes > limits::user_metadata_bytes_max) {
        s3::error refused{s3::error_code::metadata_too_large};
        refused.with("Size", std::to_string(bytes));
        refused.with("MaxSizeAllowed", std::to_string(limits::user_metadata_bytes_max));
        return std::unexpected(std::move(refused));
    }
    return out;
}

[[nodiscard]] inline s3::result<std::string> storage_class_of(const call& call) {
    const auto asked = call.header("x-amz-storage-class");
    if (asked.empty() || asked == "STANDARD") return std::string{};
    return s3::fail(s3::error_code::invalid_storage_class);
}

namespace detail {

inline std::vector<std::string> tags_of(const std::optional<std::string>& list) {
    std::vector<std::string> out;
    if (!list) return out;
    for (const auto part : s3::split(*list, ',')) out.emplace_back(s3::unquoted(part));
    return out;
}

}  // namespace detail

[[nodiscard]] inline object::conditions engine_conditions(const s3::conditions& when) {
    object::conditions out;
    out.if_match = detail::tags_of(when.match);
    out.if_none_match = detail::tags_of(when.none_match);
    out.if_modified_since_ms = when.modified_since_ms;
    out.if_unmodified_since_ms = when.unmodified_since_ms;
    return out;
}

// The conditions of a write: If-Match names tags, If-None-Match only "*".
[[nodiscard]] inline s3::result<object::conditions> write_conditions(const call& call) {
    s3::conditions when = s3::conditions_of(call.asked().headers);
    when.modified_since_ms.reset();
    when.unmodified_since_ms.reset();
    if (when.none_match && s3::trimmed(*when.none_match) != "*")
        return s3::fail(s3::error_code::not_implemented);
    return engine_conditions(when);
}

[[nodiscard]] inline s3::result<object::put_options> put_options_of(const call& call) {
    if (auto ok = detail::refuse_not_honoured(call); !ok)
        return std::unexpected(std::move(ok.error()));
    auto headers = headers_of(call);
    if (!headers) return std::unexpected(std::move(headers.error()));
    auto storage_class = storage_class_of(call);
    if (!storage_class) return std::unexpected(std::move(storage_class.error()));
    auto condition = write_conditions(call);
    if (!condition) return std::unexpected(std::move(condition.error()));
    object::put_options how;
    how.headers = std::move(*headers);
    how.owner = call.who().owner_id;
    how.storage_class = std::move(*storage_class);
    how.condition = std::move(*condition);
    return how;
}

// What GET and HEAD say of an object.
[[nodiscard]] inline fields object_fields(const object::info& info) {
    fields out;
    const auto say = [&](std::string name, std::string_view value) {
        if (!value.empty()) out.push_back({std::move(name), std::string{value}});
    };
    say("ETag", '"' + info.etag + '"');
    say("Last-Modified", s3::http_date(info.last_modified_ms));
    say("Accept-Ranges", "bytes");
    say("Content-Type",
        info.headers.content_type.empty() ? default_type : info.headers.content_type);
    say("Content-Encoding", info.headers.content_encoding);
    say("Content-Language", info.headers.content_language);
    say("Content-Disposition", info.headers.content_disposition);
    say("Cache-Control", info.headers.cache_control);
    say("Expires", info.headers.expires);
    say("x-amz-website-redirect-location", info.headers.website_redirect);
    say("x-amz-storage-class", info.storage_class);
    for (const auto& [name, value] : info.headers.user)
        out.push_back({std::string{user_prefix} + name, value});
    return out;
}

inline void add_checksums(fields& out, const std::vector<object::checksum>& sums, unsigned parts) {
    for (const auto& each : sums) {
        const auto sum = s3_checksum(each, parts);
        out.push_back({std::string{sum.header()}, sum.base64()});
        out.push_back({"x-amz-checksum-type", std::string{s3::name_of(s3_type(each.type))}});
    }
}

}  // namespace rsx::gateway
