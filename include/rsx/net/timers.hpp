// SPDX-License-Identifier: Apache-2.0

// Timers of one loop: a heap of instants over a table of jobs.
//
//     rsx::net::timers due;
//     auto id = due.add(now + 10s, [] { ... });
//     due.drop(id);                                     // most deadlines are never reached
//     while (auto next = due.take(now, mark)) next();
//
// Every request sets deadlines and nearly all of them are dropped. So dropping only empties the
// slot in the table, in O(1); its instant stays in the heap until it comes up or until half of the
// heap is such leftovers, when they are swept at once. Timers of the same instant run in the order
// they were set. Belongs to one loop.
#pragma once

#include <rsx/core/loop.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace rsx::net {

class timers {
public:
    timer_id add(nanos when, job what) {
        std::uint32_t at = 0;
        if (free_.empty()) {
            at = static_cast<std::uint32_t>(slots_.size());
            slots_.emplace_back();
        } else {
            at = free_.back();
            free_.pop_back();
        }
        slot& s = slots_[at];
        s.what = std::move(what);
        s.taken = true;
        heap_.push_back({when, ++last_, at, s.generation});
        std::push_heap(heap_.begin(), heap_.end(), later);
        ++live_;
        return timer_id{std::uint64_t{s.generation} << 32 | (at + 1u)};
    }

    void drop(timer_id id) {
        const auto raw = static_cast<std::uint64_t>(id);
        const auto at = static_cast<std::uint32_t>(raw) - 1u;
        if (raw == 0 || at >= slots_.size()) return;
        if (!slots_[at].taken || slots_[at].generation != raw >> 32) return;
        // The job may own what calls back into this table when it is destroyed: let go of it last.
        const job gone = release(at);
        if (heap_.size() > 64 && heap_.size() > 2 * live_) sweep();
    }

    // The next job due at `now` among those set up to `mark`; an empty one if there is none.
    [[nodiscard]] job take(nanos now, std::uint64_t mark) {
        forget_stale();
        if (heap_.empty() || heap_.front().when > now || heap_.front().order > mark) return {};
        const std::uint32_t at = heap_.front().at;
        pop();
        return release(at);
    }

    // How many were ever set: what a round of `take` is bounded by.
    [[nodiscard]] std::uint64_t mark() const noexcept { return last_; }
    [[nodiscard]] std::size_t live() const noexcept { return live_; }
    // When the next one is due; nanos::max(): never.
    [[nodiscard]] nanos next() {
        forget_stale();
        return heap_.empty() ? nanos::max() : heap_.front().when;
    }

private:
    struct slot {
        job what{};
        std::uint32_t generation{1};
        bool taken{false};
    };
    struct entry {
        nanos when;
        std::uint64_t order;
        std::uint32_t at;
        std::uint32_t generation;
    };

    static bool later(const entry& a, const entry& b) noexcept {
        return a.when != b.when ? a.when > b.when : a.order > b.order;
    }
    [[nodiscard]] bool stale(const entry& e) const noexcept {
        return !slots_[e.at].taken || slots_[e.at].generation != e.generation;
    }
    void pop() {
        std::pop_heap(heap_.begin(), heap_.end(), later);
        heap_.pop_back();
    }
    void forget_stale() {
        while (!heap_.empty() && stale(heap_.front())) pop();
    }
    void sweep() {
        std::erase_if(heap_, [this](const entry& e) { return stale(e); });
        std::make_heap(heap_.begin(), heap_.end(), later);
    }
    job release(std::uint32_t at) {
        slot& s = slots_[at];
        s.taken = false;
        if (++s.generation == 0) s.generation = 1;
        free_.push_back(at);
        --live_;
        return std::exchange(s.what, job{});
    }

    std::vector<slot> slots_{};
    std::vector<std::uint32_t> free_{};
    std::vector<entry> heap_{};
    std::uint64_t last_{0};
    std::size_t live_{0};
};

}  // namespace rsx::net
