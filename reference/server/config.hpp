// SPDX-License-Identifier: Apache-2.0

// cluster.toml as values: who the nodes are, where the metadata lives, who may sign requests.
//
//     auto config = rsxd::load_config("cluster.toml");
//     if (!config) std::cerr << config.error();     // "cluster.toml:7: [cluster] code: ..."
//
// Every key is described in docs/reference/cluster-toml.md. An unknown key is an error that names
// it: a misspelt setting must never be a silent default. Paths are relative to the file they stand
// in.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rsxd {

struct endpoint {
    std::string host{"127.0.0.1"};
    std::uint16_t port{0};
    friend bool operator==(const endpoint&, const endpoint&) = default;
};

struct code_shape {
    std::uint16_t data{4};
    std::uint16_t parity{2};
    friend bool operator==(const code_shape&, const code_shape&) = default;
};

// One disk: a directory, and the address of the process that serves it.
struct node_entry {
    std::uint32_t id{0};
    endpoint address{};
    std::filesystem::path path{};
    std::string domain{};
};

struct gateway_entry {
    std::uint32_t id{0};
    endpoint listen{};
};

struct tls_files {
    std::filesystem::path ca{};
    std::filesystem::path cert{};
    std::filesystem::path key{};
};

struct credential {
    std::string access_key{};
    std::string secret_key{};
    std::string user_id{};
    std::string display_name{};
};

struct config {
    std::string name{"rsx"};
    code_shape code{};
    endpoint listen{.host = "127.0.0.1", .port = 9000};
    std::string region{"us-east-1"};
    std::vector<std::string> domains{"localhost"};  // bucket.DOMAIN addresses a bucket
    std::string meta_store{"rocksdb"};
    std::filesystem::path meta_path{"meta"};
    std::vector<node_entry> nodes{};
    std::vector<gateway_entry> gateways{};
    std::optional<tls_files> tls{};
    std::vector<credential> auth{};
};

[[nodiscard]] std::expected<config, std::string> parse_config(std::string_view text,
                                                              const std::filesystem::path& file);
[[nodiscard]] std::expected<config, std::string> load_config(const std::filesystem::path& file);

// "4+2"
[[nodiscard]] std::expected<code_shape, std::string> parse_code(std::string_view text);
// "127.0.0.1:9000"
[[nodiscard]] std::expected<endpoint, std::string> parse_endpoint(std::string_view text);
// 127.0.0.0/8, ::1 and "localhost".
[[nodiscard]] bool is_loopback(std::string_view host);

}  // namespace rsxd
