// SPDX-License-Identifier: Apache-2.0
#include <rsx/s3/sigv4.hpp>

#include "example.hpp"

namespace s3 = rsx::s3;
using s3::error_code;

namespace {

s3::request_head get_with_range() {
    return {"GET",
            "/test.txt",
            {{"Host", std::string{example::host}},
             {"Range", "bytes=0-9"},
             {"x-amz-content-sha256", std::string{example::empty_sha256}},
             {"x-amz-date", "20130524T000000Z"},
             {"Authorization",
              example::authorization(
                  "host;range;x-amz-content-sha256;x-amz-date",
                  "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")}}};
}

s3::request_head presigned() {
    return {"GET",
            "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
            "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
            "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
            "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
            {{"Host", std::string{example::host}}}};
}

error_code refusal(s3::request_head head, std::int64_t at_ms = example::now_ms) {
    const auto verified = example::verify(std::move(head), at_ms);
    REQUIRE_FALSE(verified.has_value());
    return verified.error().code;
}

void replace(s3::request_head& head, std::string_view name, std::string value) {
    head.headers.set(std::string{name}, std::move(value));
}

}  // namespace

TEST_CASE("Amazon's example of a GET with a range is believed") {
    const auto verified = example::verify(get_with_range());
    REQUIRE(verified.has_value());
    CHECK((*verified)->op == s3::operation::get_object);
    CHECK((*verified)->bucket == "examplebucket");
    CHECK((*verified)->key == "test.txt");
    CHECK(verified->who().owner_id == "owner-1");
    CHECK(verified->payload() == s3::payload_mode::hashed);
    CHECK(verified->payload_sha256() == example::empty_sha256);
    CHECK_FALSE(verified->presigned());
    CHECK_FALSE(verified->anonymous());
}

TEST_CASE("Amazon's example of a PUT is believed") {
    const s3::request_head head{
        "PUT",
        "/test%24file.text",
        {{"Host", std::string{example::host}},
         {"Date", "Fri, 24 May 2013 00:00:00 GMT"},
         {"x-amz-date", "20130524T000000Z"},
         {"x-amz-storage-class", "REDUCED_REDUNDANCY"},
         {"x-amz-content-sha256",
          "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"},
         {"Authorization",
          example::authorization(
              "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
              "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")}}};
    const auto verified = example::verify(head);
    REQUIRE(verified.has_value());
    CHECK((*verified)->key == "test$file.text");
    CHECK(s3::sha256_hex("Welcome to Amazon S3.") == verified->payload_sha256());
}

TEST_CASE("Amazon's examples of bucket requests are believed") {
    const auto head = [](std::string target, std::string_view signature) {
        return s3::request_head{
            "GET",
            std::move(target),
            {{"Host", std::string{example::host}},
             {"x-amz-content-sha256", std::string{example::empty_sha256}},
             {"x-amz-date", "20130524T000000Z"},
             {"Authorization",
              example::authorization("host;x-amz-content-sha256;x-amz-date", signature)}}};
    };
    const auto lifecycle = example::verify(
        head("/?lifecycle", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"));
    REQUIRE(lifecycle.has_value());
    CHECK((*lifecycle)->op == s3::operation::get_bucket_lifecycle);
    const auto list =
        example::verify(head("/?max-keys=2&prefix=J",
                             "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
    REQUIRE(list.has_value());
    CHECK((*list)->op == s3::operation::list_objects);
}

TEST_CASE("Amazon's presigned example is believed until it expires") {
    const auto verified = example::verify(presigned());
    REQUIRE(verified.has_value());
    CHECK(verified->presigned());
    CHECK(verified->payload() == s3::payload_mode::not_signed);
    constexpr std::int64_t day_ms = 86'400'000;
    CHECK(example::verify(presigned(), example::now_ms + day_ms).has_value());
    CHECK(refusal(presigned(), example::now_ms + day_ms + 1) == error_code::access_denied);
    CHECK(refusal(presigned(), example::now_ms - 16 * 60'000) == error_code::access_denied);
}

TEST_CASE("the signer makes Amazon's example signatures") {
    auto signer = example::signer();
    s3::outgoing get{
        "GET", "/test.txt", {}, {{"Host", std::string{example::host}}, {"Range", "bytes=0-9"}}};
    (void)signer.sign(get, example::empty_sha256, example::now_ms);
    CHECK(get.headers.get("authorization") == *get_with_range().headers.get("authorization"));

    const s3::outgoing link{"GET", "/test.txt", {}, {{"Host", std::string{example::host}}}};
    const auto target = signer.presign(link, 86'400, example::now_ms);
    CHECK(target ==
          "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
          "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2F"
          "aws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400"
          "&X-Amz-Signature="
          "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
          "&X-Amz-SignedHeaders=host");
}

TEST_CASE("a request without signature is refused unless the rules admit it") {
    const s3::request_head head{"GET", "/bucket/key", {{"Host", "localhost"}}};
    CHECK(refusal(head) == error_code::access_denied);

    s3::verifier open{example::lookup(), {.region = {}, .anonymous_allowed = true}};
    const auto verified = open.verify(*s3::parse_request(head), example::now_ms);
    REQUIRE(verified.has_value());
    CHECK(verified->anonymous());
}

TEST_CASE("a refused request is left as it was") {
    auto asked = s3::parse_request(get_with_range(), example::domains());
    REQUIRE(asked.has_value());
    auto verifier = example::verifier();
    CHECK_FALSE(verifier.verify(std::move(*asked), 0).has_value());
    CHECK(asked->key == "test.txt");
    CHECK(asked->headers.size() == 5);
}

TEST_CASE("clocks may differ by fifteen minutes") {
    constexpr std::int64_t quarter_ms = 15 * 60'000;
    CHECK(example::verify(get_with_range(), example::now_ms + quarter_ms).has_value());
    CHECK(example::verify(get_with_range(), example::now_ms - quarter_ms).has_value());
    CHECK(refusal(get_with_range(), example::now_ms + quarter_ms + 1) ==
          error_code::request_time_too_skewed);
    CHECK(refusal(get_with_range(), example::now_ms - quarter_ms - 1) ==
          error_code::request_time_too_skewed);
}

TEST_CASE("every way to get a signed header wrong has its own refusal") {
    auto head = get_with_range();
    const std::string good{*head.headers.get("authorization")};
    const auto with = [&](std::string_view from, std::string_view to) {
        auto text = good;
        text.replace(text.find(from), from.size(), to);
        auto changed = get_with_range();
        replace(changed, "Authorization", std::move(text));
        return refusal(std::move(changed));
    };
    CHECK(with("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLF") ==
          error_code::invalid_access_key_id);
    CHECK(with("us-east-1", "eu-west-1") == error_code::authorization_header_malformed);
    CHECK(with("/s3/", "/ec2/") == error_code::authorization_header_malformed);
    CHECK(with("aws4_request", "aws5_request") == error_code::authorization_header_malformed);
    CHECK(with("20130524/", "20130525/") == error_code::authorization_header_malformed);
    CHECK(with("20130524/", "2013/") == error_code::authorization_header_malformed);
    CHECK(with("AKIAIOSFODNN7EXAMPLE/", "") == error_code::authorization_header_malformed);
    CHECK(with("host;range", "range;host") == error_code::authorization_header_malformed);
    CHECK(with("host;range", "Host;range") == error_code::authorization_header_malformed);
    CHECK(with("host;", "") == error_code::authorization_header_malformed);
    CHECK(with("host;", "host;host;") == error_code::authorization_header_malformed);
    CHECK(with(";range", "") == error_code::signature_does_not_match);
    CHECK(with("host;range", "host;if-match;range") == error_code::signature_does_not_match);
    CHECK(with("range;x-amz-c", "range;s;x-amz-c") == error_code::signature_does_not_match);
    CHECK(with("Signature=f0", "Signature=F0") == error_code::signature_does_not_match);
    CHECK(with("Signature=f0", "Signature=") == error_code::signature_does_not_match);
    CHECK(with(",Signature=", ",Sign=") == error_code::authorization_header_malformed);
    CHECK(with(",Signature=", ",Credential=") == error_code::authorization_header_malformed);
    CHECK(with("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256") == error_code::invalid_request);
    CHECK(with("AWS4-HMAC-SHA256", "AWS") == error_code::invalid_request);
    CHECK(with("AWS4-HMAC-SHA256", "Basic") == error_code::invalid_argument);

    replace(head, "Authorization", "");
    CHECK(refusal(head) == error_code::access_denied);
    replace(head, "Authorization", good);
    head.headers.add("Authorization", good);
    CHECK(refusal(head) == error_code::invalid_argument);

    head = get_with_range();
    head.headers.remove("x-amz-date");
    CHECK(refusal(head) == error_code::access_denied);
    replace(head, "x-amz-date", "20130524T000000");
    CHECK(refusal(head) == error_code::access_denied);

    head = get_with_range();
    head.headers.remove("x-amz-content-sha256");
    CHECK(refusal(head) == error_code::invalid_request);
    replace(head, "x-amz-content-sha256", "STREAMING-NONSENSE");
    CHECK(refusal(head) == error_code::invalid_argument);
    replace(head, "x-amz-content-sha256", "UNSIGNED-PAYLOAD");
    CHECK(refusal(head) == error_code::signature_does_not_match);

    head = get_with_range();
    head.headers.add("X-Amz-Meta-Slipped-In", "1");
    CHECK(refusal(head) == error_code::access_denied);
    head = get_with_range();
    head.headers.add("Host", "elsewhere");
    CHECK(refusal(head) == error_code::invalid_request);
    head = get_with_range();
    replace(head, "x-amz-security-token", "token");
    CHECK(refusal(head) == error_code::invalid_token);
    head = get_with_range();
    head.target += "?X-Amz-Signature=1";
    CHECK(refusal(head) == error_code::invalid_argument);
    head.target = "/test.txt?AWSAccessKeyId=a&Signature=b&Expires=1";
    head.headers.remove("Authorization");
    CHECK(refusal(head) == error_code::invalid_request);
}

TEST_CASE("every way to get a presigned query wrong has its own refusal") {
    const auto with = [&](std::string_view from, std::string_view to) {
        auto head = presigned();
        head.target.replace(head.target.find(from), from.size(), to);
        return refusal(std::move(head));
    };
    constexpr auto malformed = error_code::authorization_query_parameters_error;
    CHECK(with("Expires=86400", "Expires=604801") == malformed);
    CHECK(with("Expires=86400", "Expires=-1") == malformed);
    CHECK(with("Expires=86400", "Expires=soon") == malformed);
    CHECK(with("Expires=86400", "Expires=99999999999999999999999") == malformed);
    CHECK(with("Expires=86400", "Expires=604800") == error_code::signature_does_not_match);
    CHECK(with("&X-Amz-Expires=86400", "") == malformed);
    CHECK(with("&X-Amz-Expires", "&X-Amz-Expires=86400&X-Amz-Expires") == malformed);
    CHECK(with("X-Amz-Algorithm=AWS4-HMAC-SHA256&", "") == malformed);
    CHECK(with("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA512") == malformed);
    CHECK(with("20130524T000000Z", "20130524") == malformed);
    CHECK(with("20130524T000000Z", "20130525T000000Z") == malformed);
    CHECK(with("us-east-1", "eu-west-1") == malformed);
    CHECK(with("SignedHeaders=host", "SignedHeaders=date") == malformed);
    CHECK(with("AKIAIOSFODNN7EXAMPLE", "SOMEONEELSE") == error_code::invalid_access_key_id);
    CHECK(with("test.txt", "test2.txt") == error_code::signature_does_not_match);
    CHECK(with("Signature=aeee", "Signature=beee") == error_code::signature_does_not_match);
    CHECK(with("?", "?versionId=3&") == error_code::signature_does_not_match);

    auto head = presigned();
    head.method = "DELETE";
    CHECK(refusal(head) == error_code::signature_does_not_match);
    head = presigned();
    head.headers.add("x-amz-acl", "public-read");
    CHECK(refusal(head) == error_code::access_denied);
}

TEST_CASE("what SDKs hoist into a presigned query is a header again") {
    auto signer = example::signer();
    s3::outgoing put{"PUT", "/key", {}, {{"Host", std::string{example::host}}}};
    put.query.add("x-amz-acl", "private");
    put.query.add("X-Amz-Meta-Colour", "blue");
    put.query.add("x-amz-checksum-crc32", "AAAAAA==");
    put.query.add("x-amz-sdk-checksum-algorithm", "CRC32");
    const s3::request_head head{"PUT", signer.presign(put, 60, example::now_ms), put.headers};
    const auto verified = example::verify(head);
    REQUIRE(verified.has_value());
    CHECK(verified->header("X-Amz-Acl") == "private");
    CHECK((*verified)->headers.get("x-amz-meta-colour") == "blue");
    // These are of the empty body that was there when the link was made.
    CHECK_FALSE(verified->header("x-amz-checksum-crc32").has_value());
    CHECK_FALSE(verified->header("x-amz-sdk-checksum-algorithm").has_value());
    CHECK_FALSE(verified->header("x-amz-signature").has_value());

    s3::outgoing copy{"PUT", "/key", {}, put.headers};
    copy.query.add("x-amz-copy-source", "/photos/cat.jpg");
    const auto copied =
        example::verify({"PUT", signer.presign(copy, 60, example::now_ms), copy.headers});
    REQUIRE(copied.has_value());
    CHECK((*copied)->op == s3::operation::copy_object);
    CHECK(copied->header("x-amz-copy-source") == "/photos/cat.jpg");
}

TEST_CASE("a changed secret is not hidden by a remembered signing key") {
    std::string secret{example::secret_key};
    s3::verifier verifier{[&](std::string_view key) -> std::optional<s3::credential> {
        return s3::credential{{std::string{key}, "o", "d"}, secret};
    }};
    CHECK(verifier.verify(*s3::parse_request(get_with_range(), example::domains()), example::now_ms)
              .has_value());
    secret += "x";
    CHECK_FALSE(
        verifier.verify(*s3::parse_request(get_with_range(), example::domains()), example::now_ms)
            .has_value());
}

TEST_CASE("the refusal of a wrong signature shows what was signed here") {
    auto head = get_with_range();
    replace(head, "Range", "bytes=0-8");
    const auto verified = example::verify(head);
    REQUIRE_FALSE(verified.has_value());
    const auto xml = s3::render_error(verified.error(), {.request_id = "r"});
    CHECK(xml.find("<StringToSign>AWS4-HMAC-SHA256&#xA;20130524T000000Z") != std::string::npos);
    CHECK(xml.find("range:bytes=0-8") != std::string::npos);
    CHECK(xml.find(std::string{example::secret_key}) == std::string::npos);
}
