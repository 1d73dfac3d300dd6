// SPDX-License-Identifier: Apache-2.0

// put, get, ls, rm, mb, rb: against a server that says what the test wants, and against rsxd.
#include "catch.hpp"
#include "run.hpp"
#include "scripted_server.hpp"

#include <rsx/s3/checksum.hpp>

#include <chrono>
#include <thread>

namespace fs = std::filesystem;
namespace s3 = rsx::s3;

namespace {

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

std::string error_text(const std::string& code) {
    return "<?xml version=\"1.0\"?><Error><Code>" + code + "</Code><Message>So it is.</Message>" +
           "<RequestId>R1</RequestId></Error>";
}

struct scripted {
    workbench bench{};
    scripted_server server{};
    scripted() { bench.environment["RSX_ENDPOINT"] = server.endpoint(); }
};

std::string crc_field(const std::string& bytes) {
    const auto sum = s3::checksum_of(s3::checksum_kind::crc64nvme, rsx::bytes_of(bytes));
    return std::string{sum.header()} + ": " + sum.base64() + "\r\n";
}

}  // namespace

TEST_CASE("a busy server is asked again, so often and no more") {
    scripted at;
    SECTION("until it has time") {
        at.server.answer(503, error_text("SlowDown"));
        at.server.answer(503, error_text("SlowDown"));
        at.server.answer(200);
        CHECK(at.bench.rsx({"mb", "s3://photos"}).code == 0);
        CHECK(at.server.requests().size() == 3);
    }
    SECTION("a connection that ends without an answer is tried again") {
        at.server.answer_raw("");
        at.server.answer(200);
        CHECK(at.bench.rsx({"mb", "s3://photos"}).code == 0);
    }
    SECTION("or until the budget is spent") {
        at.server.answer(503, error_text("SlowDown"));
        const ran busy = at.bench.rsx({"mb", "s3://photos"});
        CHECK(busy.code == 6);
        CHECK(has(busy.err, "SlowDown"));
        CHECK(at.server.requests().size() <= 6);
    }
    SECTION("what is refused is not asked again") {
        at.server.answer(403, error_text("AccessDenied"));
        const ran no = at.bench.rsx({"mb", "s3://photos"});
        CHECK(no.code == 5);
        CHECK(has(no.err, "s3://photos"));
        CHECK(has(no.err, at.server.endpoint()));
        CHECK(has(no.err, "AccessDenied"));
        CHECK(has(no.err, "R1"));
        CHECK(at.server.requests().size() == 1);
    }
}

TEST_CASE("a server that is not there is unavailable") {
    workbench bench;
    bench.environment["RSX_ENDPOINT"] = "http://127.0.0.1:" + std::to_string(free_port());
    const ran away = bench.rsx({"ls"});
    CHECK(away.code == 6);
    CHECK(has(away.err, "RSX_ENDPOINT"));
}

TEST_CASE("a download is compared with its checksum before it gets its name") {
    scripted at;
    SECTION("bytes that are not those of the checksum") {
        at.server.answer(200, "other bytes", crc_field("right bytes"));
        const ran wrong = at.bench.rsx({"get", "s3://b/key", at.bench.file("g")});
        CHECK(wrong.code == 4);
        CHECK(at.bench.names("").empty());
    }
    SECTION("bytes that are not those of the ETag") {
        at.server.answer(200, "other bytes", "ETag: \"9e107d9d372bb6826bd81d3542a419d6\"\r\n");
        CHECK(at.bench.rsx({"get", "s3://b/key", at.bench.file("g")}).code == 4);
        CHECK(at.bench.names("").empty());
    }
    SECTION("right ones") {
        at.server.answer(200, "right bytes", crc_field("right bytes"));
        CHECK(at.bench.rsx({"get", "s3://b/folder/key", at.bench.file("")}).code == 0);
        CHECK(at.bench.read("key") == "right bytes");
        CHECK(at.server.requests().at(0).has("x-amz-checksum-mode: enabled"));
    }
    SECTION("a file that is there stays") {
        at.bench.write("g", "precious");
        CHECK(at.bench.rsx({"get", "s3://b/key", at.bench.file("g")}).code == 1);
        CHECK(at.bench.read("g") == "precious");
        CHECK(at.server.requests().empty());
    }
    SECTION("an object that is not there leaves nothing") {
        at.server.answer(404, error_text("NoSuchKey"));
        CHECK(at.bench.rsx({"get", "s3://b/key", at.bench.file("g")}).code == 3);
        CHECK(at.bench.names("").empty());
    }
}

TEST_CASE("a download that breaks goes on where it broke, if the object is the same") {
    scripted at;
    const std::string bytes = "0123456789";
    at.server.answer_raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\nETag: \"tag\"\r\n" +
                         crc_field(bytes) + "\r\n0123");
    SECTION("it is") {
        at.server.answer(206, "456789", "ETag: \"tag\"\r\n");
        const ran whole = at.bench.rsx({"get", "s3://b/key", at.bench.file("g")});
        INFO(whole.err);
        CHECK(whole.code == 0);
        CHECK(at.bench.read("g") == bytes);
        const auto asked = at.server.requests();
        REQUIRE(asked.size() == 2);
        CHECK(asked[1].has("range: bytes=4-"));
        CHECK(asked[1].has("if-match: \"tag\""));
    }
    SECTION("it is not") {
        at.server.answer(412, error_text("PreconditionFailed"));
        const ran changed = at.bench.rsx({"get", "s3://b/key", at.bench.file("g")});
        CHECK(changed.code == 1);
        CHECK(has(changed.err, "changed"));
        CHECK(at.bench.names("").empty());
    }
}

TEST_CASE("an upload says its checksum and signs its bytes") {
    scripted at;
    at.bench.write("f", "hello");
    at.server.answer(200, "", "ETag: \"x\"\r\n");
    CHECK(at.bench.rsx({"put", at.bench.file("f"), "s3://b/a b/", "-q"}).code == 0);
    const auto asked = at.server.requests().at(0);
    CHECK(asked.line == "PUT /b/a%20b/f HTTP/1.1");
    CHECK(asked.has("x-amz-checksum-crc64nvme: "));
    CHECK(
        asked.has("x-amz-content-sha256: "
                  "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"));
    CHECK(asked.has("authorization: aws4-hmac-sha256 credential=rsxdev/"));
    CHECK(asked.body == "hello");
}

TEST_CASE("a multipart upload that fails is taken back") {
    scripted at;
    at.bench.write("f", some_bytes(12'000'000, 1));
    at.server.answer(200,
                     "<InitiateMultipartUploadResult><UploadId>U1</UploadId>"
                     "</InitiateMultipartUploadResult>");
    at.server.answer(400, error_text("BadDigest"));
    const ran failed = at.bench.rsx(
        {"put", at.bench.file("f"), "s3://b/f", "--part-size", "5MiB", "--parallel", "1"});
    CHECK(failed.code == 1);
    CHECK(has(failed.err, "BadDigest"));
    const auto asked = at.server.requests();
    CHECK(asked.at(0).line == "POST /b/f?uploads= HTTP/1.1");
    CHECK(asked.at(1).line == "PUT /b/f?partNumber=1&uploadId=U1 HTTP/1.1");
    CHECK(asked.back().line == "DELETE /b/f?uploadId=U1 HTTP/1.1");
}

TEST_CASE("a listing goes on page after page, and keys cannot move the cursor") {
    scripted at;
    const std::string begin = "<ListBucketResult><EncodingType>url</EncodingType>";
    at.server.answer(200, begin +
                              "<IsTruncated>true</IsTruncated><NextContinuationToken>T1"
                              "</NextContinuationToken><Contents><Key>a%0Ab</Key><Size>1536</Size>"
                              "<LastModified>2024-05-06T07:08:09.000Z</LastModified></Contents>"
                              "</ListBucketResult>");
    at.server.answer(200, begin +
                              "<IsTruncated>false</IsTruncated><CommonPrefixes><Prefix>c/</Prefix>"
                              "</CommonPrefixes></ListBucketResult>");
    const ran listed = at.bench.rsx({"ls", "s3://b", "--human"});
    CHECK(listed.code == 0);
    CHECK(listed.out ==
          "2024-05-06 07:08:09       1.5 KiB  a\\x0ab\n"
          "                           folder  c/\n"
          "2 entries, 1.5 KiB\n");
    CHECK(has(at.server.requests().at(1).line, "continuation-token=T1"));
}

TEST_CASE("removing a/file recursively never takes a/file2 with it") {
    scripted at;
    at.server.answer(200,
                     "<ListBucketResult><IsTruncated>false</IsTruncated>"
                     "<Contents><Key>a/file</Key></Contents>"
                     "<Contents><Key>a/file.bak</Key></Contents>"
                     "<Contents><Key>a/file/x&amp;y</Key></Contents>"
                     "<Contents><Key>a/file2</Key></Contents></ListBucketResult>");
    at.server.answer(200, "<DeleteResult/>");
    const ran gone = at.bench.rsx({"rm", "-r", "s3://b/a/file"});
    CHECK(gone.code == 0);
    const auto asked = at.server.requests();
    REQUIRE(asked.size() == 2);
    CHECK(has(asked[1].body, "<Key>a/file</Key>"));
    CHECK(has(asked[1].body, "<Key>a/file/x&amp;y</Key>"));
    CHECK_FALSE(has(asked[1].body, "file2"));
    CHECK_FALSE(has(asked[1].body, "bak"));
    CHECK(gone.out == "s3://b/a/file\ns3://b/a/file/x&y\n");
}

TEST_CASE("keys a server would not delete are an error that names the first") {
    scripted at;
    at.server.answer(200,
                     "<ListBucketResult><IsTruncated>false</IsTruncated>"
                     "<Contents><Key>a</Key></Contents></ListBucketResult>");
    at.server.answer(200,
                     "<DeleteResult><Error><Key>a</Key><Code>AccessDenied</Code>"
                     "<Message>no</Message></Error></DeleteResult>");
    const ran kept = at.bench.rsx({"rm", "-r", "s3://b"});
    CHECK(kept.code == 1);
    CHECK(has(kept.err, "s3://b/a: AccessDenied"));
}

#ifdef RSXD_PROGRAM
TEST_CASE("files of any size go to rsxd and come back") {
    workbench bench;
    const auto port = std::to_string(free_port());
    const background server{{RSXD_PROGRAM, "dev", "--dir", bench.file("data"), "--port", port},
                            bench.file("log")};
    bench.environment["RSX_ENDPOINT"] = "http://127.0.0.1:" + port;
    for (int i = 0; i < 100 && bench.rsx({"ls"}).code != 0; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds{100});
    REQUIRE(bench.rsx({"mb", "s3://films"}).code == 0);
    CHECK(bench.rsx({"ls", "s3://nobody"}).code == 3);
    CHECK(bench.rsx({"get", "s3://films/none", bench.file("g")}).code == 3);
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{1} << 20,
                                   std::size_t{16} << 20, (std::size_t{40} << 20) + 7}) {
        CAPTURE(size);
        const std::string bytes = some_bytes(size, size);
        bench.write("f", bytes);
        const ran stored = bench.rsx({"put", bench.file("f"), "s3://films/a/f", "-q"});
        INFO(stored.err);
        CHECK(stored.code == 0);
        CHECK(bench.rsx({"get", "s3://films/a/f", bench.file("g"), "--force", "-q"}).code == 0);
        CHECK(bench.read("g") == bytes);
        CHECK(
            bench.rsx({"put", "-", "s3://films/pipe", "--checksum", "crc32c", "-q"}, bytes).code ==
            0);
        CHECK(bench.rsx({"get", "s3://films/pipe", "-", "-q"}).out == bytes);
    }
    bench.write("f", "x");
    for (const char* key : {"a/file", "a/file2", "ü/ö", "plus+and%20", " "})
        CHECK(bench.rsx({"put", bench.file("f"), std::string{"s3://films/"} + key, "-q"}).code ==
              0);
    const ran listed = bench.rsx({"ls", "-r", "s3://films", "--page-size", "2"});
    CHECK(std::count(listed.out.begin(), listed.out.end(), '\n') == 7);
    CHECK(has(listed.out, "plus+and%20"));
    CHECK(bench.rsx({"rm", "-r", "s3://films/a/file", "-q"}).code == 0);
    CHECK(has(bench.rsx({"ls", "-r", "s3://films"}).out, "a/file2"));
    CHECK(bench.rsx({"rb", "s3://films"}).code == 1);
    CHECK(bench.rsx({"rb", "--force", "s3://films", "-q"}).code == 0);
    CHECK(bench.rsx({"ls"}).out.empty());

    bench.environment["RSX_ACCESS_KEY"] = "rsxdev";
    bench.environment["RSX_SECRET_KEY"] = "wrong";
    CHECK(bench.rsx({"ls"}).code == 5);
}
#endif
