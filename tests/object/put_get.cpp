// SPDX-License-Identifier: Apache-2.0
#include "catch.hpp"
#include "world.hpp"

using test::bytes_from;
using test::cell;
using test::mood;
using test::world;
namespace object = rsx::object;

TEST_CASE("what was put comes back, of every awkward size") {
    world w;
    REQUIRE(w.run(w.engine().create_bucket("photos", {.owner = "alice"})));
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, std::size_t{3}, std::size_t{4}, std::size_t{5},
          std::size_t{4096}, cell - 1, cell, cell + 1, 4 * cell - 1, 4 * cell, 4 * cell + 1,
          16 * cell, std::size_t{1024 * 1024 + 7}, 20 * cell + 12345}) {
        for (const bool known : {true, false}) {
            CAPTURE(size, known);
            const auto body = bytes_from(size, size);
            object::put_options how;
            if (known) how.length = size;
            const auto stored = w.put("photos", "key", body, how);
            REQUIRE(stored);
            CHECK(stored->size == size);
            CHECK(stored->etag == test::md5_text(body));
            const auto back = w.get("photos", "key");
            REQUIRE(back);
            CHECK(*back == body);
        }
    }
}
