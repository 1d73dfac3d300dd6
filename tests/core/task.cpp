// SPDX-License-Identifier: Apache-2.0
#include <rsx/core/gather.hpp>
#include <rsx/core/mailbox.hpp>
#include <rsx/core/pool.hpp>
#include <rsx/core/thread_loop.hpp>
#include <rsx/core/wait.hpp>
#include <rsx/sim/loop.hpp>

#include "catch.hpp"

#include <atomic>

using namespace std::chrono_literals;
using rsx::errc;
using rsx::result;
using rsx::task;

namespace {

task<result<int>> after(rsx::nanos pause, int value, int* ended = nullptr) {
    auto slept = co_await rsx::sleep_for(pause);
    if (ended != nullptr) ++*ended;
    if (!slept) co_return std::unexpected(slept.error());
    co_return value;
}

task<result<int>> ready(int value) { co_return value; }

task<result<int>> broken() { co_return rsx::fail(errc::io, "broken on purpose"); }

task<result<std::uint64_t>> sum_of_ready_tasks(int count) {
    std::uint64_t sum = 0;
    for (int i = 0; i < count; ++i) {
        task<result<int>> next = ready(1);
        const auto one = co_await next;
        sum += static_cast<std::uint64_t>(*one);
    }
    co_return sum;
}

task<result<int>> nested(int depth) {
    if (depth == 0) co_return 0;
    task<result<int>> inner = nested(depth - 1);
    const auto value = co_await inner;
    co_return *value + 1;
}

}  // namespace

TEST_CASE("a million awaits of ready tasks need no stack") {
    rsx::sim::virtual_loop world;
    CHECK(*world.run(sum_of_ready_tasks(1'000'000)) == 1'000'000);
}

TEST_CASE("tasks nest") {
    rsx::sim::virtual_loop world;
    CHECK(*world.run(nested(1000)) == 1000);
}

TEST_CASE("the first four of six end the other two, and all have ended before it returns") {
    rsx::sim::virtual_loop world;
    int ended = 0;
    std::vector<task<result<int>>> work;
    for (int i = 0; i < 6; ++i) work.push_back(after((i + 1) * 100ms, i, &ended));
    const auto out = world.run(rsx::first(4, std::move(work)));
    CHECK(world.now() == 400ms);
    CHECK(ended == 6);
    for (std::size_t i = 0; i < 4; ++i) CHECK(out[i].value() == static_cast<int>(i));
    for (std::size_t i = 4; i < 6; ++i) CHECK(out[i].error().code == errc::cancelled);
}

TEST_CASE("first gives up as soon as too few can succeed") {
    rsx::sim::virtual_loop world;
    std::vector<task<result<int>>> work;
    work.push_back(broken());
    work.push_back(broken());
    work.push_back(after(1h, 1));
    const auto out = world.run(rsx::first(2, std::move(work)));
    CHECK(world.now() == 0ns);
    CHECK(out[0].error().code == errc::io);
    CHECK(out[2].error().code == errc::cancelled);
}

TEST_CASE("gather waits for all, though some fail") {
    rsx::sim::virtual_loop world;
    std::vector<task<result<int>>> work;
    work.push_back(broken());
    work.push_back(after(3s, 7));
    const auto out = world.run(rsx::gather(std::move(work)));
    CHECK(world.now() == 3s);
    CHECK(out[0].error().code == errc::io);
    CHECK(out[1].value() == 7);
}

TEST_CASE("gather of nothing is nothing") {
    rsx::sim::virtual_loop world;
    CHECK(world.run(rsx::gather(std::vector<task<result<int>>>{})).empty());
}

TEST_CASE("a deadline ends a slow task with timed_out") {
    rsx::sim::virtual_loop world;
    const auto late = world.run(rsx::within(50ms, after(1h, 1)));
    CHECK(late.error().code == errc::timed_out);
    CHECK(world.now() == 50ms);
}

TEST_CASE("a deadline leaves a fast task alone") {
    rsx::sim::virtual_loop world;
    CHECK(*world.run(rsx::within(1h, after(50ms, 9))) == 9);
}

TEST_CASE("a stop request reaches through gather to a sleeping leaf") {
    rsx::sim::virtual_loop world;
    std::stop_source stop;
    world.at(10ms, [&] { stop.request_stop(); });
    std::vector<task<result<int>>> work;
    work.push_back(after(1h, 1));
    const auto out = world.run(rsx::gather(std::move(work)), stop.get_token());
    CHECK(out[0].error().code == errc::cancelled);
    CHECK(world.now() == 10ms);
}

TEST_CASE("a semaphore serves in order and never gives more than it has") {
    rsx::sim::virtual_loop world;
    rsx::semaphore budget{3};
    std::vector<int> order;
    struct user {
        static rsx::step go(rsx::semaphore& budget, std::size_t n, int id,
                            std::vector<int>& order) {
            auto share = co_await budget.take(n);
            if (!share) co_return std::unexpected(share.error());
            order.push_back(id);
            auto slept = co_await rsx::sleep_for(1s);
            budget.give(n);
            co_return slept;
        }
    };
    std::vector<rsx::step> work;
    work.push_back(user::go(budget, 2, 1, order));
    work.push_back(user::go(budget, 2, 2, order));
    work.push_back(user::go(budget, 1, 3, order));
    const auto out = world.run(rsx::gather(std::move(work)));
    for (const auto& each : out) CHECK(each.has_value());
    CHECK(order == std::vector<int>{1, 2, 3});
    CHECK(budget.free() == 3);
    CHECK(world.run(budget.take(4)).error().code == errc::limit);
}

TEST_CASE("a cancelled wait takes nothing from the semaphore") {
    rsx::sim::virtual_loop world;
    rsx::semaphore budget{1};
    CHECK(world.run(budget.take(1)).has_value());
    CHECK(world.run(rsx::within(1s, budget.take(1))).error().code == errc::timed_out);
    budget.give(1);
    CHECK(budget.free() == 1);
}

TEST_CASE("a blocking call runs elsewhere and answers here") {
    rsx::thread_loop home;
    rsx::thread_pool pool{2};
    const auto here = std::this_thread::get_id();
    auto call = rsx::blocking(
        pool, [here]() -> result<bool> { return std::this_thread::get_id() != here; });
    CHECK(*home.run(std::move(call)));
}

TEST_CASE("a hung blocking call holds no one past the deadline") {
    rsx::thread_loop home;
    std::atomic<bool> go{false};
    rsx::thread_pool pool{1};
    auto call = rsx::blocking(pool, [&go]() -> result<int> {
        while (!go) std::this_thread::yield();
        return 1;
    });
    CHECK(home.run(rsx::within(20ms, std::move(call))).error().code == errc::timed_out);
    go = true;
    auto drain = rsx::blocking(pool, []() -> result<int> { return 2; });
    CHECK(*home.run(std::move(drain)) == 2);
}

TEST_CASE("a full pool says so") {
    rsx::thread_loop home;
    std::atomic<bool> go{false};
    rsx::thread_pool pool{1, 1};
    std::atomic<bool> busy{false};
    CHECK(pool.submit([&] {
        busy = true;
        while (!go) std::this_thread::yield();
    }));
    while (!busy) std::this_thread::yield();
    CHECK(pool.submit([] {}));
    auto call = rsx::blocking(pool, []() -> result<int> { return 1; });
    CHECK(home.run(std::move(call)).error().code == errc::unavailable);
    go = true;
}

TEST_CASE("a task sent to another loop runs there and resumes here") {
    rsx::thread_loop home;
    rsx::thread_loop other;
    std::atomic<bool> end{false};
    struct probe {
        static task<result<std::thread::id>> where() { co_return std::this_thread::get_id(); }
        static rsx::step until_told(std::atomic<bool>& end) {
            while (!end) {
                auto slept = co_await rsx::sleep_for(1ms);
                if (!slept) break;
            }
            co_return rsx::status{};
        }
    };
    std::thread runner{[&] { (void)other.run(probe::until_told(end)); }};
    const auto there = home.run(rsx::on(other, probe::where()));
    CHECK(*there == runner.get_id());
    CHECK(home.run(rsx::within(10ms, rsx::on(other, after(1h, 1)))).error().code ==
          errc::timed_out);
    end = true;
    runner.join();
}

TEST_CASE("a mailbox delivers on its owner's loop and says when it is full") {
    rsx::sim::virtual_loop world;
    std::vector<int> got;
    rsx::mailbox<int> box{world, [&](int i) { got.push_back(i); }, 2};
    CHECK(box.send(1));
    CHECK(box.send(2));
    CHECK_FALSE(box.send(3));
    world.run();
    CHECK(got == std::vector<int>{1, 2});
    CHECK(box.send(4));
    world.run();
    CHECK(got.back() == 4);
}
