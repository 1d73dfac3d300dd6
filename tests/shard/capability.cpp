// SPDX-License-Identifier: Apache-2.0
#include <rsx/shard/capability.hpp>

#include <rsx/net/local_transport.hpp>
#include <rsx/shard/memory.hpp>
#include <rsx/shard/remote.hpp>
#include <rsx/shard/service.hpp>

#include "laws.hpp"

namespace net = rsx::net;
namespace shard = rsx::shard;
using namespace shard_laws;

namespace {

class set_clock final : public rsx::wall_clock {
public:
    std::int64_t now_ms() const override { return now; }
    std::int64_t now{1'700'000'000'000};
};

constexpr net::peer me{.is = net::peer::role::gateway, .id = 1, .incarnation = 5};

net::capability_key key_of_cluster(std::uint32_t id) {
    net::capability_key key{.id = id, .secret = {}};
    key.secret[0] = static_cast<std::byte>(id);
    return key;
}

// A gateway and a shard node that share a key.
class guarded final : public subject {
public:
    guarded()
        : gate_{wall},
          grants_{key_of_cluster(1), me, wall, dice_},
          served_{shard::wrap(std::ref(model_))},
          service_{&gate_},
          net_{home(), me},
          remote_{net_, home(), here, &grants_},
          store_{shard::wrap(std::ref(remote_))} {
        gate_.learn(key_of_cluster(1));
        service_.add(*served_);
        net_.add(here, service_);
    }
    ~guarded() override { (void)run(net_.settled()); }
    shard::any_store& store() override { return *store_; }
    bool flip(const shard::id& which, std::uint64_t at) override { return model_.flip(which, at); }
    shard::capability_gatekeeper& gate() { return gate_; }
    shard::capability_granter& grants() { return grants_; }
    set_clock wall;

private:
    rsx::seeded_entropy dice_{3};
    shard::capability_gatekeeper gate_;
    shard::capability_granter grants_;
    shard::memory model_{here};
    std::unique_ptr<shard::any_store> served_;
    shard::service service_;
    net::local_transport net_;
    shard::remote_store remote_;
    std::unique_ptr<shard::any_store> store_;
};

}  // namespace

TEST_CASE("a guarded shard store on another machine keeps the laws") {
    guarded subject;
    shard_laws::all(subject);
}

TEST_CASE("a capability is for one operation on one shard by one bearer, once, for a while") {
    guarded s;
    const shard::access what{.op = 6, .to = here, .which = header_of(1).id};
    const auto fresh = [&] { return s.grants().grant(what); };
    const auto once = fresh();
    CHECK(s.gate().check(me, what, once));
    CHECK(code_of(s.gate().check(me, what, once)) == errc::invalid);
    auto other = what;
    other.op = 4;
    CHECK(code_of(s.gate().check(me, other, fresh())) == errc::invalid);
    other = what;
    other.which.write += 1;
    CHECK(code_of(s.gate().check(me, other, fresh())) == errc::invalid);
    other = what;
    other.to.incarnation += 1;
    CHECK(code_of(s.gate().check(me, other, fresh())) == errc::invalid);
    auto thief = me;
    thief.id = 2;
    CHECK(code_of(s.gate().check(thief, what, fresh())) == errc::invalid);
    CHECK(code_of(s.gate().check(me, what, "")) == errc::corrupt);
    CHECK(code_of(s.gate().check(me, what, fresh() + "x")) == errc::corrupt);
    auto bent = fresh();
    bent.back() = static_cast<char>(bent.back() ^ 1);
    CHECK(code_of(s.gate().check(me, what, bent)) == errc::invalid);
    const auto late = fresh();
    s.wall.now += shard::capability_granter::lasts_ms + 1;
    CHECK(code_of(s.gate().check(me, what, late)) == errc::invalid);
}

TEST_CASE("keys come before they are used and go after") {
    guarded s;
    must_put(s, header_of(1), bytes_for(10));
    s.gate().learn(key_of_cluster(2));
    CHECK(read(s, header_of(1).id));
    s.gate().forget(1);
    CHECK(code_of(read(s, header_of(1).id)) == errc::invalid);
    s.gate().learn(key_of_cluster(1));
    CHECK(read(s, header_of(1).id));
}
