// SPDX-License-Identifier: Apache-2.0

// Uploads in parts: begun, found, listed, given up.
//
//     auto upload = co_await object::create_upload(s, "photos", "film.mp4", how);
//     auto open = co_await object::list_uploads(s, "photos", {.prefix = "f"});
//     co_await object::abort(s, "photos", "film.mp4", upload->id);
//
// The id a client sees names the upload's row directly. While a Complete is under way the row is
// locked by its nonce: no part is committed then, because every part compares the row; a lock whose
// holder has died is taken over or opened by whoever waits for it long enough. Giving up erases the
// row; its parts become garbage by a note that the collector works off.
#pragma once

#include <rsx/meta/ids.hpp>
#include <rsx/object/list.hpp>
#include <rsx/object/put.hpp>

namespace rsx::object {

namespace detail {

// One upload as its row says.
struct open_upload {
    standing in{};  // the bucket
    meta::upload_id id{};
    std::string key{};
    meta::row row{};
    rows::upload value{};
};

[[nodiscard]] inline upload shown(const std::string& key, const meta::upload_id& id,
                                  const rows::upload& of) {
    upload out;
    out.id = to_string(id);
    out.key = key;
    out.initiated_ms = static_cast<std::int64_t>(id.initiated_ms);
    out.owner = of.owner;
    out.initiator = of.initiator;
    out.storage_class = of.storage_class;
    if (of.checksum != rows::checksum_kind::none)
        out.checksum = static_cast<checksum_kind>(of.checksum);
    out.type = of.checksum_form == rows::checksum_type::composite ? checksum_type::composite
                                                                  : checksum_type::full_object;
    return out;
}

[[nodiscard]] inline status take_upload(open_upload& into, meta::row row) {
    if (row.absent()) return std::unexpected(no_such_upload);
    auto value = rows::decode<rows::upload>(row.value);
    if (!value) return std::unexpected(value.error());
    into.value = std::move(*value);
    into.row = std::move(row);
    return {};
}

[[nodiscard]] inline step reload(state& s, open_upload& of) {
    std::vector<std::string> keys{of.row.key};
    auto getting = s.on.meta.store().get(std::move(keys), meta::reading::each);
    auto found = co_await getting;
    if (!found) co_return std::unexpected(found.error());
    co_return take_upload(of, std::move((*found)[0]));
}

// The bucket and the key of the upload's row; the row itself is not read yet.
[[nodiscard]] inline task<result<open_upload>> name_upload(state& s, std::string bucket,
                                                           std::string key, std::string id) {
    auto standing_in = stand_in(s, std::move(bucket));
    auto in = co_await standing_in;
    if (!in) co_return std::unexpected(in.error());
    const auto parsed = meta::parse_upload_id(id);
    if (!parsed || key.size() > limits::key_bytes_max) co_return std::unexpected(no_such_upload);
    open_upload out;
    out.id = *parsed;
    out.row.key = meta::key::upload(in->bucket.number, key, parsed->initiated_ms, parsed->id);
    out.key = std::move(key);
    out.in = std::move(*in);
    co_return std::move(out);
}

[[nodiscard]] inline task<result<open_upload>> open(state& s, std::string bucket, std::string key,
                                                    std::string id) {
    auto naming = name_upload(s, std::move(bucket), std::move(key), std::move(id));
    auto out = co_await naming;
    if (!out) co_return std::unexpected(out.error());
    step loading = reload(s, *out);
    const auto loaded = co_await loading;
    if (!loaded) co_return std::unexpected(loaded.error());
    co_return std::move(*out);
}

}  // namespace detail

[[nodiscard]] inline task<result<upload>> create_upload(state& s, std::string bucket,
                                                        std::string key, upload_options how) {
    if (const auto good = check_key(key); !good) co_return std::unexpected(good.error());
    auto standing_in = detail::stand_in(s, std::move(bucket));
    auto in = co_await standing_in;
    if (!in) co_return std::unexpected(in.error());
    const auto code = chosen_code(s, in->bucket, how.code);
    if (!code) co_return std::unexpected(code.error());
    rows::upload value;
    value.layout = s.on.meta.new_id();
    value.owner = how.owner.empty() ? in->bucket.owner : std::move(how.owner);
    value.initiator = how.initiator.empty() ? value.owner : std::move(how.initiator);
    value.storage_class = std::move(how.storage_class);
    value.code = text_of(*code);
    if (how.checksum) value.checksum = static_cast<rows::checksum_kind>(*how.checksum);
    value.checksum_form = how.type == checksum_type::composite ? rows::checksum_type::composite
                                                               : rows::checksum_type::full_object;
    value.attributes = kept(std::move(how.headers));
    meta::commit_request request;
    std::string encoded = rows::encode(value);
    if (encoded.size() > rows::upload::bytes_max) {
        auto attributes = rows::encode_within(value.attributes);
        if (!attributes) co_return std::unexpected(metadata_too_large);
        value.attributes_at = s.on.meta.new_id();
        value.attributes = {};
        request.changes.push_back(
            {meta::key::attributes(*value.attributes_at), std::move(*attributes)});
        encoded = rows::encode(value);
        if (encoded.size() > rows::upload::bytes_max) co_return std::unexpected(metadata_too_large);
    }
    const meta::upload_id id{.initiated_ms = static_cast<std::uint64_t>(s.on.wall.now_ms()),
                             .id = s.on.meta.new_id()};
    request.changes.push_back(
        {meta::key::upload(in->bucket.number, key, id.initiated_ms, id.id), std::move(encoded)});
    for (unsigned attempt = 0; attempt < limits::commit_tries_max; ++attempt) {
        if (in->bucket.closing) {
            auto waiting = detail::wait_while_closing(s, *in);
            const auto waited = co_await waiting;
            if (!waited) co_return std::unexpected(waited.error());
        }
        meta::commit_request again = request;
        again.compares.push_back({in->bucket_row.key, in->bucket_row.at});
        auto committing = s.on.meta.commit(std::move(again));
        auto answer = co_await committing;
        if (!answer) co_return std::unexpected(answer.error());
        if (answer->committed()) co_return detail::shown(key, id, value);
        const auto caught_up = detail::catch_up(*in, std::move(answer->differ));
        if (!caught_up) co_return std::unexpected(caught_up.error());
    }
    co_return std::unexpected(too_many_conflicts);
}

[[nodiscard]] inline task<result<upload>> find_upload(state& s, std::string bucket, std::string key,
                                                      std::string id) {
    auto opening = detail::open(s, std::move(bucket), std::move(key), std::move(id));
    auto found = co_await opening;
    if (!found) co_return std::unexpected(found.error());
    co_return detail::shown(found->key, found->id, found->value);
}

[[nodiscard]] inline step abort(state& s, std::string bucket, std::string key, std::string id) {
    auto opening = detail::open(s, std::move(bucket), std::move(key), std::move(id));
    auto of = co_await opening;
    if (!of) co_return std::unexpected(of.error());
    for (unsigned attempt = 0; attempt < limits::commit_tries_max; ++attempt) {
        rows::cleanup note;
        note.kind = rows::cleanup_kind::upload_ended;
        note.id = of->id.id;
        note.bucket = of->in.bucket.number;
        note.since_ms = static_cast<std::uint64_t>(s.on.wall.now_ms());
        meta::commit_request request;
        request.compares.push_back({of->row.key, of->row.at});
        request.changes.push_back({of->row.key, std::nullopt});
        request.changes.push_back({meta::key::cleanup(s.on.meta.new_id()), rows::encode(note)});
        if (of->value.attributes_at)
            request.changes.push_back(
                {meta::key::attributes(*of->value.attributes_at), std::nullopt});
        auto committing = s.on.meta.commit(std::move(request));
        auto answer = co_await committing;
        if (!answer) co_return std::unexpected(answer.error());
        if (answer->committed()) co_return status{};
        for (meta::row& row : answer->differ) {
            const auto taken = detail::take_upload(*of, std::move(row));
            if (!taken) co_return taken;
        }
    }
    co_return std::unexpected(too_many_conflicts);
}

[[nodiscard]] inline task<result<uploads_page>> list_uploads(state& s, std::string bucket,
                                                             uploads_request what) {
    auto standing_in = detail::stand_in(s, std::move(bucket));
    const auto in = co_await standing_in;
    if (!in) co_return std::unexpected(in.error());
    const std::uint64_t number = in->bucket.number;
    uploads_page out;
    meta::range rest = meta::key::uploads_of(number, what.prefix);
    const meta::range whole = rest;
    if (!what.after_key.empty()) {
        const auto marker = meta::parse_upload_id(what.after_upload);
        const auto at = detail::start_behind(what.after_key, what.prefix, what.delimiter);
        if (at.over) co_return out;
        if (!at.from.empty())
            rest = meta::key::uploads_of(number, what.prefix, at.from);
        else if (!what.after_upload.empty() && marker)
            rest = meta::key::uploads_after(number, what.prefix, what.after_key,
                                            marker->initiated_ms, marker->id);
        else
            rest = meta::key::uploads_after(number, what.prefix, what.after_key);
    }
    while (what.max_uploads > 0 && (whole.to.empty() || rest.from < whole.to)) {
        const std::size_t listed = out.uploads.size() + out.common_prefixes.size();
        meta::scan_limits limit;
        limit.rows = std::min<std::size_t>(what.max_uploads - listed + 1, limits::scan_rows_max);
        std::vector<meta::range> ranges{rest};
        auto scanning = s.on.meta.store().scan(std::move(ranges), limit, meta::reading::each);
        auto page = co_await scanning;
        if (!page) co_return std::unexpected(page.error());
        bool jumped = false;
        for (const meta::row& row : page->rows[0]) {
            const auto name = meta::key::parse_upload(row.key);
            if (!name) co_return std::unexpected(name.error());
            if (out.uploads.size() + out.common_prefixes.size() == what.max_uploads) {
                out.truncated = true;
                co_return out;
            }
            const auto common = common_prefix_of(name->key, what.prefix.size(), what.delimiter);
            if (!common.empty()) {
                out.next_key = common;
                out.next_upload.clear();
                out.common_prefixes.emplace_back(common);
                const std::string seek = meta::successor(std::string{common});
                if (seek.empty()) co_return out;
                rest = meta::key::uploads_of(number, what.prefix, seek);
                jumped = true;
                break;
            }
            const auto value = rows::decode<rows::upload>(row.value);
            if (!value) co_return std::unexpected(value.error());
            const meta::upload_id id{.initiated_ms = name->initiated_ms, .id = name->id};
            out.uploads.push_back(detail::shown(name->key, id, *value));
            out.next_key = name->key;
            out.next_upload = out.uploads.back().id;
        }
        if (jumped) continue;
        if (!page->more[0]) co_return out;
        rest.from = page->rows[0].back().key + '\0';
    }
    co_return out;
}

}  // namespace rsx::object
