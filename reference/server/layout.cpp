// SPDX-License-Identifier: Apache-2.0
#include "layout.hpp"

#include <rsx/meta/key.hpp>
#include <rsx/meta/key_parts.hpp>
#include <rsx/meta/key_range.hpp>
#include <rsx/meta/rows/cluster.hpp>

#include <algorithm>

namespace rsxd {
namespace {

namespace meta = rsx::meta;
namespace key = rsx::meta::key;
namespace rows = rsx::meta::rows;

constexpr std::uint16_t level_now = 1;

rows::node row_of(const layout_node& node) {
    rows::node row;
    row.address = node.address;
    row.domain = node.domain;
    row.incarnation = node.who.incarnation;
    row.directory = node.directory;
    return row;
}

rows::topology topology_of(const layout& now, std::int64_t now_ms) {
    rows::topology topology;
    topology.epoch = now.epoch;
    topology.policy = "ring";
    topology.since_ms = static_cast<std::uint64_t>(now_ms);
    for (const layout_node& node : now.nodes) {
        rows::member member;
        member.node = node.who.node;
        member.incarnation = node.who.incarnation;
        member.domain = node.domain;
        topology.members.push_back(std::move(member));
    }
    return topology;
}

void put(meta::commit_request& into, std::string name, std::string value) {
    into.changes.push_back({std::move(name), std::move(value)});
}

}  // namespace

const layout_node* layout::find(std::uint32_t node) const {
    const auto found = std::ranges::find_if(
        nodes, [node](const layout_node& each) { return each.who.node == node; });
    return found == nodes.end() ? nullptr : &*found;
}

rsx::task<rsx::result<layout>> read_layout(meta::any_store& store) {
    std::vector<std::string> names{key::counter("cluster"), key::counter("epoch")};
    auto heads = co_await store.get(std::move(names), meta::reading::at_once);
    if (!heads) co_return std::unexpected(heads.error());
    if ((*heads)[0].absent()) co_return rsx::fail(rsx::errc::not_found, "no cluster is laid out");
    auto cluster = rows::decode<rows::cluster>((*heads)[0].value);
    if (!cluster) co_return std::unexpected(cluster.error());
    if (cluster->level > level_now)
        co_return rsx::fail(rsx::errc::unsupported, "the cluster needs a newer build",
                            cluster->level);
    auto epoch = rows::decode<rows::current_epoch>((*heads)[1].value);
    if (!epoch) co_return std::unexpected(epoch.error());

    layout out;
    out.cluster = cluster->uuid;
    out.name = cluster->name;
    out.epoch = epoch->epoch;
    std::vector<meta::range> ranges{key::nodes()};
    meta::scan_limits limits;
    auto page = co_await store.scan(std::move(ranges), limits, meta::reading::at_once);
    if (!page) co_return std::unexpected(page.error());
    for (const meta::row& row : page->rows[0]) {
        auto id = key::parse_node(row.key);
        if (!id) co_return std::unexpected(id.error());
        auto node = rows::decode<rows::node>(row.value);
        if (!node) co_return std::unexpected(node.error());
        if (node->state == rows::node_state::gone) continue;
        layout_node one;
        one.who = {*id, node->incarnation};
        one.directory = node->directory;
        one.address = node->address;
        one.domain = node->domain;
        out.nodes.push_back(std::move(one));
    }
    co_return out;
}

rsx::task<rsx::result<layout>> make_layout(meta::any_store& store, layout first, std::string code,
                                           std::int64_t now_ms) {
    rows::cluster cluster;
    cluster.uuid = first.cluster;
    cluster.name = first.name;
    cluster.level = level_now;
    cluster.code = std::move(code);
    cluster.created_ms = static_cast<std::uint64_t>(now_ms);
    first.epoch = 1;
    rows::current_epoch epoch;
    epoch.epoch = first.epoch;

    meta::commit_request request;
    request.compares.push_back({key::counter("cluster"), meta::stamp{}});
    put(request, key::counter("cluster"), rows::encode(cluster));
    put(request, key::counter("epoch"), rows::encode(epoch));
    put(request, key::epoch(first.epoch), rows::encode(topology_of(first, now_ms)));
    for (layout_node& node : first.nodes) {
        node.who.incarnation = 1;
        put(request, key::node(node.who.node), rows::encode(row_of(node)));
    }
    auto answer = co_await store.commit(std::move(request));
    if (!answer) co_return std::unexpected(answer.error());
    if (!answer->committed())
        co_return rsx::fail(rsx::errc::conflict, "a cluster is laid out here");
    co_return first;
}

rsx::task<rsx::result<layout>> replace_node(meta::any_store& store, layout now, std::uint32_t node,
                                            rsx::shard::uuid directory, std::int64_t now_ms) {
    std::vector<std::string> names{key::counter("epoch"), key::node(node)};
    auto old = co_await store.get(std::move(names), meta::reading::at_once);
    if (!old) co_return std::unexpected(old.error());
    const auto found = std::ranges::find_if(
        now.nodes, [node](const layout_node& each) { return each.who.node == node; });
    if (found == now.nodes.end() || (*old)[1].absent())
        co_return rsx::fail(rsx::errc::not_found, "no such node in this cluster", node);
    auto epoch = rows::decode<rows::current_epoch>((*old)[0].value);
    if (!epoch) co_return std::unexpected(epoch.error());
    if (epoch->epoch != now.epoch)
        co_return rsx::fail(rsx::errc::conflict, "the layout has changed", epoch->epoch);

    found->who.incarnation += 1;
    found->directory = directory;
    now.epoch += 1;
    epoch->epoch = now.epoch;
    meta::commit_request request;
    for (const meta::row& row : *old) request.compares.push_back({row.key, row.at});
    put(request, key::counter("epoch"), rows::encode(*epoch));
    put(request, key::epoch(now.epoch), rows::encode(topology_of(now, now_ms)));
    put(request, key::node(node), rows::encode(row_of(*found)));
    auto answer = co_await store.commit(std::move(request));
    if (!answer) co_return std::unexpected(answer.error());
    if (!answer->committed()) co_return rsx::fail(rsx::errc::conflict, "the layout has changed");
    co_return now;
}

}  // namespace rsxd
