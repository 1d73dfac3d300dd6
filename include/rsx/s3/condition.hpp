// SPDX-License-Identifier: Apache-2.0

// "Only if": the conditional headers of reads, copies and writes, with S3's precedence.
//
//     const auto when = s3::conditions_of(request.headers);
//     switch (s3::judge_read(when, {etag.text(), modified_ms})) {
//         case s3::verdict::proceed: break;
//         case s3::verdict::not_modified: return status(304);
//         case s3::verdict::failed: return s3::fail(s3::error_code::precondition_failed);
//     }
//
// If-Match that holds makes If-Unmodified-Since irrelevant; If-None-Match that is given makes
// If-Modified-Since irrelevant (RFC 9110 §13.2.2, and Amazon's tables say the same). HTTP dates
// have whole seconds, so moments are compared in whole seconds; a date nobody can read is no
// condition. The same rules judge x-amz-copy-source-if-…, where 304 does not exist and 412 takes
// its place.
#pragma once

#include <rsx/s3/date.hpp>
#include <rsx/s3/error.hpp>
#include <rsx/s3/etag.hpp>
#include <rsx/s3/head.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rsx::s3 {

struct conditions {
    std::optional<std::string> match{};       // a list of tags, or *
    std::optional<std::string> none_match{};  // a list of tags, or *
    std::optional<std::int64_t> modified_since_ms{};
    std::optional<std::int64_t> unmodified_since_ms{};

    [[nodiscard]] bool any() const noexcept {
        return match || none_match || modified_since_ms || unmodified_since_ms;
    }
};

enum class verdict : std::uint8_t { proceed, not_modified, failed };

struct state_of_object {
    std::string_view etag;  // quoted or not
    std::int64_t modified_ms;
};

namespace detail {

inline conditions conditions_named(const header_list& headers, const std::string& prefix) {
    conditions when;
    if (const auto v = headers.get(prefix + "if-match")) when.match = *v;
    if (const auto v = headers.get(prefix + "if-none-match")) when.none_match = *v;
    if (const auto v = headers.get(prefix + "if-modified-since"))
        when.modified_since_ms = parse_http_date(*v);
    if (const auto v = headers.get(prefix + "if-unmodified-since"))
        when.unmodified_since_ms = parse_http_date(*v);
    return when;
}

// Rounded down, also before 1970.
constexpr std::int64_t seconds_of(std::int64_t ms) noexcept {
    return ms / 1000 - (ms % 1000 < 0 ? 1 : 0);
}

}  // namespace detail

[[nodiscard]] inline conditions conditions_of(const header_list& headers) {
    return detail::conditions_named(headers, "");
}
[[nodiscard]] inline conditions copy_conditions_of(const header_list& headers) {
    return detail::conditions_named(headers, "x-amz-copy-source-");
}

// GET and HEAD of an object that is there.
[[nodiscard]] inline verdict judge_read(const conditions& when, const state_of_object& object) {
    const auto modified = detail::seconds_of(object.modified_ms);
    if (when.match) {
        if (!names_etag(*when.match, object.etag)) return verdict::failed;
    } else if (when.unmodified_since_ms) {
        if (modified > detail::seconds_of(*when.unmodified_since_ms)) return verdict::failed;
    }
    if (when.none_match) {
        if (names_etag(*when.none_match, object.etag)) return verdict::not_modified;
    } else if (when.modified_since_ms) {
        if (modified <= detail::seconds_of(*when.modified_since_ms)) return verdict::not_modified;
    }
    return verdict::proceed;
}

// The source of a copy.
[[nodiscard]] inline result<void> judge_copy_source(const conditions& when,
                                                    const state_of_object& source) {
    if (judge_read(when, source) == verdict::proceed) return {};
    return fail(error_code::precondition_failed);
}

// A write or delete under If-Match or If-None-Match; `current` is what it would replace, if
// anything. If-None-Match knows only "*" for writes.
[[nodiscard]] inline result<void> judge_write(const conditions& when,
                                              const std::optional<state_of_object>& current) {
    if (when.none_match && trimmed(*when.none_match) != "*")
        return fail(error_code::not_implemented);
    if (when.none_match && current) {
        error refused{error_code::precondition_failed};
        refused.with("Condition", "If-None-Match");
        return std::unexpected(std::move(refused));
    }
    if (!when.match) return {};
    if (!current) return fail(error_code::no_such_key);
    if (names_etag(*when.match, current->etag)) return {};
    error refused{error_code::precondition_failed};
    refused.with("Condition", "If-Match");
    return std::unexpected(std::move(refused));
}

}  // namespace rsx::s3
