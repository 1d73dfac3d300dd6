// SPDX-License-Identifier: Apache-2.0

// Continuation tokens of ListObjectsV2: where the next page begins, spelt so that nobody relies on
// it.
//
//     auto token = s3::make_list_token("photos/cat.jpg");
//     auto from  = s3::read_list_token(token);            // "photos/cat.jpg" again
//
// base64url of: format byte 1 · kind byte · CRC32C of kind and key, little-endian · key. A token is
// position, not permission: whoever may list may start anywhere. The sum is there so that a
// mangled token is an InvalidArgument instead of a page from somewhere else.
#pragma once

#include <rsx/core/bytes.hpp>
#include <rsx/core/limits.hpp>
#include <rsx/digest/base64.hpp>
#include <rsx/digest/crc.hpp>
#include <rsx/s3/error.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace rsx::s3 {

// What the last page ended with: a key, or a common prefix all of whose keys are to be passed over.
enum class list_position : std::uint8_t { after_key = 0, after_prefix = 1 };

struct list_start {
    std::string text;
    list_position position{list_position::after_key};
    friend bool operator==(const list_start&, const list_start&) = default;
};

namespace detail {

inline constexpr std::size_t list_token_head = 6;

inline std::uint32_t list_token_sum(list_position position, std::string_view key) noexcept {
    const std::byte kind[1]{static_cast<std::byte>(position)};
    digest::crc32c sum;
    sum.update(kind);
    sum.update(bytes_of(key));
    return sum.value();
}

}  // namespace detail

[[nodiscard]] inline std::string make_list_token(
    std::string_view text, list_position position = list_position::after_key) {
    std::string raw(detail::list_token_head, '\0');
    raw[0] = 1;
    raw[1] = static_cast<char>(position);
    const byte_span bytes{reinterpret_cast<std::byte*>(raw.data()), raw.size()};
    store_le<std::uint32_t>(bytes.subspan(2), detail::list_token_sum(position, text));
    raw += text;
    return digest::base64url_encode(bytes_of(raw));
}

[[nodiscard]] inline result<list_start> read_list_token(std::string_view token) {
    const auto refused = [&] {
        return fail_argument("continuation-token", token,
                             "The continuation token provided is incorrect");
    };
    if (token.size() > 2 * (limits::key_bytes_max + detail::list_token_head)) return refused();
    const auto raw = digest::base64url_decode(token);
    if (!raw || raw->size() < detail::list_token_head) return refused();
    const byte_view bytes{*raw};
    const auto kind = std::to_integer<unsigned>(bytes[1]);
    if (bytes[0] != std::byte{1} || kind > 1) return refused();
    list_start start{std::string{text_of(bytes.subspan(detail::list_token_head))},
                     static_cast<list_position>(kind)};
    if (load_le<std::uint32_t>(bytes.subspan(2)) !=
        detail::list_token_sum(start.position, start.text))
        return refused();
    return start;
}

}  // namespace rsx::s3
