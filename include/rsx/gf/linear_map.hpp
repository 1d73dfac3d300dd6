// SPDX-License-Identifier: Apache-2.0

// A linear map: outputs = matrix x inputs, with shards of bytes as the inputs and outputs.
//
//     const gf::linear_map map{2, 3, coefficients, kernel};   // 2 rows of 3 coefficients
//     map.write(inputs, outputs);             // outputs = map(inputs)
//     map.add(1, changed, outputs);           // outputs += columns 1... applied to what changed
//     bool same = map.agrees(inputs, expected);
//
// Everything the codec does to bytes is one of these three lines. The coefficients are laid out for
// one kernel when the map is made: one allocation then, none later.
//
// Promise: a value, moved and copied; const use is safe from any number of threads. Inputs and
// outputs have equal lengths and do not overlap: the codec checks that, this class does not.
#pragma once

#include <rsx/core/limits.hpp>
#include <rsx/gf/gf256.hpp>
#include <rsx/gf/kernel.hpp>

#include <algorithm>
#include <atomic>
#include <concepts>
#include <span>
#include <vector>

namespace rsx::gf {

class linear_map {
public:
    linear_map() = default;

    // `fill` writes rows * columns coefficients, row after row.
    template <std::invocable<std::span<gf256>> Fill>
    linear_map(unsigned rows, unsigned columns, const kernel& with, Fill&& fill)
        : kernel_{&with}, rows_{rows}, columns_{columns} {
        const std::size_t count = std::size_t{rows} * columns;
        if (count == 0) return;
        table_bytes_ = count * with.factor_bytes;
        storage_.resize((table_bytes_ + count + 7) / 8);
        const std::span<gf256> all{reinterpret_cast<gf256*>(plain()), count};
        fill(all);
        plain_row_ = true;
        for (unsigned j = 0; j < columns && plain_row_; ++j) plain_row_ = all[j] == gf256::one();
        plain_column_ = true;
        for (std::size_t i = 0; i < count && plain_column_; i += columns)
            plain_column_ = all[i] == gf256::one();
        with.lay_out(with, plain(), rows, columns, plain_row_,
                     reinterpret_cast<std::byte*>(storage_.data()));
    }

    linear_map(unsigned rows, unsigned columns, std::span<const gf256> coefficients,
               const kernel& with)
        : linear_map{rows, columns, with, [&](std::span<gf256> all) {
                         RSX_ASSERT(coefficients.size() == all.size());
                         std::copy(coefficients.begin(), coefficients.end(), all.begin());
                     }} {}

    [[nodiscard]] unsigned rows() const noexcept { return rows_; }
    [[nodiscard]] unsigned columns() const noexcept { return columns_; }
    [[nodiscard]] const kernel& made_for() const noexcept { return *kernel_; }
    [[nodiscard]] gf256 at(unsigned row, unsigned column) const noexcept {
        RSX_ASSERT(row < rows_ && column < columns_);
        return {plain()[std::size_t{row} * columns_ + column]};
    }

    // outputs = map(inputs)
    void write(std::span<const byte_view> inputs, std::span<const byte_span> outputs) const {
        RSX_ASSERT(inputs.size() == columns_);
        run(action::write, 0, inputs, outputs, {});
    }

    // outputs += columns [first, first + inputs.size()) applied to the inputs
    void add(unsigned first, std::span<const byte_view> inputs,
             std::span<const byte_span> outputs) const {
        RSX_ASSERT(first <= columns_ && inputs.size() <= columns_ - first);
        run(action::add, first, inputs, outputs, {});
    }

    // expected == map(inputs), without a buffer
    [[nodiscard]] bool agrees(std::span<const byte_view> inputs,
                              std::span<const byte_view> expected) const {
        RSX_ASSERT(inputs.size() == columns_);
        return run(action::check, 0, inputs, {}, expected);
    }

private:
    // More streams than this are more than the hardware prefetcher follows.
    static constexpr unsigned followed_streams = 12;

    [[nodiscard]] std::uint8_t* plain() noexcept {
        return reinterpret_cast<std::uint8_t*>(storage_.data()) + table_bytes_;
    }
    [[nodiscard]] const std::uint8_t* plain() const noexcept {
        return reinterpret_cast<const std::uint8_t*>(storage_.data()) + table_bytes_;
    }

    bool run(action what, unsigned first, std::span<const byte_view> inputs,
             std::span<const byte_span> outputs, std::span<const byte_view> expected) const {
        if (rows_ == 0) return true;
        job w{};
        w.table = reinterpret_cast<const std::byte*>(storage_.data());
        w.rows = rows_;
        w.columns = columns_;
        w.first = first;
        w.count = static_cast<unsigned>(inputs.size());
        w.plain_row = plain_row_;
        w.plain_column = plain_column_ && !inputs.empty();
        w.what = what;
        w.sources = inputs.data();
        w.outputs = outputs.data();
        w.expected = expected.data();
        w.bytes = what == action::check ? expected[0].size() : outputs[0].size();
        const std::size_t streams = inputs.size() + rows_;
        w.beyond_first = streams * w.bytes > limits::small_set_bytes;
        w.prefetch = streams > followed_streams && w.beyond_first;
        w.streaming = what == action::write && streams * w.bytes >= limits::streaming_set_bytes;
        for (const byte_span& out : outputs)
            if (reinterpret_cast<std::uintptr_t>(out.data()) % 64 != 0) w.streaming = false;
        const bool same = kernel_->run(*kernel_, w);
        // Streaming stores are not ordered with others: whoever is told "done" must see them.
        if (w.streaming) std::atomic_thread_fence(std::memory_order_seq_cst);
        return same;
    }

    const kernel* kernel_{nullptr};
    unsigned rows_{0};
    unsigned columns_{0};
    bool plain_row_{false};
    bool plain_column_{false};
    std::size_t table_bytes_{0};
    std::vector<std::uint64_t> storage_;  // the prepared table, then the coefficients themselves
};

}  // namespace rsx::gf
