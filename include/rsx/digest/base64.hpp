// SPDX-License-Identifier: Apache-2.0

// Base64 (RFC 4648 §4, with padding) and base64url (§5, without), as S3 headers and tokens use it.
//
//     std::string text = rsx::digest::base64_encode(md5);                 // Content-MD5
//     auto bytes = rsx::digest::base64_decode(header);                    //
//     result<std::vector<...>>
//
// Decoding is strict: one text per byte string. No white space, no missing padding, no stray bits
// in the last digit; the error's detail is where it went wrong. O(n), one allocation.
#pragma once

#include <rsx/core/bytes.hpp>
#include <rsx/core/error.hpp>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace rsx::digest {

namespace detail {

struct base64_alphabet {
    std::string_view digits;
    bool padded;

    [[nodiscard]] constexpr std::array<std::uint8_t, 256> values() const noexcept {
        std::array<std::uint8_t, 256> table{};
        table.fill(64);  // no digit
        for (std::size_t i = 0; i < digits.size(); ++i)
            table[static_cast<unsigned char>(digits[i])] = static_cast<std::uint8_t>(i);
        return table;
    }
};

inline constexpr base64_alphabet base64_plain{
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", true};
inline constexpr base64_alphabet base64_url{
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", false};

[[nodiscard]] inline std::string base64_write(byte_view in, const base64_alphabet& alphabet) {
    std::string out;
    out.reserve((in.size() + 2) / 3 * 4);
    while (!in.empty()) {
        const std::size_t n = in.size() < 3 ? in.size() : 3;
        std::uint32_t group = 0;  // 24 bits, first byte on top
        for (std::size_t i = 0; i < n; ++i)
            group |= std::to_integer<std::uint32_t>(in[i]) << (16 - 8 * i);
        for (std::size_t i = 0; i < 4; ++i) {
            if (i <= n)
                out += alphabet.digits[(group >> (18 - 6 * i)) & 63];
            else if (alphabet.padded)
                out += '=';
        }
        in = in.subspan(n);
    }
    return out;
}

template <const base64_alphabet& Alphabet>
[[nodiscard]] result<std::vector<std::byte>> base64_read(std::string_view text) {
    static constexpr auto values = Alphabet.values();
    std::string_view digits = text;
    if constexpr (Alphabet.padded) {
        if (text.size() % 4 != 0) return fail(errc::invalid, "base64: length", text.size());
        if (digits.ends_with('=')) digits.remove_suffix(1);
        if (digits.ends_with('=')) digits.remove_suffix(1);
    }
    if (digits.size() % 4 == 1) return fail(errc::invalid, "base64: length", text.size());

    std::vector<std::byte> out;
    out.reserve(digits.size() / 4 * 3 + 2);
    std::uint32_t held = 0;  // digits not yet given out as bytes
    unsigned bits = 0;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        const std::uint32_t value = values[static_cast<unsigned char>(digits[i])];
        if (value == 64) return fail(errc::invalid, "base64: no digit at", i);
        held = ((held << 6) | value) & 0xffff;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        out.push_back(static_cast<std::byte>((held >> bits) & 255));
    }
    if ((held & ((1u << bits) - 1)) != 0)
        return fail(errc::invalid, "base64: stray bits at the end", digits.size());
    return out;
}

}  // namespace detail

[[nodiscard]] inline std::string base64_encode(byte_view bytes) {
    return detail::base64_write(bytes, detail::base64_plain);
}
[[nodiscard]] inline result<std::vector<std::byte>> base64_decode(std::string_view text) {
    return detail::base64_read<detail::base64_plain>(text);
}

[[nodiscard]] inline std::string base64url_encode(byte_view bytes) {
    return detail::base64_write(bytes, detail::base64_url);
}
[[nodiscard]] inline result<std::vector<std::byte>> base64url_decode(std::string_view text) {
    return detail::base64_read<detail::base64_url>(text);
}

}  // namespace rsx::digest
