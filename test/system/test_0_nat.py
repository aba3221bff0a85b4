# SPDX-License-Identifier: BSD-3-Clause
"""What other people's programs say of the translation: coturn's natdiscovery judges it (RFC 5780), iperf3 sends in bulk
through it, and scapy sends what no host would."""

import json
import pathlib
import socket
import subprocess

from session import LabTest, alone, lab, wait_for

from lablib import netns
from lablib.daemon import client, substitute
from lablib.util import sh

OWN, ROUTER, REAL = "209.165.200.225", "209.165.200.254", "192.168.10.30"
STATIC, DMZ_STATIC = "209.165.200.228", "209.165.200.250"  # of ucm-a and dmz-a
BEHIND_PAT = {"ucm2-a": "192.168.10.31", "phone-a1": "192.168.10.51"}
SERVER, SECOND = netns.FOREIGN, "192.0.2.11"  # two addresses outside, as RFC 5780 wants them
PORT = "7201"  # one that no class inspects
SCAPY_SEND = pathlib.Path(__file__).with_name("scapy_send.py")
PARTNER, OUTER = "192.168.10.77", "209.165.200.243"  # what SERVER is called inside, by phone-a1 who is OUTER
POOL = ("209.165.200.241", "209.165.200.245")  # phone-a2's, a group in two places
OBJECTS = f"""
    phone_a1: {{host: {BEHIND_PAT["phone-a1"]}}}
    phone_a2: {{host: 192.168.10.52, nat: {{from: inside, to: outside, dynamic: pool}}}}
    outer: {{host: {OUTER}}}
    partner: {{host: {PARTNER}}}
    server: {{host: {SERVER}}}
    ucm2: {{host: {BEHIND_PAT["ucm2-a"]}}}
  service:
    web: {{service: tcp source eq 80}}
    web_out: {{service: tcp source eq 8080}}"""
RULES = f"""
object-groups:
  network:
    pool: {{members: [{", ".join("network-object host " + ip for ip in POOL)}]}}
nat:
  - {{from: inside, to: outside, source: {{static: {{real: phone_a1, mapped: outer}}}},
     destination: {{static: {{mapped: partner, real: server}}}}}}
  - {{from: inside, to: outside, source: {{static: {{real: ucm2, mapped: interface}}}},
     service: {{real: web, mapped: web_out}}}}
  - {{from: inside, to: outside, after-auto: on, source: {{dynamic: {{real: any, mapped: interface}}}}}}
"""
PERMIT = "".join(f"\n    - permit udp any host {ip}" for ip in (REAL, *BEHIND_PAT.values())) + \
    f"\n    - permit tcp any host {BEHIND_PAT['ucm2-a']} eq 80" + \
    "\n    - permit tcp any host 192.168.10.52 eq 8005"


def configured(text):
    """Each kind of translation, everybody else behind PAT, and a list that leaves UDP to the translation."""
    text = substitute(text, r"(?<=\n    ime_map_209.165.200.250: {host: 209.165.200.250})(?=\n)", OBJECTS)
    text = substitute(text, r"\nnat:\n", RULES)
    return substitute(text, r"(?<=\n  incoming:)(?=\n)", PERMIT)


def spawned(name, *command):
    return subprocess.Popen(netns.inside(name, *command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, text=True)


def sock(name, kind=socket.SOCK_DGRAM, bind=None):
    with netns.entered(name):
        s = socket.socket(socket.AF_INET, kind)
    s.settimeout(5)
    if bind:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what ran before may linger
        s.bind(bind)
    return s


def odd_packets(port):
    """What: the drop that it must end in, and the packet. From `port` there is a connection to DMZ_STATIC."""
    def ip(src=ROUTER, dst=DMZ_STATIC, more=""):
        return f"IP(src='{src}', dst='{dst}'{more})/"

    def tcp(flags="'S'", sport=4000, more=""):
        return f"TCP(sport={sport}, dport=6084, flags={flags}{more})"
    syn = tcp()
    return {
        "SYN+FIN": ("TCP_FLAGS", ip() + tcp("'SF'")),
        "SYN+RST": ("TCP_FLAGS", ip() + tcp("'SR'")),
        "no flags": ("TCP_FLAGS", ip() + tcp("0")),
        "FIN+PSH+URG of no connection": ("TCP_NOT_SYN", ip() + tcp("'FPU'")),
        "ACK of no connection": ("TCP_NOT_SYN", ip() + tcp("'A'")),
        "RST of no connection": ("TCP_NOT_SYN", ip() + tcp("'R'")),
        "RST out of the window": ("TCP_RST_WINDOW", ip() + tcp("'R'", port, ", seq=5")),
        "data out of the window": ("TCP_WINDOW", ip() + tcp("'A'", port, ", seq=5") + "/b'x'"),
        "ICMP error of no session": ("ICMP_NO_SESSION", ip() + "ICMP(type=3, code=3)/" + ip(DMZ_STATIC, ROUTER) +
                                     "UDP(sport=9, dport=9)"),
        "echo reply of no session": ("ICMP_NO_SESSION", ip() + "ICMP(type=0, id=7)"),
        "land, on a translated address": ("IP_SPOOFED", ip(DMZ_STATIC) + syn),
        "land, on our own address": ("IP_SPOOFED", ip(OWN, OWN) + syn),
        "a source from inside": ("REVERSE_PATH", ip(REAL) + syn),
        "source of zeros": ("IP_SOURCE", ip("0.0.0.0") + syn),
        "source of ones": ("IP_SOURCE", ip("255.255.255.255") + syn),
        "source of many": ("IP_SOURCE", ip("224.0.0.1") + syn),
        "source of the loopback": ("IP_SOURCE", ip("127.0.0.1") + syn),
        "destination of ones": ("IP_DESTINATION", ip(dst="255.255.255.255") + syn),
        "destination of zeros": ("IP_DESTINATION", ip(dst="0.0.0.0") + syn),
        "the subnet's broadcast": ("IP_DESTINATION", ip(dst="209.165.200.255") + "UDP(dport=9)"),
        "IP checksum": ("IP_CHECKSUM", ip(more=", chksum=1") + syn),
        "IP header too short": ("IP_HEADER", ip(more=", ihl=4") + syn),
        "total length too long": ("RX_SHORT", ip(more=", len=1400") + syn),
        "TCP checksum": ("L4_CHECKSUM", ip() + tcp(more=", chksum=1")),
        "TCP header too short": ("L4_HEADER", ip() + tcp(more=", dataofs=4")),
        "TCP header longer than the packet": ("L4_HEADER", ip() + tcp(more=", dataofs=15")),
        "UDP length too long": ("L4_HEADER", ip() + "UDP(dport=9, len=900)"),
        "a port that nobody has": ("NAT_UNMAPPED", ip(dst=OWN) + "UDP(dport=50001)"),
    }


class Nat(LabTest):
    @classmethod
    def setUpClass(cls):
        daemon = lab().daemons["a"]

        def again(edit):
            daemon.kill()
            daemon.configure(edit)
            daemon.start()
            daemon.ready()
            lab().warm_up()
        cls.addClassCleanup(again, None)
        again(configured)
        cls.daemon = daemon

    def serve(self, name, *command, ready):
        p = spawned(name, *command)
        self.addCleanup(p.wait)
        self.addCleanup(p.stdout.close)
        self.addCleanup(p.kill)
        kind, port = ready
        wait_for(f"{command[0]} to listen", 5,
                 lambda: f":{port} " in sh(*netns.inside(name, "ss", f"-Hnl{kind}")))

    def stun(self):
        netns.script("foreign", f"ip addr replace {SECOND}/24 dev eth0")
        self.serve("foreign", "turnserver", "-n", "--no-auth", "--no-cli", "--no-tls", "--no-dtls", "--stun-only",
                   "-L", SERVER, "-L", SECOND, "--pidfile", self.lab.dir / "turn.pid", "--log-file", "stdout",
                   "--simple-log", ready=("u", 3479))

    def test_verdict_of_coturn(self):
        """RFC 4787 REQ-1: one port wherever it goes. Who was not spoken to may not answer, as on the ASA; where a host has
        an address of its own, the access list alone decides. REQ-9: the way to an address of one's own turns round."""
        self.stun()
        before = self.daemon.counters()
        pat = spawned("ucm2-a", "turnutils_natdiscovery", "-m", "-f", SERVER)  # waits 6 s for what must not come
        static = sh(*netns.inside("ucm-a", "turnutils_natdiscovery", "-m", "-f", "-H", SERVER))
        self.assertIn(f"UDP reflexive addr: {STATIC}:", static)
        for verdict in ("NAT with Endpoint Independent Mapping!", "NAT with Endpoint Independent Filtering!",
                        "Received a request (maybe a successful hairpinning)"):
            self.assertIn(verdict, static)
        self.hole_punched()
        said = pat.communicate(timeout=20)[0]
        self.assertIn(f"UDP reflexive addr: {OWN}:", said)
        for verdict in ("NAT with Endpoint Independent Mapping!", "NAT with Address and Port Dependent Filtering!",
                        "No ALG: Mapped == XOR-Mapped"):
            self.assertIn(verdict, said)
        self.assertGreaterEqual(self.counted(before)["NAT_UNMAPPED"], 3)

    def mapped(self, s):
        """Where the other side sees a socket: asked of the STUN server."""
        s.sendto(bytes.fromhex("000100002112a442") + b"callgate-nat", (SERVER, 3478))
        answer = s.recv(1500)
        at = answer.index(bytes.fromhex("0001000800")) + 5  # MAPPED-ADDRESS
        return socket.inet_ntoa(answer[at + 3:at + 7]), int.from_bytes(answer[at + 1:at + 3], "big")

    def hole_punched(self):
        """Two hosts behind one address speak to each other's outer ports, which each has learned from outside; each sees
        the other's outer endpoint, never the real one (RFC 4787 REQ-9a)."""
        with sock("ucm2-a") as a, sock("phone-a1") as b:
            outer_a, outer_b = self.mapped(a), self.mapped(b)
            self.assertEqual((outer_a[0], outer_b[0]), (OWN, OWN))
            before = self.daemon.counters()
            a.sendto(b"opens a hole, and is refused", outer_b)
            wait_for("NAT_UNMAPPED to count it", 2, lambda: self.counted(before).get("NAT_UNMAPPED", 0) >= 1, 0.01)
            b.sendto(b"b", outer_a)
            self.assertEqual(a.recvfrom(100), (b"b", outer_b))
            a.sendto(b"a", outer_b)
            self.assertEqual(b.recvfrom(100), (b"a", outer_a))

    @alone
    def test_iperf3(self):
        """Bulk, both ways, by static NAT and by PAT; then with a fiftieth of what arrives lost at both ends. No segment
        of it falls to the tracking of TCP."""
        log = self.lab.dir / "iperf3.log"
        self.serve("foreign", "iperf3", "-s", "-p", PORT, "--forceflush", "--logfile", log, ready=("t", PORT))

        def run(host, outer, *args):
            log.write_text("")
            out = json.loads(sh(*netns.inside(host, "iperf3", "-c", SERVER, "-p", PORT, "-J", *args)))
            self.assertIn(f"Accepted connection from {outer}, port", log.read_text())
            return out["end"]
        before = self.daemon.counters()
        for host, outer in (("ucm-a", STATIC), ("ucm2-a", OWN)):
            for way in ((), ("-R",)):
                with self.subTest(host=host, way=way):
                    end = run(host, outer, "-n", "10M", *way)
                    self.assertGreater(end["sum_received"]["bytes"], 5 << 20)  # the rest is on its way when it ends
                    end = run(host, outer, "-u", "-b", "30M", "-l", "1200", "-n", "1M", *way)
                    self.assertGreater(end["sum"]["packets"], 800)
                    self.assertLess(end["sum"]["lost_percent"], 1)
        for name in ("foreign", "ucm2-a"):
            netns.script(name, "nft 'add table inet lossy; add chain inet lossy in { type filter hook input priority 0; }; "
                               "add rule inet lossy in meta l4proto tcp numgen random mod 50 < 1 drop'")
            self.addCleanup(netns.script, name, "nft delete table inet lossy")
        for way in ((), ("-R",)):
            self.assertGreater(run("ucm2-a", OWN, "-n", "4M", *way)["sum_sent"]["retransmits"], 0)
        moved = self.counted(before)
        # A kernel whose socket is closed resets what was on its way, by numbers that its own FIN has overtaken; and
        # what was on its way when a reset ended the connection is of none.
        for after in ("TCP_RST_WINDOW", "TCP_NOT_SYN"):
            moved.pop(after, None)
        self.assertFalse([n for n in moved if n.startswith("TCP_") or n in ("L4_CHECKSUM", "NAT_PORTS")], moved)

    def scapy(self):
        """Sends packets, in scapy's words, on the wire from the Internet's router to callgate."""
        mac = sh(*netns.inside("inet", "ip", "neigh", "show", OWN)).split("lladdr ")[1].split()[0]
        p = subprocess.Popen(netns.inside("inet", SCAPY_SEND, "to-a", mac), stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(p.communicate)

        def send(packet):
            p.stdin.write(packet + "\n")
            p.stdin.flush()
            self.assertEqual(p.stdout.readline(), "sent\n")
        self.assertEqual(p.stdout.readline(), "ready\n")
        return send

    def seen(self, host, address, server, port):
        """Who a listener on `port` of `server` sees when a client connects to `address`, and from which port."""
        with sock(server, socket.SOCK_STREAM, ("0.0.0.0", port)) as listener, sock(host, socket.SOCK_STREAM) as s:
            listener.listen(1)
            s.connect(address)
            own_port = s.getsockname()[1]
            peer, (ip, peer_port) = listener.accept()
            peer.close()
        return ip, peer_port == own_port

    def trace(self, *words):
        out = json.loads(client("packet-tracer", "input", *words, "--json", "--socket", self.daemon.socket))
        return [p["type"] for p in out["phases"]], out["action"]

    def test_kinds(self):
        """An address of a pool, which keeps ports, and by which the host is reached then; twice NAT; a port of the
        interface's own address."""
        ip, kept = self.seen("phone-a2", (ROUTER, 8001), "inet", 8001)
        self.assertIn(ip, POOL)
        self.assertTrue(kept)
        self.assertEqual(self.seen("inet", (ip, 8005), "phone-a2", 8005), (ROUTER, True))
        self.assertEqual(self.seen("phone-a1", (PARTNER, 8002), "foreign", 8002), (OUTER, True))
        self.assertEqual(self.seen("phone-a1", (SERVER, 8003), "foreign", 8003)[0], OWN)
        self.assertEqual(self.seen("inet", (OWN, 8080), "ucm2-a", 80), (ROUTER, True))
        self.assertRegex(self.daemon.show("xlate"), rf"NAT from inside:192.168.10.52 to outside:{ip} flags i idle")
        text = self.daemon.show("nat", "detail")
        self.assertRegex(text, rf"source static 192.168.10.51 {OUTER} destination static {PARTNER} {SERVER}\n"
                               rf"    translate_hits = 1, untranslate_hits = 0\n"
                               rf"    Source - Origin: 192.168.10.51, Translated: {OUTER}\n"
                               rf"    Destination - Origin: {PARTNER}, Translated: {SERVER}\n")
        phases, action = self.trace("inside", "tcp", BEHIND_PAT["phone-a1"], "1025", PARTNER, "8004")
        self.assertEqual(action, "allow")
        self.assertLess(phases.index("UN-NAT"), phases.index("NAT"))
        phases, action = self.trace("inside", "udp", REAL, "1025", STATIC, "8004")  # to itself, outside
        self.assertEqual((action, phases.count("FLOW-LOOKUP"), phases.count("HAIRPIN")), ("allow", 2, 1))

    def test_odd_packets(self):
        """Each has its named drop, and the connection beside them goes on."""
        send = self.scapy()
        with sock("dmz-a", socket.SOCK_STREAM, ("0.0.0.0", 6084)) as listener, \
                sock("inet", socket.SOCK_STREAM) as live:
            listener.listen(1)
            live.connect((DMZ_STATIC, 6084))
            peer = listener.accept()[0]
            self.addCleanup(peer.close)
            for what, (name, packet) in odd_packets(live.getsockname()[1]).items():
                with self.subTest(what):
                    before = self.daemon.counters()
                    send(packet)
                    wait_for(f"{name} to count three", 2, lambda n=name, b=before: self.counted(b).get(n, 0) >= 3,
                             0.01)
            self.assertRegex(self.daemon.show("ip", "verify", "statistics"),
                             "interface outside: ([3-9]|[1-9][0-9]+) unicast rpf drops\ninterface inside: 0 unicast")
            self.assertRegex(self.daemon.log.read_text(errors="replace"),
                             rf"%UCIME-2-106016: .* protocol=tcp source={DMZ_STATIC} destination={DMZ_STATIC} "
                             "interface=outside")
            self.assertRegex(self.daemon.log.read_text(errors="replace"),
                             rf"%UCIME-1-106021: .* protocol=tcp source={REAL} destination={DMZ_STATIC} interface=outside")
            live.sendall(b"still there")
            peer.settimeout(5)
            self.assertEqual(peer.recv(100), b"still there")
