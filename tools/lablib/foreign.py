# SPDX-License-Identifier: BSD-3-Clause
"""Enterprise X, whose edge is no callgate: SIP over TLS from 192.0.2.10 with a certificate and tickets of its
own, and whatever media program a test puts behind it."""

import queue
import shutil
import ssl

from . import certs
from .daemon import mint
from .kamailio import MAPPED, DOMAIN
from .netns import FOREIGN
from .sip import Agent
from .srtp_peers import parse_sdp, sdp

NAME = "enterprise-x.example"
NUMBER = "+13035550142"


def identity(lab):
    """The folder with the enterprise's certificate and key, x.crt and x.key, and the CA of the lab."""
    folder = lab.dir / "foreign"
    if not (folder / "x.crt").exists():
        certs.issue(lab.dir / "ca", "ca", folder, "x", NAME)
        shutil.copy(lab.dir / "ca" / "ca.pem", folder / "ca.pem")
    return folder


def teach(lab, ucm):
    """A call manager learns the way to our number."""
    ucm.rpc("htable.sets", "learned", f"s:{NUMBER}", f"s:sip:{FOREIGN}:5070;transport=tcp")
    ucm.rpc("htable.sets", "ticket", f"s:{NUMBER}", f"s:{mint(lab, ucm.site, NUMBER, granted=NAME)}")
    ucm.set_domain(NUMBER, NAME)


class Foreign:
    def __init__(self, lab):
        self.lab = lab
        self.dir = identity(lab)
        contexts = []
        for protocol in (ssl.PROTOCOL_TLS_CLIENT, ssl.PROTOCOL_TLS_SERVER):
            ctx = ssl.SSLContext(protocol)
            ctx.check_hostname = False
            ctx.verify_mode = ssl.CERT_REQUIRED
            ctx.load_verify_locations(self.dir / "ca.pem")
            ctx.load_cert_chain(self.dir / "x.crt", self.dir / "x.key")
            contexts.append(ctx)
        self.incoming = queue.Queue()
        self.agent = Agent("foreign", FOREIGN, NUMBER, NAME, contexts, self.incoming.put)
        self.trunks = {}

    def close(self):
        self.agent.close()

    def offer(self, number, body, site="a"):
        """An INVITE with a good ticket; the Call, not yet answered."""
        if site not in self.trunks:
            self.trunks[site] = self.agent.connect((MAPPED[site], 5070))
        call = self.agent.call(self.trunks[site], number, f"{MAPPED[site]}:5070;transport=tls", DOMAIN[site])
        call.invite(body, [("X-Cisco-UC-IME-Ticket", mint(self.lab, site, number, granted=NAME))])
        return call

    def call(self, number, body, site="a"):
        """An answered and confirmed call, and the lines of the answer."""
        call = self.offer(number, body, site)
        call.await_answer()
        call.ack()
        return call, parse_sdp(call.body)


class Stub:
    """In place of a phone: answers every call with all its lines, in plain RTP to even ports from 30000 on."""

    def __init__(self, phone):
        self.phone = phone
        phone.kill()
        self.calls, self.port = [], 30000
        self.agent = Agent(phone.netns, phone.ip, phone.number, phone.ip, on_call=self.take, port=5062)

    def close(self):
        self.agent.close()

    def take(self, call):
        lines, first = parse_sdp(call.body), self.port
        self.port += 2 * len(lines)
        self.calls.append(call)
        call.answer(sdp([m._replace(port=first + 2 * i, crypto=[]) for i, m in enumerate(lines)], self.phone.ip))
