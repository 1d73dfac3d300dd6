// SPDX-License-Identifier: Apache-2.0

// A watchdog looks at every connection a few times a second and ends those that overslept.
//
//     class connection : rsx::net::watched {
//         void look(rsx::nanos now) override { if (now >= deadline_) socket_.cancel(); }
//     };
//     rsx::net::watchdog dog{loop, 100ms};
//     dog.add(*this);   dog.remove(*this);
//
// Network deadlines are tens of seconds and hardly ever reached: so setting one is storing a
// number, and one timer serves all connections. Belongs to one loop; outlives what it watches.
#pragma once

#include <rsx/core/loop.hpp>

#include <list>

namespace rsx::net {

class watched {
public:
    virtual ~watched() = default;
    // Must not add or remove, and must not resume anyone before it returns.
    virtual void look(nanos now) = 0;

private:
    friend class watchdog;
    std::list<watched*>::iterator place_{};
};

class watchdog {
public:
    explicit watchdog(loop& where, nanos tick = std::chrono::milliseconds{200}) noexcept
        : loop_{where}, tick_{tick} {}
    watchdog(const watchdog&) = delete;
    watchdog& operator=(const watchdog&) = delete;
    ~watchdog() { loop_.drop(timer_); }

    void add(watched& one) {
        one.place_ = all_.insert(all_.end(), &one);
        if (timer_ == timer_id::none) wind();
    }
    void remove(watched& one) { all_.erase(one.place_); }

    [[nodiscard]] loop& home() const noexcept { return loop_; }

private:
    void wind() {
        timer_ = loop_.at(loop_.now() + tick_, [this] {
            timer_ = timer_id::none;
            const nanos now = loop_.now();
            for (watched* const one : all_) one->look(now);
            if (!all_.empty()) wind();
        });
    }

    loop& loop_;
    nanos tick_;
    std::list<watched*> all_{};
    timer_id timer_{timer_id::none};
};

}  // namespace rsx::net
