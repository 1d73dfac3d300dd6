// SPDX-License-Identifier: Apache-2.0

// A request head read as S3 reads it: which operation, on which bucket and key, with which query.
//
//     auto request = s3::parse_request(std::move(head), config.domains);
//     if (!request) return answer(request.error());
//     // request->op == operation::get_object, request->bucket == "photos", request->key ==
//     "cat.jpg"
//
// Nothing here is authenticated: that is `verifier::verify` (s3/sigv4.hpp), which takes this and
// gives the only thing handlers accept. Names are checked here, so a handler never sees a key that
// is too long or no UTF-8.
#pragma once

#include <rsx/s3/address.hpp>
#include <rsx/s3/head.hpp>
#include <rsx/s3/route.hpp>

#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace rsx::s3 {

struct request {
    std::string method;
    std::string path;  // decoded: what a signature covers
    query_list query;
    header_list headers;
    std::string bucket;
    std::string key;
    operation op{};
};

[[nodiscard]] inline result<request> parse_request(request_head head,
                                                   std::span<const std::string> domains = {}) {
    const auto parts = split_target(head.target);
    if (!parts) return std::unexpected(parts.error());
    auto query = query_list::parse(parts->query);
    if (!query) return std::unexpected(std::move(query.error()));
    auto path = uri_decode(parts->path, plus::itself);
    if (!path) return std::unexpected(std::move(path.error()));
    auto at = locate(head.headers.get_or("host", {}), parts->path, domains);
    if (!at) return std::unexpected(std::move(at.error()));
    if (!at->bucket.empty())
        if (auto ok = check_bucket_name(at->bucket); !ok) return std::unexpected(ok.error());
    if (!at->key.empty())
        if (auto ok = check_key(at->key); !ok) return std::unexpected(ok.error());
    const auto op = route_of(head.method, scope_of(at->bucket, at->key), *query, head.headers);
    if (!op) return std::unexpected(op.error());
    return request{std::move(head.method),
                   std::move(*path),
                   std::move(*query),
                   std::move(head.headers),
                   std::move(at->bucket),
                   std::move(at->key),
                   *op};
}

}  // namespace rsx::s3
