// SPDX-License-Identifier: Apache-2.0
#include <rsx/s3/xml.hpp>

#include <rsx/core/clock.hpp>
#include <rsx/s3/request_bodies.hpp>
#include <rsx/s3/xml_writer.hpp>

#include "example.hpp"

namespace s3 = rsx::s3;
using s3::error_code;

namespace {

error_code refusal(std::string_view text) {
    const auto document = s3::xml_document::parse(text);
    REQUIRE_FALSE(document.has_value());
    return document.error().code;
}

std::string nested(std::size_t depth) {
    std::string out;
    for (std::size_t i = 0; i < depth; ++i) out += "<a>";
    for (std::size_t i = 0; i < depth; ++i) out += "</a>";
    return out;
}

}  // namespace

TEST_CASE("text comes out of XML as it was meant") {
    const auto document = s3::xml_document::parse(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><!-- x --><Root xmlns=\"n\">"
        "<a>&lt;&#65;&#x42;&amp;\r\n</a><b> </b><c><![CDATA[<&>]]></c><d>x<!-- y -->z</d>"
        "<e><f/></e></Root>");
    REQUIRE(document.has_value());
    const auto root = document->root();
    CHECK(root.name() == "Root");
    CHECK(root.children().size() == 5);
    CHECK(root.child_text("a") == "<AB&\n");
    CHECK(root.child_text("b") == " ");
    CHECK(root.child_text("c") == "<&>");
    CHECK(root.child_text("d") == "xz");
    CHECK_FALSE(root.child("e")->text().has_value());
    CHECK(root.child_text("none") == "");
    CHECK_FALSE(root.text().has_value());
}

TEST_CASE("what is dangerous or no XML is refused") {
    for (const std::string_view text : {"",
                                        " ",
                                        "a",
                                        "<a>",
                                        "</a>",
                                        "<a></b>",
                                        "<a/><b/>",
                                        "<a>&b;</a>",
                                        "<a>&</a>",
                                        "<a>&#0;</a>",
                                        "<a>&#xd800;</a>",
                                        "<a>&#x110000;</a>",
                                        "<a>&#;</a>",
                                        "<a>&#xg;</a>",
                                        "<!DOCTYPE a><a/>",
                                        "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
                                        "<a b=\"&c;\"/>",
                                        "<a b=\"<\"/>",
                                        "<a b=\"c/>",
                                        "<a><!-- x</a>",
                                        "<a><![CDATA[x</a>",
                                        "<?xml",
                                        "<a>\xff</a>",
                                        "<![CDATA[x]]><a/>",
                                        "<a",
                                        "<"}) {
        CAPTURE(text);
        CHECK(refusal(text) == error_code::malformed_xml);
    }
    CHECK(refusal(std::string_view{"<a>\0</a>", 8}) == error_code::malformed_xml);
}

TEST_CASE("XML is bounded in depth, elements and size") {
    CHECK(s3::xml_document::parse(nested(rsx::limits::xml_depth_max)).has_value());
    CHECK(refusal(nested(rsx::limits::xml_depth_max + 1)) == error_code::malformed_xml);
    CHECK(refusal(nested(500'000)) == error_code::malformed_xml);
    std::string wide = "<a>";
    for (std::size_t i = 0; i <= s3::xml_elements_max; ++i) wide += "<b/>";
    CHECK(refusal(wide + "</a>") == error_code::malformed_xml);
    CHECK(refusal("<a>" + std::string(rsx::limits::xml_bytes_max, 'x') + "</a>") ==
          error_code::malformed_xml);
}

TEST_CASE("random text never does more than fail") {
    rsx::seeded_entropy random{9};
    constexpr std::string_view pieces[] = {
        "<a>",   "</a>", "<b c='d'>", "</b>", "<a/>",  "&amp;", "&#x9;",
        "<!--",  "-->",  "<![CDATA[", "]]>",  "<?x?>", "text",  "\"",
        "<!DOC", ">",    "<",         "/",    "&",     ";",     "\xc3\xbc"};
    for (int i = 0; i < 50'000; ++i) {
        std::string text = random.below(2) == 0 ? "<Delete>" : "";
        for (auto n = random.below(12); n > 0; --n) text += pieces[random.below(std::size(pieces))];
        if (random.below(2) == 0) text += "</Delete>";
        if (!text.empty() && random.below(4) == 0)
            text[random.below(text.size())] = static_cast<char>(random.below(256));
        const auto document = s3::xml_document::parse(text);
        if (document) CHECK_FALSE(document->root().name().empty());
        (void)s3::parse_delete(text);
    }
}

TEST_CASE("whatever text is written comes back when read") {
    rsx::seeded_entropy random{10};
    for (int i = 0; i < 5'000; ++i) {
        std::string text;
        for (auto n = random.below(20); n > 0; --n) {
            const auto kind = random.below(3);
            text += kind == 0   ? std::string{static_cast<char>(1 + random.below(127))}
                    : kind == 1 ? std::string{"\xc3\xbc"}
                                : std::string{"<&>"};
        }
        s3::xml_writer xml;
        xml.open("a").leaf("b", text);
        const auto document = s3::xml_document::parse(xml.close().take());
        REQUIRE(document.has_value());
        CHECK(document->root().child_text("b") == text);
    }
}

TEST_CASE("CreateBucketConfiguration names a region or nothing") {
    CHECK(s3::parse_create_bucket("")->location == "");
    CHECK(s3::parse_create_bucket(
              "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
              "<LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>")
              ->location == "eu-west-1");
    CHECK(s3::parse_create_bucket("<CreateBucketConfiguration/>")->location == "");
    CHECK(s3::parse_create_bucket("<CreateBucket/>").error().code == error_code::malformed_xml);
    CHECK(s3::parse_create_bucket("<CreateBucketConfiguration><X/></CreateBucketConfiguration>")
              .error()
              .code == error_code::malformed_xml);
    CHECK(s3::parse_create_bucket("<CreateBucketConfiguration><Tags/></CreateBucketConfiguration>")
              .error()
              .code == error_code::not_implemented);
    CHECK(s3::parse_create_bucket("rubbish").error().code == error_code::malformed_xml);
}

TEST_CASE("Delete names one to a thousand keys") {
    const auto wanted = s3::parse_delete(
        "<Delete><Quiet>true</Quiet><Object><Key> a&#x1;</Key></Object>"
        "<Object><Key>b</Key><VersionId>null</VersionId><ETag>\"e\"</ETag><Size>3</Size>"
        "<LastModifiedTime>Fri, 24 May 2013 00:00:00 GMT</LastModifiedTime></Object></Delete>");
    REQUIRE(wanted.has_value());
    CHECK(wanted->quiet);
    REQUIRE(wanted->objects.size() == 2);
    CHECK(wanted->objects[0].key == " a\x01");
    CHECK_FALSE(wanted->objects[0].conditional());
    CHECK(wanted->objects[1].version_id == "null");
    CHECK(wanted->objects[1].tag == "e");
    CHECK(wanted->objects[1].size == 3);
    CHECK(wanted->objects[1].modified_ms == example::now_ms);

    const auto with = [](std::string_view inside) {
        const auto parsed = s3::parse_delete("<Delete>" + std::string{inside} + "</Delete>");
        REQUIRE_FALSE(parsed.has_value());
        return parsed.error().code;
    };
    for (const std::string_view bad :
         {"", "<Quiet>true</Quiet>", "<Object/>", "<Object><Key/></Object>",
          "<Object><Key>a</Key><Key>b</Key></Object>", "<Object><Key>a<b/></Key></Object>",
          "<Object><Key>a</Key><Other/></Object>", "<Key>a</Key>",
          "<Quiet>yes</Quiet><Object><Key>a</Key></Object>",
          "<Object><Key>a</Key><Size>-1</Size></Object>",
          "<Object><Key>a</Key><LastModifiedTime>now</LastModifiedTime></Object>"})
        CHECK(with(bad) == error_code::malformed_xml);
    std::string many;
    for (int i = 0; i < 1'000; ++i) many += "<Object><Key>k</Key></Object>";
    CHECK(s3::parse_delete("<Delete>" + many + "</Delete>")->objects.size() == 1'000);
    CHECK(with(many + "<Object><Key>k</Key></Object>") == error_code::malformed_xml);
    CHECK(s3::parse_delete("<Remove/>").error().code == error_code::malformed_xml);
}

TEST_CASE("CompleteMultipartUpload names up to ten thousand parts in order") {
    const auto part = [](unsigned n, std::string_view more = {}) {
        return "<Part><PartNumber>" + std::to_string(n) +
               "</PartNumber><ETag>\"900150983cd24fb0d6963f7d28e17f72\"</ETag>" +
               std::string{more} + "</Part>";
    };
    const auto parse = [](const std::string& inside) {
        return s3::parse_complete_upload("<CompleteMultipartUpload>" + inside +
                                         "</CompleteMultipartUpload>");
    };
    std::string all;
    for (unsigned n = 1; n <= 10'000; ++n)
        all += part(n, "<ChecksumCRC64NVME>rosUhgp5mIg=</ChecksumCRC64NVME>");
    const auto parsed = parse(all);
    REQUIRE(parsed.has_value());
    CHECK(parsed->parts.size() == 10'000);
    CHECK(parsed->parts[9'999].number == 10'000);
    CHECK(parsed->parts[0].tag == "900150983cd24fb0d6963f7d28e17f72");
    CHECK(parsed->parts[0].sum->base64() == "rosUhgp5mIg=");

    CHECK_FALSE(parse(part(1, "<ChecksumCRC32/><ChecksumSHA1></ChecksumSHA1>"))->parts[0].sum);
    CHECK(parse("").error().code == error_code::malformed_xml);
    CHECK(parse(part(2) + part(1)).error().code == error_code::invalid_part_order);
    CHECK(parse(part(1) + part(1)).error().code == error_code::invalid_part_order);
    CHECK(parse(part(0)).error().code == error_code::malformed_xml);
    CHECK(parse(part(10'001)).error().code == error_code::invalid_argument);
    CHECK(parse(part(1, "<ChecksumCRC32>x</ChecksumCRC32>")).error().code ==
          error_code::malformed_xml);
    CHECK(parse(part(1, "<Size>1</Size>")).error().code == error_code::malformed_xml);
    CHECK(parse("<Part><PartNumber>one</PartNumber><ETag>e</ETag></Part>").error().code ==
          error_code::malformed_xml);
    CHECK(parse("<Part><PartNumber>1</PartNumber></Part>").error().code ==
          error_code::malformed_xml);
    CHECK(parse("<Other/>").error().code == error_code::malformed_xml);
    CHECK(s3::parse_complete_upload("{}").error().code == error_code::malformed_xml);
}

TEST_CASE("what a client writes is what a server reads") {
    s3::delete_request wanted{true, {{" a\x01&", "null"}, {"b"}}};
    wanted.objects[1].tag = "e";
    wanted.objects[1].size = 7;
    wanted.objects[1].modified_ms = example::now_ms;
    const auto read = s3::parse_delete(s3::render(wanted));
    REQUIRE(read.has_value());
    CHECK(read->quiet);
    CHECK(read->objects[0].key == " a\x01&");
    CHECK(read->objects[0].version_id == "null");
    CHECK(read->objects[1].tag == "e");
    CHECK(read->objects[1].size == 7);
    CHECK(read->objects[1].modified_ms == example::now_ms);

    const auto sum = s3::checksum_of(s3::checksum_kind::sha256, rsx::bytes_of("x"));
    const auto parts = s3::parse_complete_upload(
        s3::render(s3::complete_upload_request{{{1, "e1", sum}, {7, "e7", {}}}}));
    REQUIRE(parts.has_value());
    REQUIRE(parts->parts.size() == 2);
    CHECK(parts->parts[0].sum == sum);
    CHECK(parts->parts[1].number == 7);
    CHECK(parts->parts[1].tag == "e7");

    CHECK(s3::parse_create_bucket(s3::render(s3::create_bucket_request{"eu"}))->location == "eu");
    CHECK(s3::render(s3::create_bucket_request{}).empty());
}
