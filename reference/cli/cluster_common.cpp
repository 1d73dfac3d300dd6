// SPDX-License-Identifier: Apache-2.0
#include "cluster.hpp"

#include <rsx/disk/posix.hpp>
#include <rsx/shard/identity.hpp>

namespace rsx_cli {

outcome<rsxd::config> load_cluster(const std::filesystem::path& file) {
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) {
        return give_up(exit_code::not_found,
                       file.string() + " is not there; `rsx cluster init` makes one");
    }
    auto loaded = rsxd::load_config(file);
    if (!loaded) return give_up(exit_code::failed, loaded.error());
    if (loaded->nodes.empty()) {
        return give_up(exit_code::failed, file.string() + " names no [[nodes]]");
    }
    return std::move(*loaded);
}

outcome<std::string> cluster_uuid_here(const rsxd::config& settings) {
    std::string found;
    for (const rsxd::node_entry& node : settings.nodes) {
        auto files = rsx::disk::posix_files::open_root(node.path.string());
        if (!files) continue;
        const auto mine = rsx::shard::directory_identity::load(**files);
        if (!mine) continue;
        const std::string uuid = rsx::shard::to_string(mine->cluster);
        if (!found.empty() && found != uuid) {
            return give_up(exit_code::failed, node.path.string() + " belongs to cluster " + uuid +
                                                  ", another node's folder to " + found);
        }
        found = uuid;
    }
    return found;
}

}  // namespace rsx_cli
