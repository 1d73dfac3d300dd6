// SPDX-License-Identifier: Apache-2.0

// XXH3 in 64 and 128 bits, through the xxhash library's header (optional: rsx::digest_xxhash).
//
//     rsx::digest::xxh3_64 sum;
//     sum.update(piece);
//     std::uint64_t v = sum.value();
//     rsx::digest::hash128 h = rsx::digest::xxh3_128_of(bytes);
//
// Fast (19 GB/s) where a CRC is asked for more than it promises: deduplication, caches, tables.
// Nothing is linked: the library is compiled into this header's user. The incremental state is
// about 600 bytes, copied freely.
#pragma once

#include <rsx/digest/concept.hpp>

#include <compare>

#if !defined(XXH_INLINE_ALL)
#define XXH_INLINE_ALL
#endif
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"
#pragma GCC diagnostic ignored "-Wundef"
#endif
#include <xxhash.h>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

namespace rsx::digest {

struct hash128 {
    std::uint64_t high{0};
    std::uint64_t low{0};
    friend constexpr auto operator<=>(const hash128&, const hash128&) noexcept = default;
};

[[nodiscard]] inline std::uint64_t xxh3_64_of(byte_view bytes, std::uint64_t seed = 0) noexcept {
    return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

[[nodiscard]] inline hash128 xxh3_128_of(byte_view bytes, std::uint64_t seed = 0) noexcept {
    const XXH128_hash_t h = XXH3_128bits_withSeed(bytes.data(), bytes.size(), seed);
    return {.high = h.high64, .low = h.low64};
}

class xxh3_64 {
public:
    explicit xxh3_64(std::uint64_t seed = 0) noexcept {
        XXH3_INITSTATE(&state_);
        XXH3_64bits_reset_withSeed(&state_, seed);
    }
    void update(byte_view bytes) noexcept {
        XXH3_64bits_update(&state_, bytes.data(), bytes.size());
    }
    [[nodiscard]] std::uint64_t value() const noexcept { return XXH3_64bits_digest(&state_); }

private:
    XXH3_state_t state_;
};

class xxh3_128 {
public:
    explicit xxh3_128(std::uint64_t seed = 0) noexcept {
        XXH3_INITSTATE(&state_);
        XXH3_128bits_reset_withSeed(&state_, seed);
    }
    void update(byte_view bytes) noexcept {
        XXH3_128bits_update(&state_, bytes.data(), bytes.size());
    }
    [[nodiscard]] hash128 value() const noexcept {
        const XXH128_hash_t h = XXH3_128bits_digest(&state_);
        return {.high = h.high64, .low = h.low64};
    }

private:
    XXH3_state_t state_;
};

static_assert(checksum<xxh3_64> && checksum<xxh3_128>);

}  // namespace rsx::digest
