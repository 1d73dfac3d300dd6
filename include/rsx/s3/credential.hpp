// SPDX-License-Identifier: Apache-2.0

// Keys, who they belong to, and the scope a signing key is good for.
//
//     s3::credential_lookup lookup = [&](std::string_view access_key) { return
//     config.find(access_key); }; s3::credential_scope scope{"20130524", "us-east-1", "s3"};
//     s3::signing_key key = s3::derive_signing_key(secret, scope);
//
// A signing key is four HMACs from a secret key: it is good for one day, region and service, so a
// leaked one does not leak the secret. Deriving costs about two microseconds; `signing_key_cache`
// remembers them. The cache belongs to one thread.
#pragma once

#include <rsx/digest/openssl.hpp>

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

namespace rsx::s3 {

struct identity {
    std::string access_key;
    std::string owner_id;
    std::string display_name;
    friend bool operator==(const identity&, const identity&) = default;
};

struct credential {
    identity who;
    std::string secret_key;
};

// The credential of an access key, or nothing. Must not block: it is asked on every request.
using credential_lookup = std::function<std::optional<credential>(std::string_view access_key)>;

using signing_key = std::array<std::byte, 32>;

struct credential_scope {
    std::string date;  // yyyymmdd
    std::string region;
    std::string service{"s3"};

    // "20130524/us-east-1/s3/aws4_request"
    [[nodiscard]] std::string text() const {
        return date + '/' + region + '/' + service + "/aws4_request";
    }
    friend auto operator<=>(const credential_scope&, const credential_scope&) = default;
};

[[nodiscard]] inline signing_key derive_signing_key(std::string_view secret_key,
                                                    const credential_scope& scope) {
    const auto seeded = "AWS4" + std::string{secret_key};
    auto key = digest::hmac_sha256(bytes_of(seeded), bytes_of(scope.date));
    key = digest::hmac_sha256(key, bytes_of(scope.region));
    key = digest::hmac_sha256(key, bytes_of(scope.service));
    return digest::hmac_sha256(key, bytes_of("aws4_request"));
}

// At most `keys_max` keys; when full it forgets all of them, which costs a derivation each.
class signing_key_cache {
public:
    static constexpr std::size_t keys_max = 256;

    [[nodiscard]] signing_key get(const credential& owner, const credential_scope& scope) {
        auto name = std::make_pair(owner.who.access_key, scope);
        const auto found = keys_.find(name);
        // The secret is part of what is remembered: it may be changed under the same access key.
        if (found != keys_.end() && found->second.first == owner.secret_key)
            return found->second.second;
        const auto key = derive_signing_key(owner.secret_key, scope);
        if (keys_.size() >= keys_max) keys_.clear();
        keys_.insert_or_assign(std::move(name), std::make_pair(owner.secret_key, key));
        return key;
    }

private:
    std::map<std::pair<std::string, credential_scope>, std::pair<std::string, signing_key>> keys_;
};

}  // namespace rsx::s3
