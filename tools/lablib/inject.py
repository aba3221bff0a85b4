# SPDX-License-Identifier: BSD-3-Clause
"""Packets that no honest host would send: made by hand and put on the wire from the Internet's router,
with any source."""

import socket
import struct
import time

from . import netns
from .util import sh


def checksum(octets):
    if len(octets) % 2:
        octets += b"\0"
    s = sum(struct.unpack(f">{len(octets) // 2}H", octets))
    while s >> 16:
        s = (s >> 16) + (s & 65535)
    return s ^ 65535


def udp(src, dst, payload):
    """An IPv4 packet; src and dst are (address, port)."""
    a, b = socket.inet_aton(src[0]), socket.inet_aton(dst[0])
    head = struct.pack(">HHH", src[1], dst[1], 8 + len(payload))
    check = checksum(a + b + struct.pack(">HH", 17, 8 + len(payload)) + head + b"\0\0" + payload)
    ip = struct.pack(">BBHHHBBH", 69, 0, 28 + len(payload), 0, 0, 64, 17, 0) + a + b
    return ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:] + head + struct.pack(">H", check or 65535) + payload


class Injector:
    """Sends toward the callgate of a site."""

    def __init__(self, site, address):
        """`address`: one of callgate's, whose MAC is asked for."""
        iface = f"to-{site}"
        sh(*netns.inside("inet", "ping", "-q", "-c1", "-W1", address), check=False)
        neighbour = sh(*netns.inside("inet", "ip", "neigh", "show", address, "dev", iface)).split()
        mac = neighbour[neighbour.index("lladdr") + 1]
        own = sh(*netns.inside("inet", "cat", f"/sys/class/net/{iface}/address"))
        self.head = b"".join(bytes.fromhex(m.strip().replace(":", "")) for m in (mac, own)) + b"\x08\0"
        with netns.entered("inet"):
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            self.sock.bind((iface, 0))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, packets, seconds=0.0):
        """All of them, spread over some time."""
        begin = time.monotonic()
        for i, packet in enumerate(packets):
            self.sock.send(self.head + packet)
            if i % 50 == 49:
                time.sleep(max(0, begin + seconds * i / len(packets) - time.monotonic()))
