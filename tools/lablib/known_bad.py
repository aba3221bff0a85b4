# SPDX-License-Identifier: BSD-3-Clause
"""Everything that protocol.md refuses, as octets from a stranger with a valid certificate: for each the
rule, the one counter that it moves and the answer that it gets."""

import base64
import calendar
import hashlib
import hmac
import struct
import time

from . import certs
from .kamailio import DOMAIN, MAPPED
from .peer import CRYPTO
from .util import sh

NTP = 2208988800
FROM_B = "+12125550100"
UUID = "00000000-0000-0000-0000-000000000000"


# ---- Tickets of any shape: the reference algorithm, each step open to change ------------------------

def tlv(kind, value):
    return struct.pack(">HH", kind, len(value)) + value


def moment(text):
    return struct.pack(">II", (calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")) + NTP) & 0xffffffff, 0)


class Minter:
    """Tickets for a number of enterprise A, granted to enterprise B."""

    def __init__(self, password, number):
        self.password, self.number = password, number

    def fields(self, **change):
        """The fields in order, as TLVs by name; None leaves one out."""
        f = {"uuid": tlv(1, bytes.fromhex(UUID.replace("-", ""))), "salt": tlv(2, b"known-bad"),
             "validity": tlv(3, moment("2026-01-01T00:00:00Z") + moment("2036-01-01T00:00:00Z")),
             "number": tlv(4, self.number.encode()), "granting": tlv(6, DOMAIN["a"].encode()),
             "granted": tlv(7, DOMAIN["b"].encode()), "epoch": tlv(8, struct.pack(">I", 1))}
        f.update(change)
        return [v for v in f.values() if v is not None]

    def seal(self, body, password=None):
        key = hashlib.pbkdf2_hmac("sha1", (password or self.password).encode(), b"known-bad", 1000, 16)
        return body + tlv(9, hmac.new(key, body, "sha1").digest())

    def octets(self, before=b"", after=b"", **change):
        return self.seal(before + b"".join(self.fields(**change)) + after)

    def text(self, **kw):
        return base64.b64encode(self.octets(**kw)).decode()


# ---- Messages -------------------------------------------------------------------------------------

SDP = """\
v=0
o=- 1 1 IN IP4 203.0.113.254
s=-
{c}t=0 0
m=audio 30000 {proto} 0
{crypto}a=rtpmap:0 PCMU/8000
"""


def sdp(proto="RTP/SAVP", crypto=CRYPTO, c="c=IN IP4 203.0.113.254\n"):
    return SDP.format(proto=proto, crypto=crypto, c=c)


class Message:
    """A request of the stranger, right in every part; what is wrong is said by the keywords."""

    def __init__(self, number):
        self.number, self.count = number, 0
        self.uri = f"sip:{number}@{MAPPED['a']}:5070;transport=tls"

    def __call__(self, method="INVITE", ticket=None, uri=None, to_tag="", body=None, drop=(), extra="",
                 content="application/sdp", cseq_method=None, **lines):
        self.count += 1
        tag = f"kb{self.count}"
        body = (sdp() if body is None and method == "INVITE" else body or "").replace("\n", "\r\n")
        h = {
            "Via": f"SIP/2.0/TLS 203.0.113.254:5070;branch=z9hG4bK{tag}",
            "From": f"<sip:{FROM_B}@{DOMAIN['b']}>;tag={tag}",
            "To": f"<sip:{self.number}@{DOMAIN['a']}>{to_tag}",
            "Call-ID": f"{tag}@203.0.113.254",
            "CSeq": f"1 {cseq_method or method}",
            "Contact": f"<sip:{FROM_B}@203.0.113.254:5070;transport=tls>",
            "Max-Forwards": "70",
            "X-Cisco-UC-IME-Ticket": ticket,
            "Content-Type": content if body else None,
            "Content-Length": str(len(body)),
        }
        h.update({k.replace("_", "-"): v for k, v in lines.items()})
        start = f"{method} {uri or self.uri} SIP/2.0"
        lines = [f"{n}: {v}" for n, v in h.items() if v is not None and n not in drop]
        return ("\r\n".join([start, *lines]) + "\r\n" + extra + "\r\n" + body).encode("latin-1")


# ---- The list ---------------------------------------------------------------------------------------

FORBIDDEN, NOT_HERE, NO_CALL = "SIP/2.0 403 Forbidden", "SIP/2.0 488 Not Acceptable Here", "SIP/2.0 481 "
BAD, UNSUPPORTED = "SIP/2.0 400 Bad Request", "SIP/2.0 415 Unsupported Media Type"


def tickets(m, t):
    """2.5, 2.7, 2.9: (name, octets, counter). All get the same answer (TKT-20)."""
    good, raw = t.text(), t.octets()

    def b64(octets):
        return base64.b64encode(octets).decode()

    def fill(n):
        return b"".join(tlv(0x8000 + i, b"") for i in range(n))
    yield "2.7 step 1 no ticket", m(), "TICKET_NONE"
    for name, text in (
            ("TKT-3 base64url", good.replace("/", "_").replace("+", "-").rstrip("=")[:-1] + "_"),
            ("TKT-3 pad in the middle", good[:40] + "=" + good[41:]),
            ("TKT-3 comma", good[:40] + "," + good[41:]),
            ("TKT-3 quoted", f'"{good}"'),
            ("TKT-3 a quarter too much", good.rstrip("=")[:4 * (len(good) // 4) - 3]),
            ("TKT-3 trailing bits", b64(raw + b"\0")[:-3] + "/=="),
            ("TKT-3 empty", " "),
            ("TKT-4 longer than 4096", b64(t.octets(before=tlv(0x8000, bytes(3072))))),
            ("TKT-6 cut short", b64(raw[:-4])),
            ("TKT-6 one octet more", b64(raw + b"\0")),
            ("TKT-6 a length beyond the end", b64(raw[:2] + b"\xff\xff" + raw[4:])),
            ("TKT-7 an unknown type", t.text(after=tlv(0x42, b"x"))),
            ("TKT-8 a field twice", t.text(after=tlv(4, b"+14085550199"))),
            *((f"TKT-8 no {f}", t.text(**{f: None}))
              for f in ("uuid", "validity", "number", "granting", "granted", "epoch")),
            ("TKT-8 a salt too short", t.text(salt=tlv(2, b"abc"))),
            ("TKT-8 a long uuid", t.text(uuid=tlv(1, bytes(17)))),
            ("TKT-9 integrity is not last", b64(raw + tlv(0x8000, b""))),
            ("TKT-10 number without plus", t.text(number=tlv(4, b"14085550123"))),
            ("TKT-10 number with a letter", t.text(number=tlv(4, b"+1408555012a"))),
            ("TKT-10 domain with underscore", t.text(granted=tlv(7, b"enterprise_b.example"))),
            ("TKT-10 empty label", t.text(granting=tlv(6, b"enterprise-a..example"))),
            ("TKT-11 stop before start", t.text(
                validity=tlv(3, moment("2036-01-01T00:00:00Z") + moment("2026-01-01T00:00:00Z")))),
            ("TKT-12 more than 32 TLVs", t.text(after=fill(26)))):
        yield name, m(ticket=text), "TICKET_DECODE"
    yield "TKT-5 two tickets", m(ticket=good, extra=f"X-Cisco-UC-IME-Ticket: {good}\r\n"), "TICKET_DECODE"
    yield "TKT-5 two names", m(ticket=good, extra=f"X-Cisco-ViPR-Ticket: {good}\r\n"), "TICKET_DECODE"
    yield "2.7 step 3 epoch", m(ticket=t.text(epoch=tlv(8, struct.pack(">I", 2)))), "TICKET_EPOCH"
    yield "2.7 step 4 forged", m(ticket=b64(raw[:-1] + bytes([raw[-1] ^ 1]))), "TICKET_INTEGRITY"
    yield "2.7 step 4 another password", m(ticket=b64(t.seal(b"".join(t.fields()), "another-password"))), \
        "TICKET_INTEGRITY"
    yield "2.7 step 5 too early", m(ticket=t.text(
        validity=tlv(3, moment("2035-01-01T00:00:00Z") + moment("2036-01-01T00:00:00Z")))), "TICKET_TIME"
    yield "2.7 step 5 too late", m(ticket=t.text(
        validity=tlv(3, moment("2025-01-01T00:00:00Z") + moment("2025-07-01T00:00:00Z")))), "TICKET_TIME"
    host = MAPPED["a"]
    for name, uri in (("another number", f"sip:+14085550177@{host}"),
                      ("no plus", f"sip:{t.number[1:]}@{host}"),
                      ("a digit more", f"sip:{t.number}1@{host}"), ("a digit less", f"sip:{t.number[:-1]}@{host}"),
                      ("a star", f"sip:{t.number[:-1]}*@{host}"),
                      ("a letter", f"sip:{t.number[:-1]}a@{host}"), ("no number", f"sip:{host}:5070")):
        yield f"2.9 {name}", m(ticket=good, uri=uri), "TICKET_DID"
    yield "TKT-25 granted to another domain", m(ticket=t.text(granted=tlv(7, b"enterprise-c.example"))), \
        "TICKET_DOMAIN"
    yield "2.10 granted to a domain below", m(ticket=t.text(granted=tlv(7, b"x.enterprise-b.example"))), \
        "TICKET_DOMAIN"
    yield "TKT-25 granted by another domain", m(ticket=t.text(granting=tlv(6, b"enterprise-x.example"))), \
        "TICKET_DOMAIN"
    yield "TKT-17 ticket before media", m(ticket=t.text(epoch=tlv(8, struct.pack(">I", 2))),
                                          body=sdp("RTP/AVP", "")), "TICKET_EPOCH"


def messages(m, t):
    """2.8, 2.11, 3.2, 4.2: (name, octets, counter, answer; None: none)."""
    good = t.text()
    for method in ("OPTIONS", "SUBSCRIBE", "MESSAGE", "REGISTER", "PUBLISH", "NOTIFY", "REFER", "INFO", "UPDATE",
                   "PRACK", "BYE", "FOO"):
        yield f"2.8 SIP-1 {method} outside a dialog", m(method, ticket=good), "NO_DIALOG", None
    for method in ("BYE", "PRACK", "UPDATE", "INFO", "REFER", "NOTIFY"):
        yield f"2.8 {method} of no dialog", m(method, to_tag=";tag=x"), "DIALOG_UNKNOWN", None
    yield "2.8 INVITE of no dialog", m(ticket=good, to_tag=";tag=x"), "DIALOG_UNKNOWN", NO_CALL
    yield "2.8 ACK of no call", m("ACK", to_tag=";tag=x"), "ACK_UNKNOWN", None
    yield "2.8 CANCEL of no INVITE", m("CANCEL"), "CANCEL_UNKNOWN", None
    yield "2.8 response to no request", m("BYE").replace(
        m("BYE").split(b"\r\n")[0], b"SIP/2.0 200 OK"), "RESPONSE_UNKNOWN", None
    yield "SIP-2 Route of others", m(ticket=good, extra="Route: <sip:other.example;lr>\r\n"), "ROUTE_DOMAIN", FORBIDDEN
    part = "--x\nContent-Type: application/sdp\n\n{}\n--x--\n"
    yield "SIP-5 a signed description", m(ticket=good, content="multipart/signed;boundary=x", body=part.format(sdp())), \
        "MULTIPART", UNSUPPORTED
    yield "SIP-5 SRTP-1 RTP in a part", m(ticket=good, content="multipart/mixed;boundary=x", body=part.format(
        sdp("RTP/AVP", ""))), "RTP_OVER_IME", NOT_HERE
    yield "SRTP-1 RTP in clear", m(ticket=good, body=sdp("RTP/AVP", "")), "RTP_OVER_IME", NOT_HERE
    yield "SRTP-1 RTP beside crypto", m(ticket=good, body=sdp("RTP/AVP")), "RTP_OVER_IME", NOT_HERE
    yield "SRTP-1 AVPF", m(ticket=good, body=sdp("RTP/AVPF", "")), "RTP_OVER_IME", NOT_HERE
    yield "SRTP-1 a second stream in clear", m(
        ticket=good, body=sdp() + "m=video 30002 RTP/AVP 96\na=rtpmap:96 VP8/90000\n"), "RTP_OVER_IME", NOT_HERE
    yield "4.2 SAVP without crypto", m(ticket=good, body=sdp(crypto="")), "SDP_NO_CRYPTO", NOT_HERE
    for name, line in (
            ("F8", "a=crypto:1 F8_128_HMAC_SHA1_80 inline:4fl6DT4Bi+DWT6MsBt5BOQ7Gda1Jiv7rtpYLOqvm\n"),
            ("key too short", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:4fl6DT4Bi+DWT6MsBt5BOQ==\n"),
            ("KDR", CRYPTO.rstrip() + " KDR=1\n"), ("not encrypted", CRYPTO.rstrip() + " UNENCRYPTED_SRTP\n"),
            ("not authenticated", CRYPTO.rstrip() + " UNAUTHENTICATED_SRTP\n")):
        yield f"SRTP-5 {name}", m(ticket=good, body=sdp(crypto=line)), "SDP_CRYPTO", NOT_HERE
    yield "4.1 IPv6 media", m(ticket=good, body=sdp(c="c=IN IP6 2001:db8::1\n")), "SDP_IPV6", NOT_HERE
    for name, counter in (("Via", "SIP_NO_VIA"), ("From", "SIP_NO_FROM"), ("To", "SIP_NO_TO"),
                          ("Call-ID", "SIP_NO_CALL_ID"), ("CSeq", "SIP_NO_CSEQ")):
        yield f"3.2 no {name}", m(ticket=good, drop=(name,)), counter, None
    yield "3.2 no Max-Forwards", m(ticket=good, drop=("Max-Forwards",)), "SIP_NO_MAX_FORWARDS", BAD
    yield "3.2 CSeq of another method", m(ticket=good, cseq_method="BYE"), "SIP_CSEQ_METHOD", BAD
    # What two readers could read in two ways.
    for name, short, value in (("Call-ID", "i", "another@203.0.113.254"), ("CSeq", "CSeq", "2 INVITE"),
                               ("From", "f", "<sip:x@enterprise-b.example>;tag=x"), ("To", "t", "<sip:x@y.example>"),
                               ("Max-Forwards", "Max-Forwards", "70")):
        yield f"3.2 {name} twice", m(ticket=good, extra=f"{short}: {value}\r\n"), "SIP_DUP_HEADER", BAD
    for name in ("From", "To", "Call-ID", "CSeq", "Max-Forwards", "Content-Length"):
        yield f"3.2 a space before the colon of {name}", m(ticket=good).replace(
            f"\r\n{name}:".encode(), f"\r\n{name} :".encode()), "SIP_SPACE_COLON", BAD
    yield "3.2 a space before the colon of the ticket", m(ticket=good).replace(
        b"Ticket:", b"Ticket :"), "SIP_SPACE_COLON", BAD


def streams(m, t):
    """3.2: what cannot be framed ends its connection: (name, octets, counter, answer)."""
    good = t.text()
    yield "SIP-4 no Content-Length", m(ticket=good, drop=("Content-Length",)), "SIP_NO_CONTENT_LENGTH", BAD
    yield "SIP-4 two of them", m(ticket=good, extra="l: 0\r\n"), "SIP_DUP_CONTENT_LENGTH", BAD
    yield "SIP-4 no number", m(ticket=good, Content_Length="+5"), "SIP_BAD_CONTENT_LENGTH", BAD
    yield "SIP-4 a header of 64 KiB", m(ticket=good, extra=f"X: {'x' * 65536}\r\n"), "SIP_HEADER_TOO_LONG", None
    yield "SIP-4 a body of 256 KiB", m(ticket=good, Content_Length=str(256 * 1024 + 1)), "SIP_BODY_TOO_LONG", BAD
    yield "SIP-4 a bare LF", m(ticket=good).replace(b"\r\nTo:", b"\nTo:"), "SIP_LINE_END", None
    yield "SIP-4 a bare CR", m(ticket=good, extra="Subject: a\rTo: <sip:x@y.example>\r\n"), "SIP_LINE_END", None
    yield "SIP-4 a NUL", m(ticket=good, extra="Subject: a\0b\r\n"), "SIP_LINE_END", None
    yield "SIP-4 no SIP", b"GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "SIP_NOT_SIP", None


def strangers(lab):
    """TLS-1: who does not get through the handshake, with whatever ticket: (name, identity, counter)."""
    yield "no certificate", None, "TLS_NO_CERT"
    yield "an unknown authority", "foreign", "TLS_CERT_UNTRUSTED"
    folder = lab.dir / "known-bad"
    for name, begin, end, usage, counter in (
            ("expired", -9, -1, "clientAuth", "TLS_CERT_EXPIRED"), ("early", 1, 9, "clientAuth", "TLS_CERT_EXPIRED"),
            ("purpose", -1, 9, "serverAuth", "TLS_CERT_REFUSED")):
        if not (folder / f"{name}.crt").exists():
            folder.mkdir(exist_ok=True)
            sh("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={DOMAIN['b']}", "-addext",
               f"subjectAltName=URI:sip:{DOMAIN['b']}", "-addext", f"extendedKeyUsage={usage}",
               "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.csr")
            (folder / f"{name}.crt").write_text(certs.sign(
                lab.dir / "ca", "ca", (folder / f"{name}.csr").read_text(), begin, end))
        yield name, folder / name, counter


def certificates(lab):
    """2.10: certificates that do not name the granted domain, by (name, path); their tickets are good."""
    folder = lab.dir / "known-bad"
    for i, (name, cn, alt) in enumerate((
            ("a DNS name beside a URI", "enterprise-b.example", "URI:sip:enterprise-c.example,DNS:enterprise-b.example"),
            ("a wildcard", "enterprise-b.example", "DNS:*.example"),
            ("a CN beside another name", "enterprise-b.example", "DNS:other.example"),
            ("a URI with a user", "enterprise-b.example", "URI:sip:bob@enterprise-b.example"),
            ("sips", "enterprise-b.example", "URI:sips:enterprise-b.example"))):
        if not (folder / f"{i}.crt").exists():
            certs.issue(lab.dir / "ca", "ca", folder, str(i), cn, alt)
        yield f"2.10 {name}", folder / str(i)
