# SPDX-License-Identifier: BSD-3-Clause
"""An 802.1Q switch. Our own, because not every kernel has VLANs; the ends are kernels all the same."""

import collections
import select
import socket
import struct
import threading

AUXDATA, VLAN_VALID, OUTGOING = 8, 0x10, 4


def tagged(frame, vlan, kind=0x8100):
    return frame[:12] + struct.pack("!HH", kind, vlan) + frame[12:]


def opened(iface):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    s.setsockopt(263, AUXDATA, 1)
    s.bind((iface, 3))
    return s


def received(s):
    """A frame and its VLAN, None for our own; the kernel takes the tag off, and tells it beside the frame."""
    frame, beside, _, (_, _, kind, _, _) = s.recvmsg(65536, 128)
    if kind == OUTGOING:
        return None, None
    for _, what, data in beside:
        status, tag = struct.unpack_from("=I12xH", data) if what == AUXDATA else (0, 0)
        if status & VLAN_VALID:
            return frame, tag & 0xfff
    return frame, 0


class Switch(threading.Thread):
    """In the namespace of who makes it: access ports by VLAN (0: untagged on the trunk), and the trunk."""

    def __init__(self, access, trunk="trunk"):
        super().__init__(daemon=True)
        self.ports = {vlan: opened(name) for vlan, name in access.items()}
        self.trunk = opened(trunk)
        self.from_trunk = collections.Counter()  # frames by VLAN
        self.over = False
        self.start()

    def run(self):
        while not self.over:
            for s in select.select([self.trunk, *self.ports.values()], [], [], 0.1)[0]:
                frame, tag = received(s)
                if frame is None:
                    continue
                if s is self.trunk:
                    self.from_trunk[tag] += 1
                    if tag in self.ports:
                        self.ports[tag].send(frame)
                    continue
                vlan = next(v for v, p in self.ports.items() if p is s)
                self.trunk.send(tagged(frame, vlan) if vlan else frame)

    def stop(self):
        self.over = True
        self.join()
        for s in (self.trunk, *self.ports.values()):
            s.close()
