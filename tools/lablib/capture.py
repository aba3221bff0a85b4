# SPDX-License-Identifier: BSD-3-Clause
"""What crossed a wire: tcpdump writes, tshark and a small reader judge. The judges are for captures of
encrypted traffic; whoever uses one also runs it on a clear capture, to see that it can find something."""

import collections
import contextlib
import math
import pathlib
import re
import signal
import struct
import subprocess

from . import netns
from .util import LabError, sh, wait_for

Rtp = collections.namedtuple("Rtp", "t src sport dst dport pt seq ts ssrc payload")
SIP_IN_CLEAR = 'frame contains "SIP/2.0" or frame contains "m=audio" or ' \
               'frame contains "X-Cisco" or frame contains "inline:"'
WHOLE = re.compile(rb"\b0 packets dropped by kernel")


class Capture:
    """A running tcpdump; `stop` returns when the file is complete, with all that came until then."""

    def __init__(self, path, namespace, iface, expression=""):
        self.path = path
        path.unlink(missing_ok=True)
        self.p = subprocess.Popen(
            # Immediate: else the last second of packets is lost when it stops. Its ring holds frames of the longest
            # size, then: 2 000, ten seconds of a call with which tcpdump may be late.
            netns.inside(namespace, "tcpdump", "-i", iface, "--immediate-mode", "-U", "-n", "-s", "16384", "-B", "32768",
                         "-Z", "root", "-w", str(path), *expression.split()),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        wait_for(f"tcpdump on {iface} of {namespace}", 10, self.started, 0.02)

    def started(self):
        if self.p.poll() is not None:
            raise LabError(f"tcpdump: {self.p.stderr.read().decode()}")
        return self.path.exists() and self.path.stat().st_size >= 24

    def waits(self):
        """For the next packet: it has written all that came before."""
        return pathlib.Path(f"/proc/{self.p.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "S"

    def stop(self):
        if self.p.poll() is None:
            with contextlib.suppress(LabError): # there is always another
                wait_for("tcpdump to have read all", 2, self.waits, 0.005)
            self.p.send_signal(signal.SIGINT)
        _, said = self.p.communicate(timeout=10)
        if not WHOLE.search(said):
            raise LabError(f"tcpdump: {said.decode()}: no verdict rests on such a capture")
        return self.path


# ---- a small reader: Ethernet, IPv4, UDP ----

def udp_packets(path):
    """Yields (time, src, sport, dst, dport, payload) of whole UDP packets."""
    data = path.read_bytes()
    magic = struct.unpack_from("<I", data)[0]
    if magic != 0xA1B2C3D4:
        raise LabError(f"{path}: no capture of the kind tcpdump writes here")
    at = 24
    while at + 16 <= len(data):
        sec, usec, size = struct.unpack_from("<III", data, at)
        frame = data[at + 16:at + 16 + size]
        at += 16 + size
        if len(frame) < 42 or frame[12:14] != b"\x08\x00" or frame[23] != 17:
            continue
        ip = 14 + (frame[14] & 15) * 4
        sport, dport, length = struct.unpack_from(">HHH", frame, ip)
        src, dst = (".".join(map(str, frame[i:i + 4])) for i in (26, 30))
        yield sec + usec / 1e6, src, sport, dst, dport, frame[ip + 8:ip + length]


def rtp_packets(path):
    """Everything on an even port that looks like RTP and is no RTCP; SRTP has the same header."""
    out = []
    for t, src, sport, dst, dport, p in udp_packets(path):
        if len(p) < 12 or p[0] >> 6 != 2 or 192 <= p[1] <= 223:
            continue
        seq, ts, ssrc = struct.unpack_from(">HII", p, 2)
        out.append(Rtp(t, src, sport, dst, dport, p[1] & 127, seq, ts, ssrc, p[12:]))
    return out


def entropy(octets):
    """Bits per octet."""
    counts = collections.Counter(octets)
    n = len(octets)
    return -sum(c / n * math.log2(c / n) for c in counts.values()) if n else 0.0


# ---- judges ----

CLEAR_SIZE = 160 # G.711 and G.722, 20 ms
SEALED_SIZE = 170 # with the 80 bit tag
ENOUGH_OCTETS = 20000


def judge_media(path):
    """Per sender and SSRC: how many packets, and whether they are sealed. Sealed means all three: the
    size has the tag, a second of audio looks like noise, and the stream is long enough to say so."""
    streams = collections.defaultdict(list)
    for p in rtp_packets(path):
        streams[p.src, p.dst, p.ssrc].append(p)
    out = []
    for (src, dst, ssrc), packets in streams.items():
        octets = b"".join(p.payload for p in packets)
        bits = round(entropy(octets), 2)
        sizes = collections.Counter(len(p.payload) for p in packets)
        audio = sizes[CLEAR_SIZE] + sizes[SEALED_SIZE]
        sealed = sizes[CLEAR_SIZE] == 0 and audio == len(packets) and \
            len(octets) >= ENOUGH_OCTETS and bits > 7.9
        out.append({"from": src, "to": dst, "ssrc": f"{ssrc:08x}", "packets": len(packets),
                    "entropy": bits, "sizes": dict(sizes), "sealed": sealed})
    return out


def tshark(path, expression, *options):
    """Lines about frames. What they are is judged by their octets before their ports: now and then the port
    that a client happens to have is one that tshark knows as another protocol's."""
    return [line for line in sh("tshark", "-n", "-r", path, "-o", "tcp.try_heuristic_first:TRUE", "-Y", expression,
                                *options, timeout=120).splitlines() if line.strip()]


def not_tls(path):
    """How many frames of TCP payload are no TLS. tshark does not dissect a retransmission; one that says what was
    said before, octet for octet, was judged then."""
    fields = "-T fields -e frame.number -e tcp.stream -e tcp.srcport -e tcp.seq -e tcp.payload".split()
    others = {line.split()[0] for line in tshark(path, "tcp.len>0 && !tls && !tcp.reassembled_in "
                                                 "&& !tcp.analysis.keep_alive")}
    said, n = {}, 0
    for line in tshark(path, "tcp.len>0", *fields) if others else ():
        number, stream, port, seq, payload = line.split("\t")
        before, now = said.setdefault((stream, port), {}), dict(enumerate(bytes.fromhex(payload), int(seq)))
        n += number in others and not now.items() <= before.items()
        before.update(now)
    return n


def judge_signalling(path):
    """Frames that show SIP, SDP, tickets or keys, frames of TCP payload that are no TLS, and frames that
    are TLS."""
    return {"sip-in-clear": len(tshark(path, SIP_IN_CLEAR)), "tcp-not-tls": not_tls(path),
            "tls": len(tshark(path, "tls"))}


def judge(path):
    """The whole verdict on one capture."""
    media = judge_media(path)
    signalling = judge_signalling(path)
    sealed = sum(s["packets"] for s in media if s["sealed"])
    clear = sum(s["packets"] for s in media if not s["sealed"])
    return {"srtp-packets": sealed, "rtp-in-clear": clear, **signalling, "streams": media,
            "nothing-in-clear": clear == 0 and signalling["sip-in-clear"] == 0 and
            signalling["tcp-not-tls"] == 0}


def lost(sent_path, sender_ip, got_path, receiver_ip):
    """Packets that left a phone and never reached the other: RTP keeps its sequence numbers and SSRC
    through the relay (RTP-2). `head` and `tail` are the ones before the first and after the last that
    arrived: the call was being answered, or hung up."""
    got = {(p.ssrc, p.seq, p.ts) for p in rtp_packets(got_path) if p.dst == receiver_ip}
    arrived = [(p.ssrc, p.seq, p.ts) in got for p in rtp_packets(sent_path) if p.src == sender_ip]
    if True not in arrived:
        return {"sent": len(arrived), "lost": len(arrived), "head": 0, "tail": 0}
    head, tail = arrived.index(True), arrived[::-1].index(True)
    return {"sent": len(arrived), "lost": arrived.count(False) - head - tail, "head": head, "tail": tail}
