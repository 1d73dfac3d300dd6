// SPDX-License-Identifier: Apache-2.0
#include <rsx/net/http_client.hpp>
#include <rsx/net/http_server.hpp>

#include "catch.hpp"
#include "certificates.hpp"

#include <thread>

using namespace std::chrono_literals;
using rsx::errc;
using rsx::result;
using rsx::step;
using rsx::task;
using rsx::net::asio_loop;
using namespace rsx::net::http;

namespace {

step answer(exchange& with) {
    const std::string target = with.head().target;
    if (target == "/sleep") co_return co_await rsx::sleep_for(1h);
    if (target == "/refuse") {
        response_head head;
        head.status = 403;
        const auto said = co_await with.respond(std::move(head), 2);
        if (!said) co_return said;
        const auto bytes = rsx::bytes_of("no");
        co_return co_await with.write(bytes);
    }
    if (target == "/short") {
        response_head head;
        const auto said = co_await with.respond(std::move(head), 10);
        if (!said) co_return said;
        const auto bytes = rsx::bytes_of("half");
        co_return co_await with.write(bytes);
    }
    // Echo: "METHOD target secure|plain " and the body.
    std::string body =
        with.head().method + " " + target + (with.head().secure ? " secure " : " plain ");
    std::vector<std::byte> piece(64 * 1024);
    for (;;) {
        const rsx::byte_span into{piece};
        const auto n = co_await with.read(into);
        if (!n) co_return std::unexpected(n.error());
        if (*n == 0) break;
        body += rsx::text_of(rsx::byte_view{piece}.first(*n));
    }
    response_head head;
    head.fields.push_back({"X-Test", "yes"});
    std::optional<std::uint64_t> length;
    if (!target.starts_with("/chunked")) length = body.size();
    const auto said = co_await with.respond(std::move(head), length);
    if (!said) co_return said;
    const auto bytes = rsx::bytes_of(body);
    co_return co_await with.write(bytes);
}

struct world {
    explicit world(server_options how = {}) : web{loop, (how.tick = 10ms, std::move(how)), answer} {
        const auto bound = web.listen();
        REQUIRE(bound.has_value());
        ask.port = *bound;
        ask.tick = 10ms;
    }
    ~world() {
        auto stopped = loop.run(web.stop(1s));
        CHECK(stopped.has_value());
    }
    asio_loop loop;
    server web;
    client_options ask{};
};

struct got {
    unsigned status;
    std::string body;
};

task<result<got>> fetch(client& from, std::string method, std::string target,
                        std::string body = {}) {
    request_head head;
    head.method = std::move(method);
    head.target = std::move(target);
    rsx::slice bytes;
    if (!body.empty()) bytes = rsx::slice::copy_of(rsx::bytes_of(body));
    auto answer = co_await from.request(std::move(head), std::move(bytes));
    if (!answer) co_return std::unexpected(answer.error());
    auto text = co_await answer->read_all(64u << 20);
    if (!text) co_return std::unexpected(text.error());
    got out{answer->status(), std::move(*text)};
    co_return out;
}

task<result<got>> upload(client& to, std::string target, body_source body) {
    request_head head;
    head.method = "PUT";
    head.target = std::move(target);
    auto answer = co_await to.request(std::move(head), std::move(body));
    if (!answer) co_return std::unexpected(answer.error());
    auto text = co_await answer->read_all(64u << 20);
    if (!text) co_return std::unexpected(text.error());
    got out{answer->status(), std::move(*text)};
    co_return out;
}

// `size` letters, as many at a time as fit.
struct letters {
    std::uint64_t left;
    task<result<std::size_t>> operator()(rsx::byte_span out) { return fill(&left, out); }
    static task<result<std::size_t>> fill(std::uint64_t* left, rsx::byte_span out) {
        const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(*left, out.size()));
        std::fill_n(out.begin(), n, std::byte{'a'});
        *left -= n;
        co_return n;
    }
};

body_source letters_of(std::uint64_t size, std::optional<std::uint64_t> length) {
    body_source out;
    out.length = length;
    out.read = letters{size};
    return out;
}

}  // namespace

TEST_CASE("requests reuse a connection while answers are read to their end") {
    world w;
    client c{w.loop, w.ask};
    for (int i = 0; i < 10; ++i) {
        const auto answer = w.loop.run(fetch(c, "GET", "/a"));
        REQUIRE(answer.has_value());
        CHECK(answer->status == 200);
        CHECK(answer->body == "GET /a plain ");
        const auto chunked = w.loop.run(fetch(c, "POST", "/chunked", "body"));
        REQUIRE(chunked.has_value());
        CHECK(chunked->body == "POST /chunked plain body");
        const auto head = w.loop.run(fetch(c, "HEAD", "/a"));
        REQUIRE(head.has_value());
        CHECK(head->body.empty());
    }
    CHECK(c.idle_connections() == 1);
    CHECK(w.web.connections() == 1);
}

TEST_CASE("bodies are streamed with a length or in chunks") {
    world w;
    client c{w.loop, w.ask};
    constexpr std::size_t size = (5u << 20) + 3;
    for (const bool known : {true, false}) {
        CAPTURE(known);
        std::optional<std::uint64_t> length;
        if (known) length = size;
        const auto answer = w.loop.run(upload(c, "/up", letters_of(size, length)));
        REQUIRE(answer.has_value());
        CHECK(answer->body == "PUT /up plain " + std::string(size, 'a'));
    }
    const auto early = w.loop.run(upload(c, "/up", letters_of(10, 20)));
    CHECK(early.error().code == errc::invalid);
}

TEST_CASE("a server that refuses a large body early is heard") {
    world w;
    client c{w.loop, w.ask};
    const auto answer = w.loop.run(upload(c, "/refuse", letters_of(200u << 20, 200u << 20)));
    REQUIRE(answer.has_value());
    CHECK(answer->status == 403);
    CHECK(answer->body == "no");
}

TEST_CASE("many requests at once share a bounded number of connections") {
    world w;
    w.ask.connections_max = 4;
    client c{w.loop, w.ask};
    std::vector<task<result<got>>> all;
    for (int i = 0; i < 50; ++i) all.push_back(fetch(c, "GET", "/" + std::to_string(i)));
    const auto answers = w.loop.run(rsx::gather(std::move(all)));
    for (std::size_t i = 0; i < answers.size(); ++i) {
        REQUIRE(answers[i].has_value());
        CHECK(answers[i]->body == "GET /" + std::to_string(i) + " plain ");
    }
    CHECK(c.idle_connections() <= 4);
    CHECK(w.web.connections() <= 4);
}

TEST_CASE("a connection the server closed meanwhile is replaced unseen") {
    server_options how;
    how.allowed.idle_time_max = 30ms;
    world w{std::move(how)};
    client c{w.loop, w.ask};
    CHECK(w.loop.run(fetch(c, "GET", "/a")).has_value());
    CHECK(w.loop.run(rsx::sleep_for(150ms)).has_value());
    CHECK(w.web.connections() == 0);
    CHECK(w.loop.run(fetch(c, "POST", "/a", "x")).has_value());
}

TEST_CASE("what goes wrong is said") {
    world w;
    w.ask.answer_time_max = 100ms;
    client c{w.loop, w.ask};
    CHECK(w.loop.run(fetch(c, "GET", "/short")).error().code == errc::unavailable);
    CHECK(w.loop.run(fetch(c, "GET", "/sleep")).error().code == errc::timed_out);
    CHECK(w.loop.run(rsx::within(20ms, fetch(c, "GET", "/sleep"))).error().code == errc::timed_out);
    CHECK(w.loop.run(fetch(c, "GET", "/a b")).error().code == errc::invalid);
    request_head bad;
    bad.method = "GET";
    bad.target = "/";
    bad.fields.push_back({"X", "a\r\nY: b"});
    CHECK_FALSE(w.loop.run(c.request(bad)).has_value());
    client_options nobody = w.ask;
    {
        asio_loop other;
        auto handler = answer;
        server gone{other, {}, handler};
        nobody.port = *gone.listen();
    }
    client d{w.loop, nobody};
    CHECK(w.loop.run(fetch(d, "GET", "/")).error().code == errc::unavailable);
    CHECK(w.loop.run(fetch(d, "GET", "/")).error().code == errc::unavailable);
    auto stopped = w.loop.run(w.web.stop(10ms));
    CHECK(stopped.error().code == errc::timed_out);
}

TEST_CASE("over TLS the name is verified, and certificates are renewed without a pause") {
    rsx_test::authority ca{"http-ca"};
    rsx_test::authority other{"http-other-ca"};
    ca.issue("web", "DNS:localhost,IP:127.0.0.1");
    server_options how;
    how.tls.emplace();
    how.tls->cert = ca.cert("web");
    how.tls->key = ca.key("web");
    world w{std::move(how)};
    const auto try_with = [&](const std::string& authority, const std::string& host) {
        client_options ask = w.ask;
        ask.host = host;
        ask.tls.emplace();
        ask.tls->ca = authority;
        client c{w.loop, ask};
        return w.loop.run(fetch(c, "PUT", "/tls", std::string(300'000, 'x')));
    };
    const auto good = try_with(ca.ca(), "127.0.0.1");
    REQUIRE(good.has_value());
    CHECK(good->body == "PUT /tls secure " + std::string(300'000, 'x'));
    CHECK(try_with(ca.ca(), "localhost").has_value());
    CHECK_FALSE(try_with(other.ca(), "127.0.0.1").has_value());
    CHECK_FALSE(try_with("/nonexistent", "127.0.0.1").has_value());

    ca.issue("web", "DNS:elsewhere");
    CHECK(w.web.reload_tls().has_value());
    CHECK_FALSE(try_with(ca.ca(), "127.0.0.1").has_value());
    ca.issue("web", "IP:127.0.0.1", -100, -10);  // expired
    CHECK(w.web.reload_tls().has_value());
    CHECK_FALSE(try_with(ca.ca(), "127.0.0.1").has_value());
    ca.issue("web", "IP:127.0.0.1");
    CHECK(w.web.reload_tls().has_value());
    CHECK(try_with(ca.ca(), "127.0.0.1").has_value());
    std::filesystem::remove(ca.cert("web"));
    CHECK_FALSE(w.web.reload_tls().has_value());
    CHECK(try_with(ca.ca(), "127.0.0.1").has_value());  // the old one serves on

    client_options plain = w.ask;
    client c{w.loop, plain};
    CHECK_FALSE(w.loop.run(fetch(c, "GET", "/")).has_value());
}

TEST_CASE("addresses are host and port") {
    using rsx::net::endpoint;
    using rsx::net::endpoint_from;
    CHECK(endpoint_from("10.0.0.1:9100").value() == endpoint{"10.0.0.1", 9100});
    CHECK(endpoint_from("[::1]:65535").value() == endpoint{"::1", 65535});
    CHECK(endpoint_from("host.example:1").value() == endpoint{"host.example", 1});
    for (const char* bad :
         {"", ":", "host", "host:", ":80", "::1:80", "h:65536", "h:-1", "h:8x", "h:999999"}) {
        CAPTURE(bad);
        CHECK(endpoint_from(bad).error().code == errc::invalid);
    }
    CHECK(rsx::net::is_loopback("127.0.0.1"));
    CHECK(rsx::net::is_loopback("::1"));
    CHECK(rsx::net::is_loopback("localhost"));
    CHECK_FALSE(rsx::net::is_loopback("10.0.0.1"));
    CHECK_FALSE(rsx::net::is_loopback("example.com"));
}
