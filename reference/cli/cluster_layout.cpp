// SPDX-License-Identifier: Apache-2.0

// init and replace: the two commands that write into the metadata.
#include "atomic_file.hpp"
#include "cluster.hpp"
#include "layout.hpp"
#include "meta_store.hpp"

#include <rsx/core/thread_loop.hpp>
#include <rsx/disk/posix.hpp>

#include <algorithm>
#include <cstdio>

namespace rsx_cli {
namespace {

namespace fs = std::filesystem;
namespace shard = rsx::shard;

constexpr unsigned first_node_port = 100;  // above the gateway's

std::string address_text(const rsxd::endpoint& at) {
    const bool six = at.host.find(':') != std::string::npos;
    return (six ? '[' + at.host + ']' : at.host) + ':' + std::to_string(at.port);
}

std::string new_config(const std::string& code, unsigned nodes, unsigned port) {
    std::string text =
        "# A cluster on this machine, for trying out. docs/reference/cluster-toml.md has every "
        "key.\n"
        "[cluster]\n"
        "name = \"rsx\"\n"
        "code = \"" +
        code +
        "\"\n"
        "listen = \"127.0.0.1:" +
        std::to_string(port) +
        "\"\n"
        "\n"
        "[meta]\n"
        "store = \"rocksdb\"\n"
        "path = \"meta\"\n";
    for (unsigned n = 0; n < nodes; ++n) {
        const std::string id = std::to_string(n);
        text += "\n[[nodes]]\nid = " + id +
                "\naddress = \"127.0.0.1:" + std::to_string(port + first_node_port + n) +
                "\"\npath = \"node-" + id + "\"\ndomain = \"node-" + id + "\"\n";
    }
    return text +
           "\n# Development keys, good for loopback only: choose your own before anything else.\n"
           "[[auth]]\n"
           "access_key = \"rsxdev\"\n"
           "secret_key = \"rsxdevsecret\"\n"
           "user_id = \"rsxdev\"\n"
           "display_name = \"rsxdev\"\n";
}

outcome<void> write_config(const cluster_options& how) {
    const unsigned nodes = how.nodes.value_or(6);
    const unsigned port = how.port.value_or(9000);
    const std::string code = how.code.value_or("4+2");
    const auto shape = rsxd::parse_code(code);
    if (!shape) return give_up(exit_code::usage, "--code " + shape.error());
    if (unsigned{shape->data} + shape->parity > nodes) {
        return give_up(exit_code::usage, "code " + code + " needs " +
                                             std::to_string(shape->data + shape->parity) +
                                             " nodes, --nodes says " + std::to_string(nodes));
    }
    if (port + first_node_port + nodes > 65'536) {
        return give_up(exit_code::usage,
                       "the nodes' ports begin 100 above --port: choose a lower one");
    }
    std::error_code wrong;
    const fs::path folder = how.config_file.parent_path();
    if (!folder.empty()) fs::create_directories(folder, wrong);
    if (wrong) {
        return std::unexpected(system_failure("cannot make " + folder.string(), wrong.value()));
    }
    auto file = atomic_file::create(how.config_file, replace::no);
    if (!file) return std::unexpected(file.error());
    const std::string text = new_config(code, nodes, port);
    if (auto ok = file->write_next(rsx::bytes_of(text)); !ok) return ok;
    return file->commit();
}

// The folder of a node, made if it is not there; refused if it is already somebody's.
outcome<std::unique_ptr<rsx::disk::files>> free_folder(const rsxd::node_entry& node) {
    std::error_code wrong;
    const std::string path = node.path.string();
    fs::create_directories(node.path, wrong);
    if (wrong) return std::unexpected(system_failure("cannot make " + path, wrong.value()));
    auto files = rsx::disk::posix_files::open_root(path);
    if (!files) return give_up("cannot open " + path, files.error());
    const auto mine = shard::directory_identity::load(**files);
    if (mine) {
        return give_up(exit_code::failed, path + " is node " + std::to_string(mine->holder.node) +
                                              " of cluster " + shard::to_string(mine->cluster) +
                                              " already; it needs an empty folder");
    }
    if (mine.error().code != rsx::errc::not_found) return give_up(path, mine.error());
    return std::unique_ptr<rsx::disk::files>{std::move(*files)};
}

shard::directory_identity identity_of(const rsxd::layout& cluster, const rsxd::layout_node& node) {
    shard::directory_identity made;
    made.cluster = cluster.cluster;
    made.directory = node.directory;
    made.holder = node.who;
    made.created_ms = rsx::system_wall_clock().now_ms();
    return made;
}

// Identity files that are taken back unless the layout that names them was committed.
class new_identities {
public:
    new_identities() = default;
    new_identities(const new_identities&) = delete;
    new_identities& operator=(const new_identities&) = delete;
    ~new_identities() {
        for (auto& where : made_) (void)where->remove(shard::directory_identity::path);
    }
    outcome<void> add(std::unique_ptr<rsx::disk::files> where,
                      const shard::directory_identity& what) {
        if (auto ok = shard::directory_identity::create(*where, what); !ok) {
            return give_up("cannot write the identity of node " + std::to_string(what.holder.node),
                           ok.error());
        }
        made_.push_back(std::move(where));
        return {};
    }
    void keep() { made_.clear(); }

private:
    std::vector<std::unique_ptr<rsx::disk::files>> made_;
};

outcome<std::unique_ptr<rsxd::opened_meta>> open_metadata(const rsxd::config& settings) {
    auto opened = rsxd::open_meta(settings);
    if (opened) return std::move(*opened);
    return give_up(exit_code::failed, opened.error());
}

}  // namespace

outcome<void> run_cluster_init(const cluster_options& how) {
    std::error_code ignored;
    if (!fs::exists(how.config_file, ignored)) {
        if (auto ok = write_config(how); !ok) return ok;
    } else if (how.nodes || how.code || how.port) {
        return give_up(exit_code::usage, how.config_file.string() +
                                             " is there: --nodes, --code and --port are for a new "
                                             "one, edit it instead");
    }
    const auto settings = load_cluster(how.config_file);
    if (!settings) return std::unexpected(settings.error());
    auto meta = open_metadata(*settings);
    if (!meta) return std::unexpected(meta.error());
    rsx::thread_loop loop;
    const auto known = loop.run(rsxd::read_layout((*meta)->store()));
    if (known) {
        return give_up(exit_code::failed, "cluster " + shard::to_string(known->cluster) +
                                              " is laid out in " + settings->meta_path.string() +
                                              " already; nothing was changed");
    }
    if (known.error().code != rsx::errc::not_found) {
        return give_up("cannot read the layout", known.error());
    }

    rsxd::layout first;
    first.cluster = shard::draw_uuid(rsx::system_entropy());
    first.name = settings->name;
    std::vector<std::unique_ptr<rsx::disk::files>> folders;
    for (const rsxd::node_entry& node : settings->nodes) {
        auto folder = free_folder(node);
        if (!folder) return std::unexpected(folder.error());
        folders.push_back(std::move(*folder));
        rsxd::layout_node one;
        one.who = {node.id, 1};
        one.directory = shard::draw_uuid(rsx::system_entropy());
        one.address = address_text(node.address);
        one.domain = node.domain;
        first.nodes.push_back(std::move(one));
    }
    new_identities identities;
    for (std::size_t i = 0; i < folders.size(); ++i) {
        auto added = identities.add(std::move(folders[i]), identity_of(first, first.nodes[i]));
        if (!added) return added;
    }
    std::ranges::sort(first.nodes, {}, [](const rsxd::layout_node& one) { return one.who.node; });
    const std::string code =
        std::to_string(settings->code.data) + "+" + std::to_string(settings->code.parity);
    const auto made = loop.run(rsxd::make_layout((*meta)->store(), std::move(first), code,
                                                 rsx::system_wall_clock().now_ms()));
    if (!made) return give_up("cannot write the layout", made.error());
    identities.keep();
    if (!how.quiet) {
        std::printf(
            "cluster %s: %zu nodes, code %s, gateway at http://%s\n"
            "start it:  rsxd --config %s --role shard --node N   (one for each node)\n"
            "           rsxd --config %s --role gateway\n",
            shard::to_string(made->cluster).c_str(), made->nodes.size(), code.c_str(),
            address_text(settings->listen).c_str(), how.config_file.c_str(),
            how.config_file.c_str());
    }
    return {};
}

outcome<void> run_cluster_replace(const cluster_options& how) {
    const auto settings = load_cluster(how.config_file);
    if (!settings) return std::unexpected(settings.error());
    const auto entry = std::ranges::find_if(
        settings->nodes, [&](const rsxd::node_entry& one) { return one.id == how.node; });
    if (entry == settings->nodes.end()) {
        return give_up(exit_code::not_found, how.config_file.string() + " has no [[nodes]] id " +
                                                 std::to_string(how.node.value_or(0)));
    }
    auto meta = open_metadata(*settings);
    if (!meta) return std::unexpected(meta.error());
    rsx::thread_loop loop;
    auto known = loop.run(rsxd::read_layout((*meta)->store()));
    if (!known) return give_up("cannot read the layout", known.error());
    if (known->find(entry->id) == nullptr) {
        return give_up(exit_code::not_found,
                       "the cluster has no node " + std::to_string(entry->id));
    }
    auto folder = free_folder(*entry);
    if (!folder) return std::unexpected(folder.error());

    // The layout first: should the identity then fail, the next try gives out the next incarnation.
    const auto directory = shard::draw_uuid(rsx::system_entropy());
    const auto next = loop.run(rsxd::replace_node((*meta)->store(), std::move(*known), entry->id,
                                                  directory, rsx::system_wall_clock().now_ms()));
    if (!next) return give_up("cannot change the layout", next.error());
    const rsxd::layout_node& now = *next->find(entry->id);
    new_identities identity;
    if (auto ok = identity.add(std::move(*folder), identity_of(*next, now)); !ok) return ok;
    identity.keep();
    if (!how.quiet) {
        std::printf("node %u is incarnation %u now, epoch %u; what its old folder held is owed\n",
                    now.who.node, now.who.incarnation, next->epoch);
    }
    return {};
}

}  // namespace rsx_cli
