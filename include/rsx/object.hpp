// SPDX-License-Identifier: Apache-2.0

// The object engine: the only place where codec, placement, meta and shard meet.
//
//     #include <rsx/object.hpp>
//
// Start with object/engine.hpp, then object/types.hpp.
#pragma once

#include <rsx/object/engine.hpp>
#include <rsx/object/errors.hpp>
#include <rsx/object/fleet.hpp>
#include <rsx/object/types.hpp>
