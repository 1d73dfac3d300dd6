// SPDX-License-Identifier: Apache-2.0
#include <rsx/digest/xxhash.hpp>

#include "catch.hpp"

#include <rsx/core/clock.hpp>
#include <rsx/digest/hash64.hpp>

#include <vector>

namespace digest = rsx::digest;

TEST_CASE("XXH3 gives the published values of nothing") {
    CHECK(digest::xxh3_64_of({}) == 0x2d06800538d394c2u);
    CHECK(digest::xxh3_128_of({}) ==
          digest::hash128{.high = 0x99aa06d3014798d8u, .low = 0x6001c324468d497fu});
}

TEST_CASE("XXH3 in pieces is XXH3 in one") {
    rsx::seeded_entropy random{3};
    std::vector<std::byte> bytes(3000);
    random.fill(bytes);
    for (std::size_t n = 0; n <= bytes.size(); n += 37) {
        CAPTURE(n);
        const auto view = rsx::byte_view{bytes}.first(n);
        digest::xxh3_64 narrow{5};
        digest::xxh3_128 wide{5};
        for (const auto piece : {view.first(n / 3), view.subspan(n / 3)}) {
            narrow.update(piece);
            wide.update(piece);
        }
        CHECK(narrow.value() == digest::xxh3_64_of(view, 5));
        CHECK(wide.value() == digest::xxh3_128_of(view, 5));
    }
}

TEST_CASE("our xxhash64 is the library's at every length and seed") {
    rsx::seeded_entropy random{4};
    std::vector<std::byte> bytes(300);
    random.fill(bytes);
    for (std::size_t n = 0; n <= bytes.size(); ++n)
        for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{1}, random.u64()}) {
            CAPTURE(n, seed);
            CHECK(digest::xxhash64(rsx::byte_view{bytes}.first(n), seed) ==
                  XXH64(bytes.data(), n, seed));
        }
}
