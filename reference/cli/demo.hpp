// SPDX-License-Identifier: Apache-2.0

// `rsx demo`: encode a sentence into 4+2 shards, delete two, bring it back.
#pragma once

#include "exit_codes.hpp"

namespace rsx_cli {

[[nodiscard]] outcome<void> run_demo();

}  // namespace rsx_cli
