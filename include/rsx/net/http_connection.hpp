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
#include <rsx/core/clock.hpp>
#include <rsx/net/channel.hpp>
#include <rsx/net/http_chunked.hpp>
#include <rsx/net/http_parse.hpp>

#include <boost/beast/http/status.hpp>

#include <array>
#include <charconv>
#include <cstdio>

namespace rsx::net::http {

// What a server allows its clients; all of it may be made smaller for tests.
struct server_limits {
    std::size_t connections_max{limits::connections_max};
    std::uint64_t body_bytes_max{limits::put_bytes_max + limits::put_bytes_max / 16};
    nanos head_time_max{limits::head_time_max};  // from the first byte of a head to its last
    nanos idle_time_max{limits::idle_time_max};  // between requests
    nanos body_stall_max{limits::body_stall_max};
    nanos linger_max{limits::http_linger_max};
};

namespace detail {

// What the connections of one server have in common.
struct common {
    server_limits allowed{};
    const wall_clock* wall{nullptr};
    handler answer{};
    bool closing{false};  // finish what is under way, take nothing new
    std::uint64_t requests{0};
    std::uint64_t refused{0};

    // "Sun, 06 Nov 1994 08:49:37 GMT", made once a second.
    [[nodiscard]] const std::string& date() {
        const std::int64_t second = wall->now_ms() / 1000;
        if (second != date_of_) {
            date_of_ = second;
            date_ = text_of_date(second);
        }
        return date_;
    }

private:
    [[nodiscard]] static std::string text_of_date(std::int64_t second) {
        using namespace std::chrono;
        static constexpr const char* days_of_week[] = {"Sun", "Mon", "Tue", "Wed",
                                                       "Thu", "Fri", "Sat"};
        static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
        const sys_seconds at{seconds{second}};
        const auto day = floor<days>(at);
        const year_month_day date{day};
        const hh_mm_ss clock{at - day};
        char text[64];
        const int size = std::snprintf(text, sizeof text, "%s, %02u %s %04d %02d:%02d:%02d GMT",
                                       days_of_week[weekday{day}.c_encoding()],
                                       unsigned{date.day()}, months[unsigned{date.month()} - 1],
                                       int{date.year()}, static_cast<int>(clock.hours().count()),
                                       static_cast<int>(clock.minutes().count()),
                                       static_cast<int>(clock.seconds().count()));
        return {text, static_cast<std::size_t>(size)};
    }
    std::int64_t date_of_{-1};
    std::string date_{};
};

[[nodiscard]] inline std::string_view phrase_of(unsigned status) {
    const auto text = beast_http::obsolete_reason(static_cast<beast_http::status>(status));
    return {text.data(), text.size()};
}

}  // namespace detail

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
        if (body_ended()) co_return 0;
        if (!pending_.empty()) {
            const status sent = co_await flush();
            if (!sent) co_return std::unexpected(sent.error());
        }
        if (continue_due_) {
            continue_due_ = false;
            if (begin_ == end_ && !responded()) {
                pending_ = "HTTP/1.1 100 Continue\r\n\r\n";
                const status sent = co_await flush();
                if (!sent) co_return std::unexpected(sent.error());
            }
        }
        const result<std::size_t> n = co_await read_body(out);
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
        if (in_.empty()) in_ = buffer::uninitialized(limits::head_bytes_max);
        std::memmove(in_.data(), in_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
        const nanos quiet = first_request ? all_.allowed.head_time_max : all_.allowed.idle_time_max;
        nanos until = loop_.now() + (end_ > 0 ? all_.allowed.head_time_max : quiet);
        head_scan scan;
        std::size_t skipped = 0;
        std::size_t size = 0;
        for (;;) {
            if (skipped == 0 && end_ >= 2 && received().starts_with("\r\n")) skipped = 2;
            const bool may_look = end_ > 1 || (end_ == 1 && received().front() != '\r');
            if (may_look) {
                const auto looked = scan.look(received().substr(skipped));
                if (!looked) co_return co_await refuse(looked.error());
                size = *looked;
            }
            if (size != 0) break;
            if (end_ == in_.size()) {
                const refusal too_long{431, "the head is too long"};
                co_return co_await refuse(too_long);
            }
            if (all_.closing && end_ == 0) co_return outcome::over;
            const byte_span room = in_.span().subspan(end_);
            const nanos left = until - loop_.now();
            const auto n = co_await with_.read_some(room, left);
            if (!n && n.error().code == errc::timed_out && end_ > 0) {
                const refusal late{408, "the head did not come in time"};
                co_return co_await refuse(late);
            }
            if (!n || *n == 0) co_return outcome::over;
            if (end_ == 0) until = loop_.now() + all_.allowed.head_time_max;
            idle_ = false;
            end_ += *n;
        }
        idle_ = false;
        auto parsed = parse_request(received().substr(skipped, size));
        begin_ = skipped + size;
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
        body_left_ = asked_.head.content_length.value_or(0);
        body_total_ = 0;
        body_failed_ = false;
        chunks_ = chunk_reader{};
        out_ = sending::nothing;
        out_left_ = 0;
        mute_ = false;
        torn_ = false;
    }

    [[nodiscard]] std::string_view received() const noexcept {
        return text_of(in_.view().first(end_));
    }
    [[nodiscard]] std::string_view waiting() const noexcept {
        return text_of(in_.view().subspan(begin_, end_ - begin_));
    }

    // --- bodies that come ------------------------------------------------------------------------

    [[nodiscard]] bool body_ended() const noexcept {
        return asked_.head.chunked ? chunks_.ended() : body_left_ == 0;
    }
    [[nodiscard]] bool body_too_long_to_drain() const noexcept {
        if (body_ended()) return false;
        return continue_due_ || body_failed_ || body_left_ > limits::http_drain_bytes_max;
    }

    [[nodiscard]] task<result<std::size_t>> read_body(byte_span out) {
        if (!asked_.head.chunked) {
            const auto most =
                static_cast<std::size_t>(std::min<std::uint64_t>(body_left_, out.size()));
            const byte_span want = out.first(most);
            const auto n = co_await take(want);
            if (n) body_left_ -= *n;
            co_return n;
        }
        for (;;) {
            const auto used = chunks_.advance(waiting());
            if (!used) co_return std::unexpected(used.error());
            begin_ += *used;
            if (chunks_.ended()) co_return 0;
            if (chunks_.data_left() > 0) break;
            begin_ = end_ = 0;
            const byte_span room = in_.span();
            const auto n = co_await with_.read_some(room, all_.allowed.body_stall_max);
            if (!n) co_return std::unexpected(n.error());
            if (*n == 0) co_return fail(errc::corrupt, "the body ended early");
            end_ = *n;
        }
        if (body_total_ + chunks_.data_left() > all_.allowed.body_bytes_max) {
            co_return fail(errc::limit, "the body is too long");
        }
        const auto most =
            static_cast<std::size_t>(std::min<std::uint64_t>(chunks_.data_left(), out.size()));
        const byte_span want = out.first(most);
        const auto n = co_await take(want);
        if (n) {
            chunks_.took(*n);
            body_total_ += *n;
        }
        co_return n;
    }

    // From what came with the head, else straight from the socket.
    [[nodiscard]] task<result<std::size_t>> take(byte_span out) {
        if (begin_ < end_) {
            const std::size_t n = std::min(out.size(), end_ - begin_);
            std::memcpy(out.data(), in_.data() + begin_, n);
            begin_ += n;
            co_return n;
        }
        const auto n = co_await with_.read_some(out, all_.allowed.body_stall_max);
        if (n && *n == 0) co_return fail(errc::corrupt, "the body ended early");
        co_return n;
    }

    // Reads on to where the next request begins; false: too far.
    [[nodiscard]] task<bool> drain() {
        if (continue_due_ || body_failed_) co_return false;
        std::size_t seen = 0;
        buffer dump;
        while (!body_ended()) {
            if (body_left_ > limits::http_drain_bytes_max || seen > limits::http_drain_bytes_max) {
                co_return false;
            }
            if (dump.empty()) dump = buffer::uninitialized(16 * kib);
            const byte_span into = dump.span();
            const auto n = co_await read_body(into);
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
        if (keep_ && !body_ended()) keep_ = co_await drain();
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
        if (in_.empty()) co_return status{};
        while (seen < 4 * limits::http_drain_bytes_max && loop_.now() < until && !all_.closing) {
            const byte_span dump = in_.span();
            const nanos left = until - loop_.now();
            const auto n = co_await with_.read_some(dump, left);
            if (!n || *n == 0) break;
            seen += *n;
        }
        begin_ = end_ = 0;
        co_return status{};
    }

    rsx::loop& loop_;
    channel with_;
    detail::common& all_;
    buffer in_{};  // what was received and not yet used: [begin_, end_)
    std::size_t begin_{0};
    std::size_t end_{0};
    bool idle_{true};

    asked asked_{};
    bool keep_{true};
    bool continue_due_{false};
    bool body_failed_{false};
    std::uint64_t body_left_{0};
    std::uint64_t body_total_{0};
    chunk_reader chunks_{};

    sending out_{sending::nothing};
    std::uint64_t out_left_{0};
    bool mute_{false};  // the body is not to be sent
    bool torn_{false};  // the answer can no longer be sent whole
    std::string pending_{};
};

}  // namespace rsx::net::http
