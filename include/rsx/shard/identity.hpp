// SPDX-License-Identifier: Apache-2.0

// The identity file: whose directory this is. A disk that was not mounted, was swapped with
// another's, or comes from another cluster is refused by name before a byte is written.
//
//     auto made = shard::directory_identity{.cluster = uuid, .holder = {3, 1}, .created_ms = now};
//     made.directory = shard::draw_uuid(entropy);
//     shard::directory_identity::create(files, made);           // once, errc::conflict after that
//
//     auto mine = shard::directory_identity::load(files);       // errc::not_found: not mounted?
//     if (auto ok = mine->check(cluster, node); !ok) ...        // errc::invalid: another's
//
// A small text file, so that people can read it; its last line is a CRC32C of the others. Created
// durably under a temporary name first. Blocking; below the loop. docs/reference/identity.md.
#pragma once

#include <rsx/core/clock.hpp>
#include <rsx/core/holder.hpp>
#include <rsx/digest/crc.hpp>
#include <rsx/disk/concept.hpp>
#include <rsx/shard/id.hpp>

#include <charconv>
#include <optional>

namespace rsx::shard {

using uuid = std::array<std::byte, 16>;

// Version 4, RFC 4122.
[[nodiscard]] inline uuid draw_uuid(entropy& from) {
    uuid made;
    from.fill(made);
    made[6] = (made[6] & std::byte{0x0f}) | std::byte{0x40};
    made[8] = (made[8] & std::byte{0x3f}) | std::byte{0x80};
    return made;
}

// "f81d4fae-7dec-4d1e-a765-00a0c91e6bf6"
[[nodiscard]] inline std::string to_string(const uuid& which) {
    std::string text = hex(which);
    for (const std::size_t at : {20u, 16u, 12u, 8u}) text.insert(at, 1, '-');
    return text;
}

[[nodiscard]] inline std::optional<uuid> uuid_of(std::string_view text) {
    if (text.size() != 36) return std::nullopt;
    uuid made;
    for (std::size_t i = 0, at = 0; i < made.size(); ++i, at += 2) {
        if (at == 8 || at == 13 || at == 18 || at == 23) {
            if (text[at++] != '-') return std::nullopt;
        }
        const auto value = number_of_hex(text.substr(at, 2));
        if (!value) return std::nullopt;
        made[i] = static_cast<std::byte>(*value);
    }
    return made;
}

struct directory_identity {
    static constexpr std::string_view path = "rsx-identity";
    static constexpr std::uint16_t level_now = 1;

    uuid cluster{};
    uuid directory{};  // drawn when the directory was made: tells a copy or a swap
    struct holder holder{};
    std::int64_t created_ms{0};  // for people
    std::uint16_t level{level_now};
    std::uint32_t must{0};  // format bits: unknown ones are refused
    std::uint32_t may{0};
    friend bool operator==(const directory_identity&, const directory_identity&) = default;

    [[nodiscard]] std::string text() const {
        std::string out = "rsx identity\n";
        out += "level " + std::to_string(level) + '\n';
        out += "must " + std::to_string(must) + '\n';
        out += "may " + std::to_string(may) + '\n';
        out += "cluster " + to_string(cluster) + '\n';
        out += "directory " + to_string(directory) + '\n';
        out += "node " + std::to_string(holder.node) + '\n';
        out += "incarnation " + std::to_string(holder.incarnation) + '\n';
        out += "created_ms " + std::to_string(created_ms) + '\n';
        std::array<std::byte, 4> crc;
        store_be(crc, digest::crc32c_of(rsx::bytes_of(out)));
        return out + "crc32c " + hex(crc) + '\n';
    }

    [[nodiscard]] static result<directory_identity> parse(std::string_view whole) {
        constexpr std::string_view crc_name = "\ncrc32c ";
        const auto crc_at = whole.rfind(crc_name);
        if (!whole.starts_with("rsx identity\n") || crc_at == whole.npos) {
            return fail(errc::corrupt, "not an identity file");
        }
        const auto covered = whole.substr(0, crc_at + 1);
        const auto written = whole.substr(crc_at + crc_name.size());
        const auto crc = number_of_hex(written.substr(0, 8));
        if (written.size() != 9 || written[8] != '\n' || !crc ||
            *crc != digest::crc32c_of(rsx::bytes_of(covered))) {
            return fail(errc::corrupt, "the identity file is broken");
        }
        directory_identity made;
        lines rest{covered.substr(covered.find('\n') + 1)};
        bool good = rest.number("level", made.level) && rest.number("must", made.must) &&
                    rest.number("may", made.may);
        if (good && made.must != 0) {
            return fail(errc::unsupported, "an identity file of a later format", made.must);
        }
        good = good && rest.unique("cluster", made.cluster) &&
               rest.unique("directory", made.directory) && rest.number("node", made.holder.node) &&
               rest.number("incarnation", made.holder.incarnation) &&
               rest.number("created_ms", made.created_ms);
        if (!good) return fail(errc::corrupt, "the identity file lacks a line");
        return made;  // further lines are of a later build and may be ignored
    }

    // errc::conflict if the directory has an identity.
    [[nodiscard]] static result<void> create(disk::files& where, const directory_identity& what) {
        const std::string temporary = std::string{path} + ".new";
        if (auto gone = where.remove(temporary); !gone && gone.error().code != errc::not_found) {
            return gone;
        }
        auto file = where.create(temporary);
        if (!file) return std::unexpected(file.error());
        const std::string text = what.text();
        if (auto ok = (*file)->write(0, rsx::bytes_of(text)); !ok) return ok;
        if (auto ok = (*file)->sync(); !ok) return ok;
        if (auto ok = where.link(temporary, path); !ok) return ok;
        if (auto ok = where.sync_directory(""); !ok) return ok;
        return where.remove(temporary);
    }

    [[nodiscard]] static result<directory_identity> load(disk::files& where) {
        auto file = where.open(path);
        if (!file && file.error().code == errc::not_found) {
            return fail(errc::not_found, "no identity file here: is the disk mounted?");
        }
        if (!file) return std::unexpected(file.error());
        std::string text(4096, '\0');
        const auto size = (*file)->read(0, std::as_writable_bytes(std::span{text}));
        if (!size) return std::unexpected(size.error());
        text.resize(*size);
        return parse(text);
    }

    // Is this the directory of that node of that cluster? Its incarnation is for the metadata.
    [[nodiscard]] result<void> check(const uuid& our_cluster, node_id node) const {
        if (cluster != our_cluster) {
            return fail(errc::invalid, "this directory belongs to another cluster", holder.node);
        }
        if (holder.node != node) {
            return fail(errc::invalid, "this directory belongs to another node", holder.node);
        }
        return {};
    }

private:
    // Takes "name value" lines one after the other.
    struct lines {
        std::string_view left;
        std::optional<std::string_view> value(std::string_view name) {
            const auto line = left.substr(0, left.find('\n'));
            if (!line.starts_with(name) || line.size() <= name.size()) return std::nullopt;
            if (line[name.size()] != ' ') return std::nullopt;
            left.remove_prefix(std::min(left.size(), line.size() + 1));
            return line.substr(name.size() + 1);
        }
        template <class Number>
        bool number(std::string_view name, Number& out) {
            const auto text = value(name);
            if (!text) return false;
            const char* const end = text->data() + text->size();
            const auto parsed = std::from_chars(text->data(), end, out);
            return parsed.ec == std::errc{} && parsed.ptr == end;
        }
        bool unique(std::string_view name, uuid& out) {
            const auto text = value(name);
            const auto parsed = text ? uuid_of(*text) : std::nullopt;
            if (parsed) out = *parsed;
            return parsed.has_value();
        }
    };
};

}  // namespace rsx::shard
