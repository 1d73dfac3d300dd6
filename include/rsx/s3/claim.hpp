// SPDX-License-Identifier: Apache-2.0

// What a request says about its signature, read from the Authorization header or a presigned query.
//
//     auto claim = s3::claim_of(request);           // nothing: the request is anonymous
//     if (claim && *claim) (*claim)->access_key …   // claimed, not proven: see s3/sigv4.hpp
//
// Reading is strict: three fields in the header, six parameters in the query, each once; names of
// signed headers in lower case, sorted, `host` among them; a scope that ends in /s3/aws4_request
// and begins with the day of the date. There is then one spelling of a claim, and nothing to play
// with.
#pragma once

#include <rsx/s3/canonical.hpp>
#include <rsx/s3/credential.hpp>
#include <rsx/s3/date.hpp>
#include <rsx/s3/error.hpp>
#include <rsx/s3/payload.hpp>
#include <rsx/s3/request.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rsx::s3 {

inline constexpr std::int64_t presigned_seconds_max = 7 * 24 * 3600;

struct signature_claim {
    std::string access_key;
    credential_scope scope;
    std::vector<std::string> signed_names;  // of headers: lower case, sorted
    std::string signature;
    std::string amz_date;
    std::int64_t signed_at_ms{};
    std::string payload_hash;                 // the last line of the canonical request
    std::optional<std::int64_t> expires_s{};  // presigned only
    [[nodiscard]] bool presigned() const noexcept { return expires_s.has_value(); }
};

namespace detail {

// "AKID/20130524/us-east-1/s3/aws4_request", read from the right: access keys may hold slashes.
// Gives nothing, or what is wrong with it.
inline std::optional<std::string> read_credential(std::string_view text, signature_claim& claim) {
    std::string_view parts[4];
    for (int i = 3; i >= 0; --i) {
        const auto mark = text.rfind('/');
        if (mark == std::string_view::npos)
            return "the Credential is mal-formed; expecting "
                   "\"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".";
        parts[i] = text.substr(mark + 1);
        text = text.substr(0, mark);
    }
    if (text.empty()) return "the access key is empty.";
    if (parts[0].size() != 8 || !std::all_of(parts[0].begin(), parts[0].end(), is_digit))
        return "the date of the Credential is not of the form YYYYMMDD.";
    if (parts[1].empty()) return "the region is empty.";
    if (parts[2] != "s3") return "incorrect service. This endpoint belongs to \"s3\".";
    if (parts[3] != "aws4_request") return "incorrect terminal. Expecting \"aws4_request\".";
    claim.access_key = text;
    claim.scope = {std::string{parts[0]}, std::string{parts[1]}, std::string{parts[2]}};
    return std::nullopt;
}

inline std::optional<std::string> read_signed_names(std::string_view text, signature_claim& claim) {
    for (const auto name : split(text, ';')) {
        if (name.empty() || std::any_of(name.begin(), name.end(), [](char c) {
                return c != lower(c) || c <= ' ' || c >= 0x7f || c == ':' || c == ',';
            }))
            return "the SignedHeaders are mal-formed.";
        if (!claim.signed_names.empty() && claim.signed_names.back() >= name)
            return "the SignedHeaders are not sorted.";
        claim.signed_names.emplace_back(name);
    }
    if (!std::binary_search(claim.signed_names.begin(), claim.signed_names.end(), "host"))
        return "the host header must be signed.";
    return std::nullopt;
}

inline bool is_signature(std::string_view text) noexcept {
    return text.size() == 64 && is_lower_hex(text);
}

// The moment of a header-signed request: x-amz-date, or Date in either spelling.
inline bool read_date(const header_list& headers, signature_claim& claim) {
    std::optional<std::int64_t> ms;
    if (const auto given = headers.get("x-amz-date")) {
        if (headers.count("x-amz-date") != 1) return false;
        ms = parse_amz_date(*given);
    } else if (const auto date = headers.get("date")) {
        ms = parse_http_date(*date);
        if (!ms) ms = parse_amz_date(*date);
    }
    if (!ms) return false;
    claim.signed_at_ms = *ms;
    claim.amz_date = amz_date(*ms);
    return true;
}

inline result<signature_claim> claim_of_header(const request& asked) {
    constexpr auto malformed = error_code::authorization_header_malformed;
    const auto& headers = asked.headers;
    if (headers.count("authorization") != 1)
        return fail(error_code::invalid_argument, "Only one Authorization header is allowed.");
    std::string_view text = trimmed(*headers.get("authorization"));
    if (text.empty()) return fail(error_code::access_denied);
    if (!text.starts_with(sigv4_algorithm) || text.size() == sigv4_algorithm.size() ||
        !is_blank(text[sigv4_algorithm.size()])) {
        if (text.starts_with("AWS ") || text.starts_with("AWS4-"))
            return fail(error_code::invalid_request,
                        "The authorization mechanism you have provided is not supported. Please "
                        "use AWS4-HMAC-SHA256.");
        return fail(error_code::invalid_argument, "Unsupported Authorization Type");
    }
    text.remove_prefix(sigv4_algorithm.size());

    signature_claim claim;
    const auto fields = split(text, ',');
    if (fields.size() != 3) return fail(malformed, "The authorization header is malformed.");
    bool seen[3]{};
    for (const auto field : fields) {
        const auto mark = field.find('=');
        const auto name = trimmed(field.substr(0, mark));
        const auto value =
            mark == std::string_view::npos ? std::string_view{} : trimmed(field.substr(mark + 1));
        const int which = name == "Credential"      ? 0
                          : name == "SignedHeaders" ? 1
                          : name == "Signature"     ? 2
                                                    : -1;
        if (which < 0 || seen[which])
            return fail(malformed, "The authorization header is malformed.");
        seen[which] = true;
        std::optional<std::string> wrong;
        if (which == 0) wrong = read_credential(value, claim);
        if (which == 1) wrong = read_signed_names(value, claim);
        if (which == 2) claim.signature = value;
        if (wrong) return fail(malformed, "The authorization header is malformed; " + *wrong);
    }
    if (!read_date(headers, claim))
        return fail(error_code::access_denied,
                    "AWS authentication requires a valid Date or x-amz-date header");
    if (!claim.amz_date.starts_with(claim.scope.date))
        return fail(malformed,
                    "The authorization header is malformed; the date of the Credential is not "
                    "that of the request.");
    const auto hash = headers.get("x-amz-content-sha256");
    if (!hash)
        return fail(error_code::invalid_request,
                    "Missing required header for this request: x-amz-content-sha256");
    claim.payload_hash = *hash;
    return claim;
}

inline result<signature_claim> claim_of_query(const request& asked) {
    constexpr auto malformed = error_code::authorization_query_parameters_error;
    constexpr std::string_view needed[] = {"X-Amz-Algorithm", "X-Amz-Credential",
                                           "X-Amz-Date",      "X-Amz-Expires",
                                           "X-Amz-Signature", "X-Amz-SignedHeaders"};
    const auto& query = asked.query;
    for (const auto name : needed)
        if (query.count(name) != 1)
            return fail(malformed,
                        "Query-string authentication version 4 requires the X-Amz-Algorithm, "
                        "X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and "
                        "X-Amz-Expires parameters.");
    if (*query.get("X-Amz-Algorithm") != sigv4_algorithm)
        return fail(malformed, "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\"");

    signature_claim claim;
    if (auto wrong = read_credential(*query.get("X-Amz-Credential"), claim))
        return fail(malformed, "Error parsing the X-Amz-Credential parameter; " + *wrong);
    if (auto wrong = read_signed_names(*query.get("X-Amz-SignedHeaders"), claim))
        return fail(malformed, "Error parsing the X-Amz-SignedHeaders parameter; " + *wrong);
    const auto when = parse_amz_date(*query.get("X-Amz-Date"));
    if (!when)
        return fail(malformed,
                    "X-Amz-Date must be in the ISO8601 Long Format "
                    "\"yyyyMMdd'T'HHmmss'Z'\"");
    claim.signed_at_ms = *when;
    claim.amz_date = *query.get("X-Amz-Date");
    if (!claim.amz_date.starts_with(claim.scope.date))
        return fail(malformed, "The date of X-Amz-Credential is not that of X-Amz-Date.");
    const auto expires = *query.get("X-Amz-Expires");
    if (expires.starts_with('-')) return fail(malformed, "X-Amz-Expires must be non-negative");
    const auto seconds = number_in(expires, 1'000'000'000);
    if (!seconds) return fail(malformed, "X-Amz-Expires should be a number");
    if (static_cast<std::int64_t>(*seconds) > presigned_seconds_max)
        return fail(malformed,
                    "X-Amz-Expires must be less than a week (in seconds) that is less "
                    "than 604800");
    claim.expires_s = static_cast<std::int64_t>(*seconds);
    claim.signature = *query.get("X-Amz-Signature");
    claim.payload_hash = asked.headers.get_or(
        "x-amz-content-sha256", query.get_or("X-Amz-Content-Sha256", unsigned_payload));
    return claim;
}

}  // namespace detail

[[nodiscard]] inline result<std::optional<signature_claim>> claim_of(const request& asked) {
    const bool by_header = asked.headers.has("authorization");
    const bool by_query = asked.query.has("X-Amz-Algorithm") ||
                          asked.query.has("X-Amz-Credential") || asked.query.has("X-Amz-Signature");
    const bool by_old_query = asked.query.has("AWSAccessKeyId") && asked.query.has("Signature");
    if (by_header + by_query + by_old_query > 1)
        return fail(error_code::invalid_argument,
                    "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, "
                    "Signature query string parameter or the Authorization header should be "
                    "specified");
    if (by_old_query)
        return fail(error_code::invalid_request,
                    "The authorization mechanism you have provided is not supported. Please use "
                    "AWS4-HMAC-SHA256.");
    if (!by_header && !by_query) return std::nullopt;
    auto claim = by_header ? detail::claim_of_header(asked) : detail::claim_of_query(asked);
    if (!claim) return std::unexpected(std::move(claim.error()));
    if (asked.headers.count("host") != 1)
        return fail(error_code::invalid_request, "Exactly one Host header is required.");
    if (asked.headers.count("x-amz-content-sha256") > 1 || !payload_mode_of(claim->payload_hash))
        return fail_argument("x-amz-content-sha256", claim->payload_hash,
                             "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, "
                             "STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
                             "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, "
                             "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.");
    return std::optional{std::move(*claim)};
}

}  // namespace rsx::s3
