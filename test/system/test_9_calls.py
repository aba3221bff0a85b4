# SPDX-License-Identifier: BSD-3-Clause
"""Many calls at once, set up within seconds, held, and ended: none fails, and nothing is left. SIPp is the
phone that takes them all, behind its call manager; the callers are on the Internet. 500 calls for 3 seconds;
with --long for 3 minutes."""

import pathlib
import ssl
import sys
import time

from session import LONG, LabTest, alone, wait_for

from lablib.daemon import LEFTOVERS, mint, substitute
from lablib.foreign import NAME, Foreign
from lablib.kamailio import MAPPED
from lablib.netns import FOREIGN
from lablib.sipp import Sipp

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "perf"))
import sip_load  # noqa: E402

CALLS, CONNECTIONS, AT_ONCE = 500, 4, 5  # of each connection, not answered yet
HELD_S = 180 if LONG else 3


class Held(sip_load.Load):
    """Callers that stay until told to go."""

    def __init__(self, *args):
        super().__init__(*args)
        self.held = []

    def answered(self, wire, lines):
        wire.out.append(self.request(wire, b"ACK", 1, lines))
        self.held.append((wire, lines))
        self.open -= 1
        if wire.left:
            self.begin(wire)

    def hang_up(self):
        for wire, lines in self.held:
            wire.out.append(self.request(wire, b"BYE", 2, lines))
            self.open += 1
        for wire in self.callers:
            wire.left = 0
            wire.flush()
        self.finish()


@alone
class Calls(LabTest):
    def callers(self, phone):
        foreign = Foreign(self.lab)
        self.addCleanup(foreign.close)
        ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        ctx.check_hostname = False
        ctx.load_verify_locations(self.lab.dir / "ca" / "ca.pem")
        ctx.load_cert_chain(foreign.dir / "x.crt", foreign.dir / "x.key")
        load = Held("foreign", [FOREIGN] * CONNECTIONS, ctx, (MAPPED["a"], 5070), None, phone.number,
                    mint(self.lab, "a", phone.number, granted=NAME))
        self.addCleanup(load.close)
        return load

    def test_500_calls_at_once(self):
        daemon, phone = self.lab.daemons["a"], self.lab.phones["a2"]
        # Nobody speaks: test_9_soak.py does. Without this, calls that are held for minutes would go on over
        # the PSTN, and end.
        self.restart("a", lambda text: substitute(substitute(
            text, r"sip_media: \S+,", "sip_media: 1:00:00,"), r"default-sensitivity: \d", "default-sensitivity: 0"))
        idle = {k: daemon.usage()[k] for k in LEFTOVERS}
        refusals, before = daemon.refusals(), daemon.counters()
        sipp = Sipp(phone, CALLS)
        self.addCleanup(sipp.close)
        load = self.callers(phone)
        begin = time.monotonic()
        load.place(CALLS // CONNECTIONS, AT_ONCE)
        took = time.monotonic() - begin
        usage = daemon.usage()
        self.assertEqual((len(load.held), usage["calls"], usage["streams"], usage["media_ports"]),
                         (CALLS, CALLS, CALLS, CALLS))
        time.sleep(HELD_S)
        self.assertEqual(daemon.usage()["calls"], CALLS)
        load.hang_up()
        sipp.judge(10)
        self.idle()
        wait_for(f"callgate a to hold no more than before: {idle}", 10, lambda: not self.moved("a", idle))
        counted = self.counted(before)
        print(f"    {CALLS} calls set up in {took:.2f} s, held for {HELD_S} s; afterwards {daemon.usage()}", flush=True)
        self.assertEqual((counted["CALLS_ANSWERED"], counted["CALLS_ENDED"]), (CALLS, CALLS))
        self.assertEqual(daemon.refusals(), refusals)
