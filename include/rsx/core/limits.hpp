// SPDX-License-Identifier: Apache-2.0

// Every bound of rsx has a name, and all names stand on this page.
//
//     if (key.size() > rsx::limits::key_bytes_max) return rsx::fail(rsx::errc::limit, "key", ...);
//
// A queue, buffer, loop or retry without a line here is a defect.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace rsx::limits {

using namespace std::chrono_literals;

// --- codec -------------------------------------------------------------------------------------
inline constexpr std::size_t shards_max = 255;             // k + m over GF(2^8)
inline constexpr std::size_t small_set_bytes = 48 * 1024;  // in the first-level cache: no prefetch
inline constexpr std::size_t streaming_set_bytes = 24u << 20;  // past the cache: streaming stores

// --- geometry of objects (DESIGN.md §5) --------------------------------------------------------
inline constexpr std::size_t block_bytes = 8 * 1024;       // what a checksum covers
inline constexpr std::size_t cell_bytes = 64 * 1024;       // eight blocks
inline constexpr std::size_t chunk_bytes_max = 32u << 20;  // of data; whole stripes
inline constexpr std::uint64_t object_bytes_max = 5ull << 40;
inline constexpr std::uint64_t put_bytes_max = object_bytes_max;  // Amazon stops at 5 GiB
inline constexpr std::uint64_t part_bytes_max = 5ull << 30;
inline constexpr std::uint64_t part_bytes_min = 5ull << 20;
inline constexpr unsigned parts_max = 10'000;

// --- S3 text -----------------------------------------------------------------------------------
inline constexpr std::size_t key_bytes_max = 1024;
inline constexpr std::size_t user_metadata_bytes_max = 2 * 1024;
inline constexpr std::size_t head_bytes_max = 16 * 1024;  // request line and headers
inline constexpr std::size_t xml_bytes_max = 4u << 20;    // CompleteMultipartUpload of 10,000 parts
inline constexpr std::size_t xml_depth_max = 16;
inline constexpr unsigned list_keys_max = 1000;
inline constexpr auto clock_skew_max = 15min;

// --- network -----------------------------------------------------------------------------------
inline constexpr std::size_t frame_bytes_max = 2u << 20;
inline constexpr unsigned message_depth_max = 32;         // vectors and optionals within each other
inline constexpr std::size_t peer_bytes_max = 16u << 20;  // unsent bytes to one peer
inline constexpr std::size_t stream_credit_bytes = 4u << 20;
inline constexpr std::size_t streams_max = 1024;      // open on one connection
inline constexpr std::size_t connections_max = 4096;  // of one HTTP server
inline constexpr std::size_t http_fields_max = 128;
inline constexpr std::size_t http_drain_bytes_max = 256 * 1024;  // of a body nobody read
inline constexpr auto http_linger_max = 2s;                      // for a client to see why we close
inline constexpr auto connect_time_max = 1s;
inline constexpr auto call_time_max = 10s;
inline constexpr auto head_time_max = 20s;
inline constexpr auto idle_time_max = 75s;
inline constexpr auto body_stall_max = 30s;

// --- engine ------------------------------------------------------------------------------------
inline constexpr auto shard_read_time_max = 2s;  // then the shard counts as lost for this read
inline constexpr auto hedge_pause = 150ms;       // one more source after this
inline constexpr auto seal_straggler_max = 1s;   // the commit waits this long for the rest
inline constexpr auto commit_time_max = 10s;
inline constexpr unsigned commit_tries_max = 20;
inline constexpr std::size_t inflight_bytes_max = 192u << 20;  // of bodies in one process
inline constexpr auto budget_wait_max = 5s;  // for room in it; then the answer is SlowDown
inline constexpr auto avoid_pause_min = 1s;  // how long a late node is not waited for: doubles
inline constexpr auto avoid_pause_max = 16s;
inline constexpr auto handoff_patience = 4s;       // k sealed, the promise not kept yet
inline constexpr unsigned handoff_rounds_max = 3;  // new places sought for one chunk
inline constexpr unsigned chunks_sealing_max = 2;  // of one PUT, beside the one being filled
inline constexpr std::size_t buckets_remembered_max = 4096;
inline constexpr auto closing_wait_max = 2s;  // a bucket being removed: then OperationAborted
inline constexpr auto upload_lock_max = 5s;   // a Complete under way: then its lock is opened
inline constexpr std::size_t garbage_rows_max = 10'000;  // of one collection
inline constexpr auto finished_kept = 24h;               // the answer of a completed upload
inline constexpr std::size_t mailbox_items_max = 16'384;
inline constexpr std::size_t pool_jobs_max = 4096;

// --- shard stores ------------------------------------------------------------------------------
inline constexpr unsigned near_full_percent = 15;  // free space under this: placement avoids it
inline constexpr unsigned full_percent = 5;        // and under this nothing is written
inline constexpr unsigned dead_percent_max = 30;   // of a log of shards: then it is compacted
inline constexpr std::size_t shard_packed_bytes_max = 128 * 1024;   // larger ones are files
inline constexpr std::size_t shard_bytes_max = chunk_bytes_max;     // k = 1
inline constexpr std::size_t shard_flush_bytes = 1u << 20;          // one disk write of a large one
inline constexpr std::size_t shard_maps_max = 64;                   // headers and sums remembered
inline constexpr std::size_t shard_list_max = 4096;                 // ids a page
inline constexpr std::size_t shard_call_bytes_max = 64 * 1024;      // written by one call
inline constexpr std::size_t shard_read_call_bytes_max = 1u << 20;  // read by one call

// --- write-ahead log ---------------------------------------------------------------------------
inline constexpr std::size_t wal_record_bytes_max = 4u << 20;
inline constexpr std::size_t wal_staged_bytes_max = 16u << 20;  // appended and not yet durable
inline constexpr std::size_t wal_segment_bytes = 64u << 20;     // then the next file
inline constexpr std::size_t wal_batch_bytes_kept = 1u << 20;   // capacity kept between batches

// --- metadata (ROWS.md) ------------------------------------------------------------------------
inline constexpr std::size_t row_key_bytes_max = 2083;  // an upload of 1,024 NULs
inline constexpr std::size_t row_value_bytes_max = 256 * 1024;
inline constexpr std::size_t head_row_bytes_max = 4 * 1024;
inline constexpr std::size_t commit_changes_max = 100;
inline constexpr std::size_t commit_bytes_max = 1u << 20;
inline constexpr unsigned session_slots = 64;
inline constexpr auto session_renewal = 3s;
inline constexpr auto session_dead = 30s;
inline constexpr std::size_t scan_rows_max = 4096;

// --- what operators see ------------------------------------------------------------------------
inline constexpr std::size_t metric_series_max = 1000;     // of one name; then they share one
inline constexpr std::size_t log_value_bytes_max = 2'048;  // of one field

static_assert(cell_bytes % block_bytes == 0);
static_assert(frame_bytes_max > cell_bytes);

}  // namespace rsx::limits
