// SPDX-License-Identifier: Apache-2.0

// The object engine: objects in buckets, made of erasure-coded shards and one row of metadata each.
//
//     object::engine engine{{session, nodes, policy, threads, wall, random, log, metrics},
//     options}; engine.use(view);                                            // where things may be
//     placed auto stored = co_await engine.put("photos", "cat.jpg", how, body, digester); auto
//     reader = co_await engine.get("photos", "cat.jpg", {}); while (auto piece = co_await
//     (*reader)->next()) { if (piece->empty()) break; ... }
//
// A PUT seals its shards on the nodes, then commits one transaction, then answers: data first, name
// last. Acknowledged means that whatever `survives` further nodes are lost, the object is whole; if
// that cannot be had, nothing is stored and the answer is not_enough_nodes. A GET reads the
// manifest once and gives out no byte whose stripe is not verified
// (docs/theory/09-an-objects-life.md).
//
// One engine a loop: every call is made and answered on that loop, and everything given by
// reference (sources, digesters) must live until the call's answer. Bodies under way share
// options::inflight_bytes; beyond it answers are slow_down. Errors: object/errors.hpp, and those of
// the stores below.
#pragma once

#include <rsx/core/limits.hpp>
#include <rsx/core/log.hpp>
#include <rsx/core/metrics.hpp>
#include <rsx/core/pool.hpp>
#include <rsx/core/slice.hpp>
#include <rsx/object/fleet.hpp>
#include <rsx/object/types.hpp>

#include <memory>

namespace rsx::meta {
class session;
}
namespace rsx::placement {
class any_policy;
struct view;
}  // namespace rsx::placement

namespace rsx::object {

// What an engine stands on. All of it outlives the engine.
struct ground {
    meta::session& meta;
    fleet& nodes;
    placement::any_policy& policy;
    pool& threads;
    wall_clock& wall;
    entropy& random;
    log::sink& log;
    metrics::registry& metrics;
};

struct options {
    struct code code{.data = 4, .parity = 2};
    unsigned survives{1};  // further nodes that may be lost the moment after the answer
    std::size_t inflight_bytes{limits::inflight_bytes_max};
    std::string region{"us-east-1"};
};

// One object being read. Knows everything HEAD says before any data is touched.
class reader {
public:
    virtual ~reader() = default;
    [[nodiscard]] virtual const struct info& info() const = 0;
    // The parts it was completed from, if any: offset, size, checksums.
    [[nodiscard]] virtual const std::vector<part_info>& parts() const = 0;
    // What `next` will give: [first, first + count), cut at the end. Before the first `next` only;
    // invalid_range if `first` is at or behind the end (an empty object may be read wholly).
    [[nodiscard]] virtual status select(std::uint64_t first, std::uint64_t count) = 0;
    // The next verified bytes; empty: the end. After an error only the destructor may be called.
    [[nodiscard]] virtual task<result<slice>> next() = 0;
};

class engine {
public:
    engine(ground on, struct options how);
    engine(const engine&) = delete;
    engine& operator=(const engine&) = delete;
    ~engine();

    // Takes a new view of the nodes; operations under way keep the one they began with.
    void use(placement::view now);
    // Waits until nothing started by this engine is under way any more: before destroying it.
    [[nodiscard]] step drain();

    // --- buckets -------------------------------------------------------------------------------
    // bucket_exists_yours, bucket_exists_others.
    [[nodiscard]] task<result<bucket>> create_bucket(std::string name, bucket_options how);
    [[nodiscard]] task<result<bucket>> find_bucket(std::string name);  // no_such_bucket
    [[nodiscard]] step remove_bucket(std::string name);                // bucket_not_empty
    [[nodiscard]] task<result<std::vector<bucket>>> list_buckets(std::string owner);

    // --- objects -------------------------------------------------------------------------------
    [[nodiscard]] task<result<info>> put(std::string bucket, std::string key, put_options how,
                                         source& body, digester& sums);
    [[nodiscard]] task<result<info>> head(std::string bucket, std::string key,
                                          get_options how = {});
    [[nodiscard]] task<result<std::unique_ptr<reader>>> get(std::string bucket, std::string key,
                                                            get_options how = {});
    // Success also if there is no such key.
    [[nodiscard]] task<result<removed>> remove(std::string bucket, std::string key,
                                               remove_options how = {});
    // One answer a key, in their order; the outer error is the bucket's.
    [[nodiscard]] task<result<std::vector<result<removed>>>> remove_many(
        std::string bucket, std::vector<std::string> keys);
    [[nodiscard]] task<result<info>> copy(copy_source from, std::string bucket, std::string key,
                                          copy_options how, digester& sums);
    [[nodiscard]] task<result<list_page>> list(std::string bucket, list_request what);

    // --- uploads in parts ----------------------------------------------------------------------
    [[nodiscard]] task<result<upload>> create_upload(std::string bucket, std::string key,
                                                     upload_options how);
    [[nodiscard]] task<result<upload>> find_upload(std::string bucket, std::string key,
                                                   std::string id);
    [[nodiscard]] task<result<part_info>> put_part(std::string bucket, std::string key,
                                                   std::string upload, unsigned number,
                                                   part_options how, source& body, digester& sums);
    // `range`: first and count of the source, all of it if there is none.
    [[nodiscard]] task<result<part_info>> copy_part(
        copy_source from, std::optional<std::pair<std::uint64_t, std::uint64_t>> range,
        std::string bucket, std::string key, std::string upload, unsigned number, digester& sums);
    [[nodiscard]] task<result<parts_page>> list_parts(std::string bucket, std::string key,
                                                      std::string upload, unsigned after,
                                                      unsigned max_parts);
    [[nodiscard]] task<result<uploads_page>> list_uploads(std::string bucket, uploads_request what);
    [[nodiscard]] task<result<info>> complete(std::string bucket, std::string key,
                                              std::string upload, std::vector<completed_part> parts,
                                              complete_options how, composer& sums);
    [[nodiscard]] step abort(std::string bucket, std::string key, std::string upload);
};

}  // namespace rsx::object
