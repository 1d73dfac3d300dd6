// SPDX-License-Identifier: Apache-2.0
#include "layout.hpp"

#include <rsx/meta/memory.hpp>
#include <rsx/sim/loop.hpp>

#include "catch.hpp"

namespace {

struct world {
    rsx::sim::virtual_loop loop;
    rsx::meta::any_store store{std::make_unique<rsx::meta::memory_store>(loop)};

    rsx::result<rsxd::layout> make(unsigned nodes) {
        rsxd::layout first;
        first.name = "test";
        first.cluster[0] = std::byte{7};
        for (unsigned i = 0; i < nodes; ++i) {
            rsxd::layout_node node;
            node.who.node = i;
            node.address = "127.0.0.1:" + std::to_string(9100 + i);
            node.domain = "host-" + std::to_string(i);
            first.nodes.push_back(node);
        }
        return loop.run(rsxd::make_layout(store, first, "4+2", 1000));
    }
};

}  // namespace

TEST_CASE("a store without a cluster says so") {
    world w;
    CHECK(w.loop.run(rsxd::read_layout(w.store)).error().code == rsx::errc::not_found);
}

TEST_CASE("a layout that was made is read back whole") {
    world w;
    REQUIRE(w.make(6).has_value());
    const auto read = w.loop.run(rsxd::read_layout(w.store));
    REQUIRE(read.has_value());
    CHECK(read->name == "test");
    CHECK(read->epoch == 1);
    CHECK(read->cluster[0] == std::byte{7});
    REQUIRE(read->nodes.size() == 6);
    CHECK(read->nodes[5].who == rsx::holder{5, 1});
    CHECK(read->nodes[5].address == "127.0.0.1:9105");
    CHECK(read->nodes[5].domain == "host-5");
}

TEST_CASE("a cluster is laid out once") {
    world w;
    REQUIRE(w.make(3).has_value());
    CHECK(w.make(3).error().code == rsx::errc::conflict);
}

TEST_CASE("a replaced node has the next incarnation, in the next epoch") {
    world w;
    const auto made = w.make(3);
    REQUIRE(made.has_value());
    rsx::shard::uuid fresh{};
    fresh[3] = std::byte{9};
    const auto next = w.loop.run(rsxd::replace_node(w.store, *made, 1, fresh, 2000));
    REQUIRE(next.has_value());
    CHECK(next->epoch == 2);
    const auto read = w.loop.run(rsxd::read_layout(w.store));
    REQUIRE(read.has_value());
    CHECK(read->epoch == 2);
    CHECK(read->find(1)->who == rsx::holder{1, 2});
    CHECK(read->find(1)->directory == fresh);
    CHECK(read->find(0)->who == rsx::holder{0, 1});
}

TEST_CASE("replacing by an old layout, or a node that is not there, is refused") {
    world w;
    const auto made = w.make(3);
    REQUIRE(made.has_value());
    REQUIRE(w.loop.run(rsxd::replace_node(w.store, *made, 1, {}, 2000)).has_value());
    CHECK(w.loop.run(rsxd::replace_node(w.store, *made, 1, {}, 2000)).error().code ==
          rsx::errc::conflict);
    CHECK(w.loop.run(rsxd::replace_node(w.store, *made, 9, {}, 2000)).error().code ==
          rsx::errc::not_found);
}
