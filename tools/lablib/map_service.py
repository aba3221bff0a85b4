# SPDX-License-Identifier: BSD-3-Clause
"""A connection to a mapping service and the transactions over it, with the three timers of protocol.md 6.1."""

import asyncio
import os

from . import stun

PENDING_MAX = 64  # MAP-5: more is refused with 486


class Failed(Exception):
    """There is no mapping; the text says why."""


class Lost(Failed):
    """The connection ended before the answer came."""


class MapService:
    def __init__(self, host, port, *, key, connect_s, transaction_s, idle_s, say):
        self.host, self.port, self.key = host, port, key
        self.connect_s, self.transaction_s, self.idle_s = connect_s, transaction_s, idle_s
        self.say = say
        self.waiting = {}    # transaction -> future of its answer
        self.opening = None  # task that connects, for whoever needs a connection meanwhile
        self.writer = None
        self.idle_timer = None

    async def map(self, ip, port, domain=None):
        """((inside ip, port), lifetime in seconds). Raises Failed."""
        used = self.writer is not None
        try:
            return await self.ask(ip, port, domain)
        except Lost:
            if not used:
                raise
            return await self.ask(ip, port, domain)  # the service has closed, or was started anew, since the last one

    async def ask(self, ip, port, domain):
        if len(self.waiting) >= PENDING_MAX:
            raise Failed(f"{PENDING_MAX} requests wait for an answer")
        await self.connected()
        transaction = os.urandom(12)
        future = self.waiting[transaction] = asyncio.get_running_loop().create_future()
        self.busy()
        self.writer.write(stun.request(ip, port, transaction, domain, key=self.key))
        try:
            return self.judge(await asyncio.wait_for(future, self.transaction_s))
        except asyncio.TimeoutError:
            # Whoever does not answer one will not answer the next: a new connection may find the way.
            self.drop(f"no answer within {self.transaction_s:g} s")
            raise Failed(f"no answer within {self.transaction_s:g} s") from None
        finally:
            self.waiting.pop(transaction, None)
            self.busy()

    def judge(self, m):
        """As `callgate map`: a success that is not signed is none, an error is taken from anybody."""
        if m.kind == stun.ERROR:
            raise Failed(f"the service says {stun.code(m)}; `callgate map` explains it")
        if self.key is not None and not stun.signed_with(m, self.key):
            raise Failed("the answer is not signed with the key")
        if stun.mapped(m) is None:
            raise Failed("the answer has no address")
        return stun.mapped(m), stun.lifetime(m)

    # ---- the connection ----

    async def connected(self):
        if self.writer is None:
            if self.opening is None:
                self.opening = asyncio.create_task(self.open())
            await asyncio.shield(self.opening)  # others may need it although this call is given up

    async def open(self):
        where = f"{self.host}:{self.port}"
        try:
            reader, self.writer = await asyncio.wait_for(
                asyncio.open_connection(self.host, self.port), self.connect_s)
        except asyncio.TimeoutError:
            raise Failed(f"{where}: no connection within {self.connect_s:g} s") from None
        except OSError as e:
            raise Failed(f"{where}: {e.strerror or e}") from None
        finally:
            self.opening = None
        self.say(f"connected to {where}")
        self.reading = asyncio.create_task(self.read(reader, self.writer))

    async def read(self, reader, writer):
        buf, why = b"", "closed by the service"
        try:
            while data := await reader.read(4096):
                buf += data
                while n := stun.frame(buf):
                    self.take(stun.parse(buf[:n]))
                    buf = buf[n:]
        except (OSError, ValueError) as e:
            why = str(e)
        if writer is self.writer:
            self.drop(why)

    def take(self, m):
        future = self.waiting.get(m.transaction)
        if future is not None and not future.done() and m.kind in (stun.SUCCESS, stun.ERROR):
            future.set_result(m)

    def drop(self, why):
        """Mappings outlive the connection (MAP-4); requests do not."""
        if self.writer is not None:
            self.say(f"connection ended: {why}")
            self.writer.close()
            self.writer = None
        for future in self.waiting.values():
            if not future.done():
                future.set_exception(Lost(why))

    def busy(self):
        if self.idle_timer is not None:
            self.idle_timer.cancel()
        self.idle_timer = asyncio.get_running_loop().call_later(self.idle_s, self.when_idle)

    def when_idle(self):
        if self.writer is not None and not self.waiting:
            self.drop(f"idle for {self.idle_s:g} s")
