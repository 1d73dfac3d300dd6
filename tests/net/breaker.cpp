// SPDX-License-Identifier: Apache-2.0
#include <rsx/net/breaker.hpp>

#include "catch.hpp"

using namespace std::chrono_literals;
using rsx::net::breaker;
using state = rsx::net::breaker::state;

namespace {

struct world {
    rsx::seeded_entropy random{1};
    rsx::nanos now{1s};
    breaker gate{};
    void fail_once() {
        REQUIRE(gate.allow(now));
        gate.failed(now, random);
    }
    void open() {
        for (unsigned i = 0; i < breaker::failures_max; ++i) fail_once();
    }
};

}  // namespace

TEST_CASE("five failures in a row open a breaker, a success in between does not let it") {
    world w;
    for (int round = 0; round < 3; ++round) {
        for (unsigned i = 0; i + 1 < breaker::failures_max; ++i) w.fail_once();
        REQUIRE(w.gate.allow(w.now));
        w.gate.succeeded();
    }
    CHECK(w.gate.now_is() == state::closed);
    w.open();
    CHECK(w.gate.now_is() == state::open);
    CHECK_FALSE(w.gate.allow(w.now));
}

TEST_CASE("after a pause three tries are let through, and three successes close it") {
    world w;
    w.open();
    w.now += breaker::pause_min;
    for (unsigned i = 0; i < breaker::probes; ++i) CHECK(w.gate.allow(w.now));
    CHECK_FALSE(w.gate.allow(w.now));
    CHECK(w.gate.now_is() == state::half_open);
    for (unsigned i = 0; i < breaker::probes; ++i) w.gate.succeeded();
    CHECK(w.gate.now_is() == state::closed);
    CHECK(w.gate.allow(w.now));
}

TEST_CASE("one failed try opens it again, for longer each time and never for ever") {
    world w;
    w.open();
    rsx::nanos last{0};
    for (int round = 0; round < 12; ++round) {
        const rsx::nanos from = w.now;
        while (!w.gate.allow(w.now)) w.now += 10ms;
        const rsx::nanos pause = w.now - from;
        CAPTURE(round, pause.count());
        CHECK(pause <= breaker::pause_max);
        if (round > 0 && round < 5) CHECK(pause > last * 9 / 10);
        last = pause;
        w.gate.failed(w.now, w.random);
        CHECK(w.gate.now_is() == state::open);
    }
    CHECK(last >= breaker::pause_max / 2);
}

TEST_CASE("an abandoned try makes room for another") {
    world w;
    w.open();
    w.now += breaker::pause_min;
    for (int i = 0; i < 100; ++i) {
        REQUIRE(w.gate.allow(w.now));
        w.gate.left();
    }
    CHECK(w.gate.now_is() == state::half_open);
}

TEST_CASE("pauses are spread over their upper half") {
    rsx::seeded_entropy random{2};
    rsx::nanos least = 1h;
    rsx::nanos most{0};
    for (int i = 0; i < 1000; ++i) {
        const auto one = rsx::net::jittered(1s, random);
        least = std::min(least, one);
        most = std::max(most, one);
    }
    CHECK(least >= 500ms);
    CHECK(least < 520ms);
    CHECK(most < 1s);
    CHECK(most > 980ms);
}
