# SPDX-License-Identifier: BSD-3-Clause
"""A call manager: Kamailio, with learned routes (number -> enterprise) and their tickets as tables that a
test may change while it runs, and the PSTN as the second way. A REFER that says that the Internet fails a call
sends the phone over it in the middle of the call: Kamailio is a proxy, so it is the phone that places the new call,
and Kamailio that ends the old one."""

import os
import re
import signal
from collections import namedtuple

from . import netns
from .phone import PHONE_PORT, PHONES
from .util import LabError, alive, read_pid, sh, spawn, stop, tail, wait_for

# Where the other enterprise's call manager is seen on the Internet, and what it is called.
MAPPED = {"a": "209.165.200.228", "b": "203.0.113.10"}
DOMAIN = {"a": "enterprise-a.example", "b": "enterprise-b.example"}

CONFIG = """\
#!KAMAILIO
# The call manager of enterprise {site}.
debug=1 log_stderror=yes children=1 tcp_children=2 auto_aliases=no dns=no rev_dns=no
tcp_connect_timeout=2 tcp_send_timeout=2 tcp_connection_lifetime=3600
# A peer that restarted is noticed within a second or two, not at the next call.
tcp_keepalive=yes tcp_keepidle=1 tcp_keepintvl=1 tcp_keepcnt=20
listen=tcp:{ip}:5070
{secure}loadmodule "tm.so" loadmodule "sl.so" loadmodule "rr.so" loadmodule "pv.so" loadmodule "textops.so"
loadmodule "siputils.so" loadmodule "maxfwd.so" loadmodule "htable.so" loadmodule "ctl.so"
loadmodule "tmx.so" loadmodule "xlog.so" loadmodule "dialog.so"
modparam("ctl", "binrpc", "unix:{dir}/k.ctl")
modparam("tm", "failure_exec_mode", 1) modparam("tm", "reparse_on_dns_failover", 0)
modparam("tm", "fr_timer", 3000) modparam("tm", "fr_inv_timer", 30000)
modparam("htable", "htable", "phone=>size=4;")
modparam("htable", "htable", "learned=>size=4;")
modparam("htable", "htable", "ticket=>size=4;")
modparam("htable", "htable", "domain=>size=4;")
modparam("htable", "htable", "identity=>size=4;")
modparam("htable", "htable", "seen=>size=4;initval=0;")
modparam("htable", "htable", "tells=>size=4;")     # local number -> what it says of fallback, as header lines
modparam("htable", "htable", "answers=>size=4;")   # local number -> how it refuses REFERs out of the dialog; 0: silence
modparam("htable", "htable", "referred=>size=4;autoexpire=60;")
modparam("htable", "htable", "pstn=>size=4;autoexpire=10;")
modparam("dialog", "enable_stats", 0) modparam("dialog", "dlg_match_mode", 1)
onreply_route {{ route(INTERNET); }}
request_route {{
	route(INTERNET);
	if (!mf_process_maxfwd_header("10")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
	if (is_method("CANCEL")) {{ if (t_check_trans()) t_relay(); exit; }}
	if (is_method("REFER") && is_present_hf("X-UCIME-Fallback")) route(FALLBACK);
	if (has_totag()) {{
		if (is_method("NOTIFY") && $sht(referred=>$ci) != $null) {{ sl_send_reply("200", "OK"); exit; }}
		if (is_method("NOTIFY") && $hdr(Event) =~ "^refer" && $rb =~ "^SIP/2.0 200") t_on_reply("END_OLD");
		if (loose_route()) {{ route(RELAY); exit; }}
		if (is_method("ACK")) {{ if (t_check_trans()) t_relay(); exit; }}
		sl_send_reply("404", "Not here"); exit;
	}}
	t_check_trans();
	remove_hf("Route");                      # the phone's pre-loaded route to us
	if ($ru =~ "^tel:") tel2sip("$ru", "{ip}", "$ru");
	if (is_method("INVITE")) {{ route(COUNT); dlg_manage(); }}
	if ($sht(phone=>$rU) != $null) {{         # a number of ours
		$du = $sht(phone=>$rU); t_on_branch("PLAIN"); t_on_reply("TELL"); route(RELAY);
	}}
	if (!is_method("INVITE")) {{ sl_send_reply("404", "Not here"); exit; }}
	if ($sht(pstn=>$rU) != $null) {{          # the call that a REFER has caused
		$sht(pstn=>$rU) = $null; $sht(seen=>to-pstn) = $sht(seen=>to-pstn) + 1;
		$du = "sip:{other_ucm}:5070;transport=tcp"; t_on_branch("PLAIN");
	}} else if ($sht(learned=>$rU) != $null) {{       # the Internet
		$du = $sht(learned=>$rU); $rd = "{other_domain}";
		if ($sht(domain=>$rU) != $null) $rd = $sht(domain=>$rU);
		route({internet});
	}} else {{
		$du = "sip:{other_ucm}:5070;transport=tcp"; $sht(seen=>to-pstn) = $sht(seen=>to-pstn) + 1;
		t_on_branch("PLAIN");
	}}
	route(RELAY);
}}
route[OVER_INTERNET] {{
	t_on_branch("TICKET"); t_on_reply("INET_REPLY"); t_on_failure("TO_PSTN");
	t_set_fr(5000, 3000);                    # 5 s after a 100, 3 s without any answer
}}
{asking}# Whatever came over the Internet, be it a request or a response.
route[INTERNET] {{
	if ($si == "{edge}" || ($si != "{other_ucm}" && !($si =~ "^{net}\\.")))
		$sht(seen=>any-from-internet) = $sht(seen=>any-from-internet) + 1;
}}
route[RELAY] {{ if (!t_relay()) sl_reply_error(); exit; }}
# How INVITEs came: the tests ask for these numbers.
route[COUNT] {{
	if ($si == "{other_ucm}") $sht(seen=>from-pstn) = $sht(seen=>from-pstn) + 1;
	else if ($si != "{edge}" && $si =~ "^{net}\\.") $sht(seen=>from-phone) = $sht(seen=>from-phone) + 1;
	else {{
		$sht(seen=>from-internet) = $sht(seen=>from-internet) + 1;
		if (is_present_hf("X-Cisco-UC-IME-Ticket")) $sht(seen=>ticket) = $sht(seen=>ticket) + 1;
	}}
	xlog("L_ALERT", "INVITE from $si:$sp to $rU, Call-ID $ci, From $fu\\n");
}}
# protocol.md 5.2: outside the dialog with Target-Dialog, whose local-tag is that of our phone, or in it.
route[FALLBACK] {{
	if (has_totag()) {{
		$var(ci) = $ci; $var(rt) = $ft; $var(lt) = $tt;
	}} else {{
		$var(ci) = $(hdr(Target-Dialog){{s.select,0,;}});
		$var(lt) = $(hdr(Target-Dialog){{param.value,local-tag}});
		$var(rt) = $(hdr(Target-Dialog){{param.value,remote-tag}});
	}}
	if (!dlg_get("$var(ci)", "$var(rt)", "$var(lt)")) {{ sl_send_reply("481", "Target dialog unknown"); exit; }}
	$var(called) = $dlg(from_tag) == $var(rt);
	if ($var(called)) $var(who) = $(dlg(to_uri){{uri.user}});
	else $var(who) = $(dlg(from_uri){{uri.user}});
	$var(number) = $(hdr(Refer-To){{nameaddr.uri}});
	if ($var(number) =~ "^tel:") $var(number) = $(var(number){{s.substr,4,0}});
	else $var(number) = $(var(number){{uri.user}});
	xlog("L_ALERT", "REFER from $si:$sp for $var(who) to $var(number), To-tag $tt, Require $hdr(Require), Call-ID $ci\n");
	if (!has_totag() && $sht(answers=>$var(who)) != $null) {{
		if ($sht(answers=>$var(who)) > 0) sl_send_reply("$sht(answers=>$var(who))", "Refused");
		exit;
	}}
	$sht(pstn=>$var(number)) = 1;
	if (has_totag()) return;                 # it goes on to the phone
	$sht(referred=>$var(ci)) = 1;            # we ask for the transfer, so what the phone says of it is for us
	# To the other side of the one named; the phone's BYE comes of itself, the remote's does not.
	if ($var(called)) {{ $var(ok) = dlg_refer("caller", "sip:$var(number)@{ip}"); if ($var(ok) > 0) dlg_bye("caller"); }}
	else {{ $var(ok) = dlg_refer("callee", "sip:$var(number)@{ip}"); if ($var(ok) > 0) dlg_bye("callee"); }}
	if ($var(ok) < 0) {{ sl_send_reply("500", "Refer failed"); exit; }}
	append_to_reply("Refer-Sub: false\r\n"); sl_send_reply("202", "Accepted"); exit;
}}
# The phone has the new call, and callgate knows it.
onreply_route[END_OLD] {{ if (dlg_get("$ci", "$ft", "$tt")) dlg_bye("all"); }}
# What a call manager that can fall back says of itself.
onreply_route[TELL] {{ if ($sht(tells=>$tU) != $null) append_hf("$sht(tells=>$tU)\r\n"); }}
branch_route[PLAIN] {{ record_route(); }}
branch_route[TICKET] {{
	record_route();
	if ($sht(tells=>$fU) != $null) append_hf("$sht(tells=>$fU)\r\n");
	if ($sht(ticket=>$rU) != $null) append_hf("X-Cisco-UC-IME-Ticket: $sht(ticket=>$rU)\\r\\n");
	if ($sht(identity=>$rU) != $null) append_hf("Identity: $sht(identity=>$rU)\\r\\n");
}}
onreply_route[INET_REPLY] {{ if (t_check_status("18[0-9]")) t_set_fr(60000); }}
failure_route[TO_PSTN] {{
	if (t_is_canceled()) exit;
	if (t_check_status("403|408|415|428|43[678]|480|481|488|50[0-9]")) route(OVER_PSTN);
}}
route[OVER_PSTN] {{
	$sht(seen=>to-pstn) = $sht(seen=>to-pstn) + 1;
	xlog("L_ALERT", "$T_reply_code from the Internet: $rU goes over the PSTN\\n");
	$du = "sip:{other_ucm}:5070;transport=tcp";
	t_on_branch("PLAIN"); t_set_fr(0, 30000); t_relay();
}}
event_route[htable:mod-init] {{
{tables}
}}
"""
# Off-path: the agent (tools/map-agent) tells where the INVITE has to go, or that there is no way.
ASKING = """\
listen=udp:127.0.0.1:5070
route[ASK] {
	$du = "sip:127.0.0.1:5080"; t_on_branch("ASK"); t_on_failure("MAPPED"); t_set_fr(0, 3000);
}
branch_route[ASK] { append_hf("X-UCIME-Remote: $sht(learned=>$rU)\\r\\n"); }
failure_route[MAPPED] {
	if (t_is_canceled()) exit;
	if (t_check_status("302")) {
		$du = $(T_rpl($ct){nameaddr.uri}); route(OVER_INTERNET); t_relay();
	} else {
		route(OVER_PSTN);
	}
}
"""
Refer = namedtuple("Refer", "source number to to_tag require call_id")
SEEN = ("from-internet", "ticket", "from-pstn", "to-pstn", "from-phone", "any-from-internet")


class Kamailio:
    transport = "tcp" # toward callgate and phones
    secure = "" # lines of the configuration
    edge = None # off-path: callgate's inside address, whence calls from the Internet come

    def __init__(self, lab, site, host="ucm"):
        self.site = site
        self.other = "b" if site == "a" else "a"
        self.netns = netns.host_name(site, host)
        self.ip = netns.host_ip(site, host)
        self.dir = lab.dir / f"{host}-{site}"
        self.log = self.dir / "log"
        self.pid_file = self.dir / "pid"

    def start(self, tickets):
        """`tickets`: number -> ticket for each learned route."""
        tables = ""
        for p in PHONES.values():
            if p.site == self.site:
                ip = netns.host_ip(p.site, p.host)
                tables += f'\t$sht(phone=>{p.number}) = ' \
                          f'"sip:{ip}:{PHONE_PORT[self.transport]};transport={self.transport}";\n'
        for number, ticket in tickets.items():
            tables += f'\t$sht(learned=>{number}) = ' \
                      f'"sip:{MAPPED[self.other]}:5070;transport={self.transport}";\n' \
                      f'\t$sht(ticket=>{number}) = "{ticket}";\n'
        self.run(CONFIG.format(
            site=self.site, ip=self.ip, dir=self.dir, net=netns.SITES[self.site][0].replace(".", "\\."),
            other_ucm=netns.host_ip(self.other, "ucm"), other_domain=DOMAIN[self.other],
            secure=self.secure, edge=self.edge, internet="ASK" if self.edge else "OVER_INTERNET",
            asking=ASKING if self.edge else "", tables=tables.rstrip()))

    def run(self, config):
        self.dir.mkdir(parents=True, exist_ok=True)
        (self.dir / "kamailio.cfg").write_text(config)
        self.log.unlink(missing_ok=True)
        spawn(netns.inside(self.netns, "kamailio", "-f", self.dir / "kamailio.cfg", "-m", "64",
                           "-M", "4", "-DD", "-E", "-P", self.dir / "k.pid", "-Y", self.dir),
              self.log, self.pid_file)

    def ready(self, deadline_s=10):
        wait_for(f"call manager {self.site} (see {self.log})", deadline_s, self.answers)

    def answers(self):
        if not self.running():
            raise LabError(f"call manager {self.site} ended\n{tail(self.log)}")
        return "uptime" in self.rpc("core.uptime", check=False)

    def running(self):
        return alive(read_pid(self.pid_file))

    def kill(self, first=signal.SIGTERM):
        stop(read_pid(self.pid_file), first)

    def signal(self, sig):
        """To every process of it: SIGSTOP makes it hang with its connections up."""
        os.killpg(read_pid(self.pid_file), sig)

    def deaf(self, networks):
        """Packets from there are lost; none: no more."""
        rules = "".join(f"add rule inet deaf in ip saddr {n} drop\n" for n in networks)
        netns.script(self.netns, "nft -f - <<END\ntable inet deaf\ndelete table inet deaf\nEND\n")
        if rules:
            netns.script(self.netns, "nft -f - <<END\ntable inet deaf {\nchain in {\n"
                         f"type filter hook input priority 0;\n}}\n}}\n{rules}END\n")

    def rpc(self, *command, check=True):
        return sh("kamcmd", "-s", f"unix:{self.dir}/k.ctl", *command, check=check)

    def connected_to(self, address):
        """Whether it has a TCP connection that it would use for a request to port 5070 of an address."""
        return f"src_ip: {address}\n\tsrc_port: 5070\n" in self.rpc("core.tcp_list")

    # ---- learned routes and what was seen ----

    def set_port(self, number, port):
        """The port of the learned route to a number."""
        self.rpc("htable.sets", "learned", f"s:{number}",
                 f"s:sip:{MAPPED[self.other]}:{port};transport={self.transport}")

    def set_ticket(self, number, ticket):
        """The ticket that the next INVITE to this number carries; None: none."""
        if ticket is None:
            self.rpc("htable.delete", "ticket", f"s:{number}", check=False)
        else:
            self.rpc("htable.sets", "ticket", f"s:{number}", f"s:{ticket}")

    def set_domain(self, number, domain):
        """The domain of the learned route to a number; None: the right one."""
        if domain is None:
            self.rpc("htable.delete", "domain", f"s:{number}", check=False)
        else:
            self.rpc("htable.sets", "domain", f"s:{number}", f"s:{domain}")

    def set_identity(self, number, identity):
        """The Identity header of INVITEs to this number (RFC 8224); None: none."""
        if identity is None:
            self.rpc("htable.delete", "identity", f"s:{number}", check=False)
        else:
            self.rpc("htable.sets", "identity", f"s:{number}", f"s:{identity}")

    def set_fallback(self, number, tells=None, answers=None):
        """How it falls back with a local number from now on. `tells`: header lines of its INVITEs and answers;
        `answers`: the status that refuses a REFER out of the dialog, 0 for silence; None: it is done."""
        for table, value, kind in (("tells", tells, "sets"), ("answers", answers, "seti")):
            if value is None:
                self.rpc("htable.delete", table, f"s:{number}", check=False)
            else:
                self.rpc(f"htable.{kind}", table, f"s:{number}", f"s:{value}" if kind == "sets" else str(value))

    def refers(self):
        """Every REFER for fallback since its start."""
        return [Refer(*m) for m in re.findall(
            r"REFER from (\S+):\d+ for (\S+) to (\S+), To-tag (\S+), Require (\S+), Call-ID (\S+)",
            self.log.read_text(errors="replace"))]

    def callers(self):
        """The From URI of every INVITE since its start."""
        return re.findall(r"INVITE from .*, From (\S+)", self.log.read_text(errors="replace"))

    def seen(self):
        """How many INVITEs came and went which way, since its start, and how many messages of any kind came
        over the Internet."""
        out = dict.fromkeys(SEEN, 0)
        name = None
        for line in self.rpc("htable.dump", "seen", check=False).splitlines():
            key, _, value = line.strip().partition(": ")
            if key == "name":
                name = value
            elif key == "value" and name in out:
                out[name] = int(value)
        return out
