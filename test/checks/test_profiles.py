# SPDX-License-Identifier: BSD-3-Clause
"""What test/perf has for other people's traffic generators, which want NICs: that it compiles is all that runs here."""

import pathlib
import py_compile
import subprocess
import tempfile
import unittest

PERF = pathlib.Path(__file__).resolve().parents[1] / "perf"


class Profiles(unittest.TestCase):
    def test_trex(self):
        with tempfile.TemporaryDirectory() as folder:
            py_compile.compile(PERF / "trex_udp.py", f"{folder}/trex_udp.pyc", doraise=True)

    def test_pktgen(self):
        subprocess.run(["luac5.4", "-p", PERF / "pktgen_udp.lua"], check=True)


if __name__ == "__main__":
    unittest.main()
