// SPDX-License-Identifier: Apache-2.0

// How one node asks another: a call with one answer, or a stream with credit both ways.
//
//     net::request ask{.op = 3, .to = who, .head = wire_bytes};
//     auto answer = co_await transport.call(std::move(ask), net::traffic::foreground);
//
//     auto stream = co_await transport.open(std::move(ask), net::traffic::background);
//     co_await (*stream)->write(slice);        // waits for credit: a slow peer slows only this
//     stream co_await (*stream)->finish(); auto more = co_await (*stream)->read();  // an empty
//     slice: the peer has finished
//
// Deadlines and stop requests come from the awaiting task's environment (rsx::within) and travel
// with the head. TCP keeps one connection per traffic class and peer, so that repair never stands
// in front of a read; QUIC has one connection and a stream a call. Errors: unavailable (no such
// peer, or connection lost: for a call that may have reached the peer, errc::unknown_outcome),
// timed_out, cancelled, limit, and whatever error the peer's handler answered.
//
// A transport belongs to one loop.
#pragma once

#include <rsx/core/holder.hpp>
#include <rsx/core/slice.hpp>
#include <rsx/core/task.hpp>

#include <functional>
#include <memory>
#include <string>

namespace rsx::net {

enum class traffic : std::uint8_t { control = 0, foreground = 1, background = 2 };

struct request {
    std::uint16_t op{0};
    holder to{};
    std::string head{};  // what the operation says, encoded by wire; small
    slice body{};        // at most limits::frame_bytes_max
};

struct reply {
    std::string head{};
    slice body{};
};

class stream {
public:
    virtual ~stream() = default;
    [[nodiscard]] virtual step write(slice bytes) = 0;
    [[nodiscard]] virtual step finish() = 0;               // nothing more from this side
    [[nodiscard]] virtual task<result<slice>> read() = 0;  // empty: nothing more from the peer
    virtual void reset(error why) = 0;                     // both sides end; the peer sees `why`
};

class transport {
public:
    virtual ~transport() = default;
    [[nodiscard]] virtual task<result<reply>> call(request ask, traffic how) = 0;
    [[nodiscard]] virtual task<result<std::unique_ptr<stream>>> open(request ask, traffic how) = 0;
};

// Who asked, as the connection proved it.
struct peer {
    enum class role : std::uint8_t { unknown = 0, gateway = 1, shard = 2 };
    role is{role::unknown};
    std::uint32_t id{0};
    std::uint64_t incarnation{0};
    bool proven{false};  // by a certificate; else plaintext on loopback
};

// What a server does with calls and streams. Runs on the loop of the connection.
class service {
public:
    virtual ~service() = default;
    [[nodiscard]] virtual task<result<reply>> answer(peer who, request ask) = 0;
    // The handler owns the stream until it returns; an error it returns resets the stream.
    [[nodiscard]] virtual step serve(peer who, request ask, stream& with) = 0;
};

}  // namespace rsx::net
