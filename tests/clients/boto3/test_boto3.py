# SPDX-License-Identifier: Apache-2.0
"""An S3 client that knows nothing of rsx does everyday work on it."""

import base64
import hashlib
import io
import os
import random
import threading
import unittest
import urllib.error
import urllib.request
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = os.environ["RSX_ENDPOINT"]
MIB = 1 << 20


def client(**config):
    return boto3.client("s3", endpoint_url=ENDPOINT, config=Config(**config) if config else None)


def body_of(size, seed=7):
    return random.Random(seed * 1_000_003 + size).randbytes(size)


def refusal(call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except ClientError as refused:
        return refused.response["Error"]["Code"], refused.response["ResponseMetadata"]["HTTPStatusCode"]
    raise AssertionError("it was not refused")


def empty_and_delete(s3, bucket):
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found = [{"Key": o["Key"], "VersionId": o["VersionId"]} for o in page.get("Versions", [])]
        if found:
            gone = s3.delete_objects(Bucket=bucket, Delete={"Objects": found})
            assert not gone.get("Errors"), gone["Errors"]
    for upload in s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []):
        s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    s3.delete_bucket(Bucket=bucket)


class WithBucket(unittest.TestCase):
    def setUp(self):
        self.s3 = client()
        self.bucket = "t-" + uuid.uuid4().hex
        self.s3.create_bucket(Bucket=self.bucket)
        self.addCleanup(empty_and_delete, self.s3, self.bucket)

    def put(self, key, body=b"x", **more):
        return self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, **more)

    def get(self, key, **more):
        return self.s3.get_object(Bucket=self.bucket, Key=key, **more)


class Buckets(WithBucket):
    def test_a_bucket_is_listed_located_and_found(self):
        self.assertIn(self.bucket, [b["Name"] for b in self.s3.list_buckets()["Buckets"]])
        self.s3.head_bucket(Bucket=self.bucket)
        self.assertIsNone(self.s3.get_bucket_location(Bucket=self.bucket)["LocationConstraint"])

    def test_making_ones_own_bucket_again_is_no_error_in_us_east_1(self):
        self.s3.create_bucket(Bucket=self.bucket)

    def test_a_bucket_with_an_object_cannot_be_deleted(self):
        self.put("a")
        self.assertEqual(refusal(self.s3.delete_bucket, Bucket=self.bucket), ("BucketNotEmpty", 409))

    def test_a_missing_bucket_says_so(self):
        gone = "gone-" + uuid.uuid4().hex
        self.assertEqual(refusal(self.s3.delete_bucket, Bucket=gone), ("NoSuchBucket", 404))
        self.assertEqual(refusal(self.s3.list_objects_v2, Bucket=gone), ("NoSuchBucket", 404))
        self.assertEqual(refusal(self.s3.put_object, Bucket=gone, Key="a", Body=b""), ("NoSuchBucket", 404))
        self.assertEqual(refusal(self.s3.head_bucket, Bucket=gone)[1], 404)

    def test_a_bad_bucket_name_is_refused(self):
        # the client itself would refuse some names: ask without it
        request = urllib.request.Request(ENDPOINT + "/Bad_Name", method="GET")
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request)
        with refused.exception as answer:
            self.assertIn(answer.code, (400, 403))
            self.assertIn(b"<Error>", answer.read())

    def test_what_is_not_there_yet_says_not_implemented(self):
        code, status = refusal(self.s3.put_bucket_website, Bucket=self.bucket,
                               WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})
        self.assertEqual((code, status), ("NotImplemented", 501))


class Objects(WithBucket):
    def test_every_size_comes_back_byte_for_byte_with_its_md5(self):
        for size in (0, 1, 3, 4, 5, 1000, 8191, 8192, 65535, 65536, 65537, 262143, 262144, 262145,
                     MIB + 7, 5 * MIB - 1, 5 * MIB, 5 * MIB + 1):
            with self.subTest(size=size):
                body = body_of(size)
                etag = self.put(f"size-{size}", body)["ETag"]
                self.assertEqual(etag, f'"{hashlib.md5(body).hexdigest()}"')
                got = self.get(f"size-{size}")
                self.assertEqual(got["ContentLength"], size)
                self.assertEqual(got["ETag"], etag)
                self.assertEqual(got["Body"].read(), body)

    def test_a_hundred_mebibytes_come_back(self):
        body = body_of(100 * MIB)
        self.s3.upload_fileobj(io.BytesIO(body), self.bucket, "big")
        back = io.BytesIO()
        self.s3.download_fileobj(self.bucket, "big", back)
        self.assertEqual(hashlib.sha256(back.getvalue()).digest(), hashlib.sha256(body).digest())

    def test_a_hundred_mebibytes_in_one_put_come_back(self):
        body = body_of(100 * MIB, seed=8)
        self.put("big-in-one", body)
        self.assertEqual(hashlib.sha256(self.get("big-in-one")["Body"].read()).digest(),
                         hashlib.sha256(body).digest())

    def test_metadata_and_standard_headers_come_back(self):
        self.put("meta", b"hello", Metadata={"colour": "blue", "empty": ""}, ContentType="text/plain; charset=utf-8",
                 CacheControl="max-age=60", ContentDisposition='attachment; filename="a.txt"',
                 ContentEncoding="identity", ContentLanguage="de", Expires=datetime(2031, 1, 2, tzinfo=timezone.utc))
        head = self.s3.head_object(Bucket=self.bucket, Key="meta")
        self.assertEqual(head["Metadata"], {"colour": "blue", "empty": ""})
        self.assertEqual(head["ContentType"], "text/plain; charset=utf-8")
        self.assertEqual(head["CacheControl"], "max-age=60")
        self.assertEqual(head["ContentDisposition"], 'attachment; filename="a.txt"')
        self.assertEqual(head["ContentEncoding"], "identity")
        self.assertEqual(head["ContentLanguage"], "de")
        self.assertIn("2031", head["ExpiresString"])
        self.assertEqual(head["ContentLength"], 5)
        self.assertLess(abs(head["LastModified"] - datetime.now(timezone.utc)), timedelta(minutes=2))

    def test_ranges_are_cut_exactly(self):
        body = body_of(3 * MIB + 17)
        self.put("r", body)
        for spec, wanted in (("bytes=0-0", body[:1]), ("bytes=5-20", body[5:21]), ("bytes=-7", body[-7:]),
                             ("bytes=1048570-1048600", body[1048570:1048601]),
                             (f"bytes={len(body) - 1}-", body[-1:]), ("bytes=100-99999999", body[100:]),
                             ("bytes=65535-65536", body[65535:65537])):
            with self.subTest(spec=spec):
                got = self.get("r", Range=spec)
                self.assertEqual(got["ResponseMetadata"]["HTTPStatusCode"], 206)
                self.assertEqual(got["Body"].read(), wanted)
        self.assertEqual(refusal(self.get, "r", Range=f"bytes={len(body)}-"), ("InvalidRange", 416))

    def test_conditional_reads(self):
        etag = self.put("c", b"1")["ETag"]
        self.get("c", IfMatch=etag)
        self.assertEqual(refusal(self.get, "c", IfMatch='"0"')[1], 412)
        self.assertEqual(refusal(self.get, "c", IfNoneMatch=etag)[1], 304)
        then = datetime.now(timezone.utc) + timedelta(days=1)
        self.assertEqual(refusal(self.get, "c", IfModifiedSince=self.get("c")["LastModified"])[1], 304)
        self.get("c", IfUnmodifiedSince=then)
        self.assertEqual(refusal(self.get, "c", IfUnmodifiedSince=then - timedelta(days=9))[1], 412)

    def test_a_missing_key_says_so(self):
        self.assertEqual(refusal(self.get, "none"), ("NoSuchKey", 404))
        self.assertEqual(refusal(self.s3.head_object, Bucket=self.bucket, Key="none")[1], 404)
        self.assertEqual(self.s3.delete_object(Bucket=self.bucket, Key="none")["ResponseMetadata"]["HTTPStatusCode"], 204)

    def test_unicode_and_hostile_names_are_only_names(self):
        names = ["ünïcödé/日本語/🦀", "a b+c%20d", "../../etc/passwd", "a//b", "./x", "a/../b", "-rf", "'\"<>&",
                 "x" * 1024, "tab\tand\nnewline", "a\\b", "~", "%00", "+", "a?b#c", "/leading", "trailing/", "a=b&c=d"]
        for name in names:
            with self.subTest(name=name):
                self.put(name, name.encode())
                self.assertEqual(self.get(name)["Body"].read(), name.encode())
        listed = [o["Key"] for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
                  for o in page.get("Contents", [])]
        self.assertEqual(sorted(listed), sorted(names))
        self.assertEqual(refusal(self.put, "x" * 1025), ("KeyTooLongError", 400))

    def test_a_key_and_its_prefix_live_side_by_side(self):
        for key in ("a", "a/b", "a/b/c", "a/file", "a/file2", "a/file.bak"):
            self.put(key, key.encode())
        self.s3.delete_object(Bucket=self.bucket, Key="a/file")
        self.put("a/b", b"new")
        self.assertEqual(self.get("a/file2")["Body"].read(), b"a/file2")
        self.assertEqual(self.get("a/file.bak")["Body"].read(), b"a/file.bak")
        self.assertEqual(self.get("a")["Body"].read(), b"a")
        self.assertEqual(self.get("a/b/c")["Body"].read(), b"a/b/c")

    def test_deleting_many_names_each(self):
        keys = [f"k{i}" for i in range(1000)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda k: self.put(k), keys))
        gone = self.s3.delete_objects(Bucket=self.bucket, Delete={"Objects": [{"Key": k} for k in keys] })
        self.assertEqual(sorted(d["Key"] for d in gone["Deleted"]), sorted(keys))
        self.assertEqual(self.s3.list_objects_v2(Bucket=self.bucket)["KeyCount"], 0)

    def test_versions_are_null_while_versioning_is_off(self):
        self.put("v")
        versions = self.s3.list_object_versions(Bucket=self.bucket)["Versions"]
        self.assertEqual([(v["Key"], v["VersionId"], v["IsLatest"]) for v in versions], [("v", "null", True)])
        self.s3.delete_objects(Bucket=self.bucket, Delete={"Objects": [{"Key": "v", "VersionId": "null"}]})
        self.assertNotIn("Versions", self.s3.list_object_versions(Bucket=self.bucket))

    def test_overwriting_from_many_threads_leaves_one_whole_body(self):
        bodies = [body_of(70_000, seed=i) for i in range(8)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda b: self.put("same", b), bodies * 3))
        self.assertIn(self.get("same")["Body"].read(), bodies)


class Checksums(WithBucket):
    def test_every_kind_is_computed_verified_and_told(self):
        body = body_of(200_000)
        for kind in ("CRC32", "CRC32C", "SHA1", "SHA256", "CRC64NVME"):
            with self.subTest(kind=kind):
                try:
                    put = self.put(kind, body, ChecksumAlgorithm=kind)
                except Exception as unknown:  # a client without the C runtime lacks some kinds
                    if "awscrt" in str(unknown).lower() or "CRT" in str(unknown):
                        self.skipTest(f"this boto3 cannot make {kind}")
                    raise
                got = self.get(kind, ChecksumMode="ENABLED")
                self.assertEqual(got["Checksum" + kind], put["Checksum" + kind])
                self.assertEqual(got["Body"].read(), body)

    def test_wrong_digests_are_refused_and_store_nothing(self):
        wrong_md5 = base64.b64encode(hashlib.md5(b"other").digest()).decode()
        self.assertEqual(refusal(self.put, "bad", b"body", ContentMD5=wrong_md5), ("BadDigest", 400))
        wrong_sha = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
        code, status = refusal(self.put, "bad", b"body", ChecksumSHA256=wrong_sha)
        self.assertEqual(status, 400)
        self.assertEqual(refusal(self.get, "bad"), ("NoSuchKey", 404))

    def test_a_stream_of_unknown_checksum_uses_a_trailer(self):
        secure_like = client(request_checksum_calculation="when_supported")
        body = body_of(300_000)
        secure_like.put_object(Bucket=self.bucket, Key="t", Body=io.BytesIO(body), ChecksumAlgorithm="CRC32")
        self.assertEqual(self.get("t")["Body"].read(), body)


class Lists(WithBucket):
    KEYS = [f"{chr(97 + i % 5)}/{i % 7}/{i:04d}" for i in range(1500)]

    def fill(self):
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda k: self.put(k, k.encode()), self.KEYS))

    def test_fifteen_hundred_keys_are_listed_in_pages(self):
        self.fill()
        for version in ("list_objects", "list_objects_v2"):
            for size in (1000, 333):
                pages = list(self.s3.get_paginator(version).paginate(Bucket=self.bucket, PaginationConfig={"PageSize": size}))
                keys = [o["Key"] for page in pages for o in page.get("Contents", [])]
                self.assertEqual(keys, sorted(self.KEYS))
                self.assertGreater(len(pages), 1)
        folders = self.s3.list_objects_v2(Bucket=self.bucket, Delimiter="/")
        self.assertEqual([p["Prefix"] for p in folders["CommonPrefixes"]], ["a/", "b/", "c/", "d/", "e/"])
        self.assertNotIn("Contents", folders)
        inside = self.s3.list_objects_v2(Bucket=self.bucket, Prefix="b/", Delimiter="/", MaxKeys=3)
        self.assertTrue(inside["IsTruncated"])
        self.assertEqual([p["Prefix"] for p in inside["CommonPrefixes"]], ["b/0/", "b/1/", "b/2/"])
        rest = self.s3.list_objects_v2(Bucket=self.bucket, Prefix="b/", Delimiter="/",
                                       ContinuationToken=inside["NextContinuationToken"])
        self.assertEqual([p["Prefix"] for p in rest["CommonPrefixes"]], ["b/3/", "b/4/", "b/5/", "b/6/"])
        after = self.s3.list_objects_v2(Bucket=self.bucket, StartAfter="e/6/1000")
        self.assertEqual([o["Key"] for o in after["Contents"]], [k for k in sorted(self.KEYS) if k > "e/6/1000"])
        one = self.s3.list_objects_v2(Bucket=self.bucket, MaxKeys=1, FetchOwner=True)["Contents"][0]
        self.assertEqual(one["Size"], len(one["Key"]))
        self.assertEqual(one["ETag"], f'"{hashlib.md5(one["Key"].encode()).hexdigest()}"')
        self.assertLess(abs(one["LastModified"] - datetime.now(timezone.utc)), timedelta(minutes=10))
        versions = [v["Key"] for page in self.s3.get_paginator("list_object_versions").paginate(Bucket=self.bucket)
                    for v in page["Versions"]]
        self.assertEqual(versions, sorted(self.KEYS))
        self.assertEqual(refusal(self.s3.list_objects_v2, Bucket=self.bucket, ContinuationToken="not a token"),
                         ("InvalidArgument", 400))


class Copies(WithBucket):
    def test_a_copy_is_the_same_bytes_and_keeps_or_replaces_metadata(self):
        body = body_of(MIB)
        self.put("from", body, Metadata={"a": "1"}, ContentType="text/x")
        source = {"Bucket": self.bucket, "Key": "from"}
        self.s3.copy_object(Bucket=self.bucket, Key="kept ü", CopySource=source)
        kept = self.get("kept ü")
        self.assertEqual((kept["Body"].read(), kept["Metadata"], kept["ContentType"]), (body, {"a": "1"}, "text/x"))
        self.s3.copy_object(Bucket=self.bucket, Key="replaced", CopySource=source, MetadataDirective="REPLACE",
                            Metadata={"b": "2"}, ContentType="text/y")
        replaced = self.get("replaced")
        self.assertEqual((replaced["Metadata"], replaced["ContentType"]), ({"b": "2"}, "text/y"))
        self.assertEqual(refusal(self.s3.copy_object, Bucket=self.bucket, Key="x",
                                 CopySource={"Bucket": self.bucket, "Key": "none"}), ("NoSuchKey", 404))
        self.assertEqual(refusal(self.s3.copy_object, Bucket=self.bucket, Key="from", CopySource=source)[0], "InvalidRequest")
        self.assertEqual(refusal(self.s3.copy_object, Bucket=self.bucket, Key="x", CopySource=source,
                                 CopySourceIfMatch='"0"'), ("PreconditionFailed", 412))


class Multipart(WithBucket):
    def start(self, key="m", **more):
        return self.s3.create_multipart_upload(Bucket=self.bucket, Key=key, **more)["UploadId"]

    def part(self, upload, number, body, key="m"):
        return {"PartNumber": number, "ETag": self.s3.upload_part(
            Bucket=self.bucket, Key=key, UploadId=upload, PartNumber=number, Body=body)["ETag"]}

    def complete(self, upload, parts, key="m"):
        return self.s3.complete_multipart_upload(Bucket=self.bucket, Key=key, UploadId=upload,
                                                 MultipartUpload={"Parts": parts})

    def test_parts_become_one_object_with_the_etag_of_parts(self):
        upload = self.start(Metadata={"m": "1"}, ContentType="x/y")
        bodies = [body_of(5 * MIB, 1), body_of(6 * MIB + 3, 2), body_of(17, 3)]
        parts = [self.part(upload, n, b) for n, b in zip((1, 5, 9), bodies)]
        listed = self.s3.list_parts(Bucket=self.bucket, Key="m", UploadId=upload)
        self.assertEqual([(p["PartNumber"], p["Size"]) for p in listed["Parts"]], [(1, 5 * MIB), (5, 6 * MIB + 3), (9, 17)])
        uploads = self.s3.list_multipart_uploads(Bucket=self.bucket)["Uploads"]
        self.assertEqual([u["UploadId"] for u in uploads], [upload])
        md5s = b"".join(hashlib.md5(b).digest() for b in bodies)
        etag = f'"{hashlib.md5(md5s).hexdigest()}-3"'
        self.assertEqual(self.complete(upload, parts)["ETag"], etag)
        got = self.get("m")
        self.assertEqual(got["ETag"], etag)
        self.assertEqual(got["Metadata"], {"m": "1"})
        whole = b"".join(bodies)
        self.assertEqual(got["Body"].read(), whole)
        at = 5 * MIB - 10
        self.assertEqual(self.get("m", Range=f"bytes={at}-{at + 19}")["Body"].read(), whole[at:at + 20])
        self.assertEqual(self.s3.list_multipart_uploads(Bucket=self.bucket).get("Uploads", []), [])

    def test_completing_twice_with_the_same_parts_answers_the_same(self):
        upload = self.start()
        parts = [self.part(upload, 1, b"last")]
        first = self.complete(upload, parts)["ETag"]
        self.assertEqual(self.complete(upload, parts)["ETag"], first)

    def test_wrong_completions_are_refused_by_name(self):
        upload = self.start()
        small, last = self.part(upload, 1, b"small"), self.part(upload, 2, b"last")
        self.assertEqual(refusal(self.complete, upload, [small, last]), ("EntityTooSmall", 400))
        self.assertEqual(refusal(self.complete, upload, [last, small]), ("InvalidPartOrder", 400))
        self.assertEqual(refusal(self.complete, upload, [{"PartNumber": 1, "ETag": '"' + "0" * 32 + '"'}]), ("InvalidPart", 400))
        self.assertEqual(refusal(self.complete, upload, [{"PartNumber": 7, "ETag": small["ETag"]}]), ("InvalidPart", 400))
        self.assertEqual(refusal(self.part, upload, 10001, b"x")[0], "InvalidArgument")
        self.s3.abort_multipart_upload(Bucket=self.bucket, Key="m", UploadId=upload)
        self.assertEqual(refusal(self.part, upload, 1, b"x"), ("NoSuchUpload", 404))
        self.assertEqual(refusal(self.get, "m"), ("NoSuchKey", 404))

    def test_a_part_written_again_replaces_the_first(self):
        upload = self.start()
        self.part(upload, 1, b"first")
        again = self.part(upload, 1, b"second")
        self.complete(upload, [again])
        self.assertEqual(self.get("m")["Body"].read(), b"second")

    def test_parts_are_copied_from_objects_with_ranges(self):
        source = body_of(8 * MIB)
        self.put("src", source)
        upload = self.start()
        parts = []
        for number, (first, last) in enumerate(((0, 5 * MIB - 1), (5 * MIB, 8 * MIB - 1)), 1):
            etag = self.s3.upload_part_copy(Bucket=self.bucket, Key="m", UploadId=upload, PartNumber=number,
                                            CopySource={"Bucket": self.bucket, "Key": "src"},
                                            CopySourceRange=f"bytes={first}-{last}")["CopyPartResult"]["ETag"]
            parts.append({"PartNumber": number, "ETag": etag})
        self.complete(upload, parts)
        self.assertEqual(self.get("m")["Body"].read(), source)

    def test_composite_and_full_checksums_of_parts(self):
        for kind, type_ in (("CRC32", "COMPOSITE"), ("SHA256", "COMPOSITE"), ("CRC32", "FULL_OBJECT")):
            with self.subTest(kind=kind, type=type_):
                upload = self.start(ChecksumAlgorithm=kind, ChecksumType=type_)
                parts = []
                for number, body in ((1, body_of(5 * MIB, 4)), (2, b"tail")):
                    part = self.s3.upload_part(Bucket=self.bucket, Key="m", UploadId=upload, PartNumber=number,
                                               Body=body, ChecksumAlgorithm=kind)
                    parts.append({"PartNumber": number, "ETag": part["ETag"], "Checksum" + kind: part["Checksum" + kind]})
                done = self.complete(upload, parts)
                self.assertEqual(done["ChecksumType"], type_)
                if type_ == "COMPOSITE":
                    self.assertTrue(done["Checksum" + kind].endswith("-2"))

    def test_a_transfer_in_parallel_parts(self):
        body = body_of(40 * MIB + 5)
        config = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB, max_concurrency=8)
        self.s3.upload_fileobj(io.BytesIO(body), self.bucket, "p", Config=config)
        back = io.BytesIO()
        self.s3.download_fileobj(self.bucket, "p", back, Config=config)
        self.assertEqual(back.getvalue(), body)


class Access(WithBucket):
    def test_a_wrong_secret_and_an_unknown_key_are_refused(self):
        for key, secret, code in ((os.environ["AWS_ACCESS_KEY_ID"], "wrong", "SignatureDoesNotMatch"),
                                  ("nobody", "wrong", "InvalidAccessKeyId")):
            other = boto3.client("s3", endpoint_url=ENDPOINT, aws_access_key_id=key, aws_secret_access_key=secret)
            self.assertEqual(refusal(other.list_buckets), (code, 403))
            self.assertEqual(refusal(other.put_object, Bucket=self.bucket, Key="no", Body=b"x"), (code, 403))
        self.assertEqual(refusal(self.get, "no"), ("NoSuchKey", 404))

    def test_an_unsigned_request_is_denied(self):
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{ENDPOINT}/{self.bucket}")
        with refused.exception as answer:
            self.assertEqual(answer.code, 403)
            self.assertTrue(answer.headers["x-amz-request-id"])
            self.assertIn(b"<Code>AccessDenied</Code>", answer.read())

    def test_presigned_urls_work_until_they_are_touched(self):
        # boto3 still makes addresses of the retired version 2 unless it is told not to
        s3 = client(signature_version="s3v4")
        body = b"signed by the address"
        put = s3.generate_presigned_url("put_object", Params={"Bucket": self.bucket, "Key": "p ü"}, ExpiresIn=60)
        urllib.request.urlopen(urllib.request.Request(put, data=body, method="PUT")).close()
        get = s3.generate_presigned_url("get_object", Params={"Bucket": self.bucket, "Key": "p ü"}, ExpiresIn=60)
        with urllib.request.urlopen(get) as answer:
            self.assertEqual(answer.read(), body)
        for broken in (get.replace("p%20", "q%20"), get[:-4] + ("0000" if get[-4:] != "0000" else "1111")):
            with self.assertRaises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(broken)
            refused.exception.close()
            self.assertEqual(refused.exception.code, 403)

    def test_virtual_host_addressing(self):
        s3 = boto3.client("s3", endpoint_url=ENDPOINT.replace("127.0.0.1", "localhost"),
                          config=Config(s3={"addressing_style": "virtual"}))
        try:
            s3.put_object(Bucket=self.bucket, Key="v/h", Body=b"host")
        except Exception as unresolved:
            if "resolve" in str(unresolved) or "connect" in str(unresolved).lower():
                self.skipTest("this machine does not resolve *.localhost")
            raise
        self.assertEqual(self.get("v/h")["Body"].read(), b"host")


if __name__ == "__main__":
    unittest.main()
