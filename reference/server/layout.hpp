// SPDX-License-Identifier: Apache-2.0

// The cluster's layout as the metadata knows it: its uuid, its nodes, the incarnation of each.
//
//     auto layout = loop.run(rsxd::make_layout(store, seed, wall, entropy));    // first start
//     auto again  = loop.run(rsxd::read_layout(store));                         // every other
//     auto next   = loop.run(rsxd::replace_node(store, *again, 3, directory, wall));
//
// The metadata is the truth; cluster.toml is only its seed. A replaced node gets the next
// incarnation, and the epoch moves on, in one commit: what the old directory held is then owed.
// Errors: not_found (no layout yet), conflict (there is one already, or it changed meanwhile), and
// the store's.
#pragma once

#include <rsx/core/clock.hpp>
#include <rsx/core/holder.hpp>
#include <rsx/meta/any.hpp>
#include <rsx/shard/identity.hpp>

#include <string>
#include <vector>

namespace rsxd {

struct layout_node {
    rsx::holder who{};
    rsx::shard::uuid directory{};
    std::string address{};
    std::string domain{};
};

struct layout {
    rsx::shard::uuid cluster{};
    std::string name{};
    std::uint32_t epoch{1};
    std::vector<layout_node> nodes{};  // by id

    [[nodiscard]] const layout_node* find(std::uint32_t node) const;
};

[[nodiscard]] rsx::task<rsx::result<layout>> read_layout(rsx::meta::any_store& store);

// Writes epoch 1 with incarnation 1 of every node.
[[nodiscard]] rsx::task<rsx::result<layout>> make_layout(rsx::meta::any_store& store, layout first,
                                                         std::string code, std::int64_t now_ms);

[[nodiscard]] rsx::task<rsx::result<layout>> replace_node(rsx::meta::any_store& store, layout now,
                                                          std::uint32_t node,
                                                          rsx::shard::uuid directory,
                                                          std::int64_t now_ms);

}  // namespace rsxd
