// SPDX-License-Identifier: Apache-2.0

// ETags and checksums, as rows keep them: binary, with the form they are shown in.
//
//     rsx::meta::rows::etag tag{.md5 = md5_of_all, .parts = 0};
//     to_string(tag);                                   // "9bb58f26192e4ba00f01e2e7b136bbd8"
//     to_string(etag{md5_of_md5s, 3});                  // "…-3": a multipart upload's
//
// Quotes belong to HTTP, not here.
#pragma once

#include <rsx/meta/rows/described.hpp>

#include <algorithm>

namespace rsx::meta::rows {

struct etag {
    std::array<std::byte, 16> md5{};
    std::uint32_t parts{0};  // 0: not a multipart upload's

    friend bool operator==(const etag&, const etag&) = default;

    // 16 bytes, and the number of parts if there are any.
    [[nodiscard]] std::vector<std::byte> pack() const {
        std::vector<std::byte> out{md5.begin(), md5.end()};
        if (parts > 0) wire::put_varint(out, parts);
        return out;
    }
    [[nodiscard]] static result<etag> unpack(byte_view in) {
        etag out;
        if (in.size() < out.md5.size()) return fail(errc::corrupt, "etag: length", in.size());
        std::copy_n(in.begin(), out.md5.size(), out.md5.begin());
        in = in.subspan(out.md5.size());
        if (in.empty()) return out;
        const auto parts = wire::take_varint(in);
        if (!parts) return std::unexpected(parts.error());
        if (!in.empty() || *parts == 0 || *parts > 0xffff'ffff)
            return fail(errc::corrupt, "etag: number of parts", *parts);
        out.parts = static_cast<std::uint32_t>(*parts);
        return out;
    }
};

[[nodiscard]] inline std::string to_string(const etag& tag) {
    std::string text = hex(tag.md5);
    if (tag.parts > 0) {
        text += '-';
        text += std::to_string(tag.parts);
    }
    return text;
}

enum class checksum_kind : std::uint8_t { none, crc32, crc32c, sha1, sha256, crc64nvme };
enum class checksum_type : std::uint8_t { full_object, composite };

struct checksum {
    checksum_kind kind{checksum_kind::none};
    checksum_type type{checksum_type::full_object};
    std::vector<std::byte> value{};
    wire_extras extras{};

    static void describe(auto& self, auto&& field) {
        field(1, self.kind);
        field(3, self.type);
        field(5, self.value);
    }
    friend bool operator==(const checksum&, const checksum&) = default;
};

}  // namespace rsx::meta::rows
