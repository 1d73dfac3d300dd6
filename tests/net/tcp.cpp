// SPDX-License-Identifier: Apache-2.0

// What the TCP transport does when peers refuse, lie, vanish or come back.
#include <rsx/net/tcp_server.hpp>
#include <rsx/net/tcp_transport.hpp>

#include <boost/asio/write.hpp>

#include "catch.hpp"
#include "certificates.hpp"
#include "raw_client.hpp"

#include <random>
#include <thread>

using namespace std::chrono_literals;
using rsx::errc;
using rsx::result;
using rsx::slice;
using rsx::step;
using rsx::task;
using namespace rsx::net;
using rsx_test::raw_client;

namespace {

constexpr rsx::holder here{7, 1};

// Answers what it is asked; op 2 sleeps, op 3 counts and sleeps.
struct echo_service final : service {
    int called{0};
    task<result<reply>> answer(peer, request ask) override {
        ++called;
        if (ask.op == 2) {
            const auto slept = co_await rsx::sleep_for(1h);
            if (!slept) co_return std::unexpected(slept.error());
        }
        reply out;
        out.head = std::move(ask.head);
        out.body = std::move(ask.body);
        co_return out;
    }
    step serve(peer, request ask, stream& with) override {
        if (ask.op == 2) co_return co_await rsx::sleep_for(1h);
        for (;;) {
            const auto next = co_await with.read();
            if (!next) co_return std::unexpected(next.error());
            if (next->empty()) co_return rsx::status{};
            const auto sent = co_await with.write(*next);
            if (!sent) co_return sent;
        }
    }
};

struct skewed_wall final : rsx::wall_clock {
    std::int64_t off{0};
    std::int64_t now_ms() const override { return rsx::system_wall_clock().now_ms() + off; }
};

tcp_server_options at_home() {
    tcp_server_options how;
    how.me.is = peer::role::shard;
    how.me.id = here.node;
    how.me.incarnation = here.incarnation;
    how.tick = 10ms;
    return how;
}

tcp_options going_to(const std::uint16_t& port) {
    tcp_options how;
    how.me.is = peer::role::gateway;
    how.me.id = 1;
    how.me.incarnation = 4;
    how.tick = 10ms;
    how.find = [&port](rsx::holder) -> result<endpoint> {
        endpoint at{"127.0.0.1", port};
        return at;
    };
    return how;
}

task<result<reply>> ask(transport& net, std::uint16_t op = 1, std::string head = "x") {
    request what;
    what.op = op;
    what.to = here;
    what.head = std::move(head);
    return net.call(std::move(what), traffic::foreground);
}

// A server, a port and as many transports as a test wants.
struct world {
    asio_loop loop{};
    echo_service service{};
    tcp_server door;
    std::uint16_t port{0};
    explicit world(tcp_server_options how = at_home()) : door{loop, std::move(how)} {
        door.add(here, service);
        const auto bound = door.listen();
        REQUIRE(bound.has_value());
        port = *bound;
    }
    ~world() { loop.run(door.stop(1s)); }
    result<reply> ask_once(tcp_options how) {
        tcp_transport net{loop, std::move(how)};
        return loop.run(ask(net));
    }
};

std::string raw_frame(frame about, std::string_view payload) {
    about.length = static_cast<std::uint32_t>(payload.size());
    std::array<std::byte, frame::size> raw{};
    store(raw, about);
    return std::string{rsx::text_of(raw)}.append(payload);
}

hello gateway_hello() {
    hello h;
    h.is = peer::role::gateway;
    h.id = 1;
    h.clock_ms = rsx::system_wall_clock().now_ms();
    return h;
}

std::string hello_frame(const hello& h) {
    frame about;
    about.type = frame_type::hello;
    about.how = traffic::foreground;
    return raw_frame(about, head_section(encoded(h)));
}

// Sends these bytes while the loop runs; answers what came back until the server closed.
std::string say(world& w, std::string bytes, bool finish = true) {
    std::string answer;
    bool done = false;
    std::thread client{[&] {
        raw_client raw{w.port};
        raw.send(bytes);
        if (finish) raw.end();
        answer = raw.rest();
        if (raw.timed_out()) answer = "the server did not close";
        w.loop.post([&] { done = true; });
    }};
    while (!done) w.loop.run(rsx::sleep_for(2ms));
    client.join();
    return answer;
}

std::optional<refusal> refusal_in(const std::string& answer) {
    if (answer.size() < frame::size + head_prefix + 1) return {};
    const auto about = frame_from(rsx::bytes_of(std::string_view{answer}).first<frame::size>());
    if (!about || about->type != frame_type::refusal) return {};
    return refusal{static_cast<std::uint8_t>(answer[frame::size + head_prefix])};
}

}  // namespace

TEST_CASE("peers that should not meet refuse each other by name") {
    world w;
    const auto port = w.port;
    CHECK(w.ask_once(going_to(port)).has_value());

    auto other = going_to(port);
    other.me.cluster[3] = std::byte{9};
    CHECK(w.ask_once(other).error() == error_of(refusal::other_cluster));

    auto newer = going_to(port);
    newer.me.wire_min = 2;
    newer.me.wire_max = 3;
    CHECK(w.ask_once(newer).error() == error_of(refusal::no_common_wire));
    newer.me.wire_min = 1;
    CHECK(w.ask_once(newer).has_value());

    auto must = going_to(port);
    must.me.must = 4;
    CHECK(w.ask_once(must).error() == error_of(refusal::unknown_must_bit));
    auto may = going_to(port);
    may.me.may = 4;
    CHECK(w.ask_once(may).has_value());

    auto level = going_to(port);
    level.me.level_min = level.me.level_max = 2;
    CHECK(w.ask_once(level).error() == error_of(refusal::no_common_level));

    skewed_wall late;
    late.off = -6 * 60 * 1000;
    auto slow = going_to(port);
    slow.wall = &late;
    CHECK(w.ask_once(slow).error() == error_of(refusal::clock_too_far));
    CHECK(w.service.called == 3);
    CHECK(w.door.refused() == 5);
}

TEST_CASE("the server admits whom it is told to") {
    auto how = at_home();
    how.admit = [](const hello& who) -> std::expected<void, refusal> {
        if (who.is != peer::role::gateway) return std::unexpected(refusal::wrong_role);
        if (who.incarnation < 4) return std::unexpected(refusal::closed_incarnation);
        return {};
    };
    world w{std::move(how)};
    auto old = going_to(w.port);
    old.me.incarnation = 3;
    CHECK(w.ask_once(old).error() == error_of(refusal::closed_incarnation));
    auto node = going_to(w.port);
    node.me.is = peer::role::shard;
    CHECK(w.ask_once(node).error() == error_of(refusal::wrong_role));
    CHECK(w.ask_once(going_to(w.port)).has_value());
}

TEST_CASE("bytes that are no hello get no further") {
    world w;
    CHECK(say(w, "GET / HTTP/1.1\r\nHost: h\r\n\r\n").empty());
    CHECK(say(w, std::string(100, '\0')).empty());
    CHECK(say(w, "").empty());
    frame call;
    call.type = frame_type::call;
    call.stream = 1;
    ask_head head;
    head.to = here;
    CHECK(say(w, raw_frame(call, head_section(encoded(head)))).empty());
    frame about;
    about.type = frame_type::hello;
    CHECK(refusal_in(say(w, raw_frame(about, head_section("short")))) == refusal::malformed);
    std::string bent = hello_frame(gateway_hello());
    bent[frame::size + 20] ^= 1;  // under the checksum of the head
    CHECK(say(w, bent).empty());
    CHECK(w.service.called == 0);
    CHECK(w.ask_once(going_to(w.port)).has_value());
}

TEST_CASE("frames out of order end the connection and nothing else") {
    world w;
    const std::string greeting = hello_frame(gateway_hello());
    const auto framed = [](frame_type type, std::uint32_t id, std::string payload) {
        frame about;
        about.type = type;
        about.how = traffic::foreground;
        about.stream = id;
        return raw_frame(about, payload);
    };
    ask_head head;
    head.op = 1;
    head.to = here;
    const std::string call = framed(frame_type::call, 1, head_section(encoded(head)));
    frame other_class;
    other_class.type = frame_type::ping;
    other_class.how = traffic::background;
    frame other_wire;
    other_wire.type = frame_type::ping;
    other_wire.how = traffic::foreground;
    other_wire.wire = 2;
    head.op = 2;
    const std::string slow = framed(frame_type::call, 5, head_section(encoded(head)));
    const std::string open = framed(frame_type::open, 6, head_section(encoded(head)));
    const std::string flood = framed(frame_type::data, 6, std::string(2u << 20, 'x'));
    const std::vector<std::string> all = {
        greeting,  // a second hello
        raw_frame(other_class, ""),
        raw_frame(other_wire, ""),
        std::string(32, 'x'),                    // no frame
        framed(frame_type::call, 2, "1234567"),  // no head section
        framed(frame_type::call, 2, head_section("short")),
        framed(frame_type::reset, 2, head_section("short")),
        framed(frame_type::call, 2, std::string("\xff\xff\xff\x7f\0\0\0\0", 8)),  // head size
        slow + slow,  // the same number twice
        open + open,
        open + flood + flood + flood,     // past the credit
        call.substr(0, call.size() - 3),  // cut short
    };
    for (std::size_t i = 0; i < all.size(); ++i) {
        CAPTURE(i);
        // The server closes by itself but for the last, which ends with the client.
        const std::string answer = say(w, greeting + all[i], i + 1 == all.size());
        CHECK(answer.size() >= frame::size + hello_fixed_bytes);  // its hello came
    }
    const std::string answered = say(w, greeting + call);
    CHECK(answered.size() > 2 * frame::size);
    CHECK(w.ask_once(going_to(w.port)).has_value());
}

TEST_CASE("random frames behind a good hello never stop the server") {
    world w;
    std::mt19937_64 random{99};
    for (int i = 0; i < 60; ++i) {
        std::string bytes = hello_frame(gateway_hello());
        for (std::uint64_t n = 1 + random() % 5; n > 0; --n) {
            frame about;
            about.type = frame_type{static_cast<std::uint8_t>(1 + random() % 11)};
            about.how = random() % 8 == 0 ? traffic::control : traffic::foreground;
            about.stream = static_cast<std::uint32_t>(random() % 4);
            about.credit = static_cast<std::uint32_t>(random());
            ask_head head;
            head.op = static_cast<std::uint16_t>(random() % 2);
            head.to = here;
            std::string payload = has_head(about.type) ? head_section(encoded(head)) : "";
            payload += std::string(random() % 3000, 'r');
            bytes += raw_frame(about, payload);
        }
        CAPTURE(i);
        say(w, bytes);
    }
    CHECK(w.ask_once(going_to(w.port)).has_value());
}

TEST_CASE("a call under way when the connection breaks has an unknown outcome") {
    auto w = std::make_unique<world>();
    const std::uint16_t port = w->port;
    asio_loop& loop = w->loop;
    tcp_transport net{loop, going_to(port)};
    std::optional<result<reply>> got;
    loop.start(ask(net, 2), [&](result<reply> value) { got = std::move(value); });
    while (w->service.called == 0) loop.run(rsx::sleep_for(1ms));
    const auto stopped = loop.run(w->door.stop(10ms));
    CHECK(stopped.error().code == errc::timed_out);
    while (!got) loop.run(rsx::sleep_for(1ms));
    CHECK(got->error().code == errc::unknown_outcome);
    CHECK(loop.run(ask(net)).error().code == errc::unavailable);
}

TEST_CASE("a peer that comes back is found again, one that stays away is left alone") {
    asio_loop loop;
    std::uint16_t port = 0;
    echo_service service;
    {
        tcp_server first{loop, at_home()};
        port = *first.listen();
        CHECK(loop.run(first.stop(1s)).has_value());
    }
    tcp_transport net{loop, going_to(port)};
    int broke = 0;
    for (int i = 0; i < 20; ++i) {
        const auto got = loop.run(ask(net));
        CHECK(got.error().code == errc::unavailable);
        if (std::string_view{got.error().why.c_str()} == "the peer failed too often lately")
            ++broke;
    }
    CHECK(broke == 15);
    auto how = at_home();
    how.port = port;
    tcp_server again{loop, std::move(how)};
    again.add(here, service);
    REQUIRE(again.listen().has_value());
    bool back = false;
    for (int i = 0; i < 500 && !back; ++i) {
        back = loop.run(ask(net)).has_value();
        loop.run(rsx::sleep_for(10ms));
    }
    CHECK(back);
    loop.run(again.stop(1s));
}

TEST_CASE("unsent bytes to a peer that does not read are bounded and its callers leave in time") {
    asio_loop loop;
    // Greets like a node and then reads nothing more.
    asio::ip::tcp::acceptor door{loop.context(), {asio::ip::address_v4::loopback(), 0}};
    const std::uint16_t port = door.local_endpoint().port();
    std::thread silent{[&] {
        auto socket = door.accept();
        std::string hello_bytes(1000, '\0');
        socket.read_some(asio::buffer(hello_bytes));
        hello mine = gateway_hello();
        mine.is = peer::role::shard;
        asio::write(socket, asio::buffer(hello_frame(mine)));
        std::this_thread::sleep_for(1500ms);
    }};
    {
        tcp_transport net{loop, going_to(port)};
        const slice body{rsx::buffer{1 << 20}};
        std::vector<task<result<reply>>> all;
        for (int i = 0; i < 64; ++i) {
            request what;
            what.op = 1;
            what.to = here;
            what.body = body;
            all.push_back(rsx::within(300ms, net.call(std::move(what), traffic::foreground)));
        }
        const auto out = loop.run(rsx::gather(std::move(all)));
        for (const auto& one : out) CHECK(one.error().code == errc::timed_out);
    }
    silent.join();
}

TEST_CASE("epochs ride on every frame") {
    std::uint64_t ours = 5;
    std::uint64_t heard_by_server = 0;
    std::uint64_t heard_by_client = 0;
    auto how = at_home();
    how.epoch = [] { return std::uint64_t{9}; };
    how.heard_epoch = [&](std::uint64_t e) { heard_by_server = e; };
    world w{std::move(how)};
    auto client = going_to(w.port);
    client.epoch = [&] { return ours; };
    client.heard_epoch = [&](std::uint64_t e) { heard_by_client = e; };
    tcp_transport net{w.loop, client};
    CHECK(w.loop.run(ask(net)).has_value());
    CHECK(heard_by_server == 5);
    CHECK(heard_by_client == 9);
    ours = 6;
    CHECK(w.loop.run(ask(net)).has_value());
    CHECK(heard_by_server == 6);
}

TEST_CASE("with TLS only peers whose certificates say who they are get in") {
    const cluster_id cluster{};
    rsx_test::authority ca{"node-ca"};
    rsx_test::authority stranger{"node-other-ca"};
    const std::string node = "DNS:" + certified_name(peer::role::shard, 7, cluster);
    const std::string gateway = "DNS:" + certified_name(peer::role::gateway, 1, cluster);
    cluster_id elsewhere{};
    elsewhere[0] = std::byte{1};
    ca.issue("node", node);
    ca.issue("gateway", gateway);
    ca.issue("gateway-2", "DNS:" + certified_name(peer::role::gateway, 2, cluster));
    ca.issue("other-node", "DNS:" + certified_name(peer::role::shard, 1, cluster));
    ca.issue("other-cluster", "DNS:" + certified_name(peer::role::gateway, 1, elsewhere));
    ca.issue("expired", gateway, -1000, -10);
    ca.issue("future", gateway, 1000, 2000);
    ca.issue("both", gateway + "," + node);
    stranger.issue("gateway", gateway);
    stranger.issue("node", node);

    const auto served_by = [](const rsx_test::authority& by, const std::string& name) {
        auto how = at_home();
        how.tls = tls_files{by.ca(), by.cert(name), by.key(name)};
        return how;
    };
    const auto shown = [](const std::uint16_t& port, const rsx_test::authority& trust,
                          const rsx_test::authority& by, const std::string& name) {
        auto how = going_to(port);
        how.tls = tls_files{trust.ca(), by.cert(name), by.key(name)};
        return how;
    };
    {
        world w{served_by(ca, "node")};
        CHECK(w.ask_once(shown(w.port, ca, ca, "gateway")).has_value());
        CHECK(w.ask_once(shown(w.port, ca, ca, "both")).has_value());
        CHECK(w.service.called == 2);
        for (const char* bad : {"gateway-2", "other-node", "other-cluster"}) {
            CAPTURE(bad);
            CHECK(w.ask_once(shown(w.port, ca, ca, bad)).error() ==
                  error_of(refusal::not_certified));
        }
        for (const char* bad : {"expired", "future"}) {
            CAPTURE(bad);
            CHECK_FALSE(w.ask_once(shown(w.port, ca, ca, bad)).has_value());
        }
        CHECK_FALSE(w.ask_once(shown(w.port, ca, stranger, "gateway")).has_value());
        CHECK_FALSE(w.ask_once(shown(w.port, stranger, ca, "gateway")).has_value());
        auto bare = going_to(w.port);
        bare.tls = tls_files{ca.ca(), {}, {}};
        CHECK_FALSE(w.ask_once(bare).has_value());
        CHECK_FALSE(w.ask_once(going_to(w.port)).has_value());  // plaintext
        CHECK(w.service.called == 2);
    }
    {
        world w{served_by(ca, "other-node")};  // a server that is not the node it says it is
        CHECK(w.ask_once(shown(w.port, ca, ca, "gateway")).error() ==
              error_of(refusal::not_certified));
        CHECK(w.service.called == 0);
    }
}

TEST_CASE("without TLS nothing but loopback is listened at or spoken to") {
    asio_loop loop;
    auto how = at_home();
    how.address = "0.0.0.0";
    tcp_server door{loop, std::move(how)};
    CHECK(door.listen().error().code == errc::invalid);
    std::uint16_t port = 1;
    auto out = going_to(port);
    out.find = [](rsx::holder) -> result<endpoint> {
        endpoint at{"192.0.2.1", 9100};
        return at;
    };
    tcp_transport net{loop, std::move(out)};
    CHECK(loop.run(ask(net)).error().code == errc::invalid);
}
