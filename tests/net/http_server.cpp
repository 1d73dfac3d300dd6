// SPDX-License-Identifier: Apache-2.0
#include <rsx/net/http_server.hpp>

#include "catch.hpp"
#include "raw_client.hpp"

#include <atomic>
#include <mutex>
#include <random>
#include <thread>

using namespace std::chrono_literals;
using namespace std::string_literals;
using rsx::errc;
using rsx::step;
using rsx::net::asio_loop;
using rsx::net::http::exchange;
using rsx::net::http::response_head;
using rsx::net::http::server;
using rsx::net::http::server_options;
using rsx_test::raw_client;

namespace {

// Requests the handler saw, as "METHOD target"; a smuggled one would stand here.
struct seen {
    std::mutex lock;
    std::vector<std::string> all;
    void add(std::string one) {
        const std::lock_guard hold{lock};
        all.push_back(std::move(one));
    }
    std::size_t count() {
        const std::lock_guard hold{lock};
        return all.size();
    }
};

step echo(exchange& with, bool chunked) {
    std::string body;
    std::vector<std::byte> piece(1000);
    for (;;) {
        const rsx::byte_span into{piece};
        const auto n = co_await with.read(into);
        if (!n) {
            response_head bad;
            bad.status = n.error().code == errc::timed_out ? 408
                         : n.error().code == errc::limit   ? 413
                                                           : 400;
            const auto said = co_await with.respond(std::move(bad), 0);
            co_return said;
        }
        if (*n == 0) break;
        body += rsx::text_of(rsx::byte_view{piece}.first(*n));
    }
    response_head head;
    head.fields.push_back({"Content-Type", "text/plain"});
    std::optional<std::uint64_t> length;
    if (!chunked) length = body.size();
    const auto said = co_await with.respond(std::move(head), length);
    if (!said) co_return said;
    for (std::size_t at = 0; at < body.size(); at += 700) {
        const auto part = rsx::bytes_of(std::string_view{body}.substr(at, 700));
        const auto sent = co_await with.write(part);
        if (!sent) co_return sent;
    }
    co_return rsx::status{};
}

step say(exchange& with, unsigned status, std::string text) {
    response_head head;
    head.status = status;
    const auto said = co_await with.respond(std::move(head), text.size());
    if (!said) co_return said;
    const auto bytes = rsx::bytes_of(text);
    co_return co_await with.write(bytes);
}

step stream_out(exchange& with, std::uint64_t size) {
    response_head head;
    const auto said = co_await with.respond(std::move(head), size);
    if (!said) co_return said;
    const std::string piece(256 * 1024, 'z');
    while (size > 0) {
        const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(size, piece.size()));
        const auto part = rsx::bytes_of(piece).first(n);
        const auto sent = co_await with.write(part);
        if (!sent) co_return sent;
        size -= n;
    }
    co_return rsx::status{};
}

step swallow(exchange& with) {
    std::uint64_t total = 0;
    rsx::buffer piece = rsx::buffer::uninitialized(1 << 20);
    for (;;) {
        const rsx::byte_span into = piece.span();
        const auto n = co_await with.read(into);
        if (!n) co_return std::unexpected(n.error());
        if (*n == 0) break;
        total += *n;
    }
    co_return co_await say(with, 200, std::to_string(total));
}

step misbehave(exchange& with, std::string_view how) {
    if (how == "/silent") co_return rsx::status{};
    if (how == "/error") co_return rsx::fail(errc::io, "broken on purpose");
    if (how == "/sleep") {
        const auto slept = co_await rsx::sleep_for(1h);
        co_return slept;
    }
    response_head head;
    if (how == "/bad-field") {
        head.fields.push_back({"X", "a\r\nSet-Cookie: b"});
        co_return co_await with.respond(std::move(head), 0);
    }
    if (how == "/close") with.close_after();
    const auto said = co_await with.respond(std::move(head), 10);
    if (!said) co_return said;
    const auto bytes = rsx::bytes_of(how == "/long" ? "12345678901" : "12345");
    const auto sent = co_await with.write(bytes);
    if (how == "/late-error") co_return rsx::fail(errc::io, "broken on purpose");
    if (how == "/short" || !sent) co_return sent;
    const auto more = rsx::bytes_of("67890");
    co_return co_await with.write(more);
}

step route(exchange& with, seen& log) {
    const auto& head = with.head();
    log.add(head.method + " " + head.target);
    if (head.target == "/echo") return echo(with, false);
    if (head.target == "/echo-chunked") return echo(with, true);
    if (head.target == "/hello") return say(with, 200, "hello");
    if (head.target == "/none") return say(with, 204, "");
    if (head.target == "/unread") return say(with, 200, "unread");
    if (head.target == "/swallow") return swallow(with);
    if (head.target == "/remote") return say(with, 200, head.remote);
    if (head.target.starts_with("/stream/")) {
        return stream_out(with, std::stoull(head.target.substr(8)));
    }
    return misbehave(with, head.target);
}

struct fixed_wall final : rsx::wall_clock {
    std::int64_t now_ms() const override { return 784'111'777'000; }
};

struct world {
    explicit world(server_options how = {})
        : web{loop, (how.wall = &wall, how.tick = 20ms, std::move(how)),
              [this](exchange& with) { return route(with, log); }} {
        const auto bound = web.listen();
        REQUIRE(bound.has_value());
        port = *bound;
        thread = std::thread{[this] { loop.run(); }};
    }
    ~world() {
        if (!thread.joinable()) return;
        stop(1s);
    }
    // Ends the server in order, then the loop.
    rsx::status stop(rsx::nanos grace) {
        std::optional<rsx::status> ended;
        loop.post([&] {
            loop.start(web.stop(grace), [&](rsx::status s) {
                ended = s;
                loop.stop();
            });
        });
        thread.join();
        return *ended;
    }
    std::string ask(std::string_view request) {
        raw_client client{port};
        client.send(request);
        client.end();
        return client.rest();
    }
    unsigned status_of(std::string_view request) {
        const std::string answer = ask(request);
        if (!answer.starts_with("HTTP/1.1 ")) return 0;
        return static_cast<unsigned>(std::stoul(answer.substr(9, 3)));
    }

    fixed_wall wall;
    seen log;
    asio_loop loop;
    server web;
    std::uint16_t port{0};
    std::thread thread;
};

const std::string get = "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string get_answer =
    "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 5\r\n\r\nhello";

std::string post(std::string_view target, std::string_view body) {
    return "POST " + std::string{target} +
           " HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           std::string{body};
}

}  // namespace

TEST_CASE("a small answer is these bytes") {
    world w;
    CHECK(w.ask(get) == get_answer);
}

TEST_CASE("requests follow each other on one connection, pipelined or not") {
    world w;
    raw_client client{w.port};
    for (int i = 0; i < 100; ++i) {
        REQUIRE(client.send(get));
        REQUIRE(client.exactly(get_answer.size()) == get_answer);
    }
    std::string many;
    for (int i = 0; i < 100; ++i) many += get + post("/echo", std::string(500, 'x'));
    std::thread sender{[&] { client.send(many); }};
    for (int i = 0; i < 100; ++i) {
        REQUIRE(client.exactly(get_answer.size()) == get_answer);
        const std::string head = client.until("\r\n\r\n");
        REQUIRE(head.find("Content-Length: 500\r\n") != head.npos);
        REQUIRE(client.exactly(500) == std::string(500, 'x'));
    }
    sender.join();
}

TEST_CASE("a request arriving byte by byte is a request") {
    world w;
    raw_client client{w.port};
    for (const char c : post("/echo", "body")) REQUIRE(client.send(std::string_view{&c, 1}));
    client.end();
    CHECK(client.rest().ends_with("\r\n\r\nbody"));
}

TEST_CASE("bodies come with a length or in chunks and go out either way") {
    world w;
    const std::string chunks = "6\r\nchunk \r\n4\r\nbody\r\n0\r\n\r\n";
    for (const char* target : {"/echo", "/echo-chunked"}) {
        CAPTURE(target);
        const std::string chunked_head =
            "POST " + std::string{target} +
            " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
        const std::string in_chunks = w.ask(chunked_head + chunks);
        const std::string with_length = w.ask(post(target, "chunk body"));
        CHECK(in_chunks == with_length);
        const bool out_chunked = std::string_view{target} == "/echo-chunked";
        const std::string tail = out_chunked ? "a\r\nchunk body\r\n0\r\n\r\n" : "chunk body";
        CHECK(in_chunks.ends_with("\r\n\r\n" + tail));
        CHECK((in_chunks.find("Transfer-Encoding: chunked") != in_chunks.npos) == out_chunked);
        CHECK((in_chunks.find("Content-Length") == in_chunks.npos) == out_chunked);
    }
}

TEST_CASE("HEAD says the length and sends no body, 204 says neither") {
    world w;
    CHECK(w.ask("HEAD /hello HTTP/1.1\r\nHost: h\r\n\r\n") ==
          get_answer.substr(0, get_answer.size() - 5));
    const std::string none = w.ask("GET /none HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(none.starts_with("HTTP/1.1 204 No Content\r\n"));
    CHECK(none.find("Content-Length") == none.npos);
}

TEST_CASE("100 Continue is sent when the handler first reads and not before") {
    world w;
    const std::string head =
        "PUT /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n";
    {
        raw_client client{w.port};
        client.send(head);
        CHECK(client.until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
        client.send("body");
        const auto answer = client.until("\r\n\r\n");
        CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
        CHECK(client.exactly(4) == "body");
    }
    {
        raw_client client{w.port};
        client.send(
            "PUT /unread HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
            "Content-Length: 4\r\n\r\n");
        const auto answer =
            client.rest();  // and the connection closes: the body may or may not come
        CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
        CHECK(answer.find("Connection: close") != answer.npos);
    }
    {
        raw_client client{w.port};
        client.send(head + "body");  // a client that does not wait
        CHECK(client.until("\r\n\r\n").starts_with("HTTP/1.1 200 OK\r\n"));
        CHECK(client.exactly(4) == "body");
    }
}

TEST_CASE("a short body nobody read is skipped, a long one closes the connection") {
    world w;
    CHECK(w.ask(post("/unread", std::string(100'000, 'x')) + get).ends_with(get_answer));
    CHECK(w.ask("POST /unread HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                "5\r\nhello\r\n0\r\n\r\n" +
                get)
              .ends_with(get_answer));
    raw_client client{w.port};
    client.send("POST /unread HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000\r\n\r\n");
    std::thread sender{[&] {
        const std::string some(1 << 20, 'x');
        for (int i = 0; i < 100 && client.send(some); ++i) {
        }
    }};
    const auto answer = client.until("unread");
    sender.join();
    CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(answer.find("Connection: close") != answer.npos);
}

TEST_CASE("HTTP/1.0 clients get plain bodies and the end of the connection") {
    world w;
    const auto hello = w.ask("GET /hello HTTP/1.0\r\n\r\n");
    CHECK(hello.find("Connection: close") != hello.npos);
    CHECK(hello.ends_with("hello"));
    const auto echo = w.ask("POST /echo-chunked HTTP/1.0\r\nContent-Length: 2\r\n\r\nab");
    CHECK(echo.find("Transfer-Encoding") == echo.npos);
    CHECK(echo.ends_with("\r\n\r\nab"));
    raw_client client{w.port};
    client.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    CHECK(client.until("\r\n\r\n").find("Connection: keep-alive") != std::string::npos);
    CHECK(client.exactly(5) == "hello");
    client.send("GET /hello HTTP/1.0\r\n\r\n");
    CHECK(client.rest().ends_with("hello"));
}

TEST_CASE("a handler that fails before its answer is a 500, after it a cut connection") {
    world w;
    for (const char* target : {"/silent", "/error", "/bad-field"}) {
        CAPTURE(target);
        CHECK(w.status_of("GET " + std::string{target} + " HTTP/1.1\r\nHost: h\r\n\r\n") == 500);
    }
    for (const char* target : {"/short", "/long", "/late-error"}) {
        CAPTURE(target);
        raw_client client{w.port};
        client.send("GET " + std::string{target} + " HTTP/1.1\r\nHost: h\r\n\r\n");
        const auto answer = client.rest();
        CHECK(client.reset());
        CHECK_FALSE(answer.ends_with("67890"));
    }
    const auto closing = w.ask("GET /close HTTP/1.1\r\nHost: h\r\n\r\n" + get);
    CHECK(closing.ends_with("1234567890"));
    CHECK(closing.find("Connection: close") != closing.npos);
}

TEST_CASE("behind a bad request no second one is read") {
    world w;
    const std::string smuggled = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";
    const std::string p = "POST /echo HTTP/1.1\r\nHost: h\r\n";
    struct bad {
        unsigned status;
        std::string text;
    };
    std::vector<bad> all = {
        {400, p + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        {400, p + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"},
        {400, p + "Content-Length: 0\r\nContent-Length: 44\r\n\r\n"},
        {400, p + "Content-Length: 4\r\nContent-Length: 4\r\n\r\nbody"},
        {400, p + "Content-Length: 4, 4\r\n\r\nbody"},
        {400, p + "Content-Length: +4\r\n\r\nbody"},
        {400, p + "Content-Length: 0x4\r\n\r\nbody"},
        {400, p + "Content-Length: -1\r\n\r\n"},
        {400, p + "Content-Length: 4 \x0b\r\n\r\nbody"},
        {400, p + "Content-Length : 4\r\n\r\nbody"},
        {400, p + "Content-Length\r\n\r\n"},
        {400, p + "Content-Length: 99999999999999999999999\r\n\r\n"},
        {413, p + "Content-Length: 99999999999999999\r\n\r\n"},
        {501, p + "Transfer-Encoding: gzip\r\n\r\n"},
        {501, p + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
        {501, p + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"},
        {501, p + "Transfer-Encoding: identity\r\nContent-Length: 4\r\n\r\nbody"},
        {501, p + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"},
        {400, p + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        {400, p + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"},
        {400, p + " Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        {400, p + "X: y\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        {400, p + "X: y\r\n\tz\r\n\r\n"},
        {400, p + "X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        {400, p + "X: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        {400, p + "X: a\0b\r\n\r\n"s},
        {400, p + "X\0: b\r\n\r\n"s},
        {400, p + "X: \x7f\r\n\r\n"},
        {400, p + "X y: z\r\n\r\n"},
        {400, p + "X(y): z\r\n\r\n"},
        {400, p + ": z\r\n\r\n"},
        {400, p + "Host: other\r\n\r\n"},
        {417, p + "Expect: magic\r\nContent-Length: 4\r\n\r\nbody"},
        {400, "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        {400, "GET /hello HTTP/1.1\r\n\r\n"},
        {400, "GET /hello\r\n\r\n"},
        {400, "GET  /hello HTTP/1.1\r\nHost: h\r\n\r\n"},
        {400, "GET /hello  HTTP/1.1\r\nHost: h\r\n\r\n"},
        {400, "GET /he llo HTTP/1.1\r\nHost: h\r\n\r\n"},
        {400, " GET /hello HTTP/1.1\r\nHost: h\r\n\r\n"},
        {400, "GET\t/hello HTTP/1.1\r\nHost: h\r\n\r\n"},
        {400, "GET /hello HTTP/1.1\nHost: h\n\n"},
        {400, "GET hello HTTP/1.1\r\nHost: h\r\n\r\n"},
        {400, "GET /hello HTTPS/1.1\r\nHost: h\r\n\r\n"},
        {400, "GET /hello HTTP/1.\r\nHost: h\r\n\r\n"},
        {505, "GET /hello HTTP/2.0\r\nHost: h\r\n\r\n"},
        {505, "GET /hello HTTP/0.9\r\nHost: h\r\n\r\n"},
        {505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
        {501, "CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n"},
        {501, std::string(33, 'M') + " / HTTP/1.1\r\nHost: h\r\n\r\n"},
        {400, "G\xc3\x84T / HTTP/1.1\r\nHost: h\r\n\r\n"},
        {400, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"s},
        {400, "\r\n\r\n\r\nGET /hello HTTP/1.1\r\nHost: h\r\n\r\n"},
        {431, "GET /" + std::string(17'000, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n"},
        {431, p + "X: " + std::string(17'000, 'a') + "\r\n\r\n"},
    };
    std::string many = p;
    for (int i = 0; i < 200; ++i) many += "A" + std::to_string(i) + ": b\r\n";
    all.push_back({431, many + "\r\n"});
    // Bodies whose framing breaks: the handler answers 400, then the connection ends.
    const std::string c = p + "Transfer-Encoding: chunked\r\n\r\n";
    for (const char* framing :
         {"x\r\n", "\r\n", "5\nhello\r\n0\r\n\r\n", "5\r\nhelloX\r\n", "5\r\nhello\n0\r\n\r\n",
          "0x5\r\nhello\r\n0\r\n\r\n", "-5\r\nhello\r\n", "5 \r\nhello\r\n0\r\n\r\n",
          "ffffffffffffffff\r\nhello\r\n", "5;a=\x01\r\nhello\r\n0\r\n\r\n", "0\r\nA: b\n\r\n",
          "0\r\nA: b\r\n\rX", "5\r\nhello\r\n\r\n", "5\r\nhell\r\n0\r\n\r\n",
          "5\r\nhello0\r\n\r\n"}) {
        all.push_back({400, c + framing});
    }
    all.push_back({413, c + "fffffffffffffff\r\nhello\r\n"});
    for (const auto& one : all) {
        CAPTURE(one.text);
        CHECK(w.status_of(one.text + smuggled) == one.status);
    }
    for (const auto& one : w.log.all) CHECK(one == "POST /echo");
    INFO("cases: " << all.size());
    CHECK(all.size() > 70);
}

TEST_CASE("garbage from random clients never stops the server") {
    world w;
    std::mt19937_64 random{77};
    for (int i = 0; i < 300; ++i) {
        std::string text = i % 2 == 0 ? get : post("/echo", "body");
        for (std::uint64_t n = 1 + random() % 5; n > 0; --n) {
            text[random() % text.size()] = static_cast<char>(random());
        }
        raw_client client{w.port};
        client.send(text);
        client.end();
        client.rest();
        CAPTURE(i);
        REQUIRE_FALSE(client.timed_out());
    }
    CHECK(w.ask(get) == get_answer);
}

TEST_CASE(
    "slow clients meet their limits: heads 408, bodies as the handler says, idle ones close") {
    server_options how;
    how.allowed.head_time_max = 150ms;
    how.allowed.idle_time_max = 150ms;
    how.allowed.body_stall_max = 150ms;
    how.allowed.linger_max = 50ms;
    world w{std::move(how)};
    {
        raw_client silent{w.port};
        CHECK(silent.rest().empty());
        CHECK_FALSE(silent.timed_out());
    }
    {
        raw_client slow{w.port};
        slow.send("GET /hello HT");
        CHECK(slow.rest().starts_with("HTTP/1.1 408 "));
    }
    {
        raw_client dripping{w.port};  // each byte is progress, but not enough of it
        std::thread drip{[&] {
            for (int i = 0; i < 200 && dripping.send("x"); ++i) std::this_thread::sleep_for(10ms);
        }};
        CHECK(dripping.rest().starts_with("HTTP/1.1 408 "));
        drip.join();
    }
    {
        raw_client stalled{w.port};
        stalled.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf");
        CHECK(stalled.rest().starts_with("HTTP/1.1 408 "));
    }
    {
        raw_client greedy{w.port};  // asks for much and reads nothing
        greedy.send("GET /stream/1000000000 HTTP/1.1\r\nHost: h\r\n\r\n");
        std::this_thread::sleep_for(600ms);
        const auto got = greedy.rest();
        CHECK(got.size() < 1'000'000'000);
        CHECK(greedy.reset());
    }
    {
        raw_client done{w.port};
        done.send(get);
        CHECK(done.exactly(get_answer.size()) == get_answer);
        CHECK(done.rest().empty());
        CHECK_FALSE(done.timed_out());
    }
}

TEST_CASE("one client too many is told 503") {
    server_options how;
    how.allowed.connections_max = 2;
    world w{std::move(how)};
    raw_client a{w.port};
    raw_client b{w.port};
    a.send(get);
    b.send(get);
    CHECK(a.exactly(get_answer.size()) == get_answer);
    CHECK(b.exactly(get_answer.size()) == get_answer);
    raw_client c{w.port};
    CHECK(c.rest().starts_with("HTTP/1.1 503 "));
    a.send(get);
    CHECK(a.exactly(get_answer.size()) == get_answer);
}

TEST_CASE("large bodies stream in and out") {
    world w;
    constexpr std::uint64_t size = 64u << 20;
    {
        raw_client client{w.port};
        client.send("GET /stream/" + std::to_string(size) + " HTTP/1.1\r\nHost: h\r\n\r\n");
        client.until("\r\n\r\n");
        CHECK(client.exactly(size) == std::string(size, 'z'));
    }
    {
        raw_client client{w.port};
        client.send("PUT /swallow HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(size) +
                    "\r\n\r\n");
        client.send(std::string(size, 'y'));
        client.until("\r\n\r\n");
        CHECK(client.exactly(8) == std::to_string(size));
    }
    {
        raw_client client{w.port};
        client.send("PUT /swallow HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
        const std::string chunk = "10000\r\n" + std::string(65536, 'y') + "\r\n";
        for (int i = 0; i < 512; ++i) client.send(chunk);
        client.send("0\r\n\r\n" + get);
        client.until("\r\n\r\n");
        CHECK(client.exactly(8) == "33554432");
        CHECK(client.exactly(get_answer.size()) == get_answer);
    }
}

TEST_CASE("stopping finishes what is under way and closes what is idle") {
    world w;
    raw_client idle{w.port};
    idle.send(get);
    CHECK(idle.exactly(get_answer.size()) == get_answer);
    raw_client busy{w.port};
    busy.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbo");
    while (w.log.count() < 2) std::this_thread::sleep_for(1ms);
    std::thread later{[&] {
        CHECK(idle.rest().empty());
        busy.send("dy");
    }};
    CHECK(w.stop(10s).has_value());
    later.join();
    const auto answer = busy.rest();
    CHECK(answer.ends_with("body"));
    CHECK(answer.find("Connection: close") != answer.npos);
    CHECK_FALSE(raw_client{w.port}.connected());
}

TEST_CASE("what does not end in time is cut when stopping") {
    world w;
    raw_client busy{w.port};
    busy.send("GET /sleep HTTP/1.1\r\nHost: h\r\n\r\n");
    while (w.log.count() < 1) std::this_thread::sleep_for(1ms);
    const auto stopped = w.stop(20ms);
    REQUIRE_FALSE(stopped.has_value());
    CHECK(stopped.error().code == errc::timed_out);
    CHECK(busy.rest().empty());
}

TEST_CASE("a loop that stops takes a server along that nobody stopped") {
    asio_loop loop;
    seen log;
    auto handler = [&](exchange& with) { return route(with, log); };
    server web{loop, {}, handler};
    const auto port = web.listen();
    REQUIRE(port.has_value());
    std::thread thread{[&] { loop.run(); }};
    raw_client idle{*port};
    raw_client busy{*port};
    busy.send("GET /sleep HTTP/1.1\r\nHost: h\r\n\r\n");
    while (log.count() < 1) std::this_thread::sleep_for(1ms);
    loop.stop();
    thread.join();
    CHECK(web.connections() == 0);
    CHECK(busy.rest().empty());
}

TEST_CASE("what cannot be listened at is an error") {
    asio_loop loop;
    auto handler = [](exchange& with) { return say(with, 200, ""); };
    server_options how;
    how.address = "not an address";
    server a{loop, how, handler};
    CHECK(a.listen().error().code == errc::invalid);
    how.address = "127.0.0.1";
    server b{loop, how, handler};
    const auto port = b.listen();
    REQUIRE(port.has_value());
    how.port = *port;
    server c{loop, how, handler};
    CHECK(c.listen().error().code == errc::io);
    how.port = 0;
    how.tls.emplace();
    how.tls->cert = "/nonexistent/cert.pem";
    server d{loop, how, handler};
    CHECK(d.listen().error().code == errc::invalid);
}

TEST_CASE("servers of two loops share a port") {
    asio_loop one;
    asio_loop two;
    seen log;
    auto handler = [&](exchange& with) { return route(with, log); };
    server_options how;
    how.reuse_port = true;
    server a{one, how, handler};
    const auto port = a.listen();
    REQUIRE(port.has_value());
    how.port = *port;
    server b{two, how, handler};
    REQUIRE(b.listen().has_value());
    std::thread first{[&] { one.run(); }};
    std::thread second{[&] { two.run(); }};
    for (int i = 0; i < 50; ++i) {
        raw_client client{*port};
        client.send(get);
        CHECK(client.until("hello").ends_with("hello"));
    }
    one.stop();
    two.stop();
    first.join();
    second.join();
    CHECK(a.requests() + b.requests() == 50);
}
