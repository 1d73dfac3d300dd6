// SPDX-License-Identifier: Apache-2.0

// Which kernels there are, which of them run here, and which one is used.
//
//     for (const auto& k : rsx::gf::kernels())
//         std::cout << k.name << (k.runs_here() ? "" : " (not on this CPU)") << '\n';
//     auto k = rsx::gf::current();                            // the best, or what RSX_KERNEL names
//     if (auto* forced = rsx::gf::kernel_named("avx2")) (void)rsx::gf::use(*forced);
//
// The first question decides: the environment variable RSX_KERNEL if it is set, else the last
// kernel in the list that runs here. A name that is unknown, or that this CPU cannot run, is an
// error, which every codec reports when it is made; nothing falls back in silence.
//
// Promise: the choice is one atomic pointer, the only global of the library. `use` affects codecs
// made afterwards. Safe from any thread.
#pragma once

#include <rsx/core/isa.hpp>
#include <rsx/gf/kernel.hpp>
#include <rsx/gf/kernel/driver.hpp>
#include <rsx/gf/kernel/portable.hpp>
#include <rsx/gf/kernel/x86.hpp>
#include <rsx/gf/kernel/xsimd.hpp>

#include <atomic>
#include <cstdlib>
#include <span>

namespace rsx::gf {

namespace detail {

inline constinit std::atomic<const kernel*> chosen{nullptr};

constexpr bool everywhere() noexcept { return true; }

}  // namespace detail

inline namespace RSX_ISA_NAMESPACE {

// From the slowest to the fastest.
[[nodiscard]] inline std::span<const kernel> kernels() noexcept {
    namespace of = kernels_of::RSX_ISA_NAMESPACE;
    static constexpr kernel all[] = {
        {"portable",
         detail::everywhere,
         {errc::unsupported, "RSX_KERNEL=portable: runs everywhere"},
         1,
         of::portable::prepare,
         of::portable::multiplied,
         {},
         of::driver::lay_out,
         of::driver::run},
#if defined(RSX_HAS_XSIMD)
        {"xsimd",
         detail::everywhere,
         {errc::unsupported, "RSX_KERNEL=xsimd: runs everywhere"},
         sizeof(of::xsimd_default::factor_form),
         of::xsimd_default::prepare,
         of::xsimd_default::multiplied,
         of::xsimd_default::plain,
         of::driver::lay_out,
         of::driver::run},
#endif
#if defined(__x86_64__)
        {"ssse3",
         []() noexcept { return isa::has_ssse3(); },
         {errc::unsupported, "RSX_KERNEL=ssse3: this CPU has no SSSE3"},
         sizeof(of::ssse3::factor_form),
         of::ssse3::prepare,
         of::ssse3::multiplied,
         of::ssse3::plain,
         of::driver::lay_out,
         of::driver::run},
        {"avx2",
         []() noexcept { return isa::has_avx2(); },
         {errc::unsupported, "RSX_KERNEL=avx2: this CPU has no AVX2"},
         sizeof(of::avx2::factor_form),
         of::avx2::prepare,
         of::avx2::multiplied,
         of::avx2::plain,
         of::driver::lay_out,
         of::driver::run},
        {"avx512bw",
         []() noexcept { return isa::has_avx512bw(); },
         {errc::unsupported, "RSX_KERNEL=avx512bw: this CPU has no AVX-512BW"},
         sizeof(of::avx512bw::factor_form),
         of::avx512bw::prepare,
         of::avx512bw::multiplied,
         of::avx512bw::plain,
         of::driver::lay_out,
         of::driver::run},
        {"avx2+gfni",
         []() noexcept { return isa::has_avx2() && isa::has_gfni(); },
         {errc::unsupported, "RSX_KERNEL=avx2+gfni: this CPU has no AVX2 with GFNI"},
         sizeof(of::avx2_gfni::factor_form),
         of::avx2_gfni::prepare,
         of::avx2_gfni::multiplied,
         of::avx2_gfni::plain,
         of::driver::lay_out,
         of::driver::run},
        {"avx512+gfni",
         []() noexcept { return isa::has_avx512bw() && isa::has_gfni(); },
         {errc::unsupported, "RSX_KERNEL=avx512+gfni: this CPU has no AVX-512 with GFNI"},
         sizeof(of::avx512_gfni::factor_form),
         of::avx512_gfni::prepare,
         of::avx512_gfni::multiplied,
         of::avx512_gfni::plain,
         of::driver::lay_out,
         of::driver::run},
#endif
    };
    return all;
}

// Null if there is none of that name. It may be one that does not run here.
[[nodiscard]] inline const kernel* kernel_named(std::string_view name) noexcept {
    for (const kernel& k : kernels())
        if (k.name == name) return &k;
    return nullptr;
}

// The fastest kernel this CPU runs.
[[nodiscard]] inline const kernel& best() noexcept {
    const kernel* last = &kernels().front();
    for (const kernel& k : kernels())
        if (k.runs_here()) last = &k;
    return *last;
}

// From now on codecs are made with this kernel.
inline result<void> use(const kernel& wanted) noexcept {
    if (!wanted.runs_here()) return std::unexpected(wanted.absent);
    detail::chosen.store(&wanted, std::memory_order_release);
    return {};
}

// What a name in RSX_KERNEL means. No name means the best.
[[nodiscard]] inline result<const kernel*> kernel_wanted(const char* name) noexcept {
    if (name == nullptr || *name == '\0') return &best();
    const kernel* named = kernel_named(name);
    if (named == nullptr)
        return fail(errc::invalid, "RSX_KERNEL names no kernel; gf::kernels() lists them",
                    kernels().size());
    if (!named->runs_here()) return std::unexpected(named->absent);
    return named;
}

// The kernel codecs are made with.
[[nodiscard]] inline result<const kernel*> current() noexcept {
    if (const kernel* k = detail::chosen.load(std::memory_order_acquire)) return k;
    const auto wanted = kernel_wanted(std::getenv("RSX_KERNEL"));
    if (!wanted) return wanted;
    const kernel* nobody = nullptr;
    detail::chosen.compare_exchange_strong(nobody, *wanted, std::memory_order_acq_rel);
    return nobody != nullptr ? nobody : *wanted;
}

}  // namespace RSX_ISA_NAMESPACE
}  // namespace rsx::gf
