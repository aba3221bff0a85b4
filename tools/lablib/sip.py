# SPDX-License-Identifier: BSD-3-Clause
"""As much SIP (RFC 3261) over TCP and TLS as a test's user agent needs: one that calls, answers, confirms
and hangs up, and leaves the media to others."""

import queue
import secrets
import selectors
import socket
import ssl
import threading
import time

from . import netns
from .util import LabError

COPIED = ("via", "from", "to", "call-id", "cseq", "record-route")


class Message:
    def __init__(self, octets):
        head, _, self.body = octets.partition(b"\r\n\r\n")
        self.start, *lines = head.decode("utf-8", "replace").split("\r\n")
        self.headers = [(n.strip().lower(), v.strip()) for n, _, v in (x.partition(":") for x in lines)]
        self.method = None if self.start.startswith("SIP/2.0") else self.start.split()[0]
        self.status = 0 if self.method else int(self.start.split()[1])

    def all(self, name):
        return [v for n, v in self.headers if n == name]

    def one(self, name):
        return next(iter(self.all(name)), "")


def uri_of(value):
    """sip:a@b of `"x" <sip:a@b>;tag=1`."""
    return value.partition("<")[2].partition(">")[0] or value.partition(";")[0]


class Connection:
    """Messages over one connection. TLS is not for two threads at once, so whoever reads or writes holds
    the lock, and nobody waits for the other side while holding it."""

    def __init__(self, sock, ctx=None, server=False):
        sock.settimeout(5)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = ctx.wrap_socket(sock, server_side=server) if ctx else sock
        self.lock = threading.Lock()
        self.buf = b""

    def send(self, start, headers, body=b""):
        lines = [start] + [f"{n}: {v}" for n, v in headers]
        if body:
            lines.append("Content-Type: application/sdp")
        lines.append(f"Content-Length: {len(body)}")
        with self.lock:
            self.sock.settimeout(5)
            self.sock.sendall("\r\n".join([*lines, "", ""]).encode() + body)

    def read(self):
        """The messages that have come whole; None when the other side has closed."""
        with self.lock:
            self.sock.settimeout(0)
            try:
                while True:
                    part = self.sock.recv(65536)
                    if not part:
                        return None
                    self.buf += part
            except (BlockingIOError, ssl.SSLWantReadError):
                pass
            except OSError:
                return None
        out = []
        while True:
            self.buf = self.buf.lstrip(b"\r\n")
            head, mark, rest = self.buf.partition(b"\r\n\r\n")
            size = int(Message(head).one("content-length") or 0) if mark else 0
            if not mark or len(rest) < size:
                return out
            out.append(Message(head + mark + rest[:size]))
            self.buf = rest[size:]


class Call:
    """One dialog. `body` is the last SDP of the other side."""

    def __init__(self, agent, conn, number, invite=None):
        self.agent, self.conn, self.number = agent, conn, number
        self.replies = queue.Queue()
        self.acked, self.ended = threading.Event(), threading.Event()
        self.tag, self.cseq, self.branch = secrets.token_hex(6), 0, ""
        self.invite_cseq, self.asked = 0, ""
        self.invite_in = invite
        self.body = invite.body if invite else b""
        if invite:
            self.id = invite.one("call-id")
            self.target, self.routes = uri_of(invite.one("contact")), invite.all("record-route")
            self.local, self.remote = f"{invite.one('to')};tag={self.tag}", invite.one("from")
        else:
            self.id = f"{secrets.token_hex(8)}@{agent.ip}"
            self.target, self.routes = f"sip:{number}@{agent.peer_host}", []
            self.local = f"<{agent.uri}>;tag={self.tag}"
            self.remote = f"<sip:{number}@{agent.peer_domain}>"

    # ---- the caller's side ----

    def request(self, method, headers=(), body=b"", cseq=None, branch=None):
        if cseq is None:
            self.cseq += 1
            cseq = self.cseq
        branch = branch or "z9hG4bK" + secrets.token_hex(8)
        if method != "ACK":
            self.asked = f"{cseq} {method}"
        self.conn.send(f"{method} {self.target} SIP/2.0", [
            ("Via", f"SIP/2.0/{self.agent.transport} {self.agent.ip}:5070;branch={branch}"),
            ("Max-Forwards", "70"), *[("Route", r) for r in self.routes], ("From", self.local),
            ("To", self.remote), ("Call-ID", self.id), ("CSeq", f"{cseq} {method}"),
            ("Contact", f"<{self.agent.contact}>"), *headers], body)
        return branch

    def invite(self, sdp, headers=()):
        self.branch = self.request("INVITE", headers, sdp)
        self.invite_cseq = self.cseq

    def await_reply(self, deadline_s=8):
        """The final reply to the last request."""
        end = time.monotonic() + deadline_s
        while True:
            try:
                m = self.replies.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                raise LabError(f"no final reply in {deadline_s} s to call {self.id}") from None
            if m.status >= 200 and m.one("cseq") == self.asked:
                return m

    def await_answer(self, deadline_s=8):
        """200 to the INVITE, taken in but not yet confirmed."""
        m = self.await_reply(deadline_s)
        if m.status != 200:
            raise LabError(f"call {self.id} was refused: {m.start}")
        self.remote, self.target = m.one("to"), uri_of(m.one("contact"))
        self.routes, self.body = m.all("record-route")[::-1], m.body
        return m

    def ack(self):
        self.request("ACK", cseq=self.invite_cseq)

    # ---- the called side ----

    def reply(self, status, reason, sdp=b""):
        headers = [(n.title(), v) for n, v in self.invite_in.headers if n in COPIED]
        headers = [(n, self.local if n == "To" else v) for n, v in headers]
        self.conn.send(f"SIP/2.0 {status} {reason}", [*headers, ("Contact", f"<{self.agent.contact}>")], sdp)

    def answer(self, sdp):
        self.reply(200, "OK", sdp)

    # ---- both ----

    def bye(self):
        """Nothing when the other side was first."""
        if self.ended.is_set():
            return
        self.ended.set()
        self.request("BYE")
        self.await_reply()

    def take(self, m):
        """A message of this dialog, from the agent's thread."""
        if m.status:
            if "INVITE" not in m.one("cseq") or m.status < 300:
                self.replies.put(m)
                return
            self.remote = m.one("to")
            self.request("ACK", cseq=self.invite_cseq, branch=self.branch)  # of a refusal
            self.replies.put(m)
        elif m.method == "ACK":
            self.acked.set()
        else:
            if m.method in ("BYE", "CANCEL"):
                self.ended.set()
            headers = [(n.title(), v) for n, v in m.headers if n in COPIED]
            self.conn.send("SIP/2.0 200 OK", headers)
            if m.method == "CANCEL":
                self.reply(487, "Request Terminated")


class Agent:
    """A user agent in a namespace. `tls`: (context for connecting, context for accepting), or None for
    TCP. With `on_call` it also listens; that function gets each incoming Call on the agent's thread."""

    def __init__(self, namespace, ip, user, domain, tls=None, on_call=None, port=5070):
        self.namespace, self.ip, self.tls, self.on_call = namespace, ip, tls, on_call
        self.transport = "TLS" if tls else "TCP"
        self.uri = f"sip:{user}@{domain}"
        self.contact = f"sip:{user}@{ip}:{port};transport={self.transport.lower()}"
        self.peer_host = self.peer_domain = domain
        self.calls, self.poll = {}, selectors.DefaultSelector()
        self.running = True
        self.listener = None
        if on_call:
            with netns.entered(namespace):
                self.listener = socket.socket()
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.listener.bind((ip, port))
            self.listener.listen(64)
            self.poll.register(self.listener, selectors.EVENT_READ)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def connect(self, address):
        with netns.entered(self.namespace):
            raw = socket.socket()
        raw.settimeout(5)
        try:
            raw.connect(address)
            conn = Connection(raw, self.tls[0] if self.tls else None)
        except OSError:
            raw.close()
            raise
        self.poll.register(conn.sock, selectors.EVENT_READ, conn)
        return conn

    def call(self, conn, number, host, domain):
        self.peer_host, self.peer_domain = host, domain
        c = Call(self, conn, number)
        self.calls[c.id] = c
        return c

    def close(self):
        self.running = False
        self.thread.join(5)
        for key in list(self.poll.get_map().values()):
            key.fileobj.close()
        self.poll.close()

    def run(self):
        while self.running:
            for key, _ in self.poll.select(0.1):
                if key.data is None:
                    self.accept()
                    continue
                messages = key.data.read()
                if messages is None:
                    self.poll.unregister(key.fileobj)
                    key.fileobj.close()
                for m in messages or ():
                    self.dispatch(key.data, m)

    def accept(self):
        raw, _ = self.listener.accept()
        try:
            conn = Connection(raw, self.tls[1] if self.tls else None, server=True)
        except OSError:
            raw.close()
            return
        self.poll.register(conn.sock, selectors.EVENT_READ, conn)

    def dispatch(self, conn, m):
        call = self.calls.get(m.one("call-id"))
        if call:
            call.take(m)
        elif m.method == "INVITE" and self.on_call:
            call = Call(self, conn, uri_of(f"<{m.start.split()[1]}>").partition(":")[2].partition("@")[0], m)
            self.calls[call.id] = call
            self.on_call(call)
        elif m.method not in (None, "ACK"):
            conn.send("SIP/2.0 200 OK", [(n.title(), v) for n, v in m.headers if n in COPIED])
