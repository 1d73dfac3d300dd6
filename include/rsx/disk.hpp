// SPDX-License-Identifier: Apache-2.0

// Files below one root: of the operating system, or in memory with power cuts.
#pragma once

#include <rsx/disk/concept.hpp>
#include <rsx/disk/group_sync.hpp>
#include <rsx/disk/memory.hpp>
#include <rsx/disk/path.hpp>
#include <rsx/disk/posix.hpp>
