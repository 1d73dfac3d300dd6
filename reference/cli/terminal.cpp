// SPDX-License-Identifier: Apache-2.0
#include "terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>

namespace rsx_cli {
namespace {

using clock = std::chrono::steady_clock;
constexpr auto redraw_pause = std::chrono::milliseconds{100};

volatile std::sig_atomic_t asked_to_end = 0;
void remember(int) { asked_to_end = 1; }

double seconds_since(clock::time_point when) {
    return std::chrono::duration<double>(clock::now() - when).count();
}

std::string rate(std::uint64_t bytes, double seconds) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.0f MB/s",
                  static_cast<double>(bytes) / 1e6 / std::max(seconds, 1e-3));
    return text.data();
}

unsigned columns() {
    winsize size{};
    if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
    return size.ws_col;
}

}  // namespace

int complain(const failure& why) {
    std::fprintf(stderr, "rsx: %s\n", why.what.c_str());
    return static_cast<int>(why.code);
}

void note(const std::string& what) { std::fprintf(stderr, "rsx: %s\n", what.c_str()); }

std::string human_size(std::uint64_t bytes) {
    constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= 1023.95 && unit + 1 < units.size()) {
        value /= 1024;
        ++unit;
    }
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
    return text.data();
}

std::string printable(std::string_view name) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (const char c : name) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte != 0x7f) {
            out += c;
            continue;
        }
        out += "\\x";
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

void watch_for_interrupts() {
    struct sigaction act{};
    act.sa_handler = remember;
    act.sa_flags = static_cast<int>(SA_RESETHAND);  // the second Ctrl-C ends at once
    ::sigaction(SIGINT, &act, nullptr);
    ::sigaction(SIGTERM, &act, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
}

bool interrupted() { return asked_to_end != 0; }

progress::progress(std::string doing, std::uint64_t total, bool talkative)
    : doing_{std::move(doing)},
      total_{total},
      talkative_{talkative},
      drawing_{talkative && ::isatty(STDERR_FILENO) == 1},
      began_{clock::now()} {}

progress::~progress() { wipe(); }

void progress::add(std::uint64_t bytes) {
    done_ += bytes;
    if (!drawing_ || busy_.test_and_set()) return;
    if (clock::now() - drawn_ >= redraw_pause) draw();
    busy_.clear();
}

void progress::draw() {
    drawn_ = clock::now();
    shown_ = true;
    const std::uint64_t done = done_;
    std::string text = doing_ + "  " + human_size(done);
    std::string tail = "  " + rate(done, seconds_since(began_));
    if (total_ > 0) {
        const double part = std::min(1.0, static_cast<double>(done) / static_cast<double>(total_));
        const double left = part > 0 ? seconds_since(began_) * (1 - part) / part : 0;
        text += " of " + human_size(total_);
        tail += "  " + std::to_string(static_cast<long>(left)) + " s left";
        const std::size_t used = text.size() + tail.size() + 8;
        const std::size_t room = columns() > used ? std::min<std::size_t>(columns() - used, 40) : 0;
        if (room >= 8) {
            const auto full = static_cast<std::size_t>(part * static_cast<double>(room));
            text += "  [" + std::string(full, '#') + std::string(room - full, '.') + ']';
        }
    }
    text += tail;
    std::fprintf(stderr, "\r\033[K%s", text.substr(0, columns() - 1).c_str());
    std::fflush(stderr);
}

void progress::wipe() {
    if (shown_) std::fputs("\r\033[K", stderr);
    shown_ = false;
}

void progress::finish(const std::string& how) {
    wipe();
    if (!talkative_) return;
    const double seconds = seconds_since(began_);
    std::fprintf(stderr, "%s %s%s%s, %s\n", doing_.c_str(), human_size(done_).c_str(),
                 how.empty() ? "" : " ", how.c_str(), rate(done_, seconds).c_str());
}

}  // namespace rsx_cli
