# SPDX-License-Identifier: BSD-3-Clause
"""Two call managers of enterprise A: who takes a call when one does not live, and what the caller hears when
neither does; and limits that are reached before anybody's phone rings (TLS-9)."""

import re
import signal
import time

from session import LabTest, lab, wait_for

from lablib import cluster, refusals
from lablib.daemon import mint
from lablib.foreign import NAME, identity
from lablib.peer import Stranger, invite

CALLGATE = ("192.168.10.1", "203.0.113.0/24")  # it, and the remotes that it speaks for
FIRST, SECOND = "192.168.10.30", "192.168.10.31"


class Cluster(LabTest):
    stopped = None  # a call manager that nobody can ask

    @classmethod
    def setUpClass(cls):
        cls.reconfigure(cluster.configuration)
        lab().second.start({})
        lab().second.ready()

    @classmethod
    def tearDownClass(cls):
        lab().second.kill()
        cls.reconfigure(None)

    @staticmethod
    def reconfigure(edit):
        daemon = lab().daemons["a"]
        daemon.kill()
        daemon.configure(edit)
        daemon.start()
        daemon.ready()
        lab().warm_up()

    def setUp(self):
        super().setUp()
        self.first, self.second = self.lab.ucms["a"], self.lab.second
        self.addCleanup(self.whole_again)
        self.expect_states("up", "up")

    def whole_again(self):
        if not self.first.running():
            self.first.start(self.lab.learned("b"))
            self.first.ready()

    def expect_states(self, first, second):
        wait_for(f"call managers to be {first} and {second}", 10,
                 lambda: cluster.states(self.lab.daemons["a"]) == {FIRST: first, SECOND: second}, 0.1)

    def call(self):
        """A call with sound both ways, set up within a second; how many INVITEs reached each call manager."""
        def seen(ucm):
            return ucm.seen() if ucm.running() and ucm is not self.stopped else None
        before = [seen(u) for u in (self.first, self.second)]
        for name in ("a1", "b1"):
            self.lab.phones[name].clear_recordings()
        self.assertLess(self.lab.connect("b1", "a1"), 1)
        time.sleep(2)  # they talk
        self.lab.hang_up("b1", "a1")
        self.assert_heard("a1", "b1")
        self.assert_heard("b1", "a1")
        return [sum(seen(u)[k] - b[k] for k in ("from-internet", "from-pstn")) if b else None
                for u, b in zip((self.first, self.second), before)]

    def test_killed(self):
        """No connection comes about: the very call that finds out goes to the next one."""
        before = self.lab.daemons["a"].counters()
        self.first.kill(signal.SIGKILL)
        self.assertEqual(self.call(), [None, 1])
        self.expect_states("down", "up")
        self.assertEqual(self.call(), [None, 1])
        self.assertEqual(self.counted(before)["CALLS_STOOD_IN"], 2)
        self.assertIn("ON   UCM_DOWN", self.lab.daemons["a"].show("alarms"))
        self.whole_again()
        self.expect_states("up", "up")
        self.assertEqual(self.call(), [1, 0])
        self.assertIn("No alarm is on", self.lab.daemons["a"].show("alarms"))

    def test_hangs(self):
        """Its connections are up and it says nothing."""
        self.stopped = self.first
        self.addCleanup(self.first.signal, signal.SIGCONT)
        self.first.signal(signal.SIGSTOP)
        self.expect_states("down", "up")
        self.assertEqual(self.call(), [None, 1])
        self.first.signal(signal.SIGCONT)
        self.stopped = None
        self.expect_states("up", "up")

    def test_none(self):
        """Neither is heard of: 503 at once, and the call is there over the telephone network."""
        for ucm in (self.first, self.second):
            self.addCleanup(ucm.deaf, ())
            ucm.deaf(CALLGATE)
        self.expect_states("down", "down")
        self.assertIn("ON   UCM_NONE", self.lab.daemons["a"].show("alarms"))
        before, seen = self.lab.daemons["a"].counters(), self.first.seen()
        sent = self.lab.ucms["b"].seen()["to-pstn"]
        self.assertLess(self.lab.connect("b1", "a1"), 0.5)
        self.lab.hang_up("b1", "a1")
        now = self.first.seen()
        self.assertEqual((now["from-internet"], now["from-pstn"]), (seen["from-internet"], seen["from-pstn"] + 1))
        self.assertEqual(self.lab.ucms["b"].seen()["to-pstn"], sent + 1)
        moved = self.counted(before)
        self.assertEqual((moved["UCM_DOWN"], moved.get("CONN_OPEN_FAILED")), (1, None))
        for ucm in (self.first, self.second):
            ucm.deaf(())
        self.expect_states("up", "up")


class Limits(LabTest):
    def test_srtp_sessions(self):
        """The second call finds no SRTP session: it hears 503 and when to come again, nobody rings for it from the
        Internet, and it is made over the PSTN at once; the first one goes on."""
        self.restart("a", lambda text: text.replace("      retry-after: 5",
                                                    "      retry-after: 5\n      srtp-sessions: 1"))
        number = self.lab.phones["a2"].number
        seen = self.lab.ucms["a"].seen()
        self.lab.connect("b1", "a1")
        with Stranger(self.lab) as s:
            s.send(invite(number, "limit", refusals.ticket(self.lab, "a", number, {})))
            answer = s.receive() or b""
        self.assertIn(b"SIP/2.0 503 Service Unavailable\r\n", answer)
        self.assertIn(b"\r\nRetry-After: 5\r\n", answer)
        self.assertEqual(self.lab.phones["a2"].calls(), 0)
        self.assertLess(self.lab.connect("b2", "a2"), 1)
        now = self.lab.ucms["a"].seen()
        self.assertEqual((now["from-internet"], now["from-pstn"]), (seen["from-internet"] + 1, seen["from-pstn"] + 1))
        rows = {r["name"]: r for r in self.lab.daemons["a"].show_json("uc-ime", "limits")["limits"]}
        self.assertEqual({k: rows["srtp-sessions"][k] for k in ("in_use", "max", "refused")},
                         {"in_use": 1, "max": 1, "refused": 2})
        self.lab.hang_up("b2", "a2")
        self.lab.hang_up("b1", "a1")

    def refused(self, counter, n, edge, *invites):
        """One INVITE after the other; n hear 503 and when to come again, each is counted, and nobody rings for it."""
        before, seen = self.lab.daemons["a"].refusals(), self.lab.ucms["a"].seen()["any-from-internet"]
        with Stranger(self.lab, edge) as s:
            answers = b""
            for i, octets in enumerate(invites, 1):
                s.send(octets)
                while len(re.findall(rb"SIP/2\.0 [2-6]", answers)) < i:
                    answers += s.receive() or self.fail(answers)
        self.assertEqual(answers.count(b"SIP/2.0 503 "), n, answers)
        self.assertEqual(answers.count(b"\r\nRetry-After: 5\r\n"), n, answers)
        now = self.lab.daemons["a"].refusals()
        self.assertEqual({k: v - before.get(k, 0) for k, v in now.items() if v != before.get(k, 0)}, {counter: n})
        self.assertEqual(self.lab.ucms["a"].seen()["any-from-internet"], seen + len(invites) - n)

    def test_tls_9_calls_and_their_rate(self):
        """One call with enterprise B is all there may be; and of enterprise X's, one a second passes."""
        self.restart("a", lambda text: text.replace("      retry-after: 5", "      retry-after: 5\n"
                     "      calls-per-domain: 1\n      calls-per-second-per-domain: 1\n      burst-per-domain: 1"))
        number, nobody = self.lab.phones["a2"].number, "+14085550177"
        self.lab.connect("b1", "a1")
        self.refused("LIMIT_DOMAIN_CALLS", 1, "b", invite(number, "domain", refusals.ticket(self.lab, "a", number, {})))
        ticket = mint(self.lab, "a", nobody, granted=NAME)
        self.refused("LIMIT_DOMAIN_RATE", 2, identity(self.lab) / "x",
                     *(invite(nobody, f"rate{i}", ticket) for i in range(3)))
        self.lab.hang_up("b1", "a1")

    def test_tls_9_sessions(self):
        """No session would be left for what the call manager has to say the other way."""
        self.restart("a", lambda text: text.replace("maximum-sessions: 1000", "maximum-sessions: 1"))
        number = self.lab.phones["a2"].number
        self.refused("LIMIT_TLS", 1, "b", invite(number, "tls", refusals.ticket(self.lab, "a", number, {})))
