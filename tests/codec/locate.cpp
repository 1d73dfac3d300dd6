// SPDX-License-Identifier: Apache-2.0
#include <rsx/codec/locate.hpp>

#include "catch.hpp"

#include "fixture.hpp"

#include <set>

using namespace rsx;
using codec::generator;
using codec::reed_solomon;
using codec_test::stripe;

namespace {

std::vector<byte_view> all(const stripe& s) { return {s.shards.begin(), s.shards.end()}; }
std::vector<byte_span> all_out(stripe& s) { return {s.shards.begin(), s.shards.end()}; }

}  // namespace

TEST_CASE("up to half as many wrong shards as there is parity are found and mended") {
    unsigned rounds = 0;
    for (const auto g : {generator::ones_vandermonde, generator::backblaze, generator::cauchy,
                         generator::ones_cauchy})
        for (const auto& [k, m] : {std::pair{3u, 2u}, std::pair{6u, 3u}, std::pair{10u, 4u},
                                   std::pair{20u, 10u}, std::pair{200u, 55u}, std::pair{1u, 5u}}) {
            const auto code = reed_solomon::make({.data = k, .parity = m}, g);
            REQUIRE(code);
            stripe whole{k, m, 5000, k};
            REQUIRE(code->encode(whole.data(), whole.parity_out()));
            CHECK(codec::locate(*code, all(whole)).value().empty());
            for (unsigned wrong = 1; wrong <= m / 2; wrong += m > 10 ? 13 : 1)
                for (std::uint32_t seed = 0; seed < 4; ++seed) {
                    CAPTURE(k, m, codec::name_of(g), wrong, seed);
                    std::mt19937 random{seed + 500};
                    stripe s = whole;
                    std::set<unsigned> bad;
                    if (seed == 0) bad.insert(k + m - 1);  // the one that may be at infinity
                    while (bad.size() < wrong)
                        bad.insert(static_cast<unsigned>(random() % (k + m)));
                    for (const unsigned p : bad) {
                        if (seed % 2 == 0) {  // one bit, or everything
                            s.shards[p][random() % 5000] ^= std::byte{16};
                        } else {
                            for (auto& b : s.shards[p]) b = static_cast<std::byte>(random());
                        }
                    }
                    const auto found = codec::correct(*code, all_out(s));
                    REQUIRE(found);
                    CHECK(*found == std::vector<unsigned>(bad.begin(), bad.end()));
                    CHECK((s.shards == whole.shards));
                    ++rounds;
                }
        }
    CHECK(rounds == 4 * 4 * (1 + 1 + 2 + 5 + 3 + 2));
}

TEST_CASE("one parity shard locates nothing, and says so") {
    const auto code = reed_solomon::make({.data = 4, .parity = 1});
    REQUIRE(code);
    stripe s{4, 1, 50, 1};
    REQUIRE(code->encode(s.data(), s.parity_out()));
    CHECK(codec::locate(*code, all(s)).value().empty());
    s.shards[2][7] ^= std::byte{1};
    CHECK(codec::locate(*code, all(s)).error().code == errc::corrupt);
}

TEST_CASE("more wrong shards than can be located are mostly noticed") {
    const auto code = reed_solomon::make({.data = 10, .parity = 4});
    REQUIRE(code);
    stripe s{10, 4, 1000, 1};
    REQUIRE(code->encode(s.data(), s.parity_out()));
    std::mt19937 random{77};
    for (const unsigned p : {0u, 5u, 12u})
        for (auto& b : s.shards[p]) b = static_cast<std::byte>(random());
    const auto found = codec::locate(*code, all(s));
    REQUIRE_FALSE(found);
    CHECK(found.error().detail == 2);
}

TEST_CASE("locating refuses what it cannot do") {
    const auto plain = reed_solomon::make({.data = 4, .parity = 3}, generator::isal_rs);
    REQUIRE(plain);
    stripe s{4, 3, 50, 1};
    CHECK(codec::locate(*plain, all(s)).error().code == errc::unsupported);
    const auto code = reed_solomon::make({.data = 4, .parity = 3});
    REQUIRE(code);
    CHECK(codec::locate(*code, s.data()).error().detail == 4);
    s.shards[3].pop_back();
    CHECK(codec::locate(*code, all(s)).error().detail == 3);
}
