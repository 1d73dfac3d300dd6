// SPDX-License-Identifier: Apache-2.0

// What the engine refuses, by name: constants, so that a gateway can turn each into its S3 code.
//
//     auto info = co_await engine.head("photos", "2026/cat.jpg");
//     if (!info && info.error() == object::no_such_key) return reply(404, "NoSuchKey");
//
// Each carries detail 0, so == compares what it says. Errors from below (a store that is away, a
// deadline) pass through as they are: `slow_down` and `not_enough_nodes` are `unavailable`, which a
// client may try again; `corrupt`, `io` and `unknown_outcome` are our own trouble (500).
#pragma once

#include <rsx/core/error.hpp>

namespace rsx::object {

// --- names -------------------------------------------------------------------------------------
inline constexpr error no_such_bucket{errc::not_found, "no such bucket"};
inline constexpr error no_such_key{errc::not_found, "no such key"};
inline constexpr error no_such_version{errc::not_found, "no such version"};
inline constexpr error no_such_upload{errc::not_found, "no such upload"};
inline constexpr error no_such_part{errc::not_found, "no such part"};
inline constexpr error bucket_exists_yours{errc::conflict, "the bucket exists and is yours"};
inline constexpr error bucket_exists_others{errc::conflict, "the bucket exists and is not yours"};
inline constexpr error bucket_not_empty{errc::conflict, "the bucket is not empty"};

// --- conditions --------------------------------------------------------------------------------
inline constexpr error precondition_failed{errc::conflict, "a precondition does not hold"};
inline constexpr error not_modified{errc::conflict, "not modified"};
inline constexpr error operation_aborted{errc::conflict, "a conflicting operation is under way"};

// --- what was asked ----------------------------------------------------------------------------
inline constexpr error key_too_long{errc::limit, "the key is too long"};
inline constexpr error key_empty{errc::invalid, "the key is empty"};
inline constexpr error metadata_too_large{errc::limit, "the metadata is too large"};
inline constexpr error entity_too_small{errc::invalid, "a part but the last is below 5 MiB"};
inline constexpr error entity_too_large{errc::limit, "the entity is too large"};
inline constexpr error invalid_part{errc::invalid, "a part is not there or has another etag"};
inline constexpr error invalid_part_order{errc::invalid, "the parts are not in ascending order"};
inline constexpr error invalid_part_number{errc::invalid, "a part's number is not in 1..10000"};
inline constexpr error invalid_range{errc::invalid, "the range begins behind the end"};
inline constexpr error invalid_code{errc::invalid, "no such erasure code"};
inline constexpr error incomplete_body{errc::invalid, "the body is not as long as was said"};
// Made by digesters (the gateway's), and passed through by the engine: nothing was stored.
inline constexpr error bad_digest{errc::invalid, "the body is not what its digest says"};
inline constexpr error bad_checksum{errc::invalid, "the body is not what its checksum says"};

// --- not now -----------------------------------------------------------------------------------
inline constexpr error slow_down{errc::unavailable, "too much is under way"};
inline constexpr error not_enough_nodes{errc::unavailable, "too few nodes to store this safely"};
inline constexpr error too_many_conflicts{errc::unavailable, "others keep changing this key"};

// --- lost --------------------------------------------------------------------------------------
inline constexpr error data_lost{errc::too_few_shards, "more shards are gone than parity covers"};

}  // namespace rsx::object
