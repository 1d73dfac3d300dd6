// SPDX-License-Identifier: Apache-2.0
#include <rsx/codec/replication.hpp>

#include "catch.hpp"

#include "fixture.hpp"

using namespace rsx;
using codec_test::outputs;
using codec_test::stripe;

TEST_CASE("every copy is the data and any copy brings back the others") {
    const auto code = codec::replication::make(3);
    REQUIRE(code);
    CHECK(code->shape() == codec::geometry{1, 2, 1});
    stripe s{1, 2, 77, 1};
    REQUIRE(code->encode(s.data(), s.parity_out()));
    CHECK((s.shards[1] == s.shards[0] && s.shards[2] == s.shards[0]));
    for (unsigned left = 0; left < 3; ++left) {
        const std::vector<unsigned> want{(left + 1) % 3, (left + 2) % 3};
        const auto plan = code->plan(std::vector<unsigned>{left}, want);
        REQUIRE(plan);
        CHECK(plan->sources().size() == 1);
        outputs out{2, 77};
        REQUIRE(plan->repair(s.pick(plan->sources()), out.spans()));
        CHECK((out.shards[0] == s.shards[0] && out.shards[1] == s.shards[0]));
    }
    CHECK(code->plan({}, {}).value().sources().empty());
}

TEST_CASE("copies are updated and verified") {
    const auto code = codec::replication::make(2);
    REQUIRE(code);
    stripe s{1, 1, 300, 2};
    REQUIRE(code->encode(s.data(), s.parity_out()));
    std::vector<std::byte> delta(300, std::byte{9});
    for (auto& b : s.shards[0]) b ^= std::byte{9};
    CHECK_FALSE(code->verify(s.data(), s.parity()).value());
    REQUIRE(code->update(0, delta, s.parity_out()));
    CHECK(code->verify(s.data(), s.parity()).value());
}

TEST_CASE("impossible replication is an error") {
    CHECK(codec::replication::make(1).error().detail == 1);
    CHECK_FALSE(codec::replication::make(0));
    CHECK(codec::replication::make(256).error().detail == 256);
    const auto code = codec::replication::make(3);
    REQUIRE(code);
    CHECK(code->plan({}, std::vector<unsigned>{0}).error().code == errc::too_few_shards);
    CHECK(code->plan(std::vector<unsigned>{3}, {}).error().detail == 3);
    CHECK(code->update(1, {}, {}).error().detail == 1);
    CHECK_FALSE(code->verify({}, {}));
}
