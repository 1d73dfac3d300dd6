// SPDX-License-Identifier: Apache-2.0

// What `rsx` says to people: complaints, progress bars, sizes one can read.
//
//     rsx_cli::progress bar{"encode", size, !quiet};
//     bar.add(bytes);                                // redraws at most ten times a second
//     bar.finish("into 14 shards");                  // "encode 10.0 GiB into 14 shards, 812 MB/s"
//
// All of it goes to stderr, so that stdout is for data. A bar is drawn only on a terminal. One
// thread draws; `add` may be called from several.
#pragma once

#include "exit_codes.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace rsx_cli {

// "rsx: ..." on stderr; answers the number for `main` to return.
int complain(const failure& why);
void note(const std::string& what);  // "rsx: ..." that is no failure

// "0 B", "64.0 KiB", "1.5 GiB"
[[nodiscard]] std::string human_size(std::uint64_t bytes);
// Control characters as \xNN, so that no name can move the cursor or add a line.
[[nodiscard]] std::string printable(std::string_view name);

// Ctrl-C and SIGTERM ask long commands to clean up and end; SIGPIPE becomes an error of `write`.
void watch_for_interrupts();
[[nodiscard]] bool interrupted();

class progress {
public:
    // `total` 0: not known.
    progress(std::string doing, std::uint64_t total, bool talkative);
    progress(const progress&) = delete;
    progress& operator=(const progress&) = delete;
    ~progress();

    void add(std::uint64_t bytes);
    void finish(const std::string& how);
    [[nodiscard]] std::uint64_t done() const { return done_; }

private:
    void draw();
    void wipe();

    std::string doing_;
    std::uint64_t total_;
    bool talkative_;
    bool drawing_;
    std::atomic<std::uint64_t> done_{0};
    std::atomic_flag busy_{};
    std::chrono::steady_clock::time_point began_;
    std::chrono::steady_clock::time_point drawn_{};
    bool shown_{false};
};

}  // namespace rsx_cli
