# SPDX-License-Identifier: BSD-3-Clause
"""One lab for all system tests of a process: raised by the first, razed at the end; every test finds it whole and idle,
whatever the test before did to it."""

import atexit
import contextlib
import os
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
from lablib import turns  # noqa: E402
from lablib.lab import Lab  # noqa: E402
from lablib.util import LabError, wait_for  # noqa: E402

LONG = bool(os.environ.get("CALLGATE_LONG"))  # tools/test --long
_lab = None


def lab():
    global _lab
    if _lab is None:
        begin = time.monotonic()
        _lab = Lab(lambda text: print(f"  {text}", flush=True))
        atexit.register(_lab.down)
        _lab.up(patience_s=900)
        print(f"  lab raised in {time.monotonic() - begin:.1f} s", flush=True)
    return _lab


def lab_down():
    """For whoever wants it next."""
    global _lab
    if _lab is not None:
        atexit.unregister(_lab.down)
        _lab.down()
        _lab = None


def alone(test):
    """A test, or a class of them, that measures or floods: it has the CPUs to itself."""
    test.alone = True
    return test


class Turn(unittest.TestCase):
    """Takes its turn with the tests of other labs."""
    maxDiff = None
    alone = False

    def run(self, result=None):
        turns.take(self.alone or getattr(getattr(self, self._testMethodName), "alone", False))
        return super().run(result)


class LabTest(Turn):

    def setUp(self):
        self.lab = lab()
        self.lab.impair.off()
        for daemon in self.lab.daemons.values():
            if not daemon.running():
                daemon.start()
                daemon.ready()
        for phone in self.lab.phones.values():
            self.whole(phone)
        self.idle()

    def whole(self, phone):
        if not phone.running() or (phone.dir / "settings").read_text() != "auto":
            phone.start()
            phone.ready()
        for _ in range(phone.calls()):
            phone.hang_up()

    def idle(self, deadline_s=8):
        """No call anywhere."""
        for name, phone in self.lab.phones.items():
            wait_for(f"phone {name} to be idle", deadline_s, lambda p=phone: not p.running() or p.calls() == 0)
        for site, daemon in self.lab.daemons.items():
            wait_for(f"callgate {site} to have no call", deadline_s,
                     lambda d=daemon: d.statistics()["in-use"] == 0 and d.usage()["streams"] == 0)

    def restart(self, site, edit=None):
        """callgate of a site with another configuration, until the end of the test."""
        daemon = self.lab.daemons[site]

        def again(change):
            daemon.kill()
            daemon.configure(change)
            daemon.start()
            daemon.ready()

        def put_back():
            with contextlib.suppress(LabError):
                self.idle(2) # the other side waits for the answer to its BYE, which is under way
            again(None)
        self.addCleanup(put_back)
        again(edit)
        self.lab.warm_up()

    def assert_heard(self, listener, speaker, at_least_s=1.0):
        h = self.lab.heard(listener, speaker)
        self.assertGreater(h["share"], 0.9, h)
        self.assertGreater(h["seconds"], at_least_s, h)

    def way(self, caller, callee, **kw):
        """A short call that must succeed; says which way it went."""
        r = self.lab.call(caller, callee, **{"seconds": 2.5, **kw})
        for who, other in ((caller, callee), (callee, caller)):
            self.assert_heard(who, other)
        return r["way"]

    def counted(self, before, site="a"):
        """The counters that moved."""
        now = self.lab.daemons[site].counters()
        return {k: now[k] - before[k] for k in now if now[k] != before[k]}

    def moved(self, site, before):
        """The resources that a daemon holds more of than before."""
        now = self.lab.daemons[site].usage()
        return {k: (before[k], now[k]) for k in before if now[k] > before[k]}


__all__ = ["LONG", "LabError", "LabTest", "Turn", "alone", "lab", "wait_for"]
