// SPDX-License-Identifier: Apache-2.0

// The XML of every successful answer, element by element in the order Amazon writes them.
//
//     response.body = s3::render(page);        // page: any value of s3/results.hpp
//
// Pure text, one string. Errors are in s3/error.hpp.
#pragma once

#include <rsx/s3/date.hpp>
#include <rsx/s3/results.hpp>
#include <rsx/s3/uri.hpp>
#include <rsx/s3/xml_writer.hpp>

#include <string>
#include <string_view>

namespace rsx::s3 {

namespace detail {

inline std::string key_text(std::string_view text, bool url_encoded) {
    return url_encoded ? url_encoded_key(text) : std::string{text};
}

inline void put_owner(xml_writer& xml, std::string_view element, const owner& who) {
    xml.open(element);
    xml.leaf("ID", who.id).leaf("DisplayName", who.display_name);
    xml.close();
}

inline void put_tag(xml_writer& xml, std::string_view tag) {
    xml.leaf("ETag", '"' + std::string{tag} + '"');
}

inline void put_sum(xml_writer& xml, const std::optional<checksum>& sum, bool with_type) {
    if (!sum) return;
    xml.leaf(facts_of(sum->kind).element, sum->base64());
    if (with_type) xml.leaf("ChecksumType", name_of(sum->type()));
}

inline void put_choice(xml_writer& xml, const checksum_choice& choice) {
    if (choice.kind) xml.leaf("ChecksumAlgorithm", name_of(*choice.kind));
    if (choice.type) xml.leaf("ChecksumType", name_of(*choice.type));
}

inline void put_object(xml_writer& xml, const object_entry& object, bool url_encoded) {
    xml.open("Contents");
    xml.leaf("Key", key_text(object.key, url_encoded));
    xml.leaf("LastModified", iso_date(object.modified_ms));
    put_tag(xml, object.tag);
    put_choice(xml, object.sum);
    xml.leaf("Size", object.size);
    if (object.owner) put_owner(xml, "Owner", *object.owner);
    xml.leaf("StorageClass", object.storage_class);
    xml.close();
}

inline void put_prefixes(xml_writer& xml, const key_page& page) {
    for (const auto& prefix : page.common_prefixes) {
        xml.open("CommonPrefixes");
        xml.leaf("Prefix", key_text(prefix, page.url_encoded));
        xml.close();
    }
}

inline void put_encoding(xml_writer& xml, const key_page& page) {
    if (page.url_encoded) xml.leaf("EncodingType", "url");
}

inline void put_copy(xml_writer& xml, std::string_view element, std::string_view tag,
                     std::int64_t modified_ms, const std::optional<checksum>& sum, bool with_type) {
    xml.open(element, xml_namespace);
    xml.leaf("LastModified", iso_date(modified_ms));
    put_tag(xml, tag);
    put_sum(xml, sum, with_type);
    xml.close();
}

}  // namespace detail

[[nodiscard]] inline std::string render(const list_buckets_result& list) {
    xml_writer xml;
    xml.open("ListAllMyBucketsResult", xml_namespace);
    detail::put_owner(xml, "Owner", list.owner);
    xml.open("Buckets");
    for (const auto& bucket : list.buckets) {
        xml.open("Bucket");
        xml.leaf("Name", bucket.name).leaf("CreationDate", iso_date(bucket.created_ms));
        xml.leaf_unless_empty("BucketRegion", bucket.region);
        xml.close();
    }
    xml.close();
    xml.leaf_unless_empty("Prefix", list.prefix);
    xml.leaf_unless_empty("ContinuationToken", list.next_token);
    return xml.close().take();
}

[[nodiscard]] inline std::string render(const list_objects_result& page) {
    const auto key = [&](std::string_view text) {
        return detail::key_text(text, page.url_encoded);
    };
    xml_writer xml;
    xml.open("ListBucketResult", xml_namespace);
    xml.leaf("Name", page.bucket).leaf("Prefix", key(page.prefix));
    xml.leaf("Marker", key(page.marker));
    xml.leaf_unless_empty("NextMarker", key(page.next_marker));
    xml.leaf("MaxKeys", page.max_keys);
    xml.leaf_unless_empty("Delimiter", key(page.delimiter));
    detail::put_encoding(xml, page);
    xml.leaf("IsTruncated", page.truncated);
    for (const auto& object : page.contents) detail::put_object(xml, object, page.url_encoded);
    detail::put_prefixes(xml, page);
    return xml.close().take();
}

[[nodiscard]] inline std::string render(const list_objects_v2_result& page) {
    const auto key = [&](std::string_view text) {
        return detail::key_text(text, page.url_encoded);
    };
    xml_writer xml;
    xml.open("ListBucketResult", xml_namespace);
    xml.leaf("Name", page.bucket).leaf("Prefix", key(page.prefix));
    if (page.token) xml.leaf("ContinuationToken", *page.token);
    xml.leaf_unless_empty("NextContinuationToken", page.next_token);
    xml.leaf_unless_empty("StartAfter", key(page.start_after));
    xml.leaf("KeyCount", page.contents.size() + page.common_prefixes.size());
    xml.leaf("MaxKeys", page.max_keys);
    xml.leaf_unless_empty("Delimiter", key(page.delimiter));
    detail::put_encoding(xml, page);
    xml.leaf("IsTruncated", page.truncated);
    for (const auto& object : page.contents) detail::put_object(xml, object, page.url_encoded);
    detail::put_prefixes(xml, page);
    return xml.close().take();
}

[[nodiscard]] inline std::string render(const list_versions_result& page) {
    const auto key = [&](std::string_view text) {
        return detail::key_text(text, page.url_encoded);
    };
    xml_writer xml;
    xml.open("ListVersionsResult", xml_namespace);
    xml.leaf("Name", page.bucket).leaf("Prefix", key(page.prefix));
    xml.leaf("KeyMarker", key(page.key_marker)).leaf("VersionIdMarker", page.version_id_marker);
    xml.leaf_unless_empty("NextKeyMarker", key(page.next_key_marker));
    xml.leaf_unless_empty("NextVersionIdMarker", page.next_version_id_marker);
    xml.leaf("MaxKeys", page.max_keys);
    xml.leaf_unless_empty("Delimiter", key(page.delimiter));
    detail::put_encoding(xml, page);
    xml.leaf("IsTruncated", page.truncated);
    for (const auto& version : page.versions) {
        xml.open(version.delete_marker ? "DeleteMarker" : "Version");
        xml.leaf("Key", key(version.key)).leaf("VersionId", version.version_id);
        xml.leaf("IsLatest", version.latest).leaf("LastModified", iso_date(version.modified_ms));
        if (!version.delete_marker) {
            detail::put_tag(xml, version.tag);
            detail::put_choice(xml, version.sum);
            xml.leaf("Size", version.size).leaf("StorageClass", version.storage_class);
        }
        if (version.owner) detail::put_owner(xml, "Owner", *version.owner);
        xml.close();
    }
    detail::put_prefixes(xml, page);
    return xml.close().take();
}

[[nodiscard]] inline std::string render(const list_uploads_result& page) {
    const auto key = [&](std::string_view text) {
        return detail::key_text(text, page.url_encoded);
    };
    xml_writer xml;
    xml.open("ListMultipartUploadsResult", xml_namespace);
    xml.leaf("Bucket", page.bucket).leaf("KeyMarker", key(page.key_marker));
    xml.leaf("UploadIdMarker", page.upload_id_marker);
    xml.leaf_unless_empty("NextKeyMarker", key(page.next_key_marker));
    xml.leaf_unless_empty("NextUploadIdMarker", page.next_upload_id_marker);
    xml.leaf_unless_empty("Delimiter", key(page.delimiter)).leaf("Prefix", key(page.prefix));
    detail::put_encoding(xml, page);
    xml.leaf("MaxUploads", page.max_keys).leaf("IsTruncated", page.truncated);
    for (const auto& upload : page.uploads) {
        xml.open("Upload");
        xml.leaf("Key", key(upload.key)).leaf("UploadId", upload.upload_id);
        detail::put_owner(xml, "Initiator", upload.initiator);
        detail::put_owner(xml, "Owner", upload.owner);
        xml.leaf("StorageClass", upload.storage_class);
        xml.leaf("Initiated", iso_date(upload.initiated_ms));
        detail::put_choice(xml, upload.sum);
        xml.close();
    }
    detail::put_prefixes(xml, page);
    return xml.close().take();
}

[[nodiscard]] inline std::string render(const list_parts_result& page) {
    xml_writer xml;
    xml.open("ListPartsResult", xml_namespace);
    xml.leaf("Bucket", page.bucket).leaf("Key", detail::key_text(page.key, page.url_encoded));
    xml.leaf("UploadId", page.upload_id);
    detail::put_owner(xml, "Initiator", page.initiator);
    detail::put_owner(xml, "Owner", page.owner);
    xml.leaf("StorageClass", page.storage_class).leaf("PartNumberMarker", page.marker);
    xml.leaf("NextPartNumberMarker", page.next_marker).leaf("MaxParts", page.max_parts);
    if (page.url_encoded) xml.leaf("EncodingType", "url");
    xml.leaf("IsTruncated", page.truncated);
    detail::put_choice(xml, page.sum);
    for (const auto& part : page.parts) {
        xml.open("Part");
        xml.leaf("PartNumber", part.number).leaf("LastModified", iso_date(part.modified_ms));
        detail::put_tag(xml, part.tag);
        xml.leaf("Size", part.size);
        detail::put_sum(xml, part.sum, false);
        xml.close();
    }
    return xml.close().take();
}

[[nodiscard]] inline std::string render(const initiate_upload_result& made) {
    xml_writer xml;
    xml.open("InitiateMultipartUploadResult", xml_namespace);
    xml.leaf("Bucket", made.bucket).leaf("Key", made.key).leaf("UploadId", made.upload_id);
    return xml.close().take();
}

[[nodiscard]] inline std::string render(const complete_upload_result& made) {
    xml_writer xml;
    xml.open("CompleteMultipartUploadResult", xml_namespace);
    xml.leaf("Location", made.location).leaf("Bucket", made.bucket).leaf("Key", made.key);
    detail::put_tag(xml, made.tag);
    detail::put_sum(xml, made.sum, true);
    return xml.close().take();
}

[[nodiscard]] inline std::string render(const copy_object_result& made) {
    xml_writer xml;
    detail::put_copy(xml, "CopyObjectResult", made.tag, made.modified_ms, made.sum, true);
    return xml.take();
}

[[nodiscard]] inline std::string render(const copy_part_result& made) {
    xml_writer xml;
    detail::put_copy(xml, "CopyPartResult", made.tag, made.modified_ms, made.sum, false);
    return xml.take();
}

[[nodiscard]] inline std::string render(const delete_result& done) {
    xml_writer xml;
    xml.open("DeleteResult", xml_namespace);
    for (const auto& entry : done.deleted) {
        xml.open("Deleted");
        xml.leaf("Key", entry.key).leaf_unless_empty("VersionId", entry.version_id);
        if (entry.delete_marker) xml.leaf("DeleteMarker", true);
        xml.leaf_unless_empty("DeleteMarkerVersionId", entry.delete_marker_version_id);
        xml.close();
    }
    for (const auto& entry : done.errors) {
        xml.open("Error");
        xml.leaf("Key", entry.key).leaf_unless_empty("VersionId", entry.version_id);
        xml.leaf("Code", entry.code).leaf("Message", entry.message);
        xml.close();
    }
    return xml.close().take();
}

[[nodiscard]] inline std::string render(const bucket_location& place) {
    xml_writer xml;
    const bool first_region = place.region == "us-east-1";
    xml.leaf_in("LocationConstraint", xml_namespace, first_region ? "" : place.region);
    return xml.take();
}

}  // namespace rsx::s3
