// SPDX-License-Identifier: Apache-2.0

// XXH64 under the name by which readers look for it among the digests.
//
//     std::uint64_t h = rsx::digest::xxhash64(bytes);          // seed 0
//
// The text is in core/hash.hpp, because placement, which stands beside this module, needs it too.
#pragma once

#include <rsx/core/hash.hpp>

namespace rsx::digest {

using rsx::xxhash64;

}  // namespace rsx::digest
