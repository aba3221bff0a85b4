# SPDX-License-Identifier: BSD-3-Clause
# `callgate map` against a small mapping service, whose messages are not our C code's. usage: test_map_cli.py CALLGATE
import json
import os
import pathlib
import re
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
from lablib import stun  # noqa: E402

TRANSACTION = bytes.fromhex("0102030405060708090a0b0c")
KEY = b"mapping-secret"
DOMAIN = "enterprise-b.example"
# protocol.md 6.4
PLAIN = "02e0002c 2112a442 0102030405060708090a0b0c 7f010008 000132d7 ea12d548 00190004 06000000 " \
        "ff010014 656e74657270726973652d622e6578616d706c65"
SIGNED = "02e00050 2112a442 0102030405060708090a0b0c 7f010008 000132d7 ea12d548 00190004 06000000 " \
         "ff010014 656e74657270726973652d622e6578616d706c65 " \
         "001c0020 2fca3e28c9027f157e7399bb733fa10e0514e4a44d2e4a7af37a21bf7bac8fdf"
SUCCESS = "03e00014 2112a442 0102030405060708090a0b0c 00200008 0001bd53 e1baae43 000d0004 00000258"
FORBIDDEN = "03f00014 2112a442 0102030405060708090a0b0c 0009000d 00000403 466f7262696464656e 000000"
EXPECTED = ("192.168.10.1:40001 stands for 203.0.113.10:5061, for 600 s\n", "")


def success(t, key=None, lifetime=600):
    return stun.message(stun.SUCCESS, t, [(stun.MAPPED, stun.address("192.168.10.1", 40001, t)),
                                          (stun.LIFETIME, struct.pack("!I", lifetime))], key)


class Service:
    """Answers each connection with what `answer` makes of its request: octets, or a list of what is sent bit by bit;
    None: silence."""

    def __init__(self, answer):
        self.answer = answer
        self.requests = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                c, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.connection, args=(c,), daemon=True).start()

    def connection(self, c):
        buf = b""
        while not stun.frame(buf):
            buf += c.recv(4096)
        self.requests.append(buf)
        answer = self.answer(buf[8:20])
        try:
            for piece in [answer] if isinstance(answer, bytes) else answer or []:
                c.sendall(piece)
                time.sleep(0.005)
            if answer is None:
                c.recv(1)
        except OSError:
            pass
        c.close()


def run(*args, **kw):
    p = subprocess.run([CALLGATE, "map", *args], capture_output=True, text=True, timeout=30, **kw)
    return p.returncode, p.stdout, p.stderr


class Map(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.key = self.folder / "mapping.key"
        self.key.touch(mode=0o600)
        self.key.write_bytes(KEY + b"\n")

    def ask(self, answer, *args, remote="203.0.113.10"):
        self.service = Service(answer)
        self.addCleanup(self.service.listener.close)
        return run(remote, "--server", self.service.address, *args)

    def asked(self):
        """The request, as if it had the transaction of the examples."""
        r = self.service.requests[-1]
        return r[:8] + TRANSACTION + r[20:]

    def test_the_examples_octets(self):
        """The examples of protocol.md 6.4, by the tests' own reader and writer."""
        plain, signed = bytes.fromhex(PLAIN), bytes.fromhex(SIGNED)
        self.assertEqual(stun.request("203.0.113.10", 5061, TRANSACTION, DOMAIN), plain)
        self.assertEqual(stun.request("203.0.113.10", 5061, TRANSACTION, DOMAIN, key=KEY), signed)
        self.assertEqual(success(TRANSACTION), bytes.fromhex(SUCCESS))
        self.assertEqual(stun.error(TRANSACTION, 403, "Forbidden"), bytes.fromhex(FORBIDDEN))
        self.assertEqual(stun.frame(signed), len(signed))
        self.assertTrue(stun.signed_with(stun.parse(signed), KEY))
        self.assertFalse(stun.signed_with(stun.parse(signed), b"mapping-secreT"))
        m = stun.parse(bytes.fromhex(SUCCESS))
        self.assertEqual((stun.mapped(m), stun.lifetime(m), stun.code(m)), (("192.168.10.1", 40001), 600, 0))
        self.assertEqual(stun.code(stun.parse(bytes.fromhex(FORBIDDEN))), 403)

    def test_a_request_and_its_answer(self):
        self.assertEqual(self.ask(success, "--domain", DOMAIN), (0, *EXPECTED))
        self.assertEqual(self.asked(), bytes.fromhex(PLAIN))
        transactions = {self.service.requests[-1][8:20]}
        for _ in range(3):
            self.ask(success)
            transactions.add(self.service.requests[-1][8:20])
        self.assertEqual(len(transactions), 4)  # never the same twice

    def test_an_answer_in_pieces(self):
        self.assertEqual(self.ask(lambda t: [success(t)[i:i + 1] for i in range(40)]), (0, *EXPECTED))

    def test_what_is_not_for_us_is_passed_over(self):
        other = bytes(12)
        self.assertEqual(self.ask(lambda t: stun.message(stun.INDICATION, t) + stun.error(other, 403) +
                                  stun.request("192.0.2.1", 5061, t) + success(t) + b"\xff"), (0, *EXPECTED))

    def test_json(self):
        code, out, err = self.ask(success, "--json", remote="203.0.113.10:5070")
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(json.loads(out), {"remote": "203.0.113.10:5070", "mapped": "192.168.10.1:40001",
                                           "lifetime_s": 600, "signed": False})
        code, out, err = self.ask(lambda t: stun.error(t, 420, "x", [(stun.UNKNOWN, b"\x7f\x02\x7f\x03")]), "--json")
        self.assertEqual((code, err), (1, ""))
        j = json.loads(out)
        self.assertEqual((j["remote"], j["error"], j["reason"], j["unknown_attributes"]),
                         ("203.0.113.10:5061", 420, "Unknown Attribute", [0x7f02, 0x7f03]))

    def test_remotes(self):
        for text, ip, port in (("192.0.2.1", "192.0.2.1", 5061), ("192.0.2.1:1", "192.0.2.1", 1),
                               ("2001:db8::1", "2001:db8::1", 5061), ("[2001:db8::1]", "2001:db8::1", 5061),
                               ("[2001:db8::1]:5070", "2001:db8::1", 5070)):
            self.ask(success, remote=text)
            m = stun.parse(self.service.requests[-1])
            self.assertEqual(stun.endpoint(stun.first(m, stun.REMOTE), m.transaction), (ip, port), text)
        for text in ("", "b.example", "192.0.2.1:", "192.0.2.1:0", "192.0.2.1:65536", "192.0.2", "[192.0.2.1", "::1]"):
            code, out, err = run(text, "--server", "127.0.0.1:1")
            self.assertEqual((code, out), (2, ""), text)
            self.assertIn("ADDRESS[:PORT]", err)

    def test_lifetime_and_release(self):
        self.ask(success, "--lifetime", "3600")
        self.assertEqual(stun.lifetime(stun.parse(self.asked())), 3600)
        self.ask(success)
        self.assertIsNone(stun.lifetime(stun.parse(self.asked())))
        self.assertEqual(self.ask(lambda t: success(t, lifetime=0), "--release"),
                         (0, "no mapping of 203.0.113.10:5061 is kept\n", ""))
        self.assertEqual(stun.lifetime(stun.parse(self.asked())), 0)

    def test_another_method(self):
        """Its bits stand around those of the class (RFC 8489 5)."""
        method = 0x0A5
        success_type = 0x0100 | (method & 0xF) | (method & 0x70) << 1 | (method & 0xF80) << 2
        code, out, _ = self.ask(lambda t: struct.pack("!H", success_type) + success(t)[2:], "--method", "0x0a5")
        self.assertEqual((code, out), (0, EXPECTED[0]))
        self.assertEqual(self.asked()[:2], struct.pack("!H", success_type & ~0x0100))

    def test_signed(self):
        self.assertEqual(self.ask(lambda t: success(t, KEY), "--domain", DOMAIN, "--key-file", self.key),
                         (0, *EXPECTED))
        self.assertTrue(stun.signed_with(stun.parse(self.service.requests[-1]), KEY))
        self.assertEqual(len(self.asked()), 100)
        service = Service(lambda t: success(t, KEY))
        with self.key.open() as f:
            code, out, _ = run("203.0.113.10", "--server", service.address, "--key-file", "-", "--json", stdin=f)
        service.listener.close()
        self.assertEqual((code, json.loads(out)["signed"]), (0, True))

    def test_an_unsigned_success_is_none(self):
        """Whoever has not the key cannot lead a call astray; an error is taken from anybody."""
        for key in (None, b"another-secret"):
            code, out, err = self.ask(lambda t: success(t, key), "--key-file", self.key)
            self.assertEqual((code, out), (1, ""))
            self.assertIn("not signed with the key; compare the key", err)
        code, out, err = self.ask(lambda t: stun.error(t, 401), "--key-file", self.key)
        self.assertEqual((code, out), (1, ""))
        self.assertIn("401 Unauthorized: the service has another key", err)

    def test_a_key_is_secret(self):
        os.chmod(self.key, 0o640)
        self.assertIn("chmod 600", run("192.0.2.1", "--server", "127.0.0.1:1", "--key-file", self.key)[2])
        os.chmod(self.key, 0o600)
        self.key.write_text("short\n")
        self.assertIn("a key is 10 to 64 characters",
                      run("192.0.2.1", "--server", "127.0.0.1:1", "--key-file", self.key)[2])
        self.assertRegex(run("--help")[1], r"(?s)--key-file FILE .*read what stands on a command line")

    def test_every_error_in_plain_words(self):
        for number, text in ((400, "loopback or multicast"), (401, "--key-file"), (403, "ucm-addresses"),
                             (420, "Update callgate"), (440, "IPv4"), (442, "TCP"), (486, "`quota`"),
                             (500, "callgate show logging"), (508, "`port-range`"), (438, "does not know")):
            code, out, err = self.ask(lambda t: stun.error(t, number, "\x1b[2Jterminal"))
            self.assertEqual((code, out), (1, ""), number)
            self.assertTrue(err.startswith(f"callgate: 203.0.113.10:5061: {number} "), err)
            self.assertIn(text, err)
            self.assertNotIn("\x1b", err)  # their words are not printed

    def test_what_is_no_answer(self):
        t = TRANSACTION
        for what, answer, text in (
                ("HTTP", b"HTTP/1.1 400 Bad Request\r\n\r\n", "no message of a mapping-service"),
                ("another cookie", bytes.fromhex("03e0000021124241") + t, "no message of a mapping-service"),
                ("too long", bytes.fromhex("03e004042112a442") + t, "no message of a mapping-service"),
                ("closed (MAP-1)", b"", "ask from a host of ucm-addresses"),
                ("half of one", success(t)[:39], "closed the connection without an answer")):
            code, out, err = self.ask(lambda _, a=answer: a)
            self.assertEqual((code, out), (1, ""), what)
            self.assertIn(text, err, what)
        for body in (b"\0\x20\0\x08\0\1", b"\0\x20\0\4\0\1\2\3", b"\0\x09\0\4\0\0\2\0"):
            code, _, err = self.ask(lambda t, b=body: stun.message(stun.SUCCESS, t)[:2] +
                                    struct.pack("!H", len(b) + -len(b) % 4) + stun.COOKIE + t + b + bytes(-len(b) % 4))
            self.assertEqual(code, 1)
            self.assertIn("makes no sense", err)

    def timed(self, at_least_s, *args, **kw):
        begin = time.monotonic()
        result = run(*args, **kw)
        self.assertGreater(time.monotonic() - begin, at_least_s)
        self.assertLess(time.monotonic() - begin, at_least_s + 2)
        return result

    def test_transaction_timer(self):
        def endless(t):
            while True:
                yield stun.message(stun.INDICATION, t)
        for answer in (lambda t: None, endless):
            service = Service(answer)
            code, _, err = self.timed(0.3, "192.0.2.1", "--server", service.address, "--timeout", "0.3")
            service.listener.close()
            self.assertEqual(code, 1)
            self.assertIn("no answer in time", err)

    def test_connection_timer(self):
        code, _, err = run("192.0.2.1", "--server", "127.0.0.1:1")
        self.assertEqual(code, 1)
        self.assertIn("Connection refused; does a mapping-service listen there", err)
        with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
            address = full.getsockname()
            waiting = [socket.socket() for _ in range(3)]
            for s in waiting:
                s.setblocking(False)
                s.connect_ex(address)
            code, _, err = self.timed(0.3, "192.0.2.1", "--server", f"127.0.0.1:{address[1]}",
                                      "--connect-timeout", "0.3")
            for s in waiting:
                s.close()
        self.assertEqual(code, 1)
        self.assertIn("no connection in time", err)

    def test_command_line(self):
        server = ("--server", "127.0.0.1:1")
        for args, text in (((), "usage: callgate map REMOTE"), (("192.0.2.1",), "--server"),
                           (("192.0.2.1", "192.0.2.2", *server), "usage"),
                           (("192.0.2.1", *server, "--lifetime", "0"), "expected 1 to 4294967295 seconds"),
                           (("192.0.2.1", *server, "--lifetime", "9", "--release"), "beside --release"),
                           (("192.0.2.1", *server, "--timeout", "nan"), "expected 0.01 to 600"),
                           (("192.0.2.1", *server, "--timeout", "601"), "expected 0.01 to 600"),
                           (("192.0.2.1", *server, "--method", "240"), "0x001 to 0xfff"),
                           (("192.0.2.1", *server, "--method", "0x1000"), "0x001 to 0xfff"),
                           (("192.0.2.1", *server, "--domain", "-x"), "domain name")):
            code, out, err = run(*args)
            self.assertEqual((code, out), (2, ""), args)
            self.assertIn(text, err)
        self.assertEqual(run("--help")[0], 0)

    def test_wireshark_reads_it(self):
        """tshark decodes what we send, and what we understand, as STUN: nothing malformed, and of our own attributes
        alone it says that it does not know them."""
        self.ask(lambda t: success(t, KEY), "--domain", DOMAIN, "--lifetime", "600", "--key-file", self.key)
        text, pcap = self.folder / "t.txt", self.folder / "t.pcap"
        text.write_text("".join(f"{way}\n000000 {m.hex(' ')}\n" for way, m in (
            ("I", self.asked()), ("O", success(TRANSACTION, KEY)), ("O", bytes.fromhex(FORBIDDEN)))))
        subprocess.run(["text2pcap", "-q", "-D", "-T", "3000,8060", text, pcap], check=True, capture_output=True)

        def tshark(*args):
            return subprocess.run(["tshark", "-r", pcap, "-d", "tcp.port==8060,stun", *args], check=True,
                                  capture_output=True, text=True).stdout
        self.assertEqual(tshark("-Y", "stun", "-T", "fields", "-e", "stun.type", "-e", "stun.att.lifetime").split(),
                         ["0x02e0", "600", "0x03e0", "600", "0x03f0"])
        self.assertEqual(tshark("-Y", "_ws.malformed || _ws.expert.severity >= error"), "")
        self.assertEqual(set(re.findall(r"Expert Info \((.*)\]", tshark("-V"))) - {
            f"Warning/Undecoded): Unknown attribute {a}" for a in ("0x7f01", "0xff01")}, set())
        self.assertEqual(tshark("-T", "fields", "-e", "stun.att.ipv4", "-e", "stun.att.port").split(),
                         ["192.168.10.1", "40001"])


if __name__ == "__main__":
    CALLGATE = sys.argv.pop()
    unittest.main()
