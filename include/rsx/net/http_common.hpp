// SPDX-License-Identifier: Apache-2.0

// What all connections of one HTTP server share: limits, the handler, counters, today's date.
//
//     rsx::net::http::server_limits allowed{.idle_time_max = 10s};
//     all.date();                                   // "Sun, 06 Nov 1994 08:49:37 GMT"
//
// Part of net/http_server.hpp. One loop.
#pragma once

#include <rsx/core/clock.hpp>
#include <rsx/net/http_parse.hpp>

#include <boost/beast/http/status.hpp>

#include <cstdio>

namespace rsx::net::http {

// What a server allows its clients; all of it may be made smaller for tests.
struct server_limits {
    std::size_t connections_max{limits::connections_max};
    std::uint64_t body_bytes_max{limits::put_bytes_max + limits::put_bytes_max / 16};
    nanos head_time_max{limits::head_time_max};  // from the first byte of a head to its last
    nanos idle_time_max{limits::idle_time_max};  // between requests
    nanos body_stall_max{limits::body_stall_max};
    nanos linger_max{limits::http_linger_max};
};

namespace detail {

// What the connections of one server have in common.
struct common {
    server_limits allowed{};
    const wall_clock* wall{nullptr};
    handler answer{};
    bool closing{false};  // finish what is under way, take nothing new
    std::uint64_t requests{0};
    std::uint64_t refused{0};

    // "Sun, 06 Nov 1994 08:49:37 GMT", made once a second.
    [[nodiscard]] const std::string& date() {
        const std::int64_t second = wall->now_ms() / 1000;
        if (second != date_of_) {
            date_of_ = second;
            date_ = text_of_date(second);
        }
        return date_;
    }

private:
    [[nodiscard]] static std::string text_of_date(std::int64_t second) {
        using namespace std::chrono;
        static constexpr const char* days_of_week[] = {"Sun", "Mon", "Tue", "Wed",
                                                       "Thu", "Fri", "Sat"};
        static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
        const sys_seconds at{seconds{second}};
        const auto day = floor<days>(at);
        const year_month_day date{day};
        const hh_mm_ss clock{at - day};
        char text[64];
        const int size = std::snprintf(text, sizeof text, "%s, %02u %s %04d %02d:%02d:%02d GMT",
                                       days_of_week[weekday{day}.c_encoding()],
                                       unsigned{date.day()}, months[unsigned{date.month()} - 1],
                                       int{date.year()}, static_cast<int>(clock.hours().count()),
                                       static_cast<int>(clock.minutes().count()),
                                       static_cast<int>(clock.seconds().count()));
        return {text, static_cast<std::size_t>(size)};
    }
    std::int64_t date_of_{-1};
    std::string date_{};
};

[[nodiscard]] inline std::string_view phrase_of(unsigned status) {
    const auto text = beast_http::obsolete_reason(static_cast<beast_http::status>(status));
    return {text.data(), text.size()};
}

}  // namespace detail

}  // namespace rsx::net::http
