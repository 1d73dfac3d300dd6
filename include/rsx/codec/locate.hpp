// SPDX-License-Identifier: Apache-2.0

// Which shards are silently wrong, without any checksum: up to half as many as there is parity.
//
// Shard p is v_p f(z_p) with f of degree below k. For every such f the m sums
//     s_i = sum over p of w_p z_p^i * shard p,   i = 0 ... m-1,   1/w_p = v_p * product of (z_p +
//     z_q)
// are zero: they are the highest coefficients of an interpolation that needs none. So what they are
// depends on the errors alone: s_i = sum of w_p z_p^i e_p over the wrong shards. A sequence that is
// a sum of n powers obeys a linear recurrence of length n, and Berlekamp-Massey finds the shortest
// one; its roots are the points of the wrong shards. A parity shard at infinity is in s_{m-1}
// alone.
//
//     auto wrong = rsx::codec::locate(code, shards);        // all k+m shards, in order of index
//     auto fixed = rsx::codec::correct(code, spans);        // the same, and mends them in place
//
// One column of bytes is decoded for each shard that is found; all others are only checked to obey
// its recurrence, at the speed of encoding. Points are shifted by 255, so that none is zero.
//
// Promise: finds any floor(m/2) wrong shards, wherever and however they are wrong. With more than
// that it says so or, rarely, finds others: that is in the nature of the code. O(m) tiles of
// scratch. Chapter: docs/theory/03-linear-codes.md.
#pragma once

#include <rsx/codec/reed_solomon.hpp>

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

namespace rsx::codec {

namespace detail {

class locator {
public:
    explicit locator(const reed_solomon& code)
        : shape_{code.shape()}, all_{code.evaluation()}, kernel_{code.kernel()} {
        const unsigned n = shape_.shards();
        syndromes_ = gf::linear_map{shape_.parity, n, kernel_, [&](std::span<gf::gf256> rows) {
                                        for (unsigned i = 0; i < shape_.parity; ++i)
                                            for (unsigned p = 0; p < n; ++p)
                                                rows[std::size_t{i} * n + p] = check(i, p);
                                    }};
    }

    // Looks at `shards`, all equally long, and returns the wrong ones in order.
    result<std::vector<unsigned>> search(std::span<const byte_view> shards) {
        const std::size_t length = shards[0].size();
        std::vector<byte_view> in(shards.size());
        for (std::size_t at = 0; at < length; at += tile) {
            const std::size_t bytes = std::min(tile, length - at);
            for (std::size_t p = 0; p < shards.size(); ++p) in[p] = shards[p].subspan(at, bytes);
            const auto sums = spans(sums_, shape_.parity, bytes);
            syndromes_.write(in, sums);
            while (true) {
                const auto column = unexplained(sums, bytes);
                if (!column) break;
                if (!learn(sums, *column) || found_.size() > shape_.parity / 2)
                    return fail(errc::corrupt, "more shards are wrong than can be located",
                                shape_.parity / 2);
            }
        }
        std::sort(found_.begin(), found_.end());
        return found_;
    }

private:
    using polynomial = std::vector<gf::gf256>;  // from the constant term up
    static constexpr std::size_t tile = 4096;

    [[nodiscard]] static gf::gf256 point(unsigned p) {
        return {static_cast<std::uint8_t>(p ^ 255u)};
    }
    // The coefficient of shard p in s_i.
    [[nodiscard]] gf::gf256 check(unsigned i, unsigned p) const {
        const gf::gf256 w = gf::gf256::one() / all_.weight(p);
        if (all_.at_infinity(p)) return i + 1 == shape_.parity ? w : gf::gf256{};
        return w * gf::power(point(p), i);
    }
    static std::vector<byte_span> spans(std::vector<std::byte>& memory, std::size_t count,
                                        std::size_t bytes) {
        memory.resize(count * tile);
        std::vector<byte_span> made;
        for (std::size_t i = 0; i < count; ++i)
            made.push_back(byte_span{memory}.subspan(i * tile, bytes));
        return made;
    }

    // The first column whose sums do not obey the recurrence of what has been found.
    std::optional<std::size_t> unexplained(std::span<const byte_span> sums, std::size_t bytes) {
        const bool infinite = std::any_of(found_.begin(), found_.end(),
                                          [&](unsigned p) { return all_.at_infinity(p); });
        const std::size_t usable = sums.size() - (infinite ? 1 : 0);
        const std::size_t order = recurrence_.size() - 1;
        if (usable <= order) return {};
        const std::size_t rows = usable - order;
        const auto fill = [&](std::span<gf::gf256> m) {
            for (std::size_t r = 0; r < rows; ++r)
                for (std::size_t c = 0; c <= order; ++c)
                    m[r * usable + r + c] = recurrence_[order - c];
        };
        const gf::linear_map test{static_cast<unsigned>(rows), static_cast<unsigned>(usable),
                                  kernel_, fill};
        const auto rest = spans(rest_, rows, bytes);
        test.write(std::vector<byte_view>(sums.begin(),
                                          sums.begin() + static_cast<std::ptrdiff_t>(usable)),
                   rest);
        std::optional<std::size_t> first;
        for (const auto& row : rest) {
            const auto bad =
                std::find_if(row.begin(), row.end(), [](std::byte b) { return b != std::byte{}; });
            const auto at = static_cast<std::size_t>(bad - row.begin());
            if (bad != row.end() && (!first || at < *first)) first = at;
        }
        return first;
    }

    // Decodes one column and remembers the shards that are wrong in it.
    bool learn(std::span<const byte_span> sums, std::size_t column) {
        polynomial s;
        for (const auto& row : sums) s.push_back({std::to_integer<std::uint8_t>(row[column])});
        const bool may_be_infinite = all_.at_infinity(shape_.shards() - 1);
        if (decode(s, false)) return true;
        s.pop_back();
        return may_be_infinite && decode(s, true);
    }

    bool decode(const polynomial& s, bool infinite) {
        const polynomial shortest = berlekamp_massey(s);
        const std::size_t order = shortest.size() - 1;
        if (order + (infinite ? 1 : 0) > shape_.parity / 2) return false;
        std::vector<unsigned> roots;
        for (unsigned p = 0; p < shape_.shards(); ++p) {
            if (all_.at_infinity(p)) continue;
            gf::gf256 value;  // of the recurrence's characteristic polynomial
            for (const auto c : shortest) value = value * point(p) + c;
            if (value == gf::gf256{}) roots.push_back(p);
        }
        if (roots.size() != order) return false;
        if (infinite) roots.push_back(shape_.shards() - 1);
        const std::size_t before = found_.size();
        for (const unsigned p : roots)
            if (std::find(found_.begin(), found_.end(), p) == found_.end()) found_.push_back(p);
        recurrence_ = {gf::gf256::one()};
        for (const unsigned p : found_) {
            if (all_.at_infinity(p)) continue;
            recurrence_.push_back({});
            for (std::size_t i = recurrence_.size() - 1; i > 0; --i)
                recurrence_[i] += recurrence_[i - 1] * point(p);
        }
        return found_.size() > before;
    }

    // The shortest c with c_0 = 1 and, for all i >= n, sum over j of c_j s_{i-j} = 0 (Massey 1969).
    static polynomial berlekamp_massey(const polynomial& s) {
        polynomial now{gf::gf256::one()};
        polynomial old{gf::gf256::one()};
        std::size_t length = 0;
        std::size_t gap = 1;
        gf::gf256 old_miss = gf::gf256::one();
        for (std::size_t i = 0; i < s.size(); ++i, ++gap) {
            gf::gf256 miss = s[i];
            for (std::size_t j = 1; j <= length && j < now.size(); ++j) miss += now[j] * s[i - j];
            if (miss == gf::gf256{}) continue;
            polynomial next = now;
            next.resize(std::max(now.size(), old.size() + gap));
            for (std::size_t j = 0; j < old.size(); ++j) next[j + gap] += miss / old_miss * old[j];
            if (2 * length <= i) {
                length = i + 1 - length;
                old = now;
                old_miss = miss;
                gap = 0;
            }
            now = std::move(next);
        }
        now.resize(length + 1);
        return now;
    }

    geometry shape_;
    const points& all_;
    const gf::kernel& kernel_;
    gf::linear_map syndromes_;
    std::vector<unsigned> found_;
    polynomial recurrence_{gf::gf256::one()};
    std::vector<std::byte> sums_;
    std::vector<std::byte> rest_;
};

}  // namespace detail

// The indices of the shards that are wrong, of all k+m given in order. None: the stripe is whole.
[[nodiscard]] inline result<std::vector<unsigned>> locate(const reed_solomon& code,
                                                          std::span<const byte_view> shards) {
    if (code.evaluation().empty())
        return fail(errc::unsupported, "only Cauchy-like generators can locate errors; this one is",
                    static_cast<std::uint64_t>(code.rows()));
    if (shards.size() != code.shape().shards())
        return fail(errc::invalid, "locating needs all shards; the number is what came",
                    shards.size());
    if (const auto bad = checks::lengths(shards, shards[0].size())) return std::unexpected(*bad);
    return detail::locator{code}.search(shards);
}

// Locates, and mends what is wrong. Answers which shards were.
inline result<std::vector<unsigned>> correct(const reed_solomon& code,
                                             std::span<const byte_span> shards) {
    const std::vector<byte_view> views{shards.begin(), shards.end()};
    const auto wrong = locate(code, views);
    if (!wrong || wrong->empty()) return wrong;
    std::vector<unsigned> have;
    for (unsigned p = 0; p < shards.size(); ++p)
        if (!std::binary_search(wrong->begin(), wrong->end(), p)) have.push_back(p);
    const auto plan = code.plan(have, *wrong);
    if (!plan) return std::unexpected(plan.error());
    std::vector<byte_view> in;
    std::vector<byte_span> out;
    for (const unsigned p : plan->sources()) in.push_back(views[p]);
    for (const unsigned p : plan->targets()) out.push_back(shards[p]);
    if (const auto mended = plan->repair(in, out); !mended) return std::unexpected(mended.error());
    return wrong;
}

}  // namespace rsx::codec
