# SPDX-License-Identifier: BSD-3-Clause
"""The demo's story with callgate A off-path: an ordinary firewall keeps enterprise A's other traffic, and calls go
past it."""

import re
import subprocess
import time

from . import capture, netns, offpath
from .daemon import find_program
from .kamailio import MAPPED
from .util import LabError, wait_for

POINTS = {
    1: "an ordinary firewall has enterprise A's traffic, and lets nobody in",
    2: "a phone of A calls out: its call manager asks the mapping service where to send the call",
    3: "a phone of B calls A, past the firewall",
    4: "both hear each other, nothing in clear crosses the Internet, and the firewall sees none of it",
    5: "who may not ask learns nothing, and without a mapping a call takes the PSTN",
    6: "after hanging up nothing is left",
}
TALK_S = 5.0
PORT = 5070


def hints(lab):
    return ("tools/lab shell fw-a         # nft list ruleset; tcpdump -ni outside: everything but calls",
            f"tools/lab shell ucm-a        # {find_program('callgate')} map {MAPPED['b']}:{PORT} --server "
            f"{offpath.SERVICE} --key-file {lab.agent.key_file()}")


def inside(name, *command):
    return subprocess.run(netns.inside(name, *map(str, command)), check=False, capture_output=True, text=True)


def ask(lab, name, *more, server=offpath.SERVICE):
    """`callgate map` for the call manager of B, run in a namespace."""
    return inside(name, find_program("callgate"), "map", f"{MAPPED['b']}:{PORT}", "--server", server, *more)


def the_firewall(story, lab):
    story.quote("firewall# nft list ruleset", inside("fw-a", "nft", "list", "ruleset").stdout)
    story.check(1, "phone a1 reaches the Internet through it", lab.ping("phone-a1", "203.0.113.254"),
                "203.0.113.254 answers a ping")
    routes = inside("ucm-a", "ip", "route", "show", "default").stdout.strip()
    story.check(1, "it is the default route of call manager A", f"via {netns.FIREWALL} " in routes, routes)
    story.check(1, "nobody gets in through it", inside(
        "inet", "timeout", "1", "bash", "-c", f"</dev/tcp/{netns.FIREWALL_OUTSIDE}/{PORT}").returncode != 0,
        f"no connection from the Internet to {netns.FIREWALL_OUTSIDE} port {PORT}")


def the_question(story, lab):
    """The same as the call manager's agent asks, for a person who wants to look."""
    key = lab.agent.key_file()
    answer = ask(lab, "ucm-a", "--domain", "enterprise-b.example", "--key-file", key)
    story.quote(f"call-manager-a# callgate map {MAPPED['b']}:{PORT} --server {offpath.SERVICE} --domain "
                "enterprise-b.example --key-file mapping.key", answer.stdout + answer.stderr)
    m = re.match(rf"({re.escape(offpath.INSIDE)}:\d+) stands for {re.escape(MAPPED['b'])}:{PORT}, ", answer.stdout)
    story.check(2, "the mapping service answers the call manager", m, m[1] if m else answer.stderr)
    return m[1] if m else None


def talk(story, lab, point, caller, callee, mapped):
    """One call with sound, and who saw what of it."""
    a = lab.daemons["a"]
    wires = {"internet": lab.capture("internet", "inet", "to-a"), "inside": lab.capture("inside", "lan-a", "to-callgate"),
             "firewall": lab.capture("firewall", "fw-a", "inside", "tcp or udp")}
    ucm = lab.ucms[lab.phones[callee].spec.site]
    seen = ucm.seen()
    for name in (caller, callee):
        lab.phones[name].clear_recordings()
    story.say(f"phone {caller} dials {lab.phones[callee].number}")
    took = lab.connect(caller, callee)
    now = ucm.seen()
    story.check(point, f"phone {callee} answered, and the call came over the Internet, ticket and all",
                now["from-internet"] == seen["from-internet"] + 1 and now["ticket"] == seen["ticket"] + 1
                and now["from-pstn"] == seen["from-pstn"], f"{took * 1000:.0f} ms after dialling")
    story.say(f"they talk for {TALK_S:g} s")
    time.sleep(TALK_S)
    story.quote("callgate A# show uc-ime signaling-sessions", a.show("uc-ime", "signaling-sessions"))
    lab.hang_up(caller, callee)
    story.say(f"{caller} has hung up")
    files = {k: w.stop() for k, w in wires.items()}
    for who, other in ((caller, callee), (callee, caller)):
        h = lab.heard(who, other)
        story.check(4, f"{who} heard {other}", h["share"] > 0.9 and h["seconds"] > TALK_S - 1,
                    f"{h['seconds']} s recorded, {h['share']:.1%} of the power at {h['tone']} Hz")
    net, clear = capture.judge(files["internet"]), capture.judge(files["inside"])
    text = "{srtp-packets} SRTP, {rtp-in-clear} RTP in clear; {tls} TLS, {sip-in-clear} SIP in clear"
    story.check(4, "Internet: media sealed, signalling under TLS",
                net["nothing-in-clear"] and net["tls"] > 0 and net["srtp-packets"] > 2 * 45 * TALK_S, text.format(**net))
    story.check(4, "between callgate A and its call manager: SIP and RTP in clear",
                clear["rtp-in-clear"] > 2 * 45 * TALK_S and clear["sip-in-clear"] > 0, text.format(**clear))
    passed = len(capture.tshark(files["firewall"], "tcp || udp"))
    story.check(4, "the firewall saw none of it", passed == 0, f"{passed} packets of TCP and UDP")
    if mapped:
        ip, port = mapped.split(":")
        sent = capture.tshark(files["inside"], f"ip.dst == {ip} && tcp.dstport == {port} && tcp.len > 0")
        story.check(2, f"call manager A sent the call to {mapped}", sent, f"{len(sent)} segments")


def who_may_not(story, lab):
    a, key = lab.daemons["a"], lab.agent.key_file()
    for title, name, more in (("phone-a1", "phone-a1", ("--key-file", key)), ("call-manager-a", "ucm-a", ())):
        answer = ask(lab, name, *more)
        story.quote(f"{title}# callgate map {MAPPED['b']}:{PORT} --server {offpath.SERVICE}"
                    + (" --key-file mapping.key" if more else ""), answer.stdout + answer.stderr)
        story.check(5, "a host that is no call manager is not answered" if more else
                    "nor is a call manager without the key", answer.returncode == 1 and not answer.stdout,
                    answer.stderr.strip())
    story.quote("callgate A# show uc-ime mapping-service-sessions statistics",
                a.show("uc-ime", "mapping-service-sessions", "statistics"))
    story.say("now the agent ends: call manager A has nobody to ask")
    lab.agent.kill()
    seen = lab.ucms["b"].seen()
    r = lab.call("a1", "b1", 2)
    story.check(5, "the call takes the PSTN", r["way"] == "the PSTN" and
                lab.ucms["b"].seen()["from-internet"] == seen["from-internet"],
                f"answered after {r['set-up-s']} s, over {r['way']}")
    lab.agent.start()


def the_end(story, lab, idle):
    for site, d in lab.daemons.items():
        try:
            wait_for("resources to come back", 8, lambda d=d, s=site: d.statistics()["in-use"] == 0 and all(
                d.usage()[k] <= idle[s][k] for k in ("streams", "media_ports", "calls")))
        except LabError:
            pass
        s, u = d.statistics(), d.usage()
        story.check(6, f"callgate {site.upper()} has no call, no media port and no stream left",
                    s["in-use"] == 0 and all(u[k] <= idle[site][k] for k in ("streams", "media_ports", "calls")),
                    f"{s['in-use']} in use, {s['terminated']} terminated, {u['streams']} streams, "
                    f"{u['media_ports']} media ports")


def tell(story, lab):
    idle = {s: d.usage() for s, d in lab.daemons.items()}
    the_firewall(story, lab)
    mapped = the_question(story, lab)
    talk(story, lab, 2, "a1", "b1", mapped)
    talk(story, lab, 3, "b2", "a2", None)
    who_may_not(story, lab)
    the_end(story, lab, idle)
