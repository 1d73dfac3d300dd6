// SPDX-License-Identifier: Apache-2.0

// The bytes of a log: a page of header before each segment's records, 16 bytes before each record.
//
//     segment   4096 bytes: magic, format word, log id, base; CRC32C in the last four
//     record    u32 crc · u32 kind << 24 | length · u64 durable · bytes · zeros to 8
//
// The CRC covers the log's id and the record's position besides its bytes, so that a record is one
// only where it was written: stale bytes of an older file, of another log, or of a write that
// landed elsewhere are not mistaken for it. `durable` is how far the log was durable when the
// record was appended; it is how recovery tells a torn tail, which may be cut, from rot, which may
// not. Layout, field by field: docs/reference/wal.md. Pure functions.
#pragma once

#include <rsx/digest/crc.hpp>
#include <rsx/wal/concept.hpp>

#include <array>
#include <string>

namespace rsx::wal {

inline constexpr std::size_t segment_page = 4096;
inline constexpr std::size_t record_head = 16;
inline constexpr std::string_view segment_magic = "rsxwal01";
inline constexpr std::uint16_t segment_level = 1;
inline constexpr std::uint32_t segment_must_known = 0;

enum class kind : std::uint8_t {
    data = 1,
    mark = 2,  // nothing but its `durable`
    end = 3,   // the next segment begins behind it
};

[[nodiscard]] constexpr std::size_t record_size(std::size_t bytes) noexcept {
    return (record_head + bytes + 7) / 8 * 8;
}

// "00000000000010a8.wal": sorts as positions do.
[[nodiscard]] inline std::string segment_name(lsn base) {
    std::array<std::byte, 8> raw;
    store_be(raw, base);
    return hex(raw) + ".wal";
}
[[nodiscard]] inline std::optional<lsn> base_of_name(std::string_view name) {
    if (name.size() != 20 || !name.ends_with(".wal")) return std::nullopt;
    lsn base = 0;
    for (const char c : name.substr(0, 16)) {
        const bool digit = c >= '0' && c <= '9';
        if (!digit && (c < 'a' || c > 'f')) return std::nullopt;
        base = base << 4 | static_cast<lsn>(digit ? c - '0' : c - 'a' + 10);
    }
    return base;
}

struct segment_header {
    std::uint64_t log{0};  // drawn when the log was made
    lsn base{0};           // of its first record; all below was durable when this was written
};

inline void encode(const segment_header& h, byte_span page) noexcept {
    std::memset(page.data(), 0, segment_page);
    std::memcpy(page.data(), segment_magic.data(), segment_magic.size());
    store_le(page.subspan(8), segment_level);  // zero u16, must u32 and may u32 follow
    store_le(page.subspan(20), std::uint32_t{segment_page});
    store_le(page.subspan(24), h.log);
    store_le(page.subspan(32), h.base);
    store_le(page.subspan(segment_page - 4), digest::crc32c_of(page.first(segment_page - 4)));
}

[[nodiscard]] inline result<segment_header> decode_segment(byte_view page) {
    if (page.size() < segment_page || text_of(page.first(8)) != segment_magic) {
        return fail(errc::corrupt, "not a segment of a log");
    }
    const auto crc = load_le<std::uint32_t>(page.subspan(segment_page - 4));
    if (crc != digest::crc32c_of(page.first(segment_page - 4))) {
        return fail(errc::corrupt, "a segment's header is broken");
    }
    const auto must = load_le<std::uint32_t>(page.subspan(12));
    if ((must & ~segment_must_known) != 0) {
        return fail(errc::unsupported, "a segment of a later format", must);
    }
    return segment_header{.log = load_le<std::uint64_t>(page.subspan(24)),
                          .base = load_le<std::uint64_t>(page.subspan(32))};
}

// Of a whole record at this position; `raw` begins with its head and ends with its padding.
[[nodiscard]] inline std::uint32_t record_crc(std::uint64_t log, lsn at, byte_view raw) noexcept {
    std::array<std::byte, 16> where;
    store_le(byte_span{where}, log);
    store_le(byte_span{where}.subspan(8), at);
    return digest::crc32c_of(raw.subspan(4), digest::crc32c_of(where));
}

inline void append_record(std::vector<std::byte>& out, std::uint64_t log, lsn at, kind what,
                          lsn durable, byte_view bytes) {
    const std::size_t from = out.size();
    out.resize(from + record_size(bytes.size()));
    const byte_span raw = byte_span{out}.subspan(from);
    const auto length = static_cast<std::uint32_t>(bytes.size());
    store_le(raw.subspan(4), static_cast<std::uint32_t>(what) << 24 | length);
    store_le(raw.subspan(8), durable);
    if (!bytes.empty()) std::memcpy(raw.data() + record_head, bytes.data(), bytes.size());
    store_le(raw, record_crc(log, at, raw));
}

struct record {
    kind what{kind::data};
    std::size_t size{0};  // head and padding included
    lsn durable{0};
    byte_view bytes{};
};

// What a record's head claims, before anything is believed; nothing if it cannot be one.
[[nodiscard]] inline std::optional<record> claimed(byte_view head) noexcept {
    if (head.size() < record_head) return std::nullopt;
    const auto word = load_le<std::uint32_t>(head.subspan(4));
    const std::size_t length = word & 0xffffff;
    const auto what = word >> 24;
    if (what < 1 || what > 3 || length > limits::wal_record_bytes_max) return std::nullopt;
    return record{.what = static_cast<kind>(what),
                  .size = record_size(length),
                  .durable = load_le<std::uint64_t>(head.subspan(8)),
                  .bytes = {}};
}

// The record at this position, if `raw` begins with one.
[[nodiscard]] inline std::optional<record> decode_record(std::uint64_t log, lsn at,
                                                         byte_view raw) noexcept {
    auto found = claimed(raw);
    if (!found || found->size > raw.size()) return std::nullopt;
    const byte_view whole = raw.first(found->size);
    if (load_le<std::uint32_t>(whole) != record_crc(log, at, whole)) return std::nullopt;
    const std::size_t length = load_le<std::uint32_t>(whole.subspan(4)) & 0xffffff;
    found->bytes = whole.subspan(record_head, length);
    return found;
}

}  // namespace rsx::wal
