// SPDX-License-Identifier: Apache-2.0

// A function that is defined once for each file that includes it.
#pragma once

#include <vector>

namespace rsx {

int number() { return 7; }

}  // namespace rsx
