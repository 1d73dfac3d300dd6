// SPDX-License-Identifier: Apache-2.0
#include "unit.hpp"

std::vector<runner> kernels_of_the_wide_unit() { return kernels_here(); }
bool wide_unit_works() { return works_here(); }
