// SPDX-License-Identifier: Apache-2.0
#include <rsx/codec/wide.hpp>

#include "catch.hpp"

#include "fixture.hpp"

#include <algorithm>
#include <bit>

using namespace rsx;
using codec::wide_code;
using codec::wide_field;
using codec_test::chosen;
using codec_test::outputs;
using codec_test::stripe;

namespace {

void restores(const wide_code& code, const stripe& whole, std::span<const unsigned> have,
              std::span<const unsigned> want) {
    const auto plan = code.plan(have, want);
    REQUIRE(plan);
    outputs out{want.size(), whole.shards[0].size()};
    REQUIRE(plan->repair(whole.pick(plan->sources()), out.spans()));
    for (std::size_t i = 0; i < want.size(); ++i) REQUIRE((out.shards[i] == whole.shards[want[i]]));
}

}  // namespace

TEST_CASE("every loss is repaired by wide codes of a few shards, by either way") {
    for (const auto field : {wide_field::gf8, wide_field::gf16})
        for (const auto& [k, m] : {std::pair{1u, 1u}, std::pair{2u, 3u}, std::pair{3u, 2u},
                                   std::pair{5u, 3u}, std::pair{4u, 4u}, std::pair{3u, 6u}}) {
            const auto code = wide_code::make({.data = k, .parity = m}, field);
            REQUIRE(code);
            stripe s{k, m, 70, k * 10 + m};
            REQUIRE(code->encode(s.data(), s.parity_out()));
            CHECK(code->verify(s.data(), s.parity()).value());
            for (std::uint64_t lost = 0; lost < std::uint64_t{1} << (k + m); ++lost) {
                if (static_cast<unsigned>(std::popcount(lost)) > m) continue;
                CAPTURE(k, m, lost, static_cast<int>(field));
                restores(*code, s, chosen(lost, k + m, false), chosen(lost, k + m, true));
            }
        }
}

TEST_CASE("wide codes restore random losses on every kernel, at odd lengths") {
    for (const auto& kernel : gf::kernels()) {
        if (!kernel.runs_here()) continue;
        for (const auto& [k, m, bytes] :
             {std::tuple{128u, 128u, 130u}, std::tuple{100u, 30u, 1025u},
              std::tuple{20u, 100u, 64u}, std::tuple{300u, 40u, 66u},
              std::tuple{1000u, 200u, 130u}}) {
            const auto code =
                wide_code::make({.data = k, .parity = m}, wide_field::smallest, kernel);
            REQUIRE(code);
            stripe s{k, m, bytes, k};
            REQUIRE(code->encode(s.data(), s.parity_out()));
            for (const unsigned losses : {1u, 3u, m / 2, m}) {
                CAPTURE(kernel.name, k, m, bytes, losses);
                std::mt19937 random{losses};
                std::vector<unsigned> order(k + m);
                for (unsigned i = 0; i < k + m; ++i) order[i] = i;
                std::shuffle(order.begin(), order.end(), random);
                restores(*code, s, std::span{order}.subspan(losses),
                         std::span{order}.first(losses));
            }
        }
    }
}

TEST_CASE("one lost shard is computed directly, many by a transform") {
    const auto code = wide_code::make({.data = 128, .parity = 128});
    REQUIRE(code);
    std::vector<unsigned> have;
    for (unsigned i = 1; i < 256; ++i) have.push_back(i);
    CHECK(code->plan(have, std::vector<unsigned>{0}).value().direct());
    CHECK(code->plan(have, std::vector<unsigned>{0}).value().sources().size() == 128);
    std::vector<unsigned> half;
    std::vector<unsigned> rest;
    for (unsigned i = 0; i < 256; ++i) (i < 128 ? half : rest).push_back(i);
    CHECK_FALSE(code->plan(rest, half).value().direct());
}

TEST_CASE("wide codes update and verify") {
    for (const auto field : {wide_field::gf8, wide_field::gf16}) {
        const auto code = wide_code::make({.data = 20, .parity = 6}, field);
        REQUIRE(code);
        stripe s{20, 6, 90, 3};
        REQUIRE(code->encode(s.data(), s.parity_out()));
        const std::vector<std::byte> delta(90, std::byte{0x71});
        for (const unsigned index : {0u, 7u, 8u, 19u}) {
            for (auto& b : s.shards[index]) b ^= std::byte{0x71};
            CHECK_FALSE(code->verify(s.data(), s.parity()).value());
            REQUIRE(code->update(index, delta, s.parity_out()));
            CHECK(code->verify(s.data(), s.parity()).value());
        }
    }
}

TEST_CASE("what is wanted and there is copied by wide codes, too") {
    const auto code = wide_code::make({.data = 4, .parity = 3});
    REQUIRE(code);
    stripe s{4, 3, 10, 3};
    REQUIRE(code->encode(s.data(), s.parity_out()));
    restores(*code, s, std::vector<unsigned>{5}, std::vector<unsigned>{5});
    restores(*code, s, std::vector<unsigned>{0, 1, 3, 4, 6}, std::vector<unsigned>{6, 2, 0, 5});
    CHECK(code->plan({}, {}).value().sources().empty());
}

TEST_CASE("impossible wide codes and calls are errors that name the number") {
    CHECK_FALSE(wide_code::make({.data = 0, .parity = 1}));
    CHECK_FALSE(wide_code::make({.data = 1, .parity = 0}));
    CHECK(wide_code::make({.data = 60000, .parity = 9000}).error().code == errc::limit);
    CHECK(wide_code::make({.data = 200, .parity = 100}, wide_field::gf8).error().detail == 328);
    const auto code = wide_code::make({.data = 300, .parity = 4});
    REQUIRE(code);
    CHECK(code->shape().granule == 2);
    stripe s{300, 4, 31, 1};
    CHECK(code->encode(s.data(), s.parity_out()).error().detail == 31);
    CHECK(code->verify(s.data(), s.parity()).error().detail == 31);
    CHECK(code->update(0, s.shards[0], s.parity_out()).error().detail == 31);
    CHECK(code->update(300, s.shards[0], s.parity_out()).error().detail == 300);
    CHECK(code->plan(std::vector<unsigned>{304}, {}).error().detail == 304);
    CHECK(code->plan(std::vector<unsigned>{1}, std::vector<unsigned>{2}).error().detail == 1);
}
