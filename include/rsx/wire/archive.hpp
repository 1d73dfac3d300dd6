// SPDX-License-Identifier: Apache-2.0

// cereal archives over memory, for messages from peers that may be broken or hostile.
//
// cereal's own binary archive believes a size before it has seen the bytes: twelve bytes can make
// it allocate gigabytes. These archives know how many bytes are left, and every element of a
// sequence takes at least one byte, so a claimed count is checked before anything is made room for;
// vectors then grow by what has really been read. Numbers are little-endian, counts are u32, a bool
// or an optional's mark is 0 or 1, enums are their underlying number.
//
//     template <class Archive> void serialize(Archive& a) { a(name, sizes, holder); }
//
// Programs use `encode` and `decode` of wire/message.hpp; only these two headers know cereal.
// Invariant: memory held by a decoded value is at most a constant (of its type) times its bytes.
#pragma once

#include <rsx/core/bytes.hpp>
#include <rsx/core/error.hpp>
#include <rsx/core/limits.hpp>

#include <cereal/cereal.hpp>

#include <array>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace rsx::wire {

// How an input archive stops; `decode` turns it into a value.
struct malformed {
    error why;
};

class output : public cereal::OutputArchive<output> {
public:
    explicit output(std::vector<std::byte>& bytes) : OutputArchive{this}, bytes_{bytes} {}

    void write(byte_view raw) { bytes_.insert(bytes_.end(), raw.begin(), raw.end()); }

    template <std::unsigned_integral T>
    void number(T value) {
        std::byte raw[sizeof(T)];
        store_le<T>(raw, value);
        write(raw);
    }

    void count(std::size_t n) {
        RSX_ASSERT(n <= std::numeric_limits<std::uint32_t>::max());
        number(static_cast<std::uint32_t>(n));
    }

private:
    std::vector<std::byte>& bytes_;
};

class input : public cereal::InputArchive<input> {
public:
    explicit input(byte_view bytes) : InputArchive{this}, left_{bytes} {}

    [[nodiscard]] byte_view left() const noexcept { return left_; }

    [[nodiscard]] byte_view read(std::size_t n) {
        if (n > left_.size()) throw malformed{{errc::corrupt, "message: truncated", n}};
        const byte_view taken = left_.first(n);
        left_ = left_.subspan(n);
        return taken;
    }

    template <std::unsigned_integral T>
    [[nodiscard]] T number() {
        return load_le<T>(read(sizeof(T)));
    }

    // A count of elements of which each takes `bytes_each` bytes or more.
    [[nodiscard]] std::size_t count(std::size_t bytes_each = 1) {
        const std::size_t n = number<std::uint32_t>();
        if (n > left_.size() / bytes_each)
            throw malformed{{errc::corrupt, "message: a count exceeds the bytes left", n}};
        return n;
    }

    [[nodiscard]] bool mark() {
        const auto value = number<std::uint8_t>();
        if (value > 1) throw malformed{{errc::corrupt, "message: neither yes nor no", value}};
        return value == 1;
    }

    // Types that contain themselves must not become a stack as deep as the message is long.
    class level {
    public:
        explicit level(input& in) : in_{in} {
            if (++in_.depth_ > limits::message_depth_max) {
                throw malformed{{errc::limit, "message: nested too deep", in_.depth_}};
            }
        }
        level(const level&) = delete;
        level& operator=(const level&) = delete;
        ~level() { --in_.depth_; }

    private:
        input& in_;
    };

private:
    byte_view left_;
    unsigned depth_{0};
};

namespace detail {

// Types whose bytes in memory are their bytes in a message, on little-endian machines.
template <class T>
concept plain_number = std::integral<T> && !std::same_as<T, bool>;

template <class T>
concept raw_element =
    std::same_as<T, std::byte> ||
    (plain_number<T> && (sizeof(T) == 1 || std::endian::native == std::endian::little));

}  // namespace detail

template <detail::plain_number T>
void save(output& archive, const T& value) {
    archive.number(static_cast<std::make_unsigned_t<T>>(value));
}
template <detail::plain_number T>
void load(input& archive, T& value) {
    value = static_cast<T>(archive.number<std::make_unsigned_t<T>>());
}

template <std::same_as<bool> T>
void save(output& archive, const T& value) {
    archive.number(static_cast<std::uint8_t>(value ? 1 : 0));
}
template <std::same_as<bool> T>
void load(input& archive, T& value) {
    value = archive.mark();
}

template <std::same_as<double> T>
void save(output& archive, const T& value) {
    archive.number(std::bit_cast<std::uint64_t>(value));
}
template <std::same_as<double> T>
void load(input& archive, T& value) {
    value = std::bit_cast<double>(archive.number<std::uint64_t>());
}

template <class Traits, class Allocator>
void save(output& archive, const std::basic_string<char, Traits, Allocator>& text) {
    archive.count(text.size());
    archive.write(bytes_of(text));
}
template <class Traits, class Allocator>
void load(input& archive, std::basic_string<char, Traits, Allocator>& text) {
    text = text_of(archive.read(archive.count()));
}

template <class T, class Allocator>
    requires(!std::same_as<T, bool>)
void save(output& archive, const std::vector<T, Allocator>& items) {
    archive.count(items.size());
    if constexpr (detail::raw_element<T>) {
        archive.write(std::as_bytes(std::span{items}));
    } else {
        for (const auto& item : items) archive(item);
    }
}
template <class T, class Allocator>
    requires(!std::same_as<T, bool>)
void load(input& archive, std::vector<T, Allocator>& items) {
    items.clear();
    if constexpr (detail::raw_element<T>) {
        const std::size_t n = archive.count(sizeof(T));
        const byte_view raw = archive.read(n * sizeof(T));
        items.resize(n);
        if (n != 0) std::memcpy(items.data(), raw.data(), raw.size());
    } else {
        const input::level deeper{archive};
        for (std::size_t n = archive.count(); n > 0; --n) archive(items.emplace_back());
    }
}

template <class T, std::size_t N>
void save(output& archive, const std::array<T, N>& items) {
    for (const auto& item : items) archive(item);
}
template <class T, std::size_t N>
void load(input& archive, std::array<T, N>& items) {
    for (auto& item : items) archive(item);
}

template <class T>
void save(output& archive, const std::optional<T>& maybe) {
    archive(maybe.has_value());
    if (maybe) archive(*maybe);
}
template <class T>
void load(input& archive, std::optional<T>& maybe) {
    const input::level deeper{archive};
    maybe.reset();
    if (archive.mark()) archive(maybe.emplace());
}

}  // namespace rsx::wire

CEREAL_SETUP_ARCHIVE_TRAITS(rsx::wire::input, rsx::wire::output)
