# SPDX-License-Identifier: BSD-3-Clause
"""Calls that the Internet fails go on over the PSTN (protocol.md section 5): phones speak, the dial makes the
Internet bad, and the call managers accept, refuse or keep silent. One Internet is bad for all calls at once, so
what takes long goes on beside what does not."""

import io
import struct
import time

from session import LabTest, wait_for

from lablib import capture, demo_fallback, inject
from lablib.daemon import client, substitute
from lablib.demo import Story
from lablib.fallback import HOLD_DOWN_S, QUALITY_BAD, QUALITY_GOOD, TRUNK, least_hold_down, told
from lablib.kamailio import MAPPED
from lablib.netns import SITES
from lablib.util import LabError

SILENCE_S = 32 # after which a REFER is taken as failed
BAD = {"loss": "40%", "burst": "5", "only": "udp", "seed": "8"}
MTA_B = "203.0.113.11" # where media from B comes from
CALLGATE = f"{SITES['a'][0]}.1"
OUT_OF_DIALOG, KNOWING = (CALLGATE, "<null>", "<null>"), (CALLGATE, "<null>", "tdialog")
IN_DIALOG = (MAPPED["b"], "[^<]+", "<null>") # FB-8: in the remote's name
SHAPES = {
    # how it is asked: (what the call manager says of itself, what it answers; from where, To-tag and Require of
    # each REFER, its answer). That it accepts one out of the dialog which need not be understood is in the demo.
    "out of the dialog, and it must know": (f"Supported: tdialog\r\n{TRUNK['a']}", None, [(*KNOWING, 202)]),
    "out of the dialog, which it forbids, then in it": (TRUNK["a"], 403, [(*OUT_OF_DIALOG, 403), (*IN_DIALOG, 202)]),
    "in the dialog": (None, None, [(*IN_DIALOG, 202)]),
}


class Fallback(LabTest):
    def setUp(self):
        super().setUp()
        self.addCleanup(self.lab.impair.off)
        self.begin = time.monotonic()

    def say(self, text):
        print(f"    [{time.monotonic() - self.begin:4.1f} s] {text}", flush=True)

    def told(self, site, what, call_id):
        return len(told(self.lab.daemons[site], what, call_id))

    def refers(self, site, name):
        """What the call manager of a site was asked for a phone."""
        number = self.lab.phones[name].number
        return [r for r in self.lab.ucms[site].refers() if r.number == number]

    def connect(self, caller, callee):
        """Two phones talk over the Internet; returns the call's Call-ID."""
        known = self.call_ids()
        for name in (caller, callee):
            self.lab.phones[name].clear_recordings()
        self.lab.connect(caller, callee)
        return (self.call_ids() - known).pop()

    def call_ids(self):
        sessions = self.lab.daemons["a"].show_json("uc-ime", "signaling-sessions")["sessions"]
        return {s["call_id"] for s in sessions}

    def dial(self, direction, bad):
        self.lab.impair.set(direction=direction, **(BAD if bad else {"loss": "0%"}))

    def goes_on_over_the_pstn(self, deadline_s=HOLD_DOWN_S + 5):
        """a1, in a call with b1, has it go on over the PSTN: the old call ends, and they hear each other."""
        a1, b1 = (self.lab.phones[n] for n in ("a1", "b1"))
        seen = {s: u.seen() for s, u in self.lab.ucms.items()}
        for phone in (a1, b1):
            phone.forget()
        for phone in (a1, b1):
            phone.await_event("CALL_ESTABLISHED", deadline_s=deadline_s)
        wait_for("the old call to end", 5, lambda: a1.calls() == b1.calls() == 1)
        time.sleep(2) # they talk
        self.lab.hang_up("a1", "b1")
        self.assertEqual([self.lab.ucms["a"].seen()["to-pstn"] - seen["a"]["to-pstn"],
                          self.lab.ucms["b"].seen()["from-pstn"] - seen["b"]["from-pstn"]], [1, 1])
        self.assert_heard("a1", "b1")
        self.assert_heard("b1", "a1")

    def shape(self, shape):
        """A call that goes bad, by one shape of REFER: accepted, and the call goes on over the PSTN."""
        tells, answers, expected = SHAPES[shape]
        ucm, a1 = self.lab.ucms["a"], self.lab.phones["a1"]
        ucm.set_fallback(a1.number, tells, answers)
        before = len(self.refers("a", "a1"))
        call = self.connect("b1", "a1")
        self.goes_on_over_the_pstn()
        self.say(f"{shape}: over the PSTN")
        refers = self.refers("a", "a1")[before:]
        self.assertEqual(len(refers), len(expected), refers)
        for refer, (source, to_tag, require, status) in zip(refers, expected):
            self.assertEqual((refer.source, refer.to, refer.require), (source, self.lab.phones["b1"].number, require))
            self.assertRegex(refer.to_tag, f"^{to_tag}$")
            self.assertEqual(self.told("a", f"status={status}", call), 1)
        return call

    def test_fb_shapes_and_answers(self):
        """FB-4, FB-5, FB-6, FB-8, FB-9 and 5.4. At A, b1's calls go bad one after the other, each asking in another
        shape, while the call manager keeps silent for the call with a2. At B, the call with b2 is bad, recovers, is
        bad again and is refused, and those with b1 are as bad, but of level 0."""
        lab, (a, b) = self.lab, self.lab.ucms.values()
        for site in "ab":
            self.restart(site, least_hold_down)
        for phone in lab.phones.values():
            self.addCleanup(lab.ucms[phone.spec.site].set_fallback, phone.number)
        before = {s: d.counters() for s, d in lab.daemons.items()}
        a.set_fallback(lab.phones["a2"].number, TRUNK["a"], 0)
        b.set_fallback(lab.phones["b1"].number, "X-UCIME-Fallback: level=0")
        b.set_fallback(lab.phones["b2"].number, TRUNK["b"], 603)
        long = self.connect("b2", "a2")
        self.dial("both", bad=True)
        wait_for("B to find the call bad", 4, lambda: self.told("b", QUALITY_BAD, long))
        self.dial("a-to-b", bad=False)
        self.say("bad: from A to B for a moment, from B to A from now on")
        calls = [self.shape(list(SHAPES)[0])]
        wait_for("the call to recover", 3, lambda: self.told("b", QUALITY_GOOD, long))
        self.assertEqual(self.refers("b", "b2"), [])
        self.dial("a-to-b", bad=True)
        self.say("B's call has recovered; bad from A to B again")
        calls += [self.shape(s) for s in list(SHAPES)[1:]]
        wait_for("the REFER without an answer to be given up", SILENCE_S, lambda: self.told("a", "status=408", long))
        self.say("no answer: given up")
        self.assertEqual(lab.phones["a2"].calls(), 1)
        self.lab.impair.off()
        lab.hang_up("b2", "a2")

        self.assertEqual(len(self.refers("a", "a2")), 1)
        self.assertGreaterEqual(len(self.refers("b", "b2")), 1)
        self.assertEqual(self.told("b", "status=603", long), len(self.refers("b", "b2")))
        self.assertEqual(self.refers("b", "b1"), [], "level 0")
        for call in calls:
            self.assertEqual(self.told("b", QUALITY_BAD, call), 0, "level 0")
        moved = {s: {k: v for k, v in self.counted(before[s], s).items() if k.startswith("FALLBACK_")} for s in "ab"}
        refused = len(self.refers("b", "b2"))
        self.assertEqual(moved, {"a": {"FALLBACK_SENT": 5, "FALLBACK_ACCEPTED": 3, "FALLBACK_REFUSED": 2},
                                 "b": {"FALLBACK_SENT": refused, "FALLBACK_REFUSED": refused}})

    def test_fb11_read_again_under_traffic(self):
        """A loss that nobody minds is too much once the sensitivity file says so; a faulty one changes nothing."""
        daemon = self.lab.daemons["a"]
        file, socket = daemon.dir / "office.fbs", ("--socket", str(daemon.socket))
        level = "version 1\nlevel 3 rblr-pct-x100 {} bls-ms 1000 ite-8s 80 pdv-avg-usec 100000 scs-8s 8\n"
        file.write_text(level.format(5000))
        self.restart("b")
        self.restart("a", lambda text: substitute(least_hold_down(text), r"hold-down-timer: \d+",
                                                  f"sensitivity-file: {file}"))
        call = self.connect("b1", "a1")
        self.lab.impair.set(direction="b-to-a", loss="10%", only="udp", seed="8")
        time.sleep(3)
        self.assertEqual(self.told("a", QUALITY_BAD, call), 0)
        file.write_text(level.format(0))
        with self.assertRaises(LabError) as refused:
            client("fallback", "reload", *socket)
        self.assertIn('office.fbs:2:23: found "0", expected a number from 1 to 10000', str(refused.exception))
        time.sleep(2)
        self.assertEqual(self.told("a", QUALITY_BAD, call), 0)
        file.write_text(level.format(100))
        client("fallback", "reload", *socket)
        wait_for("the call to be found bad", 4, lambda: self.told("a", QUALITY_BAD, call))
        self.lab.impair.off()
        self.lab.hang_up("b1", "a1")

    def monitoring(self):
        """What A's monitoring has of its one call, but for what time alone moves."""
        media = self.lab.daemons["a"].show_json("uc-ime", "media-sessions", "detail")
        m = next(leg["monitoring"] for leg in media["sessions"] if "monitoring" in leg)
        return {k: m[k] for k in ("Sum_all_packets", "Codec_payload_format", "RTP_ptime_ms", "Max_PDV_usec",
                                  "Min_PDV_usec", "Mov_avg_PDV_usec", "Total_SequenceNumber_Resets")}

    def test_forged_packets_move_no_counter(self):
        """No true packet comes for a moment; what a forger sends meanwhile, from the true source and from
        elsewhere, in sequence and far from it, is not monitored."""
        self.connect("b1", "a1")
        wire = self.lab.capture("live", "inet", "to-a", "udp")
        time.sleep(1)
        to_a = [p for p in capture.udp_packets(wire.stop()) if p[1] == MTA_B and len(p[5]) > 100]
        _, src, sport, dst, dport, payload = to_a[-1]
        seq, ts, ssrc = struct.unpack_from(">HII", payload, 2)
        self.lab.impair.set(direction="b-to-a", loss="100%", only="udp")
        time.sleep(0.3)
        before, counters = self.monitoring(), self.lab.daemons["a"].counters()
        forged = [struct.pack(">BBHII", 128, payload[1], (seq + 50 + i * step) & 65535, ts + 160 * i * step, ssrc) +
                  bytes((i * 7 + k) & 255 for k in range(len(payload) - 12)) for step in (1, 331) for i in range(100)]
        with inject.Injector("a", dst) as out:
            out.send([inject.udp((src, sport + away), (dst, dport), p) for away in (0, 2) for p in forged], 0.5)
        time.sleep(0.3)
        moved, after = self.counted(counters), self.monitoring()
        self.lab.impair.off()
        self.assertGreater(before["Sum_all_packets"], 30)
        self.assertEqual(before, after)
        self.assertEqual(moved["MEDIA_SOURCE"], len(forged), "all came")
        self.assertEqual(sum(moved.get(f"MEDIA_{k}", 0) for k in ("AUTH", "REPLAY", "LATE")), len(forged), moved)
        time.sleep(0.5)
        self.assertGreater(self.monitoring()["Sum_all_packets"], before["Sum_all_packets"], "true ones count")
        self.lab.hang_up("b1", "a1")


class Demo(LabTest):
    def test_demo(self):
        """Whatever `tools/demo --scenario fallback` claims holds."""
        for site in "ab":
            self.restart(site)
        self.addCleanup(self.lab.ucms["a"].set_fallback, self.lab.phones["a1"].number)
        self.addCleanup(self.lab.impair.off)
        told_by = io.StringIO()
        story = Story(told_by, demo_fallback.POINTS)
        demo_fallback.tell(story, self.lab, talk_s=3.0)
        self.idle()
        wrong = [c for c in story.checks if not c["ok"]]
        self.assertEqual(wrong, [], told_by.getvalue())
        self.assertEqual({c["point"] for c in story.checks}, {1, 2, 3, 4})
