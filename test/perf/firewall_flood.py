# SPDX-License-Identifier: BSD-3-Clause
"""The firewall under a flood of SYNs: to a host behind it, and to itself. In the lab, over veth: established
sessions between the DMZ and the Internet lose nothing, and whoever sets up TLS, known to callgate or not, gets
through. firewall.py makes a figure of it; alone: firewall_flood.py [SYNS-A-SECOND], 0 for as many as can be."""

import contextlib
import json
import os
import pathlib
import re
import socket
import ssl
import statistics
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from lablib import netns, syn_flood  # noqa: E402
from lablib.daemon import substitute  # noqa: E402
from lablib.flood import sources  # noqa: E402
from lablib.foreign import identity  # noqa: E402
from lablib.lab import Lab  # noqa: E402
from lablib.load import Load, grown, kernel_drops, ring_drops  # noqa: E402
from lablib.util import sh, wait_for  # noqa: E402

SESSIONS, PPS, SECONDS = 10000, 1, 20  # of each session, each way
ROUTER, IME, SIP = "209.165.200.254", "209.165.200.250", ("209.165.200.228", 5070)
TARGETS = f"{IME}:6084,{SIP[0]}:{SIP[1]}"
KNOWN = netns.FOREIGN
WIRES = (("inet", "to-a"), ("cg-a", "outside"), ("cg-a", "dmz"), ("dmz-a", "eth0"))


def thread_seconds(pid, tid):
    with open(f"/proc/{pid}/task/{tid}/stat", encoding="ascii", errors="replace") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


class Caller(threading.Thread):
    """Sets up TLS again and again: from one address, or each time from another that was never seen."""

    def __init__(self, lab, known):
        super().__init__(daemon=True)
        folder = identity(lab)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.check_hostname = False
        self.context.load_verify_locations(folder / "ca.pem")
        self.context.load_cert_chain(folder / "x.crt", folder / "x.key")
        self.known, self.stop, self.took, self.failed, self.n = known, threading.Event(), [], [], 0

    def once(self):
        self.n += 1
        name, source = ("foreign", KNOWN) if self.known else ("inet", f"100.64.{200 + self.n // 250}.{self.n % 250 + 1}")
        with netns.entered(name):
            raw = socket.socket()
        raw.settimeout(5)
        begin = time.monotonic()
        try:
            raw.bind((source, 0))
            raw.connect(SIP)
            with self.context.wrap_socket(raw):
                self.took.append(time.monotonic() - begin)
        except OSError as e:
            self.failed.append(str(e))
            raw.close()

    def run(self):
        while not self.stop.wait(0.25):
            self.once()


def mac_of(name, iface):
    return json.loads(sh(*netns.inside(name, "ip", "-j", "link", "show", "dev", iface)))[0]["address"].replace(":", "")


def configured(text):
    # A ring that holds what comes while the worker's CPU is somebody else's for a moment.
    return re.sub(r'(iface=(?:outside|dmz))"', r'\1,framecnt=16384"', substitute(
        text, r"sessions-max: \d+", "sessions-max: 262144"))


def measure(a_second, say):
    """{lost, sent, syns, ...} with so many SYNs a second; `a_second` 0: as many as one process can."""
    lab = Lab(say)
    with contextlib.ExitStack() as stack:
        stack.callback(lab.down)
        lab.up(patience_s=900)
        daemon = lab.daemons["a"]
        daemon.kill()
        daemon.configure(configured)
        daemon.start()
        daemon.ready()
        lab.warm_up()
        sources("inet", True)
        ends = {}
        for name, place, base, far in (("dmz", "dmz-a", 1 << 20, ROUTER), ("outside", "inet", 2 << 20, IME)):
            ends[name] = Load(place, PPS, SECONDS, base, (3 << 20) - base,
                              [(20000 + i, far, 20000 + i, "-", "-") for i in range(SESSIONS)])
            stack.callback(ends[name].end)
        callers = [Caller(lab, True), Caller(lab, False)]
        callers[0].once()  # from now on it is known
        ring_drops(daemon)
        kernel = kernel_drops(WIRES, ("inet", "dmz-a"))
        before, cpu, begin = daemon.counters(), thread_seconds(daemon.pid(), daemon.pid()), time.monotonic()
        ends["dmz"].say("go")  # it opens the sessions
        time.sleep(1.2)
        ends["outside"].say("go")
        time.sleep(1.2)
        flood = subprocess.Popen(
            netns.inside("inet", sys.executable, syn_flood.PROGRAM, "to-a", mac_of("cg-a", "outside"),
                         mac_of("inet", "to-a"), TARGETS, str(SECONDS - 4), str(a_second)),
            stdout=subprocess.PIPE, text=True)
        stack.callback(flood.kill)
        for c in callers:
            c.start()
        syns = int(flood.communicate()[0])
        for c in callers:
            c.stop.set()
            c.join(10)
        sent = {n: int(e.expect("sent", 60).split()[1]) for n, e in ends.items()}
        took = time.monotonic() - begin
        cpu = thread_seconds(daemon.pid(), daemon.pid()) - cpu
        time.sleep(0.5)
        for e in ends.values():
            e.say("stop")
        got = {n: json.loads(e.expect("received", 10)) for n, e in ends.items()}
        kernel = {**grown(kernel, kernel_drops(WIRES, ("inet", "dmz-a"))), **grown({}, ring_drops(daemon))}
        drops = {k: v for k, v in grown(before, daemon.counters()).items()
                 if k in {c["name"] for c in daemon.show_json("counters") if c["drop"]}}
        sources("inet", False)
        wait_for("callgate to answer", 5, daemon.answers)
    return {"sent": sum(sent.values()), "lost": sum(sent.values()) - sum(g["received"] for g in got.values()),
            "syns_a_second": syns / (SECONDS - 4), "control_load": cpu / took, "kernel": kernel, "drops": drops,
            **{name: {"done": len(c.took), "failed": c.failed, "median_s": statistics.median(c.took or [0]),
                      "longest_s": max(c.took, default=0)} for name, c in zip(("known", "unknown"), callers)}}


if __name__ == "__main__":
    os.environ.setdefault("BUILD", str(ROOT / "build-bench"))
    print(json.dumps(measure(float(sys.argv[1]) if len(sys.argv) > 1 else 0,
                             lambda text: print(f"firewall: {text}", file=sys.stderr, flush=True)), indent=1))
