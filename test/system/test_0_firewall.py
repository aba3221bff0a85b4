# SPDX-License-Identifier: BSD-3-Clause
"""The firewall below the calls: ping and TCP between two hosts through a worker, static NAT, an access list,
the DMZ, and the control plane's own address."""

import contextlib
import hashlib
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import tempfile
import threading

from session import LabTest

from lablib import netns
from lablib.daemon import client, find_program
from lablib.util import sh, wait_for

ROUTER = "209.165.200.254"
MAPPED, REAL = "209.165.200.228", "192.168.10.30"
IME_MAPPED, IME_REAL = "209.165.200.250", netns.DMZ


def listen(name, address):
    with netns.entered(name):
        s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(address)
    s.listen(4)
    s.settimeout(10)
    return s


def connect(name, address, timeout_s=5):
    with netns.entered(name):
        s = socket.socket()
    s.settimeout(timeout_s)
    try:
        s.connect(address)
    except OSError:
        s.close()
        raise
    return s


def reset_when_closed(*sockets):
    """What nobody acknowledges they would send again for minutes, on wires that others watch."""
    for s in sockets:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def read_all(s):
    out = b""
    while True:
        part = s.recv(65536)
        if not part:
            return out
        out += part


class Firewall(LabTest):
    def test_ping(self):
        for name, address in (("ucm-a", "192.168.10.1"), ("inet", "209.165.200.225"), ("inet", MAPPED),
                              ("ucm-a", ROUTER)):
            with self.subTest(source=name, to=address):
                self.assertTrue(self.lab.ping(name, address))

    def test_first_packet_to_a_host(self):
        """The first packet to a host of which nobody has heard waits for its MAC and arrives: a ping, a SYN that is
        not repeated, a datagram."""
        hosts = [f"192.168.15.{n}" for n in (101, 102, 103)]
        for host in hosts:
            netns.script("dmz-a", f"ip addr add {host}/32 dev eth0")
            self.addCleanup(netns.script, "dmz-a", f"ip addr del {host}/32 dev eth0")
        before = self.drops("NEIGH_UNRESOLVED")
        with self.subTest("ping"):
            self.assertTrue(self.lab.ping("ucm-a", hosts[0]))
        with self.subTest("SYN"), listen("dmz-a", (hosts[1], 8000)), connect("ucm-a", (hosts[1], 8000), 0.8):
            pass
        with self.subTest("datagram"), netns.entered("dmz-a"), socket.socket(type=socket.SOCK_DGRAM) as there:
            there.bind((hosts[2], 8000))
            there.settimeout(2)
            with netns.entered("ucm-a"), socket.socket(type=socket.SOCK_DGRAM) as here:
                here.sendto(b"first", (hosts[2], 8000))
            self.assertEqual(there.recv(100), b"first")
        self.assertEqual(self.drops("NEIGH_UNRESOLVED"), before)

    def test_tcp_through_static_nat(self):
        """A megabyte each way, from the call manager to a host outside: its source is the mapped address."""
        data = os.urandom(1 << 20)
        got = {}

        def serve(listener):
            s, got["peer"] = listener.accept()
            with s:
                s.settimeout(10)
                got["sum"] = hashlib.sha256(read_all(s)).digest()
                s.sendall(data)

        with listen("inet", (ROUTER, 8000)) as listener:
            server = threading.Thread(target=serve, args=(listener,))
            server.start()
            with connect("ucm-a", (ROUTER, 8000)) as s:
                s.settimeout(10)
                s.sendall(data)
                s.shutdown(socket.SHUT_WR)
                self.assertEqual(read_all(s), data)
            server.join(10)
        self.assertEqual(got["peer"][0], MAPPED)
        self.assertEqual(got["sum"], hashlib.sha256(data).digest())

    def test_access_list(self):
        """From outside nothing but the call manager's SIP port (and ping) is let in."""
        before = self.drops("ACL_DENY")
        with listen("ucm-a", (REAL, 8022)):
            with self.assertRaises(OSError):
                connect("inet", (MAPPED, 8022), 1.5).close()
        self.assertGreater(self.drops("ACL_DENY"), before)
        with connect("inet", (MAPPED, 5070)): # the port that the list permits
            pass

    def test_capture(self):
        """A connection that is refused explains itself: in show drops, and to Wireshark."""
        daemon = self.lab.daemons["a"]
        with tempfile.TemporaryDirectory() as folder:
            def capture(name, *what):
                path = pathlib.Path(folder) / name
                p = subprocess.Popen([find_program("callgate"), "capture", name, *what, "--output", path, "--socket",
                                      daemon.socket], stderr=subprocess.PIPE, text=True)
                wait_for("the capture to begin", 5, lambda: path.exists() and path.stat().st_size > 0)
                return p, path

            p, path = capture("x", "match", "tcp", "any", "host", MAPPED, "eq", "8023")
            counted, one = capture("y", "match", "tcp", "any", "host", MAPPED, "drop", "ACL_DENY", "count", "1")
            with self.assertRaises(OSError):
                connect("inet", (MAPPED, 8023), 0.3).close()
            with connect("inet", (MAPPED, 5070)):  # does not match
                pass
            p.send_signal(signal.SIGINT)
            self.assertEqual((p.stderr.read(), p.wait()), (f"2 packets in {path}, 0 lost\n", 0))
            self.assertEqual((counted.stderr.read(), counted.wait(5)), (f"1 packets in {one}, 0 lost\n", 0))
            lines, dropped = (sh("tshark", "-n", "-r", file, "-T", "fields", "-e", "frame.interface_name", "-e", "ip.src",
                                 "-e", "ip.dst", "-e", "tcp.dstport", "-e", "frame.comment").splitlines()
                              for file in (path, one))
        self.assertEqual(lines[0], f"outside\t{ROUTER}\t{MAPPED}\t8023\t")
        self.assertRegex(lines[1], rf"^outside\t{ROUTER}\t{MAPPED}\t8023\tdropped: ACL_DENY: an access list denies")
        self.assertEqual(len(lines), 2)
        self.assertEqual(dropped, lines[1:])
        first = next(d for d in daemon.show_json("drops")["drops"] if d["name"] == "ACL_DENY")
        self.assertLess(first["age_s"], 5)
        self.assertGreater(first["rate_minute"], 0)

    def test_packet_tracer(self):
        """What happens to a packet, and by which line, is told without one; what is told then happens."""
        daemon = self.lab.daemons["a"]

        def trace(*words):
            return json.loads(client("packet-tracer", "input", *words, "--json", "--socket", daemon.socket))

        def lines(answer):
            return {p["type"]: daemon.config.read_text().splitlines()[p["config"]["line"] - 1]
                    for p in answer["phases"] if "line" in p.get("config", {})}

        before = daemon.counters()["SESSIONS_CREATED"]
        denied = trace("outside", "tcp", ROUTER, "1025", MAPPED, "8024")
        self.assertEqual((denied["action"], denied["drop_reason"]), ("drop", "ACL_DENY"))
        self.assertIn("mapped: ucm_map", lines(denied)["UN-NAT"])
        sip = trace("outside", "tcp", ROUTER, "1025", MAPPED, "5070")
        self.assertEqual((sip["action"], sip["phases"][-1]["type"]), ("allow", "CONTROL-PLANE"))
        self.assertIn("permit tcp any host 192.168.10.30 eq 5070", lines(sip)["ACCESS-LIST"])
        out = trace("inside", "icmp", REAL, "8", "0", ROUTER)
        self.assertEqual((out["action"], out["output_interface"], out["output_status"]), ("allow", "outside", "up"))
        self.assertTrue(any(p["information"] == f"translate {REAL}/0 to {MAPPED}/0" for p in out["phases"]), out)
        self.assertEqual(daemon.counters()["SESSIONS_CREATED"], before)
        with self.assertRaises(OSError):
            connect("inet", (MAPPED, 8024), 0.3).close()

    def test_conn(self):
        """A connection with the flags that an ASA would print; clear connection ends it, and nothing but it."""
        daemon = self.lab.daemons["a"]
        port = 8470
        which = ("address", IME_REAL, "port", str(port), "protocol", "tcp")

        def flags():
            return [c["flags"] for c in daemon.show_json("conn", *which)["connections"]]

        with listen("dmz-a", ("0.0.0.0", port)) as listener, connect("inet", (IME_MAPPED, port)) as s:
            peer, _ = listener.accept()
            with peer:
                s.sendall(b"hello")
                wait_for("data of the outside to be told", 3, lambda: flags() == ["UIB"])
                self.assertIn(f"TCP outside {ROUTER}:{s.getsockname()[1]} dmz {IME_REAL}:{port} ({IME_MAPPED}:{port}), idle "
                              "0:00:0", daemon.show("conn", *which))
                self.assertIn("\n1 found\n", daemon.show("conn", *which, "state", "up,data_out", "count"))
                self.assertIn("s - awaiting outside SYN", daemon.show("conn", *which, "detail"))
                before = self.drops("TCP_NOT_SYN")
                self.assertEqual(client("clear", "connection", *which, "--socket", daemon.socket),
                                 "1 connection(s) deleted.\n")
                self.assertEqual(flags(), [])
                reset_when_closed(s, peer)
                s.sendall(b"again")
                wait_for("its packets to be a stranger's", 3, lambda: self.drops("TCP_NOT_SYN") > before)
        self.assertGreater(daemon.show_json("conn", "all", "count")["found"], 0)  # the calls' connections

    def test_access_list_log(self):
        """What is denied is in the log (106023), and what an entry with log permits (106100), once it is there."""
        daemon = self.lab.daemons["a"]
        text = daemon.config.read_text()
        entry = "- extended permit icmp any any"
        self.assertIn(entry + "\n", text)

        def restore():
            daemon.config.write_text(text)
            daemon.reload()

        self.addCleanup(restore)
        told = len(daemon.log.read_text(errors="replace"))
        with self.assertRaises(OSError):
            connect("inet", (MAPPED, 8025), 0.3).close()
        daemon.config.write_text(text.replace(entry, entry + " log 5 interval 1", 1))
        daemon.reload()
        self.assertTrue(self.lab.ping("inet", MAPPED))

        def tail():
            return daemon.log.read_text(errors="replace")[told:]

        wait_for("the log to say so", 3, lambda: "%UCIME-5-106100" in tail())  # the control plane is not in the way
        log = tail()
        self.assertRegex(log, rf"%UCIME-4-106023: .* protocol=tcp interface=outside source={ROUTER}:\d+ to_interface=inside "
                              rf'destination={REAL}:8025 access_list=incoming entry="implicit deny"')
        self.assertRegex(log, rf"%UCIME-5-106100: .* access_list=incoming action=permitted protocol=icmp interface=outside "
                              rf"source={ROUTER}:\d+ to_interface=inside destination={REAL}:\d+ icmp_type=8 hit_cnt=1 hit=first")

    def test_service_policy(self):
        """A class that is full, once it is limited: what it has, and which of its limits refused how many."""
        daemon = self.lab.daemons["a"]
        text = daemon.config.read_text()

        def restore():
            daemon.config.write_text(text)
            daemon.reload()

        def limited():
            policy = daemon.show_json("service-policy", "set", "connection")
            return next(c for c in policy["classes"] if c["class"] == "few")

        self.addCleanup(restore)
        for key, value in (("access-lists", f"few: [permit tcp any host {IME_REAL} eq 8470]"),
                           ("class-maps", "few: {match: {access-list: few}}"),
                           ("  ime-policy", "  - {class: few, set-connection: {conn-max: 1}}")):
            self.assertIn(f"\n{key}:\n", daemon.config.read_text())
            daemon.config.write_text(daemon.config.read_text().replace(f"\n{key}:\n", f"\n{key}:\n  {value}\n", 1))
        daemon.reload()
        self.assertEqual((limited()["conns"], limited()["dropped"]["conn-max"]), (0, 0))
        with listen("dmz-a", ("0.0.0.0", 8470)), contextlib.ExitStack() as up:
            passed = 0
            for _ in range(6):  # each worker may have one
                with contextlib.suppress(OSError):
                    up.enter_context(connect("inet", (IME_MAPPED, 8470), 0.3))
                    passed += 1
            self.assertEqual(limited()["conns"], passed)
            self.assertGreaterEqual(limited()["dropped"]["conn-max"], 6 - passed)
            self.assertIn(passed, range(1, 5))
            self.assertRegex(daemon.show("service-policy"), r"\n  Service-policy: ime-policy\n(.*\n)*"
                             rf"    Class-map: few\n      Set connection policy: conn-max 1 .*\n        current .*, current conns {passed}, "
                             r"drop (\d+) \(conn-max \2\)\n")
        client("clear", "service-policy", "--socket", daemon.socket)
        self.assertEqual(sum(limited()["dropped"].values()), 0)

    def drops(self, name):
        return self.lab.daemons["a"].counters()[name]

    def assert_open(self, source, address, server, seen_as):
        """A connection from `source` to `address` reaches a listener in `server`, and shows that peer."""
        with listen(server, ("0.0.0.0", address[1])) as listener, connect(source, address):
            peer, (ip, _) = listener.accept()
            peer.close()
            self.assertEqual(ip, seen_as)

    def assert_denied(self, source, address, server, reason="ACL_DENY"):
        before = self.drops(reason)
        with listen(server, ("0.0.0.0", address[1])), self.assertRaises(OSError):
            connect(source, address, 1.2).close()
        self.assertGreater(self.drops(reason), before)

    def test_dmz_from_outside(self):
        """The manual's access lists for a UC-IME server: 6084 and 8470, and nothing else."""
        for port in (6084, 8470):
            with self.subTest(port=port):
                self.assert_open("inet", (IME_MAPPED, port), "dmz-a", ROUTER)
        self.assert_denied("inet", (IME_MAPPED, 8022), "dmz-a")

    def test_dmz_by_security_level(self):
        """Without a list traffic passes to a lower level alone: the call manager reaches its UC-IME server (VAP,
        5620, which the class of outbound SIP must leave alone), which reaches the Internet, under its mapped
        address, and never what is inside."""
        self.assert_open("ucm-a", (IME_REAL, 5620), "dmz-a", REAL)
        self.assert_open("dmz-a", (ROUTER, 6084), "inet", IME_MAPPED)
        self.assert_denied("dmz-a", (REAL, 8022), "ucm-a", "SECURITY_LEVEL")
