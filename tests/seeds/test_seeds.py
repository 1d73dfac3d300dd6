# SPDX-License-Identifier: Apache-2.0
"""Defects that the systems rsx grew from had: each is named here, and shown to be none of ours.

Every test is one real rsxd dev, real directories, and what S3 clients see.
"""

import concurrent.futures
import glob
import hashlib
import itertools
import os
import random
import socket
import sys
import time
import unittest
import xml.etree.ElementTree as tree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cluster"))
import s3
from processes import Dev, wait_until

SEED = int(os.environ.get("RSX_SEED", "20260101"))
SPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"


def body_of(name, size):
    return random.Random(f"{SEED}/{name}").randbytes(size)


class Seeds(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dev = Dev()
        cls.dev.start()
        cls.s3 = cls.dev.s3
        assert cls.s3.make_bucket("seeds")[0] == 200

    @classmethod
    def tearDownClass(cls):
        code = cls.dev.stop()
        cls.dev.folder.cleanup()
        assert code == 0, f"rsxd ended with {code}"

    def put(self, key, body):
        status, headers, answer = self.s3.put("seeds", key, body)
        self.assertEqual(status, 200, answer)
        return headers["etag"]

    def files(self, node):
        return [f for f in glob.glob(self.dev.node_folder(node) + "/shards/**", recursive=True) if os.path.isfile(f)]

    def lose(self, node, before):
        """Removes what was written on a node since `before`."""
        gone = set(self.files(node)) - before[node]
        for file in gone:
            os.remove(file)
        return len(gone)

    # --- Zstore ---

    def test_zstore_a_degraded_download_never_decodes_shards_under_wrong_indices(self):
        for lost in itertools.chain([()], itertools.combinations(range(6), 1), itertools.combinations(range(6), 2)):
            before = {n: set(self.files(n)) for n in range(6)}
            body = body_of(lost, 700_001)
            self.put(f"degraded/{lost}", body)
            # at least one each: what healing has written meanwhile goes as well
            self.assertTrue(all(self.lose(n, before) >= 1 for n in lost))
            with concurrent.futures.ThreadPoolExecutor(6) as pool:
                got = list(pool.map(lambda _: self.s3.get("seeds", f"degraded/{lost}"), range(6)))
            for status, _, back in got:
                self.assertEqual(status, 200)
                self.assertTrue(back == body, f"other bytes with nodes {lost} lost")

    def test_zstore_too_many_lost_shards_are_an_error_not_garbage(self):
        before = {n: set(self.files(n)) for n in range(6)}
        self.put("too-many", body_of("too-many", 300_000))
        self.assertTrue(all(self.lose(n, before) >= 1 for n in (0, 2, 4)))
        status, _, answer = self.s3.get("seeds", "too-many")
        self.assertEqual(status, 503, answer[:200])
        self.assertIn(b"<Error>", answer)

    def test_zstore_deleting_a_file_leaves_its_namesakes(self):
        names = ["a/file", "a/file2", "a/file.bak", "a/file/inside"]
        for name in names:
            self.put(name, name.encode())
        self.assertEqual(self.s3.delete("seeds", "a/file")[0], 204)
        self.put("a/file2", b"again")
        self.assertEqual(self.s3.get("seeds", "a/file")[0], 404)
        self.assertEqual(self.s3.get("seeds", "a/file2")[2], b"again")
        self.assertEqual(self.s3.get("seeds", "a/file.bak")[2], b"a/file.bak")
        self.assertEqual(self.s3.get("seeds", "a/file/inside")[2], b"a/file/inside")

    def test_zstore_an_overwrite_never_deletes_the_old_before_the_new_is_committed(self):
        old = body_of("old", 2_000_000)
        self.put("overwritten", old)
        size = 4_000_000
        every = s3.signed_headers("PUT", f"127.0.0.1:{self.dev.port}", "/seeds/overwritten", [],
                                  {"content-length": str(size)}, "UNSIGNED-PAYLOAD")
        head = "PUT /seeds/overwritten HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in every.items()) + "\r\n"
        with socket.create_connection(("127.0.0.1", self.dev.port), timeout=10) as connection:
            connection.sendall(head.encode() + body_of("new", size // 2))
            time.sleep(0.3)
            self.assertTrue(self.s3.get("seeds", "overwritten")[2] == old)
        time.sleep(0.3)     # the client has gone in the middle
        self.assertTrue(self.s3.get("seeds", "overwritten")[2] == old)

    def test_zstore_equal_bodies_do_not_share_a_shard(self):
        body = body_of("twin", 100_000)
        self.put("twin-1", body)
        self.put("twin-2", body)
        self.s3.delete("seeds", "twin-1")
        time.sleep(0.5)
        self.assertTrue(self.s3.get("seeds", "twin-2")[2] == body)

    def test_zstore_an_upload_succeeds_though_parity_many_nodes_refuse(self):
        for node in (1, 3):
            os.rename(self.dev.node_folder(node) + "/shards", self.dev.node_folder(node) + "/aside")
        try:
            body = body_of("tolerated", 500_000)
            self.put("tolerated", body)
            self.assertTrue(self.s3.get("seeds", "tolerated")[2] == body)
        finally:
            for node in (1, 3):
                os.rename(self.dev.node_folder(node) + "/aside", self.dev.node_folder(node) + "/shards")

    # --- Predastore ---

    def test_predastore_etags_are_of_the_content_not_of_the_name(self):
        first, second = self.put("etag", b"first"), self.put("etag", b"second")
        self.assertEqual(first, f'"{hashlib.md5(b"first").hexdigest()}"')
        self.assertEqual(second, f'"{hashlib.md5(b"second").hexdigest()}"')
        self.assertEqual(self.put("etag-elsewhere", b"first"), first)

    def test_predastore_lists_come_in_pages_with_real_times_and_sizes(self):
        began = time.time()
        keys = [f"paged/{i:04d}" for i in range(1100)]
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda k: self.put(k, k.encode()), keys))
        seen, token, pages = [], None, 0
        while True:
            query = [("list-type", "2"), ("prefix", "paged/")] + ([("continuation-token", token)] if token else [])
            status, _, body = self.s3.request("GET", "/seeds", query)
            self.assertEqual(status, 200)
            page = tree.fromstring(body)
            pages += 1
            for each in page.findall(SPACE + "Contents"):
                seen.append(each.findtext(SPACE + "Key"))
                self.assertEqual(int(each.findtext(SPACE + "Size")), len(seen[-1]))
                when = time.mktime(time.strptime(each.findtext(SPACE + "LastModified")[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone
                self.assertTrue(began - 5 <= when <= time.time() + 5)
            token = page.findtext(SPACE + "NextContinuationToken")
            if not token:
                break
        self.assertEqual(seen, keys)
        self.assertGreater(pages, 1)

    # --- s3-go ---

    def test_s3_go_a_flipped_byte_is_neither_served_nor_fatal(self):
        for which in range(6):
            before = {n: set(self.files(n)) for n in range(6)}
            body = body_of(f"flip{which}", 400_000)
            self.put(f"flipped/{which}", body)
            new = set(self.files(which)) - before[which]
            self.assertTrue(new)
            for file in new:
                with open(file, "r+b") as shard:
                    shard.seek(20_000)
                    byte = shard.read(1)
                    shard.seek(20_000)
                    shard.write(bytes([byte[0] ^ 1]))
            status, _, back = self.s3.get("seeds", f"flipped/{which}")
            self.assertEqual(status, 200)
            self.assertTrue(back == body)

    def test_s3_go_names_are_never_joined_to_paths(self):
        self.put("../../../outside", b"inside")
        self.assertEqual(self.s3.get("seeds", "../../../outside")[2], b"inside")
        found = [f for _, _, files in os.walk(self.dev.folder.name) for f in files if "outside" in f]
        self.assertEqual(found, [])

    def test_s3_go_an_upload_that_cannot_be_kept_is_not_answered_200(self):
        for node in range(4):
            os.rename(self.dev.node_folder(node) + "/shards", self.dev.node_folder(node) + "/aside")
        try:
            status, _, answer = self.s3.put("seeds", "unkept", body_of("unkept", 100_000))
            self.assertEqual(status, 503, answer[:200])
        finally:
            for node in range(4):
                os.rename(self.dev.node_folder(node) + "/aside", self.dev.node_folder(node) + "/shards")
        wait_until(lambda: self.s3.get("seeds", "unkept")[0] == 404, "nothing was stored")

    # --- S3 Storage System ---

    def test_s3_storage_system_files_smaller_than_the_code_is_wide_are_fine(self):
        for size in range(8):
            self.put(f"tiny/{size}", b"x" * size)
            self.assertEqual(self.s3.get("seeds", f"tiny/{size}")[2], b"x" * size)

    def test_s3_storage_system_an_interrupted_upload_leaves_nothing_behind(self):
        before = sum(len(self.files(n)) for n in range(6))
        every = s3.signed_headers("PUT", f"127.0.0.1:{self.dev.port}", "/seeds/torn", [],
                                  {"content-length": "3000000"}, "UNSIGNED-PAYLOAD")
        head = "PUT /seeds/torn HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in every.items()) + "\r\n"
        with socket.create_connection(("127.0.0.1", self.dev.port), timeout=10) as connection:
            connection.sendall(head.encode() + body_of("torn", 2_000_000))
            time.sleep(0.2)
        self.assertEqual(self.s3.get("seeds", "torn")[0], 404)
        wait_until(lambda: sum(len(self.files(n)) for n in range(6)) <= before, "its shards are gone", 60)


if __name__ == "__main__":
    unittest.main(verbosity=2)
