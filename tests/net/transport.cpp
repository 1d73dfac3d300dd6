// SPDX-License-Identifier: Apache-2.0

// The laws of net::transport, run by every model.
#include <rsx/net/local_transport.hpp>
#include <rsx/net/tcp_server.hpp>
#include <rsx/net/tcp_transport.hpp>

#include "catch.hpp"

using namespace std::chrono_literals;
using rsx::errc;
using rsx::result;
using rsx::slice;
using rsx::step;
using rsx::task;
using namespace rsx::net;

namespace {

constexpr rsx::holder here{7, 1};
constexpr rsx::holder also_here{8, 3};
constexpr rsx::holder nowhere{9, 1};

slice text_slice(std::string_view text) { return slice::copy_of(rsx::bytes_of(text)); }
std::string text_in(const slice& bytes) { return std::string{rsx::text_of(bytes.view())}; }

enum op : std::uint16_t {
    echo = 1,       // answers head and body
    fail_with = 2,  // answers the error whose name is the head
    slow = 3,       // sleeps an hour
    swallow = 4,    // reads a stream to its end, answers the number of bytes as one slice
    pour = 5,       // writes as many bytes as the head says
    mirror = 6,     // writes what it reads
    early = 7,      // reads one slice, answers, and returns
    broken = 8,     // reads one slice and fails
    deaf = 9,       // reads nothing until it is told to stop
};

// A service whose handlers can be counted and who remembers what became of them.
class test_service final : public service {
public:
    int running{0};
    int stopped{0};  // handlers that were asked to stop
    std::string last_peer{};
    rsx::nanos last_deadline{0};

    task<result<reply>> answer(peer who, request ask) override {
        ++running;
        last_peer = std::to_string(static_cast<int>(who.is)) + "/" + std::to_string(who.id) + "/" +
                    std::to_string(who.incarnation);
        const rsx::env& env = co_await rsx::this_env{};
        last_deadline = env.deadline;
        result<reply> out = co_await work(std::move(ask));
        if (!out && out.error().code == errc::cancelled) ++stopped;
        --running;
        co_return out;
    }

    step serve(peer, request ask, stream& with) override {
        ++running;
        const rsx::status done = co_await stream_work(std::move(ask), with);
        if (!done && done.error().code == errc::cancelled) ++stopped;
        --running;
        co_return done;
    }

private:
    static task<result<reply>> work(request ask) {
        if (ask.op == slow) {
            const auto slept = co_await rsx::sleep_for(1h);
            if (!slept) co_return std::unexpected(slept.error());
        }
        if (ask.op == fail_with) {
            if (ask.head == "full") co_return rsx::fail(errc::full, "full on purpose", 42);
            co_return rsx::fail(errc::not_found, "absent on purpose");
        }
        if (ask.op != echo) co_return rsx::fail(errc::unsupported, "no such operation", ask.op);
        reply out;
        out.head = rsx::to_string(ask.to) + ":" + ask.head;
        out.body = ask.body;
        co_return out;
    }

    static step stream_work(request ask, stream& with) {
        if (ask.op == pour) {
            std::size_t left = std::stoull(ask.head);
            const slice piece{rsx::buffer{300'000}};
            while (left > 0) {
                const std::size_t n = std::min(left, piece.size());
                const auto sent = co_await with.write(piece.part(0, n));
                if (!sent) co_return sent;
                left -= n;
            }
            co_return rsx::status{};
        }
        if (ask.op == deaf) {
            const auto slept = co_await rsx::sleep_for(1h);
            co_return slept;
        }
        std::size_t total = ask.body.size();
        for (;;) {
            const auto next = co_await with.read();
            if (!next) co_return std::unexpected(next.error());
            if (next->empty()) break;
            total += next->size();
            if (ask.op == broken) co_return rsx::fail(errc::full, "broken on purpose", 7);
            if (ask.op == mirror) {
                const auto sent = co_await with.write(*next);
                if (!sent) co_return sent;
            }
            if (ask.op == early) break;
        }
        if (ask.op == mirror) co_return rsx::status{};
        const auto said = co_await with.write(text_slice(std::to_string(total)));
        if (!said) co_return said;
        co_return co_await with.finish();
    }
};

// Each model: a loop, a transport, and a service behind two holders.
struct any_model {
    virtual ~any_model() = default;
    any_model() = default;
    any_model(const any_model&) = delete;
    any_model& operator=(const any_model&) = delete;
    asio_loop loop{};
    test_service service{};
    transport* over{nullptr};
};

struct local_model final : any_model {
    local_transport net{loop, {.is = peer::role::gateway, .id = 5, .incarnation = 17}};
    local_model() {
        net.add(here, service);
        net.add(also_here, service);
        over = &net;
    }
    ~local_model() override { CHECK(loop.run(rsx::within(5s, net.settled())).has_value()); }
};

struct tcp_model final : any_model {
    tcp_server door{loop, server_options()};
    std::uint16_t port{0};
    tcp_transport net{loop, client_options()};
    tcp_model() {
        door.add(here, service);
        door.add(also_here, service);
        port = door.listen().value();
        over = &net;
    }
    ~tcp_model() override { CHECK(loop.run(door.stop(5s)).has_value()); }
    static tcp_server_options server_options() {
        tcp_server_options how;
        how.me.is = peer::role::shard;
        how.me.id = 7;
        how.me.incarnation = 1;
        how.tick = 20ms;
        return how;
    }
    tcp_options client_options() {
        tcp_options how;
        how.me.is = peer::role::gateway;
        how.me.id = 5;
        how.me.incarnation = 17;
        how.tick = 20ms;
        how.find = [this](rsx::holder) -> result<endpoint> {
            endpoint at{"127.0.0.1", port};
            return at;
        };
        return how;
    }
};

enum class kind { local, tcp };

std::unique_ptr<any_model> model_of(kind which) {
    if (which == kind::local) return std::make_unique<local_model>();
    return std::make_unique<tcp_model>();
}

request ask_for(std::uint16_t what, std::string head = {}, slice body = {}) {
    request ask;
    ask.op = what;
    ask.to = here;
    ask.head = std::move(head);
    ask.body = std::move(body);
    return ask;
}

task<result<reply>> call(transport& net, request ask) {
    return net.call(std::move(ask), traffic::foreground);
}

task<result<std::string>> collect(stream& from) {
    std::string all;
    for (;;) {
        const auto next = co_await from.read();
        if (!next) co_return std::unexpected(next.error());
        if (next->empty()) co_return all;
        all += text_in(*next);
    }
}

// Sends `pieces` pieces of `size` bytes, finishes, and answers what came back.
task<result<std::string>> exchange_stream(transport& net, std::uint16_t what, std::size_t pieces,
                                          std::size_t size, traffic how = traffic::foreground) {
    request ask = ask_for(what);
    auto with = co_await net.open(std::move(ask), how);
    if (!with) co_return std::unexpected(with.error());
    const slice piece{rsx::buffer{size}};
    for (std::size_t i = 0; i < pieces; ++i) {
        const auto sent = co_await (*with)->write(piece);
        if (!sent) co_return std::unexpected(sent.error());
    }
    const auto over = co_await (*with)->finish();
    if (!over) co_return std::unexpected(over.error());
    co_return co_await collect(**with);
}

task<result<std::string>> pour_out(transport& net, std::size_t size) {
    request ask = ask_for(pour, std::to_string(size));
    auto with = co_await net.open(std::move(ask), traffic::foreground);
    if (!with) co_return std::unexpected(with.error());
    co_return co_await collect(**with);
}

task<result<std::string>> write_until_refused(transport& net, std::uint16_t what) {
    request ask = ask_for(what);
    auto with = co_await net.open(std::move(ask), traffic::foreground);
    if (!with) co_return std::unexpected(with.error());
    const slice piece{rsx::buffer{1 << 20}};
    for (int i = 0; i < 1000; ++i) {
        const auto sent = co_await (*with)->write(piece);
        if (!sent) co_return std::unexpected(sent.error());
    }
    co_return "never refused";
}

// Opens a stream, writes as much as the credit lets it, and lets go.
task<result<std::size_t>> write_while_possible(transport& net, std::uint16_t what) {
    request ask = ask_for(what);
    auto with = co_await net.open(std::move(ask), traffic::foreground);
    if (!with) co_return std::unexpected(with.error());
    const slice piece{rsx::buffer{64 * rsx::kib}};
    std::size_t sent = 0;
    for (;;) {
        step write = (*with)->write(piece);
        const auto done = co_await rsx::within(100ms, std::move(write));
        if (!done) co_return sent;
        sent += piece.size();
    }
}

task<result<std::string>> reset_after(transport& net, std::uint16_t what) {
    request ask = ask_for(what);
    auto with = co_await net.open(std::move(ask), traffic::foreground);
    if (!with) co_return std::unexpected(with.error());
    const auto slept = co_await rsx::sleep_for(20ms);
    if (!slept) co_return std::unexpected(slept.error());
    const rsx::error why{errc::conflict, "changed our mind", 0};
    (*with)->reset(why);
    const auto after = co_await (*with)->write(text_slice("x"));
    co_return std::string{after ? "still open" : "closed"};
}

}  // namespace

TEST_CASE("a call brings head and body there and back") {
    const auto made = model_of(GENERATE(kind::local, kind::tcp));
    auto& model = *made;
    const auto small = model.loop.run(call(*model.over, ask_for(echo, "head", text_slice("body"))));
    REQUIRE(small.has_value());
    CHECK(small->head == "7.1:head");
    CHECK(text_in(small->body) == "body");
    CHECK(model.service.last_peer == "1/5/17");
    const auto empty = model.loop.run(call(*model.over, ask_for(echo)));
    REQUIRE(empty.has_value());
    CHECK(empty->body.empty());
    rsx::buffer large{rsx::limits::frame_bytes_max};
    large.data()[1'000'000] = std::byte{7};
    const slice bytes{std::move(large)};
    const auto big =
        model.loop.run(call(*model.over, ask_for(echo, std::string(20'000, 'h'), bytes)));
    REQUIRE(big.has_value());
    CHECK(big->head.size() == 20'004);
    CHECK(text_in(big->body) == text_in(bytes));
}

TEST_CASE("several holders live behind one address, unknown ones nowhere") {
    const auto made = model_of(GENERATE(kind::local, kind::tcp));
    auto& model = *made;
    request ask = ask_for(echo);
    ask.to = also_here;
    CHECK(model.loop.run(call(*model.over, ask))->head == "8.3:");
    ask.to = nowhere;
    CHECK(model.loop.run(call(*model.over, ask)).error().code == errc::unavailable);
    ask.to = rsx::holder{here.node, here.incarnation + 1};
    CHECK(model.loop.run(call(*model.over, ask)).error().code == errc::unavailable);
}

TEST_CASE("the peer's errors arrive with code and detail") {
    const auto made = model_of(GENERATE(kind::local, kind::tcp));
    auto& model = *made;
    const auto full = model.loop.run(call(*model.over, ask_for(fail_with, "full")));
    CHECK(full.error().code == errc::full);
    CHECK(full.error().detail == 42);
    CHECK(model.loop.run(call(*model.over, ask_for(fail_with))).error().code == errc::not_found);
    CHECK(model.loop.run(call(*model.over, ask_for(99))).error().code == errc::unsupported);
}

TEST_CASE("a hundred calls at once each get their own answer") {
    const auto made = model_of(GENERATE(kind::local, kind::tcp));
    auto& model = *made;
    std::vector<task<result<reply>>> all;
    for (int i = 0; i < 100; ++i) {
        all.push_back(call(*model.over, ask_for(echo, std::to_string(i), text_slice("b"))));
    }
    const auto answers = model.loop.run(rsx::gather(std::move(all)));
    for (std::size_t i = 0; i < answers.size(); ++i) {
        REQUIRE(answers[i].has_value());
        CHECK(answers[i]->head == "7.1:" + std::to_string(i));
    }
}

TEST_CASE("a deadline travels with a call and ends it on both sides") {
    const auto made = model_of(GENERATE(kind::local, kind::tcp));
    auto& model = *made;
    const auto late = model.loop.run(rsx::within(50ms, call(*model.over, ask_for(slow))));
    CHECK(late.error().code == errc::timed_out);
    CHECK(model.service.last_deadline < model.loop.now() + 1s);
    for (int i = 0; i < 200 && model.service.running > 0; ++i) {
        CHECK(model.loop.run(rsx::sleep_for(5ms)).has_value());
    }
    CHECK(model.service.running == 0);
    CHECK(model.loop.run(call(*model.over, ask_for(echo, "x")))->head == "7.1:x");
}

TEST_CASE("who cancels leaves at once, the handler is told, and others go on") {
    const auto made = model_of(GENERATE(kind::local, kind::tcp));
    auto& model = *made;
    std::vector<task<result<reply>>> both;
    both.push_back(call(*model.over, ask_for(slow)));
    both.push_back(call(*model.over, ask_for(echo, "fast")));
    const auto out = model.loop.run(rsx::first(1, std::move(both)));
    CHECK(out[0].error().code == errc::cancelled);
    CHECK(out[1]->head == "7.1:fast");
    for (int i = 0; i < 200 && model.service.running > 0; ++i) {
        CHECK(model.loop.run(rsx::sleep_for(5ms)).has_value());
    }
    CHECK(model.service.stopped == 1);
    for (int i = 0; i < 20; ++i) {
        CHECK(model.loop.run(call(*model.over, ask_for(echo, "y")))->head == "7.1:y");
    }
}

TEST_CASE("streams carry more than their credit, both ways, in order") {
    const auto made = model_of(GENERATE(kind::local, kind::tcp));
    auto& model = *made;
    const auto counted = model.loop.run(exchange_stream(*model.over, swallow, 300, 65'536));
    CHECK(counted.value() == std::to_string(300 * 65'536));
    const auto poured = model.loop.run(pour_out(*model.over, 20'000'000));
    CHECK(poured->size() == 20'000'000);
    const auto large = model.loop.run(exchange_stream(*model.over, swallow, 3, 7'000'000));
    CHECK(large.value() == "21000000");
    const auto none = model.loop.run(exchange_stream(*model.over, swallow, 0, 1));
    CHECK(none.value() == "0");
    const auto mirrored = model.loop.run(exchange_stream(*model.over, mirror, 30, 100'000));
    CHECK(mirrored->size() == 3'000'000);
}

TEST_CASE("many streams share a connection, each at its own pace") {
    const auto made = model_of(GENERATE(kind::local, kind::tcp));
    auto& model = *made;
    std::vector<task<result<std::string>>> all;
    for (std::size_t i = 0; i < 20; ++i) {
        const auto how = i % 3 == 0 ? traffic::background : traffic::foreground;
        all.push_back(exchange_stream(*model.over, swallow, i * 10, 50'000, how));
    }
    const auto out = model.loop.run(rsx::gather(std::move(all)));
    for (std::size_t i = 0; i < out.size(); ++i)
        CHECK(out[i].value() == std::to_string(i * 500'000));
}

TEST_CASE("a handler's error resets its stream, and the writer hears it") {
    const auto made = model_of(GENERATE(kind::local, kind::tcp));
    auto& model = *made;
    const auto refused = model.loop.run(write_until_refused(*model.over, broken));
    CHECK(refused.error().code == errc::full);
    CHECK(refused.error().detail == 7);
    const auto read = model.loop.run(exchange_stream(*model.over, broken, 1, 10));
    CHECK(read.error().code == errc::full);
}

TEST_CASE("a handler may answer before it has read everything") {
    const auto made = model_of(GENERATE(kind::local, kind::tcp));
    auto& model = *made;
    const auto answered = model.loop.run(exchange_stream(*model.over, early, 1, 1000));
    CHECK(answered.value() == "1000");
    const auto refused = model.loop.run(write_until_refused(*model.over, early));
    CHECK(refused.error().code == errc::unavailable);
}

TEST_CASE("a writer stops where the credit ends, and letting go ends the handler") {
    const auto made = model_of(GENERATE(kind::local, kind::tcp));
    auto& model = *made;
    const auto sent = model.loop.run(write_while_possible(*model.over, deaf));
    REQUIRE(sent.has_value());
    CHECK(*sent <= rsx::limits::stream_credit_bytes);
    CHECK(*sent + 64 * rsx::kib > rsx::limits::stream_credit_bytes);
    for (int i = 0; i < 200 && model.service.running > 0; ++i) {
        CHECK(model.loop.run(rsx::sleep_for(5ms)).has_value());
    }
    CHECK(model.service.running == 0);
    CHECK(model.service.stopped == 1);
}

TEST_CASE("a reset ends both sides") {
    const auto made = model_of(GENERATE(kind::local, kind::tcp));
    auto& model = *made;
    CHECK(model.loop.run(reset_after(*model.over, swallow)).value() == "closed");
    CHECK(model.loop.run(reset_after(*model.over, deaf)).value() == "closed");
    for (int i = 0; i < 200 && model.service.running > 0; ++i) {
        CHECK(model.loop.run(rsx::sleep_for(5ms)).has_value());
    }
    CHECK(model.service.running == 0);
}

TEST_CASE("a stream to a holder that is not there fails") {
    const auto made = model_of(GENERATE(kind::local, kind::tcp));
    auto& model = *made;
    request ask = ask_for(swallow);
    ask.to = nowhere;
    const auto go = [](transport& net, request what) -> task<result<std::string>> {
        auto with = co_await net.open(std::move(what), traffic::foreground);
        if (!with) co_return std::unexpected(with.error());
        co_return co_await collect(**with);
    };
    CHECK(model.loop.run(go(*model.over, ask)).error().code == errc::unavailable);
}
