# SPDX-License-Identifier: BSD-3-Clause
"""The media plane under attack and in trouble: who may speak, what is said before the answer, RTCP, ports
that run out, sound that stops in one direction, video."""

import base64
import pathlib
import re
import struct
import time

from session import LabTest, alone, wait_for

from lablib import capture, inject, memory, netns, tone
from lablib.daemon import WORKERS, substitute
from lablib.foreign import Foreign, Stub
from lablib.netns import FOREIGN
from lablib.srtp_peers import Gstreamer, Media, Programs, new_key, parse_sdp, sdp, share_port
from lablib.util import sh

SUITE = "AES_CM_128_HMAC_SHA1_80"
MTA_OUT = {"a": "209.165.200.229", "b": "203.0.113.11"}


def rtcp_of(path):
    """(src, dst, packet) of what looks like RTCP, compound packets from their first octet."""
    return [(src, dst, p) for _, src, _, dst, _, p in capture.udp_packets(path)
            if len(p) >= 8 and p[0] >> 6 == 2 and 192 <= p[1] <= 223]


class Foreigners(LabTest):
    """Tests with the enterprise that has no callgate."""

    def setUp(self):
        super().setUp()
        self.foreign = Foreign(self.lab)
        self.addCleanup(self.foreign.close)

    def stub(self):
        """Phone a2 gives its place to one that takes any SDP, until the end of the test."""
        s = Stub(self.lab.phones["a2"])
        self.addCleanup(s.close)
        return s

    def gstreamer(self, port=30000, suite=SUITE):
        """A call of GStreamer with phone a1, up."""
        key, peer = new_key(suite), Gstreamer(self.foreign.dir, "gstreamer")
        self.lab.phones["a1"].clear_recordings()
        call, answer = self.foreign.call(self.lab.phones["a1"].number, sdp(
            [Media("audio", FOREIGN, port, "RTP/SAVP", [0], [(1, suite, key)])]))
        self.addCleanup(call.bye)
        self.addCleanup(peer.end)
        peer.begin(port, suite, key, answer[0])
        return call, peer

    def heard_at_the_end(self, path, frequency, seconds=1.0):
        return tone.shares(path, [frequency], -seconds - 0.2, seconds)[0][frequency]


class Engine(LabTest):
    def test_named(self):
        """`show version` names the engine of SRTP, in text and JSON as in the log: without another wish the best that
        the processor can do."""
        flags = re.search(r"^flags\s*:(.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)[1].split()
        best = ["AVX-512"] * ("avx512f" in flags) + ["AVX2"] * ("avx2" in flags) + ["SSE"]
        for site, daemon in self.lab.daemons.items():
            with self.subTest(site=site):
                engine = daemon.show_json("version")["srtp_engine"]
                self.assertRegex(engine, rf"^intel-ipsec-mb \d\S*, {best[0]}( and SHA-NI)?$")
                self.assertIn(f"\nSRTP engine: {engine}\n", daemon.show("version"))
                self.assertIn(f'srtp_engine="{engine}"', daemon.log.read_text())


class Rtcp(LabTest):
    def test_relayed(self):
        """A phone's sender reports reach the other phone as they were; between the enterprises they are
        SRTCP: the same head (RFC 3711 3.4), the rest sealed, 4 octets of index and 10 of tag more."""
        wires = {name: self.lab.capture(f"rtcp-{name}", *where, "udp") for name, where in (
            ("a", ("lan-a", "to-callgate")), ("net", ("inet", "to-a")), ("b", ("lan-b", "to-callgate")))}
        self.lab.connect("b1", "a1")
        time.sleep(7)
        self.lab.hang_up("b1", "a1")
        files = {name: w.stop() for name, w in wires.items()}
        seen = {name: rtcp_of(path) for name, path in files.items()}
        for here, there in (("a", "b"), ("b", "a")):
            with self.subTest(speaker=here):
                speaker, listener = self.lab.phones[f"{here}1"], self.lab.phones[f"{there}1"]
                reports = [p for src, _, p in seen[here] if src == speaker.ip and p[1] == 200]
                self.assertGreaterEqual(len(reports), 1)
                voice = {p.ssrc for p in capture.rtp_packets(files[here]) if p.src == speaker.ip}
                self.assertEqual({struct.unpack_from(">I", p, 4)[0] for p in reports}, voice)
                arrived = [p for _, dst, p in seen[there] if dst == listener.ip]
                sealed = [p for src, _, p in seen["net"] if src == MTA_OUT[here]]
                for p in reports:
                    self.assertIn(p, arrived)
                    like = [q for q in sealed if q[:8] == p[:8] and len(q) == len(p) + 14]
                    self.assertTrue(like, "no SRTCP packet that matches")
                    self.assertNotIn(p[8:], [q[8:len(p)] for q in like])

    def test_dropped(self):
        """`rtcp: drop`, RTP-4: nothing passes, and all of it is counted."""
        self.restart("a", lambda text: substitute(text, r"rtcp: relay", "rtcp: drop"))
        before = self.lab.daemons["a"].counters()
        wires = [self.lab.capture("rtcp-in", "lan-a", "to-callgate", "udp"),
                 self.lab.capture("rtcp-out", "inet", "to-a", "udp")]
        self.lab.connect("b1", "a1")
        time.sleep(6)
        inside, net = (rtcp_of(w.stop()) for w in wires)
        got = self.counted(before)
        self.lab.hang_up("b1", "a1")
        said = [p for src, _, p in inside if src == self.lab.phones["a1"].ip]
        came = [p for src, _, p in net if src == MTA_OUT["b"]]
        self.assertGreater(min(len(said), len(came)), 0)
        self.assertEqual([p for src, _, p in inside if src == "192.168.10.3"], [])
        self.assertEqual([p for src, _, p in net if src == MTA_OUT["a"]], [])
        # baresip's first may be there before the answer is, and so before the stream.
        early = got.get("MEDIA_NO_STREAM", 0)
        self.assertIn(len(said) + len(came) - got["MEDIA_RTCP"], range(early + 1))
        self.assertGreaterEqual(got["MEDIA_RTCP"], 2)


class Hostile(Foreigners):
    def live(self):
        """(remote, local) of the outside leg of A's one call, and a packet of it from the wire."""
        wire = self.lab.capture("live", "inet", "to-a", "udp")
        time.sleep(1)
        packets = [p for p in capture.udp_packets(wire.stop()) if p[3] == MTA_OUT["a"]]
        _, src, sport, dst, dport, payload = packets[-1]
        return (src, sport), (dst, dport), payload, [p[5] for p in packets]

    @alone
    def test_forged_replayed_and_from_elsewhere(self):
        """During a call somebody who sees it sends forged packets from the true source, true packets
        again, and packets from another port: not one packet is lost, and each kind has its counter."""
        wires = {s: self.lab.capture(f"flood-{s}", f"lan-{s}", "to-phone1", "udp") for s in "ab"}
        self.lab.connect("b1", "a1")
        remote, local, payload, old = self.live()
        seq, ts, ssrc = struct.unpack_from(">HII", payload, 2)

        def forged(i):
            ahead = (i * 37) % 65536 if i % 2 else i % 200  # far away, and right in the window
            return struct.pack(">BBHII", 128, payload[1], (seq + ahead) & 65535, ts + 160 * ahead, ssrc) + \
                bytes((i * 7 + k) & 255 for k in range(len(payload) - 12))
        n = 10000
        forgeries = [inject.udp(remote, local, forged(i)) for i in range(n)]
        replays = [inject.udp(remote, local, p) for p in old]
        elsewhere = [inject.udp((remote[0], remote[1] + 2), local, forged(i)) for i in range(500)]
        before = self.lab.daemons["a"].counters()
        with inject.Injector("a", local[0]) as wire:
            wire.send(forgeries, 2.0)
            wire.send(replays, 0.2)
            wire.send(elsewhere, 0.2)
        time.sleep(0.5)
        got = self.counted(before)
        self.lab.hang_up("b1", "a1")
        files = {s: w.stop() for s, w in wires.items()}
        print(f"    {n} forged, {len(replays)} again, {len(elsewhere)} from elsewhere: "
              f"{ {k: v for k, v in got.items() if k.startswith('MEDIA_')} }", flush=True)
        # Numbers seen before and old ones are refused without a look at the tag (RFC 3711 3.3).
        self.assertGreater(got["MEDIA_AUTH"], n / 5)
        self.assertGreaterEqual(got["MEDIA_REPLAY"], len(replays))
        self.assertEqual(sum(got.get(f"MEDIA_{k}", 0) for k in ("AUTH", "REPLAY", "LATE")), n + len(replays))
        self.assertEqual(got["MEDIA_SOURCE"], len(elsewhere))
        for sent, sender, to, receiver in (("b", "b1", "a", "a1"), ("a", "a1", "b", "b1")):
            r = capture.lost(files[sent], self.lab.phones[sender].ip, files[to], self.lab.phones[receiver].ip)
            self.assertGreater(r["sent"], 150, r)
            self.assertEqual(r["lost"], 0, r)
            self.assert_heard(receiver, sender, 2)

    def moved(self):
        """The source of a peer's media moves to another port in the middle of a call: how many packets the
        phone got afterwards, where its own went, and what was counted."""
        call, peer = self.gstreamer()
        time.sleep(1)
        before = self.lab.daemons["a"].counters()
        wires = [self.lab.capture("latch", "inet", "to-foreign", "udp"),
                 self.lab.capture("latch-in", "lan-a", "to-phone1", "udp")]
        share_port(40000, 30002)
        time.sleep(2)
        got = self.counted(before)
        call.bye()
        peer.stop()
        net, inside = (capture.rtp_packets(w.stop()) for w in wires)
        end = max(p.t for p in net) - 1
        to = {p.dport for p in net if p.dst == FOREIGN and p.t > end}
        return sum(p.dst == self.lab.phones["a1"].ip and p.t > end for p in inside), to, got

    def test_latch_off(self):
        heard, to, got = self.moved()
        self.assertEqual(heard, 0)
        self.assertEqual(to, {30000})
        self.assertGreater(got["MEDIA_SOURCE"], 80)

    def test_latch_on(self):
        self.restart("a", lambda text: substitute(text, r"media-latch: off", "media-latch: on"))
        heard, to, got = self.moved()
        self.assertGreater(heard, 40)
        self.assertEqual(to, {30002})
        self.assertLessEqual(got.get("MEDIA_SOURCE", 0), 2)
        self.assertGreater(self.heard_at_the_end(self.lab.phones["a1"].newest_recording(), Gstreamer.tone), 0.9)

    def test_latch_is_not_for_strangers(self):
        """With media-latch on, forged packets from elsewhere, and true ones that were overheard, move
        nothing: the sound goes on between the two."""
        self.restart("a", lambda text: substitute(text, r"media-latch: off", "media-latch: on"))
        call, peer = self.gstreamer()
        remote, local, payload, old = self.live()
        self.assertEqual(remote, (FOREIGN, 30000))
        thief = (FOREIGN, 31000)
        wire = self.lab.capture("thief", "inet", "to-foreign", "udp")
        before = self.lab.daemons["a"].counters()
        forged = [payload[:2] + struct.pack(">H", (i * 331) & 65535) + payload[4:-1] + bytes([payload[-1] ^ 1 + i % 255])
                  for i in range(500)]
        with inject.Injector("a", local[0]) as out:
            out.send([inject.udp(thief, local, p) for p in forged + old], 0.5)
        time.sleep(1)
        got = self.counted(before)
        to = {p.dport for p in capture.rtp_packets(wire.stop()) if p.dst == FOREIGN}
        call.bye()
        peer.stop()
        self.assertEqual(to, {30000})
        self.assertEqual(sum(got.get(f"MEDIA_{k}", 0) for k in ("AUTH", "REPLAY", "LATE", "SOURCE")),
                         len(forged) + len(old), got)
        for path, hz in ((self.lab.phones["a1"].newest_recording(), peer.tone),
                         (peer.recording(), self.lab.phones["a1"].tone)):
            self.assertGreater(self.heard_at_the_end(path, hz), 0.9)

    def sent_to(self, port, seconds):
        """How many packets come to a port of the other enterprise within some time."""
        wire = self.lab.capture("early", "inet", "to-foreign", "udp")
        time.sleep(seconds)
        return sum(p[3:5] == (FOREIGN, port) for p in capture.udp_packets(wire.stop()))

    def test_nothing_before_the_remote_has_shown_itself(self):
        """The address in an offer may be a stranger's. It gets nothing before the caller has confirmed the
        answer or its media has been authenticated."""
        number = self.lab.phones["a1"].number
        for how in ("media", "ACK"):
            with self.subTest(how=how):
                key, peer = new_key(SUITE), Gstreamer(self.foreign.dir, "gstreamer")
                call = self.foreign.offer(number, sdp(
                    [Media("audio", FOREIGN, 30000, "RTP/SAVP", [0], [(1, SUITE, key)])]))
                self.addCleanup(call.bye)
                self.addCleanup(peer.end)
                call.await_answer()
                self.assertEqual(self.sent_to(30000, 0.7), 0)
                if how == "media":
                    peer.begin(30000, SUITE, key, parse_sdp(call.body)[0])
                    time.sleep(1.5)
                    call.ack()
                    call.bye()
                    peer.stop()
                    self.assertGreater(self.heard_at_the_end(peer.recording(), self.lab.phones["a1"].tone, 0.7), 0.9)
                else:
                    call.ack()
                    self.assertGreater(self.sent_to(30000, 0.5), 15)
                    call.bye()
                self.idle()


class Keys(Foreigners):
    def found(self, needles):
        """Where they are in the memory of callgate A, and how the kernel keeps that. All of it is locked."""
        places = memory.find(self.lab.daemons["a"].pid(), needles)
        print("".join(f"    {name} at {at:x}: {' '.join(sorted(flags & {'lo', 'dd'})) or 'not guarded'}\n"
                      for name, at, flags in places), end="", flush=True)
        self.assertEqual([(name, hex(at)) for name, at, flags in places if "lo" not in flags], [])
        return places

    def call_leaves_nothing(self):
        """While a call is up its keys are in memory of their own and in no other; after it they are nowhere,
        neither as octets nor as the text of an SDP."""
        mine = new_key(SUITE)
        call, answer = self.foreign.call(self.lab.phones["a2"].number, sdp(
            [Media("audio", FOREIGN, 30000, "RTP/SAVP", [0], [(1, SUITE, mine)])]))
        needles = {}
        for who, key in (("theirs", mine), ("ours", answer[0].crypto[0][2])):
            needles[f"{who}, octets"] = base64.b64decode(key)
            needles[f"{who}, text"] = key.encode()
        up = self.found(needles)
        call.bye()
        self.idle()
        after = self.found(needles)
        self.assertEqual({name for name, _, _ in up}, {"theirs, octets", "ours, octets"})
        self.assertEqual([(name, hex(at)) for name, at, flags in up if "dd" not in flags], [])
        self.assertEqual(after, [])

    def test_srtp4_keys_are_guarded_and_wiped(self):
        self.stub()
        self.call_leaves_nothing()

    def test_srtp4_with_openssl(self):
        self.stub()
        self.restart("a", lambda text: substitute(text, r"srtp-engine: auto", "srtp-engine: openssl"))
        self.call_leaves_nothing()

    def test_srtp4_lasting_secrets(self):
        """The ticket's password and the key of the certificate stay as long as the daemon does: in locked
        memory, in no core dump (so the kernel shows it to nobody with the same rights), and not as their files
        have them."""
        daemon = self.lab.daemons["a"]
        key = (daemon.dir / "a.key").read_text()
        numbers = sh("openssl", "rsa", "-in", daemon.dir / "a.key", "-noout", "-text")
        prime = bytes.fromhex(re.sub(r"[\s:]", "", re.search(r"prime1:([\s0-9a-f:]+)", numbers)[1]))[-128:]
        password = daemon.password_file.read_text().strip()
        places = self.found({"password": password.encode(), "key": prime[::-1], "key as DER": prime,
                             "key as PEM": key.split("\n")[5].encode()})
        self.assertEqual({name for name, _, _ in places}, {"password", "key"})
        self.assertEqual([hex(at) for name, at, flags in places if name == "password" and "dd" not in flags], [])
        without = ["setpriv", "--bounding-set", "-sys_ptrace,-sys_admin,-perfmon"]
        self.assertNotEqual(sh(*without, "sh", "-c", "sleep 1 & cat /proc/$!/maps"), "")
        self.assertEqual(sh(*without, "cat", f"/proc/{daemon.pid()}/maps", check=False), "")


class Trouble(Foreigners):
    def offer(self, n, first=30000):
        return sdp([Media("audio", FOREIGN, first + 2 * i, "RTP/SAVP", [0], [(1, SUITE, new_key(SUITE))])
                    for i in range(n)])

    def test_ports_run_out(self):
        """The INVITE that finds no port gets 503 at once, so that it can go over the PSTN, and an alarm
        stands until ports are free. Each worker has as many as it must."""
        calls_max = 8 * WORKERS
        self.restart("a", lambda text: substitute(substitute(
            text, r"rtp-max-port: \d+", f"rtp-max-port: {16383 + 256 * WORKERS}"), r"port-guard: \S+", "port-guard: 0:00:01"))
        stub, number, calls = self.stub(), self.lab.phones["a2"].number, []
        for _ in range(calls_max):
            calls.append(self.foreign.call(number, self.offer(16))[0])
        begin = time.monotonic()
        one_more = self.foreign.offer(number, self.offer(16))
        refused = one_more.await_reply()
        self.assertEqual(refused.status, 503, refused.start)
        self.assertLess(time.monotonic() - begin, 0.5)
        self.assertEqual(len(stub.calls), calls_max)
        self.assertIn("media", self.lab.daemons["a"].show("alarms"))
        for call in calls:
            call.bye()
        self.idle()
        wait_for("the ports to have rested", 5, lambda: self.lab.daemons["a"].usage()["ports_resting"] == 0)
        self.foreign.call(number, self.offer(16))[0].bye()

    def test_one_way(self):
        """The Internet loses one direction: the call is named, explained, and cleared when it is back."""
        self.restart("a", lambda text: substitute(text, r"media-one-way: \S+?}", "media-one-way: 0:00:03}"))
        daemon = self.lab.daemons["a"]
        self.lab.connect("b1", "a1")
        self.addCleanup(self.idle)
        self.addCleanup(self.lab.phones["b1"].hang_up)
        call_id = daemon.show_json("uc-ime", "signaling-sessions")["sessions"][0]["call_id"]
        time.sleep(1)
        self.assertIn("both", daemon.show("media", call_id))
        sh(*netns.inside("inet", "nft", "-f", "-"), text_in=f"""
            add table ip cut
            add chain ip cut f {{ type filter hook forward priority 0; }}
            add rule ip cut f ip saddr {MTA_OUT['b']} udp dport 1024-65535 drop
            """)
        try:
            wait_for("the call to be named", 8, lambda: "one-way" in daemon.log.read_text())
            text = daemon.show("media", call_id)
            print("".join(f"    | {line}\n" for line in text.splitlines()), end="", flush=True)
            self.assertRegex(text, r"(?i)one.way|nothing")
        finally:
            sh(*netns.inside("inet", "nft", "delete", "table", "ip", "cut"))
        wait_for("the call to be whole again", 8, lambda: "both" in daemon.show("media", call_id))

    def test_checksums_that_nobody_writes(self):
        """Phones leave their checksums to a network card, as kernels do on virtual wires, and none writes them: that is
        told apart from nothing at all, with the remedy; which helps."""
        daemon = self.lab.daemons["a"]
        offload = netns.inside("lan-a", "ethtool", "-K", "to-callgate", "tx")
        self.lab.connect("b1", "a1")
        self.addCleanup(self.idle)
        self.addCleanup(self.lab.phones["b1"].hang_up)
        call_id = daemon.show_json("uc-ime", "signaling-sessions")["sessions"][0]["call_id"]
        self.addCleanup(sh, *offload, "off")
        sh(*offload, "on")
        wait_for("the reason", 8, lambda: "wrong UDP checksum" in daemon.show("media", call_id))
        text = daemon.show("media", call_id)
        print("".join(f"    | {line}\n" for line in text.splitlines()), end="", flush=True)
        self.assertIn("the outside does not hear the inside", text)
        sh(*offload, "off")
        wait_for("the call to be whole again", 8, lambda: "both" in daemon.show("media", call_id))

    def test_video(self):
        """H.264 and sound in one call, each a stream of its own, both ways; ffmpeg at both ends."""
        stub = self.stub()
        keys = [new_key(SUITE) for _ in range(2)]
        mine = [Media(kind, FOREIGN, port, "RTP/SAVP", [pt], [(1, SUITE, key)])
                for kind, port, pt, key in (("audio", 30000, 0, keys[0]), ("video", 30002, 96, keys[1]))]
        before = self.lab.daemons["a"].counters()
        call, theirs = self.foreign.call(stub.phone.number, sdp(mine))
        inside = [m for m in parse_sdp(stub.calls[0].body)]
        ends = []
        for name, where, ip, to, own in (("out", "foreign", FOREIGN, theirs, mine),
                                         ("in", stub.phone.netns, stub.phone.ip, inside, None)):
            p = Programs(self.foreign.dir, f"video-{name}", where)
            ends.append(p)
            self.addCleanup(p.stop)
            self.play_video(p, ip, to, own)
        time.sleep(4)
        media = self.lab.daemons["a"].show_json("uc-ime", "media-sessions", "detail")["sessions"]
        call.bye()
        for p in ends:
            p.stop()
        self.assertEqual(self.lab.daemons["a"].usage()["streams"], 0)
        for leg in media:
            self.assertGreater(leg["rx_packets"], 20, leg)
            self.assertEqual(leg["rx_lost"], 0, leg)
        self.assertEqual({k: v for k, v in self.counted(before).items()
                          if k in ("MEDIA_AUTH", "MEDIA_PT", "MEDIA_SOURCE", "MEDIA_MALFORMED")}, {})
        for p, hz in zip(ends, (1100, 500)):
            shares, _ = tone.shares(p.path("wav"), [hz], -1.5, 1.2)
            self.assertGreater(shares[hz], 0.9, p.name)
            frames = len(re.findall(r"(?m)^0,", p.path("frames").read_text()))
            self.assertGreater(frames, 20, f"{p.name}: decoded pictures")

    def play_video(self, p, ip, to, own):
        """A test picture and a tone to the lines `to`, sealed when `own` has keys; records what comes."""
        hz = 1100 if own is None else 500
        media = []
        for i, m in enumerate(to):
            port = 30000 + 2 * i
            share_port(port + 10000, port, p.namespace)
            media.append(m._replace(ip=ip, port=port, pts=[0 if m.kind == "audio" else 96]))
        p.path("sdp").write_bytes(sdp(media, ip))
        ffmpeg = ("ffmpeg", "-hide_banner", "-nostdin", "-y")
        p.start("hears", *ffmpeg, "-protocol_whitelist", "file,udp,rtp,srtp", "-i", p.path("sdp"),
                "-map", "0:a", "-c:a", "pcm_s16le", "-flush_packets", "1", p.path("wav"),
                "-map", "0:v", "-f", "framecrc", "-flush_packets", "1", p.path("frames"))
        where = []
        for m, port in zip(to, (40000, 40002)):
            url = f"{m.ip}:{m.port}?localrtpport={port}&localrtcpport={port + 1}&pkt_size=1200"
            i = to.index(m)
            where.append(["-srtp_out_suite", SUITE, "-srtp_out_params", own[i].crypto[0][2], f"srtp://{url}"]
                         if own else [f"rtp://{url}"])
        p.start("plays", *ffmpeg, "-re", "-f", "lavfi", "-i", f"sine=frequency={hz}:sample_rate=8000",
                "-f", "lavfi", "-i", "testsrc=size=320x240:rate=15",
                "-map", "0:a", "-c:a", "pcm_mulaw", "-f", "rtp", "-payload_type", "0", *where[0],
                "-map", "1:v", "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "15",
                "-f", "rtp", "-payload_type", "96", *where[1])
