// SPDX-License-Identifier: Apache-2.0

// What tasks of one loop wait for: a share of a budget, or a piece of news.
//
//     auto share = co_await budget.take(stripe_bytes);     // rsx::semaphore, FIFO
//     if (!share) co_return std::unexpected(share.error());
//     ...
//     budget.give(stripe_bytes);
//
// For tasks of ONE loop: no locks. A stop request ends a wait with errc::cancelled. O(1) each.
#pragma once

#include <rsx/core/task.hpp>

#include <list>

namespace rsx {

namespace detail {

struct waiter {
    std::coroutine_handle<> frame{};
    loop* home{nullptr};
    std::size_t amount{0};
    bool granted{false};

    void wake() {
        home->post([f = std::exchange(frame, {})] { f.resume(); });
    }
};

using waiters = std::list<waiter*>;

// Sleeps in a list until granted or stopped.
class wait_in {
public:
    wait_in(waiters& queue, std::size_t amount) : queue_{queue} { self_.amount = amount; }
    wait_in(const wait_in&) = delete;

    static bool await_ready() noexcept { return false; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> frame) {
        const env& here = frame.promise().where;
        if (here.stop.stop_requested()) return false;
        self_.frame = frame;
        self_.home = here.where;
        queue_.push_back(&self_);
        on_stop_.emplace(here.stop, leave{this});
        return true;
    }
    status await_resume() {
        on_stop_.reset();
        if (self_.granted) return {};
        return fail(errc::cancelled, "asked to stop while waiting");
    }

private:
    struct leave {
        wait_in* self;
        void operator()() const {
            if (self->self_.granted || !self->self_.frame) return;
            self->queue_.remove(&self->self_);
            self->self_.wake();
        }
    };
    waiters& queue_;
    waiter self_{};
    std::optional<std::stop_callback<leave>> on_stop_{};
};

}  // namespace detail

// A budget of so many units. First come, first served.
class semaphore {
public:
    explicit semaphore(std::size_t units) noexcept : free_{units}, units_{units} {}
    semaphore(const semaphore&) = delete;
    semaphore& operator=(const semaphore&) = delete;

    // Answers errc::limit at once if `amount` can never be had.
    [[nodiscard]] step take(std::size_t amount) {
        if (amount > units_) co_return fail(errc::limit, "more than the whole budget", amount);
        if (queue_.empty() && amount <= free_) {
            free_ -= amount;
            co_return status{};
        }
        detail::wait_in wait{queue_, amount};
        co_return co_await wait;
    }

    [[nodiscard]] bool try_take(std::size_t amount) noexcept {
        if (!queue_.empty() || amount > free_) return false;
        free_ -= amount;
        return true;
    }

    void give(std::size_t amount) {
        free_ += amount;
        RSX_ASSERT(free_ <= units_);
        while (!queue_.empty() && queue_.front()->amount <= free_) {
            detail::waiter* next = queue_.front();
            queue_.pop_front();
            free_ -= next->amount;
            next->granted = true;
            next->wake();
        }
    }

    [[nodiscard]] std::size_t free() const noexcept { return free_; }

private:
    std::size_t free_;
    std::size_t units_;
    detail::waiters queue_;
};

// News: whoever waits is woken by the next `announce`.
class news {
public:
    news() = default;
    news(const news&) = delete;
    news& operator=(const news&) = delete;

    [[nodiscard]] step next() {
        detail::wait_in wait{queue_, 0};
        co_return co_await wait;
    }
    void announce() {
        detail::waiters all;
        all.swap(queue_);
        for (detail::waiter* each : all) {
            each->granted = true;
            each->wake();
        }
    }

private:
    detail::waiters queue_;
};

}  // namespace rsx
