# SPDX-License-Identifier: BSD-3-Clause
"""callgate at work: a call with a ticket gets through, and eight with a bad one do not; or the Internet fails a
call, and it goes on over the PSTN; or callgate stands beside an ordinary firewall. Every claim is checked as it is made."""

import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from lablib import capture, demo_fallback, demo_offpath, refusals  # noqa: E402
from lablib.daemon import LEFTOVERS, find_program  # noqa: E402
from lablib.lab import Lab  # noqa: E402
from lablib.util import LabError, build_dir, run_with_progress, wait_for  # noqa: E402

POINTS = {
    1: "a call with a ticket gets through",
    2: "both hear each other, and nothing in clear crosses the Internet",
    3: "the show commands tell of the call",
    4: "calls with a bad ticket do not get through, and take the PSTN",
    5: "after hanging up nothing is left",
}
TALK_S = 6.0
PATIENCE_S = 900


class Story:
    """Tells and keeps the verdicts."""

    def __init__(self, to, points):
        self.to = to
        self.points = points
        self.begin = time.monotonic()
        self.checks = []

    def say(self, text=""):
        print(f"[{time.monotonic() - self.begin:5.1f} s] {text}" if text else "", file=self.to,
              flush=True)

    def quote(self, title, text):
        self.say(title)
        for line in text.rstrip("\n").split("\n"):
            print(f"            | {line}", file=self.to)
        self.to.flush()

    def check(self, point, claim, ok, evidence):
        self.checks.append({"point": point, "claim": claim, "ok": bool(ok), "evidence": evidence})
        self.say(f"  {'ok    ' if ok else 'FAILED'} {claim}: {evidence}")

    def verdicts(self):
        out = []
        for point, title in self.points.items():
            mine = [c for c in self.checks if c["point"] == point]
            out.append({"point": point, "title": title, "ok": bool(mine) and all(c["ok"] for c in mine),
                        "checks": mine})
        return out


def build(story):
    path = build_dir()
    begin = time.monotonic()
    story.say(f"building in {path}")
    steps = [["ninja", "-C", path, "cp/callgated", "tools/callgate/callgate"]]
    if not (path / "build.ninja").is_file():
        steps.insert(0, ["meson", "setup", path, ROOT])
    for command in steps:
        code, out = run_with_progress(command, lambda line: story.say(f"  {line}"))
        if code:
            raise LabError(f"the build failed\n{out[-6000:]}")
    story.say(f"built in {time.monotonic() - begin:.1f} s")


def the_call(story, lab):
    """Points 1, 2, 3, and the first half of 5."""
    a, b = lab.daemons["a"], lab.daemons["b"]
    idle = {s: d.usage() for s, d in lab.daemons.items()}
    before, seen = a.statistics(), lab.ucms["a"].seen()
    story.say("listening on the Internet's wire and, to see that the ear works, on the wire inside A")
    wires = {"internet": lab.capture("internet", "inet", "to-a"),
             "inside": lab.capture("inside", "lan-a", "to-callgate")}

    story.say("phone b1 (+1 212 555 0199, enterprise B) dials +1 408 555 0123 (enterprise A)")
    for name in ("a1", "b1"):
        lab.phones[name].clear_recordings()
    took = lab.connect("b1", "a1")
    now = lab.ucms["a"].seen()
    story.check(1, "phone a1 answered", True, f"{took * 1000:.0f} ms after dialling")
    story.check(1, "the INVITE reached call manager A from the Internet, ticket and all",
                now["from-internet"] == seen["from-internet"] + 1 and now["ticket"] == seen["ticket"] + 1
                and now["from-pstn"] == seen["from-pstn"],
                f"{now['from-internet'] - seen['from-internet']} from the Internet, "
                f"{now['from-pstn'] - seen['from-pstn']} from the PSTN")
    story.check(1, "callgate A found no fault with the ticket", not refusals.moved(before, a.statistics()),
                "none of the nine counters moved")

    story.say(f"they talk for {TALK_S:g} s: b1 plays 1000 Hz, a1 plays 440 Hz")
    time.sleep(TALK_S)
    the_show(story, a, b)

    lab.hang_up("b1", "a1")
    story.say("b1 has hung up")
    the_media(story, lab, {k: w.stop() for k, w in wires.items()})
    the_end(story, lab, before, idle)


def the_show(story, a, b):
    for d, outside, inside in ((a, "209.165.200.229", "192.168.10.3"),
                               (b, "203.0.113.11", "192.168.20.3")):
        name = f"callgate {d.site.upper()}"
        signalling = d.show("uc-ime", "signaling-sessions")
        story.quote(f"{name}# show uc-ime signaling-sessions", signalling)
        story.check(3, f"{name} shows one signalling session with both media legs",
                    "1 in use" in signalling and "Local SRTP key set : Remote SRTP key set" in signalling and
                    outside in signalling and inside in signalling, "as printed above")
        media = d.show("uc-ime", "media-sessions", "detail")
        story.quote(f"{name}# show uc-ime media-sessions detail", media)
        story.check(3, f"{name} shows SRTP outside and RTP inside",
                    f"SRTP conn {outside}/" in media and f"RTP conn {inside}/" in media,
                    "as printed above")


def the_media(story, lab, wires):
    for who, other in (("a1", "b1"), ("b1", "a1")):
        h = lab.heard(who, other)
        story.check(2, f"{who} heard {other}", h["share"] > 0.9 and h["seconds"] > TALK_S - 1,
                    f"{h['seconds']} s recorded, {h['share']:.1%} of the power at {h['tone']} Hz, "
                    f"{h['own-share']:.1%} at its own")
    net, inside = capture.judge(wires["internet"]), capture.judge(wires["inside"])
    text = "{srtp-packets} SRTP, {rtp-in-clear} RTP in clear; {tls} TLS, {sip-in-clear} SIP in clear, " \
           "{tcp-not-tls} TCP that is no TLS"
    story.check(2, "Internet: media sealed, signalling under TLS",
                net["nothing-in-clear"] and net["tls"] > 0 and
                len([s for s in net["streams"] if s["sealed"]]) == 2 and
                net["srtp-packets"] > 2 * 45 * TALK_S, text.format(**net))
    story.check(2, "the same ear finds the clear call inside A",
                inside["rtp-in-clear"] > 2 * 45 * TALK_S and inside["sip-in-clear"] > 0 and
                inside["srtp-packets"] == 0, text.format(**inside))


def the_end(story, lab, before, idle):
    a = lab.daemons["a"]
    for site, d in lab.daemons.items():
        name = f"callgate {site.upper()}"
        try:
            wait_for("no session", 5, lambda d=d: d.statistics()["in-use"] == 0)
        except LabError:
            pass
        try:
            wait_for("no stream", 5, lambda d=d: d.usage()["streams"] == 0)
        except LabError:
            pass
        s, u = d.statistics(), d.usage()
        story.check(5, f"{name} has no session, no media port and no stream left",
                    s["in-use"] == 0 and all(u[k] <= idle[site][k] for k in ("streams", "media_ports")),
                    f"{s['in-use']} in use, {s['terminated']} terminated, {u['streams']} streams, "
                    f"{u['media_ports']} media ports")
    ended = a.statistics()["terminated"] - before["terminated"]
    story.check(5, "callgate A counts the call as ended", ended == 1, f"{ended} terminated")


def bad_tickets(story, lab):
    a = lab.daemons["a"]
    for what in refusals.CASES:
        story.say(f"phone b2 dials +1 408 555 0124; its ticket is {what}")
        r = refusals.refuse(lab, what)
        story.check(4, f"refused ({what}), and the call was made over the PSTN", r["ok"],
                    f"`{r['counter']}` is the one counter that moved, {r['invites-from-internet']} INVITE "
                    f"from the Internet at call manager A, {r['invites-from-pstn']} from the PSTN, "
                    f"answered after {r['set-up-s']} s" if r["ok"] else json.dumps(r))
    story.quote("callgate A# show uc-ime signaling-sessions statistics",
                a.show("uc-ime", "signaling-sessions", "statistics"))


def silence(story, lab):
    story.say("callgate B has the default action, drop: a2 dials b2 with a forged ticket and hears silence "
              "until its call manager's timer (3 s) sends the call to the PSTN")
    r = refusals.refuse(lab, "forged", caller="a2", callee="b2")
    story.check(4, "dropped in silence, and the call was made over the PSTN",
                r["ok"] and 2.5 < r["set-up-s"] < 6, f"answered after {r['set-up-s']} s, moved: {r['moved']}")


def no_leftovers(story, lab, idle):
    def left(site):
        now = lab.daemons[site].usage()
        return {k: (idle[site][k], now[k]) for k in LEFTOVERS if now[k] > idle[site][k]}
    for site in lab.daemons:
        try:
            wait_for("resources to come back", 8, lambda s=site: not left(s))
        except LabError:
            pass
        now = lab.daemons[site].usage()
        story.check(5, f"callgate {site.upper()} holds no more than before the first call", not left(site),
                    ", ".join(f"{k} {now[k]} (was {idle[site][k]})" for k in LEFTOVERS))


def stay(story, lab):
    story.say("The lab stays up. To look around:")
    for line in ("tools/lab status", "tools/lab call B1 A1 --seconds 20",
                 "tools/lab shell inet         # tcpdump -ni to-a: TLS and SRTP",
                 "tools/lab shell callgate-a   # tcpdump -ni inside: SIP and RTP",
                 f"{find_program('callgate')} show uc-ime signaling-sessions --socket "
                 f"{lab.daemons['a'].socket}",
                 *(demo_offpath.hints(lab) if lab.topology == "offpath" else ()),
                 "tools/lab down"):
        story.say(f"    {line}")


def tickets(story, lab):
    idle = {s: d.usage() for s, d in lab.daemons.items()}
    the_call(story, lab)
    bad_tickets(story, lab)
    no_leftovers(story, lab, idle)
    silence(story, lab)


def fallback(story, lab):
    no_leftovers(story, lab, demo_fallback.tell(story, lab))


SCENARIOS = {
    # name: (what is claimed, how it is told, what help says)
    "tickets": (POINTS, tickets, "who may call, and who may not"),
    "fallback": (demo_fallback.POINTS, fallback, "the Internet fails a call in its middle"),
}
OFFPATH = demo_offpath.POINTS, demo_offpath.tell


def tell(story, opt):
    lab = Lab(story.say)
    try:
        build(story)
        built = time.monotonic()
        story.say("raising the lab: enterprises A and B, an Internet and a telephone network")
        lab.up(patience_s=PATIENCE_S, topology=opt.topology)
        opt.tale[1](story, lab)
        story.say(f"all told in {time.monotonic() - built:.0f} s after the build")
    except (LabError, OSError, KeyError, subprocess.SubprocessError) as e:
        story.say(f"the demo stops here: {type(e).__name__}: {e}")
        story.checks.append({"point": 1, "claim": "the demo ran to its end", "ok": False, "evidence": str(e)})
    finally:
        if opt.stay and lab.is_up():
            stay(story, lab)
        else:
            lab.down()


def main():
    ap = argparse.ArgumentParser(prog="tools/demo", description=__doc__)
    ap.add_argument("--scenario", choices=list(SCENARIOS), help="; ".join(
        f"{name}: {s[2]}" for name, s in SCENARIOS.items()) + " (tickets)")
    ap.add_argument("--topology", choices=("inline", "offpath"), default="inline", help="inline: callgate A is the "
                    "firewall of its enterprise; offpath: it stands beside one and has calls alone, which is a story "
                    "of its own (inline)")
    ap.add_argument("--stay", action="store_true", help="leave the lab up and say how to look around")
    ap.add_argument("--json", action="store_true", help="the verdicts for a machine on stdout; the story "
                    "goes to stderr")
    opt = ap.parse_args()
    if opt.topology == "offpath" and opt.scenario:
        ap.error("found --scenario beside --topology offpath, expected one of them")
    opt.tale = OFFPATH if opt.topology == "offpath" else SCENARIOS[opt.scenario or "tickets"]
    if os.geteuid():
        sys.exit("tools/demo: needs root: it makes network namespaces")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("tools/demo: ended by a signal"))
    story = Story(sys.stderr if opt.json else sys.stdout, opt.tale[0])
    tell(story, opt)
    verdicts = story.verdicts()
    story.say()
    for v in verdicts:
        story.say(f"{'ok    ' if v['ok'] else 'FAILED'} {v['point']}. {v['title']}")
    ok = all(v["ok"] for v in verdicts)
    story.say("the main job is done" if ok else "something does not hold, see above")
    if opt.json:
        print(json.dumps({"ok": ok, "points": verdicts}, indent=1))
    return not ok


if __name__ == "__main__":
    sys.exit(main())
