# SPDX-License-Identifier: BSD-3-Clause
"""The dial of the lab's Internet, on real packets: what leaves one enterprise is compared with what goes to the
other, on the router's two wires, and with what the dial says that it did."""

import os
import signal
import socket
import struct
import threading
import time
import unittest

from session import LabTest, alone
from lablib import capture, netns
from lablib.kamailio import MAPPED
from lablib.util import LabError, read_pid, sh, wait_for

PORT = 40404 # nobody speaks there; the callgate beyond the router refuses it
LATE_S = 0.03 # what a busy machine may add


def checksum(data):
    s = sum(struct.unpack(f">{len(data) // 2}H", data))
    while s >> 16:
        s = (s & 0xFFFF) + (s >> 16)
    return ~s & 0xFFFF


def frame(mac, n):
    """The n-th datagram from A to B, as callgate A would put it on the wire."""
    src, dst = socket.inet_aton("209.165.200.240"), socket.inet_aton(MAPPED["b"])
    payload = struct.pack(">I", n) + b"dial" * 40
    udp = struct.pack(">HHHH", PORT, PORT, 8 + len(payload), 0)
    pseudo = src + dst + struct.pack(">HH", 17, 8 + len(payload))
    udp = udp[:6] + struct.pack(">H", checksum(pseudo + udp + payload)) + payload
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), n & 0xFFFF, 0, 64, 17, 0) + src + dst
    ip = ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:]
    return mac + b"\x02\0\0\0\0\x01\x08\0" + ip + udp


class ImpairTest(LabTest):
    def setUp(self):
        super().setUp()
        self.impair = self.lab.impair
        self.addCleanup(self.impair.off)
        mac = sh(*netns.inside("inet", "cat", "/sys/class/net/to-a/address")).strip()
        self.mac = bytes.fromhex(mac.replace(":", ""))

    def send(self, count, pps):
        """Datagrams 0 to count - 1, at a steady rate."""
        with netns.entered("cg-a"):
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        with s:
            s.bind(("outside", 0))
            begin = time.monotonic()
            for n in range(count):
                time.sleep(max(0, begin + n / pps - time.monotonic()))
                s.send(frame(self.mac, n))

    def stream(self, count, pps=1000, meanwhile=None, rest_s=0.3):
        """(number, time) of what came from A and of what went to B, each in its order."""
        wires = [self.lab.capture(f"dial-{w}", "inet", f"to-{w}", f"udp dst port {PORT}") for w in "ab"]
        sender = threading.Thread(target=self.send, args=(count, pps))
        sender.start()
        try:
            if meanwhile:
                meanwhile()
        finally:
            sender.join()
        time.sleep(rest_s) # the last are on their way
        seen = []
        for wire in wires:
            packets = list(capture.udp_packets(wire.stop()))
            for p in packets:
                self.assertEqual(p[5][4:], b"dial" * 40)
            seen.append([(struct.unpack(">I", p[5][:4])[0], p[0]) for p in packets])
        self.assertEqual([n for n, _ in seen[0]], list(range(count)), "what A sent")
        return seen

    def counters(self, direction="a-to-b"):
        return self.impair.stats()[direction]["counters"]

    @staticmethod
    def bursts(lost):
        """Lengths of the runs of a sorted list of numbers."""
        out = []
        for i, n in enumerate(lost):
            if i and n == lost[i - 1] + 1:
                out[-1] += 1
            else:
                out.append(1)
        return out


class Dials(ImpairTest):
    def lose(self, count, **dials):
        self.impair.set(only="udp", direction="a-to-b", **dials)
        sent, came = self.stream(count, 2000)
        return sorted({n for n, _ in sent} - {n for n, _ in came})

    def test_loss_in_bursts(self):
        lost = self.lose(4000, loss="8%", burst="4", seed=7)
        bursts, c = self.bursts(lost), self.counters()
        self.assertEqual((c["arrived"], c["lost"], c["loss-bursts"], c["longest-burst"]),
                         (4000, len(lost), len(bursts), max(bursts)))
        self.assertAlmostEqual(len(lost) / 4000, 0.08, delta=0.025)
        self.assertAlmostEqual(len(lost) / len(bursts), 4, delta=1)
        self.assertEqual(self.counters("b-to-a")["lost"], 0)
        self.assertEqual([c[k] for k in ("line-full", "not-sent", "not-read")], [0, 0, 0])

    def test_seed(self):
        first = self.lose(1000, loss="10%", burst="2", seed=1)
        self.assertTrue(first)
        self.assertEqual(self.lose(1000, loss="10%", burst="2", seed=1), first)
        self.assertNotEqual(self.lose(1000, loss="10%", burst="2", seed=2), first)

    @alone
    def test_delay_and_jitter(self):
        self.impair.set(delay="80ms", jitter="30ms", direction="a-to-b", only="udp", seed=3)
        sent, came = self.stream(150, 50)
        self.assertEqual([n for n, _ in came], list(range(150)), "jitter alone loses and reorders nothing")
        delays = [t - sent[n][1] for n, t in came]
        self.assertGreater(min(delays), 0.0499)
        self.assertLess(max(delays), 0.11 + LATE_S)
        self.assertGreater(max(delays) - min(delays), 0.04)
        self.assertAlmostEqual(self.counters()["mean-delay-ms"], 1000 * sum(delays) / 150, delta=3)

    def test_reorder_and_duplicate(self):
        self.impair.set(reorder="5%", reorder_by="25ms", duplicate="3%", direction="a-to-b", only="udp", seed=4)
        _, came = self.stream(2000)
        numbers, c = [n for n, _ in came], self.counters()
        self.assertEqual(set(numbers), set(range(2000)))
        self.assertEqual(len(numbers) - 2000, c["duplicated"])
        self.assertAlmostEqual(c["duplicated"] / 2000, 0.03, delta=0.015)
        first = list(dict.fromkeys(numbers))
        overtaken = [n for i, n in enumerate(first) if i and n < max(first[:i])]
        self.assertAlmostEqual(len(overtaken) / 2000, 0.05, delta=0.02)
        # The last ones have none behind them that could overtake.
        self.assertLessEqual(abs(len(overtaken) - c["reordered"]), 3)

    def test_from_time(self):
        self.impair.set(loss="100%", from_time="0.5s", direction="a-to-b", only="udp")
        before = self.impair.stats()["a-to-b"]
        self.assertEqual(before["dials"]["loss"], 0)
        self.assertLess(before["changes-in-s"], 0.5)
        _, came = self.stream(1000)
        self.assertEqual([n for n, _ in came], list(range(len(came))), "none before, all after")
        self.assertGreater(len(came), 0)
        self.assertLess(len(came), 510)
        self.assertEqual(self.counters()["lost"], 1000 - len(came))

    def test_in_and_out_without_a_lost_packet(self):
        def turn():
            time.sleep(0.3)
            self.impair.set(delay="20ms")
            time.sleep(0.4)
            self.assertGreater(self.impair.off()["a-to-b"]["counters"]["sent"], 100)
        _, came = self.stream(1500, meanwhile=turn)
        self.assertEqual(sorted(n for n, _ in came), list(range(1500)))

    def test_transparent_when_it_dies(self):
        self.impair.set(loss="100%", direction="a-to-b")
        os.kill(read_pid(self.impair.pid_file), signal.SIGKILL)
        wait_for("the program to be gone", 5, lambda: not self.impair.running())
        _, came = self.stream(200)
        self.assertEqual(len(came), 200)
        self.impair.set(loss="100%", direction="a-to-b")
        _, came = self.stream(200)
        self.assertEqual(came, [])

    def test_refused_dials_change_nothing(self):
        for again in (False, True):
            with self.assertRaisesRegex(LabError, 'loss: found "8", expected a share'):
                self.impair.set(loss="8")
            self.assertEqual(self.impair.running(), again)
            if not again:
                self.impair.set(loss="7%")
        self.assertEqual(self.impair.stats()["a-to-b"]["dials"]["loss"], 0.07)


class Calls(ImpairTest):
    def test_a_call_over_a_bad_line(self):
        """Media suffers, TLS does not; the losses on the wire are those of the dial."""
        self.impair.set(loss="10%", burst="2", delay="40ms", jitter="10ms", only="udp", direction="b-to-a", seed=5)
        wires = [self.lab.capture(f"call-{w}", "inet", f"to-{w}", "udp") for w in "ba"]
        r = self.lab.call("b1", "a1", 4.0)
        sent, came = ([p for p in capture.rtp_packets(w.stop()) if p.src == "203.0.113.11"] for w in wires)
        c = self.counters("b-to-a")
        self.assertEqual(r["way"], "the Internet")
        for who, h in r["heard"].items():
            self.assertGreater(h["share"], 0.5, f"{who} hears the other")
        self.assertGreater(len(sent), 150)
        # RTCP and what is no RTP yet make up the rest of its count.
        missing = len({(p.ssrc, p.seq) for p in sent} - {(p.ssrc, p.seq) for p in came})
        self.assertGreater(missing, 0)
        self.assertLessEqual(missing, c["lost"])
        self.assertLessEqual(c["lost"] - missing, c["arrived"] - len(sent))
        self.assertGreater(c["passed-by"], 0, "TLS")
        self.assertEqual(self.counters("a-to-b")["lost"], 0)


if __name__ == "__main__":
    unittest.main()
