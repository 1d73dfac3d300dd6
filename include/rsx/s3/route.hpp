// SPDX-License-Identifier: Apache-2.0

// Every operation of S3 in one table, and the row a request means.
//
//     auto op = s3::route_of("GET", s3::scope::bucket, query, headers);   // list_objects_v2
//     if (!s3::facts_of(*op).implemented) return s3::fail(s3::error_code::not_implemented);
//
// A row is a method, a scope (service, bucket or object), up to two query parameters which must be
// there and at most one header. Rows are tried from the top, so the more particular stands first.
// Operations rsx does not do are rows all the same: asked for, they answer NotImplemented instead
// of being mistaken for a plain GET or, worse, a plain PUT. A sub-resource the chosen row did not
// ask for ("PUT /b/k?cors") is MethodNotAllowed for the same reason. The table also generates the
// test that no operation can be reached without a signature.
#pragma once

#include <rsx/s3/head.hpp>
#include <rsx/s3/uri.hpp>

#include <array>
#include <cstdint>
#include <string_view>

namespace rsx::s3 {

enum class scope : std::uint8_t { service, bucket, object };

enum class operation : std::uint8_t {
    list_buckets,
    // buckets
    create_session,
    get_bucket_abac,
    get_bucket_accelerate,
    get_bucket_acl,
    get_bucket_analytics,
    list_bucket_analytics,
    get_bucket_cors,
    get_bucket_encryption,
    get_bucket_intelligent_tiering,
    list_bucket_intelligent_tiering,
    get_bucket_inventory,
    list_bucket_inventory,
    get_bucket_lifecycle,
    get_bucket_location,
    get_bucket_logging,
    get_bucket_metadata_configuration,
    get_bucket_metadata_table,
    get_bucket_metrics,
    list_bucket_metrics,
    get_bucket_notification,
    get_bucket_ownership_controls,
    get_bucket_policy,
    get_bucket_policy_status,
    get_bucket_replication,
    get_bucket_request_payment,
    get_bucket_tagging,
    get_bucket_versioning,
    get_bucket_website,
    get_object_lock_configuration,
    get_public_access_block,
    list_multipart_uploads,
    list_object_versions,
    list_objects_v2,
    list_objects,
    head_bucket,
    put_bucket_abac,
    put_bucket_accelerate,
    put_bucket_acl,
    put_bucket_analytics,
    put_bucket_cors,
    put_bucket_encryption,
    put_bucket_intelligent_tiering,
    put_bucket_inventory,
    put_bucket_lifecycle,
    put_bucket_logging,
    put_bucket_metadata_inventory_table,
    put_bucket_metadata_journal_table,
    put_bucket_metrics,
    put_bucket_notification,
    put_bucket_ownership_controls,
    put_bucket_policy,
    put_bucket_replication,
    put_bucket_request_payment,
    put_bucket_tagging,
    put_bucket_versioning,
    put_bucket_website,
    put_object_lock_configuration,
    put_public_access_block,
    create_bucket,
    delete_bucket_analytics,
    delete_bucket_cors,
    delete_bucket_encryption,
    delete_bucket_intelligent_tiering,
    delete_bucket_inventory,
    delete_bucket_lifecycle,
    delete_bucket_metadata_configuration,
    delete_bucket_metadata_table,
    delete_bucket_metrics,
    delete_bucket_ownership_controls,
    delete_bucket_policy,
    delete_bucket_replication,
    delete_bucket_tagging,
    delete_bucket_website,
    delete_public_access_block,
    delete_bucket,
    create_bucket_metadata_configuration,
    create_bucket_metadata_table,
    delete_objects,
    post_object,
    preflight_bucket,
    // objects
    get_object_acl,
    get_object_attributes,
    get_object_legal_hold,
    get_object_retention,
    get_object_tagging,
    get_object_torrent,
    list_parts,
    get_object,
    head_object,
    put_object_acl,
    put_object_encryption,
    put_object_legal_hold,
    put_object_retention,
    put_object_tagging,
    rename_object,
    upload_part_copy,
    upload_part,
    copy_object,
    put_object,
    delete_object_tagging,
    abort_multipart_upload,
    delete_object,
    create_multipart_upload,
    complete_multipart_upload,
    restore_object,
    select_object_content,
    preflight_object,
};

struct route {
    operation op;
    std::string_view name;  // as Amazon spells it
    std::string_view method;
    s3::scope scope;
    std::string_view needs{};      // a query parameter that must be there, "name" or "name=value"
    std::string_view needs_too{};  // another one
    std::string_view needs_header{};  // a header that must be there
    bool implemented{false};
};

namespace detail {

consteval route bucket_row(operation op, std::string_view name, std::string_view method,
                           std::string_view needs, std::string_view too = {}) {
    return {op, name, method, scope::bucket, needs, too, {}, false};
}
consteval route object_row(operation op, std::string_view name, std::string_view method,
                           std::string_view needs = {}, std::string_view too = {},
                           std::string_view header_name = {}) {
    return {op, name, method, scope::object, needs, too, header_name, false};
}
consteval route done(route row) {
    row.implemented = true;
    return row;
}

}  // namespace detail

inline constexpr auto routes = [] {
    using enum operation;
    using detail::bucket_row;
    using detail::done;
    using detail::object_row;
    return std::array{
        route{list_buckets, "ListBuckets", "GET", scope::service, {}, {}, {}, true},

        bucket_row(create_session, "CreateSession", "GET", "session"),
        bucket_row(get_bucket_abac, "GetBucketAbac", "GET", "abac"),
        bucket_row(get_bucket_accelerate, "GetBucketAccelerateConfiguration", "GET", "accelerate"),
        done(bucket_row(get_bucket_acl, "GetBucketAcl", "GET", "acl")),
        bucket_row(get_bucket_analytics, "GetBucketAnalyticsConfiguration", "GET", "analytics",
                   "id"),
        bucket_row(list_bucket_analytics, "ListBucketAnalyticsConfigurations", "GET", "analytics"),
        bucket_row(get_bucket_cors, "GetBucketCors", "GET", "cors"),
        bucket_row(get_bucket_encryption, "GetBucketEncryption", "GET", "encryption"),
        bucket_row(get_bucket_intelligent_tiering, "GetBucketIntelligentTieringConfiguration",
                   "GET", "intelligent-tiering", "id"),
        bucket_row(list_bucket_intelligent_tiering, "ListBucketIntelligentTieringConfigurations",
                   "GET", "intelligent-tiering"),
        bucket_row(get_bucket_inventory, "GetBucketInventoryConfiguration", "GET", "inventory",
                   "id"),
        bucket_row(list_bucket_inventory, "ListBucketInventoryConfigurations", "GET", "inventory"),
        bucket_row(get_bucket_lifecycle, "GetBucketLifecycleConfiguration", "GET", "lifecycle"),
        done(bucket_row(get_bucket_location, "GetBucketLocation", "GET", "location")),
        bucket_row(get_bucket_logging, "GetBucketLogging", "GET", "logging"),
        bucket_row(get_bucket_metadata_configuration, "GetBucketMetadataConfiguration", "GET",
                   "metadataConfiguration"),
        bucket_row(get_bucket_metadata_table, "GetBucketMetadataTableConfiguration", "GET",
                   "metadataTable"),
        bucket_row(get_bucket_metrics, "GetBucketMetricsConfiguration", "GET", "metrics", "id"),
        bucket_row(list_bucket_metrics, "ListBucketMetricsConfigurations", "GET", "metrics"),
        bucket_row(get_bucket_notification, "GetBucketNotificationConfiguration", "GET",
                   "notification"),
        bucket_row(get_bucket_ownership_controls, "GetBucketOwnershipControls", "GET",
                   "ownershipControls"),
        bucket_row(get_bucket_policy, "GetBucketPolicy", "GET", "policy"),
        bucket_row(get_bucket_policy_status, "GetBucketPolicyStatus", "GET", "policyStatus"),
        bucket_row(get_bucket_replication, "GetBucketReplication", "GET", "replication"),
        bucket_row(get_bucket_request_payment, "GetBucketRequestPayment", "GET", "requestPayment"),
        bucket_row(get_bucket_tagging, "GetBucketTagging", "GET", "tagging"),
        done(bucket_row(get_bucket_versioning, "GetBucketVersioning", "GET", "versioning")),
        bucket_row(get_bucket_website, "GetBucketWebsite", "GET", "website"),
        bucket_row(get_object_lock_configuration, "GetObjectLockConfiguration", "GET",
                   "object-lock"),
        bucket_row(get_public_access_block, "GetPublicAccessBlock", "GET", "publicAccessBlock"),
        done(bucket_row(list_multipart_uploads, "ListMultipartUploads", "GET", "uploads")),
        done(bucket_row(list_object_versions, "ListObjectVersions", "GET", "versions")),
        done(bucket_row(list_objects_v2, "ListObjectsV2", "GET", "list-type=2")),
        done(bucket_row(list_objects, "ListObjects", "GET", {})),
        done(bucket_row(head_bucket, "HeadBucket", "HEAD", {})),
        bucket_row(put_bucket_abac, "PutBucketAbac", "PUT", "abac"),
        bucket_row(put_bucket_accelerate, "PutBucketAccelerateConfiguration", "PUT", "accelerate"),
        bucket_row(put_bucket_acl, "PutBucketAcl", "PUT", "acl"),
        bucket_row(put_bucket_analytics, "PutBucketAnalyticsConfiguration", "PUT", "analytics"),
        bucket_row(put_bucket_cors, "PutBucketCors", "PUT", "cors"),
        bucket_row(put_bucket_encryption, "PutBucketEncryption", "PUT", "encryption"),
        bucket_row(put_bucket_intelligent_tiering, "PutBucketIntelligentTieringConfiguration",
                   "PUT", "intelligent-tiering"),
        bucket_row(put_bucket_inventory, "PutBucketInventoryConfiguration", "PUT", "inventory"),
        bucket_row(put_bucket_lifecycle, "PutBucketLifecycleConfiguration", "PUT", "lifecycle"),
        bucket_row(put_bucket_logging, "PutBucketLogging", "PUT", "logging"),
        bucket_row(put_bucket_metadata_inventory_table,
                   "UpdateBucketMetadataInventoryTableConfiguration", "PUT",
                   "metadataInventoryTable"),
        bucket_row(put_bucket_metadata_journal_table,
                   "UpdateBucketMetadataJournalTableConfiguration", "PUT", "metadataJournalTable"),
        bucket_row(put_bucket_metrics, "PutBucketMetricsConfiguration", "PUT", "metrics"),
        bucket_row(put_bucket_notification, "PutBucketNotificationConfiguration", "PUT",
                   "notification"),
        bucket_row(put_bucket_ownership_controls, "PutBucketOwnershipControls", "PUT",
                   "ownershipControls"),
        bucket_row(put_bucket_policy, "PutBucketPolicy", "PUT", "policy"),
        bucket_row(put_bucket_replication, "PutBucketReplication", "PUT", "replication"),
        bucket_row(put_bucket_request_payment, "PutBucketRequestPayment", "PUT", "requestPayment"),
        bucket_row(put_bucket_tagging, "PutBucketTagging", "PUT", "tagging"),
        bucket_row(put_bucket_versioning, "PutBucketVersioning", "PUT", "versioning"),
        bucket_row(put_bucket_website, "PutBucketWebsite", "PUT", "website"),
        bucket_row(put_object_lock_configuration, "PutObjectLockConfiguration", "PUT",
                   "object-lock"),
        bucket_row(put_public_access_block, "PutPublicAccessBlock", "PUT", "publicAccessBlock"),
        done(bucket_row(create_bucket, "CreateBucket", "PUT", {})),
        bucket_row(delete_bucket_analytics, "DeleteBucketAnalyticsConfiguration", "DELETE",
                   "analytics"),
        bucket_row(delete_bucket_cors, "DeleteBucketCors", "DELETE", "cors"),
        bucket_row(delete_bucket_encryption, "DeleteBucketEncryption", "DELETE", "encryption"),
        bucket_row(delete_bucket_intelligent_tiering, "DeleteBucketIntelligentTieringConfiguration",
                   "DELETE", "intelligent-tiering"),
        bucket_row(delete_bucket_inventory, "DeleteBucketInventoryConfiguration", "DELETE",
                   "inventory"),
        bucket_row(delete_bucket_lifecycle, "DeleteBucketLifecycle", "DELETE", "lifecycle"),
        bucket_row(delete_bucket_metadata_configuration, "DeleteBucketMetadataConfiguration",
                   "DELETE", "metadataConfiguration"),
        bucket_row(delete_bucket_metadata_table, "DeleteBucketMetadataTableConfiguration", "DELETE",
                   "metadataTable"),
        bucket_row(delete_bucket_metrics, "DeleteBucketMetricsConfiguration", "DELETE", "metrics"),
        bucket_row(delete_bucket_ownership_controls, "DeleteBucketOwnershipControls", "DELETE",
                   "ownershipControls"),
        bucket_row(delete_bucket_policy, "DeleteBucketPolicy", "DELETE", "policy"),
        bucket_row(delete_bucket_replication, "DeleteBucketReplication", "DELETE", "replication"),
        bucket_row(delete_bucket_tagging, "DeleteBucketTagging", "DELETE", "tagging"),
        bucket_row(delete_bucket_website, "DeleteBucketWebsite", "DELETE", "website"),
        bucket_row(delete_public_access_block, "DeletePublicAccessBlock", "DELETE",
                   "publicAccessBlock"),
        done(bucket_row(delete_bucket, "DeleteBucket", "DELETE", {})),
        bucket_row(create_bucket_metadata_configuration, "CreateBucketMetadataConfiguration",
                   "POST", "metadataConfiguration"),
        bucket_row(create_bucket_metadata_table, "CreateBucketMetadataTableConfiguration", "POST",
                   "metadataTable"),
        done(bucket_row(delete_objects, "DeleteObjects", "POST", "delete")),
        bucket_row(post_object, "PostObject", "POST", {}),
        bucket_row(preflight_bucket, "PreflightBucket", "OPTIONS", {}),

        done(object_row(get_object_acl, "GetObjectAcl", "GET", "acl")),
        object_row(get_object_attributes, "GetObjectAttributes", "GET", "attributes"),
        object_row(get_object_legal_hold, "GetObjectLegalHold", "GET", "legal-hold"),
        object_row(get_object_retention, "GetObjectRetention", "GET", "retention"),
        object_row(get_object_tagging, "GetObjectTagging", "GET", "tagging"),
        object_row(get_object_torrent, "GetObjectTorrent", "GET", "torrent"),
        done(object_row(list_parts, "ListParts", "GET", "uploadId")),
        done(object_row(get_object, "GetObject", "GET")),
        done(object_row(head_object, "HeadObject", "HEAD")),
        object_row(put_object_acl, "PutObjectAcl", "PUT", "acl"),
        object_row(put_object_encryption, "UpdateObjectEncryption", "PUT", "encryption"),
        object_row(put_object_legal_hold, "PutObjectLegalHold", "PUT", "legal-hold"),
        object_row(put_object_retention, "PutObjectRetention", "PUT", "retention"),
        object_row(put_object_tagging, "PutObjectTagging", "PUT", "tagging"),
        object_row(rename_object, "RenameObject", "PUT", "renameObject"),
        done(object_row(upload_part_copy, "UploadPartCopy", "PUT", "uploadId", "partNumber",
                        "x-amz-copy-source")),
        done(object_row(upload_part, "UploadPart", "PUT", "uploadId", "partNumber")),
        done(object_row(copy_object, "CopyObject", "PUT", {}, {}, "x-amz-copy-source")),
        done(object_row(put_object, "PutObject", "PUT")),
        object_row(delete_object_tagging, "DeleteObjectTagging", "DELETE", "tagging"),
        done(object_row(abort_multipart_upload, "AbortMultipartUpload", "DELETE", "uploadId")),
        done(object_row(delete_object, "DeleteObject", "DELETE")),
        done(object_row(create_multipart_upload, "CreateMultipartUpload", "POST", "uploads")),
        done(object_row(complete_multipart_upload, "CompleteMultipartUpload", "POST", "uploadId")),
        object_row(restore_object, "RestoreObject", "POST", "restore"),
        object_row(select_object_content, "SelectObjectContent", "POST", "select"),
        object_row(preflight_object, "PreflightObject", "OPTIONS"),
    };
}();

[[nodiscard]] constexpr const route& facts_of(operation op) noexcept {
    return routes[static_cast<std::size_t>(op)];
}
[[nodiscard]] constexpr std::string_view name_of(operation op) noexcept {
    return facts_of(op).name;
}
[[nodiscard]] constexpr scope scope_of(std::string_view bucket, std::string_view key) noexcept {
    return bucket.empty() ? scope::service : key.empty() ? scope::bucket : scope::object;
}

namespace detail {

constexpr bool routes_are_in_order() noexcept {
    for (std::size_t i = 0; i < routes.size(); ++i)
        if (static_cast<std::size_t>(routes[i].op) != i) return false;
    return routes.size() == static_cast<std::size_t>(operation::preflight_object) + 1;
}
static_assert(routes_are_in_order());

// A parameter that only refines an operation, although some row needs it.
constexpr bool is_modifier(std::string_view parameter) noexcept {
    return parameter == "id" || parameter == "partNumber" || parameter == "list-type=2";
}

constexpr bool is_subresource(std::string_view parameter) noexcept {
    for (const auto& row : routes)
        if (!is_modifier(parameter) && (row.needs == parameter || row.needs_too == parameter))
            return true;
    return false;
}

// In a presigned query a header of Amazon's may be a parameter, in any case.
inline bool is_hoisted(std::string_view header_name, const query_list& query) noexcept {
    for (const auto& p : query)
        if (same_ignoring_case(p.name, header_name)) return true;
    return false;
}

inline bool satisfied(std::string_view need, const query_list& query) noexcept {
    if (need.empty()) return true;
    const auto mark = need.find('=');
    const auto value = query.get(need.substr(0, mark));
    return value && (mark == std::string_view::npos || *value == need.substr(mark + 1));
}

}  // namespace detail

[[nodiscard]] inline result<operation> route_of(std::string_view method, scope where,
                                                const query_list& query,
                                                const header_list& headers) {
    for (const auto& row : routes) {
        if (row.method != method || row.scope != where) continue;
        if (!detail::satisfied(row.needs, query) || !detail::satisfied(row.needs_too, query))
            continue;
        if (!row.needs_header.empty() && !headers.has(row.needs_header) &&
            !detail::is_hoisted(row.needs_header, query))
            continue;
        for (const auto& p : query)
            if (p.name != row.needs && p.name != row.needs_too && detail::is_subresource(p.name))
                return fail(error_code::method_not_allowed);
        return row.op;
    }
    return fail(error_code::method_not_allowed);
}

}  // namespace rsx::s3
