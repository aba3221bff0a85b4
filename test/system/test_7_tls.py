# SPDX-License-Identifier: BSD-3-Clause
"""TLS toward hostile and mistaken peers: 10 000 slow or half-open clients while calls are set up, what testssl.sh
finds on the Internet side, and peers of openssl s_client that offer the wrong thing."""

import json
import pathlib
import re
import subprocess
import sys
import time

from session import LabTest, alone, wait_for

from lablib import flood, netns
from lablib.daemon import client, substitute
from lablib.foreign import Foreign
from lablib.kamailio import MAPPED
from lablib.netns import FOREIGN
from lablib.srtp_peers import Media, new_key, sdp
from lablib.util import ROOT

SUITE = "AES_CM_128_HMAC_SHA1_80"
CLIENTS, RATE, SECONDS = 10000, 1700, 12
PATIENCE_S = 60 # for a machine on which the clients need longer


@alone
class Flood(LabTest):
    """Each client has an address of its own, and comes back when it was closed. In every second more of them come
    than there are places for those whom callgate does not know."""

    def storm(self):
        flood.sources("inet", True)
        self.addCleanup(flood.sources, "inet", False)
        command = netns.inside("inet", sys.executable, "-m", "lablib.flood", MAPPED["a"], "5070",
                               str(CLIENTS), str(RATE), str(PATIENCE_S))
        p = subprocess.Popen(command, cwd=ROOT / "tools", stdout=subprocess.PIPE, text=True)
        for cleanup in (p.wait, p.kill, p.stdout.close):
            self.addCleanup(cleanup)
        return (json.loads(line) for line in p.stdout) # one a second

    def stranger_calls(self):
        """An enterprise that was never heard of: TCP, TLS, INVITE with ticket, answer; the seconds it took."""
        enterprise = Foreign(self.lab)
        self.addCleanup(enterprise.close)
        begin = time.monotonic()
        call, _ = enterprise.call(self.lab.phones["a1"].number, sdp([
            Media("audio", FOREIGN, 31000, "RTP/SAVP", [0], [(1, SUITE, new_key(SUITE))])]))
        took = time.monotonic() - begin
        call.bye()
        return took

    def known_calls(self):
        took = self.lab.connect("b1", "a2")
        self.lab.hang_up("b1", "a2")
        return took

    def memory_kb(self):
        status = pathlib.Path(f"/proc/{self.lab.daemons['a'].pid()}/status").read_text()
        return int(re.search(r"VmRSS:\s*(\d+)", status)[1])

    def test_ten_thousand_clients(self):
        """A known peer's calls are set up at once, all the time, also when its connection is lost in the middle. A
        stranger's is when the clients have had their first try each: until then it is one of them."""
        a, ucm = self.lab.daemons["a"], self.lab.ucms["a"]
        self.known_calls()
        before, memory, seen = a.counters(), self.memory_kb(), ucm.seen()
        took, told = {"known": [], "lost": [], "stranger": []}, {}
        for second, told in enumerate(self.storm()):
            took["known"].append(self.known_calls())
            if told.get("connected", 0) < CLIENTS:
                continue
            client("clear", "tls-proxy", "session", "--socket", a.socket)
            took["lost"].append(self.known_calls())
            if not took["stranger"]:
                took["stranger"].append(self.stranger_calls())
            if second >= SECONDS and told["connected"] > CLIENTS + 1000 and len(took["lost"]) > 2:
                break
        else:
            self.fail(f"within {PATIENCE_S} s not as many as {CLIENTS} clients were let in, and 1000 again: {told}")
        moved, calls = self.counted(before), [x for kind in took.values() for x in kind]
        longest = {k: round(max(v, default=0), 3) for k, v in took.items()}
        print(f"  {told}\n  longest set-up of {len(calls)} calls, by kind: {longest} s\n"
              f"  {self.memory_kb() - memory} kB more; { {k: v for k, v in moved.items() if k.startswith('TLS_')} }")
        self.assertGreater(len(took["known"]), SECONDS // 2)
        self.assertLess(max(calls), 1.0, took)
        self.assertEqual(ucm.seen()["from-internet"] - seen["from-internet"], len(calls))
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
        return next(x for x in a.log.read_text().splitlines()[::-1] if f"counter={counter} " in x)

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
        line = next(x for x in a.log.read_text().splitlines() if "counter=TLS_ON_TCP " in x)
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
        line = next(x for x in a.log.read_text().splitlines() if "counter=TCP_ON_TLS " in x)
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
        self.assertEqual(self.way("b1", "a1"), "the Internet") # callgate B has AES128-SHA for such as this
        self.assertRegex(self.lab.daemons["a"].log.read_text(), r"cipher=AES128-SHA\s")


# ---- testssl.sh ----

# All that it may find fault with: with certificates of the lab, whose CA and revocation it does not know and which name
# a SIP domain and no host; and, while the suites of old call managers are configured, with those.
CERTIFICATES = {"cert_trust", "cert_chain_of_trust", "cert_revocation"}
OLD_SUITES = {"cipherlist_AVERAGE", "LUCKY13"}
FAULTS = {"LOW", "MEDIUM", "HIGH", "CRITICAL", "WARN", "FATAL"}
# What it must have looked at, and found.
FOUND = {
    "SSLv2": "not offered", "SSLv3": "not offered", "TLS1": "not offered", "TLS1_1": "not offered",
    "TLS1_2": "offered", "TLS1_3": "offered with final", "cipherlist_NULL": "not offered",
    "cipherlist_aNULL": "not offered", "cipherlist_EXPORT": "not offered", "cipherlist_LOW": "not offered",
    "cipherlist_3DES_IDEA": "not offered", "cipherlist_STRONG": "offered", "cipher_order": "server",
    "PFS": "offered", "PFS_ECDHE_curves": "prime256v1 secp384r1 X25519", "sessionresumption_ticket": "not supported",
    "secure_renego": "supported", "secure_client_renego": "not vulnerable", "CCS": "not vulnerable",
    "heartbleed": "not vulnerable, no heartbeat extension", "CRIME_TLS": "not vulnerable (not using HTTP anyway)",
    "SWEET32": "not vulnerable", "FREAK": "not vulnerable", "RC4": "not vulnerable",
    "BEAST": "not vulnerable, no SSL3 or TLS1", "LOGJAM-common_primes": "no DH key with <= TLS 1.2",
}
CHECKS = "-p -s -f -S -P -H -I -R -C -O -Z -W -A -L -F -J -D -4".split()


class Scanned(LabTest):
    """testssl.sh has no client certificate, so it sees handshakes alone. A scanner is a source that fails without end:
    the lab's file gives it higher limits, as anybody's may."""

    def scan(self, checks, edit=lambda text: text):
        self.restart("a", lambda text: edit(substitute(
            text, r"maximum-sessions: 1000", "maximum-sessions: 1000, handshake-rate: 2000, "
            "per-client-handshake-rate: 1000, per-client-embryonic-max: 1000")))
        out = self.lab.dir / "testssl.json"
        out.unlink(missing_ok=True)
        p = subprocess.run(netns.inside( # without an engine for GOST, whose lack it would find fault with
            "inet", "env", "NO_ENGINE=true", "testssl", "--quiet", "--color", "0", "--nodns", "none",
            "--warnings", "off", "--jsonfile", out, *checks, f"{MAPPED['a']}:5070"),
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=200)
        self.assertTrue(out.exists(), p.stdout + p.stderr)
        findings = json.loads(out.read_text())
        self.assertNotIn("TLS_RATE", self.lab.daemons["a"].refusals())
        faults = {f["id"]: f["finding"] for f in findings if f["severity"] in FAULTS}
        return {f["id"]: f["finding"] for f in findings}, faults

    def test_default(self):
        found, faults = self.scan(CHECKS)
        self.assertEqual({k: found.get(k, "").strip() for k in FOUND}, FOUND)
        self.assertNotIn("DH_groups", found)
        self.assertEqual(set(faults) - CERTIFICATES, OLD_SUITES, faults)

    def test_without_old_suites(self):
        found, faults = self.scan(["-p", "-s", "-L"], lambda text: substitute(
            text, r"trustpoints:\n", "ssl: {encryption: [ecdhe-aes128-gcm, ecdhe-aes256-gcm, tls13]}\ntrustpoints:\n"))
        self.assertEqual((found["TLS1_2"], found["cipherlist_STRONG"]), ("offered", "offered"))
        self.assertEqual(faults, {})


if __name__ == "__main__":
    import unittest
    unittest.main()
