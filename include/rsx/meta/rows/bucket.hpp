// SPDX-License-Identifier: Apache-2.0

// The `B` row of a bucket: exactly what a write must obey, and no more.
//
//     auto bucket = rsx::meta::rows::decode<rsx::meta::rows::bucket>(row.value);
//     request.compares.push_back({row.key, row.at});       // every write of the bucket says so
//
// Every write compares this row's stamp, so a setting that has changed is never disobeyed. What
// only reads obey stands in `C` rows; changing one of them also raises `generation` here.
#pragma once

#include <rsx/meta/rows/described.hpp>

namespace rsx::meta::rows {

enum class versioning : std::uint8_t { never, enabled, suspended };
enum class lock_mode : std::uint8_t { none, governance, compliance };
enum class ownership : std::uint8_t { enforced, preferred, object_writer };
enum class crypt_kind : std::uint8_t { none, customer, server, kms };

// A DeleteBucket under way; whoever outlives its session may reopen the bucket.
struct closing {
    std::uint64_t incarnation{0};
    std::uint64_t nonce{0};
    wire_extras extras{};

    static void describe(auto& self, auto&& field) {
        field(1, self.incarnation);
        field(3, self.nonce);
    }
    friend bool operator==(const closing&, const closing&) = default;
};

struct object_lock {
    bool on{false};
    lock_mode mode{lock_mode::none};  // the default retention of new objects
    std::uint32_t days{0};
    std::uint32_t years{0};
    wire_extras extras{};

    static void describe(auto& self, auto&& field) {
        field(1, self.on);
        field(3, self.mode);
        field(5, self.days);
        field(7, self.years);
    }
    friend bool operator==(const object_lock&, const object_lock&) = default;
};

struct bucket {
    static constexpr std::size_t bytes_max = 512;

    std::uint64_t number{0};  // never reused; all other rows carry it instead of the name
    std::string owner{};
    std::uint64_t created_ms{0};
    std::string region{};
    std::optional<rows::closing> closing{};  // nothing: open
    rows::versioning versioning{rows::versioning::never};
    rows::object_lock lock{};
    std::string code{};  // of new objects, as "4+2"; empty: the cluster's
    crypt_kind encryption{crypt_kind::none};
    std::string encryption_key{};
    rows::ownership ownership{rows::ownership::enforced};
    std::uint64_t generation{0};  // raised by every change of a `C` row
    wire_extras extras{};

    static void describe(auto& self, auto&& field) {
        field(1, self.number);
        field(2, self.owner);
        field(4, self.created_ms);
        field(6, self.region);
        field(3, self.closing);
        field(5, self.versioning);
        field(7, self.lock);
        field(9, self.code);
        field(11, self.encryption);
        field(13, self.encryption_key);
        field(15, self.ownership);
        field(8, self.generation);
    }
    friend bool operator==(const bucket&, const bucket&) = default;
};

// The `O` row: for ListBuckets, which needs nothing else of a bucket.
struct owned_bucket {
    static constexpr std::size_t bytes_max = 256;

    std::uint64_t number{0};
    std::uint64_t created_ms{0};
    std::string region{};
    wire_extras extras{};

    static void describe(auto& self, auto&& field) {
        field(1, self.number);
        field(2, self.created_ms);
        field(4, self.region);
    }
    friend bool operator==(const owned_bucket&, const owned_bucket&) = default;
};

// A `C` row: one configuration of a bucket, as a document that its reader understands.
struct configuration {
    static constexpr std::size_t bytes_max = 256 * 1024;

    std::string document{};
    std::uint64_t changed_ms{0};
    wire_extras extras{};

    static void describe(auto& self, auto&& field) {
        field(1, self.document);
        field(2, self.changed_ms);
    }
    friend bool operator==(const configuration&, const configuration&) = default;
};

}  // namespace rsx::meta::rows
