// SPDX-License-Identifier: Apache-2.0

// The keys of the rows: one byte string each, whose memcmp order is the order S3 lists in.
//
//     std::string row = rsx::meta::key::object(bucket_number, "photos/cat.jpg");
//     auto page = rsx::meta::key::objects_of(bucket_number, "photos/", last_shown);   // a range
//
// The first byte is the kind; numbers are big-endian. A key of the user's stands last and raw where
// it can (`o`); where something follows it, it is escaped byte by byte (00 -> 00 FF) and ended by
// 00 01, so that order and prefixes are kept for any bytes at all: `a` < `a\0` < `a\x01` stays so.
// Rows that need no order among each other begin with `spread`, a byte of the hash of their id, so
// that stores which divide their rows by key divide them evenly.
//
// Builders are pure and allocate their result. Decoders (key_parts.hpp) answer errc::corrupt.
#pragma once

#include <rsx/core/bytes.hpp>
#include <rsx/core/hash.hpp>
#include <rsx/core/object_id.hpp>
#include <rsx/meta/concept.hpp>

#include <string>
#include <string_view>

namespace rsx::meta {

enum class kind : char {
    bucket = 'B',
    owned_bucket = 'O',
    configuration = 'C',
    object = 'o',
    version = 'v',
    upload = 'u',
    part = 'p',
    finished = 'w',
    layout = 'y',
    layout_root = 'r',
    attributes = 'e',
    garbage = 'g',
    cleanup = 'z',
    ticket = 't',
    session = 'S',
    slot = 's',
    node = 'n',
    epoch = 'E',
    cursor = 'h',
    usage = 'c',
    access_key = 'K',
    user = 'U',
    group = 'G',
    policy = 'P',
    counter = 'M',
    // Reserved, and refused by this build: events and replication, later indices, debt, jobs.
    queue = 'q',
    index = 'x',
    debt = 'd',
    job = 'j',
};

// What a `C` row configures.
enum class configuration : std::uint8_t {
    policy = 1,
    acl = 2,
    cors = 3,
    lifecycle = 4,
    tags = 5,
    public_access = 6,
    notification = 7,
    replication = 8,
    website = 9,
    logging = 10,
    encryption = 11,
};

// Whose position an `h` row keeps.
enum class job : std::uint8_t { scrub = 1, lifecycle = 2, rebuild = 3, usage = 4 };

// The least string behind every string that begins with `prefix`; empty: there is none.
[[nodiscard]] inline std::string successor(std::string prefix) {
    while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
    if (!prefix.empty()) prefix.back() = static_cast<char>(prefix.back() + 1);
    return prefix;
}

namespace key {

// Appends the pieces of a key, in order.
class builder {
public:
    explicit builder(kind first) { text_ += static_cast<char>(first); }

    template <std::unsigned_integral T>
    builder& number(T value) {
        std::byte raw[sizeof(T)];
        store_be(byte_span{raw}, value);
        return add(text_of(raw));
    }
    builder& id(const object_id& id) { return add(text_of(id.bytes())); }
    builder& spread_id(const object_id& id) {
        text_ += static_cast<char>(spread(id));
        return this->id(id);
    }
    builder& add(std::string_view raw) {
        text_ += raw;
        return *this;
    }
    builder& escaped(std::string_view raw) {
        for (const char c : raw) {
            text_ += c;
            if (c == '\0') text_ += '\xff';
        }
        return *this;
    }
    builder& end() { return add(std::string_view{"\0\1", 2}); }
    [[nodiscard]] std::string done() { return std::move(text_); }

    // Which of 256 parts of the key space rows of this id stand in.
    [[nodiscard]] static std::uint8_t spread(const object_id& id) noexcept {
        const auto raw = id.bytes();
        return static_cast<std::uint8_t>(xxhash64(raw) >> 56);
    }

private:
    std::string text_;
};

// --- buckets -----------------------------------------------------------------------------------
[[nodiscard]] inline std::string bucket(std::string_view name) {
    return builder{kind::bucket}.add(name).done();
}
// For ListBuckets and walks over all buckets. An owner id has no NUL.
[[nodiscard]] inline std::string owned_bucket(std::string_view owner, std::string_view name) {
    RSX_ASSERT(owner.find('\0') == std::string_view::npos);
    return builder{kind::owned_bucket}.add(owner).number(std::uint8_t{0}).add(name).done();
}
[[nodiscard]] inline std::string configuration(std::uint64_t bucket, meta::configuration what) {
    return builder{kind::configuration}
        .number(bucket)
        .number(static_cast<std::uint8_t>(what))
        .done();
}

// --- objects -----------------------------------------------------------------------------------
[[nodiscard]] inline std::string object(std::uint64_t bucket, std::string_view key) {
    return builder{kind::object}.number(bucket).add(key).done();
}
// The current version, where that is a delete marker. Sorts before the key's other versions.
[[nodiscard]] inline std::string marker(std::uint64_t bucket, std::string_view key) {
    return builder{kind::version}.number(bucket).escaped(key).end().number(std::uint8_t{0}).done();
}
// A noncurrent version: the newest (greatest sequence) first.
[[nodiscard]] inline std::string version(std::uint64_t bucket, std::string_view key,
                                         std::uint64_t seq) {
    return builder{kind::version}
        .number(bucket)
        .escaped(key)
        .end()
        .number(std::uint8_t{1})
        .number(~seq)
        .done();
}
[[nodiscard]] inline std::string attributes(const object_id& id) {
    return builder{kind::attributes}.spread_id(id).done();
}

// --- uploads -----------------------------------------------------------------------------------
[[nodiscard]] inline std::string upload(std::uint64_t bucket, std::string_view key,
                                        std::uint64_t initiated_ms, const object_id& id) {
    return builder{kind::upload}
        .number(bucket)
        .escaped(key)
        .end()
        .number(initiated_ms)
        .id(id)
        .done();
}
[[nodiscard]] inline std::string part(const object_id& upload, std::uint16_t number) {
    return builder{kind::part}.spread_id(upload).number(number).done();
}
[[nodiscard]] inline std::string finished(const object_id& upload) {
    return builder{kind::finished}.spread_id(upload).done();
}

// --- layouts, garbage, work to do --------------------------------------------------------------
[[nodiscard]] inline std::string layout(const object_id& layout, std::uint16_t n) {
    return builder{kind::layout}.spread_id(layout).number(n).done();
}
[[nodiscard]] inline std::string layout_root(const object_id& layout) {
    return builder{kind::layout_root}.spread_id(layout).done();
}
[[nodiscard]] inline std::string garbage(const object_id& layout, const object_id& serial) {
    return builder{kind::garbage}.spread_id(layout).id(serial).done();
}
[[nodiscard]] inline std::string cleanup(const object_id& id) {
    return builder{kind::cleanup}.spread_id(id).done();
}
[[nodiscard]] inline std::string ticket(const object_id& layout) {
    return builder{kind::ticket}.spread_id(layout).done();
}

// --- processes, nodes, the rest ----------------------------------------------------------------
[[nodiscard]] inline std::string session(std::uint64_t incarnation) {
    return builder{kind::session}.number(incarnation).done();
}
[[nodiscard]] inline std::string slot(std::uint64_t incarnation, std::uint8_t number) {
    return builder{kind::slot}.number(incarnation).number(number).done();
}
[[nodiscard]] inline std::string node(std::uint32_t node) {
    return builder{kind::node}.number(node).done();
}
[[nodiscard]] inline std::string epoch(std::uint32_t epoch) {
    return builder{kind::epoch}.number(epoch).done();
}
[[nodiscard]] inline std::string cursor(job what, std::string_view owner) {
    return builder{kind::cursor}.number(static_cast<std::uint8_t>(what)).add(owner).done();
}
// Incarnation 0 is the base, the others are what each session has added to it.
[[nodiscard]] inline std::string usage(std::uint64_t bucket, std::uint64_t incarnation) {
    return builder{kind::usage}.number(bucket).number(incarnation).done();
}
[[nodiscard]] inline std::string access_key(std::string_view name) {
    return builder{kind::access_key}.add(name).done();
}
[[nodiscard]] inline std::string user(std::string_view name) {
    return builder{kind::user}.add(name).done();
}
[[nodiscard]] inline std::string group(std::string_view name) {
    return builder{kind::group}.add(name).done();
}
[[nodiscard]] inline std::string policy(std::string_view name) {
    return builder{kind::policy}.add(name).done();
}
// "inc" incarnations, "bid" bucket numbers, "epoch", "cluster".
[[nodiscard]] inline std::string counter(std::string_view name) {
    return builder{kind::counter}.add(name).done();
}

}  // namespace key
}  // namespace rsx::meta
