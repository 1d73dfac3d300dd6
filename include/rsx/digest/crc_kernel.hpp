// SPDX-License-Identifier: Apache-2.0

// The loops behind every CRC: one portable, two by carry-less multiplication, chosen once per run.
//
// `portable` is the definition, eight bytes a step by tables (Kounavis, Berry 2005), and the oracle
// of the others. The fast ones *fold*: a 128-bit window H·x^64 + L that lies n bits before the end
// is worth (H·x^(n+64) mod P) + (L·x^n mod P), so it is multiplied by two constants and xored onto
// the window n bits further on, until only one window is left, which the tables finish. `pclmul`
// keeps four windows of 16 bytes in flight, `vpclmul` four of 64.
//
//     for (const auto& kernel : rsx::digest::crc_kernels())
//         if (kernel.runs()) std::puts(kernel.name);
//     rsx::digest::use_crc_kernel("portable");
//
// The chosen kernel is one atomic pointer; every function may be called from any thread.
#pragma once

#include <rsx/core/error.hpp>
#include <rsx/core/isa.hpp>
#include <rsx/digest/crc_math.hpp>

#include <rsx/core/bytes.hpp>

#include <atomic>
#include <span>
#include <string_view>

namespace rsx::digest {

// A remainder (not inverted, in the low bits), advanced over n bytes.
using crc_function = std::uint64_t (*)(std::uint64_t remainder, const std::byte* data,
                                       std::size_t n) noexcept;

struct crc_kernel {
    const char* name;
    bool (*runs)() noexcept;  // on this machine
    crc_function crc32c;
    crc_function crc32;
    crc_function crc64_nvme;
    crc_function crc64_iso;
};

inline namespace RSX_ISA_NAMESPACE {

template <class Poly>
[[nodiscard]] std::uint64_t crc_portable(std::uint64_t remainder, const std::byte* data,
                                         std::size_t n) noexcept {
    constexpr const auto& t = crc_math<Poly>::tables;
    for (; n >= 8; data += 8, n -= 8) {
        const std::uint64_t x = load_le<std::uint64_t>({data, 8}) ^ remainder;
        remainder = std::uint64_t{t[7][x & 255]} ^ t[6][(x >> 8) & 255] ^ t[5][(x >> 16) & 255] ^
                    t[4][(x >> 24) & 255] ^ t[3][(x >> 32) & 255] ^ t[2][(x >> 40) & 255] ^
                    t[1][(x >> 48) & 255] ^ t[0][x >> 56];
    }
    for (; n > 0; ++data, --n)
        remainder =
            t[0][(remainder ^ std::to_integer<std::uint64_t>(*data)) & 255] ^ (remainder >> 8);
    return remainder;
}

#if defined(__x86_64__)

// Multipliers that move a window on by `bits`: the low lane for its upper half, see the caption.
template <class Poly, unsigned Bits>
struct crc_fold {
    static constexpr auto low = static_cast<long long>(crc_math<Poly>::power(Bits + 63));
    static constexpr auto high = static_cast<long long>(crc_math<Poly>::power(Bits - 1));
};

RSX_REGION_PUSH("pclmul,sse4.1")

[[nodiscard]] inline __m128i crc_load16(const std::byte* p) noexcept {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
}

[[nodiscard]] inline __m128i crc_moved16(__m128i window, __m128i by) noexcept {
    return _mm_xor_si128(_mm_clmulepi64_si128(window, by, 0x00),
                         _mm_clmulepi64_si128(window, by, 0x11));
}

template <class Poly>
[[nodiscard]] std::uint64_t crc_pclmul(std::uint64_t remainder, const std::byte* data,
                                       std::size_t n) noexcept {
    if (n < 128) return crc_portable<Poly>(remainder, data, n);
    const __m128i by64 = _mm_set_epi64x(crc_fold<Poly, 512>::high, crc_fold<Poly, 512>::low);
    const __m128i by16 = _mm_set_epi64x(crc_fold<Poly, 128>::high, crc_fold<Poly, 128>::low);

    __m128i a =
        _mm_xor_si128(crc_load16(data), _mm_cvtsi64_si128(static_cast<long long>(remainder)));
    __m128i b = crc_load16(data + 16);
    __m128i c = crc_load16(data + 32);
    __m128i d = crc_load16(data + 48);
    for (data += 64, n -= 64; n >= 64; data += 64, n -= 64) {
        a = _mm_xor_si128(crc_moved16(a, by64), crc_load16(data));
        b = _mm_xor_si128(crc_moved16(b, by64), crc_load16(data + 16));
        c = _mm_xor_si128(crc_moved16(c, by64), crc_load16(data + 32));
        d = _mm_xor_si128(crc_moved16(d, by64), crc_load16(data + 48));
    }
    b = _mm_xor_si128(crc_moved16(a, by16), b);
    c = _mm_xor_si128(crc_moved16(b, by16), c);
    d = _mm_xor_si128(crc_moved16(c, by16), d);
    for (; n >= 16; data += 16, n -= 16) d = _mm_xor_si128(crc_moved16(d, by16), crc_load16(data));

    std::byte last[16];
    _mm_storeu_si128(reinterpret_cast<__m128i*>(last), d);
    return crc_portable<Poly>(crc_portable<Poly>(0, last, 16), data, n);
}

RSX_REGION_POP

RSX_REGION_PUSH("vpclmulqdq,avx512f,avx512vl,avx512dq,pclmul")

[[nodiscard]] inline __m512i crc_load64(const std::byte* p) noexcept {
    return _mm512_loadu_si512(p);
}

// window · by + next: two products and the next window in one three-way xor (0x96)
[[nodiscard]] inline __m512i crc_moved64(__m512i window, __m512i by, __m512i next) noexcept {
    return _mm512_ternarylogic_epi64(_mm512_clmulepi64_epi128(window, by, 0x00),
                                     _mm512_clmulepi64_epi128(window, by, 0x11), next, 0x96);
}

template <class Poly>
[[nodiscard]] std::uint64_t crc_vpclmul(std::uint64_t remainder, const std::byte* data,
                                        std::size_t n) noexcept {
    if (n < 512) return crc_pclmul<Poly>(remainder, data, n);
    constexpr auto l256 = crc_fold<Poly, 2048>::low;
    constexpr auto h256 = crc_fold<Poly, 2048>::high;
    constexpr auto l64 = crc_fold<Poly, 512>::low;
    constexpr auto h64 = crc_fold<Poly, 512>::high;
    const __m512i by256 = _mm512_set_epi64(h256, l256, h256, l256, h256, l256, h256, l256);
    const __m512i by64 = _mm512_set_epi64(h64, l64, h64, l64, h64, l64, h64, l64);

    const __m512i start =
        _mm512_zextsi128_si512(_mm_cvtsi64_si128(static_cast<long long>(remainder)));
    __m512i a = _mm512_xor_si512(crc_load64(data), start);
    __m512i b = crc_load64(data + 64);
    __m512i c = crc_load64(data + 128);
    __m512i d = crc_load64(data + 192);
    for (data += 256, n -= 256; n >= 256; data += 256, n -= 256) {
        a = crc_moved64(a, by256, crc_load64(data));
        b = crc_moved64(b, by256, crc_load64(data + 64));
        c = crc_moved64(c, by256, crc_load64(data + 128));
        d = crc_moved64(d, by256, crc_load64(data + 192));
    }
    b = crc_moved64(a, by64, b);
    c = crc_moved64(b, by64, c);
    d = crc_moved64(c, by64, d);
    for (; n >= 64; data += 64, n -= 64) d = crc_moved64(d, by64, crc_load64(data));

    std::byte last[64];
    _mm512_storeu_si512(last, d);
    return crc_portable<Poly>(crc_portable<Poly>(0, last, 64), data, n);
}

RSX_REGION_POP

#endif  // __x86_64__

// Slowest first; the last one that runs here is the default.
[[nodiscard]] inline std::span<const crc_kernel> crc_kernels() noexcept {
    static constexpr crc_kernel all[] = {
        {"portable", []() noexcept { return true; }, crc_portable<crc32c_poly>,
         crc_portable<crc32_poly>, crc_portable<crc64_nvme_poly>, crc_portable<crc64_iso_poly>},
#if defined(__x86_64__)
        {"pclmul", isa::has_pclmul, crc_pclmul<crc32c_poly>, crc_pclmul<crc32_poly>,
         crc_pclmul<crc64_nvme_poly>, crc_pclmul<crc64_iso_poly>},
        {"vpclmul", []() noexcept { return isa::has_vpclmul512() && isa::has_pclmul(); },
         crc_vpclmul<crc32c_poly>, crc_vpclmul<crc32_poly>, crc_vpclmul<crc64_nvme_poly>,
         crc_vpclmul<crc64_iso_poly>},
#endif
    };
    return all;
}

namespace crc_detail {

inline std::atomic<const crc_kernel*> chosen_crc_kernel{nullptr};

}  // namespace crc_detail

// The kernel in use: chosen at the first call, until `use_crc_kernel` says otherwise.
[[nodiscard]] inline const crc_kernel& current_crc_kernel() noexcept {
    const crc_kernel* chosen = crc_detail::chosen_crc_kernel.load(std::memory_order_acquire);
    if (chosen != nullptr) return *chosen;
    for (const auto& kernel : crc_kernels())
        if (kernel.runs()) chosen = &kernel;
    const crc_kernel* none = nullptr;
    if (crc_detail::chosen_crc_kernel.compare_exchange_strong(none, chosen)) return *chosen;
    return *none;
}

inline result<void> use_crc_kernel(std::string_view name) noexcept {
    for (const auto& kernel : crc_kernels()) {
        if (name != kernel.name) continue;
        if (!kernel.runs()) return fail(errc::unsupported, "this CPU cannot run that CRC kernel");
        crc_detail::chosen_crc_kernel.store(&kernel, std::memory_order_release);
        return {};
    }
    return fail(errc::not_found, "no CRC kernel has that name");
}

}  // namespace RSX_ISA_NAMESPACE
}  // namespace rsx::digest
