#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The firewall's benchmark against DPDK's own l3fwd, run by `tools/bench firewall`: one JSON object per figure.
Both work on the last CPU, on the same virtual device (net_pcap, replaying one capture for ever), the same
packets, the same number of table entries. They take turns within this one run.
usage: firewall.py FOLDER-OF-THE-PROGRAMS"""

import json
import os
import pathlib
import statistics
import struct
import subprocess
import sys
import tempfile
import time

import l3fwd

CPU, OTHER_CPU = os.cpu_count() - 1, 0
FLOWS, OCTETS = 1000, 200    # half of the entries are of each direction
RULES = 1000
ROUNDS, SECONDS = 5, 1.5
OUTSIDE_HOST, MAPPED_NET, INSIDE_NET = (203, 0, 113, 9), (198, 18), (10, 1)
HOSTS = 250  # inside


def progress(text):
    print(f"firewall: {text}", file=sys.stderr, flush=True)


def figure(name, value, goal, against):
    print(json.dumps({"name": f"firewall.{name}", "value": float(f"{value:.4g}"), "unit": "", "goal": goal,
                      "at_most": False, "met": value >= goal, "against": against}), flush=True)


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
        if side == 0:
            yield OUTSIDE_HOST, 4000, (*MAPPED_NET, *host), port
        else:
            yield (*INSIDE_NET, *host), port, OUTSIDE_HOST, 4000


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


def acl_rules(n):
    """The same lines as fwdrive's: what fits no packet, then the two that say where to."""
    deny = "".join(f"@10.2.{i // 250 % 250}.{i % 250}/32 {dotted(OUTSIDE_HOST)}/32 0 : 65535 "
                   f"{1000 + i % 50000} : {1000 + i % 50000} 0x11/0xff\n" for i in range(n - 1))
    route = "R0.0.0.0/0 {} 0 : 65535 0 : 65535 0x00/0x00 {}\n"
    return deny + route.format(f"{dotted(OUTSIDE_HOST)}/32", 0) + \
        route.format(f"{dotted(MAPPED_NET)}.0.0/16", 1)


class Callgate:
    def __init__(self, programs, devices):
        self.process = subprocess.Popen(
            [programs / "test/perf/fwdrive", str(OTHER_CPU), str(CPU), "512", str(RULES), *devices],
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


def main():
    programs = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        devices = []
        for side in (0, 1):
            path = pathlib.Path(folder) / f"{side}.pcap"
            write_pcap(path, side)
            devices.append(f"net_pcap{side},rx_pcap={path},infinite_rx=1")
        try:
            progress("l3fwd, from Debian's source package")
            peer = l3fwd.build(programs / "l3fwd")
            rates = {"callgate": [], "em": [], "acl": []}
            for i in range(ROUNDS):
                progress(f"round {i + 1} of {ROUNDS}")
                rates["callgate"].append(turn(lambda: Callgate(programs, devices)))
                for mode, rules in (("em", em_rules()), ("acl", acl_rules(RULES))):
                    rates[mode].append(turn(lambda m=mode, r=rules: l3fwd.L3fwd(peer, folder, m, CPU, devices, r)))
        except l3fwd.Unavailable as e:
            for name in ("l3fwd_em_ratio", "l3fwd_acl_ratio"):
                print(json.dumps({"name": f"firewall.{name}", "not_run": str(e)}), flush=True)
            sys.exit(2)
    for mode, goal, what in (("em", 0.75, f"exact match, {FLOWS} entries"), ("acl", 1.2, f"{RULES} rules")):
        ratio = statistics.median(a / b for a, b in zip(rates["callgate"], rates[mode]))
        ours, theirs = (statistics.median(rates[k]) / 1e6 for k in ("callgate", mode))
        figure(f"l3fwd_{mode}_ratio", ratio, goal, f"l3fwd {l3fwd.version()}, {what}: {ours:.2f} and {theirs:.2f} "
                                                   f"M packets of {OCTETS} octets a second over net_pcap")


main()
