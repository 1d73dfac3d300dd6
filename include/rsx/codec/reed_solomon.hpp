// SPDX-License-Identifier: Apache-2.0

// Reed-Solomon: k data shards and m parity shards, and any k of them bring back all.
//
// Each parity shard is a different weighted sum of the data shards. If some data is lost, as many
// sums are as many linear equations for what is missing, and the weights are chosen so that every
// such system has exactly one solution.
//
//     auto code = rsx::codec::reed_solomon::make({.data = 10, .parity = 4});
//     code->encode(data, parity);                       // spans of ten views, of four spans
//     auto plan = code->plan(have, want);               // indices of what is there, of what is
//     missing plan->repair(the_shards_plan_sources_names, missing);
//
// `update` mends parity after one shard changed: delta is old xor new. `verify` needs no buffer.
// `contribute` adds what some of the shards give, as they arrive or where they are.
//
// Promise: shards of any length and alignment; const use is safe from any thread; only `make` and
// `plan` allocate. Making is O(k m); planning for l losses O(l^2 k).
// Chapter: docs/theory/03-linear-codes.md.
#pragma once

#include <rsx/codec/checks.hpp>
#include <rsx/codec/concept.hpp>
#include <rsx/codec/elimination.hpp>
#include <rsx/codec/generator.hpp>
#include <rsx/codec/repair_plan.hpp>
#include <rsx/gf/kernels.hpp>
#include <rsx/gf/linear_map.hpp>

#include <algorithm>
#include <array>
#include <span>
#include <utility>
#include <vector>

namespace rsx::codec {

class reed_solomon {
public:
    // A code with rows of a known generator, for the kernel in use.
    [[nodiscard]] static result<reed_solomon> make(geometry shape,
                                                   generator g = generator::ones_vandermonde) {
        const auto kernel = gf::current();
        if (!kernel) return std::unexpected(kernel.error());
        return make(shape, g, **kernel);
    }

    [[nodiscard]] static result<reed_solomon> make(geometry shape, generator g,
                                                   const gf::kernel& kernel) {
        const auto rows = rows_of(g, shape);
        if (!rows) return std::unexpected(rows.error());
        return made(shape, g, *rows, kernel);
    }

    // A code with the caller's own rows: parity rows of `data` coefficients each. Whether any k
    // shards suffice is then the caller's business; `plan` says where they do not.
    [[nodiscard]] static result<reed_solomon> make(geometry shape,
                                                   std::span<const gf::gf256> rows) {
        const auto kernel = gf::current();
        if (!kernel) return std::unexpected(kernel.error());
        if (const auto ok = shape_allowed(shape); !ok) return std::unexpected(ok.error());
        if (rows.size() != std::size_t{shape.data} * shape.parity)
            return fail(errc::invalid, "rows must be parity x data coefficients; there were",
                        rows.size());
        return made(shape, generator::custom, rows, **kernel);
    }

    [[nodiscard]] geometry shape() const noexcept { return shape_; }
    [[nodiscard]] generator rows() const noexcept { return generator_; }
    [[nodiscard]] const gf::kernel& kernel() const noexcept { return map_.made_for(); }

    // parity[i] = sum over j of coefficient(i, j) * data[j]
    [[nodiscard]] gf::gf256 coefficient(unsigned row, unsigned column) const noexcept {
        return map_.at(row, column);
    }

    result<void> encode(std::span<const byte_view> data, std::span<const byte_span> parity) const {
        if (const auto bad = checks::call(data, shape_.data, parity, shape_.parity))
            return std::unexpected(*bad);
        map_.write(data, parity);
        return {};
    }

    // Data shard `index` changed by `delta` (old xor new): so does the parity.
    result<void> update(unsigned index, byte_view delta, std::span<const byte_span> parity) const {
        return contribute(index, {&delta, 1}, parity);
    }

    // parity += what data shards first, first+1, ... give. Clear the parity, let every data shard
    // contribute once, in any order and any grouping, and it is encoded. Sums made at different
    // places combine by xor.
    result<void> contribute(unsigned first, std::span<const byte_view> data,
                            std::span<const byte_span> parity) const {
        if (first >= shape_.data || data.size() > shape_.data - first)
            return fail(errc::invalid, "no such data shard; the number is the first index", first);
        if (const auto bad = checks::call(data, data.size(), parity, shape_.parity))
            return std::unexpected(*bad);
        map_.add(first, data, parity);
        return {};
    }

    // Whether the parity is that of the data. Reads everything once, writes nothing.
    [[nodiscard]] result<bool> verify(std::span<const byte_view> data,
                                      std::span<const byte_view> parity) const {
        if (const auto bad = checks::call(data, shape_.data, {}, 0)) return std::unexpected(*bad);
        if (parity.size() != shape_.parity)
            return fail(errc::invalid, "wrong number of parity shards; the number is what came",
                        parity.size());
        const std::size_t length = data[0].size();
        if (const auto bad = checks::lengths(data, length)) return std::unexpected(*bad);
        if (const auto bad = checks::lengths(parity, length)) return std::unexpected(*bad);
        return map_.agrees(data, parity);
    }

    // How to make the shards of `want` from shards of `have`: data shards are preferred, then
    // parity by index. A wanted shard that is in `have` is copied.
    [[nodiscard]] result<repair_plan> plan(std::span<const unsigned> have,
                                           std::span<const unsigned> want) const {
        std::array<bool, limits::shards_max> there{};
        std::array<bool, limits::shards_max> asked{};
        if (const auto bad = checks::indices(have, shape_.shards(), there))
            return std::unexpected(*bad);
        if (const auto bad = checks::indices(want, shape_.shards(), asked))
            return std::unexpected(*bad);
        return planned(there, want);
    }

private:
    using flags = std::array<bool, limits::shards_max>;

    reed_solomon(geometry shape, generator g, gf::linear_map map)
        : shape_{shape}, generator_{g}, map_{std::move(map)} {}

    static reed_solomon made(geometry shape, generator g, std::span<const gf::gf256> rows,
                             const gf::kernel& kernel) {
        return {{.data = shape.data, .parity = shape.parity, .granule = 1},
                g,
                gf::linear_map{shape.parity, shape.data, rows, kernel}};
    }

    result<repair_plan> planned(const flags& there, std::span<const unsigned> want) const;

    geometry shape_;
    generator generator_;
    gf::linear_map map_;
};

static_assert(erasure_code<reed_solomon>);

// Notation: L are the lost data shards, A those that are there, P as many parity shards as L.
//     parity_P = G_PL d_L + G_PA d_A      therefore      d_L = G_PL^-1 (parity_P + G_PA d_A)
// One elimination of [G_PL | 1 | G_PA] gives every lost data shard in terms of P and A. A wanted
// parity shard is its row of G with the lost data replaced by that.
inline result<repair_plan> reed_solomon::planned(const flags& there,
                                                 std::span<const unsigned> want) const {
    const unsigned k = shape_.data;
    bool computes = false;  // is anything wanted that is not simply there?
    for (const unsigned index : want) computes = computes || !there[index];

    std::vector<unsigned> alive;
    std::vector<unsigned> lost;
    std::vector<unsigned> used;  // parity rows
    if (computes) {
        for (unsigned j = 0; j < k; ++j) (there[j] ? alive : lost).push_back(j);
        for (unsigned i = 0; i < shape_.parity && used.size() < lost.size(); ++i)
            if (there[k + i]) used.push_back(i);
        if (used.size() < lost.size())
            return fail(errc::too_few_shards, "more shards are lost than parity is left; there are",
                        alive.size() + used.size());
    }
    const std::size_t losses = lost.size();
    // Columns of everything below: the parity used, then the data alive.
    const std::size_t reads = losses + alive.size();
    const std::size_t width = losses + reads;
    std::vector<gf::gf256> system(losses * width);
    for (std::size_t r = 0; r < losses; ++r) {
        gf::gf256* row = system.data() + r * width;
        for (std::size_t c = 0; c < losses; ++c) row[c] = map_.at(used[r], lost[c]);
        row[losses + r] = gf::gf256::one();
        for (std::size_t c = 0; c < alive.size(); ++c)
            row[2 * losses + c] = map_.at(used[r], alive[c]);
    }
    if (!eliminate(std::span{system}, losses, width))
        return fail(errc::too_few_shards, "these rows cannot be solved for what is lost; lost are",
                    losses);

    std::vector<unsigned> sources;
    for (const unsigned i : used) sources.push_back(k + i);
    sources.insert(sources.end(), alive.begin(), alive.end());
    // What is wanted and there is copied; it may not be among the sources yet.
    for (const unsigned index : want)
        if (there[index] && std::find(sources.begin(), sources.end(), index) == sources.end())
            sources.push_back(index);

    const std::size_t columns = sources.size();
    std::vector<gf::gf256> rows(want.size() * columns);
    const auto add_lost = [&](gf::gf256* row, std::size_t which, gf::gf256 times) {
        const gf::gf256* solved = system.data() + which * width + losses;
        for (std::size_t c = 0; c < reads; ++c) row[c] += times * solved[c];
    };
    for (std::size_t r = 0; r < want.size(); ++r) {
        gf::gf256* row = rows.data() + r * columns;
        const unsigned index = want[r];
        if (there[index]) {
            const auto at = std::find(sources.begin(), sources.end(), index) - sources.begin();
            row[at] = gf::gf256::one();
        } else if (index < k) {
            const auto which = std::find(lost.begin(), lost.end(), index) - lost.begin();
            add_lost(row, static_cast<std::size_t>(which), gf::gf256::one());
        } else {
            for (std::size_t c = 0; c < alive.size(); ++c)
                row[losses + c] = map_.at(index - k, alive[c]);
            for (std::size_t c = 0; c < losses; ++c) add_lost(row, c, map_.at(index - k, lost[c]));
        }
    }

    // A source nobody needs is not read.
    std::size_t kept = 0;
    for (std::size_t c = 0; c < columns; ++c) {
        bool needed = false;
        for (std::size_t r = 0; r < want.size(); ++r)
            needed = needed || !(rows[r * columns + c] == gf::gf256{});
        if (!needed) continue;
        sources[kept] = sources[c];
        for (std::size_t r = 0; r < want.size(); ++r)
            rows[r * columns + kept] = rows[r * columns + c];
        ++kept;
    }
    if (kept != columns) {
        for (std::size_t r = 1; r < want.size(); ++r)
            std::copy_n(rows.begin() + static_cast<std::ptrdiff_t>(r * columns), kept,
                        rows.begin() + static_cast<std::ptrdiff_t>(r * kept));
        rows.resize(want.size() * kept);
        sources.resize(kept);
    }
    gf::linear_map map{static_cast<unsigned>(want.size()), static_cast<unsigned>(kept), rows,
                       map_.made_for()};
    return repair_plan{std::move(sources), {want.begin(), want.end()}, std::move(map)};
}

}  // namespace rsx::codec
