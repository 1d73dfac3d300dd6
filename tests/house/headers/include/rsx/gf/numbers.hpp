// SPDX-License-Identifier: Apache-2.0

// Uses what it does not include.
#pragma once

namespace rsx::gf {

inline std::vector<int> numbers() { return {7}; }

}  // namespace rsx::gf
