// SPDX-License-Identifier: Apache-2.0
#include "catch.hpp"
#include "world.hpp"

#include <bit>

using test::bytes_from;
using test::cell;
using test::mood;
using test::world;
namespace object = rsx::object;

namespace {

struct shape {
    unsigned data;
    unsigned parity;
};

void mend(world& w, unsigned pattern, mood how) {
    for (unsigned i = 0; i < w.stores.size(); ++i)
        w.stores[i]->be((pattern >> i & 1u) != 0 ? how : mood::well);
}

}  // namespace

TEST_CASE("every pattern of at most m lost nodes gives back every byte") {
    const auto code = GENERATE(shape{3, 2}, shape{4, 2}, shape{6, 3});
    const unsigned width = code.data + code.parity;
    world w{width,
            {static_cast<std::uint16_t>(code.data), static_cast<std::uint16_t>(code.parity)}};
    w.make_bucket();
    const std::size_t k = code.data;
    std::map<std::string, std::string> objects;
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, k - 1, k, k + 1, cell - 1, cell,
                                   cell + 1, 1024 * 1024 + std::size_t{7}}) {
        const auto name = std::to_string(size);
        objects[name] = bytes_from(size + 1, size);
        REQUIRE(w.put("b", name, objects[name]));
    }
    for (unsigned pattern = 0; pattern < 1u << width; ++pattern) {
        const auto lost = static_cast<unsigned>(std::popcount(pattern));
        if (lost > code.parity) continue;
        mend(w, pattern, pattern % 2 == 0 ? mood::dead : mood::forgets);
        for (const auto& [name, body] : objects) {
            CAPTURE(code.data, code.parity, pattern, name);
            const auto back = w.get("b", name);
            INFO(test::said(back));
            REQUIRE(back);
            REQUIRE(*back == body);
        }
    }
}

TEST_CASE("one lost node too many is a clear error, never wrong bytes") {
    const auto code = GENERATE(shape{3, 2}, shape{4, 2}, shape{6, 3});
    const unsigned width = code.data + code.parity;
    world w{width,
            {static_cast<std::uint16_t>(code.data), static_cast<std::uint16_t>(code.parity)}};
    w.make_bucket();
    REQUIRE(w.put("b", "key", bytes_from(1, 3 * cell + 1)));
    for (unsigned pattern = 0; pattern < 1u << width; ++pattern) {
        if (static_cast<unsigned>(std::popcount(pattern)) != code.parity + 1) continue;
        CAPTURE(pattern);
        mend(w, pattern, mood::forgets);
        const auto gone = w.get("b", "key");
        REQUIRE(!gone);
        INFO(test::said(gone));
        CHECK(gone.error() == object::data_lost);
        mend(w, pattern, mood::dead);
        const auto away = w.get("b", "key");
        REQUIRE(!away);
        CHECK(away.error().code == rsx::errc::unavailable);
    }
    mend(w, 0, mood::well);
    CHECK(w.get("b", "key"));
}

TEST_CASE("nodes that lie, hang or are slow are overtaken, whatever they do") {
    const auto how = GENERATE(mood::flips, mood::forges, mood::swaps, mood::hung, mood::slow);
    world w;
    w.make_bucket();
    std::map<std::string, std::string> objects;
    for (const std::size_t size : {std::size_t{1}, 2 * cell + 17, 9 * cell, 40 * cell + 3}) {
        const auto name = std::to_string(size);
        objects[name] = bytes_from(size, size);
        REQUIRE(w.put("b", name, objects[name]));
    }
    for (unsigned pattern = 0; pattern < 64; ++pattern) {
        if (std::popcount(pattern) > 2) continue;
        mend(w, pattern, how);
        for (const auto& [name, body] : objects) {
            CAPTURE(static_cast<int>(how), pattern, name);
            const auto began = w.loop.now();
            const auto back = w.get("b", name);
            INFO(test::said(back));
            REQUIRE(back);
            REQUIRE(*back == body);
            CHECK(w.loop.now() - began < std::chrono::seconds{5});
        }
    }
}

TEST_CASE("a frozen node costs one pause, not one a request") {
    world w;
    w.make_bucket();
    REQUIRE(w.put("b", "key", bytes_from(1, 9 * cell)));
    w.stores[2]->be(mood::hung);
    w.stores[4]->be(mood::hung);
    const auto began = w.loop.now();
    for (int i = 0; i < 10; ++i) REQUIRE(w.get("b", "key"));
    CHECK(w.loop.now() - began < 3 * rsx::limits::hedge_pause);
}

TEST_CASE("a healthy read touches k nodes and no parity") {
    world w;
    w.make_bucket();
    REQUIRE(w.put("b", "key", bytes_from(1, 4 * cell)));
    REQUIRE(w.get("b", "key"));
    std::size_t reads = 0;
    for (auto& store : w.stores) reads += store->how().reads;
    CHECK(reads == 4);
}

TEST_CASE("ranges give exactly their bytes, healthy or degraded") {
    world w;
    w.make_bucket();
    const auto body = bytes_from(7, 37 * cell + 4711);
    REQUIRE(w.put("b", "key", body));
    rsx::seeded_entropy random{42};
    for (const unsigned pattern : {0u, 0b000101u, 0b110000u, 0b100010u}) {
        mend(w, pattern, mood::dead);
        for (int i = 0; i < 40; ++i) {
            const auto first = random.below(body.size());
            const auto count = 1 + random.below(i % 2 == 0 ? 20'000 : body.size());
            CAPTURE(pattern, first, count);
            const auto back = w.get("b", "key", std::pair{first, count});
            INFO(test::said(back));
            REQUIRE(back);
            REQUIRE(*back == body.substr(first, count));
        }
        CHECK(*w.get("b", "key", std::pair{body.size() - 1, std::uint64_t{9}}) ==
              body.substr(body.size() - 1));
        CHECK(w.get("b", "key", std::pair{body.size(), std::uint64_t{1}}).error() ==
              object::invalid_range);
    }
}

TEST_CASE("a small range of a healthy object reads one block") {
    world w;
    w.make_bucket();
    REQUIRE(w.put("b", "key", bytes_from(7, 100 * cell)));
    REQUIRE(w.get("b", "key", std::pair{std::uint64_t{70 * cell + 5}, std::uint64_t{10}}));
    std::size_t reads = 0;
    for (auto& store : w.stores) reads += store->how().reads;
    CHECK(reads == 1);
}

TEST_CASE("an object of several chunks survives any two nodes") {
    world w;
    w.make_bucket();
    const auto body = bytes_from(3, 33u << 20);
    REQUIRE(w.put("b", "key", body));
    for (const unsigned pattern : {0u, 0b000011u, 0b110000u}) {
        CAPTURE(pattern);
        mend(w, pattern, mood::dead);
        const auto back = w.get("b", "key");
        INFO(test::said(back));
        REQUIRE(back);
        CHECK((*back == body));
    }
}

TEST_CASE("a read that found broken shards leaves a ticket for repair") {
    world w;
    w.make_bucket();
    REQUIRE(w.put("b", "key", bytes_from(1, 9 * cell)));
    w.stores[1]->be(mood::flips);
    w.stores[3]->be(mood::flips);
    w.stores[5]->be(mood::flips);
    (void)w.get("b", "key");
    w.all_be(mood::well);
    w.stores[0]->be(mood::flips);
    w.stores[1]->be(mood::flips);
    REQUIRE(w.get("b", "key"));
    REQUIRE(w.run(w.engine().drain()));
    CHECK(w.rows_of('t').size() == 1);
}
