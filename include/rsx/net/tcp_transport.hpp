// SPDX-License-Identifier: Apache-2.0

// The transport between processes: TCP or TLS, one connection per peer and traffic class.
//
//     rsx::net::tcp_transport net{loop, {.me = hello, .find = directory, .tls = files}};
//     auto answer = co_await net.call(std::move(ask), net::traffic::foreground);
//
// `find` says where a holder lives; holders of one process share its connections. A connection is
// made when it is first needed and again when it broke; failed tries are spaced by doubling pauses
// with jitter, and after five failures in a row a peer is left alone (net/breaker.hpp): then calls
// fail at once with errc::unavailable. A call without a deadline of its own has
// limits::call_time_max. Belongs to one loop, which outlives it.
#pragma once

#include <rsx/core/gather.hpp>
#include <rsx/net/breaker.hpp>
#include <rsx/net/greeting.hpp>

#include <map>
#include <set>
#include <set>

namespace rsx::net {

struct tcp_options {
    hello me{};  // cluster, role, id, incarnation; the rest is filled in
    std::function<result<endpoint>(holder)> find{};
    std::optional<tls_files> tls{};  // none: loopback only
    std::function<std::uint64_t()> epoch{};
    std::function<void(std::uint64_t)> heard_epoch{};
    const wall_clock* wall{&system_wall_clock()};
    entropy* random{&system_entropy()};
    nanos tick{std::chrono::milliseconds{200}};
};

class tcp_transport final : public transport {
public:
    using options = tcp_options;
    static constexpr nanos pause_min = std::chrono::milliseconds{50};
    static constexpr nanos pause_max = std::chrono::seconds{2};

    tcp_transport(asio_loop& where, options how)
        : in_{std::make_shared<inside>(where, std::move(how))} {}
    tcp_transport(const tcp_transport&) = delete;
    tcp_transport& operator=(const tcp_transport&) = delete;
    ~tcp_transport() override {
        const error gone{errc::cancelled, "the transport was closed", 0};
        in_->stop.request_stop();
        for (auto& [key, way] : in_->lanes) {
            if (way.on) way.on->end(gone);
        }
    }

    task<result<reply>> call(request ask, traffic how) override {
        const env& here = co_await this_env{};
        const inside_ptr in = in_;
        const auto at = in->how.find(ask.to);
        if (!at) co_return std::unexpected(at.error());
        breaker& gate = in->gates[address_of(*at)];
        if (!gate.allow(here.where->now())) {
            co_return fail(errc::unavailable, "the peer failed too often lately");
        }
        const nanos end = std::min(here.deadline, here.where->now() + limits::call_time_max);
        bool answered = false;
        task<result<reply>> work = ask_there(in, *at, std::move(ask), how, end, answered);
        task<result<reply>> limited = until(end, std::move(work));
        result<reply> value = co_await limited;
        if (value || answered) {
            gate.succeeded();
        } else if (is_failure(value.error(), here.where->now() >= end)) {
            gate.failed(here.where->now(), *in->how.random);
        } else {
            gate.left();
        }
        co_return value;
    }

    task<result<std::unique_ptr<stream>>> open(request ask, traffic how) override {
        const env& here = co_await this_env{};
        const inside_ptr in = in_;
        const auto at = in->how.find(ask.to);
        if (!at) co_return std::unexpected(at.error());
        breaker& gate = in->gates[address_of(*at)];
        if (!gate.allow(here.where->now())) {
            co_return fail(errc::unavailable, "the peer failed too often lately");
        }
        const nanos end = std::min(here.deadline, here.where->now() + limits::call_time_max);
        task<result<link_ptr>> dial = link_to(in, *at, ask.to, how);
        task<result<link_ptr>> limited = until(end, std::move(dial));
        const result<link_ptr> on = co_await limited;
        if (!on) {
            if (is_failure(on.error(), here.where->now() >= end)) {
                gate.failed(here.where->now(), *in->how.random);
            } else {
                gate.left();
            }
            co_return std::unexpected(on.error());
        }
        gate.left();
        co_return (*on)->open(std::move(ask));
    }

    // Reads the certificate files again, for connections made from now on.
    [[nodiscard]] status reload_tls() { return in_->load_tls(); }

private:
    using link_ptr = std::shared_ptr<link>;

    // The connection to one address for one class, or the lack of it.
    struct lane {
        link_ptr on{};
        std::set<node_id> certified{};  // whom its certificate was seen to name
        bool dialling{false};
        error last{errc::unavailable, "no connection yet", 0};
        nanos not_before{0};
        nanos pause{pause_min};
        news changed{};
    };

    struct inside {
        inside(asio_loop& loop, options o)
            : where{loop}, how{std::move(o)}, dog{std::make_shared<watchdog>(loop, how.tick)} {}
        asio_loop& where;
        options how;
        std::shared_ptr<watchdog> dog;
        tls_context tls{};
        std::stop_source stop{};
        std::map<std::pair<std::string, traffic>, lane> lanes{};
        std::map<std::string, breaker> gates{};

        [[nodiscard]] status load_tls() {
            if (!how.tls) return {};
            auto made = client_tls(*how.tls);
            if (!made) return std::unexpected(made.error());
            tls = std::move(*made);
            return {};
        }
    };
    using inside_ptr = std::shared_ptr<inside>;

    [[nodiscard]] static std::string address_of(const endpoint& at) {
        return at.host + ' ' + std::to_string(at.port);
    }

    // The peer's silence, not our own haste.
    [[nodiscard]] static bool is_failure(const error& e, bool late) noexcept {
        return e.code == errc::timed_out || e.code == errc::unavailable || e.code == errc::io ||
               e.code == errc::unknown_outcome || e.code == errc::corrupt ||
               (e.code == errc::cancelled && late);
    }

    static task<result<reply>> ask_there(inside_ptr in, endpoint at, request ask, traffic how,
                                         nanos end, bool& answered) {
        task<result<link_ptr>> dial = link_to(in, std::move(at), ask.to, how);
        const result<link_ptr> on = co_await dial;
        if (!on) co_return std::unexpected(on.error());
        task<result<reply>> work = (*on)->call(std::move(ask), end, answered);
        co_return co_await work;
    }

    static task<result<link_ptr>> link_to(inside_ptr in, endpoint at, holder to, traffic how) {
        lane& way = in->lanes[{address_of(at), how}];
        for (bool tried = false;; tried = true) {
            if (way.on && !way.on->broken()) {
                if (!way.certified.contains(to.node)) {
                    if (!proves(way.on->with(), peer::role::shard, to.node, in->how.me.cluster)) {
                        co_return std::unexpected(error_of(refusal::not_certified));
                    }
                    way.certified.insert(to.node);
                }
                co_return way.on;
            }
            if (!way.dialling) {
                if (tried) co_return std::unexpected(way.last);
                if (in->where.now() < way.not_before) co_return std::unexpected(way.last);
                way.dialling = true;
                spawn(env{&in->where, in->stop.get_token()}, dial_lane(in, at, how),
                      [](const status&) {});
            }
            while (way.dialling) {
                step wait = way.changed.next();
                const status woken = co_await wait;
                if (!woken) co_return std::unexpected(woken.error());
            }
        }
    }

    // Not the caller's task: whoever waits may leave, the connection is made all the same.
    static step dial_lane(inside_ptr in, endpoint at, traffic how) {
        lane& way = in->lanes[{address_of(at), how}];
        auto made = co_await dial(in, at, how);
        if (made) {
            way.on = std::move(*made);
            way.certified.clear();
            way.pause = pause_min;
            way.not_before = nanos{0};
        } else {
            way.on = nullptr;
            way.last = made.error();
            way.not_before = in->where.now() + jittered(way.pause, *in->how.random);
            way.pause = std::min(way.pause * 2, pause_max);
        }
        way.dialling = false;
        way.changed.announce();
        co_return status{};
    }

    static task<result<link_ptr>> dial(inside_ptr in, endpoint at, traffic how) {
        if (in->how.tls && in->tls == nullptr) {
            const status loaded = in->load_tls();
            if (!loaded) co_return std::unexpected(loaded.error());
        }
        if (!in->how.tls && !is_loopback(at.host)) {
            co_return fail(errc::invalid, "without TLS only loopback is spoken to");
        }
        auto try_once = connect(in->where, at.host, at.port);
        auto limited = within(limits::connect_time_max, std::move(try_once));
        auto socket = co_await limited;
        if (!socket) co_return std::unexpected(socket.error());
        link_settings settings;
        settings.how = how;
        settings.mine = in->how.me;
        if (in->how.epoch) settings.mine.epoch = in->how.epoch();
        settings.epoch = in->how.epoch;
        settings.heard_epoch = in->how.heard_epoch;
        settings.stop = in->stop.get_token();
        const hello mine = settings.mine;
        auto on =
            std::make_shared<link>(in->where, std::move(*socket), in->dog, std::move(settings));
        step meeting = greet(on, mine, in->tls, *in->how.wall);
        const status met = co_await meeting;
        if (!met) co_return std::unexpected(met.error());
        on->start(true);
        co_return on;
    }

    inside_ptr in_;
};

}  // namespace rsx::net
