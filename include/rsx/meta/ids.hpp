// SPDX-License-Identifier: Apache-2.0

// The opaque names that users of S3 get to see: version ids and upload ids.
//
//     std::string shown = rsx::meta::to_string(rsx::meta::version_id{.seq = 7, .nonce = nonce});
//     auto named = rsx::meta::parse_version_id(shown);       // errc::invalid if it is none of ours
//
// Each names its row directly. A version id is base64url of the sequence (6 bytes) and a nonce (12
// random bytes), 24 characters; an upload id is base64url of the start (8 bytes, ms) and an id
// (16), 32 characters. Whoever guesses a sequence still lacks the nonce; the row holds it.
#pragma once

#include <rsx/core/object_id.hpp>
#include <rsx/digest/base64.hpp>

#include <algorithm>

namespace rsx::meta {

using nonce = std::array<std::byte, 12>;

inline constexpr std::uint64_t seq_max = (std::uint64_t{1} << 48) - 1;

struct version_id {
    std::uint64_t seq{0};
    meta::nonce nonce{};
    friend bool operator==(const version_id&, const version_id&) = default;
};

[[nodiscard]] inline std::string to_string(const version_id& id) {
    RSX_ASSERT(id.seq <= seq_max);
    std::array<std::byte, 20> raw;
    store_be(byte_span{raw}, id.seq);
    std::ranges::copy(id.nonce, raw.begin() + 8);
    return digest::base64url_encode(byte_view{raw}.subspan(2));
}

[[nodiscard]] inline result<version_id> parse_version_id(std::string_view text) {
    if (text.size() != 24) return fail(errc::invalid, "version id: length", text.size());
    const auto raw = digest::base64url_decode(text);
    if (!raw) return std::unexpected(raw.error());
    version_id out;
    for (std::size_t i = 0; i < 6; ++i)
        out.seq = (out.seq << 8) | std::to_integer<std::uint64_t>((*raw)[i]);
    std::copy(raw->begin() + 6, raw->end(), out.nonce.begin());
    return out;
}

struct upload_id {
    std::uint64_t initiated_ms{0};
    object_id id{};
    friend bool operator==(const upload_id&, const upload_id&) = default;
};

[[nodiscard]] inline std::string to_string(const upload_id& upload) {
    std::array<std::byte, 24> raw;
    store_be(byte_span{raw}, upload.initiated_ms);
    std::ranges::copy(upload.id.bytes(), raw.begin() + 8);
    return digest::base64url_encode(raw);
}

[[nodiscard]] inline result<upload_id> parse_upload_id(std::string_view text) {
    if (text.size() != 32) return fail(errc::invalid, "upload id: length", text.size());
    const auto raw = digest::base64url_decode(text);
    if (!raw) return std::unexpected(raw.error());
    return upload_id{.initiated_ms = load_be<std::uint64_t>(*raw),
                     .id = object_id::of(byte_view{*raw}.subspan(8))};
}

}  // namespace rsx::meta
