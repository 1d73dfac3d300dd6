# SPDX-License-Identifier: Apache-2.0
"""The names of metrics are a promise: what the server shows is what docs/reference/metrics.md says."""

import os
import re
import unittest
import urllib.request

from processes import Dev

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "reference", "metrics.md")


class Metrics(unittest.TestCase):
    def test_every_metric_shown_is_documented_with_its_labels(self):
        with open(PAGE) as page:
            documented = dict(re.findall(r"^\| `(rsx_[a-z0-9_]+)` \| ([^|]*) \|", page.read(), re.M))
        with Dev() as dev:
            self.assertEqual(dev.s3.make_bucket("metrics")[0], 200)
            self.assertEqual(dev.s3.put("metrics", "a", b"body")[0], 200)
            self.assertEqual(dev.s3.get("metrics", "a")[0], 200)
            with urllib.request.urlopen(f"http://127.0.0.1:{dev.port}/_/metrics") as answer:
                text = answer.read().decode()
        shown = dict(re.findall(r"^# TYPE (rsx_[a-z0-9_]+) ([a-z]+)$", text, re.M))
        self.assertGreater(len(shown), 8)
        self.assertEqual(sorted(set(shown) - set(documented)), [], "shown and not documented")
        for name, kind in shown.items():
            self.assertEqual(documented[name].split()[0], kind, name)
            labels = set(re.findall(r"([a-z_]+)=", " ".join(re.findall(rf"^{name}(?:_bucket)?{{([^}}]*)}}", text, re.M))))
            said = set(re.findall(r"`([a-z_]+)`", documented[name]))
            self.assertEqual(labels - {"le"}, said if labels - {"le"} else set(), name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
