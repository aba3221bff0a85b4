# SPDX-License-Identifier: BSD-3-Clause
"""A whole phone that is not ours on the Internet's side: Linphone, then baresip, over TLS and SRTP, behind a
Kamailio that adds the ticket."""

import array
import audioop
import re
import statistics
import time

from session import LabTest, wait_for

from lablib import capture, tone
from lablib.foreign import teach
from lablib.linphone import Edge, Linphone, TlsBaresip

TALK_S = 1.2
SUITES = ["AES_256_CM_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_80"]  # what linphone offers first, and what callgate does


class RemotePhone(LabTest):
    def setUp(self):
        super().setUp()
        self.a, self.phone = self.lab.daemons["a"], self.lab.phones["a1"]
        self.edge, self.linphone = Edge(self.lab), Linphone(self.lab)
        self.edge.start([self.phone.number])
        self.addCleanup(self.edge.kill)
        self.edge.ready()
        self.linphone.start(SUITES)
        self.addCleanup(self.linphone.stop)
        wait_for("linphone to have registered", 10, lambda: self.edge.registered(self.linphone.number))
        teach(self.lab, self.lab.ucms["a"])

    def test_both_ways(self):
        """Each calls the other, holds and resumes: sound both ways, before and after, in the first suite of
        who offers, and nothing that callgate would complain of."""
        told = len(self.a.log.read_text(errors="replace"))
        for caller in (self.linphone, self.phone):
            with self.subTest(caller=type(caller).__name__):
                self.call(caller)
        self.idle()
        log = self.a.log.read_text(errors="replace")[told:]
        # A notice, such as of a call manager that is up, is no complaint; nor is 106023, of a segment that a host
        # repeats on a connection of the test before.
        self.assertNotRegex(re.sub(r".*-106023: .*", "", log), r"%UCIME-[0-4]-")
        self.assertEqual(re.findall(r"-339008: .* srtp=(\S+)", log), SUITES)

    def call(self, caller):
        linphone, phone = self.linphone, self.phone
        phone.clear_recordings()
        phone.forget()
        linphone.record()
        wire = self.lab.capture("linphone", phone.netns, "eth0")
        caller.dial((phone if caller is linphone else linphone).number)
        linphone.await_talk()
        phone.await_event("CALL_ESTABLISHED", deadline_s=5)
        time.sleep(TALK_S)
        linphone.forget()
        caller.hold()
        if caller is phone:
            linphone.await_words("has been paused by")
            linphone.forget()
        caller.resume()
        linphone.await_talk()
        resumed = time.time()
        time.sleep(TALK_S)
        linphone.forget()
        caller.hang_up()
        linphone.await_words(r"ended \(No error\)")
        phone.await_event("CALL_CLOSED", deadline_s=5)
        # baresip's recording ends when the call is held first; what it gets later is taken from the wire.
        packets = [p.payload for p in capture.rtp_packets(wire.stop()) if p.dst == phone.ip and p.t > resumed]
        samples = array.array("h", audioop.ulaw2lin(b"".join(packets), 2))
        self.assertGreater(tone.of(samples, 8000, [linphone.tone])[linphone.tone], 0.9)
        for path, speaker, at_s in ((phone.newest_recording(), linphone, -1), (linphone.recording, phone, 0.1),
                                    (linphone.recording, phone, -1)):
            # Now and then linphone's jitter buffer skips a little, which spoils that piece.
            pieces = [tone.shares(path, [speaker.tone], at_s + i / 10, 0.1)[0][speaker.tone] for i in range(10)]
            self.assertGreater(statistics.median(pieces), 0.9, (path, at_s, pieces))
        self.assertGreater(tone.shares(linphone.recording, [])[1], 1.5 * TALK_S)


class RemoteBaresip(LabTest):
    def setUp(self):
        super().setUp()
        self.phone, edge = self.lab.phones["a1"], Edge(self.lab)
        edge.start([self.phone.number])
        self.addCleanup(edge.kill)
        edge.ready()
        self.remote = TlsBaresip(self.lab)
        self.remote.start(edge)
        self.addCleanup(self.remote.kill)
        self.remote.ready()
        teach(self.lab, self.lab.ucms["a"])

    def test_both_ways(self):
        """Each calls the other, and hears it; nothing but TLS and SRTP leaves callgate for the Internet."""
        before = self.lab.daemons["a"].refusals()
        wire = self.lab.capture("baresip", "inet", "to-a")
        for caller, callee in ((self.remote, self.phone), (self.phone, self.remote)):
            with self.subTest(caller=caller.name):
                for phone in (caller, callee):
                    phone.clear_recordings()
                    phone.forget()
                caller.dial(callee.number)
                for phone in (caller, callee):
                    phone.await_event("CALL_ESTABLISHED", deadline_s=5)
                time.sleep(2 * TALK_S)
                caller.hang_up()
                callee.await_event("CALL_CLOSED", deadline_s=5)
                self.idle()
                for listener, speaker in ((caller, callee), (callee, caller)):
                    shares, seconds = tone.shares(listener.newest_recording(), [speaker.tone], skip_s=0.3)
                    self.assertGreater(shares[speaker.tone], 0.9, (listener.name, shares))
                    self.assertGreater(seconds, TALK_S)
        verdict = capture.judge(wire.stop())
        self.assertTrue(verdict["nothing-in-clear"], verdict)
        self.assertGreater(verdict["srtp-packets"], 2 * 2 * 45 * TALK_S, verdict)
        self.assertEqual(self.lab.daemons["a"].refusals(), before)
