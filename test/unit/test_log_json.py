# SPDX-License-Identifier: BSD-3-Clause
"""Lines of the log that hold every octet there is: Python's json reads the one kind, a reader of a few
lines the other, and both find what was put in (argument: log_hostile)."""

import json
import re
import subprocess
import sys
import unittest

ROUNDS = 256


def text_fields(line):
    """{key: value} of a text line."""
    rest, out = line.split("; ", 1)[1], {}
    while rest:
        m = re.match(r'([a-z0-9_]+)=(?:"([^"]*)"|([^ "=\\]+))(?: |$)', rest)
        if not m:
            raise ValueError(rest)
        value = m[3] if m[2] is None else re.sub(r"\\x(..)", lambda h: chr(int(h[1], 16)), m[2])
        out[m[1]] = value
        rest = rest[m.end():]
    return out


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lines = subprocess.run([PROGRAM], capture_output=True, check=True).stdout.split(b"\n")

    def test_every_octet(self):
        expected = [s for i in range(ROUNDS) for s in (chr(i), chr(i) + "x")]
        for i, value in enumerate(expected):
            read = json.loads(self.lines[2 * i])
            self.assertEqual((read["value"], read["after"]), (value, 1))
            self.assertEqual(text_fields(self.lines[2 * i + 1].decode()), {"value": value, "after": "1"})

    def test_long_ones_are_cut(self):
        for n, pattern in (-5, bytes(range(256))), (-3, bytes(i * 7 % 256 for i in range(3000))):
            want = pattern.decode("latin-1")
            for read in (json.loads(self.lines[n]), text_fields(self.lines[n + 1].decode())):
                value = read["value"]
                self.assertTrue(value == want or value.endswith("...") and want.startswith(value[:-3]), value)
                self.assertGreater(len(value), 80)

    def test_only_printable_octets(self):
        self.assertEqual(len(self.lines), 4 * ROUNDS + 5)
        for line in self.lines:
            self.assertRegex(line, rb"^[ -~]*$")


if __name__ == "__main__":
    PROGRAM = sys.argv.pop()
    unittest.main()
