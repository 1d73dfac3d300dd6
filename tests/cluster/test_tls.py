# SPDX-License-Identifier: Apache-2.0
"""Nodes that know each other by certificates: the cluster works, and a stranger stays outside."""

import os
import shutil
import unittest

from processes import Cluster, wait_until


class Tls(unittest.TestCase):
    def test_a_cluster_with_certificates_serves_and_refuses_a_stranger(self):
        with Cluster(nodes=4, code="2+1", tls=True) as cluster:
            self.assertEqual(cluster.s3.make_bucket("tls")[0], 200)
            body = os.urandom(1_500_000)
            self.assertEqual(cluster.s3.put("tls", "key", body)[0], 200)
            self.assertTrue(cluster.s3.get("tls", "key")[2] == body)

            # A node comes back with a certificate of another authority: it is no node of ours.
            certs = os.path.join(cluster.folder.name, "certs")
            cluster.nodes[3].stop()
            shutil.move(certs, certs + ".ours")
            cluster.make_certificates("certs")
            cluster.nodes[3].start()
            wait_until(lambda: cluster.nodes_up() == 3, "the stranger is not counted")
            self.assertTrue(cluster.s3.get("tls", "key")[2] == body)
            cluster.nodes[3].stop()

            shutil.rmtree(certs)
            shutil.move(certs + ".ours", certs)
            cluster.nodes[3].start()
            wait_until(lambda: cluster.nodes_up() == 4, "it is let in with its own certificate")


if __name__ == "__main__":
    unittest.main(verbosity=2)
