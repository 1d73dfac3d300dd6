// SPDX-License-Identifier: Apache-2.0

// How a body is bound to its signature: the values of x-amz-content-sha256.
//
//     auto mode = s3::payload_mode_of("STREAMING-UNSIGNED-PAYLOAD-TRAILER");
//     if (s3::is_chunked(*mode)) …            // aws-chunked: s3/chunked.hpp takes it apart
//
// A hash in hexadecimal states the whole body. UNSIGNED-PAYLOAD states nothing. The STREAMING forms
// come as aws-chunked: every chunk signed, or none; trailers (a checksum) behind the data, or none.
#pragma once

#include <rsx/s3/text.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace rsx::s3 {

enum class payload_mode : std::uint8_t {
    hashed,                      // x-amz-content-sha256 is the SHA-256 of the body
    not_signed,                  // UNSIGNED-PAYLOAD
    streaming_signed,            // STREAMING-AWS4-HMAC-SHA256-PAYLOAD
    streaming_signed_trailer,    // STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER
    streaming_unsigned_trailer,  // STREAMING-UNSIGNED-PAYLOAD-TRAILER
};

inline constexpr std::array<std::pair<std::string_view, payload_mode>, 4> payload_words{{
    {"UNSIGNED-PAYLOAD", payload_mode::not_signed},
    {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", payload_mode::streaming_signed},
    {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", payload_mode::streaming_signed_trailer},
    {"STREAMING-UNSIGNED-PAYLOAD-TRAILER", payload_mode::streaming_unsigned_trailer},
}};

[[nodiscard]] constexpr std::optional<payload_mode> payload_mode_of(
    std::string_view value) noexcept {
    for (const auto& [word, mode] : payload_words)
        if (value == word) return mode;
    if (value.size() == 64 && is_lower_hex(value)) return payload_mode::hashed;
    return std::nullopt;
}

[[nodiscard]] constexpr bool is_chunked(payload_mode mode) noexcept {
    return mode >= payload_mode::streaming_signed;
}
[[nodiscard]] constexpr bool has_signed_chunks(payload_mode mode) noexcept {
    return mode == payload_mode::streaming_signed || mode == payload_mode::streaming_signed_trailer;
}
[[nodiscard]] constexpr bool has_trailers(payload_mode mode) noexcept {
    return mode == payload_mode::streaming_signed_trailer ||
           mode == payload_mode::streaming_unsigned_trailer;
}

}  // namespace rsx::s3
