// SPDX-License-Identifier: Apache-2.0

// One connection of an HTTP server: requests one after the other, each handed to the handler.
//
// Between socket and handler nothing is copied but what arrived together with a head: bodies are
// read straight into the handler's buffer and written straight from it. The head of an answer waits
// for the first bytes of the body and leaves with them in one send.
//
// Invariants:
// - The next request is parsed only where the body of the last one ended by its own framing; if
//   that place is not reached within limits::http_drain_bytes_max, the connection is closed.
// - After any refusal the connection is closed: no second request is read behind a bad one.
// - An answer that could not be sent whole ends in a reset, never in an orderly close.
//
// Part of net/http_server.hpp, which starts it; one loop.
#pragma once

#include <rsx/core/buffer.hpp>
#include <rsx/net/http_body.hpp>
#include <rsx/net/http_common.hpp>

#include <array>
#include <charconv>

namespace rsx::net::http {

class connection final : public exchange {
public:
    connection(asio::ip::tcp::socket socket, watchdog& dog, detail::common& all)
        : loop_{dog.home()}, with_{std::move(socket), dog}, all_{all} {}

    // Serves until either side has had enough.
    [[nodiscard]] step run(tls_context tls) {
        if (tls) {
            const status shaken =
                co_await with_.secure_as_server(std::move(tls), all_.allowed.head_time_max);
            if (!shaken) co_return shaken;
        }
        bool first_request = true;
        for (;;) {
            const outcome got = co_await next_request(first_request);
            first_request = false;
            if (got != outcome::request) break;
            ++all_.requests;
            const status answered = co_await all_.answer(*this);
            const status sent = co_await conclude(answered);
            if (!sent || !keep_) break;
            idle_ = true;
        }
        with_.close();
        co_return status{};
    }

    // Waiting for a request of which nothing has come: may be closed without harm.
    [[nodiscard]] bool idle() const noexcept { return idle_; }
    void close() { with_.close(); }
    void cut() { with_.cut(); }

    const request_head& head() const noexcept override { return asked_.head; }
    void close_after() noexcept override { keep_ = false; }
    bool responded() const noexcept override { return out_ != sending::nothing; }

    task<result<std::size_t>> read(byte_span out) override {
        RSX_ASSERT(!out.empty());
        if (body_failed_) co_return fail(errc::corrupt, "the body is broken");
        if (body_.ended()) co_return 0;
        if (!pending_.empty()) {
            const status sent = co_await flush();
            if (!sent) co_return std::unexpected(sent.error());
        }
        if (continue_due_) {
            continue_due_ = false;
            if (in_.empty() && !responded()) {
                pending_ = "HTTP/1.1 100 Continue\r\n\r\n";
                const status sent = co_await flush();
                if (!sent) co_return std::unexpected(sent.error());
            }
        }
        const result<std::size_t> n =
            co_await body_.read(in_, out, all_.allowed.body_stall_max, all_.allowed.body_bytes_max);
        if (!n) {
            body_failed_ = true;
            keep_ = false;
        }
        co_return n;
    }

    step respond(response_head head, std::optional<std::uint64_t> length) override {
        if (responded()) co_return fail(errc::invalid, "an answer was begun twice");
        if (head.status < 200 || head.status > 999) {
            co_return fail(errc::invalid, "no status of an answer", head.status);
        }
        for (const field& f : head.fields) {
            if (!detail::is_field(f)) co_return fail(errc::invalid, "a field that cannot be sent");
        }
        if (all_.closing || body_too_long_to_drain()) keep_ = false;
        const bool bodiless = head.status == 204 || head.status == 304;
        mute_ = bodiless || asked_.head.method == "HEAD";
        out_ = sending::length;
        out_left_ = length.value_or(0);
        if (!length) out_ = asked_.http10 ? sending::until_close : sending::chunked;
        if (out_ == sending::until_close) keep_ = false;
        compose(head, bodiless);
        co_return status{};
    }

    step write(byte_view bytes) override {
        if (!responded()) co_return fail(errc::invalid, "a body before its head");
        if (out_ == sending::length) {
            if (bytes.size() > out_left_) {
                torn_ = true;
                co_return fail(errc::invalid, "a body longer than its head said");
            }
            out_left_ -= bytes.size();
        }
        if (mute_ || bytes.empty()) co_return status{};
        if (out_ != sending::chunked) co_return co_await send_pieces("", bytes, "");
        char size[20];
        const auto end = std::to_chars(size, size + 16, bytes.size(), 16).ptr;
        end[0] = '\r';
        end[1] = '\n';
        const std::string_view line{size, static_cast<std::size_t>(end + 2 - size)};
        co_return co_await send_pieces(line, bytes, "\r\n");
    }

private:
    enum class outcome { request, over };
    enum class sending { nothing, length, chunked, until_close };

    // --- heads -----------------------------------------------------------------------------------

    [[nodiscard]] task<outcome> next_request(bool first_request) {
        idle_ = true;
        in_.to_front();
        const nanos quiet = first_request ? all_.allowed.head_time_max : all_.allowed.idle_time_max;
        nanos until = loop_.now() + (in_.empty() ? quiet : all_.allowed.head_time_max);
        head_scan scan;
        std::size_t skipped = 0;
        std::size_t size = 0;
        for (;;) {
            const std::string_view received = in_.waiting();
            if (skipped == 0 && received.starts_with("\r\n")) skipped = 2;
            if (received != "\r") {
                const auto looked = scan.look(received.substr(skipped));
                if (!looked) co_return co_await refuse(looked.error());
                size = *looked;
            }
            if (size != 0) break;
            if (in_.full()) {
                const refusal too_long{431, "the head is too long"};
                co_return co_await refuse(too_long);
            }
            if (all_.closing && received.empty()) co_return outcome::over;
            const auto n = co_await in_.more(until - loop_.now());
            if (!n && n.error().code == errc::timed_out && !in_.empty()) {
                const refusal late{408, "the head did not come in time"};
                co_return co_await refuse(late);
            }
            if (!n || *n == 0) co_return outcome::over;
            if (idle_) until = loop_.now() + all_.allowed.head_time_max;
            idle_ = false;
        }
        idle_ = false;
        auto parsed = parse_request(in_.waiting().substr(skipped, size));
        in_.begin += skipped + size;
        if (!parsed) co_return co_await refuse(parsed.error());
        if (parsed->head.content_length.value_or(0) > all_.allowed.body_bytes_max) {
            const refusal too_long{413, "the body is too long"};
            co_return co_await refuse(too_long);
        }
        begin_exchange(std::move(*parsed));
        co_return outcome::request;
    }

    void begin_exchange(asked with) {
        asked_ = std::move(with);
        asked_.head.remote = with_.remote();
        asked_.head.secure = with_.secure();
        keep_ = asked_.keep_alive;
        continue_due_ = asked_.head.expects_continue;
        body_.begin(asked_.head.content_length, asked_.head.chunked);
        body_failed_ = false;
        out_ = sending::nothing;
        out_left_ = 0;
        mute_ = false;
        torn_ = false;
    }

    // --- bodies nobody read ----------------------------------------------------------------------

    [[nodiscard]] bool body_too_long_to_drain() const noexcept {
        if (body_.ended()) return false;
        return continue_due_ || body_failed_ || body_.left() > limits::http_drain_bytes_max;
    }

    // Reads on to where the next request begins; false: too far.
    [[nodiscard]] task<bool> drain() {
        std::size_t seen = 0;
        buffer dump = buffer::uninitialized(16 * kib);
        while (!body_.ended()) {
            if (body_too_long_to_drain() || seen > limits::http_drain_bytes_max) co_return false;
            const byte_span into = dump.span();
            const auto n = co_await body_.read(in_, into, all_.allowed.body_stall_max);
            if (!n) co_return false;
            seen += *n;
        }
        co_return true;
    }

    // --- answers ---------------------------------------------------------------------------------

    void compose(const response_head& head, bool bodiless) {
        std::string& text = pending_;
        text = "HTTP/1.1 ";
        text += std::to_string(head.status);
        text += ' ';
        text += detail::phrase_of(head.status);
        text += "\r\nDate: ";
        text += all_.date();
        for (const auto& [name, value] : head.fields) {
            text.append("\r\n").append(name).append(": ").append(value);
        }
        if (out_ == sending::chunked && !bodiless) text += "\r\nTransfer-Encoding: chunked";
        if (out_ == sending::length && !bodiless) {
            text += "\r\nContent-Length: ";
            text += std::to_string(out_left_);
        }
        if (!keep_) text += "\r\nConnection: close";
        if (keep_ && asked_.http10) text += "\r\nConnection: keep-alive";
        text += "\r\n\r\n";
    }

    // What is pending, then the three, in one send.
    [[nodiscard]] step flush() {
        const byte_view none;
        return send_pieces("", none, "");
    }
    [[nodiscard]] step send_pieces(std::string_view a, byte_view b, std::string_view c) {
        std::array<asio::const_buffer, 4> pieces{asio::buffer(pending_), asio::buffer(a),
                                                 asio::buffer(b.data(), b.size()), asio::buffer(c)};
        const std::span<asio::const_buffer> all{pieces};
        const status sent = co_await with_.write(all, all_.allowed.body_stall_max);
        pending_.clear();
        if (!sent) torn_ = true;
        co_return sent;
    }

    // After the handler: what is missing is sent, or the connection cut.
    [[nodiscard]] step conclude(status answered) {
        if (!responded()) {
            keep_ = false;
            const refusal broken{500, "the request could not be answered"};
            co_await refuse(broken);
            co_return status{};
        }
        const bool whole = mute_ || out_ != sending::length || out_left_ == 0;
        if (!answered || torn_ || !whole) {
            with_.cut();
            co_return fail(errc::unavailable, "the answer was not sent whole");
        }
        const bool last_chunk = out_ == sending::chunked && !mute_;
        const std::string_view tail = last_chunk ? "0\r\n\r\n" : "";
        const byte_view none;
        if (!tail.empty() || !pending_.empty()) {
            const status sent = co_await send_pieces(tail, none, "");
            if (!sent) co_return sent;
        }
        if (keep_ && !body_.ended()) keep_ = co_await drain();
        if (!keep_) {
            const status seen = co_await linger();
            if (!seen) co_return seen;
        }
        co_return status{};
    }

    // Answers what is no good request, or what the handler left unanswered.
    [[nodiscard]] task<outcome> refuse(refusal why) {
        ++all_.refused;
        const std::string body = std::string{why.why.c_str()} + '\n';
        pending_ = "HTTP/1.1 " + std::to_string(why.status) + ' ';
        pending_ += detail::phrase_of(why.status);
        pending_ += "\r\nDate: " + all_.date() + "\r\nContent-Type: text/plain\r\nContent-Length: ";
        pending_ += std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n";
        const bool mute = asked_.head.method == "HEAD" && why.status == 500;
        if (!mute) pending_ += body;
        const status sent = co_await flush();
        if (sent) co_await linger();
        co_return outcome::over;
    }

    // Closing with unread bytes resets the connection, and the client may never see the answer: so
    // finish writing and read on for a moment.
    [[nodiscard]] step linger() {
        const nanos until = loop_.now() + all_.allowed.linger_max;
        const status said = co_await with_.end_writing(all_.allowed.linger_max);
        if (!said) co_return said;
        std::size_t seen = 0;
        while (seen < 4 * limits::http_drain_bytes_max && loop_.now() < until && !all_.closing) {
            in_.begin = in_.end = 0;
            const auto n = co_await in_.more(until - loop_.now());
            if (!n || *n == 0) break;
            seen += *n;
        }
        co_return status{};
    }

    rsx::loop& loop_;
    channel with_;
    detail::common& all_;
    input in_{with_};
    bool idle_{true};

    asked asked_{};
    bool keep_{true};
    bool continue_due_{false};
    bool body_failed_{false};
    body_reader body_{};

    sending out_{sending::nothing};
    std::uint64_t out_left_{0};
    bool mute_{false};  // the body is not to be sent
    bool torn_{false};  // the answer can no longer be sent whole
    std::string pending_{};
};

}  // namespace rsx::net::http
