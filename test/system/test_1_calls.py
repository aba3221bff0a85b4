# SPDX-License-Identifier: BSD-3-Clause
"""Calls that get through: media both ways, sealed on the Internet, and nothing left afterwards."""

import json
import random
import re
import time

from session import LONG, LabTest, wait_for

from lablib import capture, netns, vlan
from lablib.daemon import LEFTOVERS, client, mint, substitute
from lablib.util import sh


def forget_neighbours():
    """Of callgate a: its MAC is another one."""
    for name in ("inet", *(netns.host_name("a", h) for h in netns.HOSTS)):
        netns.script(name, "ip neigh flush all")


def trunk(text):
    """Outside and inside share a wire, each with its tag."""
    forget_neighbours()  # while nobody answers
    for name, tag in (("outside", 10), ("inside", 20)):
        text = substitute(text, rf'{name}: +{{device: "net_af_packet\d,iface={name}"',
                          f'{name}: {{device: "net_af_packet0,iface=trunk", vlan: {tag}')
    return text


class Calls(LabTest):
    def test_ticket_tls_srtp(self):
        """Points 1, 2, 3 and 5 of the first milestone: signalling, media, show, the end."""
        lab, a, b = self.lab, self.lab.daemons["a"], self.lab.daemons["b"]
        stats, seen = a.statistics(), lab.ucms["a"].seen()
        wires = {"net": lab.capture("net", "inet", "to-a"),
                 "inside": lab.capture("inside", "lan-a", "to-callgate")}
        lab.connect("b1", "a1")
        time.sleep(4)
        for d, outside, inside in ((a, "209.165.200.229", "192.168.10.3"),
                                   (b, "203.0.113.11", "192.168.20.3")):
            with self.subTest(site=d.site):
                text = d.show("uc-ime", "signaling-sessions")
                self.assertIn("1 in use", text)
                self.assertIn(outside, text)
                self.assertIn(inside, text)
                media = d.show("uc-ime", "media-sessions", "detail")
                self.assertRegex(media, rf"SRTP conn {outside}/\d+ to \S+ tx_pkts [1-9]\d* "
                                        r"rx_pkts [1-9]")
                self.assertRegex(media, rf" RTP conn {inside}/\d+ to \S+ tx_pkts [1-9]\d* "
                                        r"rx_pkts [1-9]")
        lab.hang_up("b1", "a1")
        self.assert_heard("a1", "b1", 3)
        self.assert_heard("b1", "a1", 3)
        now = lab.ucms["a"].seen()
        self.assertEqual((now["from-internet"] - seen["from-internet"],
                          now["ticket"] - seen["ticket"], now["from-pstn"] - seen["from-pstn"]),
                         (1, 1, 0))
        net, inside = (capture.judge(wires[k].stop()) for k in ("net", "inside"))
        self.assertTrue(net["nothing-in-clear"], net)
        self.assertGreater(net["srtp-packets"], 2 * 45 * 4, net)
        self.assertGreater(net["tls"], 4, net)
        # The same judge on the clear side: it can find what it looks for.
        self.assertGreater(inside["rtp-in-clear"], 2 * 45 * 4, inside)
        self.assertEqual(inside["srtp-packets"], 0, inside)
        self.assertGreater(inside["sip-in-clear"], 2, inside)
        self.idle()
        after = a.statistics()
        self.assertEqual(after["terminated"] - stats["terminated"], 1)
        self.assertEqual({k: after[k] for k in ("integrity", "decode", "not-found", "rtp", "route")},
                         {k: stats[k] for k in ("integrity", "decode", "not-found", "rtp", "route")})

    def test_srtp_4_cli_2_secrets_stay_secret(self):
        """Neither the log nor any show command tells the ticket password, a ticket or a media key."""
        lab = self.lab
        lab.connect("b1", "a1")
        for site, daemon in lab.daemons.items():
            told = daemon.log.read_text(errors="replace")
            call_id = daemon.show_json("uc-ime", "signaling-sessions")["sessions"][0]["call_id"]
            for what in (["uc-ime", "signaling-sessions"], ["uc-ime", "media-sessions", "detail"],
                         ["media", call_id], ["running-config", "uc-ime"]):
                told += daemon.show(*what) + json.dumps(daemon.show_json(*what))
            self.assertIn("Call-ID", told)
            head = mint(lab, site, lab.phones[f"{site}1"].number)[:5]  # every ticket begins like this
            for secret in (daemon.password_file.read_text().strip(), "inline:", head):
                self.assertNotIn(secret, told, f"callgate {site}")
        lab.hang_up("b1", "a1")

    def test_several_workers(self):
        """Two calls at once through firewalls of two and of four workers."""
        for cores in ([0, 1], [0, 1, 0, 1]):
            with self.subTest(workers=len(cores)):
                for site in ("a", "b"):
                    self.restart(site, lambda text, c=cores: re.sub(r"cores: \[[\d, ]+\]", f"cores: {c}",
                                                                   text))
                    self.assertEqual(self.lab.daemons[site].show_json("version")["workers"], len(cores))
                self.lab.connect("b1", "a1")
                self.assertEqual(self.way("b2", "a2"), "the Internet")
                self.lab.hang_up("b1", "a1")
                self.assert_heard("a1", "b1", 2)
                self.assert_heard("b1", "a1", 2)

    def test_over_tagged_interfaces(self):
        """802.1Q: a call through a firewall that stands on one leg, and nothing leaves it without a tag."""
        self.addCleanup(forget_neighbours)
        netns.link("cg-a", "trunk", "cg-a", "switch")
        self.addCleanup(sh, *netns.inside("cg-a", "ip", "link", "del", "trunk"))
        netns.script("cg-a", netns.MUTE_WIRE.format("trunk") + netns.MUTE_WIRE.format("switch"))
        with netns.entered("cg-a"):
            switch = vlan.Switch({10: "outside", 20: "inside"}, "switch")
        self.addCleanup(switch.stop)
        self.restart("a", trunk)
        self.assertEqual(self.way("b1", "a1"), "the Internet")
        self.assertEqual(set(switch.from_trunk), {10, 20})
        self.assertGreater(min(switch.from_trunk.values()), 2 * 45)
        way = json.loads(client("packet-tracer", "input", "inside", "icmp", "192.168.10.30", "8", "0", "209.165.200.254",
                                "--json", "--socket", self.lab.daemons["a"].socket))
        self.assertEqual((way["action"], way["output_interface"]), ("allow", "outside"))

    def test_pcmu(self):
        for name in ("b1", "a1"):
            self.lab.phones[name].start(codecs=["PCMU"])
            self.lab.phones[name].ready()
            (self.lab.phones[name].dir / "settings").write_text("pcmu")
        self.assertEqual(self.way("b1", "a1"), "the Internet")

    def test_the_other_direction(self):
        self.assertEqual(self.way("a1", "b2"), "the Internet")

    def test_called_side_hangs_up(self):
        self.lab.connect("b1", "a1")
        time.sleep(1)
        self.lab.hang_up("a1", "b1")
        self.idle()

    def test_hold_and_resume(self):
        b1, a1 = self.lab.phones["b1"], self.lab.phones["a1"]
        self.lab.connect("b1", "a1")
        wire = self.lab.capture("hold", "lan-b", "to-phone1")
        time.sleep(2)
        b1.hold()
        time.sleep(1)
        held = time.time()
        time.sleep(2)
        until = time.time()
        b1.resume()
        time.sleep(2.5)
        resumed = time.time() - 1
        self.assertEqual((b1.calls(), a1.calls()), (1, 1))
        self.lab.hang_up("b1", "a1")
        packets = [p.t for p in capture.rtp_packets(wire.stop()) if p.dst == b1.ip]
        self.assertGreater(sum(t < held - 1.2 for t in packets), 50, "before the hold")
        self.assertEqual(sum(held < t < until for t in packets), 0, "on hold")
        self.assertGreater(sum(t > resumed for t in packets), 40, "after the hold")
        self.idle()

    def ringing(self):
        """b2 has dialled a2, and a2 rings."""
        a2, b2 = self.lab.phones["a2"], self.lab.phones["b2"]
        a2.start(answer="manual")
        a2.ready()
        a2.forget()
        b2.dial(a2.number)
        a2.await_event("CALL_INCOMING", deadline_s=5)
        b2.await_event("CALL_RINGING", deadline_s=5)
        return a2, b2

    def test_cancel_before_answer(self):
        seen = self.lab.ucms["a"].seen()
        a2, b2 = self.ringing()
        b2.hang_up()
        a2.await_event("CALL_CLOSED", deadline_s=5)
        self.idle()
        now = self.lab.ucms["a"].seen()
        self.assertEqual((now["from-internet"] - seen["from-internet"], now["from-pstn"]),
                         (1, seen["from-pstn"]))

    def test_busy(self):
        seen = self.lab.ucms["a"].seen()
        a2, b2 = self.ringing()
        a2.hang_up()
        closed = b2.await_event("CALL_CLOSED", deadline_s=5)
        self.assertIn("486", closed.get("param", ""))
        self.idle()
        self.assertEqual(self.lab.ucms["a"].seen()["from-pstn"], seen["from-pstn"])

    def test_rings_then_answered(self):
        a2, b2 = self.ringing()
        time.sleep(1)
        a2.answer()
        b2.await_event("CALL_ESTABLISHED", deadline_s=5)
        time.sleep(2)
        self.lab.hang_up("b2", "a2")
        self.assert_heard("a2", "b2")
        self.assert_heard("b2", "a2")

    def test_two_calls_at_once(self):
        self.lab.connect("b1", "a1")
        self.lab.connect("b2", "a2")
        time.sleep(3)
        for site, daemon in self.lab.daemons.items():
            self.assertEqual(daemon.statistics()["in-use"], 2, site)
            self.assertEqual(daemon.usage()["streams"], 2, site)
        self.lab.hang_up("b1", "a1")
        self.lab.hang_up("b2", "a2")
        for listener, speaker in (("a1", "b1"), ("b1", "a1"), ("a2", "b2"), ("b2", "a2")):
            self.assert_heard(listener, speaker, 2)

    def test_many_calls_leave_nothing(self):
        self.lab.call("b1", "a1", 0.5)
        self.idle()
        before = {s: {k: d.usage()[k] for k in LEFTOVERS} for s, d in self.lab.daemons.items()}
        for _ in range(200 if LONG else 10):
            self.lab.connect("b1", "a1")
            time.sleep(0.3)
            self.lab.hang_up("b1", "a1")
        self.idle()
        for site in self.lab.daemons:
            wait_for(f"callgate {site} to hold no more than before: {before[site]}", 10,
                     lambda s=site: not self.moved(s, before[s]))

    def test_changes_of_mind(self):
        """Callers who hang up at any moment of the set-up, in both directions: CANCEL and 200 cross."""
        rnd = random.Random(5)
        before = {s: {k: d.usage()[k] for k in LEFTOVERS} for s, d in self.lab.daemons.items()}
        for i in range(400 if LONG else 40):
            caller, callee = rnd.choice([("b1", "a1"), ("a1", "b1"), ("b2", "a2"), ("a2", "b2")])
            a, b = self.lab.phones[caller], self.lab.phones[callee]
            a.dial(b.number)
            time.sleep(rnd.choice([0, 0.01, 0.03, 0.06, 0.2]))
            a.hang_up()
            wait_for(f"phones {caller} and {callee} to be idle after call {i}", 5,
                     lambda a=a, b=b: a.calls() == 0 and b.calls() == 0)
        self.idle()
        for site in self.lab.daemons:
            wait_for(f"callgate {site} to hold no more than before: {before[site]}", 10,
                     lambda s=site: not self.moved(s, before[s]))
