// SPDX-License-Identifier: Apache-2.0

// The one byte range S3 understands in a GET, and the one it demands in UploadPartCopy.
//
//     auto range = s3::range_of(headers.get("range"), object_size);
//     if (!range) return answer(range.error());            // 416, names the object's size
//     if (*range) status = 206, content_range = s3::content_range(**range, object_size);
//
// Of a Range header S3 does what HTTP allows a server to do: what is malformed, in another unit or
// more than one range is ignored and the whole object comes. A range that starts at or behind the
// end, and every range of an empty object, is 416.
#pragma once

#include <rsx/s3/error.hpp>
#include <rsx/s3/text.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace rsx::s3 {

// Bytes [offset, offset + length) of an object; never empty.
struct byte_range {
    std::uint64_t offset;
    std::uint64_t length;
    [[nodiscard]] std::uint64_t last() const noexcept { return offset + length - 1; }
    friend bool operator==(const byte_range&, const byte_range&) = default;
};

namespace detail {

struct range_spec {
    std::optional<std::uint64_t> first, last;  // only last: the last so many bytes
};

// "bytes=first-last", "bytes=first-", "bytes=-count"; digits beyond 2^64 are not digits we know.
inline std::optional<range_spec> parse_range_spec(std::string_view text) noexcept {
    constexpr auto max = std::numeric_limits<std::uint64_t>::max();
    text = trimmed(text);
    if (!begins_ignoring_case(text, "bytes=")) return std::nullopt;
    text = trimmed(text.substr(6));
    const auto dash = text.find('-');
    if (dash == std::string_view::npos || text.size() == 1) return std::nullopt;
    range_spec spec;
    if (dash > 0 && !(spec.first = number_in(text.substr(0, dash), max))) return std::nullopt;
    if (dash + 1 < text.size() && !(spec.last = number_in(text.substr(dash + 1), max)))
        return std::nullopt;
    if (spec.first && spec.last && *spec.last < *spec.first) return std::nullopt;
    return spec;
}

}  // namespace detail

// Nothing: send the whole object.
[[nodiscard]] inline result<std::optional<byte_range>> range_of(
    std::optional<std::string_view> range_header, std::uint64_t size) {
    if (!range_header) return std::nullopt;
    const auto spec = detail::parse_range_spec(*range_header);
    if (!spec) return std::nullopt;
    const bool suffix = !spec->first;
    const std::uint64_t first = suffix ? size - std::min(size, *spec->last) : *spec->first;
    if (first >= size) {
        error refused{error_code::invalid_range};
        refused.with("RangeRequested", std::string{trimmed(*range_header)});
        refused.with("ActualObjectSize", std::to_string(size));
        return std::unexpected(std::move(refused));
    }
    const std::uint64_t last = suffix || !spec->last ? size - 1 : std::min(*spec->last, size - 1);
    return byte_range{first, last - first + 1};
}

// x-amz-copy-source-range: exactly "bytes=first-last", all of it within the source.
[[nodiscard]] inline result<byte_range> copy_range_of(std::string_view text, std::uint64_t size) {
    const auto spec = detail::parse_range_spec(text);
    if (!spec || !spec->first || !spec->last)
        return fail_argument("x-amz-copy-source-range", text,
                             "The x-amz-copy-source-range value must be of the form "
                             "bytes=first-last where first and last are the zero-based offsets of "
                             "the first and last bytes to copy");
    if (*spec->last >= size)
        return fail(
            error_code::invalid_range,
            "Range specified is not valid for source object of size: " + std::to_string(size));
    return byte_range{*spec->first, *spec->last - *spec->first + 1};
}

// "bytes 0-9/443"
[[nodiscard]] inline std::string content_range(const byte_range& range, std::uint64_t size) {
    return "bytes " + std::to_string(range.offset) + '-' + std::to_string(range.last()) + '/' +
           std::to_string(size);
}

}  // namespace rsx::s3
