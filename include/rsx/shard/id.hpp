// SPDX-License-Identifier: Apache-2.0

// A shard id as bytes and as text, both of which sort as ids do.
//
//     std::array<std::byte, 38> key = shard::key_of(id);       // big-endian, in the order of id
//     std::string name = shard::name_of(id);                    // 76 digits of lower-case hex
//     auto back = shard::id_of_name(name);
//
// Pure functions.
#pragma once

#include <rsx/shard/concept.hpp>

#include <array>
#include <optional>

namespace rsx::shard {

[[nodiscard]] inline std::array<std::byte, id::bytes_size> key_of(const id& which) noexcept {
    std::array<std::byte, id::bytes_size> raw{};
    const byte_span out{raw};
    const auto object = which.object.bytes();
    store_be(out, which.hash);
    std::memcpy(out.data() + 8, object.data(), object.size());
    store_be(out.subspan(24), which.chunk);
    store_be(out.subspan(28), which.index);
    store_be(out.subspan(30), which.write);
    return raw;
}

// `raw` has at least id::bytes_size bytes.
[[nodiscard]] inline id id_of(byte_view raw) noexcept {
    return {.hash = load_be<std::uint64_t>(raw),
            .object = object_id::of(raw.subspan(8, 16)),
            .chunk = load_be<std::uint32_t>(raw.subspan(24)),
            .index = load_be<std::uint16_t>(raw.subspan(28)),
            .write = load_be<std::uint64_t>(raw.subspan(30))};
}

[[nodiscard]] inline std::string name_of(const id& which) { return hex(key_of(which)); }

// A number of exactly `text.size()` lower-case hexadecimal digits.
[[nodiscard]] inline std::optional<std::uint64_t> number_of_hex(std::string_view text) noexcept {
    if (text.empty() || text.size() > 16) return std::nullopt;
    std::uint64_t value = 0;
    for (const char c : text) {
        const bool digit = c >= '0' && c <= '9';
        if (!digit && (c < 'a' || c > 'f')) return std::nullopt;
        value = value << 4 | static_cast<std::uint64_t>(digit ? c - '0' : c - 'a' + 10);
    }
    return value;
}

[[nodiscard]] inline std::optional<id> id_of_name(std::string_view name) noexcept {
    std::array<std::byte, id::bytes_size> raw{};
    if (name.size() != 2 * raw.size()) return std::nullopt;
    for (std::size_t i = 0; i < raw.size(); ++i) {
        const auto value = number_of_hex(name.substr(2 * i, 2));
        if (!value) return std::nullopt;
        raw[i] = static_cast<std::byte>(*value);
    }
    return id_of(raw);
}

// The largest id: `list` of everything is [id{}, id_end()) but for this one, which no writer draws.
[[nodiscard]] constexpr id id_end() noexcept {
    return {.hash = ~std::uint64_t{0},
            .object = {~std::uint64_t{0}, ~std::uint64_t{0}},
            .chunk = ~std::uint32_t{0},
            .index = 0xffff,
            .write = ~std::uint64_t{0}};
}

}  // namespace rsx::shard
