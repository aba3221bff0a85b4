# SPDX-License-Identifier: BSD-3-Clause
"""Many media streams for a long time over veth: nothing is lost that no kernel counter names, and nothing
leaks. 200 streams for 30 seconds; with --long 2000 streams for 10 minutes."""

import base64
import contextlib
import ctypes
import json
import os
import pathlib
import re
import select
import socket
import struct
import subprocess
import time

from session import LONG, LabError, LabTest, wait_for

from lablib import netns
from lablib.daemon import LEFTOVERS, find_program, substitute
from lablib.foreign import Foreign, Stub
from lablib.netns import FOREIGN
from lablib.srtp_peers import Media, new_key, parse_sdp, sdp
from lablib.util import sh

SUITE = "AES_CM_128_HMAC_SHA1_80"
STREAMS, SECONDS = (2000, 600) if LONG else (200, 30)
PPS = 20  # each way on each stream; 2000 streams of 50 are more than two cores' worth of veth
LINES = 16  # streams of one call
PIDFD_GETFD, SOL_PACKET, PACKET_STATISTICS = 438, 263, 6
# The way of a packet, and the end where each kernel could drop it.
WIRES = (("foreign", "eth0"), ("inet", "to-foreign"), ("inet", "to-a"), ("cg-a", "outside"),
         ("cg-a", "inside"), ("lan-a", "to-callgate"), ("lan-a", "to-phone2"), ("phone-a2", "eth0"))


class Load:
    """One end of all streams."""

    def __init__(self, namespace, base, peer_base, streams):
        self.p = subprocess.Popen(
            netns.inside(namespace, find_program("media_load"), str(PPS), str(SECONDS), str(base),
                         str(peer_base)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.say("\n".join(" ".join(map(str, s)) for s in streams) + "\n")
        self.expect("ready", 20)

    def say(self, text):
        self.p.stdin.write(text + "\n")
        self.p.stdin.flush()

    def expect(self, word, deadline_s):
        if not select.select([self.p.stdout], [], [], deadline_s)[0]:
            raise LabError(f"media_load: no `{word}` in {deadline_s} s")
        line = self.p.stdout.readline()
        if word not in line:
            raise LabError(f"media_load: `{line.strip()}` for `{word}`")
        return line

    def end(self):
        self.p.kill()
        self.p.wait()
        self.p.stdin.close()
        self.p.stdout.close()


def kernel_drops():
    """{place and counter: value} of every kernel counter on the way that means a lost packet."""
    out = {}
    for name, iface in WIRES:
        for link in json.loads(sh(*netns.inside(name, "ip", "-j", "-s", "link", "show", "dev", iface))):
            for way in ("rx", "tx"):
                for what in ("dropped", "errors", "over_errors"):
                    out[f"{name} {iface} {way} {what}"] = link["stats64"][way].get(what, 0)
    for name in ("foreign", "inet", "phone-a2"):
        lines = sh(*netns.inside(name, "cat", "/proc/net/snmp")).splitlines()
        for head, values in zip(lines[::2], lines[1::2]):
            for what, value in zip(head.split()[1:], values.split()[1:]):
                if head.split()[0] + what in ("Udp:RcvbufErrors", "Udp:SndbufErrors", "Udp:MemErrors",
                                              "Ip:InDiscards", "Ip:OutDiscards"):
                    out[f"{name} {head.split()[0]}{what}"] = int(value)
    with open("/proc/net/softnet_stat", encoding="ascii") as f:
        for cpu, line in enumerate(f):
            out[f"softnet cpu {cpu} dropped"] = int(line.split()[1], 16)
    return out


def ring_drops(daemon):
    """The same of callgate's packet sockets: packets that found their ring full (PACKET_STATISTICS, which
    starts anew whenever it is read). No file of the kernel shows it, so the socket itself is asked."""
    inodes, out = {}, {}
    links = json.loads(sh(*netns.inside(daemon.netns, "ip", "-j", "link")))
    names = {link["ifindex"]: link["ifname"] for link in links}
    for line in sh(*netns.inside(daemon.netns, "cat", "/proc/net/packet")).splitlines()[1:]:
        fields = line.split()
        inodes[f"socket:[{fields[8]}]"] = names.get(int(fields[4]), fields[4])
    libc = ctypes.CDLL(None, use_errno=True)
    pidfd = os.pidfd_open(daemon.pid())
    for path in pathlib.Path(f"/proc/{daemon.pid()}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            iface = inodes.get(os.readlink(path))
            if iface:
                fd = libc.syscall(PIDFD_GETFD, pidfd, int(path.name), 0)
                if fd < 0:
                    raise OSError(ctypes.get_errno(), "pidfd_getfd")
                with socket.socket(fileno=fd) as s:
                    _, drops = struct.unpack("II", s.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
                key = f"{daemon.netns} {iface} packet socket tp_drops"
                out[key] = out.get(key, 0) + drops
    os.close(pidfd)
    return out


def grown(before, after):
    return {k: v - before.get(k, 0) for k, v in after.items() if v > before.get(k, 0)}


class Soak(LabTest):
    def setUp(self):
        super().setUp()
        # A ring that holds what comes while the worker's CPU is somebody else's for a moment.
        self.restart("a", lambda text: re.sub(r'(iface=(?:out|in)side)"', r'\1,framecnt=16384"', substitute(
            text, r"port-guard: \S+", "port-guard: 0:00:00")))
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
                ends[name] = Load(place, base, (3 << 20) - base, streams)
                stack.callback(ends[name].end)
            self.soak(daemon, ends)
        for call in calls:
            call.bye()
        self.idle()
        wait_for(f"callgate a to hold no more than before: {idle}", 10, lambda: not self.moved("a", idle))
        print(f"    afterwards {daemon.usage()}, before {idle}", flush=True)

    def soak(self, daemon, ends):
        ring_drops(daemon)
        kernel, drops, cpu = kernel_drops(), daemon.counters(), cpu_seconds(daemon.pid())
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
        kernel = {**grown(kernel, kernel_drops()), **grown({}, ring_drops(daemon))}
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


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
