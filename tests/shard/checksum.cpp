// SPDX-License-Identifier: Apache-2.0
#include <rsx/shard/checksum.hpp>

#include <rsx/shard/file_format.hpp>
#include <rsx/shard/identity.hpp>

#include <rsx/disk/memory.hpp>

#include "laws.hpp"

namespace shard = rsx::shard;
namespace disk = rsx::disk;
using shard_laws::bytes_for;
using shard_laws::code_of;
using shard_laws::header_of;

TEST_CASE("a block's checksum depends on every part of its identity and on its bytes") {
    const auto who = shard::identity_of(header_of(1, 2));
    const auto bytes = bytes_for(100);
    const auto sum = shard::block_sum(who, 5, bytes.view());
    CHECK(sum == shard::block_sum(who, 5, bytes.view()));
    CHECK(sum != shard::block_sum(who, 6, bytes.view()));
    CHECK(sum != shard::block_sum(who, 5, bytes.part(0, 99).view()));
    for (const auto change : std::vector<void (*)(shard::identity&)>{
             [](auto& i) { i.object.incarnation ^= 1; }, [](auto& i) { i.object.counter ^= 1; },
             [](auto& i) { i.data ^= 1; }, [](auto& i) { i.generator ^= 1; },
             [](auto& i) { i.chunk ^= 1; }, [](auto& i) { i.index ^= 1; }}) {
        auto other = who;
        change(other);
        CHECK(sum != shard::block_sum(other, 5, bytes.view()));
    }
}

TEST_CASE("moving a shard or adding parity leaves its checksums valid") {
    auto moved = header_of(1, 2);
    moved.parity = 9;
    moved.holder = {.node = 77, .incarnation = 8};
    moved.id.write = 12345;
    moved.id.hash = 1;
    CHECK(shard::identity_of(moved) == shard::identity_of(header_of(1, 2)));
}

TEST_CASE("the checksum, the hash and the file are what the reference says they are") {
    // docs/reference/shard-file.md quotes these.
    const shard::identity who{.object = {.incarnation = 1, .counter = 2},
                              .data = 4,
                              .generator = 3,
                              .chunk = 5,
                              .index = 6};
    const auto text = rsx::bytes_of("hello");
    CHECK(shard::block_sum(who, 7, text) == 0xc5223db7u);
    const auto sums = shard::sums_of(who, 7, text);
    CHECK(shard::hash_of(sums) == 0x02e99509fa3d5c76u);
    CHECK(shard::hash_of({}) == 0xef46db3751d8e999u);  // XXH64 of nothing

    auto h = header_of(1);
    h.upload = "u";
    std::vector<std::byte> file(shard::file_size(5));
    const rsx::byte_span out{file};
    const auto crc = shard::encode_header(h, out.first(shard::file_page));
    std::ranges::copy(text, file.begin() + 4096);
    const auto file_sums = shard::sums_of(shard::identity_of(h), 0, text);
    shard::encode_footer(5, file_sums, crc, out.subspan(4096 + 5, shard::footer_size(5)));
    CHECK(file.size() == 8192);
    CHECK(rsx::hex(rsx::byte_view{file}.first(152)) ==
          "72737873686172640100000000000000000000005692161d100b05e500000000000000070000"
          "0000000000010000000200000000000000000063030000000100000004000200010300000100"
          "0000100000000000000020000000000029000000000000000100000000000000050000000000"
          "00000c000000000000000000000005000100612f6b6579750000000000000000000000000000");
    CHECK(rsx::hex(rsx::byte_view{file}.subspan(4092, 4 + 5 + 52)) ==
          "4715017668656c6c6f72737873756d7331010000000000000000000000010000000500000000"
          "000000e43b79c62925a496471501760442a86427451a2a");
    const shard::listed what{h.id, 5, shard::hash_of(file_sums), h.writer};
    CHECK(shard::file_name(what) ==
          "5692161d100b05e5000000000000000700000000000000010000000200000000000000000063"
          ".0000000000000005.96a42529c6793be4.0000000000000029");
}

TEST_CASE("verify names the block that is not what was written") {
    const auto who = shard::identity_of(header_of(1));
    auto bytes = rsx::buffer::copy_of(bytes_for(5 * 8192 + 1).view());
    const auto sums = shard::sums_of(who, 10, bytes.view());
    CHECK(shard::verify(who, 10, bytes.view(), sums));
    CHECK(code_of(shard::verify(who, 10, bytes.view(), std::span{sums}.first(5))) ==
          rsx::errc::corrupt);
    bytes.span()[3 * 8192] ^= std::byte{128};
    const auto found = shard::verify(who, 10, bytes.view(), sums);
    CHECK(code_of(found) == rsx::errc::corrupt);
    CHECK(found.error().detail == 13);
}

TEST_CASE("ids become names that sort as they do, and come back") {
    const auto low = header_of(1).id;
    auto high = low;
    high.write += 1;
    CHECK(shard::name_of(low) < shard::name_of(high));
    CHECK(shard::name_of(low).size() == 76);
    CHECK(shard::id_of_name(shard::name_of(high)) == high);
    CHECK(shard::id_of(shard::key_of(low)) == low);
    CHECK_FALSE(shard::id_of_name("12"));
    CHECK_FALSE(shard::id_of_name(std::string(76, 'g')));
    CHECK_FALSE(shard::id_of_name(std::string(76, 'A')));
    const shard::listed one{low, 5, 6, 7};
    const auto name = shard::file_name(one);
    const auto back = shard::parse_file_name(name);
    REQUIRE(back);
    CHECK((back->id == low && back->bytes == 5 && back->hash == 6 && back->writer == 7));
    CHECK_FALSE(shard::parse_file_name(name + "0"));
    CHECK_FALSE(shard::parse_file_name(name.substr(1)));
    auto wrong = name;
    wrong[76] = '-';
    CHECK_FALSE(shard::parse_file_name(wrong));
    CHECK_FALSE(shard::parse_file_name(shard::file_name({low, rsx::limits::shard_bytes_max + 1})));
}

TEST_CASE("an identity file is made once, and read back as it was") {
    disk::memory_files files;
    rsx::seeded_entropy dice{1};
    shard::directory_identity made;
    made.cluster = shard::draw_uuid(dice);
    made.directory = shard::draw_uuid(dice);
    made.holder = {.node = 3, .incarnation = 9};
    made.created_ms = 1'700'000'000'123;
    CHECK(code_of(shard::directory_identity::load(files)) == rsx::errc::not_found);
    REQUIRE(shard::directory_identity::create(files, made));
    CHECK(code_of(shard::directory_identity::create(files, made)) == rsx::errc::conflict);
    files.crash();
    CHECK(*shard::directory_identity::load(files) == made);
    CHECK(made.check(made.cluster, 3));
    CHECK(code_of(made.check(made.directory, 3)) == rsx::errc::invalid);
    CHECK(code_of(made.check(made.cluster, 4)) == rsx::errc::invalid);
    CHECK(shard::uuid_of(shard::to_string(made.cluster)) == made.cluster);
    CHECK_FALSE(shard::uuid_of("f81d4fae-7dec-4d1e-a765-00a0c91e6bf"));
    CHECK_FALSE(shard::uuid_of("f81d4fae+7dec-4d1e-a765-00a0c91e6bf6"));
    CHECK_FALSE(shard::uuid_of("f81d4fae-7dec-4d1e-a765-00a0c91e6bfg"));
}

TEST_CASE("an identity that was left half made is made again") {
    disk::memory_files files;
    shard::directory_identity made;
    made.holder.node = 1;
    for (int last = 0; last < 6; ++last) {
        disk::memory_files one;
        int calls = 0;
        one.on_call([&](disk::call, std::string_view) -> rsx::result<void> {
            if (calls++ < last) return {};
            return rsx::fail(rsx::errc::io, "the power is off");
        });
        const bool done = shard::directory_identity::create(one, made).has_value();
        one.on_call({});
        one.crash({.seed = 5});
        const auto there = shard::directory_identity::load(one);
        if (done) CHECK(there);
        if (there) CHECK(*there == made);
        if (!there) CHECK(shard::directory_identity::create(one, made));
        CHECK(*shard::directory_identity::load(one) == made);
    }
}

TEST_CASE("a broken, foreign or later identity file is refused") {
    const std::string text = shard::directory_identity{}.text();
    CHECK(text ==
          "rsx identity\nlevel 1\nmust 0\nmay 0\n"
          "cluster 00000000-0000-0000-0000-000000000000\n"
          "directory 00000000-0000-0000-0000-000000000000\n"
          "node 0\nincarnation 0\ncreated_ms 0\ncrc32c 580c1ea7\n");
    CHECK(shard::directory_identity::parse(text));
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto broken = text;
        broken[i] ^= 1;
        CAPTURE(i);
        CHECK(code_of(shard::directory_identity::parse(broken)) == rsx::errc::corrupt);
        CHECK(code_of(shard::directory_identity::parse(text.substr(0, i))) == rsx::errc::corrupt);
    }
    const auto signed_again = [](std::string body) {
        std::array<std::byte, 4> crc;
        rsx::store_be(crc, rsx::digest::crc32c_of(rsx::bytes_of(body)));
        return body + "crc32c " + rsx::hex(crc) + "\n";
    };
    shard::directory_identity later;
    later.must = 2;
    CHECK(code_of(shard::directory_identity::parse(later.text())) == rsx::errc::unsupported);
    const auto body = text.substr(0, text.rfind("crc32c"));
    CHECK(shard::directory_identity::parse(signed_again(body + "colour blue\n")));
    auto short_body = body;
    short_body.erase(short_body.find("node"), 7);
    CHECK(code_of(shard::directory_identity::parse(signed_again(short_body))) ==
          rsx::errc::corrupt);
}
