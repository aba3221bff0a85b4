# SPDX-License-Identifier: BSD-3-Clause
"""Many media streams for a long time over veth: nothing is lost that no kernel counter names, and nothing
leaks. 200 streams for 30 seconds; with --long 2000 streams for 10 minutes."""

import base64
import contextlib
import json
import re
import time

from session import LONG, LabTest, alone, wait_for

from lablib.daemon import LEFTOVERS, WORKERS, substitute
from lablib.foreign import Foreign, Stub
from lablib.load import Load, cpu_seconds, grown, kernel_drops, ring_drops
from lablib.netns import FOREIGN
from lablib.srtp_peers import Media, new_key, parse_sdp, sdp

SUITE = "AES_CM_128_HMAC_SHA1_80"
STREAMS, SECONDS = (2000, 600) if LONG else (200, 30)
PPS = 20  # each way on each stream; 2000 streams of 50 are more than two cores' worth of veth
LINES = 16  # streams of one call
# The way of a packet, and the end where each kernel could drop it.
WIRES = (("foreign", "eth0"), ("inet", "to-foreign"), ("inet", "to-a"), ("cg-a", "outside"),
         ("cg-a", "inside"), ("lan-a", "to-callgate"), ("lan-a", "to-phone2"), ("phone-a2", "eth0"))
HOSTS = ("foreign", "inet", "phone-a2")


@alone
class Soak(LabTest):
    def setUp(self):
        super().setUp()
        # Rings, each of one worker, that hold what comes while its CPU is somebody else's for a moment.
        self.restart("a", lambda text: re.sub(
            r'(iface=(?:out|in)side)"', rf'\1,framecnt={16384 // WORKERS}"',
            substitute(text, r"port-guard: \S+", "port-guard: 0:00:00")))
        self.foreign = Foreign(self.lab)
        self.addCleanup(self.foreign.close)
        self.stub = Stub(self.lab.phones["a2"])
        self.addCleanup(self.stub.close)

    def set_up_calls(self):
        """(calls, streams of the outside, streams of the inside), the two in the same order."""
        calls, outside, inside, port = [], [], [], 30000
        for at in range(0, STREAMS, LINES):
            mine = [Media("audio", FOREIGN, port + 2 * i, "RTP/SAVP", [0], [(1, SUITE, new_key(SUITE))])
                    for i in range(min(LINES, STREAMS - at))]
            port += 2 * len(mine)
            first = self.stub.port
            call, theirs = self.foreign.call(self.stub.phone.number, sdp(mine))
            calls.append(call)
            outside += [(m.port, t.ip, t.port, hex_key(m), hex_key(t)) for m, t in zip(mine, theirs)]
            inside += [(first + 2 * i, t.ip, t.port, "-", "-")
                       for i, t in enumerate(parse_sdp(self.stub.calls[-1].body))]
        return calls, outside, inside

    def test_soak(self):
        daemon = self.lab.daemons["a"]
        idle = {k: daemon.usage()[k] for k in LEFTOVERS}
        begin = time.monotonic()
        calls, outside, inside = self.set_up_calls()
        self.assertEqual((len(outside), len(inside)), (STREAMS, STREAMS))
        self.assertEqual(daemon.usage()["streams"], STREAMS)
        print(f"    {len(calls)} calls with {STREAMS} streams in {time.monotonic() - begin:.1f} s", flush=True)
        with contextlib.ExitStack() as stack:
            ends = {}
            for name, place, base, streams in (("outside", "foreign", 1 << 20, outside),
                                               ("inside", "phone-a2", 2 << 20, inside)):
                ends[name] = Load(place, PPS, SECONDS, base, (3 << 20) - base, streams)
                stack.callback(ends[name].end)
            self.soak(daemon, ends)
        for call in calls:
            call.bye()
        self.idle()
        wait_for(f"callgate a to hold no more than before: {idle}", 10, lambda: not self.moved("a", idle))
        print(f"    afterwards {daemon.usage()}, before {idle}", flush=True)

    def soak(self, daemon, ends):
        ring_drops(daemon)
        kernel, drops, cpu = kernel_drops(WIRES, HOSTS), daemon.counters(), cpu_seconds(daemon.pid())
        begin = time.monotonic()
        for name in ("outside", "inside"):  # the remote speaks first, else it is not spoken to
            ends[name].say("go")
            time.sleep(0.5)
        sent = {name: int(e.expect("sent", 3 * SECONDS + 30).split()[1]) for name, e in ends.items()}
        took = time.monotonic() - begin
        time.sleep(1)
        cpu = cpu_seconds(daemon.pid()) - cpu
        for e in ends.values():
            e.say("stop")
        got = {name: json.loads(e.expect("received", 10)) for name, e in ends.items()}
        now = daemon.counters()
        kernel = {**grown(kernel, kernel_drops(WIRES, HOSTS)), **grown({}, ring_drops(daemon))}
        drops = {k: v for k, v in grown(drops, now).items() if k in self.drop_names(daemon)}
        missed = {i["name"]: i["rx_missed"] + i["tx_failed"] for i in daemon.show_json("interface")}
        for name, other in (("outside", "inside"), ("inside", "outside")):
            print(f"    {name}: {sent[name]} sent, {got[other]['received']} arrived at the {other}, {got[other]}")
        print(f"    {sum(sent.values()) / took:.0f} packets/s, callgate {cpu / took:.2f} CPUs; kernel: {kernel}; "
              f"callgate's ports: {missed}; callgate's drops: {drops}", flush=True)
        lost = sum(sent.values()) - sum(g["received"] for g in got.values())
        for name, g in got.items():
            self.assertEqual((g["forged"], g["wrong"], g["send_failed"]), (0, 0, 0), name)
        self.assertEqual({k: v for k, v in drops.items() if k.startswith("MEDIA_")}, {})
        named = sum(kernel.values()) + sum(missed.values())
        self.assertLessEqual(lost, named, "lost packets that no kernel counter names")
        self.assertLess(lost, sum(sent.values()) / 100)

    def drop_names(self, daemon):
        return {c["name"] for c in daemon.show_json("counters") if c["drop"]}


def hex_key(media):
    return base64.b64decode(media.crypto[0][2]).hex()
