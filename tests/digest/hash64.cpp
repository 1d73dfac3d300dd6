// SPDX-License-Identifier: Apache-2.0
#include <rsx/digest/hash64.hpp>

#include "catch.hpp"

#include <vector>

TEST_CASE("xxhash64 gives the published values") {
    using rsx::bytes_of;
    using rsx::digest::xxhash64;
    CHECK(xxhash64({}) == 0xef46db3751d8e999u);
    CHECK(xxhash64(bytes_of("a")) == 0xd24ec4f1a98c6e5bu);
    CHECK(xxhash64(bytes_of("abc")) == 0x44bc2cf5ad770999u);
    CHECK(xxhash64(bytes_of("123456789")) == 0x8cb841db40e6ae83u);
}
