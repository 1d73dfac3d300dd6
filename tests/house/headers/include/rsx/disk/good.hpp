// SPDX-License-Identifier: Apache-2.0

// A header without fault.
#pragma once

namespace rsx::disk {

inline int good() { return 7; }

}  // namespace rsx::disk
