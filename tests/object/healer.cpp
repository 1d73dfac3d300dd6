// SPDX-License-Identifier: Apache-2.0
#include "catch.hpp"
#include "world.hpp"

#include <rsx/object/collector.hpp>
#include <rsx/object/healer.hpp>

using test::bytes_from;
using test::cell;
using test::mood;
using test::world;
namespace object = rsx::object;

TEST_CASE("what was missing is written again, and what was away comes home") {
    const unsigned dead = GENERATE(1u, 2u);
    const std::size_t size = GENERATE(std::size_t{10}, std::size_t{35u << 20});
    CAPTURE(dead, size);
    world w;
    w.first->keep_renewed();
    w.make_bucket();
    for (unsigned i = 0; i < dead; ++i) w.stores[i]->be(mood::dead);
    const auto body = bytes_from(1, size);
    REQUIRE(w.put("b", "key", body));
    object::healer healer{w.engine().state()};
    auto pass = w.run(healer.pass());
    REQUIRE(pass);
    CHECK(pass->left == 1);

    w.all_be(mood::well);
    (void)w.run(rsx::sleep_for(std::chrono::minutes{1}));
    pass = w.run(healer.pass());
    INFO(test::said(pass));
    REQUIRE(pass);
    CHECK(pass->left == 0);
    CHECK(pass->tickets == 1);
    CHECK(w.rows_of('t').empty());
    object::collector collector{w.engine().state()};
    REQUIRE(w.run(collector.pass()));
    CHECK(w.shards() == (size > 100 ? 12u : 6u));
    for (unsigned a = 0; a < 6; ++a) {
        w.all_be(mood::well);
        w.stores[a]->be(mood::forgets);
        w.stores[(a + 1) % 6]->be(mood::forgets);
        const auto back = w.get("b", "key");
        REQUIRE(back);
        CHECK((*back == body));
    }
}

TEST_CASE("a shard found corrupt by a read is rebuilt once its disk tells the truth again") {
    world w;
    w.first->keep_renewed();
    w.make_bucket();
    const auto body = bytes_from(1, 9 * cell);
    REQUIRE(w.put("b", "key", body));
    w.stores[0]->be(mood::flips);
    w.stores[1]->be(mood::flips);
    REQUIRE(w.get("b", "key"));
    REQUIRE(w.run(w.engine().drain()));
    REQUIRE(w.rows_of('t').size() == 1);
    object::healer healer{w.engine().state()};
    // The disks keep lying, so what is read back is refused and nothing changes.
    auto pass = w.run(healer.pass());
    REQUIRE(pass);
    CHECK(pass->left == 1);
    w.all_be(mood::well);
    pass = w.run(healer.pass());
    REQUIRE(pass);
    CHECK(pass->left == 0);
    CHECK((*w.get("b", "key") == body));
    CHECK(w.rows_of('t').empty());
    object::collector collector{w.engine().state()};
    REQUIRE(w.run(collector.pass()));
    CHECK(w.shards() == 6);
}

TEST_CASE("an object replaced while it is healed stays as it is now") {
    world w;
    w.first->keep_renewed();
    w.make_bucket();
    w.stores[3]->be(mood::dead);
    REQUIRE(w.put("b", "key", "old"));
    w.all_be(mood::well);
    (void)w.run(rsx::sleep_for(std::chrono::minutes{1}));
    REQUIRE(w.put("b", "key", "new"));
    object::healer healer{w.engine().state()};
    const auto pass = w.run(healer.pass());
    REQUIRE(pass);
    CHECK(pass->shards == 0);
    CHECK(w.rows_of('t').empty());
    CHECK(*w.get("b", "key") == "new");
}

TEST_CASE("a part's owed shards are healed before the upload is completed") {
    world w;
    w.first->keep_renewed();
    w.make_bucket();
    const auto made = w.run(w.engine().create_upload("b", "key", {}));
    REQUIRE(made);
    w.stores[2]->be(mood::dead);
    test::text_source source{"one part"};
    test::md5_digester sums;
    const auto part = w.run(w.engine().put_part("b", "key", made->id, 1, {}, source, sums));
    REQUIRE(part);
    w.all_be(mood::well);
    (void)w.run(rsx::sleep_for(std::chrono::minutes{1}));
    object::healer healer{w.engine().state()};
    const auto pass = w.run(healer.pass());
    REQUIRE(pass);
    CHECK(pass->tickets == 1);
    CHECK(w.shards() == 6);
    object::completed_part named;
    named.number = 1;
    named.etag = part->etag;
    test::md5_composer composer;
    REQUIRE(w.run(w.engine().complete("b", "key", made->id, {named}, {}, composer)));
    CHECK(w.rows_of('t').empty());
    CHECK(*w.get("b", "key") == "one part");
}
