// SPDX-License-Identifier: Apache-2.0

// What stands under a key now: the bucket's row and the key's, as one read of both shows them.
//
//     auto now = co_await object::stand(s, "photos", "cat.jpg");      // no_such_bucket
//     if (now->current) object::info_of(*now, key);
//
// A key's row begins with its bucket's number, so the number is remembered from the last time and
// both rows are asked for at once; if the bucket has been made anew since, they are asked again.
#pragma once

#include <rsx/meta/key.hpp>
#include <rsx/meta/key_range.hpp>
#include <rsx/meta/rows.hpp>
#include <rsx/object/state.hpp>

#include <charconv>

namespace rsx::object {

namespace rows = meta::rows;

struct standing {
    std::string name{};
    std::string key{};
    meta::row bucket_row{};
    rows::bucket bucket{};
    meta::row tip_row{};  // `o`
    std::optional<rows::version> current{};
    std::optional<meta::row> root_row{};  // `r` of an outlined current version
    std::vector<meta::row> others{};      // what else differed when a commit conflicted
};

[[nodiscard]] inline std::string text_of(const struct code& code) {
    return std::to_string(code.data) + '+' + std::to_string(code.parity);
}
// Empty, or nothing that is a code: {0, 0}.
[[nodiscard]] inline struct code code_of_text(std::string_view text) {
    struct code out{};
    const auto plus = text.find('+');
    if (plus == std::string_view::npos) return out;
    std::from_chars(text.data(), text.data() + plus, out.data);
    std::from_chars(text.data() + plus + 1, text.data() + text.size(), out.parity);
    return out;
}

// The code a new object gets: its own wish, else the bucket's, else the engine's.
[[nodiscard]] inline result<struct code> chosen_code(const state& s, const rows::bucket& bucket,
                                                     struct code wish) {
    if (wish.data == 0) wish = code_of_text(bucket.code);
    if (wish.data == 0) wish = s.how.code;
    const codec::geometry shape{.data = wish.data, .parity = wish.parity};
    if (!codec::shape_allowed(shape)) return std::unexpected(invalid_code);
    return wish;
}

[[nodiscard]] inline result<void> check_key(std::string_view key) {
    if (key.empty()) return std::unexpected(key_empty);
    if (key.size() > limits::key_bytes_max) return std::unexpected(key_too_long);
    return {};
}

namespace detail {

[[nodiscard]] inline status take_bucket(standing& into, meta::row row) {
    if (row.absent()) return std::unexpected(no_such_bucket);
    auto value = rows::decode<rows::bucket>(row.value);
    if (!value) return std::unexpected(value.error());
    into.bucket = std::move(*value);
    into.bucket_row = std::move(row);
    return {};
}

[[nodiscard]] inline status take_tip(standing& into, meta::row row) {
    into.current.reset();
    into.root_row.reset();
    if (!row.absent()) {
        auto value = rows::decode<rows::version>(row.value);
        if (!value) return std::unexpected(value.error());
        if (!value->valid()) return fail(errc::corrupt, "a version with two kinds of data");
        into.current = std::move(*value);
    }
    into.tip_row = std::move(row);
    return {};
}

}  // namespace detail

[[nodiscard]] inline task<result<standing>> stand(state& s, std::string bucket, std::string key) {
    standing out;
    out.name = std::move(bucket);
    out.key = std::move(key);
    const std::string bucket_key = meta::key::bucket(out.name);
    const auto known = s.bucket_numbers.find(out.name);
    std::uint64_t number = known == s.bucket_numbers.end() ? 0 : known->second;
    for (int attempt = 0; attempt < 3; ++attempt) {
        std::vector<std::string> keys{bucket_key};
        if (number != 0) keys.push_back(meta::key::object(number, out.key));
        auto getting = s.on.meta.store().get(std::move(keys), meta::reading::each);
        auto found = co_await getting;
        if (!found) co_return std::unexpected(found.error());
        const auto seen = detail::take_bucket(out, std::move((*found)[0]));
        if (!seen) {
            s.bucket_numbers.erase(out.name);
            co_return std::unexpected(seen.error());
        }
        if (number == out.bucket.number) {
            const auto tip = detail::take_tip(out, std::move((*found)[1]));
            if (!tip) co_return std::unexpected(tip.error());
            co_return std::move(out);
        }
        number = out.bucket.number;
        s.remember(out.name, number);
    }
    co_return std::unexpected(operation_aborted);
}

[[nodiscard]] inline std::vector<checksum> shown(const std::vector<rows::checksum>& stored) {
    std::vector<checksum> out;
    for (const auto& each : stored) {
        checksum one;
        one.kind = static_cast<checksum_kind>(each.kind);
        one.type = each.type == rows::checksum_type::composite ? checksum_type::composite
                                                               : checksum_type::full_object;
        one.value = rsx::text_of(each.value);
        out.push_back(std::move(one));
    }
    return out;
}
[[nodiscard]] inline std::vector<rows::checksum> kept(const std::vector<checksum>& given) {
    std::vector<rows::checksum> out;
    for (const auto& each : given) {
        rows::checksum one;
        one.kind = static_cast<rows::checksum_kind>(each.kind);
        one.type = each.type == checksum_type::composite ? rows::checksum_type::composite
                                                         : rows::checksum_type::full_object;
        const auto bytes = bytes_of(each.value);
        one.value.assign(bytes.begin(), bytes.end());
        out.push_back(std::move(one));
    }
    return out;
}
static_assert(static_cast<int>(checksum_kind::crc32) ==
              static_cast<int>(rows::checksum_kind::crc32));
static_assert(static_cast<int>(checksum_kind::crc64nvme) ==
              static_cast<int>(rows::checksum_kind::crc64nvme));

[[nodiscard]] inline headers shown(const rows::attributes& stored) {
    headers out;
    out.content_type = stored.content_type;
    out.content_encoding = stored.content_encoding;
    out.content_language = stored.content_language;
    out.content_disposition = stored.content_disposition;
    out.cache_control = stored.cache_control;
    out.expires = stored.expires;
    out.website_redirect = stored.website_redirect;
    out.user = stored.metadata;
    return out;
}
[[nodiscard]] inline rows::attributes kept(headers given) {
    rows::attributes out;
    out.content_type = std::move(given.content_type);
    out.content_encoding = std::move(given.content_encoding);
    out.content_language = std::move(given.content_language);
    out.content_disposition = std::move(given.content_disposition);
    out.cache_control = std::move(given.cache_control);
    out.expires = std::move(given.expires);
    out.website_redirect = std::move(given.website_redirect);
    out.metadata = std::move(given.user);
    return out;
}

[[nodiscard]] inline info info_of(std::uint64_t bucket, std::string key, const rows::version& of) {
    info out;
    out.bucket = bucket;
    out.key = std::move(key);
    out.version = rows::id_of(of.order);
    out.size = of.size;
    out.etag = to_string(of.etag);
    out.last_modified_ms = static_cast<std::int64_t>(of.modified_ms);
    out.storage_class = of.storage_class;
    out.owner = of.owner;
    out.headers = shown(of.attributes);
    out.checksums = shown(of.checksums);
    out.parts = of.etag.parts;
    if (of.inlined && !of.inlined->extents.empty())
        out.code = {of.inlined->extents[0].data, of.inlined->extents[0].parity};
    out.sequence = of.order.seq;
    return out;
}

}  // namespace rsx::object
