// SPDX-License-Identifier: Apache-2.0

// One file of a shard set: a page that says what it is, cells with checksums, the page again.
//
//     page | cell 0, crc | cell 1, crc | ... | page
//
// The file is cut into stripes of k cells of 64 KiB; the last stripe into k cells as long as it
// needs, the rest zeros. Shard i holds cell i of every stripe. A cell's CRC32C also covers set,
// index and stripe, so a cell in the wrong place is as wrong as one with a flipped bit. The page
// stands at both ends: a broken first page or a cut end loses no more than itself.
//
//     const auto page = encode_page(about);           // always page_bytes long
//     const auto same = parse_page(page);             // corrupt, or unsupported: a later format
//
// Little-endian, pinned by a golden test; docs/reference/rsx-shard-set.md is the description.
#pragma once

#include <rsx/codec/generator.hpp>
#include <rsx/core/bytes.hpp>
#include <rsx/core/error.hpp>

#include <array>
#include <cstdint>
#include <string>

namespace rsx_cli {

using set_id = std::array<std::byte, 16>;

inline constexpr std::size_t page_bytes = 4096;
inline constexpr std::size_t crc_bytes = 4;
inline constexpr std::uint32_t cell_bytes_usual = 64 * 1024;
inline constexpr std::uint32_t cell_bytes_max = 1024 * 1024;
inline constexpr std::size_t name_bytes_max = 255;

// What the page says.
struct shard_page {
    std::uint16_t data{0};
    std::uint16_t parity{0};
    std::uint16_t index{0};
    rsx::codec::generator rows{rsx::codec::generator::ones_vandermonde};
    std::uint32_t cell_bytes{cell_bytes_usual};
    std::uint64_t file_size{0};
    std::uint64_t file_sum{0};  // CRC64-NVME of the whole file
    set_id set{};               // random, one per encoding
    std::string name{};         // the file's, without folders

    [[nodiscard]] unsigned shards() const noexcept { return unsigned{data} + parity; }
    [[nodiscard]] std::uint64_t stripe_bytes() const noexcept {
        return std::uint64_t{cell_bytes} * data;
    }
    [[nodiscard]] std::uint64_t stripes() const noexcept {
        return file_size / stripe_bytes() + (file_size % stripe_bytes() != 0 ? 1 : 0);
    }
    // How long the cells of a stripe are; shorter in the last one.
    [[nodiscard]] std::size_t cell_length(std::uint64_t stripe) const noexcept {
        const std::uint64_t left = file_size - stripe * stripe_bytes();
        return left >= stripe_bytes() ? cell_bytes : (left + data - 1) / data;
    }
    // Where the cell of a stripe begins in every shard file.
    [[nodiscard]] std::uint64_t cell_at(std::uint64_t stripe) const noexcept {
        return page_bytes + stripe * (cell_bytes + crc_bytes);
    }
    [[nodiscard]] std::uint64_t last_page_at() const noexcept {
        const std::uint64_t n = stripes();
        return n == 0 ? page_bytes : cell_at(n - 1) + cell_length(n - 1) + crc_bytes;
    }
    [[nodiscard]] std::uint64_t shard_bytes() const noexcept { return last_page_at() + page_bytes; }

    // Of one encoding: all but the index agrees.
    [[nodiscard]] bool same_set(const shard_page& other) const {
        shard_page twin = other;
        twin.index = index;
        return *this == twin;
    }
    friend bool operator==(const shard_page&, const shard_page&) = default;
};

[[nodiscard]] std::array<std::byte, page_bytes> encode_page(const shard_page& about);
[[nodiscard]] rsx::result<shard_page> parse_page(rsx::byte_view page);

// The checksum that stands behind a cell.
[[nodiscard]] std::uint32_t cell_sum(const set_id& set, std::uint16_t index, std::uint64_t stripe,
                                     rsx::byte_view cell);

// "photo.jpg.03.rsx"; as many digits as the highest index has, at least two.
[[nodiscard]] std::string shard_file_name(const shard_page& about);

}  // namespace rsx_cli
