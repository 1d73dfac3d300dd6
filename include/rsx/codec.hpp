// SPDX-License-Identifier: Apache-2.0

// Erasure codes: make parity, lose shards, bring them back.
//
//     #include <rsx/codec.hpp>
//     auto code = rsx::codec::reed_solomon::make({.data = 10, .parity = 4});
//
// Wide codes, local repair codes and locating silent errors are headers of their own:
// rsx/codec/wide.hpp, rsx/codec/local.hpp, rsx/codec/locate.hpp.
#pragma once

#include <rsx/codec/concept.hpp>
#include <rsx/codec/generator.hpp>
#include <rsx/codec/reed_solomon.hpp>
#include <rsx/codec/repair_plan.hpp>
#include <rsx/codec/shard_memory.hpp>
