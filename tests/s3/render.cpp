// SPDX-License-Identifier: Apache-2.0
#include <rsx/s3/render.hpp>

#include <rsx/core/clock.hpp>
#include <rsx/s3/client_results.hpp>

#include "example.hpp"

namespace s3 = rsx::s3;

namespace {

const std::string hostile_key = "a b/<&>\"'\xc3\xbc+%\x01\n";
const std::string tag = "900150983cd24fb0d6963f7d28e17f72";

s3::object_entry entry(std::string key) {
    s3::object_entry out{std::move(key)};
    out.modified_ms = example::now_ms + 7;
    out.tag = tag;
    out.size = 5'497'558'138'880;
    return out;
}

template <class Page>
Page filled(bool url_encoded) {
    Page page;
    page.bucket = "photos";
    page.prefix = hostile_key;
    page.delimiter = "/";
    page.max_keys = 2;
    page.truncated = true;
    page.url_encoded = url_encoded;
    page.common_prefixes = {hostile_key + "/", "z/"};
    return page;
}

void same_page(const s3::key_page& a, const s3::key_page& b) {
    CHECK(a.bucket == b.bucket);
    CHECK(a.prefix == b.prefix);
    CHECK(a.delimiter == b.delimiter);
    CHECK(a.max_keys == b.max_keys);
    CHECK(a.truncated == b.truncated);
    CHECK(a.url_encoded == b.url_encoded);
    CHECK(a.common_prefixes == b.common_prefixes);
}

}  // namespace

TEST_CASE("a listing is written as Amazon writes it") {
    s3::list_objects_v2_result page;
    page.bucket = "photos";
    page.contents.push_back(entry("cat.jpg"));
    page.contents[0].sum = {s3::checksum_kind::crc32, s3::checksum_type::full_object};
    CHECK(s3::render(page) ==
          "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
          "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
          "<Name>photos</Name><Prefix/><KeyCount>1</KeyCount><MaxKeys>1000</MaxKeys>"
          "<IsTruncated>false</IsTruncated><Contents><Key>cat.jpg</Key>"
          "<LastModified>2013-05-24T00:00:00.007Z</LastModified>"
          "<ETag>&quot;900150983cd24fb0d6963f7d28e17f72&quot;</ETag>"
          "<ChecksumAlgorithm>CRC32</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>"
          "<Size>5497558138880</Size><StorageClass>STANDARD</StorageClass></Contents>"
          "</ListBucketResult>");
}

TEST_CASE("every listing of keys reads back as it was written, encoded or not") {
    const bool url_encoded = GENERATE(false, true);
    CAPTURE(url_encoded);

    auto v2 = filled<s3::list_objects_v2_result>(url_encoded);
    v2.token = "opaque";
    v2.next_token = "next";
    v2.start_after = hostile_key;
    v2.contents = {entry(hostile_key), entry("b")};
    v2.contents[1].owner = s3::owner{"id", "name"};
    v2.contents[1].sum = {s3::checksum_kind::crc64nvme, s3::checksum_type::full_object};
    const auto v2_back = s3::parse_list_objects_v2(s3::render(v2));
    REQUIRE(v2_back.has_value());
    same_page(*v2_back, v2);
    CHECK(v2_back->contents == v2.contents);
    CHECK(v2_back->token == v2.token);
    CHECK(v2_back->next_token == v2.next_token);
    CHECK(v2_back->start_after == v2.start_after);

    auto v1 = filled<s3::list_objects_result>(url_encoded);
    v1.marker = hostile_key;
    v1.next_marker = hostile_key + "2";
    v1.contents = v2.contents;
    const auto v1_back = s3::parse_list_objects(s3::render(v1));
    REQUIRE(v1_back.has_value());
    same_page(*v1_back, v1);
    CHECK(v1_back->contents == v1.contents);
    CHECK(v1_back->marker == v1.marker);
    CHECK(v1_back->next_marker == v1.next_marker);

    auto versions = filled<s3::list_versions_result>(url_encoded);
    versions.key_marker = hostile_key;
    versions.version_id_marker = "null";
    versions.next_key_marker = "n";
    versions.next_version_id_marker = "v";
    s3::version_entry version;
    static_cast<s3::object_entry&>(version) = entry(hostile_key);
    s3::version_entry marker;
    marker.key = "gone";
    marker.delete_marker = true;
    marker.latest = false;
    marker.version_id = "7";
    versions.versions = {version, marker};
    const auto versions_back = s3::parse_list_versions(s3::render(versions));
    REQUIRE(versions_back.has_value());
    same_page(*versions_back, versions);
    REQUIRE(versions_back->versions.size() == 2);
    CHECK(versions_back->versions[0].key == hostile_key);
    CHECK(versions_back->versions[0].version_id == "null");
    CHECK(versions_back->versions[0].latest);
    CHECK(versions_back->versions[1].delete_marker);
    CHECK(versions_back->versions[1].version_id == "7");
    CHECK(versions_back->next_version_id_marker == "v");

    auto uploads = filled<s3::list_uploads_result>(url_encoded);
    uploads.key_marker = hostile_key;
    uploads.next_upload_id_marker = "u2";
    s3::upload_entry upload{hostile_key, "u1"};
    upload.owner = {"id", "name"};
    upload.initiated_ms = example::now_ms;
    upload.sum = {s3::checksum_kind::sha1, s3::checksum_type::composite};
    uploads.uploads = {upload};
    const auto uploads_back = s3::parse_list_uploads(s3::render(uploads));
    REQUIRE(uploads_back.has_value());
    same_page(*uploads_back, uploads);
    REQUIRE(uploads_back->uploads.size() == 1);
    CHECK(uploads_back->uploads[0].key == hostile_key);
    CHECK(uploads_back->uploads[0].upload_id == "u1");
    CHECK(uploads_back->uploads[0].owner == upload.owner);
    CHECK(uploads_back->uploads[0].sum == upload.sum);
    CHECK(uploads_back->next_upload_id_marker == "u2");
}

TEST_CASE("the other answers read back as they were written") {
    s3::list_buckets_result buckets{{"id", "name"}, {{"photos", example::now_ms, "eu"}}, {}, "t"};
    const auto buckets_back = s3::parse_list_buckets(s3::render(buckets));
    REQUIRE(buckets_back.has_value());
    CHECK(buckets_back->owner == buckets.owner);
    CHECK(buckets_back->buckets == buckets.buckets);
    CHECK(buckets_back->next_token == "t");

    s3::list_parts_result parts;
    parts.bucket = "photos";
    parts.key = hostile_key;
    parts.upload_id = "u";
    parts.owner = {"id", "name"};
    parts.next_marker = 3;
    parts.truncated = true;
    const auto sum = s3::checksum_of(s3::checksum_kind::crc32c, rsx::bytes_of("x"));
    parts.parts.push_back({3, example::now_ms, tag, 17, sum});
    const auto parts_back = s3::parse_list_parts(s3::render(parts));
    REQUIRE(parts_back.has_value());
    CHECK(parts_back->key == hostile_key);
    CHECK(parts_back->next_marker == 3);
    CHECK(parts_back->truncated);
    REQUIRE(parts_back->parts.size() == 1);
    CHECK(parts_back->parts[0].number == 3);
    CHECK(parts_back->parts[0].size == 17);
    CHECK(parts_back->parts[0].sum == sum);

    const auto made = s3::parse_initiate_upload(
        s3::render(s3::initiate_upload_result{"photos", hostile_key, "u"}));
    CHECK(made->key == hostile_key);
    CHECK(made->upload_id == "u");

    const auto complete = s3::parse_complete_upload_result(
        s3::render(s3::complete_upload_result{"http://h/b/k", "b", "k", tag + "-2", sum}));
    CHECK(complete->tag == tag + "-2");
    CHECK(complete->sum == sum);
    CHECK(complete->location == "http://h/b/k");

    const auto copy =
        s3::parse_copy_result(s3::render(s3::copy_object_result{tag, example::now_ms, sum}));
    CHECK(copy->tag == tag);
    CHECK(copy->modified_ms == example::now_ms);
    CHECK(s3::parse_copy_result(s3::render(s3::copy_part_result{tag, 0, {}}))->tag == tag);

    const s3::delete_result done{{{hostile_key, "null", true, "7"}},
                                 {{"b", "", "AccessDenied", "Access Denied"}}};
    const auto done_back = s3::parse_delete_result(s3::render(done));
    REQUIRE(done_back.has_value());
    CHECK(done_back->deleted[0].key == hostile_key);
    CHECK(done_back->deleted[0].delete_marker);
    CHECK(done_back->deleted[0].delete_marker_version_id == "7");
    CHECK(done_back->errors[0].code == "AccessDenied");

    CHECK(s3::render(s3::bucket_location{"us-east-1"}).ends_with("/\"></LocationConstraint>"));
    CHECK(s3::render(s3::bucket_location{"eu"}).ends_with(">eu</LocationConstraint>"));
}

TEST_CASE("an error says its code, its place and its request") {
    const s3::error refused{s3::error_code::no_such_key};
    CHECK(s3::status_of(refused.code) == 404);
    const auto xml = s3::render_error(refused, {.bucket = "photos",
                                                .key = "cat<1>",
                                                .resource = "/photos/cat%3C1%3E",
                                                .request_id = "R",
                                                .host_id = "H"});
    CHECK(xml ==
          "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
          "<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message>"
          "<Key>cat&lt;1&gt;</Key><Resource>/photos/cat%3C1%3E</Resource>"
          "<RequestId>R</RequestId><HostId>H</HostId></Error>");
    const auto told = s3::parse_error(xml);
    CHECK(told.code == "NoSuchKey");
    CHECK(told.request_id == "R");
    CHECK(s3::error_code_named(told.code) == refused.code);
    CHECK(s3::parse_error("<html>502</html>").message == "<html>502</html>");
    CHECK(s3::parse_error("not xml").code == "");

    const auto no_bucket = s3::render_error({s3::error_code::no_such_bucket}, {.bucket = "photos"});
    CHECK(no_bucket.find("<BucketName>photos</BucketName>") != std::string::npos);
}

TEST_CASE("an error that quotes a stranger's bytes is still XML") {
    s3::error refused{s3::error_code::invalid_argument, "\xff\x01<"};
    refused.with("ArgumentValue", "\xc3").with("ArgumentName", "\xc3\xbc");
    const auto xml = s3::render_error(refused, {.resource = "/\x80"});
    const auto document = s3::xml_document::parse(xml);
    REQUIRE(document.has_value());
    CHECK(document->root().child_text("Message") == "?\x01<");
    CHECK(document->root().child_text("ArgumentValue") == "?");
    CHECK(document->root().child_text("ArgumentName") == "\xc3\xbc");
    CHECK(document->root().child_text("Resource") == "/?");
}

TEST_CASE("a completion that failed after its 200 is an error") {
    const auto body = s3::render_error({s3::error_code::internal_error, "disk"}, {});
    const auto made = s3::parse_complete_upload_result(body);
    REQUIRE_FALSE(made.has_value());
    CHECK(made.error().code == s3::error_code::internal_error);
    CHECK(made.error().message == "disk");
    CHECK(s3::parse_copy_result(body).error().code == s3::error_code::internal_error);
    CHECK(s3::parse_complete_upload_result("?").error().code == s3::error_code::malformed_xml);
}

TEST_CASE("answers that are other documents are refused") {
    const auto other = s3::render(s3::bucket_location{"eu"});
    for (const std::string& body : {other, std::string{}, std::string{"<"}}) {
        CHECK_FALSE(s3::parse_list_buckets(body).has_value());
        CHECK_FALSE(s3::parse_list_objects(body).has_value());
        CHECK_FALSE(s3::parse_list_objects_v2(body).has_value());
        CHECK_FALSE(s3::parse_list_versions(body).has_value());
        CHECK_FALSE(s3::parse_list_uploads(body).has_value());
        CHECK_FALSE(s3::parse_list_parts(body).has_value());
        CHECK_FALSE(s3::parse_initiate_upload(body).has_value());
        CHECK_FALSE(s3::parse_delete_result(body).has_value());
    }
}

TEST_CASE("every error of the engine has an answer") {
    using rsx::errc;
    using s3::error_code;
    const auto code = [](errc e) { return s3::error_of(rsx::error{e, "why"}).code; };
    CHECK(code(errc::not_found) == error_code::no_such_key);
    CHECK(code(errc::conflict) == error_code::operation_aborted);
    CHECK(code(errc::corrupt) == error_code::internal_error);
    CHECK(code(errc::too_few_shards) == error_code::service_unavailable);
    CHECK(code(errc::timed_out) == error_code::service_unavailable);
    CHECK(code(errc::full) == error_code::service_unavailable);
    CHECK(code(errc::limit) == error_code::slow_down);
    CHECK(code(errc::unsupported) == error_code::not_implemented);
    CHECK(s3::error_of(rsx::error{errc::invalid, "why"}).text() == "why");
}

TEST_CASE("codes have names of their own and statuses of HTTP") {
    for (const auto& a : s3::error_table) {
        CHECK(a.status >= 400);
        CHECK(a.status < 600);
        CHECK_FALSE(a.message.empty());
        CHECK(s3::error_code_named(a.name) == a.code);
    }
    CHECK_FALSE(s3::error_code_named("NoSuchThing").has_value());
}
