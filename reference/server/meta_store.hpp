// SPDX-License-Identifier: Apache-2.0

// The metadata store a configuration names, open, with all it stands on.
//
//     auto opened = rsxd::open_meta(settings);          // blocks; makes the folder if need be
//     if (!opened) complain(opened.error());            // "another rsxd is running on /data/meta"
//     rsx::meta::any_store& store = (*opened)->store();
//
// Owns the store, the threads that write for it, and the loop its commits are ordered on. Calls may
// come from any loop and must have ended before it is destroyed, which closes in the right order.
// meta_store.cpp alone includes RocksDB.
#pragma once

#include "config.hpp"

#include <rsx/meta/any.hpp>

#include <expected>
#include <memory>
#include <string>

namespace rsxd {

class opened_meta {
public:
    virtual ~opened_meta() = default;
    virtual rsx::meta::any_store& store() = 0;
};

[[nodiscard]] std::expected<std::unique_ptr<opened_meta>, std::string> open_meta(
    const config& settings);

}  // namespace rsxd
