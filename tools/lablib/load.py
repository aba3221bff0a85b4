# SPDX-License-Identifier: BSD-3-Clause
"""Load over the lab's wires by test/system/media_load, and every counter of a kernel on the way that could have
dropped some of it."""

import contextlib
import ctypes
import json
import os
import pathlib
import select
import socket
import struct
import subprocess

from . import netns
from .daemon import find_program
from .util import LabError, sh

PIDFD_GETFD, SOL_PACKET, PACKET_STATISTICS = 438, 263, 6


class Load:
    """One end of many streams: lines of port, remote address and port, and keys, as media_load wants them."""

    def __init__(self, namespace, pps, seconds, base, peer_base, streams):
        self.p = subprocess.Popen(
            netns.inside(namespace, find_program("media_load"), str(pps), str(seconds), str(base),
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


def kernel_drops(wires, hosts):
    """{place and counter: value} of every kernel counter on the way that means a lost packet: of the ends of
    wires, (namespace, interface) each, and of the UDP of the hosts."""
    out = {}
    for name, iface in wires:
        for link in json.loads(sh(*netns.inside(name, "ip", "-j", "-s", "link", "show", "dev", iface))):
            for way in ("rx", "tx"):
                for what in ("dropped", "errors", "over_errors"):
                    out[f"{name} {iface} {way} {what}"] = link["stats64"][way].get(what, 0)
    for name in hosts:
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


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
