# SPDX-License-Identifier: BSD-3-Clause
"""The dial of the lab's Internet: leads what the router forwards between the enterprises through the
program `impair`, while it runs. One rule a direction does it, so no packet is lost when the dial comes
or goes, and a lab without it costs nothing; if the program dies, its devices and their routes go too, and
the router forwards as before."""

import ipaddress
import json
import signal
import socket

from . import netns
from .daemon import find_program
from .util import LabError, alive, read_pid, sh, spawn, stop, tail, wait_for

OTHER = {"a": "b", "b": "a"}
DIRECTIONS = {"a-to-b": "a", "b-to-a": "b"} # and where it begins
DRAIN_S = 25 # more than the longest delay, and lateness on top
ANSWER_MAX = 1 << 16


def rule(site, device, number):
    """What comes from a site for the other one takes a table of its own. Neither that table's route nor
    the device's name means anything once the program has ended."""
    _, router, length = netns.SITES[OTHER[site]]
    network = ipaddress.ip_interface(f"{router}/{length}").network
    return (f"ip link set {device} txqueuelen 10000 up\n"
            f"ip route replace default dev {device} table {number}\n"
            f"ip rule add pref {number} iif to-{site} to {network} lookup {number}\n")


class Impair:
    def __init__(self, lab):
        self.dir = lab.dir / "impair"
        self.socket = self.dir / "socket"
        self.pid_file = self.dir / "pid"
        self.log = self.dir / "log"

    def running(self):
        return alive(read_pid(self.pid_file))

    def ask(self, request):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.settimeout(5)
            try:
                s.connect(str(self.socket))
                s.send(request.encode())
                answer = json.loads(s.recv(ANSWER_MAX) or "{}")
            except (OSError, ValueError) as e:
                raise LabError(f"impair: {e}\n{tail(self.log)}") from e
        if not answer or "error" in answer:
            raise LabError(answer.get("error", f"impair gave no answer\n{tail(self.log)}"))
        return answer

    def answers(self):
        try:
            return self.ask("stats")
        except LabError:
            return None

    # ---- in and out ----

    def switch_in(self):
        if self.running():
            return
        self.unlead() # one that died has left its rules
        self.dir.mkdir(exist_ok=True)
        self.socket.unlink(missing_ok=True)
        spawn(netns.inside("inet", str(find_program("impair")), str(self.socket)), self.log, self.pid_file)
        try:
            wait_for("impair to start", 5, lambda: self.answers() or not self.running(), 0.01)
            self.ask("stats")
            netns.script("inet", "".join(rule(site, device, 100 + i)
                                         for i, (device, site) in enumerate(DIRECTIONS.items())))
        except LabError:
            self.end()
            raise

    def unlead(self):
        for i in range(len(DIRECTIONS)):
            sh(*netns.inside("inet", "ip", "rule", "del", "pref", str(100 + i)), check=False)

    def end(self):
        self.unlead()
        stop(read_pid(self.pid_file), signal.SIGTERM)
        self.pid_file.unlink(missing_ok=True)

    def off(self):
        """The last counters; every packet on its way arrives before this returns."""
        self.unlead()
        if not self.running():
            return None
        last = self.stats()
        self.ask("stop")
        pid = read_pid(self.pid_file)
        wait_for("packets on their way to arrive", DRAIN_S, lambda: not alive(pid), 0.01)
        self.end()
        return last

    # ---- dials ----

    def set(self, **dials):
        """As `tools/lab impair` takes them: set(loss="8%", burst="4", direction="a-to-b")."""
        words = " ".join(f"{k.replace('_', '-')}={v}" for k, v in dials.items())
        before = self.running()
        self.switch_in()
        try:
            self.ask(f"set {words}")
        except LabError:
            if not before:
                self.end()
            raise
        return self.stats()

    def stats(self):
        """By direction; None when the dial is off. `not-read` is what the program was too slow for."""
        if not self.running():
            return None
        answer = self.ask("stats")
        links = json.loads(sh(*netns.inside("inet", "ip", "-j", "-s", "link", "show")))
        dropped = {link["ifname"]: link["stats64"]["tx"]["dropped"] for link in links}
        for direction, s in answer.items():
            s["counters"]["not-read"] = dropped[direction]
        return answer


# ---- for people ----

def dials_text(d):
    out = []
    if d["loss"]:
        out.append(f"loss {d['loss'] * 100:.4g}%" + (f" in bursts of {d['burst']:.4g}" if d["burst"] else ""))
    if d["delay-ms"]:
        out.append(f"delay {d['delay-ms']:g} ms" +
                   (f" +/- {d['jitter-ms']:g} ms" if d["jitter-ms"] else ""))
    if d["reorder"]:
        out.append(f"reorder {d['reorder'] * 100:.4g}% by {d['reorder-by-ms']:g} ms")
    if d["duplicate"]:
        out.append(f"duplicate {d['duplicate'] * 100:.4g}%")
    if not out:
        return "no dial turned"
    return ", ".join(out) + (" (UDP only)" if d["only"] == "udp" else "") + f"; seed {d['seed']}"


def text(stats):
    """What `tools/lab impair` prints."""
    if stats is None:
        return "the dial is off: the Internet of the lab is as good as its wires"
    out = []
    for direction, s in stats.items():
        c = s["counters"]
        out.append(f"{direction}: {dials_text(s['dials'])}")
        if "changes-in-s" in s:
            out.append(f"  other dials in {s['changes-in-s']:.1f} s")
        if not c["arrived"] + c["passed-by"]:
            continue
        lost = f"{c['lost'] / c['arrived']:.2%}" if c["arrived"] else "-"
        burst = f"{c['lost'] / c['loss-bursts']:.2f}" if c["loss-bursts"] else "-"
        out.append(f"  packets      {c['arrived']} arrived, {c['sent']} sent on, {c['on-their-way']} on their "
                   f"way, {c['passed-by']} passed by")
        out.append(f"  lost         {c['lost']} ({lost}) in {c['loss-bursts']} bursts, mean {burst}, longest "
                   f"{c['longest-burst']}")
        out.append(f"  duplicated   {c['duplicated']}, reordered {c['reordered']}")
        if "mean-delay-ms" in c:
            out.append(f"  delay        mean {c['mean-delay-ms']:.2f} ms, {c['least-delay-ms']:.2f} to "
                       f"{c['most-delay-ms']:.2f}")
        faults = {k: c[k] for k in ("line-full", "not-sent", "not-read") if c[k]}
        if faults:
            out.append("  NOT ASKED    " + ", ".join(f"{k} {v}" for k, v in faults.items()))
    return "\n".join(out)
