// SPDX-License-Identifier: Apache-2.0
#include "process.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>

namespace {

constexpr const char* about =
    "rsxd: an S3-compatible, erasure-coded object store.\n\n"
    "  rsxd dev --dir ./data                     a whole cluster in one process, for a look\n"
    "  rsxd --config cluster.toml --role shard --node 0\n"
    "  rsxd --config cluster.toml --role gateway\n\n"
    "rsx cluster init writes a cluster.toml to begin with.";

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{about, "rsxd"};
    app.set_version_flag("--version", "rsxd " RSX_VERSION);

    rsxd::role_options role;
    std::uint32_t id = 0;
    app.add_option("--config", role.config_file, "cluster.toml of the cluster to take part in");
    app.add_option("--role", role.role, "gateway or shard")
        ->check(CLI::IsMember({"gateway", "shard"}));
    auto* node = app.add_option("--node", id, "with --role shard: which [[nodes]] id to serve");
    auto* gateway = app.add_option("--id", id, "with --role gateway: which [[gateways]] id to be");
    app.add_option("--loops", role.loops, "event loops (default: one a core)")
        ->check(CLI::Range(1, 256));

    rsxd::dev_options dev;
    unsigned nodes = 6;
    std::string code;
    std::uint16_t port = 9000;
    auto* dev_command = app.add_subcommand(
        "dev", "gateway, metadata and shard nodes in one process, one folder a node");
    dev_command->add_option("--dir", dev.dir, "where DIR/node-0 ... and DIR/meta are kept")
        ->required();
    auto* nodes_option =
        dev_command->add_option("--nodes", nodes, "how many shard nodes (default 6)")
            ->check(CLI::Range(1, 255));
    auto* code_option =
        dev_command->add_option("--code", code, "data+parity of new objects (default 4+2)");
    auto* port_option =
        dev_command->add_option("--port", port, "the gateway's port (default 9000)");
    dev_command->add_option("--config", dev.config_file,
                            "cluster.toml for keys, region and domains");
    dev_command->add_option("--loops", dev.loops, "event loops (default: one a core)")
        ->check(CLI::Range(1, 256));

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& wrong) {
        const int shown = app.exit(wrong);
        return shown == 0 ? rsxd::exit_ok : rsxd::exit_usage;
    }

    if (dev_command->parsed()) {
        if (nodes_option->count() > 0) dev.nodes = nodes;
        if (port_option->count() > 0) dev.port = port;
        if (code_option->count() > 0) {
            const auto parsed = rsxd::parse_code(code);
            if (!parsed) {
                rsxd::complain("--code " + parsed.error());
                return rsxd::exit_usage;
            }
            dev.code = *parsed;
        }
        return rsxd::run_dev(dev);
    }
    if (role.config_file.empty() || role.role.empty()) {
        std::fputs(app.help().c_str(), stderr);
        return rsxd::exit_usage;
    }
    if (node->count() + gateway->count() > 0) role.id = id;
    return role.role == "shard" ? rsxd::run_shard(role) : rsxd::run_gateway(role);
}
