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

#include <rsx/object/buckets.hpp>
#include <rsx/object/copy.hpp>
#include <rsx/object/get.hpp>
#include <rsx/object/list.hpp>
#include <rsx/object/put.hpp>
#include <rsx/object/remove_many.hpp>
#include <rsx/object/upload_complete.hpp>
#include <rsx/object/upload_parts.hpp>
#include <rsx/object/uploads.hpp>

namespace rsx::object {

class engine {
public:
    engine(ground on, struct options how) : s_{on, std::move(how)} {}
    engine(const engine&) = delete;
    engine& operator=(const engine&) = delete;
    ~engine() { RSX_ASSERT(s_.under_way == 0 && "drain an engine before it ends"); }

    // Takes a new view of the nodes; operations under way keep the one they began with.
    void use(placement::view now) {
        s_.nodes = std::make_shared<const placement::view>(std::move(now));
    }
    // Waits until nothing started by this engine is under way any more: before destroying it.
    [[nodiscard]] step drain() { return object::drain(s_); }
    // For what stands beside the engine: the collector, the healer.
    [[nodiscard]] object::state& state() noexcept { return s_; }

    // --- buckets -------------------------------------------------------------------------------
    // bucket_exists_yours, bucket_exists_others.
    [[nodiscard]] task<result<bucket>> create_bucket(std::string name, bucket_options how) {
        return here(object::create_bucket(s_, std::move(name), std::move(how)));
    }
    [[nodiscard]] task<result<bucket>> find_bucket(std::string name) {  // no_such_bucket
        return here(object::find_bucket(s_, std::move(name)));
    }
    [[nodiscard]] step remove_bucket(std::string name) {  // bucket_not_empty
        return here(object::remove_bucket(s_, std::move(name)));
    }
    [[nodiscard]] task<result<std::vector<bucket>>> list_buckets(std::string owner) {
        return here(object::list_buckets(s_, std::move(owner)));
    }

    // --- objects -------------------------------------------------------------------------------
    [[nodiscard]] task<result<info>> put(std::string bucket, std::string key, put_options how,
                                         source& body, digester& sums) {
        return here(object::put(s_, std::move(bucket), std::move(key), std::move(how), body, sums));
    }
    [[nodiscard]] task<result<info>> head(std::string bucket, std::string key,
                                          get_options how = {}) {
        return here(object::head(s_, std::move(bucket), std::move(key), std::move(how)));
    }
    [[nodiscard]] task<result<std::unique_ptr<reader>>> get(std::string bucket, std::string key,
                                                            get_options how = {}) {
        return here(object::get(s_, std::move(bucket), std::move(key), std::move(how)));
    }
    // Success also if there is no such key.
    [[nodiscard]] task<result<removed>> remove(std::string bucket, std::string key,
                                               remove_options how = {}) {
        return here(object::remove(s_, std::move(bucket), std::move(key), std::move(how)));
    }
    // One answer a key, in their order; the outer error is the bucket's.
    [[nodiscard]] task<result<std::vector<result<removed>>>> remove_many(
        std::string bucket, std::vector<std::string> keys) {
        return here(object::remove_many(s_, std::move(bucket), std::move(keys)));
    }
    [[nodiscard]] task<result<info>> copy(copy_source from, std::string bucket, std::string key,
                                          copy_options how, digester& sums) {
        return here(object::copy(s_, std::move(from), std::move(bucket), std::move(key),
                                 std::move(how), sums));
    }
    [[nodiscard]] task<result<list_page>> list(std::string bucket, list_request what) {
        return here(object::list(s_, std::move(bucket), std::move(what)));
    }

    // --- uploads in parts ----------------------------------------------------------------------
    [[nodiscard]] task<result<upload>> create_upload(std::string bucket, std::string key,
                                                     upload_options how) {
        return here(object::create_upload(s_, std::move(bucket), std::move(key), std::move(how)));
    }
    [[nodiscard]] task<result<upload>> find_upload(std::string bucket, std::string key,
                                                   std::string id) {
        return here(object::find_upload(s_, std::move(bucket), std::move(key), std::move(id)));
    }
    [[nodiscard]] task<result<part_info>> put_part(std::string bucket, std::string key,
                                                   std::string upload, unsigned number,
                                                   part_options how, source& body, digester& sums) {
        return here(object::put_part(s_, std::move(bucket), std::move(key), std::move(upload),
                                     number, how, body, sums));
    }
    // `range`: first and count of the source, all of it if there is none.
    [[nodiscard]] task<result<part_info>> copy_part(
        copy_source from, std::optional<std::pair<std::uint64_t, std::uint64_t>> range,
        std::string bucket, std::string key, std::string upload, unsigned number, digester& sums) {
        return here(object::copy_part(s_, std::move(from), range, std::move(bucket), std::move(key),
                                      std::move(upload), number, sums));
    }
    [[nodiscard]] task<result<parts_page>> list_parts(std::string bucket, std::string key,
                                                      std::string upload, unsigned after,
                                                      unsigned max_parts) {
        return here(object::list_parts(s_, std::move(bucket), std::move(key), std::move(upload),
                                       after, max_parts));
    }
    [[nodiscard]] task<result<uploads_page>> list_uploads(std::string bucket,
                                                          uploads_request what) {
        return here(object::list_uploads(s_, std::move(bucket), std::move(what)));
    }
    [[nodiscard]] task<result<info>> complete(std::string bucket, std::string key,
                                              std::string upload, std::vector<completed_part> parts,
                                              complete_options how, composer& sums) {
        return here(object::complete(s_, std::move(bucket), std::move(key), std::move(upload),
                                     std::move(parts), std::move(how), sums));
    }
    [[nodiscard]] step abort(std::string bucket, std::string key, std::string upload) {
        return here(object::abort(s_, std::move(bucket), std::move(key), std::move(upload)));
    }

private:
    // Learns which loop it is used on: what outlives an operation runs there too.
    template <class T>
    [[nodiscard]] task<T> here(task<T> work) {
        const env& at = co_await this_env{};
        RSX_ASSERT(s_.home == nullptr || s_.home == at.where);
        s_.home = at.where;
        co_return co_await work;
    }

    object::state s_;
};

}  // namespace rsx::object
