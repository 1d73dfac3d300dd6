// SPDX-License-Identifier: Apache-2.0

// Errors are values: few codes, a literal reason, one number.
//
//     if (have < need)
//         return rsx::fail(rsx::errc::too_few_shards, "need as many shards as data shards", have);
//     ...
//     auto value = compute();
//     if (!value) return std::unexpected(value.error());
//
// An error is 24 bytes, trivially copied, never allocates. Node, object and attempt belong into the
// log line where an error is handled, not into the error.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace rsx {

// A caller acts differently on each of these; that is why each exists.
enum class errc : std::uint8_t {
    not_found,        // no such thing
    conflict,         // someone else changed it: look again
    corrupt,          // bytes that cannot be what was written
    too_few_shards,   // more is missing than the code can bring back
    unavailable,      // not now: a peer or resource is away; try elsewhere or later
    timed_out,        // the deadline passed
    cancelled,        // the caller asked to stop
    unknown_outcome,  // it may or may not have happened
    invalid,          // the caller's request makes no sense
    limit,            // larger than a bound of core/limits.hpp
    full,             // no space
    unsupported,      // understood, and not done here
    io,               // the operating system said no
};

[[nodiscard]] constexpr std::string_view name_of(errc code) noexcept {
    switch (code) {
        case errc::not_found: return "not found";
        case errc::conflict: return "conflict";
        case errc::corrupt: return "corrupt";
        case errc::too_few_shards: return "too few shards";
        case errc::unavailable: return "unavailable";
        case errc::timed_out: return "timed out";
        case errc::cancelled: return "cancelled";
        case errc::unknown_outcome: return "unknown outcome";
        case errc::invalid: return "invalid";
        case errc::limit: return "limit";
        case errc::full: return "full";
        case errc::unsupported: return "unsupported";
        case errc::io: return "i/o error";
    }
    return "?";
}

// A reason is a string literal: it lives for ever and costs nothing to carry.
class reason {
public:
    consteval reason(const char* literal) : text_{literal} {}
    [[nodiscard]] constexpr const char* c_str() const noexcept { return text_; }
    friend constexpr bool operator==(reason a, reason b) noexcept {
        return std::string_view{a.text_} == std::string_view{b.text_};
    }

private:
    const char* text_;
};

struct [[nodiscard]] error {
    errc code;
    reason why;
    std::uint64_t detail{0};  // the number that helps: an index, a size, an errno

    friend constexpr bool operator==(const error&, const error&) noexcept = default;
};

template <class T>
using result = std::expected<T, error>;

[[nodiscard]] constexpr std::unexpected<error> fail(errc code, reason why,
                                                    std::uint64_t detail = 0) noexcept {
    return std::unexpected(error{code, why, detail});
}

// "too few shards: need as many shards as data shards (9)"
[[nodiscard]] inline std::string to_string(const error& e) {
    std::string text{name_of(e.code)};
    text += ": ";
    text += e.why.c_str();
    if (e.detail != 0) text += " (" + std::to_string(e.detail) + ")";
    return text;
}

}  // namespace rsx
