# SPDX-License-Identifier: BSD-3-Clause
# tools/map-agent between a call manager that sends INVITEs, and a small mapping service.
import contextlib
import pathlib
import re
import select
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from lablib import stun  # noqa: E402

KEY = b"mapping-secret"
INVITE = "{method} sip:+14085550123@enterprise-a.example SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK{n}\r\n" \
         "Via: SIP/2.0/TCP 192.168.10.51:5062;branch=z9hG4bKphone\r\nf: <sip:b@x>;tag=1\r\nTo: <sip:a@y>\r\n" \
         "Call-ID: call-{n}\r\nCSeq: 7 {method}\r\nX-UCIME-Remote: {remote}\r\nContent-Length: 4\r\n\r\nv=0\n"


def success(m, key=None):
    """The address that it tells has the port of the one that was asked for, less 1000."""
    ip, port = stun.endpoint(stun.first(m, stun.REMOTE), m.transaction)
    return stun.message(stun.SUCCESS, m.transaction, [
        (stun.MAPPED, stun.address("192.168.10.1", port - 1000, m.transaction)),
        (stun.LIFETIME, struct.pack("!I", 600))], key)


class Service:
    """`answer` is given the requests of a connection so far, and says what is sent; None closes it."""

    def __init__(self, answer):
        self.answer = answer
        self.requests, self.connections = [], []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                self.connections.append(self.listener.accept()[0])
                threading.Thread(target=self.connection, args=(self.connections[-1],), daemon=True).start()

    def connection(self, c):
        buf, mine = b"", []
        with contextlib.suppress(OSError):
            while data := c.recv(4096):
                buf += data
                while n := stun.frame(buf):
                    mine.append(stun.parse(buf[:n]))
                    self.requests.append(mine[-1])
                    buf = buf[n:]
                    out = self.answer(mine)
                    if out is None:
                        c.shutdown(socket.SHUT_RDWR)
                        return
                    c.sendall(out)

    def close(self):
        self.listener.close()
        for c in self.connections:
            c.close()


class Agent(unittest.TestCase):
    def start(self, answer=lambda mine: success(mine[-1]), *options, port=None):
        self.service = Service(answer)
        self.addCleanup(self.service.close)
        agent = subprocess.Popen([sys.executable, ROOT / "tools" / "map-agent", "--listen", "127.0.0.1:0", "--service",
                                  f"127.0.0.1:{port or self.service.port}", *options], stderr=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (agent.kill(), agent.wait(), agent.stderr.close()))
        self.agent = agent
        self.udp = socket.socket(type=socket.SOCK_DGRAM)
        self.addCleanup(self.udp.close)
        self.udp.connect(("127.0.0.1", int(re.search(r"listens on 127.0.0.1:(\d+)", agent.stderr.readline())[1])))
        self.udp.settimeout(5)

    def send(self, n, method="INVITE", remote="sip:203.0.113.10:5070;transport=tcp"):
        self.udp.send(INVITE.format(n=n, method=method, remote=remote).encode())

    def answer(self):
        """(status, contact, Call-ID) of the next answer."""
        text = self.udp.recv(65536).decode()
        contact = re.search(r"Contact: <(.*)>", text)
        self.assertEqual(text.count("\r\nVia:"), 2)
        return int(text.split()[1]), contact and contact[1], re.search(r"Call-ID: (\S+)", text)[1]

    def ask(self, n, **kw):
        self.send(n, **kw)
        return self.answer()

    def silent(self, seconds=0.2):
        return not select.select([self.udp], [], [], seconds)[0]

    def test_an_invite_is_told_where_to_go(self):
        self.start()
        self.assertEqual(self.ask(1), (302, "sip:192.168.10.1:4070;transport=tcp", "call-1"))
        self.assertEqual(self.ask(2, remote="<sip:+1@192.0.2.7;user=phone>"),
                         (302, "sip:192.168.10.1:4061;transport=tcp", "call-2"))
        first = self.service.requests[0]
        self.assertEqual(stun.endpoint(stun.first(first, stun.REMOTE), first.transaction), ("203.0.113.10", 5070))
        self.assertEqual(stun.first(first, stun.DOMAIN), b"enterprise-a.example")
        self.assertEqual(stun.first(first, stun.TRANSPORT), stun.TCP)
        self.assertEqual(len(self.service.connections), 1)  # one for all

    def test_an_invite_that_comes_again_asks_once(self):
        self.start(lambda mine: b"".join(success(m) for m in mine) if len(mine) == 2 else b"")
        self.send(1)
        self.send(1)
        self.assertTrue(self.silent())
        self.send(2)
        self.assertEqual({self.answer()[2], self.answer()[2]}, {"call-1", "call-2"})
        self.assertEqual(self.ask(1)[0], 302)  # the answer was lost
        self.send(1, "ACK")
        self.assertTrue(self.silent())
        self.assertEqual(len(self.service.requests), 2)

    def test_answers_in_any_order(self):
        """MAP-5"""
        self.start(lambda mine: b"".join(success(m) for m in reversed(mine)) if len(mine) == 20 else b"")
        for n in range(20):
            self.send(n, remote=f"sip:203.0.113.10:{5000 + n}")
        got = {self.answer() for _ in range(20)}
        self.assertEqual(got, {(302, f"sip:192.168.10.1:{4000 + n};transport=tcp", f"call-{n}") for n in range(20)})

    def test_no_more_than_64_wait(self):
        """MAP-5"""
        self.start(lambda mine: b"".join(success(m) for m in mine) if len(mine) == 64 else b"")
        for n in range(65):
            self.send(n)
        got = [self.answer()[0] for _ in range(65)]
        self.assertEqual((got.count(302), got.count(503)), (64, 1))

    def test_what_fails_takes_the_pstn(self):
        self.start(lambda mine: stun.error(mine[-1].transaction, 486))
        self.assertEqual(self.ask(1), (503, None, "call-1"))
        self.assertEqual(self.ask(2, remote="sip:b.example"), (503, None, "call-2"))
        self.assertEqual(len(self.service.requests), 1)
        self.assertIn("486", "".join(self.agent.stderr.readline() for _ in range(2)))

    def test_connection_timer(self):
        with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
            for _ in range(3):
                s = socket.socket()
                self.addCleanup(s.close)
                s.setblocking(False)
                s.connect_ex(full.getsockname())
            self.start(None, "--connect", "0.3", port=full.getsockname()[1])
            begin = time.monotonic()
            for n in range(3):
                self.send(n)
            self.assertEqual([self.answer()[0] for n in range(3)], [503] * 3)
            self.assertTrue(0.3 < time.monotonic() - begin < 2)

    def test_nobody_listens(self):
        with socket.create_server(("127.0.0.1", 0)) as s:
            port = s.getsockname()[1]
        self.start(None, port=port)
        self.assertEqual(self.ask(1)[0], 503)

    def test_transaction_timer(self):
        """And a new connection for the next request."""
        self.start(lambda mine: success(mine[-1]) if len(self.service.connections) > 1 else b"", "--transaction", "0.3")
        begin = time.monotonic()
        self.assertEqual(self.ask(1)[0], 503)
        self.assertTrue(0.3 < time.monotonic() - begin < 2)
        self.assertEqual(self.ask(2)[0], 302)
        self.assertEqual(len(self.service.connections), 2)

    def test_idle_timer(self):
        self.start(lambda mine: success(mine[-1]), "--idle", "0.3")
        for n in range(3):
            self.assertEqual(self.ask(n)[0], 302)
            time.sleep(0.15)
        self.assertEqual(len(self.service.connections), 1)
        time.sleep(0.4)
        self.assertEqual(self.service.connections[0].recv(1), b"")
        self.assertEqual(self.ask(9)[0], 302)
        self.assertEqual(len(self.service.connections), 2)

    def test_a_service_that_was_started_anew(self):
        """A connection that has ended meanwhile costs no call; one that ends at once does."""
        self.start(lambda mine: success(mine[-1]) if len(mine) == 1 else None)
        self.assertEqual([self.ask(n)[0] for n in range(3)], [302] * 3)
        self.assertEqual(len(self.service.connections), 3)
        self.start(lambda mine: None)
        self.assertEqual(self.ask(1)[0], 503)
        self.assertEqual(len(self.service.connections), 1)

    def test_what_is_no_answer(self):
        for answer in (lambda mine: b"HTTP/1.1 400\r\n\r\n",
                       lambda mine: stun.message(stun.SUCCESS, mine[-1].transaction)):
            self.start(answer)
            self.assertEqual(self.ask(1)[0], 503)

    def test_signed(self):
        with tempfile.NamedTemporaryFile() as f:
            f.write(KEY + b"\n")
            f.flush()
            self.start(lambda mine: success(mine[-1], KEY), "--key-file", f.name)
            self.assertEqual(self.ask(1)[0], 302)
            for key in (None, b"another-secret"):
                self.start(lambda mine, k=key: success(mine[-1], k), "--key-file", f.name)
                self.assertEqual(self.ask(1)[0], 503)
                self.assertTrue(stun.signed_with(self.service.requests[0], KEY))

    def test_a_call_that_is_given_up(self):
        self.start(lambda mine: b"")
        self.send(1)
        self.send(1, "CANCEL")
        self.assertEqual([self.answer()[0], self.answer()[0]], [200, 487])

    def test_what_is_no_invite(self):
        self.start()
        for junk in (b"", b"\xff" * 100, b"INVITE sip:x SIP/2.0\r\n\r\n", b"SIP/2.0 200 OK\r\nVia: x\r\n\r\n"):
            self.udp.send(junk)
        self.assertTrue(self.silent())
        self.assertEqual(self.ask(1, method="OPTIONS")[0], 200)
        self.assertEqual(self.ask(2, method="REGISTER")[0], 405)
        self.assertEqual(self.ask(3)[0], 302)


if __name__ == "__main__":
    unittest.main()
