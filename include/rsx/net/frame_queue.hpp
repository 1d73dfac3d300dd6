// SPDX-License-Identifier: Apache-2.0

// Frames on their way out: anyone pushes, one task writes, and what waits is bounded.
//
//     rsx::net::frame_queue out;
//     auto free = co_await out.room();            // while limits::peer_bytes_max wait to be sent
//     out.push(rsx::net::pack(about, head, body));
//     ...
//     co_await out.run(channel);                  // the writer: until close() or an error
//
// Many frames leave in one gathering write; bodies are never copied. Small frames that must not
// wait (credit, resets, pings) are pushed without asking for room; streams and calls ask. One loop.
#pragma once

#include <rsx/core/slice.hpp>
#include <rsx/core/wait.hpp>
#include <rsx/net/channel.hpp>
#include <rsx/net/frame.hpp>

#include <deque>

namespace rsx::net {

struct outgoing {
    std::string head{};  // the frame's 32 bytes and its head section
    slice body{};
    std::uint32_t id{0};
    std::shared_ptr<bool> handed_over{};  // of calls: set when the socket is given the frame
    [[nodiscard]] std::size_t size() const noexcept { return head.size() + body.size(); }
};

// `about.length` is filled in.
[[nodiscard]] inline outgoing pack(frame about, const std::string& head, slice body) {
    outgoing one;
    one.head.resize(frame::size);
    if (has_head(about.type)) one.head += head_section(head);
    about.length = static_cast<std::uint32_t>(one.head.size() - frame::size + body.size());
    auto* const raw = reinterpret_cast<std::byte*>(one.head.data());
    store(std::span<std::byte, frame::size>{raw, frame::size}, about);
    one.body = std::move(body);
    one.id = about.stream;
    return one;
}

class frame_queue {
public:
    void push(outgoing one) {
        if (closed_) return;
        unsent_ += one.size();
        queue_.push_back(std::move(one));
        if (queue_.size() == 1) queued_.announce();
    }

    // Waits until more may be pushed. One frame may overshoot, so that large ones do not wait
    // behind small ones for ever.
    [[nodiscard]] step room() {
        while (!closed_ && unsent_ >= limits::peer_bytes_max) {
            step wait = room_.next();
            const status woken = co_await wait;
            if (!woken) co_return woken;
        }
        if (closed_) co_return fail(errc::unavailable, "the connection broke");
        co_return status{};
    }

    // True: the call's frame had not been handed over and is gone.
    bool forget(std::uint32_t id) {
        for (auto one = queue_.begin(); one != queue_.end(); ++one) {
            if (one->id != id || one->handed_over == nullptr) continue;
            unsent_ -= one->size();
            queue_.erase(one);
            room_.announce();
            return true;
        }
        return false;
    }

    // Wakes everyone; what waits is dropped.
    void close() {
        closed_ = true;
        queue_.clear();
        queued_.announce();
        room_.announce();
    }

    // The writer. Answers when the queue was closed, or why it could not write on.
    [[nodiscard]] step run(channel& to) {
        std::vector<outgoing> batch;
        std::vector<asio::const_buffer> pieces;
        while (!closed_) {
            if (queue_.empty()) {
                step wait = queued_.next();
                const status woken = co_await wait;
                if (!woken) co_return woken;
                continue;
            }
            const std::size_t bytes = take(batch, pieces);
            const std::span<asio::const_buffer> all{pieces};
            const status sent = co_await to.write(all, limits::body_stall_max);
            if (!sent) co_return sent;
            unsent_ -= bytes;
            room_.announce();
        }
        co_return status{};
    }

private:
    static constexpr std::size_t frames_at_once = 32;
    static constexpr std::size_t bytes_at_once = 1u << 20;

    std::size_t take(std::vector<outgoing>& batch, std::vector<asio::const_buffer>& pieces) {
        std::size_t bytes = 0;
        batch.clear();
        pieces.clear();
        while (!queue_.empty() && batch.size() < frames_at_once && bytes < bytes_at_once) {
            batch.push_back(std::move(queue_.front()));
            queue_.pop_front();
            bytes += batch.back().size();
            if (batch.back().handed_over) *batch.back().handed_over = true;
        }
        for (const outgoing& one : batch) {
            pieces.push_back(asio::buffer(one.head));
            const byte_view body = one.body.view();
            if (!body.empty()) pieces.push_back(asio::buffer(body.data(), body.size()));
        }
        return bytes;
    }

    std::deque<outgoing> queue_{};
    std::size_t unsent_{0};
    bool closed_{false};
    news queued_{};
    news room_{};
};

}  // namespace rsx::net
