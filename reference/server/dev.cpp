// SPDX-License-Identifier: Apache-2.0
#include "fronts.hpp"
#include "meta_store.hpp"
#include "process.hpp"

#include <rsx/core/thread_loop.hpp>
#include <rsx/disk/posix.hpp>
#include <rsx/shard/any.hpp>
#include <rsx/shard/directory.hpp>

#include <algorithm>
#include <cstdio>
#include <thread>

namespace rsxd {
namespace {

namespace fs = std::filesystem;
namespace shard = rsx::shard;
using problem = std::unexpected<std::string>;

// A node of the process: its directory, and threads of its own, so that one hung disk holds up
// nothing but itself.
struct local_node {
    explicit local_node(unsigned threads) : pool{threads} {}
    rsx::thread_pool pool;
    std::unique_ptr<shard::any_store> store{};
};

class local_links final : public node_links {
public:
    explicit local_links(const std::vector<std::unique_ptr<local_node>>& nodes) : nodes_{nodes} {}
    std::vector<shard::any_store*> stores() override {
        std::vector<shard::any_store*> all;
        for (const auto& node : nodes_) all.push_back(node->store.get());
        return all;
    }
    rsx::step close() override { co_return rsx::status{}; }

private:
    const std::vector<std::unique_ptr<local_node>>& nodes_;
};

constexpr unsigned threads_a_node = 12;

std::expected<config, std::string> settings_of(const dev_options& how) {
    config made;
    if (!how.config_file.empty()) {
        auto loaded = load_config(how.config_file);
        if (!loaded) return problem{loaded.error()};
        made = std::move(*loaded);
    }
    if (how.code) made.code = *how.code;
    if (how.port) made.listen.port = *how.port;
    made.meta_path = how.dir / "meta";
    return made;
}

fs::path folder_of(const dev_options& how, std::uint32_t node) {
    return how.dir / ("node-" + std::to_string(node));
}

std::expected<std::shared_ptr<rsx::disk::files>, std::string> open_folder(const fs::path& folder) {
    std::error_code failed;
    fs::create_directories(folder, failed);
    if (failed) return problem{folder.string() + ": " + failed.message()};
    auto files = rsx::disk::posix_files::open_root(folder.string());
    if (!files) return problem{folder.string() + ": " + rsx::to_string(files.error())};
    return std::shared_ptr<rsx::disk::files>{std::move(*files)};
}

// The layout as the metadata has it, or a first one.
std::expected<layout, std::string> settle_layout(const dev_options& how, const config& settings,
                                                 rsx::meta::any_store& meta, rsx::thread_loop& loop,
                                                 bool& first_start) {
    auto known = loop.run(read_layout(meta));
    if (known) {
        if (how.nodes && *how.nodes != known->nodes.size())
            complain("the cluster in " + how.dir.string() + " has " +
                     std::to_string(known->nodes.size()) + " nodes; --nodes is not obeyed");
        return *known;
    }
    if (known.error().code != rsx::errc::not_found)
        return problem{"the metadata cannot be read: " + rsx::to_string(known.error())};
    first_start = true;
    layout first;
    first.cluster = shard::draw_uuid(rsx::system_entropy());
    first.name = settings.name;
    for (std::uint32_t i = 0; i < how.nodes.value_or(6); ++i) {
        layout_node node;
        node.who.node = i;
        node.directory = shard::draw_uuid(rsx::system_entropy());
        node.address = "local";
        node.domain = "node-" + std::to_string(i);
        first.nodes.push_back(std::move(node));
    }
    const std::string code =
        std::to_string(settings.code.data) + "+" + std::to_string(settings.code.parity);
    auto made = loop.run(make_layout(meta, first, code, rsx::system_wall_clock().now_ms()));
    if (!made) return problem{"the layout cannot be written: " + rsx::to_string(made.error())};
    return *made;
}

shard::directory_identity identity_of(const layout& cluster, const layout_node& node) {
    shard::directory_identity mine;
    mine.cluster = cluster.cluster;
    mine.directory = node.directory;
    mine.holder = node.who;
    mine.created_ms = rsx::system_wall_clock().now_ms();
    return mine;
}

// A folder without identity is a disk that was lost: the node begins anew, with the next
// incarnation, and what the old folder held is owed.
std::expected<void, std::string> settle_folder(const dev_options& how, layout& cluster,
                                               std::uint32_t node, rsx::disk::files& files,
                                               rsx::meta::any_store& meta, rsx::thread_loop& loop,
                                               bool first_start, rsx::log::sink& log) {
    const std::string folder = folder_of(how, node).string();
    const auto mine = shard::directory_identity::load(files);
    if (mine) {
        if (auto ours = mine->check(cluster.cluster, node); !ours)
            return problem{folder + ": " + rsx::to_string(ours.error())};
        if (mine->holder != cluster.find(node)->who)
            return problem{folder + ": this is incarnation " +
                           std::to_string(mine->holder.incarnation) + " of node " +
                           std::to_string(node) + "; the cluster knows incarnation " +
                           std::to_string(cluster.find(node)->who.incarnation) +
                           ". Take the folder away to begin the node anew."};
        return {};
    }
    if (mine.error().code != rsx::errc::not_found)
        return problem{folder + ": " + rsx::to_string(mine.error())};
    if (!first_start) {
        const auto fresh = shard::draw_uuid(rsx::system_entropy());
        const auto now_ms = rsx::system_wall_clock().now_ms();
        auto next = loop.run(replace_node(meta, cluster, node, fresh, now_ms));
        if (!next) return problem{folder + ": " + rsx::to_string(next.error())};
        cluster = std::move(*next);
        rsx::log::line{rsx::log::level::warn, "node directory was lost, begun anew"}
            .with("node", node)
            .with("incarnation", cluster.find(node)->who.incarnation)
            .with("epoch", cluster.epoch)
            .to(log);
    }
    const auto written =
        shard::directory_identity::create(files, identity_of(cluster, *cluster.find(node)));
    if (!written) return problem{folder + ": " + rsx::to_string(written.error())};
    return {};
}

// Everything that is opened before the fronts start and closed after they have ended.
struct ground {
    rsx::thread_loop loop{};
    std::unique_ptr<opened_meta> meta{};
    layout cluster{};
    std::vector<std::unique_ptr<local_node>> nodes{};
};

std::expected<void, std::string> prepare(const dev_options& how, const config& settings, ground& on,
                                         rsx::log::sink& log) {
    std::error_code failed;
    fs::create_directories(how.dir, failed);
    if (failed) return problem{how.dir.string() + ": " + failed.message()};
    auto meta = open_meta(settings);
    if (!meta) return problem{meta.error()};
    on.meta = std::move(*meta);
    bool first_start = false;
    auto cluster = settle_layout(how, settings, on.meta->store(), on.loop, first_start);
    if (!cluster) return problem{cluster.error()};
    on.cluster = std::move(*cluster);
    std::vector<std::shared_ptr<rsx::disk::files>> folders;
    for (const layout_node& node : std::vector<layout_node>{on.cluster.nodes}) {
        auto files = open_folder(folder_of(how, node.who.node));
        if (!files) return problem{files.error()};
        auto settled = settle_folder(how, on.cluster, node.who.node, **files, on.meta->store(),
                                     on.loop, first_start, log);
        if (!settled) return settled;
        folders.push_back(std::move(*files));
    }
    for (std::size_t i = 0; i < folders.size(); ++i) {
        auto node = std::make_unique<local_node>(threads_a_node);
        const layout_node& known = on.cluster.nodes[i];
        auto store = shard::directory::open(folders[i], node->pool, known.who);
        if (!store)
            return problem{folder_of(how, known.who.node).string() + ": " +
                           rsx::to_string(store.error())};
        node->store = shard::wrap(std::move(*store));
        on.nodes.push_back(std::move(node));
    }
    return {};
}

void greet(const config& settings, const ground& on, std::uint16_t port, bool development) {
    std::printf("rsxd dev: %zu nodes, code %u+%u, S3 at http://%s:%u\n", on.cluster.nodes.size(),
                settings.code.data, settings.code.parity, settings.listen.host.c_str(), port);
    if (development)
        std::printf("development keys, for loopback only: access key %s, secret key %s\n",
                    development_access_key, development_secret_key);
    std::printf("metadata is one copy, in %s\n", settings.meta_path.c_str());
    std::fflush(stdout);
}

}  // namespace

int run_dev(const dev_options& how) {
    const process self;
    auto settings = settings_of(how);
    if (!settings) {
        complain(settings.error());
        return exit_usage;
    }
    bool development = false;
    if (auto wrong = settle_keys(*settings, development); !wrong.empty()) {
        complain(wrong);
        return exit_usage;
    }
    rsx::log::stderr_sink log{rsx::system_wall_clock()};
    rsx::metrics::registry metrics;
    ground on;
    if (auto ready = prepare(how, *settings, on, log); !ready) {
        complain(ready.error());
        return exit_failed;
    }
    if (settings->code.data + settings->code.parity > static_cast<int>(on.cluster.nodes.size())) {
        rsx::log::line{rsx::log::level::warn, "fewer nodes than shards: some nodes hold several"}
            .with("nodes", on.cluster.nodes.size())
            .with("shards", settings->code.data + settings->code.parity)
            .to(log);
    }

    rsx::thread_pool threads{std::max(2u, std::thread::hardware_concurrency())};
    shared_ground shared{*settings,
                         on.cluster,
                         on.meta->store(),
                         threads,
                         [&on](rsx::net::asio_loop&, std::uint64_t) {
                             return std::make_unique<local_links>(on.nodes);
                         },
                         log,
                         metrics};
    fronts all{shared};
    auto port = all.start(settings->listen, fronts::loops_or_cores(how.loops));
    if (!port) {
        complain(port.error());
        return exit_failed;
    }
    greet(*settings, on, *port, development);
    self.ready("serving at port " + std::to_string(*port));
    const int signal = self.wait_for_end();
    self.stopping();
    rsx::log::line{rsx::log::level::info, "ending"}.with("signal", signal).to(log);
    all.stop();
    return exit_ok;
}

}  // namespace rsxd
