// SPDX-License-Identifier: Apache-2.0

// What a client says to a shard service, and hears: operation numbers and messages.
//
//     net::request ask{.op = shard::op::head, .to = who, .head = shard::packed(which)};
//     auto about = shard::unpacked<shard::about_reply>(answer->head);
//
// Numbers are never reused. Small shards are written by one call, pieces up to a megabyte read by
// one; everything larger is a stream of records, each with the checksums of its blocks:
//
//     u8 kind (1 blocks, 2 seal, 3 sealed) · u8[3] 0 · u32 bytes · u32 sums, one a block · bytes
//
// Layouts: docs/reference/shard-service.md. The grant is for whoever checks capabilities
// (shard/access.hpp); without a cluster key it is empty.
#pragma once

#include <rsx/net/transport.hpp>
#include <rsx/shard/intake.hpp>
#include <rsx/wire/message.hpp>

namespace rsx::shard {

namespace op {
inline constexpr std::uint16_t ping = 1;
inline constexpr std::uint16_t status = 2;
inline constexpr std::uint16_t head = 3;
inline constexpr std::uint16_t read = 4;
inline constexpr std::uint16_t read_stream = 5;
inline constexpr std::uint16_t erase = 6;
inline constexpr std::uint16_t list = 7;
inline constexpr std::uint16_t put = 8;         // a whole small shard
inline constexpr std::uint16_t write = 9;       // a stream: blocks, seal
inline constexpr std::uint16_t pull = 10;       // reserved: fetch from siblings, repair, seal
inline constexpr std::uint16_t inventory = 11;  // reserved: digests of id ranges
}  // namespace op

// Tasks' text for bytes that transports carry as std::string.
template <class Message>
[[nodiscard]] std::string packed(const Message& what) {
    return std::string{text_of(wire::encode(what))};
}
template <class Message>
[[nodiscard]] result<Message> unpacked(std::string_view head) {
    return wire::decode<Message>(bytes_of(head));
}

template <class Archive>
void serialize(Archive& a, id& which) {
    a(which.hash, which.object.incarnation, which.object.counter, which.chunk, which.index,
      which.write);
}
template <class Archive>
void serialize(Archive& a, header& h) {
    a(h.id, h.holder.node, h.holder.incarnation, h.data, h.parity, h.code, h.generator,
      h.cell_bytes, h.chunk_bytes, h.chunk_offset, h.writer, h.epoch, h.seq_hint, h.bucket, h.key,
      h.upload, h.part);
}
template <class Archive>
void serialize(Archive& a, sealed& what) {
    a(what.bytes, what.hash);
}
template <class Archive>
void serialize(Archive& a, listed& one) {
    a(one.id, one.bytes, one.hash, one.writer);
}
template <class Archive>
void serialize(Archive& a, status& now) {
    a(now.total, now.free, now.live, now.dead, now.shards, now.state, now.holder.node,
      now.holder.incarnation);
}

struct plain_ask {  // ping, status
    std::string grant{};
    template <class Archive>
    void serialize(Archive& a) {
        a(grant);
    }
};

struct shard_ask {  // head, read, read_stream, erase
    std::string grant{};
    id which{};
    std::uint64_t first{0};  // blocks, where they matter
    std::uint64_t count{0};
    template <class Archive>
    void serialize(Archive& a) {
        a(grant, which, first, count);
    }
};

struct list_ask {
    std::string grant{};
    id from{};
    id to{};
    std::uint64_t limit{0};
    template <class Archive>
    void serialize(Archive& a) {
        a(grant, from, to, limit);
    }
};

struct put_ask {  // put, write
    std::string grant{};
    header about{};
    std::vector<std::uint32_t> sums{};  // of the call's body
    template <class Archive>
    void serialize(Archive& a) {
        a(grant, about, sums);
    }
};

struct read_reply {
    std::vector<std::uint32_t> sums{};
    template <class Archive>
    void serialize(Archive& a) {
        a(sums);
    }
};

enum class record : std::uint8_t { blocks = 1, seal = 2, sealed = 3 };

// The record's head and sums; its bytes follow as a slice of their own.
[[nodiscard]] inline slice record_head(record kind, std::size_t bytes,
                                       std::span<const std::uint32_t> sums) {
    buffer out{8 + 4 * sums.size()};
    out.span()[0] = static_cast<std::byte>(kind);
    store_le(out.span().subspan(4), static_cast<std::uint32_t>(bytes));
    for (std::size_t i = 0; i < sums.size(); ++i) {
        store_le(out.span().subspan(8 + 4 * i), sums[i]);
    }
    return slice{std::move(out)};
}

struct received {
    record kind{record::blocks};
    slice bytes{};
    std::vector<std::uint32_t> sums{};
};

// Reassembles records from a stream, which keeps no boundaries. Used by one task at a time.
class record_reader {
public:
    explicit record_reader(net::stream& from) noexcept : from_{from} {}

    // errc::unavailable if the stream ends instead.
    [[nodiscard]] task<result<received>> next() {
        auto reading = take(8);
        const auto head = co_await reading;
        if (!head) co_return std::unexpected(head.error());
        received out;
        const auto kind = std::to_integer<std::uint8_t>(head->view()[0]);
        const auto size = load_le<std::uint32_t>(head->view().subspan(4));
        if (kind < 1 || kind > 3) co_return fail(errc::corrupt, "an unknown kind of record", kind);
        if (size > limits::shard_read_call_bytes_max) {
            co_return fail(errc::limit, "a record is too long", size);
        }
        out.kind = record{kind};
        if (out.kind == record::blocks) {
            out.sums.resize(blocks_in(size));
            auto reading_sums = take(4 * out.sums.size());
            const auto raw = co_await reading_sums;
            if (!raw) co_return std::unexpected(raw.error());
            for (std::size_t i = 0; i < out.sums.size(); ++i) {
                out.sums[i] = load_le<std::uint32_t>(raw->view().subspan(4 * i));
            }
        }
        auto reading_bytes = take(size);
        auto bytes = co_await reading_bytes;
        if (!bytes) co_return std::unexpected(bytes.error());
        out.bytes = std::move(*bytes);
        co_return out;
    }

private:
    // Exactly so many bytes; no copy if they came in one piece.
    task<result<slice>> take(std::size_t size) {
        buffer joined;
        std::size_t have = 0;
        while (true) {
            const std::size_t part = std::min(size - have, left_.size());
            if (have == 0 && part == size) {
                slice whole = left_.part(0, size);
                left_ = left_.part(size, left_.size() - size);
                co_return whole;
            }
            if (joined.empty()) joined = buffer::uninitialized(size);
            std::ranges::copy(left_.view().first(part),
                              joined.span().begin() + static_cast<std::ptrdiff_t>(have));
            left_ = left_.part(part, left_.size() - part);
            have += part;
            if (have == size) co_return slice{std::move(joined)};
            auto reading = from_.read();
            auto more = co_await reading;
            if (!more) co_return std::unexpected(more.error());
            if (more->empty()) co_return fail(errc::unavailable, "the stream ended too early");
            left_ = std::move(*more);
        }
    }

    net::stream& from_;
    slice left_{};
};

}  // namespace rsx::shard
