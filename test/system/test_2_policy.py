# SPDX-License-Identifier: BSD-3-Clause
"""The inspection policy map (protocol.md section 12) between real call managers and phones: each refusal moves
exactly one counter, and what is masked on the way is not seen at the far call manager."""

import re

from session import LabTest, wait_for

from lablib import known_bad
from lablib.peer import Stranger, invite

REQUEST = """\
{method} sip:{number}@209.165.200.228:5070;transport=tls SIP/2.0
Via: SIP/2.0/TLS 203.0.113.254:5070;branch=z9hG4bK{tag}
From: <sip:+12125550100@enterprise-b.example>;tag={tag}
To: <sip:{number}@enterprise-a.example>
Call-ID: {tag}@203.0.113.254
CSeq: 1 {method}
Max-Forwards: 70
Content-Length: 0

"""


class Policy(LabTest):
    def setUp(self):
        super().setUp()
        caller = re.escape(self.lab.phones["b2"].number)
        self.restart("a", lambda text: text
                     .replace("class-maps:\n", f"regex: {{second: '^sip:{caller}@'}}\nclass-maps:\n", 1)
                     .replace("policy-maps: ", "policy-maps:\n  sip-map:\n    type: inspect sip\n"
                              "    parameters: {im: off, software-version: {action: mask}}\n    match:\n"
                              "      - {calling-party: regex second, action: drop log}\n"
                              "      - {request-method: info, action: reset}\n"
                              "      - {request-method: invite, action: rate-limit 2}\n #", 1)
                     .replace("inspect: {sip: {tls-proxy", "inspect: {sip: {policy-map: sip-map, tls-proxy"))
        self.a, self.ucm = self.lab.daemons["a"], self.lab.ucms["a"]

    def test_another_map_under_a_call(self):
        """What is inspected for changes with a reload: who may call, while a call that is up goes on."""
        first, second = (re.escape(self.lab.phones[name].number) for name in ("b1", "b2"))
        self.lab.connect("b1", "a1")
        text = self.a.config.read_text()
        self.a.config.write_text(text.replace(f"^sip:{second}@", f"^sip:{first}@", 1))
        self.assertEqual([c["section"] for c in self.a.reload()["changes"]], ["regex"])
        self.assertEqual(self.lab.phones["a1"].calls(), 1)
        self.assertEqual(self.way("b2", "a2", seconds=1.5), "the Internet")
        self.lab.hang_up("b1", "a1")
        self.assert_heard("a1", "b1")
        self.assertEqual(self.a.refusals(), {})
        self.lab.connect("b1", "a1")
        self.lab.hang_up("b1", "a1")
        wait_for("the counter", 3, self.a.refusals)
        self.assertEqual(self.a.refusals()["POLICY_CALLING_PARTY"], 1)

    def request(self, stranger, method, tag):
        stranger.send(REQUEST.format(method=method, tag=tag, number=self.lab.phones["a1"].number)
                      .replace("\n", "\r\n").encode())

    def test_who_calls(self):
        """One phone of enterprise B may not call: it reaches its party over the PSTN. The other may; nobody
        learns what software it has."""
        seen = self.ucm.seen()
        self.lab.connect("b2", "a2")
        self.lab.hang_up("b2", "a2")
        wait_for("the counter", 3, self.a.refusals)
        now = self.ucm.seen()
        self.assertEqual((now["from-internet"] - seen["from-internet"], now["from-pstn"] - seen["from-pstn"]), (0, 1))
        self.assertEqual(self.a.refusals(), {"POLICY_CALLING_PARTY": 1, "SWALLOWED": 1})  # and its ACK (TKT-20)
        self.assertIn("match calling-party regex second\n          drop log, packet 1\n",
                      self.a.show("service-policy", "inspect", "sip"))
        self.assertIn("policy-map sip-map, match calling-party regex second",
                      self.a.log.read_text(errors="replace"))

        wire = self.lab.capture("policy", "lan-a", "to-callgate", "tcp port 5070")
        sent = self.lab.capture("unmasked", "lan-b", "to-callgate", "tcp port 5070")
        self.assertEqual(self.way("b1", "a1"), "the Internet")
        clear, origin = wire.stop().read_bytes(), sent.stop().read_bytes()
        self.assertIn(b"INVITE sip:", clear)
        self.assertIn(b"\nUser-Agent: ", origin)  # or there was nothing to mask
        self.assertNotIn(b"\nUser-Agent: ", from_callgate(clear))
        rules = self.a.show_json("service-policy", "inspect", "sip")["classes"][1]["rules"]
        self.assertGreater(next(r["messages"] for r in rules if r["rule"] == "software-version"), 0)

    def test_what_is_asked(self):
        """No instant messaging, and no more INVITEs a second than two: the others hear 503 at once."""
        seen = self.ucm.seen()
        with Stranger(self.lab) as s:
            self.request(s, "MESSAGE", "im")
            self.assertIn(b"SIP/2.0 403", s.receive())
            self.assertEqual(self.a.refusals(), {"POLICY_IM": 1})
            for i in range(5):
                s.send(invite(self.lab.phones["a1"].number, f"rate{i}"))
            answers = b""
            while answers.count(b"\r\n\r\n") < 5:
                answers += s.receive() or self.fail(answers)
            self.assertEqual((answers.count(b"SIP/2.0 403"), answers.count(b"SIP/2.0 503")), (2, 3), answers)
        self.assertEqual(self.a.refusals(), {"POLICY_IM": 1, "TICKET_NONE": 2, "POLICY_RATE": 3})
        self.assertEqual(self.ucm.seen()["from-internet"], seen["from-internet"])

    def test_reset(self):
        """The connection ends with a TCP reset, and a call over another one is as good as ever."""
        wire = self.lab.capture("reset", "inet", "to-a", "tcp src port 5070 and tcp[13]&4!=0")
        with Stranger(self.lab) as s:
            self.request(s, "INFO", "reset")
            self.assertEqual(s.receive(), b"")
        self.assertGreater(wire.stop().stat().st_size, 24)  # what is behind the file's head is a RST
        self.assertEqual(self.a.refusals(), {"POLICY_REQUEST_METHOD": 1})
        self.assertIn("reset-drop 1\n", self.a.show("service-policy", "inspect", "sip"))
        self.assertEqual(self.way("b1", "a1"), "the Internet")


EACH = """\
policy-maps:
  each-map:
    type: inspect sip
    parameters: {strict-header-validation: {action: drop}}
    match:
      - {called-party: regex spit, action: drop}
      - {calling-party: regex spit, action: drop}
      - {content: length gt 2000, action: drop}
      - {content: type regex html, action: drop}
      - {im-subscriber: regex chatter, action: drop}
      - {message-path: regex inner, action: drop}
      - {request-method: unknown, action: drop}
      - {third-party-registration: regex chatter, action: drop}
      - {uri: sip length gt 120, action: drop}
      - {uri: tel length gt 20, action: drop}
      - {class: odd, action: drop}
      - {request-method: publish, action: drop-connection}
 #"""
REGEX = """\
regex: {spit: '^sip:spit@', chatter: '^sip:chatter@', html: '^text/html', inner: ' 10\\.'}
class-maps:
  odd: {type: inspect sip, match-all: [{request-method: info}, {not content: length gt 0}]}
"""


class EachRule(LabTest):
    """Section 12, one message for each kind of rule: one counter, its answer, and nothing at the call manager."""

    def test_map_each_match_and_parameter(self):
        self.restart("a", lambda text: text.replace("class-maps:\n", REGEX, 1).replace("policy-maps: ", EACH, 1)
                     .replace("inspect: {sip: {tls-proxy", "inspect: {sip: {policy-map: each-map, tls-proxy"))
        a, ucm = self.lab.daemons["a"], self.lab.ucms["a"]
        m, caller = known_bad.Message(self.lab.phones["a1"].number), "@enterprise-b.example>;tag=x"
        rows = (
            ("POLICY_CALLED_PARTY", "403", m(To="<sip:spit@enterprise-a.example>")),
            ("POLICY_CALLED_PARTY", "403", m(To="<sip:%73pit@enterprise-a.example>")),
            ("POLICY_CALLING_PARTY", "403", m(From="<sip:spit" + caller)),
            ("POLICY_CONTENT_LENGTH", "413", m("MESSAGE", body="x" * 2001, content="text/plain")),
            ("POLICY_CONTENT_TYPE", "415", m("MESSAGE", body="x", content="text/html")),
            ("POLICY_IM_SUBSCRIBER", "403", m("MESSAGE", From="<sip:chatter" + caller)),
            ("POLICY_MESSAGE_PATH", "403", m(extra="Via: SIP/2.0/UDP 10.1.1.1;branch=z9hG4bKx\r\n")),
            ("POLICY_REQUEST_METHOD", "403", m("FOO")),
            ("POLICY_REGISTRATION", "403", m("REGISTER", From="<sip:chatter" + caller)),
            ("POLICY_URI_LENGTH", "414", m(extra=f"P-Asserted-Identity: <sip:{'x' * 120}@b.example>\r\n")),
            ("POLICY_URI_LENGTH", "414", m(extra="P-Asserted-Identity: <tel:+1212555019900000000>\r\n")),
            ("POLICY_CLASS", "403", m("INFO")),
            ("POLICY_MAX_FORWARDS", "483", m(Max_Forwards="0")),
            ("POLICY_STRICT_HEADER", "400", m(drop=("Contact",))),
        )
        seen, before = ucm.seen()["any-from-internet"], a.refusals()
        with Stranger(self.lab) as s:
            for counter, status, octets in rows:
                with self.subTest(counter=counter):
                    s.send(octets)
                    answer, up = s.settle()
                    now = a.refusals()
                    self.assertTrue(up)
                    self.assertIn(f"SIP/2.0 {status} ", answer.split(b"\r\n")[0].decode())
                    self.assertEqual({k: v - before.get(k, 0) for k, v in now.items() if v != before.get(k, 0)},
                                     {counter: 1})
                    before = now
            s.send(m("PUBLISH", extra="Event: dialog\r\n"))
            self.assertEqual(s.settle(), (b"", False))
        self.assertEqual(a.refusals()["POLICY_REQUEST_METHOD"], 2)
        self.assertEqual(ucm.seen()["any-from-internet"], seen)
        self.assertEqual(self.way("b1", "a1"), "the Internet")


def from_callgate(pcap):
    """What the call manager's wire carried of requests that came in: a phone's own name is in none."""
    return b"".join(m for m in re.findall(rb"INVITE sip:.*?\r\n\r\n", pcap, re.S))
