// SPDX-License-Identifier: Apache-2.0

// The XML that requests carry: strict, and MalformedXML for everything else.
//
//     auto wanted = s3::parse_delete(body);                 // DeleteObjects, 1 to 1,000 keys
//     auto parts  = s3::parse_complete_upload(body);        // CompleteMultipartUpload, to 10,000
//     auto bucket = s3::parse_create_bucket(body);          // an empty body is fine
//
//     request.body = s3::render(s3::complete_upload_request{…});      // the client's side
//
// An element we do not know is refused, since ignoring one might do something else than was asked.
// What it costs is bounded by s3/xml.hpp.
#pragma once

#include <rsx/core/limits.hpp>
#include <rsx/s3/checksum.hpp>
#include <rsx/s3/date.hpp>
#include <rsx/s3/etag.hpp>
#include <rsx/s3/xml.hpp>
#include <rsx/s3/xml_writer.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rsx::s3 {

struct create_bucket_request {
    std::string location{};  // empty: the default region
};

struct delete_request {
    struct object {
        std::string key;
        std::string version_id{};
        std::optional<std::string> tag{};  // conditions of a conditional delete
        std::optional<std::int64_t> modified_ms{};
        std::optional<std::uint64_t> size{};
        [[nodiscard]] bool conditional() const noexcept { return tag || modified_ms || size; }
    };
    bool quiet{false};
    std::vector<object> objects{};
};

struct complete_upload_request {
    struct part {
        unsigned number;
        std::string tag;  // as it was sent; compare with parse_etag
        std::optional<checksum> sum{};
    };
    std::vector<part> parts{};  // in ascending order of number
};

namespace detail {

inline result<xml_document> parse_rooted(std::string_view body, std::string_view root) {
    auto document = xml_document::parse(body);
    if (document && document->root().name() != root) return fail(error_code::malformed_xml);
    return document;
}

inline std::optional<delete_request::object> read_delete_object(const xml_element& element) {
    delete_request::object out;
    bool named = false;
    for (const auto& field : element.children()) {
        auto text = field.text();
        if (!text) return std::nullopt;
        if (field.name() == "Key" && !named) {
            out.key = std::move(*text);
            named = true;
        } else if (field.name() == "VersionId") {
            out.version_id = std::move(*text);
        } else if (field.name() == "ETag") {
            out.tag = unquoted(*text);
        } else if (field.name() == "Size") {
            out.size = number_in(*text, std::numeric_limits<std::uint64_t>::max());
            if (!out.size) return std::nullopt;
        } else if (field.name() == "LastModifiedTime") {
            out.modified_ms = parse_http_date(*text);
            if (!out.modified_ms) out.modified_ms = parse_iso_date(*text);
            if (!out.modified_ms) return std::nullopt;
        } else {
            return std::nullopt;
        }
    }
    if (!named || out.key.empty()) return std::nullopt;
    return out;
}

inline std::optional<complete_upload_request::part> read_part(const xml_element& element) {
    complete_upload_request::part out{};
    for (const auto& field : element.children()) {
        auto text = field.text();
        if (!text) return std::nullopt;
        if (field.name() == "PartNumber") {
            const auto number = number_in(trimmed(*text), std::numeric_limits<unsigned>::max());
            if (!number) return std::nullopt;
            out.number = static_cast<unsigned>(*number);
        } else if (field.name() == "ETag") {
            out.tag = unquoted(*text);
        } else {
            const auto* known = checksum_table.begin();
            while (known != checksum_table.end() && known->element != field.name()) ++known;
            if (known == checksum_table.end()) return std::nullopt;
            if (text->empty()) continue;  // some clients write the ones they do not have
            if (out.sum) return std::nullopt;
            out.sum = parse_checksum(known->kind, *text);
            if (!out.sum) return std::nullopt;
        }
    }
    if (out.number == 0 || out.tag.empty()) return std::nullopt;
    return out;
}

}  // namespace detail

[[nodiscard]] inline result<create_bucket_request> parse_create_bucket(std::string_view body) {
    if (body.empty()) return create_bucket_request{};
    const auto document = detail::parse_rooted(body, "CreateBucketConfiguration");
    if (!document) return std::unexpected(document.error());
    create_bucket_request out;
    for (const auto& field : document->root().children()) {
        if (field.name() == "Location" || field.name() == "Bucket" || field.name() == "Tags")
            return fail(error_code::not_implemented);
        auto text = field.text();
        if (field.name() != "LocationConstraint" || !text) return fail(error_code::malformed_xml);
        out.location = std::move(*text);
    }
    return out;
}

[[nodiscard]] inline result<delete_request> parse_delete(std::string_view body) {
    const auto document = detail::parse_rooted(body, "Delete");
    if (!document) return std::unexpected(document.error());
    delete_request out;
    for (const auto& child : document->root().children()) {
        if (child.name() == "Quiet") {
            const auto text = lower(trimmed(child.text().value_or("?")));
            if (text != "true" && text != "false") return fail(error_code::malformed_xml);
            out.quiet = text == "true";
            continue;
        }
        auto object = child.name() == "Object" ? detail::read_delete_object(child) : std::nullopt;
        if (!object || out.objects.size() == limits::list_keys_max)
            return fail(error_code::malformed_xml);
        out.objects.push_back(std::move(*object));
    }
    if (out.objects.empty()) return fail(error_code::malformed_xml);
    return out;
}

[[nodiscard]] inline result<complete_upload_request> parse_complete_upload(std::string_view body) {
    const auto document = detail::parse_rooted(body, "CompleteMultipartUpload");
    if (!document) return std::unexpected(document.error());
    complete_upload_request out;
    for (const auto& child : document->root().children()) {
        auto part = child.name() == "Part" ? detail::read_part(child) : std::nullopt;
        if (!part || out.parts.size() == limits::parts_max) return fail(error_code::malformed_xml);
        if (part->number > limits::parts_max)
            return fail_argument("PartNumber", std::to_string(part->number),
                                 "Part number must be an integer between 1 and 10000, inclusive");
        if (!out.parts.empty() && out.parts.back().number >= part->number)
            return fail(error_code::invalid_part_order);
        out.parts.push_back(std::move(*part));
    }
    if (out.parts.empty()) return fail(error_code::malformed_xml);
    return out;
}

[[nodiscard]] inline std::string render(const create_bucket_request& wanted) {
    if (wanted.location.empty()) return {};
    xml_writer xml;
    xml.open("CreateBucketConfiguration", xml_namespace);
    xml.leaf("LocationConstraint", wanted.location);
    return xml.close().take();
}

[[nodiscard]] inline std::string render(const delete_request& wanted) {
    xml_writer xml;
    xml.open("Delete", xml_namespace);
    if (wanted.quiet) xml.leaf("Quiet", true);
    for (const auto& object : wanted.objects) {
        xml.open("Object");
        xml.leaf("Key", object.key).leaf_unless_empty("VersionId", object.version_id);
        if (object.tag) xml.leaf("ETag", *object.tag);
        if (object.modified_ms) xml.leaf("LastModifiedTime", http_date(*object.modified_ms));
        if (object.size) xml.leaf("Size", *object.size);
        xml.close();
    }
    return xml.close().take();
}

[[nodiscard]] inline std::string render(const complete_upload_request& wanted) {
    xml_writer xml;
    xml.open("CompleteMultipartUpload", xml_namespace);
    for (const auto& part : wanted.parts) {
        xml.open("Part");
        xml.leaf("PartNumber", part.number).leaf("ETag", '"' + part.tag + '"');
        if (part.sum) xml.leaf(facts_of(part.sum->kind).element, part.sum->base64());
        xml.close();
    }
    return xml.close().take();
}

}  // namespace rsx::s3
