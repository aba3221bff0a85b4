# SPDX-License-Identifier: BSD-3-Clause
"""TLS toward hostile and mistaken peers: 10 000 slow or half-open clients while calls are set up, what testssl.sh
finds on the Internet side, and peers of openssl s_client that offer the wrong thing."""

import json
import pathlib
import re
import subprocess
import sys
import time

from session import LabTest, wait_for

from lablib import flood, netns
from lablib.daemon import substitute
from lablib.foreign import Foreign
from lablib.kamailio import MAPPED
from lablib.netns import FOREIGN
from lablib.srtp_peers import Media, new_key, sdp
from lablib.util import ROOT

SUITE = "AES_CM_128_HMAC_SHA1_80"
CLIENTS, RATE, SECONDS = 10000, 1700, 15


class Flood(LabTest):
    """Each client has an address of its own, and comes back when it was closed. They come faster than a second's
    worth of all the places that callgate has for them."""

    def storm(self):
        flood.sources("inet", True)
        self.addCleanup(flood.sources, "inet", False)
        command = netns.inside("inet", sys.executable, "-m", "lablib.flood", MAPPED["a"], "5070",
                               str(CLIENTS), str(RATE), str(SECONDS))
        p = subprocess.Popen(command, cwd=ROOT / "tools", stdout=subprocess.PIPE, text=True)
        for cleanup in (p.wait, p.kill, p.stdout.close):
            self.addCleanup(cleanup)
        return p

    def cold_call(self, enterprise):
        """TCP, TLS, INVITE with ticket, answer, on a connection of its own; the seconds it took."""
        begin = time.monotonic()
        call, _ = enterprise.call(self.lab.phones["a1"].number, sdp([
            Media("audio", FOREIGN, 31000, "RTP/SAVP", [0], [(1, SUITE, new_key(SUITE))])]))
        took = time.monotonic() - begin
        call.bye()
        enterprise.trunks.clear()
        return took

    def memory_kb(self):
        status = pathlib.Path(f"/proc/{self.lab.daemons['a'].pid()}/status").read_text()
        return int(re.search(r"VmRSS:\s*(\d+)", status)[1])

    def test_ten_thousand_clients(self):
        a = self.lab.daemons["a"]
        stranger = Foreign(self.lab)
        self.addCleanup(stranger.close)
        before, memory = a.counters(), self.memory_kb()
        storm, told, took = self.storm(), {}, {"warm": [], "cold": []}
        begin = time.monotonic()
        for line in storm.stdout: # once a second, until its end
            told = json.loads(line)
            if told.get("connected", 0) < 100:
                continue
            if len(took["cold"]) < 5: # the first one of a stranger that was never heard of
                took["cold"].append(self.cold_call(stranger))
            c0 = a.counters()
            took["warm"].append(self.lab.connect("b1", "a2"))
            if took["warm"][-1] > 0.5:
                print(time.monotonic() - begin, took["warm"][-1], self.counted(c0))
            self.lab.hang_up("b1", "a2")
        moved = self.counted(before)
        print(f"  {told}\n  {took}\n  {self.memory_kb() - memory} kB more; "
              f"{ {k: v for k, v in moved.items() if k.startswith('TLS_')} }")
        self.assertGreater(told["connected"], CLIENTS, "every client was let in once, and some again")
        self.assertGreaterEqual(len(took["cold"]), 5)
        self.assertGreaterEqual(len(took["warm"]), SECONDS // 2)
        self.assertLess(max(took["cold"] + took["warm"]), 1.0, took)
        # Each kind was met where it belongs.
        for name in ("TLS_EMBRYONIC_EVICTED", "TLS_TIMEOUT", "TLS_NO_CERT"):
            self.assertGreater(moved.get(name, 0), 0, moved)
        self.assertLess(self.memory_kb() - memory, 128 * 1024)
        usage = a.show_json("tls-proxy", "session", "statistics")["embryonic"]
        self.assertLessEqual(usage["most_used"], usage["max"])


class Mistaken(LabTest):
    """What openssl s_client offers, and the line of the log that a person finds it by."""

    def s_client(self, *options, text="", site="a"):
        command = netns.inside("inet", "openssl", "s_client", "-connect", f"{MAPPED[site]}:5070", *options)
        p = subprocess.run([str(c) for c in command], input=text, capture_output=True, text=True, check=False,
                           timeout=20)
        return p.stdout + p.stderr

    def refused(self, counter, *options):
        a = self.lab.daemons["a"]
        before = a.refusals()
        self.s_client(*options)
        wait_for(f"{counter} to be counted", 5, lambda: a.refusals().get(counter, 0) > before.get(counter, 0))
        lines = [x for x in a.log.read_text().splitlines() if f"{counter}: " in x]
        self.assertIn("connection from", lines[-1])
        return lines[-1]

    def certificate(self, name="b"):
        folder = self.lab.daemons[name].dir
        return "-cert", folder / f"{name}.crt", "-key", folder / f"{name}.key"

    def test_good_client(self):
        """TLS 1.3 and 1.2, with forward secrecy; no compression, no ticket, no renegotiation."""
        for version, protocol in (("-tls1_3", "TLSv1.3"), ("-tls1_2", "TLSv1.2")):
            out = self.s_client(version, *self.certificate(), text="Q\n")
            self.assertRegex(out, rf"New, {protocol}, Cipher is (TLS_AES_|ECDHE-RSA-AES\d+-GCM)")
            self.assertIn("Compression: NONE", out)
            self.assertNotIn("TLS session ticket:", out)
            self.assertIn("No ALPN negotiated", out)

    def test_versions(self):
        for version in ("-tls1", "-tls1_1"):
            self.refused("TLS_NOTHING_COMMON", version, "-cipher", "ALL:@SECLEVEL=0")

    def test_suites(self):
        for suites in ("NULL", "AES128-GCM-SHA256", "ECDHE-RSA-CHACHA20-POLY1305"):
            self.refused("TLS_NOTHING_COMMON", "-tls1_2", "-cipher", f"{suites}:@SECLEVEL=0")

    def test_no_certificate(self):
        self.assertIn("peer did not return a certificate", self.refused("TLS_NO_CERT", "-tls1_2"))

    def test_tls_on_a_plain_trunk(self):
        """TLS-2: the call manager's trunk is TLS and ours is not; the log names the cure."""
        a = self.lab.daemons["a"]
        before = a.refusals()
        subprocess.run(netns.inside("ucm-a", "openssl", "s_client", "-connect", f"{MAPPED['b']}:5070"),
                       stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=20)
        wait_for("TLS_ON_TCP to be counted", 5,
                 lambda: a.refusals().get("TLS_ON_TCP", 0) == before.get("TLS_ON_TCP", 0) + 1)
        line = next(x for x in a.log.read_text().splitlines() if "TLS_ON_TCP: " in x)
        self.assertIn("set the call manager's trunk to TCP, or its trunk-security-mode to secure", line)

    def test_sip_on_tls(self):
        """TLS-2, the reverse, from the Internet."""
        a = self.lab.daemons["a"]
        before = a.refusals()
        subprocess.run(netns.inside("inet", sys.executable, "-c",
                                    "import socket, sys; s = socket.create_connection((sys.argv[1], 5070), 5);"
                                    "s.sendall(b'OPTIONS sip:a SIP/2.0\\r\\n\\r\\n'); s.recv(1)", MAPPED["a"]),
                       capture_output=True, check=False, timeout=20)
        wait_for("TCP_ON_TLS to be counted", 5,
                 lambda: a.refusals().get("TCP_ON_TLS", 0) == before.get("TCP_ON_TLS", 0) + 1)
        line = next(x for x in a.log.read_text().splitlines() if "TCP_ON_TLS: " in x)
        self.assertIn("set its trunk to TLS", line)

    def test_legacy(self):
        """TLS-4: what old call managers may need is spoken when it was asked for, and warned of."""
        def edit(text):
            text = substitute(text, r"trustpoints:\n", "crypto: {legacy-ciphers: on}\n"
                              "ssl: {encryption: [null-sha1, 3des-sha1, aes128-sha1]}\ntrustpoints:\n")
            return substitute(text, r"\n  remote_to_local-ent: \{", "\n  remote_to_local-ent: {tls-min-version: 1.0, ")
        self.restart("a", edit)
        for version, suite in (("-tls1", "AES128-SHA"), ("-tls1_2", "NULL-SHA")):
            out = self.s_client(version, "-cipher", f"{suite}:@SECLEVEL=0", *self.certificate(), text="Q\n")
            self.assertRegex(out, rf"Cipher is {suite}\b")
        self.refused("TLS_NOTHING_COMMON", "-tls1_3")
        log = self.lab.daemons["a"].log.read_text()
        self.assertIn("3des-sha1, which this OpenSSL does not have", log)
        self.assertIn("null-sha1, which does not encrypt", log)
        self.assertEqual(self.way("b1", "a1"), "the PSTN") # callgate B speaks no such thing


# ---- testssl.sh ----

# What it may say, at worst, of a server with TLS 1.2 and 1.3, and the suites of old call managers last.
EXPECTED = {
}


class Scanned(LabTest):
    def test_testssl(self):
        """Nothing worse than the profile. It has no client certificate, so it sees handshakes alone. The lab's file
        raises the limits per source: a scanner is a source that fails without end."""
        def edit(text):
            return substitute(text, r"maximum-sessions: 1000", "maximum-sessions: 1000, handshake-rate: 1000, "
                              "per-client-handshake-rate: 1000, per-client-embryonic-max: 1000")
        self.restart("a", edit)
        out = self.lab.dir / "testssl.json"
        out.unlink(missing_ok=True)
        begin = time.monotonic()
        p = subprocess.run(netns.inside(
            "inet", "testssl", "--quiet", "--color", "0", "--nodns", "none", "--warnings", "off", "--jsonfile", out,
            "-p", "-s", "-f", "-S", "-P", "-H", "-I", "-T", "-R", "-C", "-O", "-Z", "-W", "-A", "-L", "-F", "-J", "-D", "-4",
            f"{MAPPED['a']}:5070"), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=200)
        print(p.stdout[-6000:], p.stderr[-2000:], time.monotonic() - begin)
        findings = json.loads(out.read_text())
        for f in findings:
            print(f["severity"], f["id"], f["finding"])


if __name__ == "__main__":
    import unittest
    unittest.main()
