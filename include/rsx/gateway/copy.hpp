// SPDX-License-Identifier: Apache-2.0

// CopyObject and UploadPartCopy: an object, or some bytes of one, made into another.
//
//     auto handled = co_await gateway::copy_object(call);
//
// The bytes are read, verified and written anew; nothing is shared between source and target.
#pragma once

#include <rsx/gateway/attributes.hpp>
#include <rsx/gateway/body.hpp>
#include <rsx/gateway/call.hpp>
#include <rsx/s3/copy_source.hpp>
#include <rsx/s3/range.hpp>
#include <rsx/s3/render.hpp>

namespace rsx::gateway {

namespace detail {

inline s3::result<object::copy_source> source_of(const call& call) {
    auto named = s3::parse_copy_source(call.header("x-amz-copy-source"));
    if (!named) return std::unexpected(std::move(named.error()));
    if (!named->version_id.empty() && named->version_id != "null")
        return s3::fail_argument("x-amz-copy-source", named->version_id,
                                 "Invalid version id specified");
    object::copy_source out;
    out.bucket = std::move(named->bucket);
    out.key = std::move(named->key);
    out.condition = engine_conditions(s3::copy_conditions_of(call.asked().headers));
    return out;
}

inline s3::result<std::optional<s3::checksum_kind>> wanted_checksum(const call& call) {
    const auto name = call.header("x-amz-checksum-algorithm");
    if (name.empty()) return std::nullopt;
    const auto kind = s3::checksum_kind_named(name);
    if (!kind)
        return s3::fail(s3::error_code::invalid_request,
                        "Checksum algorithm provided is unsupported. Please try again with any of "
                        "the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]");
    return kind;
}

inline std::optional<s3::checksum> first_checksum(const std::vector<object::checksum>& sums,
                                                  unsigned parts) {
    if (sums.empty()) return std::nullopt;
    return s3_checksum(sums.front(), parts);
}

// Of the source: what is not modified is a failed precondition to a copy.
inline s3::error copy_refusal(const rsx::error& e) {
    if (e == object::not_modified) return {s3::error_code::precondition_failed};
    return refusal_of(e);
}

}  // namespace detail

[[nodiscard]] inline answer copy_object(call& call) {
    auto from = detail::source_of(call);
    if (!from) co_return std::unexpected(std::move(from.error()));
    if (auto ok = detail::refuse_not_honoured(call); !ok)
        co_return std::unexpected(std::move(ok.error()));
    const auto directive = call.header("x-amz-metadata-directive");
    if (!directive.empty() && directive != "COPY" && directive != "REPLACE")
        co_return s3::fail_argument("x-amz-metadata-directive", directive,
                                    "Unknown metadata directive.");
    const bool replace = directive == "REPLACE";
    if (from->bucket == call.bucket() && from->key == call.key() && !replace)
        co_return s3::fail(s3::error_code::invalid_request,
                           "This copy request is illegal because it is trying to copy an object "
                           "to itself without changing the object's metadata, storage class, "
                           "website redirect location or encryption attributes.");
    object::copy_options how;
    if (replace) {
        auto headers = headers_of(call);
        if (!headers) co_return std::unexpected(std::move(headers.error()));
        how.replace = std::move(*headers);
    }
    auto storage_class = storage_class_of(call);
    if (!storage_class) co_return std::unexpected(std::move(storage_class.error()));
    how.storage_class = std::move(*storage_class);
    how.owner = call.who().owner_id;
    auto condition = write_conditions(call);
    if (!condition) co_return std::unexpected(std::move(condition.error()));
    how.condition = std::move(*condition);
    auto kind = detail::wanted_checksum(call);
    if (!kind) co_return std::unexpected(std::move(kind.error()));

    auto bucket = co_await call.open_bucket();
    if (!bucket) co_return std::unexpected(std::move(bucket.error()));
    auto source_bucket = co_await call.open_bucket(from->bucket);
    if (!source_bucket) co_return std::unexpected(std::move(source_bucket.error()));
    if (!*kind) {  // none was asked for: the copy has the kind its source has
        object::get_options current;
        auto source = co_await call.engine().head(from->bucket, from->key, std::move(current));
        if (!source) co_return std::unexpected(refusal_of(source.error()));
        if (!source->checksums.empty()) kind = s3_kind(source->checksums.front().kind);
    }
    copy_judge judge{*kind};
    auto made = co_await call.engine().copy(std::move(*from), call.bucket(), call.key(),
                                            std::move(how), judge);
    if (!made) co_return std::unexpected(detail::copy_refusal(made.error()));
    s3::copy_object_result out;
    out.tag = made->etag;
    out.modified_ms = made->last_modified_ms;
    out.sum = detail::first_checksum(made->checksums, made->parts);
    co_return co_await call.reply_xml(s3::render(out));
}

namespace detail {

inline s3::result<unsigned> part_number_of(const call& call) {
    const auto text = call.query("partNumber");
    const auto number = s3::number_in(text, limits::parts_max);
    if (!number || *number == 0)
        return s3::fail_argument("partNumber", text,
                                 "Part number must be an integer between 1 and 10000, inclusive");
    return static_cast<unsigned>(*number);
}

}  // namespace detail

[[nodiscard]] inline answer upload_part_copy(call& call) {
    auto from = detail::source_of(call);
    if (!from) co_return std::unexpected(std::move(from.error()));
    auto number = detail::part_number_of(call);
    if (!number) co_return std::unexpected(std::move(number.error()));
    auto bucket = co_await call.open_bucket();
    if (!bucket) co_return std::unexpected(std::move(bucket.error()));
    auto source_bucket = co_await call.open_bucket(from->bucket);
    if (!source_bucket) co_return std::unexpected(std::move(source_bucket.error()));
    std::string id{call.query("uploadId")};
    auto upload = co_await call.engine().find_upload(call.bucket(), call.key(), id);
    if (!upload) co_return std::unexpected(refusal_of(upload.error()));

    std::optional<std::pair<std::uint64_t, std::uint64_t>> range;
    const auto range_text = call.header("x-amz-copy-source-range");
    if (!range_text.empty()) {
        object::get_options current;
        auto source = co_await call.engine().head(from->bucket, from->key, std::move(current));
        if (!source) co_return std::unexpected(refusal_of(source.error()));
        auto cut = s3::copy_range_of(range_text, source->size);
        if (!cut) co_return std::unexpected(std::move(cut.error()));
        range = std::pair{cut->offset, cut->length};
    }
    std::optional<s3::checksum_kind> kind;
    if (upload->checksum) kind = s3_kind(*upload->checksum);
    copy_judge judge{kind};
    auto made = co_await call.engine().copy_part(std::move(*from), range, call.bucket(), call.key(),
                                                 std::move(id), *number, judge);
    if (!made) co_return std::unexpected(detail::copy_refusal(made.error()));
    s3::copy_part_result out;
    out.tag = made->etag;
    out.modified_ms = made->last_modified_ms;
    if (upload->checksum) out.sum = detail::first_checksum(made->checksums, 0);
    co_return co_await call.reply_xml(s3::render(out));
}

}  // namespace rsx::gateway
