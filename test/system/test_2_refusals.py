# SPDX-License-Identifier: BSD-3-Clause
"""Calls that must not get through: exactly one of the nine counters moves (TKT-17), the called call manager
sees no INVITE from the Internet, and the call is made over the PSTN."""

import json
import re

from session import LabError, LabTest, wait_for

from lablib import refusals
from lablib.daemon import client, mint, substitute
from lablib.peer import Stranger, invite


class Refusals(LabTest):
    def check(self, what):
        r = refusals.refuse(self.lab, what)
        self.assertTrue(r["ok"], r)
        return r

    def test_tkt_19_drop_is_the_default(self):
        """callgate B has no `reject`: the caller's own timer (3 s) finds the PSTN."""
        r = refusals.refuse(self.lab, "forged", caller="a2", callee="b2")
        self.assertTrue(r["ok"], r)
        self.assertGreater(r["set-up-s"], 2.5, r)
        self.restart("a") # which would forget the unanswered INVITE after a minute (SIP-7)

    def test_right_after_a_refusal_a_good_ticket_works(self):
        self.check("forged")
        self.assertEqual(self.way("b2", "a2"), "the Internet")

    # ---- who may call ----

    def deliver(self, number, ticket, tag):
        """How callgate A's refusals moved by a good INVITE with that ticket."""
        before = self.lab.daemons["a"].refusals()
        self.stranger(invite(number, tag, ticket))
        after = self.lab.daemons["a"].refusals()
        return {k: after[k] - before.get(k, 0) for k in after if after[k] != before.get(k, 0)}

    def ticket_command(self, *args):
        return json.loads(client("ticket", *args, "--json", "--socket", self.lab.daemons["a"].socket))

    def test_revoked_works_at_once_and_after_a_restart(self):
        number = self.lab.phones["a1"].number
        ticket = refusals.ticket(self.lab, "a", number, {})
        fields = json.loads(client("ticket", "inspect", "--json", ticket))["fields"]
        uuid = re.sub(r"(.{8})(.{4})(.{4})(.{4})(.{12})", r"\1-\2-\3-\4-\5",
                      next(f["value"] for f in fields if f["name"] == "unique id"))
        self.assertEqual(self.ticket_command("revoke", uuid), {"changed": True, "calls": 0, "ended": False})
        self.assertEqual(self.deliver(number, ticket, "revoked1"), {"TICKET_REVOKED": 1})
        self.restart("a")
        self.assertEqual(self.deliver(number, ticket, "revoked2"), {"TICKET_REVOKED": 1})
        self.ticket_command("revoke", ".example")
        self.assertEqual(self.deliver(number, refusals.ticket(self.lab, "a", number, {}), "revoked3"),
                         {"DOMAIN_REVOKED": 1})
        self.assertEqual([r["name"] for r in self.lab.daemons["a"].show_json(
            "uc-ime", "revoked-tickets")["revoked"]], [uuid, ".example"])
        self.ticket_command("unrevoke", uuid)
        self.ticket_command("unrevoke", ".example")
        self.assertEqual(self.way("b2", "a2"), "the Internet")

    def test_a_call_that_is_up_is_ended_only_when_asked(self):
        self.lab.connect("b2", "a2")
        self.assertEqual(self.ticket_command("revoke", "enterprise-b.example")["calls"], 1)
        self.addCleanup(self.ticket_command, "unrevoke", "enterprise-b.example")
        self.assertEqual(self.lab.daemons["a"].usage()["calls"], 1)
        self.assertEqual(self.ticket_command("revoke", "enterprise-b.example", "--end-calls"),
                         {"changed": False, "calls": 1, "ended": True})
        self.idle()

    def test_callers_that_the_configuration_refuses(self):
        number = self.lab.phones["a1"].number
        for domains, counter in (("deny: [enterprise-b.example]", "DOMAIN_DENIED"),
                                 ("allow: [enterprise-c.example]", "DOMAIN_NOT_ALLOWED")):
            self.restart("a", lambda text, d=domains: substitute(
                text, r"    did-source:", f"    domains: {{{d}}}\n    did-source:"))
            self.assertEqual(self.deliver(number, refusals.ticket(self.lab, "a", number, {}), counter.lower()),
                             {counter: 1})

    def test_cli_1_epoch_under_traffic(self):
        """2.12: a new epoch with its password, while a call is up; the tickets of before are good for the
        grace."""
        a, number = self.lab.daemons["a"], self.lab.phones["a2"].number
        old, password = refusals.ticket(self.lab, "a", number, {}), a.dir / "new.password"
        password.touch(mode=0o600)
        password.write_text("another-password\n")
        self.addCleanup(self.restart, "a")
        self.lab.connect("b1", "a1")
        with self.assertRaisesRegex(LabError, "CLI-1"):
            self.ticket_command("epoch", 1, "--password-file", password)
        answer = self.ticket_command("epoch", 2, "--password-file", password, "--grace", 3)
        self.assertEqual((answer["epoch"], answer["previous_epoch"]), (2, 1))
        self.assertEqual(self.way("b2", "a2"), "the Internet") # with a ticket of epoch 1
        text = a.show("running-config", "uc-ime")
        self.assertIn(" ticket epoch 2 password *****\n", text)
        self.assertNotIn("another-password", text + a.log.read_text())
        wait_for("the end of the grace", 6, lambda: "previous epoch" not in a.show("running-config", "uc-ime"))
        self.assertEqual(self.deliver(number, old, "old"), {"TICKET_EPOCH": 1})
        home = self.lab.ucms["b"]
        self.addCleanup(home.set_ticket, number, old)
        home.set_ticket(number, mint(self.lab, "a", number, password="another-password", epoch=2))
        self.assertEqual(self.way("b2", "a2"), "the Internet")
        self.lab.hang_up("b1", "a1")
        self.assert_heard("a1", "b1")

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

    def test_srtp_1_rtp_in_clear_is_refused(self):
        """SRTP-1: a valid ticket does not buy RTP over the Internet."""
        number = self.lab.phones["a1"].number
        answer, moved = self.stranger(invite(number, "clear", refusals.ticket(
            self.lab, "a", number, {}), secure=False))
        self.assertEqual(moved, {"rtp": 1})
        self.assertIn(b"SIP/2.0 488", answer or b"")

    def test_tkt_20_reject_says_nothing(self):
        """TKT-20: a prober learns nothing from a refusal but that it is one."""
        answers = set()
        for tag, ticket in (("none", None), ("bad", "AAEAEI9PLB5tq2Q=")):
            answer, moved = self.stranger(invite(self.lab.phones["a1"].number, "same", ticket))
            self.assertEqual(len(moved), 1, tag)
            self.assertIn(b"SIP/2.0 403", answer or b"")
            answers.add(re.sub(rb";tag=[0-9a-f]{16}\b", b"", answer))
        self.assertEqual(len(answers), 1, answers)

    def test_sip_2_route_domain(self):
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
