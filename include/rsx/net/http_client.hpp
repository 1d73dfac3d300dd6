// SPDX-License-Identifier: Apache-2.0

// An HTTP/1.1 client of one host: a pool of connections, bodies that stream both ways.
//
//     rsx::net::http::client s3{loop, {.host = "127.0.0.1", .port = 9000}};
//     rsx::net::http::request_head head{.method = "GET", .target = "/bucket/key"};
//     auto answer = co_await s3.request(std::move(head));
//     while (auto n = co_await answer->read(out)) { if (*n == 0) break; ... }
//
// Host, Content-Length and Transfer-Encoding are added; all else, signatures too, is the caller's.
// A connection goes back to the pool when the answer's body was read to its end. A request without
// a body or with one in memory is sent a second time if the connection it used had been closed
// meanwhile and its method may be repeated. Errors: unavailable (not sent), unknown_outcome (sent,
// and no answer: it may have been done), timed_out, corrupt, cancelled. Belongs to one loop, which
// outlives it; an answer may outlive the client.
#pragma once

#include <rsx/core/gather.hpp>
#include <rsx/core/slice.hpp>
#include <rsx/core/wait.hpp>
#include <rsx/net/connect.hpp>
#include <rsx/net/http_body.hpp>
#include <rsx/net/http_parse.hpp>

#include <array>
#include <charconv>

namespace rsx::net::http {

struct client_options {
    std::string host{"127.0.0.1"};
    std::uint16_t port{80};
    std::optional<tls_files> tls{};  // .ca empty: the system's authorities
    std::size_t connections_max{32};
    nanos connect_time_max{limits::connect_time_max * 5};
    nanos answer_time_max{limits::idle_time_max};  // from the last byte sent to the head
    nanos body_stall_max{limits::body_stall_max};
    nanos idle_time_max{limits::idle_time_max / 3};  // in the pool; servers close theirs later
    nanos tick{std::chrono::milliseconds{200}};
};

// A body that is made while it is sent. `read` fills the front of what it is given; 0: the end.
struct body_source {
    std::optional<std::uint64_t> length{};  // nothing: sent in chunks
    std::move_only_function<task<result<std::size_t>>(byte_span)> read{};
};

namespace detail {

struct client_connection {
    client_connection(asio::ip::tcp::socket socket, watchdog& dog) : with{std::move(socket), dog} {}
    channel with;
    input in{with};
    nanos idle_since{0};
};

struct client_pool {
    client_pool(asio_loop& loop, client_options o)
        : where{loop}, how{std::move(o)}, dog{loop, how.tick}, places{how.connections_max} {}
    asio_loop& where;
    client_options how;
    watchdog dog;
    semaphore places;
    tls_context tls{};
    std::vector<std::unique_ptr<client_connection>> idle{};

    // One that waits in the pool and still lives.
    [[nodiscard]] std::unique_ptr<client_connection> take_idle() {
        while (!idle.empty()) {
            auto last = std::move(idle.back());
            idle.pop_back();
            const bool young = where.now() - last->idle_since < how.idle_time_max;
            if (young && last->with.quiet()) return last;
        }
        return nullptr;
    }
};

// A place in the pool and the connection that fills it.
class lease {
public:
    explicit lease(std::shared_ptr<client_pool> pool) noexcept : pool_{std::move(pool)} {}
    lease(lease&&) noexcept = default;
    lease& operator=(lease&&) = delete;
    ~lease() {
        if (pool_ == nullptr) return;
        if (on && reusable) {
            on->idle_since = pool_->where.now();
            pool_->idle.push_back(std::move(on));
        }
        pool_->places.give(1);
    }
    [[nodiscard]] client_pool& pool() const noexcept { return *pool_; }

    std::unique_ptr<client_connection> on{};
    bool reusable{false};

private:
    std::shared_ptr<client_pool> pool_;
};

[[nodiscard]] inline bool may_repeat(std::string_view method) noexcept {
    return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" ||
           method == "OPTIONS";
}

}  // namespace detail

// The head of an answer, and its body as it comes. Stays where it is while it is read.
class response {
public:
    response(answered head, bool bodiless, detail::lease from)
        : head_{std::move(head)}, from_{std::move(from)}, bodiless_{bodiless} {
        body_.begin(bodiless ? 0 : head_.content_length, !bodiless && head_.chunked, !bodiless);
        if (body_.ended()) release();
    }

    [[nodiscard]] unsigned status() const noexcept { return head_.status; }
    [[nodiscard]] const std::vector<field>& fields() const noexcept { return head_.fields; }
    [[nodiscard]] const std::string* find(std::string_view name) const noexcept {
        for (const field& f : head_.fields) {
            if (same_name(f.name, name)) return &f.value;
        }
        return nullptr;
    }
    // Nothing: in chunks, or until the connection ends. Of HEAD: what GET would send.
    [[nodiscard]] std::optional<std::uint64_t> content_length() const noexcept {
        return head_.content_length;
    }

    // The next bytes of the body; 0: its end.
    [[nodiscard]] task<result<std::size_t>> read(byte_span out) {
        RSX_ASSERT(!out.empty());
        if (failed_) co_return fail(errc::corrupt, "the body of an answer is broken");
        if (body_.ended()) co_return 0;
        const auto n = co_await body_.read(from_.on->in, out, from_.pool().how.body_stall_max);
        failed_ = !n;
        if (failed_) from_.on.reset();
        if (n && body_.ended()) release();
        co_return n;
    }

    // The whole body, at most so much.
    [[nodiscard]] task<result<std::string>> read_all(std::size_t bytes_max = 1 << 20) {
        std::string all;
        buffer piece = buffer::uninitialized(64 * kib);
        for (;;) {
            const byte_span into = piece.span();
            const auto n = co_await read(into);
            if (!n) co_return std::unexpected(n.error());
            if (*n == 0) co_return all;
            if (all.size() + *n > bytes_max) co_return fail(errc::limit, "the answer is too long");
            all += text_of(piece.view().first(*n));
        }
    }

private:
    void release() noexcept {
        from_.reusable = head_.keep_alive && from_.on != nullptr && from_.on->in.empty() &&
                         (bodiless_ || head_.chunked || head_.content_length.has_value());
        const detail::lease give_back = std::move(from_);
    }

    answered head_;
    detail::lease from_;
    bool bodiless_;
    bool failed_{false};
    body_reader body_{};
};

class client {
public:
    using options = client_options;

    client(asio_loop& where, options how)
        : pool_{std::make_shared<detail::client_pool>(where, std::move(how))} {}

    [[nodiscard]] task<result<response>> request(request_head head) {
        return request(std::move(head), slice{});
    }
    [[nodiscard]] task<result<response>> request(request_head head, slice body) {
        head.content_length = body.size();
        return run(pool_, std::move(head), std::move(body), body_source{});
    }
    [[nodiscard]] task<result<response>> request(request_head head, body_source body) {
        head.content_length = body.length;
        return run(pool_, std::move(head), slice{}, std::move(body));
    }

    [[nodiscard]] std::size_t idle_connections() const noexcept { return pool_->idle.size(); }

private:
    using pool_ptr = std::shared_ptr<detail::client_pool>;

    static task<result<response>> run(pool_ptr pool, request_head head, slice body,
                                      body_source source) {
        bool sendable = detail::is_target(head.method) && detail::is_target(head.target);
        for (const field& f : head.fields) sendable = sendable && detail::is_field(f);
        if (!sendable) co_return fail(errc::invalid, "a request that cannot be sent");
        const std::string text = text_of_head(pool->how, head, source.read != nullptr);
        const bool repeatable = detail::may_repeat(head.method) && source.read == nullptr;
        for (int round = 0;; ++round) {
            const status place = co_await pool->places.take(1);
            if (!place) co_return std::unexpected(place.error());
            detail::lease held{pool};
            if (round == 0) held.on = pool->take_idle();
            const bool reused = held.on != nullptr;
            if (!reused) {
                step dial = open(pool, held);
                const status dialled = co_await within(pool->how.connect_time_max, std::move(dial));
                if (!dialled) co_return std::unexpected(dialled.error());
            }
            std::optional<error> source_failed;
            const status sent = co_await send(held, text, body, source, source_failed);
            if (source_failed) co_return std::unexpected(*source_failed);
            if (!sent && sent.error().code != errc::unavailable) {
                co_return std::unexpected(sent.error());
            }
            // A server that refuses early answers before it has read everything, then closes.
            auto got =
                co_await receive(held, sent ? pool->how.answer_time_max : limits::http_linger_max);
            if (got) {
                const bool bodiless =
                    head.method == "HEAD" || got->status == 204 || got->status == 304;
                if (!sent) got->keep_alive = false;
                co_return response{std::move(*got), bodiless, std::move(held)};
            }
            const bool lost = got.error().code == errc::unavailable;
            if (reused && repeatable && lost && held.on->in.empty()) continue;
            if (lost && head.method != "GET" && head.method != "HEAD") {
                co_return fail(errc::unknown_outcome, "the connection ended without an answer");
            }
            co_return std::unexpected(got.error());
        }
    }

    static std::string text_of_head(const options& how, const request_head& head, bool streams) {
        std::string text = head.method + ' ' + head.target + " HTTP/1.1\r\n";
        if (head.find("Host") == nullptr) {
            const bool six = how.host.find(':') != how.host.npos;
            text += "Host: " + (six ? '[' + how.host + ']' : how.host);
            if (how.port != (how.tls ? 443 : 80)) text += ':' + std::to_string(how.port);
            text += "\r\n";
        }
        for (const auto& [name, value] : head.fields) {
            text.append(name).append(": ").append(value).append("\r\n");
        }
        const bool empty_get =
            head.content_length == 0 && !streams && (head.method == "GET" || head.method == "HEAD");
        if (!head.content_length) {
            text += "Transfer-Encoding: chunked\r\n";
        } else if (!empty_get) {
            text += "Content-Length: " + std::to_string(*head.content_length) + "\r\n";
        }
        return text + "\r\n";
    }

    static step open(pool_ptr pool, detail::lease& into) {
        if (pool->how.tls && pool->tls == nullptr) {
            auto made = client_tls(*pool->how.tls);
            if (!made) co_return std::unexpected(made.error());
            pool->tls = std::move(*made);
        }
        auto dial = connect(pool->where, pool->how.host, pool->how.port);
        auto socket = co_await dial;
        if (!socket) co_return std::unexpected(socket.error());
        into.on = std::make_unique<detail::client_connection>(std::move(*socket), pool->dog);
        if (!pool->tls) co_return status{};
        co_return co_await into.on->with.secure_as_client(pool->tls, pool->how.host,
                                                          pool->how.connect_time_max);
    }

    static step send(detail::lease& held, const std::string& text, const slice& body,
                     body_source& source, std::optional<error>& source_failed) {
        channel& with = held.on->with;
        const nanos patience = held.pool().how.body_stall_max;
        const byte_view bytes = body.view();
        std::array<asio::const_buffer, 2> pieces{asio::buffer(text),
                                                 asio::buffer(bytes.data(), bytes.size())};
        const std::span<asio::const_buffer> all{pieces};
        const status begun = co_await with.write(all, patience);
        if (!begun || source.read == nullptr) co_return begun;

        buffer room = buffer::uninitialized(256 * kib);
        std::uint64_t left = source.length.value_or(0);
        for (;;) {
            byte_span into = room.span();
            if (source.length) {
                if (left == 0) co_return status{};
                into = into.first(
                    static_cast<std::size_t>(std::min<std::uint64_t>(left, into.size())));
            }
            const auto n = co_await source.read(into);
            if (!n) source_failed = n.error();
            if (n && *n == 0 && source.length) {
                source_failed = error{errc::invalid, "the body ended early", left};
            }
            if (source_failed) co_return std::unexpected(*source_failed);
            const status sent = co_await send_piece(with, into.first(*n), !source.length, patience);
            if (!sent || *n == 0) co_return sent;
            left -= source.length ? *n : 0;
        }
    }

    static step send_piece(channel& with, byte_view bytes, bool chunked, nanos patience) {
        char size[20];
        const auto digits = std::to_chars(size, size + 16, bytes.size(), 16).ptr;
        const std::string_view line =
            chunked ? std::string_view{size, static_cast<std::size_t>(digits - size)} : "";
        std::array<asio::const_buffer, 4> pieces{
            asio::buffer(line), asio::buffer(std::string_view{chunked ? "\r\n" : ""}),
            asio::buffer(bytes.data(), bytes.size()),
            asio::buffer(std::string_view{chunked ? "\r\n" : ""})};
        const std::span<asio::const_buffer> all{pieces};
        co_return co_await with.write(all, patience);
    }

    static task<result<answered>> receive(detail::lease& held, nanos patience) {
        detail::client_connection& on = *held.on;
        for (;;) {
            on.in.to_front();
            head_scan scan;
            std::size_t size = 0;
            for (;;) {
                const auto looked = scan.look(on.in.waiting());
                if (!looked) co_return fail(errc::corrupt, "a malformed HTTP answer");
                size = *looked;
                if (size != 0) break;
                if (on.in.full())
                    co_return fail(errc::corrupt, "the head of an answer is too long");
                const auto n = co_await on.in.more(patience);
                if (!n) co_return std::unexpected(n.error());
                if (*n == 0) co_return fail(errc::unavailable, "no answer before the end");
            }
            auto head = parse_response(on.in.waiting().substr(0, size));
            if (!head) co_return std::unexpected(head.error());
            on.in.begin += size;
            if (head->status >= 200) co_return head;
            if (head->status == 101) co_return fail(errc::corrupt, "an upgrade nobody asked for");
        }
    }

    pool_ptr pool_;
};

}  // namespace rsx::net::http
