# SPDX-License-Identifier: BSD-3-Clause
"""Remedies, as an engineer reads them at 3 a.m.: each drop and refusal says what to do, by commands that the client
has and by keys that the configuration has. The same of events and alarms, whose remedies stand apart."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
STRINGS = re.compile(r'"((?:[^"\\]|\\.)*)"')

# Words with a hyphen that are no keys.
WORDS = set("""half-open hang-up in-dialog inter-interface keep-alive keep-alives off-path out-of-dialog rate-limit
re-INVITE re-negotiate time-out""".split())


def macros(text):
    """{name: its text} of what a list says in several places."""
    return {m[1]: m[2] for m in re.finditer(r'^#define (\w+) "(.*)"$', text, re.M)}


def entries(path, *kinds):
    """(name, help) of each DROP(...), REFUSAL(...), ...: its help is the last argument, strings side by side."""
    text = (ROOT / path).read_text()
    named = macros(text)
    for m in re.finditer(rf"^(?:{'|'.join(kinds)})\((.*?)\)$", text, re.M | re.S):
        args = [[]]
        for token in re.findall(r'"(?:[^"\\]|\\.)*"|\w+|,', m[1]):
            if token == ",":
                args.append([])
            else:
                args[-1].append(token)
        name = args[-3 if "EVENT" in kinds and len(args) > 2 else 0][0]
        yield name, "".join(t[1:-1] if t[0] == '"' else named[t] for t in args[-1])


def alarms():
    text = (ROOT / "cp/alarm.h").read_text().replace("\\\n", "")
    for m in re.finditer(r'X\((\w+),\s*((?:"[^"]*"\s*)+)\)', text):
        yield m[1], "".join(STRINGS.findall(m[2]))


def commands():
    """Every command of the client, as words."""
    found = {m[1] for m in re.finditer(r'^\t\{"([a-z][^"]*)"', (ROOT / "tools/callgate/layout.c").read_text(), re.M)}
    for path, first in (("main", ""), ("pki", "pki "), ("ticket", "ticket "), ("stir", "stir "), ("config", "config ")):
        text = (ROOT / f"tools/callgate/{path}.c").read_text()
        found |= {first + m[1] for m in re.finditer(r'^\t+\{"([a-z-]+)",\s*"[^"]*",\s*\w+_main\}', text, re.M)}
    with_more = {"capture", "packet-tracer", "debug", "explain", "map"}
    return {tuple(c.split()) for c in found if " " in c or c in with_more}


def options():
    return {m[1] for p in (ROOT / "tools/callgate").glob("*.c")
            for m in re.finditer(r'\] = \{"([a-z0-9-]+)"', p.read_text())}


def asked_for(text):
    """The words behind each "callgate", as far as they can be words of a command."""
    for m in re.finditer(r"\bcallgate ([^;:,()]+)", text):
        yield m[1].replace(" and callgate", "").split()


def is_command(words, known):
    """Whether these words begin with a command, whole."""
    return any(all(a == b or b.isupper() for a, b in zip(words, c)) and len(words) >= len(c) for c in known)


class Remedies(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.counters = [*entries("dp/counters.def", "DROP"), *entries("cp/counters.def", "STAT", "REFUSAL")]
        cls.all = cls.counters + [*entries("cp/events.def", "EVENT"), *alarms(),
                                  *entries("dp/counters.def", "COUNT"), *entries("cp/counters.def", "EVENT")]
        cls.commands = commands()
        cls.keys = {s for p in [*(ROOT / "config").glob("*.c"), ROOT / "config/timeouts.def"]
                    for s in re.findall(r'[{(]"([a-z][a-z0-9-]*)"', p.read_text())}

    def test_all_are_read(self):
        drops, cp = (ROOT / "dp/counters.def").read_text(), (ROOT / "cp/counters.def").read_text()
        self.assertEqual(len(self.counters), drops.count("\nDROP(") + cp.count("\nSTAT(") + cp.count("\nREFUSAL("))
        self.assertGreater(len([*alarms()]), 8)
        self.assertGreater(len(self.commands), 60)
        self.assertIn(("show", "access-list", "NAME"), self.commands)
        self.assertIn(("ticket", "inspect"), self.commands)
        texts = dict(self.counters)
        self.assertRegex(texts["IP_HEADER"], "total length.; callgate capture NAME")
        self.assertRegex(texts["POLICY_CLASS"], "a message; callgate show service-policy")
        self.assertRegex(texts["TICKET_EPOCH"], "^ticket is of another epoch; callers")

    def test_each_says_what_to_do(self):
        """Behind what happened, parted from it."""
        for name, text in self.counters:
            with self.subTest(name):
                self.assertRegex(text, r"\w[^;:]*[;:] \w+")

    def test_commands(self):
        told = 0
        for name, text in self.all:
            for words in asked_for(text):
                told += 1
                with self.subTest(name):
                    self.assertTrue(is_command(words, self.commands), f"callgate {' '.join(words)}")
        self.assertGreater(told, 60)
        for wrong in ("show toast", "show", "ticket", "clear drop"):
            self.assertFalse(is_command(wrong.split(), self.commands))

    def test_options(self):
        known = options()
        for name, text in self.all:
            for option in re.findall(r"(?<![\w-])--([a-z-]+)", text):
                with self.subTest(name):
                    self.assertIn(option, known | {"check"})  # callgated --check

    def test_keys(self):
        """What is written as a key is one."""
        told = 0
        for name, text in self.all:
            text = re.sub(r"\bcallgate [^;:,()]+", "", text)
            for word in re.findall(r"(?<![\w.+/-])[a-z0-9]+(?:-[a-zA-Z0-9]+)+(?![\w.-]*[A-Z])", text):
                told += word in self.keys
                with self.subTest(name):
                    self.assertTrue(word in self.keys or word in WORDS, f"{word} is no key")
        self.assertGreater(told, 60)


if __name__ == "__main__":
    unittest.main()
