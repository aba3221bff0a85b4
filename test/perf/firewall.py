#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The firewall's benchmark, run by `tools/bench firewall`: one JSON object per figure. First a worker without
devices (firewall_worker.py), then callgate against DPDK's own l3fwd: both work on the last CPU, on the same virtual
device (net_pcap, replaying one capture for ever), the same packets, the same number of table entries, in turns
within this one run. Last, as root, the daemon in the lab under a flood of SYNs (firewall_flood.py).
usage: firewall.py FOLDER-OF-THE-PROGRAMS"""

import json
import os
import pathlib
import random
import statistics
import struct
import subprocess
import sys
import tempfile
import time

import firewall_flood
import firewall_worker
import l3fwd

CPU, OTHER_CPU = os.cpu_count() - 1, 0
FLOWS, OCTETS = 1000, 200    # half of the entries are of each direction
RULES = 1000
ROUNDS, SECONDS = 5, 1.5
OUTSIDE_NET, MAPPED_NET, INSIDE_NET = (203, 0), (198, 18), (10, 1)
HOSTS = 250  # inside
SYNS = 20000  # a second
AT_MOST_S = {"known": 1, "unknown": 3}  # a stranger may have to send his SYN again, twice


def progress(text):
    print(f"firewall: {text}", file=sys.stderr, flush=True)


def figure(name, value, goal, against, at_most=False, also=True):
    """`also`: whatever else the goal asks for."""
    print(json.dumps({"name": f"firewall.{name}", "value": float(f"{value:.4g}"), "unit": "", "goal": goal,
                      "at_most": at_most, "met": also and (value <= goal if at_most else value >= goal),
                      "against": against}), flush=True)


def not_run(why, *names):
    for name in names:
        print(json.dumps({"name": f"firewall.{name}", "not_run": why}), flush=True)
    return False


def total(data):
    data += b"\0" * (len(data) % 2)
    s = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while s >> 16:
        s = (s >> 16) + (s & 0xffff)
    return s


def frame(mac, src, sport, dst, dport):
    payload = bytes(OCTETS - 14 - 20 - 8)
    udp = struct.pack("!HHHH", sport, dport, 8 + len(payload), 0)
    pseudo = bytes(src) + bytes(dst) + struct.pack("!HH", 17, 8 + len(payload))
    udp = udp[:6] + struct.pack("!H", 0xffff - total(pseudo + udp + payload) or 0xffff)
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 28 + len(payload), 0, 0, 64, 17, 0) + bytes(src) + bytes(dst)
    ip = ip[:10] + struct.pack("!H", 0xffff - total(ip)) + ip[12:]
    return mac + b"\2\0\0\0\2\0\x08\0" + ip + udp + payload


def packets(side):
    """(src, sport, dst, dport) as they come in on a device: 0 outside, 1 inside."""
    for i in range(FLOWS // 2):
        host, port = (1, 1 + i % HOSTS), 10000 + i // HOSTS
        far = (*OUTSIDE_NET, i % 256, 1 + i // 3), 4000 + i
        if side == 0:
            yield *far, (*MAPPED_NET, *host), port
        else:
            yield (*INSIDE_NET, *host), port, *far


def dotted(ip):
    return ".".join(map(str, ip))


def write_pcap(path, side):
    mac = b"\2pcap" + bytes([side])  # of a net_pcap device by its number
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for p in packets(side):
            data = frame(mac, *p)
            f.write(struct.pack("<IIII", 0, 0, len(data), len(data)) + data)


def em_rules():
    return "".join(f"R{dotted(dst)} {dotted(src)} {dport} {sport} 0x11 {1 - side}\n"
                   for side in (0, 1) for src, sport, dst, dport in packets(side))


def mask(length):
    return 0xffffffff << (32 - length) & 0xffffffff


def number(ip):
    return int.from_bytes(bytes(ip), "big")


def access_list(n):
    """(permit, side, source, length, destination, length, first port, last port, protocol) of lines as an edge
    firewall has them: permits and denies, prefixes of all lengths, ports single and in ranges. Half of the packets
    match one of the permits; none a deny before that, for all packets are to be sent."""
    dice, out, matched = random.Random(7), [], set()
    all_packets = [(side, number(src), number(dst), dport)
                   for side in (0, 1) for src, _, dst, dport in packets(side)]
    while len(out) < n:
        side, src, dst, dport = dice.choice(all_packets)
        near, far = dice.choice((16, 24, 24, 28, 30, 32, 32, 32)), dice.choice((0, 8, 16, 24, 24, 28, 32, 32))
        slen, dlen = (near, far) if side else (far, near)
        src, dst = src & mask(slen), dst & mask(dlen)
        permit, proto = dice.choice((True, False)), dice.choice((6, 17, 17, 0))
        lo = dice.choice((5060 + dice.randrange(4), 16384, dport, dice.randrange(65536)))
        hi = 32767 if lo == 16384 else min(lo + dice.choice((0, dice.randrange(2000))), 65535)
        lo, hi = (lo, hi) if proto else (0, 65535)
        fit = {p for p in all_packets if proto != 6 and p[1] & mask(slen) == src and p[2] & mask(dlen) == dst and
               lo <= p[3] <= hi} - matched
        if len(matched) + len(fit) <= len(all_packets) // 2 if permit else not fit:
            matched |= fit
            out.append((permit, side, src, slen, dst, dlen, lo, hi, proto))
    if len(matched) < len(all_packets) * 0.45:
        raise RuntimeError(f"only {len(matched)} packets match a line")
    return out


def quad(n):
    return dotted(n.to_bytes(4, "big"))


def acl_rules(lines):
    """For l3fwd, which sees addresses as they are in the packets. It denies by rules (@) and permits by routes (R),
    the first that matches; last the routes of all other packets."""
    out, any_port = [], "0 : 65535"
    for permit, side, src, slen, dst, dlen, lo, hi, proto in lines:
        out.append(f"{'R' if permit else '@'}{quad(src)}/{slen} {quad(dst)}/{dlen} {any_port} {lo} : {hi} "
                   f"0x{proto:02x}/0x{255 if proto else 0:02x}{f' {1 - side}' if permit else ''}\n")
    for dst, to in ((f"{dotted(MAPPED_NET)}.0.0/16", 1), ("0.0.0.0/0", 0)):
        out.append(f"R0.0.0.0/0 {dst} {any_port} {any_port} 0x00/0x00 {to}\n")
    return "".join(out)


def real(ip, length):
    """The address that callgate's lists want."""
    mapped = number((*MAPPED_NET, 0, 0))
    return ip - mapped + number((*INSIDE_NET, 0, 0)) if length >= 16 and ip & mask(16) == mapped else ip


def acl_lines(lines):
    """For fwdrive, in the manual's words."""
    names = {6: "tcp", 17: "udp", 0: "ip"}
    return "".join(f"{'permit' if permit else 'deny'} {names[proto]} {quad(src)}/{slen} {quad(real(dst, dlen))}/{dlen}"
                   f"{f' range {lo} {hi}' if proto else ''}\n"
                   for permit, _, src, slen, dst, dlen, lo, hi, proto in lines) + "permit ip any any\n"


class Callgate:
    def __init__(self, programs, rules, devices):
        self.process = subprocess.Popen(
            [programs / "test/perf/fwdrive", str(OTHER_CPU), str(CPU), "512", rules, *devices],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while (line := self.process.stdout.readline()) != "ready\n":
            if not line:
                raise RuntimeError(f"fwdrive: {self.process.stderr.read()[-500:]}")

    def tell(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def sent(self):
        t = self.tell()
        return [t["outside"], t["inside"]]

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


def rate(program):
    """Packets a second, once it has seen them all; both directions move."""
    time.sleep(0.3)
    begin, before = time.monotonic(), program.sent()
    time.sleep(SECONDS)
    took, after = time.monotonic() - begin, program.sent()
    moved = [a - b for a, b in zip(after, before)]
    if not all(moved):
        raise RuntimeError(f"packets stood still: {moved}")
    return sum(moved) / took


def turn(make):
    program = make()
    try:
        return rate(program)
    finally:
        program.close()


def against_l3fwd(programs):
    """False: it could not run."""
    with tempfile.TemporaryDirectory() as folder:
        devices = []
        for side in (0, 1):
            path = pathlib.Path(folder) / f"{side}.pcap"
            write_pcap(path, side)
            devices.append(f"net_pcap{side},rx_pcap={path},infinite_rx=1")
        lines = access_list(RULES - 1)
        ours = pathlib.Path(folder) / "callgate.rules"
        ours.write_text(acl_lines(lines))
        try:
            progress("l3fwd, from Debian's source package")
            peer = l3fwd.build(programs / "l3fwd")
            rates = {"callgate": [], "em": [], "acl": []}
            for i in range(ROUNDS):
                progress(f"round {i + 1} of {ROUNDS}")
                rates["callgate"].append(turn(lambda: Callgate(programs, ours, devices)))
                for mode, rules in (("em", em_rules()), ("acl", acl_rules(lines))):
                    rates[mode].append(turn(lambda m=mode, r=rules: l3fwd.L3fwd(peer, folder, m, CPU, devices, r)))
        except l3fwd.Unavailable as e:
            return not_run(str(e), "l3fwd_em_ratio", "l3fwd_acl_ratio")
    for mode, goal, what in (("em", 0.75, f"exact match, {FLOWS} entries"), ("acl", 1.2, f"{RULES} rules")):
        ratio = statistics.median(a / b for a, b in zip(rates["callgate"], rates[mode]))
        ours, theirs = (statistics.median(rates[k]) / 1e6 for k in ("callgate", mode))
        figure(f"l3fwd_{mode}_ratio", ratio, goal, f"l3fwd {l3fwd.version()}, {what}: {ours:.2f} and {theirs:.2f} "
                                                   f"M packets of {OCTETS} octets a second over net_pcap")
    return True


def under_flood(programs):
    """False: it could not run."""
    if os.geteuid():
        return not_run("needs root, for network namespaces", "flood_loss")
    progress(f"a flood of {SYNS} SYNs a second")
    os.environ["BUILD"] = str(programs)
    r = firewall_flood.measure(SYNS, progress)
    peers = {who: r[who] for who in AT_MOST_S}
    told = ", ".join(f"{p['done']} handshakes of {who} peers in {p['median_s'] * 1000:.1f} ms, {p['longest_s']:.2f} s at most, "
                     f"{len(p['failed'])} failed" for who, p in peers.items())
    figure("flood_loss", r["lost"], 0, f"{r['sent']} packets of {firewall_flood.SESSIONS} sessions beside "
           f"{r['syns_a_second']:.0f} SYN/s; {told}; control thread {r['control_load']:.0%} of a CPU; "
           f"kernel's drops {r['kernel'] or 'none'}; callgate's {r['drops']}", at_most=True,
           also=all(p["done"] and not p["failed"] and p["longest_s"] < AT_MOST_S[who] for who, p in peers.items()))
    return True


def main():
    programs = pathlib.Path(sys.argv[1]).resolve()
    progress("a worker without devices")
    whole = [firewall_worker.run(programs / "test/perf"), against_l3fwd(programs), under_flood(programs)]
    sys.exit(0 if all(whole) else 2)


main()
