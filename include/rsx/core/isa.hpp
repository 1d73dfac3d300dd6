// SPDX-License-Identifier: Apache-2.0

// What this CPU can do, and the macros that let one header hold code for several CPUs.
//
//     RSX_REGION_PUSH("avx2")
//     inline void twice(std::uint8_t* p) { /* AVX2 intrinsics, no -m flag needed */ }
//     RSX_REGION_POP
//     if (rsx::isa::has_avx2()) twice(p);
//
// Inside a region `__AVX2__` and its friends stay undefined, and <immintrin.h> and standard headers
// must have been included before the first region. Code in regions belongs into
// `inline namespace RSX_ISA_NAMESPACE`: two translation units compiled for different CPUs then
// never share a function, which would hand an old CPU the other's instructions.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define RSX_PRAGMA(x) _Pragma(#x)
#if defined(__clang__)
#define RSX_UNROLL _Pragma("clang loop unroll_count(32)")
#define RSX_REGION_PUSH(isa) \
    RSX_PRAGMA(clang attribute push(__attribute__((target(isa))), apply_to = function))
#define RSX_REGION_POP _Pragma("clang attribute pop")
#else
#define RSX_UNROLL _Pragma("GCC unroll 32")
#define RSX_REGION_PUSH(isa)                                                                   \
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wmaybe-uninitialized\"") \
        _Pragma("GCC diagnostic ignored \"-Wuninitialized\"") _Pragma("GCC push_options")      \
            RSX_PRAGMA(GCC target(isa))
#define RSX_REGION_POP _Pragma("GCC pop_options") _Pragma("GCC diagnostic pop")
#endif

// Named by what the command line allows this translation unit to use everywhere.
#if defined(__AVX512BW__) && defined(__GFNI__)
#define RSX_ISA_NAMESPACE for_avx512_gfni
#elif defined(__AVX512BW__)
#define RSX_ISA_NAMESPACE for_avx512
#elif defined(__AVX2__) && defined(__GFNI__)
#define RSX_ISA_NAMESPACE for_avx2_gfni
#elif defined(__AVX2__)
#define RSX_ISA_NAMESPACE for_avx2
#elif defined(__AVX__)
#define RSX_ISA_NAMESPACE for_avx
#elif defined(__SSE4_2__)
#define RSX_ISA_NAMESPACE for_sse42
#elif defined(__SSSE3__)
#define RSX_ISA_NAMESPACE for_ssse3
#elif defined(__aarch64__)
#define RSX_ISA_NAMESPACE for_aarch64
#else
#define RSX_ISA_NAMESPACE for_baseline
#endif

namespace rsx::isa {

// On g++ a static initialiser may ask before the runtime looked: look first. Cheap, idempotent.
inline void look() noexcept {
#if defined(__x86_64__) && !defined(__clang__)
    __builtin_cpu_init();
#endif
}

#if defined(__x86_64__)
#define RSX_ISA_QUESTION(name, expression)      \
    [[nodiscard]] inline bool name() noexcept { \
        look();                                 \
        return (expression);                    \
    }
RSX_ISA_QUESTION(has_ssse3, __builtin_cpu_supports("ssse3"))
RSX_ISA_QUESTION(has_sse42, __builtin_cpu_supports("sse4.2"))
RSX_ISA_QUESTION(has_pclmul, __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1"))
RSX_ISA_QUESTION(has_avx2, __builtin_cpu_supports("avx2"))
RSX_ISA_QUESTION(has_gfni, __builtin_cpu_supports("gfni"))
RSX_ISA_QUESTION(has_avx512bw, __builtin_cpu_supports("avx512f") &&
                                   __builtin_cpu_supports("avx512bw") &&
                                   __builtin_cpu_supports("avx512vl"))
RSX_ISA_QUESTION(has_vpclmul512, __builtin_cpu_supports("vpclmulqdq") &&
                                     __builtin_cpu_supports("avx512f") &&
                                     __builtin_cpu_supports("avx512vl"))
#undef RSX_ISA_QUESTION
#endif

}  // namespace rsx::isa
