// SPDX-License-Identifier: Apache-2.0
#include "catch.hpp"
#include "world.hpp"

#include <rsx/object/collector.hpp>

using test::bytes_from;
using test::cell;
using test::mood;
using test::world;
namespace object = rsx::object;

TEST_CASE("shards of what was deleted or replaced vanish, live ones never") {
    world w;
    w.first->keep_renewed();
    w.make_bucket();
    object::collector collector{w.engine().state()};
    REQUIRE(w.put("b", "stays", bytes_from(1, 5 * cell)));
    REQUIRE(w.put("b", "goes", bytes_from(2, 5 * cell)));
    REQUIRE(w.put("b", "changes", "old"));
    REQUIRE(w.put("b", "changes", "new"));
    REQUIRE(w.run(w.engine().remove("b", "goes")));
    CHECK(w.shards() == 24);
    const auto pass = w.run(collector.pass());
    REQUIRE(pass);
    CHECK(pass->garbage_rows == 2);
    CHECK(pass->shards_erased == 12);
    CHECK(w.shards() == 12);
    CHECK(w.rows_of('g').empty());
    CHECK((*w.get("b", "stays") == bytes_from(1, 5 * cell)));
    CHECK(*w.get("b", "changes") == "new");
}

TEST_CASE("what a reader may still want is not erased before it has ended") {
    world w;
    w.first->keep_renewed();
    w.make_bucket();
    const auto body = bytes_from(1, 40 * cell);
    REQUIRE(w.put("b", "key", body));
    auto reader = w.run(w.engine().get("b", "key"));
    REQUIRE(reader);
    auto begun = w.run((*reader)->next());
    REQUIRE(begun);
    REQUIRE(w.run(w.engine().remove("b", "key")));

    object::collector collector{w.engine().state()};
    bool ended = false;
    rsx::spawn(rsx::env{&w.loop, {}, rsx::nanos::max()}, collector.pass(),
               [&](rsx::result<object::collected>) { ended = true; });
    (void)w.run(rsx::sleep_for(std::chrono::minutes{5}));
    CHECK(!ended);
    CHECK(w.shards() == 6);
    std::string text{rsx::text_of(begun->view())};
    for (;;) {
        const auto piece = w.run((*reader)->next());
        REQUIRE(piece);
        if (piece->empty()) break;
        text += rsx::text_of(piece->view());
    }
    CHECK((text == body));
    reader->reset();
    while (!ended && w.loop.step()) {
    }
    CHECK(w.shards() == 0);
}

TEST_CASE("garbage on a node that is away waits for it") {
    const auto how = GENERATE(mood::dead, mood::hung);
    world w;
    w.first->keep_renewed();
    w.make_bucket();
    REQUIRE(w.put("b", "key", "x"));
    REQUIRE(w.run(w.engine().remove("b", "key")));
    w.stores[2]->be(how);
    object::collector collector{w.engine().state()};
    auto pass = w.run(collector.pass());
    REQUIRE(pass);
    CHECK(pass->garbage_left == 1);
    CHECK(w.shards() == 1);
    w.all_be(mood::well);
    (void)w.run(rsx::sleep_for(std::chrono::minutes{1}));
    pass = w.run(collector.pass());
    REQUIRE(pass);
    CHECK(pass->garbage_rows == 1);
    CHECK(w.shards() == 0);
}

TEST_CASE("a removed bucket's uploads go with it") {
    world w;
    w.first->keep_renewed();
    w.make_bucket();
    const auto made = w.run(w.engine().create_upload("b", "key", {}));
    REQUIRE(made);
    test::text_source source{"part"};
    test::md5_digester sums;
    REQUIRE(w.run(w.engine().put_part("b", "key", made->id, 1, {}, source, sums)));
    REQUIRE(w.run(w.engine().remove_bucket("b")));
    object::collector collector{w.engine().state()};
    for (int i = 0; i < 4; ++i) REQUIRE(w.run(collector.pass()));
    CHECK(w.shards() == 0);
    for (const char kind : {'u', 'p', 'g', 'z', 'B', 'O'}) CHECK(w.rows_of(kind).empty());
}
