# SPDX-License-Identifier: BSD-3-Clause
"""Programs that speak SRTP and are not ours, each as the media side of an enterprise without a callgate:
they stand in the namespace `foreign`, play a tone and record what they hear. The signalling is the test's."""

import audioop
import base64
import contextlib
import functools
import math
import queue
import secrets
import signal
import socket
import struct
import subprocess
import threading
import time
import wave
from collections import namedtuple

from . import netns
from .netns import FOREIGN
from .phone import Number, Phone
from .sip import Agent
from .util import LabError, sh, tail, wait_for

# Octets of master key and salt (RFC 4568, 6188, 7714)
SUITES = {
    "AES_CM_128_HMAC_SHA1_80": 30,
    "AES_CM_128_HMAC_SHA1_32": 30,
    "AEAD_AES_128_GCM": 28,
    "AEAD_AES_256_GCM": 44,
    "AES_256_CM_HMAC_SHA1_80": 46,
}
# One line of an SDP; crypto: (tag, suite, key in base64) each
Media = namedtuple("Media", "kind ip port proto pts crypto")


def new_key(suite):
    return base64.b64encode(secrets.token_bytes(SUITES[suite])).decode()


def sdp(media, ip=FOREIGN, extra=()):
    """An SDP of lines `media`; `extra`: attributes of every line."""
    out = ["v=0", f"o=- {secrets.randbelow(1 << 31)} 1 IN IP4 {ip}", "s=-", f"c=IN IP4 {ip}", "t=0 0"]
    for m in media:
        out.append(f"m={m.kind} {m.port} {m.proto} {' '.join(map(str, m.pts))}")
        out += [f"a=crypto:{tag} {suite} inline:{key}" for tag, suite, key in m.crypto]
        out += [f"a=rtpmap:{pt} {'PCMU/8000' if pt == 0 else 'H264/90000'}" for pt in m.pts]
        out += [f"a={x}" for x in extra]
    return "\r\n".join([*out, ""]).encode()


def parse_sdp(body):
    out, session_ip = [], ""
    for line in body.decode().splitlines():
        kind, _, value = line.partition("=")
        if kind == "c":
            if out:
                out[-1] = out[-1]._replace(ip=value.split()[2])
            else:
                session_ip = value.split()[2]
        elif kind == "m":
            what, port, proto, *pts = value.split()
            out.append(Media(what, session_ip, int(port), proto, [int(p) for p in pts], []))
        elif value.startswith("crypto:"):
            tag, suite, key = value[7:].split()[:3]
            out[-1].crypto.append((int(tag), suite, key.partition(":")[2].partition("|")[0]))
    return out


# ---- one UDP port for two programs ----

def share_port(sending, port, namespace="foreign"):
    """What a program sends from port `sending` of a namespace leaves from `port`, where another listens, and
    RTCP likewise from the next. To change it in the middle of a call is to move the source."""
    def nft(*command, **kw):
        sh(*netns.inside(namespace, "nft", *command), **kw)

    nft("-f", "-", text_in="""
        add table ip moved
        add map ip moved ports { type inet_service : inet_service; }
        add chain ip moved out { type filter hook output priority 0; }
        flush chain ip moved out
        add rule ip moved out udp sport set udp sport map @ports
    """)
    nft("delete", "element", "ip", "moved", "ports", f"{{ {sending}, {sending + 1} }}", check=False)
    nft("add", "element", "ip", "moved", "ports", f"{{ {sending} : {port}, {sending + 1} : {port + 1} }}")


class Programs:
    """Processes in a namespace that end when told."""

    def __init__(self, folder, name, namespace="foreign"):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.name, self.namespace, self.running = folder, name, namespace, []

    def path(self, suffix):
        return self.folder / f"{self.name}.{suffix}"

    def start(self, what, *command):
        with open(self.path(f"{what}.log"), "wb") as log:
            p = subprocess.Popen(netns.inside(self.namespace, *(str(c) for c in command)),
                                 stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.running.append((what, p))
        return p

    def recording(self):
        return self.path("wav")

    def end(self):
        for _, p in self.running:
            p.send_signal(signal.SIGINT)
        for _, p in self.running:
            try:
                p.wait(5)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
        self.running.clear()
        sh(*netns.inside(self.namespace, "nft", "delete", "table", "ip", "moved"), check=False) # share_port()

    def stop(self):
        """The end of those that were to run until now."""
        early = [what for what, p in self.running if p.poll() is not None]
        self.end()
        if early:
            raise LabError(f"{self.name}: ended by itself: {early}\n{tail(self.path(f'{early[0]}.log'))}")


class Ffmpeg(Programs):
    suites = ("AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32")
    tone = 700

    def begin(self, port, suite, key, remote):
        """Listens on `port`, and sends from there, sealed with `key`, to the Media `remote`."""
        share_port(port + 10000, port)
        wav = self.path("wav")
        wav.unlink(missing_ok=True)
        self.path("sdp").write_bytes(sdp([Media("audio", FOREIGN, port, "RTP/SAVP", [0], remote.crypto)]))
        ffmpeg = ("ffmpeg", "-hide_banner", "-nostdin", "-y")
        self.start("hears", *ffmpeg, "-protocol_whitelist", "file,udp,rtp,srtp", "-i", self.path("sdp"),
                   "-c:a", "pcm_s16le", "-flush_packets", "1", wav)
        self.start("plays", *ffmpeg, "-re", "-f", "lavfi", "-i", f"sine=frequency={self.tone}:sample_rate=8000",
                   "-c:a", "pcm_mulaw", "-f", "rtp", "-payload_type", "0",
                   "-srtp_out_suite", suite, "-srtp_out_params", key,
                   f"srtp://{remote.ip}:{remote.port}?localrtpport={port + 10000}&localrtcpport={port + 10001}"
                   "&pkt_size=182")

class Gstreamer(Programs):
    ciphers = { # of RTP, of RTCP
        "AES_CM_128_HMAC_SHA1_80": ("aes-128-icm", "hmac-sha1-80", "hmac-sha1-80"),
        "AES_CM_128_HMAC_SHA1_32": ("aes-128-icm", "hmac-sha1-32", "hmac-sha1-80"),
        "AES_256_CM_HMAC_SHA1_80": ("aes-256-icm", "hmac-sha1-80", "hmac-sha1-80"),
        "AEAD_AES_128_GCM": ("aes-128-gcm", "null", "null"),
        "AEAD_AES_256_GCM": ("aes-256-gcm", "null", "null"),
    }
    suites = tuple(ciphers)
    tone = 800

    @staticmethod
    @functools.cache
    def remember_plugins():
        """The first run on a machine loads each plugin there is, for longer than a call lasts, and remembers what it
        has only if it is left to end."""
        sh("gst-inspect-1.0", "srtpenc", timeout=120)

    def begin(self, port, suite, key, remote):
        self.remember_plugins()
        share_port(port + 10000, port)
        cipher, auth, rtcp_auth = self.ciphers[suite]
        self.start("plays", "gst-launch-1.0", "-q", "audiotestsrc", "is-live=true", f"freq={self.tone}",
                   "samplesperbuffer=160", "!", "audio/x-raw,rate=8000,channels=1", "!", "mulawenc", "!",
                   "rtppcmupay", "!", "srtpenc", f"key={base64.b64decode(key).hex()}",
                   f"rtp-cipher={cipher}", f"rtcp-cipher={cipher}", f"rtp-auth={auth}", f"rtcp-auth={rtcp_auth}",
                   "!", "udpsink", f"host={remote.ip}", f"port={remote.port}", f"bind-port={port + 10000}")
        # Its opener wants to be told the source, which is the phone's own choice (RTP-2).
        caps = f"application/x-srtp,media=audio,clock-rate=8000,encoding-name=PCMU,payload=0," \
               f"ssrc=(uint){first_ssrc(port)},srtp-key=(buffer){base64.b64decode(remote.crypto[0][2]).hex()}," \
               f"srtp-cipher=(string){cipher},srtp-auth=(string){auth}," \
               f"srtcp-cipher=(string){cipher},srtcp-auth=(string){rtcp_auth}"
        self.start("hears", "gst-launch-1.0", "-q", "-e", "udpsrc", f"port={port}", f"caps={caps}", "!", "srtpdec",
                   "!", "rtppcmudepay", "!", "mulawdec", "!", "wavenc", "!", "filesink",
                   f"location={self.path('wav')}")

def first_ssrc(port):
    with netns.entered("foreign"):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with s:
        s.bind((FOREIGN, port))
        s.settimeout(5)
        return struct.unpack_from(">I", s.recv(2048), 8)[0]


class Tone(threading.Thread):
    """A plain RTP endpoint: sends a tone, keeps what it hears."""

    def __init__(self, port, remote, frequency):
        super().__init__(daemon=True)
        self.frequency, self.remote, self.heard = frequency, remote, b""
        with netns.entered("foreign"):
            self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((FOREIGN, port))
        self.sock.settimeout(0)
        self.going = True

    def run(self):
        wave_form = b"".join(struct.pack("<h", int(12000 * math.sin(2 * math.pi * self.frequency * i / 8000)))
                             for i in range(8000))
        octets = audioop.lin2ulaw(wave_form, 2)
        ssrc, n, begin = secrets.randbits(32), 0, time.monotonic()
        while self.going:
            at = n * 160 % 8000
            packet = struct.pack(">BBHII", 128, 0, n & 65535, n * 160, ssrc) + octets[at:at + 160]
            with contextlib.suppress(OSError):  # the other side may have gone
                self.sock.sendto(packet, self.remote)
            n += 1
            time.sleep(max(0, begin + n * 0.02 - time.monotonic()))
            try:
                while True:
                    self.heard += self.sock.recv(2048)[12:]
            except BlockingIOError:
                pass

    def stop(self, path):
        self.going = False
        self.join(2)
        self.sock.close()
        with wave.open(str(path), "wb") as w:
            w.setparams((1, 2, 8000, 0, "NONE", ""))
            w.writeframes(audioop.ulaw2lin(self.heard, 2))


# ---- rtpengine, between a plain endpoint and the call ----

def bencode(x):
    if isinstance(x, int):
        return b"i%de" % x
    if isinstance(x, dict):
        return b"d" + b"".join(bencode(k) + bencode(x[k]) for k in sorted(x)) + b"e"
    if isinstance(x, (list, tuple)):
        return b"l" + b"".join(map(bencode, x)) + b"e"
    x = x if isinstance(x, bytes) else x.encode()
    return b"%d:%s" % (len(x), x)


def bdecode(b, at=0):
    """(value, where it ends)"""
    c = b[at:at + 1]
    if c == b"i":
        end = b.index(b"e", at)
        return int(b[at + 1:end]), end + 1
    if c in b"ld":
        out, at = [], at + 1
        while b[at:at + 1] != b"e":
            x, at = bdecode(b, at)
            out.append(x)
        return (dict(zip(out[::2], out[1::2])) if c == b"d" else out), at + 1
    colon = b.index(b":", at)
    end = colon + 1 + int(b[at:colon])
    return b[colon + 1:end], end


class Rtpengine(Programs):
    suites = tuple(SUITES)
    tone = 900
    NG = ("127.0.0.1", 2223)

    def daemon(self):
        """One process for all calls; ended by stop()."""
        self.start("rtpengine", "rtpengine", "--foreground", "--log-stderr", "--log-level=5", "--table=-1",
                   "--num-threads=1", f"--interface={FOREIGN}", f"--listen-ng={self.NG[0]}:{self.NG[1]}",
                   "--port-min=30500", "--port-max=30999", f"--pidfile={self.path('pid')}")
        with netns.entered("foreign"):
            self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.settimeout(0.5)
        wait_for("rtpengine", 10, lambda: self.command(command="ping").get(b"result") == b"pong")

    def command(self, **what):
        cookie = secrets.token_hex(4).encode()
        self.sock.sendto(cookie + b" " + bencode({k.replace("_", "-"): v for k, v in what.items()}), self.NG)
        try:
            while True:
                got, _, rest = self.sock.recv(65536).partition(b" ")
                if got == cookie:
                    return bdecode(rest)[0]
        except OSError:
            return {}

    def offer(self, call, port, suite):
        """The SDP with which it offers a plain endpoint on `port` of ours."""
        others = [s for s in ("AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32", "AES_192_CM_HMAC_SHA1_80",
                              "AES_192_CM_HMAC_SHA1_32", "AES_256_CM_HMAC_SHA1_80", "AES_256_CM_HMAC_SHA1_32",
                              "F8_128_HMAC_SHA1_80", "F8_128_HMAC_SHA1_32", "NULL_HMAC_SHA1_80",
                              "NULL_HMAC_SHA1_32", "AEAD_AES_128_GCM", "AEAD_AES_256_GCM") if s != suite]
        r = self.command(command="offer", call_id=call, from_tag="x", transport_protocol="RTP/SAVP", ICE="remove",
                         rtcp_mux=["demux"], DTLS="off", replace=["origin", "session-connection"],
                         SDES=[f"no-{s}" for s in others],
                         sdp=sdp([Media("audio", FOREIGN, port, "RTP/AVP", [0], [])]))
        if b"sdp" not in r:
            raise LabError(f"rtpengine: {r}; {tail(self.path('rtpengine.log'))}")
        return r[b"sdp"]

    def answer(self, call, port, body):
        """Takes the answer, and lets the plain endpoint speak and hear."""
        r = self.command(command="answer", call_id=call, from_tag="x", to_tag="y", transport_protocol="RTP/AVP",
                         ICE="remove", sdp=body)
        plain = parse_sdp(r[b"sdp"])[0]
        endpoint = Tone(port, (plain.ip, plain.port), self.tone)
        endpoint.start()
        return endpoint


# ---- baresip ----

class Baresip(Phone):
    """A phone of its own that demands SRTP, over plain SIP: called on port 5062 with the SDP of the call that came
    in; and calling port 5072, where its SDP is taken. It answers each suite, and offers one."""

    offers = ("AES_CM_128_HMAC_SHA1_80",)
    suites = ("AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32", "AEAD_AES_128_GCM", "AEAD_AES_256_GCM")
    modules_too = "module srtp.so\n"
    account_too = ";mediaenc=srtp-mand"
    spec = Number("x1", "x", "foreign", "+13035550142", 1700)

    def __init__(self, lab):
        self.name, self.number, self.tone = self.spec.name, self.spec.number, self.spec.tone
        self.netns, self.ip = "foreign", FOREIGN
        self.dir = lab.dir / "phone-x1"
        self.log, self.pid_file = self.dir / "log", self.dir / "pid"
        self.sock, self.buf, self.events, self.replies = None, b"", [], []
        self.dialled = queue.Queue()
        self.agent = Agent("foreign", FOREIGN, self.number, FOREIGN, on_call=self.dialled.put, port=5072)

    def outbound(self):
        return f"{FOREIGN}:5072"

    def dial(self, number):
        """The phone's leg, whose body is its offer."""
        self.forget()
        self.command("dial", f"sip:{number}@{FOREIGN}")
        return self.dialled.get(timeout=5)

    def take(self, incoming, suite):
        """Passes a call on to the phone, with the line of one suite; returns the phone's leg."""
        lines = incoming.body.decode().split("\r\n")
        kept = [x for x in lines if not x.startswith("a=crypto:") or x.split()[1] == suite]
        if suite not in incoming.body.decode():
            raise LabError(f"{suite} was not offered:\n{incoming.body.decode()}")
        leg = self.agent.call(self.agent.connect((FOREIGN, 5062)), self.number, f"{FOREIGN}:5062", FOREIGN)
        leg.invite("\r\n".join(kept).encode())
        leg.await_answer()
        incoming.answer(leg.body)
        leg.ack()
        return leg
