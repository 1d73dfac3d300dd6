// SPDX-License-Identifier: Apache-2.0

// A loop for plain programs and tests: real time, real threads, no I/O of its own.
//
//     rsx::thread_loop loop;
//     auto value = loop.run(store.look_up(key));     // on this thread, until the task has ended
//
// One thread runs it at a time; `post` is safe from any.
#pragma once

#include <rsx/core/task.hpp>

#include <condition_variable>
#include <map>
#include <mutex>

namespace rsx {

class thread_loop final : public loop {
public:
    nanos now() const override { return system_monotonic_now(); }

    void post(job what) override {
        {
            const std::lock_guard guard{mutex_};
            due_.emplace(std::pair{nanos::min(), ++last_}, std::move(what));
        }
        wake_.notify_one();
    }

    timer_id at(nanos when, job what) override {
        const std::lock_guard guard{mutex_};
        const std::uint64_t id = ++last_;
        due_.emplace(std::pair{when, id}, std::move(what));
        when_.emplace(id, when);
        wake_.notify_one();
        return timer_id{id};
    }

    void drop(timer_id id) override {
        const std::lock_guard guard{mutex_};
        const auto found = when_.find(static_cast<std::uint64_t>(id));
        if (found == when_.end()) return;
        due_.erase({found->second, found->first});
        when_.erase(found);
    }

    // Runs jobs and timers on this thread until `work` has ended.
    template <class T>
    T run(task<T> work, std::stop_token stop = {}) {
        std::optional<T> value;
        post([&] {
            spawn(env{this, std::move(stop)}, std::move(work),
                  [&value](T v) { value.emplace(std::move(v)); });
        });
        while (!value) next()();
        return std::move(*value);
    }

private:
    job next() {
        std::unique_lock guard{mutex_};
        for (;;) {
            if (due_.empty()) {
                wake_.wait(guard);
                continue;
            }
            const auto [when, id] = due_.begin()->first;
            if (when != nanos::min() && when > now()) {
                wake_.wait_for(guard, std::min<nanos>(when - now(), std::chrono::hours{1}));
                continue;
            }
            job what = std::move(due_.begin()->second);
            due_.erase(due_.begin());
            when_.erase(id);
            return what;
        }
    }

    std::mutex mutex_;
    std::condition_variable wake_;
    std::map<std::pair<nanos, std::uint64_t>, job> due_;
    std::map<std::uint64_t, nanos> when_;
    std::uint64_t last_{0};
};

}  // namespace rsx
