# SPDX-License-Identifier: Apache-2.0
"""Wrong and hostile input: each its right error, nothing stored, and the server still there."""

import base64
import datetime
import hashlib
import os
import re
import socket
import subprocess
import tempfile
import unittest

import processes
import s3
from processes import Dev


def code_of(body):
    found = re.search(rb"<Code>([^<]*)</Code>", body)
    return found.group(1).decode() if found else None


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dev = Dev()
        cls.dev.start()
        cls.s3 = cls.dev.s3
        assert cls.s3.make_bucket("hostile")[0] == 200
        cls.before = cls.dev.process.resident_bytes()

    @classmethod
    def tearDownClass(cls):
        code = cls.dev.stop()
        cls.dev.folder.cleanup()
        assert code == 0, f"rsxd ended with {code}"

    def refused(self, wanted_status, wanted_code, *arguments, **more):
        status, headers, body = self.s3.request(*arguments, **more)
        self.assertEqual((status, code_of(body)), (wanted_status, wanted_code), body[:400])
        self.assertTrue(headers.get("x-amz-request-id"))

    def absent(self, key):
        self.assertEqual(self.s3.get("hostile", key)[0], 404)

    def raw(self, data, seconds=5):
        """What the server answers to these very bytes, until it closes or falls silent."""
        with socket.create_connection(("127.0.0.1", self.dev.port), timeout=seconds) as connection:
            connection.sendall(data)
            answer = b""
            try:
                while piece := connection.recv(65536):
                    answer += piece
            except (TimeoutError, ConnectionResetError):
                pass
            return answer

    def head(self, method, path, headers=None, payload=None, query=(), **more):
        every = s3.signed_headers(method, f"127.0.0.1:{self.dev.port}", path, list(query), headers or {},
                                  payload or s3.sha256(b""), **more)
        return every

    def send(self, method, path, every, body=b""):
        connection = self.s3.connection()
        connection.request(method, path, body=body, headers=every)
        answer = connection.getresponse()
        content = answer.read()
        self.s3.forget()
        return answer.status, code_of(content), content

    # --- signatures ---

    def test_a_wrong_secret(self):
        every = self.head("PUT", "/hostile/sig", secret="wrong")
        self.assertEqual(self.send("PUT", "/hostile/sig", every)[:2], (403, "SignatureDoesNotMatch"))
        self.absent("sig")

    def test_an_unknown_key(self):
        every = self.head("GET", "/hostile", access="nobody")
        self.assertEqual(self.send("GET", "/hostile", every)[:2], (403, "InvalidAccessKeyId"))

    def test_a_clock_that_is_wrong(self):
        for hours in (-1, 1):
            when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours)
            every = self.head("GET", "/hostile", now=when)
            self.assertEqual(self.send("GET", "/hostile", every)[:2], (403, "RequestTimeTooSkewed"))

    def test_another_region(self):
        every = self.head("GET", "/hostile", region="mars-north-1")
        self.assertEqual(self.send("GET", "/hostile", every)[:2], (400, "AuthorizationHeaderMalformed"))

    def test_a_path_that_was_not_signed(self):
        every = self.head("PUT", "/hostile/signed")
        self.assertEqual(self.send("PUT", "/hostile/other", every)[:2], (403, "SignatureDoesNotMatch"))
        self.absent("other")

    def test_a_header_changed_after_signing(self):
        every = self.head("PUT", "/hostile/meta", {"x-amz-meta-a": "1"})
        every["x-amz-meta-a"] = "2"
        self.assertEqual(self.send("PUT", "/hostile/meta", every)[:2], (403, "SignatureDoesNotMatch"))
        self.absent("meta")

    def test_no_signature_at_all(self):
        self.assertEqual(self.send("GET", "/hostile", {})[:2], (403, "AccessDenied"))
        self.assertEqual(self.send("PUT", "/hostile/anon", {"content-length": "1"}, b"x")[:2], (403, "AccessDenied"))
        self.absent("anon")

    def test_nonsense_instead_of_a_signature(self):
        for nonsense in ("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 a", "Basic eDp5", "\xff\xfe", "AWS4-HMAC-SHA256 " + "a," * 2000):
            answer = self.raw(b"GET /hostile HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: " +
                              nonsense.encode("latin-1") + b"\r\n\r\n")
            self.assertRegex(answer[:12], rb"HTTP/1.1 4")

    # --- bodies ---

    def test_a_body_that_is_not_what_its_hash_says(self):
        self.refused(400, "XAmzContentSHA256Mismatch", "PUT", "/hostile/sha", body=b"this",
                     payload_hash=s3.sha256(b"that"))
        self.absent("sha")

    def test_a_wrong_md5_and_one_that_is_none(self):
        wrong = base64.b64encode(hashlib.md5(b"that").digest()).decode()
        self.refused(400, "BadDigest", "PUT", "/hostile/md5", headers={"content-md5": wrong}, body=b"this")
        self.refused(400, "InvalidDigest", "PUT", "/hostile/md5", headers={"content-md5": "!!"}, body=b"this")
        self.absent("md5")

    def test_a_wrong_checksum_and_one_that_is_none(self):
        self.refused(400, "BadDigest", "PUT", "/hostile/sum", headers={"x-amz-checksum-crc32": "AAAAAA=="}, body=b"this")
        self.refused(400, "InvalidRequest", "PUT", "/hostile/sum", headers={"x-amz-checksum-crc32": "A"}, body=b"this")
        self.absent("sum")

    def test_a_body_shorter_than_declared_stores_nothing(self):
        every = self.head("PUT", "/hostile/short", {"content-length": "1000"}, "UNSIGNED-PAYLOAD")
        text = "PUT /hostile/short HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in every.items()) + "\r\n"
        with socket.create_connection(("127.0.0.1", self.dev.port), timeout=5) as connection:
            connection.sendall(text.encode() + b"only this")
            connection.shutdown(socket.SHUT_WR)
            connection.recv(65536)
        self.absent("short")

    def test_bytes_after_the_body_are_not_the_body(self):
        every = self.head("PUT", "/hostile/long", {"content-length": "4"}, "UNSIGNED-PAYLOAD")
        text = "PUT /hostile/long HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in every.items()) + "\r\n"
        answer = self.raw(text.encode() + b"body and more that is no request")
        self.assertTrue(answer.startswith(b"HTTP/1.1 200"), answer[:200])
        self.assertEqual(self.s3.get("hostile", "long")[2], b"body")
        self.assertNotIn(b"HTTP/1.1 200", answer[12:])

    def test_no_length(self):
        every = self.head("PUT", "/hostile/nolength", payload="UNSIGNED-PAYLOAD")
        text = "PUT /hostile/nolength HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in every.items()) + "Connection: close\r\n\r\n"
        self.assertIn(b"MissingContentLength", self.raw(text.encode()))

    def test_more_than_an_object_may_hold(self):
        every = self.head("PUT", "/hostile/huge", {"content-length": str((5 << 40) + 1)}, "UNSIGNED-PAYLOAD")
        text = "PUT /hostile/huge HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in every.items()) + "\r\n"
        self.assertIn(b"EntityTooLarge", self.raw(text.encode(), seconds=2))

    def test_broken_chunks(self):
        def chunked(body, decoded):
            every = self.head("PUT", "/hostile/chunk",
                              {"content-encoding": "aws-chunked", "x-amz-decoded-content-length": str(decoded),
                               "content-length": str(len(body)), "x-amz-trailer": "x-amz-checksum-crc32"},
                              "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
            return self.send("PUT", "/hostile/chunk", every, body)
        for body, decoded, wanted in (
                (b"zz\r\nxx\r\n0\r\n\r\n", 2, "InvalidChunkSizeError"),
                (b"2\r\nxx\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", 2, "BadDigest"),
                (b"2\r\nxx\r\n0\r\n\r\n", 2, "MalformedTrailerError"),
                (b"2\r\nxx\r\n", 2, "IncompleteBody"),
                (b"5\r\nxxxxx\r\n0\r\n\r\n", 2, "IncompleteBody")):
            status, code, content = chunked(body, decoded)
            self.assertEqual((status, code), (400, wanted), content[:300])
        self.absent("chunk")

    # --- names and XML ---

    def test_bad_bucket_names(self):
        for name in ("ab", "UPPER", "under_score", "-dash", "a" * 64, "1.2.3.4", "a..b", "_"):
            status, _, body = self.s3.request("PUT", f"/{name}")
            self.assertIn((status, code_of(body)), ((400, "InvalidBucketName"), (405, None)), (name, body[:200]))

    def test_bad_xml(self):
        for text in (b"", b"<", b"<Delete>", b"<Delete></Delete>", b"<Other/>", b"\x00\x01",
                     b"<!DOCTYPE x [<!ENTITY a 'b'>]><Delete><Object><Key>&a;</Key></Object></Delete>",
                     b"<Delete>" + b"<Object><Key>k</Key></Object>" * 1001 + b"</Delete>",
                     b"<a>" * 5000 + b"</a>" * 5000):
            self.refused(400, "MalformedXML", "POST", "/hostile", [("delete", "")], body=text)

    def test_a_key_that_is_too_long_and_one_that_is_no_text(self):
        self.refused(400, "KeyTooLongError", "PUT", "/hostile/" + "k" * 1025, body=b"")
        status, _, body = self.s3.request("GET", "/hostile/x", headers={})
        self.assertEqual(code_of(body), "NoSuchKey")
        self.assertRegex(self.raw(b"GET /hostile/%ff%fe HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")[:12], rb"HTTP/1.1 4")

    def test_keys_are_never_paths(self):
        for key in ("../../escape", "..", "/etc/passwd", "a/../../b", "node-0/rsx-identity"):
            self.assertEqual(self.s3.put("hostile", key, b"name")[0], 200, key)
            self.assertEqual(self.s3.get("hostile", key)[2], b"name", key)
        outside = [name for _, _, files in os.walk(self.dev.folder.name) for name in files if "escape" in name or "passwd" in name]
        self.assertEqual(outside, [])

    def test_metadata_beyond_two_kibibytes(self):
        self.refused(400, "MetadataTooLarge", "PUT", "/hostile/fat", headers={"x-amz-meta-a": "m" * 2100}, body=b"")
        self.absent("fat")

    # --- HTTP ---

    def test_oversized_heads(self):
        answer = self.raw(b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"x" * 100_000 + b"\r\n\r\n")
        self.assertRegex(answer[:12], rb"HTTP/1.1 4(31|00)")

    def test_broken_http(self):
        for text in (b"\x16\x03\x01\x02\x00", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"G\x00T / HTTP/1.1\r\n\r\n",
                     b"PUT /hostile/a HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
                     b"PUT /hostile/a HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                     b"PUT /hostile/a HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n"):
            answer = self.raw(text, seconds=2)
            self.assertTrue(answer == b"" or re.match(rb"HTTP/1.1 (4|5)", answer), answer[:200])

    def test_what_is_not_there_yet_says_so(self):
        for method, query in (("PUT", "versioning"), ("PUT", "policy"), ("GET", "replication"), ("PUT", "lifecycle")):
            self.refused(501, "NotImplemented", method, "/hostile", [(query, "")], body=b"<x/>" if method == "PUT" else b"")

    def test_the_server_is_whole_and_small_after_all_of_this(self):
        self.assertTrue(self.dev.healthy())
        self.assertLess(self.dev.process.resident_bytes(), self.before + (150 << 20))


class Configuration(unittest.TestCase):
    def run_rsxd(self, *arguments):
        done = subprocess.run([os.path.join(processes.BIN, "rsxd"), *arguments], capture_output=True, timeout=20,
                              text=True, env=processes.ENVIRONMENT)
        return done.returncode, done.stderr

    def test_an_unknown_key_of_the_configuration_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "cluster.toml")
            with open(file, "w") as out:
                out.write("[cluster]\nnmae = \"x\"\n")
            code, said = self.run_rsxd("dev", "--dir", folder + "/d", "--config", file)
            self.assertEqual(code, 2)
            self.assertIn("cluster.toml:2: [cluster] nmae", said)

    def test_wrong_options_are_usage_errors(self):
        for arguments in (["dev"], ["--role", "queen", "--config", "x"], ["dev", "--dir", "/tmp/x", "--code", "0+1"], ["--nonsense"]):
            self.assertEqual(self.run_rsxd(*arguments)[0], 2, arguments)

    def test_development_keys_are_refused_beyond_loopback(self):
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "cluster.toml")
            with open(file, "w") as out:
                out.write("[cluster]\nlisten = \"0.0.0.0:0\"\n")
            environment = {k: v for k, v in os.environ.items() if not k.startswith("RSX_")}
            done = subprocess.run([os.path.join(processes.BIN, "rsxd"), "dev", "--dir", folder + "/d", "--config", file],
                                  capture_output=True, timeout=20, text=True, env=environment)
            self.assertEqual(done.returncode, 2)
            self.assertIn("loopback", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
