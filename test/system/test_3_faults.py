# SPDX-License-Identifier: BSD-3-Clause
"""Faults and hostility: killed daemons, vanished phones, malformed SIP, wrong certificates, ARP for
addresses that are not ours."""

import os
import re
import signal
import ssl
import subprocess
import time

from session import LabTest, wait_for

from lablib import netns
from lablib.daemon import LEFTOVERS
from lablib.kamailio import MAPPED
from lablib.peer import Stranger, invite
from lablib.util import LabError

GARBAGE = {
    "not SIP": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "zeros": bytes(4096),
    "no length": b"OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TLS x;branch=z9hG4bK1\r\nFrom: <sip:a@b>;"
                 b"tag=1\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n\r\n",
    "negative length": b"INVITE sip:a@b SIP/2.0\r\nContent-Length: -1\r\n\r\n",
    "huge length": b"INVITE sip:a@b SIP/2.0\r\nContent-Length: 99999999999999999999\r\n\r\n",
    "endless header": b"INVITE sip:a@b SIP/2.0\r\nX: " + b"a" * 200000,
    "no headers": b"INVITE sip:a@b SIP/2.0\r\nContent-Length: 0\r\n\r\n",
    "response to nothing": b"SIP/2.0 200 OK\r\nVia: SIP/2.0/TLS x;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1"
                           b"\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n"
                           b"Content-Length: 0\r\n\r\n",
    "bye to nothing": b"BYE sip:a@b SIP/2.0\r\nVia: SIP/2.0/TLS x;branch=z9hG4bK2\r\nFrom: <sip:a@b>;tag=1"
                      b"\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: 1\r\nCSeq: 2 BYE\r\nMax-Forwards: 70\r\n"
                      b"Content-Length: 0\r\n\r\n",
    "broken sdp": None, # made from a good INVITE in the test
    "cut in the middle": None,
}


class Restart(LabTest):
    def kill_and_call(self, site):
        """A whole call over the Internet as soon as the daemon is back; the call managers notice by
        keepalive, within two seconds, that a connection of theirs is gone."""
        self.assertEqual(self.way("b1", "a1"), "the Internet")
        daemon = self.lab.daemons[site]
        daemon.kill(signal.SIGKILL)
        daemon.start()
        daemon.ready()
        if site == "b":
            wait_for("call manager b to drop its old connection", 5,
                     lambda: not self.lab.ucms["b"].connected_to(MAPPED["a"]))
        self.assertLess(self.lab.connect("b1", "a1"), 1)
        time.sleep(2)
        self.lab.hang_up("b1", "a1")
        self.assert_heard("a1", "b1")
        self.assert_heard("b1", "a1")

    def test_kill_the_called_side(self):
        """TLS-6: the INVITE that finds its connection dead goes out again on a new one."""
        seen = self.lab.ucms["a"].seen()
        self.kill_and_call("a")
        now = self.lab.ucms["a"].seen()
        self.assertEqual((now["from-internet"], now["from-pstn"]),
                         (seen["from-internet"] + 2, seen["from-pstn"]))

    def test_kill_the_calling_side(self):
        seen = self.lab.ucms["a"].seen()["from-internet"]
        self.kill_and_call("b")
        self.assertEqual(self.lab.ucms["a"].seen()["from-internet"], seen + 2)

    def test_orderly_stop_leaves_nothing(self):
        daemon = self.lab.daemons["a"]
        pid = daemon.pid()
        os.kill(pid, signal.SIGTERM)
        wait_for("callgate a to end", 10, lambda: not daemon.running())
        self.assertFalse(daemon.socket.exists(), "its socket is still there")
        self.assertEqual(netns.pids(netns.ns("cg-a")), [])

    def test_orderly_stop_ends_connections(self):
        """Peers know of it at once, long before their keepalives tell: the next call after a restart is over the
        Internet."""
        self.assertEqual(self.way("b1", "a1"), "the Internet")
        daemon, ucm, peer = self.lab.daemons["b"], self.lab.ucms["b"], self.lab.daemons["a"]

        def sessions():
            return len(peer.show_json("tls-proxy", "session")["sessions"])

        self.assertTrue(ucm.connected_to(MAPPED["a"]))
        before = sessions()
        daemon.kill()
        wait_for("call manager b to know", 2, lambda: not ucm.connected_to(MAPPED["a"]))
        wait_for("callgate a to know", 2, lambda: sessions() == before - 1)
        daemon.start()
        daemon.ready()
        self.assertEqual(self.way("b1", "a1"), "the Internet")


def short_timers(text):
    return re.sub(r"(?m)^timeouts:.*(\n .*)*", "", text) + \
        "\ntimeouts: {sip: 0:00:06, sip_media: 0:00:03, sip-disconnect: 0:00:03}\n"


class Vanish(LabTest):
    """SIP-7: a call whose media stopped is ended by a timer, with a BYE to both sides; nothing leaks."""

    def vanish(self, *names):
        for site in ("a", "b"):
            self.restart(site, short_timers)
        self.assertEqual(self.way("b1", "a1"), "the Internet")
        self.idle()
        before = {s: {k: d.usage()[k] for k in LEFTOVERS} for s, d in self.lab.daemons.items()}
        self.lab.connect("b1", "a1")
        time.sleep(1)
        for name in names:
            self.lab.phones[name].kill(signal.SIGKILL)
        for name in {"a1", "b1"} - set(names):
            self.lab.phones[name].await_event("CALL_CLOSED", deadline_s=20)
        for site, daemon in self.lab.daemons.items():
            wait_for(f"callgate {site} to have no call", 20,
                     lambda d=daemon: d.statistics()["in-use"] == 0 and d.usage()["streams"] == 0)
            wait_for(f"callgate {site} to hold no more than before: {before[site]}", 20,
                     lambda s=site: not self.moved(s, before[s]))

    def test_one_phone_vanishes(self):
        self.vanish("a1")

    def test_both_phones_vanish(self):
        self.vanish("a1", "b1")


class Hostile(LabTest):
    def test_wrong_certificates(self):
        for identity, counter in ((None, "TLS_NO_CERT"), ("foreign", "TLS_CERT_UNTRUSTED")):
            with self.subTest(identity=identity):
                seen, before = self.lab.ucms["a"].seen(), self.lab.daemons["a"].counters()
                refused = False
                try:
                    with Stranger(self.lab, identity) as s:
                        s.send(invite(self.lab.phones["a1"].number, "x"))
                        refused = s.receive() == b""
                except (ssl.SSLError, ConnectionError):
                    refused = True
                self.assertTrue(refused)
                self.assertEqual(self.lab.ucms["a"].seen(), seen)
                self.assertEqual(self.lab.daemons["a"].counters()[counter], before[counter] + 1)
        with Stranger(self.lab, "b") as s: # the same with the right one is not refused
            s.send(b"\r\n\r\n")
            self.assertNotEqual(s.receive(0.5), b"")

    def test_garbage_does_not_disturb_a_call(self):
        good = invite(self.lab.phones["a1"].number, "g")
        garbage = dict(GARBAGE)
        garbage["broken sdp"] = good.replace(b"m=audio 30000", b"m=audio 99999999")
        garbage["cut in the middle"] = good[:200]
        self.lab.connect("b1", "a1")
        pid = self.lab.daemons["a"].pid()
        seen = self.lab.ucms["a"].seen()["from-internet"]
        for what, octets in garbage.items():
            with self.subTest(what=what):
                before = self.lab.daemons["a"].refusals()
                with Stranger(self.lab) as s:
                    try:
                        s.send(octets)
                        s.receive(0.3)
                    except OSError:
                        pass
                self.assertEqual(self.lab.daemons["a"].pid(), pid)
                self.assertTrue(self.lab.daemons["a"].running())
                self.assertEqual(self.lab.ucms["a"].seen()["from-internet"], seen)
                if what != "cut in the middle":
                    wait_for("a named counter", 2,
                             lambda b=before: self.lab.daemons["a"].refusals() != b)
        self.assertEqual((self.lab.phones["a1"].calls(), self.lab.phones["b1"].calls()), (1, 1))
        self.lab.hang_up("b1", "a1")
        self.assert_heard("a1", "b1", 1)
        self.assertEqual(self.way("b1", "a1"), "the Internet")

    def test_many_strangers(self):
        strangers = []
        try:
            for _ in range(50):
                strangers.append(Stranger(self.lab))
            self.assertEqual(self.way("b1", "a1"), "the Internet")
        finally:
            for s in strangers:
                s.sock.close()


class Arp(LabTest):
    def ask(self, *addresses):
        """How many replies two ARP requests for each get; all at once, for silence takes its time."""
        running = [subprocess.Popen(netns.inside("ucm-a", "arping", "-c", "2", "-w", "2", "-I", "eth0", address),
                                    stdout=subprocess.PIPE, text=True) for address in addresses]
        return {address: int(re.search(r"Received (\d+) response", p.communicate(timeout=10)[0])[1])
                for address, p in zip(addresses, running)}

    def test_own_addresses_are_answered(self):
        answers = self.ask("192.168.10.1", "192.168.10.3")
        self.assertGreater(min(answers.values()), 0, answers)

    def test_foreign_addresses_are_not(self):
        addresses = ("192.168.10.77", "203.0.113.10", "209.165.200.228", "8.8.8.8")
        self.assertEqual(self.ask(*addresses), dict.fromkeys(addresses, 0))


class Refused(LabTest):
    def test_faulty_configuration(self):
        """Refused whole: the daemon ends with the place of the fault, and the running one goes on."""
        from lablib.daemon import find_program
        daemon = self.lab.daemons["a"]
        bad = daemon.dir / "bad.yaml"
        bad.write_text(daemon.config.read_text().replace("rtp-min-port: 16384", "rtp-min-port: 1000"))
        for args in (["--check", bad], [bad]):
            p = subprocess.run([find_program("callgated"), *args], capture_output=True, text=True,
                               timeout=20, check=False)
            self.assertNotEqual(p.returncode, 0)
            self.assertRegex(p.stdout + p.stderr, r"bad\.yaml:\d+:\d+: .*1000")
        self.assertTrue(daemon.running())


__all__ = ["LabError"]
