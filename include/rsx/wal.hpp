// SPDX-License-Identifier: Apache-2.0

// A write-ahead log: its core without I/O, its files, and group commit for tasks.
#pragma once

#include <rsx/wal/concept.hpp>
#include <rsx/wal/core.hpp>
#include <rsx/wal/file_log.hpp>
#include <rsx/wal/format.hpp>
#include <rsx/wal/group_commit.hpp>
#include <rsx/wal/recovery.hpp>
#include <rsx/wal/segment.hpp>
