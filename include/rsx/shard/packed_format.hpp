// SPDX-License-Identifier: Apache-2.0

// What the log of a segment store is made of: shards, and the names of those that are gone.
//
//     shard    u8 1 · u8[3] 0 · u32 must · u32 bytes · u32 header bytes · header · sums · blocks
//     erased   u8 2 · u8[3] 0 · u32 must · id
//
// Each is a record of rsx::wal, which binds it to its place and checks it. Numbers little-endian,
// ids big-endian. Layout: docs/reference/segment-store.md. Pure functions.
#pragma once

#include <rsx/shard/checksum.hpp>
#include <rsx/shard/header_format.hpp>

namespace rsx::shard {

inline constexpr std::uint32_t packed_must_known = 0;
inline constexpr std::size_t packed_fixed = 16;

[[nodiscard]] inline std::vector<std::byte> encode_packed(const header& about,
                                                          std::span<const std::uint32_t> sums,
                                                          std::span<const slice> blocks) {
    std::size_t bytes = 0;
    for (const slice& each : blocks) bytes += each.size();
    const std::size_t fields = header_fields_size(about);
    std::vector<std::byte> raw(packed_fixed + fields + 4 * sums.size() + bytes);
    field_out out{raw};
    out.number(std::uint32_t{1});
    out.number(std::uint32_t{0});
    out.number(static_cast<std::uint32_t>(bytes));
    out.number(static_cast<std::uint32_t>(fields));
    put_header(out, about);
    for (const std::uint32_t sum : sums) out.number(sum);
    for (const slice& each : blocks) out.bytes(each.view());
    return raw;
}

[[nodiscard]] inline std::vector<std::byte> encode_erased(const id& which) {
    std::vector<std::byte> raw(8 + id::bytes_size);
    field_out out{raw};
    out.number(std::uint32_t{2});
    out.number(std::uint32_t{0});
    out.bytes(key_of(which));
    return raw;
}

struct packed_shard {
    bool erased{false};
    header about{};  // of one that is erased, only the id
    std::vector<std::uint32_t> sums{};
    byte_view blocks{};  // in the record
};

[[nodiscard]] inline result<packed_shard> decode_packed(byte_view raw) {
    if (raw.size() < 8) return fail(errc::corrupt, "a packed shard is too short");
    field_in in{raw};
    const auto kind = in.number<std::uint32_t>();
    if (const auto must = in.number<std::uint32_t>(); (must & ~packed_must_known) != 0) {
        return fail(errc::unsupported, "a packed shard of a later format", must);
    }
    packed_shard out;
    if (kind == 2 && in.left() == id::bytes_size) {
        out.erased = true;
        out.about.id = id_of(in.bytes(id::bytes_size));
        return out;
    }
    if (kind != 1 || in.left() < 8) return fail(errc::corrupt, "not a packed shard", kind);
    const std::size_t bytes = in.number<std::uint32_t>();
    const std::size_t fields = in.number<std::uint32_t>();
    if (in.left() < fields || in.left() - fields != 4 * blocks_in(bytes) + bytes) {
        return fail(errc::corrupt, "a packed shard's lengths do not agree", bytes);
    }
    field_in head{in.bytes(fields)};
    auto about = take_header(head);
    if (!about) return std::unexpected(about.error());
    out.about = std::move(*about);
    out.sums.resize(blocks_in(bytes));
    for (auto& sum : out.sums) sum = in.number<std::uint32_t>();
    out.blocks = in.bytes(bytes);
    return out;
}

}  // namespace rsx::shard
