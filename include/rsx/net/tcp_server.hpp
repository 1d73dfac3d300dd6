// SPDX-License-Identifier: Apache-2.0

// Where the holders of this process are called: accepts links and hands their calls to services.
//
//     rsx::net::tcp_server door{loop, {.address = "127.0.0.1", .port = 9100, .me = hello}};
//     door.add({.node = 0, .incarnation = 1}, shard_service);      // several behind one address
//     auto port = door.listen();
//     ...
//     co_await door.stop(5s);
//
// Who is let in: peers of the same cluster whose hello agrees with ours (net/hello.hpp), whose
// certificate names them when TLS is configured, and whom `admit` accepts (a closed incarnation, a
// role without business here). Without TLS it listens on loopback only. Services outlive the
// server; a request for a holder that is not here is errc::unavailable. Belongs to one loop.
#pragma once

#include <rsx/core/gather.hpp>
#include <rsx/net/greeting.hpp>

#include <list>
#include <map>

namespace rsx::net {

struct tcp_server_options {
    std::string address{"127.0.0.1"};
    std::uint16_t port{0};
    hello me{};                      // cluster, role, id, incarnation; the rest is filled in
    std::optional<tls_files> tls{};  // with `ca`: peers must show certificates of it
    admission admit{};
    std::function<std::uint64_t()> epoch{};
    std::function<void(std::uint64_t)> heard_epoch{};
    std::size_t connections_max{limits::connections_max};
    const wall_clock* wall{&system_wall_clock()};
    nanos tick{std::chrono::milliseconds{200}};
};

class tcp_server {
public:
    using options = tcp_server_options;

    tcp_server(asio_loop& where, options how)
        : in_{std::make_shared<inside>(where, std::move(how))} {}
    tcp_server(const tcp_server&) = delete;
    tcp_server& operator=(const tcp_server&) = delete;
    ~tcp_server() { in_->end(); }

    void add(holder who, service& by) { in_->services.insert_or_assign(who, &by); }
    void remove(holder who) { in_->services.erase(who); }

    [[nodiscard]] result<std::uint16_t> listen() {
        const status certified = reload_tls();
        if (!certified) return std::unexpected(certified.error());
        if (!in_->how.tls && !is_loopback(in_->how.address)) {
            return fail(errc::invalid, "without TLS nodes listen on loopback only");
        }
        const auto bound = in_->bind();
        if (!bound) return bound;
        in_->where.start(accept(in_), [in = in_](const status&) {
            if (in->where.token().stop_requested()) in->end();
        });
        return bound;
    }
    [[nodiscard]] status reload_tls() {
        if (!in_->how.tls) return {};
        auto made = server_tls(*in_->how.tls, peer_certificate::required);
        if (!made) return std::unexpected(made.error());
        in_->tls = std::move(*made);
        return {};
    }

    // Refuses what is new, lets handlers end for as long as `grace`, then breaks the links.
    // Errors: timed_out: some handlers had to be asked to stop.
    [[nodiscard]] step stop(nanos grace) { return stop_all(in_, grace); }

    [[nodiscard]] std::size_t connections() const noexcept { return in_->open.size(); }
    [[nodiscard]] std::uint64_t refused() const noexcept { return in_->refused; }

private:
    using tcp = asio::ip::tcp;
    using link_ptr = std::shared_ptr<link>;

    struct inside {
        inside(asio_loop& loop, options o)
            : where{loop},
              how{std::move(o)},
              acceptor{loop.context()},
              dog{std::make_shared<watchdog>(loop, how.tick)} {}
        asio_loop& where;
        options how;
        tcp::acceptor acceptor;
        std::shared_ptr<watchdog> dog;
        tls_context tls{};
        std::map<holder, service*> services{};
        std::list<link_ptr> open{};
        bool closing{false};
        std::uint64_t refused{0};
        news changed{};

        [[nodiscard]] result<std::uint16_t> bind() {
            boost::system::error_code code;
            const auto address = asio::ip::make_address(how.address, code);
            if (code) return fail(errc::invalid, "the address to listen at is no IP address");
            const tcp::endpoint at{address, how.port};
            acceptor.open(at.protocol(), code);
            if (!code) acceptor.set_option(asio::socket_base::reuse_address{true}, code);
            if (!code) acceptor.bind(at, code);
            if (!code) acceptor.listen(asio::socket_base::max_listen_connections, code);
            if (code) {
                return fail(errc::io, "cannot listen at the address",
                            static_cast<std::uint64_t>(code.value()));
            }
            return acceptor.local_endpoint(code).port();
        }
        [[nodiscard]] service* find(holder who) const {
            const auto found = closing ? services.end() : services.find(who);
            return found == services.end() ? nullptr : found->second;
        }
        [[nodiscard]] hello mine() const {
            hello said = how.me;
            if (how.epoch) said.epoch = how.epoch();
            said.holders.clear();
            for (const auto& [who, by] : services) said.holders.push_back(who);
            return said;
        }
        [[nodiscard]] std::size_t running() const {
            std::size_t sum = 0;
            for (const auto& one : open) sum += one->running();
            return sum;
        }
        void close() {
            closing = true;
            boost::system::error_code ignored;
            acceptor.close(ignored);
        }
        void end() {
            close();
            const error gone{errc::cancelled, "the server was closed", 0};
            const auto all = open;
            for (const auto& one : all) one->end(gone);
        }
    };
    using inside_ptr = std::shared_ptr<inside>;

    static step accept(inside_ptr in) {
        while (in->acceptor.is_open()) {
            auto next = in->acceptor.async_accept(use_task);
            result<tcp::socket> socket = co_await next;
            if (!socket) {
                if (socket.error().code == errc::cancelled || !in->acceptor.is_open()) break;
                const status slept = co_await sleep_for(std::chrono::milliseconds{20});
                if (!slept) break;
                continue;
            }
            if (in->open.size() >= in->how.connections_max) continue;  // closed by going
            // Ends with its link, and only when the last handler has ended.
            spawn(env{&in->where}, serve(in, std::move(*socket)), [](const status&) {});
        }
        co_return status{};
    }

    static step serve(inside_ptr in, tcp::socket socket) {
        link_settings settings;
        settings.mine = in->mine();
        settings.epoch = in->how.epoch;
        settings.heard_epoch = in->how.heard_epoch;
        settings.find = [raw = in.get()](holder who) { return raw->find(who); };
        const hello mine = settings.mine;
        const auto on =
            std::make_shared<link>(in->where, std::move(socket), in->dog, std::move(settings));
        const auto place = in->open.insert(in->open.end(), on);
        step meeting = be_greeted(on, mine, in->tls, *in->how.wall, in->how.admit);
        const status met = co_await meeting;
        if (met) {
            on->start(false);
            // To the end of the link and of the last handler it started.
            while (!on->broken() || on->running() > 0) {
                step wait = on->changed().next();
                const status woken = co_await wait;
                RSX_ASSERT(woken.has_value());
                in->changed.announce();
            }
        } else {
            ++in->refused;
        }
        in->open.erase(place);
        in->changed.announce();
        co_return met;
    }

    static step until_quiet(inside_ptr in, bool links_too) {
        while (in->running() > 0 || (links_too && !in->open.empty())) {
            step wait = in->changed.next();
            const status woken = co_await wait;
            if (!woken) co_return woken;
        }
        co_return status{};
    }

    static step stop_all(inside_ptr in, nanos grace) {
        in->close();
        step orderly = until_quiet(in, false);
        const status in_time = co_await within(grace, std::move(orderly));
        in->end();
        step rest = until_quiet(in, true);
        const status gone = co_await rest;
        if (!gone) co_return gone;
        if (!in_time) co_return fail(errc::timed_out, "handlers were asked to stop");
        co_return status{};
    }

    inside_ptr in_;
};

}  // namespace rsx::net
