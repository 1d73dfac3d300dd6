// SPDX-License-Identifier: Apache-2.0

// The one place where a request is believed: AWS Signature Version 4, header and presigned.
//
//     s3::verifier verifier{lookup, {.region = "us-east-1"}};
//     auto verified = verifier.verify(std::move(request), wall.now_ms());
//     if (!verified) return answer(verified.error());
//     serve(*verified);                              // handlers take a verified_request, nothing
//     else
//
// A `verified_request` can be made by the verifier only; it owns the request it was made from, so
// that no handler can act on one request with the proof of another. Anonymous requests are refused
// unless the rules admit them; then `anonymous()` says so, and what they may do is for policies.
//
// Besides the signature: the moment must be within 15 minutes of ours (a presigned one within its
// expiry, at most seven days), every x-amz- header must be among the signed ones, the access key
// must be known. Signatures are compared in constant time. A verifier caches signing keys and
// belongs to one thread; `lookup` must not block.
#pragma once

#include <rsx/core/limits.hpp>
#include <rsx/digest/compare.hpp>
#include <rsx/s3/canonical.hpp>
#include <rsx/s3/checksum.hpp>
#include <rsx/s3/chunk_signer.hpp>
#include <rsx/s3/claim.hpp>
#include <rsx/s3/credential.hpp>
#include <rsx/s3/payload.hpp>
#include <rsx/s3/request.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace rsx::s3 {

class verified_request {
public:
    [[nodiscard]] const request& asked() const noexcept { return asked_; }
    [[nodiscard]] const request* operator->() const noexcept { return &asked_; }

    [[nodiscard]] const identity& who() const noexcept { return who_; }
    [[nodiscard]] bool anonymous() const noexcept { return who_.access_key.empty(); }
    [[nodiscard]] bool presigned() const noexcept { return presigned_; }

    [[nodiscard]] payload_mode payload() const noexcept { return payload_; }
    // In hexadecimal; only with payload_mode::hashed, else empty.
    [[nodiscard]] const std::string& payload_sha256() const noexcept { return payload_sha256_; }
    // Continues from the head's signature; only with signed chunks.
    [[nodiscard]] const chunk_signer& chunks() const noexcept { return chunks_; }

    // Of a presigned request the x-amz- parameters are among the headers: SDKs hoist them there.
    [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const noexcept {
        return asked_.headers.get(name);
    }

private:
    friend class verifier;
    verified_request(request&& asked, identity who, payload_mode payload)
        : asked_{std::move(asked)}, who_{std::move(who)}, payload_{payload} {}

    request asked_;
    identity who_;
    payload_mode payload_;
    bool presigned_{false};
    std::string payload_sha256_{};
    chunk_signer chunks_{};
};

struct verify_rules {
    std::string region{};  // empty: any, as long as it is signed
    bool anonymous_allowed{false};
};

class verifier {
public:
    explicit verifier(credential_lookup lookup, verify_rules rules = {})
        : lookup_{std::move(lookup)}, rules_{std::move(rules)} {}

    // `asked` is moved from only when it is believed.
    [[nodiscard]] result<verified_request> verify(request&& asked, std::int64_t now_ms) {
        auto claim = claim_of(asked);
        if (!claim) return std::unexpected(std::move(claim.error()));
        if (!*claim) return admit_anonymous(std::move(asked));
        return check(std::move(asked), **claim, now_ms);
    }

private:
    [[nodiscard]] result<verified_request> admit_anonymous(request&& asked) const {
        if (!rules_.anonymous_allowed) return fail(error_code::access_denied);
        const auto stated = asked.headers.get_or("x-amz-content-sha256", unsigned_payload);
        const auto mode = payload_mode_of(stated);
        if (!mode || has_signed_chunks(*mode)) return fail(error_code::access_denied);
        std::string sha256{*mode == payload_mode::hashed ? stated : std::string_view{}};
        verified_request made{std::move(asked), identity{}, *mode};
        made.payload_sha256_ = std::move(sha256);
        return made;
    }

    [[nodiscard]] result<verified_request> check(request&& asked, const signature_claim& claim,
                                                 std::int64_t now_ms) {
        if (asked.headers.has("x-amz-security-token") || asked.query.has("X-Amz-Security-Token"))
            return fail(error_code::invalid_token);
        if (!rules_.region.empty() && claim.scope.region != rules_.region)
            return wrong_region(claim);
        const auto owner = lookup_(claim.access_key);
        if (!owner) {
            error refused{error_code::invalid_access_key_id};
            refused.with("AWSAccessKeyId", claim.access_key);
            return std::unexpected(std::move(refused));
        }
        if (auto ok = check_time(claim, now_ms); !ok) return std::unexpected(std::move(ok.error()));
        if (auto ok = check_all_signed(asked, claim); !ok)
            return std::unexpected(std::move(ok.error()));

        const auto canonical =
            canonical_request(asked.method, asked.path,
                              asked.query.canonical(claim.presigned() ? "X-Amz-Signature" : ""),
                              asked.headers, claim.signed_names, claim.payload_hash);
        const auto to_sign = string_to_sign(claim.amz_date, claim.scope, canonical);
        const auto key = keys_.get(*owner, claim.scope);
        const auto expected = signature_of(key, to_sign);
        if (!digest::equal_in_constant_time(bytes_of(expected), bytes_of(claim.signature)))
            return does_not_match(claim, to_sign, canonical);

        const auto mode = payload_mode_of(claim.payload_hash);
        RSX_ASSERT(mode.has_value());
        verified_request made{std::move(asked), owner->who, *mode};
        made.presigned_ = claim.presigned();
        if (claim.presigned()) lower_hoisted(made.asked_);
        if (*mode == payload_mode::hashed) made.payload_sha256_ = claim.payload_hash;
        if (has_signed_chunks(*mode))
            made.chunks_ = chunk_signer{key, claim.amz_date, claim.scope, expected};
        return made;
    }

    static result<void> check_time(const signature_claim& claim, std::int64_t now_ms) {
        constexpr std::int64_t skew_ms = std::chrono::milliseconds{limits::clock_skew_max}.count();
        if (claim.presigned()) {
            if (claim.signed_at_ms > now_ms + skew_ms)
                return fail(error_code::access_denied, "Request is not valid yet");
            const auto expires_ms = claim.signed_at_ms + *claim.expires_s * 1000;
            if (now_ms <= expires_ms) return {};
            error refused{error_code::access_denied, "Request has expired"};
            refused.with("X-Amz-Expires", std::to_string(*claim.expires_s));
            refused.with("Expires", iso_date(expires_ms)).with("ServerTime", iso_date(now_ms));
            return std::unexpected(std::move(refused));
        }
        if (claim.signed_at_ms <= now_ms + skew_ms && claim.signed_at_ms >= now_ms - skew_ms)
            return {};
        error refused{error_code::request_time_too_skewed};
        refused.with("RequestTime", claim.amz_date).with("ServerTime", iso_date(now_ms));
        refused.with("MaxAllowedSkewMilliseconds", std::to_string(skew_ms));
        return std::unexpected(std::move(refused));
    }

    // Every signed header must be there, and every x-amz- header must be signed. The hash and the
    // date are in the signed text anyway.
    static result<void> check_all_signed(const request& asked, const signature_claim& claim) {
        const auto is_signed = [&](std::string_view name) {
            return std::binary_search(claim.signed_names.begin(), claim.signed_names.end(),
                                      lower(name));
        };
        for (const auto& field : asked.headers) {
            if (!begins_ignoring_case(field.name, "x-amz-") || is_signed(field.name) ||
                same_ignoring_case(field.name, "x-amz-content-sha256") ||
                same_ignoring_case(field.name, "x-amz-date"))
                continue;
            error refused{error_code::access_denied,
                          "There were headers present in the request which were not signed"};
            refused.with("HeadersNotSigned", lower(field.name));
            return std::unexpected(std::move(refused));
        }
        for (const auto& name : claim.signed_names)
            if (!asked.headers.has(name)) return fail(error_code::signature_does_not_match);
        return {};
    }

    // Presigning SDKs move x-amz- headers into the query; they mean the same there. What describes
    // the body is left out: it is of the empty body that was there when the link was made.
    static void lower_hoisted(request& asked) {
        constexpr std::string_view left_out[] = {"x-amz-algorithm",
                                                 "x-amz-credential",
                                                 "x-amz-date",
                                                 "x-amz-expires",
                                                 "x-amz-signedheaders",
                                                 "x-amz-signature",
                                                 "x-amz-trailer",
                                                 "x-amz-content-sha256",
                                                 "x-amz-decoded-content-length",
                                                 "x-amz-sdk-checksum-algorithm"};
        for (const auto& p : asked.query) {
            const auto name = lower(p.name);
            if (!name.starts_with("x-amz-") || checksum_kind_of_header(name)) continue;
            if (std::find(std::begin(left_out), std::end(left_out), name) != std::end(left_out))
                continue;
            if (!asked.headers.has(name)) asked.headers.add(name, p.value);
        }
    }

    [[nodiscard]] std::unexpected<error> wrong_region(const signature_claim& claim) const {
        const auto code = claim.presigned() ? error_code::authorization_query_parameters_error
                                            : error_code::authorization_header_malformed;
        error refused{code, "The authorization header is malformed; the region '" +
                                claim.scope.region + "' is wrong; expecting '" + rules_.region +
                                "'"};
        refused.with("Region", rules_.region);
        return std::unexpected(std::move(refused));
    }

    static std::unexpected<error> does_not_match(const signature_claim& claim,
                                                 const std::string& to_sign,
                                                 const std::string& canonical) {
        error refused{error_code::signature_does_not_match};
        refused.with("AWSAccessKeyId", claim.access_key).with("StringToSign", to_sign);
        refused.with("SignatureProvided", claim.signature).with("CanonicalRequest", canonical);
        return std::unexpected(std::move(refused));
    }

    credential_lookup lookup_;
    verify_rules rules_;
    signing_key_cache keys_;
};

}  // namespace rsx::s3
