// SPDX-License-Identifier: Apache-2.0

// A loop is where tasks run: one thread, a queue of jobs, and timers.
//
//     loop.post([] { ... });                              // soon, from any thread
//     auto id = loop.at(loop.now() + 50ms, [] { ... });   // once, from the loop's own thread
//     loop.drop(id);
//
// The server runs tasks on net::asio_loop, the simulator on sim::virtual_loop, plain programs on
// core/thread_loop.hpp. `post` may be called from any thread; everything else only from the loop's.
#pragma once

#include <rsx/core/clock.hpp>

#include <cstdint>
#include <functional>

namespace rsx {

using job = std::move_only_function<void()>;

enum class timer_id : std::uint64_t { none = 0 };

class loop {
public:
    virtual ~loop() = default;
    // Monotonic; only differences mean anything.
    [[nodiscard]] virtual nanos now() const = 0;
    // Runs `what` later on this loop, never inside this call.
    virtual void post(job what) = 0;
    // Runs `what` once, at or after `when`.
    virtual timer_id at(nanos when, job what) = 0;
    // Forgets a timer; one that has run or was dropped is ignored.
    virtual void drop(timer_id id) = 0;
};

}  // namespace rsx
