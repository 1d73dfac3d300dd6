// SPDX-License-Identifier: Apache-2.0

// Which disk holds which shard: the places of a run of chunks, packed small.
//
//     shard_place& place = run.at(chunk, index);
//     if (place.state == presence::missing) owe(chunk, index);
//
// The disks of a run are few and named once, in a table; a place is then one byte (two beyond 64
// disks, four beyond 16,384) of table slot with the presence in its two top bits, and eight bytes
// of hash. 4+2: 54 bytes a chunk. A shard that was rebuilt or moved has a write id of its own;
// those few are listed behind.
#pragma once

#include <rsx/meta/rows/described.hpp>

#include <map>
#include <set>

namespace rsx::meta::rows {

enum class presence : std::uint8_t {
    present,
    missing,     // owed: no disk holds it
    handed_off,  // whole, but on a disk that placement would not choose
};

struct shard_place {
    holder where{};  // of a missing one: where it should have been
    presence state{presence::present};
    std::uint64_t hash{0};                 // xxhash64 over its block checksums
    std::optional<std::uint64_t> write{};  // its own write id, if it is not the run's

    friend bool operator==(const shard_place&, const shard_place&) = default;
};

struct shard_map {
    std::vector<shard_place> places{};  // chunk by chunk, index by index

    friend bool operator==(const shard_map&, const shard_map&) = default;

    [[nodiscard]] std::size_t holders() const {
        std::set<holder> all;
        for (const shard_place& place : places) all.insert(place.where);
        return all.size();
    }
    // Two bits of it say the presence.
    [[nodiscard]] static constexpr std::size_t slot_bytes(std::size_t holders) noexcept {
        if (holders <= 1u << 6) return 1;
        if (holders <= 1u << 14) return 2;
        return 4;
    }

    // varint n, n x {varint node, varint incarnation}; varint places; slots; hashes; then
    // {varint place, u64 write id} for those that have their own. Numbers little-endian.
    [[nodiscard]] std::vector<std::byte> pack() const;
    [[nodiscard]] static result<shard_map> unpack(byte_view in);
};

namespace detail {

inline void put_number(std::vector<std::byte>& out, std::uint64_t value, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) out.push_back(static_cast<std::byte>(value >> (8 * i)));
}

// The caller has checked that they are there.
[[nodiscard]] inline std::uint64_t take_number(byte_view& in, std::size_t bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i)
        value |= std::to_integer<std::uint64_t>(in[i]) << (8 * i);
    in = in.subspan(bytes);
    return value;
}

[[nodiscard]] inline result<std::vector<holder>> take_holders(byte_view& in) {
    const auto count = wire::take_varint(in);
    if (!count) return std::unexpected(count.error());
    if (*count > in.size() / 2) return fail(errc::corrupt, "shard map: holders", *count);
    std::vector<holder> table;
    table.reserve(static_cast<std::size_t>(*count));
    for (std::uint64_t i = 0; i < *count; ++i) {
        const auto node = wire::take_varint(in);
        if (!node) return std::unexpected(node.error());
        const auto incarnation = wire::take_varint(in);
        if (!incarnation) return std::unexpected(incarnation.error());
        if (*node > 0xffff'ffff || *incarnation > 0xffff'ffff)
            return fail(errc::corrupt, "shard map: holder over 32 bits", i);
        table.push_back({.node = static_cast<std::uint32_t>(*node),
                         .incarnation = static_cast<std::uint32_t>(*incarnation)});
    }
    return table;
}

}  // namespace detail

inline std::vector<std::byte> shard_map::pack() const {
    std::vector<std::byte> out;
    if (places.empty()) return out;
    std::map<holder, std::uint64_t> slots;
    std::vector<holder> table;  // in order of appearance
    for (const shard_place& place : places)
        if (slots.emplace(place.where, table.size()).second) table.push_back(place.where);
    wire::put_varint(out, table.size());
    for (const holder& each : table) {
        wire::put_varint(out, each.node);
        wire::put_varint(out, each.incarnation);
    }
    wire::put_varint(out, places.size());
    const std::size_t width = slot_bytes(table.size());
    out.reserve(out.size() + places.size() * (width + 8));
    for (const shard_place& place : places) {
        const auto state = static_cast<std::uint64_t>(place.state);
        detail::put_number(out, slots[place.where] | (state << (8 * width - 2)), width);
    }
    for (const shard_place& place : places) detail::put_number(out, place.hash, 8);
    for (std::size_t i = 0; i < places.size(); ++i) {
        if (!places[i].write) continue;
        wire::put_varint(out, i);
        detail::put_number(out, *places[i].write, 8);
    }
    return out;
}

inline result<shard_map> shard_map::unpack(byte_view in) {
    shard_map out;
    if (in.empty()) return out;
    const auto table = detail::take_holders(in);
    if (!table) return std::unexpected(table.error());
    const auto count = wire::take_varint(in);
    if (!count) return std::unexpected(count.error());
    const std::size_t width = slot_bytes(table->size());
    if (*count > in.size() / (width + 8)) return fail(errc::corrupt, "shard map: places", *count);
    out.places.resize(static_cast<std::size_t>(*count));
    for (shard_place& place : out.places) {
        const std::uint64_t raw = detail::take_number(in, width);
        const std::uint64_t slot = raw & ((std::uint64_t{1} << (8 * width - 2)) - 1);
        const std::uint64_t state = raw >> (8 * width - 2);
        if (slot >= table->size() || state > 2) return fail(errc::corrupt, "shard map: slot", slot);
        place.where = (*table)[static_cast<std::size_t>(slot)];
        place.state = static_cast<presence>(state);
    }
    for (shard_place& place : out.places) place.hash = detail::take_number(in, 8);
    while (!in.empty()) {
        const auto at = wire::take_varint(in);
        if (!at) return std::unexpected(at.error());
        if (*at >= *count || in.size() < 8) return fail(errc::corrupt, "shard map: write id", *at);
        out.places[static_cast<std::size_t>(*at)].write = detail::take_number(in, 8);
    }
    return out;
}

}  // namespace rsx::meta::rows
