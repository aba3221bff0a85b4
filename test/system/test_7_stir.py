# SPDX-License-Identifier: BSD-3-Clause
"""STIR/SHAKEN (protocol.md section 13): enterprise B has its callers' numbers signed by the openssl command,
callgate A verifies them."""

import time

from session import LabTest, wait_for

from lablib import refusals
from lablib.daemon import substitute
from lablib.peer import Stranger, invite
from lablib.stir import Signer

STRANGER = "+12125550100" # who the raw INVITEs are from


class Stir(LabTest):
    def verify(self, how):
        """callgate A with a trust domain of its own and stir-verify."""
        folder = self.lab.dir / "stir"
        folder.mkdir(exist_ok=True)
        self.number = Signer(folder, "number", self.lab.phones["b2"].number.lstrip("+"))
        self.provider = Signer(folder, "provider")
        self.restart("a", lambda text: substitute(
            text, r"stir: \{verify: off", f"stir: {{verify: {how}, certificates: {folder}/certificates, "
                                          f"anchors: {folder}/anchors.pem"))

    def sign(self, identity):
        """What call manager B puts into its INVITEs to a2."""
        ucm, number = self.lab.ucms["b"], self.lab.phones["a2"].number
        ucm.set_identity(number, identity)
        self.addCleanup(ucm.set_identity, number, None)

    def test_tag(self):
        """STIR-1: the call manager learns the verdict, and so does who asks callgate."""
        self.verify("tag")
        a, ucm = self.lab.daemons["a"], self.lab.ucms["a"]
        b2, a2 = self.lab.phones["b2"].number, self.lab.phones["a2"].number
        for identity, verstat, reason in (
                (self.number.identity(b2, a2), "TN-Validation-Passed", "verified"),
                (self.number.identity("+12125550177", a2), "TN-Validation-Failed", "orig is not"),
                (None, "No-TN-Validation", "no Identity header")):
            self.sign(identity)
            counters = a.counters()
            self.lab.connect("b2", "a2")
            caller = a.show_json("uc-ime", "signaling-sessions")["sessions"][0]["caller"]
            text = a.show("uc-ime", "signaling-sessions")
            self.lab.hang_up("b2", "a2")
            self.assertIn(f"{b2};verstat={verstat}@", ucm.callers()[-1])
            self.assertEqual((caller["number"], caller["verified"]), (b2, identity is not None and
                                                                      reason == "verified"))
            self.assertIn(reason, caller["result"])
            self.assertIn(f"Caller: {b2} ", text)
            moved = [k for k in self.counted(counters) if k.startswith("CALLERS_")]
            self.assertEqual(len(moved), 1, moved)

    def answer(self, tag, headers):
        """What callgate A answers to an INVITE with a valid ticket and these headers, and what it counts; the
        call manager has seen nothing of it."""
        a, ucm = self.lab.daemons["a"], self.lab.ucms["a"]
        number = self.lab.phones["a1"].number
        before, seen = a.refusals(), ucm.seen()
        with Stranger(self.lab) as s:
            s.send(invite(number, tag, refusals.ticket(self.lab, "a", number, {}), headers=headers))
            line = (s.receive() or b"").split(b"\r\n")[0].decode()
        self.assertEqual(ucm.seen()["from-internet"], seen["from-internet"], tag)
        after = a.refusals()
        return line, [k for k in after if after[k] != before.get(k, 0)]

    def test_enforce(self):
        """Every failure code, although no bad ticket would be answered; and a refused call goes over the PSTN."""
        self.verify("enforce")
        a1 = self.lab.phones["a1"].number
        good = self.provider.identity(STRANGER, a1)
        for tag, identity, want in (
                ("absent", None, ("428 Use Identity Header", "STIR_ABSENT")),
                ("unheld", self.provider.identity(STRANGER, a1, url="https://sti.example/gone.pem"),
                 ("436 Bad Identity Info", "STIR_INFO")),
                ("authority", self.number.identity(STRANGER, a1), ("437 Unsupported Credential", "STIR_CREDENTIAL")),
                ("called", self.provider.identity(STRANGER, "+14085550177"),
                 ("438 Invalid Identity Header", "STIR_INVALID")),
                ("signature", good.replace(good.split(".")[2][:4], "AAAA"),
                 ("438 Invalid Identity Header", "STIR_INVALID")),
                ("stale", self.provider.identity(STRANGER, a1, iat=int(time.time()) - 90),
                 ("403 Stale Date", "STIR_STALE"))):
            self.assertEqual(self.answer(tag, f"Identity: {identity}\n" if identity else ""),
                             (f"SIP/2.0 {want[0]}", [want[1]]), tag)
        seen = self.lab.ucms["a"].seen()
        self.lab.connect("b2", "a2") # not signed
        self.lab.hang_up("b2", "a2")
        wait_for("the call over the PSTN", 3,
                 lambda: self.lab.ucms["a"].seen()["from-pstn"] == seen["from-pstn"] + 1)
        self.assertEqual(self.lab.ucms["a"].seen()["from-internet"], seen["from-internet"])
        self.sign(self.provider.identity(self.lab.phones["b2"].number, self.lab.phones["a2"].number))
        self.assertEqual(self.way("b2", "a2"), "the Internet")
