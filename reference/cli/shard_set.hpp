// SPDX-License-Identifier: Apache-2.0

// The shard files of one encoding, found in a folder by what their pages say.
//
//     auto set = find_set("shards", "");
//     set->about.data;                   // 10
//     set->files[3];                     // the files that say they are shard 3: none, one, more
//
// Names and order in the folder mean nothing. What is there and cannot be used is in `remarks`, a
// sentence each. If shards of several encodings lie there, the one that can be decoded is taken; if
// there are several such, the caller has to name one.
#pragma once

#include "atomic_file.hpp"
#include "shard_file.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace rsx_cli {

struct found_shard {
    std::filesystem::path file{};
    descriptor opened{};
    std::uint64_t size{0};
    bool page_broken{false};  // one of its two pages
};

struct shard_set {
    std::filesystem::path folder{};
    shard_page about{};
    std::vector<std::vector<found_shard>> files{};  // by index; the whole ones first
    std::vector<std::string> remarks{};

    [[nodiscard]] unsigned present() const;  // indices with a file
};

// "6f0c…" of 32 digits
[[nodiscard]] std::string text_of_set(const set_id& id);

// `wanted`: the beginning of a set's id, or empty.
[[nodiscard]] outcome<shard_set> find_set(const std::filesystem::path& folder,
                                          const std::string& wanted);

}  // namespace rsx_cli
