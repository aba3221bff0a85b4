# SPDX-License-Identifier: BSD-3-Clause
"""A call that goes silent one way: it is named, counted and explained, and it goes on."""

import re
import subprocess

from session import LabTest, wait_for

from lablib import netns

DROP = "udp sport 1024-65535 drop"
NAT = "udp sport 1024-65535 udp sport set 40000"


class Silence(LabTest):
    def nft(self, phone, command):
        subprocess.run(netns.inside(f"phone-{phone}", "nft", command), check=True)

    def tamper(self, phone, rule):
        """What a phone sends is changed on its way, until restore()."""
        self.nft(phone, "add table ip tamper; add chain ip tamper o { type filter hook output priority 0; }; "
                        f"add rule ip tamper o {rule}")
        self.addCleanup(self.restore, phone)

    def restore(self, phone):
        self.nft(phone, "add table ip tamper; delete table ip tamper")

    def explained(self):
        """Of the only call at site a: the verdict, and why by the side that speaks."""
        daemon = self.lab.daemons["a"]
        call_id = daemon.show_json("uc-ime", "signaling-sessions")["sessions"][0]["call_id"]
        stream = daemon.show_json("media", call_id[:8])[0]["streams"][0]
        return stream["verdict"], {d["from"]: d["why"] for d in stream["directions"]}

    def expect(self, outside, inside):
        wait_for(f"show media to say: outside {outside}, inside {inside}", 6,
                 lambda: self.explained()[1] == {"outside": outside, "inside": inside})

    def test_one_way(self):
        a = self.lab.daemons["a"]
        self.restart("a", lambda text: text.replace("media-one-way: 0:00:10", "media-one-way: 0:00:02"))
        before, told = a.counters(), len(a.log.read_text(errors="replace"))
        self.lab.connect("b1", "a1")
        self.expect("flows", "flows")
        self.tamper("b1", DROP)
        self.expect("stopped", "flows")
        self.assertEqual(self.explained()[0], "One-way: the inside does not hear the outside.")
        wait_for("the call to be named", 6, lambda: re.search(
            r"-339304: one-way audio; .* silent=outside silent_s=[2-9] ", a.log.read_text(errors="replace")[told:]))
        self.assertIn("one-way audio: silent", a.show("uc-ime", "media-sessions", "detail"))
        self.restore("b1")
        self.expect("flows", "flows")
        self.tamper("a1", NAT)
        self.expect("flows", "wrong-source")
        wait_for("the other side to be named too", 6,
                 lambda: self.counted(before).get("ONE_WAY_INSIDE") == 1)
        self.restore("a1")
        self.expect("flows", "flows")
        wait_for("the mark to go", 3, lambda: "one-way audio: silent" not in
                 a.show("uc-ime", "media-sessions", "detail"))
        self.lab.hang_up("b1", "a1")
        self.assertEqual(self.counted(before).get("ONE_WAY_OUTSIDE"), 1)
        self.assertIn("No alarm is on", a.show("alarms"))
