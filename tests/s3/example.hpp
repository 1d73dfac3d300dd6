// SPDX-License-Identifier: Apache-2.0

// The account, bucket and moment of Amazon's published examples, and short ways to make requests.
#pragma once

#include <rsx/s3/request.hpp>
#include <rsx/s3/sign.hpp>
#include <rsx/s3/sigv4.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catch.hpp"

// A failed comparison of codes is shown by their names.
template <>
struct Catch::StringMaker<rsx::s3::error_code> {
    static std::string convert(rsx::s3::error_code code) {
        return std::string{rsx::s3::name_of(code)};
    }
};

namespace example {

inline constexpr std::string_view access_key = "AKIAIOSFODNN7EXAMPLE";
inline constexpr std::string_view secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
inline constexpr std::int64_t now_ms = 1'369'353'600'000;  // 20130524T000000Z
inline constexpr std::string_view host = "examplebucket.s3.amazonaws.com";
inline constexpr std::string_view empty_sha256 =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

inline const std::vector<std::string>& domains() {
    static const std::vector<std::string> only{"s3.amazonaws.com"};
    return only;
}

inline rsx::s3::credential_lookup lookup() {
    return [](std::string_view key) -> std::optional<rsx::s3::credential> {
        if (key != access_key) return std::nullopt;
        return rsx::s3::credential{{std::string{key}, "owner-1", "Example"},
                                   std::string{secret_key}};
    };
}

inline rsx::s3::verifier verifier() { return rsx::s3::verifier{lookup(), {.region = "us-east-1"}}; }

inline rsx::s3::signer signer() {
    return rsx::s3::signer{{std::string{access_key}, std::string{secret_key}, "us-east-1"}};
}

inline std::string authorization(std::string_view names, std::string_view signature) {
    return "AWS4-HMAC-SHA256 Credential=" + std::string{access_key} +
           "/20130524/us-east-1/s3/aws4_request,SignedHeaders=" + std::string{names} +
           ",Signature=" + std::string{signature};
}

// A head as it came from the wire, read and verified.
inline rsx::s3::result<rsx::s3::verified_request> verify(rsx::s3::request_head head,
                                                         std::int64_t at_ms = now_ms) {
    auto asked = rsx::s3::parse_request(std::move(head), domains());
    if (!asked) return std::unexpected(asked.error());
    return verifier().verify(std::move(*asked), at_ms);
}

// What a client made, as it arrives.
inline rsx::s3::request_head arrived(const rsx::s3::outgoing& made) {
    return {made.method, rsx::s3::target_of(made), made.headers};
}

}  // namespace example
