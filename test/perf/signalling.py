#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The signalling benchmark, run by `tools/bench signalling`: one JSON object per figure. First
those of bench_signalling, inside one process. Then whole calls: callgated and Kamailio 5.6 with its
TLS module take turns, in a lab's namespaces: the first at the edge of enterprise A, the second at
that of B, wires alike, before the same load: kept connections, INVITE, 180, 200, ACK, BYE, 200 with
SDP, in over mutual TLS (one cipher suite for both) and out over TCP. The load carries a ticket to
both; Kamailio does not look at it.

Kamailio is a plain stateful proxy: tm, record-routing (else no BYE would come its way), loose
routing, two TCP children (one or four are no faster), its log silent. That is the least that takes
part in a whole call. callgated does all that, checks the ticket, keeps the dialog, rewrites both
SDPs, opens a media path of SRTP and RTP, and closes it.

CPU seconds are what the scheduler counts for all threads of the product, user and system.
callgated's TCP is its own and runs on its worker and control thread; Kamailio's is the kernel's,
and what arrives there is in part paid by the sender, which is the load and not counted. The worker
naps when idle (poll: adaptive), so its share is work and looking for work; the share of the control
thread is printed by itself too.
usage: signalling.py FOLDER-OF-THE-BUILD"""

import contextlib
import glob
import json
import os
import pathlib
import shutil
import ssl
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
# A lab of its own, beside one that may be up
os.environ.update(BUILD=str(pathlib.Path(sys.argv[1]).resolve()),
                  LAB_DIR="/run/callgate-bench", LAB_PREFIX="cg-bench-")

# pylint: disable=wrong-import-position
import sip_load
from lablib import certs, netns, secure
from lablib.daemon import mint, substitute
from lablib.kamailio import MAPPED
from lablib.lab import Lab
from lablib.util import LabError, alive, read_pid, spawn, stop, wait_for

NAME = "calls_over_kamailio"
# Calls of each caller, two transactions each: more than callgated may have waiting for an answer, of a
# remote (2048) and in all (16384), so that a rate which it cannot hold shows as refused calls.
CALLERS, WARM_CALLS, ROUNDS, CALLS, AT_ONCE = 8, 50, 6, 400, 8
NUMBER, PORT = "+14085550123", 5070
CIPHER = "ECDHE-RSA-AES128-GCM-SHA256"
KAMAILIO = """\
#!KAMAILIO
debug=0 log_stderror=yes children=1 tcp_children=2 auto_aliases=no dns=no rev_dns=no
tcp_connection_lifetime=3600 enable_tls=yes
listen=tls:{outside}:{port}
listen=tcp:{inside}:{port}
loadmodule "tm.so" loadmodule "sl.so" loadmodule "rr.so" loadmodule "pv.so"
loadmodule "siputils.so" loadmodule "maxfwd.so" loadmodule "tls.so"
modparam("tls", "config", "{dir}/tls.cfg")
request_route {{
	if (!mf_process_maxfwd_header("10")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
	if (has_totag()) {{
		if (!loose_route()) {{ sl_send_reply("404", "Not here"); exit; }}
	}} else {{
		record_route();
		$du = "sip:{called}:{port};transport=tcp";
	}}
	if (!t_relay()) sl_reply_error();
}}
"""


def progress(text):
    print(f"signalling: {text}", file=sys.stderr, flush=True)


def figure(name, value, unit, against, at_least=None):
    met = None if at_least is None else value >= at_least
    print(json.dumps({"name": f"signalling.{name}", "value": float(f"{value:.4g}"), "unit": unit,
                      "goal": at_least, "at_most": False, "met": met, "against": against}),
          flush=True)


def not_run(why):
    print(json.dumps({"name": f"signalling.{NAME}", "value": None, "unit": "", "goal": None,
                      "met": None, "against": "", "not_run": why}), flush=True)
    return 2


def in_process():
    """The figures that need no wires."""
    program = pathlib.Path(os.environ["BUILD"]) / "test/perf/bench_signalling"
    if subprocess.run([program], check=False).returncode != 0:
        raise LabError("bench_signalling failed")


def cpu_of(pids):
    """CPU seconds of processes: of all threads, and of the first threads alone."""
    whole = first = 0
    for pid in pids:
        for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
            with open(path, encoding="ascii") as f:
                ns = int(f.read().split()[0])
            whole += ns
            first += ns if path.split("/")[4] == str(pid) else 0
    return whole / 1e9, first / 1e9


class Product:
    def __init__(self, name, pids, load):
        self.name, self.pids, self.load = name, pids, load
        self.rounds = []

    def round(self):
        calls = CALLERS * CALLS
        before, begin = cpu_of(self.pids), time.monotonic()
        self.load.run(CALLS, AT_ONCE)
        seconds = time.monotonic() - begin
        cpu, control = (b - a for a, b in zip(before, cpu_of(self.pids)))
        self.rounds.append((calls / cpu, calls / control, calls / seconds))
        progress(f"{self.name}: {calls} calls in {seconds:.2f} s, {cpu:.3f} CPU seconds, "
                 f"first threads {control:.3f}")

    def median(self, column=0):
        return statistics.median(r[column] for r in self.rounds)


def context(folder):
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ctx.check_hostname = False
    ctx.maximum_version = ssl.TLSVersion.TLSv1_2
    ctx.set_ciphers(CIPHER)
    ctx.load_verify_locations(folder / "ca.pem")
    ctx.load_cert_chain(folder / "b.crt", folder / "b.key")
    return ctx


def load_to(site, ctx, ticket):
    """From enterprises on that site's wire of the Internet to its call manager."""
    router, length = netns.SITES[site][1:]
    callers = [f"{router.rpartition('.')[0]}.{240 + i}" for i in range(CALLERS)]
    for address in callers:
        netns.script("inet", f"ip addr replace {address}/{length} dev to-{site}\n")
    return sip_load.Load("inet", callers, ctx, (MAPPED[site], PORT),
                         (f"ucm-{site}", netns.host_ip(site, "ucm"), PORT), NUMBER, ticket)


def quick(text):
    """No call writes a log line, and ports do not rest: thousands of calls a second come."""
    for pattern, replacement in ((r"level: info", "level: warning"),
                                 (r"port-guard: *\S+", "port-guard: 0:00:00"),
                                 (r"rtp-min-port: *\d+", "rtp-min-port: 1024"),
                                 (r"rtp-max-port: *\d+", "rtp-max-port: 65535")):
        text = substitute(text, pattern, replacement)
    return text


def callgate(lab, ctx):
    daemon = lab.daemons["a"]
    daemon.configure(quick)
    daemon.start()
    daemon.ready()
    wait_for("a ping through callgate", 15, lambda: lab.ping("inet", MAPPED["a"]))
    return Product("callgate", [daemon.pid()], load_to("a", ctx, mint(lab, "a", NUMBER)))


def kamailio(lab, stack, ctx):
    folder, inside = lab.dir / "kamailio", f"{netns.SITES['b'][0]}.1"
    folder.mkdir()
    router, length = netns.SITES["b"][1:]
    netns.script("cg-b", f"ip addr add {MAPPED['b']}/{length} dev outside\n"
                 f"ip addr add {inside}/24 dev inside\n"
                 "ip link set outside arp on; ip link set inside arp on\n"
                 "sysctl -qw net.ipv4.conf.all.arp_ignore=0\n"
                 f"ping -q -c1 -W2 {router} >/dev/null\n")
    (folder / "kamailio.cfg").write_text(KAMAILIO.format(
        outside=MAPPED["b"], inside=inside, port=PORT, dir=folder,
        called=netns.host_ip("b", "ucm")))
    (folder / "tls.cfg").write_text(secure.kamailio_tls(lab.daemons["a"].dir, "a", "ca"))
    spawn(netns.inside("cg-b", "kamailio", "-f", folder / "kamailio.cfg", "-m", "512", "-M", "8",
                       "-DD", "-E", "-Y", folder), folder / "log", folder / "pid")
    stack.callback(lambda: stop(read_pid(folder / "pid")))

    def answers():
        if not alive(read_pid(folder / "pid")):
            raise LabError(f"kamailio ended: {(folder / 'log').read_text()[-800:]}")
        with contextlib.suppress(OSError):
            return load_to("b", ctx, mint(lab, "a", NUMBER))
        return None
    load = wait_for("kamailio", 10, answers, 0.3)
    return Product("kamailio", netns.pids(netns.ns("cg-b")), load)


def report(ours, theirs):
    for product in (ours, theirs):
        figure(f"calls_per_cpu_second.{product.name}", product.median(), "calls/s",
               f"itself: {CALLERS * AT_ONCE} calls at once, {product.median(2):.0f} a second")
    figure("calls_per_cpu_second.callgate.control", ours.median(1), "calls/s",
           "itself: the control thread alone")
    ratios = [a[0] / b[0] for a, b in zip(ours.rounds, theirs.rounds)]
    figure(NAME, statistics.median(ratios), "ratio",
           "Kamailio 5.6 with TLS, a plain proxy; whole calls per CPU second, all threads",
           at_least=1.5)


def whole_calls():
    lab = Lab(progress)
    lab.hold_lock(patience_s=60)
    with contextlib.ExitStack() as stack:
        stack.callback(lab.down)
        lab.raze()
        netns.up()
        certs.authority(lab.dir / "ca", "ca", "Lab CA")
        for daemon in lab.daemons.values():
            daemon.prepare(lab.dir / "ca")
        ctx = context(lab.daemons["b"].dir)
        products = callgate(lab, ctx), kamailio(lab, stack, ctx)
        for product in products:
            if product.load.cipher[0] != CIPHER:
                raise LabError(f"{product.name} speaks {product.load.cipher}")
            product.load.run(WARM_CALLS, AT_ONCE)
        for _ in range(ROUNDS):
            for product in products:
                product.round()
        if lab.daemons["a"].counters()["CALLS_ENDED"] != products[0].load.serial:
            raise LabError("callgate has not seen every call")
        report(*products)


def main():
    try:
        in_process()
        if os.geteuid() != 0:
            return not_run("network namespaces need root")
        if not shutil.which("kamailio"):
            return not_run("kamailio is missing; tools/deps installs it")
        whole_calls()
    except (LabError, OSError) as e:
        progress(str(e))
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
