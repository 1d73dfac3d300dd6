// SPDX-License-Identifier: Apache-2.0

// Who is up: the gateway by its /_/health, every shard node by the nodes' own protocol. Greets as
// a gateway without incarnation, asks each node that answers for its status, and hangs up.
#include "cluster.hpp"
#include "terminal.hpp"

#include <rsx/core/gather.hpp>
#include <rsx/net/greeting.hpp>
#include <rsx/net/http_client.hpp>
#include <rsx/shard/id.hpp>
#include <rsx/shard/identity.hpp>
#include <rsx/shard/messages.hpp>

#include <algorithm>
#include <cstdio>

namespace rsx_cli {
namespace {

namespace http = rsx::net::http;
namespace shard = rsx::shard;
using rsx::net::asio_loop;

constexpr auto patience = std::chrono::seconds{3};

struct gateway_report {
    bool up{false};
    std::string address{};
    std::string health{};  // its JSON
    std::string why{};
};

struct node_report {
    rsxd::node_entry entry{};
    bool up{false};
    rsx::holder who{};
    shard::status now{};
    std::string why{};
};

// --- the gateway
// ----------------------------------------------------------------------------------

rsx::step ask_gateway(asio_loop& loop, rsxd::endpoint at, gateway_report* into) {
    http::client_options how;
    how.host = at.host;
    how.port = at.port;
    how.answer_time_max = patience;
    http::client asks{loop, how};
    http::request_head head;
    head.method = "GET";
    head.target = "/_/health";
    auto asking = asks.request(std::move(head));
    auto answer = co_await asking;
    if (!answer) co_return std::unexpected(answer.error());
    auto reading = answer->read_all();
    auto body = co_await reading;
    if (!body) co_return std::unexpected(body.error());
    into->health = std::move(*body);
    into->up = answer->status() == 200;
    if (!into->up) into->why = "health says " + std::to_string(answer->status());
    co_return rsx::status{};
}

rsx::step report_gateway(asio_loop& loop, rsxd::endpoint at, gateway_report* into) {
    auto asking = rsx::within(patience, ask_gateway(loop, std::move(at), into));
    const rsx::status asked = co_await asking;
    if (!asked) into->why = to_string(asked.error());
    co_return rsx::status{};
}

// The text of one field of the health document, which is flat.
std::string field_of(const std::string& json, const std::string& name) {
    const std::string mark = '"' + name + "\":";
    const std::size_t at = json.find(mark);
    if (at == json.npos) return {};
    std::size_t begin = at + mark.size();
    while (begin < json.size() && (json[begin] == ' ' || json[begin] == '"')) ++begin;
    return json.substr(begin, json.find_first_of(",}\"\n", begin) - begin);
}

// --- the nodes
// ------------------------------------------------------------------------------------

rsx::net::hello our_hello(const rsxd::config& settings, const shard::uuid& cluster) {
    rsx::net::hello mine;
    mine.cluster = cluster;
    mine.is = rsx::net::peer::role::gateway;
    mine.id = settings.gateways.empty() ? 0 : settings.gateways.front().id;
    mine.build = "rsx cluster status";
    return mine;
}

struct asking {
    asio_loop& loop;
    const rsxd::config& settings;
    rsx::net::hello mine;
    rsx::net::tls_context tls;
    std::shared_ptr<rsx::net::watchdog> dog;
};

rsx::step ask_node(asking& with, node_report* into) {
    const rsxd::endpoint at = into->entry.address;
    auto dialling = rsx::net::connect(with.loop, at.host, at.port);
    auto socket = co_await dialling;
    if (!socket) co_return std::unexpected(socket.error());
    rsx::net::link_settings settings;
    settings.mine = with.mine;
    auto on = std::make_shared<rsx::net::link>(with.loop, std::move(*socket), with.dog,
                                               std::move(settings));
    auto greeting = rsx::net::greet(on, with.mine, with.tls, rsx::system_wall_clock());
    const rsx::status met = co_await greeting;
    if (!met) co_return std::unexpected(met.error());
    const auto& holders = on->theirs().holders;
    const auto found =
        std::ranges::find_if(holders, [&](rsx::holder one) { return one.node == into->entry.id; });
    if (found == holders.end()) {
        co_return rsx::fail(rsx::errc::not_found, "whoever answers there does not serve this node");
    }
    into->who = *found;
    on->start(true);
    rsx::net::request ask;
    ask.op = shard::op::status;
    ask.to = into->who;
    ask.head = shard::packed(shard::plain_ask{});
    bool answered = false;
    auto calling = on->call(std::move(ask), with.loop.now() + patience, answered);
    const auto reply = co_await calling;
    const rsx::error done{rsx::errc::cancelled, "status is known", 0};
    on->end(done);
    if (!reply) co_return std::unexpected(reply.error());
    const auto now = shard::unpacked<shard::status>(reply->head);
    if (!now) co_return std::unexpected(now.error());
    into->now = *now;
    into->up = true;
    co_return rsx::status{};
}

rsx::step report_node(asking& with, node_report* into) {
    auto work = rsx::within(patience, ask_node(with, into));
    const rsx::status asked = co_await work;
    if (!asked) into->why = to_string(asked.error());
    co_return rsx::status{};
}

rsx::step report_nodes(asking& with, std::vector<node_report>* into) {
    std::vector<rsx::step> all;
    for (node_report& one : *into) all.push_back(report_node(with, &one));
    auto every = rsx::gather(std::move(all));
    (void)co_await every;
    co_return rsx::status{};
}

// --- saying it
// ------------------------------------------------------------------------------------

std::string_view name_of(enum shard::state is) {
    switch (is) {
        case shard::state::ok: return "ok";
        case shard::state::near_full: return "near full";
        case shard::state::full: return "full";
        case shard::state::fenced: return "fenced: its disk failed";
    }
    return "?";
}

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : printable(text)) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

std::string json_of(const gateway_report& gateway) {
    std::string text = "\"gateway\":{\"address\":" + quoted(gateway.address) +
                       ",\"up\":" + (gateway.up ? "true" : "false");
    if (!gateway.why.empty()) text += ",\"why\":" + quoted(gateway.why);
    if (gateway.up && gateway.health.starts_with('{')) {
        text += ",\"health\":" + gateway.health.substr(0, gateway.health.rfind('}') + 1);
    }
    return text + "},";
}

void print_json(bool with_gateway, const gateway_report& gateway,
                const std::vector<node_report>& nodes) {
    std::string text = '{' + (with_gateway ? json_of(gateway) : "") + "\"nodes\":[";
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        const node_report& one = nodes[i];
        text += i == 0 ? "{" : ",{";
        text += "\"id\":" + std::to_string(one.entry.id) + ",\"address\":" +
                quoted(one.entry.address.host + ":" + std::to_string(one.entry.address.port)) +
                ",\"up\":" + (one.up ? "true" : "false");
        if (one.up) {
            text += ",\"incarnation\":" + std::to_string(one.who.incarnation) +
                    ",\"state\":" + quoted(std::string{name_of(one.now.state)}) +
                    ",\"total\":" + std::to_string(one.now.total) +
                    ",\"free\":" + std::to_string(one.now.free) +
                    ",\"live\":" + std::to_string(one.now.live) +
                    ",\"dead\":" + std::to_string(one.now.dead) +
                    ",\"shards\":" + std::to_string(one.now.shards);
        } else {
            text += ",\"why\":" + quoted(one.why);
        }
        text += '}';
    }
    std::printf("%s]}\n", text.c_str());
}

void print_text(bool with_gateway, const gateway_report& gateway,
                const std::vector<node_report>& nodes) {
    if (with_gateway) {
        std::printf("gateway  %-22s %s\n", gateway.address.c_str(),
                    gateway.up ? "up" : ("down: " + gateway.why).c_str());
        if (gateway.up) {
            std::printf("         cluster %s, epoch %s, metadata: %s\n",
                        printable(field_of(gateway.health, "cluster")).c_str(),
                        printable(field_of(gateway.health, "epoch")).c_str(),
                        printable(field_of(gateway.health, "metadata")).c_str());
        }
    }
    std::printf(
        "node     address                state        holder   free of total          shards\n");
    for (const node_report& one : nodes) {
        const std::string address =
            one.entry.address.host + ":" + std::to_string(one.entry.address.port);
        if (!one.up) {
            std::printf("%-8u %-22s down: %s\n", one.entry.id, address.c_str(), one.why.c_str());
            continue;
        }
        const std::string space = human_size(one.now.free) + " of " + human_size(one.now.total);
        std::printf("%-8u %-22s %-12s %-8s %-22s %llu\n", one.entry.id, address.c_str(),
                    std::string{name_of(one.now.state)}.c_str(), to_string(one.who).c_str(),
                    space.c_str(), static_cast<unsigned long long>(one.now.shards));
    }
}

outcome<rsxd::endpoint> gateway_of(const rsxd::config& settings, const cluster_options& how) {
    rsxd::endpoint at = settings.listen;
    if (!how.ask.empty()) {
        const auto parsed = rsxd::parse_endpoint(how.ask);
        if (!parsed) return give_up(exit_code::usage, "--gateway " + parsed.error());
        at = *parsed;
    }
    if (at.host == "0.0.0.0") at.host = "127.0.0.1";
    if (at.host == "::") at.host = "::1";
    return at;
}

}  // namespace

outcome<void> run_cluster_status(const cluster_options& how) {
    const auto settings = load_cluster(how.config_file);
    if (!settings) return std::unexpected(settings.error());
    std::vector<node_report> nodes;
    for (const rsxd::node_entry& entry : settings->nodes) {
        if (how.node && *how.node != entry.id) continue;
        nodes.emplace_back().entry = entry;
    }
    if (nodes.empty()) {
        return give_up(exit_code::not_found, how.config_file.string() + " has no [[nodes]] id " +
                                                 std::to_string(how.node.value_or(0)));
    }
    const auto at = gateway_of(*settings, how);
    if (!at) return std::unexpected(at.error());
    asio_loop loop{std::chrono::seconds{1}};
    gateway_report gateway;
    gateway.address = at->host + ":" + std::to_string(at->port);
    auto uuid_text = cluster_uuid_here(*settings);
    if (!uuid_text) return std::unexpected(uuid_text.error());
    if (!how.node || uuid_text->empty()) {
        (void)loop.run(report_gateway(loop, *at, &gateway));
        if (uuid_text->empty()) *uuid_text = field_of(gateway.health, "cluster");
    }

    // Nodes speak only with their own cluster: without its name none can be asked.
    const auto uuid = shard::uuid_of(*uuid_text);
    if (uuid) {
        asking with{loop,
                    *settings,
                    our_hello(*settings, *uuid),
                    {},
                    std::make_shared<rsx::net::watchdog>(loop)};
        if (settings->tls) {
            auto tls = rsx::net::client_tls({.ca = settings->tls->ca.string(),
                                             .cert = settings->tls->cert.string(),
                                             .key = settings->tls->key.string()});
            if (!tls) return give_up("[tls]", tls.error());
            with.tls = std::move(*tls);
        }
        (void)loop.run(report_nodes(with, &nodes));
    } else {
        for (node_report& one : nodes) {
            one.why =
                "the cluster's uuid is not known: no node's folder is here, no gateway answers";
        }
    }
    if (how.json) {
        print_json(!how.node, gateway, nodes);
    } else if (!how.quiet) {
        print_text(!how.node, gateway, nodes);
    }
    const auto down = std::ranges::count_if(nodes, [](const node_report& one) { return !one.up; });
    if (down == 0 && (how.node || gateway.up)) return {};
    std::string what = !how.node && !gateway.up ? "the gateway is down" : "";
    if (down > 0) {
        what += (what.empty() ? "" : ", ") + std::to_string(down) + " of " +
                std::to_string(nodes.size()) +
                (nodes.size() == 1 ? " node is down" : " nodes are down");
    }
    return give_up(exit_code::unavailable, what);
}

}  // namespace rsx_cli
