// SPDX-License-Identifier: Apache-2.0

// Frames: what travels between two nodes on a TCP connection (docs/reference/frames.md).
//
//     std::array<std::byte, frame::size> raw;
//     rsx::net::store(raw, {.type = frame_type::data, .stream = 7, .length = 65536, .epoch = 1});
//     auto frame = rsx::net::frame_from(raw);           // errc::corrupt: cut the connection
//
//     magic u16 · wire u8 · type u8 · class u8 · flags u8 · 0 u16 · stream u32 · length u32 ·
//     credit u32 · epoch u64 · crc32c u32                                 little-endian, 32 bytes
//
// The CRC covers the 28 bytes before it, so that a length is trusted before it is used. Hellos,
// calls, openings, replies and resets begin their payload with a head section {size u32, crc32c
// u32, head}: what the transport acts upon is always checked here. Bodies and data are not: shards
// carry checksums of their own, from end to end, and off this machine TLS protects every byte
// besides.
#pragma once

#include <rsx/core/error.hpp>
#include <rsx/core/limits.hpp>
#include <rsx/digest/crc.hpp>
#include <rsx/net/transport.hpp>

#include <array>

namespace rsx::net {

inline constexpr std::uint8_t wire_version = 1;

enum class frame_type : std::uint8_t {
    hello = 1,    // both sides, first
    refusal = 2,  // instead of a hello: detail says why; then the connection ends
    call = 3,     // head section, body: one answer is wanted
    reply = 4,    // head section, body: ends a call
    open = 5,     // head section, body: begins a stream
    data = 6,     // bytes of a stream, within the credit
    finish = 7,   // this side of the stream is over; flag `deaf`: and it reads no more
    reset = 8,    // the stream or call is over, both sides; head section with the error
    credit = 9,   // the peer may send `credit` more bytes on this stream
    ping = 10,    // answered by pong at once
    pong = 11,
};

struct frame {
    static constexpr std::size_t size = 32;
    static constexpr std::uint16_t magic = 0x5852;  // "RX"
    static constexpr std::uint8_t deaf = 1;

    frame_type type{frame_type::ping};
    traffic how{traffic::control};
    std::uint8_t wire{wire_version};
    std::uint8_t flags{0};
    std::uint32_t stream{0};
    std::uint32_t length{0};  // of the payload
    std::uint32_t credit{0};
    std::uint64_t epoch{0};  // the newest layout the sender knows

    friend bool operator==(const frame&, const frame&) = default;
};

// Payloads are bounded by this: a body of frame_bytes_max and the head before it.
inline constexpr std::size_t head_section_bytes_max = 64 * 1024;
inline constexpr std::size_t payload_bytes_max = limits::frame_bytes_max + head_section_bytes_max;

inline void store(std::span<std::byte, frame::size> out, const frame& f) noexcept {
    const byte_span at{out};
    store_le<std::uint16_t>(at, frame::magic);
    store_le<std::uint8_t>(at.subspan(2), f.wire);
    store_le<std::uint8_t>(at.subspan(3), static_cast<std::uint8_t>(f.type));
    store_le<std::uint8_t>(at.subspan(4), static_cast<std::uint8_t>(f.how));
    store_le<std::uint8_t>(at.subspan(5), f.flags);
    store_le<std::uint16_t>(at.subspan(6), 0);
    store_le<std::uint32_t>(at.subspan(8), f.stream);
    store_le<std::uint32_t>(at.subspan(12), f.length);
    store_le<std::uint32_t>(at.subspan(16), f.credit);
    store_le<std::uint64_t>(at.subspan(20), f.epoch);
    store_le<std::uint32_t>(at.subspan(28), digest::crc32c_of(at.first(28)));
}

[[nodiscard]] inline result<frame> frame_from(std::span<const std::byte, frame::size> in) noexcept {
    const byte_view at{in};
    if (load_le<std::uint16_t>(at) != frame::magic)
        return fail(errc::corrupt, "no frame begins here");
    if (load_le<std::uint32_t>(at.subspan(28)) != digest::crc32c_of(at.first(28))) {
        return fail(errc::corrupt, "the checksum of a frame is wrong");
    }
    frame f;
    f.wire = load_le<std::uint8_t>(at.subspan(2));
    const auto type = load_le<std::uint8_t>(at.subspan(3));
    const auto how = load_le<std::uint8_t>(at.subspan(4));
    f.flags = load_le<std::uint8_t>(at.subspan(5));
    f.stream = load_le<std::uint32_t>(at.subspan(8));
    f.length = load_le<std::uint32_t>(at.subspan(12));
    f.credit = load_le<std::uint32_t>(at.subspan(16));
    f.epoch = load_le<std::uint64_t>(at.subspan(20));
    if (type < 1 || type > 11) return fail(errc::corrupt, "a frame of an unknown type", type);
    if (how > 2) return fail(errc::corrupt, "a frame of an unknown class", how);
    if (load_le<std::uint16_t>(at.subspan(6)) != 0 || f.flags > frame::deaf) {
        return fail(errc::corrupt, "a frame with unknown bits");
    }
    if (f.length > payload_bytes_max) return fail(errc::corrupt, "a frame is too long", f.length);
    f.type = frame_type{type};
    f.how = traffic{how};
    return f;
}

[[nodiscard]] constexpr bool has_head(frame_type type) noexcept {
    return type <= frame_type::open || type == frame_type::reset;
}

// {size u32, crc32c u32}, then the head.
inline constexpr std::size_t head_prefix = 8;

[[nodiscard]] inline std::string head_section(std::string_view head) {
    std::array<std::byte, head_prefix> prefix{};
    store_le(byte_span{prefix}.first(4), static_cast<std::uint32_t>(head.size()));
    store_le(byte_span{prefix}.subspan(4), digest::crc32c_of(bytes_of(head)));
    return std::string{text_of(prefix)}.append(head);
}

// --- what the heads say --------------------------------------------------------------------------

// A call or an opening: op u16 · 0 u16 · node u32 · incarnation u32 · milliseconds left u32 · head.
inline constexpr std::uint32_t no_deadline = 0xffff'ffff;

struct ask_head {
    std::uint16_t op{0};
    holder to{};
    std::uint32_t left_ms{no_deadline};
    std::string head{};
};

[[nodiscard]] inline std::string encoded(const ask_head& h) {
    std::array<std::byte, 16> raw{};
    const byte_span at{raw};
    store_le(at, h.op);
    store_le(at.subspan(4), h.to.node);
    store_le(at.subspan(8), h.to.incarnation);
    store_le(at.subspan(12), h.left_ms);
    return std::string{rsx::text_of(raw)}.append(h.head);
}

[[nodiscard]] inline result<ask_head> ask_head_from(std::string_view text) {
    if (text.size() < 16) return fail(errc::corrupt, "the head of a request is too short");
    const byte_view at = bytes_of(text);
    if (load_le<std::uint16_t>(at.subspan(2)) != 0) {
        return fail(errc::corrupt, "the head of a request has unknown bits");
    }
    ask_head h;
    h.op = load_le<std::uint16_t>(at);
    h.to.node = load_le<std::uint32_t>(at.subspan(4));
    h.to.incarnation = load_le<std::uint32_t>(at.subspan(8));
    h.left_ms = load_le<std::uint32_t>(at.subspan(12));
    h.head = text.substr(16);
    return h;
}

// Errors cross the wire as a number each, fixed for ever; 0 is none.
[[nodiscard]] constexpr std::uint8_t number_of(errc code) noexcept {
    switch (code) {
        case errc::not_found: return 1;
        case errc::conflict: return 2;
        case errc::corrupt: return 3;
        case errc::too_few_shards: return 4;
        case errc::unavailable: return 5;
        case errc::timed_out: return 6;
        case errc::cancelled: return 7;
        case errc::unknown_outcome: return 8;
        case errc::invalid: return 9;
        case errc::limit: return 10;
        case errc::full: return 11;
        case errc::unsupported: return 12;
        case errc::io: return 13;
    }
    return 13;
}

// Reasons are literals of the process that made them: over the wire only code and detail go.
[[nodiscard]] constexpr error error_of_peer(std::uint8_t number, std::uint64_t detail) noexcept {
    switch (number) {
        case 1: return {errc::not_found, "the peer has no such thing", detail};
        case 2: return {errc::conflict, "the peer met a conflict", detail};
        case 3: return {errc::corrupt, "the peer found corruption", detail};
        case 4: return {errc::too_few_shards, "the peer has too few shards", detail};
        case 5: return {errc::unavailable, "the peer cannot do it now", detail};
        case 6: return {errc::timed_out, "the peer ran out of time", detail};
        case 7: return {errc::cancelled, "the peer was asked to stop", detail};
        case 8: return {errc::unknown_outcome, "the peer does not know the outcome", detail};
        case 9: return {errc::invalid, "the peer calls the request invalid", detail};
        case 10: return {errc::limit, "the peer met a limit", detail};
        case 11: return {errc::full, "the peer is full", detail};
        case 12: return {errc::unsupported, "the peer does not do that", detail};
        default: return {errc::io, "the peer failed", detail};
    }
}

// A reply or a reset: error u8 · detail u64 · head.
struct reply_head {
    std::optional<error> failed{};
    std::string head{};
};

[[nodiscard]] inline std::string encoded(const reply_head& h) {
    std::array<std::byte, 9> raw{};
    const byte_span at{raw};
    if (h.failed) {
        store_le(at, number_of(h.failed->code));
        store_le(at.subspan(1), h.failed->detail);
    }
    return std::string{rsx::text_of(raw)}.append(h.head);
}

// What a handler's answer becomes; one that does not fit into a frame becomes errc::limit.
[[nodiscard]] inline reply_head head_of(result<reply> value, slice& body) {
    reply_head head;
    if (!value) {
        head.failed = value.error();
    } else if (value->body.size() > limits::frame_bytes_max) {
        head.failed = error{errc::limit, "an answer is too long", value->body.size()};
    } else if (value->head.size() > head_section_bytes_max / 2) {
        head.failed = error{errc::limit, "the head of an answer is too long", value->head.size()};
    } else {
        head.head = std::move(value->head);
        body = std::move(value->body);
    }
    return head;
}

[[nodiscard]] inline result<reply_head> reply_head_from(std::string_view text) {
    if (text.size() < 9) return fail(errc::corrupt, "the head of a reply is too short");
    const byte_view at = bytes_of(text);
    reply_head h;
    const auto number = load_le<std::uint8_t>(at);
    if (number != 0) h.failed = error_of_peer(number, load_le<std::uint64_t>(at.subspan(1)));
    h.head = text.substr(9);
    return h;
}

}  // namespace rsx::net
