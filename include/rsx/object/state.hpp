// SPDX-License-Identifier: Apache-2.0

// What all operations of one engine share: the ground it stands on, its budget, what it remembers.
//
//     object::state s{on, how};
//     auto code = s.code_of(4, 2, codec::generator::ones_cauchy);
//     s.detach(here, feed(...));                  // ends some day; engine::drain waits for it
//
// One loop's. Whatever is detached keeps what it uses alive itself, but for this: it must be
// drained before the state ends.
#pragma once

#include <rsx/codec/reed_solomon.hpp>
#include <rsx/core/gather.hpp>
#include <rsx/core/log.hpp>
#include <rsx/core/metrics.hpp>
#include <rsx/core/pool.hpp>
#include <rsx/core/wait.hpp>
#include <rsx/meta/session.hpp>
#include <rsx/object/fleet.hpp>
#include <rsx/object/health.hpp>
#include <rsx/object/turns.hpp>
#include <rsx/object/types.hpp>
#include <rsx/placement/any.hpp>

#include <map>
#include <memory>
#include <tuple>

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
    placement::rules rules{};
    std::size_t inflight_bytes{limits::inflight_bytes_max};
    std::string region{"us-east-1"};
};

// A share of a budget, given back when the last who holds it lets go.
class lease {
public:
    lease(semaphore& from, std::size_t size) noexcept : from_{from}, size_{size} {}
    lease(const lease&) = delete;
    lease& operator=(const lease&) = delete;
    ~lease() { from_.give(size_); }

private:
    semaphore& from_;
    std::size_t size_;
};
using shared_lease = std::shared_ptr<const lease>;

// Waits for a share of a budget, though not for ever: slow_down.
[[nodiscard]] inline task<result<shared_lease>> take_lease(semaphore& from, std::size_t size) {
    step taking = from.take(size);
    step limited = within(limits::budget_wait_max, std::move(taking));
    const auto taken = co_await limited;
    if (!taken) {
        if (taken.error().code == errc::cancelled) co_return std::unexpected(taken.error());
        co_return std::unexpected(slow_down);
    }
    co_return std::make_shared<const lease>(from, size);
}

// Runs what must not be cut short: a stop request of the caller's does not reach it.
template <class T>
[[nodiscard]] task<T> sheltered(task<T> work) {
    const env& here = co_await this_env{};
    env shelter{here.where, {}, nanos::max()};
    work.in(std::move(shelter));
    co_return co_await work;
}

struct state {
    state(ground g, struct options h)
        : on{g},
          how{std::move(h)},
          writing{this->how.inflight_bytes},
          reading{this->how.inflight_bytes},
          shards_failed{g.metrics.counter("rsx_object_shards_failed_total",
                                          "Shards that could not be written or read")},
          degraded_reads{g.metrics.counter("rsx_object_degraded_reads_total",
                                           "Reads that had to compute what was missing")},
          short_puts{
              g.metrics.counter("rsx_object_short_puts_total", "Objects stored with shards owed")},
          hedges{g.metrics.counter("rsx_object_hedges_total",
                                   "Reads of one more shard because another was late")},
          conflicts{
              g.metrics.counter("rsx_object_conflicts_total", "Commits that were planned again")} {}
    state(const state&) = delete;
    state& operator=(const state&) = delete;

    [[nodiscard]] std::shared_ptr<const codec::reed_solomon> code_of(unsigned data, unsigned parity,
                                                                     codec::generator rows) {
        auto& known = codes[{data, parity, rows}];
        if (!known) {
            auto made = codec::reed_solomon::make({.data = data, .parity = parity}, rows);
            if (made) known = std::make_shared<const codec::reed_solomon>(std::move(*made));
        }
        return known;
    }

    // Whether a body could go on at once.
    [[nodiscard]] bool has_room(std::size_t bytes) {
        if (!writing.try_take(bytes)) return false;
        writing.give(bytes);
        return true;
    }

    // Bucket names and their numbers: a hint, checked at every use.
    void remember(const std::string& bucket, std::uint64_t number) {
        if (bucket_numbers.size() >= limits::buckets_remembered_max) bucket_numbers.clear();
        bucket_numbers[bucket] = number;
    }

    // Starts what nobody awaits.
    template <class T>
    void detach(env where, task<T> work) {
        ++under_way;
        spawn(std::move(where), std::move(work), [this](T) {
            if (--under_way == 0) idle.announce();
        });
    }

    // The same, on the loop this engine is used on; not before its first operation.
    template <class T>
    void detach_here(task<T> work) {
        RSX_ASSERT(home != nullptr);
        detach(env{home, {}, nanos::max()}, std::move(work));
    }

    ground on;
    struct options how;
    loop* home{nullptr};
    std::shared_ptr<const placement::view> nodes{std::make_shared<const placement::view>()};
    semaphore writing;  // bytes of bodies on their way in
    semaphore reading;  // and out
    object::health health;
    std::map<std::tuple<unsigned, unsigned, codec::generator>,
             std::shared_ptr<const codec::reed_solomon>>
        codes;
    std::map<std::string, std::uint64_t> bucket_numbers;
    turns keys;  // of commits
    std::size_t under_way{0};
    news idle;

    metrics::counter& shards_failed;
    metrics::counter& degraded_reads;
    metrics::counter& short_puts;
    metrics::counter& hedges;
    metrics::counter& conflicts;
};

[[nodiscard]] inline step drain(state& s) {
    while (s.under_way > 0) {
        step next = s.idle.next();
        const auto told = co_await next;
        if (!told) co_return told;
    }
    co_return status{};
}

}  // namespace rsx::object
