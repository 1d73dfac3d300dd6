// SPDX-License-Identifier: Apache-2.0

// A shard's header as bytes: its fields one after the other, the same in files and in segments.
//
//     shard::field_out out{page};
//     shard::put_header(out, header);               // header_fields_size(header) bytes
//     shard::field_in in{page};
//     result<header> back = shard::take_header(in);
//
// Little-endian but for the id. What bounds and checks it all is the page or record around it.
// Layout: docs/reference/shard-file.md.
#pragma once

#include <rsx/shard/id.hpp>

namespace rsx::shard {

// Writes fields one after the other.
class field_out {
public:
    explicit field_out(byte_span out) noexcept : left_{out} {}
    template <std::unsigned_integral T>
    void number(T value) noexcept {
        store_le(left_, value);
        left_ = left_.subspan(sizeof(T));
    }
    void bytes(byte_view raw) noexcept {
        if (!raw.empty()) std::memcpy(left_.data(), raw.data(), raw.size());
        left_ = left_.subspan(raw.size());
    }

private:
    byte_span left_;
};

class field_in {
public:
    explicit field_in(byte_view in) noexcept : left_{in} {}
    template <std::unsigned_integral T>
    T number() noexcept {
        const T value = load_le<T>(left_);
        left_ = left_.subspan(sizeof(T));
        return value;
    }
    byte_view bytes(std::size_t n) noexcept {
        const byte_view raw = left_.first(n);
        left_ = left_.subspan(n);
        return raw;
    }
    [[nodiscard]] std::size_t left() const noexcept { return left_.size(); }

private:
    byte_view left_;
};

inline constexpr std::size_t header_fields_fixed = 112;

[[nodiscard]] inline std::size_t header_fields_size(const header& h) noexcept {
    return header_fields_fixed + h.key.size() + h.upload.size();
}

inline void put_header(field_out& out, const header& h) noexcept {
    out.bytes(key_of(h.id));
    out.number(h.holder.node);
    out.number(h.holder.incarnation);
    out.number(h.data);
    out.number(h.parity);
    out.number(h.code);
    out.number(h.generator);
    out.number(h.cell_bytes);
    out.number(h.chunk_bytes);
    out.number(h.chunk_offset);
    out.number(h.writer);
    out.number(h.epoch);
    out.number(h.seq_hint);
    out.number(h.bucket);
    out.number(h.part);
    out.number(static_cast<std::uint16_t>(h.key.size()));
    out.number(static_cast<std::uint16_t>(h.upload.size()));
    out.bytes(rsx::bytes_of(h.key));
    out.bytes(rsx::bytes_of(h.upload));
}

[[nodiscard]] inline result<header> take_header(field_in& in) {
    if (in.left() < header_fields_fixed)
        return fail(errc::corrupt, "a shard's header is too short");
    header h;
    h.id = id_of(in.bytes(id::bytes_size));
    h.holder.node = in.number<std::uint32_t>();
    h.holder.incarnation = in.number<std::uint32_t>();
    h.data = in.number<std::uint16_t>();
    h.parity = in.number<std::uint16_t>();
    h.code = in.number<std::uint8_t>();
    h.generator = in.number<std::uint8_t>();
    h.cell_bytes = in.number<std::uint32_t>();
    h.chunk_bytes = in.number<std::uint64_t>();
    h.chunk_offset = in.number<std::uint64_t>();
    h.writer = in.number<std::uint64_t>();
    h.epoch = in.number<std::uint64_t>();
    h.seq_hint = in.number<std::uint64_t>();
    h.bucket = in.number<std::uint64_t>();
    h.part = in.number<std::uint32_t>();
    const std::size_t key_size = in.number<std::uint16_t>();
    const std::size_t upload_size = in.number<std::uint16_t>();
    if (key_size + upload_size > in.left()) {
        return fail(errc::corrupt, "a shard's header claims too much");
    }
    h.key = text_of(in.bytes(key_size));
    h.upload = text_of(in.bytes(upload_size));
    return h;
}

}  // namespace rsx::shard
