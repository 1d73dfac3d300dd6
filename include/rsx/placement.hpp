// SPDX-License-Identifier: Apache-2.0

// Who holds what: members, rules, and three policies that answer alike on every machine.
#pragma once

#include <rsx/placement/any.hpp>
#include <rsx/placement/choose.hpp>
#include <rsx/placement/concept.hpp>
#include <rsx/placement/ranked.hpp>
#include <rsx/placement/rebalance.hpp>
#include <rsx/placement/rendezvous.hpp>
#include <rsx/placement/ring.hpp>
#include <rsx/placement/round_robin.hpp>
