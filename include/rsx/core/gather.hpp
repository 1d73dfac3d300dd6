// SPDX-License-Identifier: Apache-2.0

// Many tasks at once, on one loop: all of them, the first k that succeed, or one until a deadline.
//
//     std::vector<rsx::task<rsx::result<cell>>> reads = ...;
//     auto cells = co_await rsx::first(4, std::move(reads));     // the rest were cancelled
//     for (auto& cell : cells)
//         if (cell) use(*cell);
//
// Each returns only after every child has *ended*, so children may borrow from the caller. What
// cannot be cancelled (a disk call) owns its buffers and lets go at once (core/pool.hpp). Cancel
// reads, never writes: a slow write is still a write.
#pragma once

#include <rsx/core/task.hpp>

#include <algorithm>
#include <vector>

namespace rsx {

namespace detail {

template <class T>
struct race {
    std::vector<result<T>> out;
    std::size_t need;
    std::size_t good{0};
    std::size_t open;
    bool settled{false};
    std::stop_source stop{};
    loop* home{nullptr};
    std::coroutine_handle<> waiter{};

    race(std::size_t count, std::size_t needed)
        : out(count, result<T>{fail(errc::cancelled, "never began")}), need{needed}, open{count} {}

    void ended(std::size_t i, result<T> with) {
        if (with.has_value()) ++good;
        out[i] = std::move(with);
        --open;
        const bool hopeless = good + open < need;
        if (!settled && (good >= need || hopeless)) {
            settled = true;
            if (open > 0) stop.request_stop();
        }
        if (open == 0 && waiter) {
            home->post([frame = std::exchange(waiter, {})] { frame.resume(); });
        }
    }
};

template <class T>
root run_in(race<T>* all, std::size_t i, task<result<T>> work) {
    result<T> value = co_await work;
    all->ended(i, std::move(value));
}

template <class T>
class race_awaiter {
public:
    race_awaiter(race<T>& all, std::vector<task<result<T>>>& work) : all_{all}, work_{work} {}
    race_awaiter(const race_awaiter&) = delete;

    [[nodiscard]] bool await_ready() const noexcept { return work_.empty(); }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> self) {
        const env& here = self.promise().where;
        all_.home = here.where;
        on_stop_.emplace(here.stop, pass_on{&all_});
        for (std::size_t i = 0; i < work_.size(); ++i) {
            env child{here.where, all_.stop.get_token(), here.deadline};
            run_in<T>(&all_, i, std::move(work_[i])).start(std::move(child));
        }
        if (all_.open == 0) return false;
        all_.waiter = self;
        return true;
    }
    void await_resume() { on_stop_.reset(); }

private:
    struct pass_on {
        race<T>* all;
        void operator()() const { all->stop.request_stop(); }
    };
    race<T>& all_;
    std::vector<task<result<T>>>& work_;
    std::optional<std::stop_callback<pass_on>> on_stop_{};
};

}  // namespace detail

// Starts all; once `need` have succeeded, or can no longer, asks the others to stop. Answers every
// child's outcome, in their order: those cut short say errc::cancelled.
template <class T>
[[nodiscard]] task<std::vector<result<T>>> first(std::size_t need,
                                                 std::vector<task<result<T>>> work) {
    detail::race<T> all{work.size(), need};
    detail::race_awaiter<T> end{all, work};
    co_await end;
    co_return std::move(all.out);
}

// Starts all and waits for all, whatever becomes of them.
template <class T>
[[nodiscard]] task<std::vector<result<T>>> gather(std::vector<task<result<T>>> work) {
    detail::race<T> all{work.size(), work.size() + 1};
    all.settled = true;  // failures cancel nobody
    detail::race_awaiter<T> end{all, work};
    co_await end;
    co_return std::move(all.out);
}

// Runs `work` until `when` (on the loop's clock), then asks it to stop and waits for its end. A
// child that was cut short for this reason answers errc::timed_out.
template <class T>
[[nodiscard]] task<result<T>> until(nanos when, task<result<T>> work) {
    const env& here = co_await this_env{};
    std::stop_source mine;
    bool late = false;
    timer_id timer = timer_id::none;
    const auto pass_on = [&mine] { mine.request_stop(); };
    std::stop_callback<decltype(pass_on)> on_stop{here.stop, pass_on};
    timer = here.where->at(when, [&] {
        timer = timer_id::none;
        late = true;
        mine.request_stop();
    });
    env child{here.where, mine.get_token(), std::min(when, here.deadline)};
    work.in(std::move(child));
    result<T> value = co_await work;
    if (timer != timer_id::none) here.where->drop(timer);
    if (!value && value.error().code == errc::cancelled && late) {
        co_return fail(errc::timed_out, "the deadline passed");
    }
    co_return value;
}

template <class T>
[[nodiscard]] task<result<T>> within(nanos how_long, task<result<T>> work) {
    const env& here = co_await this_env{};
    task<result<T>> limited = until(here.where->now() + how_long, std::move(work));
    co_return co_await limited;
}

}  // namespace rsx
