// SPDX-License-Identifier: Apache-2.0
#include <rsx/codec/local.hpp>

#include "catch.hpp"

#include "fixture.hpp"

#include <bit>

using namespace rsx;
using codec::local_code;
using codec_test::chosen;
using codec_test::outputs;
using codec_test::stripe;

namespace {

stripe encoded(const local_code& code, std::size_t bytes) {
    stripe s{code.shape().data, code.shape().parity, bytes, 42};
    REQUIRE(code.encode(s.data(), s.parity_out()));
    return s;
}

// Whether the losses were repaired; that they were repaired rightly is required.
bool repaired(const local_code& code, const stripe& s, std::uint64_t lost) {
    const unsigned n = code.shape().shards();
    const auto want = chosen(lost, n, true);
    const auto plan = code.plan(chosen(lost, n, false), want);
    if (!plan) return false;
    outputs out{want.size(), s.shards[0].size()};
    REQUIRE(plan->repair(s.pick(plan->sources()), out.spans()));
    for (std::size_t i = 0; i < want.size(); ++i) REQUIRE(out.shards[i] == s.shards[want[i]]);
    return true;
}

}  // namespace

TEST_CASE("a lost member of a group is repaired from its group alone") {
    for (const bool uniform : {false, true}) {
        const auto code = local_code::make({12, 2, 2, uniform});
        REQUIRE(code);
        const stripe s = encoded(*code, 100);
        for (unsigned lost = 0; lost < 16; ++lost) {
            CAPTURE(uniform, lost);
            const unsigned group = code->group_of(lost);
            const auto plan = code->plan(chosen(1u << lost, 16, false), std::vector{lost});
            REQUIRE(plan);
            CHECK(plan->sources().size() == (group == 2 ? 12 : uniform ? 7 : 6));
            for (const unsigned source : plan->sources())
                if (group != 2) CHECK(code->group_of(source) == group);
            CHECK(repaired(*code, s, 1u << lost));
        }
    }
}

TEST_CASE("any loss of one shard more than there are globals is repaired") {
    unsigned patterns = 0;
    for (const auto& shape :
         {codec::local_shape{12, 2, 2, false}, codec::local_shape{12, 2, 2, true},
          codec::local_shape{6, 2, 2, false}, codec::local_shape{9, 3, 3, false},
          codec::local_shape{10, 3, 3, true}, codec::local_shape{4, 1, 1, false},
          codec::local_shape{5, 5, 2, false}, codec::local_shape{7, 2, 0, false}}) {
        const auto code = local_code::make(shape);
        REQUIRE(code);
        const stripe s = encoded(*code, 65);
        const unsigned n = code->shape().shards();
        for (std::uint64_t lost = 0; lost < std::uint64_t{1} << n; ++lost) {
            if (static_cast<unsigned>(std::popcount(lost)) > shape.globals + 1) continue;
            CAPTURE(shape.data, shape.groups, shape.globals, shape.uniform, lost);
            REQUIRE(repaired(*code, s, lost));
            ++patterns;
        }
    }
    CHECK(patterns > 3000);
}

TEST_CASE("Azure's 12+2+2 repairs every loss of three, and most of four") {
    const auto code = local_code::make({.data = 12, .groups = 2, .globals = 2});
    REQUIRE(code);
    const stripe s = encoded(*code, 16);
    unsigned four = 0;
    unsigned good = 0;
    for (std::uint64_t lost = 0; lost < 1u << 16; ++lost) {
        if (std::popcount(lost) != 4) continue;
        ++four;
        good += repaired(*code, s, lost);
    }
    CHECK(four == 1820);
    CHECK(good >= 1820 * 85 / 100);  // Huang et al.: 86 % are possible at all
}

TEST_CASE("a local code updates and verifies as any other") {
    const auto code = local_code::make({10, 2, 3, true});
    REQUIRE(code);
    stripe s = encoded(*code, 200);
    CHECK(code->verify(s.data(), s.parity()).value());
    std::vector<std::byte> delta(200, std::byte{0x5a});
    for (auto& b : s.shards[7]) b ^= std::byte{0x5a};
    CHECK_FALSE(code->verify(s.data(), s.parity()).value());
    REQUIRE(code->update(7, delta, s.parity_out()));
    CHECK(code->verify(s.data(), s.parity()).value());
    CHECK(code->update(10, delta, s.parity_out()).error().detail == 10);
}

TEST_CASE("wide local codes are possible up to the field") {
    const auto code = local_code::make({96, 5, 4, true});
    REQUIRE(code);
    const stripe s = encoded(*code, 33);
    const unsigned n = code->shape().shards();
    std::mt19937 random{5};
    for (int round = 0; round < 20; ++round) {
        std::vector<unsigned> order(n);
        for (unsigned i = 0; i < n; ++i) order[i] = i;
        std::shuffle(order.begin(), order.end(), random);
        const auto want = std::span{order}.first(5);
        const auto plan = code->plan(std::span{order}.subspan(5), want);
        REQUIRE(plan);
        outputs out{5, 33};
        REQUIRE(plan->repair(s.pick(plan->sources()), out.spans()));
        for (std::size_t i = 0; i < 5; ++i) CHECK(out.shards[i] == s.shards[want[i]]);
    }
}

TEST_CASE("impossible local codes and losses are errors") {
    CHECK_FALSE(local_code::make({4, 0, 2, false}));
    CHECK(local_code::make({4, 5, 2, false}).error().detail == 4);
    CHECK(local_code::make({250, 5, 2, false}).error().detail == 257);
    CHECK_FALSE(local_code::make({0, 1, 1, false}));
    const auto code = local_code::make({4, 2, 1, false});
    REQUIRE(code);
    const auto plan = code->plan(std::vector<unsigned>{2, 3, 5, 6}, std::vector<unsigned>{0, 1, 4});
    REQUIRE_FALSE(plan);
    CHECK(plan.error().code == errc::too_few_shards);
    CHECK(code->plan(std::vector<unsigned>{7}, {}).error().detail == 7);
}
