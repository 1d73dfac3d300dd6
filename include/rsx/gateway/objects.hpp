// SPDX-License-Identifier: Apache-2.0

// PutObject, GetObject, HeadObject, DeleteObject, DeleteObjects.
//
//     auto handled = co_await gateway::get_object(call);
//
// Handlers: each takes a call, replies or returns an s3::error (gateway/call.hpp).
#pragma once

#include <rsx/gateway/attributes.hpp>
#include <rsx/gateway/body.hpp>
#include <rsx/gateway/call.hpp>
#include <rsx/s3/range.hpp>
#include <rsx/s3/render.hpp>
#include <rsx/s3/request_bodies.hpp>

#include <algorithm>

namespace rsx::gateway {

[[nodiscard]] inline answer put_object(call& call) {
    auto promise = s3::upload_promise_of(call.verified());
    if (!promise) co_return std::unexpected(std::move(promise.error()));
    auto how = put_options_of(call);
    if (!how) co_return std::unexpected(std::move(how.error()));
    auto bucket = co_await call.open_bucket();
    if (!bucket) co_return std::unexpected(std::move(bucket.error()));
    how->length = promise->size;

    upload_body body{call.with(), call.verified(), *promise};
    upload_judge judge{*promise, body};
    auto stored =
        co_await call.engine().put(call.bucket(), call.key(), std::move(*how), body, judge);
    if (!stored) co_return std::unexpected(upload_refusal(stored.error(), body, judge));
    fields more;
    more.push_back({"ETag", '"' + stored->etag + '"'});
    add_checksums(more, stored->checksums, 0);
    co_return co_await call.reply(200, std::move(more));
}

namespace detail {

// What part of an object an answer shows.
struct shown {
    std::optional<s3::byte_range> range{};
    unsigned part{0};
};

inline s3::result<shown> shown_of(const call& call, const object::info& info,
                                  const std::vector<object::part_info>& parts) {
    shown out;
    const auto number_text = call.query("partNumber");
    const auto range_header = call.asked().headers.get("range");
    if (number_text.empty()) {
        auto range = s3::range_of(range_header, info.size);
        if (!range) return std::unexpected(std::move(range.error()));
        out.range = *range;
        return out;
    }
    const auto number = s3::number_in(number_text, limits::parts_max);
    if (!number || *number == 0)
        return s3::fail_argument("partNumber", number_text,
                                 "Part number must be an integer between 1 and 10000, inclusive");
    if (range_header)
        return s3::fail(s3::error_code::invalid_request,
                        "Cannot specify both Range header and partNumber query parameter");
    out.part = static_cast<unsigned>(*number);
    if (info.parts == 0 && out.part == 1) {
        if (info.size > 0) out.range = s3::byte_range{0, info.size};
        return out;
    }
    // The parts of a whole are counted anew from 1, whatever numbers they were sent with.
    if (out.part > parts.size()) return s3::fail(s3::error_code::invalid_range);
    const auto& part = parts[out.part - 1];
    if (part.size > 0) out.range = s3::byte_range{part.offset, part.size};
    return out;
}

// response-content-type and its like replace what a signed GET answers.
inline void override_fields(const call& call, fields& head) {
    constexpr std::pair<std::string_view, std::string_view> overrides[] = {
        {"response-content-type", "Content-Type"},
        {"response-content-language", "Content-Language"},
        {"response-expires", "Expires"},
        {"response-cache-control", "Cache-Control"},
        {"response-content-disposition", "Content-Disposition"},
        {"response-content-encoding", "Content-Encoding"},
    };
    for (const auto& [parameter, name] : overrides) {
        const auto value = call.query(parameter);
        if (value.empty()) continue;
        std::erase_if(head, [&](const auto& f) { return net::http::same_name(f.name, name); });
        head.push_back({std::string{name}, std::string{value}});
    }
}

inline answer not_modified(call& call, const object::info& info) {
    fields more;
    more.push_back({"ETag", '"' + info.etag + '"'});
    more.push_back({"Last-Modified", s3::http_date(info.last_modified_ms)});
    co_return co_await call.reply(304, std::move(more));
}

inline s3::result<std::string> asked_version(const call& call) {
    const auto version = call.query("versionId");
    if (version.empty() || version == "null") return std::string{};
    return s3::fail_argument("versionId", version, "Invalid version id specified");
}

}  // namespace detail

// GET and HEAD: the same answer, with and without its bytes.
[[nodiscard]] inline answer get_object(call& call) {
    auto version = detail::asked_version(call);
    if (!version) co_return std::unexpected(std::move(version.error()));
    auto bucket = co_await call.open_bucket();
    if (!bucket) co_return std::unexpected(std::move(bucket.error()));
    object::get_options how;
    auto opened = co_await call.engine().get(call.bucket(), call.key(), std::move(how));
    if (!opened) co_return std::unexpected(refusal_of(opened.error()));
    object::reader& reader = **opened;
    const object::info& info = reader.info();

    const auto when = s3::conditions_of(call.asked().headers);
    switch (s3::judge_read(when, {info.etag, info.last_modified_ms})) {
        case s3::verdict::proceed: break;
        case s3::verdict::not_modified: co_return co_await detail::not_modified(call, info);
        case s3::verdict::failed: co_return s3::fail(s3::error_code::precondition_failed);
    }
    auto shown = detail::shown_of(call, info, reader.parts());
    if (!shown) co_return std::unexpected(std::move(shown.error()));

    fields more = object_fields(info);
    detail::override_fields(call, more);
    const bool whole = !shown->range || shown->range->length == info.size;
    if (s3::same_ignoring_case(call.header("x-amz-checksum-mode"), "ENABLED")) {
        if (shown->part > 0 && info.parts > 0)
            add_checksums(more, reader.parts()[shown->part - 1].checksums, 0);
        else if (whole)
            add_checksums(more, info.checksums, info.parts);
    }
    std::uint64_t length = info.size;
    unsigned status_code = 200;
    if (shown->range) {
        length = shown->range->length;
        status_code = 206;
        more.push_back({"Content-Range", s3::content_range(*shown->range, info.size)});
        auto selected = reader.select(shown->range->offset, shown->range->length);
        if (!selected) co_return std::unexpected(refusal_of(selected.error()));
    }
    if (shown->part > 0 && info.parts > 0)
        more.push_back({"x-amz-mp-parts-count", std::to_string(info.parts)});

    const bool head_only = call.with().head().method == "HEAD";
    // The first bytes are read before the head is sent: until then an error is still an answer.
    slice bytes;
    if (!head_only && length > 0) {
        auto first = co_await reader.next();
        if (!first) co_return std::unexpected(refusal_of(first.error()));
        bytes = std::move(*first);
    }
    auto head = call.begin(status_code, std::move(more));
    auto begun = co_await call.with().respond(std::move(head), length);
    if (!begun || head_only) co_return call.heard(begun);
    while (!bytes.empty()) {
        auto sent = co_await call.with().write(bytes.view());
        if (!sent) co_return call.heard(sent);
        auto next = co_await reader.next();
        if (!next) co_return call.heard(std::unexpected(next.error()));  // cut: never a torn whole
        bytes = std::move(*next);
    }
    co_return s3::result<void>{};
}

[[nodiscard]] inline answer delete_object(call& call) {
    auto version = detail::asked_version(call);
    if (!version) co_return std::unexpected(std::move(version.error()));
    auto bucket = co_await call.open_bucket();
    if (!bucket) co_return std::unexpected(std::move(bucket.error()));
    object::remove_options how;
    const auto when = s3::conditions_of(call.asked().headers);
    how.condition.if_match = detail::tags_of(when.match);
    auto removed = co_await call.engine().remove(call.bucket(), call.key(), std::move(how));
    if (!removed) co_return std::unexpected(refusal_of(removed.error()));
    fields more;
    if (!call.query("versionId").empty()) more.push_back({"x-amz-version-id", "null"});
    co_return co_await call.reply(204, std::move(more));
}

[[nodiscard]] inline answer delete_objects(call& call) {
    auto bucket = co_await call.open_bucket();
    if (!bucket) co_return std::unexpected(std::move(bucket.error()));
    auto text = co_await read_whole(call.with(), call.verified(), limits::xml_bytes_max);
    if (!text) co_return std::unexpected(std::move(text.error()));
    auto asked = s3::parse_delete(*text);
    if (!asked) co_return std::unexpected(std::move(asked.error()));

    s3::delete_result out;
    std::vector<std::string> keys;
    std::vector<std::string> versions;
    for (auto& each : asked->objects) {
        s3::result<void> fits = s3::check_key(each.key);
        if (fits && each.conditional()) fits = s3::fail(s3::error_code::not_implemented);
        if (fits && !each.version_id.empty() && each.version_id != "null")
            fits = s3::fail(s3::error_code::no_such_version);
        if (fits) {
            keys.push_back(std::move(each.key));
            versions.push_back(std::move(each.version_id));
            continue;
        }
        out.errors.push_back({each.key, each.version_id,
                              std::string{s3::name_of(fits.error().code)},
                              std::string{fits.error().text()}});
    }
    auto removed = co_await call.engine().remove_many(call.bucket(), keys);
    if (!removed) co_return std::unexpected(refusal_of(removed.error()));
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const auto& each = (*removed)[i];
        if (each) {
            if (!asked->quiet) out.deleted.push_back({keys[i], versions[i]});
            continue;
        }
        const auto refused = refusal_of(each.error());
        out.errors.push_back({keys[i], versions[i], std::string{s3::name_of(refused.code)},
                              std::string{refused.text()}});
    }
    co_return co_await call.reply_xml(s3::render(out));
}

}  // namespace rsx::gateway
