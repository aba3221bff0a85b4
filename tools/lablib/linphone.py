# SPDX-License-Identifier: BSD-3-Clause
"""Linphone as the phone of enterprise X, which has no callgate: SIP over TLS and SRTP with SDES, all of it by
libraries that callgate does not share (belle-sip, mbedTLS, libsrtp2); and baresip in its place. A Kamailio in front
is the enterprise's edge: mutual TLS to both sides, and the ticket."""

import os
import re
import subprocess

from . import tone
from .daemon import mint
from .foreign import NAME, NUMBER, identity
from .kamailio import DOMAIN, MAPPED, Kamailio
from .netns import FOREIGN, inside
from .phone import PHONE_PORT, Number, Phone
from .secure import PHONE, kamailio_tls
from .util import LabError, tail, wait_for

EDGE = """\
#!KAMAILIO
debug=1 log_stderror=yes children=1 tcp_children=2 auto_aliases=no dns=no rev_dns=no
tcp_connection_lifetime=3600 enable_tls=yes
listen=tls:{ip}:5070
loadmodule "tm.so" loadmodule "sl.so" loadmodule "rr.so" loadmodule "pv.so" loadmodule "textops.so"
loadmodule "siputils.so" loadmodule "maxfwd.so" loadmodule "htable.so" loadmodule "ctl.so"
loadmodule "tls.so"
modparam("tls", "config", "{dir}/tls.cfg")
modparam("ctl", "binrpc", "unix:{dir}/k.ctl")
modparam("htable", "htable", "phone=>size=4;")     # who has registered, and over which connection
modparam("htable", "htable", "ticket=>size=4;")
request_route {{
	if (!mf_process_maxfwd_header("10")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
	if (is_method("CANCEL")) {{ if (t_check_trans()) t_relay(); exit; }}
	if (has_totag()) {{
		if (loose_route()) {{ route(RELAY); exit; }}
		if (is_method("ACK")) {{ if (t_check_trans()) t_relay(); exit; }}
		sl_send_reply("404", "Not here"); exit;
	}}
	if (is_method("REGISTER")) {{
		$sht(phone=>$tU) = "sip:" + $si + ":" + $sp + ";transport=tls";
		append_to_reply("Contact: $ct;expires=3600\\r\\n");
		sl_send_reply("200", "OK"); exit;
	}}
	remove_hf("Route");                      # the phone's pre-loaded route to us
	record_route();
	if ($sht(phone=>$rU) != $null) $du = $sht(phone=>$rU);
	else if ($sht(ticket=>$rU) != $null) {{
		$du = "sip:{mapped}:5070;transport=tls"; $rd = "{domain}";
		append_hf("X-Cisco-UC-IME-Ticket: $sht(ticket=>$rU)\\r\\n");
	}} else {{
		sl_send_reply("404", "Not here"); exit;
	}}
	route(RELAY);
}}
route[RELAY] {{ if (!t_relay()) sl_reply_error(); exit; }}
event_route[htable:mod-init] {{
{tables}
}}
"""
# Its library knows no name of kind URI (RFC 5922), so the certificate must be of the CA, whatever it says.
CONFIG = """\
[sip]
sip_port=0
sip_tcp_port=0
sip_tls_port=-2
root_ca={dir}/ca.pem
verify_server_certs=1
verify_server_cn=0
client_cert_chain={dir}/x.crt
client_cert_key={dir}/x.key
media_encryption=srtp
media_encryption_mandatory=1
srtp_crypto_suites={suites}
default_proxy=0
[rtp]
audio_rtp_port=40000
audio_adaptive_jitt_comp_enabled=0
[proxy_0]
reg_proxy=<sip:{ip}:5070;transport=tls>
reg_route=<sip:{ip}:5070;transport=tls>
reg_identity=sip:{number}@{name}
reg_expires=3600
reg_sendregister=1
"""
TONE_S = 60


class Edge(Kamailio):
    """Of enterprise X, toward enterprise A."""

    def __init__(self, lab):
        self.lab, self.site, self.netns, self.ip = lab, "x", "foreign", FOREIGN
        self.dir = lab.dir / "ucm-x"
        self.log, self.pid_file = self.dir / "log", self.dir / "pid"

    def start(self, numbers):
        """`numbers`: whom the enterprise may call."""
        self.dir.mkdir(parents=True, exist_ok=True)
        (self.dir / "tls.cfg").write_text(kamailio_tls(identity(self.lab), "x", "ca"))
        tables = "\n".join(f'\t$sht(ticket=>{n}) = "{mint(self.lab, "a", n, granted=NAME)}";' for n in numbers)
        self.run(EDGE.format(ip=self.ip, dir=self.dir, mapped=MAPPED["a"], domain=DOMAIN["a"], tables=tables))

    def registered(self, number):
        return number in self.rpc("htable.dump", "phone")

    def reach(self, number, port):
        """A phone that does not register, and where it listens."""
        self.rpc("htable.sets", "phone", f"s:{number}", f"s:sip:{FOREIGN}:{port};transport=tls")


class Linphone:
    """It has no screen and no sound card: it plays a file and records to one. It takes every call, and is told
    what to do over its standard input; what it says of it is its log."""

    number, tone = NUMBER, 1150

    def __init__(self, lab):
        self.identity, self.dir = identity(lab), lab.dir / "phone-linphone"
        self.log, self.recording = self.dir / "log", self.dir / "heard.wav"
        self.process, self.since = None, 0

    def start(self, suites):
        """`suites`: what it offers and takes, the best first."""
        (self.dir / ".local/share/linphone").mkdir(parents=True, exist_ok=True)
        (self.dir / "linphonerc").write_text(CONFIG.format(dir=self.identity, ip=FOREIGN, number=NUMBER, name=NAME,
                                                           suites=", ".join(suites)))
        tone.write(self.dir / "tone.wav", self.tone, TONE_S)
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                inside("foreign", "linphonec", "-a", "-c", self.dir / "linphonerc", "-d", "5", "-l",
                       self.dir / "library.log"),
                stdin=subprocess.PIPE, stdout=log, stderr=log, env={**os.environ, "HOME": str(self.dir)})
        self.tell("soundcard use files")
        self.tell(f"play {self.dir / 'tone.wav'}")

    def stop(self):
        try:
            self.process.communicate(b"quit\n", timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def tell(self, command):
        self.forget()
        self.process.stdin.write(f"{command}\n".encode())
        self.process.stdin.flush()

    def forget(self):
        """What it said before is of no interest."""
        self.since = self.log.stat().st_size

    def await_words(self, words, deadline_s=5):
        """What it says since it was told something, or made to forget."""
        def said():
            return re.search(words, self.log.read_bytes()[self.since:].decode(errors="replace"))
        try:
            wait_for(f"linphone to say {words!r}", deadline_s, said)
        except LabError as e:
            raise LabError(f"{e}\n{tail(self.log)}") from None

    def await_talk(self):
        self.await_words("Media streams established")

    # ---- what a person does with a phone ----

    def record(self):
        """What it hears in its next call is in a new recording."""
        self.recording.unlink(missing_ok=True)
        self.tell(f"record {self.recording}")

    def dial(self, number):
        self.tell(f"call sip:{number}@{NAME}")

    def hang_up(self):
        self.tell("terminate")

    def hold(self):
        self.tell("pause")
        self.await_words("is now paused")

    def resume(self):
        self.tell("resume")
        self.await_talk()


class TlsBaresip(Phone):
    """The phone of enterprise X: SIP over TLS, with the enterprise's certificate, and nothing but SRTP."""

    account_too = ";mediaenc=srtp-mand"
    transport = "tls"
    spec = Number("x2", "x", "foreign", NUMBER, 1450)

    def __init__(self, lab):
        self.name, self.number, self.tone = self.spec.name, self.spec.number, self.spec.tone
        self.netns, self.ip = "foreign", FOREIGN
        self.dir = lab.dir / "phone-x2"
        self.log, self.pid_file = self.dir / "log", self.dir / "pid"
        self.sock, self.buf, self.events, self.replies = None, b"", [], []
        self.dir.mkdir(exist_ok=True)
        folder = identity(lab)
        (self.dir / "inside.pem").write_text((folder / "ca.pem").read_text())
        (self.dir / "phone.pem").write_text("".join((folder / f"x.{e}").read_text() for e in ("crt", "key")))
        self.modules_too = PHONE.format(dir=self.dir)

    def outbound(self):
        return f"{FOREIGN}:5070"

    def dial(self, number):
        self.forget()
        self.command("dial", f"sip:{number}@{FOREIGN}")

    def start(self, edge):
        super().start(codecs=["PCMU"])
        edge.reach(self.number, PHONE_PORT[self.transport])
