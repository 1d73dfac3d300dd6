// SPDX-License-Identifier: Apache-2.0

// A version of an object: the value of `o`, of noncurrent `v` rows, and of the marker row.
//
//     rows::version head{.order = {.seq = tip.order.last + 1, .last = tip.order.last + 1}};
//     head.size = body_bytes;
//     head.data = std::move(manifest);                       // a rows::layout: inline
//     std::string value = rows::encode(head);
//     if (value.size() > rows::version::bytes_max) ...       // move the layout out, then
//     attributes
//
// One format wherever the version stands, so that moving it is copying bytes. Order is `seq`, given
// under compare of the key's current row: never a clock. Whatever LIST and HEAD answer is here;
// long headers, tags and ACLs move to an `e` row, long layouts to `y` rows.
#pragma once

#include <rsx/meta/ids.hpp>
#include <rsx/meta/rows/bucket.hpp>
#include <rsx/meta/rows/layout.hpp>

namespace rsx::meta::rows {

// What a tip must know to give the next version its place.
struct version_order {
    std::uint64_t seq{0};       // from 1; per key
    std::uint64_t last{0};      // greatest seq this key ever gave; tip rows
    bool null{false};           // its version id is "null"
    std::uint64_t null_seq{0};  // of the key's noncurrent null version, or 0; tip rows
    meta::nonce nonce{};
    wire_extras extras{};

    static void describe(auto& self, auto&& field) {
        field(1, self.seq);
        field(3, self.last);
        field(5, self.null);
        field(7, self.null_seq);
        field(9, self.nonce);
    }
    friend bool operator==(const version_order&, const version_order&) = default;
};

// What a PUT may say about an object besides its bytes; the value of an `e` row.
struct attributes {
    static constexpr std::size_t bytes_max = 64 * 1024;

    std::string content_type{};
    std::string content_encoding{};
    std::string content_language{};
    std::string content_disposition{};
    std::string cache_control{};
    std::string expires{};
    std::string website_redirect{};
    std::vector<text_pair> metadata{};  // x-amz-meta-*, without the prefix, in the order given
    std::vector<text_pair> tags{};
    std::string acl{};  // as its reader encodes it; empty: the owner's alone
    wire_extras extras{};

    static void describe(auto& self, auto&& field) {
        field(2, self.content_type);
        field(4, self.content_encoding);
        field(6, self.content_language);
        field(8, self.content_disposition);
        field(10, self.cache_control);
        field(12, self.expires);
        field(14, self.website_redirect);
        field(16, self.metadata);
        field(18, self.tags);
        field(1, self.acl);
    }
    friend bool operator==(const attributes&, const attributes&) = default;
};

struct retention {
    lock_mode mode{lock_mode::none};
    std::uint64_t until_ms{0};
    wire_extras extras{};

    static void describe(auto& self, auto&& field) {
        field(1, self.mode);
        field(3, self.until_ms);
    }
    friend bool operator==(const retention&, const retention&) = default;
};

// How the bytes were changed before they were encoded. Absent: not at all.
struct transform {
    crypt_kind crypt{crypt_kind::none};
    std::string key_id{};
    std::vector<std::byte> wrapped_key{};
    std::vector<std::byte> nonce{};
    std::vector<std::byte> customer_hash{};  // SSE-C: salted hash of the key, never the key
    std::string compression{};
    std::vector<std::byte> frames{};  // the frame table, or what leads to it
    std::uint64_t stored_bytes{0};    // after the transform; the version's size is before it
    wire_extras extras{};

    static void describe(auto& self, auto&& field) {
        field(1, self.crypt);
        field(3, self.key_id);
        field(5, self.wrapped_key);
        field(7, self.nonce);
        field(9, self.customer_hash);
        field(11, self.compression);
        field(13, self.frames);
        field(15, self.stored_bytes);
    }
    friend bool operator==(const transform&, const transform&) = default;
};

// Where a `y` row begins.
struct outline_row {
    std::uint64_t offset{0};
    std::uint32_t part{0};  // the first part whose bytes are in it, or 0

    friend bool operator==(const outline_row&, const outline_row&) = default;

    [[nodiscard]] std::vector<std::byte> pack() const {
        std::vector<std::byte> out;
        wire::put_varint(out, offset);
        wire::put_varint(out, part);
        return out;
    }
    [[nodiscard]] static result<outline_row> unpack(byte_view in) {
        const auto offset = wire::take_varint(in);
        if (!offset) return std::unexpected(offset.error());
        const auto part = wire::take_varint(in);
        if (!part) return std::unexpected(part.error());
        if (!in.empty() || *part > 0xffff'ffff) return fail(errc::corrupt, "outline: part", *part);
        return outline_row{.offset = *offset, .part = static_cast<std::uint32_t>(*part)};
    }
};

// A layout that stands in `y` rows under an `r` row.
struct outline {
    object_id layout{};
    std::vector<outline_row> rows{};
    std::uint32_t parts{0};
    wire_extras extras{};

    // The row in which this byte of the object is.
    [[nodiscard]] std::uint16_t row_of(std::uint64_t offset) const noexcept {
        std::uint16_t n = 0;
        while (n + 1u < rows.size() && rows[n + 1u].offset <= offset) ++n;
        return n;
    }

    static void describe(auto& self, auto&& field) {
        field(1, self.layout);
        field(3, self.rows);
        field(5, self.parts);
    }
    friend bool operator==(const outline&, const outline&) = default;
};

struct version {
    static constexpr std::size_t bytes_max = 4 * 1024;

    version_order order{};
    bool marker{false};  // a delete marker: nothing but order, owner and times

    std::uint64_t size{0};
    rows::etag etag{};
    std::uint64_t modified_ms{0};
    std::string storage_class{};  // empty: STANDARD
    std::vector<checksum> checksums{};
    std::string owner{};
    std::uint64_t noncurrent_ms{0};  // when it ceased to be current

    rows::attributes attributes{};
    std::optional<object_id> attributes_at{};  // they stand in this `e` row instead

    std::optional<rows::retention> retention{};
    bool legal_hold{false};
    std::string replication{};
    std::optional<rows::transform> transform{};

    // At most one of these; none: an object of no bytes.
    std::optional<rows::layout> inlined{};
    std::optional<rows::outline> outlined{};
    std::vector<std::byte> bytes{};  // reserved: data within the row

    object_id layout{};                 // lid: names its layout, garbage and tickets
    std::optional<object_id> upload{};  // the multipart upload that made it
    wire_extras extras{};

    static void describe(auto& self, auto&& field) {
        field(1, self.order);
        field(3, self.marker);
        field(5, self.size);
        field(7, self.etag);
        field(9, self.modified_ms);
        field(2, self.storage_class);
        field(4, self.checksums);
        field(11, self.owner);
        field(6, self.noncurrent_ms);
        field(8, self.attributes);
        field(13, self.attributes_at);
        field(15, self.retention);
        field(17, self.legal_hold);
        field(10, self.replication);
        field(19, self.transform);
        field(21, self.inlined);
        field(23, self.outlined);
        field(25, self.bytes);
        field(27, self.layout);
        field(12, self.upload);
    }
    friend bool operator==(const version&, const version&) = default;

    [[nodiscard]] bool valid() const noexcept {
        return int{inlined.has_value()} + int{outlined.has_value()} + int{!bytes.empty()} <= 1;
    }
};

// "null", or what leads back to the row.
[[nodiscard]] inline std::string id_of(const version_order& order) {
    if (order.null) return "null";
    return to_string(version_id{.seq = order.seq, .nonce = order.nonce});
}

}  // namespace rsx::meta::rows
