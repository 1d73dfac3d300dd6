// SPDX-License-Identifier: Apache-2.0

// Uploads in parts: CreateMultipartUpload, UploadPart, ListParts, ListMultipartUploads,
// CompleteMultipartUpload, AbortMultipartUpload.
//
//     auto handled = co_await gateway::complete_upload(call);
//
// The ETag of the whole is the MD5 of its parts' MD5s with "-N" behind; its checksum is made of its
// parts' checksums, composite or (CRCs only) of all bytes.
#pragma once

#include <rsx/gateway/attributes.hpp>
#include <rsx/gateway/body.hpp>
#include <rsx/gateway/call.hpp>
#include <rsx/gateway/copy.hpp>
#include <rsx/s3/render.hpp>
#include <rsx/s3/request_bodies.hpp>

#include <algorithm>

namespace rsx::gateway {

namespace detail {

// Which checksum the parts of an upload shall have, and how the whole's is made of them.
inline s3::result<s3::checksum_choice> checksum_choice_of(const call& call) {
    auto kind = wanted_checksum(call);
    if (!kind) return std::unexpected(std::move(kind.error()));
    s3::checksum_choice out{*kind, std::nullopt};
    const auto type_text = call.header("x-amz-checksum-type");
    if (!type_text.empty()) {
        out.type = s3::checksum_type_named(type_text);
        if (!out.type || !out.kind)
            return s3::fail(s3::error_code::invalid_request,
                            "Value for x-amz-checksum-type header is invalid.");
    } else if (out.kind) {
        out.type = s3::default_type(*out.kind);
    }
    if (out.kind && !s3::goes_with(*out.kind, *out.type))
        return s3::fail(s3::error_code::invalid_request,
                        "The " + std::string{s3::name_of(*out.type)} +
                            " checksum type cannot be used with the " +
                            std::string{s3::name_of(*out.kind)} + " checksum algorithm.");
    return out;
}

// Makes the digests of the whole; what the client says the whole's checksum is must be so.
class whole_of_parts final : public object::composer {
public:
    whole_of_parts(const object::upload& upload, std::optional<s3::checksum> stated)
        : upload_{upload}, stated_{stated} {}

    result<object::digests> compose(const std::vector<object::part_info>& parts) override {
        object::digests out;
        std::vector<s3::etag> tags;
        std::vector<s3::checksum> sums;
        for (const auto& part : parts) {
            tags.push_back({part.md5, 0});
            for (const auto& sum : part.checksums)
                if (!upload_.checksum || sum.kind == *upload_.checksum)
                    sums.push_back(s3_checksum(sum, 0));
        }
        out.md5 = s3::etag_of_parts(tags).md5;
        if (sums.size() == parts.size() && !parts.empty() && all_alike(sums))
            out.checksums.push_back(engine_checksum(sum_of(parts, sums)));
        if (!stated_) return out;
        const bool same =
            !out.checksums.empty() && s3_kind(out.checksums.front().kind) == stated_->kind &&
            std::ranges::equal(bytes_of(out.checksums.front().value), stated_->bytes());
        if (!same) return std::unexpected(object::bad_checksum);
        return out;
    }

private:
    static bool all_alike(const std::vector<s3::checksum>& sums) {
        return std::ranges::all_of(
            sums, [&](const s3::checksum& each) { return each.kind == sums.front().kind; });
    }

    [[nodiscard]] s3::checksum sum_of(const std::vector<object::part_info>& parts,
                                      const std::vector<s3::checksum>& sums) const {
        const auto kind = sums.front().kind;
        // Whoever named no kind is told that of all bytes where there is one.
        const bool full = upload_.checksum ? upload_.type == object::checksum_type::full_object
                                           : s3::is_crc(kind);
        if (!full) return s3::composite_checksum(kind, sums);
        s3::checksum all = sums.front();
        for (std::size_t i = 1; i < sums.size(); ++i)
            all = s3::combined(all, sums[i], parts[i].size);
        return all;
    }

    const object::upload& upload_;
    std::optional<s3::checksum> stated_;
};

inline s3::owner owner_named(const call& call, const std::string& id) {
    return {id, id == call.who().owner_id ? call.who().display_name : id};
}

}  // namespace detail

[[nodiscard]] inline answer create_upload(call& call) {
    if (auto ok = detail::refuse_not_honoured(call); !ok)
        co_return std::unexpected(std::move(ok.error()));
    object::upload_options how;
    auto headers = headers_of(call);
    if (!headers) co_return std::unexpected(std::move(headers.error()));
    how.headers = std::move(*headers);
    auto storage_class = storage_class_of(call);
    if (!storage_class) co_return std::unexpected(std::move(storage_class.error()));
    how.storage_class = std::move(*storage_class);
    auto choice = detail::checksum_choice_of(call);
    if (!choice) co_return std::unexpected(std::move(choice.error()));
    if (choice->kind) how.checksum = engine_kind(*choice->kind);
    if (choice->type) how.type = engine_type(*choice->type);
    how.owner = call.who().owner_id;
    how.initiator = call.who().owner_id;
    auto bucket = co_await call.open_bucket();
    if (!bucket) co_return std::unexpected(std::move(bucket.error()));
    auto made = co_await call.engine().create_upload(call.bucket(), call.key(), std::move(how));
    if (!made) co_return std::unexpected(refusal_of(made.error()));
    fields more;
    if (choice->kind) {
        more.push_back({"x-amz-checksum-algorithm", std::string{s3::name_of(*choice->kind)}});
        more.push_back({"x-amz-checksum-type", std::string{s3::name_of(*choice->type)}});
    }
    s3::initiate_upload_result out{call.bucket(), call.key(), made->id};
    co_return co_await call.reply(200, std::move(more), s3::render(out));
}

[[nodiscard]] inline answer upload_part(call& call) {
    auto number = detail::part_number_of(call);
    if (!number) co_return std::unexpected(std::move(number.error()));
    auto promise = s3::upload_promise_of(call.verified(), limits::part_bytes_max);
    if (!promise) co_return std::unexpected(std::move(promise.error()));
    auto bucket = co_await call.open_bucket();
    if (!bucket) co_return std::unexpected(std::move(bucket.error()));
    std::string id{call.query("uploadId")};
    auto upload = co_await call.engine().find_upload(call.bucket(), call.key(), id);
    if (!upload) co_return std::unexpected(refusal_of(upload.error()));
    if (upload->checksum && promise->kind && s3_kind(*upload->checksum) != *promise->kind)
        co_return s3::fail(
            s3::error_code::invalid_request,
            "Checksum Type mismatch occurred, expected checksum Type: " +
                std::string{s3::name_of(s3_kind(*upload->checksum))} +
                ", actual checksum Type: " + std::string{s3::name_of(*promise->kind)});
    object::part_options how;
    how.length = promise->size;
    upload_body body{call.with(), call.verified(), *promise};
    std::optional<s3::checksum_kind> wanted = s3::checksum_kind::crc64nvme;
    if (upload->checksum) wanted = s3_kind(*upload->checksum);
    upload_judge judge{*promise, body, wanted};
    auto stored = co_await call.engine().put_part(call.bucket(), call.key(), std::move(id), *number,
                                                  how, body, judge);
    if (!stored) co_return std::unexpected(upload_refusal(stored.error(), body, judge));
    fields more;
    more.push_back({"ETag", '"' + stored->etag + '"'});
    for (const auto& each : stored->checksums) {
        const auto sum = s3_checksum(each, 0);
        more.push_back({std::string{sum.header()}, sum.base64()});
    }
    co_return co_await call.reply(200, std::move(more));
}

[[nodiscard]] inline answer complete_upload(call& call) {
    auto bucket = co_await call.open_bucket();
    if (!bucket) co_return std::unexpected(std::move(bucket.error()));
    auto text = co_await read_whole(call.with(), call.verified(), limits::xml_bytes_max,
                                    head_checksum::of_object);
    if (!text) co_return std::unexpected(std::move(text.error()));
    auto asked = s3::parse_complete_upload(*text);
    if (!asked) co_return std::unexpected(std::move(asked.error()));
    std::optional<s3::checksum> stated;
    for (const auto& facts : s3::checksum_table) {
        const auto value = call.header(facts.header);
        if (value.empty()) continue;
        stated = s3::parse_checksum(facts.kind, value);
        if (!stated)
            co_return s3::fail(s3::error_code::invalid_request,
                               "Value for " + std::string{facts.header} + " header is invalid.");
    }
    object::complete_options how;
    auto condition = write_conditions(call);
    if (!condition) co_return std::unexpected(std::move(condition.error()));
    how.condition = std::move(*condition);
    if (const auto size = call.header("x-amz-mp-object-size"); !size.empty()) {
        how.length = s3::number_in(size, limits::object_bytes_max);
        if (!how.length)
            co_return s3::fail_argument("x-amz-mp-object-size", size,
                                        "The value of x-amz-mp-object-size is invalid.");
    }
    std::string id{call.query("uploadId")};
    // An upload that is gone may have been completed: the engine knows and answers the same again.
    object::upload upload;
    auto found = co_await call.engine().find_upload(call.bucket(), call.key(), id);
    if (found) upload = std::move(*found);

    std::vector<object::completed_part> parts;
    for (const auto& each : asked->parts) {
        object::completed_part part{each.number, each.tag, {}};
        if (each.sum) part.checksums.push_back(engine_checksum(*each.sum));
        parts.push_back(std::move(part));
    }
    detail::whole_of_parts composer{upload, stated};
    auto made = co_await call.engine().complete(call.bucket(), call.key(), std::move(id),
                                                std::move(parts), std::move(how), composer);
    if (!made) co_return std::unexpected(refusal_of(made.error()));
    s3::complete_upload_result out{"/" + call.bucket() + "/" + s3::url_encoded_key(call.key()),
                                   call.bucket(), call.key(), made->etag,
                                   detail::first_checksum(made->checksums, made->parts)};
    co_return co_await call.reply_xml(s3::render(out));
}

[[nodiscard]] inline answer abort_upload(call& call) {
    auto bucket = co_await call.open_bucket();
    if (!bucket) co_return std::unexpected(std::move(bucket.error()));
    std::string id{call.query("uploadId")};
    auto gone = co_await call.engine().abort(call.bucket(), call.key(), std::move(id));
    if (!gone) co_return std::unexpected(refusal_of(gone.error()));
    co_return co_await call.reply(204);
}

[[nodiscard]] inline answer list_parts(call& call) {
    s3::list_parts_result out;
    out.bucket = call.bucket();
    out.key = call.key();
    out.upload_id = call.query("uploadId");
    out.url_encoded = call.query("encoding-type") == "url";
    const auto marker = call.query("part-number-marker");
    const auto max = call.query("max-parts");
    const auto marker_number = marker.empty() ? 0 : s3::number_in(marker, 0x7fff'ffff);
    const auto max_number = max.empty() ? 1000 : s3::number_in(max, 0x7fff'ffff);
    if (!marker_number)
        co_return s3::fail_argument("part-number-marker", marker,
                                    "Argument part-number-marker must be an integer between 0 and "
                                    "2147483647");
    if (!max_number)
        co_return s3::fail_argument("max-parts", max,
                                    "Argument max-parts must be an integer between 0 and "
                                    "2147483647");
    out.marker = static_cast<unsigned>(*marker_number);
    out.max_parts = static_cast<unsigned>(std::min<std::uint64_t>(*max_number, 1000));
    auto bucket = co_await call.open_bucket();
    if (!bucket) co_return std::unexpected(std::move(bucket.error()));
    auto page = co_await call.engine().list_parts(call.bucket(), call.key(), out.upload_id,
                                                  out.marker, out.max_parts);
    if (!page) co_return std::unexpected(refusal_of(page.error()));
    out.truncated = page->truncated;
    out.next_marker = page->parts.empty() ? out.marker : page->parts.back().number;
    out.owner = detail::owner_named(call, page->upload.owner);
    out.initiator = detail::owner_named(call, page->upload.initiator);
    if (page->upload.checksum) {
        out.sum.kind = s3_kind(*page->upload.checksum);
        out.sum.type = s3_type(page->upload.type);
    }
    for (const auto& each : page->parts) {
        s3::part_entry entry;
        entry.number = each.number;
        entry.modified_ms = each.last_modified_ms;
        entry.tag = each.etag;
        entry.size = each.size;
        entry.sum = detail::first_checksum(each.checksums, 0);
        out.parts.push_back(std::move(entry));
    }
    co_return co_await call.reply_xml(s3::render(out));
}

[[nodiscard]] inline answer list_uploads(call& call) {
    s3::list_uploads_result out;
    out.bucket = call.bucket();
    out.prefix = call.query("prefix");
    out.delimiter = call.query("delimiter");
    out.url_encoded = call.query("encoding-type") == "url";
    out.key_marker = call.query("key-marker");
    out.upload_id_marker = call.query("upload-id-marker");
    const auto max = call.query("max-uploads");
    const auto max_number = max.empty() ? 1000 : s3::number_in(max, 0x7fff'ffff);
    if (!max_number)
        co_return s3::fail_argument("max-uploads", max,
                                    "Argument max-uploads must be an integer between 0 and "
                                    "2147483647");
    out.max_keys = static_cast<unsigned>(std::min<std::uint64_t>(*max_number, 1000));
    auto bucket = co_await call.open_bucket();
    if (!bucket) co_return std::unexpected(std::move(bucket.error()));
    object::uploads_request what;
    what.prefix = out.prefix;
    what.delimiter = out.delimiter;
    what.after_key = out.key_marker;
    what.after_upload = out.upload_id_marker;
    what.max_uploads = out.max_keys;
    auto page = co_await call.engine().list_uploads(call.bucket(), std::move(what));
    if (!page) co_return std::unexpected(refusal_of(page.error()));
    out.truncated = page->truncated;
    out.common_prefixes = std::move(page->common_prefixes);
    if (out.truncated) {
        out.next_key_marker = page->next_key;
        out.next_upload_id_marker = page->next_upload;
    }
    for (const auto& each : page->uploads) {
        s3::upload_entry entry;
        entry.key = each.key;
        entry.upload_id = each.id;
        entry.initiator = detail::owner_named(call, each.initiator);
        entry.owner = detail::owner_named(call, each.owner);
        entry.initiated_ms = each.initiated_ms;
        if (each.checksum) {
            entry.sum.kind = s3_kind(*each.checksum);
            entry.sum.type = s3_type(each.type);
        }
        out.uploads.push_back(std::move(entry));
    }
    co_return co_await call.reply_xml(s3::render(out));
}

}  // namespace rsx::gateway
