// SPDX-License-Identifier: Apache-2.0

// Virtual time: a loop whose clock jumps to the next timer as soon as nothing else is to be done.
//
//     rsx::sim::virtual_loop world;
//     auto value = world.run(engine.get(key));       // an hour of sleeping takes no time
//
// One thread. Jobs of the same instant run in the order they were posted: the same program gives
// the same run. A task that waits for what can never happen ends the process and says so.
#pragma once

#include <rsx/core/task.hpp>

#include <algorithm>
#include <map>

namespace rsx::sim {

class virtual_loop final : public loop {
public:
    nanos now() const override { return now_; }
    void post(job what) override { at(now_, std::move(what)); }
    timer_id at(nanos when, job what) override {
        const std::uint64_t id = ++last_;
        when = std::max(when, now_);
        due_.emplace(std::pair{when, id}, std::move(what));
        when_.emplace(id, when);
        return timer_id{id};
    }
    void drop(timer_id id) override {
        const auto found = when_.find(static_cast<std::uint64_t>(id));
        if (found == when_.end()) return;
        due_.erase({found->second, found->first});
        when_.erase(found);
    }

    // One job; false: there is none.
    bool step() {
        if (due_.empty()) return false;
        auto next = due_.extract(due_.begin());
        now_ = next.key().first;
        when_.erase(next.key().second);
        next.mapped()();
        return true;
    }

    // Everything that is due until nothing is left.
    void run() {
        while (step()) {
        }
    }

    template <class T>
    T run(task<T> work, std::stop_token stop = {}) {
        std::optional<T> value;
        spawn(env{this, std::move(stop)}, std::move(work),
              [&value](T v) { value.emplace(std::move(v)); });
        while (!value) {
            const bool moved = step();
            RSX_ASSERT(moved && "the task waits for something that cannot happen");
        }
        return std::move(*value);
    }

private:
    nanos now_{0};
    std::uint64_t last_{0};
    std::map<std::pair<nanos, std::uint64_t>, job> due_;
    std::map<std::uint64_t, nanos> when_;
};

}  // namespace rsx::sim
