// SPDX-License-Identifier: Apache-2.0

// Takes keys apart again: what a scan found, in the words of whoever asked.
//
//     auto found = rsx::meta::key::parse_object(row.key);         // {bucket, key}
//     if (!found) co_return std::unexpected(found.error());       // errc::corrupt
//
// The exact inverse of key.hpp: one text per key, anything else is errc::corrupt.
#pragma once

#include <rsx/core/error.hpp>
#include <rsx/meta/key.hpp>

#include <optional>

namespace rsx::meta::key {

[[nodiscard]] inline std::optional<kind> kind_of(std::string_view key) noexcept {
    if (key.empty()) return {};
    return static_cast<kind>(key.front());
}

// Reads a key from the front; the first piece that is not there spoils the rest.
class reader {
public:
    reader(std::string_view key, kind expected) : left_{key} {
        good_ = !left_.empty() && left_.front() == static_cast<char>(expected);
        if (good_) left_.remove_prefix(1);
    }

    template <std::unsigned_integral T>
    T number() {
        const std::string_view raw = take(sizeof(T));
        return good_ ? load_be<T>(bytes_of(raw)) : T{0};
    }
    object_id id() {
        const std::string_view raw = take(16);
        return good_ ? object_id::of(bytes_of(raw)) : object_id{};
    }
    // Checks the spread byte: a row under the wrong one would never be found.
    object_id spread_id() {
        const auto spread = number<std::uint8_t>();
        const object_id found = id();
        good_ = good_ && spread == builder::spread(found);
        return found;
    }
    std::string escaped() {
        std::string out;
        while (good_) {
            const std::string_view c = take(1);
            if (!good_) break;
            if (c.front() != '\0') {
                out += c;
                continue;
            }
            const std::string_view mark = take(1);
            if (good_ && mark.front() == '\1') return out;
            good_ = good_ && mark.front() == '\xff';
            out += '\0';
        }
        return {};
    }
    std::string until_nul() {
        const auto at = left_.find('\0');
        if (at == std::string_view::npos) good_ = false;
        std::string out{take(good_ ? at : 0)};
        take(1);
        return out;
    }
    std::string rest() { return std::string{take(left_.size())}; }

    template <class T>
    [[nodiscard]] result<T> done(T value) const {
        if (!good_ || !left_.empty()) return fail(errc::corrupt, "key: not of its kind");
        return value;
    }
    void require(bool holds) noexcept { good_ = good_ && holds; }

private:
    std::string_view take(std::size_t size) {
        if (!good_ || left_.size() < size) {
            good_ = false;
            return {};
        }
        const std::string_view piece = left_.substr(0, size);
        left_.remove_prefix(size);
        return piece;
    }

    std::string_view left_;
    bool good_;
};

struct object_name {
    std::uint64_t bucket{0};
    std::string key{};
    friend bool operator==(const object_name&, const object_name&) = default;
};
[[nodiscard]] inline result<object_name> parse_object(std::string_view key) {
    reader in{key, kind::object};
    object_name out{.bucket = in.number<std::uint64_t>()};
    out.key = in.rest();
    return in.done(std::move(out));
}

struct version_name {
    std::uint64_t bucket{0};
    std::string key{};
    std::optional<std::uint64_t> seq{};  // nothing: the row of the current delete marker
    friend bool operator==(const version_name&, const version_name&) = default;
};
[[nodiscard]] inline result<version_name> parse_version(std::string_view key) {
    reader in{key, kind::version};
    version_name out{.bucket = in.number<std::uint64_t>()};
    out.key = in.escaped();
    const auto noncurrent = in.number<std::uint8_t>();
    in.require(noncurrent <= 1);
    if (noncurrent == 1) out.seq = ~in.number<std::uint64_t>();
    return in.done(std::move(out));
}

struct upload_name {
    std::uint64_t bucket{0};
    std::string key{};
    std::uint64_t initiated_ms{0};
    object_id id{};
    friend bool operator==(const upload_name&, const upload_name&) = default;
};
[[nodiscard]] inline result<upload_name> parse_upload(std::string_view key) {
    reader in{key, kind::upload};
    upload_name out{.bucket = in.number<std::uint64_t>()};
    out.key = in.escaped();
    out.initiated_ms = in.number<std::uint64_t>();
    out.id = in.id();
    return in.done(std::move(out));
}

struct owned_name {
    std::string owner{};
    std::string bucket{};
    friend bool operator==(const owned_name&, const owned_name&) = default;
};
[[nodiscard]] inline result<owned_name> parse_owned_bucket(std::string_view key) {
    reader in{key, kind::owned_bucket};
    owned_name out{.owner = in.until_nul()};
    out.bucket = in.rest();
    return in.done(std::move(out));
}

// An id and a number behind it: parts of an upload, rows of a layout.
struct numbered_id {
    object_id id{};
    std::uint16_t number{0};
    friend bool operator==(const numbered_id&, const numbered_id&) = default;
};
[[nodiscard]] inline result<numbered_id> parse_numbered(std::string_view key, kind what) {
    reader in{key, what};
    numbered_id out{.id = in.spread_id()};
    out.number = in.number<std::uint16_t>();
    return in.done(out);
}
[[nodiscard]] inline result<numbered_id> parse_part(std::string_view key) {
    return parse_numbered(key, kind::part);
}
[[nodiscard]] inline result<numbered_id> parse_layout(std::string_view key) {
    return parse_numbered(key, kind::layout);
}

// Rows of one id: finished, layout_root, attributes, cleanup, ticket.
[[nodiscard]] inline result<object_id> parse_id(std::string_view key, kind what) {
    reader in{key, what};
    const object_id out = in.spread_id();
    return in.done(out);
}

struct garbage_name {
    object_id layout{};
    object_id serial{};
    friend bool operator==(const garbage_name&, const garbage_name&) = default;
};
[[nodiscard]] inline result<garbage_name> parse_garbage(std::string_view key) {
    reader in{key, kind::garbage};
    garbage_name out{.layout = in.spread_id()};
    out.serial = in.id();
    return in.done(out);
}

struct configuration_name {
    std::uint64_t bucket{0};
    meta::configuration what{};
    friend bool operator==(const configuration_name&, const configuration_name&) = default;
};
[[nodiscard]] inline result<configuration_name> parse_configuration(std::string_view key) {
    reader in{key, kind::configuration};
    configuration_name out{.bucket = in.number<std::uint64_t>()};
    out.what = static_cast<meta::configuration>(in.number<std::uint8_t>());
    return in.done(out);
}

struct slot_name {
    std::uint64_t incarnation{0};
    std::uint8_t number{0};
    friend bool operator==(const slot_name&, const slot_name&) = default;
};
[[nodiscard]] inline result<slot_name> parse_slot(std::string_view key) {
    reader in{key, kind::slot};
    slot_name out{.incarnation = in.number<std::uint64_t>()};
    out.number = in.number<std::uint8_t>();
    return in.done(out);
}

struct usage_name {
    std::uint64_t bucket{0};
    std::uint64_t incarnation{0};
    friend bool operator==(const usage_name&, const usage_name&) = default;
};
[[nodiscard]] inline result<usage_name> parse_usage(std::string_view key) {
    reader in{key, kind::usage};
    usage_name out{.bucket = in.number<std::uint64_t>()};
    out.incarnation = in.number<std::uint64_t>();
    return in.done(out);
}

[[nodiscard]] inline result<std::uint64_t> parse_session(std::string_view key) {
    reader in{key, kind::session};
    const auto out = in.number<std::uint64_t>();
    return in.done(out);
}
[[nodiscard]] inline result<std::uint32_t> parse_node(std::string_view key) {
    reader in{key, kind::node};
    const auto out = in.number<std::uint32_t>();
    return in.done(out);
}
[[nodiscard]] inline result<std::uint32_t> parse_epoch(std::string_view key) {
    reader in{key, kind::epoch};
    const auto out = in.number<std::uint32_t>();
    return in.done(out);
}
// Rows whose key is a name: bucket, access_key, user, group, policy, counter.
[[nodiscard]] inline result<std::string> parse_name(std::string_view key, kind what) {
    reader in{key, what};
    std::string out = in.rest();
    return in.done(std::move(out));
}

}  // namespace rsx::meta::key
