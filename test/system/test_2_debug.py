# SPDX-License-Identifier: BSD-3-Clause
"""`callgate debug uc-ime`: two people watch a call that gets through and one that is refused."""

import json
import signal
import subprocess
import time

from session import LabTest, wait_for

from lablib import refusals
from lablib.daemon import find_program, mint


class Debug(LabTest):
    def watch(self, *words):
        """A client that writes what it is told into a file, and a function that reads it."""
        daemon = self.lab.daemons["a"]
        path = self.lab.dir / f"debug-{'-'.join(words)}.txt"
        with open(path, "wb") as out:
            p = subprocess.Popen([find_program("callgate"), "debug", "uc-ime", *words, "--socket", daemon.socket],
                                 stdout=out, stderr=subprocess.STDOUT)
        self.addCleanup(self.end, p)
        return p, lambda: path.read_text()

    def end(self, p):
        if p.poll() is None:
            p.send_signal(signal.SIGINT)
            self.assertEqual(p.wait(timeout=5), -signal.SIGINT)

    def test_log_1_a_call_and_a_refusal(self):
        all_topics, text = self.watch("signaling-trunk", "media", "notify", "rma", "timers")
        errors, json_text = self.watch("signaling-trunk", "errors", "--json")
        time.sleep(0.2)
        self.lab.connect("b1", "a1")
        wait_for("the quality of the call to be told", 5, lambda: "; debug=rma " in text())
        self.lab.hang_up("b1", "a1")
        wait_for("the end to be told", 5, lambda: ": ports rest; debug=media " in text())
        for line in ("SIP message received; debug=signaling-trunk side=outside ", "ticket is valid; ",
                     "media ports pre-allocated for a SIP call; debug=media ", "stream set; debug=media ", "call answered; ",
                     "request=BYE ", "call ended; "):
            self.assertIn(line, text())
        self.assertEqual(json_text(), "") # all went well
        self.assertTrue(refusals.refuse(self.lab, "forged")["ok"])
        told = wait_for("the refusal to be told", 5, json_text)
        refused = json.loads(told.splitlines()[0])
        self.assertEqual((refused["number"], refused["debug"], refused["reason"], refused["counter"]),
                         (339002, "signaling-trunk", "integrity", "TICKET_INTEGRITY"))
        self.assertIn("invalid ticket, request refused; debug=signaling-trunk reason=integrity ", text())
        head = mint(self.lab, "a", self.lab.phones["a1"].number)[:5]
        for secret in (self.lab.daemons["a"].password_file.read_text().strip(), "inline:", head):
            self.assertNotIn(secret, text())
        self.end(all_topics)
        self.assertIsNone(errors.poll()) # the other one watches on

    def test_the_daemon_ends(self):
        p, text = self.watch("timers")
        time.sleep(0.2)
        self.restart("a")
        self.assertEqual(p.wait(timeout=5), 1)
        self.assertIn("the daemon has ended", text())
