// SPDX-License-Identifier: Apache-2.0

// task<T>: a lazy coroutine that runs on a loop and is owned by whoever awaits it.
//
//     rsx::task<rsx::result<int>> twice(rsx::task<rsx::result<int>> source) {
//         auto value = co_await source;
//         if (!value) co_return std::unexpected(value.error());
//         co_return *value * 2;
//     }
//
// A task starts when it is awaited and inherits loop, stop token and deadline from the awaiting
// task. Nothing is awaited twice. No locks, no threads: a task lives on one loop. One allocation a
// task (its frame). Awaiting tasks that are ready does not grow the stack.
//
// g++ 12 miscompiles some coroutines: name every aggregate, braced list and capturing lambda first,
// await second (docs/contributing.md).
#pragma once

#include <rsx/core/assert.hpp>
#include <rsx/core/error.hpp>
#include <rsx/core/loop.hpp>

#include <coroutine>
#include <exception>
#include <optional>
#include <stop_token>
#include <utility>

namespace rsx {

// What a task inherits from the task that awaits it.
struct env {
    loop* where{nullptr};
    std::stop_token stop{};
    nanos deadline{nanos::max()};  // on the loop's clock
};

namespace detail {

struct promise_base {
    env where{};
    std::coroutine_handle<> then{std::noop_coroutine()};
    bool starting{false};  // inside the parent's await_suspend: ending now means not to suspend it

    static std::suspend_always initial_suspend() noexcept { return {}; }

    // Symmetric transfer is a tail call only at -O2 without sanitizers: a ready child is therefore
    // resumed inside await_suspend, and its parent resumed from here only if the child had slept.
    struct last {
        static bool await_ready() noexcept { return false; }
        template <class Promise>
        static void await_suspend(std::coroutine_handle<Promise> self) noexcept {
            promise_base& promise = self.promise();
            if (promise.starting) {
                promise.starting = false;
            } else {
                promise.then.resume();
            }
        }
        static void await_resume() noexcept {}
    };
    static last final_suspend() noexcept { return {}; }

    [[noreturn]] static void unhandled_exception() noexcept { std::terminate(); }
};

}  // namespace detail

template <class T>
class [[nodiscard]] task {
public:
    struct promise_type : detail::promise_base {
        std::optional<T> value{};
        task get_return_object() {
            return task{std::coroutine_handle<promise_type>::from_promise(*this)};
        }
        template <class U>
        void return_value(U&& from) {
            value.emplace(std::forward<U>(from));
        }
    };

    task(task&& other) noexcept : frame_{std::exchange(other.frame_, {})} {}
    task& operator=(task&& other) noexcept {
        std::swap(frame_, other.frame_);
        return *this;
    }
    ~task() {
        if (frame_) frame_.destroy();
    }

    // Run under this environment instead of the awaiting task's.
    void in(env where) { frame_.promise().where = std::move(where); }

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> parent) {
        promise_type& promise = frame_.promise();
        if (promise.where.where == nullptr) promise.where = parent.promise().where;
        promise.then = parent;
        promise.starting = true;
        frame_.resume();
        return std::exchange(promise.starting, false);  // true: it went to sleep
    }
    T await_resume() {
        RSX_ASSERT(frame_.promise().value.has_value());
        return std::move(*frame_.promise().value);
    }

private:
    explicit task(std::coroutine_handle<promise_type> frame) noexcept : frame_{frame} {}
    std::coroutine_handle<promise_type> frame_;
};

using status = result<void>;
using step = task<status>;  // a task with nothing to say but whether it worked

// co_await this_env{} -> env&: where am I, until when, and shall I stop? Never suspends.
class this_env {
public:
    static bool await_ready() noexcept { return false; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> self) noexcept {
        env_ = &self.promise().where;
        return false;
    }
    [[nodiscard]] env& await_resume() const noexcept { return *env_; }

private:
    env* env_{nullptr};
};

namespace detail {

// A detached frame; it owns itself and frees itself at its end.
struct root {
    struct promise_type : promise_base {
        root get_return_object() {
            return {std::coroutine_handle<promise_type>::from_promise(*this)};
        }
        static std::suspend_never final_suspend() noexcept { return {}; }
        static void return_void() noexcept {}
    };
    std::coroutine_handle<promise_type> frame;

    void start(env where) const {
        frame.promise().where = std::move(where);
        frame.resume();
    }
};

template <class T, class Done>
root drive(task<T> work, Done done) {
    T value = co_await work;
    done(std::move(value));
}

}  // namespace detail

// Starts a task now, on the loop's own thread; `done(T)` is called when it has ended. Whatever the
// task uses must outlive it: give it values.
template <class T, class Done>
void spawn(env where, task<T> work, Done done) {
    detail::drive(std::move(work), std::move(done)).start(std::move(where));
}

// Sleeps; a stop request ends the sleep with errc::cancelled.
class sleep_until {
public:
    explicit sleep_until(nanos when) noexcept : when_{when} {}
    sleep_until(const sleep_until&) = delete;

    static bool await_ready() noexcept { return false; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> self) {
        const env& where = self.promise().where;
        loop_ = where.where;
        self_ = self;
        if (where.stop.stop_requested()) {
            cut_ = true;
            return false;
        }
        timer_ = loop_->at(when_, [this] {
            timer_ = timer_id::none;
            self_.resume();
        });
        on_stop_.emplace(where.stop, cut{this});
        return true;
    }
    status await_resume() {
        on_stop_.reset();
        if (cut_) return fail(errc::cancelled, "asked to stop while sleeping");
        return {};
    }

private:
    struct cut {
        sleep_until* self;
        void operator()() const {
            if (self->timer_ == timer_id::none) return;
            self->loop_->drop(self->timer_);
            self->timer_ = timer_id::none;
            self->cut_ = true;
            self->loop_->post([frame = self->self_] { frame.resume(); });
        }
    };

    nanos when_;
    loop* loop_{nullptr};
    std::coroutine_handle<> self_{};
    timer_id timer_{timer_id::none};
    bool cut_{false};
    std::optional<std::stop_callback<cut>> on_stop_{};
};

[[nodiscard]] inline step sleep_for(nanos how_long) {
    const env& here = co_await this_env{};
    sleep_until wake{here.where->now() + how_long};
    co_return co_await wake;
}

}  // namespace rsx
