# SPDX-License-Identifier: BSD-3-Clause
"""The known-bad list: each of protocol.md's refusals, sent by a stranger with a valid certificate, moves
exactly one counter, gets its answer or none, and does not arrive at the call manager."""

import re
import secrets
import socket
import ssl
import unittest

from session import LabTest, lab, wait_for

from lablib import known_bad, netns
from lablib.daemon import client
from lablib.foreign import identity
from lablib.kamailio import MAPPED
from lablib.peer import Stranger

# What is refused while a good one rings, and how often.
RINGING = {"REQUEST_DUPLICATE": 2, "OFFER_CROSSED": 1, "SDP_UNEXPECTED": 1, "DIALOG_PEER": 1}
PASSED = ("REQUESTS_FORWARDED", "RESPONSES_FORWARDED", "CALLS_STARTED", "TICKETS_VALID")


class KnownBad(LabTest):
    """One connection for all that does not end it."""

    stranger = state = None
    rows, answers = {}, set()

    @classmethod
    def setUpClass(cls):
        cls.lab = lab()
        number = cls.lab.phones["a1"].number
        cls.make = known_bad.Message(number)
        cls.minter = known_bad.Minter(cls.lab.daemons["a"].password_file.read_text().strip(), number)

    @classmethod
    def tearDownClass(cls):
        if cls.stranger:
            cls.stranger.sock.close()

    def setUp(self):
        """The lab is as it was: nothing of these tests may come through."""

    def look(self):
        """Refusals, what passed, and what the call manager has seen."""
        counters = self.lab.daemons["a"].show_json("counters")
        return ({c["name"]: c["value"] for c in counters if c["group"] == "uc-ime" and c["drop"]},
                {c["name"]: c["value"] for c in counters if c["name"] in PASSED},
                self.lab.ucms["a"].seen()["any-from-internet"])

    def refused(self, act, counter, passed=()):
        """Runs `act`; what it moved must be that counter, once."""
        before = KnownBad.state or self.look()
        out = act()
        KnownBad.state = now = self.look()
        self.assertEqual({k: now[0][k] - before[0][k] for k in now[0] if now[0][k] != before[0][k]}, {counter: 1})
        self.assertEqual([k for k in PASSED if now[1][k] != before[1][k]], list(passed))
        self.assertEqual(now[2], before[2], "it came to the call manager")
        return out

    def send(self, octets):
        cls = type(self)
        if not cls.stranger:
            cls.stranger = Stranger(self.lab)
        cls.stranger.send(octets)
        answer, up = cls.stranger.settle()
        self.assertTrue(up, "the connection is closed")
        return answer

    def answered(self, answer, want):
        start = answer.split(b"\r\n")[0].decode()
        if want is None:
            self.assertEqual(answer, b"")
        else:
            self.assertTrue(start.startswith(want), start)

    # ---- what is judged on a connection that goes on ----

    def ticket(self, octets, counter):
        answer = self.refused(lambda: self.send(octets), counter)
        self.answered(answer, known_bad.FORBIDDEN)
        KnownBad.answers.add(re.sub(rb"kb\d+|tag=[0-9a-f]{16}\b", b"", answer).replace(
            self.minter.number.encode(), b""))

    def test_tkt_20_every_ticket_gets_the_same_answer(self):
        """After the others, whose names are before this one's."""
        self.ticket(self.make(), "TICKET_NONE")
        self.ticket(self.make(ticket="AAEAEI9PLB5tq2Q="), "TICKET_DECODE")
        self.assertEqual(len(self.answers), 1, self.answers)

    def test_tkt_16_too_many_salts(self):
        """Each costs a derivation of its key, up to 100 at once and 50 a second; each is counted once."""
        before, n = self.look(), 160
        octets = [self.make(ticket=self.minter.text(salt=known_bad.tlv(2, secrets.token_bytes(16))))
                  for _ in range(n)]
        answer = self.send(b"".join(octets))
        KnownBad.state = now = self.look()
        moved = {k: now[0][k] - before[0][k] for k in now[0] if now[0][k] != before[0][k]}
        self.assertEqual(set(moved), {"TICKET_INTEGRITY", "TICKET_RATE"}, moved)
        self.assertEqual(sum(moved.values()), n)
        self.assertGreaterEqual(moved["TICKET_INTEGRITY"], 100)
        self.assertEqual(now[1:], before[1:])
        self.assertEqual(answer.count(known_bad.FORBIDDEN.encode()), n) # TKT-20: whatever the reason

    def message(self, octets, counter, want):
        # What a valid ticket buys is judged after it.
        passed = () if counter.startswith(("NO_", "DIALOG", "ACK", "CANCEL", "RESPONSE", "SIP_", "MULTIPART")) \
            else ("TICKETS_VALID",)
        self.answered(self.refused(lambda: self.send(octets), counter, passed), want)

    # ---- what ends its connection ----

    def stream(self, octets, counter, want):
        def act():
            with Stranger(self.lab) as s:
                s.send(octets)
                answer, up = s.settle()
                self.assertFalse(up, "the connection is up")
                return answer
        self.answered(self.refused(act, counter), want)

    def test_2_10_certificates(self):
        for name, path in known_bad.certificates(self.lab):
            with self.subTest(name=name):
                def act(path=path):
                    with Stranger(self.lab, path) as s:
                        s.send(self.make(ticket=self.minter.text()))
                        return s.settle()[0]
                self.answered(self.refused(act, "TICKET_DOMAIN"), known_bad.FORBIDDEN)

    def test_tkt_23_tls_1_no_good_certificate(self):
        for name, shown, counter in known_bad.strangers(self.lab):
            with self.subTest(name=name):
                def act(shown=shown):
                    try:
                        with Stranger(self.lab, shown) as s:
                            s.send(self.make(ticket=self.minter.text()))
                            return s.settle()[1]
                    except (ssl.SSLError, OSError):
                        return False
                self.assertFalse(self.refused(act, counter))

    def test_tls_2_no_tls(self):
        def act():
            with netns.entered("inet"):
                s = socket.socket()
            s.settimeout(5)
            s.connect((MAPPED["a"], 5070))
            with s:
                s.sendall(self.make(ticket=self.minter.text()))
                try:
                    return s.recv(100)
                except ConnectionResetError:
                    return b""
        self.assertEqual(self.refused(act, "TCP_ON_TLS"), b"")

    # ---- and the same when nothing is wrong ----

    def test_a_good_one_arrives(self):
        """It rings, until the ticket is taken back."""
        phone = self.lab.phones["a1"]
        phone.start(answer="manual")
        phone.ready()
        phone.forget()
        before = self.look()
        with Stranger(self.lab) as s:
            self.sent = self.make(ticket=self.minter.text())
            s.send(self.sent)
            wait_for("the INVITE at the call manager", 5, lambda: self.look()[2] > before[2])
            phone.await_event("CALL_INCOMING", deadline_s=5)
            self.refused_while_it_rings(s)
            for what in (("revoke", known_bad.UUID, "--end-calls"), ("unrevoke", known_bad.UUID)):
                client("ticket", *what, "--socket", self.lab.daemons["a"].socket)
            phone.await_event("CALL_CLOSED", deadline_s=5)
            wait_for("the end of the call", 5, lambda: self.lab.daemons["a"].usage()["calls"] == 0)
            s.settle()
        self.assertEqual(self.look()[0], {**before[0], **{k: before[0][k] + n for k, n in RINGING.items()}})
        KnownBad.state = None
        self.whole(phone)

    def refused_while_it_rings(self, s):
        """What a caller may not do in a call that rings, and what nobody else may do in it."""
        invite = self.sent
        answers = b""
        while b"SIP/2.0 180 " not in answers:
            answers += s.receive() or self.fail(answers)
        ringing = answers[answers.index(b"SIP/2.0 180 "):]
        tag = re.search(rb"\r\nTo: [^\r]*?(;tag=[^;\r]+)", ringing)[1].decode()
        tags = {name.replace("-", "_"): re.search(rf"\r\n{name}: ([^\r]*)".encode(), invite)[1].decode()
                for name in ("From", "Call-ID")}

        def says(octets, who=s):
            who.send(octets)
            return who.settle()[0]

        def within(method, cseq, **kw):
            return self.make(method, to_tag=tag, CSeq=f"{cseq} {method}", **tags, **kw)
        KnownBad.state = None
        self.answered(self.refused(lambda: says(invite), "REQUEST_DUPLICATE"), None)
        again = re.sub(rb"branch=z9hG4bK\w+", b"branch=z9hG4bKanother", invite)
        self.answered(self.refused(lambda: says(again), "REQUEST_DUPLICATE"), "SIP/2.0 482 ")
        offer = known_bad.sdp()
        self.answered(self.refused(lambda: says(within("UPDATE", 2, body=offer)), "OFFER_CROSSED"), "SIP/2.0 491 ")
        self.answered(self.refused(lambda: says(within("INFO", 3, body=offer)), "SDP_UNEXPECTED"),
                      known_bad.NOT_HERE)
        with Stranger(self.lab, identity(self.lab) / "x") as other:
            self.answered(self.refused(lambda: says(within("BYE", 4), other), "DIALOG_PEER"), None)


def identifier(name):
    return "test_" + re.sub(r"\W+", "_", name).lower()


def add(kind, name, make):
    """A case per row. Its octets are made when the lab is up: they need its password."""
    def test(self):
        if kind not in self.rows:
            self.rows[kind] = {n: rest for n, *rest in make(self.make, self.minter)}
        getattr(self, kind)(*self.rows[kind][name])
    test.__doc__ = name
    setattr(KnownBad, identifier(name), test)


for _kind, _make in (("ticket", known_bad.tickets), ("message", known_bad.messages), ("stream", known_bad.streams)):
    _placeholder = known_bad.Minter("password-1", "+14085550123")
    for _name, *_ in _make(known_bad.Message("+14085550123"), _placeholder):
        add(_kind, _name, _make)


if __name__ == "__main__":
    unittest.main()
