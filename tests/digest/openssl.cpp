// SPDX-License-Identifier: Apache-2.0
#include <rsx/digest/openssl.hpp>

#include "catch.hpp"

#include <string>
#include <vector>

namespace digest = rsx::digest;
using rsx::bytes_of;
using rsx::hex;

TEST_CASE("MD5, SHA-1 and SHA-256 of \"abc\" are those of their standards") {
    const auto abc = bytes_of("abc");
    CHECK(hex(digest::md5_of(abc)) == "900150983cd24fb0d6963f7d28e17f72");
    CHECK(hex(digest::sha1_of(abc)) == "a9993e364706816aba3e25717850c26c9cd0d89d");
    CHECK(hex(digest::sha256_of(abc)) ==
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(hex(digest::sha256_of({})) ==
          "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEMPLATE_TEST_CASE("a digest in pieces is the digest in one, and begins anew when read", "",
                   digest::md5, digest::sha1, digest::sha256) {
    TestType sum;
    sum.update(bytes_of("a"));
    sum.update({});
    sum.update(bytes_of("bc"));
    const auto first = sum.finish();
    sum.update(bytes_of("abc"));
    CHECK(sum.finish() == first);
    TestType moved = std::move(sum);
    moved.update(bytes_of("abc"));
    CHECK(moved.finish() == first);
}

TEST_CASE("HMAC-SHA-256 gives the values of RFC 4231") {
    const std::vector<std::byte> key(20, std::byte{0x0b});
    CHECK(hex(digest::hmac_sha256(key, bytes_of("Hi There"))) ==
          "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    CHECK(hex(digest::hmac_sha256(bytes_of("Jefe"), bytes_of("what do ya want for nothing?"))) ==
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    const std::vector<std::byte> long_key(131, std::byte{0xaa});
    CHECK(hex(digest::hmac_sha256(
              long_key, bytes_of("Test Using Larger Than Block-Size Key - Hash Key First"))) ==
          "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}
