# SPDX-License-Identifier: BSD-3-Clause
"""No way to lose a packet is without a test: each drop reason of the data plane is one that some code gives, and one
that a test of real packets sees counted, by name."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# That it did not happen, or that a trace (which drops nothing) tells of it, shows nothing.
NOT_SEEN = re.compile(r"assert_int_equal\(counted\(DROP_\w+\), 0\)")
TRACES = {"test_trace.c"}


def texts(*globs):
    return [p.read_text() for g in globs for p in sorted(ROOT.glob(g)) if p.name not in TRACES]


def named(pattern, found):
    return {name for text in found for name in re.findall(pattern, text)}


class Drops(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.reasons = named(r"(?m)^DROP\((\w+),", texts("dp/counters.def"))
        cls.tests = [NOT_SEEN.sub("", t) for t in texts("test/dp/*.c")]

    def test_each_is_given(self):
        self.assertGreater(len(self.reasons), 70)
        given = named(r"\bDROP_(\w+)", texts("dp/*.[ch]"))
        self.assertEqual(self.reasons - given, set(), "no code of dp/ drops a packet for it: take it out")

    def test_each_is_seen(self):
        seen = named(r"\bDROP_(\w+)", self.tests)
        self.assertEqual(self.reasons - seen, set(), "no test in test/dp sees it counted: write one")
        self.assertNotIn("X", named(r"\bDROP_(\w+)", [NOT_SEEN.sub("", "assert_int_equal(counted(DROP_X), 0);")]))


if __name__ == "__main__":
    unittest.main()
