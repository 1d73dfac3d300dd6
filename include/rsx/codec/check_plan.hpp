// SPDX-License-Identifier: Apache-2.0

// Planning for any linear code, from its parity checks.
//
// A check is a weighted sum of shards that is always zero. What is missing are the unknowns, what
// is there the constants: after elimination over the unknowns, a missing shard can be repaired
// exactly if some row has it as the only unknown, and that row says how. Checks that come first are
// used first: put the short ones (of local groups) there, and repair reads little by itself.
//
//     auto plan = rsx::codec::plan_by_checks(checks, shards, have, want, kernel);
//
// Promise: finds a way if there is one. O(c^2 n) for c checks and n shards. A shard that is wanted
// and there is copied; a shard nobody needs is not read. Chapter: docs/theory/07-local-repair.md.
#pragma once

#include <rsx/codec/repair_plan.hpp>
#include <rsx/core/limits.hpp>

#include <algorithm>
#include <array>
#include <span>
#include <utility>
#include <vector>

namespace rsx::codec {

// `checks`: rows of `shards` coefficients.
[[nodiscard]] inline result<repair_plan> plan_by_checks(std::vector<gf::gf256> checks,
                                                        unsigned shards,
                                                        std::span<const unsigned> have,
                                                        std::span<const unsigned> want,
                                                        const gf::kernel& kernel) {
    using gf::gf256;
    std::array<bool, limits::shards_max> there{};
    std::array<bool, limits::shards_max> asked{};
    if (const auto bad = checks::indices(have, shards, there)) return std::unexpected(*bad);
    if (const auto bad = checks::indices(want, shards, asked)) return std::unexpected(*bad);

    const std::size_t count = checks.size() / shards;
    const auto row = [&](std::size_t r) { return std::span{checks}.subspan(r * shards, shards); };
    // Gauss-Jordan over the missing columns. solver[p] is the row that has been solved for shard p.
    std::array<std::size_t, limits::shards_max> solver;
    solver.fill(count);
    for (std::size_t r = 0; r < count; ++r) {
        unsigned pivot = 0;
        while (pivot < shards && (there[pivot] || row(r)[pivot] == gf256{})) ++pivot;
        if (pivot == shards) continue;  // nothing is missing in this check
        const gf256 scale = gf256::one() / row(r)[pivot];
        for (auto& c : row(r)) c *= scale;
        for (std::size_t other = 0; other < count; ++other) {
            const gf256 times = row(other)[pivot];
            if (other == r || times == gf256{}) continue;
            for (unsigned p = 0; p < shards; ++p) row(other)[p] -= times * row(r)[p];
        }
        solver[pivot] = r;
    }
    const auto solved = [&](unsigned target) {
        if (solver[target] == count) return false;
        for (unsigned p = 0; p < shards; ++p)
            if (!there[p] && p != target && !(row(solver[target])[p] == gf256{})) return false;
        return true;
    };

    std::vector<unsigned> indices;
    for (const unsigned target : want)
        if (!there[target] && !solved(target))
            return fail(errc::too_few_shards, "this shard cannot be made of what is there", target);
    for (unsigned p = 0; p < shards; ++p) {
        const bool needed = std::any_of(want.begin(), want.end(), [&](unsigned target) {
            return there[target] ? target == p : !(row(solver[target])[p] == gf256{});
        });
        if (there[p] && needed) indices.push_back(p);
    }
    const std::size_t reads = indices.size();
    const auto fill = [&](std::span<gf256> rows) {
        for (std::size_t r = 0; r < want.size(); ++r)
            for (std::size_t c = 0; c < reads; ++c)
                rows[r * reads + c] = !there[want[r]]         ? row(solver[want[r]])[indices[c]]
                                      : indices[c] == want[r] ? gf256::one()
                                                              : gf256{};
    };
    gf::linear_map map{static_cast<unsigned>(want.size()), static_cast<unsigned>(reads), kernel,
                       fill};
    indices.insert(indices.end(), want.begin(), want.end());
    return repair_plan{std::move(indices), std::move(map)};
}

}  // namespace rsx::codec
