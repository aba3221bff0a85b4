# SPDX-License-Identifier: BSD-3-Clause
"""The mapping service's messages (protocol.md 6.3), written from the octets of its examples and from RFC 8489, not
from lib/mapping_msg.c: what speaks both ways with this is understood by others."""

import hashlib
import hmac
import ipaddress
import os
import struct
from collections import namedtuple

REQUEST, INDICATION, SUCCESS, ERROR = 0x02E0, 0x02F0, 0x03E0, 0x03F0
REMOTE, MAPPED, TRANSPORT, DOMAIN, LIFETIME = 0x7F01, 0x0020, 0x0019, 0xFF01, 0x000D
ERROR_CODE, UNKNOWN, INTEGRITY = 0x0009, 0x000A, 0x001C
COOKIE = bytes.fromhex("2112a442")
HEAD = 20
LENGTH_MAX = 1024
TCP = b"\6\0\0\0"

# attributes: [(type, value)]; signed: what stands before its signature and the signature, None without one
Message = namedtuple("Message", "kind transaction attributes signed")


def attribute(kind, value):
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def message(kind, transaction, attributes=(), key=None):
    """Octets of a message, signed when there is a key."""
    body = b"".join(attribute(k, v) for k, v in attributes)
    if key is not None:
        head = struct.pack("!HH", kind, len(body) + 36) + COOKIE + transaction
        body += attribute(INTEGRITY, hmac.digest(key, head + body, hashlib.sha256))
    return struct.pack("!HH", kind, len(body)) + COOKIE + transaction + body


def address(ip, port, transaction):
    """The value of XOR-REMOTE-ADDRESS and XOR-MAPPED-ADDRESS."""
    ip = ipaddress.ip_address(ip)
    mask = COOKIE + transaction
    return struct.pack("!BBH", 0, 1 if ip.version == 4 else 2, port ^ 0x2112) + \
        bytes(a ^ b for a, b in zip(ip.packed, mask))


def endpoint(value, transaction):
    """(ip, port) of such a value."""
    if len(value) not in (8, 20) or value[1] != (1 if len(value) == 8 else 2):
        raise ValueError(f"no address: {value.hex()}")
    ip = bytes(a ^ b for a, b in zip(value[4:], COOKIE + transaction))
    return str(ipaddress.ip_address(ip)), struct.unpack_from("!H", value, 2)[0] ^ 0x2112


def request(ip, port, transaction=None, domain=None, lifetime=None, key=None):
    transaction = transaction or os.urandom(12)
    attributes = [(REMOTE, address(ip, port, transaction)), (TRANSPORT, TCP)]
    if domain is not None:
        attributes.append((DOMAIN, domain.encode()))
    if lifetime is not None:
        attributes.append((LIFETIME, struct.pack("!I", lifetime)))
    return message(REQUEST, transaction, attributes, key)


def error(transaction, code, phrase="", more=()):
    value = struct.pack("!HBB", 0, code // 100, code % 100) + phrase.encode()
    return message(ERROR, transaction, [(ERROR_CODE, value), *more])


def frame(octets):
    """The length of the message that they begin with, 0 when it is not whole; ValueError when they begin none."""
    if octets[0:1] > b"\x3f" or not COOKIE.startswith(octets[4:8]):
        raise ValueError(f"no message: {octets[:HEAD].hex()}")
    if len(octets) < HEAD:
        return 0
    length = struct.unpack_from("!H", octets, 2)[0]
    if length % 4 or length > LENGTH_MAX:
        raise ValueError(f"a length of {length}")
    return HEAD + length if len(octets) >= HEAD + length else 0


def parse(octets):
    """A whole message; ValueError when its attributes do not fit."""
    kind, transaction = struct.unpack_from("!H", octets)[0], octets[8:20]
    attributes, signed, at = [], None, HEAD
    while at < len(octets) and signed is None:
        if len(octets) - at < 4:
            raise ValueError("half an attribute")
        what, n = struct.unpack_from("!HH", octets, at)
        value = octets[at + 4:at + 4 + n]
        if len(value) < n:
            raise ValueError(f"attribute {what:#06x} is longer than its message")
        if what == INTEGRITY:
            signed = octets[:2] + struct.pack("!H", at + 36 - HEAD) + octets[4:at], value
        else:
            attributes.append((what, value))
        at += 4 + n + -n % 4
    return Message(kind, transaction, attributes, signed)


def first(m, kind):
    return next((v for k, v in m.attributes if k == kind), None)


def signed_with(m, key):
    return m.signed is not None and hmac.compare_digest(hmac.digest(key, m.signed[0], hashlib.sha256), m.signed[1])


def code(m):
    """The error of an answer, 0 of a success."""
    value = first(m, ERROR_CODE)
    return value[2] * 100 + value[3] if value is not None and len(value) >= 4 else 0


def mapped(m):
    """(ip, port) that a success tells, None when it tells none."""
    value = first(m, MAPPED)
    return endpoint(value, m.transaction) if value is not None else None


def lifetime(m):
    value = first(m, LIFETIME)
    return struct.unpack("!I", value)[0] if value is not None else None
