# SPDX-License-Identifier: BSD-3-Clause
"""rtpengine in user space as a peer to measure against: started on one CPU, and given calls over
its ng protocol (bencode over UDP) that convert RTP inside to SRTP outside."""

import base64
import os
import re
import shutil
import socket
import subprocess
import time

PACKAGE = "rtpengine-daemon"
SUITE = "AES_CM_128_HMAC_SHA1_80"
NG = ("127.0.0.1", 2223)
SDP = ("v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n"
       "m=audio {port} {proto} 0\r\na=rtpmap:0 PCMU/8000\r\na=sendrecv\r\n{crypto}")


def program():
    """None when it is not installed."""
    return shutil.which("rtpengine")


def encode(x):
    if isinstance(x, str):
        x = x.encode()
    if isinstance(x, bytes):
        return b"%d:%s" % (len(x), x)
    if isinstance(x, list):
        return b"l" + b"".join(map(encode, x)) + b"e"
    return b"d" + b"".join(encode(k) + encode(x[k]) for k in sorted(x)) + b"e"


def decode(b, at=0):
    """What is at an offset, and the offset behind it."""
    kind = b[at:at + 1]
    if kind == b"i":
        end = b.index(b"e", at)
        return int(b[at + 1:end]), end + 1
    if kind in (b"l", b"d"):
        items, at = [], at + 1
        while b[at:at + 1] != b"e":
            item, at = decode(b, at)
            items.append(item)
        return (items if kind == b"l" else dict(zip(items[::2], items[1::2]))), at + 1
    colon = b.index(b":", at)
    end = colon + 1 + int(b[at:colon])
    return b[colon + 1:end], end


class Ng:
    """The control connection; its socket is made in the caller's network namespace."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(NG)
        self.socket.settimeout(5)
        self.number = 0

    def ask(self, **command):
        self.number += 1
        cookie = b"%d_%d " % (os.getpid(), self.number)
        self.socket.send(cookie + encode({k.replace("_", "-"): v for k, v in command.items()}))
        answer = self.socket.recv(65535)
        if not answer.startswith(cookie):
            raise RuntimeError(f"rtpengine: not an answer: {answer[:80]!r}")
        answer = decode(answer, len(cookie))[0]
        if answer[b"result"] not in (b"ok", b"pong"):
            raise RuntimeError(f"rtpengine: {answer}")
        return answer.get(b"sdp", b"").decode()

    def wait(self, seconds=10):
        end = time.monotonic() + seconds
        while True:
            try:
                self.ask(command="ping")
                return
            except OSError:  # refused: not yet listening
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)

    def call(self, number, inside, outside, key):
        """A call from (ip, port) inside to (ip, port) outside, who seals with `key`. Returns where
        it takes the packets of outside and of inside, as (ip, port), and the key it seals with."""
        names = {"call_id": f"bench-{number}", "from_tag": "f", "ICE": "remove",
                 "replace": ["origin", "session-connection"]}
        offer = self.ask(command="offer", **names, direction=["in", "out"], DTLS="off",
                         transport_protocol="RTP/SAVP", SDES=["only-" + SUITE],
                         sdp=SDP.format(ip=inside[0], port=inside[1], proto="RTP/AVP", crypto=""))
        tag, its_key = re.search(rf"a=crypto:(\d+) {SUITE} inline:([\w+/]+)", offer).groups()
        crypto = f"a=crypto:{tag} {SUITE} inline:{base64.b64encode(key).decode()}\r\n"
        answer = self.ask(command="answer", **names, to_tag="t",
                          sdp=SDP.format(ip=outside[0], port=outside[1], proto="RTP/SAVP",
                                         crypto=crypto))
        return where(offer), where(answer), base64.b64decode(its_key + "=" * (-len(its_key) % 4))


def where(sdp):
    return (re.search(r"c=IN IP4 (\S+)", sdp).group(1),
            int(re.search(r"m=audio (\d+)", sdp).group(1)))


def start(namespace, cpu, outside, inside):
    """The process, in a namespace where it has these two addresses."""
    return subprocess.Popen(
        ["ip", "netns", "exec", namespace, "taskset", "-c", str(cpu), program(), "--foreground",
         "--table=-1", f"--interface=out/{outside}", f"--interface=in/{inside}",
         f"--listen-ng={NG[0]}:{NG[1]}", "--num-threads=1", "--port-min=20000",
         "--port-max=60000", "--log-level=3", "--log-stderr"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
