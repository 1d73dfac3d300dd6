// SPDX-License-Identifier: Apache-2.0
#include <rsx/s3/address.hpp>

#include <rsx/s3/copy_source.hpp>

#include "example.hpp"

namespace s3 = rsx::s3;

TEST_CASE("path-style addresses take the first segment as the bucket") {
    const auto at = [](std::string_view path) { return s3::locate("localhost:9000", path, {}); };
    CHECK(at("/") == s3::address{"", ""});
    CHECK(at("/photos") == s3::address{"photos", ""});
    CHECK(at("/photos/") == s3::address{"photos", ""});
    CHECK(at("/photos/a/b") == s3::address{"photos", "a/b"});
    CHECK(at("/photos//a/../b/") == s3::address{"photos", "/a/../b/"});
    CHECK(at("/photos/a%2Fb%20c+d") == s3::address{"photos", "a/b c+d"});
    CHECK(at("//key").error().code == s3::error_code::invalid_bucket_name);
    CHECK(at("/a/%").error().code == s3::error_code::invalid_uri);
    CHECK(at("").error().code == s3::error_code::invalid_uri);
}

TEST_CASE("virtual-host addresses take the bucket from the host") {
    const std::vector<std::string> domains{"s3.example.com", "localhost"};
    const auto at = [&](std::string_view host, std::string_view path) {
        return s3::locate(host, path, domains);
    };
    CHECK(at("photos.s3.example.com", "/a/b") == s3::address{"photos", "a/b"});
    CHECK(at("photos.s3.example.com:9000", "/") == s3::address{"photos", ""});
    CHECK(at("PHOTOS.S3.Example.com", "/a") == s3::address{"photos", "a"});
    CHECK(at("my.photos.s3.example.com", "/a") == s3::address{"my.photos", "a"});
    CHECK(at("photos.localhost:9000", "//a") == s3::address{"photos", "/a"});
    CHECK(at("s3.example.com", "/photos/a") == s3::address{"photos", "a"});
    CHECK(at("xs3.example.com", "/photos/a") == s3::address{"photos", "a"});
    CHECK(at(".s3.example.com", "/photos/a") == s3::address{"photos", "a"});
    CHECK(at("[::1]:9000", "/photos/a") == s3::address{"photos", "a"});
    CHECK(at("127.0.0.1", "/photos/a") == s3::address{"photos", "a"});
}

TEST_CASE("bucket names follow Amazon's rules") {
    for (const std::string_view good : {"abc", "my-bucket", "my.bucket.1", "1bucket", "a-b.c-d",
                                        "a--b", "192.168.5", "1.2.3.4.5", "1.2.3.a"})
        CHECK(s3::is_bucket_name(good));
    CHECK(s3::is_bucket_name(std::string(63, 'a')));
    CHECK_FALSE(s3::is_bucket_name(std::string(64, 'a')));
    for (const std::string_view bad : {"",
                                       "ab",
                                       "Abc",
                                       "my_bucket",
                                       "-abc",
                                       "abc-",
                                       ".abc",
                                       "abc.",
                                       "a..b",
                                       "a.-b",
                                       "a-.b",
                                       "192.168.5.4",
                                       "xn--abc",
                                       "sthree-x",
                                       "abc-s3alias",
                                       "abc--ol-s3",
                                       "abc.mrap",
                                       "abc--x-s3",
                                       "b\xc3\xbc"
                                       "cher",
                                       "a b",
                                       "a/b",
                                       "_"}) {
        CAPTURE(bad);
        CHECK_FALSE(s3::is_bucket_name(bad));
        CHECK(s3::check_bucket_name(bad).error().code == s3::error_code::invalid_bucket_name);
    }
}

TEST_CASE("keys are one to 1024 bytes of UTF-8") {
    CHECK(s3::check_key(std::string(1'024, 'k')).has_value());
    CHECK(s3::check_key("../../etc/passwd").has_value());
    CHECK(s3::check_key("\x01\n \xf0\x9f\x98\x80").has_value());
    CHECK(s3::check_key(std::string(1'025, 'k')).error().code == s3::error_code::key_too_long);
    for (const std::string_view bad : {"", "\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80",
                                       "\xf4\x90\x80\x80", "\xe0\x80\x80", "\x80"})
        CHECK(s3::check_key(bad).error().code == s3::error_code::invalid_uri);
}

TEST_CASE("the source of a copy is a bucket, a key and perhaps a version") {
    CHECK(s3::parse_copy_source("/photos/a%20b/c+d.jpg?versionId=3%2F") ==
          s3::copy_source{"photos", "a b/c+d.jpg", "3%2F"});
    CHECK(s3::parse_copy_source("photos/a") == s3::copy_source{"photos", "a", ""});
    CHECK(s3::parse_copy_source("photos%2Fa") == s3::copy_source{"photos", "a", ""});
    CHECK(s3::parse_copy_source("photos/a%3FversionId=1") ==
          s3::copy_source{"photos", "a?versionId=1", ""});
    for (const std::string_view bad :
         {"", "/", "photos", "photos/", "/photos/", "B/a", "photos/%zz", "photos/%ff"})
        CHECK(s3::parse_copy_source(bad).error().code == s3::error_code::invalid_argument);
    CHECK_FALSE(s3::parse_copy_source("photos/" + std::string(1'025, 'k')).has_value());
}
