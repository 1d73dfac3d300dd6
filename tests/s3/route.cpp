// SPDX-License-Identifier: Apache-2.0
#include <rsx/s3/request.hpp>

#include "example.hpp"

namespace s3 = rsx::s3;
using s3::operation;

namespace {

s3::result<operation> asked(std::string method, std::string target, s3::header_list headers = {}) {
    headers.add("Host", "localhost");
    auto request = s3::parse_request({std::move(method), std::move(target), std::move(headers)});
    if (!request) return std::unexpected(request.error());
    return request->op;
}

s3::error_code refusal(std::string method, std::string target) {
    const auto op = asked(std::move(method), std::move(target));
    REQUIRE_FALSE(op.has_value());
    return op.error().code;
}

}  // namespace

TEST_CASE("a request means the operation Amazon says it means") {
    CHECK(asked("GET", "/") == operation::list_buckets);
    CHECK(asked("GET", "/?x-id=ListBuckets") == operation::list_buckets);
    CHECK(asked("PUT", "/bucket") == operation::create_bucket);
    CHECK(asked("HEAD", "/bucket/") == operation::head_bucket);
    CHECK(asked("DELETE", "/bucket") == operation::delete_bucket);
    CHECK(asked("GET", "/bucket") == operation::list_objects);
    CHECK(asked("GET", "/bucket?list-type=1") == operation::list_objects);
    CHECK(asked("GET", "/bucket?prefix=a&list-type=2&fetch-owner=true") ==
          operation::list_objects_v2);
    CHECK(asked("GET", "/bucket?versions&prefix=a") == operation::list_object_versions);
    CHECK(asked("GET", "/bucket?uploads=") == operation::list_multipart_uploads);
    CHECK(asked("GET", "/bucket?location") == operation::get_bucket_location);
    CHECK(asked("GET", "/bucket?analytics&id=1") == operation::get_bucket_analytics);
    CHECK(asked("GET", "/bucket?analytics") == operation::list_bucket_analytics);
    CHECK(asked("POST", "/bucket?delete") == operation::delete_objects);
    CHECK(asked("POST", "/bucket") == operation::post_object);

    CHECK(asked("GET", "/bucket/a") == operation::get_object);
    CHECK(asked("GET", "/bucket/a?partNumber=1&versionId=2") == operation::get_object);
    CHECK(asked("HEAD", "/bucket/a?partNumber=1") == operation::head_object);
    CHECK(asked("GET", "/bucket/a?response-content-type=x") == operation::get_object);
    CHECK(asked("PUT", "/bucket/a") == operation::put_object);
    CHECK(asked("PUT", "/bucket/a", {{"X-Amz-Copy-Source", "/b/c"}}) == operation::copy_object);
    CHECK(asked("PUT", "/bucket/a?uploadId=u&partNumber=1") == operation::upload_part);
    CHECK(asked("PUT", "/bucket/a?partNumber=1&uploadId=u", {{"x-amz-copy-source", "/b/c"}}) ==
          operation::upload_part_copy);
    CHECK(asked("POST", "/bucket/a?uploads") == operation::create_multipart_upload);
    CHECK(asked("POST", "/bucket/a?uploadId=u") == operation::complete_multipart_upload);
    CHECK(asked("DELETE", "/bucket/a?uploadId=u") == operation::abort_multipart_upload);
    CHECK(asked("DELETE", "/bucket/a?versionId=null") == operation::delete_object);
    CHECK(asked("GET", "/bucket/a?uploadId=u") == operation::list_parts);
    CHECK(asked("PUT", "/bucket/a?tagging") == operation::put_object_tagging);
    CHECK(asked("POST", "/bucket/a?select&select-type=2") == operation::select_object_content);
}

TEST_CASE("what cannot be meant is not guessed") {
    using s3::error_code;
    CHECK(refusal("PUT", "/") == error_code::method_not_allowed);
    CHECK(refusal("PATCH", "/bucket/a") == error_code::method_not_allowed);
    CHECK(refusal("get", "/bucket/a") == error_code::method_not_allowed);
    CHECK(refusal("POST", "/bucket/a") == error_code::method_not_allowed);
    CHECK(refusal("PUT", "/bucket/a?cors") == error_code::method_not_allowed);
    CHECK(refusal("PUT", "/bucket/a?uploads") == error_code::method_not_allowed);
    CHECK(refusal("PUT", "/bucket/a?uploadId=u") == error_code::method_not_allowed);
    CHECK(refusal("DELETE", "/bucket?acl") == error_code::method_not_allowed);
    CHECK(refusal("GET", "/bucket/a?acl&tagging") == error_code::method_not_allowed);
    CHECK(refusal("GET", "/Bucket_/a") == error_code::invalid_bucket_name);
    CHECK(refusal("GET", "/bucket/" + std::string(1'025, 'a')) == error_code::key_too_long);
    CHECK(refusal("GET", "/bucket/%ff") == error_code::invalid_uri);
    CHECK(refusal("GET", "/bucket/a?b=%") == error_code::invalid_uri);
    CHECK(refusal("GET", "/bucket/%") == error_code::invalid_uri);
    CHECK(refusal("OPTIONS", "*") == error_code::invalid_uri);
}

TEST_CASE("every operation has a name, a row of its own and a request that means it") {
    std::vector<std::string_view> names;
    for (const auto& row : s3::routes) {
        CAPTURE(row.name);
        CHECK(s3::name_of(row.op) == row.name);
        CHECK(std::find(names.begin(), names.end(), row.name) == names.end());
        names.push_back(row.name);
        std::string target = row.scope == s3::scope::service  ? "/"
                             : row.scope == s3::scope::bucket ? "/bucket"
                                                              : "/bucket/key";
        char mark = '?';
        for (const auto need : {row.needs, row.needs_too}) {
            if (need.empty()) continue;
            target += mark + std::string{need};
            mark = '&';
        }
        s3::header_list headers;
        if (!row.needs_header.empty()) headers.add(std::string{row.needs_header}, "/b/c");
        CHECK(asked(std::string{row.method}, target, headers) == row.op);
    }
    CHECK(names.size() > 100);
}

TEST_CASE("every operation of everyday work is implemented, and what is not says so") {
    using enum operation;
    for (const auto op : {list_buckets,
                          create_bucket,
                          head_bucket,
                          delete_bucket,
                          list_objects,
                          list_objects_v2,
                          list_object_versions,
                          delete_objects,
                          put_object,
                          get_object,
                          head_object,
                          delete_object,
                          copy_object,
                          create_multipart_upload,
                          upload_part,
                          upload_part_copy,
                          list_parts,
                          list_multipart_uploads,
                          complete_multipart_upload,
                          abort_multipart_upload})
        CHECK(s3::facts_of(op).implemented);
    CHECK_FALSE(s3::facts_of(get_object_torrent).implemented);
}
