// SPDX-License-Identifier: Apache-2.0

// `rsx encode`, `decode`, `verify` and `repair`: a file as shard files, and back.
//
//     run_encode({.file = "film.mkv", .data = 10, .parity = 4, .folder = "shards"});
//     run_decode({.folder = "shards", .out = "film.mkv"});
//
// All of them stream: memory does not depend on the size of the file. What is written appears under
// its name only when it is whole and on disk.
#pragma once

#include "exit_codes.hpp"

#include <rsx/codec/generator.hpp>

#include <filesystem>
#include <string>

namespace rsx_cli {

struct encode_options {
    std::filesystem::path file{};  // "-": standard input
    std::uint16_t data{10};
    std::uint16_t parity{4};
    std::filesystem::path folder{};
    rsx::codec::generator rows{rsx::codec::generator::ones_vandermonde};
    std::string name{};  // recorded instead of the file's own
    bool force{false};
    bool quiet{false};
    bool wait_for_disk{true};
};

struct shard_options {
    std::filesystem::path folder{};
    std::filesystem::path out{};  // of decode; "-": standard output; a folder: the recorded name
    std::string set{};            // which, where several lie in the folder: the first digits
    bool force{false};
    bool quiet{false};
};

[[nodiscard]] outcome<void> run_encode(const encode_options& how);
[[nodiscard]] outcome<void> run_decode(const shard_options& how);
// Failure `failed`: damaged, and repair can mend it; `lost`: it cannot.
[[nodiscard]] outcome<void> run_verify(const shard_options& how);
[[nodiscard]] outcome<void> run_repair(const shard_options& how);

}  // namespace rsx_cli
