# SPDX-License-Identifier: BSD-3-Clause
"""The scenario `fallback` of the demo: the Internet fails a call, and the two phones go on talking over the PSTN."""

import time

from . import capture, tone
from .fallback import HOLD_DOWN_S, QUALITY_BAD, REFER_ANSWERED, REFER_SENT, TRUNK, least_hold_down, told
from .util import wait_for

POINTS = {
    1: "two phones talk over the Internet",
    2: "the Internet becomes bad, and callgate says so",
    3: "callgate asks its call manager to carry the call on over the PSTN, and it accepts",
    4: "the two go on talking, over the PSTN",
    5: "after hanging up nothing is left",
}
TALK_S = 5.0
BAD = {"loss": "35%", "burst": "5", "delay": "40ms", "jitter": "20ms", "seed": "3", "only": "udp",
       "direction": "b-to-a"}
DIAL = " ".join(f"--{k} {v}" for k, v in BAD.items())


def share(lab, listener, speaker, which, skip_s):
    """The share of the speaker's tone in two seconds of a phone's recording, and the seconds recorded.
    `which`: 0, the call over the Internet; 1, the one over the PSTN."""
    files = sorted((lab.phones[listener].dir / "rec").glob("dump-*-dec.wav"))
    f = lab.phones[speaker].tone
    if len(files) != 2:
        return 0.0, 0.0
    shares, seconds = tone.shares(files[which], [f], skip_s)
    return shares[f], seconds


def prepare(story, lab):
    a = lab.daemons["a"]
    story.say(f"callgate A: hold-down-timer {HOLD_DOWN_S} (the least) in place of the 20 s that it comes with, so that "
              "this takes no longer than it must")
    a.kill()
    a.configure(least_hold_down)
    a.start()
    a.ready()
    lab.warm_up()
    lab.ucms["a"].set_fallback(lab.phones["a1"].number, TRUNK["a"])
    for name in ("a1", "b1"):
        lab.phones[name].clear_recordings()


def the_call(story, lab, talk_s):
    """Point 1; the sound of it is judged when its recordings are complete."""
    a = lab.daemons["a"]
    story.say("phone b1 (+1 212 555 0199, enterprise B) dials +1 408 555 0123 (enterprise A)")
    seen, took = lab.ucms["a"].seen(), lab.connect("b1", "a1")
    now = lab.ucms["a"].seen()
    story.check(1, "phone a1 answered, and the call came over the Internet",
                now["from-internet"] == seen["from-internet"] + 1 and now["from-pstn"] == seen["from-pstn"],
                f"{took * 1000:.0f} ms after dialling")
    call = a.show_json("uc-ime", "signaling-sessions")["sessions"][0]["call_id"]
    story.say(f"they talk for {talk_s:g} s: b1 plays 1000 Hz, a1 plays 440 Hz")
    time.sleep(talk_s)
    story.check(1, "callgate A finds nothing wrong", not told(a, QUALITY_BAD, call),
                "no message of bad audio in its log")
    return call


def the_failure(story, lab, call):
    """Points 2 and 3; returns when a1 has the call over the PSTN."""
    a, a1, b1 = lab.daemons["a"], lab.phones["a1"], lab.phones["b1"]
    for phone in (a1, b1):
        phone.forget()
    story.say(f"tools/lab impair {DIAL}")
    lab.impair.set(**BAD)
    begin = time.monotonic()
    line = wait_for("callgate A to find the call bad", 10, lambda: told(a, QUALITY_BAD, call))[0]
    story.quote("callgate A's log", line)
    story.check(2, "callgate A finds the call bad", True, f"{time.monotonic() - begin:.1f} s after the dial turned")
    story.say(f"it is not said at once to the call manager: bad for {HOLD_DOWN_S} s, or no REFER")
    time.sleep(HOLD_DOWN_S - 3)
    story.quote("callgate A# show quality", a.show("quality", call))
    story.check(2, "callgate A holds down", not told(a, REFER_SENT, call), "no REFER before its time")

    line = wait_for("the REFER", 10, lambda: told(a, REFER_SENT, call))[0]
    story.quote("callgate A's log", line)
    answer = wait_for("its answer", 5, lambda: told(a, REFER_ANSWERED, call))[0]
    story.quote("callgate A's log", answer)
    number = lab.phones["b1"].number
    refers = lab.ucms["a"].refers()
    story.check(3, "call manager A was asked, once, to call b1's number", [r.to for r in refers] == [number],
                f"REFER from {refers[0].source}, Refer-To {refers[0].to}" if refers else "no REFER")
    story.check(3, "it accepted", " status=202 " in f"{answer} ", "202")
    story.quote("callgate A# show uc-ime fallback-notification statistics",
                a.show("uc-ime", "fallback-notification", "statistics"))
    for phone in (a1, b1):
        phone.await_event("CALL_ESTABLISHED", deadline_s=10)
    wait_for("the call over the Internet to end", 5, lambda: a1.calls() == b1.calls() == 1)
    sessions = wait_for("callgate A to have no call", 5, lambda: a.statistics()["in-use"] == 0)
    story.check(4, "the phones have one call each, and callgate none", sessions,
                f"{time.monotonic() - begin:.1f} s after the dial turned")


def the_rest(story, lab, seen, talk_s):
    """Point 4."""
    wires = {"pstn": lab.capture("pstn", "pstn", "lan-a", "udp"),
             "internet": lab.capture("internet", "inet", "to-a", "udp")}
    story.say(f"they talk for {talk_s:g} s more; the Internet is as bad as before")
    time.sleep(talk_s)
    rtp = {k: len(capture.rtp_packets(w.stop())) for k, w in wires.items()}
    lab.hang_up("a1", "b1")
    story.say("a1 has hung up")
    now = lab.ucms["b"].seen()
    story.check(4, "call manager B got one call over the PSTN", now["from-pstn"] == seen["from-pstn"] + 1,
                f"{now['from-pstn'] - seen['from-pstn']} INVITE")
    story.check(4, "what they say goes over the PSTN's wire and not over the Internet's",
                rtp["pstn"] > 2 * 45 * talk_s and rtp["internet"] == 0,
                f"{rtp['pstn']} packets of RTP there, {rtp['internet']} here")
    whole = {} # seconds of sound over the Internet
    for who, other in (("a1", "b1"), ("b1", "a1")):
        good, whole[who] = share(lab, who, other, 0, 1.0)
        story.check(1, f"{who} heard {other} over the good Internet", good > 0.9,
                    f"{good:.1%} of the power is the tone of {other}")
        pstn, length = share(lab, who, other, 1, 0.5)
        story.check(4, f"{who} heard {other} over the PSTN", pstn > 0.9 and length > talk_s - 1,
                    f"{pstn:.1%} of the power is the tone of {other}; {length:.0f} s recorded")
    story.check(2, "a1 missed much of what b1 said, and b1 nothing of a1's words", whole["a1"] < whole["b1"] - 2,
                f"until the REFER a1 heard {whole['a1']:.1f} s of sound and b1 {whole['b1']:.1f} s")


def tell(story, lab, talk_s=TALK_S):
    """Returns what each callgate held before the call."""
    prepare(story, lab)
    idle = {s: d.usage() for s, d in lab.daemons.items()}
    seen = lab.ucms["b"].seen()
    call = the_call(story, lab, talk_s)
    the_failure(story, lab, call)
    the_rest(story, lab, seen, talk_s)
    return idle
