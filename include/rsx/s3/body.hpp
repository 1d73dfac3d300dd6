// SPDX-License-Identifier: Apache-2.0

// What a request promises about its body, and whether the body kept it.
//
//     auto promised = s3::body_promise_of(verified);        // from the headers, before any byte
//     s3::body_check check{*promised};
//     …check.update(decoded_bytes);…
//     auto facts = check.finish(decoder.trailers());        // or BadDigest, IncompleteBody, …
//     facts->tag                                            // the MD5 ETag
//     facts->sum                                            // the checksum the client asked for
//
// A body can be promised five ways at once: its length, its SHA-256 (x-amz-content-sha256), its MD5
// (Content-MD5), one x-amz-checksum-… in the head, or the same as a trailer. All that are given
// must hold. Only headers count: SDKs put checksums of an empty body into presigned queries.
#pragma once

#include <rsx/core/limits.hpp>
#include <rsx/s3/checksum.hpp>
#include <rsx/s3/etag.hpp>
#include <rsx/s3/sigv4.hpp>

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace rsx::s3 {

struct body_promise {
    std::optional<std::uint64_t> size{};  // of the decoded body
    std::string sha256{};                 // hexadecimal, or empty
    std::optional<std::array<std::byte, 16>> md5{};
    std::optional<checksum_kind> kind{};  // that the client sends in one of the two ways
    std::optional<checksum> sum{};        // stated in the head
    bool in_trailer{false};
};

namespace detail {

inline result<void> read_content_md5(const header_list& headers, body_promise& promise) {
    const auto given = headers.get("content-md5");
    if (!given) return {};
    const auto raw = digest::base64_decode(trimmed(*given).substr(0, 64));
    if (!raw || raw->size() != 16) return fail(error_code::invalid_digest);
    std::ranges::copy(*raw, promise.md5.emplace().begin());
    return {};
}

inline result<void> read_stated_checksum(const header_list& headers, body_promise& promise) {
    for (const auto& field : headers) {
        const auto kind = checksum_kind_of_header(field.name);
        if (!kind) continue;
        if (promise.kind)
            return fail(error_code::invalid_request,
                        "Expecting a single x-amz-checksum- header. Multiple checksum Types are "
                        "not allowed.");
        promise.kind = kind;
        promise.sum = parse_checksum(*kind, field.value);
        if (!promise.sum || promise.sum->parts != 0)
            return fail(error_code::invalid_request,
                        "Value for " + lower(field.name) + " header is invalid.");
    }
    return {};
}

inline result<void> read_announced_trailer(const verified_request& verified,
                                           body_promise& promise) {
    const auto announced = verified.asked().headers.get("x-amz-trailer");
    if (!announced || !has_trailers(verified.payload())) return {};
    for (const auto part : split(*announced, ',')) {
        const auto kind = checksum_kind_of_header(trimmed(part));
        if (!kind)
            return fail(error_code::invalid_request,
                        "The value specified in the x-amz-trailer header is not supported");
        if (promise.kind)
            return fail(error_code::invalid_request,
                        "Expecting a single x-amz-checksum- header. Multiple checksum Types are "
                        "not allowed.");
        promise.kind = kind;
        promise.in_trailer = true;
    }
    return {};
}

inline result<void> check_sdk_algorithm(const header_list& headers, const body_promise& promise) {
    const auto named = headers.get("x-amz-sdk-checksum-algorithm");
    if (!named) return {};
    const auto kind = checksum_kind_named(trimmed(*named));
    if (!kind || (promise.kind && promise.kind != kind))
        return fail(error_code::invalid_request,
                    "Value for x-amz-sdk-checksum-algorithm header is invalid.");
    if (!promise.kind)
        return fail(error_code::invalid_request,
                    "x-amz-sdk-checksum-algorithm specified, but no corresponding "
                    "x-amz-checksum-* or x-amz-trailer headers were found.");
    return {};
}

inline result<void> read_size(const verified_request& verified, body_promise& promise) {
    constexpr auto max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    const auto name = is_chunked(verified.payload())
                          ? std::string_view{"x-amz-decoded-content-length"}
                          : std::string_view{"content-length"};
    const auto given = verified.asked().headers.get(name);
    if (!given) return {};
    promise.size = number_in(trimmed(*given), max);
    if (!promise.size)
        return fail_argument(name, *given, "The value of " + std::string{name} + " is invalid.");
    return {};
}

}  // namespace detail

[[nodiscard]] inline result<body_promise> body_promise_of(const verified_request& verified) {
    const auto& headers = verified.asked().headers;
    body_promise promise;
    promise.sha256 = verified.payload_sha256();
    if (auto ok = detail::read_size(verified, promise); !ok)
        return std::unexpected(std::move(ok.error()));
    if (auto ok = detail::read_content_md5(headers, promise); !ok)
        return std::unexpected(std::move(ok.error()));
    if (auto ok = detail::read_stated_checksum(headers, promise); !ok)
        return std::unexpected(std::move(ok.error()));
    if (auto ok = detail::read_announced_trailer(verified, promise); !ok)
        return std::unexpected(std::move(ok.error()));
    if (auto ok = detail::check_sdk_algorithm(headers, promise); !ok)
        return std::unexpected(std::move(ok.error()));
    return promise;
}

// An upload must say how long it is: 411 where it does not, EntityTooLarge above one PUT's limit.
[[nodiscard]] inline result<body_promise> upload_promise_of(
    const verified_request& verified, std::uint64_t bytes_max = limits::put_bytes_max) {
    auto promise = body_promise_of(verified);
    if (!promise) return promise;
    if (!promise->size) return fail(error_code::missing_content_length);
    if (*promise->size <= bytes_max) return promise;
    error refused{error_code::entity_too_large};
    refused.with("ProposedSize", std::to_string(*promise->size));
    refused.with("MaxSizeAllowed", std::to_string(bytes_max));
    return std::unexpected(std::move(refused));
}

struct body_facts {
    std::uint64_t size{0};
    etag tag{};                     // zeros if no MD5 was wanted
    std::optional<checksum> sum{};  // of the kind asked for
};

enum class md5_wanted : bool { no, yes };

class body_check {
public:
    // `otherwise` is the kind to compute when the client names none: CRC64NVME, as Amazon does.
    explicit body_check(body_promise promise, md5_wanted md5 = md5_wanted::yes,
                        std::optional<checksum_kind> otherwise = checksum_kind::crc64nvme)
        : promise_{std::move(promise)} {
        if (md5 == md5_wanted::yes || promise_.md5) md5_.emplace();
        if (!promise_.sha256.empty()) sha256_.emplace();
        if (const auto kind = promise_.kind ? promise_.kind : otherwise) sum_.emplace(*kind);
    }

    // The next decoded bytes of the body.
    void update(byte_view bytes) {
        size_ += bytes.size();
        if (md5_) md5_->update(bytes);
        if (sha256_) sha256_->update(bytes);
        if (sum_) sum_->update(bytes);
    }

    // More bytes than promised: no need to wait for the end.
    [[nodiscard]] bool too_long() const noexcept { return promise_.size && size_ > *promise_.size; }

    [[nodiscard]] result<body_facts> finish(const header_list& trailers = {}) {
        if (promise_.size && size_ != *promise_.size) return fail(error_code::incomplete_body);
        if (sha256_) {
            const auto computed = hex(sha256_->finish());
            if (computed != promise_.sha256) {
                error refused{error_code::x_amz_content_sha256_mismatch};
                refused.with("ClientComputedContentSHA256", promise_.sha256);
                refused.with("S3ComputedContentSHA256", computed);
                return std::unexpected(std::move(refused));
            }
        }
        body_facts facts;
        facts.size = size_;
        if (md5_) facts.tag.md5 = md5_->finish();
        if (promise_.md5 && *promise_.md5 != facts.tag.md5) {
            error refused{error_code::bad_digest,
                          "The Content-MD5 you specified did not match what we received."};
            refused.with("ExpectedDigest", digest::base64_encode(*promise_.md5));
            refused.with("CalculatedDigest", digest::base64_encode(facts.tag.md5));
            return std::unexpected(std::move(refused));
        }
        if (sum_) facts.sum = sum_->finish();
        // A checksum nobody announced could not have been computed: it must not pass unseen.
        for (const auto& field : trailers)
            if (const auto kind = checksum_kind_of_header(field.name);
                kind &&
                (!promise_.in_trailer || kind != promise_.kind || trailers.count(field.name) != 1))
                return fail(error_code::malformed_trailer);
        if (promise_.in_trailer) {
            const auto given = trailers.get(s3::facts_of(*promise_.kind).header);
            if (!given) return fail(error_code::malformed_trailer);
            promise_.sum = parse_checksum(*promise_.kind, *given);
            if (!promise_.sum || promise_.sum->parts != 0)
                return fail(error_code::invalid_request,
                            "Value for " + std::string{s3::facts_of(*promise_.kind).header} +
                                " trailing header is invalid.");
        }
        if (promise_.sum && *promise_.sum != *facts.sum)
            return fail(error_code::bad_digest,
                        "The " + std::string{name_of(*promise_.kind)} +
                            " you specified did not match the calculated checksum.");
        return facts;
    }

private:
    body_promise promise_;
    std::uint64_t size_{0};
    std::optional<digest::md5> md5_{};
    std::optional<digest::sha256> sha256_{};
    std::optional<checksummer> sum_{};
};

}  // namespace rsx::s3
