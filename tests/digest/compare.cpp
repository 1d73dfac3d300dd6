// SPDX-License-Identifier: Apache-2.0
#include <rsx/digest/compare.hpp>

#include "catch.hpp"

TEST_CASE("secrets are equal only where every byte is") {
    using rsx::bytes_of;
    using rsx::digest::equal_in_constant_time;
    CHECK(equal_in_constant_time({}, {}));
    CHECK(equal_in_constant_time(bytes_of("secret"), bytes_of("secret")));
    CHECK(!equal_in_constant_time(bytes_of("secret"), bytes_of("secreT")));
    CHECK(!equal_in_constant_time(bytes_of("secret"), bytes_of("Secret")));
    CHECK(!equal_in_constant_time(bytes_of("secret"), bytes_of("secret ")));
    CHECK(!equal_in_constant_time({}, bytes_of("s")));
}
