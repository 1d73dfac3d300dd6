// SPDX-License-Identifier: Apache-2.0

// The cluster's key at work between a gateway and shard nodes: a capability for every operation.
//
//     shard::capability_granter grants{key, me, system_wall_clock(), system_entropy()};
//     shard::remote_store store{transport, loop, who, &grants};
//
//     shard::capability_gatekeeper gate{system_wall_clock()};
//     gate.learn(key);
//     shard::service shards{&gate};
//
// Each is for one operation on one shard (or, for ping, status and list, one holder), by one
// bearer, within a minute, once; so a node that has been taken over can replay nothing and erase
// nothing but what it was asked to. Who the bearer is, the connection has proved. An HMAC a call, a
// third of a microsecond with a prepared digest. Both belong to the loop of their transport.
#pragma once

#include <rsx/core/clock.hpp>
#include <rsx/net/capability.hpp>
#include <rsx/shard/access.hpp>
#include <rsx/shard/id.hpp>

namespace rsx::shard {

[[nodiscard]] inline net::grant grant_of(const access& what, const net::peer& bearer) {
    net::grant made;
    made.op = what.op;
    made.to = what.to;
    made.bearer_is = bearer.is;
    made.bearer = bearer.id;
    made.bearer_incarnation = bearer.incarnation;
    made.subject = text_of(key_of(what.which));
    return made;
}

class capability_granter final : public granter {
public:
    static constexpr std::int64_t lasts_ms = 60'000;

    capability_granter(net::capability_key key, net::peer me, wall_clock& wall, entropy& dice)
        : key_{key}, me_{me}, wall_{wall}, dice_{dice} {}

    [[nodiscard]] std::string grant(const access& what) override {
        net::grant made = grant_of(what, me_);
        made.expires_ms = wall_.now_ms() + lasts_ms;
        made.nonce = dice_.u64();
        return net::encoded(net::seal(std::move(made), key_));
    }

private:
    net::capability_key key_;
    net::peer me_;
    wall_clock& wall_;
    entropy& dice_;
};

class capability_gatekeeper final : public gatekeeper {
public:
    explicit capability_gatekeeper(wall_clock& wall) : wall_{wall} {}

    void learn(const net::capability_key& key) { gate_.learn(key); }
    void forget(std::uint32_t key) { gate_.forget(key); }

    [[nodiscard]] result<void> check(const net::peer& who, const access& what,
                                     std::string_view grant) override {
        auto shown = net::capability_from(grant);
        if (!shown) return std::unexpected(shown.error());
        if (!grant.empty()) return fail(errc::corrupt, "more than a capability");
        net::grant asked = grant_of(what, who);
        asked.how = shown->what.how;  // every class may do what its connection lets it
        return gate_.admit(*shown, asked, wall_.now_ms());
    }

private:
    wall_clock& wall_;
    net::capability_gate gate_{};
};

}  // namespace rsx::shard
