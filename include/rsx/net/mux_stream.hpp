// SPDX-License-Identifier: Apache-2.0

// One of many streams on a connection: bytes in order both ways, each way within its own credit.
//
//     rsx::net::mux_stream mine{pipe, id, credit_bytes};
//     co_await mine.write(slice);                // waits for credit, then for room in the pipe
//     auto next = co_await mine.read();          // gives credit back as it is used up
//
// A receiver never holds more than it has granted, so a stream nobody reads costs its peer a wait,
// and everyone else nothing. The pipe is whatever carries frames: a TCP link, or the other half in
// the same process (net/local_transport.hpp). It calls the `on_…` functions; all on one loop.
#pragma once

#include <rsx/core/gather.hpp>
#include <rsx/core/limits.hpp>
#include <rsx/core/wait.hpp>
#include <rsx/net/transport.hpp>

#include <deque>
#include <memory>
#include <unordered_map>

namespace rsx::net {

class mux_stream;

// Carries frames; knows the streams by their numbers.
class pipe {
public:
    virtual ~pipe() = default;
    // Waits until `bytes` may be handed over; an error: the pipe is broken.
    [[nodiscard]] virtual step room(std::size_t bytes) = 0;
    virtual void send_data(std::uint32_t id, slice bytes) = 0;
    virtual void send_finish(std::uint32_t id, bool deaf) = 0;
    virtual void send_reset(std::uint32_t id, error why) = 0;
    virtual void send_credit(std::uint32_t id, std::uint32_t bytes) = 0;

    std::unordered_map<std::uint32_t, mux_stream*> streams{};
    std::size_t piece_bytes_max{limits::frame_bytes_max};  // of one frame's data
};

class mux_stream final : public stream {
public:
    mux_stream(std::shared_ptr<pipe> by, std::uint32_t id, std::size_t credit, std::size_t granted)
        : by_{std::move(by)}, id_{id}, credit_{credit}, window_{granted}, granted_{granted} {
        by_->streams.emplace(id_, this);
    }
    mux_stream(const mux_stream&) = delete;
    mux_stream& operator=(const mux_stream&) = delete;
    ~mux_stream() override {
        by_->streams.erase(id_);
        if (!broken_ && !(out_ended_ && in_ended_)) {
            const error left{errc::cancelled, "the stream was let go of", 0};
            by_->send_reset(id_, left);
        }
    }

    step write(slice bytes) override {
        if (out_ended_) co_return fail(errc::invalid, "a write after finish");
        while (!bytes.empty()) {
            while (credit_ == 0 && !broken_ && !deaf_) {
                const status woken = co_await stalled(writable_);
                if (!woken) co_return woken;
            }
            const std::size_t n = std::min({bytes.size(), credit_, by_->piece_bytes_max});
            if (!broken_ && !deaf_) {
                credit_ -= n;
                const status free = co_await by_->room(n);
                if (!free) {
                    credit_ += n;
                    co_return free;
                }
            }
            if (broken_) co_return std::unexpected(*broken_);
            if (deaf_) co_return fail(errc::unavailable, "the peer reads no more of the stream");
            by_->send_data(id_, bytes.part(0, n));
            bytes = bytes.part(n, bytes.size() - n);
        }
        if (broken_) co_return std::unexpected(*broken_);
        co_return status{};
    }

    step finish() override {
        if (broken_) co_return std::unexpected(*broken_);
        if (!out_ended_) {
            out_ended_ = true;
            by_->send_finish(id_, false);
        }
        co_return status{};
    }

    task<result<slice>> read() override {
        while (in_.empty()) {
            if (broken_) co_return std::unexpected(*broken_);
            if (in_ended_) co_return slice{};
            const status woken = co_await stalled(readable_);
            if (!woken) co_return std::unexpected(woken.error());
        }
        if (broken_) co_return std::unexpected(*broken_);
        slice next = std::move(in_.front());
        in_.pop_front();
        used_ += next.size();
        if (used_ >= window_ / 4 && !in_ended_) {
            granted_ += used_;
            by_->send_credit(id_, static_cast<std::uint32_t>(used_));
            used_ = 0;
        }
        co_return next;
    }

    void reset(error why) override {
        if (broken_) return;
        by_->send_reset(id_, why);
        on_reset(error{errc::cancelled, "the stream was reset", 0});
    }

    // Asked to stop when the peer resets the stream: for the handler that serves it.
    [[nodiscard]] std::stop_token token() const noexcept { return stop_.get_token(); }

    // The handler has returned well: nothing more goes out, nothing that comes will be read.
    void conclude() {
        if (broken_) return;
        if (!out_ended_ || !in_ended_) by_->send_finish(id_, true);
        out_ended_ = true;
        in_ended_ = true;
    }

    // False: the peer sent more than it was granted, or after its end.
    [[nodiscard]] bool on_data(slice bytes) {
        if (broken_) return true;
        if (in_ended_ || bytes.size() > granted_) return false;
        granted_ -= bytes.size();
        if (bytes.empty()) return true;
        in_.push_back(std::move(bytes));
        readable_.announce();
        return true;
    }
    void on_finish(bool deaf) {
        in_ended_ = true;
        deaf_ = deaf_ || deaf;
        readable_.announce();
        if (deaf) writable_.announce();
    }
    void on_credit(std::uint32_t bytes) {
        credit_ = std::min<std::size_t>(credit_ + bytes, std::size_t{1} << 31);
        writable_.announce();
    }
    void on_reset(error why) {
        if (broken_) return;
        broken_ = why;
        in_.clear();
        readable_.announce();
        writable_.announce();
        stop_.request_stop();
    }

private:
    // A peer that says nothing for as long as no connection would live is given up.
    [[nodiscard]] static step stalled(news& of) {
        const env& here = co_await this_env{};
        step wait = of.next();
        if (here.deadline != nanos::max()) co_return co_await wait;
        co_return co_await within(limits::idle_time_max, std::move(wait));
    }

    std::shared_ptr<pipe> by_;
    std::uint32_t id_;
    std::size_t credit_;   // what the peer lets us send
    std::size_t window_;   // what we let the peer have under way
    std::size_t granted_;  // what of it the peer has not used
    std::size_t used_{0};  // read here and not yet granted again
    std::deque<slice> in_{};
    bool in_ended_{false};
    bool out_ended_{false};
    bool deaf_{false};
    std::optional<error> broken_{};
    std::stop_source stop_{};
    news readable_{};
    news writable_{};
};

// Runs a stream's handler to its end and tells the peer how it went.
[[nodiscard]] inline step serve_stream(service& by, peer who, request ask,
                                       std::shared_ptr<mux_stream> with) {
    step work = by.serve(who, std::move(ask), *with);
    const status served = co_await work;
    if (served) {
        with->conclude();
    } else {
        with->reset(served.error());
    }
    co_return served;
}

}  // namespace rsx::net
