# SPDX-License-Identifier: Apache-2.0
"""rsxd dev is killed at any moment, and loses node directories: what was acknowledged stays."""

import http.client
import itertools
import os
import random
import shutil
import threading
import unittest

from processes import Dev

SEED = int(os.environ.get("RSX_SEED", random.SystemRandom().randrange(1 << 32)))
ROUNDS = int(os.environ.get("RSX_ROUNDS", "6"))


def body_of(key, size):
    return random.Random(f"{SEED}/{key}").randbytes(size)


class Restarts(unittest.TestCase):
    def test_kill_9_at_any_moment_loses_nothing_acknowledged(self):
        print(f"seed {SEED} (RSX_SEED), {ROUNDS} rounds")
        chance = random.Random(SEED)
        known = {}      # key -> set of contents it may have (sizes; None: absent)
        lock = threading.Lock()
        with Dev() as dev:
            self.assertEqual(dev.s3.make_bucket("restarts")[0], 200)
            for round_number in range(ROUNDS):
                end = threading.Event()

                def work(client):
                    mine = random.Random(SEED * 7 + round_number * 100 + client)
                    for n in itertools.count():
                        if end.is_set():
                            return
                        key = f"{client}/{mine.randrange(12)}"
                        size = mine.choice((0, 1, 100, 5000, 70_000, 300_000))
                        version = f"{key}@{round_number}.{n}"
                        remove = mine.random() < 0.2
                        with lock:
                            before = known.get(key, {None})
                            known[key] = before | ({None} if remove else {(version, size)})
                        try:
                            if remove:
                                status, _, _ = dev.s3.delete("restarts", key)
                            else:
                                status, _, _ = dev.s3.put("restarts", key, body_of(version, size))
                        except (OSError, http.client.HTTPException):
                            return          # the outcome is unknown: both stay possible
                        with lock:
                            if status in (200, 204):
                                known[key] = {None} if remove else {(version, size)}
                            elif status == 503:
                                known[key] = before

                threads = [threading.Thread(target=work, args=(c,)) for c in range(8)]
                for thread in threads:
                    thread.start()
                threading.Event().wait(chance.uniform(0.3, 2.0))
                dev.kill()
                end.set()
                for thread in threads:
                    thread.join()
                dev.s3.forget()
                if round_number % 2 == 1:   # and two disks are lost on the way
                    for node in chance.sample(range(6), 2):
                        shutil.rmtree(dev.node_folder(node))
                    dev.start()
                    self.check(dev, known)
                    self.rewrite(dev, known)    # full width again, on the new disks
                else:
                    dev.start()
                    self.check(dev, known)

    def check(self, dev, known):
        listed = set(dev.s3.keys("restarts"))
        for key, possible in known.items():
            status, _, body = dev.s3.get("restarts", key)
            if status == 404:
                self.assertIn(None, possible, f"{key} was acknowledged and is gone")
                self.assertNotIn(key, listed)
                known[key] = {None}
                continue
            self.assertEqual(status, 200, body[:300])
            self.assertIn(key, listed)
            matching = [p for p in possible if p is not None and body == body_of(*p)]
            self.assertTrue(matching, f"{key} has bytes nobody put there")
            known[key] = set(matching)

    def rewrite(self, dev, known):
        for key, possible in known.items():
            content = next(iter(possible))
            if content is not None:
                self.assertEqual(dev.s3.put("restarts", key, body_of(*content))[0], 200)


if __name__ == "__main__":
    unittest.main(verbosity=2)
