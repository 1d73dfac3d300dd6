# SPDX-License-Identifier: Apache-2.0
"""Bodies stream: a large object goes in and out while the server stays small."""

import hashlib
import os
import unittest

from processes import Dev

MIB = 1 << 20
SIZE = int(os.environ.get("RSX_BIG_BYTES", 1024 * MIB))
BOUND = 250 * MIB


class Memory(unittest.TestCase):
    def test_a_large_object_streams_through_bounded_memory(self):
        block = os.urandom(8 * MIB)
        wanted, got = hashlib.sha256(), hashlib.sha256()

        def blocks():
            left = SIZE
            while left > 0:
                piece = block[:min(left, len(block))]
                wanted.update(piece)
                left -= len(piece)
                yield piece

        with Dev() as dev:
            self.assertEqual(dev.s3.make_bucket("memory")[0], 200)
            status, _, body = dev.s3.request("PUT", "/memory/big", headers={"content-length": str(SIZE)},
                                             body=blocks())
            self.assertEqual(status, 200, body)
            import s3
            connection = dev.s3.connection()
            headers = s3.signed_headers("GET", f"127.0.0.1:{dev.port}", "/memory/big", [], {},
                                        s3.sha256(b""))
            connection.request("GET", "/memory/big", headers=headers)
            answer = connection.getresponse()
            self.assertEqual(answer.status, 200)
            while piece := answer.read(4 * MIB):
                got.update(piece)
            self.assertEqual(got.digest(), wanted.digest())
            peak = dev.process.resident_bytes("VmHWM")
            print(f"{SIZE // MIB} MiB in and out, at most {peak // MIB} MiB resident")
            self.assertLessEqual(peak, BOUND)


if __name__ == "__main__":
    unittest.main(verbosity=2)
