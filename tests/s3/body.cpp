// SPDX-License-Identifier: Apache-2.0
#include <rsx/s3/body.hpp>

#include "example.hpp"

namespace s3 = rsx::s3;
using s3::error_code;

namespace {

constexpr std::string_view hello = "hello world";

// A signed PUT with these headers and payload hash.
s3::verified_request put(s3::header_list headers, std::string_view payload = s3::unsigned_payload) {
    auto signer = example::signer();
    headers.add("Host", std::string{example::host});
    s3::outgoing made{"PUT", "/key", {}, std::move(headers)};
    (void)signer.sign(made, payload, example::now_ms);
    auto verified = example::verify(example::arrived(made));
    REQUIRE(verified.has_value());
    return std::move(*verified);
}

s3::result<s3::body_facts> sent(const s3::verified_request& verified, std::string_view body,
                                const s3::header_list& trailers = {}) {
    auto promise = s3::body_promise_of(verified);
    if (!promise) return std::unexpected(promise.error());
    s3::body_check check{std::move(*promise)};
    for (const char& c : body) check.update(rsx::bytes_of({&c, 1}));
    return check.finish(trailers);
}

error_code refusal(const s3::verified_request& verified, std::string_view body,
                   const s3::header_list& trailers = {}) {
    const auto facts = sent(verified, body, trailers);
    REQUIRE_FALSE(facts.has_value());
    return facts.error().code;
}

s3::header_list trailed(std::string announced) {
    return {{"x-amz-decoded-content-length", "11"}, {"x-amz-trailer", std::move(announced)}};
}

constexpr std::string_view unsigned_trailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

}  // namespace

TEST_CASE("a body that keeps every promise has its facts told") {
    const auto facts = sent(put({{"Content-Length", "11"},
                                 {"Content-MD5", "XrY7u+Ae7tCTyyK7j1rNww=="},
                                 {"x-amz-checksum-crc32", "DUoRhQ=="},
                                 {"x-amz-sdk-checksum-algorithm", "CRC32"}},
                                s3::sha256_hex(hello)),
                            hello);
    REQUIRE(facts.has_value());
    CHECK(facts->size == 11);
    CHECK(facts->tag.text() == "5eb63bbbe01eeed093cb22bb8f5acdc3");
    REQUIRE(facts->sum.has_value());
    CHECK(facts->sum->base64() == "DUoRhQ==");
}

TEST_CASE("a body nobody asked a checksum for gets CRC64NVME") {
    const auto facts = sent(put({}), hello);
    REQUIRE(facts.has_value());
    CHECK(facts->sum->kind == s3::checksum_kind::crc64nvme);
}

TEST_CASE("each broken promise has its refusal") {
    CHECK(refusal(put({{"Content-Length", "12"}}), hello) == error_code::incomplete_body);
    CHECK(refusal(put({{"Content-Length", "10"}}), hello) == error_code::incomplete_body);
    CHECK(refusal(put({}, example::empty_sha256), hello) ==
          error_code::x_amz_content_sha256_mismatch);
    CHECK(refusal(put({{"Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg=="}}), hello) ==
          error_code::bad_digest);
    CHECK(refusal(put({{"x-amz-checksum-crc32", "DUoRhA=="}}), hello) == error_code::bad_digest);
    CHECK(refusal(put({{"x-amz-checksum-sha256",
                        s3::checksum_of(s3::checksum_kind::sha256, {}).base64()}}),
                  hello) == error_code::bad_digest);
}

TEST_CASE("promises that make no sense are refused before a byte is read") {
    const auto code = [](s3::header_list headers, std::string_view payload = s3::unsigned_payload) {
        const auto promise = s3::body_promise_of(put(std::move(headers), payload));
        REQUIRE_FALSE(promise.has_value());
        return promise.error().code;
    };
    CHECK(code({{"Content-Length", "-1"}}) == error_code::invalid_argument);
    CHECK(code({{"Content-Length", "99999999999999999999"}}) == error_code::invalid_argument);
    CHECK(code({{"Content-MD5", "short"}}) == error_code::invalid_digest);
    CHECK(code({{"Content-MD5", ""}}) == error_code::invalid_digest);
    CHECK(code({{"Content-MD5", "AAAAAAAAAAAAAAAAAAAAAAAA"}}) == error_code::invalid_digest);
    CHECK(code({{"x-amz-checksum-crc32", "AAAA"}}) == error_code::invalid_request);
    CHECK(code({{"x-amz-checksum-crc32", "AAAAAA==-2"}}) == error_code::invalid_request);
    CHECK(code({{"x-amz-checksum-crc32", "DUoRhQ=="}, {"x-amz-checksum-crc32c", "DUoRhQ=="}}) ==
          error_code::invalid_request);
    CHECK(code({{"x-amz-sdk-checksum-algorithm", "CRC32"}}) == error_code::invalid_request);
    CHECK(code({{"x-amz-sdk-checksum-algorithm", "MD4"}}) == error_code::invalid_request);
    CHECK(code({{"x-amz-sdk-checksum-algorithm", "SHA1"}, {"x-amz-checksum-crc32", "DUoRhQ=="}}) ==
          error_code::invalid_request);
    CHECK(code(trailed("x-amz-meta-a"), unsigned_trailer) == error_code::invalid_request);
    CHECK(code(trailed("x-amz-checksum-crc32,x-amz-checksum-sha1"), unsigned_trailer) ==
          error_code::invalid_request);
    auto both = trailed("x-amz-checksum-crc32");
    both.add("x-amz-checksum-crc32", "DUoRhQ==");
    CHECK(code(both, unsigned_trailer) == error_code::invalid_request);
}

TEST_CASE("a checksum behind the body must come, be one, and be right") {
    const auto verified = put(trailed("x-amz-checksum-crc32"), unsigned_trailer);
    CHECK(sent(verified, hello, {{"x-amz-checksum-crc32", "DUoRhQ=="}}).has_value());
    CHECK(refusal(verified, hello) == error_code::malformed_trailer);
    CHECK(refusal(verified, hello, {{"x-amz-checksum-crc32c", "DUoRhQ=="}}) ==
          error_code::malformed_trailer);
    CHECK(refusal(verified, hello,
                  {{"x-amz-checksum-crc32", "DUoRhQ=="}, {"x-amz-checksum-crc32", "DUoRhQ=="}}) ==
          error_code::malformed_trailer);
    CHECK(refusal(put({{"x-amz-decoded-content-length", "11"}}, unsigned_trailer), hello,
                  {{"x-amz-checksum-crc32", "DUoRhQ=="}}) == error_code::malformed_trailer);
    CHECK(refusal(verified, hello, {{"x-amz-checksum-crc32", "!"}}) == error_code::invalid_request);
    CHECK(refusal(verified, hello, {{"x-amz-checksum-crc32", "DUoRhA=="}}) ==
          error_code::bad_digest);
    CHECK(refusal(verified, "hello worl", {{"x-amz-checksum-crc32", "DUoRhQ=="}}) ==
          error_code::incomplete_body);
}

TEST_CASE("an upload says its length and keeps to the largest allowed") {
    const auto code = [](s3::header_list headers, std::string_view payload) {
        const auto promise = s3::upload_promise_of(put(std::move(headers), payload));
        REQUIRE_FALSE(promise.has_value());
        return promise.error().code;
    };
    CHECK(code({}, s3::unsigned_payload) == error_code::missing_content_length);
    CHECK(code({{"Content-Length", "5"}}, unsigned_trailer) == error_code::missing_content_length);
    const auto largest = rsx::limits::put_bytes_max;
    CHECK(code({{"Content-Length", std::to_string(largest + 1)}}, s3::unsigned_payload) ==
          error_code::entity_too_large);
    CHECK(s3::upload_promise_of(put({{"Content-Length", std::to_string(largest)}})).has_value());

    const auto ten = put({{"Content-Length", "10"}});
    CHECK(s3::upload_promise_of(ten, 10).has_value());
    CHECK(s3::upload_promise_of(ten, 9).error().code == error_code::entity_too_large);
}

TEST_CASE("a body that runs over is seen before its end") {
    auto promise = s3::body_promise_of(put({{"Content-Length", "3"}}));
    s3::body_check check{std::move(*promise)};
    check.update(rsx::bytes_of("abc"));
    CHECK_FALSE(check.too_long());
    check.update(rsx::bytes_of("d"));
    CHECK(check.too_long());
}
