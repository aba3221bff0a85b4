# SPDX-License-Identifier: BSD-3-Clause
"""A call of 100 seconds without one lost packet, in either direction."""

import time

from session import LONG, LabTest

from lablib import capture

SECONDS = 600 if LONG else 100


class Long(LabTest):
    def test_100_seconds_lose_nothing(self):
        a1, b1 = self.lab.phones["a1"], self.lab.phones["b1"]
        wires = {s: self.lab.capture(f"long-{s}", f"lan-{s}", "to-phone1", "udp") for s in "ab"}
        self.lab.connect("b1", "a1")
        time.sleep(SECONDS)
        self.assertEqual((a1.calls(), b1.calls()), (1, 1))
        for daemon in self.lab.daemons.values():
            for leg in daemon.show_json("uc-ime", "media-sessions", "detail")["sessions"]:
                self.assertEqual(leg["rx_lost"], 0, leg)
                self.assertGreater(leg["rx_packets"], 49 * SECONDS, leg)
        self.lab.hang_up("b1", "a1")
        files = {s: w.stop() for s, w in wires.items()}
        for sent, sender, got, receiver in (("b", b1, "a", a1), ("a", a1, "b", b1)):
            r = capture.lost(files[sent], sender.ip, files[got], receiver.ip)
            print(f"    {sender.name} to {receiver.name} in {SECONDS} s: {r}", flush=True)
            self.assertGreater(r["sent"], 49 * SECONDS)
            self.assertEqual(r["lost"], 0, r)
            self.assertLessEqual(r["head"], 5, r) # the 200 OK is still on its way
            self.assertLessEqual(r["tail"], 5, r) # so is the BYE
