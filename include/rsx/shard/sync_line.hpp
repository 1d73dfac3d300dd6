// SPDX-License-Identifier: Apache-2.0

// A line of jobs that all wait for the same thing: that a log's records are durable.
//
//     shard::sync_line line{log, pool};
//     auto work = blocking(line, [&log, at]() -> result<void> { ... });   // runs after a sync
//     co_await work;
//
// Looks like a pool: what is submitted runs on a thread of the real one, after a sync of the log
// that began after it was submitted, however many wait with it. One sync is under way at a time and
// one thread of the pool is taken, so sixty-four writers cost one thread and two syncs. Any thread;
// must outlive what was submitted (it is kept alive by the job it runs in).
#pragma once

#include <rsx/core/pool.hpp>
#include <rsx/wal/file_log.hpp>

#include <memory>

namespace rsx::shard {

class sync_line final : public pool {
public:
    sync_line(std::shared_ptr<wal::file_log> log, pool& threads)
        : inside_{std::make_shared<inside>(std::move(log))}, threads_{threads} {}

    [[nodiscard]] bool submit(job what) override {
        {
            const std::lock_guard guard{inside_->mutex};
            if (inside_->waiting.size() >= limits::pool_jobs_max) return false;
            if (inside_->led) {
                inside_->waiting.push_back(std::move(what));
                return true;
            }
        }
        return threads_.submit(
            [in = inside_, what = std::move(what)]() mutable { lead(*in, std::move(what)); });
    }

private:
    struct inside {
        explicit inside(std::shared_ptr<wal::file_log> what) : log{std::move(what)} {}
        std::shared_ptr<wal::file_log> log;
        std::mutex mutex{};
        std::vector<job> waiting{};
        bool led{false};  // someone is syncing, and will look at `waiting` again
    };

    static void lead(inside& in, job first) {
        std::unique_lock guard{in.mutex};
        in.waiting.push_back(std::move(first));
        if (std::exchange(in.led, true)) return;
        while (!in.waiting.empty()) {
            std::vector<job> round = std::exchange(in.waiting, {});
            guard.unlock();
            (void)in.log->sync();  // each looks for itself how far the log is durable
            for (job& each : round) each();
            guard.lock();
        }
        in.led = false;
    }

    std::shared_ptr<inside> inside_;
    pool& threads_;
};

}  // namespace rsx::shard
