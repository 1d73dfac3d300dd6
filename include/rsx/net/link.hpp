// SPDX-License-Identifier: Apache-2.0

// A link is one TCP or TLS connection between two nodes, shared by many calls and streams.
//
//     auto link = std::make_shared<rsx::net::link>(loop, std::move(socket), dog, settings);
//     auto met = co_await link->greet();            // net/tcp_transport.hpp, net/tcp_server.hpp
//     link->start();
//     auto answer = co_await link->call(std::move(ask), deadline);
//
// Invariants:
// - One task reads and one writes. Nobody else touches the socket, so that whoever is cancelled
//   leaves the frames in step: a call gives up its slot, and its late reply is dropped.
// - Unsent bytes are bounded by limits::peer_bytes_max; who has more to send waits.
// - Calls under way hold at most limits::peer_bytes_max of bodies at the server; more are refused.
// - When the link breaks, every call ends at once: errc::unavailable if its frame was never handed
//   to the socket, else errc::unknown_outcome. Every stream is reset, every handler asked to stop.
//
// Only the side that connected calls and opens. One loop; kept alive by its two tasks.
#pragma once

#include <rsx/net/asio_loop.hpp>
#include <rsx/net/frame_queue.hpp>
#include <rsx/net/frame_reader.hpp>
#include <rsx/net/hello.hpp>
#include <rsx/net/later.hpp>
#include <rsx/net/mux_stream.hpp>

namespace rsx::net {

struct link_settings {
    traffic how{traffic::control};
    hello mine{};
    std::function<std::uint64_t()> epoch{};            // the newest we know; none: mine.epoch
    std::function<void(std::uint64_t)> heard_epoch{};  // the peer knows this one
    std::function<service*(holder)> find{};            // servers: who answers for a holder
    std::stop_token stop{};
    nanos ping_every{std::chrono::seconds{20}};
};

class link final : public pipe, public std::enable_shared_from_this<link> {
public:
    link(asio_loop& where, asio::ip::tcp::socket socket, std::shared_ptr<watchdog> dog,
         link_settings how)
        : where_{where},
          dog_{std::move(dog)},
          with_{std::move(socket), *dog_},
          how_{std::move(how)} {}
    link(const link&) = delete;
    link& operator=(const link&) = delete;

    [[nodiscard]] channel& with() noexcept { return with_; }
    [[nodiscard]] traffic how() const noexcept { return how_.how; }
    [[nodiscard]] bool broken() const noexcept { return broken_.has_value(); }
    [[nodiscard]] const hello& theirs() const noexcept { return theirs_; }
    [[nodiscard]] std::size_t running() const noexcept { return running_; }
    [[nodiscard]] news& changed() noexcept { return changed_; }

    // --- before `start`: hellos, one frame at a time (net/greeting.hpp) ---

    [[nodiscard]] task<result<incoming>> next_frame(nanos patience) { return in_.next(patience); }
    // For hellos and refusals only: afterwards the writer owns the socket.
    [[nodiscard]] step send_now(frame_type type, std::string head) {
        const outgoing one = packed(type, 0, head, slice{});
        std::array<asio::const_buffer, 1> pieces{asio::buffer(one.head)};
        const std::span<asio::const_buffer> all{pieces};
        co_return co_await with_.write(all, limits::connect_time_max * 5);
    }
    // The server learns from the hello of which class the connection is.
    void met(hello theirs, traffic how) {
        theirs_ = std::move(theirs);
        how_.how = how;
        piece_bytes_max = std::min<std::size_t>(theirs_.frame_bytes_max, limits::frame_bytes_max);
    }

    // --- both sides ---

    // Begins reading and writing. `client`: this side calls and keeps the connection awake.
    void start(bool client) {
        client_ = client;
        const auto self = shared_from_this();
        spawn(env{&where_, how_.stop}, read_in(self), [](const status&) {});
        spawn(env{&where_, how_.stop}, write_out(self), [](const status&) {});
        if (client) ping_later();
    }
    void end(error why) {
        if (broken_) return;
        broken_ = why;
        with_.close();
        where_.drop(ping_);
        auto waiting = std::exchange(asked_, {});
        for (auto& [id, slot] : waiting) {
            slot->value.fill(slot->sent ? fail(errc::unknown_outcome, "the connection broke")
                                        : fail(errc::unavailable, "the connection broke"));
        }
        const error lost{errc::unavailable, "the connection broke", 0};
        for (const auto& [id, one] : streams) one->on_reset(lost);
        for (auto& [id, stop] : answering_) stop.request_stop();
        out_.close();
        changed_.announce();
    }

    // --- the side that connected ---

    // `answered`: what is returned is what the peer's handler said.
    [[nodiscard]] task<result<reply>> call(request ask, nanos deadline, bool& answered) {
        const auto self = shared_from_this();
        const status fits = check(ask);
        if (!fits) co_return std::unexpected(fits.error());
        step wait = room(ask.body.size());
        const status free = co_await wait;
        if (!free) co_return std::unexpected(free.error());
        const auto slot = std::make_shared<asked>();
        const std::uint32_t id = next_id_++;
        asked_.emplace(id, slot);
        ask_head head;
        head.op = ask.op;
        head.to = ask.to;
        head.left_ms = left_of(deadline);
        head.head = std::move(ask.head);
        outgoing one = packed(frame_type::call, id, encoded(head), std::move(ask.body));
        one.handed_over = std::shared_ptr<bool>{slot, &slot->sent};
        out_.push(std::move(one));
        task<result<reply>> answer = slot->value.take();
        result<reply> value = co_await answer;
        answered = slot->answered;
        if (asked_.erase(id) > 0 && !broken_) {  // we left before the answer
            const error left{errc::cancelled, "nobody waits any more", 0};
            if (!out_.forget(id)) send_reset(id, left);
        }
        co_return value;
    }
    [[nodiscard]] result<std::unique_ptr<stream>> open(request ask) {
        const status fits = check(ask);
        if (!fits) return std::unexpected(fits.error());
        const std::uint32_t id = next_id_++;
        auto made = std::make_unique<mux_stream>(shared_from_this(), id, theirs_.first_credit,
                                                 how_.mine.first_credit);
        ask_head head;
        head.op = ask.op;
        head.to = ask.to;
        head.head = std::move(ask.head);
        send(frame_type::open, id, encoded(head), std::move(ask.body));
        return made;
    }

    // --- pipe ---

    step room(std::size_t) override { return out_.room(); }
    void send_data(std::uint32_t id, slice bytes) override {
        send(frame_type::data, id, {}, std::move(bytes));
    }
    void send_finish(std::uint32_t id, bool deaf) override {
        send(frame_type::finish, id, {}, {}, deaf ? frame::deaf : std::uint8_t{0});
    }
    void send_reset(std::uint32_t id, error why) override {
        reply_head head;
        head.failed = why;
        send(frame_type::reset, id, encoded(head));
    }
    void send_credit(std::uint32_t id, std::uint32_t bytes) override {
        send(frame_type::credit, id, {}, {}, 0, bytes);
    }

private:
    struct asked {
        later<reply> value{};
        bool sent{false};
        bool answered{false};
    };
    // --- sending ---

    [[nodiscard]] outgoing packed(frame_type type, std::uint32_t id, const std::string& head,
                                  slice body, std::uint8_t flags = 0,
                                  std::uint32_t credit = 0) const {
        frame about;
        about.type = type;
        about.how = how_.how;
        about.flags = flags;
        about.stream = id;
        about.credit = credit;
        about.epoch = how_.epoch ? how_.epoch() : how_.mine.epoch;
        return pack(about, head, std::move(body));
    }
    void send(frame_type type, std::uint32_t id, const std::string& head = {}, slice body = {},
              std::uint8_t flags = 0, std::uint32_t credit = 0) {
        out_.push(packed(type, id, head, std::move(body), flags, credit));
    }

    static step write_out(std::shared_ptr<link> self) {
        const status ended = co_await self->out_.run(self->with_);
        if (!ended) self->end(ended.error());
        co_return ended;
    }

    // --- receiving ---

    static step read_in(std::shared_ptr<link> self) {
        while (!self->broken_) {
            auto next = co_await self->in_.next(limits::idle_time_max);
            if (self->broken_) break;
            status good{};
            if (next) {
                good = self->dispatch(std::move(*next));
            } else {
                good = std::unexpected(next.error());
            }
            if (!good) self->end(good.error());
        }
        co_return status{};
    }

    [[nodiscard]] status dispatch(incoming next) {
        const frame& about = next.about;
        if (about.how != how_.how) return fail(errc::corrupt, "a frame of another class");
        if (about.wire != wire_version) return fail(errc::corrupt, "a frame of another version");
        if (how_.heard_epoch && about.epoch > heard_) how_.heard_epoch(heard_ = about.epoch);
        switch (about.type) {
            case frame_type::call:
            case frame_type::open: return begin_work(std::move(next));
            case frame_type::reply: return take_reply(std::move(next));
            case frame_type::reset: return take_reset(next);
            case frame_type::ping: send(frame_type::pong, 0); break;
            case frame_type::pong: break;
            case frame_type::data:
            case frame_type::finish:
            case frame_type::credit: {
                const auto found = streams.find(about.stream);
                if (found == streams.end()) break;  // late: the stream is over on this side
                mux_stream& to = *found->second;
                if (about.type == frame_type::finish) to.on_finish(about.flags == frame::deaf);
                if (about.type == frame_type::credit) to.on_credit(about.credit);
                if (about.type == frame_type::data && !to.on_data(std::move(next.body))) {
                    return fail(errc::corrupt, "the peer sent more than it was granted");
                }
                break;
            }
            case frame_type::hello:
            case frame_type::refusal: return fail(errc::corrupt, "a second hello");
        }
        return {};
    }

    [[nodiscard]] status take_reply(incoming next) {
        const auto found = asked_.find(next.about.stream);
        if (found == asked_.end()) return {};  // nobody waits any more
        auto head = reply_head_from(next.head);
        if (!head) return std::unexpected(head.error());
        const auto slot = std::move(found->second);
        asked_.erase(found);
        slot->answered = true;
        if (head->failed) {
            slot->value.fill(std::unexpected(*head->failed));
        } else {
            reply value;
            value.head = std::move(head->head);
            value.body = std::move(next.body);
            slot->value.fill(std::move(value));
        }
        return {};
    }
    [[nodiscard]] status take_reset(const incoming& next) {
        const auto head = reply_head_from(next.head);
        if (!head) return std::unexpected(head.error());
        const error why = head->failed.value_or(error{errc::cancelled, "reset", 0});
        if (const auto one = streams.find(next.about.stream); one != streams.end()) {
            one->second->on_reset(why);
        }
        if (const auto one = answering_.find(next.about.stream); one != answering_.end()) {
            one->second.request_stop();
        }
        return {};
    }

    // --- answering ---

    [[nodiscard]] status begin_work(incoming next) {
        const std::uint32_t id = next.about.stream;
        if (client_) return fail(errc::corrupt, "a call from the side that was called");
        if (answering_.contains(id) || streams.contains(id)) {
            return fail(errc::corrupt, "a number of a stream was used twice");
        }
        auto head = ask_head_from(next.head);
        if (!head) return std::unexpected(head.error());
        service* const by = how_.find ? how_.find(head->to) : nullptr;
        const std::size_t bytes = next.body.size();
        if (by == nullptr || running_ >= limits::streams_max ||
            bodies_ + bytes > limits::peer_bytes_max) {
            reply_head no;
            no.failed = by == nullptr ? error{errc::unavailable, "no such holder here", 0}
                                      : error{errc::unavailable, "too much at once", 0};
            const bool one_answer = next.about.type == frame_type::call;
            const auto type = one_answer ? frame_type::reply : frame_type::reset;
            send(type, id, encoded(no));
            return {};
        }
        const bool limited = head->left_ms != no_deadline;
        const nanos deadline =
            limited ? where_.now() + std::chrono::milliseconds{head->left_ms} : nanos::max();
        request ask{head->op, head->to, std::move(head->head), std::move(next.body)};
        ++running_;
        bodies_ += bytes;
        std::stop_source stop;
        const auto self = shared_from_this();
        const auto ended = [self, id, bytes](const status&) {
            self->answering_.erase(id);
            self->bodies_ -= bytes;
            --self->running_;
            self->changed_.announce();
        };
        if (next.about.type == frame_type::call) {
            answering_.emplace(id, stop);
            spawn(env{&where_, stop.get_token(), deadline},
                  answer(self, *by, id, std::move(ask), deadline), ended);
        } else {
            auto with = std::make_shared<mux_stream>(self, id, theirs_.first_credit,
                                                     how_.mine.first_credit);
            spawn(env{&where_, with->token()}, serve_stream(*by, caller(), std::move(ask), with),
                  ended);
        }
        return {};
    }

    static step answer(std::shared_ptr<link> self, service& by, std::uint32_t id, request ask,
                       nanos deadline) {
        task<result<reply>> work = by.answer(self->caller(), std::move(ask));
        result<reply> value = fail(errc::io, "");
        if (deadline == nanos::max()) {
            value = co_await work;
        } else {
            task<result<reply>> limited = until(deadline, std::move(work));
            value = co_await limited;
        }
        slice body;
        const reply_head head = head_of(std::move(value), body);
        step wait = self->room(body.size());
        const status free = co_await wait;
        if (!free) co_return free;
        self->send(frame_type::reply, id, encoded(head), std::move(body));
        co_return status{};
    }

    [[nodiscard]] peer caller() const {
        return {theirs_.is, theirs_.id, theirs_.incarnation, with_.secure()};
    }

    // --- asking ---

    [[nodiscard]] status check(const request& ask) const {
        if (broken_) return fail(errc::unavailable, "the connection broke");
        if (asked_.size() + streams.size() >= limits::streams_max) {
            return fail(errc::unavailable, "too many calls and streams on one connection");
        }
        if (next_id_ == 0xffff'ffff) return fail(errc::unavailable, "the connection is used up");
        if (ask.body.size() > theirs_.frame_bytes_max) {
            return fail(errc::limit, "the body of a request is too long", ask.body.size());
        }
        if (ask.head.size() > head_section_bytes_max / 2) {
            return fail(errc::limit, "the head of a request is too long", ask.head.size());
        }
        return {};
    }
    [[nodiscard]] std::uint32_t left_of(nanos deadline) const {
        if (deadline == nanos::max()) return no_deadline;
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - where_.now()).count();
        return static_cast<std::uint32_t>(std::clamp<std::int64_t>(left, 1, no_deadline - 1));
    }
    void ping_later() {
        ping_ = where_.at(where_.now() + how_.ping_every, [weak = weak_from_this()] {
            const auto self = weak.lock();
            if (self == nullptr || self->broken_) return;
            self->send(frame_type::ping, 0);
            self->ping_later();
        });
    }

    asio_loop& where_;
    std::shared_ptr<watchdog> dog_;  // a link may outlive whoever made it
    channel with_;
    link_settings how_;
    hello theirs_{};
    bool client_{false};
    std::optional<error> broken_{};
    std::uint64_t heard_{0};
    timer_id ping_{timer_id::none};
    news changed_{};  // a handler ended, or the link broke

    frame_reader in_{with_};
    frame_queue out_{};

    std::unordered_map<std::uint32_t, std::shared_ptr<asked>> asked_{};
    std::uint32_t next_id_{1};

    std::unordered_map<std::uint32_t, std::stop_source> answering_{};
    std::size_t running_{0};
    std::size_t bodies_{0};
};

}  // namespace rsx::net
