// SPDX-License-Identifier: Apache-2.0
#include <rsx/net/frame.hpp>

#include "catch.hpp"

#include <random>

using rsx::errc;
using namespace rsx::net;

namespace {

std::array<std::byte, frame::size> bytes(const frame& f) {
    std::array<std::byte, frame::size> out{};
    store(out, f);
    return out;
}

frame example() {
    frame f;
    f.type = frame_type::data;
    f.how = traffic::background;
    f.stream = 0x01020304;
    f.length = 65536;
    f.credit = 7;
    f.epoch = 0x1122334455667788;
    return f;
}

}  // namespace

TEST_CASE("a frame is these bytes") {
    CHECK(rsx::hex(bytes(example())) ==
          "5258010602000000"
          "0403020100000100"
          "0700000088776655"
          "44332211" +
              rsx::hex(rsx::byte_view{bytes(example())}.subspan(28)));
    frame finish;
    finish.type = frame_type::finish;
    finish.how = traffic::foreground;
    finish.flags = frame::deaf;
    finish.stream = 9;
    CHECK(rsx::hex(bytes(finish)).substr(0, 56) ==
          "52580107010100000900000000000000000000000000000000000000");
    // The CRC is over the 28 bytes before it.
    const auto raw = bytes(finish);
    CHECK(rsx::load_le<std::uint32_t>(rsx::byte_view{raw}.subspan(28)) ==
          rsx::digest::crc32c_of(rsx::byte_view{raw}.first(28)));
}

TEST_CASE("a frame comes back as it went, whatever its fields") {
    std::mt19937_64 random{42};
    for (int i = 0; i < 1000; ++i) {
        frame f;
        f.type = frame_type{static_cast<std::uint8_t>(1 + random() % 11)};
        f.how = traffic{static_cast<std::uint8_t>(random() % 3)};
        f.flags = static_cast<std::uint8_t>(random() % 2);
        f.stream = static_cast<std::uint32_t>(random());
        f.length = static_cast<std::uint32_t>(random() % (payload_bytes_max + 1));
        f.credit = static_cast<std::uint32_t>(random());
        f.epoch = random();
        const auto back = frame_from(bytes(f));
        REQUIRE(back.has_value());
        CHECK(*back == f);
    }
}

TEST_CASE("every flipped bit of a frame is seen") {
    const auto good = bytes(example());
    for (std::size_t bit = 0; bit < frame::size * 8; ++bit) {
        CAPTURE(bit);
        auto bad = good;
        bad[bit / 8] ^= std::byte{1} << (bit % 8);
        CHECK(frame_from(bad).error().code == errc::corrupt);
    }
}

TEST_CASE("frames that no build of ours sends are refused though their checksum is right") {
    const auto resealed = [](std::size_t at, std::uint8_t value) {
        auto raw = bytes(example());
        raw[at] = std::byte{value};
        const rsx::byte_span all{raw};
        rsx::store_le(all.subspan(28), rsx::digest::crc32c_of(all.first(28)));
        return frame_from(raw);
    };
    CHECK(resealed(2, 9).has_value());        // another version: for the link to judge
    CHECK_FALSE(resealed(3, 0).has_value());  // type
    CHECK_FALSE(resealed(3, 12).has_value());
    CHECK_FALSE(resealed(4, 3).has_value());   // class
    CHECK_FALSE(resealed(5, 2).has_value());   // flags
    CHECK_FALSE(resealed(6, 1).has_value());   // reserved
    CHECK_FALSE(resealed(15, 1).has_value());  // 16 MiB and more
}

TEST_CASE("head sections carry their size and checksum") {
    const std::string section = head_section("123456789");
    CHECK(rsx::hex(rsx::bytes_of(section)) == "09000000839206e3313233343536373839");
}

TEST_CASE("heads of requests and replies come back, cut ones are refused") {
    ask_head ask;
    ask.op = 0x0102;
    ask.to = {3, 4};
    ask.left_ms = 2000;
    ask.head = "what";
    const std::string text = encoded(ask);
    CHECK(rsx::hex(rsx::bytes_of(text)) ==
          "02010000"
          "03000000"
          "04000000"
          "d0070000"
          "77686174");
    const auto back = ask_head_from(text);
    REQUIRE(back.has_value());
    CHECK(back->op == ask.op);
    CHECK(back->to == ask.to);
    CHECK(back->left_ms == 2000);
    CHECK(back->head == "what");
    for (std::size_t cut = 0; cut < 16; ++cut) CHECK_FALSE(ask_head_from(text.substr(0, cut)));

    reply_head good;
    good.head = "answer";
    const auto good_back = reply_head_from(encoded(good));
    REQUIRE(good_back.has_value());
    CHECK_FALSE(good_back->failed.has_value());
    CHECK(good_back->head == "answer");
    for (std::size_t cut = 0; cut < 9; ++cut) CHECK_FALSE(reply_head_from(text.substr(0, cut)));
}

TEST_CASE("each error crosses the wire as the number it has for ever") {
    const std::pair<errc, std::uint8_t> numbers[] = {
        {errc::not_found, 1},   {errc::conflict, 2},
        {errc::corrupt, 3},     {errc::too_few_shards, 4},
        {errc::unavailable, 5}, {errc::timed_out, 6},
        {errc::cancelled, 7},   {errc::unknown_outcome, 8},
        {errc::invalid, 9},     {errc::limit, 10},
        {errc::full, 11},       {errc::unsupported, 12},
        {errc::io, 13}};
    for (const auto& [code, number] : numbers) {
        CAPTURE(int{number});
        CHECK(number_of(code) == number);
        reply_head head;
        head.failed = rsx::error{code, "a literal that stays at home", 77};
        const auto back = reply_head_from(encoded(head));
        REQUIRE(back->failed.has_value());
        CHECK(back->failed->code == code);
        CHECK(back->failed->detail == 77);
    }
    CHECK(error_of_peer(200, 0).code == errc::io);
}
