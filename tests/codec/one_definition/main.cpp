// SPDX-License-Identifier: Apache-2.0
#include "unit.hpp"

#include <cstdio>

int main() {
    if (!rsx::isa::has_avx2()) {
        std::puts("skipped: this CPU has no AVX2, for which one of the units was compiled");
        return 0;
    }
    const auto plain = kernels_of_the_plain_unit();
    const auto wide = kernels_of_the_wide_unit();
    for (const runner p : plain)
        for (const runner w : wide)
            if (p == w) {
                std::puts("two units for different CPUs share a kernel");
                return 1;
            }
    if (!plain_unit_works() || !wide_unit_works()) {
        std::puts("a unit computes something else");
        return 1;
    }
    std::printf("%zu and %zu kernels, none shared\n", plain.size(), wide.size());
    return 0;
}
