# SPDX-License-Identifier: BSD-3-Clause
"""Plain traffic through the firewall, and TCP that it takes itself: two hosts with a callgate between
them, without phones or call managers. The wires are this file's own, beside the lab's."""

import atexit
import contextlib
import fcntl
import json
import pathlib
import re
import select
import signal
import subprocess
import sys
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

from session import Turn, alone

from lablib import certs, netns, syn_flood
from lablib.daemon import client, find_program, substitute
from lablib.rights import NET_ADMIN, NET_RAW, to_lock
from lablib.util import ROOT, lab_dir, sh, tail, wait_for

PLACE = pathlib.Path(f"{lab_dir()}-punt")
OUT, CG, IN = (f"punt-{netns.PREFIX}{name}" for name in ("out", "cg", "in"))
# A host in the Internet, the call manager with its mapped address, and somebody who is nowhere.
HOST, UCM, MAPPED = "209.165.200.254", "192.168.10.30", "209.165.200.228"
OWN_OUT, OWN_IN, NOBODY = "209.165.200.225", "192.168.10.1", "198.51.100.7"


def ns(name, *command):
    return ["ip", "netns", "exec", name, *command]


def wires_down():
    for name in (OUT, CG, IN):
        sh("ip", "netns", "del", name, check=False)


def wires_up():
    wires_down()
    for name in (OUT, CG, IN):
        sh("ip", "netns", "add", name)
        sh(*ns(name, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1",
               "net.ipv6.conf.default.disable_ipv6=1"))
        sh(*ns(name, "ip", "link", "set", "lo", "up"))
    for host, iface, addr, route in ((OUT, "outside", f"{HOST}/27", f"{NOBODY}/32 via {OWN_OUT}"),
                                     (IN, "inside", f"{UCM}/24", f"default via {OWN_IN}")):
        sh("ip", "link", "add", "name", iface, "netns", CG, "type", "veth",
           "peer", "name", "eth0", "netns", host)
        sh(*ns(CG, "ip", "link", "set", iface, "arp", "off", "up"))
        sh(*ns(host, "ethtool", "-K", "eth0", "tx", "off", "tso", "off", "gso", "off"))
        sh(*ns(host, "sh", "-ec", f"ip addr add {addr} dev eth0; ip link set eth0 up; "
                                  f"ip route add {route}"))
    sh("ip", "link", "add", "name", "dmz", "netns", CG, "type", "veth", "peer", "name", "eth1", "netns", IN)
    sh(*ns(CG, "ip", "link", "set", "dmz", "arp", "off", "up"))  # as in the configuration; nobody is there


def configuration(workers=1):
    text = (ROOT / "config" / "samples" / "enterprise-a.yaml").read_text()
    text = substitute(text, r"socket: *[^\s}]+", f"socket: {PLACE}/callgate.sock")
    text = substitute(text, r"poll: *\w+", "poll: adaptive")
    cores = ", ".join(str((i + 1) % 2) for i in range(workers)) # of the two that any machine has
    text = substitute(text, r"cores: *\[[\d, ]+\]", f"cores: [{cores}]")
    return substitute(text, r"  incoming:\n", "  incoming:\n"
                      f"    - extended permit tcp any host {UCM} eq 8080\n")


# A host's program: connects, says something, and prints how long it took until the same came back. Exit 0 when it did.
ECHO_CLIENT = """
import socket, sys, time
begin = time.monotonic()
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), float(sys.argv[3]))
s.sendall(b'hello'); same = s.recv(5, socket.MSG_WAITALL) == b'hello'
print(time.monotonic() - begin); sys.exit(not same)
"""
# Echoes what each connection says, and prints who it is.
ECHO_SERVER = """
import socket, sys, threading
l = socket.create_server(('', int(sys.argv[1])), backlog=50)
def serve(c):
    while d := c.recv(65536): c.sendall(d)
while True:
    c, who = l.accept(); print(who[0], flush=True)
    threading.Thread(target=serve, args=(c,), daemon=True).start()
"""
# A connection that stays; says "open", then how it ended.
STALE_CLIENT = """
import socket, sys, time
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 3); s.settimeout(20)
print('open', flush=True); sys.stdin.readline()
try: s.sendall(b'x'); print('end' if s.recv(1) == b'' else 'data')
except ConnectionResetError: print('reset')
except OSError as e: print(e)
"""


def echo_s(host, dst, port, timeout_s=3):
    """How long a connection from `host` takes to carry data both ways, without the start of its program, which on a
    busy machine takes longer; None: it does not."""
    p = subprocess.run(ns(host, sys.executable, "-c", ECHO_CLIENT, dst, str(port), str(timeout_s)),
                       capture_output=True, text=True, check=False)
    return float(p.stdout) if p.returncode == 0 else None


def tcp(*args):
    return echo_s(*args) is not None


def ping(host, dst, count=1):
    return subprocess.run(ns(host, "ping", "-q", f"-c{count}", "-i0.2", "-W1", dst), check=False,
                          stdout=subprocess.DEVNULL).returncode == 0


def mac_of(host, *command):
    """What `ip` says there."""
    return re.search(r"(?:lladdr|ether) ([0-9a-f:]{17})", sh(*ns(host, "ip", *command)))[1]


def arping(*asked):
    """Which of the (host, address) hear an answer; all at once, for silence takes its time."""
    running = [subprocess.Popen(ns(host, "arping", "-q", "-c2", "-w2", "-Ieth0", dst), stdout=subprocess.DEVNULL)
               for host, dst in asked]
    return [p.wait(10) == 0 for p in running]


def setUpModule():
    lock = open(PLACE.with_suffix(".lock"), "w", encoding="ascii")
    unittest.addModuleCleanup(lock.close)
    fcntl.flock(lock, fcntl.LOCK_EX) # another run on this machine has the wires
    PLACE.mkdir(parents=True, exist_ok=True)
    atexit.register(wires_down) # no module is torn down after a signal
    wires_up()
    certs.authority(PLACE, "ca", "CA")
    certs.issue(PLACE, "ca", PLACE, "a", "enterprise-a.example")
    password = PLACE / "ticket.password"
    password.touch(mode=0o600)
    password.write_text("of-no-account-here\n")


def tearDownModule():
    wires_down()
    sh("rm", "-rf", PLACE)


class Running:
    """A program in the firewall's place."""

    def __init__(self, program, workers=1, change=lambda text: text):
        (PLACE / "callgate.yaml").write_text(change(configuration(workers)))
        with open(PLACE / "log", "wb") as log:
            self.process = subprocess.Popen(
                ns(CG, find_program(program), PLACE / "callgate.yaml"), stdin=subprocess.DEVNULL,
                stdout=log, stderr=log)
        wait_for(f"{program} to be ready", 20, self.ready)
        wait_for("the wires to carry", 5, lambda: ping(IN, OWN_IN) and ping(OUT, OWN_OUT))

    def text(self):
        return (PLACE / "log").read_text()

    def ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"ended at its start:\n{tail(PLACE / 'log', 30)}")
        return "ready" in self.text()

    def stop(self, sig=signal.SIGTERM):
        """The exit status."""
        self.process.send_signal(sig)
        return self.process.wait(10)


def server(host, port, program=ECHO_SERVER, sockets="-t"):
    p = subprocess.Popen(ns(host, sys.executable, "-c", program, str(port)),
                         stdout=subprocess.PIPE, text=True)
    wait_for("a server to listen", 5, lambda: f":{port}" in sh(*ns(host, "ss", "-Hln", sockets)))
    return p


def line(process, deadline_s=10):
    """The next line that a host's program prints, "" when none comes."""
    ready = select.select([process.stdout], [], [], deadline_s)[0]
    return process.stdout.readline().strip() if ready else ""


def end(process):
    process.kill()
    process.wait()
    for f in (process.stdin, process.stdout):
        if f:
            with contextlib.suppress(BrokenPipeError): # it ended before it was told something
                f.close()


def flood(target, at_least, a_second=0, seconds=8):
    """Spoofed SYNs from the Internet to ADDRESS:PORT, for some seconds, and longer where these are too few for so many."""
    mac = {who: mac_of(OUT, *command).replace(":", "") for who, command in (
        ("callgate", ("neigh", "show", OWN_OUT)), ("self", ("link", "show", "eth0")))}
    return subprocess.Popen(
        ns(OUT, sys.executable, syn_flood.PROGRAM, "eth0", mac["callgate"], mac["self"], target, str(seconds),
           str(a_second), str(at_least)),
        stdout=subprocess.PIPE)


def taps_left():
    """Interfaces that a daemon left in the namespace it was started in."""
    return set(sh(*ns(CG, "ls", "/sys/class/net")).split()) - {"lo", "outside", "inside", "dmz"}


def show(what):
    return json.loads(client("--socket", PLACE / "callgate.sock", "show", what, "--json"))


def counter(name):
    return next(c["value"] for c in show("counters") if c["name"] == name)


class Firewall(Turn):
    """The daemon itself."""

    workers = 1

    @classmethod
    def setUpClass(cls):
        cls.daemon = Running("callgated", cls.workers)

    @classmethod
    def tearDownClass(cls):
        cls.daemon.stop()

    def restart(self):
        type(self).daemon = Running("callgated", self.workers)

    def test_ping_through(self):
        self.assertTrue(ping(IN, HOST, 3), "inside to outside")
        self.assertTrue(ping(OUT, MAPPED, 3), "outside to the mapped address")

    def test_ping_own_address(self):
        self.assertTrue(ping(IN, OWN_IN, 3))
        self.assertTrue(ping(OUT, OWN_OUT, 3))

    def test_tcp_permitted_and_translated(self):
        inside, outside = server(IN, 8080), server(OUT, 8081)
        self.addCleanup(end, inside)
        self.addCleanup(end, outside)
        self.assertTrue(tcp(OUT, MAPPED, 8080), "permitted by the access list")
        self.assertEqual(line(inside), HOST)
        self.assertTrue(tcp(IN, HOST, 8081), "to a lower security level")
        self.assertEqual(line(outside), MAPPED)

    def test_tcp_denied(self):
        inside = server(IN, 8082)
        self.addCleanup(end, inside)
        before = counter("ACL_DENY")
        self.assertFalse(tcp(OUT, MAPPED, 8082, 1.5))
        self.assertGreater(counter("ACL_DENY"), before)

    def test_arp(self):
        ours = [(OUT, OWN_OUT), (OUT, MAPPED), (IN, OWN_IN)]
        foreign = [(OUT, "209.165.200.240"), (IN, "192.168.10.77"), (OUT, OWN_IN)]
        self.assertEqual(arping(*ours, *foreign), [True] * 3 + [False] * 3)

    def test_no_service_on_own_address(self):
        asked = ((OUT, OWN_OUT, 5070), (OUT, OWN_OUT, 15060), (IN, OWN_IN, 15061))
        with ThreadPoolExecutor() as at_once: # silence takes its time
            self.assertEqual(list(at_once.map(lambda to: tcp(*to, 1), asked)), [False] * 3)

    def test_buffers_come_back(self):
        before = show("usage")["buffers_in_use"]
        self.assertTrue(ping(IN, HOST, 5) and ping(IN, OWN_IN, 5))
        self.assertFalse(tcp(IN, NOBODY, 22, 0.5))
        wait_for("packet buffers to come back", 5,
                 lambda: show("usage")["buffers_in_use"] <= before)

    def test_kill_and_restart(self):
        self.daemon.stop(signal.SIGKILL)
        self.assertEqual(taps_left(), set())
        self.restart()
        self.assertTrue(ping(IN, HOST, 2))

    def test_orderly_stop(self):
        self.assertEqual(self.daemon.stop(), 0)
        self.assertIn("stopped", self.daemon.text())
        self.assertEqual(taps_left(), set())
        self.assertFalse((PLACE / "callgate.sock").exists())
        self.restart()


class FirewallFourWorkers(Firewall):
    workers = 4


class CommandLine(Turn):
    """What a person meets first."""

    def run_daemon(self, *args):
        return subprocess.run(ns(CG, find_program("callgated"), *args), capture_output=True,
                              text=True, check=False, timeout=20, cwd=PLACE)

    def test_check(self):
        good, bad = PLACE / "good.yaml", PLACE / "bad.yaml"
        good.write_text(configuration())
        bad.write_text(substitute(configuration(), r"rtp-min-port: *\d+", "rtp-min-port: 80"))
        self.assertIn("no faults, 0 warnings", self.run_daemon("--check", good).stdout)
        good.write_text(substitute(configuration(), r"\ntrustpoints:",
                                   "\nssl: {encryption: [3des-sha1, tls13]}\ntrustpoints:"))
        p = self.run_daemon("--check", good)
        self.assertEqual(p.returncode, 0)
        self.assertRegex(p.stdout, r"good\.yaml:\d+:\d+: encryption: found 3des-sha1, .* ignored")
        self.assertIn("no faults, 1 warnings", p.stdout)
        for args in (("--check", bad), (bad,)):
            p = self.run_daemon(*args)
            self.assertEqual(p.returncode, 2)
            self.assertRegex(p.stderr, r"bad\.yaml:\d+:\d+: .*80")

    def test_usage(self):
        self.assertEqual(self.run_daemon().returncode, 2)
        self.assertEqual(self.run_daemon("--what").returncode, 2)
        self.assertIn("usage", self.run_daemon("--help").stdout)
        self.assertRegex(self.run_daemon("--version").stdout, r"^callgated \d+\.\d+\.\d+\n$")

    def test_second_daemon_is_refused(self):
        first = Running("callgated")
        self.addCleanup(first.stop)
        p = self.run_daemon(PLACE / "callgate.yaml")
        self.assertEqual(p.returncode, 1)
        self.assertIn("callgate.sock", p.stderr)
        self.assertTrue(ping(IN, HOST, 2), "the first goes on")
        self.assertTrue(show("version"))

    def test_missing_device(self):
        text = substitute(configuration(), r"iface=outside", "iface=nowhere")
        (PLACE / "bad.yaml").write_text(text)
        p = self.run_daemon(PLACE / "bad.yaml")
        self.assertEqual(p.returncode, 1)
        self.assertIn("outside", p.stderr)
        self.assertEqual(taps_left(), set())

    def test_privileges(self):
        """The control thread keeps NET_ADMIN and NET_RAW, every other thread nothing, but for what it takes to lock
        memory; all are filtered."""
        daemon = Running("callgated")
        self.addCleanup(daemon.stop)
        tasks = pathlib.Path(f"/proc/{daemon.process.pid}/task")
        caps = {t.name: re.search(r"CapPrm:\s*(\w+)", (t / "status").read_text())[1]
                for t in tasks.iterdir()}
        for t in tasks.iterdir():
            self.assertRegex((t / "status").read_text(), r"NoNewPrivs:\s*1\nSeccomp:\s*2\n")
        main = caps.pop(str(daemon.process.pid))
        self.assertEqual(int(main, 16), NET_ADMIN | NET_RAW | to_lock(daemon.process.pid))
        self.assertGreater(len(caps), 0)
        self.assertEqual({int(c, 16) for c in caps.values()}, {to_lock(daemon.process.pid)})


class Punt(Turn):
    """Connections that the control plane takes."""

    workers = 1

    def setUp(self):
        self.echo = Running("punt_echo", self.workers)
        self.addCleanup(lambda: self.echo.stop())

    def accepted(self):
        return [line.split()[1:] for line in self.echo.text().splitlines()
                if line.startswith("accepted ")]

    def test_transparent(self):
        self.assertTrue(tcp(IN, NOBODY, 5065), "to an address that nobody owns")
        self.assertTrue(tcp(OUT, MAPPED, 5070), "to the mapped address")
        (iface, peer, dst), (iface2, peer2, dst2) = self.accepted()
        self.assertEqual((iface, peer.split(":")[0], dst), ("1", UCM, f"{NOBODY}:5065"))
        self.assertEqual((iface2, peer2.split(":")[0], dst2), ("0", HOST, f"{MAPPED}:5070"))

    def test_many(self):
        for i in range(20):
            self.assertTrue(tcp(IN, NOBODY, 5000 + i), f"port {5000 + i}")
        self.assertEqual({d for _, _, d in self.accepted()},
                         {f"{NOBODY}:{5000 + i}" for i in range(20)})

    def test_stale_connection_is_reset(self):
        """After a restart the peer of an old connection hears RST, not silence."""
        peer = subprocess.Popen(ns(IN, sys.executable, "-c", STALE_CLIENT, NOBODY, "5065"),
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(end, peer)
        self.assertEqual(line(peer), "open")
        self.echo.stop(signal.SIGKILL)
        self.echo = Running("punt_echo", self.workers)
        peer.stdin.write("\n")
        peer.stdin.flush()
        begin = time.monotonic()
        self.assertEqual(line(peer), "reset")
        self.assertLess(time.monotonic() - begin, 3)

    @alone
    def test_stranger_beside_a_flood(self):
        """Nine of ten SYNs are refused. Whoever sends his again after a second gets through."""
        syns = flood(f"{MAPPED}:5070", 0, 20000, seconds=15)
        self.addCleanup(end, syns)
        time.sleep(1.5) # it builds its frames, and runs
        took = [echo_s(OUT, MAPPED, 5070, 5) for _ in range(6)]
        self.assertNotIn(None, took)
        self.assertLess(max(took), 2.5, took)
        self.assertIsNone(syns.poll(), "the flood ended before the test did")

    def call_manager_connects(self, i):
        took_s = echo_s(IN, NOBODY, 5040 + i)
        self.assertIsNotNone(took_s, "the call manager")
        self.assertLess(took_s, 1, "a lost SYN or answer is sent again after a second")

    @alone
    def test_flood(self):
        """Spoofed SYNs from the Internet lock out neither the call manager nor a known address."""
        syns = flood(f"{MAPPED}:5070", 50000)
        self.addCleanup(end, syns)
        time.sleep(1.5) # it builds its frames, and runs
        for i in range(10):
            self.call_manager_connects(i)
        self.assertTrue(ping(OUT, OWN_OUT, 3))
        self.assertIsNone(syns.poll(), "the flood ended before the test did")
        wait_for("the end of 50000 SYNs", 60, lambda: self.call_manager_connects(0) or syns.poll() is not None)
        self.assertEqual(syns.returncode, 0)
        self.assertTrue(tcp(OUT, MAPPED, 5070), "anybody, afterwards")


class PuntFourWorkers(Punt):
    workers = 4


@alone
class Floods(Turn):
    """SYNs to a host behind the firewall, from sources that do not exist."""

    workers = 1

    def start(self, **limits):
        """With these set-connection limits alone, and an echo server on either side."""
        limits = {"embryonic-conn-max": 0, "embryonic-conn-rate": 0} | {k.replace("_", "-"): v for k, v in limits.items()}
        text = ", ".join(f"{k}: {v}" for k, v in limits.items())
        self.daemon = Running("callgated", self.workers, lambda yaml: substitute(substitute(
            yaml, r"sessions-max: *\d+", "sessions-max: 2048"),
            r"class: class-default, set-connection: \{[^}]*\}", f"class: class-default, set-connection: {{{text}}}"))
        self.addCleanup(self.daemon.stop)
        for host, port in ((IN, 8080), (OUT, 8081)):
            self.addCleanup(end, server(host, port))

    def flood(self, why):
        """4000 SYNs a second for some seconds; returns once some are refused for that reason."""
        syns = flood(f"{MAPPED}:8080", 20000, 4000)
        self.addCleanup(end, syns)
        wait_for("SYNs to be refused", 5, lambda: counter(why) > 100)
        return syns

    def assert_inside_connects(self, syns):
        """Nobody inside notices."""
        self.assertEqual([tcp(IN, HOST, 8081) for _ in range(10)], [True] * 10)
        self.assertIsNone(syns.poll(), "the flood ended before the test did")

    def test_half_open_shares(self):
        """What comes from outside leaves room for the half-open connections of inside."""
        self.start()
        self.assert_inside_connects(self.flood("EMBRYONIC_FULL"))
        self.assertRegex(self.daemon.text(), r"339408: .* interface=outside ")

    def test_rate(self):
        """A host gets so many new connections a second; those that are up go on, and so do other hosts."""
        self.start(embryonic_conn_rate=100)
        up = subprocess.Popen(ns(OUT, sys.executable, "-c", STALE_CLIENT, MAPPED, "8080"),
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(end, up)
        self.assertEqual(line(up), "open")
        before, begin = counter("SESSIONS_CREATED"), time.monotonic()
        syns = self.flood("EMBRYONIC_RATE")
        up.stdin.write("\n")
        up.stdin.flush()
        self.assertEqual(line(up), "data")
        self.assert_inside_connects(syns)
        opened, passed = counter("SESSIONS_CREATED") - before, time.monotonic() - begin
        self.assertLess(opened, 100 + 100 * passed + 50)  # 10 of them from inside
        self.assertRegex(self.daemon.text(), rf"339409: .* limit=100 protocol=tcp interface=outside .* destination={UCM}:8080")
        wait_for("the end of 20000 SYNs", 60, lambda: syns.poll() is not None)
        self.assertEqual(syns.returncode, 0)
        time.sleep(1)
        self.assertTrue(tcp(OUT, MAPPED, 8080), "anybody, afterwards")


class FloodsFourWorkers(Floods):
    workers = 4


if __name__ == "__main__":
    unittest.main()
