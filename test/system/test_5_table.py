# SPDX-License-Identifier: BSD-3-Clause
"""A session table of four million entries, in the memory that the daemon asks for itself: filled with real packets
until nothing more goes in, and emptied by age, beside flows that lose nothing. The wires are those of test_5_punt.py."""

import json
import os
import re
import subprocess
import sys
import time
import unittest

import test_5_punt as hosts
from session import LONG, Turn, alone
from test_5_punt import HOST, IN, MAPPED, OUT, OWN_IN, OWN_OUT, PLACE, UCM, ns

from lablib.daemon import client, find_program, substitute
from lablib.util import wait_for

WORKERS = int(os.environ.get("CALLGATE_WORKERS") or 1)
SESSIONS = 4_000_000 if LONG else 300_000
TOO_LITTLE_MB = 150 + 40 * WORKERS # for so many, but enough for all else
FILL_A_SECOND, BEYOND_A_SECOND = 40_000, 5_000
HURRY_S = 3 # dp/sess.c: the last quarter of the table is for those who are answered within it
# Asks and is answered, by UDP and by TCP, every 10 ms; at the end, how often, and how many of UDP's were lost.
TALK = """
import json, select, socket, sys, time
to = (sys.argv[1], int(sys.argv[2]))
tcp, udp = socket.create_connection(to, 3), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.connect(to); tcp.settimeout(30); udp.settimeout(1)
asked = lost = 0
def tell(): print(json.dumps({'asked': asked, 'lost': lost}), flush=True)
tell()
while True:
    said = b'%08d' % asked; asked += 1
    tcp.sendall(said); udp.send(said)
    assert tcp.recv(8, socket.MSG_WAITALL) == said
    try:
        while udp.recv(8) != said: pass
    except TimeoutError: lost += 1
    if select.select([sys.stdin], [], [], 0.01)[0]:
        sys.stdin.readline(); tell()
"""
UDP_SERVER = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('', int(sys.argv[1])))
while True:
    octets, who = s.recvfrom(65536); s.sendto(octets, who)
"""

CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)"


def connects(host, dst, port):
    return subprocess.run(ns(host, sys.executable, "-c", CONNECT, dst, str(port)), check=False,
                          capture_output=True).returncode == 0


setUpModule, tearDownModule = hosts.setUpModule, hosts.tearDownModule


def edit(memory_mb, udp="0:30:00"):
    def change(text):
        text = substitute(text, r"sessions-max: \d+", f"sessions-max: {SESSIONS}")
        text = substitute(text, r"memory-mb: \d+", f"memory-mb: {memory_mb}")
        return substitute(text, r"udp: [\d:]+", f"udp: {udp}")
    return change


@alone
class Table(Turn):
    def start(self):
        """With as much memory as it says when it has too little."""
        (PLACE / "callgate.yaml").write_text(edit(TOO_LITTLE_MB)(hosts.configuration(WORKERS)))
        p = subprocess.run(ns(hosts.CG, find_program("callgated"), PLACE / "callgate.yaml"), capture_output=True,
                           text=True, check=False, timeout=20)
        self.assertEqual(p.returncode, 1)
        said = re.search(rf"sessions-max: found {SESSIONS}, .* raise memory-mb to (\d+), or lower", p.stderr)
        self.assertIsNotNone(said, p.stderr)
        self.daemon = hosts.Running("callgated", WORKERS, edit(said[1]))
        self.addCleanup(self.daemon.stop)
        return int(said[1])

    def usage(self):
        return hosts.show("usage")

    def counter(self, name):
        return next(c["value"] for c in hosts.show("counters") if c["name"] == name)

    def talk(self):
        servers = hosts.server(OUT, 8081), hosts.server(OUT, 8081, UDP_SERVER, "-u")
        p = subprocess.Popen(ns(IN, sys.executable, "-c", TALK, HOST, "8081"), stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, text=True)
        for program in (p, *servers):
            self.addCleanup(hosts.end, program)
        self.talker = p
        self.assertEqual(json.loads(hosts.line(p)), {"asked": 0, "lost": 0})

    def heard(self):
        """(asked, lost) until now."""
        self.talker.stdin.write("\n")
        self.talker.stdin.flush()
        said = json.loads(hosts.line(self.talker))
        return said["asked"], said["lost"]

    def flows(self, what, first, n, a_second):
        side, host, gateway = {"ask": (IN, UCM, OWN_IN), "answer": (OUT, MAPPED, OWN_OUT)}[what]
        p = subprocess.Popen(ns(side, find_program("flow_load"), what, "eth0", host,
                                hosts.mac_of(side, "neigh", "show", gateway), str(first), str(n), str(a_second)))
        self.addCleanup(p.wait)
        self.addCleanup(p.kill)
        return p

    def fill(self, most):
        """What a wire loses comes again; each worker takes of the flows what the hash gives it."""
        begin, n = time.monotonic(), SESSIONS + SESSIONS // 20
        while self.usage()["sessions"] < most:
            self.assertLess(time.monotonic() - begin, 600, self.usage())
            both = []
            for what in ("ask", "answer"):
                both.append(self.flows(what, 0, n, FILL_A_SECOND))
                time.sleep(0.2)
            self.assertEqual([p.wait() for p in both], [0, 0])
            time.sleep(HURRY_S + 0.5)
        return time.monotonic() - begin

    def test_filled_and_emptied(self):
        memory_mb = self.start()
        most = self.usage()["sessions_max"]
        self.assertIn(most, range(SESSIONS - WORKERS, SESSIONS + 1))
        self.talk()
        filled_s = self.fill(most)

        begin = time.monotonic()
        told = client("show", "conn", "count", "--socket", PLACE / "callgate.sock")
        numbers = re.fullmatch(r"(\d+) in use, (\d+) most used, of (\d+); \d+ embryonic\n(\d+) found\n", told)
        self.assertIsNotNone(numbers, told)
        self.assertEqual(int(numbers[3]), most)
        self.assertGreaterEqual(min(int(numbers[i]) for i in (1, 2, 4)), most - 10, told)
        told_s = time.monotonic() - begin

        full, (asked, lost) = self.counter("SESSION_FULL"), self.heard()
        new = self.flows("ask", 2 * SESSIONS, 4 * BEYOND_A_SECOND, BEYOND_A_SECOND)
        self.assertFalse(hosts.tcp(IN, HOST, 8081, 1), "a new flow")
        self.assertTrue(connects(OUT, MAPPED, 5070), "one of the control plane, which has room of its own")
        self.assertEqual(new.wait(), 0)
        self.assertGreater(self.counter("SESSION_FULL") - full, 4 * BEYOND_A_SECOND * 0.99)
        self.assertRegex(client("show", "drops", "--socket", PLACE / "callgate.sock"), r"SESSION_FULL .*\n.*raise sessions-max")
        asked_full, lost_full = (now - then for now, then in zip(self.heard(), (asked, lost)))

        (PLACE / "callgate.yaml").write_text(edit(memory_mb, udp="0:00:01")(hosts.configuration(WORKERS)))
        begin = time.monotonic()
        client("config", "reload", "--socket", PLACE / "callgate.sock")
        wait_for("the table to be empty", 60, lambda: self.usage()["sessions"] < 100)
        emptied_s = time.monotonic() - begin
        self.assertTrue(hosts.tcp(IN, HOST, 8081), "a new flow, now")
        asked_aged, lost_aged = (now - then for now, then in zip(self.heard(), (asked + asked_full, lost + lost_full)))
        print(f"  {SESSIONS} sessions in {memory_mb} MB: filled in {filled_s:.1f} s, counted in {told_s:.1f} s, emptied in "
              f"{emptied_s:.1f} s\n  of UDP's beside it lost: {lost} of {asked}, full {lost_full} of {asked_full}, "
              f"emptied {lost_aged} of {asked_aged}")
        self.assertGreater(min(asked_full, asked_aged), 50)
        self.assertEqual((lost_full, lost_aged), (0, 0))


if __name__ == "__main__":
    unittest.main()
