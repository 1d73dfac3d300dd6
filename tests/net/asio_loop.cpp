// SPDX-License-Identifier: Apache-2.0
#include <rsx/core/gather.hpp>
#include <rsx/core/mailbox.hpp>
#include <rsx/net/asio_loop.hpp>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include "catch.hpp"

#include <csignal>
#include <thread>

using namespace std::chrono_literals;
using rsx::errc;
using rsx::result;
using rsx::task;
using rsx::net::asio_loop;
using rsx::net::timers;
using rsx::net::use_task;
namespace asio = boost::asio;
using tcp = asio::ip::tcp;

namespace {

task<result<int>> after(rsx::nanos pause, int value) {
    auto slept = co_await rsx::sleep_for(pause);
    if (!slept) co_return std::unexpected(slept.error());
    co_return value;
}

task<result<std::size_t>> read_one(tcp::socket& from) {
    char bytes[8];
    auto read = from.async_read_some(asio::buffer(bytes), use_task);
    co_return co_await read;
}

struct pair_of_sockets {
    explicit pair_of_sockets(asio_loop& loop) : near{loop.context()}, far{loop.context()} {
        tcp::acceptor acceptor{loop.context(), {asio::ip::address_v4::loopback(), 0}};
        near.connect(acceptor.local_endpoint());
        acceptor.accept(far);
    }
    tcp::socket near;
    tcp::socket far;
};

}  // namespace

TEST_CASE("timers come up in the order of their instants, equal ones as they were set") {
    timers due;
    std::string order;
    due.add(30ns, [&] { order += 'c'; });
    due.add(10ns, [&] { order += 'a'; });
    due.add(10ns, [&] { order += 'b'; });
    const auto gone = due.add(20ns, [&] { order += 'x'; });
    due.drop(gone);
    due.drop(gone);  // again: nothing
    CHECK(due.next() == 10ns);
    CHECK(due.live() == 3);
    while (auto next = due.take(25ns, due.mark())) next();
    CHECK(order == "ab");
    CHECK(due.next() == 30ns);
    while (auto next = due.take(30ns, due.mark())) next();
    CHECK(order == "abc");
    CHECK(due.next() == rsx::nanos::max());
}

TEST_CASE("an id of a timer that has run does not drop the next one in its slot") {
    timers due;
    const auto first = due.add(1ns, [] {});
    due.take(1ns, due.mark())();
    due.add(2ns, [] {});
    due.drop(first);
    CHECK(due.live() == 1);
}

TEST_CASE("a million dropped deadlines leave no heap behind") {
    timers due;
    for (int i = 0; i < 1'000'000; ++i) due.drop(due.add(rsx::nanos{i}, [] {}));
    CHECK(due.live() == 0);
    CHECK(due.next() == rsx::nanos::max());
}

TEST_CASE("a round of due timers ends although each sets another") {
    timers due;
    int ran = 0;
    std::function<void()> again = [&] {
        ++ran;
        due.add(0ns, [&] { again(); });
    };
    due.add(0ns, [&] { again(); });
    const auto mark = due.mark();
    while (auto next = due.take(1ns, mark)) next();
    CHECK(ran == 1);
}

TEST_CASE("tasks sleep, race and meet deadlines on an asio loop") {
    asio_loop loop;
    std::vector<task<result<int>>> work;
    work.push_back(after(1h, 1));
    work.push_back(after(1ms, 2));
    const auto out = loop.run(rsx::first(1, std::move(work)));
    CHECK(out[0].error().code == errc::cancelled);
    CHECK(out[1].value() == 2);
    const auto late = loop.run(rsx::within(2ms, after(1h, 3)));
    CHECK(late.error().code == errc::timed_out);
}

TEST_CASE("an earlier timer is not held up by a later one that was set first") {
    asio_loop loop;
    const auto far = loop.at(loop.now() + 1h, [] {});
    CHECK(loop.run(after(1ms, 4)).value() == 4);
    loop.drop(far);
}

TEST_CASE("bytes go through a socket and a stop request ends a read") {
    asio_loop loop;
    pair_of_sockets both{loop};
    asio::write(both.far, asio::buffer("abc", 3));
    CHECK(loop.run(read_one(both.near)).value() == 3);
    const auto cut = loop.run(rsx::within(2ms, read_one(both.near)));
    CHECK(cut.error().code == errc::timed_out);
    both.far.close();
    const auto end = loop.run(read_one(both.near));
    CHECK(end.error().code == errc::unavailable);
}

TEST_CASE("a read that is already told to stop does not begin") {
    asio_loop loop;
    pair_of_sockets both{loop};
    asio::write(both.far, asio::buffer("abc", 3));
    std::stop_source stop;
    stop.request_stop();
    CHECK(loop.run(read_one(both.near), stop.get_token()).error().code == errc::cancelled);
    CHECK(loop.run(read_one(both.near)).value() == 3);
}

TEST_CASE("stop asks the tasks of the loop to end and run waits for them") {
    asio_loop loop;
    pair_of_sockets both{loop};
    std::optional<result<std::size_t>> read;
    std::optional<result<int>> slept;
    loop.start(read_one(both.near), [&](result<std::size_t> n) { read = std::move(n); });
    loop.start(after(1h, 1), [&](result<int> n) { slept = std::move(n); });
    std::thread other{[&] { loop.stop(); }};
    loop.run();
    other.join();
    REQUIRE(read.has_value());
    REQUIRE(slept.has_value());
    CHECK(read->error().code == errc::cancelled);
    CHECK(slept->error().code == errc::cancelled);
}

TEST_CASE("two loops on two threads ask each other") {
    asio_loop here;
    asio_loop there;
    std::thread other{[&] { there.run(); }};
    for (int i = 0; i < 200; ++i) {
        CHECK(here.run(rsx::on(there, after(0ms, i))).value() == i);
    }
    there.stop();
    other.join();
}

TEST_CASE("a signal reaches the loop that waits for it") {
    asio_loop loop;
    int seen = 0;
    loop.on_signal({SIGUSR1}, [&](int number) {
        seen = number;
        loop.stop();
    });
    loop.post([] { std::raise(SIGUSR1); });
    loop.run();
    CHECK(seen == SIGUSR1);
}
