// SPDX-License-Identifier: Apache-2.0

// Reads frames off a channel, one after the other; only ever one task at a time.
//
//     rsx::net::frame_reader from{channel};
//     auto next = co_await from.next(limits::idle_time_max);     // frame, head, body
//
// Frames and heads are read through a buffer, many in one go; bodies go straight from the socket
// into page-aligned memory of their own. Whatever fails a check is errc::corrupt, and the reader is
// of no use after it. Bounded: a head section and a body of frame_bytes_max. One loop.
#pragma once

#include <rsx/core/buffer.hpp>
#include <rsx/net/channel.hpp>
#include <rsx/net/frame.hpp>

namespace rsx::net {

struct incoming {
    frame about{};
    std::string head{};
    slice body{};
};

class frame_reader {
public:
    explicit frame_reader(channel& from) noexcept : from_{from} {}
    frame_reader(const frame_reader&) = delete;
    frame_reader& operator=(const frame_reader&) = delete;

    // `patience`: for the frame to begin; once begun it has limits::body_stall_max for each part.
    [[nodiscard]] task<result<incoming>> next(nanos patience) {
        status got = co_await ensure(frame::size, patience);
        if (!got) co_return std::unexpected(got.error());
        const auto about = frame_from(waiting().first<frame::size>());
        if (!about) co_return std::unexpected(about.error());
        begin_ += frame::size;
        incoming next;
        next.about = *about;
        std::size_t left = about->length;
        if (has_head(about->type)) {
            if (left < head_prefix) co_return fail(errc::corrupt, "a frame without its head");
            got = co_await ensure(head_prefix, limits::body_stall_max);
            if (!got) co_return std::unexpected(got.error());
            const std::size_t size = load_le<std::uint32_t>(waiting());
            const std::uint32_t sum = load_le<std::uint32_t>(waiting().subspan(4));
            if (size > left - head_prefix || size > head_section_bytes_max - head_prefix) {
                co_return fail(errc::corrupt, "the head of a frame is too long", size);
            }
            begin_ += head_prefix;
            got = co_await ensure(size, limits::body_stall_max);
            if (!got) co_return std::unexpected(got.error());
            const byte_view head = waiting().first(size);
            if (digest::crc32c_of(head) != sum) {
                co_return fail(errc::corrupt, "the checksum of a head is wrong");
            }
            next.head = text_of(head);
            begin_ += size;
            left -= head_prefix + size;
        }
        if (left > limits::frame_bytes_max) {
            co_return fail(errc::corrupt, "a body is too long", left);
        }
        if (left > 0) {
            auto body = co_await take_body(left);
            if (!body) co_return std::unexpected(body.error());
            next.body = std::move(*body);
        }
        co_return next;
    }

private:
    static constexpr std::size_t input_bytes = 2 * head_section_bytes_max;

    [[nodiscard]] byte_view waiting() const noexcept {
        return in_.view().subspan(begin_, end_ - begin_);
    }
    [[nodiscard]] step ensure(std::size_t bytes, nanos patience) {
        if (in_.empty()) in_ = buffer::uninitialized(input_bytes);
        while (end_ - begin_ < bytes) {
            if (begin_ == end_) begin_ = end_ = 0;
            if (begin_ + bytes > in_.size()) {
                std::memmove(in_.data(), in_.data() + begin_, end_ - begin_);
                end_ -= begin_;
                begin_ = 0;
            }
            const byte_span room = in_.span().subspan(end_);
            const auto n = co_await from_.read_some(room, patience);
            if (!n) co_return std::unexpected(n.error());
            if (*n == 0) co_return fail(errc::unavailable, "the peer ended the connection");
            end_ += *n;
        }
        co_return status{};
    }
    [[nodiscard]] task<result<slice>> take_body(std::size_t size) {
        buffer body = buffer::uninitialized(size);
        std::size_t have = std::min(size, end_ - begin_);
        std::memcpy(body.data(), in_.data() + begin_, have);
        begin_ += have;
        while (have < size) {
            const byte_span room = body.span().subspan(have);
            const auto n = co_await from_.read_some(room, limits::body_stall_max);
            if (!n) co_return std::unexpected(n.error());
            if (*n == 0) co_return fail(errc::unavailable, "the peer ended the connection");
            have += *n;
        }
        co_return slice{std::move(body)};
    }

    channel& from_;
    buffer in_{};
    std::size_t begin_{0};
    std::size_t end_{0};
};

}  // namespace rsx::net
