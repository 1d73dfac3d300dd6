// SPDX-License-Identifier: Apache-2.0

// A loop on a thread of its own, until it goes out of scope.
//
//     loop_thread owner;
//     memory_store store{owner.loop()};
#pragma once

#include <rsx/core/thread_loop.hpp>

#include <thread>

class loop_thread {
public:
    loop_thread() : thread_{[this] { loop_.run(for_ever(), stop_.get_token()); }} {}
    ~loop_thread() {
        loop_.post([this] { stop_.request_stop(); });
        thread_.join();
    }
    loop_thread(const loop_thread&) = delete;
    loop_thread& operator=(const loop_thread&) = delete;

    [[nodiscard]] rsx::loop& loop() noexcept { return loop_; }

private:
    static rsx::step for_ever() {
        rsx::sleep_until never{rsx::nanos::max()};
        (void)co_await never;
        co_return rsx::status{};
    }

    rsx::thread_loop loop_;
    std::stop_source stop_;
    std::thread thread_;
};
