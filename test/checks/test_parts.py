# SPDX-License-Identifier: BSD-3-Clause
"""Parts of tools/test that run beside each other: what they share, whose turn it is, and that none is left."""

import contextlib
import io
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools"
sys.path.insert(0, str(TOOLS))
from lablib import parts, testrun  # noqa: E402
from lablib.util import alive, wait_for  # noqa: E402

BEGIN = f"import os, pathlib, subprocess, sys, time; sys.path.insert(0, {str(TOOLS)!r}); from lablib import parts, turns\n"
REPORTS = """
parts.begin()
print("a line", flush=True); print("an end", end="", flush=True)
pathlib.Path(sys.argv[2]).write_text('{"passed": 2, "failed": [["x", "why"]], "cases": [["y"], ["x"]]}')
"""
HANGS = "print(subprocess.Popen(['sleep', '1000']).pid, flush=True); time.sleep(1000)"
TURNS = """
turns._files.extend(open(f"{sys.argv[1]}/{name}", "w") for name in ("gate", "cpus"))
for _ in range(int(sys.argv[3])):
    turns.take(sys.argv[2] == "alone"); print(sys.argv[2], "begins", flush=True); time.sleep(0.05)
    print(sys.argv[2], "ends", flush=True)
"""


class Parts(unittest.TestCase):
    def setUp(self):
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.dir = pathlib.Path(tmp.name)

    def part(self, program, report):
        """What it says, and the part."""
        (self.dir / "p.py").write_text(BEGIN + program)
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            p = parts.Part("p", self.dir / "p.py", self.dir / "report.json")
            self.addCleanup(parts.Part.all.remove, p)
            if report is None:
                wait_for("it to say something", 5, lambda: "\n" in said.getvalue())
            else:
                report.add_part(p)
        return said.getvalue(), p

    def test_reported(self):
        report = testrun.Report(quiet=True)
        said, _ = self.part(REPORTS, report)
        self.assertEqual(said, "p| a line\np| an end\n")
        self.assertEqual((report.passed, report.failed, report.cases), (2, [["x", "why"]], {True: {"y"}, False: {"x"}}))

    def test_dead_before_its_time(self):
        report = testrun.Report(quiet=True)
        self.part("sys.exit(3)", report)
        self.assertEqual((report.passed, report.failed), (0, [["p ended before its time", "exit 3"]]))

    def test_ended_with_what_it_started(self):
        said, p = self.part(HANGS, None)
        p.end()
        pid = int(said.split()[1])
        wait_for("its program to end", 5, lambda: not alive(pid))
        self.assertIsNotNone(p.p.returncode)

    def test_each_name_is_taken_once(self):
        names = [f"test_{i}.py" for i in range(9)]
        fd = parts.queue(names)
        self.addCleanup(os.close, fd)
        first, second = parts.taken(fd), parts.taken(fd)
        self.assertEqual([next(first), next(second), *first, *second], names)

    def test_gives_way(self):
        """By session where there are such groups, and in any case to others of the session."""
        out = subprocess.run([sys.executable, "-c", BEGIN + "parts.give_way(); print(os.getpriority(os.PRIO_PROCESS, 0))\n"
                              "f = pathlib.Path('/proc/self/autogroup'); print(f.read_text() if f.exists() else ' nice 19')"],
                             start_new_session=True, check=True, capture_output=True, text=True).stdout
        self.assertRegex(out, r"^10\n.* nice 19\n")

    def test_turns(self):
        """Who wants to be alone is, and waits for one turn of another at most."""
        def taker(how, n):
            p = subprocess.Popen([sys.executable, "-c", BEGIN + TURNS, self.dir, how, str(n)], stdout=self.out)
            self.addCleanup(p.wait)
            self.addCleanup(p.kill)
            return p
        with open(self.dir / "out", "wb") as self.out:
            together = [taker("together", 40) for _ in range(2)]
            wait_for("both to begin", 10, lambda: (self.dir / "out").read_text().count("begins") >= 4)
            self.assertEqual([p.wait(20) for p in (taker("alone", 3), *together)], [0, 0, 0])
        said = (self.dir / "out").read_text().splitlines()
        at = [i for i, line in enumerate(said) if line == "alone begins"]
        self.assertEqual([said[i + 1] for i in at], ["alone ends"] * 3)
        self.assertLess(at[-1], len(said) - 20, "it did not starve")


class Order(unittest.TestCase):
    def test_files(self):
        """Every file once; those of the lists are there."""
        every = sorted(p.name for p in (testrun.ROOT / "test/system").glob("test_*.py"))
        for labs, first in ((1, ("0_explain",)), (2, testrun.FIRST)):
            with mock.patch.object(testrun, "LABS", labs):
                files = testrun.test_files(None)
            self.assertEqual(sorted(files), every)
            self.assertEqual(files[:len(first)], [f"test_{name}.py" for name in first])
            self.assertEqual(files[-len(testrun.LAST):], [f"test_{name}.py" for name in testrun.LAST])


if __name__ == "__main__":
    unittest.main()
