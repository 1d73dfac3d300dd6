# SPDX-License-Identifier: Apache-2.0
"""Nodes die and freeze under load: every GET is byte-exact, every acknowledged PUT stays."""

import http.client
import os
import random
import signal
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

from processes import Cluster, wait_until

SEED = int(os.environ.get("RSX_SEED", random.SystemRandom().randrange(1 << 32)))
SIZES = (0, 1, 3000, 65536, 65537, 262145, 1_048_583)
CLIENTS = 16


def body_of(key, size):
    return random.Random(f"{SEED}/{key}").randbytes(size)


class Client(threading.Thread):
    """Puts keys of its own and reads back any it was told are stored."""

    def __init__(self, cluster, number, end):
        super().__init__()
        self.s3, self.number, self.end = cluster.s3, number, end
        self.random = random.Random(SEED * 1000 + number)
        self.stored, self.unknown = {}, {}
        self.refused = self.reads = 0
        self.trouble = []

    def run(self):
        count = 0
        while not self.end.is_set() and not self.trouble:
            try:
                if self.stored and self.random.random() < 0.5:
                    self.read(self.random.choice(list(self.stored)))
                else:
                    count += 1
                    self.write(f"{self.number}/{count}", self.random.choice(SIZES))
            except (OSError, http.client.HTTPException) as broken:
                self.trouble.append(f"the gateway broke a connection: {broken!r}")

    def write(self, key, size):
        status, _, answer = self.s3.put("deaths", key, body_of(key, size))
        if status == 200:
            self.stored[key] = size
        elif status == 503:
            self.refused += 1
        else:
            self.trouble.append(f"PUT {key}: {status} {answer[:300]!r}")

    def read(self, key):
        status, _, body = self.s3.get("deaths", key)
        self.reads += 1
        if status != 200 or body != body_of(key, self.stored[key]):
            self.trouble.append(f"GET {key} ({self.stored[key]} bytes): {status}, {len(body)} bytes {body[:300]!r}")


class Deaths(unittest.TestCase):
    def test_two_nodes_die_and_two_others_freeze_and_nothing_is_lost(self):
        print(f"seed {SEED} (RSX_SEED)")
        with Cluster() as cluster:
            self.assertEqual(cluster.s3.make_bucket("deaths")[0], 200)
            end = threading.Event()
            clients = [Client(cluster, n, end) for n in range(CLIENTS)]
            for client in clients:
                client.start()
            try:
                time.sleep(2)
                for node in (1, 4):
                    cluster.nodes[node].kill()
                time.sleep(4)
                for node in (1, 4):
                    cluster.nodes[node].start()
                deadline = time.monotonic() + 30
                while cluster.nodes_up() < 6 and time.monotonic() < deadline:
                    time.sleep(0.1)
                self.assertEqual(cluster.nodes_up(), 6)
                # What was stored while they were away is brought home before two others may go.
                wait_until(lambda: cluster.health()["repair_queue"] == 0, "the cluster is healed", 60)
                for node in (0, 5):
                    cluster.nodes[node].signal(signal.SIGSTOP)
                time.sleep(6)
                for node in (0, 5):
                    cluster.nodes[node].signal(signal.SIGCONT)
                time.sleep(2)
            finally:
                end.set()
                for client in clients:
                    client.join()
            trouble = [each for client in clients for each in client.trouble]
            self.assertEqual(trouble, [])
            stored = {k: s for client in clients for k, s in client.stored.items()}
            print(f"{len(stored)} objects stored, {sum(c.refused for c in clients)} refused, "
                  f"{sum(c.reads for c in clients)} reads under way")
            self.assertGreater(len(stored), 50)
            for dead in ((), (2, 3)):
                for node in dead:
                    cluster.nodes[node].kill()
                with ThreadPoolExecutor(CLIENTS) as pool:
                    same = pool.map(lambda item: cluster.s3.get("deaths", item[0])[2] == body_of(*item),
                                    stored.items())
                    wrong = [key for key, good in zip(stored, same) if not good]
                self.assertEqual(wrong, [], f"with nodes {dead} dead")


if __name__ == "__main__":
    unittest.main(verbosity=2)
