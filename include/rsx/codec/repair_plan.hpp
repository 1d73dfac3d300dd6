// SPDX-License-Identifier: Apache-2.0

// A repair plan: which shards to read, and the small matrix that makes the wanted ones of them.
//
//     auto plan = code.plan(have, want);                // once per pattern of losses
//     for (const auto& stripe : stripes)
//         (void)plan->repair(stripe.read, stripe.lost); // no arithmetic on matrices any more
//
// Shards may also be used as they arrive: clear the outputs, then `absorb(i, shard, outputs)` in
// any order; after every source was absorbed once the outputs are complete. Sums made at different
// places combine by xor, which is repair with partial sums.
//
// Promise: a value; const use is safe from any thread; `repair` and `absorb` allocate nothing.
#pragma once

#include <rsx/codec/checks.hpp>
#include <rsx/gf/linear_map.hpp>

#include <span>
#include <string>
#include <utility>
#include <vector>

namespace rsx::codec {

class repair_plan {
public:
    // `indices` are the sources, then the targets; `map` has one row a target and one column a
    // source.
    repair_plan(std::vector<unsigned> indices, gf::linear_map map)
        : indices_{std::move(indices)}, map_{std::move(map)} {
        RSX_ASSERT(indices_.size() == std::size_t{map_.rows()} + map_.columns());
    }

    [[nodiscard]] std::span<const unsigned> sources() const noexcept {
        return {indices_.data(), map_.columns()};
    }
    [[nodiscard]] std::span<const unsigned> targets() const noexcept {
        return {indices_.data() + map_.columns(), map_.rows()};
    }

    // in[i] is shard sources()[i]; out[i] becomes shard targets()[i].
    result<void> repair(std::span<const byte_view> in, std::span<const byte_span> out) const {
        if (const auto bad = checks::call(in, map_.columns(), out, map_.rows()))
            return std::unexpected(*bad);
        if (!out.empty()) map_.write(in, out);
        return {};
    }

    // out[i] += what source number `i_source` contributes to shard targets()[i].
    result<void> absorb(std::size_t i_source, byte_view shard,
                        std::span<const byte_span> out) const {
        if (i_source >= map_.columns())
            return fail(errc::invalid, "the plan has no such source; the number is its place",
                        i_source);
        const std::span<const byte_view> one{&shard, 1};
        if (const auto bad = checks::call(one, 1, out, map_.rows())) return std::unexpected(*bad);
        if (!out.empty()) map_.add(static_cast<unsigned>(i_source), one, out);
        return {};
    }

    // Target number `row` = sum of coefficient * source.
    [[nodiscard]] gf::gf256 coefficient(unsigned row, unsigned source) const noexcept {
        return map_.at(row, source);
    }

    // "shard 2 = 1*shard 0 + 7*shard 1 + 3*shard 4", a line per target.
    [[nodiscard]] std::string explain() const {
        std::string text;
        for (unsigned row = 0; row < map_.rows(); ++row) {
            text += "shard " + std::to_string(targets()[row]) + " =";
            const char* sign = " ";
            for (unsigned j = 0; j < map_.columns(); ++j) {
                const auto c = map_.at(row, j);
                if (c == gf::gf256{}) continue;
                text += sign;
                text += std::to_string(c.value) + "*shard " + std::to_string(sources()[j]);
                sign = " + ";
            }
            text += '\n';
        }
        return text;
    }

private:
    std::vector<unsigned> indices_;
    gf::linear_map map_;
};

}  // namespace rsx::codec
