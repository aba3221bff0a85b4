# SPDX-License-Identifier: BSD-3-Clause
"""The wires and processes of the media benches: a relay and the generator, joined by veths between
namespaces of their own or by memif. The addresses are those of test/perf/media_plan.h."""

import contextlib
import ctypes
import json
import os
import pathlib
import subprocess
import tempfile

OUTSIDE, INSIDE = 0, 1
SIDES = (OUTSIDE, INSIDE)
KEY_LEN = 30  # master key and salt


def relay_mac(side):
    return f"02:00:00:00:01:{side:02x}"


def router_mac(side):
    return f"02:00:00:00:02:{side:02x}"


def relay_ip(side):
    return f"10.{1 + side}.0.1"


def router_ip(side):
    return f"10.{1 + side}.0.9"


def phone(side, call):
    net = (198, 18) if side == OUTSIDE else (10, 64)
    host = 1 + call // 1000
    return f"{net[0]}.{net[1]}.{host >> 8}.{host & 255}", 10000 + 2 * (call % 1000)


def phone_key():
    """What the phones outside seal with."""
    return bytes((101 + 7 * i) & 255 for i in range(KEY_LEN))


def sh(command):
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{command}: {done.stdout}{done.stderr}")
    return done.stdout


class Process:
    """A program that answers each line with one JSON object."""

    def __init__(self, *command):
        self.stderr = tempfile.TemporaryFile("w+")
        self.p = subprocess.Popen([str(c) for c in command], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=self.stderr, text=True)
        self.name = pathlib.Path(command[0]).name
        self.pid = self.p.pid
        self.first = self._answer()

    def _answer(self):
        while True:
            line = self.p.stdout.readline()
            if not line:
                raise RuntimeError(f"{self.name} ended: {self.complaint()}")
            if line[0] in "{[":
                return json.loads(line)

    def complaint(self):
        self.stderr.seek(0)
        return self.stderr.read()[-500:]

    def ask(self, command):
        self.p.stdin.write(command + "\n")
        self.p.stdin.flush()
        return self._answer()

    def stop(self):
        """Its input ends, and so does it."""
        with contextlib.suppress(OSError):
            self.p.stdin.close()
        try:
            self.p.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.p.kill()
            self.p.wait()


class Veths:
    """Two namespaces, `relay` and `phones`, with a wire outside and one inside. `addresses`: the
    kernel of `relay` has addresses and routes, for a relay that uses it; else both are mute."""

    def __init__(self, name, addresses):
        tag = f"cgbench-{name}-{os.getpid()}"
        self.relay, self.phones = f"{tag}-r", f"{tag}-p"
        try:
            for ns in (self.relay, self.phones):
                sh(f"ip netns add {ns}; ip -n {ns} link set lo up; ip netns exec {ns} sysctl -qw "
                   "net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1")
            for side in SIDES:
                self._wire(side, addresses)
        except RuntimeError:
            self.down()
            raise

    def _wire(self, side, addresses):
        r, dev = self.relay, f"side{side}"
        sh(f"ip link add {dev} netns {r} address {relay_mac(side)} type veth "
           f"peer name {dev} netns {self.phones} address {router_mac(side)}")
        sh(f"ip -n {self.phones} link set {dev} arp off up; ip -n {r} link set {dev} up")
        for ns in (r, self.phones):
            sh(f"ip netns exec {ns} ethtool -K {dev} tx off tso off gso off gro off")
        if not addresses:
            sh(f"ip -n {r} link set {dev} arp off")
            return
        phones = "198.18.0.0/15" if side == OUTSIDE else "10.64.0.0/10"
        sh(f"ip -n {r} addr add {relay_ip(side)}/16 dev {dev} && "
           f"ip -n {r} neigh replace {router_ip(side)} lladdr {router_mac(side)} dev {dev} && "
           f"ip -n {r} route add {phones} via {router_ip(side)}")

    def down(self):
        for ns in (self.relay, self.phones):
            subprocess.run(["ip", "netns", "del", ns], capture_output=True, check=False)

    @staticmethod
    def devices():
        return [f"net_af_packet{side},iface=side{side},framecnt=4096" for side in SIDES]


def memif_devices(folder, server, log_slots):
    """Both ends name the same socket in a folder; the server is the relay. Slots are as long as a
    voice packet needs: rings that fit the caches are faster."""
    mac, role = (relay_mac, "server") if server else (router_mac, "client")
    return [f"net_memif{side},role={role},id={side},socket={folder}/memif,socket-abstract=no,"
            f"rsize={log_slots},bsize=512,mac={mac(side)}" for side in SIDES]


@contextlib.contextmanager
def entered(namespace):
    """The calling thread is in a network namespace while this lasts."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/thread-self/ns/net", encoding="ascii") as home, \
            open(f"/run/netns/{namespace}", encoding="ascii") as there:
        if libc.setns(there.fileno(), 0x40000000):
            raise OSError(ctypes.get_errno(), f"setns {namespace}")
        try:
            yield
        finally:
            libc.setns(home.fileno(), 0x40000000)
