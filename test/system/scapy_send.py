#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Sends packets on the wire of an interface, each thrice. A line of standard input is one, in scapy's words; each is
answered by a line. A program of its own, for Debian's scapy is that of Debian's Python.

    scapy_send.py IFACE MAC
"""

import socket
import sys

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import Ether

WORDS = {"ICMP": ICMP, "IP": IP, "TCP": TCP, "UDP": UDP}


def main():
    iface, mac = sys.argv[1:]
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
        s.bind((iface, 0))
        print("ready", flush=True)
        for line in sys.stdin:
            frame = bytes(Ether(dst=mac, type=0x0800) / eval(line, WORDS))  # pylint: disable=eval-used
            for _ in range(3):
                s.send(frame)
            print("sent", flush=True)


if __name__ == "__main__":
    main()
