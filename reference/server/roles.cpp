// SPDX-License-Identifier: Apache-2.0
#include "process.hpp"

namespace rsxd {

int run_gateway(const role_options&) { return exit_failed; }
int run_shard(const role_options&) { return exit_failed; }

}  // namespace rsxd
