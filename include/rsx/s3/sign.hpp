// SPDX-License-Identifier: Apache-2.0

// The client's side of Signature Version 4: sign a head, or make a presigned URL.
//
//     s3::outgoing request{.method = "GET", .path = "/photos/cat.jpg", .headers = {{"Host",
//     host}}}; s3::signer signer{{"AKID", "secret", "us-east-1"}}; signer.sign(request,
//     s3::sha256_hex(""), wall.now_ms());       // adds three headers std::string link =
//     signer.presign(request, 3600, wall.now_ms());  // "/photos/cat.jpg?X-Amz-…"
//
// Signs every header that is there but those which proxies change, so that nothing a server obeys
// goes unsigned. `sign` gives the chain for the chunks of a streaming body. Paths are not encoded
// here: `target_of` spells them for the wire. A signer holds a secret and belongs to one thread.
#pragma once

#include <rsx/s3/canonical.hpp>
#include <rsx/s3/chunk_signer.hpp>
#include <rsx/s3/credential.hpp>
#include <rsx/s3/date.hpp>
#include <rsx/s3/head.hpp>
#include <rsx/s3/uri.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rsx::s3 {

struct outgoing {
    std::string method;
    std::string path;  // decoded: "/bucket/key with spaces"
    query_list query{};
    header_list headers{};  // must hold Host
};

// The request target as it stands on the wire.
[[nodiscard]] inline std::string target_of(const outgoing& request) {
    auto target = uri_encode(request.path, slash::kept);
    if (!request.query.empty()) target += '?' + request.query.canonical();
    return target;
}

struct signing_credential {
    std::string access_key;
    std::string secret_key;
    std::string region{"us-east-1"};
};

class signer {
public:
    explicit signer(signing_credential owner) : owner_{std::move(owner)} {}

    // Adds x-amz-date, x-amz-content-sha256 and Authorization. `payload_hash` is the body's SHA-256
    // in hexadecimal or a word of s3/payload.hpp.
    chunk_signer sign(outgoing& request, std::string_view payload_hash, std::int64_t now_ms) {
        const auto date = amz_date(now_ms);
        const credential_scope scope{date.substr(0, 8), owner_.region};
        request.headers.remove("authorization");
        request.headers.set("x-amz-date", date);
        request.headers.set("x-amz-content-sha256", std::string{payload_hash});
        const auto names = signed_names(request.headers);
        const auto canonical =
            canonical_request(request.method, request.path, request.query.canonical(),
                              request.headers, names, payload_hash);
        const auto key = key_for(scope);
        auto signature = signature_of(key, string_to_sign(date, scope, canonical));
        request.headers.set("Authorization",
                            std::string{sigv4_algorithm} + " Credential=" + owner_.access_key +
                                '/' + scope.text() + ",SignedHeaders=" + joined_names(names) +
                                ",Signature=" + signature);
        return chunk_signer{key, date, scope, std::move(signature)};
    }

    // A target that whoever holds it may use for so many seconds, at most a week. Of the headers
    // only Host and those of x-amz- are signed; who uses it must send them.
    [[nodiscard]] std::string presign(const outgoing& request, std::int64_t expires_s,
                                      std::int64_t now_ms) {
        const auto date = amz_date(now_ms);
        const credential_scope scope{date.substr(0, 8), owner_.region};
        auto names = signed_names(request.headers);
        std::erase_if(names, [](const std::string& name) {
            return name != "host" && !name.starts_with("x-amz-");
        });
        outgoing made = request;
        made.query.add("X-Amz-Algorithm", std::string{sigv4_algorithm});
        made.query.add("X-Amz-Credential", owner_.access_key + '/' + scope.text());
        made.query.add("X-Amz-Date", date);
        made.query.add("X-Amz-Expires", std::to_string(expires_s));
        made.query.add("X-Amz-SignedHeaders", joined_names(names));
        const auto hash = request.headers.get_or("x-amz-content-sha256", unsigned_payload);
        const auto canonical = canonical_request(made.method, made.path, made.query.canonical(),
                                                 made.headers, names, hash);
        const auto key = key_for(scope);
        made.query.add("X-Amz-Signature",
                       signature_of(key, string_to_sign(date, scope, canonical)));
        return target_of(made);
    }

private:
    // All but what proxies and HTTP libraries may add, drop or rewrite on the way.
    static std::vector<std::string> signed_names(const header_list& headers) {
        constexpr std::string_view left_out[] = {
            "accept-encoding", "authorization",     "connection", "content-length",
            "expect",          "transfer-encoding", "user-agent", "x-amzn-trace-id"};
        std::vector<std::string> names;
        for (const auto& field : headers) {
            auto name = lower(field.name);
            if (std::find(std::begin(left_out), std::end(left_out), name) == std::end(left_out))
                names.push_back(std::move(name));
        }
        std::sort(names.begin(), names.end());
        names.erase(std::unique(names.begin(), names.end()), names.end());
        return names;
    }

    [[nodiscard]] signing_key key_for(const credential_scope& scope) {
        const credential owner{{owner_.access_key, {}, {}}, owner_.secret_key};
        return keys_.get(owner, scope);
    }

    signing_credential owner_;
    signing_key_cache keys_;
};

}  // namespace rsx::s3
