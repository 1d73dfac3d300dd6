// SPDX-License-Identifier: Apache-2.0
#include <rsx/gf/kernels.hpp>
#include <rsx/gf/linear_map.hpp>

#include "catch.hpp"

#include <random>
#include <string>
#include <vector>

using rsx::byte_span;
using rsx::byte_view;
using rsx::gf::gf256;
using rsx::gf::kernel;
using rsx::gf::linear_map;

namespace {

using shards = std::vector<std::vector<std::byte>>;

shards random_shards(std::mt19937& random, unsigned count, std::size_t bytes) {
    shards made(count, std::vector<std::byte>(bytes));
    for (auto& shard : made)
        for (auto& b : shard) b = static_cast<std::byte>(random());
    return made;
}

// Views that start `skew` bytes into their shard: alignment must not matter.
std::vector<byte_view> views(const shards& all, std::size_t skew) {
    std::vector<byte_view> made;
    for (const auto& s : all) made.push_back(byte_view{s}.subspan(skew));
    return made;
}
std::vector<byte_span> spans(shards& all, std::size_t skew) {
    std::vector<byte_span> made;
    for (auto& s : all) made.push_back(byte_span{s}.subspan(skew));
    return made;
}

std::vector<gf256> random_matrix(std::mt19937& random, unsigned rows, unsigned columns) {
    std::vector<gf256> matrix(std::size_t{rows} * columns);
    for (auto& c : matrix) c.value = static_cast<std::uint8_t>(random());
    const auto kind = random() % 4;  // rows and columns of ones have shapes of their own
    for (unsigned j = 0; j < columns && (kind & 1) != 0; ++j) matrix[j] = gf256::one();
    for (unsigned i = 0; i < rows && (kind & 2) != 0; ++i)
        matrix[std::size_t{i} * columns] = gf256::one();
    return matrix;
}

void agrees_with_portable(const kernel& k, unsigned rows, unsigned columns, std::size_t bytes,
                          std::uint32_t seed) {
    CAPTURE(k.name, rows, columns, bytes, seed);
    std::mt19937 random{seed};
    const std::size_t skew = random() % 3;
    const auto matrix = random_matrix(random, rows, columns);
    const linear_map fast{rows, columns, matrix, k};
    const linear_map slow{rows, columns, matrix, rsx::gf::kernels().front()};
    const shards in = random_shards(random, columns, bytes + skew);
    const shards before = random_shards(random, rows, bytes + skew);
    shards expected = before;
    shards got = before;

    slow.write(views(in, skew), spans(expected, skew));
    fast.write(views(in, skew), spans(got, skew));
    REQUIRE(got == expected);
    REQUIRE(fast.agrees(views(in, skew), views(got, skew)));

    const auto first = static_cast<unsigned>(random() % columns);
    const auto count = static_cast<unsigned>(1 + random() % (columns - first));
    const auto some = views(in, skew);
    slow.add(first, std::span{some}.subspan(first, count), spans(expected, skew));
    fast.add(first, std::span{some}.subspan(first, count), spans(got, skew));
    REQUIRE(got == expected);

    if (bytes == 0) return;
    fast.write(views(in, skew), spans(got, skew));
    got[random() % rows][skew + random() % bytes] ^= std::byte{4};
    REQUIRE_FALSE(fast.agrees(views(in, skew), views(got, skew)));
}

}  // namespace

TEST_CASE("every kernel computes what the portable one computes at every length") {
    std::uint32_t seed = 1;
    for (const kernel& k : rsx::gf::kernels()) {
        if (!k.runs_here()) {
            WARN("skipped: this CPU has no " << k.name);
            continue;
        }
        for (const unsigned rows : {1u, 2u, 3u, 4u, 5u, 6u, 7u, 10u, 11u, 21u})
            for (const unsigned columns : {1u, 2u, 5u, 10u, 17u})
                for (const std::size_t bytes : {0u, 1u, 15u, 16u, 17u, 31u, 32u, 33u, 63u, 64u, 65u,
                                                127u, 128u, 129u, 255u, 256u, 257u, 1000u})
                    agrees_with_portable(k, rows, columns, bytes, seed++);
    }
}

TEST_CASE("every kernel agrees on large shards, with prefetch and in strips") {
    std::uint32_t seed = 1;
    for (const kernel& k : rsx::gf::kernels()) {
        if (!k.runs_here() || k.name == "portable") continue;
        agrees_with_portable(k, 4, 10, 70'001, seed++);
        agrees_with_portable(k, 12, 20, 9'999, seed++);
        agrees_with_portable(k, 70, 150, 777, seed++);
    }
}

TEST_CASE("streaming stores write the same bytes") {
    std::mt19937 random{7};
    const std::size_t bytes = rsx::limits::streaming_set_bytes / 3 + 4096 + 13;
    std::vector<std::byte> memory(4 * bytes + 256);
    for (std::size_t i = 0; i < memory.size(); i += 8) memory[i] = static_cast<std::byte>(random());
    const auto aligned = [&](std::size_t i) {
        auto* p = memory.data() + i * (bytes + 64);
        p += (64 - reinterpret_cast<std::uintptr_t>(p) % 64) % 64;
        return byte_span{p, bytes};
    };
    const std::vector<byte_view> in{aligned(0), aligned(1)};
    const std::vector<byte_span> out{aligned(2)};
    std::vector<std::byte> plain(bytes);
    const std::vector<gf256> matrix{{3}, {5}};
    for (const kernel& k : rsx::gf::kernels()) {
        if (!k.runs_here() || k.name == "portable") continue;
        CAPTURE(k.name);
        const linear_map map{1, 2, matrix, k};
        map.write(in, out);  // 3 x 8 MiB: past the cache
        const std::size_t half = bytes / 2;
        for (const std::size_t at : {std::size_t{0}, half}) {  // two calls that are not
            const std::size_t n = at == 0 ? half : bytes - half;
            const std::vector<byte_view> part{in[0].subspan(at, n), in[1].subspan(at, n)};
            const std::vector<byte_span> to{byte_span{plain}.subspan(at, n)};
            map.write(part, to);
        }
        REQUIRE(std::equal(plain.begin(), plain.end(), out[0].begin()));
    }
}

TEST_CASE("a kernel is found by its name") {
    for (const kernel& k : rsx::gf::kernels()) CHECK(rsx::gf::kernel_named(k.name) == &k);
    CHECK(rsx::gf::kernel_named("sse9") == nullptr);
}

TEST_CASE("an unknown RSX_KERNEL is an error that names the variable") {
    const auto wanted = rsx::gf::kernel_wanted("sse9");
    REQUIRE_FALSE(wanted);
    CHECK(wanted.error().code == rsx::errc::invalid);
    CHECK(std::string{wanted.error().why.c_str()}.find("RSX_KERNEL") == 0);
}

TEST_CASE("a kernel this CPU cannot run is an error that names it") {
    for (const kernel& k : rsx::gf::kernels()) {
        CHECK(std::string{k.absent.why.c_str()}.find("RSX_KERNEL=" + std::string{k.name}) == 0);
        const auto wanted = rsx::gf::kernel_wanted(k.name.data());
        if (k.runs_here()) {
            REQUIRE(wanted);
            CHECK(*wanted == &k);
        } else {
            REQUIRE_FALSE(wanted);
            CHECK(wanted.error() == k.absent);
            CHECK_FALSE(rsx::gf::use(k));
        }
    }
}

TEST_CASE("no RSX_KERNEL means the best kernel that runs here") {
    CHECK(*rsx::gf::kernel_wanted(nullptr) == &rsx::gf::best());
    CHECK(*rsx::gf::kernel_wanted("") == &rsx::gf::best());
    CHECK(rsx::gf::best().runs_here());
}

TEST_CASE("the kernel in use can be changed") {
    const auto before = rsx::gf::current();
    REQUIRE(before);
    REQUIRE(rsx::gf::use(*rsx::gf::kernel_named("portable")));
    CHECK((*rsx::gf::current())->name == "portable");
    REQUIRE(rsx::gf::use(**before));
}
