# SPDX-License-Identifier: BSD-3-Clause
"""Every drop explains itself, where it is harder: segments without their connection, our own addresses, a disc that
is full, a daemon that ends; and whatever is shown is JSON as well."""

import json
import pathlib
import re
import subprocess
import tempfile

from session import LabTest
from test_0_firewall import IME_MAPPED, IME_REAL, MAPPED, REAL, ROUTER, connect, listen, reset_when_closed

from lablib import netns
from lablib.daemon import client, find_program
from lablib.util import sh, wait_for

OUTSIDE = "209.165.200.225"


class Tracer(LabTest):
    def trace(self, *words):
        return json.loads(client("packet-tracer", "input", *words, "--json", "--socket", self.lab.daemons["a"].socket))

    def verdict(self, *words):
        answer = self.trace(*words)
        return answer["action"], answer.get("drop_reason")

    def line(self, answer, phase):
        """The text of the file at the place that a phase names."""
        at = next(p["config"] for p in answer["phases"] if p["type"] == phase)
        return pathlib.Path(at["file"]).read_text().splitlines()[at["line"] - 1]

    def test_segments(self):
        """An ACK of a connection that stands passes, as it is; one of none is refused, and so is a real one."""
        daemon = self.lab.daemons["a"]
        with listen("dmz-a", ("0.0.0.0", 8470)) as listener, connect("inet", (IME_MAPPED, 8470)) as s:
            peer, _ = listener.accept()
            with peer:
                words = "outside", "tcp", ROUTER, str(s.getsockname()[1]), IME_MAPPED, "8470"
                live = self.trace(*words, "--flags", "ack")
                self.assertEqual((live["action"], live["output_interface"]), ("allow", "dmz"))
                self.assertIn("a session has it", live["phases"][1]["information"])
                self.assertEqual(self.verdict("dmz", "tcp", IME_REAL, "8470", ROUTER, words[3], "--flags", "fin,ack"),
                                 ("allow", None))
                client("clear", "connection", "port", "8470", "--socket", daemon.socket)
                self.assertEqual(self.verdict(*words, "--flags", "ack"), ("drop", "TCP_NOT_SYN"))
                before = daemon.counters()["TCP_NOT_SYN"]
                reset_when_closed(s, peer)
                s.sendall(b"x")
                wait_for("a real one to be refused", 3, lambda: daemon.counters()["TCP_NOT_SYN"] > before)
        self.assertEqual(self.verdict("outside", "tcp", ROUTER, "1025", MAPPED, "5070", "--flags", "ack"), ("reset", None))
        self.assertEqual(self.verdict("outside", "tcp", ROUTER, "1025", MAPPED, "5070", "--flags", "syn,fin"),
                         ("drop", "TCP_FLAGS"))

    def test_our_own(self):
        """To and from the firewall's own addresses, by the line that has them."""
        own = self.trace("outside", "icmp", ROUTER, "8", "0", OUTSIDE)
        self.assertEqual((own["action"], own["output_interface"]), ("allow", "NP Identity Ifc"))
        self.assertIn(OUTSIDE, self.line(own, "CONTROL-PLANE"))
        udp = self.trace("outside", "udp", ROUTER, "1025", OUTSIDE, "53")
        self.assertEqual(udp["drop_reason"], "PROTO_TO_SELF")
        self.assertIn(OUTSIDE, self.line(udp, "CONTROL-PLANE"))
        self.assertEqual(self.verdict("inside", "tcp", REAL, "1025", OUTSIDE, "443"), ("drop", "PROTO_TO_SELF"))
        spoofed = self.trace("outside", "tcp", OUTSIDE, "1025", MAPPED, "5070")
        self.assertEqual(spoofed["drop_reason"], "IP_SPOOFED")
        self.assertIn(OUTSIDE, self.line(spoofed, "ANTI-SPOOFING"))
        media = self.trace("outside", "udp", ROUTER, "1026", "209.165.200.229", "20000")
        self.assertEqual(media["drop_reason"], "MEDIA_NO_STREAM")
        self.assertIn("uc-ime-media-term:", self.line(media, "MEDIA"))

    def test_large(self):
        """As much as the way out takes, whole."""
        self.assertEqual(self.verdict("inside", "icmp", REAL, "8", "0", ROUTER, "--size", "1500", "--df"), ("allow", None))
        sh(*netns.inside("ucm-a", "ping", "-q", "-c1", "-W3", "-s1472", "-Mdo", ROUTER))


class Capture(LabTest):
    def capture(self, path, *words):
        p = subprocess.Popen([find_program("callgate"), "capture", "a/b", *words, "--output", path, "--socket",
                              self.lab.daemons["a"].socket], stderr=subprocess.PIPE, text=True)
        self.addCleanup(p.stderr.close)
        wait_for("the capture to begin", 5, lambda: path.exists() and path.stat().st_size > 0)
        return p

    def packets(self, path):
        return len(sh("tshark", "-n", "-r", path).splitlines())

    def test_full_disc(self):
        """What was lost is told, and why; the file is whole, and so is the daemon."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        sh("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder.name)
        self.addCleanup(sh, "umount", "-l", folder.name)
        path = pathlib.Path(folder.name) / "x.pcapng"
        p = self.capture(path, "match", "icmp", "any", "host", MAPPED)
        sh(*netns.inside("inet", "ping", "-q", "-c100", "-i0.01", "-s1400", MAPPED))
        self.assertEqual(p.wait(10), 1)
        said = p.stderr.read()
        self.assertIn("No space left on device: the capture has ended here", said)
        told = re.search(r"^(\d+) packets in .*, ([1-9]\d*) lost at least: they could not be written$", said, re.M)
        self.assertIsNotNone(told, said)
        self.assertEqual(self.packets(path), int(told[1]))
        self.assertTrue(self.lab.ping("inet", MAPPED))

    def test_daemon_ends(self):
        """The file has what came before."""
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "x.pcapng"
            p = self.capture(path, "match", "icmp", "any", "host", MAPPED)
            self.assertTrue(self.lab.ping("inet", MAPPED))
            wait_for("the packets to be there", 5, lambda: self.packets(path) >= 2)
            self.restart("a")
            self.assertEqual(p.wait(10), 1)
            self.assertIn("the daemon has ended before the capture", p.stderr.read())
            self.assertGreaterEqual(self.packets(path), 2)

    def test_two(self):
        """Each has what it asked for, and to a pipe as well."""
        daemon = self.lab.daemons["a"]
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "x.pcapng"
            p = self.capture(path, "match", "icmp", "any", "host", MAPPED, "count", "1")
            piped = subprocess.Popen(
                ["sh", "-c", '"$@" | tshark -n -l -r - -T fields -e icmp.type', "sh", find_program("callgate"), "capture",
                 "y", "match", "icmp", "any", "host", MAPPED, "count", "1", "--output", "-", "--socket", daemon.socket],
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

            def pings():
                self.lab.ping("inet", MAPPED)
                return p.poll() is not None and piped.poll() is not None

            wait_for("both to end", 10, pings)
            self.assertEqual((p.returncode, self.packets(path)), (0, 1))
            with piped.stdout:
                self.assertEqual(piped.stdout.read(), "8\n")
            refused = subprocess.run([find_program("callgate"), "capture", "x", "drop", "TOAST", "--output", path,
                                      "--socket", daemon.socket], capture_output=True, text=True, check=False)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("drop: found TOAST, expected any or a reason", refused.stderr)
            self.assertEqual(self.packets(path), 1)  # it stays as it was


class Routes(LabTest):
    def show(self, *words):
        return json.loads(client("show", *words, "--json", "--socket", self.lab.daemons["a"].socket))

    def text(self, *words):
        return client(*words, "--socket", self.lab.daemons["a"].socket)

    def neighbour(self, address):
        return next((n for n in self.show("arp") if n["ip"] == address and "mac" in n), None)

    def test_route(self):
        """Where packets go, by which line, and whether the next hop answers."""
        self.lab.ping("inet", MAPPED)
        default = next(r for r in self.show("route") if r["netmask"] == "0.0.0.0")
        self.assertEqual((default["gateway"], default["interface"], default["resolved"]), (ROUTER, "outside", True))
        line = self.lab.daemons["a"].config.read_text().splitlines()[default["file_line"] - 1]
        self.assertIn(ROUTER, line)
        self.assertIn(f"S*   0.0.0.0 0.0.0.0 via {ROUTER}, outside\n", self.text("show", "route"))
        self.assertRegex(self.text("show", "route", IME_REAL), r"^C    .* is directly connected, dmz\n$")
        self.assertEqual(self.show("route", "192.0.2.77"), [default])

    def test_arp(self):
        """Who answers, by which MAC; all are forgotten, and found anew by the packets that need them."""
        link = json.loads(sh(*netns.inside("inet", "ip", "-j", "route", "get", OUTSIDE)))[0]["dev"]
        mac = json.loads(sh(*netns.inside("inet", "ip", "-j", "link", "show", link)))[0]["address"]
        self.lab.ping("inet", MAPPED)
        router = self.neighbour(ROUTER)
        self.assertEqual((router["interface"], router["mac"]), ("outside", mac))
        self.assertLess(router["age_s"], 120)
        self.assertRegex(self.text("show", "arp"), rf"\toutside {ROUTER} {mac} \d+\n")
        self.text("clear", "arp")
        wait_for("a ping after all are forgotten", 5, lambda: self.lab.ping("inet", MAPPED))
        self.assertLess(self.neighbour(ROUTER)["age_s"], 7)

    def test_timeout(self):
        """How long what is silent lives, and by which line."""
        told = {t["name"]: t for t in self.show("timeout")["timeouts"]}
        self.assertEqual(told["conn"]["seconds"], 3600)
        lines = self.lab.daemons["a"].config.read_text().splitlines()
        for name, t in told.items():
            if "file_line" in t:
                self.assertIn(name, lines[t["file_line"] - 1])
        self.assertEqual(self.text("show", "running-config", "timeout"), self.text("show", "timeout"))


class Json(LabTest):
    def test_every_show(self):
        """Whatever `callgate show --help` lists is JSON as well, and says something."""
        socket = self.lab.daemons["a"].socket
        commands = [m.split() for m in re.findall(r"^  (show .*?)  ", client("show", "--help"), re.M)]
        self.assertGreater(len(commands), 30)
        for words in commands:
            if words[-1] == "CALL-ID":
                continue
            with self.subTest(command=" ".join(words)):
                words = [{"NAME": "incoming", "ADDRESS": "192.0.2.1"}.get(w, w) for w in words]
                p = subprocess.run([find_program("callgate"), *words, "--json", "--socket", socket],
                                   capture_output=True, text=True, check=False)
                text = subprocess.run([find_program("callgate"), *words, "--socket", socket],
                                      capture_output=True, text=True, check=False)
                self.assertEqual((p.returncode, p.stderr), (text.returncode, text.stderr))
                if p.returncode == 0:
                    self.assertIsInstance(json.loads(p.stdout), (dict, list))
