// SPDX-License-Identifier: Apache-2.0

// What every role of rsxd does as a process: signals, readiness, keys, the words it starts with.
//
//     rsxd::process self;                     // before any thread: signals are blocked from here
//     ...
//     self.ready("serving");                  // to systemd, if it asked
//     self.wait_for_end();                    // SIGTERM or SIGINT
//
// Exit codes are in docs/reference/exit-codes.md.
#pragma once

#include "config.hpp"

#include <string>

namespace rsxd {

enum exit_code : int { exit_ok = 0, exit_failed = 1, exit_usage = 2 };

class process {
public:
    process();  // blocks SIGTERM and SIGINT for wait_for_end, ignores SIGPIPE

    // sd_notify(3): READY=1 and a status, if NOTIFY_SOCKET is set. Never fails.
    void ready(const std::string& status) const;
    void stopping() const;

    // Sleeps until the process is asked to end; answers the signal.
    int wait_for_end() const;
};

// Keys from the environment replace those of the configuration; with neither, the development keys
// hold, on loopback only. Answers what to complain about, or nothing.
[[nodiscard]] std::string settle_keys(config& settings, bool& development);

inline constexpr const char* development_access_key = "rsxdev";
inline constexpr const char* development_secret_key = "rsxdevsecret";

struct dev_options {
    std::filesystem::path dir{};
    std::optional<unsigned> nodes{};
    std::optional<code_shape> code{};
    std::optional<std::uint16_t> port{};
    std::filesystem::path config_file{};
    unsigned loops{0};  // 0: one a core
};

struct role_options {
    std::filesystem::path config_file{};
    std::string role{};
    std::optional<std::uint32_t> id{};
    unsigned loops{0};
};

// The roles. Each returns an exit code and has said on stderr what went wrong.
[[nodiscard]] int run_dev(const dev_options& how);
[[nodiscard]] int run_gateway(const role_options& how);
[[nodiscard]] int run_shard(const role_options& how);

// Prints "rsxd: ..." on stderr.
void complain(const std::string& what);

}  // namespace rsxd
