// SPDX-License-Identifier: Apache-2.0
#include "fronts.hpp"
#include "meta_store.hpp"
#include "process.hpp"

#include <rsx/core/thread_loop.hpp>
#include <rsx/net/tcp_transport.hpp>
#include <rsx/shard/any.hpp>
#include <rsx/shard/remote.hpp>

#include <cstdio>

namespace rsxd {
namespace {

namespace net = rsx::net;

// The links of one loop to all shard nodes.
class remote_links final : public node_links {
public:
    remote_links(net::asio_loop& loop, const layout& cluster, net::tcp_options how)
        : transport_{loop, std::move(how)} {
        for (const layout_node& node : cluster.nodes)
            stores_.push_back(
                rsx::shard::wrap(rsx::shard::remote_store{transport_, loop, node.who}));
    }
    std::vector<rsx::shard::any_store*> stores() override {
        std::vector<rsx::shard::any_store*> all;
        for (const auto& store : stores_) all.push_back(store.get());
        return all;
    }
    rsx::step close() override { co_return rsx::status{}; }

private:
    net::tcp_transport transport_;
    std::vector<std::unique_ptr<rsx::shard::any_store>> stores_{};
};

std::optional<net::tls_files> node_tls(const config& settings) {
    if (!settings.tls) return std::nullopt;
    net::tls_files files;
    files.ca = settings.tls->ca.string();
    files.cert = settings.tls->cert.string();
    files.key = settings.tls->key.string();
    return files;
}

net::tcp_options link_options(const config& settings, const layout& cluster, std::uint32_t id,
                              std::uint64_t incarnation) {
    net::tcp_options how;
    how.me.cluster = cluster.cluster;
    how.me.is = net::peer::role::gateway;
    how.me.id = id;
    how.me.incarnation = incarnation;
    how.me.epoch = cluster.epoch;
    how.tls = node_tls(settings);
    how.epoch = [epoch = cluster.epoch] { return std::uint64_t{epoch}; };
    how.find = [&cluster](rsx::holder who) -> rsx::result<net::endpoint> {
        const layout_node* node = cluster.find(who.node);
        if (node == nullptr) return rsx::fail(rsx::errc::not_found, "no such node", who.node);
        auto at = parse_endpoint(node->address);
        if (!at) return rsx::fail(rsx::errc::invalid, "the node's address is none", who.node);
        return net::endpoint{at->host, at->port};
    };
    return how;
}

// Where the file and the metadata disagree, the metadata is obeyed and the file is named.
void report_differences(const config& settings, const layout& cluster, rsx::log::sink& log) {
    const auto differs = [&](std::uint32_t node, std::string_view what) {
        rsx::log::line{rsx::log::level::warn, "cluster.toml differs from the layout; not obeyed"}
            .with("node", node)
            .with("what", what)
            .to(log);
    };
    for (const node_entry& entry : settings.nodes) {
        const layout_node* known = cluster.find(entry.id);
        const std::string address = entry.address.host + ":" + std::to_string(entry.address.port);
        if (known == nullptr) {
            differs(entry.id, "a node the cluster does not have");
        } else if (known->address != address) {
            differs(entry.id, "address");
        } else if (known->domain != entry.domain) {
            differs(entry.id, "domain");
        }
    }
    for (const layout_node& node : cluster.nodes) {
        bool named = false;
        for (const node_entry& entry : settings.nodes) named = named || entry.id == node.who.node;
        if (!named) differs(node.who.node, "a node the file does not have");
    }
}

// Which [[gateways]] entry this is; a file without any has one gateway, number 0.
std::expected<gateway_entry, std::string> which_gateway(const config& settings,
                                                        const role_options& how) {
    if (settings.gateways.empty()) return gateway_entry{how.id.value_or(0), settings.listen};
    if (!how.id && settings.gateways.size() == 1) return settings.gateways.front();
    for (const gateway_entry& entry : settings.gateways)
        if (how.id == entry.id) return entry;
    return std::unexpected("--id must be one of the [[gateways]] of the file");
}

}  // namespace

int run_gateway(const role_options& how) {
    const process self;
    auto settings = load_config(how.config_file);
    if (!settings) {
        complain(settings.error());
        return exit_usage;
    }
    const auto me = which_gateway(*settings, how);
    if (!me) {
        complain(me.error());
        return exit_usage;
    }
    settings->listen = me->listen;
    bool development = false;
    if (auto wrong = settle_keys(*settings, development); !wrong.empty()) {
        complain(wrong);
        return exit_usage;
    }
    rsx::log::stderr_sink log{rsx::system_wall_clock()};
    rsx::metrics::registry metrics;
    auto meta = open_meta(*settings);
    if (!meta) {
        complain(meta.error());
        return exit_failed;
    }
    rsx::thread_loop loop;
    const auto cluster = loop.run(read_layout((*meta)->store()));
    if (!cluster) {
        complain(cluster.error().code == rsx::errc::not_found
                     ? "there is no cluster in " + settings->meta_path.string() +
                           "; make one with: rsx cluster init --config " + how.config_file.string()
                     : "the layout cannot be read: " + rsx::to_string(cluster.error()));
        return exit_failed;
    }
    report_differences(*settings, *cluster, log);

    rsx::thread_pool threads{std::max(2u, std::thread::hardware_concurrency())};
    shared_ground shared{*settings,
                         *cluster,
                         (*meta)->store(),
                         threads,
                         [&](net::asio_loop& of, std::uint64_t incarnation) {
                             return std::make_unique<remote_links>(
                                 of, *cluster,
                                 link_options(*settings, *cluster, me->id, incarnation));
                         },
                         log,
                         metrics};
    fronts all{shared};
    auto port = all.start(settings->listen, fronts::loops_or_cores(how.loops));
    if (!port) {
        complain(port.error());
        return exit_failed;
    }
    std::printf("rsxd gateway %u: cluster %s, %zu nodes, S3 at http://%s:%u\n", me->id,
                cluster->name.c_str(), cluster->nodes.size(), settings->listen.host.c_str(), *port);
    if (development)
        std::printf("development keys, for loopback only: access key %s, secret key %s\n",
                    development_access_key, development_secret_key);
    std::printf("metadata is one copy, in %s\n", settings->meta_path.c_str());
    std::fflush(stdout);
    self.ready("serving at port " + std::to_string(*port));
    const int signal = self.wait_for_end();
    self.stopping();
    rsx::log::line{rsx::log::level::info, "ending"}.with("signal", signal).to(log);
    all.stop();
    return exit_ok;
}

}  // namespace rsxd
