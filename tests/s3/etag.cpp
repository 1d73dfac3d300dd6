// SPDX-License-Identifier: Apache-2.0
#include <rsx/s3/etag.hpp>

#include "example.hpp"

namespace s3 = rsx::s3;

TEST_CASE("the tag of an object is the MD5 of its bytes") {
    const s3::etag tag{rsx::digest::md5_of(rsx::bytes_of("abc"))};
    CHECK(tag.text() == "900150983cd24fb0d6963f7d28e17f72");
    CHECK(tag.quoted() == "\"900150983cd24fb0d6963f7d28e17f72\"");
}

TEST_CASE("the tag of parts is the MD5 of their MD5s and their count") {
    const s3::etag a{rsx::digest::md5_of(rsx::bytes_of("a"))};
    const s3::etag b{rsx::digest::md5_of(rsx::bytes_of("b"))};
    const s3::etag parts[] = {a, b};
    // md5(0cc175b9c0f1b6a831c399e269772661 92eb5ffee6ae2fec3ad71c777531578f)
    CHECK(s3::etag_of_parts(parts).text() == "96e024ba2074fe77e8e965ba43a704be-2");
}

TEST_CASE("a tag reads back from every spelling clients use") {
    const s3::etag tag{rsx::digest::md5_of(rsx::bytes_of("abc"))};
    for (const std::string_view text :
         {"900150983cd24fb0d6963f7d28e17f72", "\"900150983cd24fb0d6963f7d28e17f72\"",
          "900150983CD24FB0D6963F7D28E17F72", " \"900150983cd24fb0d6963f7d28e17f72\" "})
        CHECK(s3::parse_etag(text) == tag);
    const auto parts = s3::parse_etag("\"900150983cd24fb0d6963f7d28e17f72-10000\"");
    REQUIRE(parts.has_value());
    CHECK(parts->parts == 10'000);
    for (const std::string_view text :
         {"", "\"\"", "\"", "abc", "900150983cd24fb0d6963f7d28e17f7",
          "900150983cd24fb0d6963f7d28e17f721", "900150983cd24fb0d6963f7d28e17f72-",
          "900150983cd24fb0d6963f7d28e17f72-0", "900150983cd24fb0d6963f7d28e17f72-10001",
          "900150983cd24fb0d6963f7d28e17f72--1", "g00150983cd24fb0d6963f7d28e17f72"}) {
        CAPTURE(text);
        CHECK_FALSE(s3::parse_etag(text).has_value());
    }
}
