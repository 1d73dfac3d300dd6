// SPDX-License-Identifier: Apache-2.0

// Repair without solving equations: shards as values of one polynomial.
//
// With a Cauchy-like generator every shard p is v_p f(z_p), where f has degree below k and z_p is
// the shard's own point (y_j = j for data, x_i = k + i for parity, one parity perhaps at infinity).
// Any k shards S determine f, and Lagrange says what it is at a lost point t:
//
//     shard t = sum over s in S of  (v_t B_t) / (v_s A_s (z_t + z_s)) * shard s
//     A_s = product over s' in S, s' != s, of (z_s + z_s'),   B_t = product over S of (z_t + z_s')
//
// Both products run over the k shards used, which is long. But the product over *all* shards is
// known beforehand, so that only the few that are not used must be divided out: O(m) each. At
// infinity a factor (z + infinity) counts as one. Everything is done with logarithms: products
// become sums.
//
//     const points all{cauchy_form_of(generator::cauchy, shape)};
//     points::interpolation{all, sources, unused}.row_of(target, row);
//
// Promise: planning l losses costs O(m (k + l)) + O(k l) look-ups, no matrix is inverted.
// Chapter: docs/theory/03-linear-codes.md.
#pragma once

#include <rsx/codec/generator.hpp>

#include <array>
#include <span>
#include <vector>

namespace rsx::codec {

class points {
public:
    points() = default;

    explicit points(const cauchy_form& form)
        : weight_(form.a.size() + form.b.size()), infinite_{form.infinite} {
        // weight_p = log(v_p * product over all other finite points). For data that is the product
        // over the parity points / b_j, for parity a_i * the product over the other parity points.
        const auto k = static_cast<unsigned>(form.b.size());
        for (unsigned p = 0; p < weight_.size(); ++p) {
            gf::gf256 value = p < k ? gf::gf256::one() / form.b[p] : form.a[p - k];
            for (unsigned q = k; q < weight_.size(); ++q)
                if (q != p && !at_infinity(p) && !at_infinity(q))
                    value *= gf::gf256{static_cast<std::uint8_t>(p ^ q)};
            weight_[p] = static_cast<std::uint8_t>(log(value.value));
        }
    }

    [[nodiscard]] bool empty() const noexcept { return weight_.empty(); }

    // v_p times the product of (z_p + z_q) over the other finite points q.
    [[nodiscard]] gf::gf256 weight(unsigned p) const noexcept {
        RSX_ASSERT(p < weight_.size());
        return gf::gf256::exp(weight_[p]);
    }
    [[nodiscard]] bool at_infinity(unsigned p) const noexcept {
        return infinite_ && p + 1 == weight_.size();
    }

    // The part of Lagrange's formula that depends on the k sources alone.
    class interpolation {
    public:
        // `unused` are all shards that are not sources.
        interpolation(const points& all, std::span<const unsigned> sources,
                      std::span<const unsigned> unused) noexcept
            : all_{all}, sources_{sources}, unused_{unused} {
            for (std::size_t s = 0; s < sources.size(); ++s)
                below_[s] =
                    (255u - all.weight_[sources[s]] + all.product(sources[s], unused)) % 255;
        }

        // The coefficients of the sources in shard `target`, which is not one of them.
        void row_of(unsigned target, std::span<gf::gf256> row) const noexcept {
            // A multiple of 255 is added so that the difference of logarithms stays positive.
            const unsigned above =
                (all_.weight_[target] + 255u * 255u - all_.product(target, unused_)) % 255;
            if (all_.at_infinity(target)) {
                for (std::size_t s = 0; s < sources_.size(); ++s)
                    row[s] = gf::gf256::exp(above + below_[s]);
                return;
            }
            for (std::size_t s = 0; s < sources_.size(); ++s) {
                const unsigned between =
                    all_.at_infinity(sources_[s]) ? 0 : 255u - log(target ^ sources_[s]);
                row[s] = {gf::detail::logs.exp[above + below_[s] + between]};
            }
        }

    private:
        const points& all_;
        std::span<const unsigned> sources_;
        std::span<const unsigned> unused_;
        std::array<unsigned, limits::shards_max> below_;  // -log(v_s A_s)
    };

private:
    [[nodiscard]] static unsigned log(unsigned value) noexcept {
        return gf::detail::logs.log[value];
    }
    // log of the product of (z_p + z_q) over the finite q != p of a list
    [[nodiscard]] unsigned product(unsigned p, std::span<const unsigned> list) const {
        if (at_infinity(p)) return 0;
        unsigned sum = 0;
        for (const unsigned q : list)
            if (q != p && !at_infinity(q)) sum += log(p ^ q);
        return sum;
    }

    std::vector<std::uint8_t> weight_;
    bool infinite_{false};
};

}  // namespace rsx::codec
