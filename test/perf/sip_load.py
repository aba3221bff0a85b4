# SPDX-License-Identifier: BSD-3-Clause
"""The load of the signalling bench: whole calls through a proxy, callers outside over TLS and a
called side inside over TCP, all in one thread. It reads no more of a message than it needs."""

import selectors
import socket
import ssl

from lablib import netns, peer
from lablib.util import LabError

STALL_S = 5  # without a message the proxy has lost a call
COPIED = (b"via:", b"from:", b"call-id:", b"cseq:", b"record-route:")
ANSWER_SDP = peer.SDP.format(proto="RTP/AVP", crypto="").replace("\n", "\r\n").replace(
    "203.0.113.254", "{ip}").encode()


class Wire:
    """SIP messages over one kept connection. What is sent within one turn leaves as one write."""

    def __init__(self, sock, take):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)
        self.sock, self.take, self.buf, self.out = sock, take, b"", []

    def read(self):
        try:
            while True:
                part = self.sock.recv(65536)
                if not part:
                    raise LabError("the proxy closed a connection")
                self.buf += part
        except (BlockingIOError, ssl.SSLWantReadError):
            pass
        while True:
            if self.buf.startswith(b"\r\n"):
                self.buf = self.buf[2:]
                continue
            head, mark, rest = self.buf.partition(b"\r\n\r\n")
            if not mark:
                break
            lines = head.split(b"\r\n")
            size = next((int(x[15:]) for x in lines if x[:15].lower() == b"content-length:"), 0)
            if len(rest) < size:
                break
            self.buf = rest[size:]
            self.take(self, lines)
        self.flush()

    def flush(self):
        if self.out:
            octets, self.out = b"".join(self.out), []
            self.sock.settimeout(STALL_S)
            self.sock.sendall(octets)
            self.sock.setblocking(False)


def value(line):
    return line.partition(b":")[2].strip()


def values(lines, name):
    return [value(x) for x in lines if x[:len(name)].lower() == name]


class Load:
    """Calls to a proxy's address from callers in a namespace, with a connection for each of their
    addresses; `called` is the namespace, address and port to which the proxy sends them, or None where
    somebody else takes them."""

    def __init__(self, space, callers, ctx, proxy, called, number, ticket):
        self.called = called
        self.open = self.serial = self.hung_up = 0
        self.poll = selectors.DefaultSelector()
        head, mark, sdp = peer.invite(number, "@TAG@", ticket).partition(b"\r\n\r\n")
        self.head, self.sdp = head, mark + sdp
        self.callers = [self.connect(space, address, ctx, proxy) for address in callers]
        self.cipher = self.callers[0].sock.cipher()
        if called is None:
            return
        with netns.entered(called[0]):
            self.listener = socket.create_server((called[1], called[2]), backlog=64)
        self.listener.setblocking(False)
        self.poll.register(self.listener, selectors.EVENT_READ)
        self.answer = ANSWER_SDP.replace(b"{ip}", called[1].encode())

    def close(self):
        for key in list(self.poll.get_map().values()):
            key.fileobj.close()
        self.poll.close()

    def connect(self, space, address, ctx, proxy):
        with netns.entered(space):
            raw = socket.create_connection(proxy, STALL_S, (address, 0))
        wire = Wire(ctx.wrap_socket(raw), self.from_proxy)
        wire.address, wire.left = address.encode(), 0
        wire.invite = self.head.replace(b"203.0.113.254", wire.address) + self.sdp
        self.poll.register(wire.sock, selectors.EVENT_READ, wire)
        return wire

    # ---- the caller ----

    def begin(self, wire):
        self.serial += 1
        self.open += 1
        wire.left -= 1
        wire.out.append(wire.invite.replace(b"@TAG@", b"%x-%x" % (id(self) & 0xffff, self.serial)))

    def request(self, wire, method, cseq, lines):
        """In the dialog that an answer made."""
        call = values(lines, b"call-id:")[0]
        routes = b"".join(b"Route: %s\r\n" % r for r in reversed(values(lines, b"record-route:")))
        return (b"%s %s SIP/2.0\r\nVia: SIP/2.0/TLS %s:5070;branch=z9hG4bK%s-%s\r\n%sFrom: %s\r\n"
                b"To: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\nMax-Forwards: 70\r\n"
                b"Content-Length: 0\r\n\r\n" % (
                    method, values(lines, b"contact:")[0].strip(b"<>"), wire.address,
                    method, call.partition(b"@")[0], routes, values(lines, b"from:")[0],
                    values(lines, b"to:")[0], call, cseq, method))

    def from_proxy(self, wire, lines):
        status, cseq = lines[0].split()[1], values(lines, b"cseq:")[0]
        if status[:1] == b"1":
            return
        if status != b"200":
            raise LabError(f"a call failed: {lines[0].decode()}, {cseq.decode()}")
        if cseq.endswith(b"INVITE"):
            self.answered(wire, lines)
            return
        self.open -= 1
        if wire.left:
            self.begin(wire)

    def answered(self, wire, lines):
        wire.out += [self.request(wire, b"ACK", 1, lines), self.request(wire, b"BYE", 2, lines)]

    # ---- the called side ----

    def to_called(self, wire, lines):
        method = lines[0].split(b" ", 1)[0]
        if method == b"ACK":
            return
        copied = b"".join(x + b"\r\n" for x in lines[1:] if x.lower().startswith(COPIED))
        to = values(lines, b"to:")[0]
        if method == b"INVITE":
            copied += (b"To: %s;tag=c\r\nContact: <sip:called@%s:%d;transport=tcp>\r\n" %
                       (to, self.called[1].encode(), self.called[2]))
            wire.out += [b"SIP/2.0 180 Ringing\r\n%sContent-Length: 0\r\n\r\n" % copied,
                         b"SIP/2.0 200 OK\r\n%sContent-Type: application/sdp\r\n"
                         b"Content-Length: %d\r\n\r\n%s" % (copied, len(self.answer), self.answer)]
        else:
            self.hung_up += method == b"BYE"  # callgate asks with OPTIONS how we are
            wire.out.append(b"SIP/2.0 200 OK\r\n%sTo: %s\r\nContent-Length: 0\r\n\r\n" %
                            (copied, to))

    # ---- the loop ----

    def turn(self):
        ready = self.poll.select(STALL_S)
        if not ready:
            raise LabError(f"{self.open} calls got no answer within {STALL_S} s")
        for key, _ in ready:
            if key.data is None:
                wire = Wire(self.listener.accept()[0], self.to_called)
                self.poll.register(wire.sock, selectors.EVENT_READ, wire)
            else:
                key.data.read()

    def finish(self):
        while self.open:
            self.turn()

    def place(self, calls, at_once):
        """So many calls from each caller, and so many of them at once, until none waits for an answer."""
        for wire in self.callers:
            wire.left = calls
            for _ in range(at_once):
                self.begin(wire)
            wire.flush()
        self.finish()

    def run(self, calls, at_once):
        """The same with whole calls."""
        self.place(calls, at_once)
        if self.hung_up != self.serial:
            raise LabError(f"{self.serial} calls, of which {self.hung_up} ended inside")
