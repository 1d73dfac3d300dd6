// SPDX-License-Identifier: Apache-2.0

// How one loop reaches what another owns: a bounded mailbox, or a task sent over and awaited.
//
//     auto answer = co_await rsx::on(owner_loop, store.look_up(key));   // runs there, resumes here
//
//     rsx::mailbox<message> box{owner_loop, [](message m) { ... }};
//     if (!box.send(std::move(m))) drop_it();                           // full: said, not blocked
//
// `send` and `on` may be used from any loop; what they carry runs on the owner's thread only.
#pragma once

#include <rsx/core/limits.hpp>
#include <rsx/core/task.hpp>

#include <atomic>
#include <memory>

namespace rsx {

template <class T>
class mailbox {
public:
    mailbox(loop& owner, std::move_only_function<void(T)> handler,
            std::size_t items_max = limits::mailbox_items_max)
        : owner_{owner}, inside_{std::make_shared<inside>(std::move(handler), items_max)} {}

    // False: full, and the item is gone.
    [[nodiscard]] bool send(T item) {
        if (inside_->waiting.fetch_add(1) >= inside_->items_max) {
            inside_->waiting.fetch_sub(1);
            return false;
        }
        owner_.post([inside = inside_, item = std::move(item)]() mutable {
            inside->waiting.fetch_sub(1);
            inside->handler(std::move(item));
        });
        return true;
    }

private:
    struct inside {
        inside(std::move_only_function<void(T)> f, std::size_t max)
            : handler{std::move(f)}, items_max{max} {}
        std::move_only_function<void(T)> handler;
        std::size_t items_max;
        std::atomic<std::size_t> waiting{0};
    };
    loop& owner_;
    std::shared_ptr<inside> inside_;
};

namespace detail {

template <class T>
class on_awaiter {
public:
    on_awaiter(loop& owner, task<T> work) : owner_{owner}, work_{std::move(work)} {}
    on_awaiter(const on_awaiter&) = delete;

    static bool await_ready() noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> self) {
        const env& here = self.promise().where;
        home_ = here.where;
        self_ = self;
        env there{&owner_, stop_->get_token(), here.deadline};
        owner_.post([this, there = std::move(there)]() mutable {
            spawn(std::move(there), std::move(work_), [this](T value) {
                value_.emplace(std::move(value));
                home_->post([this] { self_.resume(); });
            });
        });
        on_stop_.emplace(here.stop, pass_on{this});
    }
    T await_resume() {
        on_stop_.reset();
        return std::move(*value_);
    }

private:
    // The request crosses as a message: callbacks of the child run on the child's loop.
    struct pass_on {
        on_awaiter* self;
        void operator()() const {
            self->owner_.post([stop = self->stop_] { stop->request_stop(); });
        }
    };
    loop& owner_;
    task<T> work_;
    loop* home_{nullptr};
    std::coroutine_handle<> self_{};
    std::optional<T> value_{};
    std::shared_ptr<std::stop_source> stop_{std::make_shared<std::stop_source>()};
    std::optional<std::stop_callback<pass_on>> on_stop_{};
};

}  // namespace detail

// Runs `work` on `owner` and resumes here with its value. Deadlines are shared: loops of one
// process share one monotonic clock.
template <class T>
[[nodiscard]] task<T> on(loop& owner, task<T> work) {
    const env& here = co_await this_env{};
    if (here.where == &owner) co_return co_await work;
    detail::on_awaiter<T> there{owner, std::move(work)};
    co_return co_await there;
}

}  // namespace rsx
