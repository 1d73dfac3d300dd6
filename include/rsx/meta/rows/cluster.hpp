// SPDX-License-Identifier: Apache-2.0

// Rows about processes and disks: sessions and slots, counters, nodes, topologies, the cluster.
//
//     rows::counter next{.value = 7};                          // `M inc`, `M bid`
//     rows::node disk{.address = "10.0.0.7:9100", .incarnation = 3, .state = node_state::up};
//
// What commits compare (slots) is not what heartbeats rewrite (sessions). Layout rows exist from
// the first start on, so that a second epoch is a change and not a migration.
#pragma once

#include <rsx/meta/rows/described.hpp>

namespace rsx::meta::rows {

// The value of an `S` row: the lease of one loop of one process.
struct session {
    static constexpr std::size_t bytes_max = 512;

    std::string address{};
    std::uint64_t wall_ms{0};
    std::uint64_t renewal{0};
    std::uint64_t next{0};    // the number of its next operation, frozen before `oldest` was asked
    std::uint64_t oldest{0};  // every operation with a smaller number has ended
    std::uint64_t next_id{0};
    std::uint32_t epoch{0};  // no commit of it under an older topology can still take effect
    wire_extras extras{};

    static void describe(auto& self, auto&& field) {
        field(2, self.address);
        field(4, self.wall_ms);
        field(1, self.renewal);
        field(3, self.next);
        field(5, self.oldest);
        field(6, self.next_id);
        field(7, self.epoch);
    }
    friend bool operator==(const session&, const session&) = default;
};

// The value of an `s` row: how the commit numbered `n` on this slot ended.
struct slot {
    static constexpr std::size_t bytes_max = 64;

    std::uint64_t n{0};
    bool aborted{false};
    wire_extras extras{};

    static void describe(auto& self, auto&& field) {
        field(1, self.n);
        field(3, self.aborted);
    }
    friend bool operator==(const slot&, const slot&) = default;
};

// The value of `M inc` and `M bid`: the next one to be given out.
struct counter {
    static constexpr std::size_t bytes_max = 64;

    std::uint64_t value{0};
    wire_extras extras{};

    static void describe(auto& self, auto&& field) { field(1, self.value); }
    friend bool operator==(const counter&, const counter&) = default;
};

enum class epoch_state : std::uint8_t { stable, changing };

// The value of `M epoch`: which topology holds.
struct current_epoch {
    static constexpr std::size_t bytes_max = 64;

    std::uint32_t epoch{0};
    epoch_state state{epoch_state::stable};
    wire_extras extras{};

    static void describe(auto& self, auto&& field) {
        field(1, self.epoch);
        field(3, self.state);
    }
    friend bool operator==(const current_epoch&, const current_epoch&) = default;
};

// The value of `M cluster`.
struct cluster {
    static constexpr std::size_t bytes_max = 1024;

    std::array<std::byte, 16> uuid{};
    std::string name{};
    std::uint16_t level{0};  // what a process must understand to take part
    std::string code{};      // of buckets that name none
    std::uint64_t created_ms{0};
    wire_extras extras{};

    static void describe(auto& self, auto&& field) {
        field(1, self.uuid);
        field(2, self.name);
        field(3, self.level);
        field(5, self.code);
        field(4, self.created_ms);
    }
    friend bool operator==(const cluster&, const cluster&) = default;
};

enum class node_state : std::uint8_t { up, draining, gone };

// The value of an `n` row: one disk.
struct node {
    static constexpr std::size_t bytes_max = 1024;

    std::string address{};
    std::string domain{};
    std::uint32_t incarnation{0};  // the open one; smaller ones are closed for good
    node_state state{node_state::up};
    std::uint32_t weight{0};                // 0: like any other
    std::array<std::byte, 16> directory{};  // its identity file's uuid
    wire_extras extras{};

    static void describe(auto& self, auto&& field) {
        field(2, self.address);
        field(4, self.domain);
        field(1, self.incarnation);
        field(3, self.state);
        field(5, self.weight);
        field(6, self.directory);
    }
    friend bool operator==(const node&, const node&) = default;
};

// A disk as one epoch saw it.
struct member {
    std::uint32_t node{0};
    std::uint32_t incarnation{0};
    std::string domain{};
    std::uint32_t weight{0};
    node_state state{node_state::up};
    wire_extras extras{};

    static void describe(auto& self, auto&& field) {
        field(1, self.node);
        field(3, self.incarnation);
        field(5, self.domain);
        field(7, self.weight);
        field(9, self.state);
    }
    friend bool operator==(const member&, const member&) = default;
};

// The value of an `E` row: one topology, never changed.
struct topology {
    static constexpr std::size_t bytes_max = 256 * 1024;

    std::uint32_t epoch{0};
    std::string policy{};  // "ring", "rendezvous", "round robin"
    std::vector<member> members{};
    std::uint64_t since_ms{0};
    wire_extras extras{};

    static void describe(auto& self, auto&& field) {
        field(1, self.epoch);
        field(3, self.policy);
        field(5, self.members);
        field(2, self.since_ms);
    }
    friend bool operator==(const topology&, const topology&) = default;
};

}  // namespace rsx::meta::rows
