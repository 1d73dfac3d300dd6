// SPDX-License-Identifier: Apache-2.0

// The three spellings of a moment that S3 uses, from and to milliseconds since 1970-01-01T00:00Z.
//
//     s3::http_date(ms)        "Fri, 24 May 2013 00:00:00 GMT"     headers (RFC 9110)
//     s3::iso_date(ms)         "2013-05-24T00:00:00.000Z"          XML (ISO 8601, extended)
//     s3::amz_date(ms)         "20130524T000000Z"                  signatures (ISO 8601, basic)
//     s3::parse_amz_date("20130524T000000Z")                       and back, or nothing
//
// Always UTC, always Gregorian; days come from the civil-from-days formulas of <chrono>. Parsing is
// strict about every digit and range, so a moment has one spelling per format. Pure functions.
#pragma once

#include <rsx/s3/text.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rsx::s3 {

namespace detail {

inline constexpr std::array<std::string_view, 7> weekdays{"Sun", "Mon", "Tue", "Wed",
                                                          "Thu", "Fri", "Sat"};
inline constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct civil {
    int year;
    unsigned month, day, hour, minute, second, millisecond;
    unsigned weekday;  // 0 is Sunday
};

inline civil civil_of(std::int64_t ms) noexcept {
    using namespace std::chrono;
    const sys_time<milliseconds> moment{milliseconds{ms}};
    const auto midnight = floor<days>(moment);
    const year_month_day date{midnight};
    const hh_mm_ss time{moment - midnight};
    return {static_cast<int>(date.year()),
            static_cast<unsigned>(date.month()),
            static_cast<unsigned>(date.day()),
            static_cast<unsigned>(time.hours().count()),
            static_cast<unsigned>(time.minutes().count()),
            static_cast<unsigned>(time.seconds().count()),
            static_cast<unsigned>(time.subseconds().count()),
            weekday{midnight}.c_encoding()};
}

inline std::optional<std::int64_t> ms_of(const civil& c) noexcept {
    using namespace std::chrono;
    const year_month_day date{year{c.year}, month{c.month}, day{c.day}};
    if (!date.ok() || c.hour > 23 || c.minute > 59 || c.second > 59) return std::nullopt;
    const auto moment = sys_days{date} + hours{c.hour} + minutes{c.minute} + seconds{c.second} +
                        milliseconds{c.millisecond};
    return duration_cast<milliseconds>(moment.time_since_epoch()).count();
}

inline void put_digits(std::string& out, unsigned value, unsigned width) {
    const auto at = out.size();
    out.resize(at + width);
    for (unsigned i = width; i-- > 0; value /= 10)
        out[at + i] = static_cast<char>('0' + value % 10);
}

// Reads a date from the left; every step that does not fit makes it `ok == false` for good.
struct date_reader {
    std::string_view rest;
    bool ok{true};

    unsigned digits(std::size_t width) noexcept {
        unsigned value = 0;
        if (!ok || rest.size() < width) return ok = false, 0;
        for (const char c : rest.substr(0, width)) {
            ok = ok && is_digit(c);
            value = value * 10 + static_cast<unsigned>(c - '0');
        }
        rest.remove_prefix(width);
        return ok ? value : 0;
    }
    void literal(std::string_view text) noexcept {
        ok = ok && rest.starts_with(text);
        if (ok) rest.remove_prefix(text.size());
    }
    template <std::size_t N>
    unsigned word_of(const std::array<std::string_view, N>& words) noexcept {
        for (unsigned i = 0; ok && i < N; ++i)
            if (rest.starts_with(words[i])) return rest.remove_prefix(words[i].size()), i;
        return ok = false, 0;
    }
};

}  // namespace detail

// "Fri, 24 May 2013 00:00:00 GMT"
[[nodiscard]] inline std::string http_date(std::int64_t ms) {
    const auto c = detail::civil_of(ms);
    std::string out{detail::weekdays[c.weekday]};
    out += ", ";
    detail::put_digits(out, c.day, 2);
    out += ' ';
    out += detail::months[c.month - 1];
    out += ' ';
    detail::put_digits(out, static_cast<unsigned>(c.year), 4);
    out += ' ';
    detail::put_digits(out, c.hour, 2);
    out += ':';
    detail::put_digits(out, c.minute, 2);
    out += ':';
    detail::put_digits(out, c.second, 2);
    out += " GMT";
    return out;
}

// "2013-05-24T00:00:00.000Z"
[[nodiscard]] inline std::string iso_date(std::int64_t ms) {
    const auto c = detail::civil_of(ms);
    std::string out;
    detail::put_digits(out, static_cast<unsigned>(c.year), 4);
    out += '-';
    detail::put_digits(out, c.month, 2);
    out += '-';
    detail::put_digits(out, c.day, 2);
    out += 'T';
    detail::put_digits(out, c.hour, 2);
    out += ':';
    detail::put_digits(out, c.minute, 2);
    out += ':';
    detail::put_digits(out, c.second, 2);
    out += '.';
    detail::put_digits(out, c.millisecond, 3);
    out += 'Z';
    return out;
}

// "20130524T000000Z"; its first eight characters are the date of a credential scope.
[[nodiscard]] inline std::string amz_date(std::int64_t ms) {
    const auto c = detail::civil_of(ms);
    std::string out;
    detail::put_digits(out, static_cast<unsigned>(c.year), 4);
    detail::put_digits(out, c.month, 2);
    detail::put_digits(out, c.day, 2);
    out += 'T';
    detail::put_digits(out, c.hour, 2);
    detail::put_digits(out, c.minute, 2);
    detail::put_digits(out, c.second, 2);
    out += 'Z';
    return out;
}

// The weekday must be a weekday, but need not be the right one: clients get it wrong, and S3 lets
// them.
[[nodiscard]] inline std::optional<std::int64_t> parse_http_date(std::string_view text) noexcept {
    detail::date_reader in{text};
    detail::civil c{};
    in.word_of(detail::weekdays);
    in.literal(", ");
    c.day = in.digits(2);
    in.literal(" ");
    c.month = in.word_of(detail::months) + 1;
    in.literal(" ");
    c.year = static_cast<int>(in.digits(4));
    in.literal(" ");
    c.hour = in.digits(2);
    in.literal(":");
    c.minute = in.digits(2);
    in.literal(":");
    c.second = in.digits(2);
    if (in.ok && in.rest != " GMT" && in.rest != " UTC" && in.rest != " +0000") in.ok = false;
    return in.ok ? detail::ms_of(c) : std::nullopt;
}

// With or without a fraction of a second.
[[nodiscard]] inline std::optional<std::int64_t> parse_iso_date(std::string_view text) noexcept {
    detail::date_reader in{text};
    detail::civil c{};
    c.year = static_cast<int>(in.digits(4));
    in.literal("-");
    c.month = in.digits(2);
    in.literal("-");
    c.day = in.digits(2);
    in.literal("T");
    c.hour = in.digits(2);
    in.literal(":");
    c.minute = in.digits(2);
    in.literal(":");
    c.second = in.digits(2);
    if (in.ok && in.rest.starts_with('.')) {
        in.literal(".");
        unsigned scale = 100;
        while (in.ok && in.rest.size() > 1) {
            c.millisecond += in.digits(1) * scale;
            scale /= 10;
        }
    }
    if (in.rest != "Z") in.ok = false;
    return in.ok ? detail::ms_of(c) : std::nullopt;
}

[[nodiscard]] inline std::optional<std::int64_t> parse_amz_date(std::string_view text) noexcept {
    detail::date_reader in{text};
    detail::civil c{};
    c.year = static_cast<int>(in.digits(4));
    c.month = in.digits(2);
    c.day = in.digits(2);
    in.literal("T");
    c.hour = in.digits(2);
    c.minute = in.digits(2);
    c.second = in.digits(2);
    if (in.rest != "Z") in.ok = false;
    return in.ok ? detail::ms_of(c) : std::nullopt;
}

}  // namespace rsx::s3
