// SPDX-License-Identifier: Apache-2.0

// The answers of S3 as a client reads them back: listings, uploads, copies, errors.
//
//     auto page = s3::parse_list_objects_v2(body);
//     for (const auto& object : page->contents) print(object.key, object.size);
//     while (page->truncated) … continuation-token = page->next_token
//
//     auto refused = s3::parse_error(body);     // whatever else a server may say, this says
//     something
//
// Lenient where s3/request_bodies.hpp is strict: elements nobody here knows are passed over, what
// is missing is empty. Keys are decoded if the page says EncodingType url. The XML is bounded as in
// s3/xml.hpp all the same: a server may be hostile too.
#pragma once

#include <rsx/s3/date.hpp>
#include <rsx/s3/etag.hpp>
#include <rsx/s3/results.hpp>
#include <rsx/s3/uri.hpp>
#include <rsx/s3/xml.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

namespace rsx::s3 {

// An error as it came from a server: codes may be ones we have no name for.
struct remote_error {
    std::string code{};
    std::string message{};
    std::string resource{};
    std::string request_id{};
};

namespace detail {

// Reads the fields of one element, keys decoded as the page says.
struct field_reader {
    xml_element element;
    bool url_encoded{false};

    [[nodiscard]] std::string text(std::string_view name) const { return element.child_text(name); }
    [[nodiscard]] std::string key(std::string_view name) const {
        auto raw = text(name);
        if (!url_encoded) return raw;
        auto decoded = uri_decode(raw, plus::space);
        return decoded ? std::move(*decoded) : raw;
    }
    [[nodiscard]] std::uint64_t number(std::string_view name) const {
        constexpr auto max = std::numeric_limits<std::uint64_t>::max();
        return number_in(trimmed(text(name)), max).value_or(0);
    }
    [[nodiscard]] unsigned small(std::string_view name) const {
        constexpr std::uint64_t max = std::numeric_limits<unsigned>::max();
        return static_cast<unsigned>(std::min(number(name), max));
    }
    [[nodiscard]] std::int64_t moment(std::string_view name) const {
        return parse_iso_date(text(name)).value_or(0);
    }
    [[nodiscard]] std::string tag() const { return std::string{unquoted(text("ETag"))}; }
    [[nodiscard]] bool truth(std::string_view name) const { return text(name) == "true"; }
    [[nodiscard]] std::optional<s3::owner> owner(std::string_view name) const {
        const auto found = element.child(name);
        if (!found) return std::nullopt;
        return s3::owner{found->child_text("ID"), found->child_text("DisplayName")};
    }
    [[nodiscard]] std::optional<checksum> sum() const {
        for (const auto& facts : checksum_table)
            if (auto found = parse_checksum(facts.kind, text(facts.element))) return found;
        return std::nullopt;
    }
    [[nodiscard]] checksum_choice choice() const {
        return {checksum_kind_named(text("ChecksumAlgorithm")),
                checksum_type_named(text("ChecksumType"))};
    }
    [[nodiscard]] field_reader inside(const xml_element& child) const {
        return {child, url_encoded};
    }
};

inline object_entry read_object(const field_reader& in) {
    return {in.key("Key"),           in.moment("LastModified"), in.tag(),   in.number("Size"),
            in.text("StorageClass"), in.owner("Owner"),         in.choice()};
}

inline field_reader read_page(const xml_element& root, std::string_view max_name, key_page& page) {
    const field_reader in{root, root.child_text("EncodingType") == "url"};
    page.bucket = in.text("Name");
    if (page.bucket.empty()) page.bucket = in.text("Bucket");
    page.prefix = in.key("Prefix");
    page.delimiter = in.key("Delimiter");
    page.max_keys = in.small(max_name);
    page.url_encoded = in.url_encoded;
    page.truncated = in.truth("IsTruncated");
    for (const auto& child : root.children())
        if (child.name() == "CommonPrefixes")
            page.common_prefixes.push_back(in.inside(child).key("Prefix"));
    return in;
}

inline result<xml_document> parse_answer(std::string_view body, std::string_view root) {
    auto document = xml_document::parse(body);
    if (document && document->root().name() != root)
        return fail(error_code::malformed_xml, "the server answered with another document");
    return document;
}

}  // namespace detail

// Never fails: a body that is no error document is a code of "" and itself as message.
[[nodiscard]] inline remote_error parse_error(std::string_view body) {
    const auto document = xml_document::parse(body);
    if (!document || document->root().name() != "Error")
        return {{}, std::string{body.substr(0, 512)}, {}, {}};
    const auto root = document->root();
    return {root.child_text("Code"), root.child_text("Message"), root.child_text("Resource"),
            root.child_text("RequestId")};
}

[[nodiscard]] inline result<list_buckets_result> parse_list_buckets(std::string_view body) {
    const auto document = detail::parse_answer(body, "ListAllMyBucketsResult");
    if (!document) return std::unexpected(document.error());
    const detail::field_reader in{document->root()};
    list_buckets_result out;
    out.owner = in.owner("Owner").value_or(owner{});
    out.next_token = in.text("ContinuationToken");
    out.prefix = in.text("Prefix");
    if (const auto buckets = document->root().child("Buckets"))
        for (const auto& child : buckets->children()) {
            const auto one = in.inside(child);
            out.buckets.push_back(
                {one.text("Name"), one.moment("CreationDate"), one.text("BucketRegion")});
        }
    return out;
}

[[nodiscard]] inline result<list_objects_result> parse_list_objects(std::string_view body) {
    const auto document = detail::parse_answer(body, "ListBucketResult");
    if (!document) return std::unexpected(document.error());
    list_objects_result out;
    const auto in = detail::read_page(document->root(), "MaxKeys", out);
    out.marker = in.key("Marker");
    out.next_marker = in.key("NextMarker");
    for (const auto& child : document->root().children())
        if (child.name() == "Contents")
            out.contents.push_back(detail::read_object(in.inside(child)));
    return out;
}

[[nodiscard]] inline result<list_objects_v2_result> parse_list_objects_v2(std::string_view body) {
    const auto document = detail::parse_answer(body, "ListBucketResult");
    if (!document) return std::unexpected(document.error());
    list_objects_v2_result out;
    const auto in = detail::read_page(document->root(), "MaxKeys", out);
    if (document->root().child("ContinuationToken")) out.token = in.text("ContinuationToken");
    out.next_token = in.text("NextContinuationToken");
    out.start_after = in.key("StartAfter");
    for (const auto& child : document->root().children())
        if (child.name() == "Contents")
            out.contents.push_back(detail::read_object(in.inside(child)));
    return out;
}

[[nodiscard]] inline result<list_versions_result> parse_list_versions(std::string_view body) {
    const auto document = detail::parse_answer(body, "ListVersionsResult");
    if (!document) return std::unexpected(document.error());
    list_versions_result out;
    const auto in = detail::read_page(document->root(), "MaxKeys", out);
    out.key_marker = in.key("KeyMarker");
    out.version_id_marker = in.text("VersionIdMarker");
    out.next_key_marker = in.key("NextKeyMarker");
    out.next_version_id_marker = in.text("NextVersionIdMarker");
    for (const auto& child : document->root().children()) {
        if (child.name() != "Version" && child.name() != "DeleteMarker") continue;
        const auto one = in.inside(child);
        version_entry entry;
        static_cast<object_entry&>(entry) = detail::read_object(one);
        entry.version_id = one.text("VersionId");
        entry.latest = one.truth("IsLatest");
        entry.delete_marker = child.name() == "DeleteMarker";
        out.versions.push_back(std::move(entry));
    }
    return out;
}

[[nodiscard]] inline result<list_uploads_result> parse_list_uploads(std::string_view body) {
    const auto document = detail::parse_answer(body, "ListMultipartUploadsResult");
    if (!document) return std::unexpected(document.error());
    list_uploads_result out;
    const auto in = detail::read_page(document->root(), "MaxUploads", out);
    out.key_marker = in.key("KeyMarker");
    out.upload_id_marker = in.text("UploadIdMarker");
    out.next_key_marker = in.key("NextKeyMarker");
    out.next_upload_id_marker = in.text("NextUploadIdMarker");
    for (const auto& child : document->root().children()) {
        if (child.name() != "Upload") continue;
        const auto one = in.inside(child);
        out.uploads.push_back({one.key("Key"), one.text("UploadId"),
                               one.owner("Initiator").value_or(owner{}),
                               one.owner("Owner").value_or(owner{}), one.text("StorageClass"),
                               one.moment("Initiated"), one.choice()});
    }
    return out;
}

[[nodiscard]] inline result<list_parts_result> parse_list_parts(std::string_view body) {
    const auto document = detail::parse_answer(body, "ListPartsResult");
    if (!document) return std::unexpected(document.error());
    const auto root = document->root();
    const detail::field_reader in{root, root.child_text("EncodingType") == "url"};
    list_parts_result out;
    out.bucket = in.text("Bucket");
    out.key = in.key("Key");
    out.upload_id = in.text("UploadId");
    out.initiator = in.owner("Initiator").value_or(owner{});
    out.owner = in.owner("Owner").value_or(owner{});
    out.storage_class = in.text("StorageClass");
    out.marker = in.small("PartNumberMarker");
    out.next_marker = in.small("NextPartNumberMarker");
    out.max_parts = in.small("MaxParts");
    out.truncated = in.truth("IsTruncated");
    out.url_encoded = in.url_encoded;
    out.sum = in.choice();
    for (const auto& child : root.children()) {
        if (child.name() != "Part") continue;
        const auto one = in.inside(child);
        out.parts.push_back({one.small("PartNumber"), one.moment("LastModified"), one.tag(),
                             one.number("Size"), one.sum()});
    }
    return out;
}

[[nodiscard]] inline result<initiate_upload_result> parse_initiate_upload(std::string_view body) {
    const auto document = detail::parse_answer(body, "InitiateMultipartUploadResult");
    if (!document) return std::unexpected(document.error());
    const auto root = document->root();
    return initiate_upload_result{root.child_text("Bucket"), root.child_text("Key"),
                                  root.child_text("UploadId")};
}

// S3 may answer a completion with 200 and an error inside; that is an error here.
[[nodiscard]] inline result<complete_upload_result> parse_complete_upload_result(
    std::string_view body) {
    const auto document = detail::parse_answer(body, "CompleteMultipartUploadResult");
    if (!document) {
        const auto told = parse_error(body);
        const auto code = error_code_named(told.code);
        return fail(code.value_or(document.error().code), told.message);
    }
    const detail::field_reader in{document->root()};
    return complete_upload_result{in.text("Location"), in.text("Bucket"), in.text("Key"), in.tag(),
                                  in.sum()};
}

// Of CopyObject and UploadPartCopy alike.
[[nodiscard]] inline result<copy_object_result> parse_copy_result(std::string_view body) {
    auto document = detail::parse_answer(body, "CopyObjectResult");
    if (!document) document = detail::parse_answer(body, "CopyPartResult");
    if (!document) {
        const auto told = parse_error(body);
        const auto code = error_code_named(told.code);
        return fail(code.value_or(document.error().code), told.message);
    }
    const detail::field_reader in{document->root()};
    return copy_object_result{in.tag(), in.moment("LastModified"), in.sum()};
}

[[nodiscard]] inline result<delete_result> parse_delete_result(std::string_view body) {
    const auto document = detail::parse_answer(body, "DeleteResult");
    if (!document) return std::unexpected(document.error());
    delete_result out;
    for (const auto& child : document->root().children()) {
        const detail::field_reader in{child};
        if (child.name() == "Deleted")
            out.deleted.push_back({in.text("Key"), in.text("VersionId"), in.truth("DeleteMarker"),
                                   in.text("DeleteMarkerVersionId")});
        if (child.name() == "Error")
            out.errors.push_back(
                {in.text("Key"), in.text("VersionId"), in.text("Code"), in.text("Message")});
    }
    return out;
}

}  // namespace rsx::s3
