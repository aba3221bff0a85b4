# SPDX-License-Identifier: BSD-3-Clause
"""A new configuration under traffic: what it still allows loses nothing, what it does not allow ends, and what takes
a restart is refused."""

import os
import re
import signal
import socket
import threading
import time

from session import LabTest, wait_for

from lablib import netns
from lablib.util import LabError

OUTSIDE, MAPPED, REAL = "209.165.200.254", "209.165.200.228", "192.168.10.30"
ECHO = (OUTSIDE, 7007)
SERVICE = 8022  # of the call manager's host; nobody outside may ask for it at first
RULE = "    - extended permit tcp any host 192.168.10.30 eq 5070\n"


def sockets(name, kind):
    with netns.entered(name):
        s = socket.socket(type=kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.settimeout(5)
    return s


class Stream(threading.Thread):
    """Numbered datagrams from the call manager's host to an echo outside, 250 a second, until stop()."""

    def __init__(self):
        super().__init__(daemon=True)
        self.sent, self.back = 0, set()
        self.pausing, self.ending = threading.Event(), threading.Event()
        self.far, self.near = sockets("inet", socket.SOCK_DGRAM), sockets("ucm-a", socket.SOCK_DGRAM)
        self.far.bind(ECHO)
        threading.Thread(target=self.echo, daemon=True).start()
        threading.Thread(target=self.listen, daemon=True).start()
        self.start()

    def echo(self):
        while not self.ending.is_set():
            try:
                self.far.sendto(*self.far.recvfrom(64))
            except TimeoutError:
                pass

    def listen(self):
        while not self.ending.is_set():
            try:
                self.back.add(int(self.near.recv(64)))
            except TimeoutError:
                pass

    def run(self):
        while not self.pausing.is_set():
            self.near.sendto(b"%d" % self.sent, ECHO)
            self.sent += 1
            time.sleep(0.004)

    def stop(self):
        """Which did not come back."""
        self.pausing.set()
        self.join()
        end = time.monotonic() + 1
        while len(self.back) < self.sent and time.monotonic() < end:
            time.sleep(0.05)
        self.ending.set()
        return sorted(set(range(self.sent)) - self.back)


class Reload(LabTest):
    def setUp(self):
        super().setUp()
        self.daemon = self.lab.daemons["a"]
        self.was = self.daemon.config.read_text()
        self.addCleanup(lambda: (self.write(self.was), self.daemon.reload()))

    def write(self, text):
        self.daemon.config.write_text(text)

    def told(self, number):
        return self.daemon.log.read_text().count(f"-{number}: ")

    def test_under_traffic(self):
        """Rules come and go while a call and a stream of datagrams run: both lose nothing."""
        opened = self.was.replace(RULE, RULE + f"    - permit tcp any host {REAL} eq {SERVICE}\n", 1)
        self.assertNotEqual(opened, self.was)
        self.lab.connect("b1", "a1")
        stream = Stream()
        with sockets("ucm-a", socket.SOCK_STREAM) as listener:
            listener.bind((REAL, SERVICE))
            listener.listen(4)
            self.write(opened)
            changes = self.daemon.reload("check")["changes"]
            self.assertEqual([c["section"] for c in changes], ["access-lists"])
            with sockets("inet", socket.SOCK_STREAM) as s:
                s.settimeout(0.5)
                with self.assertRaises(OSError):  # a check changes nothing
                    s.connect((MAPPED, SERVICE))
            self.assertEqual(self.daemon.reload()["changes"], changes)
            with sockets("inet", socket.SOCK_STREAM) as s:
                s.connect((MAPPED, SERVICE))
                near, _ = listener.accept()
                with near:
                    near.settimeout(0.5)
                    s.sendall(b"one")
                    self.assertEqual(near.recv(8), b"one")
                    self.write(re.sub(r"conn: *1:00:00", "conn: 0:59:00", opened))
                    self.daemon.reload()
                    s.sendall(b"two")
                    self.assertEqual(near.recv(8), b"two")
                    before = self.daemon.counters()
                    self.write(self.was)
                    self.hang_up_daemon()
                    s.sendall(b"three")
                    with self.assertRaises(TimeoutError):
                        near.recv(8)
                    self.assertGreater(self.counted(before).get("ACL_DENY", 0), 0)
        wait_for("200 datagrams to be sent", 10, lambda: stream.sent >= 200)
        self.assertEqual(stream.stop(), [])
        self.assertEqual(self.lab.phones["a1"].calls(), 1)
        self.lab.hang_up("b1", "a1")
        self.assert_heard("a1", "b1", 0.8)
        self.assert_heard("b1", "a1", 0.8)

    def hang_up_daemon(self):
        told = self.told(339118)
        os.kill(self.daemon.pid(), signal.SIGHUP)
        wait_for("SIGHUP to be obeyed", 3, lambda: self.told(339118) == told + 1)

    def test_refused(self):
        """CLI-4: what takes a restart is refused whole, with its name; so is a file with a fault."""
        for find, put, says in ((r"maximum-sessions: *\d+", "maximum-sessions: 77", "takes a restart"),
                                (r"gateway: *[\d.]+", "gateway: nowhere", "found nowhere")):
            with self.subTest(put=put):
                text = re.sub(find, put, self.was, count=1)
                self.assertNotEqual(text, self.was)
                self.write(text.replace(RULE, "", 1))
                told = self.told(339119)
                with self.assertRaisesRegex(LabError, says):
                    self.daemon.reload()
                self.assertEqual(self.told(339119), told + 1)
                self.assertIn("5070", self.daemon.show("access-list", "incoming"))
