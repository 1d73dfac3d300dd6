// SPDX-License-Identifier: Apache-2.0
#include <rsx/placement/choose.hpp>

#include "catch.hpp"

namespace placement = rsx::placement;

TEST_CASE("a domain at a depth is that many components of the path") {
    using placement::domain_at;
    CHECK(domain_at("eu/rack-1/host-2", 0) == "eu");
    CHECK(domain_at("eu/rack-1/host-2", 1) == "eu/rack-1");
    CHECK(domain_at("eu/rack-1/host-2", 2) == "eu/rack-1/host-2");
    CHECK(domain_at("eu/rack-1/host-2", 9) == "eu/rack-1/host-2");
    CHECK(domain_at("eu", 0) == "eu");
    CHECK(domain_at("eu", 1) == "eu");
    CHECK(domain_at("", 0).empty());
}

TEST_CASE("hosts of the same name in two racks are two hosts") {
    const placement::member a{.who = {.node = 1, .incarnation = 1}, .domain = "rack-a/host-1"};
    const placement::member b{.who = {.node = 2, .incarnation = 1}, .domain = "rack-b/host-1"};
    CHECK(!placement::same_domain(a, b, 1));
    CHECK(placement::same_domain(a, a, 1));
}

TEST_CASE("members without a domain stand alone") {
    const placement::member a{.who = {.node = 1, .incarnation = 1}, .domain = ""};
    const placement::member b{.who = {.node = 2, .incarnation = 1}, .domain = ""};
    CHECK(!placement::same_domain(a, b, 0));
}

TEST_CASE("a ranking is asked no further than needed") {
    placement::view now;
    for (std::uint32_t i = 0; i < 100; ++i)
        now.members.push_back({.who = {.node = i, .incarnation = 1}, .domain = ""});
    std::size_t asked = 0;
    const auto counting = [&asked]() -> std::optional<std::size_t> { return asked++; };
    std::vector<rsx::holder> out(6);
    REQUIRE(placement::choose(counting, now, {}, {}, out));
    CHECK(asked == 6);
}
