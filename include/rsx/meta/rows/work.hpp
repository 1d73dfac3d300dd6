// SPDX-License-Identifier: Apache-2.0

// What remains to be done: garbage, clean-up, repair tickets, and how far walks have come.
//
//     rows::garbage old{.inlined = *head.inlined, .by = session.incarnation()};
//     request.changes.push_back({key::garbage(head.layout, session.new_id()), encode(old)});
//
// Garbage is written in the very commit that removes the last reference, so nothing unreferenced is
// ever unknown. It is removed only when every shard it names has been erased by its node, or that
// incarnation of the node is declared gone.
#pragma once

#include <rsx/meta/rows/layout.hpp>

namespace rsx::meta::rows {

// One copy of one shard, by exact name (shard/concept.hpp has the id's meaning).
struct shard_copy {
    std::uint32_t node{0};
    std::uint32_t incarnation{0};
    std::uint64_t hash{0};
    object_id object{};
    std::uint32_t chunk{0};
    std::uint16_t index{0};
    std::uint64_t write{0};
    wire_extras extras{};

    static void describe(auto& self, auto&& field) {
        field(1, self.node);
        field(3, self.incarnation);
        field(5, self.hash);
        field(7, self.object);
        field(9, self.chunk);
        field(11, self.index);
        field(13, self.write);
    }
    friend bool operator==(const shard_copy&, const shard_copy&) = default;
};

// The value of a `g` row: what may be erased once no reader can still want it.
struct garbage {
    static constexpr std::size_t bytes_max = 8 * 1024;

    std::optional<layout> inlined{};      // all shards of this layout, or
    std::optional<object_id> outlined{};  // of the layout in these `y` rows, or
    std::uint16_t rows{0};                //   so many; or
    std::vector<shard_copy> copies{};     // just these
    std::uint64_t by{0};                  // incarnation of who wrote it
    std::string replaced{};               // key of the row whose value named them
    std::uint64_t since_ms{0};
    wire_extras extras{};

    static void describe(auto& self, auto&& field) {
        field(1, self.inlined);
        field(3, self.outlined);
        field(5, self.rows);
        field(7, self.copies);
        field(2, self.by);
        field(9, self.replaced);
        field(4, self.since_ms);
    }
    friend bool operator==(const garbage&, const garbage&) = default;
};

// Work without a deadline.
enum class cleanup_kind : std::uint8_t {
    none,
    upload_ended,  // parts unused: to garbage; used: erase the `p` row only
    layout_begun,  // `y` rows of a process that may die before it writes `r`
    bucket_gone,   // uploads, configurations and usage of a bucket number
};

// The value of a `z` row.
struct cleanup {
    static constexpr std::size_t bytes_max = 2 * 1024;

    cleanup_kind kind{cleanup_kind::none};
    object_id id{};                 // upload or layout
    std::vector<std::byte> used{};  // bitmap: part n is bit n - 1
    std::uint64_t incarnation{0};   // whose layout
    std::uint16_t rows{0};          // `y` rows it may have
    std::uint64_t bucket{0};
    std::uint64_t since_ms{0};
    wire_extras extras{};

    static void describe(auto& self, auto&& field) {
        field(1, self.kind);
        field(3, self.id);
        field(5, self.used);
        field(7, self.incarnation);
        field(9, self.rows);
        field(11, self.bucket);
        field(2, self.since_ms);
    }
    friend bool operator==(const cleanup&, const cleanup&) = default;
};

// Bit n - 1 of a bitmap of parts.
inline void set_part(std::vector<std::byte>& bitmap, unsigned number) {
    RSX_ASSERT(number > 0);
    const std::size_t at = (number - 1) / 8;
    if (bitmap.size() <= at) bitmap.resize(at + 1);
    bitmap[at] |= static_cast<std::byte>(1u << ((number - 1) % 8));
}
[[nodiscard]] inline bool has_part(byte_view bitmap, unsigned number) noexcept {
    if (number == 0) return false;
    const std::size_t at = (number - 1) / 8;
    return at < bitmap.size() &&
           (std::to_integer<unsigned>(bitmap[at]) >> ((number - 1) % 8) & 1u) != 0;
}

enum class owed_kind : std::uint8_t { missing, away, corrupt, misplaced };

struct owed_shard {
    std::uint32_t chunk{0};
    std::uint16_t index{0};
    owed_kind kind{owed_kind::missing};
    wire_extras extras{};

    static void describe(auto& self, auto&& field) {
        field(2, self.chunk);
        field(4, self.index);
        field(6, self.kind);
    }
    friend bool operator==(const owed_shard&, const owed_shard&) = default;
};

// The value of a `t` row: this layout is not whole. At most one a layout; a hint that may be put
// blindly, erased by compare once the layout has been verified whole.
struct ticket {
    static constexpr std::size_t bytes_max = 2 * 1024;
    static constexpr std::size_t owed_max = 48;  // listed; more are only counted

    std::uint64_t bucket{0};
    std::string key{};
    std::uint64_t seq_hint{0};
    std::vector<owed_shard> owed{};
    std::uint64_t owed_count{0};
    std::uint16_t spare{0};  // shards of the worst chunk beyond k, when written
    std::uint64_t since_ms{0};
    object_id upload{};  // of a part; else none
    wire_extras extras{};

    static void describe(auto& self, auto&& field) {
        field(2, self.bucket);
        field(4, self.key);
        field(6, self.seq_hint);
        field(8, self.owed);
        field(10, self.owed_count);
        field(12, self.spare);
        field(14, self.since_ms);
        field(16, self.upload);
    }
    friend bool operator==(const ticket&, const ticket&) = default;
};

// The value of an `h` row: where a walk goes on.
struct cursor {
    static constexpr std::size_t bytes_max = 4 * 1024;

    std::string position{};  // empty: begin anew
    std::uint64_t done{0};
    std::uint64_t found{0};
    std::uint64_t began_ms{0};
    std::uint64_t rounds{0};
    wire_extras extras{};

    static void describe(auto& self, auto&& field) {
        field(2, self.position);
        field(4, self.done);
        field(6, self.found);
        field(8, self.began_ms);
        field(10, self.rounds);
    }
    friend bool operator==(const cursor&, const cursor&) = default;
};

// The value of a `c` row: what one session has added, or the base. Signed: deletes count down.
struct usage {
    static constexpr std::size_t bytes_max = 256;

    std::int64_t objects{0};
    std::int64_t bytes{0};
    std::int64_t versions{0};
    std::int64_t uploads{0};
    std::uint64_t as_of_ms{0};
    wire_extras extras{};

    static void describe(auto& self, auto&& field) {
        field(2, self.objects);
        field(4, self.bytes);
        field(6, self.versions);
        field(8, self.uploads);
        field(10, self.as_of_ms);
    }
    friend bool operator==(const usage&, const usage&) = default;
};

}  // namespace rsx::meta::rows
