# SPDX-License-Identifier: BSD-3-Clause
"""cp/events.def and its uses: every event is told somewhere, its number is unique and in order, and the
keys of fields are such that JSON and text have room for them."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
EVENT = re.compile(r'^EVENT\((\d+), (\d), (\w+), (\w+), "([^"]+)",\s*"([^"]+)"\)$', re.M)
RESERVED = {"time", "host", "number", "severity", "name", "text", "cut", "suppressed"}


def listed(text):
    return [(int(m[1]), int(m[2]), m[4]) for m in EVENT.finditer(text)]


def used(sources):
    """Names of events that some line of code tells. A use of a name that is not listed does not
    compile."""
    return set(re.findall(r"\blog_event(?:_from)?\((\w+)", sources)) | set(re.findall(r"\bEVT_(\w+)", sources))


class Events(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.text = (ROOT / "cp/events.def").read_text()
        cls.sources = "\n".join(p.read_text() for p in sorted((ROOT / "cp").glob("*.c")))

    def test_all_are_read(self):
        self.assertEqual(len(listed(self.text)), self.text.count("\nEVENT("))
        self.assertGreater(len(listed(self.text)), 30)

    def test_each_is_used(self):
        names = {name for _, _, name in listed(self.text)}
        self.assertEqual(names - used(self.sources), set())
        self.assertEqual(used("log_event(A, x); log_event_from(B, &ip); return EVT_C;"), {"A", "B", "C"})

    def test_numbers(self):
        numbers = [number for number, _, _ in listed(self.text)]
        self.assertEqual(numbers, sorted(set(numbers)))
        for number, severity, name in listed(self.text):
            with self.subTest(name):
                self.assertTrue(1 <= severity <= 7)
                # What an ASA means by these is in protocol.md; ours must not look like them.
                self.assertTrue(number <= 339009 or 339101 <= number <= 339999 or number in (446001, 607001, 607002,
                                                                                             607003, 711001))

    def test_keys(self):
        keys = re.findall(r'\blog_(?:str|text|u64|nonzero|bool|ip|endpoint)\("([^"]+)"', self.sources)
        self.assertGreater(len(keys), 50)
        for key in keys:
            self.assertRegex(key, r"^[a-z][a-z0-9_]*$")
        fields = self.sources.replace((ROOT / "cp/log_line.c").read_text(), "").replace(
            (ROOT / "cp/log.c").read_text(), "")
        for key in re.findall(r'\blog_(?:str|text|u64|nonzero|bool|ip|endpoint)\("([^"]+)"', fields):
            self.assertNotIn(key, RESERVED)


if __name__ == "__main__":
    unittest.main()
