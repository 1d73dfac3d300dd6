// SPDX-License-Identifier: Apache-2.0

// use_task: an Asio operation as something a task awaits.
//
//     auto read = socket.async_read_some(asio::buffer(out), rsx::net::use_task);
//     rsx::result<std::size_t> n = co_await read;
//
// What completes with (error_code) answers status, what completes with (error_code, T) answers
// result<T>. A stop request of the awaiting task cancels the operation (errc::cancelled); whether
// it took effect is for the operation to say, and bytes may have moved: whoever reads frames lets
// one task own the connection and never cancels it in between. The operation lives in the awaiting
// frame and costs no allocation of ours. Name it first, await second; one loop, no locks.
#pragma once

#include <rsx/core/task.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>

#include <tuple>

namespace rsx::net {

namespace asio = boost::asio;

// What a caller should do about an error of the network.
[[nodiscard]] inline error from_asio(const boost::system::error_code& code) {
    namespace e = asio::error;
    const auto number = static_cast<std::uint64_t>(static_cast<unsigned>(code.value()));
    if (code == e::operation_aborted) return {errc::cancelled, "cancelled while on the network", 0};
    if (code == e::timed_out) return {errc::timed_out, "the network timed out", number};
    if (code == e::eof) return {errc::unavailable, "the peer ended the connection", 0};
    if (code == e::connection_reset || code == e::broken_pipe || code == e::connection_aborted ||
        code == e::not_connected || code == e::shut_down) {
        return {errc::unavailable, "the connection broke", number};
    }
    if (code == e::connection_refused || code == e::host_unreachable ||
        code == e::network_unreachable || code == e::network_down || code == e::host_not_found ||
        code == e::host_not_found_try_again) {
        return {errc::unavailable, "no way to the peer", number};
    }
    if (code == e::no_descriptors || code == e::no_memory || code == e::no_buffer_space) {
        return {errc::unavailable, "out of descriptors or memory", number};
    }
    return {errc::io, "the network failed", number};
}

struct use_task_t {};
inline constexpr use_task_t use_task{};

// One operation; Value is void or what it completes with.
template <class Value, class Init, class... Args>
class operation {
public:
    operation(Init init, Args... args) : init_{std::move(init)}, args_{std::move(args)...} {}
    operation(const operation&) = delete;
    operation& operator=(const operation&) = delete;
    ~operation() { RSX_ASSERT(!pending_); }

    static bool await_ready() noexcept { return false; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> self) {
        const env& here = self.promise().where;
        if (here.stop.stop_requested()) {
            code_ = asio::error::operation_aborted;
            return false;
        }
        self_ = self;
        pending_ = true;
        cancellable_ = here.stop.stop_possible();
        std::apply([this](Args&... args) { std::move(init_)(handler{this}, std::move(args)...); },
                   args_);
        if (cancellable_) on_stop_.emplace(here.stop, cut{this});  // earlier, emit would be lost
        return true;
    }
    result<Value> await_resume() {
        on_stop_.reset();
        if (code_) return std::unexpected(from_asio(code_));
        if constexpr (std::is_void_v<Value>) {
            return {};
        } else {
            return std::move(*value_);
        }
    }

private:
    struct nothing {};
    using stored = std::conditional_t<std::is_void_v<Value>, nothing, Value>;

    struct handler {
        operation* of;
        using cancellation_slot_type = asio::cancellation_slot;
        [[nodiscard]] cancellation_slot_type get_cancellation_slot() const noexcept {
            return of->cancellable_ ? of->signal_.slot() : cancellation_slot_type{};
        }
        template <class... Values>
        void operator()(boost::system::error_code code, Values&&... values) const {
            of->code_ = code;
            if constexpr (sizeof...(Values) == 1)
                of->value_.emplace(std::forward<Values>(values)...);
            of->pending_ = false;
            of->self_.resume();
        }
    };
    struct cut {
        operation* of;
        void operator()() const {
            if (of->pending_) of->signal_.emit(asio::cancellation_type::terminal);
        }
    };

    Init init_;
    std::tuple<Args...> args_;
    asio::cancellation_signal signal_{};
    std::coroutine_handle<> self_{};
    boost::system::error_code code_{};
    std::optional<stored> value_{};
    bool pending_{false};
    bool cancellable_{false};
    std::optional<std::stop_callback<cut>> on_stop_{};
};

}  // namespace rsx::net

namespace boost::asio {

template <class... Values>
class async_result<rsx::net::use_task_t, void(boost::system::error_code, Values...)> {
    static_assert(sizeof...(Values) <= 1);
    template <class... Some>
    struct only {
        using type = void;
    };
    template <class One>
    struct only<One> {
        using type = std::decay_t<One>;
    };

public:
    template <class Init, class... Args>
    static auto initiate(Init&& init, rsx::net::use_task_t, Args&&... args) {
        using made = rsx::net::operation<typename only<Values...>::type, std::decay_t<Init>,
                                         std::decay_t<Args>...>;
        return made(std::forward<Init>(init), std::forward<Args>(args)...);
    }
};

}  // namespace boost::asio
