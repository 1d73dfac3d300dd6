// SPDX-License-Identifier: Apache-2.0

// How a struct becomes the value of a row: it lists its fields once, both directions follow.
//
//     struct colour {
//         std::string name{};
//         std::uint32_t rgb{0};
//         wire_extras extras{};
//         static void describe(auto& self, auto&& field) {
//             field(2, self.name);
//             field(4, self.rgb);
//         }
//     };
//     std::string value = rsx::meta::rows::encode(colour{"teal", 0x008080});
//     auto back = rsx::meta::rows::decode<colour>(value);
//
// The format is wire/fields.hpp's: tags, lengths, bytes; a member that is zero or empty is not
// written, and must be that by default. Fields this build does not know are kept in `extras` and
// written back if their tag is even; a row with an unknown odd tag is refused (errc::unsupported).
// So odd tags are for what must not be overlooked. A member may be a number, bool, enum, text,
// bytes, an id, a struct described like this (a group), a struct with pack/unpack, a pair of texts,
// an optional or a vector of these (a repeated tag). Cost: one pass over the bytes, fields x
// members compares of small integers.
#pragma once

#include <rsx/core/holder.hpp>
#include <rsx/core/object_id.hpp>
#include <rsx/wire/fields.hpp>

#include <string>
#include <utility>
#include <vector>

namespace rsx::meta::rows {

using wire_extras = std::vector<std::byte>;

namespace detail {
struct any_visitor {
    void operator()(std::uint64_t, auto&) const {}
};
}  // namespace detail

template <class T>
concept described = requires(T& row, detail::any_visitor visit) {
    T::describe(row, visit);
    { row.extras } -> std::same_as<wire_extras&>;
};

// Bytes of its own making within one field.
template <class T>
concept packed = requires(T& value, const T& old, byte_view in) {
    { old.pack() } -> std::same_as<std::vector<std::byte>>;
    { T::unpack(in) } -> std::same_as<result<T>>;
};

// Says whether what was read makes sense together.
template <class T>
concept checked = requires(const T& row) {
    { row.valid() } -> std::same_as<bool>;
};

using text_pair = std::pair<std::string, std::string>;

namespace detail {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_list = false;
template <class T>
inline constexpr bool is_list<std::vector<T>> = !std::same_as<T, std::byte>;

template <described T>
void write_members(wire::field_writer& out, const T& row);

// Writes it, default or not.
template <class T>
void write_value(wire::field_writer& out, std::uint64_t tag, const T& value) {
    if constexpr (std::same_as<T, bool>) {
        out.put(tag, value ? 1u : 0u);
    } else if constexpr (std::is_enum_v<T>) {
        out.put(tag, static_cast<std::make_unsigned_t<std::underlying_type_t<T>>>(value));
    } else if constexpr (std::same_as<T, std::int64_t>) {
        out.put_signed(tag, value);
    } else if constexpr (std::same_as<T, object_id>) {
        out.put(tag, byte_view{value.bytes()});
    } else if constexpr (std::same_as<T, text_pair>) {
        std::vector<std::byte> both;
        wire::put_varint(both, value.first.size());
        const auto first = bytes_of(value.first);
        const auto second = bytes_of(value.second);
        both.insert(both.end(), first.begin(), first.end());
        both.insert(both.end(), second.begin(), second.end());
        out.put(tag, byte_view{both});
    } else if constexpr (packed<T>) {
        out.put(tag, byte_view{value.pack()});
    } else if constexpr (described<T>) {
        wire::field_writer group = wire::field_writer::group();
        write_members(group, value);
        out.put(tag, group);
    } else if constexpr (std::unsigned_integral<T>) {
        out.put(tag, value);
    } else if constexpr (std::same_as<T, std::string>) {
        out.put(tag, std::string_view{value});
    } else {
        out.put(tag, byte_view{value});
    }
}

template <class T>
void write_member(wire::field_writer& out, std::uint64_t tag, const T& value) {
    if constexpr (is_optional<T>) {
        if (value) write_value(out, tag, *value);
    } else if constexpr (is_list<T>) {
        for (const auto& each : value) write_value(out, tag, each);
    } else {
        if (!(value == T{})) write_value(out, tag, value);
    }
}

template <described T>
void write_members(wire::field_writer& out, const T& row) {
    const auto write = [&out](std::uint64_t tag, const auto& member) {
        write_member(out, tag, member);
    };
    T::describe(row, write);
    out.put_extras(row.extras);
}

template <described T>
[[nodiscard]] result<void> read_members(wire::field_reader in, T& row);

template <class T>
[[nodiscard]] result<bool> read_value(const wire::field& f, T& value) {
    if constexpr (std::same_as<T, bool>) {
        std::uint8_t number = 0;
        if (auto done = f.read(number); !done) return done;
        if (number > 1) return fail(errc::corrupt, "field: neither yes nor no", f.tag);
        value = number == 1;
        return true;
    } else if constexpr (std::is_enum_v<T>) {
        std::make_unsigned_t<std::underlying_type_t<T>> number = 0;
        if (auto done = f.read(number); !done) return done;
        value = static_cast<T>(number);
        return true;
    } else if constexpr (std::same_as<T, object_id>) {
        std::array<std::byte, 16> raw;
        if (auto done = f.read(raw); !done) return done;
        value = object_id::of(raw);
        return true;
    } else if constexpr (std::same_as<T, text_pair>) {
        byte_view in = f.value;
        const auto size = wire::take_varint(in);
        if (!size) return std::unexpected(size.error());
        if (*size > in.size()) return fail(errc::corrupt, "field: pair of texts", f.tag);
        value.first = rsx::text_of(in.first(static_cast<std::size_t>(*size)));
        value.second = rsx::text_of(in.subspan(static_cast<std::size_t>(*size)));
        return true;
    } else if constexpr (packed<T>) {
        auto unpacked = T::unpack(f.value);
        if (!unpacked) return std::unexpected(unpacked.error());
        value = std::move(*unpacked);
        return true;
    } else if constexpr (described<T>) {
        auto read = read_members(wire::field_reader::group(f.value), value);
        if (!read) return std::unexpected(read.error());
        return true;
    } else {
        return f.read(value);
    }
}

template <class T>
[[nodiscard]] result<bool> read_member(const wire::field& f, T& member) {
    if constexpr (is_optional<T>) {
        return read_value(f, member.emplace());
    } else if constexpr (is_list<T>) {
        return read_value(f, member.emplace_back());
    } else {
        return read_value(f, member);
    }
}

template <described T>
[[nodiscard]] result<void> read_members(wire::field_reader in, T& row) {
    const auto take = [&row](const wire::field& f) -> result<bool> {
        result<bool> known = false;
        const auto read = [&](std::uint64_t tag, auto& member) {
            if (tag == f.tag) known = read_member(f, member);
        };
        T::describe(row, read);
        return known;
    };
    auto extras = wire::read_fields(std::move(in), take);
    if (!extras) return std::unexpected(extras.error());
    row.extras = std::move(*extras);
    if constexpr (checked<T>) {
        if (!row.valid()) return fail(errc::corrupt, "row: fields that contradict each other");
    }
    return {};
}

}  // namespace detail

template <described T>
[[nodiscard]] std::string encode(const T& row) {
    wire::field_writer out;
    detail::write_members(out, row);
    return std::string{rsx::text_of(out.view())};
}

// errc::limit if the value is larger than such a row may be (T::bytes_max).
template <described T>
[[nodiscard]] result<std::string> encode_within(const T& row) {
    std::string value = encode(row);
    if (value.size() > T::bytes_max)
        return fail(errc::limit, "row: larger than its kind may be", value.size());
    return value;
}

// errc::corrupt, or errc::unsupported: written by a build that knows more.
template <described T>
[[nodiscard]] result<T> decode(std::string_view value) {
    auto in = wire::field_reader::row(bytes_of(value));
    if (!in) return std::unexpected(in.error());
    T row;
    if (auto read = detail::read_members(std::move(*in), row); !read)
        return std::unexpected(read.error());
    return row;
}

}  // namespace rsx::meta::rows
