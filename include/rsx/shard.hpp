// SPDX-License-Identifier: Apache-2.0

// Stores of large immutable values: in memory and in a directory, with their checksums.
//
// Stores on other machines: shard/remote.hpp and shard/service.hpp, which need rsx::net.
#pragma once

#include <rsx/shard/any.hpp>
#include <rsx/shard/checksum.hpp>
#include <rsx/shard/concept.hpp>
#include <rsx/shard/directory.hpp>
#include <rsx/shard/id.hpp>
#include <rsx/shard/identity.hpp>
#include <rsx/shard/memory.hpp>
