// SPDX-License-Identifier: Apache-2.0

// A front: one loop of a gateway, with its thread, session, engine, S3 handlers and listener.
//
//     rsxd::front first{shared, {.index = 0, .listen = {"127.0.0.1", 9000}}};
//     if (auto up = first.start(); !up) return fail(up.error());     // listening, or why not
//     ...
//     first.stop();                                                  // finishes, then joins
//
// Fronts of one process share the metadata store, the shard stores (or links to them) and the
// pools; nothing else. The kernel spreads connections over them (SO_REUSEPORT). The first front
// also runs what a process does once: sweeping dead sessions, collecting garbage.
#pragma once

#include "config.hpp"
#include "layout.hpp"

#include <rsx/core/log.hpp>
#include <rsx/core/loop.hpp>
#include <rsx/core/metrics.hpp>
#include <rsx/core/pool.hpp>
#include <rsx/meta/any.hpp>
#include <rsx/object/fleet.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <string>

namespace rsx::net {
class asio_loop;
}

namespace rsxd {

// How a loop reaches the shard stores: its own links to nodes far away, or what is in the process.
class node_links {
public:
    virtual ~node_links() = default;
    [[nodiscard]] virtual std::vector<rsx::shard::any_store*> stores() = 0;
    // Ends connections; called on the loop, when nothing is under way any more.
    [[nodiscard]] virtual rsx::step close() = 0;
};

// For a loop and the incarnation its session has.
using link_maker =
    std::function<std::unique_ptr<node_links>(rsx::net::asio_loop&, std::uint64_t incarnation)>;

struct shared_ground {
    const config& settings;
    const layout& cluster;
    rsx::meta::any_store& meta;
    rsx::pool& threads;
    link_maker links;
    rsx::log::sink& log;
    rsx::metrics::registry& metrics;
    std::atomic<unsigned> nodes_up{0};
    std::atomic<std::size_t> repair_queue{0};  // layouts known not to be whole
};

struct front_options {
    unsigned index{0};
    endpoint listen{};
    bool share_port{false};
};

class front {
public:
    front(shared_ground& on, front_options how);
    front(const front&) = delete;
    front& operator=(const front&) = delete;
    ~front();

    // Starts the thread; answers the port once requests are answered.
    [[nodiscard]] std::expected<std::uint16_t, std::string> start();
    // Lets requests under way end (for a bounded time), gives the lease back, joins. Idempotent.
    void stop();

private:
    struct inside;
    std::unique_ptr<inside> in_;
};

}  // namespace rsxd
