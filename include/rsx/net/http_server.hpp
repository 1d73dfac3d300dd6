// SPDX-License-Identifier: Apache-2.0

// An HTTP/1.1 server on one loop: accepts, reads heads, calls the handler, streams both ways.
//
//     rsx::net::http::server web{loop, {.address = "127.0.0.1", .port = 9000}, handler};
//     auto port = web.listen();                    // bound and accepting; what port 0 became
//     ...
//     co_await web.stop(10s);                      // finishes what is under way, then closes
//
// One server a loop; with `reuse_port` the kernel spreads connections over the servers of several
// loops. Slow and silent clients are bounded by server_limits, all of them watched by one timer.
// More than connections_max are told 503. Stopping: the listener closes, idle connections close,
// requests under way have `grace` to end, then their tasks are asked to stop and the rest is cut.
// This header brings Beast and TLS: include it in one .cpp of a program. Belongs to its loop.
#pragma once

#include <rsx/core/gather.hpp>
#include <rsx/core/wait.hpp>
#include <rsx/net/asio_loop.hpp>
#include <rsx/net/http_connection.hpp>

#include <list>
#include <memory>

namespace rsx::net::http {

struct server_options {
    std::string address{"127.0.0.1"};
    std::uint16_t port{0};
    bool reuse_port{false};
    std::optional<tls_files> tls{};
    server_limits allowed{};
    const wall_clock* wall{&system_wall_clock()};  // of the Date field
    nanos tick{std::chrono::milliseconds{200}};    // how exact the time limits are
};

class server {
public:
    using options = server_options;

    server(asio_loop& where, options how, handler answer)
        : in_{std::make_shared<inside>(where, std::move(how), std::move(answer))} {}
    server(const server&) = delete;
    server& operator=(const server&) = delete;
    ~server() { in_->end(); }

    // Binds and begins to accept; answers the port.
    [[nodiscard]] result<std::uint16_t> listen() {
        const status certified = reload_tls();
        if (!certified) return std::unexpected(certified.error());
        const auto bound = in_->bind();
        if (!bound) return bound;
        // Should the loop be stopped before us, it takes us along.
        in_->where.start(accept(in_), [in = in_](const status&) {
            if (in->where.token().stop_requested()) in->end();
        });
        return bound;
    }

    // Reads the certificate files again; connections made from now on use them. On an error the
    // old ones stay in use.
    [[nodiscard]] status reload_tls() {
        if (!in_->how.tls) return {};
        auto made = server_tls(*in_->how.tls, peer_certificate::ignored);
        if (!made) return std::unexpected(made.error());
        in_->tls = std::move(*made);
        return {};
    }

    // Errors: timed_out: some requests had to be cut.
    [[nodiscard]] step stop(nanos grace) { return stop_all(in_, grace); }

    [[nodiscard]] std::size_t connections() const noexcept { return in_->open.size(); }
    [[nodiscard]] std::uint64_t requests() const noexcept { return in_->all.requests; }
    [[nodiscard]] std::uint64_t refused() const noexcept { return in_->all.refused; }

private:
    using tcp = asio::ip::tcp;

    // Lives until the last connection has ended, whatever becomes of the server.
    struct inside {
        inside(asio_loop& loop, options o, handler h)
            : where{loop}, how{std::move(o)}, acceptor{loop.context()}, dog{loop, how.tick} {
            all.allowed = how.allowed;
            all.wall = how.wall;
            all.answer = std::move(h);
        }
        asio_loop& where;
        options how;
        tcp::acceptor acceptor;
        watchdog dog;
        detail::common all{};
        tls_context tls{};
        std::list<connection*> open{};
        std::stop_source hard{};
        news ended{};

        [[nodiscard]] result<std::uint16_t> bind() {
            boost::system::error_code code;
            const auto address = asio::ip::make_address(how.address, code);
            if (code) return fail(errc::invalid, "the address to listen at is no IP address");
            const tcp::endpoint at{address, how.port};
            acceptor.open(at.protocol(), code);
            if (!code) acceptor.set_option(asio::socket_base::reuse_address{true}, code);
            using reuse_port = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
            if (!code && how.reuse_port) acceptor.set_option(reuse_port{true}, code);
            if (!code) acceptor.bind(at, code);
            if (!code) acceptor.listen(asio::socket_base::max_listen_connections, code);
            if (code) {
                return fail(errc::io, "cannot listen at the address",
                            static_cast<std::uint64_t>(code.value()));
            }
            return acceptor.local_endpoint(code).port();
        }

        // No request begins any more.
        void close() {
            all.closing = true;
            boost::system::error_code ignored;
            acceptor.close(ignored);
            for (connection* const one : open) {
                if (one->idle()) one->close();
            }
        }
        void end() {
            close();
            hard.request_stop();
            for (connection* const one : open) one->cut();
        }
    };

    static step accept(std::shared_ptr<inside> in) {
        while (in->acceptor.is_open()) {
            auto next = in->acceptor.async_accept(use_task);
            result<tcp::socket> socket = co_await next;
            if (!socket) {
                if (socket.error().code == errc::cancelled || !in->acceptor.is_open()) break;
                const status slept = co_await sleep_for(std::chrono::milliseconds{20});
                if (!slept) break;
                continue;
            }
            if (in->open.size() >= in->how.allowed.connections_max) {
                turn_away(*socket);
                continue;
            }
            spawn(env{&in->where, in->hard.get_token()}, serve(in, std::move(*socket)),
                  [](const status&) {});
        }
        co_return status{};
    }

    static step serve(std::shared_ptr<inside> in, tcp::socket socket) {
        connection one{std::move(socket), in->dog, in->all};
        const auto place = in->open.insert(in->open.end(), &one);
        const status served = co_await one.run(in->tls);
        in->open.erase(place);
        in->ended.announce();
        co_return served;
    }

    // Told at once or not at all: what must not wait costs no task.
    static void turn_away(tcp::socket& socket) {
        constexpr std::string_view busy =
            "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n"
            "Connection: close\r\n\r\n";
        boost::system::error_code ignored;
        socket.non_blocking(true, ignored);
        socket.write_some(asio::buffer(busy), ignored);
        socket.shutdown(tcp::socket::shutdown_send, ignored);
    }

    static step until_empty(std::shared_ptr<inside> in) {
        while (!in->open.empty()) {
            const status woken = co_await in->ended.next();
            if (!woken) co_return woken;
        }
        co_return status{};
    }

    static step stop_all(std::shared_ptr<inside> in, nanos grace) {
        in->close();
        step orderly = until_empty(in);
        const status in_time = co_await within(grace, std::move(orderly));
        if (in_time) co_return status{};
        in->end();
        step rest = until_empty(in);
        const status gone = co_await rest;
        if (!gone) co_return gone;
        co_return fail(errc::timed_out, "requests were cut because they did not end in time");
    }

    std::shared_ptr<inside> in_;
};

}  // namespace rsx::net::http
