# SPDX-License-Identifier: BSD-3-Clause
"""Enterprise A off-path (protocol.md 6): an ordinary firewall has its traffic but calls, callgate has calls alone, and
the call manager asks the mapping service where to send them."""

import contextlib
import json
import re
import socket
import struct
import subprocess
import time

from session import LabTest, alone, lab, wait_for

from lablib import capture, cluster, netns, offpath, stun
from lablib.daemon import client, find_program
from lablib.kamailio import DOMAIN, MAPPED

REMOTE = MAPPED["b"], 5070
QUOTA, LIFETIME_S, IDLE_S = 5100, 5, 5 # two call managers want more than there is
MORE = f", quota: {QUOTA}, lifetime: 0:00:0{LIFETIME_S}, idle: 0:00:0{IDLE_S}"
PORTS = range(40000, 50000)
OWN = ("209.165.200.225", "209.165.200.228", "209.165.200.229", offpath.INSIDE, "192.168.10.3", "192.168.10.30",
       "192.168.15.1")


class Asker:
    """A connection to the mapping service."""

    def __init__(self, host="ucm-a", key=None):
        self.key = key
        self.buf = b""
        with netns.entered(host):
            self.sock = socket.create_connection((offpath.INSIDE, 8060), timeout=5)

    def send(self, octets):
        self.sock.sendall(octets)

    def answer(self):
        """The next one; None when the connection ends before it."""
        while not (n := stun.frame(self.buf)):
            try:
                data = self.sock.recv(65536)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self.buf += data
        m, self.buf = stun.parse(self.buf[:n]), self.buf[n:]
        if self.key is not None and m.kind == stun.SUCCESS and not stun.signed_with(m, self.key):
            raise AssertionError("a success that is not signed")
        return m

    def ask(self, ip, port, **kw):
        self.send(stun.request(ip, port, key=self.key, **kw))
        return self.answer()

    def raw(self, attributes, kind=stun.REQUEST, key=True):
        """The answer to a request with these attributes; an address is (type, ip, port)."""
        t = bytes(range(12))
        attributes = [(a[0], stun.address(*a[1:], t)) if len(a) == 3 else a for a in attributes]
        self.send(stun.message(kind, t, attributes, self.key if key is True else key))
        return self.answer()

    def ends(self):
        """Whether it is closed, and nothing said."""
        return self.answer() is None and not self.buf

    def many(self, endpoints, **kw):
        """Asks for all of them; {code: how many}, and the seconds it took."""
        requests = [stun.request(*e, key=self.key, **kw) for e in endpoints]
        codes, begin = {}, time.monotonic()
        for i in range(0, len(requests), 60):
            self.send(b"".join(requests[i:i + 60]))
            for _ in requests[i:i + 60]:
                code = stun.code(self.answer())
                codes[code] = codes.get(code, 0) + 1
        return codes, time.monotonic() - begin


def endpoints(net, n):
    """Remotes to which an access list lets a call manager speak."""
    return [(f"{net}.{1 + i // 1000}", 5000 + i % 1000) for i in range(n)]


class OffPath(LabTest):
    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(offpath.apply, lab(), False)
        offpath.apply(lab(), True, MORE, cluster.configuration)
        cls.key = lab().agent.key_file().read_bytes().strip()

    def setUp(self):
        super().setUp()
        self.a = self.lab.daemons["a"]
        self.before = self.a.counters()

    def asker(self, host="ucm-a", key=True):
        a = Asker(host, self.key if key is True else key)
        self.addCleanup(a.sock.close)
        return a

    def assert_counted(self, **expected):
        wait_for(f"{expected} to be counted", 3,
                 lambda: all(self.counted(self.before).get(k, 0) == v for k, v in expected.items()))

    def sessions(self):
        """{client: (total, sent, failed, pending)}, from the text that a person sees."""
        text = self.a.show("uc-ime", "mapping-service-sessions", "statistics")
        return {m[1]: tuple(map(int, m.groups()[1:]))
                for m in re.finditer(r"^(\S+:\d+) +(\d+) +(\d+) +(\d+) +(\d+) +\d+:\d\d:\d\d$", text, re.M)}

    def map(self, *args, host="ucm-a", remote=f"{REMOTE[0]}:{REMOTE[1]}", key=True):
        if key:
            args += "--key-file", str(self.lab.agent.key_file())
        p = subprocess.run(netns.inside(host, str(find_program("callgate")), "map", remote, "--server", offpath.SERVICE,
                                        *args), check=False, capture_output=True, text=True, timeout=60)
        return p.returncode, p.stdout, p.stderr

    def port_of(self, ip, port):
        """The port that stands for a remote, by the daemon's own account."""
        for m in self.a.show_json("uc-ime", "mapping-service-mappings")["mappings"]:
            if m["remote"] == {"ip": ip, "port": port}:
                return m["port"]
        return None

    def in_use(self):
        return self.a.show_json("uc-ime", "mapping-service-mappings")["in_use"]

    def reload(self, edit):
        self.a.configure(edit)
        return client("config", "reload", "--socket", self.a.socket)

    # ---- what packets meet ----

    def test_packet_tracer(self):
        """A call manager's question is for callgate, and nothing else is."""
        def trace(*words):
            answer = json.loads(client("packet-tracer", "input", "inside", *words, "--json", "--socket", self.a.socket))
            return answer["action"], answer.get("drop_reason")

        host, port = offpath.SERVICE.split(":")
        self.assertEqual(trace("tcp", "192.168.10.30", "1025", host, port), ("allow", None))
        self.assertEqual(trace("tcp", "192.168.10.30", "1025", host, port, "--flags", "ack"), ("reset", None))
        self.assertEqual(trace("udp", "192.168.10.30", "1025", host, port), ("drop", "PROTO_TO_SELF"))

    # ---- calls ----

    def test_map_9_calls_go_past_the_firewall(self):
        """Both ways, and what a phone of A does in the middle of a call comes back through callgate (MAP-9)."""
        wires = {"net": self.lab.capture("off-net", "inet", "to-a"),
                 "inside": self.lab.capture("off-inside", "lan-a", "to-callgate"),
                 "firewall": self.lab.capture("off-fw", "fw-a", "outside", "tcp or udp")}
        for caller, callee in (("a1", "b1"), ("b1", "a1")):
            for name in (caller, callee):
                self.lab.phones[name].clear_recordings()
            ucm = self.lab.ucms[self.lab.phones[callee].spec.site]
            seen = ucm.seen()
            self.lab.connect(caller, callee)
            time.sleep(2.5)
            self.lab.phones["a1"].hold()
            time.sleep(0.5)
            self.lab.phones["a1"].resume()
            time.sleep(0.5)
            self.lab.hang_up(*(("a1", "b1") if caller == "b1" else (caller, callee)))
            for who, other in ((caller, callee), (callee, caller)):
                self.assert_heard(who, other)
            now = ucm.seen()
            self.assertEqual((now["from-internet"] - seen["from-internet"], now["ticket"] - seen["ticket"],
                              now["from-pstn"] - seen["from-pstn"]), (1, 1, 0))
            self.idle()
        files = {k: w.stop() for k, w in wires.items()}
        self.assertTrue(capture.judge_signalling(files["net"])["tls"] > 10)
        self.assertEqual(capture.judge_signalling(files["net"])["sip-in-clear"], 0)
        self.assertGreater(capture.judge_signalling(files["inside"])["sip-in-clear"], 10)
        # Whoever is outside has an address of callgate's inside, so nothing of a call leaves by the default route.
        self.assertEqual(capture.tshark(files["firewall"], "tcp || udp"), [])
        for line in capture.tshark(files["inside"], "sip"):
            self.assertIn(offpath.INSIDE, line)

    def test_without_a_service_a_call_takes_the_pstn(self):
        """FirewallMappingFailure of 6.1"""
        self.addCleanup(self.lab.agent.start)
        self.lab.agent.kill()
        self.assertEqual(self.way("a1", "b1", seconds=1.5), "the PSTN")

    def test_map_4_a_live_call_keeps_its_mapping(self):
        """Its lifetime passes while two talk, and the rules of the firewall change; a hold and the end of the call from
        A's side still find their way."""
        self.lab.connect("a1", "b1")
        mapped = stun.mapped(self.asker().ask(*REMOTE))
        self.addCleanup(self.reload, None)
        self.assertIn("in force", self.reload(lambda text: text.replace(
            "    - extended permit icmp any any\n", "    - extended permit icmp any any\n    - deny udp any any\n", 1)))
        time.sleep(LIFETIME_S + 2)
        self.assertEqual(self.port_of(*REMOTE), mapped[1])
        self.lab.phones["a1"].hold()
        time.sleep(0.5)
        self.assertEqual((self.lab.phones["a1"].calls(), self.lab.phones["b1"].calls()), (1, 1))
        self.lab.hang_up("a1", "b1")
        self.idle()

    def test_a_restart(self):
        """The service is there again with the daemon, and the agent finds it."""
        self.assertEqual(self.way("a1", "b1", seconds=1.5), "the Internet")
        self.restart("a")
        self.assertEqual(self.way("a1", "b1", seconds=1.5), "the Internet")

    # ---- who asks, and what is answered ----

    def test_map_2_the_same_again(self):
        first, second = self.asker(), self.asker("ucm2-a")
        m = first.ask(*REMOTE, domain=DOMAIN["b"])
        self.assertEqual((m.kind, stun.lifetime(m)), (stun.SUCCESS, LIFETIME_S))
        ip, port = stun.mapped(m)
        self.assertEqual(ip, offpath.INSIDE)
        self.assertIn(port, PORTS)
        for other in (first, second):
            self.assertEqual(stun.mapped(other.ask(*REMOTE)), (ip, port))
        another = stun.mapped(first.ask(REMOTE[0], 5071))
        self.assertNotEqual(another[1], port)
        first.sock.close()  # MAP-4: the connection ends, the mapping does not
        self.assertEqual(self.port_of(REMOTE[0], 5071), another[1])

    def test_map_1_others_learn_nothing(self):
        """Not even what is asked rightly, with the key."""
        stranger = self.asker("phone-a1")
        with contextlib.suppress(ConnectionError):
            stranger.send(stun.request(*REMOTE, key=self.key))
        self.assertTrue(stranger.ends())
        self.assert_counted(MAPPING_NOT_UCM=1)

    def test_map_3_a_mapping_is_for_call_managers_alone(self):
        """And a port that stands for nobody is for nobody."""
        mapped = stun.mapped(self.asker().ask(*REMOTE))
        for host, endpoint, counter in (("phone-a1", mapped, "NOT_UCM"), ("ucm-a", (offpath.INSIDE, 49999), "UNKNOWN")):
            with netns.entered(host):
                s = socket.create_connection(endpoint, timeout=5)
            self.addCleanup(s.close)
            with contextlib.suppress(ConnectionError):
                self.assertEqual(s.recv(1), b"")
            self.assert_counted(**{f"MAPPING_{counter}": 1})

    def test_errors(self):
        ok, remote = self.asker(), (stun.REMOTE, *REMOTE)
        transport = (stun.TRANSPORT, stun.TCP)
        for what, code, counter, attributes in (
                ("nothing", 400, "BAD_REQUEST", []),
                ("port 0", 400, "BAD_REQUEST", [(stun.REMOTE, REMOTE[0], 0)]),
                ("half an address", 400, "BAD_REQUEST", [(stun.REMOTE, b"\0\1\0")]),
                ("a domain that is none", 400, "BAD_REQUEST", [remote, (stun.DOMAIN, b"-\0")]),
                ("unknown", 420, "UNKNOWN_ATTRIBUTE", [remote, (0x7F02, b"")]),
                ("IPv6", 440, "FAMILY", [(stun.REMOTE, "2001:db8::1", 5070)]),
                ("UDP", 442, "TRANSPORT", [remote, (stun.TRANSPORT, b"\x11\0\0\0")]),
                ("no SIP port", 403, "FORBIDDEN", [(stun.REMOTE, REMOTE[0], 443), transport]),
                ("private", 403, "FORBIDDEN", [(stun.REMOTE, "10.1.1.1", 5070)]),
                *((f"our own {ip}", 400, "BAD_REQUEST", [(stun.REMOTE, ip, 5070)]) for ip in OWN),
                *((ip, 400, "BAD_REQUEST", [(stun.REMOTE, ip, 5070)]) for ip in (
                    "127.0.0.1", "224.0.0.1", "239.255.255.250", "255.255.255.255", "0.0.0.0"))):
            with self.subTest(what):
                before = self.a.counters()
                m = ok.raw(attributes)
                self.assertEqual((m.kind, stun.code(m)), (stun.ERROR, code))
                self.assertIsNone(stun.mapped(m))
                self.assertEqual(self.counted(before).get(f"MAPPING_{counter}"), 1)
        m = ok.raw([remote, (0x7F02, b""), (0x7F03, b"1234")])
        self.assertEqual(stun.first(m, stun.UNKNOWN), b"\x7f\x02\x7f\x03")
        self.assertEqual(stun.code(ok.raw([remote, (0xFF77, b"optional")])), 0)
        text = self.a.log.read_text()
        self.assertRegex(text, r"UCIME-3-339006: .*; reason=.* remote=\S+ ucm=192\.168\.10\.30 answer=400 counter=MAPPING_BAD")
        self.assertRegex(text, r"UCIME-6-339007: .*remote=203\.0\.113\.10:5070 mapped=192\.168\.10\.1:\d+")

    def test_the_key(self):
        """401, and nothing else: whether an address could be mapped is not told either."""
        for key, ip in ((None, REMOTE[0]), (b"another-secret", REMOTE[0]), (None, "127.0.0.1")):
            m = self.asker(key=None).raw([(stun.REMOTE, ip, 5070)], key=key)
            self.assertEqual((m.kind, stun.code(m), stun.mapped(m)), (stun.ERROR, 401, None))
        self.assert_counted(MAPPING_UNAUTHORIZED=3)

    def test_map_8_bad_framing(self):
        other = self.asker()
        request = stun.request(*REMOTE, key=self.key)
        for what, octets in (("SIP", b"OPTIONS sip:x SIP/2.0\r\n\r\n"), ("first bits", b"\x80" + request[1:]),
                             ("cookie", request[:4] + b"\x21\x12\xa4\x43" + request[8:]),
                             ("odd length", request[:3] + bytes([request[3] + 1]) + request[4:] + b"\0"),
                             ("1028 octets", request[:2] + struct.pack("!H", 1028) + request[4:20] + bytes(1028)),
                             ("a giant", request[:2] + b"\xff\xfc" + request[4:20] + bytes(65532)),
                             ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100)),
                             ("noise", bytes(range(255, 0, -1)) * 40)):
            with self.subTest(what):
                before = self.a.counters()
                a = self.asker()
                with contextlib.suppress(ConnectionError):
                    a.send(octets)
                self.assertTrue(a.ends())
                wait_for("it to be counted", 3, lambda b=before: self.counted(b).get("MAPPING_FRAMING") == 1)
        self.assertEqual(stun.code(other.ask(*REMOTE)), 0)  # nobody else's connection ended

    def test_messages_in_any_pieces(self):
        a = self.asker()
        request = stun.request(*REMOTE, key=self.key)
        a.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in request[:30]:
            a.send(bytes([octet]))
            time.sleep(0.001)
        a.sock.settimeout(0.1)
        with self.assertRaises(TimeoutError):  # half a message has half an answer: none
            a.answer()
        a.sock.settimeout(5)
        a.send(request[30:] + request)
        self.assertEqual([stun.code(a.answer()), stun.code(a.answer())], [0, 0])

    def test_map_5_many_at_once(self):
        a = self.asker()
        transactions = [bytes([n]) * 12 for n in range(60)]
        a.send(b"".join(stun.request(REMOTE[0], 5000 + t[0], t, key=self.key) for t in transactions))
        got = {m.transaction: stun.mapped(m) for m in (a.answer() for _ in transactions)}
        self.assertEqual(set(got), set(transactions))
        self.assertEqual(len(set(got.values())), 60)

    def test_map_5_who_takes_no_answers(self):
        """He asks on and on, and it costs him his own connection at most."""
        a, other = self.asker(), self.asker("ucm2-a")
        a.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        a.sock.settimeout(1)
        requests = stun.request(*REMOTE, key=self.key) * 200
        with contextlib.suppress(TimeoutError, ConnectionError):
            for _ in range(200):
                a.send(requests)
        for _ in range(20):
            begin = time.monotonic()
            self.assertEqual(stun.code(other.ask(*REMOTE)), 0)
            self.assertLess(time.monotonic() - begin, 0.5)

    def test_map_6_idle(self):
        """And a keep-alive, which has no answer, begins it anew."""
        idle, alive, junk = (self.asker() for _ in range(3))
        begin = time.monotonic()
        for _ in range(IDLE_S + 1):
            time.sleep(1)
            alive.send(stun.message(stun.INDICATION, bytes(12), key=self.key))
            with contextlib.suppress(ConnectionError):
                junk.send(stun.message(stun.INDICATION, bytes(12)))  # not signed: does not count
        self.assertTrue(idle.ends())
        self.assertTrue(junk.ends())
        self.assertEqual(stun.code(alive.ask(*REMOTE)), 0)
        self.assertGreater(time.monotonic() - begin, IDLE_S)
        self.assertGreaterEqual(self.counted(self.before)["MAPPING_SESSIONS_IDLE"], 2)

    def test_too_many_connections(self):
        """One call manager has 64 at most; it keeps these, and another one gets its own."""
        mine = [self.asker() for _ in range(300)]
        answered = 0
        for a in mine:
            with contextlib.suppress(ConnectionError):
                m = a.ask(*REMOTE)
                answered += m is not None and stun.code(m) == 0
        self.assertTrue(60 < answered <= 64, answered)  # the agent may have one
        self.assertEqual(stun.code(self.asker("ucm2-a").ask(*REMOTE)), 0)
        self.assertGreaterEqual(self.counted(self.before)["MAPPING_SESSIONS_FULL"], 236)

    @alone
    def test_quota(self):
        """486 for a call manager gone wild; what it has it keeps, and neither the other call manager nor a caller
        notices; 508 when every port is taken. With 10000 mappings an answer takes as long as with ten."""
        self.addCleanup(wait_for, "unused mappings to end (MAP-4)", LIFETIME_S + 3, lambda: self.in_use() < 20)
        wild, other = self.asker(), self.asker("ucm2-a")
        few = endpoints("203.0.113", 10)
        wild.many(few)
        fast = min(other.many(few * 60)[1] for _ in range(3))
        codes, _ = wild.many(endpoints("203.0.114", QUOTA + 100))
        self.assertEqual(set(codes), {0, 486})
        self.assertLessEqual(codes[0], QUOTA)
        self.assertEqual(stun.code(wild.ask("203.0.114.1", 5000)), 0)
        codes, _ = other.many([REMOTE, *endpoints("203.0.115", QUOTA - 100)])
        self.assertEqual(set(codes), {0, 508})
        self.assertEqual(self.in_use(), len(PORTS))
        full = min(other.many(few * 60)[1] for _ in range(3))
        self.assertLess(full, 2 * fast + 0.01)
        other.many(endpoints("203.0.115", 100), lifetime=0)
        self.assertEqual(self.way("b1", "a1", seconds=1.5), "the Internet")

    # ---- what is shown ----

    def test_map_7_show(self):
        """In the manual's layout."""
        a = self.asker()
        client = "%s:%d" % a.sock.getsockname()
        for port in (*range(5070, 5079), 1):
            a.ask(REMOTE[0], port)
        for what in ("uc-ime", "uc-b2blink"):
            text = self.a.show(what, "mapping-service-sessions")
            self.assertRegex(text, r"^Total active sessions: [1-9]\d*\n"
                                   r"Session client \(IP:Port\) +Idle time\n(\d+\.\d+\.\d+\.\d+:\d+ +\d+:\d\d:\d\d\n)+$")
            self.assertIn(client, text)
        text = self.a.show("uc-ime", "mapping-service-sessions", "statistics")
        self.assertRegex(text, r"^Total active sessions: [1-9]\d*\n\s*"
                               r"Session client +Total +Responses +Failed +Pending +Idle\n"
                               r"\(IP:Port\) +requests +sent +requests +responses +time\n")
        self.assertEqual(self.sessions()[client], (10, 9, 1, 0))

    def test_callgate_map(self):
        """The client against the daemon."""
        code, out, err = self.map("--domain", DOMAIN["b"])
        self.assertEqual((code, err), (0, ""))
        self.assertRegex(out, rf"^192\.168\.10\.1:4\d{{4}} stands for {re.escape(REMOTE[0])}:{REMOTE[1]}, for {LIFETIME_S} s$")
        code, out, _ = self.map("--json")
        self.assertEqual((code, json.loads(out)["signed"]), (0, True))
        for kw, text in (({"key": False}, "401 Unauthorized: the service wants requests signed"),
                         ({"remote": "127.0.0.1"}, "400 Bad Request: no call manager"),
                         ({"remote": "203.0.113.10:443"}, "403 Forbidden: "),
                         ({"host": "phone-a1"}, "ask from a host of ucm-addresses")):
            code, out, err = self.map(**kw)
            self.assertEqual((code, out), (1, ""))
            self.assertIn(text, err)
        self.assertEqual(self.map(remote="203.0.113.10:5999")[0], 0)
        self.assertIsNotNone(self.port_of("203.0.113.10", 5999))
        self.assertEqual(self.map("--release", remote="203.0.113.10:5999"),
                         (0, "no mapping of 203.0.113.10:5999 is kept\n", ""))
        self.assertIsNone(self.port_of("203.0.113.10", 5999))

    def test_wireshark_reads_it(self):
        """Requests, successes, errors and keep-alives are STUN to it, and nothing is malformed."""
        wire = self.lab.capture("stun", "lan-a", "to-callgate", "tcp port 8060")
        a = self.asker()
        a.ask(*REMOTE, domain=DOMAIN["b"], lifetime=60)
        a.ask("127.0.0.1", 5070)
        a.raw([(stun.REMOTE, *REMOTE), (0x7F02, b"")])
        a.send(stun.message(stun.INDICATION, bytes(12), key=self.key))
        a.ask(*REMOTE, lifetime=0)
        path = wire.stop()

        def tshark(*args):
            return subprocess.run(["tshark", "-n", "-r", path, "-d", "tcp.port==8060,stun", *args], check=True,
                                  capture_output=True, text=True).stdout
        types = re.split(r"[\s,]+", tshark("-Y", "stun", "-T", "fields", "-e", "stun.type").strip())
        self.assertEqual({t: types.count(t) for t in set(types)}, {"0x02e0": 4, "0x02f0": 1, "0x03e0": 2, "0x03f0": 2})
        self.assertEqual(tshark("-Y", "stun && (_ws.malformed || _ws.expert.severity >= error)"), "")
        self.assertIn(offpath.INSIDE, tshark("-T", "fields", "-e", "stun.att.ipv4"))
