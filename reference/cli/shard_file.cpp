// SPDX-License-Identifier: Apache-2.0
#include "shard_file.hpp"

#include <rsx/digest/crc.hpp>

#include <algorithm>
#include <limits>

namespace rsx_cli {
namespace {

using rsx::errc;
using rsx::fail;

constexpr std::string_view magic = "RSXSHARD";
constexpr std::uint16_t level_now = 1;
constexpr std::uint32_t must_known = 0;  // format bits a reader has to understand

// Where things stand in the page.
namespace at {
constexpr std::size_t level = 8;
constexpr std::size_t must = 12;
constexpr std::size_t may = 16;
constexpr std::size_t data = 20;
constexpr std::size_t parity = 22;
constexpr std::size_t index = 24;
constexpr std::size_t rows = 26;
constexpr std::size_t name_size = 27;
constexpr std::size_t cell_bytes = 28;
constexpr std::size_t file_size = 32;
constexpr std::size_t file_sum = 40;
constexpr std::size_t set = 48;
constexpr std::size_t name = 64;
constexpr std::size_t crc = page_bytes - crc_bytes;
}  // namespace at

bool plain_name(std::string_view name) {
    return !name.empty() && name != "." && name != ".." && name.find('/') == name.npos &&
           name.find('\0') == name.npos;
}

rsx::result<void> sensible(const shard_page& about) {
    if (about.data == 0 || about.parity == 0 || about.shards() > rsx::limits::shards_max)
        return fail(errc::corrupt, "a shard of no code there is", about.shards());
    if (about.index >= about.shards())
        return fail(errc::corrupt, "the shard's index is not below their number", about.index);
    if (about.cell_bytes == 0 || about.cell_bytes > cell_bytes_max)
        return fail(errc::corrupt, "cells of that size are not made", about.cell_bytes);
    if (about.file_size > std::uint64_t{1} << 60)
        return fail(errc::corrupt, "no file is that large", about.file_size);
    if (!plain_name(about.name)) return fail(errc::corrupt, "the recorded name is none");
    if (about.rows == rsx::codec::generator::custom || about.rows > rsx::codec::generator::custom ||
        static_cast<unsigned>(about.rows) == 0)
        return fail(errc::unsupported, "made by a generator this build does not know",
                    static_cast<std::uint64_t>(about.rows));
    return {};
}

}  // namespace

std::array<std::byte, page_bytes> encode_page(const shard_page& about) {
    std::array<std::byte, page_bytes> page{};
    const rsx::byte_span out{page};
    std::ranges::copy(rsx::bytes_of(magic), out.begin());
    const auto name = rsx::bytes_of(about.name).first(std::min(about.name.size(), name_bytes_max));
    rsx::store_le<std::uint16_t>(out.subspan(at::level), level_now);
    rsx::store_le<std::uint32_t>(out.subspan(at::must), 0);
    rsx::store_le<std::uint32_t>(out.subspan(at::may), 0);
    rsx::store_le(out.subspan(at::data), about.data);
    rsx::store_le(out.subspan(at::parity), about.parity);
    rsx::store_le(out.subspan(at::index), about.index);
    page[at::rows] = static_cast<std::byte>(about.rows);
    page[at::name_size] = static_cast<std::byte>(name.size());
    rsx::store_le(out.subspan(at::cell_bytes), about.cell_bytes);
    rsx::store_le(out.subspan(at::file_size), about.file_size);
    rsx::store_le(out.subspan(at::file_sum), about.file_sum);
    std::ranges::copy(about.set, out.subspan(at::set).begin());
    std::ranges::copy(name, out.subspan(at::name).begin());
    rsx::store_le(out.subspan(at::crc), rsx::digest::crc32c_of(out.first(at::crc)));
    return page;
}

rsx::result<shard_page> parse_page(rsx::byte_view page) {
    if (page.size() != page_bytes || rsx::text_of(page.first(magic.size())) != magic)
        return fail(errc::not_found, "not a shard file");
    if (rsx::load_le<std::uint32_t>(page.subspan(at::crc)) !=
        rsx::digest::crc32c_of(page.first(at::crc)))
        return fail(errc::corrupt, "the page that describes the shard is broken");
    const auto must = rsx::load_le<std::uint32_t>(page.subspan(at::must));
    if ((must & ~must_known) != 0)
        return fail(errc::unsupported, "written by a later rsx; unknown format bits", must);
    shard_page about;
    about.data = rsx::load_le<std::uint16_t>(page.subspan(at::data));
    about.parity = rsx::load_le<std::uint16_t>(page.subspan(at::parity));
    about.index = rsx::load_le<std::uint16_t>(page.subspan(at::index));
    about.rows = static_cast<rsx::codec::generator>(page[at::rows]);
    about.cell_bytes = rsx::load_le<std::uint32_t>(page.subspan(at::cell_bytes));
    about.file_size = rsx::load_le<std::uint64_t>(page.subspan(at::file_size));
    about.file_sum = rsx::load_le<std::uint64_t>(page.subspan(at::file_sum));
    std::ranges::copy(page.subspan(at::set, about.set.size()), about.set.begin());
    const auto name_size = std::to_integer<std::size_t>(page[at::name_size]);
    about.name = rsx::text_of(page.subspan(at::name, name_size));
    if (auto ok = sensible(about); !ok) return std::unexpected(ok.error());
    return about;
}

std::uint32_t cell_sum(const set_id& set, std::uint16_t index, std::uint64_t stripe,
                       rsx::byte_view cell) {
    std::array<std::byte, 26> identity;
    const rsx::byte_span out{identity};
    std::ranges::copy(set, out.begin());
    rsx::store_le(out.subspan(16), index);
    rsx::store_le(out.subspan(18), stripe);
    return rsx::digest::crc32c_of(cell, rsx::digest::crc32c_of(identity));
}

std::string shard_file_name(const shard_page& about) {
    const std::string number = std::to_string(about.index);
    const std::size_t digits = std::max<std::size_t>(2, std::to_string(about.shards() - 1).size());
    const std::string tail =
        '.' + std::string(digits - std::min(digits, number.size()), '0') + number + ".rsx";
    std::string name = about.name.substr(0, name_bytes_max - tail.size());
    // A name cut inside a UTF-8 sequence loses the sequence.
    if (name.size() < about.name.size()) {
        while (!name.empty() && (static_cast<unsigned char>(name.back()) & 0xc0) == 0x80)
            name.pop_back();
        if (!name.empty() && static_cast<unsigned char>(name.back()) >= 0xc0) name.pop_back();
    }
    return name + tail;
}

}  // namespace rsx_cli
