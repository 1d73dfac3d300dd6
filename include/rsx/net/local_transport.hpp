// SPDX-License-Identifier: Apache-2.0

// A transport to services of the same process and loop: for tests, simulation and one-process runs.
//
//     rsx::net::local_transport net{loop};
//     net.add({.node = 3, .incarnation = 1}, shard_service);
//     auto answer = co_await net.call(std::move(ask), net::traffic::foreground);
//     co_await net.settled();                      // every handler has ended
//
// What crosses is what would cross a wire: messages arrive in a later turn of the loop, streams
// have credit, errors arrive without their literal, a caller who leaves is gone at once while the
// handler is asked to stop. Services outlive the handlers they run; one loop.
#pragma once

#include <rsx/net/frame.hpp>
#include <rsx/net/later.hpp>
#include <rsx/net/mux_stream.hpp>

#include <map>

namespace rsx::net {

class local_transport final : public transport {
public:
    // `me`: as whom the services see this side. `delay`: of every message.
    explicit local_transport(loop& where, peer me = {.is = peer::role::gateway, .id = 1},
                             nanos delay = nanos{0},
                             std::size_t credit = limits::stream_credit_bytes)
        : in_{std::make_shared<inside>(where, me, delay, credit)} {}
    local_transport(const local_transport&) = delete;
    local_transport& operator=(const local_transport&) = delete;

    void add(holder who, service& by) { in_->services.insert_or_assign(who, &by); }
    // From now on there is no such holder; what is under way goes on.
    void remove(holder who) { in_->services.erase(who); }

    task<result<reply>> call(request ask, traffic) override {
        const env& here = co_await this_env{};
        const nanos end = std::min(here.deadline, here.where->now() + limits::call_time_max);
        task<result<reply>> work = ask_there(in_, std::move(ask), end);
        co_return co_await until(end, std::move(work));
    }
    task<result<std::unique_ptr<stream>>> open(request ask, traffic) override {
        return open_there(in_, std::move(ask));
    }

    // Returns when no handler is running any more.
    [[nodiscard]] step settled() { return wait_settled(in_); }

private:
    struct inside {
        inside(loop& l, peer p, nanos d, std::size_t c) : where{l}, me{p}, delay{d}, credit{c} {}
        loop& where;
        peer me;
        nanos delay;
        std::size_t credit;
        std::map<holder, service*> services{};
        std::size_t running{0};
        news ended{};

        void later(job what) {
            if (delay == nanos{0}) {
                where.post(std::move(what));
            } else {
                where.at(where.now() + delay, std::move(what));
            }
        }
        [[nodiscard]] service* find(holder who) const {
            const auto found = services.find(who);
            return found == services.end() ? nullptr : found->second;
        }
        void one_ended() {
            --running;
            ended.announce();
        }
    };
    using inside_ptr = std::shared_ptr<inside>;

    // One end of a stream; what it sends arrives at the other later.
    struct half final : pipe {
        explicit half(inside_ptr by) : in{std::move(by)} {}
        inside_ptr in;
        std::weak_ptr<half> far{};

        step room(std::size_t) override { co_return status{}; }
        void send_data(std::uint32_t id, slice bytes) override {
            deliver(id, [bytes = std::move(bytes)](mux_stream& to) mutable {
                const bool allowed = to.on_data(std::move(bytes));
                RSX_ASSERT(allowed);
            });
        }
        void send_finish(std::uint32_t id, bool deaf) override {
            deliver(id, [deaf](mux_stream& to) { to.on_finish(deaf); });
        }
        void send_reset(std::uint32_t id, error why) override {
            const error seen = error_of_peer(number_of(why.code), why.detail);
            deliver(id, [seen](mux_stream& to) { to.on_reset(seen); });
        }
        void send_credit(std::uint32_t id, std::uint32_t bytes) override {
            deliver(id, [bytes](mux_stream& to) { to.on_credit(bytes); });
        }

        template <class F>
        void deliver(std::uint32_t id, F what) {
            in->later([to = far, id, what = std::move(what)]() mutable {
                const auto there = to.lock();
                if (there == nullptr) return;
                const auto found = there->streams.find(id);
                if (found != there->streams.end()) what(*found->second);
            });
        }
    };

    static task<result<reply>> ask_there(inside_ptr in, request ask, nanos end) {
        const auto slot = std::make_shared<later<reply>>();
        std::stop_source stop;
        in->later([in, slot, stop, end, ask = std::move(ask)]() mutable {
            service* const by = in->find(ask.to);
            if (by == nullptr) {
                slot->fill(fail(errc::unavailable, "no such holder here"));
                return;
            }
            ++in->running;
            env there{&in->where, stop.get_token(), end};
            spawn(std::move(there), by->answer(in->me, std::move(ask)),
                  [in, slot](result<reply> value) {
                      in->one_ended();
                      in->later([slot, value = std::move(value)]() mutable {
                          if (!value) {
                              const error& e = value.error();
                              value = std::unexpected(error_of_peer(number_of(e.code), e.detail));
                          }
                          slot->fill(std::move(value));
                      });
                  });
        });
        task<result<reply>> wait = slot->take();
        result<reply> value = co_await wait;
        if (!slot->filled()) in->later([stop]() mutable { stop.request_stop(); });
        co_return value;
    }

    static task<result<std::unique_ptr<stream>>> open_there(inside_ptr in, request ask) {
        if (in->find(ask.to) == nullptr) {
            co_return fail(errc::unavailable, "no such holder here");
        }
        const auto near = std::make_shared<half>(in);
        const auto far = std::make_shared<half>(in);
        near->far = far;
        far->far = near;
        auto mine = std::make_unique<mux_stream>(near, 1, in->credit, in->credit);
        auto theirs = std::make_shared<mux_stream>(far, 1, in->credit, in->credit);
        in->later([in, theirs = std::move(theirs), ask = std::move(ask)]() mutable {
            service* const by = in->find(ask.to);
            if (by == nullptr) {
                theirs->reset(error{errc::unavailable, "no such holder here", 0});
                return;
            }
            ++in->running;
            env there{&in->where, theirs->token()};
            spawn(std::move(there), serve_stream(*by, in->me, std::move(ask), std::move(theirs)),
                  [in](const status&) { in->one_ended(); });
        });
        co_return std::move(mine);
    }

    static step wait_settled(inside_ptr in) {
        while (in->running > 0) {
            step next = in->ended.next();
            const status woken = co_await next;
            if (!woken) co_return woken;
        }
        co_return status{};
    }

    inside_ptr in_;
};

}  // namespace rsx::net
