// SPDX-License-Identifier: Apache-2.0
#include <rsx/net/capability.hpp>

#include "catch.hpp"

#include <functional>
#include <random>

using rsx::errc;
using namespace rsx::net;

namespace {

constexpr std::int64_t now = 1'800'000'000'000;

capability_key key_of(std::uint32_t id) {
    capability_key key;
    key.id = id;
    for (std::size_t i = 0; i < key.secret.size(); ++i) {
        key.secret[i] = static_cast<std::byte>(i + id);
    }
    return key;
}

grant example(std::uint64_t nonce = 77) {
    grant g;
    g.op = 3;
    g.to = {5, 2};
    g.bearer_is = peer::role::gateway;
    g.bearer = 1;
    g.bearer_incarnation = 12;
    g.how = traffic::foreground;
    g.epoch = 4;
    g.expires_ms = now + 60'000;
    g.nonce = nonce;
    g.subject = std::string("shard\0id", 8);
    return g;
}

capability_gate gate_of_one() {
    capability_gate gate;
    gate.learn(key_of(1));
    return gate;
}

}  // namespace

TEST_CASE("a capability is these bytes") {
    const capability one = seal(example(), key_of(1));
    CHECK(rsx::hex(rsx::bytes_of(encoded(one))) ==
          "01"
          "01"
          "0300"
          "05000000"
          "02000000"
          "0100"
          "01000000"
          "0c00000000000000"
          "0400000000000000"
          "603a5d18a3010000"
          "4d00000000000000"
          "01000000"
          "08000000"
          "7368617264006964" +
              rsx::hex(one.mac));
    CHECK(one.mac ==
          rsx::digest::hmac_sha256(key_of(1).secret,
                                   rsx::bytes_of("rsx capability\n" + encoded(one.what, 1))));
}

TEST_CASE("a capability comes back from its bytes, cut ones do not") {
    const capability one = seal(example(), key_of(1));
    const std::string text = encoded(one) + "rest";
    std::string_view at = text;
    const auto back = capability_from(at);
    REQUIRE(back.has_value());
    CHECK(*back == one);
    CHECK(at == "rest");
    for (std::size_t cut = 0; cut + 4 < text.size(); ++cut) {
        std::string_view part = std::string_view{text}.substr(0, cut);
        CHECK_FALSE(capability_from(part).has_value());
    }
}

TEST_CASE("a capability opens the gate once") {
    capability_gate gate = gate_of_one();
    const capability one = seal(example(), key_of(1));
    CHECK(gate.admit(one, example(), now).has_value());
    CHECK(gate.admit(one, example(), now).error().code == errc::invalid);
    CHECK(gate.admit(seal(example(78), key_of(1)), example(), now).has_value());
}

TEST_CASE("a capability for anything else does not open it") {
    const std::function<void(grant&)> changes[] = {
        [](grant& g) { g.op = 4; },
        [](grant& g) { g.to.node = 6; },
        [](grant& g) { g.to.incarnation = 3; },
        [](grant& g) { g.bearer_is = peer::role::shard; },
        [](grant& g) { g.bearer = 2; },
        [](grant& g) { g.bearer_incarnation = 13; },
        [](grant& g) { g.how = traffic::background; },
        [](grant& g) { g.subject = "shard"; },
        [](grant& g) { g.subject += '/'; },
        [](grant& g) { g.subject = "../../etc/passwd"; },
    };
    std::size_t n = 0;
    for (const auto& change : changes) {
        CAPTURE(n++);
        capability_gate gate = gate_of_one();
        grant other = example();
        change(other);
        // Honestly made out for something else, and the same changed after it was sealed.
        CHECK_FALSE(gate.admit(seal(other, key_of(1)), example(), now).has_value());
        capability forged = seal(example(), key_of(1));
        change(forged.what);
        CHECK_FALSE(gate.admit(forged, forged.what, now).has_value());
        CHECK(gate.remembered() == 0);
    }
}

TEST_CASE("every flipped bit of a capability is seen") {
    const std::string good = encoded(seal(example(), key_of(1)));
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
        std::string bad = good;
        bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
        std::string_view at = bad;
        const auto got = capability_from(at);
        if (!got) continue;
        capability_gate gate = gate_of_one();
        CAPTURE(bit);
        CHECK_FALSE(gate.admit(*got, got->what, now).has_value());
    }
}

TEST_CASE("time, layout and keys run out") {
    capability_gate gate = gate_of_one();
    grant old = example(1);
    old.expires_ms = now - 1;
    CHECK_FALSE(gate.admit(seal(old, key_of(1)), example(), now).has_value());
    grant forever = example(2);
    forever.expires_ms = now + 24 * 3'600'000;
    CHECK_FALSE(gate.admit(seal(forever, key_of(1)), example(), now).has_value());
    grant behind = example(3);
    behind.epoch = 3;
    CHECK(gate.admit(seal(behind, key_of(1)), example(), now).error().code == errc::conflict);
    CHECK_FALSE(gate.admit(seal(example(4), key_of(2)), example(), now).has_value());
    gate.learn(key_of(2));  // rotation: both are good for a while
    CHECK(gate.admit(seal(example(5), key_of(2)), example(), now).has_value());
    CHECK(gate.admit(seal(example(6), key_of(1)), example(), now).has_value());
    gate.forget(1);
    CHECK_FALSE(gate.admit(seal(example(7), key_of(1)), example(), now).has_value());
}

TEST_CASE("a gate remembers until expiry, and refuses rather than forget") {
    capability_gate gate{3};
    gate.learn(key_of(1));
    for (std::uint64_t i = 0; i < 3; ++i) {
        CHECK(gate.admit(seal(example(i), key_of(1)), example(), now).has_value());
    }
    CHECK(gate.admit(seal(example(9), key_of(1)), example(), now).error().code ==
          errc::unavailable);
    CHECK(gate.remembered() == 3);
    grant later = example(10);
    later.expires_ms = now + 120'000;
    CHECK(gate.admit(seal(later, key_of(1)), example(), now + 61'000).has_value());
    CHECK(gate.remembered() == 1);
}
