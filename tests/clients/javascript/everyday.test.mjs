// SPDX-License-Identifier: Apache-2.0
// An S3 client that knows nothing of rsx does everyday work on it.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { after, before, test } from "node:test";
import {
  CopyObjectCommand, CreateBucketCommand, DeleteBucketCommand, DeleteObjectsCommand,
  GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client,
  paginateListObjectsV2,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";

const s3 = new S3Client({ endpoint: process.env.RSX_ENDPOINT, forcePathStyle: true });
const Bucket = "js-" + randomBytes(8).toString("hex");
const MiB = 1 << 20;
const bytesOf = async (answer) => Buffer.from(await answer.Body.transformToByteArray());
const md5 = (bytes) => createHash("md5").update(bytes).digest("hex");

before(() => s3.send(new CreateBucketCommand({ Bucket })));
after(async () => {
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket })) {
    const Objects = (page.Contents ?? []).map(({ Key }) => ({ Key }));
    if (Objects.length) await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
  }
  await s3.send(new DeleteBucketCommand({ Bucket }));
});

for (const size of [0, 1, 65536, 65537, 5 * MiB - 1, 5 * MiB, 5 * MiB + 1]) {
  test(`${size} bytes come back`, async () => {
    const Body = randomBytes(size);
    const put = await s3.send(new PutObjectCommand({ Bucket, Key: `size-${size}`, Body }));
    assert.equal(put.ETag, `"${md5(Body)}"`);
    assert.ok(Body.equals(await bytesOf(await s3.send(new GetObjectCommand({ Bucket, Key: `size-${size}` })))));
  });
}

test("a stream of known length goes up with a trailing checksum", async () => {
  const bytes = randomBytes(3 * MiB + 11);
  const Body = Readable.from([bytes.subarray(0, 1000), bytes.subarray(1000)]);
  await s3.send(new PutObjectCommand({ Bucket, Key: "stream", Body, ContentLength: bytes.length }));
  assert.ok(bytes.equals(await bytesOf(await s3.send(new GetObjectCommand({ Bucket, Key: "stream" })))));
});

test("a stream of unknown length goes up in parts", async () => {
  const pieces = Array.from({ length: 23 }, () => randomBytes(MiB + 3));
  const upload = new Upload({
    client: s3, params: { Bucket, Key: "unknown", Body: Readable.from(pieces) }, partSize: 5 * MiB, queueSize: 4,
  });
  await upload.done();
  assert.ok(Buffer.concat(pieces).equals(await bytesOf(await s3.send(new GetObjectCommand({ Bucket, Key: "unknown" })))));
});

test("metadata, unicode names and copies are kept", async () => {
  const Key = "ünïcödé/日本語 🦀+&=%20";
  await s3.send(new PutObjectCommand({ Bucket, Key, Body: "hi", Metadata: { a: "b" }, ContentType: "text/plain" }));
  const CopySource = `${Bucket}/${encodeURIComponent(Key)}`;
  await s3.send(new CopyObjectCommand({ Bucket, Key: "copy", CopySource }));
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key: "copy" }));
  assert.deepEqual(head.Metadata, { a: "b" });
  assert.equal(head.ContentType, "text/plain");
});

test("a range is cut exactly", async () => {
  const Body = randomBytes(300_000);
  await s3.send(new PutObjectCommand({ Bucket, Key: "range", Body }));
  const got = await s3.send(new GetObjectCommand({ Bucket, Key: "range", Range: "bytes=65530-131100" }));
  assert.ok(Body.subarray(65530, 131101).equals(await bytesOf(got)));
});

test("a missing key is NoSuchKey", async () => {
  await assert.rejects(s3.send(new GetObjectCommand({ Bucket, Key: "none" })), { name: "NoSuchKey" });
});

test("a signed address works without a client", async () => {
  const put = await getSignedUrl(s3, new PutObjectCommand({ Bucket, Key: "signed" }), { expiresIn: 60 });
  assert.equal((await fetch(put, { method: "PUT", body: "by address" })).status, 200);
  const get = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key: "signed" }), { expiresIn: 60 });
  assert.equal(await (await fetch(get)).text(), "by address");
});

test("a listing pages through what was written", async () => {
  for (let i = 0; i < 25; ++i) await s3.send(new PutObjectCommand({ Bucket, Key: `list/${String(i).padStart(3, "0")}`, Body: "" }));
  const keys = [];
  for await (const page of paginateListObjectsV2({ client: s3, pageSize: 7 }, { Bucket, Prefix: "list/" })) {
    keys.push(...page.Contents.map((o) => o.Key));
  }
  assert.equal(keys.length, 25);
  assert.deepEqual(keys, [...keys].sort());
  const folders = await s3.send(new ListObjectsV2Command({ Bucket, Delimiter: "/", Prefix: "li" }));
  assert.deepEqual(folders.CommonPrefixes.map((p) => p.Prefix), ["list/"]);
});
