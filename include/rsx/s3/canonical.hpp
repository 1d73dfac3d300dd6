// SPDX-License-Identifier: Apache-2.0

// What AWS Signature Version 4 signs: the canonical request, and the string made from its hash.
//
//     auto canonical = s3::canonical_request(method, path, query, headers, names, payload_hash);
//     auto to_sign   = s3::string_to_sign(amz_date, scope, canonical);
//     auto signature = s3::signature_of(key, to_sign);       // 64 hexadecimal digits
//
// The canonical request is six lines: method, encoded path, sorted query, signed headers with their
// values, their names, hash of the payload. Both sides build it; they agree or the request is
// refused. Of a header's value the blanks around it do not count and runs of them count as one.
// Pure functions.
#pragma once

#include <rsx/core/bytes.hpp>
#include <rsx/digest/openssl.hpp>
#include <rsx/s3/credential.hpp>
#include <rsx/s3/head.hpp>
#include <rsx/s3/uri.hpp>

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rsx::s3 {

inline constexpr std::string_view sigv4_algorithm = "AWS4-HMAC-SHA256";
inline constexpr std::string_view unsigned_payload = "UNSIGNED-PAYLOAD";

[[nodiscard]] inline std::string sha256_hex(byte_view bytes) {
    return hex(digest::sha256_of(bytes));
}
[[nodiscard]] inline std::string sha256_hex(std::string_view text) {
    return sha256_hex(bytes_of(text));
}

[[nodiscard]] inline std::string canonical_value(std::string_view value) {
    std::string out;
    bool gap = false;
    for (const char c : trimmed(value)) {
        if (is_blank(c)) {
            gap = true;
            continue;
        }
        if (gap) out += ' ';
        gap = false;
        out += c;
    }
    return out;
}

// "name:value,value\n"; fields of the same name are joined in their order.
[[nodiscard]] inline std::string canonical_header(std::string_view name,
                                                  const header_list& headers) {
    std::string out = lower(name) + ':';
    bool first = true;
    for (const auto& field : headers) {
        if (!same_ignoring_case(field.name, name)) continue;
        if (!first) out += ',';
        first = false;
        out += canonical_value(field.value);
    }
    return out + '\n';
}

// "a;b;c"
[[nodiscard]] inline std::string joined_names(std::span<const std::string> names) {
    std::string out;
    for (const auto& name : names) {
        if (!out.empty()) out += ';';
        out += name;
    }
    return out;
}

// `path` is decoded; `signed_names` are sorted and lower-case.
[[nodiscard]] inline std::string canonical_request(std::string_view method, std::string_view path,
                                                   std::string_view canonical_query,
                                                   const header_list& headers,
                                                   std::span<const std::string> signed_names,
                                                   std::string_view payload_hash) {
    std::string out{method};
    out += '\n';
    out += uri_encode(path, slash::kept);
    out += '\n';
    out += canonical_query;
    out += '\n';
    for (const auto& name : signed_names) out += canonical_header(name, headers);
    out += '\n';
    out += joined_names(signed_names);
    out += '\n';
    out += payload_hash;
    return out;
}

[[nodiscard]] inline std::string string_to_sign(std::string_view amz_date,
                                                const credential_scope& scope,
                                                std::string_view canonical) {
    std::string out{sigv4_algorithm};
    out += '\n';
    out += amz_date;
    out += '\n';
    out += scope.text();
    out += '\n';
    out += sha256_hex(canonical);
    return out;
}

[[nodiscard]] inline std::string signature_of(const signing_key& key, std::string_view to_sign) {
    return hex(digest::hmac_sha256(key, bytes_of(to_sign)));
}

}  // namespace rsx::s3
