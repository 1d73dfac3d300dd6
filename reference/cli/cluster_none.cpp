// SPDX-License-Identifier: Apache-2.0

// In place of cluster_layout.cpp where RocksDB is not on the machine.
#include "cluster.hpp"

namespace rsx_cli {

outcome<void> run_cluster_init(const cluster_options&) {
    return give_up(exit_code::failed,
                   "this rsx was built without RocksDB and cannot lay out clusters");
}

outcome<void> run_cluster_replace(const cluster_options&) {
    return give_up(exit_code::failed,
                   "this rsx was built without RocksDB and cannot change clusters");
}

}  // namespace rsx_cli
