// SPDX-License-Identifier: Apache-2.0

// What every verb checks before it touches a byte: counts, lengths, indices, overlaps.
//
//     if (auto bad = checks::call(data, k, parity, m)) return std::unexpected(*bad);
//
// Cheap on purpose: linear in the number of shards for any sane layout of memory, no allocation.
#pragma once

#include <rsx/core/bytes.hpp>
#include <rsx/core/error.hpp>

#include <functional>
#include <optional>
#include <span>

namespace rsx::codec::checks {

using problem = std::optional<error>;

namespace detail {

struct range {
    const std::byte* begin;
    const std::byte* end;
};

template <class Bytes>
[[nodiscard]] inline range range_of(const Bytes& bytes) noexcept {
    return {bytes.data(), bytes.data() + bytes.size()};
}

[[nodiscard]] inline bool overlap(range a, range b) noexcept {
    return std::less<>{}(a.begin, b.end) && std::less<>{}(b.begin, a.end);
}

}  // namespace detail

template <class Bytes>
[[nodiscard]] problem lengths(std::span<const Bytes> shards, std::size_t length) noexcept {
    for (std::size_t i = 0; i < shards.size(); ++i)
        if (shards[i].size() != length)
            return error{errc::invalid, "shards differ in length; the number is the shard's place",
                         i};
    return {};
}

// Outputs must share no byte with each other nor with an input.
[[nodiscard]] inline problem overlaps(std::span<const byte_view> in,
                                      std::span<const byte_span> out) noexcept {
    using detail::range_of;
    if (out.empty() || out[0].empty()) return {};
    detail::range all = range_of(out[0]);
    bool ascending = true;
    for (std::size_t i = 1; i < out.size(); ++i) {
        const auto r = range_of(out[i]);
        if (std::less<>{}(r.begin, range_of(out[i - 1]).end)) ascending = false;
        if (std::less<>{}(r.begin, all.begin)) all.begin = r.begin;
        if (std::less<>{}(all.end, r.end)) all.end = r.end;
    }
    if (!ascending)
        for (std::size_t i = 1; i < out.size(); ++i)
            for (std::size_t j = 0; j < i; ++j)
                if (detail::overlap(range_of(out[i]), range_of(out[j])))
                    return error{errc::invalid,
                                 "outputs overlap; the number is the later one's place", i};
    for (std::size_t i = 0; i < in.size(); ++i) {
        if (!detail::overlap(range_of(in[i]), all)) continue;
        for (const auto& o : out)
            if (detail::overlap(range_of(in[i]), range_of(o)))
                return error{errc::invalid,
                             "an input overlaps an output; the number is the input's place", i};
    }
    return {};
}

// `in` must be `inputs` shards, `out` must be `outputs`, all equally long, nothing overlapping.
[[nodiscard]] inline problem call(std::span<const byte_view> in, std::size_t inputs,
                                  std::span<const byte_span> out, std::size_t outputs) noexcept {
    if (in.size() != inputs)
        return error{errc::invalid, "wrong number of input shards; the number is what came",
                     in.size()};
    if (out.size() != outputs)
        return error{errc::invalid, "wrong number of output shards; the number is what came",
                     out.size()};
    if (out.empty()) return {};
    const std::size_t length = out[0].size();
    if (auto bad = lengths(in, length)) return bad;
    if (auto bad = lengths(out, length)) return bad;
    return overlaps(in, out);
}

// The same for shards that are only read.
[[nodiscard]] inline problem pair(std::span<const byte_view> data, std::size_t datas,
                                  std::span<const byte_view> parity,
                                  std::size_t parities) noexcept {
    if (const auto bad = call(data, datas, {}, 0)) return bad;
    if (parity.size() != parities)
        return error{errc::invalid, "wrong number of parity shards; the number is what came",
                     parity.size()};
    if (const auto bad = lengths(data, data[0].size())) return bad;
    return lengths(parity, data[0].size());
}

// Every index below `shards` and none twice. `seen` is scratch of `shards` flags, all false.
template <class Flags>
[[nodiscard]] problem indices(std::span<const unsigned> list, unsigned shards,
                              Flags& seen) noexcept {
    for (const unsigned index : list) {
        if (index >= shards)
            return error{errc::invalid, "no such shard in this code; the number is its index",
                         index};
        if (seen[index])
            return error{errc::invalid, "a shard is named twice; the number is its index", index};
        seen[index] = true;
    }
    return {};
}

}  // namespace rsx::codec::checks
