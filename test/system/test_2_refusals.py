# SPDX-License-Identifier: BSD-3-Clause
"""Calls that must not get through: exactly one of the nine counters moves (TKT-17), the called call manager
sees no INVITE from the Internet, and the call is made over the PSTN."""

import re

from session import LabTest, wait_for

from lablib import refusals
from lablib.peer import Stranger, invite


class Refusals(LabTest):
    def check(self, what):
        r = refusals.refuse(self.lab, what)
        self.assertTrue(r["ok"], r)
        return r

    def test_drop_is_the_default(self):
        """callgate B has no `reject`: the caller's own timer (3 s) finds the PSTN. callgate A forgets the
        INVITE that nothing answered after a minute (SIP-7)."""
        r = refusals.refuse(self.lab, "forged", caller="a2", callee="b2")
        self.assertTrue(r["ok"], r)
        self.assertGreater(r["set-up-s"], 2.5, r)
        self.idle(70)

    def test_right_after_a_refusal_a_good_ticket_works(self):
        self.check("forged")
        self.assertEqual(self.way("b2", "a2"), "the Internet")

    def stranger(self, octets, identity="b"):
        """What a peer with a valid certificate gets for an answer, and the counters that moved."""
        a, ucm = self.lab.daemons["a"], self.lab.ucms["a"]
        stats, seen = a.statistics(), ucm.seen()
        with Stranger(self.lab, identity) as s:
            s.send(octets)
            answer = s.receive()
            moved = refusals.moved(stats, a.statistics())
        self.assertEqual(ucm.seen()["from-internet"], seen["from-internet"])
        return answer, moved

    def test_rtp_in_clear_is_refused(self):
        """SRTP-1: a valid ticket does not buy RTP over the Internet."""
        number = self.lab.phones["a1"].number
        answer, moved = self.stranger(invite(number, "clear", refusals.ticket(
            self.lab, "a", number, {}), secure=False))
        self.assertEqual(moved, {"rtp": 1})
        self.assertIn(b"SIP/2.0 488", answer or b"")

    def test_reject_says_nothing(self):
        """TKT-20: a prober learns nothing from a refusal but that it is one."""
        answers = set()
        for tag, ticket in (("none", None), ("bad", "AAEAEI9PLB5tq2Q=")):
            answer, moved = self.stranger(invite(self.lab.phones["a1"].number, "same", ticket))
            self.assertEqual(len(moved), 1, tag)
            self.assertIn(b"SIP/2.0 403", answer or b"")
            answers.add(re.sub(rb";tag=[0-9a-f]{16}\b", b"", answer))
        self.assertEqual(len(answers), 1, answers)

    def test_route_domain(self):
        """SIP-2: the remote's certificate does not cover the domain of the learned route."""
        ucm, b = self.lab.ucms["b"], self.lab.daemons["b"]
        number = self.lab.phones["a2"].number
        stats, seen = b.statistics(), self.lab.ucms["a"].seen()
        ucm.set_domain(number, "enterprise-x.example")
        self.addCleanup(ucm.set_domain, number, None)
        self.lab.connect("b2", "a2")
        self.lab.hang_up("b2", "a2")
        wait_for("the counter", 3, lambda: refusals.moved(stats, b.statistics()))
        self.assertEqual(refusals.moved(stats, b.statistics()), {"route": 1})
        now = self.lab.ucms["a"].seen()
        self.assertEqual((now["from-internet"], now["from-pstn"]),
                         (seen["from-internet"], seen["from-pstn"] + 1))


def add(what):
    def test(self):
        self.check(what)
    test.__doc__ = f"ticket {what}"
    setattr(Refusals, "test_ticket_" + what.replace(" ", "_"), test)


for _what in refusals.CASES:
    add(_what)
