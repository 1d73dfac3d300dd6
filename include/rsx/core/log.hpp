// SPDX-License-Identifier: Apache-2.0

// Structured logging: one event, some fields, one line of logfmt.
//
//     void lost(rsx::log::sink& log, unsigned node, const rsx::error& why) {
//         rsx::log::line{rsx::log::level::warn, "shard lost"}
//             .with("node", node).with("error", why).to(log);
//     }
//     rsx::log::stderr_sink log{rsx::system_wall_clock()};
//     // time=2026-03-01T12:00:00.123Z level=warn event="shard lost" node=3 error="i/o error: ..."
//
// A sink is a parameter; there is no global one. A value is quoted when it must be, so a line is
// always one line whatever a client sent, and cut at limits::log_value_bytes_max. Fields cost an
// allocation or two: log what an operator acts upon, count the rest (core/metrics.hpp). The sinks
// here may be shared by threads.
#pragma once

#include <rsx/core/clock.hpp>
#include <rsx/core/error.hpp>
#include <rsx/core/limits.hpp>

#include <chrono>
#include <concepts>
#include <cstdio>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rsx::log {

enum class level : std::uint8_t { debug, info, warn, error };

[[nodiscard]] constexpr std::string_view name_of(level l) noexcept {
    switch (l) {
        case level::debug: return "debug";
        case level::info: return "info";
        case level::warn: return "warn";
        case level::error: return "error";
    }
    return "?";
}

class line;

class sink {
public:
    virtual ~sink() = default;
    virtual void write(const line& of) = 0;
    // Whether lines of this level are kept: ask before collecting costly fields.
    [[nodiscard]] virtual bool wants(level) const { return true; }
};

// `plain`, or `"with \"quotes\" and\nescapes"`: readable by any logfmt parser.
[[nodiscard]] inline std::string quoted(std::string_view value) {
    const bool cut = value.size() > limits::log_value_bytes_max;
    if (cut) value = value.substr(0, limits::log_value_bytes_max);
    bool plain = !value.empty() && !cut;
    for (const char c : value)
        plain = plain && static_cast<unsigned char>(c) > ' ' && c != '"' && c != '=' && c != '\\' &&
                c != '\x7f';
    if (plain) return std::string{value};

    constexpr char digits[] = "0123456789abcdef";
    std::string out = "\"";
    for (const char c : value) {
        const auto byte = static_cast<unsigned char>(c);
        switch (c) {
            case '"': out += "\\\""; break;
            case '\\': out += "\\\\"; break;
            case '\n': out += "\\n"; break;
            case '\r': out += "\\r"; break;
            case '\t': out += "\\t"; break;
            default:
                if (byte < ' ' || byte == 0x7f)
                    out.append("\\x").append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
                else
                    out += c;
        }
    }
    if (cut) out += "...";
    return out + '"';
}

class line {
public:
    line(level severity, std::string_view event) : severity_{severity}, event_{event} {}

    line& with(std::string_view key, std::string_view value) {
        text_.append(" ").append(key).append("=").append(log::quoted(value));
        return *this;
    }
    line& with(std::string_view key, const char* value) {
        return with(key, std::string_view{value});
    }
    line& with(std::string_view key, bool value) { return with(key, value ? "true" : "false"); }
    template <class T>
        requires std::integral<T> || std::floating_point<T>
    line& with(std::string_view key, T value) {
        return with(key, std::string_view{std::to_string(value)});
    }
    line& with(std::string_view key, const rsx::error& value) {
        return with(key, std::string_view{to_string(value)});
    }

    void to(sink& where) const {
        if (where.wants(severity_)) where.write(*this);
    }

    [[nodiscard]] level severity() const noexcept { return severity_; }
    [[nodiscard]] const std::string& event() const noexcept { return event_; }
    // level=info event=started port=9000
    [[nodiscard]] std::string text() const {
        std::string out = "level=";
        return out.append(name_of(severity_)).append(" event=").append(log::quoted(event_)) + text_;
    }

private:
    level severity_;
    std::string event_;
    std::string text_;
};

// 2026-03-01T12:00:00.123Z
[[nodiscard]] inline std::string utc_text(std::int64_t ms) {
    using namespace std::chrono;
    const auto at = sys_time<milliseconds>{milliseconds{ms}};
    const auto day = floor<days>(at);
    const year_month_day date{day};
    const hh_mm_ss clock{at - day};
    char text[64];
    const int size = std::snprintf(
        text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", int{date.year()},
        unsigned{date.month()}, unsigned{date.day()}, static_cast<int>(clock.hours().count()),
        static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()),
        static_cast<int>(clock.subseconds().count()));
    return {text, static_cast<std::size_t>(size)};
}

// The default: one write of one line to a stream, which stderr passes on whole.
class stderr_sink final : public sink {
public:
    explicit stderr_sink(const wall_clock& wall, level least = level::info,
                         std::FILE* out = stderr) noexcept
        : wall_{wall}, least_{least}, out_{out} {}

    void write(const line& of) override {
        const std::string text = "time=" + utc_text(wall_.now_ms()) + ' ' + of.text() + '\n';
        std::fwrite(text.data(), 1, text.size(), out_);
        std::fflush(out_);
    }
    [[nodiscard]] bool wants(level l) const override { return l >= least_; }

private:
    const wall_clock& wall_;
    level least_;
    std::FILE* out_;
};

// Keeps lines in memory, for tests.
class memory_sink final : public sink {
public:
    void write(const line& of) override {
        const std::lock_guard hold{lock_};
        lines_.push_back(of.text());
    }
    [[nodiscard]] std::vector<std::string> lines() const {
        const std::lock_guard hold{lock_};
        return lines_;
    }

private:
    mutable std::mutex lock_;
    std::vector<std::string> lines_;
};

class silent_sink final : public sink {
public:
    void write(const line&) override {}
    [[nodiscard]] bool wants(level) const override { return false; }
};

}  // namespace rsx::log
