// SPDX-License-Identifier: Apache-2.0

// Catch2 2.13 and 3.x behind one include. Tests keep to what both have:
// TEST_CASE, TEMPLATE_TEST_CASE, SECTION, GENERATE, REQUIRE, CHECK, INFO, CAPTURE, WARN, FAIL.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif
