// SPDX-License-Identifier: Apache-2.0

// All rows, for those who handle several kinds.
//
//     auto head = rsx::meta::rows::decode<rsx::meta::rows::version>(row.value);
//
// Each kind is a plain struct in a header of its own; docs/design/rows.md says what each is for.
#pragma once

#include <rsx/meta/rows/bucket.hpp>
#include <rsx/meta/rows/cluster.hpp>
#include <rsx/meta/rows/upload.hpp>
#include <rsx/meta/rows/work.hpp>
