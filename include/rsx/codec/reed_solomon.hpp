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
// `plan` allocate. Making is O(k m + m^2); planning for l losses O(m (k + l) + k l).
// Chapter: docs/theory/03-linear-codes.md.
#pragma once

#include <rsx/codec/check_plan.hpp>
#include <rsx/codec/checks.hpp>
#include <rsx/codec/concept.hpp>
#include <rsx/codec/generator.hpp>
#include <rsx/codec/points.hpp>
#include <rsx/codec/repair_plan.hpp>
#include <rsx/gf/kernels.hpp>
#include <rsx/gf/linear_map.hpp>

#include <algorithm>
#include <array>
#include <concepts>
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

    // The shards as values of a polynomial; empty for generators that are not Cauchy-like.
    [[nodiscard]] const points& evaluation() const noexcept { return points_; }

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
        if (const auto bad = checks::pair(data, shape_.data, parity, shape_.parity))
            return std::unexpected(*bad);
        return map_.agrees(data, parity);
    }

    // How to make the shards of `want` from shards of `have`: data shards are preferred, then
    // parity by index. A wanted shard that is in `have` is copied.
    [[nodiscard]] result<repair_plan> plan(std::span<const unsigned> have,
                                           std::span<const unsigned> want) const {
        if (points_.empty()) return solved(have, want);
        flags there{};
        flags asked{};
        if (const auto bad = checks::indices(have, shape_.shards(), there))
            return std::unexpected(*bad);
        if (const auto bad = checks::indices(want, shape_.shards(), asked))
            return std::unexpected(*bad);
        bool computes = false;  // is anything wanted that is not simply there?
        for (const unsigned index : want) computes = computes || !there[index];
        if (!computes) return copies(want);

        // The k shards to read.
        std::vector<unsigned> indices;
        indices.reserve(shape_.data + 2 * want.size());
        for (unsigned p = 0; p < shape_.shards() && indices.size() < shape_.data; ++p)
            if (there[p]) indices.push_back(p);
        if (indices.size() < shape_.data)
            return fail(errc::too_few_shards, "more shards are lost than parity is left; there are",
                        indices.size());
        return interpolated(std::move(indices), want, there);
    }

private:
    using flags = std::array<bool, limits::shards_max>;

    reed_solomon(geometry shape, generator g, points all, gf::linear_map map)
        : shape_{shape}, generator_{g}, points_{std::move(all)}, map_{std::move(map)} {}

    static reed_solomon made(geometry shape, generator g, std::span<const gf::gf256> rows,
                             const gf::kernel& kernel) {
        shape.granule = 1;
        const cauchy_form form = cauchy_form_of(g, shape);
        return {shape, g, form.a.empty() ? points{} : points{form},
                gf::linear_map{shape.parity, shape.data, rows, kernel}};
    }

    [[nodiscard]] repair_plan copies(std::span<const unsigned> want) const;
    [[nodiscard]] repair_plan interpolated(std::vector<unsigned> sources,
                                           std::span<const unsigned> want,
                                           const flags& there) const;
    [[nodiscard]] result<repair_plan> solved(std::span<const unsigned> have,
                                             std::span<const unsigned> want) const;
    template <std::invocable<unsigned, std::span<gf::gf256>> RowOf>
    [[nodiscard]] repair_plan finished(std::vector<unsigned> sources,
                                       std::span<const unsigned> want, const flags& there,
                                       const RowOf& row_of) const;

    geometry shape_;
    generator generator_;
    points points_;  // empty for generators that are not Cauchy-like
    gf::linear_map map_;
};

static_assert(erasure_code<reed_solomon>);

inline repair_plan reed_solomon::copies(std::span<const unsigned> want) const {
    std::vector<unsigned> indices{want.begin(), want.end()};
    indices.insert(indices.end(), want.begin(), want.end());
    const auto n = static_cast<unsigned>(want.size());
    gf::linear_map map{n, n, kernel(), [n](std::span<gf::gf256> rows) {
                           for (std::size_t i = 0; i < n; ++i) rows[i * n + i] = gf::gf256::one();
                       }};
    return {std::move(indices), std::move(map)};
}

// Cauchy-like generators: every wanted shard from the k sources by Lagrange (points.hpp).
inline repair_plan reed_solomon::interpolated(std::vector<unsigned> sources,
                                              std::span<const unsigned> want,
                                              const flags& there) const {
    std::array<unsigned, limits::shards_max> unused;
    unsigned count = 0;
    std::size_t next = 0;
    for (unsigned p = 0; p < shape_.shards(); ++p) {
        if (next < sources.size() && sources[next] == p)
            ++next;
        else
            unused[count++] = p;
    }
    const points::interpolation lagrange{points_, sources, std::span{unused}.first(count)};
    const auto row_of = [&](unsigned target, std::span<gf::gf256> row) {
        lagrange.row_of(target, row);
    };
    return finished(std::move(sources), want, there, row_of);
}

// Any other generator, by elimination: shard k+i and row i of the data add up to zero.
inline result<repair_plan> reed_solomon::solved(std::span<const unsigned> have,
                                                std::span<const unsigned> want) const {
    const std::size_t n = shape_.shards();
    std::vector<gf::gf256> all(shape_.parity * n);
    for (unsigned i = 0; i < shape_.parity; ++i) {
        for (unsigned j = 0; j < shape_.data; ++j) all[i * n + j] = map_.at(i, j);
        all[i * n + shape_.data + i] = gf::gf256::one();
    }
    return plan_by_checks(std::move(all), shape_.shards(), have, want, kernel());
}

// The plan of k sources, a row for each wanted shard. A wanted shard that is there is copied, and
// if it is not among the sources it becomes one more.
template <std::invocable<unsigned, std::span<gf::gf256>> RowOf>
repair_plan reed_solomon::finished(std::vector<unsigned> sources, std::span<const unsigned> want,
                                   const flags& there, const RowOf& row_of) const {
    const std::size_t k = sources.size();
    const auto place_of = [&](unsigned index) {
        return static_cast<std::size_t>(std::find(sources.begin(), sources.end(), index) -
                                        sources.begin());
    };
    for (const unsigned index : want)
        if (there[index] && place_of(index) == sources.size()) sources.push_back(index);
    const std::size_t columns = sources.size();
    const auto fill = [&](std::span<gf::gf256> rows) {
        for (std::size_t r = 0; r < want.size(); ++r) {
            const auto row = rows.subspan(r * columns, columns);
            if (there[want[r]])
                row[place_of(want[r])] = gf::gf256::one();
            else
                row_of(want[r], row.first(k));
        }
    };
    gf::linear_map map{static_cast<unsigned>(want.size()), static_cast<unsigned>(columns), kernel(),
                       fill};
    sources.insert(sources.end(), want.begin(), want.end());
    return {std::move(sources), std::move(map)};
}

}  // namespace rsx::codec
