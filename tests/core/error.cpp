// SPDX-License-Identifier: Apache-2.0
#include <rsx/core/error.hpp>

#include "catch.hpp"

TEST_CASE("an error reads as a sentence with its number") {
    const rsx::error e{rsx::errc::too_few_shards, "need as many shards as data shards", 9};
    CHECK(rsx::to_string(e) == "too few shards: need as many shards as data shards (9)");
}

TEST_CASE("an error without a number does not show one") {
    const rsx::error e{rsx::errc::not_found, "no such bucket"};
    CHECK(rsx::to_string(e) == "not found: no such bucket");
}
