// SPDX-License-Identifier: Apache-2.0

// What every shard store promises: large values, written once, durable when sealed, never changed.
//
//     auto writer = co_await store.begin(header);
//     co_await (*writer)->append(cells, sums);            // as often as needed
//     auto sealed = co_await (*writer)->seal();           // durable now, directory and all
//     auto piece = co_await store.read(header.id, {.first = 0, .count = 8});
//
// A shard is a row of 8 KiB blocks (the last may be short), each with a checksum that the *writer
// of the object* made over the block and its identity (shard/checksum.hpp), so that a valid block
// in the wrong place is refused by whoever reads it. The store keeps the checksums, answers them
// with the bytes, and verifies them itself on every read.
//
// - begin: the id must not exist (errc::conflict, from a store far away by the seal); the header's
//   holder is checked (errc::invalid).
// - append: ordered; every append but the last is whole blocks, checked on entry (errc::corrupt).
//   seal: one sync of file and directory; until then nothing of the shard can be read or listed.
//   abort, or losing the writer: nothing stays.
// - read: errc::not_found, or errc::corrupt with the block; never other bytes. A range is cut at
// the
//   shard's end; one that begins past it is errc::invalid.
// - erase: idempotent; durable when answered. list: ids in order, [from, to).
// Sealing the same id twice with the same bytes is success; with others it is errc::conflict.
//
// Call from any loop; answers come on the awaiting task's loop. Errors: also full, io (a failed
// sync fences the store: all later writes answer errc::io until it is opened anew), unavailable,
// timed_out.
#pragma once

#include <rsx/core/holder.hpp>
#include <rsx/core/object_id.hpp>
#include <rsx/core/slice.hpp>
#include <rsx/core/task.hpp>

#include <concepts>
#include <memory>
#include <string>
#include <vector>

namespace rsx::shard {

// In this order, big-endian, 38 bytes: `list` follows it, so placement hashes are ranges.
struct id {
    std::uint64_t hash{0};  // of the object, as placement saw it
    object_id object{};
    std::uint32_t chunk{0};
    std::uint16_t index{0};
    std::uint64_t write{0};  // drawn anew by every writing: a late erase cannot hit a rebuilt shard
    friend constexpr auto operator<=>(const id&, const id&) noexcept = default;

    static constexpr std::size_t bytes_size = 38;
};

// Stands at the front of every shard: enough to restore the namespace from the shards alone.
struct header {
    struct id id{};
    struct holder holder{};     // where it was first written; a move leaves it
    std::uint16_t data{0};      // k
    std::uint16_t parity{0};    // m when written; the manifest's counts
    std::uint8_t code{0};       // 1: Reed-Solomon over GF(2^8)
    std::uint8_t generator{0};  // codec::generator
    std::uint32_t cell_bytes{0};
    std::uint64_t chunk_bytes{0};   // of the object's data in this chunk; 0 while not known
    std::uint64_t chunk_offset{0};  // of this chunk in the object (or part)
    std::uint64_t writer{0};        // incarnation of the process that wrote *this copy*
    std::uint64_t epoch{0};
    std::uint64_t seq_hint{0};  // tip.last + 1 when the PUT began: a hint, the commit decides
    std::uint64_t bucket{0};    // bucket number
    std::string key{};
    std::string upload{};  // upload id if this is a part, else empty
    std::uint32_t part{0};
};

struct sealed {
    std::uint64_t bytes{0};
    std::uint64_t hash{
        0};  // xxhash64 over the block checksums, in order: what the manifest records
};

struct block_range {
    std::uint64_t first{0};
    std::uint64_t count{0};
};

struct piece {
    slice bytes{};                      // the blocks asked for, one after the other
    std::vector<std::uint32_t> sums{};  // one a block
};

struct listed {
    struct id id{};
    std::uint64_t bytes{0};
    std::uint64_t hash{0};
    std::uint64_t writer{0};
};

enum class state : std::uint8_t { ok, near_full, full, fenced };

struct status {
    std::uint64_t total{0};
    std::uint64_t free{0};
    std::uint64_t live{0};  // bytes of shards
    std::uint64_t dead{0};  // bytes that compaction would free
    std::uint64_t shards{0};
    enum state state { state::ok };
    struct holder holder{};
};

// One shard being written. Not for two tasks at once. Destroyed unsealed: aborted.
class writer {
public:
    virtual ~writer() = default;
    // Takes shares of frozen bytes: a slow disk may still hold them when the caller has gone on.
    [[nodiscard]] virtual step append(slice blocks, std::vector<std::uint32_t> sums) = 0;
    [[nodiscard]] virtual task<result<sealed>> seal() = 0;
    [[nodiscard]] virtual step abort() = 0;
};

template <class S>
concept store =
    requires(S& s, const S& c, struct header h, struct id i, block_range r, std::size_t limit) {
        { s.begin(h) } -> std::same_as<task<result<std::unique_ptr<writer>>>>;
        { s.head(i) } -> std::same_as<task<result<struct header>>>;
        { s.read(i, r) } -> std::same_as<task<result<piece>>>;
        { s.erase(i) } -> std::same_as<step>;
        { s.list(i, i, limit) } -> std::same_as<task<result<std::vector<listed>>>>;
        { s.status() } -> std::same_as<task<result<struct status>>>;
        { c.holder() } -> std::same_as<struct holder>;
    };

// A store chosen at run time; shard/any.hpp wraps any model. Shared by loops as the models are.
class any_store {
public:
    virtual ~any_store() = default;
    [[nodiscard]] virtual task<result<std::unique_ptr<writer>>> begin(struct header h) = 0;
    [[nodiscard]] virtual task<result<struct header>> head(struct id which) = 0;
    [[nodiscard]] virtual task<result<piece>> read(struct id which, block_range blocks) = 0;
    [[nodiscard]] virtual step erase(struct id which) = 0;
    [[nodiscard]] virtual task<result<std::vector<listed>>> list(struct id from, struct id to,
                                                                 std::size_t limit) = 0;
    [[nodiscard]] virtual task<result<struct status>> status() = 0;
    [[nodiscard]] virtual struct holder holder() const = 0;
};

}  // namespace rsx::shard
