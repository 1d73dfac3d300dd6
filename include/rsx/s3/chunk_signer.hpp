// SPDX-License-Identifier: Apache-2.0

// The chain of signatures through an aws-chunked body: each chunk signs the one before it.
//
//     s3::chunk_signer chain{key, "20130524T000000Z", scope, seed_signature};
//     auto first  = chain.sign_chunk(s3::sha256_hex(data));
//     auto second = chain.sign_chunk(…);          // depends on `first`
//     auto tail   = chain.sign_trailers("x-amz-checksum-crc32c:sOO8/Q==\n");
//
// The seed is the signature of the head. Sender and receiver run the same chain, so no chunk can be
// left out, added, repeated or moved. A value: copy it to look ahead.
#pragma once

#include <rsx/s3/canonical.hpp>
#include <rsx/s3/credential.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace rsx::s3 {

class chunk_signer {
public:
    chunk_signer() = default;
    chunk_signer(const signing_key& key, std::string amz_date, const credential_scope& scope,
                 std::string seed_signature)
        : key_{key},
          date_and_scope_{std::move(amz_date) + '\n' + scope.text()},
          previous_{std::move(seed_signature)} {}

    // The signature of the next chunk, whose data has this SHA-256 in hexadecimal.
    [[nodiscard]] const std::string& sign_chunk(std::string_view data_sha256_hex) {
        std::string text = begin("AWS4-HMAC-SHA256-PAYLOAD");
        text += sha256_hex(std::string_view{});
        text += '\n';
        text += data_sha256_hex;
        return previous_ = signature_of(key_, text);
    }

    // The signature of the trailers, each written "name:value\n".
    [[nodiscard]] const std::string& sign_trailers(std::string_view canonical) {
        std::string text = begin("AWS4-HMAC-SHA256-TRAILER");
        text += sha256_hex(canonical);
        return previous_ = signature_of(key_, text);
    }

private:
    [[nodiscard]] std::string begin(std::string_view algorithm) const {
        std::string text{algorithm};
        text += '\n';
        text += date_and_scope_;
        text += '\n';
        text += previous_;
        text += '\n';
        return text;
    }

    signing_key key_{};
    std::string date_and_scope_;
    std::string previous_;
};

}  // namespace rsx::s3
