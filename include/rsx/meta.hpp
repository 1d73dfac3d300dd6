// SPDX-License-Identifier: Apache-2.0

// Metadata: small ordered rows, commits that compare before they write, and the rows of rsx.
//
//     rsx::meta::memory_store store{loop};
//     auto rows = co_await store.get({rsx::meta::key::bucket("photos")}, reading::each);
//
// Everything of the module that needs no third party (those: meta/rocksdb.hpp).
#pragma once

#include <rsx/meta/any.hpp>
#include <rsx/meta/concept.hpp>
#include <rsx/meta/ids.hpp>
#include <rsx/meta/key.hpp>
#include <rsx/meta/key_parts.hpp>
#include <rsx/meta/key_range.hpp>
#include <rsx/meta/memory.hpp>
#include <rsx/meta/rows.hpp>
#include <rsx/meta/session.hpp>
#include <rsx/meta/sweeper.hpp>
