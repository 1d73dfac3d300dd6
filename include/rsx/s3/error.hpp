// SPDX-License-Identifier: Apache-2.0

// What S3 answers when it does not do what was asked: a code, its HTTP status, a message, XML.
//
//     if (!found) return s3::fail(s3::error_code::no_such_key);
//     if (n > max) return s3::fail(s3::error_code::invalid_argument, "max-keys is too large");
//     ...
//     response.status = s3::status_of(refused.code);
//     response.body   = s3::render_error(refused, {.bucket = "photos", .key = "cat.jpg", …});
//
// One table holds every code with the words Amazon uses, since clients match on code and status
// and people read the message. `s3::result<T>` is a value or such an error; `rsx::error` is the
// engine's, and `error_of` says which of these it becomes when nobody closer knows better.
#pragma once

#include <rsx/core/error.hpp>
#include <rsx/s3/text.hpp>
#include <rsx/s3/xml_writer.hpp>

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rsx::s3 {

enum class error_code : std::uint8_t {
    access_denied,
    authorization_header_malformed,
    authorization_query_parameters_error,
    bad_digest,
    bucket_already_exists,
    bucket_already_owned_by_you,
    bucket_not_empty,
    entity_too_large,
    entity_too_small,
    expired_token,
    illegal_location_constraint,
    incomplete_body,
    internal_error,
    invalid_access_key_id,
    invalid_argument,
    invalid_bucket_name,
    invalid_bucket_state,
    invalid_chunk_size,
    invalid_digest,
    invalid_location_constraint,
    invalid_object_state,
    invalid_part,
    invalid_part_order,
    invalid_range,
    invalid_request,
    invalid_storage_class,
    invalid_tag,
    invalid_token,
    invalid_uri,
    key_too_long,
    malformed_acl,
    malformed_policy,
    malformed_post_request,
    malformed_trailer,
    malformed_xml,
    max_message_length_exceeded,
    metadata_too_large,
    method_not_allowed,
    missing_content_length,
    missing_security_header,
    no_such_bucket,
    no_such_bucket_policy,
    no_such_cors_configuration,
    no_such_encryption_configuration,
    no_such_key,
    no_such_lifecycle_configuration,
    no_such_object_lock_configuration,
    no_such_public_access_block,
    no_such_tag_set,
    no_such_upload,
    no_such_version,
    not_implemented,
    object_lock_configuration_not_found,
    operation_aborted,
    ownership_controls_not_found,
    precondition_failed,
    conditional_request_conflict,
    request_header_section_too_large,
    request_time_too_skewed,
    request_timeout,
    service_unavailable,
    signature_does_not_match,
    slow_down,
    too_many_buckets,
    x_amz_content_sha256_mismatch,
};

struct error_facts {
    error_code code;
    unsigned status;
    std::string_view name;
    std::string_view message;
};

inline constexpr std::array error_table{
    error_facts{error_code::access_denied, 403, "AccessDenied", "Access Denied"},
    error_facts{error_code::authorization_header_malformed, 400, "AuthorizationHeaderMalformed",
                "The authorization header that you provided is not valid."},
    error_facts{error_code::authorization_query_parameters_error, 400,
                "AuthorizationQueryParametersError",
                "The authorization query parameters that you provided are not valid."},
    error_facts{error_code::bad_digest, 400, "BadDigest",
                "The Content-MD5 or checksum value that you specified did not match what the "
                "server received."},
    error_facts{error_code::bucket_already_exists, 409, "BucketAlreadyExists",
                "The requested bucket name is not available. The bucket namespace is shared by "
                "all users of the system. Specify a different name and try again."},
    error_facts{error_code::bucket_already_owned_by_you, 409, "BucketAlreadyOwnedByYou",
                "Your previous request to create the named bucket succeeded and you already own "
                "it."},
    error_facts{error_code::bucket_not_empty, 409, "BucketNotEmpty",
                "The bucket you tried to delete is not empty."},
    error_facts{error_code::entity_too_large, 400, "EntityTooLarge",
                "Your proposed upload exceeds the maximum allowed object size."},
    error_facts{error_code::entity_too_small, 400, "EntityTooSmall",
                "Your proposed upload is smaller than the minimum allowed size."},
    error_facts{error_code::expired_token, 400, "ExpiredToken", "The provided token has expired."},
    error_facts{error_code::illegal_location_constraint, 400, "IllegalLocationConstraintException",
                "The specified location constraint is incompatible for the region specific "
                "endpoint this request was sent to."},
    error_facts{error_code::incomplete_body, 400, "IncompleteBody",
                "You did not provide the number of bytes specified by the Content-Length HTTP "
                "header."},
    error_facts{error_code::internal_error, 500, "InternalError",
                "We encountered an internal error. Please try again."},
    error_facts{error_code::invalid_access_key_id, 403, "InvalidAccessKeyId",
                "The access key ID that you provided does not exist in our records."},
    error_facts{error_code::invalid_argument, 400, "InvalidArgument", "Invalid Argument"},
    error_facts{error_code::invalid_bucket_name, 400, "InvalidBucketName",
                "The specified bucket is not valid."},
    error_facts{error_code::invalid_bucket_state, 409, "InvalidBucketState",
                "The request is not valid with the current state of the bucket."},
    error_facts{error_code::invalid_chunk_size, 400, "InvalidChunkSizeError",
                "The chunk header of the aws-chunked body is not valid."},
    error_facts{error_code::invalid_digest, 400, "InvalidDigest",
                "The Content-MD5 that you specified is not valid."},
    error_facts{error_code::invalid_location_constraint, 400, "InvalidLocationConstraint",
                "The specified location constraint is not valid."},
    error_facts{error_code::invalid_object_state, 403, "InvalidObjectState",
                "The operation is not valid for the current state of the object."},
    error_facts{error_code::invalid_part, 400, "InvalidPart",
                "One or more of the specified parts could not be found. The part may not have "
                "been uploaded, or the specified entity tag may not match the part's entity tag."},
    error_facts{error_code::invalid_part_order, 400, "InvalidPartOrder",
                "The list of parts was not in ascending order. The parts list must be specified "
                "in order by part number."},
    error_facts{error_code::invalid_range, 416, "InvalidRange",
                "The requested range is not satisfiable."},
    error_facts{error_code::invalid_request, 400, "InvalidRequest", "Invalid Request"},
    error_facts{error_code::invalid_storage_class, 400, "InvalidStorageClass",
                "The storage class that you specified is not valid."},
    error_facts{error_code::invalid_tag, 400, "InvalidTag",
                "The tag provided was not a valid tag."},
    error_facts{error_code::invalid_token, 400, "InvalidToken",
                "The provided token is malformed or otherwise not valid."},
    error_facts{error_code::invalid_uri, 400, "InvalidURI",
                "The specified URI couldn't be parsed."},
    error_facts{error_code::key_too_long, 400, "KeyTooLongError", "Your key is too long."},
    error_facts{error_code::malformed_acl, 400, "MalformedACLError",
                "The ACL that you provided was not well formed or did not validate against our "
                "published schema."},
    error_facts{error_code::malformed_policy, 400, "MalformedPolicy",
                "Your policy contains a principal that is not valid or is not well formed."},
    error_facts{error_code::malformed_post_request, 400, "MalformedPOSTRequest",
                "The body of your POST request is not well-formed multipart/form-data."},
    error_facts{error_code::malformed_trailer, 400, "MalformedTrailerError",
                "The request contained trailing data that was not well-formed or did not conform "
                "to our published schema."},
    error_facts{error_code::malformed_xml, 400, "MalformedXML",
                "The XML you provided was not well-formed or did not validate against our "
                "published schema."},
    error_facts{error_code::max_message_length_exceeded, 400, "MaxMessageLengthExceeded",
                "Your request was too large."},
    error_facts{error_code::metadata_too_large, 400, "MetadataTooLarge",
                "Your metadata headers exceed the maximum allowed metadata size."},
    error_facts{error_code::method_not_allowed, 405, "MethodNotAllowed",
                "The specified method is not allowed against this resource."},
    error_facts{error_code::missing_content_length, 411, "MissingContentLength",
                "You must provide the Content-Length HTTP header."},
    error_facts{error_code::missing_security_header, 400, "MissingSecurityHeader",
                "Your request was missing a required header."},
    error_facts{error_code::no_such_bucket, 404, "NoSuchBucket",
                "The specified bucket does not exist."},
    error_facts{error_code::no_such_bucket_policy, 404, "NoSuchBucketPolicy",
                "The specified bucket does not have a bucket policy."},
    error_facts{error_code::no_such_cors_configuration, 404, "NoSuchCORSConfiguration",
                "The specified bucket does not have a CORS configuration."},
    error_facts{error_code::no_such_encryption_configuration, 404,
                "ServerSideEncryptionConfigurationNotFoundError",
                "The server-side encryption configuration was not found."},
    error_facts{error_code::no_such_key, 404, "NoSuchKey", "The specified key does not exist."},
    error_facts{error_code::no_such_lifecycle_configuration, 404, "NoSuchLifecycleConfiguration",
                "The specified lifecycle configuration does not exist."},
    error_facts{error_code::no_such_object_lock_configuration, 404, "NoSuchObjectLockConfiguration",
                "The specified object does not have an ObjectLock configuration."},
    error_facts{error_code::no_such_public_access_block, 404,
                "NoSuchPublicAccessBlockConfiguration",
                "The public access block configuration was not found."},
    error_facts{error_code::no_such_tag_set, 404, "NoSuchTagSet",
                "The specified tag does not exist."},
    error_facts{error_code::no_such_upload, 404, "NoSuchUpload",
                "The specified multipart upload does not exist. The upload ID might not be valid, "
                "or the multipart upload might have been aborted or completed."},
    error_facts{error_code::no_such_version, 404, "NoSuchVersion",
                "The version ID specified in the request does not match an existing version."},
    error_facts{error_code::not_implemented, 501, "NotImplemented",
                "A header or query you provided implies functionality that is not implemented."},
    error_facts{error_code::object_lock_configuration_not_found, 404,
                "ObjectLockConfigurationNotFoundError",
                "Object Lock configuration does not exist for this bucket."},
    error_facts{error_code::operation_aborted, 409, "OperationAborted",
                "A conflicting conditional operation is currently in progress against this "
                "resource. Try again."},
    error_facts{error_code::ownership_controls_not_found, 404, "OwnershipControlsNotFoundError",
                "The bucket ownership controls were not found."},
    error_facts{error_code::precondition_failed, 412, "PreconditionFailed",
                "At least one of the pre-conditions you specified did not hold."},
    error_facts{error_code::conditional_request_conflict, 409, "ConditionalRequestConflict",
                "The conditional request cannot succeed due to a conflicting operation against "
                "this resource."},
    error_facts{error_code::request_header_section_too_large, 400, "RequestHeaderSectionTooLarge",
                "Your request header section exceeds the maximum allowed size."},
    error_facts{error_code::request_time_too_skewed, 403, "RequestTimeTooSkewed",
                "The difference between the request time and the server's time is too large."},
    error_facts{error_code::request_timeout, 400, "RequestTimeout",
                "Your socket connection to the server was not read from or written to within the "
                "timeout period."},
    error_facts{error_code::service_unavailable, 503, "ServiceUnavailable",
                "Service is unable to handle request."},
    error_facts{error_code::signature_does_not_match, 403, "SignatureDoesNotMatch",
                "The request signature that the server calculated does not match the signature "
                "that you provided. Check your secret access key and signing method."},
    error_facts{error_code::slow_down, 503, "SlowDown", "Please reduce your request rate."},
    error_facts{error_code::too_many_buckets, 400, "TooManyBuckets",
                "You have attempted to create more buckets than are allowed."},
    error_facts{error_code::x_amz_content_sha256_mismatch, 400, "XAmzContentSHA256Mismatch",
                "The provided 'x-amz-content-sha256' header does not match what was computed."},
};

[[nodiscard]] constexpr const error_facts& facts_of(error_code code) noexcept {
    return error_table[static_cast<std::size_t>(code)];
}
[[nodiscard]] constexpr std::string_view name_of(error_code code) noexcept {
    return facts_of(code).name;
}
[[nodiscard]] constexpr unsigned status_of(error_code code) noexcept {
    return facts_of(code).status;
}

// The code of that name, for clients: a server may send names that are not in the table.
[[nodiscard]] constexpr std::optional<error_code> error_code_named(std::string_view name) noexcept {
    for (const auto& facts : error_table)
        if (facts.name == name) return facts.code;
    return std::nullopt;
}

struct [[nodiscard]] error {
    error_code code;
    std::string message{};                                          // empty: the table's
    std::vector<std::pair<std::string_view, std::string>> facts{};  // further elements of the XML

    error& with(std::string_view element, std::string value) {
        facts.emplace_back(element, std::move(value));
        return *this;
    }
    [[nodiscard]] std::string_view text() const noexcept {
        return message.empty() ? facts_of(code).message : std::string_view{message};
    }
};

template <class T>
using result = std::expected<T, error>;

[[nodiscard]] inline std::unexpected<error> fail(error_code code, std::string message = {}) {
    return std::unexpected(error{code, std::move(message), {}});
}

// "invalid argument, and it was this one": names the argument as S3 does.
[[nodiscard]] inline std::unexpected<error> fail_argument(std::string_view name,
                                                          std::string_view value,
                                                          std::string message) {
    error refused{error_code::invalid_argument, std::move(message), {}};
    refused.with("ArgumentName", std::string{name}).with("ArgumentValue", std::string{value});
    return std::unexpected(std::move(refused));
}

// What an error of the engine is to a client when no closer reading exists.
[[nodiscard]] inline error error_of(const rsx::error& e) {
    switch (e.code) {
        case errc::not_found: return {error_code::no_such_key};
        case errc::conflict: return {error_code::operation_aborted};
        case errc::invalid: return {error_code::invalid_request, e.why.c_str()};
        case errc::limit: return {error_code::slow_down};
        case errc::unsupported: return {error_code::not_implemented};
        case errc::too_few_shards:
        case errc::unavailable:
        case errc::timed_out:
        case errc::cancelled:
        case errc::full: return {error_code::service_unavailable};
        case errc::unknown_outcome:
        case errc::corrupt:
        case errc::io: return {error_code::internal_error};
    }
    return {error_code::internal_error};
}

namespace detail {

// An error may quote what a stranger sent; XML has no place for bytes that are no text.
inline std::string quotable(std::string_view text) {
    std::string out{text};
    if (!is_utf8(text))
        for (char& c : out)
            if (static_cast<unsigned char>(c) >= 0x80) c = '?';
    return out;
}

}  // namespace detail

struct error_place {
    std::string_view bucket{};
    std::string_view key{};
    std::string_view resource{};  // the path as it was asked for
    std::string_view request_id{};
    std::string_view host_id{};
};

// The body of an error response. Bucket or key are named where S3 names them.
[[nodiscard]] inline std::string render_error(const error& e, const error_place& place) {
    xml_writer xml;
    xml.open("Error");
    xml.leaf("Code", name_of(e.code)).leaf("Message", detail::quotable(e.text()));
    for (const auto& [element, value] : e.facts) xml.leaf(element, detail::quotable(value));
    switch (e.code) {
        case error_code::no_such_bucket:
        case error_code::invalid_bucket_name:
        case error_code::bucket_not_empty:
        case error_code::bucket_already_exists:
        case error_code::bucket_already_owned_by_you:
            xml.leaf_unless_empty("BucketName", detail::quotable(place.bucket));
            break;
        case error_code::no_such_key:
        case error_code::no_such_version:
            xml.leaf_unless_empty("Key", detail::quotable(place.key));
            break;
        default: break;
    }
    xml.leaf_unless_empty("Resource", detail::quotable(place.resource));
    xml.leaf("RequestId", place.request_id).leaf("HostId", place.host_id);
    return xml.close().take();
}

namespace detail {
constexpr bool error_table_is_in_order() noexcept {
    for (std::size_t i = 0; i < error_table.size(); ++i)
        if (static_cast<std::size_t>(error_table[i].code) != i) return false;
    return error_table.size() ==
           static_cast<std::size_t>(error_code::x_amz_content_sha256_mismatch) + 1;
}
static_assert(error_table_is_in_order());
}  // namespace detail

}  // namespace rsx::s3
