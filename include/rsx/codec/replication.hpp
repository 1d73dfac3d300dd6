// SPDX-License-Identifier: Apache-2.0

// Replication as an erasure code: one data shard, and every parity shard is a copy of it.
//
//     auto code = rsx::codec::replication::make(3);      // three shards in all
//
// The engine above need not know that there is no arithmetic: `plan` reads the first shard that is
// there.
//
// Promise: as reed_solomon.
#pragma once

#include <rsx/codec/concept.hpp>
#include <rsx/codec/repair_plan.hpp>
#include <rsx/core/limits.hpp>
#include <rsx/gf/kernels.hpp>

#include <array>
#include <span>
#include <utility>
#include <vector>

namespace rsx::codec {

class replication {
public:
    // `copies` of the data in all, the first included.
    [[nodiscard]] static result<replication> make(unsigned copies) {
        const auto kernel = gf::current();
        if (!kernel) return std::unexpected(kernel.error());
        if (copies < 2 || copies > limits::shards_max)
            return fail(errc::invalid, "replication is two copies or more, and not", copies);
        return replication{copies, **kernel};
    }

    [[nodiscard]] geometry shape() const noexcept { return {1, map_.rows(), 1}; }

    result<void> encode(std::span<const byte_view> data, std::span<const byte_span> parity) const {
        if (const auto bad = checks::call(data, 1, parity, map_.rows()))
            return std::unexpected(*bad);
        map_.write(data, parity);
        return {};
    }

    result<void> update(unsigned index, byte_view delta, std::span<const byte_span> parity) const {
        if (index != 0) return fail(errc::invalid, "replication has one data shard; not", index);
        const std::span<const byte_view> one{&delta, 1};
        if (const auto bad = checks::call(one, 1, parity, map_.rows()))
            return std::unexpected(*bad);
        map_.add(0, one, parity);
        return {};
    }

    [[nodiscard]] result<bool> verify(std::span<const byte_view> data,
                                      std::span<const byte_view> parity) const {
        if (const auto bad = checks::pair(data, 1, parity, map_.rows()))
            return std::unexpected(*bad);
        return map_.agrees(data, parity);
    }

    [[nodiscard]] result<repair_plan> plan(std::span<const unsigned> have,
                                           std::span<const unsigned> want) const {
        std::array<bool, limits::shards_max> there{};
        std::array<bool, limits::shards_max> asked{};
        if (const auto bad = checks::indices(have, shape().shards(), there))
            return std::unexpected(*bad);
        if (const auto bad = checks::indices(want, shape().shards(), asked))
            return std::unexpected(*bad);
        const auto targets = static_cast<unsigned>(want.size());
        if (targets == 0) return repair_plan{{}, {}};
        if (have.empty())
            return fail(errc::too_few_shards, "no copy is left of shards in all", shape().shards());
        unsigned source = 0;
        while (!there[source]) ++source;
        std::vector<unsigned> indices{source};
        indices.insert(indices.end(), want.begin(), want.end());
        const auto ones = [](std::span<gf::gf256> rows) {
            for (auto& c : rows) c = gf::gf256::one();
        };
        return repair_plan{std::move(indices), gf::linear_map{targets, 1, map_.made_for(), ones}};
    }

private:
    replication(unsigned copies, const gf::kernel& kernel)
        : map_{copies - 1, 1, kernel, [](std::span<gf::gf256> rows) {
                   for (auto& c : rows) c = gf::gf256::one();
               }} {}

    gf::linear_map map_;
};

static_assert(erasure_code<replication>);

}  // namespace rsx::codec
