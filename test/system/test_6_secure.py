# SPDX-License-Identifier: BSD-3-Clause
"""A secure trunk: enterprise A with TLS and SRTP between callgate, call manager and phones. SRTP on both sides
passes through (SRTP-3): verified, and not encrypted again."""

import contextlib
import socket
import ssl
import time

from session import LabTest, lab, wait_for

from lablib import capture, netns, secure
from lablib.kamailio import MAPPED

OPTIONS = "OPTIONS sip:b@{remote}:5070;transport=tls SIP/2.0\r\n" \
          "Via: SIP/2.0/TLS {ucm}:5070;branch=z9hG4bKsecure\r\nFrom: <sip:a@x>;tag=a\r\nTo: <sip:b@y>\r\n" \
          "Call-ID: secure\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"


class SecureTrunk(LabTest):
    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(secure.apply, lab(), "a", False)
        secure.apply(lab(), "a")

    def talk(self, caller, callee, wires, seconds=4):
        """A call, heard by both, and what crossed the wires: name -> (namespace, interface)."""
        wires = {k: self.lab.capture(k, *w) for k, w in wires.items()}
        for name in (caller, callee):
            self.lab.phones[name].clear_recordings()
        self.lab.connect(caller, callee)
        time.sleep(seconds)
        shown = {s: d.show("uc-ime", "media-sessions", "detail") for s, d in self.lab.daemons.items()}
        self.lab.hang_up(caller, callee)
        self.assert_heard(caller, callee, seconds - 1)
        self.assert_heard(callee, caller, seconds - 1)
        self.idle()
        return shown, {k: w.stop() for k, w in wires.items()}

    def assert_same_packets(self, here, there):
        """What crosses one wire crosses the other, bit for bit: nobody between them held a key to seal with."""
        ours, theirs = ({(p.ssrc, p.seq, p.ts, p.payload) for p in capture.rtp_packets(w)} for w in (here, there))
        self.assertGreater(len(ours & theirs), 300)
        self.assertLess(len(ours ^ theirs), 20) # on their way when the captures began or ended

    def test_passthrough(self):
        for caller, callee in (("b1", "a1"), ("a1", "b1")):
            with self.subTest(caller=caller):
                shown, wires = self.talk(caller, callee, {
                    "net": ("inet", "to-a"), "a": ("lan-a", "to-callgate"), "b": ("lan-b", "to-callgate")})
                self.assertIn("passthrough set", shown["a"])
                self.assertRegex(shown["a"], r"SRTP conn 192\.168\.10\.3/\d+ to \S+ tx_pkts [1-9]\d* rx_pkts [1-9]")
                self.assertIn("passthrough not set", shown["b"])
                inside, net, clear = (capture.judge(wires[k]) for k in ("a", "net", "b"))
                for verdict in (inside, net):
                    self.assertTrue(verdict["nothing-in-clear"], verdict)
                    self.assertGreater(verdict["srtp-packets"], 2 * 45 * 4, verdict)
                    self.assertGreater(verdict["tls"], 4, verdict)
                # The same judge on the clear side: it can find what it looks for.
                self.assertGreater(clear["rtp-in-clear"], 2 * 45 * 4, clear)
                self.assert_same_packets(wires["a"], wires["net"])

    def test_hold_and_resume(self):
        """Offers in the middle of a call, with the phones' keys of then."""
        self.lab.connect("b1", "a1")
        time.sleep(1)
        for name in ("b1", "a1"):
            self.lab.phones[name].hold()
            time.sleep(1)
            self.lab.phones[name].resume()
            time.sleep(1)
        self.assertEqual((self.lab.phones["b1"].calls(), self.lab.phones["a1"].calls()), (1, 1))
        wire = self.lab.capture("resumed", "lan-a", "to-callgate")
        time.sleep(3)
        self.lab.hang_up("b1", "a1")
        verdict = capture.judge_media(wire.stop())
        self.assertEqual([s["sealed"] for s in verdict], [True, True], verdict)
        self.idle()

    def test_from_end_to_end(self):
        """Both enterprises secure: the phones' own SRTP goes through both callgates as it is."""
        self.addCleanup(secure.apply, self.lab, "b", False)
        secure.apply(self.lab, "b")
        shown, wires = self.talk("b1", "a1", {"a": ("lan-a", "to-callgate"), "b": ("lan-b", "to-callgate")})
        for text in shown.values():
            self.assertIn("passthrough set", text)
        self.assert_same_packets(wires["a"], wires["b"])

    def test_srtp2_phone_without_srtp(self):
        """It refuses SRTP with 488, and is offered RTP: nobody's call fails for what is in the house."""
        phone, a = self.lab.phones["a1"], self.lab.daemons["a"]

        def speak(account_too):
            phone.account_too = account_too
            phone.start()
            phone.ready()
        self.addCleanup(speak, phone.account_too)
        speak("")
        before, seen = a.counters(), self.lab.ucms["a"].seen()
        _, wires = self.talk("b1", "a1", {"net": ("inet", "to-a"), "a": ("phone-a1", "eth0")}, 3)
        self.assertEqual(self.counted(before)["CALLS_OFFERED_RTP"], 1)
        now = self.lab.ucms["a"].seen()
        self.assertEqual((now["from-internet"] - seen["from-internet"], now["from-pstn"] - seen["from-pstn"]), (2, 0))
        self.assertGreater(capture.judge(wires["a"])["rtp-in-clear"], 2 * 45 * 3)
        self.assertTrue(capture.judge(wires["net"])["nothing-in-clear"])

    # ---- who may not speak ----

    def ucm_connects(self):
        with netns.entered("ucm-a"):
            sock = socket.create_connection((MAPPED["b"], 5070), timeout=5)
        self.addCleanup(sock.close)
        return sock

    def assert_refused(self, name, before):
        a = self.lab.daemons["a"]
        wait_for(f"{name} to be counted", 5, lambda: a.refusals().get(name, 0) == before.get(name, 0) + 1)
        return next(line for line in a.log.read_text().splitlines() if f"counter={name} " in line)

    def test_plain_tcp_is_refused(self):
        before = self.lab.daemons["a"].refusals()
        sock = self.ucm_connects()
        sock.sendall(OPTIONS.format(remote=MAPPED["b"], ucm=self.lab.ucms["a"].ip).encode())
        with contextlib.suppress(ConnectionResetError): # it has not read what we sent
            self.assertEqual(sock.recv(100), b"")
        line = self.assert_refused("TCP_ON_SECURE", before)
        self.assertIn("set the call manager's trunk to TLS, or its trunk-security-mode to nonsecure", line)

    def test_another_ca_is_refused(self):
        """A certificate that is good on the Internet is none of the call manager's."""
        before, folder = self.lab.daemons["a"].refusals(), self.lab.daemons["a"].dir
        ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        ctx.check_hostname = False
        ctx.load_verify_locations(folder / "inside.pem")
        ctx.load_cert_chain(folder / "a.crt", folder / "a.key")
        try:
            with ctx.wrap_socket(self.ucm_connects()) as tls:
                self.assertEqual(tls.recv(100), b"") # TLS 1.3: a client is refused after its handshake
        except (ssl.SSLError, ConnectionError):
            pass
        self.assert_refused("TLS_CERT_UNTRUSTED", before)
