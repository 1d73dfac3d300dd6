// SPDX-License-Identifier: Apache-2.0

// Time and randomness come in as parameters, so that a simulator can supply its own.
//
//     void stamp(rsx::wall_clock& wall) { last_modified_ms = wall.now_ms(); }
//     stamp(rsx::system_wall_clock());
//
// Monotonic time belongs to the loop (core/loop.hpp). Wall time is for what users see and for
// SigV4; nothing is ordered by it. The system models are stateless and may be shared by threads.
#pragma once

#include <rsx/core/bytes.hpp>

#include <algorithm>
#include <chrono>
#include <random>

namespace rsx {

using nanos = std::chrono::nanoseconds;

class wall_clock {
public:
    virtual ~wall_clock() = default;
    // Milliseconds since 1970-01-01T00:00Z.
    [[nodiscard]] virtual std::int64_t now_ms() const = 0;
};

class entropy {
public:
    virtual ~entropy() = default;
    virtual void fill(byte_span out) = 0;
    [[nodiscard]] std::uint64_t u64() {
        std::byte raw[8];
        fill(raw);
        return load_le<std::uint64_t>(raw);
    }
    // Uniform in [0, bound) but for a bias below 2^-32; 0 < bound.
    [[nodiscard]] std::uint64_t below(std::uint64_t bound) {
        RSX_ASSERT(bound != 0);
        return bound >> 32 == 0 ? ((u64() >> 32) * bound) >> 32 : u64() % bound;
    }
};

// Seconds since the system's monotonic epoch.
[[nodiscard]] inline nanos system_monotonic_now() {
    return std::chrono::steady_clock::now().time_since_epoch();
}

[[nodiscard]] inline wall_clock& system_wall_clock() {
    struct model final : wall_clock {
        std::int64_t now_ms() const override {
            using namespace std::chrono;
            return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
        }
    };
    static model only;
    return only;
}

// The operating system's generator; safe from any thread.
[[nodiscard]] inline entropy& system_entropy() {
    struct model final : entropy {
        void fill(byte_span out) override {
            thread_local std::random_device source;
            while (!out.empty()) {
                std::byte raw[4];
                store_le<std::uint32_t>(raw, source());
                const auto n = std::min<std::size_t>(4, out.size());
                std::memcpy(out.data(), raw, n);
                out = out.subspan(n);
            }
        }
    };
    static model only;
    return only;
}

// Repeatable: SplitMix64 from a seed (Steele, Lea, Flood 2014). Never for secrets.
class seeded_entropy final : public entropy {
public:
    explicit seeded_entropy(std::uint64_t seed) noexcept : state_{seed} {}
    void fill(byte_span out) override {
        while (!out.empty()) {
            std::byte raw[8];
            store_le(byte_span{raw}, next());
            const auto n = std::min<std::size_t>(8, out.size());
            std::memcpy(out.data(), raw, n);
            out = out.subspan(n);
        }
    }

private:
    std::uint64_t next() noexcept {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }
    std::uint64_t state_;
};

}  // namespace rsx
