// SPDX-License-Identifier: Apache-2.0

// The roof of dense-matrix codes: how fast this CPU multiplies vectors with 8 x 8 bit matrices when
// nothing else is to be done. An encoder of m parity rows can reach that over m. Only for CPUs with
// AVX-512 and GFNI; "-" elsewhere.
#include <rsx/core/isa.hpp>

#include "bench.hpp"

#if defined(__x86_64__)
RSX_REGION_PUSH("avx512f,avx512bw,avx512vl,gfni")
static void multiply(std::size_t times, __m512i* state) {
    __m512i x[12];
    RSX_UNROLL
    for (unsigned i = 0; i < 12; ++i) x[i] = state[i];
    for (; times != 0; --times) {
        RSX_UNROLL
        for (unsigned i = 0; i < 12; ++i) x[i] = _mm512_gf2p8affine_epi64_epi8(x[i], state[12], 0);
    }
    RSX_UNROLL
    for (unsigned i = 0; i < 12; ++i) state[i] = x[i];
}
RSX_REGION_POP
#endif

int main() {
    return bench::serve([](const bench::cell& c) -> std::function<void()> {
#if defined(__x86_64__)
        if (c.op != "encode" || !rsx::isa::has_avx512bw() || !rsx::isa::has_gfni()) return {};
        // As many multiplications as the encoder makes.
        const std::size_t vectors = c.k * c.bytes / 64 * c.m;
        return [vectors] {
            alignas(64) static __m512i state[13];
            multiply(vectors / 12, state);
        };
#else
        return {};
#endif
    });
}
