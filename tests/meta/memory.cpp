// SPDX-License-Identifier: Apache-2.0
#include <rsx/meta/any.hpp>
#include <rsx/meta/memory.hpp>
#include <rsx/sim/loop.hpp>

#include "catch.hpp"
#include "laws.hpp"
#include "loop_thread.hpp"
#include "mutant.hpp"

using laws::defect;
using rsx::meta::any_store;
using rsx::meta::memory_store;

namespace {

laws::verdict judged(const std::string& name, any_store& store, std::uint64_t seed) {
    rsx::sim::virtual_loop world;
    for (const laws::law& each : laws::all())
        if (each.name == name) return world.run(each.judge(store, seed));
    return "there is no such law";
}

}  // namespace

TEST_CASE("a store in memory keeps every law") {
    const auto seed = GENERATE(1u, 2u, 3u);
    CAPTURE(seed);
    rsx::sim::virtual_loop world;
    any_store store{std::make_unique<memory_store>(world)};
    for (const laws::law& each : laws::all()) {
        INFO(each.name);
        CHECK(world.run(each.judge(store, seed)) == "");
    }
}

TEST_CASE("a store in memory keeps every law when its owner is another thread") {
    loop_thread owner;
    memory_store store{owner.loop()};
    any_store seen = any_store::refer(store);
    rsx::thread_loop here;
    for (const laws::law& each : laws::all()) {
        INFO(each.name);
        CHECK(here.run(each.judge(seen, 5)) == "");
    }
}

TEST_CASE("increments from many threads lose nothing") {
    loop_thread owner;
    memory_store store{owner.loop()};
    any_store seen = any_store::refer(store);
    std::vector<std::thread> threads;
    std::atomic<int> failed{0};
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            rsx::thread_loop mine;
            if (!mine.run(laws::count_up(seen, "n", 200))) ++failed;
        });
    for (auto& each : threads) each.join();
    CHECK(failed == 0);
    rsx::thread_loop here;
    CHECK(here.run(laws::read(seen, "n")).value == "800");
}

TEST_CASE("the laws hold for a store that is far away but right") {
    any_store store{std::make_unique<laws::mutant>(defect::none)};
    for (const laws::law& each : laws::all()) {
        INFO(each.name);
        CHECK(judged(each.name, store, 7) == "");
    }
}

TEST_CASE("every defect breaks a law that names it") {
    const std::vector<std::pair<defect, std::string>> killers{
        {defect::stale_compare_accepted, "a stale compare changes nothing"},
        {defect::absent_compare_ignored, "a stale compare changes nothing"},
        {defect::partial_commit, "a stale compare changes nothing"},
        {defect::stamp_reuse, "stamps never repeat, not even after an erase"},
        {defect::conflict_without_rows, "a conflict brings the rows that differ"},
        {defect::conflict_with_old_rows, "a conflict brings the rows that differ"},
        {defect::unordered_scan, "a scan is ordered by bytes"},
        {defect::page_skips_a_row, "pages show every row once"},
        {defect::end_inclusive, "a scan is ordered by bytes"},
        {defect::erase_keeps, "what was put is there until it is erased"},
        {defect::judged_early, "increments by compare lose nothing"},
        {defect::torn_scan, "at once is one instant"},
        {defect::torn_get, "at once is one instant"},
        {defect::no_limits, "what is too large is refused"},
        {defect::empty_is_absent, "what was put is there until it is erased"},
    };
    for (const auto& [what, law] : killers) {
        INFO(law);
        any_store store{std::make_unique<laws::mutant>(what)};
        const laws::verdict found = judged(law, store, 7);
        CHECK_FALSE(found.empty());
        CHECK(found != "there is no such law");
    }
}

TEST_CASE("stamps of a store that was filled again differ by its boot number") {
    rsx::sim::virtual_loop world;
    any_store first{std::make_unique<memory_store>(world, 1)};
    any_store second{std::make_unique<memory_store>(world, 2)};
    CHECK(world.run(laws::commit(first, laws::putting("k", "v"))) !=
          world.run(laws::commit(second, laws::putting("k", "v"))));
}
