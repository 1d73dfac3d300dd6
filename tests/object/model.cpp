// SPDX-License-Identifier: Apache-2.0
#include "catch.hpp"
#include "world.hpp"

#include <rsx/object/collector.hpp>

using test::bytes_from;
using test::cell;
using test::mood;
using test::world;
namespace object = rsx::object;

// Two processes, random work, at most m nodes in trouble at a time, processes that die between two
// operations: against a map. A PUT that was refused must not have happened, one that was answered
// must be there, and in the end nothing lies about that nobody names.
TEST_CASE("random work under faults gives what a map would give") {
    const auto seed = GENERATE(range(1u, 13u));
    CAPTURE(seed);
    rsx::seeded_entropy random{seed};
    world w{7, {4, 2}, seed};
    w.make_bucket();
    std::map<std::string, std::string> expected;
    auto second = w.add_process();
    second->keep_renewed();
    w.first->keep_renewed();
    const std::vector<std::size_t> sizes{
        0, 1, 5, 1000, cell, 3 * cell + 1, 20 * cell, 33 * cell + 7};
    const std::vector<mood> moods{mood::dead, mood::hung,  mood::slow,
                                  mood::full, mood::flips, mood::drops_appends};
    for (int i = 0; i < 120; ++i) {
        CAPTURE(i);
        const std::string key = "k" + std::to_string(random.below(6));
        auto& by = random.below(2) == 0 ? *w.first : *second;
        switch (random.below(8)) {
            case 0:
            case 1:
            case 2: {
                auto body = bytes_from(random.u64(), sizes[random.below(sizes.size())]);
                const auto stored = w.put_by(by, "b", key, body);
                INFO(test::said(stored));
                if (stored)
                    expected[key] = std::move(body);
                else
                    CHECK(stored.error().code == rsx::errc::unavailable);
                break;
            }
            case 3: {
                const auto gone = w.run(by.engine->remove("b", key));
                REQUIRE(gone);
                CHECK(gone->was_there == (expected.erase(key) == 1));
                break;
            }
            case 4:
            case 5: {
                const auto back = w.run(world::read_all(*by.engine, "b", key, {}));
                INFO(test::said(back));
                const auto known = expected.find(key);
                if (known == expected.end()) {
                    CHECK(back.error() == object::no_such_key);
                } else {
                    REQUIRE(back);
                    REQUIRE((*back == known->second));
                }
                break;
            }
            case 6: {
                w.all_be(mood::well);
                const auto kind = moods[random.below(moods.size())];
                // What is owed from before counts: one in trouble, so that acknowledged stays
                // whole.
                w.stores[random.below(w.stores.size())]->be(kind);
                break;
            }
            default: {
                const auto page = w.run(by.engine->list("b", {}));
                REQUIRE(page);
                std::vector<std::string> names;
                for (const auto& entry : page->entries) names.push_back(entry.key);
                std::vector<std::string> known;
                for (const auto& [name, body] : expected) known.push_back(name);
                CHECK(names == known);
                if (random.below(4) == 0) {
                    second = w.add_process();
                    second->keep_renewed();
                }
            }
        }
    }
    w.all_be(mood::well);
    (void)w.run(rsx::sleep_for(std::chrono::minutes{2}));
    REQUIRE(w.run(w.engine().drain()));
    REQUIRE(w.run(second->engine->drain()));
    rsx::meta::sweeper sweep{*w.first->session};
    for (int i = 0; i < 3; ++i) {
        REQUIRE(w.run(sweep.dead()));
        (void)w.run(rsx::sleep_for(std::chrono::minutes{1}));
    }
    object::collector collector{w.engine().state()};
    const auto pass = w.run(collector.pass());
    REQUIRE(pass);
    CHECK(pass->garbage_left == 0);
    for (const auto& [key, body] : expected) CHECK((*w.get("b", key) == body));
}
