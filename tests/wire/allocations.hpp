// SPDX-License-Identifier: Apache-2.0

// How many bytes `new` has handed out so far in this program; the counting is in allocations.cpp.
#pragma once

#include <cstddef>

std::size_t allocated_bytes() noexcept;
