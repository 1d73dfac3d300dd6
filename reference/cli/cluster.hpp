// SPDX-License-Identifier: Apache-2.0

// `rsx cluster`: lay a cluster out, replace a lost node, make certificates, ask who is up.
//
//     run_cluster_init({.config_file = "cluster.toml", .nodes = 6, .code = "4+2", .port = 9000});
//     run_cluster_status({.config_file = "cluster.toml", .node = 3, .quiet = true});
//
// init and replace open the metadata themselves: they refuse while a gateway runs on it. Nothing
// that is there is ever overwritten.
#pragma once

#include "config.hpp"
#include "exit_codes.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace rsx_cli {

struct cluster_options {
    std::filesystem::path config_file{"cluster.toml"};
    std::filesystem::path folder{};       // of certs
    std::optional<unsigned> nodes{};      // of a new cluster: 6
    std::optional<std::string> code{};    // 4+2
    std::optional<std::uint16_t> port{};  // 9000
    std::optional<std::uint32_t> node{};  // of replace and status
    unsigned days{730};                   // certificates are good for
    std::string ask{};                    // gateway of status, if it is not where the file says
    bool quiet{false};
    bool json{false};
};

[[nodiscard]] outcome<void> run_cluster_init(const cluster_options& how);
[[nodiscard]] outcome<void> run_cluster_replace(const cluster_options& how);
[[nodiscard]] outcome<void> run_cluster_certs(const cluster_options& how);
// Failure `unavailable`: not all that was asked about is up.
[[nodiscard]] outcome<void> run_cluster_status(const cluster_options& how);

[[nodiscard]] outcome<rsxd::config> load_cluster(const std::filesystem::path& file);
// The uuid that the identity files of the nodes which live on this machine agree on; "" if none is
// here.
[[nodiscard]] outcome<std::string> cluster_uuid_here(const rsxd::config& settings);

}  // namespace rsx_cli
