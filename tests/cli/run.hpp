// SPDX-License-Identifier: Apache-2.0

// Runs the programs under test and says how they ended; files to do it with.
#pragma once

#include "temporary.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <sys/types.h>

struct ran {
    int code{-1};  // of exit; 128 + signal if it was killed
    std::string out{};
    std::string err{};
    long peak_kib{0};
};

using words = std::vector<std::string>;

// A place of its own for a test, and `rsx` in it.
class workbench {
public:
    // The arguments of rsx. Variables are added to an environment without RSX_ and AWS_.
    [[nodiscard]] ran rsx(const words& arguments, const std::string& input = "") const;
    std::map<std::string, std::string> environment{};
    bool keep_output{true};  // false: standard output goes nowhere

    [[nodiscard]] std::string file(const std::string& name) const { return place_.file(name); }
    void write(const std::string& name, const std::string& bytes) const;
    [[nodiscard]] std::string read(const std::string& name) const;
    [[nodiscard]] bool exists(const std::string& name) const;
    // Names in a folder, sorted.
    [[nodiscard]] words names(const std::string& folder) const;
    // Flips one bit.
    void flip(const std::string& name, std::uint64_t at) const;

private:
    temporary_directory place_{};
};

// Bytes from a seed.
[[nodiscard]] std::string some_bytes(std::size_t size, std::uint64_t seed);
// A port of the loopback nobody has.
[[nodiscard]] std::uint16_t free_port();

// A program that runs until this is destroyed (SIGTERM, then SIGKILL).
class background {
public:
    background(const words& command, const std::string& log);
    background(const background&) = delete;
    background& operator=(const background&) = delete;
    ~background();
    void kill_now();

private:
    pid_t child_{-1};
};
