// SPDX-License-Identifier: Apache-2.0
#include <rsx/codec/reed_solomon.hpp>

#include "catch.hpp"

#include "fixture.hpp"

#include <bit>
#include <set>

using namespace rsx;
using codec::generator;
using codec::reed_solomon;
using codec_test::chosen;
using codec_test::outputs;
using codec_test::stripe;

namespace {

bool restored(const reed_solomon& code, const stripe& whole, std::span<const unsigned> have,
              std::span<const unsigned> want) {
    const auto plan = code.plan(have, want);
    if (!plan) return false;
    outputs out{want.size(), whole.shards[0].size()};
    if (!plan->repair(whole.pick(plan->sources()), out.spans())) return false;
    for (std::size_t i = 0; i < want.size(); ++i)
        if (out.shards[i] != whole.shards[want[i]]) return false;
    return true;
}

void restores(const reed_solomon& code, const stripe& whole, std::span<const unsigned> have,
              std::span<const unsigned> want) {
    REQUIRE(restored(code, whole, have, want));
}

}  // namespace

TEST_CASE("every loss of at most m shards is repaired, for every shape of at most sixteen") {
    std::size_t patterns = 0;
    for (unsigned k = 1; k <= 15; ++k)
        for (unsigned m = 1; k + m <= 16; ++m)
            for (const auto g : {generator::ones_cauchy, generator::ones_vandermonde}) {
                if (k + m > 12 && g == generator::ones_vandermonde) continue;
                const auto code = reed_solomon::make({.data = k, .parity = m}, g);
                REQUIRE(code);
                stripe s{k, m, 3, k * 100 + m};
                REQUIRE(code->encode(s.data(), s.parity_out()));
                for (std::uint64_t bits = 0; bits < std::uint64_t{1} << (k + m); ++bits) {
                    if (static_cast<unsigned>(std::popcount(bits)) > m) continue;
                    ++patterns;
                    if (restored(*code, s, chosen(bits, k + m, false), chosen(bits, k + m, true)))
                        continue;
                    CAPTURE(k, m, bits, codec::name_of(g));
                    FAIL("a loss that must be repairable was not repaired");
                }
            }
    CHECK(patterns == 983'025 + 45'045);
}

TEST_CASE("one loss too many is an error that counts what is left") {
    const auto code = reed_solomon::make({.data = 4, .parity = 2});
    REQUIRE(code);
    for (std::uint64_t bits = 0; bits < 64; ++bits) {
        if (std::popcount(bits) != 3) continue;
        const auto plan = code->plan(chosen(bits, 6, false), chosen(bits, 6, true));
        REQUIRE_FALSE(plan);
        CHECK(plan.error().code == errc::too_few_shards);
        CHECK(plan.error().detail == 3);
    }
}

TEST_CASE("shards of any length are restored by every kernel") {
    for (const auto& kernel : gf::kernels()) {
        if (!kernel.runs_here()) continue;
        for (const std::size_t bytes : {0u, 1u, 63u, 64u, 65u, 257u, 4096u, 10'007u}) {
            CAPTURE(kernel.name, bytes);
            const auto code =
                reed_solomon::make({.data = 10, .parity = 4}, generator::ones_vandermonde, kernel);
            REQUIRE(code);
            stripe s{10, 4, bytes, 5};
            REQUIRE(code->encode(s.data(), s.parity_out()));
            restores(*code, s, std::vector<unsigned>{1, 2, 3, 4, 5, 6, 10, 11, 12, 13},
                     std::vector<unsigned>{0, 7, 8, 9});
            restores(*code, s, std::vector<unsigned>{0, 1, 2, 3, 4, 5, 6, 7, 8, 13},
                     std::vector<unsigned>{9, 10, 12});
        }
    }
}

TEST_CASE("wide shapes restore random losses") {
    std::mt19937 random{11};
    for (const auto& [k, m] : {std::pair{50u, 20u}, std::pair{200u, 55u}, std::pair{1u, 254u}})
        for (int round = 0; round < 5; ++round) {
            CAPTURE(k, m, round);
            const auto code = reed_solomon::make({.data = k, .parity = m});
            REQUIRE(code);
            stripe s{k, m, 100, static_cast<std::uint32_t>(round)};
            REQUIRE(code->encode(s.data(), s.parity_out()));
            std::set<unsigned> lost;
            while (lost.size() < m) lost.insert(static_cast<unsigned>(random() % (k + m)));
            std::vector<unsigned> have;
            for (unsigned i = 0; i < k + m; ++i)
                if (!lost.contains(i)) have.push_back(i);
            restores(*code, s, have, std::vector<unsigned>(lost.begin(), lost.end()));
        }
}

TEST_CASE("a single lost data shard is restored by xor alone, from exactly k shards") {
    for (const auto g : {generator::ones_vandermonde, generator::ones_cauchy}) {
        const auto code = reed_solomon::make({.data = 10, .parity = 4}, g);
        REQUIRE(code);
        for (unsigned lost = 0; lost < 10; ++lost) {
            std::vector<unsigned> have;
            for (unsigned i = 0; i < 14; ++i)
                if (i != lost) have.push_back(i);
            const auto plan = code->plan(have, std::vector<unsigned>{lost});
            REQUIRE(plan);
            REQUIRE(plan->sources().size() == 10);
            for (unsigned j = 0; j < 10; ++j) CHECK(plan->coefficient(0, j) == gf::gf256::one());
        }
    }
}

TEST_CASE("a plan explains itself") {
    const auto code = reed_solomon::make({.data = 2, .parity = 1});
    REQUIRE(code);
    const auto plan = code->plan(std::vector<unsigned>{0, 2}, std::vector<unsigned>{1});
    REQUIRE(plan);
    CHECK(plan->explain() == "shard 1 = 1*shard 0 + 1*shard 2\n");
}

TEST_CASE("what is wanted and there is copied, and nothing else is read") {
    const auto code = reed_solomon::make({.data = 4, .parity = 2});
    REQUIRE(code);
    stripe s{4, 2, 40, 1};
    REQUIRE(code->encode(s.data(), s.parity_out()));
    const std::vector<unsigned> two{5, 1};
    const auto plan = code->plan(std::vector<unsigned>{1, 5}, two);
    REQUIRE(plan);
    CHECK(std::vector<unsigned>(plan->sources().begin(), plan->sources().end()) == two);
    restores(*code, s, std::vector<unsigned>{1, 5}, two);
    restores(*code, s, std::vector<unsigned>{1, 3, 4, 5}, std::vector<unsigned>{0, 5, 1, 2});
}

TEST_CASE("a plan for nothing reads nothing") {
    const auto code = reed_solomon::make({.data = 4, .parity = 2});
    REQUIRE(code);
    const auto plan = code->plan({}, {});
    REQUIRE(plan);
    CHECK(plan->sources().empty());
    CHECK(plan->repair({}, {}));
}

TEST_CASE("updating the parity is the same as encoding the new data") {
    const auto code = reed_solomon::make({.data = 6, .parity = 3});
    REQUIRE(code);
    stripe s{6, 3, 333, 2};
    REQUIRE(code->encode(s.data(), s.parity_out()));
    std::mt19937 random{3};
    for (unsigned index = 0; index < 6; ++index) {
        std::vector<std::byte> delta(333);
        for (std::size_t i = 0; i < delta.size(); ++i) {
            delta[i] = static_cast<std::byte>(random());
            s.shards[index][i] ^= delta[i];
        }
        REQUIRE(code->update(index, delta, s.parity_out()));
        CHECK(code->verify(s.data(), s.parity()).value());
    }
}

TEST_CASE("data shards contribute in any order and any grouping") {
    const auto code = reed_solomon::make({.data = 7, .parity = 4});
    REQUIRE(code);
    stripe s{7, 4, 129, 4};
    REQUIRE(code->encode(s.data(), s.parity_out()));
    outputs here{4, 129};
    for (auto& shard : here.shards) std::fill(shard.begin(), shard.end(), std::byte{});
    const auto data = s.data();
    REQUIRE(code->contribute(5, std::span{data}.subspan(5, 2), here.spans()));
    REQUIRE(code->contribute(0, std::span{data}.subspan(0, 4), here.spans()));
    REQUIRE(code->contribute(4, std::span{data}.subspan(4, 1), here.spans()));
    REQUIRE(code->contribute(7, {}, here.spans()).error().detail == 7);
    for (unsigned i = 0; i < 4; ++i) CHECK(here.shards[i] == s.shards[7 + i]);
}

TEST_CASE("a repair absorbs its sources as they arrive") {
    const auto code = reed_solomon::make({.data = 5, .parity = 3});
    REQUIRE(code);
    stripe s{5, 3, 71, 6};
    REQUIRE(code->encode(s.data(), s.parity_out()));
    const std::vector<unsigned> have{1, 3, 5, 6, 7};
    const std::vector<unsigned> want{0, 2, 4};
    const auto plan = code->plan(have, want);
    REQUIRE(plan);
    outputs out{3, 71};
    for (auto& shard : out.shards) std::fill(shard.begin(), shard.end(), std::byte{});
    for (const std::size_t i : {3u, 0u, 4u, 1u, 2u})
        REQUIRE(plan->absorb(i, s.shards[plan->sources()[i]], out.spans()));
    for (unsigned i = 0; i < 3; ++i) CHECK(out.shards[i] == s.shards[want[i]]);
    CHECK(plan->absorb(5, s.shards[0], out.spans()).error().detail == 5);
}

TEST_CASE("verify finds a flipped bit anywhere") {
    const auto code = reed_solomon::make({.data = 4, .parity = 3});
    REQUIRE(code);
    stripe s{4, 3, 300, 8};
    REQUIRE(code->encode(s.data(), s.parity_out()));
    REQUIRE(code->verify(s.data(), s.parity()).value());
    for (auto& shard : s.shards)
        for (const std::size_t at : {0u, 1u, 63u, 64u, 255u, 256u, 299u}) {
            shard[at] ^= std::byte{1};
            CHECK_FALSE(code->verify(s.data(), s.parity()).value());
            shard[at] ^= std::byte{1};
        }
}

TEST_CASE("custom rows that cannot be solved say so") {
    const std::vector<gf::gf256> rows{{1}, {1}, {1}, {1}};
    const auto code = reed_solomon::make({.data = 2, .parity = 2}, rows);
    REQUIRE(code);
    CHECK(code->rows() == generator::custom);
    const auto plan = code->plan(std::vector<unsigned>{2, 3}, std::vector<unsigned>{0, 1});
    REQUIRE_FALSE(plan);
    CHECK(plan.error().code == errc::too_few_shards);
    CHECK(reed_solomon::make({.data = 2, .parity = 3}, rows).error().detail == 4);
}

TEST_CASE("misuse is an error that names the number, and touches nothing") {
    const auto code = reed_solomon::make({.data = 3, .parity = 2});
    REQUIRE(code);
    stripe s{3, 2, 64, 9};
    const auto data = s.data();
    const auto parity = s.parity_out();

    SECTION("too few data shards") {
        const auto r = code->encode(std::span{data}.first(2), parity);
        REQUIRE_FALSE(r);
        CHECK(r.error().detail == 2);
    }
    SECTION("too few parity shards") {
        CHECK(code->encode(data, std::span{parity}.first(1)).error().detail == 1);
        CHECK(code->verify(data, s.pick(std::vector<unsigned>{3})).error().detail == 1);
    }
    SECTION("unequal lengths") {
        auto uneven = data;
        uneven[2] = uneven[2].first(63);
        CHECK(code->encode(uneven, parity).error().detail == 2);
        CHECK_FALSE(code->verify(uneven, s.parity()));
        auto short_parity = parity;
        short_parity[1] = short_parity[1].first(1);
        CHECK(code->encode(data, short_parity).error().detail == 1);
    }
    SECTION("an input that is an output") {
        auto aliased = parity;
        aliased[1] = s.shards[2];
        const auto r = code->encode(data, aliased);
        REQUIRE_FALSE(r);
        CHECK(r.error().code == errc::invalid);
        CHECK(r.error().detail == 2);
    }
    SECTION("outputs that overlap") {
        auto aliased = parity;
        aliased[1] = aliased[0];
        CHECK(code->encode(data, aliased).error().detail == 1);
    }
    SECTION("parts of one buffer that interleave without overlapping are fine") {
        std::vector<std::byte> memory(5 * 64);
        const auto part = [&](std::size_t i) { return byte_span{memory}.subspan(i * 64, 64); };
        const std::vector<byte_view> in{part(1), part(3), part(0)};
        const std::vector<byte_span> out{part(4), part(2)};
        CHECK(code->encode(in, out));
    }
    SECTION("indices out of range or twice") {
        const std::vector<unsigned> good{0, 1, 2};
        CHECK(code->plan(std::vector<unsigned>{0, 1, 5}, good).error().detail == 5);
        CHECK(code->plan(good, std::vector<unsigned>{9}).error().detail == 9);
        CHECK(code->plan(std::vector<unsigned>{1, 1, 2}, good).error().detail == 1);
        CHECK(code->plan(good, std::vector<unsigned>{3, 3}).error().detail == 3);
        CHECK(code->update(3, data[0], parity).error().detail == 3);
    }
    SECTION("a repair with the wrong shards") {
        const auto plan = code->plan(std::vector<unsigned>{0, 1, 3}, std::vector<unsigned>{2});
        REQUIRE(plan);
        outputs out{1, 64};
        CHECK(plan->repair(std::span{data}.first(2), out.spans()).error().detail == 2);
        CHECK_FALSE(plan->repair(data, {}));
    }
    for (unsigned i = 3; i < 5; ++i) CHECK(s.shards[i] == std::vector<std::byte>(64));
}

TEST_CASE("shapes beyond the field are refused") {
    CHECK(reed_solomon::make({.data = 255, .parity = 1}).error().detail == 256);
    CHECK(reed_solomon::make({.data = 254, .parity = 1}));
    CHECK_FALSE(reed_solomon::make({.data = 0, .parity = 1}));
}
