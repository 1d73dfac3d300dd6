// SPDX-License-Identifier: Apache-2.0

// CreateBucket, HeadBucket, DeleteBucket, ListBuckets, GetBucketLocation, and the settings that
// have a true answer without being settable yet: versioning (never on), the ACL (its owner's
// alone).
//
//     auto handled = co_await gateway::create_bucket(call);
#pragma once

#include <rsx/gateway/body.hpp>
#include <rsx/gateway/call.hpp>
#include <rsx/s3/render.hpp>
#include <rsx/s3/request_bodies.hpp>

namespace rsx::gateway {

[[nodiscard]] inline answer list_buckets(call& call) {
    auto found = co_await call.engine().list_buckets(call.who().owner_id);
    if (!found) co_return std::unexpected(refusal_of(found.error()));
    s3::list_buckets_result out;
    out.owner = {call.who().owner_id, call.who().display_name};
    out.prefix = call.query("prefix");
    const auto asked_max = call.query("max-buckets");
    const auto max =
        asked_max.empty() ? std::optional<std::uint64_t>{10'000} : s3::number_in(asked_max, 10'000);
    if (!max || *max == 0)
        co_return s3::fail_argument("max-buckets", asked_max,
                                    "max-buckets must be an integer between 1 and 10000");
    const std::string after{call.query("continuation-token")};
    for (const auto& each : *found) {
        if (!each.name.starts_with(out.prefix) || each.name <= after) continue;
        if (out.buckets.size() == *max) {
            out.next_token = out.buckets.back().name;
            break;
        }
        out.buckets.push_back({each.name, each.created_ms, {}});
    }
    co_return co_await call.reply_xml(s3::render(out));
}

[[nodiscard]] inline answer create_bucket(call& call) {
    auto text = co_await read_whole(call.with(), call.verified(), 64 * kib);
    if (!text) co_return std::unexpected(std::move(text.error()));
    auto asked = s3::parse_create_bucket(*text);
    if (!asked) co_return std::unexpected(std::move(asked.error()));
    if (!asked->location.empty() && asked->location != call.region())
        co_return s3::fail(s3::error_code::illegal_location_constraint);
    for (const std::string_view refused :
         {"x-amz-bucket-object-lock-enabled", "x-amz-grant-full-control", "x-amz-grant-read",
          "x-amz-grant-read-acp", "x-amz-grant-write", "x-amz-grant-write-acp"}) {
        const auto value = call.header(refused);
        if (!value.empty() && !s3::same_ignoring_case(value, "false"))
            co_return s3::fail(s3::error_code::not_implemented);
    }
    const auto acl = call.header("x-amz-acl");
    if (!acl.empty() && acl != "private") co_return s3::fail(s3::error_code::not_implemented);

    object::bucket_options how;
    how.owner = call.who().owner_id;
    how.region = call.region();
    auto made = co_await call.engine().create_bucket(call.bucket(), std::move(how));
    // In us-east-1 making one's own bucket again succeeds; elsewhere it is an error.
    const bool again = !made && made.error() == object::bucket_exists_yours;
    if (!made && !(again && call.region() == "us-east-1"))
        co_return std::unexpected(refusal_of(made.error()));
    fields more;
    more.push_back({"Location", "/" + call.bucket()});
    co_return co_await call.reply(200, std::move(more));
}

[[nodiscard]] inline answer head_bucket(call& call) {
    auto bucket = co_await call.open_bucket();
    if (!bucket) co_return std::unexpected(std::move(bucket.error()));
    fields more;
    more.push_back({"x-amz-bucket-region", call.region()});
    more.push_back({"x-amz-access-point-alias", "false"});
    co_return co_await call.reply(200, std::move(more));
}

[[nodiscard]] inline answer delete_bucket(call& call) {
    auto bucket = co_await call.open_bucket();
    if (!bucket) co_return std::unexpected(std::move(bucket.error()));
    auto removed = co_await call.engine().remove_bucket(call.bucket());
    if (!removed) co_return std::unexpected(refusal_of(removed.error()));
    co_return co_await call.reply(204);
}

[[nodiscard]] inline answer get_bucket_location(call& call) {
    auto bucket = co_await call.open_bucket();
    if (!bucket) co_return std::unexpected(std::move(bucket.error()));
    s3::bucket_location place{bucket->region.empty() ? call.region() : bucket->region};
    co_return co_await call.reply_xml(s3::render(place));
}

[[nodiscard]] inline answer get_bucket_versioning(call& call) {
    auto bucket = co_await call.open_bucket();
    if (!bucket) co_return std::unexpected(std::move(bucket.error()));
    s3::xml_writer xml;
    xml.open("VersioningConfiguration", s3::xml_namespace);  // never enabled: nothing inside
    co_return co_await call.reply_xml(xml.close().take());
}

namespace detail {

inline std::string private_acl(const s3::owner& owner) {
    s3::xml_writer xml;
    xml.open("AccessControlPolicy", s3::xml_namespace);
    s3::detail::put_owner(xml, "Owner", owner);
    xml.open("AccessControlList").open("Grant");
    xml.open_typed("Grantee", "CanonicalUser");
    xml.leaf("ID", owner.id).leaf("DisplayName", owner.display_name);
    xml.close();
    xml.leaf("Permission", "FULL_CONTROL");
    return xml.close().close().close().take();
}

}  // namespace detail

[[nodiscard]] inline answer get_bucket_acl(call& call) {
    auto bucket = co_await call.open_bucket();
    if (!bucket) co_return std::unexpected(std::move(bucket.error()));
    const s3::owner owner{call.who().owner_id, call.who().display_name};
    co_return co_await call.reply_xml(detail::private_acl(owner));
}

[[nodiscard]] inline answer get_object_acl(call& call) {
    auto bucket = co_await call.open_bucket();
    if (!bucket) co_return std::unexpected(std::move(bucket.error()));
    object::get_options how;
    auto found = co_await call.engine().head(call.bucket(), call.key(), std::move(how));
    if (!found) co_return std::unexpected(refusal_of(found.error()));
    const s3::owner owner{call.who().owner_id, call.who().display_name};
    co_return co_await call.reply_xml(detail::private_acl(owner));
}

}  // namespace rsx::gateway
