// SPDX-License-Identifier: Apache-2.0
#include <rsx/net/hello.hpp>

#include "catch.hpp"

#include <random>

using rsx::errc;
using namespace rsx::net;

namespace {

constexpr std::int64_t now = 1'800'000'000'000;

hello example() {
    hello h;
    for (std::size_t i = 0; i < h.cluster.size(); ++i) h.cluster[i] = static_cast<std::byte>(i);
    h.is = peer::role::shard;
    h.id = 3;
    h.incarnation = 9;
    h.epoch = 2;
    h.clock_ms = now;
    h.build = "rsx 0.1.0";
    h.holders = {{3, 9}, {4, 1}};
    return h;
}

std::optional<refusal> refused(const hello& theirs) {
    const auto agreed = agree(example(), theirs, now);
    if (agreed) return {};
    return agreed.error();
}

}  // namespace

TEST_CASE("a hello is these bytes") {
    CHECK(rsx::hex(rsx::bytes_of(encoded(example()))) ==
          "0101"              // wire
          "01000100"          // level
          "0200"              // role
          "0000000000000000"  // must
          "0000000000000000"  // may
          "000102030405060708090a0b0c0d0e0f"
          "03000000"          // id
          "00002000"          // frame bytes
          "0900000000000000"  // incarnation
          "0200000000000000"  // epoch
          "00505c18a3010000"  // clock
          "00004000"          // first credit
          "0900"
          "0200"  // lengths of build and holders
          "72737820302e312e30"
          "0300000009000000"
          "0400000001000000");
}

TEST_CASE("a hello comes back, also from a later version that says more") {
    const auto back = hello_from(encoded(example()) + "more");
    REQUIRE(back.has_value());
    CHECK(*back == example());
    const std::string text = encoded(example());
    for (std::size_t cut = 0; cut < text.size(); ++cut) {
        CAPTURE(cut);
        CHECK(hello_from(text.substr(0, cut)).error().code == errc::corrupt);
    }
}

TEST_CASE("equal builds agree") {
    const auto agreed = agree(example(), example(), now);
    REQUIRE(agreed.has_value());
    CHECK(agreed->wire == 1);
    CHECK(agreed->level == 1);
    CHECK(agreed->frame_bytes_max == rsx::limits::frame_bytes_max);
}

TEST_CASE("a peer of wire+1 is met at the version both have, or refused by name") {
    hello newer = example();
    newer.wire_max = 2;
    CHECK(agree(example(), newer, now)->wire == 1);
    newer.wire_min = 2;
    CHECK(refused(newer) == refusal::no_common_wire);
    hello older = example();
    older.wire_min = older.wire_max = 0;
    CHECK(refused(older) == refusal::no_common_wire);
    hello level = example();
    level.level_max = 7;
    CHECK(agree(example(), level, now)->level == 1);
    level.level_min = 2;
    CHECK(refused(level) == refusal::no_common_level);
}

TEST_CASE("an unknown may bit is ignored, an unknown must bit refused by name") {
    hello may = example();
    may.may = 1u << 5;
    const auto agreed = agree(example(), may, now);
    REQUIRE(agreed.has_value());
    CHECK(agreed->may == 0);
    hello must = example();
    must.must = 1u << 5;
    CHECK(refused(must) == refusal::unknown_must_bit);
    CHECK(error_of(refusal::unknown_must_bit).code == errc::unsupported);
}

TEST_CASE("another cluster and a clock more than five minutes away are refused") {
    hello other = example();
    other.cluster[0] = std::byte{0xff};
    CHECK(refused(other) == refusal::other_cluster);
    for (const std::int64_t off : {-300'001, 300'001}) {
        hello late = example();
        late.clock_ms += off;
        CHECK(refused(late) == refusal::clock_too_far);
    }
    for (const std::int64_t off : {-300'000, 300'000}) {
        hello near = example();
        near.clock_ms += off;
        CHECK_FALSE(refused(near).has_value());
    }
}

TEST_CASE("hellos that make no sense are refused") {
    hello bad = example();
    bad.wire_min = 2;
    bad.wire_max = 1;
    CHECK(refused(bad) == refusal::malformed);
    bad = example();
    bad.frame_bytes_max = 100;
    CHECK(refused(bad) == refusal::malformed);
    bad = example();
    bad.first_credit = 0;
    CHECK(refused(bad) == refusal::malformed);
    bad = example();
    bad.clock_ms = std::numeric_limits<std::int64_t>::min();
    CHECK(refused(bad).has_value());
}

TEST_CASE("certificates name a role, a number and a cluster") {
    CHECK(certified_name(peer::role::shard, 3, example().cluster) ==
          "node-3.00010203-0405-0607-0809-0a0b0c0d0e0f");
    CHECK(certified_name(peer::role::gateway, 1, example().cluster) ==
          "gateway-1.00010203-0405-0607-0809-0a0b0c0d0e0f");
}

TEST_CASE("random bytes are no hello, or one, and never more") {
    std::mt19937_64 random{4242};
    const std::string good = encoded(example());
    for (int i = 0; i < 100'000; ++i) {
        std::string text = good;
        for (int n = 0; n < 4; ++n) text[random() % text.size()] = static_cast<char>(random());
        const auto got = hello_from(text);
        if (got) (void)agree(example(), *got, now);
    }
    SUCCEED();
}
