// SPDX-License-Identifier: Apache-2.0

// A multipart upload: the upload, its parts, and the answer it ended with.
//
//     rows::upload open{.layout = session.new_id(), .owner = owner};
//     rows::part one{.object = id, .size = n, .etag = tag};
//
// Parts are committed under compare of an open `u` row, so none appears once a Complete has locked
// it. The `w` row answers a Complete that is asked again after its first answer was lost.
#pragma once

#include <rsx/meta/rows/version.hpp>

namespace rsx::meta::rows {

// The value of a `u` row.
struct upload {
    static constexpr std::size_t bytes_max = 8 * 1024;

    std::uint64_t locked{0};  // nonce of the Complete that holds it; 0: open
    object_id layout{};       // of the object it will become, fixed when it was created
    std::string owner{};
    std::string initiator{};
    std::string storage_class{};
    std::string code{};
    checksum_kind checksum{checksum_kind::none};
    checksum_type checksum_form{checksum_type::full_object};
    rows::attributes attributes{};
    std::optional<object_id> attributes_at{};
    std::optional<rows::retention> retention{};
    bool legal_hold{false};
    std::optional<rows::transform> transform{};
    wire_extras extras{};

    static void describe(auto& self, auto&& field) {
        field(1, self.locked);
        field(3, self.layout);
        field(2, self.owner);
        field(4, self.initiator);
        field(6, self.storage_class);
        field(5, self.code);
        field(7, self.checksum);
        field(9, self.checksum_form);
        field(8, self.attributes);
        field(11, self.attributes_at);
        field(13, self.retention);
        field(15, self.legal_hold);
        field(17, self.transform);
    }
    friend bool operator==(const upload&, const upload&) = default;
};

// The value of a `p` row. A long layout stands in `y` rows under `object`.
struct part {
    static constexpr std::size_t bytes_max = 4 * 1024;

    object_id object{};  // the id its shards carry; of every writing of the part another
    std::uint64_t size{0};
    rows::etag etag{};
    std::vector<checksum> checksums{};
    std::uint64_t modified_ms{0};
    std::optional<rows::layout> inlined{};  // offsets from the part's own first byte
    std::optional<rows::outline> outlined{};
    std::optional<rows::transform> transform{};
    wire_extras extras{};

    static void describe(auto& self, auto&& field) {
        field(1, self.object);
        field(3, self.size);
        field(5, self.etag);
        field(2, self.checksums);
        field(4, self.modified_ms);
        field(7, self.inlined);
        field(9, self.outlined);
        field(11, self.transform);
    }
    friend bool operator==(const part&, const part&) = default;
};

// The value of a `w` row; erased after 24 hours.
struct finished {
    static constexpr std::size_t bytes_max = 4 * 1024;

    std::uint64_t bucket{0};
    std::string key{};
    std::vector<std::byte> parts_digest{};  // of the list of parts it was completed with
    rows::etag etag{};
    std::string version_id{};  // empty: none is told
    std::vector<checksum> checksums{};
    std::uint64_t finished_ms{0};
    wire_extras extras{};

    static void describe(auto& self, auto&& field) {
        field(1, self.bucket);
        field(3, self.key);
        field(5, self.parts_digest);
        field(7, self.etag);
        field(2, self.version_id);
        field(4, self.checksums);
        field(6, self.finished_ms);
    }
    friend bool operator==(const finished&, const finished&) = default;
};

}  // namespace rsx::meta::rows
