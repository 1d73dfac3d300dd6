// SPDX-License-Identifier: Apache-2.0

// The body of an HTTP message as it comes: so many bytes, or chunks, or until the connection ends.
//
//     rsx::net::http::body_reader body;
//     body.begin(head.content_length, head.chunked);
//     auto n = co_await body.read(input, out, patience);       // 0: its end
//
// Bytes that came together with the head are copied from there; all others go from the socket
// straight into `out`, whatever the framing. Both sides of HTTP use this. One loop.
#pragma once

#include <rsx/core/buffer.hpp>
#include <rsx/core/limits.hpp>
#include <rsx/net/channel.hpp>
#include <rsx/net/http_chunked.hpp>

#include <optional>

namespace rsx::net::http {

// What was received on a connection and not yet used.
struct input {
    explicit input(channel& from) noexcept : with{from} {}
    channel& with;
    buffer bytes{};
    std::size_t begin{0};
    std::size_t end{0};

    [[nodiscard]] bool empty() const noexcept { return begin == end; }
    [[nodiscard]] std::string_view waiting() const noexcept {
        return rsx::text_of(bytes.view().subspan(begin, end - begin));
    }
    void to_front() noexcept {
        if (begin == 0) return;
        std::memmove(bytes.data(), bytes.data() + begin, end - begin);
        end -= begin;
        begin = 0;
    }
    [[nodiscard]] bool full() const noexcept { return !bytes.empty() && end == bytes.size(); }
    // More behind those waiting; 0: the peer has finished. Not when full.
    [[nodiscard]] task<result<std::size_t>> more(nanos patience) {
        if (bytes.empty()) bytes = buffer::uninitialized(limits::head_bytes_max);
        to_front();
        RSX_ASSERT(end < bytes.size());
        const byte_span room = bytes.span().subspan(end);
        const auto n = co_await with.read_some(room, patience);
        if (n) end += *n;
        co_return n;
    }
};

class body_reader {
public:
    // Neither a length nor chunks: until the connection ends if `to_end`, else there is no body.
    void begin(std::optional<std::uint64_t> length, bool chunked, bool to_end = false) noexcept {
        chunks_ = chunk_reader{};
        left_ = length.value_or(0);
        total_ = 0;
        how_ = chunked ? framing::chunks : framing::length;
        if (!chunked && !length && to_end) how_ = framing::to_end;
    }

    [[nodiscard]] bool ended() const noexcept {
        return how_ == framing::chunks ? chunks_.ended() : how_ == framing::length && left_ == 0;
    }
    // Bytes that are known to come.
    [[nodiscard]] std::uint64_t left() const noexcept {
        return how_ == framing::chunks ? chunks_.data_left() : left_;
    }

    [[nodiscard]] task<result<std::size_t>> read(input& from, byte_span out, nanos patience,
                                                 std::uint64_t bytes_max = ~std::uint64_t{0}) {
        std::uint64_t most = how_ == framing::to_end ? out.size() : left_;
        while (how_ == framing::chunks) {
            const auto used = chunks_.advance(from.waiting());
            if (!used) co_return std::unexpected(used.error());
            from.begin += *used;
            if (chunks_.ended()) co_return 0;
            most = chunks_.data_left();
            if (most > 0) break;
            const auto n = co_await from.more(patience);
            if (!n) co_return std::unexpected(n.error());
            if (*n == 0) co_return fail(errc::corrupt, "the body ended early");
        }
        if (ended()) co_return 0;
        if (most > bytes_max || total_ > bytes_max - most) {
            co_return fail(errc::limit, "the body is too long");
        }
        const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(most, out.size()));
        std::size_t n = std::min(wanted, from.end - from.begin);
        if (n > 0) {
            std::memcpy(out.data(), from.bytes.data() + from.begin, n);
            from.begin += n;
        } else {
            const byte_span into = out.first(wanted);
            const auto read = co_await from.with.read_some(into, patience);
            if (!read) co_return read;
            n = *read;
        }
        if (n == 0 && how_ != framing::to_end)
            co_return fail(errc::corrupt, "the body ended early");
        if (n == 0) begin(0, false);
        total_ += n;
        if (how_ == framing::length && n > 0) left_ -= n;
        if (how_ == framing::chunks) chunks_.took(n);
        co_return n;
    }

private:
    enum class framing { length, chunks, to_end };

    framing how_{framing::length};
    std::uint64_t left_{0};
    std::uint64_t total_{0};
    chunk_reader chunks_{};
};

}  // namespace rsx::net::http
