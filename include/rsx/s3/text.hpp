// SPDX-License-Identifier: Apache-2.0

// The few text functions a protocol of headers needs: ASCII case, trimming, strict numbers, UTF-8.
//
//     s3::same_ignoring_case("ETag", "etag");     // true
//     s3::number_in("00017", 100);                // 17
//     s3::number_in("-1", 100);                   // nothing: digits only, and at most 100
//
// No locale, no allocation but for what returns a string; nothing is shared.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rsx::s3 {

[[nodiscard]] constexpr char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

[[nodiscard]] inline std::string lower(std::string_view text) {
    std::string out{text};
    for (char& c : out) c = lower(c);
    return out;
}

[[nodiscard]] constexpr bool same_ignoring_case(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower(x) == lower(y); });
}

[[nodiscard]] constexpr bool begins_ignoring_case(std::string_view text,
                                                  std::string_view prefix) noexcept {
    return text.size() >= prefix.size() &&
           same_ignoring_case(text.substr(0, prefix.size()), prefix);
}

[[nodiscard]] constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
[[nodiscard]] constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

// The value of a hexadecimal digit, or -1.
[[nodiscard]] constexpr int hex_digit(char c) noexcept {
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

[[nodiscard]] constexpr bool is_lower_hex(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
}

[[nodiscard]] constexpr std::string_view trimmed(std::string_view text) noexcept {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

// Decimal digits only, and not above `max`.
[[nodiscard]] constexpr std::optional<std::uint64_t> number_in(std::string_view text,
                                                               std::uint64_t max) noexcept {
    if (text.empty()) return std::nullopt;
    std::uint64_t value = 0;
    for (const char c : text) {
        if (!is_digit(c)) return std::nullopt;
        const auto digit = static_cast<std::uint64_t>(c - '0');
        if (value > (max - std::min(max, digit)) / 10) return std::nullopt;
        value = value * 10 + digit;
        if (value > max) return std::nullopt;
    }
    return value;
}

// The parts between separators, as they are; "a,,b" has three.
[[nodiscard]] inline std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        const auto at = text.find(separator);
        parts.push_back(text.substr(0, at));
        if (at == std::string_view::npos) return parts;
        text.remove_prefix(at + 1);
    }
}

// Well-formed UTF-8: shortest forms only, no surrogates, nothing above U+10FFFF (RFC 3629).
[[nodiscard]] constexpr bool is_utf8(std::string_view text) noexcept {
    for (std::size_t i = 0; i < text.size();) {
        const auto first = static_cast<unsigned char>(text[i]);
        const std::size_t length = first < 0x80   ? 1
                                   : first < 0xc2 ? 0
                                   : first < 0xe0 ? 2
                                   : first < 0xf0 ? 3
                                   : first < 0xf5 ? 4
                                                  : 0;
        if (length == 0 || text.size() - i < length) return false;
        for (std::size_t j = 1; j < length; ++j) {
            const auto next = static_cast<unsigned char>(text[i + j]);
            if ((next & 0xc0) != 0x80) return false;
            if (j > 1) continue;
            if (first == 0xe0 && next < 0xa0) return false;  // overlong
            if (first == 0xed && next > 0x9f) return false;  // surrogate
            if (first == 0xf0 && next < 0x90) return false;  // overlong
            if (first == 0xf4 && next > 0x8f) return false;  // above U+10FFFF
        }
        i += length;
    }
    return true;
}

}  // namespace rsx::s3
