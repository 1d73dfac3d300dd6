// SPDX-License-Identifier: Apache-2.0

// One shard as one file: a page of header, the blocks, a footer with their checksums.
//
//     header   4096 bytes   magic, format word, all of shard::header, CRC32C in the last four
//     blocks   8 KiB each, the last may be short
//     footer   48 + 4 n     magic, format word, length, hash, the header's CRC, n checksums, CRC32C
//     zeros to the next page
//
//     buffer file = shard::encode_file(header, blocks, sums);          // small shards: one write
//     auto about = shard::decode_header(page);
//     auto footer = shard::decode_footer(bytes, about->crc);
//
// Numbers are little-endian, ids big-endian. The file's name says id, length, hash and writer, so
// that a directory is opened by listing it; what the name says is checked against the footer when
// the file is read. Everything is whole pages for direct I/O. Pure functions on bytes.
// Layout, field by field: docs/reference/shard-file.md.
#pragma once

#include <rsx/shard/checksum.hpp>
#include <rsx/shard/header_format.hpp>

namespace rsx::shard {

inline constexpr std::size_t file_page = 4096;
inline constexpr std::uint16_t file_level = 1;
inline constexpr std::uint32_t file_must_known = 0;  // bits of `must` this build understands
inline constexpr std::string_view header_magic = "rsxshard";
inline constexpr std::string_view footer_magic = "rsxsums1";
inline constexpr std::size_t footer_fixed = 48;

[[nodiscard]] constexpr std::size_t footer_size(std::uint64_t bytes) noexcept {
    return footer_fixed + 4 * blocks_in(bytes);
}
[[nodiscard]] constexpr std::uint64_t file_size(std::uint64_t bytes) noexcept {
    const std::uint64_t all = file_page + bytes + footer_size(bytes);
    return (all + file_page - 1) / file_page * file_page;
}

namespace detail {

// magic u64, level u16, zero u16, must u32, may u32
inline void put_format(field_out& out, std::string_view magic) noexcept {
    out.bytes(bytes_of(magic));
    out.number(file_level);
    out.number(std::uint16_t{0});
    out.number(std::uint32_t{0});
    out.number(std::uint32_t{0});
}
[[nodiscard]] inline result<void> take_format(field_in& in) {
    in.bytes(8 + 2 + 2);
    if (const auto must = in.number<std::uint32_t>(); (must & ~file_must_known) != 0) {
        return fail(errc::unsupported, "a shard file of a later format", must);
    }
    in.number<std::uint32_t>();
    return {};
}

}  // namespace detail

// `page` is file_page bytes, zeroed; answers its checksum. The header has passed check_header.
inline std::uint32_t encode_header(const header& h, byte_span page) noexcept {
    field_out out{page};
    detail::put_format(out, header_magic);
    put_header(out, h);
    const std::uint32_t crc = digest::crc32c_of(page.first(file_page - 4));
    store_le(page.subspan(file_page - 4), crc);
    return crc;
}

struct decoded_header {
    header about{};
    std::uint32_t crc{0};
};

[[nodiscard]] inline result<decoded_header> decode_header(byte_view page) {
    if (page.size() < file_page || text_of(page.first(8)) != header_magic) {
        return fail(errc::corrupt, "not a shard file");
    }
    const std::uint32_t crc = digest::crc32c_of(page.first(file_page - 4));
    if (crc != load_le<std::uint32_t>(page.subspan(file_page - 4))) {
        return fail(errc::corrupt, "a shard file's header is broken");
    }
    field_in in{page.first(file_page - 4)};
    if (auto ok = detail::take_format(in); !ok) return std::unexpected(ok.error());
    auto about = take_header(in);
    if (!about) return std::unexpected(about.error());
    return decoded_header{.about = std::move(*about), .crc = crc};
}

// `out` is footer_size bytes.
inline void encode_footer(std::uint64_t bytes, std::span<const std::uint32_t> sums,
                          std::uint32_t header_crc, byte_span raw) noexcept {
    field_out out{raw};
    detail::put_format(out, footer_magic);
    out.number(static_cast<std::uint32_t>(sums.size()));
    out.number(bytes);
    out.number(hash_of(sums));
    out.number(header_crc);
    for (const std::uint32_t sum : sums) out.number(sum);
    out.number(digest::crc32c_of(raw.first(raw.size() - 4)));
}

struct decoded_footer {
    sealed what{};
    std::vector<std::uint32_t> sums{};
};

// `raw` is footer_size(bytes) bytes.
[[nodiscard]] inline result<decoded_footer> decode_footer(byte_view raw, std::uint64_t bytes,
                                                          std::uint32_t header_crc) {
    RSX_ASSERT(raw.size() == footer_size(bytes));
    if (text_of(raw.first(8)) != footer_magic) {
        return fail(errc::corrupt, "a shard file's footer is not where it should be");
    }
    const byte_view covered = raw.first(raw.size() - 4);
    if (digest::crc32c_of(covered) != load_le<std::uint32_t>(raw.subspan(covered.size()))) {
        return fail(errc::corrupt, "a shard file's footer is broken");
    }
    field_in in{covered};
    if (auto ok = detail::take_format(in); !ok) return std::unexpected(ok.error());
    const auto count = in.number<std::uint32_t>();
    decoded_footer made;
    made.what.bytes = in.number<std::uint64_t>();
    made.what.hash = in.number<std::uint64_t>();
    if (in.number<std::uint32_t>() != header_crc) {
        return fail(errc::corrupt, "a shard file's footer belongs to another header");
    }
    if (made.what.bytes != bytes || count != blocks_in(bytes)) {
        return fail(errc::corrupt, "a shard file is not as long as its name says", bytes);
    }
    made.sums.resize(count);
    for (auto& sum : made.sums) sum = in.number<std::uint32_t>();
    return made;
}

// "<id>.<bytes>.<hash>.<writer>", each of fixed width.
[[nodiscard]] inline std::string file_name(const listed& what) {
    std::array<std::byte, 24> numbers;
    store_be(byte_span{numbers}, what.bytes);
    store_be(byte_span{numbers}.subspan(8), what.hash);
    store_be(byte_span{numbers}.subspan(16), what.writer);
    std::string name = name_of(what.id);
    for (std::size_t i = 0; i < 3; ++i) name += '.' + hex(byte_view{numbers}.subspan(8 * i, 8));
    return name;
}

[[nodiscard]] inline std::optional<listed> parse_file_name(std::string_view name) {
    constexpr std::size_t id_size = 2 * id::bytes_size;
    if (name.size() != id_size + 3 * 17) return std::nullopt;
    const auto which = id_of_name(name.substr(0, id_size));
    std::array<std::uint64_t, 3> numbers{};
    for (std::size_t i = 0; i < 3; ++i) {
        const auto number = number_of_hex(name.substr(id_size + 17 * i + 1, 16));
        if (name[id_size + 17 * i] != '.' || !number) return std::nullopt;
        numbers[i] = *number;
    }
    if (!which || numbers[0] > limits::shard_bytes_max) return std::nullopt;
    return listed{.id = *which, .bytes = numbers[0], .hash = numbers[1], .writer = numbers[2]};
}

}  // namespace rsx::shard
