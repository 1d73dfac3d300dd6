// SPDX-License-Identifier: Apache-2.0

// Entity tags: the MD5 of an object's bytes, or of its parts' MD5s with "-N" behind.
//
//     s3::etag whole{digest::md5_of(bytes)};
//     whole.text();                      // 900150983cd24fb0d6963f7d28e17f72
//     whole.quoted();                    // "900150983cd24fb0d6963f7d28e17f72"
//     s3::etag of_parts = s3::etag_of_parts(tags);    // …-3
//
// Clients compute these themselves and compare; that is why they are real. In XML and headers an
// ETag is quoted, and comes back quoted or not.
#pragma once

#include <rsx/core/bytes.hpp>
#include <rsx/digest/openssl.hpp>
#include <rsx/s3/text.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace rsx::s3 {

struct etag {
    std::array<std::byte, 16> md5{};
    std::uint32_t parts{0};  // 0: the MD5 is of the bytes themselves

    [[nodiscard]] std::string text() const {
        return parts == 0 ? hex(md5) : hex(md5) + '-' + std::to_string(parts);
    }
    [[nodiscard]] std::string quoted() const { return '"' + text() + '"'; }

    friend bool operator==(const etag&, const etag&) = default;
};

// The ETag of a multipart object: MD5 over the 16-byte MD5s of its parts in order.
[[nodiscard]] inline etag etag_of_parts(std::span<const etag> parts) {
    digest::md5 sum;
    for (const auto& part : parts) sum.update(part.md5);
    return {sum.finish(), static_cast<std::uint32_t>(parts.size())};
}

// Without the quotes, if it has both, and without the mark of a weak tag.
[[nodiscard]] constexpr std::string_view unquoted(std::string_view text) noexcept {
    text = trimmed(text);
    if (text.starts_with("W/")) text.remove_prefix(2);
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
        return text.substr(1, text.size() - 2);
    return text;
}

// 32 hexadecimal digits, quoted or not, and perhaps "-N" with N from 1 to 10,000.
[[nodiscard]] inline std::optional<etag> parse_etag(std::string_view text) noexcept {
    text = unquoted(text);
    etag tag;
    if (text.size() < 2 * tag.md5.size()) return std::nullopt;
    for (std::size_t i = 0; i < tag.md5.size(); ++i) {
        const int high = hex_digit(text[2 * i]);
        const int low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        tag.md5[i] = static_cast<std::byte>(high * 16 + low);
    }
    text.remove_prefix(2 * tag.md5.size());
    if (text.empty()) return tag;
    const auto parts = text.front() == '-' ? number_in(text.substr(1), 10'000) : std::nullopt;
    if (!parts || *parts == 0) return std::nullopt;
    tag.parts = static_cast<std::uint32_t>(*parts);
    return tag;
}

// Does a list as in If-Match name this tag? "*" names every tag.
[[nodiscard]] inline bool names_etag(std::string_view list, std::string_view tag) {
    for (const auto one : split(list, ','))
        if (trimmed(one) == "*" || same_ignoring_case(unquoted(one), unquoted(tag))) return true;
    return false;
}

}  // namespace rsx::s3
