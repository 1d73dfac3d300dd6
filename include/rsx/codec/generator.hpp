// SPDX-License-Identifier: Apache-2.0

// Generators: the rows of coefficients that make parity out of data, and whose bytes they match.
//
// Any k rows of (identity above parity rows) must be invertible; then any k shards bring back the
// rest (MDS). Cauchy matrices and Vandermonde matrices in systematic form have this by
// construction, and scaling rows and columns keeps it. So each entry below is one closed formula:
//
//     backblaze         Lagrange: the polynomial through the data at 0...k-1, taken at k+i
//     ones_vandermonde  (k+j)(k+i) / (k (k+i+j)): the same, scaled to ones in row 0 and column 0;
//                       the last row is the value at infinity, (k+j) / k
//     ones_cauchy       the same without infinity: row i does not depend on m
//     cauchy            1 / ((k+i) + j)
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

namespace detail {

[[nodiscard]] inline gf::gf256 element(unsigned value) noexcept {
    return {static_cast<std::uint8_t>(value)};
}

// (k+j)(k+i) / (k (k+i+j)): ones where i = 0 and where j = 0.
[[nodiscard]] inline gf::gf256 ones_cauchy(unsigned k, unsigned i, unsigned j) noexcept {
    return element(k ^ j) * element(k + i) / (element(k) * element((k + i) ^ j));
}

// Lagrange: product over l != j of (x - l) / (j - l), for the nodes l = 0 ... k-1.
[[nodiscard]] inline gf::gf256 lagrange(unsigned k, unsigned x, unsigned j) noexcept {
    gf::gf256 value = gf::gf256::one();
    for (unsigned l = 0; l < k; ++l)
        if (l != j) value *= element(x ^ l) / element(j ^ l);
    return value;
}

}  // namespace detail

// m rows of k coefficients, row after row.
[[nodiscard]] inline result<std::vector<gf::gf256>> rows_of(generator g, const geometry& shape) {
    if (const auto ok = shape_allowed(shape); !ok) return std::unexpected(ok.error());
    if (const auto ok = is_mds(g, shape); !ok) return std::unexpected(ok.error());
    const unsigned k = shape.data;
    const unsigned m = shape.parity;
    std::vector<gf::gf256> rows;
    rows.reserve(std::size_t{k} * m);
    for (unsigned i = 0; i < m; ++i) {
        for (unsigned j = 0; j < k; ++j) {
            switch (g) {
                case generator::ones_vandermonde:
                    rows.push_back(m == 1       ? gf::gf256::one()
                                   : i == m - 1 ? detail::element(k ^ j) / detail::element(k)
                                                : detail::ones_cauchy(k, i, j));
                    break;
                case generator::ones_cauchy: rows.push_back(detail::ones_cauchy(k, i, j)); break;
                case generator::backblaze: rows.push_back(detail::lagrange(k, k + i, j)); break;
                case generator::cauchy:
                    rows.push_back(gf::gf256::one() / detail::element((k + i) ^ j));
                    break;
                case generator::isal_rs: rows.push_back(gf::gf256::exp(i * j)); break;
                case generator::par1: rows.push_back(gf::power(detail::element(j + 1), i)); break;
                case generator::custom:
                    return fail(errc::invalid, "custom rows come from the caller: see make(rows)");
                default:
                    return fail(errc::unsupported, "no generator has this number",
                                static_cast<std::uint64_t>(g));
            }
        }
    }
    return rows;
}

}  // namespace rsx::codec
