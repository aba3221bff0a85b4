#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Real packets through real workers: two network namespaces, veth, af_packet. Needs root."""

import ctypes
import json
import os
import pathlib
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
from lablib import vlan  # noqa: E402

OUT_HOST, OUT_FW, MAPPED, MEDIA = ("209.165.200.254", "209.165.200.225", "209.165.200.228",
                                   "209.165.200.229")
IN_HOST, IN_FW = "192.168.10.30", "192.168.10.1"
PAT_HOST = "192.168.10.40"  # behind the firewall's own address


def sh(cmd, check=True):
    return subprocess.run(cmd, shell=True, check=check, capture_output=True, text=True)


class Net:
    """A namespace per host, and one for the firewall, so that the host machine stays as it is."""

    def __init__(self, trunk=False):
        self.port = "trunk" if trunk else "outside"  # of the firewall, toward the outside
        self.switch = None
        self.tag = f"cgdp{os.getpid()}"
        self.fw, self.out, self.ins, self.sw = (f"{self.tag}{n}" for n in ("f", "o", "i", "s"))

    def up(self):
        for ns in (self.fw, self.out, self.ins, self.sw):
            sh(f"ip netns add {ns}")
            sh(f"ip -n {ns} link set lo up")
        if self.port == "trunk":
            self._trunk()
        else:
            self._link("outside", self.fw, self.out, f"{OUT_HOST}/27")
            self._link("inside", self.fw, self.ins, f"{IN_HOST}/24")
        sh(f"ip -n {self.ins} route add default via {IN_FW}")
        sh(f"ip -n {self.ins} addr add {PAT_HOST}/24 dev eth0")

    def _link(self, name, fw, ns, address):
        sh(f"ip link add {name} netns {fw} type veth peer name eth0 netns {ns}")
        sh(f"ip netns exec {fw} sysctl -qw net.ipv6.conf.{name}.disable_ipv6=1")
        sh(f"ip netns exec {ns} sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1")
        sh(f"ip -n {fw} link set {name} arp off up")
        sh(f"ip netns exec {ns} ethtool -K eth0 tx off tso off gso off gro off")
        sh(f"ip -n {ns} addr add {address} dev eth0")
        sh(f"ip -n {ns} link set eth0 up")

    def _trunk(self):
        """Both networks on one port of the firewall, the inside with a tag."""
        self._link("out", self.sw, self.out, f"{OUT_HOST}/27")
        self._link("ins", self.sw, self.ins, f"{IN_HOST}/24")
        sh(f"ip link add trunk netns {self.fw} type veth peer name trunk netns {self.sw}")
        for ns in (self.fw, self.sw):
            sh(f"ip netns exec {ns} sysctl -qw net.ipv6.conf.trunk.disable_ipv6=1")
            sh(f"ip -n {ns} link set trunk arp off up")
        self.switch = result_of(in_ns(self.sw, lambda: vlan.Switch({0: "out", 20: "ins"})))

    @staticmethod
    def mac(ns, dev):
        return sh(f"ip netns exec {ns} cat /sys/class/net/{dev}/address").stdout.strip()

    def down(self):
        if self.switch is not None:
            self.switch.stop()
        for ns in (self.fw, self.out, self.ins, self.sw):
            sh(f"ip netns del {ns}", check=False)


class Driver:
    def __init__(self, net, program, workers, rx_queues, driver, mtus):
        self.p = subprocess.Popen(
            ["ip", "netns", "exec", net.fw, program, str(workers), str(rx_queues), driver,
             *map(str, mtus)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._line()["ok"]
        assert self.ask(f"neigh 0 {OUT_HOST} {net.mac(net.out, 'eth0')}")["ok"]
        assert self.ask(f"neigh 1 {IN_HOST} {net.mac(net.ins, 'eth0')}")["ok"]
        assert self.ask(f"neigh 1 {PAT_HOST} {net.mac(net.ins, 'eth0')}")["ok"]
        # A pcap device has a MAC of its own.
        for ns, address, mac in zip((net.out, net.ins), (OUT_FW, IN_FW), self.ask("macs")):
            sh(f"ip -n {ns} neigh replace {address} lladdr {mac} dev eth0")

    def _line(self):
        line = self.p.stdout.readline()
        assert line, "dpdrive ended"
        return json.loads(line)

    def ask(self, command):
        self.p.stdin.write(command + "\n")
        self.p.stdin.flush()
        return self._line()

    def stop(self):
        self.p.stdin.write("quit\n")
        self.p.stdin.flush()
        assert self.p.wait(timeout=20) == 0

    def kill(self):
        self.p.kill()
        self.p.wait()


def in_ns(ns, func):
    """Runs func in a thread whose network is that of `ns`."""
    result = {}

    def run():
        try:
            with open(f"/run/netns/{ns}") as f:
                setns(f)
            result["value"] = func()
        except Exception as e:  # pylint: disable=broad-except
            result["error"] = e

    t = threading.Thread(target=run, daemon=True)
    t.start()
    t.result = result
    return t


def setns(f):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(f.fileno(), 0x40000000) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def result_of(thread, timeout=20):
    thread.join(timeout)
    assert not thread.is_alive(), "timed out"
    if "error" in thread.result:
        raise thread.result["error"]
    return thread.result["value"]


def serve(port, size, patience=10):
    """Echoes one connection; returns the peer's address."""
    s = socket.create_server(("", port))
    s.settimeout(10)
    c, peer = s.accept()
    with c, s:
        c.settimeout(patience)
        done = 0
        while done < size:
            data = c.recv(65536)
            if not data:
                break
            c.sendall(data)
            done += len(data)
    return peer


def talk(address, port, size, source=None):
    blob = os.urandom(size)
    with socket.create_connection((address, port), timeout=10,
                                  source_address=source and (source, 0)) as s:
        s.settimeout(10)
        sender = threading.Thread(target=s.sendall, args=(blob,), daemon=True)
        sender.start()
        got = b""
        while len(got) < size:
            data = s.recv(65536)
            assert data, "closed early"
            got += data
    assert got == blob, "what came back differs"
    return True


def refused(address, port, timeout=0.7):
    try:
        socket.create_connection((address, port), timeout=timeout).close()
        return None
    except OSError as e:
        return type(e).__name__


def echo_udp(ports, count):
    """Answers `count` datagrams on each port; returns who sent to each."""
    peers = {}
    for port in ports:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("", port))
            s.settimeout(10)
            for _ in range(count):
                data, peers[port] = s.recvfrom(2048)
                s.sendto(data, peers[port])
    return peers


def talk_udp(source, address, ports, count):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((source, 0))
        s.settimeout(1)
        for port in ports:
            for i in range(count):
                for _ in range(10):  # the server may not be there yet
                    s.sendto(b"%d %d" % (port, i), (address, port))
                    try:
                        got = s.recvfrom(2048)
                        break
                    except (TimeoutError, ConnectionRefusedError):
                        time.sleep(0.1)
                assert got == (b"%d %d" % (port, i), (address, port)), got
        return s.getsockname()[1]


def check(name, condition, detail=""):
    if not condition:
        raise AssertionError(f"{name}: {detail}")
    print(f"  ok {name}")


def tcp(net, server_ns, client_ns, address, port, size=300000):
    server = in_ns(server_ns, lambda: serve(port, size))
    time.sleep(0.2)
    assert result_of(in_ns(client_ns, lambda: talk(address, port, size)))
    return result_of(server)


def arping(net, address):
    return sh(f"ip netns exec {net.out} arping -c 1 -w 1 -I eth0 {address}", check=False).stdout


def ping(ns, to, count, *options):
    """Whether `count` echo requests, sent in a row, are all answered, and what ping said. After the last it waits as
    long as its interval: with a short one an answer that a busy machine has not got to yet is told as lost."""
    out = sh(f"ip netns exec {ns} ping -c {count} -l {count} -i 2 -W 2 {' '.join(options)} {to}", check=False).stdout
    return " 0% packet loss" in out, out


def pings(net, d):
    check("ping to the mapped address", *ping(net.out, MAPPED, 20))
    check("ping from inside", *ping(net.ins, OUT_HOST, 20))


def connections(net, d):
    peer = tcp(net, net.ins, net.out, MAPPED, 5070)
    check("TCP to the mapped address, inside sees the true peer", peer[0] == OUT_HOST, peer)
    peer = tcp(net, net.out, net.ins, OUT_HOST, 7000)
    check("TCP from inside, outside sees the mapped address", peer[0] == MAPPED, peer)
    conns = d.ask("conns")
    check("both connections are listed", any(
        c["dst"] == f"{IN_HOST}:5070" and c["dst_mapped"] == f"{MAPPED}:5070" for c in conns)
        and any(c["src"].startswith(IN_HOST) and c["src_mapped"].startswith(MAPPED)
                for c in conns), conns)
    live = d.ask("usage")["sessions"]
    ended = d.ask("end")["ended"]
    check("clear conn ends them all and says how many", ended == live and not d.ask("conns"), (ended, live))


def pat(net, d):
    """TCP, UDP and pings of one host behind PAT, all at once."""
    ports = (7100, 7101)
    pinged = in_ns(net.ins, lambda: [ping(net.ins, OUT_HOST, 5, "-I", PAT_HOST) for _ in range(8)])
    tcp_server = in_ns(net.out, lambda: serve(7001, 2000000))
    udp_server = in_ns(net.out, lambda: echo_udp(ports, 20))
    time.sleep(0.2)
    tcp_client = in_ns(net.ins, lambda: talk(OUT_HOST, 7001, 2000000, PAT_HOST))
    udp_client = in_ns(net.ins, lambda: talk_udp(PAT_HOST, OUT_HOST, ports, 20))
    assert result_of(tcp_client)
    real_port = result_of(udp_client)
    peers = result_of(udp_server)
    check("PAT of TCP: the server sees the firewall", result_of(tcp_server)[0] == OUT_FW)
    check("PAT of UDP: one port wherever it goes, of the same parity",
          peers[7100] == peers[7101] and peers[7100][0] == OUT_FW and
          peers[7100][1] % 2 == real_port % 2, (peers, real_port))
    check("PAT of pings", all(ok for ok, _ in result_of(pinged)), pinged.result)


def lossy(net, d):
    """Both ends send in bulk, and lose every thirtieth segment behind the firewall; what they make of it
    (retransmission, SACK, windows that open and close) must all pass."""
    watched = ("TCP_WINDOW", "TCP_ACK", "TCP_RST_WINDOW", "TCP_HANDSHAKE", "TCP_FLAGS")
    before = d.ask("counters")
    rules = "add table inet lossy; " \
            "add chain inet lossy input { type filter hook input priority 0; }; " \
            "add rule inet lossy input meta l4proto tcp numgen random mod 30 < 1 counter drop"
    for ns in (net.ins, net.out):
        sh(f"ip netns exec {ns} nft '{rules}'")
    try:
        tcp(net, net.ins, net.out, MAPPED, 5070, 2000000)
        tcp(net, net.out, net.ins, OUT_HOST, 7000, 2000000)
        lost = [sh(f"ip netns exec {ns} nft list table inet lossy").stdout for ns in (net.ins, net.out)]
    finally:
        for ns in (net.ins, net.out):
            sh(f"ip netns exec {ns} nft delete table inet lossy", check=False)
    check("segments were lost on both sides", all("packets 0 " not in text for text in lost), lost)
    after = d.ask("counters")
    check("bulk both ways with loss: no segment falls to the tracking",
          all(after[name] == before[name] for name in watched),
          {name: after[name] - before[name] for name in watched})


def handoff(net, d):
    # Each ping is a flow of its own, so that one worker is the owner of all by a rare chance.
    for _ in range(16):
        check("one ping", *ping(net.out, MAPPED, 1))
    c = d.ask("counters")
    check("packets were handed over", c["HANDOFF"] > 0, c)


def refusals(net, d):
    """All asked at once: silence takes its time."""
    d.ask("clear")
    foreign = in_ns(net.out, lambda: arping(net, "209.165.200.240"))
    ports = [in_ns(net.out, lambda to=to: refused(*to)) for to in ((MAPPED, 6000), (IN_HOST, 5070), (MAPPED, 5080))]
    why = [result_of(p) for p in ports]
    check("a port that no entry permits is silence", why[0] == "TimeoutError", why)
    check("the real address is not reachable from outside", why[1] is not None, why)
    check("ARP for a foreign address is silence", "reply from" not in result_of(foreign))
    for counter in ("ACL_DENY", "PUNTED", "ARP_FOREIGN"):
        check(f"{counter} counts it", d.ask("counters")[counter] >= 1)


def arps(net, d):
    for what, address in (("mapped", MAPPED), ("media", MEDIA)):
        out = arping(net, address)
        check(f"ARP for a {what} address is answered",
              net.mac(net.fw, net.port).upper() in out, out)


def closing(net, d):
    server = in_ns(net.ins, lambda: serve(5070, 40, patience=1.5))
    time.sleep(0.2)

    def client():
        with socket.create_connection((MAPPED, 5070), timeout=5) as s:
            s.sendall(b"x" * 20)
            s.settimeout(1)
            got = s.recv(100)
            assert got == b"x" * 20, got
            assert d.ask("rules closed")["ok"]
            s.sendall(b"y" * 20)
            try:
                return s.recv(100)
            except TimeoutError:
                return None

    check("new rules end a live connection", result_of(in_ns(net.out, client)) is None)
    assert d.ask("rules open")["ok"]
    try:
        result_of(server)
    except TimeoutError:
        pass


class Numbered(threading.Thread):
    """Numbered datagrams to an echo outside, 500 a second, until asked what has not come back."""

    def __init__(self, net, source, port):
        super().__init__(daemon=True)
        self.far, self.near = (result_of(in_ns(ns, lambda: socket.socket(type=socket.SOCK_DGRAM)))
                               for ns in (net.out, net.ins))
        self.far.bind((OUT_HOST, port))
        self.near.bind((source, 0))
        self.near.connect((OUT_HOST, port))
        self.sent, self.back, self.peers = 0, set(), set()
        self.ending, self.over = threading.Event(), threading.Event()
        for s in (self.far, self.near):
            s.settimeout(1)
        threading.Thread(target=self._echo, daemon=True).start()
        threading.Thread(target=self._listen, daemon=True).start()
        self.start()

    def _echo(self):
        while not self.over.is_set():
            try:
                data, peer = self.far.recvfrom(64)
            except TimeoutError:
                continue
            self.peers.add(peer)
            self.far.sendto(data, peer)

    def _listen(self):
        while not self.over.is_set():
            try:
                self.back.add(int(self.near.recv(64)))
            except TimeoutError:
                pass

    def run(self):
        while not self.ending.is_set():
            self.near.send(b"%d" % self.sent)
            self.sent += 1
            time.sleep(0.002)

    def lost(self):
        self.ending.set()
        self.join()
        end = time.monotonic() + 1
        while len(self.back) < self.sent and time.monotonic() < end:
            time.sleep(0.02)
        self.over.set()
        return set(range(self.sent)) - self.back


def changes(net, d):
    """Rules of others come and go, translations among them, a hundred times a second: who is still allowed loses no
    packet, by a static translation and by PAT."""
    d.ask("clear")
    streams = [Numbered(net, IN_HOST, 7200), Numbered(net, PAT_HOST, 7201)]
    server = in_ns(net.out, lambda: serve(7001, 2000000))
    time.sleep(0.2)
    bulk = in_ns(net.ins, lambda: talk(OUT_HOST, 7001, 2000000, PAT_HOST))
    for _ in range(50):
        for rules in ("others", "open"):
            assert d.ask(f"rules {rules}")["ok"]
            time.sleep(0.01)
    assert result_of(bulk) and result_of(server)
    lost = [s.lost() for s in streams]
    c = d.ask("counters")
    check("a hundred changes of the rules, and not a datagram is lost",
          not any(lost) and all(s.sent > 200 and len(s.peers) == 1 for s in streams),
          ([sorted(each)[:10] for each in lost], [s.sent for s in streams], [s.peers for s in streams]))
    drops = {n: v for n, v in c.items() if v and not n.endswith("_SENT") and
             n.startswith(("TCP_", "NAT_", "ACL_", "ROUTE_", "NEIGH_UNRESOLVED"))}
    check("nor has any packet a reason to be dropped", not drops, drops)


def fragments(net, d):
    """Both ways, through NAT: the kernels send and take fragments, and check every octet."""
    d.ask("clear")
    for what, ns, to in (("out", net.out, MAPPED), ("in", net.ins, OUT_HOST)):
        check(f"ping of 8000 octets from the {what}side", *ping(ns, to, 5, "-s 8000"))
    c = d.ask("counters")
    check("20 datagrams of 6 fragments were put together and cut again",
          c["REASSEMBLED"] == 20 and c["FRAGMENTS"] == c["FRAGMENTS_SENT"] == 120, c)
    blob = os.urandom(20000)

    def echo():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind((OUT_HOST, 7000))
            s.settimeout(5)
            data, peer = s.recvfrom(65535)
            s.sendto(data, peer)

    def ask():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(5)
            s.sendto(blob, (OUT_HOST, 7000))
            return s.recv(65535)

    server = in_ns(net.out, echo)
    time.sleep(0.2)
    check("20000 octets of UDP come back", result_of(in_ns(net.ins, ask)) == blob)
    result_of(server)


def path_mtu(net, d):
    """The way out is narrower than the inside: kernels find that out, and the way itself."""
    ok, out = ping(net.ins, OUT_HOST, 1, "-M dont -s 1450")
    check("a ping that may be cut is cut", ok and d.ask("counters")["FRAGMENTS_SENT"] == 2, out)
    _, out = ping(net.ins, OUT_HOST, 1, "-M do -s 1450")
    check("a ping that must not be cut hears why",
          f"From {IN_FW} icmp_seq=1 Frag needed and DF set (mtu = 1400)" in out, out)
    sh(f"ip -n {net.ins} route flush cache")
    r = sh(f"ip netns exec {net.ins} tracepath -n {OUT_HOST}", check=False)
    check("tracepath finds the firewall, the MTU and the far host",
          f"{IN_FW}" in r.stdout and "pmtu 1400" in r.stdout and "reached" in r.stdout
          and "Resume: pmtu 1400 hops 2" in r.stdout, r.stdout)
    sh(f"ip -n {net.ins} route flush cache")
    before = d.ask("counters")["MTU_EXCEEDED"]
    tcp(net, net.out, net.ins, OUT_HOST, 7000)
    c = d.ask("counters")
    check("TCP finds the path's MTU", c["MTU_EXCEEDED"] > before, c)


def widen(net, *names):
    """The hosts' ends of these wires take jumbo frames."""
    for name in names:
        sh(f"ip -n {name} link set eth0 mtu 9000")


def jumbo(net, d):
    """9000 octets from end to end; the firewall has made its own ends of the wires wider."""
    widen(net, net.out, net.ins)
    for what, ns, to in (("out", net.out, MAPPED), ("in", net.ins, OUT_HOST)):
        check(f"a jumbo packet in one piece, from the {what}side", *ping(ns, to, 5, "-M do -s 8972"))
    d.ask("clear")
    tcp(net, net.out, net.ins, OUT_HOST, 7000, 3000000)
    s = d.ask("counters")
    check("TCP in jumbo segments, both ways", s["RX"] < 3 * 2 * 3000000 / 8900 and
          s["FRAGMENTS_SENT"] == 0, s)


def jumbo_cut(net, d):
    """Jumbo frames inside, and an outside that takes 1500 octets."""
    widen(net, net.ins)
    sh(f"ip -n {net.fw} link set inside mtu 9000")
    d.ask("clear")
    ok, out = ping(net.ins, OUT_HOST, 5, "-M dont -s 8972")
    c = d.ask("counters")
    check("what may be cut is cut, and its answer put together",
          ok and c["REASSEMBLED"] == 5 and c["FRAGMENTS_SENT"] == 70, (out, c))
    _, out = ping(net.ins, OUT_HOST, 1, "-M do -s 8972")
    check("what must not be cut hears why",
          f"From {IN_FW} icmp_seq=1 Frag needed and DF set (mtu = 1500)" in out, out)
    sh(f"ip -n {net.ins} route flush cache")
    tcp(net, net.out, net.ins, OUT_HOST, 7000)
    check("TCP from the wide side to the narrow", True)


def tags(net, d):
    """One port, two interfaces."""
    for what, ns, to in (("out", net.out, MAPPED), ("in", net.ins, OUT_HOST)):
        check(f"a full packet fits beside the tag, from the {what}side", *ping(ns, to, 3, "-M do -s 1472"))
    d.ask("clear")

    def send(*frames):
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
            s.bind(("trunk", 0))
            for frame in frames:
                s.send(frame)

    plain = bytes.fromhex(net.mac(net.fw, "trunk").replace(":", "")) + b"\2" * 6 + b"\x08\0" + b"\0" * 60
    once, twice = vlan.tagged(plain, 30), vlan.tagged(vlan.tagged(plain, 20), 5, 0x88a8)
    result_of(in_ns(net.sw, lambda: send(once, twice)))
    time.sleep(0.1)
    c = d.ask("counters")
    check("a tag that nobody has, and two tags, have names", c["VLAN_UNKNOWN"] == 1 and
          c["VLAN_QINQ"] == 1, c)
    s = d.ask("stats")
    check("each interface counts its own", all(s["rx"]) and all(s["tx"]) and
          s["rx"][0] != s["rx"][1], s)


def leaks(net, d):
    for _ in range(50):
        u = d.ask("usage")
        if u["buffers_in_use"] == 0:
            break
        time.sleep(0.1)
    check("no buffer is lost", u["buffers_in_use"] == 0, u)


def run(program, workers, rx_queues, driver, steps, mtus=(1500, 1500)):
    print(f"{driver}, {workers} workers, {rx_queues or 'as many'} receive queues")
    net = Net(trunk=driver == "trunk")
    d = None
    try:
        net.up()
        d = Driver(net, program, workers, rx_queues, driver, mtus)
        # With ARP answered: a ping whose socket is full until then sends what is left once per interval.
        check("one ping to the mapped address", *ping(net.out, MAPPED, 1))
        for step in steps:
            step(net, d)
        leaks(net, d)
        d.stop()
        d = None
    finally:
        if d is not None:
            print({k: v for k, v in d.ask("counters").items() if v}, file=sys.stderr)
            d.kill()
        net.down()


def main():
    if os.geteuid() != 0:
        print("needs root")
        return 77  # meson: skipped
    one = [pings, connections, pat, changes, refusals, arps, closing]
    for workers, rx_queues in ((1, 0), (2, 0), (2, 1), (4, 0)):
        run(sys.argv[1], workers, rx_queues, "af_packet", one + [handoff if workers > 1 else lossy])
    run(sys.argv[1], 1, 0, "af_packet", [path_mtu], mtus=(1400, 1500))
    for workers in (1, 2):
        run(sys.argv[1], workers, 0, "trunk", [pings, connections, refusals, arps, tags])
    run(sys.argv[1], 1, 0, "af_packet", [jumbo], mtus=(9000, 9000))
    run(sys.argv[1], 1, 0, "pcap", [jumbo_cut], mtus=(1500, 9000))
    # On af_packet the kernel joins fragments before we see them.
    for workers in (1, 2):
        run(sys.argv[1], workers, 0, "pcap", [fragments])
    return 0


if __name__ == "__main__":
    sys.exit(main())
