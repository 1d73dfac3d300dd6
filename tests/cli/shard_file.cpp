// SPDX-License-Identifier: Apache-2.0
#include "shard_file.hpp"

#include "catch.hpp"

#include <rsx/digest/crc.hpp>

#include <algorithm>

namespace {

using namespace rsx_cli;

shard_page example() {
    shard_page about;
    about.data = 10;
    about.parity = 4;
    about.index = 3;
    about.rows = rsx::codec::generator::ones_cauchy;
    about.file_size = 0x0123456789;
    about.file_sum = 0xaabbccddeeff0011;
    for (std::size_t i = 0; i < about.set.size(); ++i) about.set[i] = static_cast<std::byte>(i);
    about.name = "film.mkv";
    return about;
}

}  // namespace

TEST_CASE("the page of a shard file is these bytes") {
    const auto page = encode_page(example());
    const rsx::byte_view all{page};
    CHECK(rsx::hex(all.first(80)) ==
          "5253585348415244"  // RSXSHARD
          "0100"
          "0000"  // level, zero
          "00000000"
          "00000000"  // must, may
          "0a00"
          "0400"
          "0300"
          "06"
          "08"  // data, parity, index, generator, name size
          "00000100"
          "8967452301000000"                    // cell bytes, file size
          "1100ffeeddccbbaa"                    // CRC64-NVME of the file
          "000102030405060708090a0b0c0d0e0f"    // set
          "66696c6d2e6d6b760000000000000000");  // name
    CHECK(std::ranges::all_of(all.subspan(72, page_bytes - 76),
                              [](std::byte b) { return b == std::byte{0}; }));
    CHECK(rsx::load_le<std::uint32_t>(all.last(4)) == rsx::digest::crc32c_of(all.first(4092)));
    const auto back = parse_page(page);
    REQUIRE(back);
    CHECK(*back == example());
}

TEST_CASE("the checksum of a cell covers set, index, stripe and bytes") {
    const shard_page about = example();
    const auto cell = rsx::bytes_of("0123456789");
    const std::uint32_t sum = cell_sum(about.set, 3, 7, cell);
    CHECK(sum == 0x75e8d4f1u);
    set_id other = about.set;
    other[0] = std::byte{1};
    CHECK(sum != cell_sum(other, 3, 7, cell));
    CHECK(sum != cell_sum(about.set, 4, 7, cell));
    CHECK(sum != cell_sum(about.set, 3, 8, cell));
    CHECK(sum != cell_sum(about.set, 3, 7, rsx::bytes_of("0123456788")));
}

TEST_CASE("a page with any bit flipped is refused") {
    const auto good = encode_page(example());
    for (std::size_t at = 0; at < page_bytes; at += at < 80 ? 1 : 131) {
        auto bad = good;
        bad[at] ^= std::byte{0x10};
        INFO(at);
        const auto parsed = parse_page(bad);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().code == (at < 8 ? rsx::errc::not_found : rsx::errc::corrupt));
    }
}

TEST_CASE("a page of a later format or with nonsense in it is refused by name") {
    const auto sealed = [](auto page) {
        rsx::store_le(rsx::byte_span{page}.subspan(4092),
                      rsx::digest::crc32c_of(rsx::byte_view{page}.first(4092)));
        return parse_page(page);
    };
    auto page = encode_page(example());
    page[12] = std::byte{1};
    CHECK(sealed(page).error().code == rsx::errc::unsupported);
    page = encode_page(example());
    page[16] = std::byte{1};  // a `may` bit is no reason to refuse
    CHECK(sealed(page));
    page = encode_page(example());
    page[26] = std::byte{99};
    CHECK(sealed(page).error().code == rsx::errc::unsupported);
    for (const std::size_t at : {20u, 22u, 31u, 39u}) {
        page = encode_page(example());
        page[at] = at < 30 ? std::byte{0} : std::byte{0xff};
        INFO(at);
        CHECK(sealed(page).error().code == rsx::errc::corrupt);
    }
    shard_page evil = example();
    for (const char* name : {"", ".", "..", "../up", "a/b"}) {
        evil.name = name;
        CHECK(parse_page(encode_page(evil)).error().code == rsx::errc::corrupt);
    }
    evil = example();
    evil.index = 14;
    CHECK(parse_page(encode_page(evil)).error().code == rsx::errc::corrupt);
}

TEST_CASE("a shard file is named by file and index, cut where names are too long") {
    shard_page about = example();
    CHECK(shard_file_name(about) == "film.mkv.03.rsx");
    about.data = 200;
    CHECK(shard_file_name(about) == "film.mkv.003.rsx");
    about.name = std::string(254, 'x');
    CHECK(shard_file_name(about).size() == 255);
    about.name.clear();
    while (about.name.size() < 254) about.name += "ü";
    const std::string cut = shard_file_name(about);
    CHECK(cut.size() <= 255);
    CHECK(cut.substr(cut.size() - 10, 2) == "ü");
}

TEST_CASE("cells lie where the geometry says, the last ones as short as they can be") {
    shard_page about = example();
    about.data = 4;
    about.file_size = 0;
    CHECK(about.stripes() == 0);
    CHECK(about.shard_bytes() == 2 * page_bytes);
    about.file_size = 1;
    CHECK(about.stripes() == 1);
    CHECK(about.cell_length(0) == 1);
    CHECK(about.shard_bytes() == 2 * page_bytes + 1 + 4);
    about.file_size = 4 * 65536 + 9;
    CHECK(about.stripes() == 2);
    CHECK(about.cell_length(0) == 65536);
    CHECK(about.cell_length(1) == 3);
    CHECK(about.cell_at(1) == page_bytes + 65536 + 4);
    CHECK(about.last_page_at() == page_bytes + 65536 + 4 + 3 + 4);
}
