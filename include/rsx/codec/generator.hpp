// SPDX-License-Identifier: Apache-2.0

// Generators: the rows of coefficients that make parity out of data, and whose bytes they match.
//
// Any k rows of (identity above parity rows) must be invertible; then any k shards bring back the
// rest (MDS). Cauchy matrices and Vandermonde matrices in systematic form have this by
// construction, and scaling rows and columns keeps it. So each entry below is one closed formula:
//
//     cauchy            1 / (x_i + y_j), where y_j = j and x_i = k + i
//     backblaze         Lagrange: the polynomial through the data at y_j, taken at x_i
//     ones_cauchy       (k+j) x_i / (k (x_i + y_j)): scaled to ones in row 0 and column 0; row i
//     does
//                       not depend on m
//     ones_vandermonde  the same, but the last row is the point at infinity: (k+j) / k
//     isal_rs, par1     (2^i)^j and (j+1)^i: plain Vandermonde rows, MDS only for some shapes
//
// where + is xor and everything is in GF(2^8). The proofs are in docs/theory/03-linear-codes.md.
//
//     auto rows = rsx::codec::rows_of(rsx::codec::generator::cauchy, {.data = 10, .parity = 4});
//
// Promise: the numbers of the enumeration are on disks and never change.
#pragma once

#include <rsx/codec/concept.hpp>
#include <rsx/core/limits.hpp>
#include <rsx/gf/gf256.hpp>

#include <cstdint>
#include <string_view>
#include <vector>

namespace rsx::codec {

enum class generator : std::uint8_t {
    ones_vandermonde = 1,  // Jerasure reed_sol_van, klauspost WithJerasureMatrix; our default
    backblaze = 2,         // Backblaze, klauspost default
    cauchy = 3,            // ISA-L gf_gen_cauchy1_matrix, klauspost WithCauchyMatrix
    isal_rs = 4,           // ISA-L gf_gen_rs_matrix, where it is MDS
    par1 = 5,              // PAR 1.0, klauspost WithPAR1Matrix, where it is MDS
    ones_cauchy = 6,       // what stored objects use: parity can be added later
    custom = 7,            // rows of the caller's own
};

[[nodiscard]] constexpr std::string_view name_of(generator g) noexcept {
    switch (g) {
        case generator::ones_vandermonde: return "ones-vandermonde";
        case generator::backblaze: return "backblaze";
        case generator::cauchy: return "cauchy";
        case generator::isal_rs: return "isal-rs";
        case generator::par1: return "par1";
        case generator::ones_cauchy: return "ones-cauchy";
        case generator::custom: return "custom";
    }
    return "?";
}

// The k and m of a code over bytes, or why there is none.
[[nodiscard]] inline result<void> shape_allowed(const geometry& shape) noexcept {
    if (shape.data == 0) return fail(errc::invalid, "a code needs at least one data shard");
    if (shape.parity == 0) return fail(errc::invalid, "a code needs at least one parity shard");
    if (shape.data > limits::shards_max || shape.parity > limits::shards_max - shape.data)
        return fail(errc::limit, "more shards than GF(2^8) has; use a wide code",
                    std::uint64_t{shape.data} + shape.parity);
    return {};
}

// Plain Vandermonde rows are MDS only for these shapes (found by trying every square submatrix).
[[nodiscard]] inline result<void> is_mds(generator g, const geometry& shape) noexcept {
    if (g == generator::isal_rs) {
        const unsigned data_max = shape.parity <= 3    ? 252
                                  : shape.parity == 4  ? 21
                                  : shape.parity == 5  ? 5
                                  : shape.parity <= 21 ? 4
                                                       : 3;
        if (shape.data > data_max)
            return fail(
                errc::unsupported,
                "isal-rs rows this wide lose data for some losses; most data shards:", data_max);
    }
    if (g == generator::par1) {
        const unsigned data_max = shape.parity <= 3 ? 252 : 2;
        if (shape.data > data_max)
            return fail(
                errc::unsupported,
                "par1 rows this wide lose data for some losses; most data shards:", data_max);
    }
    return {};
}

// The shape behind four of the generators: coefficient(i, j) = a_i b_j / (x_i + y_j), where data
// shard j stands for the point y_j = j and parity shard i for x_i = k + i; and where `infinite`,
// the last parity shard stands for the point at infinity: a b_j. Repair uses it too: points.hpp.
struct cauchy_form {
    std::vector<gf::gf256> a;  // per parity shard
    std::vector<gf::gf256> b;  // per data shard
    bool infinite{false};      // the last parity shard is the point at infinity

    [[nodiscard]] gf::gf256 at(unsigned i, unsigned j) const noexcept {
        const auto k = static_cast<unsigned>(b.size());
        if (infinite && i + 1 == a.size()) return a[i] * b[j];
        return a[i] * b[j] / gf::gf256{static_cast<std::uint8_t>((k + i) ^ j)};
    }
};

// Empty where the generator has no such form.
[[nodiscard]] inline cauchy_form cauchy_form_of(generator g, const geometry& shape) {
    using gf::gf256;
    const auto element = [](unsigned value) { return gf256{static_cast<std::uint8_t>(value)}; };
    const unsigned k = shape.data;
    const unsigned m = shape.parity;
    cauchy_form form;
    if (g == generator::isal_rs || g == generator::par1 || g == generator::custom) return form;
    form.a.assign(m, gf256::one());
    form.b.assign(k, gf256::one());
    if (g == generator::cauchy) return form;
    if (g == generator::backblaze) {
        // a_i = product of (x_i + y_l), b_j = 1 / product over l != j of (y_j + y_l)
        for (unsigned l = 0; l < k; ++l) {
            for (unsigned i = 0; i < m; ++i) form.a[i] *= element((k + i) ^ l);
            for (unsigned j = 0; j < k; ++j)
                if (j != l) form.b[j] /= element(j ^ l);
        }
        return form;
    }
    for (unsigned j = 0; j < k; ++j) form.b[j] = element(k ^ j);
    for (unsigned i = 0; i < m; ++i) form.a[i] = element(k + i) / element(k);
    form.infinite = g == generator::ones_vandermonde;
    // At infinity: (k+j) / k. If that is the only row, the columns are scaled to its ones instead.
    if (form.infinite) form.a[m - 1] = gf256::one() / element(k);
    if (form.infinite && m == 1) {
        form.a[0] = gf256::one();
        form.b.assign(k, gf256::one());
    }
    return form;
}

// m rows of k coefficients, row after row.
[[nodiscard]] inline result<std::vector<gf::gf256>> rows_of(generator g, const geometry& shape) {
    if (const auto ok = shape_allowed(shape); !ok) return std::unexpected(ok.error());
    if (const auto ok = is_mds(g, shape); !ok) return std::unexpected(ok.error());
    if (g == generator::custom)
        return fail(errc::invalid, "custom rows come from the caller: see make(shape, rows)");
    if (static_cast<unsigned>(g) - 1u > 6u)
        return fail(errc::unsupported, "no generator has this number",
                    static_cast<std::uint64_t>(g));
    const cauchy_form form = cauchy_form_of(g, shape);
    std::vector<gf::gf256> rows;
    rows.reserve(std::size_t{shape.data} * shape.parity);
    for (unsigned i = 0; i < shape.parity; ++i)
        for (unsigned j = 0; j < shape.data; ++j) {
            if (!form.a.empty())
                rows.push_back(form.at(i, j));
            else if (g == generator::isal_rs)
                rows.push_back(gf::gf256::exp(i * j));
            else
                rows.push_back(gf::power({static_cast<std::uint8_t>(j + 1)}, i));
        }
    return rows;
}

}  // namespace rsx::codec
