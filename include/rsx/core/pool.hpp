// SPDX-License-Identifier: Apache-2.0

// A pool runs what blocks (disks, hashes, RocksDB), so that loops never do.
//
//     auto read = rsx::blocking(pool, [file, buffer = std::move(buffer)]() mutable
//                                         -> rsx::result<rsx::buffer> { ... });
//     auto bytes = co_await read;
//
// The function owns all it touches. A stop request does not interrupt it: the awaiting task answers
// errc::cancelled at once and the function runs on alone, so a hung disk holds no one. The queue is
// bounded; a full one answers errc::unavailable. Answers come back on the awaiting task's loop.
#pragma once

#include <rsx/core/limits.hpp>
#include <rsx/core/task.hpp>

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace rsx {

class pool {
public:
    virtual ~pool() = default;
    // Runs `what` on some thread, later. False: too much is waiting, and it will not run.
    [[nodiscard]] virtual bool submit(job what) = 0;
};

// A fixed number of threads behind one bounded queue. Ending it runs what is queued first.
class thread_pool final : public pool {
public:
    explicit thread_pool(unsigned threads, std::size_t queued_max = limits::pool_jobs_max)
        : queued_max_{queued_max} {
        RSX_ASSERT(threads > 0);
        for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
    }
    thread_pool(const thread_pool&) = delete;
    thread_pool& operator=(const thread_pool&) = delete;
    ~thread_pool() override {
        {
            const std::lock_guard guard{mutex_};
            ending_ = true;
        }
        wake_.notify_all();
        for (auto& thread : threads_) thread.join();
    }

    bool submit(job what) override {
        {
            const std::lock_guard guard{mutex_};
            if (queue_.size() >= queued_max_) return false;
            queue_.push_back(std::move(what));
        }
        wake_.notify_one();
        return true;
    }

private:
    void run() {
        for (;;) {
            job next;
            {
                std::unique_lock guard{mutex_};
                wake_.wait(guard, [this] { return ending_ || !queue_.empty(); });
                if (queue_.empty()) return;
                next = std::move(queue_.front());
                queue_.pop_front();
            }
            next();
        }
    }

    std::size_t queued_max_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<job> queue_;
    bool ending_{false};
    std::vector<std::thread> threads_;
};

// Runs everything at once on the caller's thread: for tests and programs of one thread.
class inline_pool final : public pool {
public:
    bool submit(job what) override {
        what();
        return true;
    }
};

namespace detail {

template <class T, class F>
struct blocking_call {
    explicit blocking_call(F f) : work{std::move(f)} {}
    F work;
    result<T> out{fail(errc::cancelled, "asked to stop while a blocking call ran")};
    std::coroutine_handle<> waiter{};  // touched on the home loop only
    loop* home{nullptr};
};

template <class T, class F>
class blocking_awaiter {
public:
    blocking_awaiter(pool& threads, F f)
        : pool_{threads}, call_{std::make_shared<blocking_call<T, F>>(std::move(f))} {}
    blocking_awaiter(const blocking_awaiter&) = delete;

    static bool await_ready() noexcept { return false; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> self) {
        const env& here = self.promise().where;
        if (here.stop.stop_requested()) return false;
        call_->home = here.where;
        call_->waiter = self;
        const bool taken = pool_.submit([call = call_] {
            result<T> value = call->work();
            call->home->post([call, value = std::move(value)]() mutable {
                if (!call->waiter) return;  // let go earlier
                call->out = std::move(value);
                std::exchange(call->waiter, {}).resume();
            });
        });
        if (!taken) {
            call_->out = fail(errc::unavailable, "too many blocking calls are waiting");
            return false;
        }
        on_stop_.emplace(here.stop, let_go{call_.get()});
        return true;
    }
    result<T> await_resume() {
        on_stop_.reset();
        return std::move(call_->out);
    }

private:
    struct let_go {
        blocking_call<T, F>* call;
        void operator()() const {
            if (!call->waiter) return;
            call->home->post([frame = std::exchange(call->waiter, {})] { frame.resume(); });
        }
    };
    pool& pool_;
    std::shared_ptr<blocking_call<T, F>> call_;
    std::optional<std::stop_callback<let_go>> on_stop_{};
};

}  // namespace detail

// Awaits `f()` (which returns result<T>) run on the pool.
template <class F>
[[nodiscard]] auto blocking(pool& threads, F f) -> task<std::invoke_result_t<F&>> {
    using value = typename std::invoke_result_t<F&>::value_type;
    detail::blocking_awaiter<value, F> call{threads, std::move(f)};
    co_return co_await call;
}

}  // namespace rsx
