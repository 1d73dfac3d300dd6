// SPDX-License-Identifier: Apache-2.0

// Local repair codes: a lost shard is mended from its group, a few shards, not from all of them.
//
// Take a Reed-Solomon code with r+1 parity rows and write its first row as a sum of one part for
// each group: those parts are stored, the row itself is not. One loss in a group needs that group
// alone. Any r+1 losses can be repaired, because the parts still add up to the row.
//
//   azure    groups hold data; a local parity is the xor of its group (Huang et al. 2012)
//   uniform  groups hold data and global parity alike, so that a lost global is local, too
//            (Kadekodi et al. 2023, "uniform Cauchy")
//
//     auto code = rsx::codec::local_code::make({.data = 12, .groups = 2, .globals = 2});
//     auto plan = code->plan(have, want);    // reads six shards where six are enough
//
// Shards are numbered data, then local parity, then global parity.
//
// Promise: as reed_solomon. Which k shards suffice depends on which: `plan` finds a way if there is
// one. Chapter: docs/theory/07-local-repair.md.
#pragma once

#include <rsx/codec/check_plan.hpp>
#include <rsx/codec/concept.hpp>
#include <rsx/codec/generator.hpp>
#include <rsx/gf/kernels.hpp>

#include <span>
#include <utility>
#include <vector>

namespace rsx::codec {

struct local_shape {
    unsigned data{0};
    unsigned groups{0};
    unsigned globals{0};
    bool uniform{false};  // global parity belongs to groups as well
};

class local_code {
public:
    [[nodiscard]] static result<local_code> make(local_shape shape) {
        const auto kernel = gf::current();
        if (!kernel) return std::unexpected(kernel.error());
        return make(shape, **kernel);
    }

    [[nodiscard]] static result<local_code> make(local_shape shape, const gf::kernel& kernel) {
        if (shape.groups == 0) return fail(errc::invalid, "a local code needs at least one group");
        const unsigned members = shape.data + (shape.uniform ? shape.globals : 0);
        if (shape.groups > members)
            return fail(errc::invalid, "more groups than shards to put into them; there are",
                        members);
        const geometry whole{shape.data, shape.groups + shape.globals, 1};
        if (const auto ok = shape_allowed(whole); !ok) return std::unexpected(ok.error());
        const auto rows = rows_of(generator::ones_cauchy, {shape.data, shape.globals + 1});
        if (!rows) return std::unexpected(rows.error());
        return local_code{shape, whole, *rows, kernel};
    }

    [[nodiscard]] geometry shape() const noexcept { return geometry_; }
    [[nodiscard]] local_shape groups() const noexcept { return shape_; }

    // The group of a shard; shape().groups if it has none.
    [[nodiscard]] unsigned group_of(unsigned shard) const noexcept {
        if (shard < shape_.data) return group_of_member(shard);
        if (shard < shape_.data + shape_.groups) return shard - shape_.data;
        return shape_.uniform ? group_of_member(shard - shape_.groups) : shape_.groups;
    }

    result<void> encode(std::span<const byte_view> data, std::span<const byte_span> parity) const {
        if (const auto bad = checks::call(data, geometry_.data, parity, geometry_.parity))
            return std::unexpected(*bad);
        map_.write(data, parity);
        return {};
    }

    // Data shard `index` changed by `delta` (old xor new): so does the parity.
    result<void> update(unsigned index, byte_view delta, std::span<const byte_span> parity) const {
        if (index >= geometry_.data)
            return fail(errc::invalid, "no such data shard; the number is its index", index);
        const std::span<const byte_view> one{&delta, 1};
        if (const auto bad = checks::call(one, 1, parity, geometry_.parity))
            return std::unexpected(*bad);
        map_.add(index, one, parity);
        return {};
    }

    [[nodiscard]] result<bool> verify(std::span<const byte_view> data,
                                      std::span<const byte_view> parity) const {
        if (const auto bad = checks::pair(data, geometry_.data, parity, geometry_.parity))
            return std::unexpected(*bad);
        return map_.agrees(data, parity);
    }

    [[nodiscard]] result<repair_plan> plan(std::span<const unsigned> have,
                                           std::span<const unsigned> want) const {
        return plan_by_checks(checks_, geometry_.shards(), have, want, map_.made_for());
    }

private:
    local_code(local_shape shape, geometry whole, std::span<const gf::gf256> rows,
               const gf::kernel& kernel)
        : shape_{shape}, geometry_{whole} {
        using gf::gf256;
        const unsigned k = shape.data;
        const unsigned n = whole.shards();
        const auto first_global = k + shape.groups;
        const auto weights = group_weights(rows);
        // Short checks first: a group's members and its parity.
        checks_.assign(std::size_t{whole.parity} * n, gf256{});
        for (unsigned p = 0; p < n; ++p) {
            const unsigned group = group_of(p);
            if (group == shape.groups) continue;
            gf256& place = checks_[std::size_t{group} * n + p];
            if (p < k)
                place = weights[p];
            else
                place = p < first_global ? gf256::one() : weights[k];
        }
        for (unsigned i = 0; i < shape.globals; ++i) {
            gf256* check = checks_.data() + std::size_t{shape.groups + i} * n;
            std::copy_n(rows.data() + std::size_t{i + 1} * k, k, check);
            check[first_global + i] = gf256::one();
        }
        // The rows that encode: a group's check with its globals replaced by what they are.
        const auto fill = [&](std::span<gf256> out) {
            for (unsigned i = 0; i < shape.globals; ++i)
                std::copy_n(rows.data() + std::size_t{i + 1} * k, k,
                            out.data() + std::size_t{shape.groups + i} * k);
            for (unsigned g = 0; g < shape.groups; ++g) {
                gf256* row = out.data() + std::size_t{g} * k;
                std::copy_n(checks_.data() + std::size_t{g} * n, k, row);
                for (unsigned i = 0; i < shape.globals; ++i) {
                    const gf256 times = checks_[std::size_t{g} * n + first_global + i];
                    for (unsigned j = 0; j < k; ++j)
                        row[j] += times * rows[std::size_t{i + 1} * k + j];
                }
            }
        };
        map_ = gf::linear_map{whole.parity, k, kernel, fill};
    }

    // Members are dealt evenly, in order: data, then (uniform) the global parity.
    [[nodiscard]] unsigned group_of_member(unsigned member) const noexcept {
        const unsigned members = shape_.data + (shape_.uniform ? shape_.globals : 0);
        return member * shape_.groups / members;
    }

    // The weights of the data in the local checks, then that of every global. The first row must be
    //     row_0 = sum over groups of (sum of weight_j d_j + sum of weight_k g_i),
    // so weight_j = row_0j + weight_k * (sum over i of row_ij), and none of them may be zero.
    [[nodiscard]] std::vector<gf::gf256> group_weights(std::span<const gf::gf256> rows) const {
        using gf::gf256;
        const unsigned k = shape_.data;
        std::vector<gf256> weights(k + 1, gf256::one());
        if (!shape_.uniform) return weights;
        for (unsigned guess = 1; guess < 256; ++guess) {
            weights[k] = {static_cast<std::uint8_t>(guess)};
            bool good = true;
            for (unsigned j = 0; j < k && good; ++j) {
                gf256 sum;
                for (unsigned i = 1; i <= shape_.globals; ++i) sum += rows[std::size_t{i} * k + j];
                weights[j] = rows[j] + weights[k] * sum;
                good = !(weights[j] == gf256{});
            }
            if (good) break;
        }
        return weights;
    }

    local_shape shape_;
    geometry geometry_;
    std::vector<gf::gf256> checks_;  // parity rows of all shards: groups, then globals
    gf::linear_map map_;
};

static_assert(erasure_code<local_code>);

}  // namespace rsx::codec
