// SPDX-License-Identifier: Apache-2.0

// Borrowed bytes, and the few ways numbers and text become bytes and come back.
//
//     rsx::byte_view view = rsx::bytes_of("hello");
//     rsx::store_le<std::uint32_t>(out, 7);           // out.size() >= 4
//     auto n = rsx::load_le<std::uint32_t>(out);      // 7
//
// Views never own: they must not outlive the call they are passed to. Everything here is O(bytes)
// and touches no shared state.
#pragma once

#include <rsx/core/assert.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace rsx {

using byte_view = std::span<const std::byte>;  // borrowed, read
using byte_span = std::span<std::byte>;        // borrowed, filled wholly by whoever takes it

inline constexpr std::size_t kib = 1024;
inline constexpr std::size_t mib = 1024 * kib;
inline constexpr std::uint64_t gib = 1024 * std::uint64_t{mib};

[[nodiscard]] inline byte_view bytes_of(std::string_view text) noexcept {
    return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

[[nodiscard]] inline std::string_view text_of(byte_view bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

namespace detail {

template <std::unsigned_integral T>
constexpr T swapped_unless(std::endian wanted, T value) noexcept {
    if (std::endian::native == wanted || sizeof(T) == 1) return value;
    T swapped = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) {
        swapped = static_cast<T>((sizeof(T) > 1 ? swapped << 8 : swapped) | (value & 0xff));
        value = static_cast<T>(sizeof(T) > 1 ? value >> 8 : 0);
    }
    return swapped;
}

template <std::unsigned_integral T>
void store(byte_span out, T value, std::endian order) noexcept {
    RSX_ASSERT(out.size() >= sizeof(T));
    value = swapped_unless(order, value);
    std::memcpy(out.data(), &value, sizeof(T));
}

template <std::unsigned_integral T>
T load(byte_view in, std::endian order) noexcept {
    RSX_ASSERT(in.size() >= sizeof(T));
    T value;
    std::memcpy(&value, in.data(), sizeof(T));
    return swapped_unless(order, value);
}

}  // namespace detail

// Little-endian: the order of every file format and frame of ours.
template <std::unsigned_integral T>
void store_le(byte_span out, T value) noexcept {
    detail::store(out, value, std::endian::little);
}
template <std::unsigned_integral T>
[[nodiscard]] T load_le(byte_view in) noexcept {
    return detail::load<T>(in, std::endian::little);
}

// Big-endian: the order of keys, so that memcmp sorts numbers.
template <std::unsigned_integral T>
void store_be(byte_span out, T value) noexcept {
    detail::store(out, value, std::endian::big);
}
template <std::unsigned_integral T>
[[nodiscard]] T load_be(byte_view in) noexcept {
    return detail::load<T>(in, std::endian::big);
}

// Lower-case hexadecimal.
[[nodiscard]] inline std::string hex(byte_view bytes) {
    constexpr char digits[] = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const auto b : bytes) {
        const auto value = std::to_integer<unsigned>(b);
        out += digits[value >> 4];
        out += digits[value & 15];
    }
    return out;
}

}  // namespace rsx
