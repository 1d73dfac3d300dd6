// SPDX-License-Identifier: Apache-2.0

// asio_loop: the loop of the server, on one boost::asio::io_context and one thread.
//
//     rsx::net::asio_loop loop;
//     loop.on_signal({SIGINT, SIGTERM}, [&](int) { loop.stop(); });
//     loop.start(serve(loop));          // tasks begun here hear of stop() by their stop token
//     loop.run();                       // until stop(), and until those tasks have ended
//
//     auto answer = loop.run(client.get(key));        // or: until this one task has ended
//
// A process has one loop per core, each with its thread; what belongs to a loop is touched on its
// thread only. `post` and `stop` may be called from any thread. Deadlines share one system timer
// per loop (net/timers.hpp). Frames of tasks that still sleep on the network when the loop is
// destroyed would leak, so `run` ends in order: it asks them to stop and waits, for a bounded time.
#pragma once

#include <rsx/core/clock.hpp>
#include <rsx/net/timers.hpp>
#include <rsx/net/use_task.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <initializer_list>
#include <optional>

namespace rsx::net {

class asio_loop final : public loop {
public:
    // How long the end of `run` waits for tasks that were asked to stop.
    explicit asio_loop(nanos end_time_max = std::chrono::seconds{30})
        : end_time_max_{end_time_max} {}
    asio_loop(const asio_loop&) = delete;
    asio_loop& operator=(const asio_loop&) = delete;
    ~asio_loop() override {
        stop_.request_stop();
        drain(std::chrono::seconds{1});
    }

    nanos now() const override { return system_monotonic_now(); }
    void post(job what) override { asio::post(io_, std::move(what)); }
    timer_id at(nanos when, job what) override {
        const timer_id id = timers_.add(when, std::move(what));
        arm(when);
        return id;
    }
    void drop(timer_id id) override { timers_.drop(id); }

    // For sockets and resolvers of this loop.
    [[nodiscard]] asio::io_context& context() noexcept { return io_; }
    // Asked to stop when the loop is.
    [[nodiscard]] std::stop_token token() const noexcept { return stop_.get_token(); }

    // Begins a task of this loop now (before `run`, or on its thread). `done` gets its value.
    template <class T, class Done>
    void start(task<T> work, Done done) {
        spawn(env{this, token()}, std::move(work), std::move(done));
    }
    template <class T>
    void start(task<T> work) {
        start(std::move(work), [](const T&) {});
    }

    // Runs on this thread until `stop`, then until every task has ended or the time for it is over.
    void run() {
        auto work = asio::make_work_guard(io_);
        while (!stop_.stop_requested()) {
            io_.run();
            io_.restart();
        }
        work.reset();
        drain(end_time_max_);
    }

    // Runs on this thread until `work` has ended and answers its value. Not inside `run`.
    template <class T>
    T run(task<T> work, std::stop_token stop = {}) {
        std::optional<T> value;
        const auto guard = asio::make_work_guard(io_);
        spawn(env{this, std::move(stop)}, std::move(work),
              [&value](T v) { value.emplace(std::move(v)); });
        while (!value) {
            io_.run_one();
            if (io_.stopped()) io_.restart();
        }
        return std::move(*value);
    }

    // Asks every task begun by `start` to stop, and `run` to return. From any thread.
    void stop() {
        post([this] {
            stop_.request_stop();
            io_.stop();
        });
    }

    // Calls `what` on the loop for each such signal to the process, until the loop stops.
    void on_signal(std::initializer_list<int> numbers, std::move_only_function<void(int)> what) {
        signals_.emplace(io_);
        for (const int number : numbers) {
            boost::system::error_code ignored;
            signals_->add(number, ignored);
        }
        signal_handler_ = std::move(what);
        next_signal();
    }

private:
    void next_signal() {
        signals_->async_wait([this](const boost::system::error_code& code, int number) {
            if (code) return;
            signal_handler_(number);
            if (!stop_.stop_requested()) next_signal();
        });
    }

    // The system's timer stands at the earliest instant anyone asked for; dropping does not move
    // it.
    void arm(nanos when) {
        when = std::max(when, nanos{0});
        if (when >= armed_) return;
        armed_ = when;
        timer_.expires_at(std::chrono::steady_clock::time_point{
            std::chrono::duration_cast<std::chrono::steady_clock::duration>(when)});
        timer_.async_wait([this](const boost::system::error_code& code) {
            if (!code) ring();
        });
    }
    void ring() {
        armed_ = nanos::max();
        const std::uint64_t mark = timers_.mark();
        const nanos when = now();
        while (job what = timers_.take(when, mark)) what();
        arm(timers_.next());
    }

    void drain(nanos time_max) {
        const nanos end = now() + time_max;
        if (signals_) {
            boost::system::error_code ignored;
            signals_->cancel(ignored);
        }
        io_.restart();
        while (!io_.stopped() && now() < end) {
            if (timers_.live() == 0) timer_.cancel();
            io_.run_one_for(std::min<nanos>(end - now(), std::chrono::milliseconds{50}));
        }
    }

    nanos end_time_max_;
    asio::io_context io_{1};  // one thread: posts from the loop itself take no lock
    asio::steady_timer timer_{io_};
    timers timers_{};
    nanos armed_{nanos::max()};
    std::stop_source stop_{};
    std::optional<asio::signal_set> signals_{};
    std::move_only_function<void(int)> signal_handler_{};
};

}  // namespace rsx::net
