// SPDX-License-Identifier: Apache-2.0

// How `rsx` ends, for scripts: one number a kind of failure, and the sentence that goes with it.
//
//     return rsx_cli::failure{rsx_cli::exit_code::not_found, "no such bucket: photos"};
//
// docs/reference/exit-codes.md is this table in prose. The numbers never change.
#pragma once

#include <rsx/core/error.hpp>

#include <expected>
#include <string>

namespace rsx_cli {

enum class exit_code : int {
    ok = 0,
    failed = 1,       // it did not work, and nothing below says why
    usage = 2,        // the command line makes no sense
    not_found = 3,    // no such file, bucket, key, node
    lost = 4,         // too few shards are left, or bytes are not what was written
    refused = 5,      // the server knows us not, or may not
    unavailable = 6,  // nobody answers, or not now: try again later
};

struct failure {
    exit_code code{exit_code::failed};
    std::string what{};
};

template <class T>
using outcome = std::expected<T, failure>;

[[nodiscard]] inline std::unexpected<failure> give_up(exit_code code, std::string what) {
    return std::unexpected(failure{code, std::move(what)});
}

// Which number an error of the library ends with.
[[nodiscard]] constexpr exit_code exit_code_of(rsx::errc code) noexcept {
    switch (code) {
        case rsx::errc::not_found: return exit_code::not_found;
        case rsx::errc::corrupt:
        case rsx::errc::too_few_shards: return exit_code::lost;
        case rsx::errc::unavailable:
        case rsx::errc::timed_out: return exit_code::unavailable;
        default: return exit_code::failed;
    }
}

[[nodiscard]] inline std::unexpected<failure> give_up(const std::string& doing,
                                                      const rsx::error& why) {
    return give_up(exit_code_of(why.code), doing + ": " + to_string(why));
}

}  // namespace rsx_cli
