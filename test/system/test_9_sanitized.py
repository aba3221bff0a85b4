# SPDX-License-Identifier: BSD-3-Clause
"""The daemon itself, workers and all, with the address and undefined-behaviour sanitizers in it."""

import os
import re
import signal

from session import LabTest, wait_for

from lablib import turns
from lablib.testrun import SANITIZE
from lablib.util import ROOT, locked, sh

FOLDER = ROOT / "build-asan-dp"
# To look for leaks at its end is what it may not do any more by then (ptrace).
ENV = {"BUILD": str(FOLDER), "ASAN_OPTIONS": "detect_leaks=0:strict_string_checks=1",
       "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"}
FINDING = re.compile(r"AddressSanitizer|runtime error|SUMMARY:")


class Sanitized(LabTest):
    def setUp(self):
        turns.leave()
        with locked(FOLDER): # it may be built just now
            self.build()
        turns.take(False)
        super().setUp()

    def build(self):
        if not (FOLDER / "build.ninja").is_file():
            options = [x for x in SANITIZE if "dataplane" not in x]
            sh("meson", "setup", FOLDER, ROOT, "-Dwerror=true", *options, timeout=120)
        sh("ninja", "-C", FOLDER, "cp/callgated", "tools/callgate/callgate", timeout=600)

    def again(self, env):
        """All daemons, started with these in the environment in place of what was there."""
        before = {name: os.environ.get(name) for name in env}
        for name, value in env.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        for d in self.lab.daemons.values():
            d.kill()
            d.start()
        for d in self.lab.daemons.values():
            d.ready()
        self.lab.warm_up()
        return before

    def test_call(self):
        """Two calls, one each way, heard on both ends; the daemons end as they should and have nothing to say."""
        daemons = self.lab.daemons.values()
        self.addCleanup(self.again, self.again(ENV))
        for d in daemons:
            self.assertEqual(os.readlink(f"/proc/{d.pid()}/exe"), str(FOLDER / "cp" / "callgated"))
        for caller, callee in (("b1", "a1"), ("a2", "b2")):
            self.assertEqual(self.way(caller, callee), "the Internet")
        self.idle()
        for d in daemons:
            os.kill(d.pid(), signal.SIGTERM)
        for d in daemons:
            wait_for(f"callgate {d.site} to end", 10, lambda d=d: not d.running())
            self.assertNotRegex(d.log.read_text(errors="replace"), FINDING)
