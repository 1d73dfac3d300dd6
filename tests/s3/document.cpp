// SPDX-License-Identifier: Apache-2.0
#include <rsx/s3/route.hpp>

#include <fstream>
#include <set>
#include <string>

#include "catch.hpp"

namespace s3 = rsx::s3;

TEST_CASE("the compatibility page says of every operation what the route table says") {
    std::ifstream page{RSX_SOURCE_DIR "/docs/s3-compatibility.md"};
    REQUIRE(page.good());
    std::set<std::string> lines;
    for (std::string line; std::getline(page, line);) lines.insert(line);
    for (const auto& row : s3::routes) {
        const std::string answered = row.implemented ? "yes" : "`NotImplemented`";
        const auto expected = "| " + std::string{row.name} + " | " + answered + " |";
        INFO("docs/s3-compatibility.md should have the line: " << expected);
        CHECK(lines.count(expected) == 1);
    }
}
