# SPDX-License-Identifier: BSD-3-Clause
"""A stranger on the Internet: speaks TLS to an enterprise's mapped address and says what it likes."""

import pathlib
import socket
import ssl

from . import certs, netns
from .kamailio import MAPPED

INVITE = """\
INVITE sip:{number}@{host}:5070;transport=tls SIP/2.0
Via: SIP/2.0/TLS 203.0.113.254:5070;branch=z9hG4bK{tag}
From: <sip:+12125550100@enterprise-b.example>;tag={tag}
To: <sip:{number}@enterprise-a.example>
Call-ID: {tag}@203.0.113.254
CSeq: 1 INVITE
Contact: <sip:+12125550100@203.0.113.254:5070;transport=tls>
Max-Forwards: 70
{headers}Content-Type: application/sdp
Content-Length: {length}

{sdp}"""
SDP = """\
v=0
o=- 1 1 IN IP4 203.0.113.254
s=-
c=IN IP4 203.0.113.254
t=0 0
m=audio 30000 {proto} 0
{crypto}a=rtpmap:0 PCMU/8000
"""
CRYPTO = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:4fl6DT4Bi+DWT6MsBt5BOQ7Gda1Jiv7rtpYLOqvm\n"


def invite(number, tag, ticket=None, secure=True, site="a", headers=""):
    """An INVITE as octets, well formed; `headers` are more lines of it."""
    sdp = SDP.format(proto="RTP/SAVP" if secure else "RTP/AVP", crypto=CRYPTO if secure else "")
    sdp = sdp.replace("\n", "\r\n")
    text = INVITE.format(number=number, tag=tag, host=MAPPED[site], length=len(sdp), sdp="",
                         headers=(f"X-Cisco-UC-IME-Ticket: {ticket}\n" if ticket else "") + headers)
    return text.replace("\n", "\r\n").encode() + sdp.encode()


def make_certificates(lab):
    """Besides the lab's own: one of an unknown authority, once per lab."""
    folder = lab.dir / "stranger"
    if not folder.exists():
        certs.authority(folder, "ca", "Foreign CA")
        certs.issue(folder, "ca", folder, "foreign", "enterprise-b.example")
    return folder


class Stranger:
    """One connection from the Internet's router. `identity`: "b" (enterprise B's certificate), "foreign"
    (same name, unknown authority), the path of a certificate without its ".crt", or None."""

    def __init__(self, lab, identity="b", site="a", port=5070):
        ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        ctx.check_hostname = False
        ctx.load_verify_locations(lab.dir / "ca" / "ca.pem")
        if identity == "foreign":
            folder = make_certificates(lab)
            ctx.load_cert_chain(folder / "foreign.crt", folder / "foreign.key")
        elif isinstance(identity, pathlib.Path):
            ctx.load_cert_chain(f"{identity}.crt", f"{identity}.key")
        elif identity:
            folder = lab.daemons[identity].dir
            ctx.load_cert_chain(folder / f"{identity}.crt", folder / f"{identity}.key")
        with netns.entered("inet"):
            raw = socket.socket()
        raw.settimeout(5)
        raw.connect((MAPPED[site], port))
        try:
            self.sock = ctx.wrap_socket(raw)
        except (ssl.SSLError, OSError):
            raw.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, octets):
        self.sock.sendall(octets)

    def settle(self, wait_s=2.0):
        """What came until a ping is answered, or the connection closed: all that was sent before has been
        judged then. Second: whether the connection is up."""
        self.sock.settimeout(wait_s)
        out = b""
        try:
            self.sock.sendall(b"\r\n\r\n")
            while not (out == b"\r\n" or out.endswith(b"\r\n\r\n\r\n")):
                part = self.sock.recv(65536)
                if not part:
                    return out, False
                out += part
        except (ssl.SSLError, OSError):
            return out, False
        return out[:-2], True

    def receive(self, wait_s=2.0):
        """What came within the time; b"" when the other side closed, None when it kept silent."""
        self.sock.settimeout(wait_s)
        try:
            return self.sock.recv(65536)
        except (TimeoutError, socket.timeout):
            return None
        except (ssl.SSLError, OSError):
            return b""
