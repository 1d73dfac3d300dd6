// SPDX-License-Identifier: Apache-2.0
#include <rsx/s3/chunked.hpp>

#include <rsx/core/clock.hpp>
#include <rsx/s3/body.hpp>

#include "example.hpp"

namespace s3 = rsx::s3;
using s3::error_code;
using s3::payload_mode;

namespace {

const std::string first_chunk(65'536, 'a');
const std::string last_chunk(1'024, 'a');

// Amazon's chunked upload; `trailer` for the form with a checksum behind.
s3::request_head upload_head(bool trailer) {
    s3::request_head head{"PUT",
                          "/examplebucket/chunkObject.txt",
                          {{"Host", "s3.amazonaws.com"},
                           {"x-amz-date", "20130524T000000Z"},
                           {"x-amz-storage-class", "REDUCED_REDUNDANCY"},
                           {"Content-Encoding", "aws-chunked"},
                           {"x-amz-decoded-content-length", "66560"}}};
    if (trailer) {
        head.headers.add("x-amz-trailer", "x-amz-checksum-crc32c");
        head.headers.add("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER");
        head.headers.add("Authorization",
                         example::authorization(
                             "content-encoding;host;x-amz-content-sha256;x-amz-date;"
                             "x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer",
                             "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"));
    } else {
        head.headers.add("Content-Length", "66824");
        head.headers.add("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD");
        head.headers.add("Authorization",
                         example::authorization(
                             "content-encoding;content-length;host;x-amz-content-sha256;"
                             "x-amz-date;x-amz-decoded-content-length;x-amz-storage-class",
                             "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"));
    }
    return head;
}

std::string plain_body() {
    return "10000;chunk-signature="
           "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n" +
           first_chunk +
           "\r\n400;chunk-signature="
           "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n" +
           last_chunk +
           "\r\n0;chunk-signature="
           "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n";
}

std::string trailed_body() {
    return "10000;chunk-signature="
           "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n" +
           first_chunk +
           "\r\n400;chunk-signature="
           "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n" +
           last_chunk +
           "\r\n0;chunk-signature="
           "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n"
           "x-amz-checksum-crc32c:sOO8/Q==\r\n"
           "x-amz-trailer-signature:"
           "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n";
}

struct outcome {
    std::string data;
    s3::header_list trailers;
};

// Pushes the whole body in pieces of `piece` bytes.
s3::result<outcome> decode(s3::chunk_decoder decoder, std::string_view body, std::size_t piece) {
    outcome out;
    while (!body.empty()) {
        auto in = rsx::bytes_of(body.substr(0, piece));
        body.remove_prefix(in.size());
        while (!in.empty()) {
            const auto step = decoder.push(in);
            if (!step) return std::unexpected(step.error());
            REQUIRE(step->consumed > 0);
            out.data += rsx::text_of(step->data);
            in = in.subspan(step->consumed);
        }
    }
    if (auto ok = decoder.finish(); !ok) return std::unexpected(ok.error());
    out.trailers = decoder.trailers();
    return out;
}

s3::chunk_decoder decoder_for(const s3::verified_request& verified) {
    return {verified.payload(), 66'560, verified.chunks()};
}

s3::chunk_decoder unsigned_decoder(std::uint64_t length) {
    return {payload_mode::streaming_unsigned_trailer, length};
}

error_code refusal(s3::chunk_decoder decoder, std::string_view body) {
    const auto decoded = decode(std::move(decoder), body, 1'000);
    REQUIRE_FALSE(decoded.has_value());
    return decoded.error().code;
}

}  // namespace

TEST_CASE("Amazon's chunked upload is taken apart however it arrives") {
    const auto verified = example::verify(upload_head(false));
    REQUIRE(verified.has_value());
    REQUIRE(verified->payload() == payload_mode::streaming_signed);
    const auto body = plain_body();
    REQUIRE(body.size() == 66'824);
    for (const std::size_t piece :
         {std::size_t{1}, std::size_t{17}, std::size_t{4'096}, body.size()}) {
        CAPTURE(piece);
        const auto decoded = decode(decoder_for(*verified), body, piece);
        REQUIRE(decoded.has_value());
        CHECK(decoded->data == first_chunk + last_chunk);
    }
}

TEST_CASE("Amazon's chunked upload with a trailer is taken apart and its trailer told") {
    const auto verified = example::verify(upload_head(true));
    REQUIRE(verified.has_value());
    REQUIRE(verified->payload() == payload_mode::streaming_signed_trailer);
    for (const std::size_t piece : {1u, 19u, 70'000u}) {
        CAPTURE(piece);
        const auto decoded = decode(decoder_for(*verified), trailed_body(), piece);
        REQUIRE(decoded.has_value());
        CHECK(decoded->data == first_chunk + last_chunk);
        CHECK(decoded->trailers.get("x-amz-checksum-crc32c") == "sOO8/Q==");
        CHECK(decoded->trailers.size() == 1);
    }
}

TEST_CASE("the encoder writes Amazon's chunked bodies byte for byte") {
    const auto encode = [](const s3::request_head& head, const s3::header_list& trailers) {
        const auto verified = example::verify(head);
        REQUIRE(verified.has_value());
        s3::chunk_encoder encoder{verified->payload(), verified->chunks()};
        std::string out;
        for (const auto& chunk : {first_chunk, last_chunk}) {
            out += encoder.head(rsx::bytes_of(chunk)) + chunk;
            out += s3::chunk_encoder::data_end;
        }
        return out + encoder.end(trailers);
    };
    CHECK(encode(upload_head(false), {}) == plain_body());
    CHECK(encode(upload_head(true), {{"x-amz-checksum-crc32c", "sOO8/Q=="}}) == trailed_body());
    CHECK(s3::chunk_encoder::encoded_bytes(payload_mode::streaming_signed, 66'560, 65'536) ==
          plain_body().size());
    CHECK(s3::chunk_encoder::encoded_bytes(payload_mode::streaming_signed_trailer, 66'560, 65'536,
                                           32) == trailed_body().size());
}

TEST_CASE("no byte of a signed chunked body can be changed") {
    const auto verified = example::verify(upload_head(true));
    REQUIRE(verified.has_value());
    const auto good = trailed_body();
    rsx::seeded_entropy random{20};
    unsigned same_meaning = 0;
    for (int i = 0; i < 600; ++i) {
        auto body = good;
        // Mostly where the structure is; data bytes too.
        const auto from_end = random.below(2) == 0;
        const auto at = from_end ? body.size() - 1 - random.below(1'400) : random.below(1'200);
        const auto bit = static_cast<char>(1u << random.below(8));
        body[at] = static_cast<char>(body[at] ^ bit);
        CAPTURE(i, at);
        const auto decoded = decode(decoder_for(*verified), body, 4'096);
        if (!decoded) continue;
        // Upper-case digits of a size, a capital in a trailer's name, blanks behind the end.
        ++same_meaning;
        CHECK(decoded->data == first_chunk + last_chunk);
        CHECK(decoded->trailers.get("x-amz-checksum-crc32c") == "sOO8/Q==");
    }
    CHECK(same_meaning < 60);
}

TEST_CASE("chunks cannot be left out, repeated, cut or moved") {
    const auto verified = example::verify(upload_head(false));
    REQUIRE(verified.has_value());
    const auto body = plain_body();
    const auto first_end = body.find("\r\n400;") + 2;
    const auto last_end = body.find("\r\n0;") + 2;
    const auto a = body.substr(0, first_end);
    const auto b = body.substr(first_end, last_end - first_end);
    const auto end = body.substr(last_end);
    CHECK(refusal(decoder_for(*verified), a + end) == error_code::incomplete_body);
    CHECK(refusal(decoder_for(*verified), b + a + end) == error_code::signature_does_not_match);
    CHECK(refusal(decoder_for(*verified), a + b) == error_code::incomplete_body);
    CHECK(refusal(decoder_for(*verified), a + b + b + end) == error_code::incomplete_body);
    for (const std::size_t cut : {0u, 1u, 50u, 87u, 1'000u, 65'700u, 66'800u})
        CHECK(refusal(decoder_for(*verified), body.substr(0, cut)) == error_code::incomplete_body);
}

TEST_CASE("an unsigned body with a checksum behind is read as SDKs write it") {
    const std::string body =
        "5\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n";
    for (const std::size_t piece : {1u, 2u, 3u, 100u}) {
        const auto decoded = decode(unsigned_decoder(11), body, piece);
        REQUIRE(decoded.has_value());
        CHECK(decoded->data == "hello world");
        CHECK(decoded->trailers.get("X-Amz-Checksum-Crc32") == "DUoRhQ==");
    }
    CHECK(decode(unsigned_decoder(0), "0\r\n\r\n", 9).has_value());
    // A client ends its trailers so; another writes upper-case sizes with leading zeros.
    CHECK(
        decode(unsigned_decoder(5), "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\n\r\n\r\n", 4)
            .has_value());
    CHECK(decode(unsigned_decoder(10), "000A\r\n0123456789\r\n0\r\n\r\n", 4).has_value());
}

TEST_CASE("every malformed chunked body has its refusal") {
    const auto with = [](std::uint64_t length, std::string_view body) {
        return refusal(unsigned_decoder(length), body);
    };
    CHECK(with(5, "g\r\nhello\r\n0\r\n\r\n") == error_code::invalid_chunk_size);
    CHECK(with(5, "\r\nhello\r\n0\r\n\r\n") == error_code::invalid_chunk_size);
    CHECK(with(5, "-5\r\nhello\r\n0\r\n\r\n") == error_code::invalid_chunk_size);
    CHECK(with(5, "5\nhello\r\n0\r\n\r\n") == error_code::invalid_chunk_size);
    CHECK(with(5, "5\r\nhelloX\n0\r\n\r\n") == error_code::invalid_chunk_size);
    CHECK(with(5, "5\r\nhello\rX0\r\n\r\n") == error_code::invalid_chunk_size);
    CHECK(with(5, "fffffffffffffffff\r\nhello") == error_code::invalid_chunk_size);
    CHECK(with(5, std::string(1'000, '0')) == error_code::invalid_chunk_size);
    CHECK(with(5, "6\r\nhello!\r\n0\r\n\r\n") == error_code::incomplete_body);
    CHECK(with(5, "4\r\nhell\r\n0\r\n\r\n") == error_code::incomplete_body);
    CHECK(with(5, "5\r\nhello\r\n0\r\n") == error_code::incomplete_body);
    CHECK(with(5, "5\r\nhello\r\n0\r\na:b\r\n") == error_code::incomplete_body);
    CHECK(with(5, "5\r\nhello\r\n0\r\nab\r\n\r\n") == error_code::malformed_trailer);
    CHECK(with(5, "5\r\nhello\r\n0\r\n:b\r\n\r\n") == error_code::malformed_trailer);
    CHECK(with(5, "5\r\nhello\r\n0\r\na b:b\r\n\r\n") == error_code::malformed_trailer);
    CHECK(with(5, "5\r\nhello\r\n0\r\na:b\rc\r\n\r\n") == error_code::malformed_trailer);
    CHECK(with(5, "5\r\nhello\r\n0\r\n\r\nGET / HTTP/1.1") == error_code::malformed_trailer);
    CHECK(with(5, "5\r\nhello\r\n0\r\n\r\n" + std::string(9, '\n')) ==
          error_code::malformed_trailer);
    CHECK(with(5, "5\r\nhello\r\n0\r\nx-amz-trailer-signature:00\r\n\r\n") ==
          error_code::malformed_trailer);
    CHECK(with(5, "5\r\nhello\r\n0\r\na:" + std::string(5'000, 'b')) ==
          error_code::malformed_trailer);
    std::string many = "5\r\nhello\r\n0\r\n";
    for (int i = 0; i < 1'000; ++i) many += "a:b\r\n";
    CHECK(with(5, many) == error_code::malformed_trailer);

    const auto verified = example::verify(upload_head(true));
    REQUIRE(verified.has_value());
    CHECK(refusal(decoder_for(*verified), "10000\r\n") == error_code::signature_does_not_match);
    CHECK(refusal(decoder_for(*verified), "10000;signature=1\r\n") ==
          error_code::signature_does_not_match);
    const auto body = trailed_body();
    const auto without_signature = body.substr(0, body.find("x-amz-trailer-signature")) + "\r\n";
    CHECK(refusal(decoder_for(*verified), without_signature) == error_code::incomplete_body);
    auto after = body.substr(0, body.size() - 2) + "x-amz-checksum-crc32:AAAAAA==\r\n\r\n";
    CHECK(refusal(decoder_for(*verified), after) == error_code::malformed_trailer);
}

TEST_CASE("random bytes never do more than fail") {
    rsx::seeded_entropy random{7};
    const std::string alphabet = "0123456789abcdef;\r\n\r\n:x-amz-chunk-signature=";
    for (int i = 0; i < 20'000; ++i) {
        std::string body;
        for (auto n = random.below(200); n > 0; --n)
            body += random.below(8) == 0 ? static_cast<char>(random.below(256))
                                         : alphabet[random.below(alphabet.size())];
        const auto length = random.below(64);
        const auto decoded = decode(unsigned_decoder(length), body, 1 + random.below(50));
        if (decoded) CHECK(decoded->data.size() == length);
    }
}

TEST_CASE("aws-chunked is no encoding of the object") {
    CHECK(s3::without_aws_chunked("aws-chunked") == "");
    CHECK(s3::without_aws_chunked("aws-chunked,gzip") == "gzip");
    CHECK(s3::without_aws_chunked("gzip , AWS-Chunked") == "gzip");
    CHECK(s3::without_aws_chunked("gzip, br") == "gzip, br");
}
