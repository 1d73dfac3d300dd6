// SPDX-License-Identifier: Apache-2.0
#include "process.hpp"

#include <rsx/core/log.hpp>
#include <rsx/disk/posix.hpp>
#include <rsx/net/asio_loop.hpp>
#include <rsx/net/tcp_server.hpp>
#include <rsx/shard/any.hpp>
#include <rsx/shard/directory.hpp>
#include <rsx/shard/service.hpp>

#include <cstdio>
#include <future>
#include <thread>

namespace rsxd {
namespace {

using namespace std::chrono_literals;
namespace net = rsx::net;
namespace shard = rsx::shard;
using problem = std::unexpected<std::string>;

constexpr unsigned threads_a_disk = 12;
constexpr auto stop_grace = 10s;

// One disk: its directory as a store, with threads of its own.
struct disk_store {
    rsx::thread_pool pool{threads_a_disk};
    shard::directory_identity identity{};
    std::unique_ptr<shard::any_store> store{};
};

// A directory without identity is refused: an unmounted disk must never look like an empty one.
std::expected<std::unique_ptr<disk_store>, std::string> open_disk(const node_entry& entry) {
    const std::string path = entry.path.string();
    auto root = rsx::disk::posix_files::open_root(path);
    if (!root) return problem{path + ": " + rsx::to_string(root.error())};
    std::shared_ptr<rsx::disk::files> files{std::move(*root)};
    auto made = std::make_unique<disk_store>();
    auto identity = shard::directory_identity::load(*files);
    if (!identity)
        return problem{path + ": " + rsx::to_string(identity.error()) +
                       ". A new disk is taken in by: rsx cluster replace --node " +
                       std::to_string(entry.id)};
    if (identity->holder.node != entry.id)
        return problem{path + " belongs to node " + std::to_string(identity->holder.node) +
                       ", not to node " + std::to_string(entry.id)};
    made->identity = *identity;
    auto store = shard::directory::open(std::move(files), made->pool, identity->holder);
    if (!store) return problem{path + ": " + rsx::to_string(store.error())};
    made->store = shard::wrap(std::move(*store));
    return made;
}

// All entries that share the address of the one asked for: one process serves them all.
std::vector<node_entry> entries_here(const config& settings, const node_entry& asked) {
    std::vector<node_entry> here;
    for (const node_entry& entry : settings.nodes)
        if (entry.address == asked.address) here.push_back(entry);
    return here;
}

net::tcp_server_options door_options(const config& settings, const node_entry& asked,
                                     const std::vector<std::unique_ptr<disk_store>>& disks) {
    net::tcp_server_options how;
    how.address = asked.address.host == "localhost" ? "127.0.0.1" : asked.address.host;
    how.port = asked.address.port;
    how.me.cluster = disks.front()->identity.cluster;
    how.me.is = net::peer::role::shard;
    how.me.id = asked.id;
    for (const auto& disk : disks) {
        how.me.holders.push_back(disk->identity.holder);
        if (disk->identity.holder.node == asked.id)
            how.me.incarnation = disk->identity.holder.incarnation;
    }
    if (settings.tls) {
        net::tls_files files;
        files.ca = settings.tls->ca.string();
        files.cert = settings.tls->cert.string();
        files.key = settings.tls->key.string();
        how.tls = std::move(files);
    }
    return how;
}

rsx::step go_down(net::tcp_server& door) { co_return co_await door.stop(stop_grace); }

}  // namespace

int run_shard(const role_options& how) {
    const process self;
    const auto settings = load_config(how.config_file);
    if (!settings) {
        complain(settings.error());
        return exit_usage;
    }
    const node_entry* asked = nullptr;
    for (const node_entry& entry : settings->nodes)
        if (how.id == entry.id) asked = &entry;
    if (asked == nullptr) {
        complain("--node must be one of the [[nodes]] ids of " + how.config_file.string());
        return exit_usage;
    }
    rsx::log::stderr_sink log{rsx::system_wall_clock()};
    std::vector<std::unique_ptr<disk_store>> disks;
    for (const node_entry& entry : entries_here(*settings, *asked)) {
        auto disk = open_disk(entry);
        if (!disk) {
            complain(disk.error());
            return exit_failed;
        }
        if (!disks.empty() && (*disk)->identity.cluster != disks.front()->identity.cluster) {
            complain(entry.path.string() + " belongs to another cluster than its neighbours");
            return exit_failed;
        }
        disks.push_back(std::move(*disk));
    }

    net::asio_loop loop;
    shard::service service;
    net::tcp_server door{loop, door_options(*settings, *asked, disks)};
    for (const auto& disk : disks) {
        service.add(*disk->store);
        door.add(disk->store->holder(), service);
    }
    const auto port = door.listen();
    if (!port) {
        complain("cannot listen at " + asked->address.host + ":" +
                 std::to_string(asked->address.port) + ": " + rsx::to_string(port.error()));
        return exit_failed;
    }
    std::thread serving{[&loop] { loop.run(); }};
    std::printf("rsxd shard: node %u, %zu disks, at %s:%u\n", asked->id, disks.size(),
                asked->address.host.c_str(), *port);
    std::fflush(stdout);
    self.ready("serving at port " + std::to_string(*port));
    const int signal = self.wait_for_end();
    self.stopping();
    rsx::log::line{rsx::log::level::info, "ending"}.with("signal", signal).to(log);
    loop.post([&] {
        rsx::spawn(rsx::env{&loop}, go_down(door), [&loop](const rsx::status&) { loop.stop(); });
    });
    serving.join();
    return exit_ok;
}

}  // namespace rsxd
