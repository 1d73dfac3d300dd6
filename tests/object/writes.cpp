// SPDX-License-Identifier: Apache-2.0
#include "catch.hpp"
#include "world.hpp"

using test::bytes_from;
using test::cell;
using test::mood;
using test::world;
namespace object = rsx::object;

namespace {

rsx::meta::rows::version head_of(world& w) {
    const auto rows = w.rows_of('o');
    REQUIRE(rows.size() == 1);
    return *rsx::meta::rows::decode<rsx::meta::rows::version>(rows[0].value);
}

std::map<rsx::meta::rows::presence, int> presences(world& w) {
    std::map<rsx::meta::rows::presence, int> out;
    const auto head = head_of(w);
    for (const auto& run : head.inlined->extents)
        for (const auto& place : run.shards.places) ++out[place.state];
    return out;
}

using rsx::meta::rows::presence;

}  // namespace

TEST_CASE("one dead node of six: stored with five, and the sixth is owed") {
    const auto how = GENERATE(mood::dead, mood::full, mood::hung, mood::drops_appends);
    const std::size_t size = GENERATE(std::size_t{1000}, std::size_t{2 * 1024 * 1024});
    CAPTURE(static_cast<int>(how), size);
    world w;
    w.make_bucket();
    w.stores[3]->be(how);
    const auto body = bytes_from(1, size);
    REQUIRE(w.put("b", "key", body));
    auto seen = presences(w);
    CHECK(seen[presence::present] == 5);
    CHECK(seen[presence::missing] == 1);
    CHECK(w.rows_of('t').size() == 1);
    // Whatever one further node is lost, it is whole.
    for (unsigned lost = 0; lost < 6; ++lost) {
        w.all_be(mood::well);
        w.stores[lost]->be(mood::dead);
        const auto back = w.get("b", "key");
        INFO(test::said(back));
        REQUIRE(back);
        CHECK((*back == body));
    }
}

TEST_CASE("two dead nodes of six: what is missing is handed off to those that are left") {
    const auto how = GENERATE(mood::dead, mood::full, mood::hung, mood::drops_appends);
    const std::size_t size =
        GENERATE(std::size_t{1}, std::size_t{1000}, std::size_t{5 * 1024 * 1024 + 3});
    CAPTURE(static_cast<int>(how), size);
    world w;
    w.make_bucket();
    w.stores[1]->be(how);
    w.stores[4]->be(how);
    const auto body = bytes_from(1, size);
    const auto stored = w.put("b", "key", body);
    REQUIRE(stored);
    auto seen = presences(w);
    CHECK(seen[presence::present] == 4);
    CHECK(seen[presence::handed_off] == 2);
    CHECK(w.rows_of('t').size() == 1);
    for (unsigned lost = 0; lost < 6; ++lost) {
        CAPTURE(lost);
        w.all_be(mood::well);
        w.stores[1]->be(mood::forgets);
        w.stores[4]->be(mood::forgets);
        w.stores[lost]->be(mood::dead);
        const auto back = w.get("b", "key");
        INFO(test::said(back));
        REQUIRE(back);
        CHECK((*back == body));
    }
}

TEST_CASE("with nine nodes a lost one is replaced by one that holds nothing yet") {
    world w{9};
    w.make_bucket();
    REQUIRE(w.put("b", "key", "x"));
    const auto head = head_of(w);
    const auto victim = head.inlined->extents[0].shards.places[2].where.node;
    w.stores[victim]->be(mood::dead);
    for (int i = 0; i < 3; ++i) REQUIRE(w.put("b", "key", bytes_from(1, 300'000)));
    CHECK(w.get("b", "key"));
}

TEST_CASE("where the promise cannot be kept, nothing is stored and the answer says so") {
    const auto how = GENERATE(mood::dead, mood::full, mood::hung, mood::drops_appends);
    const std::size_t size = GENERATE(std::size_t{1000}, std::size_t{1024 * 1024});
    CAPTURE(static_cast<int>(how), size);
    world w;
    w.make_bucket();
    REQUIRE(w.put("b", "key", "as it was"));
    const auto shards = w.shards();
    for (const unsigned i : {0u, 1u, 2u, 3u}) w.stores[i]->be(how);
    const auto refused = w.put("b", "key", bytes_from(1, size));
    REQUIRE(!refused);
    CHECK(refused.error().code == rsx::errc::unavailable);
    w.all_be(mood::well);
    REQUIRE(w.run(w.engine().drain()));
    CHECK(*w.get("b", "key") == "as it was");
    CHECK(w.shards() == shards);
    CHECK(w.rows_of('g').empty());
}

TEST_CASE("a body that breaks off leaves nothing") {
    world w;
    w.make_bucket();
    for (const std::size_t at : {std::size_t{0}, std::size_t{5}, cell, 5 * cell, 30 * cell}) {
        CAPTURE(at);
        test::text_source source{bytes_from(1, 40 * cell)};
        source.fail_at = at;
        test::md5_digester sums;
        const auto torn = w.run(w.engine().put("b", "key", {}, source, sums));
        REQUIRE(!torn);
        CHECK(torn.error().code == rsx::errc::io);
    }
    REQUIRE(w.run(w.engine().drain()));
    CHECK(w.get("b", "key").error() == object::no_such_key);
    CHECK(w.shards() == 0);
}

TEST_CASE("a body shorter or longer than announced is refused and leaves nothing") {
    world w;
    w.make_bucket();
    for (const std::size_t size : {std::size_t{0}, std::size_t{10}, 3 * cell, 33 * cell}) {
        for (const long off : {-1L, 1L, 70'000L}) {
            if (static_cast<long>(size) + off < 0) continue;
            object::put_options how;
            how.length = static_cast<std::size_t>(static_cast<long>(size) + off);
            CAPTURE(size, off);
            const auto refused = w.put("b", "key", bytes_from(1, size), how);
            REQUIRE(!refused);
            CHECK(refused.error() == object::incomplete_body);
        }
    }
    REQUIRE(w.run(w.engine().drain()));
    CHECK(w.shards() == 0);
}

TEST_CASE("a body with a wrong digest stores nothing") {
    world w;
    w.make_bucket();
    REQUIRE(w.put("b", "key", "good"));
    const auto shards = w.shards();
    test::text_source source{bytes_from(1, 3 * cell)};
    test::md5_digester sums;
    sums.refuse = true;
    const auto refused = w.run(w.engine().put("b", "key", {}, source, sums));
    REQUIRE(!refused);
    CHECK(refused.error() == object::bad_digest);
    REQUIRE(w.run(w.engine().drain()));
    CHECK(*w.get("b", "key") == "good");
    CHECK(w.shards() == shards);
}

TEST_CASE("an overwrite makes the old one garbage, and erases nothing before it is committed") {
    world w;
    w.make_bucket();
    REQUIRE(w.put("b", "key", "one"));
    CHECK(w.shards() == 6);
    REQUIRE(w.put("b", "key", "two"));
    CHECK(*w.get("b", "key") == "two");
    CHECK(w.shards() == 12);  // the collector's, later
    CHECK(w.rows_of('g').size() == 1);
    CHECK(head_of(w).order.seq == 2);
}

TEST_CASE("a/file and a/file2 are two objects") {
    world w;
    w.make_bucket();
    REQUIRE(w.put("b", "a/file", "one"));
    REQUIRE(w.put("b", "a/file2", "two"));
    REQUIRE(w.run(w.engine().remove("b", "a/file")));
    CHECK(w.get("b", "a/file").error() == object::no_such_key);
    CHECK(*w.get("b", "a/file2") == "two");
    REQUIRE(w.put("b", "a", "three"));
    CHECK(*w.get("b", "a") == "three");
}

TEST_CASE("an object of no bytes has no shards") {
    world w;
    w.make_bucket();
    REQUIRE(w.put("b", "key", ""));
    CHECK(w.shards() == 0);
    CHECK(*w.get("b", "key") == "");
    CHECK(w.run(w.engine().head("b", "key"))->etag == "d41d8cd98f00b204e9800998ecf8427e");
    w.all_be(mood::dead);
    CHECK(w.put("b", "key", ""));
}

TEST_CASE("conditions of a write are judged on what it replaces") {
    world w;
    w.make_bucket();
    object::put_options none;
    none.condition.if_none_match = {"*"};
    object::put_options match;
    match.condition.if_match = {test::md5_text("one")};
    CHECK(w.put("b", "key", "x", match).error() == object::no_such_key);
    REQUIRE(w.put("b", "key", "one", none));
    CHECK(w.put("b", "key", "two", none).error() == object::precondition_failed);
    REQUIRE(w.put("b", "key", "two", match));
    CHECK(w.put("b", "key", "three", match).error() == object::precondition_failed);
    CHECK(*w.get("b", "key") == "two");
    object::remove_options gone;
    gone.condition = match.condition;
    CHECK(w.run(w.engine().remove("b", "key", gone)).error() == object::precondition_failed);
}

TEST_CASE("headers come back as they were given, also those too large for the row") {
    world w;
    w.make_bucket();
    object::put_options how;
    how.headers.content_type = "image/jpeg";
    how.headers.cache_control = "no-cache";
    how.headers.user = {{"colour", "blue"}, {"empty", ""}};
    REQUIRE(w.put("b", "small", "x", how));
    CHECK(w.run(w.engine().head("b", "small"))->headers == how.headers);
    CHECK(w.rows_of('e').empty());
    how.headers.user.push_back({"long", std::string(6000, 'y')});
    REQUIRE(w.put("b", "large", "x", how));
    CHECK(w.run(w.engine().head("b", "large"))->headers == how.headers);
    CHECK(w.rows_of('e').size() == 1);
    REQUIRE(w.put("b", "large", "x"));
    CHECK(w.rows_of('e').empty());
}

TEST_CASE("two processes that put one key at once both succeed, and one of them is there") {
    world w;
    w.make_bucket();
    auto second = w.add_process();
    for (int round = 0; round < 20; ++round) {
        const auto one = bytes_from(1, 1000);
        const auto two = bytes_from(2, 1000);
        test::text_source from_one{one};
        test::text_source from_two{two};
        test::md5_digester sums_one;
        test::md5_digester sums_two;
        std::vector<rsx::task<rsx::result<object::info>>> both;
        both.push_back(w.engine().put("b", "key", {}, from_one, sums_one));
        both.push_back(second->engine->put("b", "key", {}, from_two, sums_two));
        const auto done = w.run(rsx::gather(std::move(both)));
        CHECK(done[0]);
        CHECK(done[1]);
        const auto back = w.get("b", "key");
        INFO(test::said(back));
        REQUIRE(back);
        CHECK((*back == one || *back == two));
        CHECK(head_of(w).order.seq == static_cast<std::uint64_t>(2 * round + 2));
    }
    CHECK(w.rows_of('g').size() == 39);  // each replaced version once
}

TEST_CASE("of many conditional creations of one key exactly one succeeds") {
    world w;
    w.make_bucket();
    auto second = w.add_process();
    std::vector<std::unique_ptr<test::text_source>> sources;
    std::vector<std::unique_ptr<test::md5_digester>> sums;
    std::vector<rsx::task<rsx::result<object::info>>> all;
    object::put_options none;
    none.condition.if_none_match = {"*"};
    for (int i = 0; i < 16; ++i) {
        sources.push_back(
            std::make_unique<test::text_source>(bytes_from(static_cast<unsigned>(i), 10)));
        sums.push_back(std::make_unique<test::md5_digester>());
        auto& by = i % 2 == 0 ? w.engine() : *second->engine;
        all.push_back(by.put("b", "key", none, *sources.back(), *sums.back()));
    }
    const auto done = w.run(rsx::gather(std::move(all)));
    int good = 0;
    for (const auto& each : done) {
        if (each)
            ++good;
        else
            CHECK(each.error() == object::precondition_failed);
    }
    CHECK(good == 1);
    REQUIRE(w.run(w.engine().drain()));
    REQUIRE(w.run(second->engine->drain()));
    CHECK(w.shards() == 6);
}

TEST_CASE("more bodies than the budget holds wait, and those that wait too long are told so") {
    world w;
    w.how.inflight_bytes = 2u << 20;
    auto tight = w.add_process();
    REQUIRE(w.run(tight->engine->create_bucket("b", {.owner = "o"})));
    std::vector<std::unique_ptr<test::text_source>> sources;
    std::vector<std::unique_ptr<test::md5_digester>> sums;
    std::vector<rsx::task<rsx::result<object::info>>> all;
    for (int i = 0; i < 4; ++i) {
        sources.push_back(std::make_unique<test::text_source>(bytes_from(1, 30 * cell)));
        sources.back()->pause = std::chrono::milliseconds{i == 0 ? 400 : 1};
        sums.push_back(std::make_unique<test::md5_digester>());
        all.push_back(
            tight->engine->put("b", std::to_string(i), {}, *sources.back(), *sums.back()));
    }
    const auto done = w.run(rsx::gather(std::move(all)));
    INFO(test::said(done[0]));
    CHECK(done[0]);
    bool told = false;
    for (const auto& each : done) told = told || (!each && each.error() == object::slow_down);
    CHECK(told);
}
