// SPDX-License-Identifier: Apache-2.0

#include <rsx/codec/generator.hpp>

#include "catch.hpp"

#include "elimination.hpp"
#include "fixture.hpp"

#include <bit>

using namespace rsx;
using codec::generator;
using gf::gf256;

namespace {

// Whether every square submatrix of the rows has an inverse: then any k shards suffice.
bool any_k_suffice(std::span<const gf256> rows, unsigned k, unsigned m) {
    for (std::uint64_t r = 1; r < std::uint64_t{1} << m; ++r) {
        const auto picked = codec_test::chosen(r, m, true);
        const std::size_t n = picked.size();
        for (std::uint64_t c = 1; c < std::uint64_t{1} << k; ++c) {
            if (static_cast<std::size_t>(std::popcount(c)) != n) continue;
            const auto columns = codec_test::chosen(c, k, true);
            std::vector<gf256> square;
            for (const unsigned i : picked)
                for (const unsigned j : columns) square.push_back(rows[std::size_t{i} * k + j]);
            if (!codec_test::eliminate(std::span{square}, n, n)) return false;
        }
    }
    return true;
}

}  // namespace

TEST_CASE("any k shards suffice, for every generator and every shape of at most sixteen shards") {
    unsigned shapes = 0;
    for (unsigned k = 1; k <= 15; ++k)
        for (unsigned m = 1; k + m <= 16; ++m)
            for (const auto g :
                 {generator::ones_vandermonde, generator::backblaze, generator::cauchy,
                  generator::isal_rs, generator::par1, generator::ones_cauchy}) {
                const auto rows = codec::rows_of(g, {k, m});
                if (!rows) {
                    CHECK((g == generator::isal_rs || g == generator::par1));
                    continue;
                }
                CAPTURE(k, m, codec::name_of(g));
                REQUIRE(any_k_suffice(*rows, k, m));
                ++shapes;
            }
    CHECK(shapes >= 480);
}

TEST_CASE("the next wider shapes of plain Vandermonde rows do lose data") {
    const auto isal = [](unsigned k, unsigned m) {
        std::vector<gf256> rows;
        for (unsigned i = 0; i < m; ++i)
            for (unsigned j = 0; j < k; ++j) rows.push_back(gf256::exp(i * j));
        return rows;
    };
    const auto par1 = [](unsigned k, unsigned m) {
        std::vector<gf256> rows;
        for (unsigned i = 0; i < m; ++i)
            for (unsigned j = 0; j < k; ++j)
                rows.push_back(gf::power({static_cast<std::uint8_t>(j + 1)}, i));
        return rows;
    };
    CHECK_FALSE(any_k_suffice(isal(22, 4), 22, 4));
    CHECK_FALSE(any_k_suffice(isal(6, 5), 6, 5));
    CHECK_FALSE(any_k_suffice(isal(5, 6), 5, 6));
    CHECK_FALSE(any_k_suffice(par1(3, 4), 3, 4));
    CHECK(codec::rows_of(generator::isal_rs, {21, 4}));
    CHECK_FALSE(codec::rows_of(generator::isal_rs, {22, 4}));
    CHECK(codec::rows_of(generator::isal_rs, {5, 5}));
    CHECK_FALSE(codec::rows_of(generator::isal_rs, {6, 5}));
    CHECK(codec::rows_of(generator::isal_rs, {4, 21}));
    CHECK_FALSE(codec::rows_of(generator::isal_rs, {4, 22}));
    CHECK(codec::rows_of(generator::par1, {2, 4}));
    CHECK_FALSE(codec::rows_of(generator::par1, {3, 4}));
}

TEST_CASE("ones-Cauchy rows do not depend on how many there are") {
    for (const unsigned k : {1u, 2u, 4u, 10u, 50u, 200u})
        for (unsigned m = 1; m < 12; ++m) {
            const auto fewer = codec::rows_of(generator::ones_cauchy, {k, m});
            const auto more = codec::rows_of(generator::ones_cauchy, {k, m + 1});
            REQUIRE(fewer);
            REQUIRE(more);
            CHECK(std::equal(fewer->begin(), fewer->end(), more->begin()));
        }
}

TEST_CASE("the ones generators begin with a row and a column of ones") {
    for (const auto g : {generator::ones_vandermonde, generator::ones_cauchy})
        for (const unsigned k : {1u, 3u, 10u, 100u})
            for (const unsigned m : {1u, 2u, 5u, 100u}) {
                const auto rows = codec::rows_of(g, {k, m});
                REQUIRE(rows);
                for (unsigned j = 0; j < k; ++j) CHECK((*rows)[j] == gf256::one());
                for (unsigned i = 0; i < m; ++i) CHECK((*rows)[std::size_t{i} * k] == gf256::one());
            }
}

TEST_CASE("the numbers of the generators are for ever") {
    CHECK(static_cast<int>(generator::ones_vandermonde) == 1);
    CHECK(static_cast<int>(generator::backblaze) == 2);
    CHECK(static_cast<int>(generator::cauchy) == 3);
    CHECK(static_cast<int>(generator::isal_rs) == 4);
    CHECK(static_cast<int>(generator::par1) == 5);
    CHECK(static_cast<int>(generator::ones_cauchy) == 6);
    CHECK(static_cast<int>(generator::custom) == 7);
}

TEST_CASE("impossible shapes are errors that name the number") {
    CHECK(codec::rows_of(generator::cauchy, {0, 2}).error().code == errc::invalid);
    CHECK(codec::rows_of(generator::cauchy, {2, 0}).error().code == errc::invalid);
    const auto wide = codec::rows_of(generator::cauchy, {200, 56});
    REQUIRE_FALSE(wide);
    CHECK(wide.error().code == errc::limit);
    CHECK(wide.error().detail == 256);
    CHECK_FALSE(codec::rows_of(generator::cauchy, {~0u, ~0u}));
    CHECK_FALSE(codec::rows_of(generator::custom, {2, 2}));
    CHECK(codec::rows_of(static_cast<generator>(99), {2, 2}).error().detail == 99);
    CHECK(codec::rows_of(generator::cauchy, {200, 55}));
}
