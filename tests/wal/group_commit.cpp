// SPDX-License-Identifier: Apache-2.0
#include <rsx/wal/group_commit.hpp>

#include <rsx/core/gather.hpp>
#include <rsx/core/thread_loop.hpp>
#include <rsx/sim/loop.hpp>

#include "helpers.hpp"

using namespace wal_tests;
using namespace std::chrono_literals;
using rsx::task;
using commits = wal::group_commit<wal::file_log>;

namespace {

// Does at once what it is given, or takes nothing.
class moody_pool final : public rsx::pool {
public:
    bool submit(rsx::job what) override {
        if (full) return false;
        what();
        return true;
    }
    bool full{false};
};

task<result<int>> writer(commits* log, std::uint64_t number, int times) {
    for (int i = 0; i < times; ++i) {
        const std::string record = text(number * 100 + static_cast<unsigned>(i));
        const auto at = log->append(rsx::bytes_of(record));
        if (!at) co_return std::unexpected(at.error());
        rsx::step waiting = log->durable(*at);
        const auto done = co_await waiting;
        if (!done) co_return std::unexpected(done.error());
    }
    co_return times;
}

task<result<int>> sixty_four(commits* log) {
    std::vector<task<result<int>>> all;
    for (std::uint64_t i = 0; i < 64; ++i) all.push_back(writer(log, i, 10));
    auto gathering = rsx::gather(std::move(all));
    const auto outcomes = co_await gathering;
    int sum = 0;
    for (const auto& each : outcomes) {
        if (!each) co_return std::unexpected(each.error());
        sum += *each;
    }
    rsx::step resting = log->idle();
    const auto rested = co_await resting;
    if (!rested) co_return std::unexpected(rested.error());
    co_return sum;
}

}  // namespace

TEST_CASE("sixty-four tasks share their syncs") {
    disk::memory_files files;
    const auto log = must_open(files, 1 << 20);
    rsx::sim::virtual_loop world;
    moody_pool threads;
    commits shared{*log, threads, world};
    CHECK(*world.run(sixty_four(&shared)) == 640);
    CHECK(shared.syncs() <= 3 * 10);
    CHECK(all_of(*log, 0).text.size() == 640);
}

TEST_CASE("tasks and a real pool") {
    disk::memory_files files;
    const auto log = must_open(files, 1 << 20);
    rsx::thread_loop loop;
    rsx::thread_pool threads{2};
    commits shared{*log, threads, loop};
    CHECK(*loop.run(sixty_four(&shared)) == 640);
    CHECK(all_of(*log, 0).text.size() == 640);
}

TEST_CASE("a failed sync is told to all who wait, and to all who come") {
    disk::memory_files files;
    const auto log = must_open(files, 1 << 20);
    rsx::sim::virtual_loop world;
    moody_pool threads;
    commits shared{*log, threads, world};
    files.on_call([](disk::call what, std::string_view) -> result<void> {
        if (what == disk::call::sync) return rsx::fail(errc::io, "on purpose");
        return {};
    });
    std::vector<task<result<int>>> all;
    for (std::uint64_t i = 0; i < 5; ++i) all.push_back(writer(&shared, i, 2));
    for (const auto& each : world.run(rsx::gather(std::move(all)))) {
        CHECK(code_of(each) == errc::io);
    }
    CHECK(code_of(world.run(writer(&shared, 9, 1))) == errc::io);
}

TEST_CASE("a pool that is too busy is told, and the record may still become durable") {
    disk::memory_files files;
    const auto log = must_open(files, 1 << 20);
    rsx::sim::virtual_loop world;
    moody_pool threads;
    commits shared{*log, threads, world};
    threads.full = true;
    CHECK(code_of(world.run(writer(&shared, 1, 1))) == errc::unavailable);
    threads.full = false;
    CHECK(*world.run(writer(&shared, 2, 1)) == 1);
    CHECK(all_of(*log, 0).text.size() == 2);
}

TEST_CASE("a stop request ends a wait, not the record") {
    disk::memory_files files;
    const auto log = must_open(files, 1 << 20);
    rsx::thread_loop loop;
    rsx::thread_pool threads{1};
    std::mutex gate;
    files.on_call([&](disk::call what, std::string_view) -> result<void> {
        if (what == disk::call::sync) const std::lock_guard wait{gate};
        return {};
    });
    commits shared{*log, threads, loop};
    {
        const std::lock_guard hung{gate};
        CHECK(code_of(loop.run(rsx::within(20ms, writer(&shared, 1, 1)))) == errc::timed_out);
    }
    CHECK(*loop.run(writer(&shared, 2, 1)) == 1);
    REQUIRE(loop.run(shared.idle()));
    CHECK(all_of(*log, 0).text.size() == 2);
}
