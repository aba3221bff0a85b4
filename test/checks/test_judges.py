# SPDX-License-Identifier: BSD-3-Clause
"""The judges of the lab can say yes and no: tones in recordings, packets in captures, and the sum that
tools/test prints."""

import array
import math
import os
import pathlib
import random
import signal
import struct
import subprocess
import sys
import tempfile
import unittest
import wave
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
from lablib import capture, netns, testrun, tone  # noqa: E402
from lablib.lab import Lab  # noqa: E402
from lablib.util import LabError, alive, sh, wait_for  # noqa: E402


class Folder(unittest.TestCase):
    def setUp(self):
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.dir = pathlib.Path(tmp.name)


class Tone(Folder):
    def record(self, sample, rate=8000, seconds=3):
        path = self.dir / "x.wav"
        with wave.open(str(path), "w") as w:
            w.setnchannels(1)
            w.setsampwidth(2)
            w.setframerate(rate)
            w.writeframes(array.array("h", (sample(i / rate) for i in range(rate * seconds))).tobytes())
        return tone.shares(path, [440, 1000])

    def test_shares(self):
        rnd = random.Random(1)
        for name, sample, rate, expected in (
            ("1000 Hz", lambda t: int(9000 * math.sin(2000 * math.pi * t)), 8000, (0, 1)),
            ("440 Hz, wide band", lambda t: int(9000 * math.sin(880 * math.pi * t)), 16000, (1, 0)),
            ("both", lambda t: int(9000 * (math.sin(880 * math.pi * t) + math.sin(2000 * math.pi * t))),
             8000, (0.5, 0.5)),
            ("silence", lambda t: 0, 8000, (0, 0)),
            ("noise", lambda t: rnd.randint(-9000, 9000), 8000, (0, 0)),
        ):
            with self.subTest(name=name):
                shares, seconds = self.record(sample, rate)
                self.assertAlmostEqual(seconds, 3)
                for f, share in zip((440, 1000), expected):
                    self.assertAlmostEqual(shares[f], share, delta=0.05)


class Packets(Folder):
    def pcap(self, name, segments, flow=("10.0.0.1", "10.0.0.2"), proto=17):
        """A capture of UDP datagrams or TCP segments, 50 a second."""
        out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
        for i, segment in segments:
            ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(segment), 0, 0, 64, proto, 0,
                             *(bytes(map(int, a.split("."))) for a in flow))
            frame = bytes(12) + b"\x08\x00" + ip + segment
            out += struct.pack("<IIII", i // 50, 0, len(frame), len(frame)) + frame
        path = self.dir / name
        path.write_bytes(out)
        return path


class Signalling(Packets):
    def judge(self, port, payloads, again=()):
        """`again`: (octet of the stream, payload) of what is sent once more at the end."""
        sent, seq = [], 1
        for payload in payloads:
            sent.append((seq, payload))
            seq += len(payload)
        segments = [(i, struct.pack(">HHIIBBHHH", port, 5071, seq, 1, 0x50, 0x18, 65535, 0, 0) + payload)
                    for i, (seq, payload) in enumerate([*sent, *((1 + at, payload) for at, payload in again)])]
        return capture.judge_signalling(self.pcap("s.pcap", segments, proto=6))

    def test_whatever_the_port(self):
        records = [b"\x17\x03\x03" + struct.pack(">H", n) + bytes(n) for n in (60, 600, 61, 601)]
        options = b"OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP c\r\nContent-Length: 0\r\n\r\n"
        for port in (40000, 44818, 57000):  # of nobody, of EtherNet/IP, of IRC
            with self.subTest(port=port):
                self.assertEqual(self.judge(port, records), {"sip-in-clear": 0, "tcp-not-tls": 0, "tls": 4})
                self.assertEqual(self.judge(port, [options] * 3), {"sip-in-clear": 3, "tcp-not-tls": 3, "tls": 0})
                self.assertEqual(self.judge(port, [bytes(80)]), {"sip-in-clear": 0, "tcp-not-tls": 1, "tls": 0})

    def test_retransmission(self):
        """It is what was sent first, or it is judged for itself."""
        records = [b"\x17\x03\x03" + struct.pack(">H", n) + bytes(n) for n in (60, 600, 61)]
        for name, again, found in (("the last", (670, records[2]), 0), ("two in one", (0, records[0] + records[1]), 0),
                                   ("another", (670, b"OPTIONS ".ljust(66)), 1),
                                   ("and more", (670, records[2] + bytes(80)), 1)):
            with self.subTest(name=name):
                self.assertEqual(self.judge(40000, records, [again]), {"sip-in-clear": 0, "tcp-not-tls": found, "tls": 3})


class Media(Packets):
    def write(self, name, payloads, flow=("10.0.0.1", "10.0.0.2"), pt=0, drop=()):
        datagrams = []
        for i, payload in enumerate(payloads):
            rtp = struct.pack(">BBHII", 0x80, pt, i, i * 160, 7) + payload
            if i not in drop:
                datagrams.append((i, struct.pack(">HHHH", 4000, 5000, 8 + len(rtp), 0) + rtp))
        return self.pcap(name, datagrams, flow)

    def test_sealed_or_not(self):
        speech = bytes(int(128 + 60 * math.sin(i / 3)) for i in range(160))
        for name, payloads, sealed in (
            ("tone in clear", [speech] * 300, False),
            ("sealed", [os.urandom(170) for _ in range(300)], True),
            ("noise without a tag", [os.urandom(160) for _ in range(300)], False),
            ("a tag on a clear tone", [speech + os.urandom(10)] * 300, False),
            ("one clear packet among sealed ones", [os.urandom(170) for _ in range(299)] + [speech], False),
            ("too short to say", [os.urandom(170) for _ in range(20)], False),
        ):
            with self.subTest(name=name):
                streams = capture.judge_media(self.write("a.pcap", payloads))
                self.assertEqual([(s["packets"], s["sealed"]) for s in streams], [(len(payloads), sealed)])

    def test_rtcp_is_no_media(self):
        self.assertEqual(capture.judge_media(self.write("a.pcap", [bytes(60)] * 9, pt=200)), [])

    def test_lost(self):
        payloads = [bytes(160)] * 100
        sent = self.write("sent", payloads)
        for drop, expected in (((), (0, 0, 0)), ((0, 1), (0, 2, 0)), ((50,), (1, 0, 0)), ((99,), (0, 0, 1)),
                               (range(100), (100, 0, 0))):
            with self.subTest(drop=drop):
                got = self.write("got", payloads, flow=("10.0.0.9", "10.0.0.2"), drop=drop)
                r = capture.lost(sent, "10.0.0.1", got, "10.0.0.2")
                self.assertEqual((r["lost"], r["head"], r["tail"]), expected)


class Captures(Folder):
    def setUp(self):
        super().setUp()
        name = f"judge{os.getpid()}"
        sh("ip", "netns", "add", netns.ns(name))
        self.addCleanup(sh, "ip", "netns", "del", netns.ns(name))
        netns.script(name, "ip link set lo up")
        self.capture = capture.Capture(self.dir / "x.pcap", name, "lo", "udp")
        self.send = netns.inside(name, sys.executable, "-c", "import socket, sys; s = socket.socket(type=2)\n"
                                 "for i in range(int(sys.argv[1])): s.sendto(bytes(9000), ('127.0.0.1', 9))")

    def test_all_that_came(self):
        os.kill(self.capture.p.pid, signal.SIGSTOP) # it is late
        sh(*self.send, "900") # on lo each goes by twice
        os.kill(self.capture.p.pid, signal.SIGCONT)
        self.assertEqual(len(list(capture.udp_packets(self.capture.stop()))), 900)

    def test_what_it_missed_is_told(self):
        os.kill(self.capture.p.pid, signal.SIGSTOP)
        sh(*self.send, "3000")
        os.kill(self.capture.p.pid, signal.SIGCONT)
        with self.assertRaisesRegex(LabError, "packets dropped by kernel"):
            self.capture.stop()


class Processes(unittest.TestCase):
    def test_the_first_thread_ends_first(self):
        """A process lives as long as any thread of it, whosever child it is."""
        program = (sys.executable, "-c", "import ctypes, os, threading, time\n"
                   "threading.Thread(target=time.sleep, args=(10,)).start(); print(os.getpid(), flush=True)\n"
                   "ctypes.CDLL(None).pthread_exit(None)")
        for parent in ((), ("sh", "-c", '"$@" & wait', "sh")):
            with self.subTest(parent=parent), \
                    subprocess.Popen([*parent, *program], stdout=subprocess.PIPE, text=True) as p:
                pid = int(p.stdout.readline())
                stat = pathlib.Path(f"/proc/{pid}/stat")
                wait_for("the first thread to end", 5, lambda s=stat: " Z " in s.read_text(), 0.01)
                self.assertTrue(alive(pid))
                os.kill(pid, signal.SIGKILL)
                wait_for("the process to end", 5, lambda n=pid: not alive(n), 0.01)


class Halves(Folder):
    def test_lab_is_given_back(self):
        """tools/test --long runs the system half again in other processes, while it waits itself."""
        with mock.patch.dict(os.environ, LAB_DIR=str(self.dir / "lab")), mock.patch.object(Lab, "raze"):
            first, second = Lab(), Lab()
            first.hold_lock()
            self.assertRaises(LabError, second.hold_lock)
            first.down()
            second.hold_lock()
            second.down()
        tests, ran = mock.Mock(), []
        with mock.patch.dict(sys.modules, session=tests), mock.patch.object(testrun.turns, "take"), \
                mock.patch.object(testrun, "run_python", lambda *what: ran.append(what[1:])):
            testrun.lab_tests(testrun.Report(quiet=True), testrun.parts.queue(["test_a.py", "test_b.py"]))
        self.assertEqual(ran, [("test/system", "test_a.py"), ("test/system", "test_b.py")])
        tests.lab_down.assert_called_once()


class Sum(unittest.TestCase):
    def test_cases_of_a_program(self):
        for result, output, passed, failed in (
            ("OK", "[  PASSED  ] 12 test(s).", 12, 0),
            ("OK", "no cmocka here", 1, 0),
            ("FAIL", "[  PASSED  ] 2 test(s).\n[  FAILED  ] 3 test(s), listed below:", 2, 3),
            ("FAIL", "", 0, 1),
            ("TIMEOUT", "", 0, 1),
            ("SKIP", "", 0, 1),
        ):
            with self.subTest(result=result, output=output):
                report = testrun.Report(quiet=True)
                testrun.count_cases(report, "build", {"name": "x", "result": result, "stdout": output})
                self.assertEqual((report.passed, len(report.failed)), (passed, failed))

    def test_names_of_cases(self):
        """A name counts as shown when it passed wherever it ran."""
        report = testrun.Report(quiet=True)
        for folder, output in (
            ("build", "[ RUN      ] test_a\n[       OK ] test_a\n[  ERROR   ] --- no\n[  FAILED  ] test_b\n"
                      "[  FAILED  ] 1 test(s), listed below:\n[  FAILED  ] test_b\n[       OK ] TKT-1 x\n"),
            ("build-asan", "[       OK ] test_a\n[  FAILED  ] TKT-1 x\n"),
        ):
            testrun.count_cases(report, folder, {"name": "callgate:unit / p", "result": "FAIL", "stdout": output})
        self.assertEqual(report.cases[True] - report.cases[False], {"p: test_a"})
        self.assertIn("p: TKT-1 x", report.cases[False])


if __name__ == "__main__":
    unittest.main()
