// SPDX-License-Identifier: Apache-2.0

// The values of metadata rows: tagged fields that old and new programs can both live with.
//
// A row is a format byte (1) and then fields: tag (varint), length (varint), bytes. A program that
// meets a tag it does not know keeps an *even* one and writes it back when it rewrites the row; an
// *odd* one means that the row must not be touched without understanding it, and it is refused.
// That is how a format grows for years without a migration.
//
//     rsx::wire::field_writer row;
//     row.put(2, size);                                       // numbers, text, bytes
//     row.put(4, "text/plain");
//     row.put_extras(extras);                                 // what another version had added
//     store(row.bytes());
//
//     auto extras = rsx::wire::read_row(bytes, [&](const rsx::wire::field& f) -> rsx::result<bool>
//     {
//         switch (f.tag) {
//             case 2: return f.read(size);                    // true, or why not
//             case 4: return f.read(content_type);
//             default: return false;                          // not mine
//         }
//     });
//
// Numbers are little-endian without their leading zero bytes (zero is empty); signed ones are
// zigzagged first. A tag may repeat: that is a list. A *group* is the same without format byte, for
// fields within a field. Views in a `field` are into the row. Chapter: docs/reference/fields.md.
#pragma once

#include <rsx/wire/varint.hpp>

#include <array>
#include <limits>
#include <optional>
#include <string>

namespace rsx::wire {

inline constexpr std::uint8_t row_format = 1;

class field_writer {
public:
    field_writer() : bytes_{std::byte{row_format}} {}
    [[nodiscard]] static field_writer group() {
        field_writer made;
        made.bytes_.clear();
        return made;
    }

    template <std::unsigned_integral T>
    void put(std::uint64_t tag, T value) {
        std::byte raw[8];
        store_le<std::uint64_t>(raw, value);
        std::size_t digits = 8;
        while (digits > 0 && raw[digits - 1] == std::byte{0}) --digits;
        put(tag, byte_view{raw, digits});
    }
    void put_signed(std::uint64_t tag, std::int64_t value) {
        const auto doubled = static_cast<std::uint64_t>(value) << 1;
        put(tag, value < 0 ? ~doubled : doubled);
    }
    void put(std::uint64_t tag, std::string_view text) { put(tag, bytes_of(text)); }
    void put(std::uint64_t tag, byte_view value) {
        put_varint(bytes_, tag);
        put_varint(bytes_, value.size());
        bytes_.insert(bytes_.end(), value.begin(), value.end());
    }
    void put(std::uint64_t tag, const field_writer& inner) { put(tag, byte_view{inner.bytes_}); }

    // Whole fields, as a reader collected them.
    void put_extras(byte_view extras) { bytes_.insert(bytes_.end(), extras.begin(), extras.end()); }

    [[nodiscard]] byte_view view() const noexcept { return bytes_; }
    [[nodiscard]] std::vector<std::byte> bytes() const& { return bytes_; }
    [[nodiscard]] std::vector<std::byte> bytes() && { return std::move(bytes_); }

private:
    std::vector<std::byte> bytes_;
};

struct field {
    std::uint64_t tag;
    byte_view value;

    // Each `read` answers true, so that a `switch` over tags can return it.
    template <std::unsigned_integral T>
    [[nodiscard]] result<bool> read(T& out) const {
        if (value.size() > 8) return fail(errc::corrupt, "field: number over 64 bits", tag);
        if (!value.empty() && value.back() == std::byte{0})
            return fail(errc::corrupt, "field: number with leading zeros", tag);
        std::uint64_t wide = 0;
        for (std::size_t i = value.size(); i > 0; --i)
            wide = (wide << 8) | std::to_integer<std::uint64_t>(value[i - 1]);
        if (wide > std::numeric_limits<T>::max())
            return fail(errc::corrupt, "field: number too large for its place", tag);
        out = static_cast<T>(wide);
        return true;
    }
    [[nodiscard]] result<bool> read(std::int64_t& out) const {
        std::uint64_t zigzag = 0;
        if (auto done = read(zigzag); !done) return done;
        const std::uint64_t half = zigzag >> 1;
        out = static_cast<std::int64_t>((zigzag & 1) != 0 ? ~half : half);
        return true;
    }
    [[nodiscard]] result<bool> read(std::string& out) const {
        out = text_of(value);
        return true;
    }
    [[nodiscard]] result<bool> read(std::vector<std::byte>& out) const {
        out.assign(value.begin(), value.end());
        return true;
    }
    template <std::size_t N>
    [[nodiscard]] result<bool> read(std::array<std::byte, N>& out) const {
        if (value.size() != N) return fail(errc::corrupt, "field: bytes of another length", tag);
        std::memcpy(out.data(), value.data(), N);
        return true;
    }
};

class field_reader {
public:
    [[nodiscard]] static result<field_reader> row(byte_view bytes) {
        if (bytes.empty()) return fail(errc::corrupt, "row: no format byte");
        const auto format = std::to_integer<std::uint8_t>(bytes.front());
        if (format != row_format) return fail(errc::unsupported, "row: unknown format", format);
        return field_reader{bytes.subspan(1)};
    }
    [[nodiscard]] static field_reader group(byte_view bytes) { return field_reader{bytes}; }

    // The next field; nothing at the end.
    [[nodiscard]] result<std::optional<field>> next() {
        if (left_.empty()) return std::optional<field>{};
        byte_view in = left_;
        const auto tag = take_varint(in);
        if (!tag) return std::unexpected(tag.error());
        const auto length = take_varint(in);
        if (!length) return std::unexpected(length.error());
        if (*length > in.size()) return fail(errc::corrupt, "field: longer than the row", *tag);
        const field found{.tag = *tag, .value = in.first(static_cast<std::size_t>(*length))};
        in = in.subspan(found.value.size());
        last_ = left_.first(left_.size() - in.size());
        left_ = in;
        return std::optional<field>{found};
    }

    // The field that `next` just gave is not known here.
    result<void> unknown(const field& f) {
        if (f.tag % 2 == 1)
            return fail(errc::unsupported, "row: a field that must be known", f.tag);
        extras_.insert(extras_.end(), last_.begin(), last_.end());
        return {};
    }

    [[nodiscard]] byte_view extras() const noexcept { return extras_; }
    [[nodiscard]] std::vector<std::byte> take_extras() { return std::move(extras_); }

private:
    explicit field_reader(byte_view bytes) noexcept : left_{bytes} {}

    byte_view left_;
    byte_view last_;
    std::vector<std::byte> extras_;
};

// `visit(field) -> result<bool>` says whether it knew the field. Returns the extras.
template <class Visit>
    requires std::is_invocable_r_v<result<bool>, Visit&, const field&>
[[nodiscard]] result<std::vector<std::byte>> read_fields(field_reader reader, Visit&& visit) {
    while (true) {
        const auto found = reader.next();
        if (!found) return std::unexpected(found.error());
        if (!*found) return reader.take_extras();
        const result<bool> known = visit(**found);
        if (!known) return std::unexpected(known.error());
        if (*known) continue;
        if (auto kept = reader.unknown(**found); !kept) return std::unexpected(kept.error());
    }
}

template <class Visit>
[[nodiscard]] result<std::vector<std::byte>> read_row(byte_view bytes, Visit&& visit) {
    auto reader = field_reader::row(bytes);
    if (!reader) return std::unexpected(reader.error());
    return read_fields(std::move(*reader), visit);
}

template <class Visit>
[[nodiscard]] result<std::vector<std::byte>> read_group(byte_view bytes, Visit&& visit) {
    return read_fields(field_reader::group(bytes), visit);
}

}  // namespace rsx::wire
