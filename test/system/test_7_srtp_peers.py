# SPDX-License-Identifier: BSD-3-Clause
"""SRTP with programs that are not ours: each with each suite it offers, sound verified in both directions.
A phone of enterprise A talks to one of them, which stands in an enterprise without a callgate."""

import itertools
import time

from session import LabError, LabTest, wait_for

from lablib import tone
from lablib.daemon import substitute
from lablib.foreign import NUMBER, Foreign, teach
from lablib.netns import FOREIGN
from lablib.srtp_peers import SUITES, Baresip, Ffmpeg, Gstreamer, Media, Rtpengine, new_key, parse_sdp, sdp

TALK_S = 3.0


class Talk:
    """One call of a phone with a peer in one suite; the peers differ in how it is set up."""

    def __init__(self, test, phone, peer, suite, port):
        self.test, self.phone, self.peer, self.suite, self.port = test, phone, peer, suite, port
        phone.clear_recordings()
        phone.forget()
        self.begin()

    def finish(self):
        """What each side heard: the share of the other's tone."""
        self.end()
        wait_for("the phone to have hung up", 5, lambda: self.phone.calls() == 0)
        out = {}
        for who, path, other in (("phone", self.phone.newest_recording(), self.peer),
                                 ("peer", self.recording(), self.phone)):
            shares, seconds = tone.shares(path, [other.tone], skip_s=-1.7, length_s=1.5)
            out[who] = round(shares[other.tone], 3) if seconds > TALK_S / 2 else f"{seconds} s"
        return out


class Offered(Talk):
    """ffmpeg and GStreamer: we offer, they seal and open."""

    def begin(self):
        key = new_key(self.suite)
        offer = sdp([Media("audio", FOREIGN, self.port, "RTP/SAVP", [0], [(1, self.suite, key)])])
        self.call, answer = self.test.foreign.call(self.phone.number, offer)
        self.test.assertEqual([c[:2] for c in answer[0].crypto], [(1, self.suite)])
        self.peer.begin(self.port, self.suite, key, answer[0])

    def end(self):
        self.call.bye()
        self.peer.stop()

    def recording(self):
        return self.peer.recording()


class Engine(Talk):
    """rtpengine: it writes the offer, and reads the answer."""

    def begin(self):
        self.id = f"{self.suite}-{self.port}"
        self.call, _ = self.test.foreign.call(self.phone.number, self.peer.offer(self.id, self.port, self.suite))
        self.endpoint = self.peer.answer(self.id, self.port, self.call.body)

    def end(self):
        self.call.bye()
        self.endpoint.stop(self.recording())
        self.peer.command(command="delete", call_id=self.id, from_tag="x")

    def recording(self):
        return self.peer.path(f"{self.suite}.wav")


class Answered(Talk):
    """baresip: the phone calls, and callgate's offer is answered."""

    def begin(self):
        self.peer.clear_recordings()
        self.phone.dial(NUMBER)
        self.call = self.test.foreign.incoming.get(timeout=5)
        self.leg = self.peer.take(self.call, self.suite)
        self.phone.await_event("CALL_ESTABLISHED", deadline_s=5)

    def end(self):
        self.phone.hang_up()
        if not self.call.ended.wait(5):
            raise LabError("no BYE came")
        self.leg.bye()
        wait_for("baresip to have hung up", 5, lambda: self.peer.calls() == 0)

    def recording(self):
        return self.peer.newest_recording()


class Calling(Talk):
    """baresip calls: its offer goes on as it is, and the phone answers."""

    def begin(self):
        self.peer.clear_recordings()
        self.leg = self.peer.dial(self.phone.number)
        self.test.assertEqual([c[1] for c in parse_sdp(self.leg.body)[0].crypto], list(self.peer.offers))
        self.call, answer = self.test.foreign.call(self.phone.number, self.leg.body)
        self.test.assertEqual([c[1] for c in answer[0].crypto], [self.suite])
        self.leg.answer(self.call.body)
        self.peer.await_event("CALL_ESTABLISHED", deadline_s=5)

    def end(self):
        self.peer.hang_up()
        if not self.leg.ended.wait(5):
            raise LabError("no BYE came")
        self.call.bye()
        wait_for("baresip to have hung up", 5, lambda: self.peer.calls() == 0)

    def recording(self):
        return self.peer.newest_recording()


class Peers(LabTest):
    def setUp(self):
        super().setUp()
        self.restart("a", lambda text: substitute(text, r"offer: \[.*\]", f"offer: [{', '.join(SUITES)}]"))
        self.foreign = Foreign(self.lab)
        self.addCleanup(self.foreign.close)
        teach(self.lab, self.lab.ucms["a"])
        self.engine = Rtpengine(self.foreign.dir, "rtpengine")
        self.engine.daemon()
        self.addCleanup(self.engine.stop)
        self.baresip = Baresip(self.lab)
        self.addCleanup(self.baresip.agent.close)
        self.baresip.start(codecs=["PCMU"])
        self.baresip.ready()
        self.addCleanup(self.baresip.close)
        self.addCleanup(self.baresip.kill)

    def rows(self):
        """Two lists, as long as each other or nearly so, that are walked side by side."""
        own = [(Offered, cls(self.foreign.dir, cls.__name__.lower()), s)
               for cls in (Ffmpeg, Gstreamer) for s in cls.suites]
        others = [(Answered, self.baresip, s) for s in self.baresip.suites] + \
            [(Calling, self.baresip, s) for s in self.baresip.offers] + \
            [(Engine, self.engine, s) for s in self.engine.suites]
        half = (len(own) + len(others)) // 2
        return own + others[half:], others[:half]

    def test_each_peer_each_suite(self):
        for n, rows in enumerate(itertools.zip_longest(*self.rows())):
            talks = []
            for i, (kind, peer, suite) in enumerate(filter(None, rows), 1):
                with self.subTest(peer=type(peer).__name__, kind=kind.__name__, suite=suite):
                    self.whole(self.lab.phones[f"a{i}"])
                    talks.append(kind(self, self.lab.phones[f"a{i}"], peer, suite, 30000 + 20 * n + 2 * i))
            time.sleep(TALK_S)
            for t in talks:
                with self.subTest(peer=type(t.peer).__name__, kind=type(t).__name__, suite=t.suite):
                    heard = t.finish()
                    print(f"    {type(t.peer).__name__:10} {type(t).__name__:8} {t.suite:24} heard {heard['peer']}, "
                          f"was heard {heard['phone']}", flush=True)
                    self.assertEqual([v for v in heard.values() if not isinstance(v, float) or v < 0.9], [], heard)

    def test_rtcp(self):
        """baresip's reports open for the phone, and the phone's for baresip, by their own account. (Not with
        _32, whose SRTCP has a tag of 80 bits (RFC 4568 6.2.2): libre 1.1 makes and wants 32.)"""
        for suite in ("AES_CM_128_HMAC_SHA1_80", "AEAD_AES_128_GCM"):
            with self.subTest(suite=suite):
                phone = self.lab.phones["a1"]
                talk = Answered(self, phone, self.baresip, suite, 0)
                try:
                    for who in (self.baresip, phone):
                        who.await_event("CALL_RTCP", deadline_s=8)
                finally:
                    talk.end()
