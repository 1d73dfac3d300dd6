// SPDX-License-Identifier: Apache-2.0

// An erasure code: data shards in, parity shards out, and back again from enough of them.
//
// Shards have indices: 0 ... data-1 hold the data itself, data ... data+parity-1 the parity. All
// shards of one call are equally long, any length. The code is told *which* shards are there
// (`have`) and which are wanted, and answers with a plan: what to read, and how to compute the rest
// from it. Reed-Solomon, replication, local repair codes and wide codes are all this.
//
//     template <rsx::codec::erasure_code Code>
//     rsx::result<void> heal(const Code& code, ...) {
//         auto plan = code.plan(have, want);
//         if (!plan) return std::unexpected(plan.error());
//         // read the shards plan->sources() names, then
//         return plan->repair(read, repaired);
//     }
//
// Promise: const use is safe from any thread; `encode`, `update`, `verify` and `repair` allocate
// nothing; misuse is an error with a number, and then no output has been touched.
// Chapter: docs/theory/03-linear-codes.md.
#pragma once

#include <rsx/core/bytes.hpp>
#include <rsx/core/error.hpp>

#include <concepts>
#include <span>

namespace rsx::codec {

struct geometry {
    unsigned data{0};
    unsigned parity{0};
    unsigned granule{1};  // shard lengths are multiples of it

    [[nodiscard]] constexpr unsigned shards() const noexcept { return data + parity; }
    friend constexpr bool operator==(const geometry&, const geometry&) noexcept = default;
};

// What a code made of `have` and `want`: `repair` takes the sources in the order of `sources()` and
// fills the outputs in the order of `targets()`, which is that of `want`.
template <class P>
concept repair_plan_like = std::movable<P> && requires(const P& plan, std::span<const byte_view> in,
                                                       std::span<const byte_span> out) {
    { plan.sources() } -> std::convertible_to<std::span<const unsigned>>;
    { plan.targets() } -> std::convertible_to<std::span<const unsigned>>;
    { plan.repair(in, out) } -> std::same_as<result<void>>;
};

template <class C>
concept erasure_code =
    std::movable<C> &&
    requires(const C& code, unsigned index, byte_view delta, std::span<const byte_view> views,
             std::span<const byte_span> spans, std::span<const unsigned> indices) {
        { code.shape() } -> std::same_as<geometry>;
        { code.encode(views, spans) } -> std::same_as<result<void>>;
        { code.update(index, delta, spans) } -> std::same_as<result<void>>;
        { code.verify(views, views) } -> std::same_as<result<bool>>;
        code.plan(indices, indices);
        requires repair_plan_like<typename decltype(code.plan(indices, indices))::value_type>;
    };

}  // namespace rsx::codec
