# SPDX-License-Identifier: BSD-3-Clause
"""Certificates, keys, CAs and CRLs replaced while people talk, by a daemon that has shed its privileges
(protocol.md section 8)."""

import hashlib
import os
import pathlib
import shutil
import signal
import socket
import ssl
import time

from session import LabTest, wait_for

from lablib import certs, netns
from lablib.daemon import client, substitute
from lablib.kamailio import MAPPED
from lablib.rights import NET_ADMIN, NET_RAW, to_lock
from lablib.util import LabError


class Replacement(LabTest):
    def setUp(self):
        super().setUp()
        self.a, self.b = (self.lab.daemons[s] for s in ("a", "b"))
        self.ca, self.new_ca = self.lab.dir / "ca", self.lab.dir / "new-ca"
        certs.authority(self.new_ca, "ca", "New CA")
        self.keep(self.a)
        self.keep(self.b)
        self.revoke()
        self.restart("a", lambda text: substitute(text, r"ca: ca\.pem\}", "ca: ca.pem, crl: crl.pem}"))

    def keep(self, daemon):
        """Its certificate, key and CAs as they are, again in force at the end of the test."""
        kept = self.lab.dir / f"kept-{daemon.site}"
        shutil.copytree(daemon.dir, kept, ignore=lambda _, names: [n for n in names if n.endswith("sock")])

        def back():
            for name in (f"{daemon.site}.crt", f"{daemon.site}.key", "ca.pem"):
                shutil.copy2(kept / name, daemon.dir / name)
            shutil.rmtree(kept)
            if daemon.running():
                client("pki", "reload", "--socket", daemon.socket)
        self.addCleanup(back)

    def pki(self, daemon, *args, text_in=None):
        return client("pki", *args, "--config", daemon.config, text_in=text_in)

    def reload(self, daemon):
        return client("pki", "reload", "--socket", daemon.socket)

    def revoke(self, *crts, **when):
        certs.revocations(self.ca, "ca", self.a.dir / "crl.pem", crts, **when)

    def enroll_anew(self):
        """A new key for A, and a certificate of the new CA for it."""
        key = self.a.dir / "new.key"
        self.pki(self.a, "generate", "--key", key, "--curve", "P-256")
        request = self.pki(self.a, "request", "local-ent", "--key", key)
        self.pki(self.a, "import", "local-ent", "--new-key", key, "--anchor", self.new_ca / "ca.pem",
                 text_in=certs.sign(self.new_ca, "ca", request))

    def shakes_hands(self, crt, key):
        """What A's server shows to a client with this certificate; None: the client was refused."""
        ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        ctx.check_hostname, ctx.verify_mode = False, ssl.CERT_NONE
        ctx.load_cert_chain(crt, key)
        with netns.entered("inet"):
            raw = socket.create_connection((MAPPED["a"], 5070), timeout=5)
        try:
            with ctx.wrap_socket(raw) as tls:
                shown = tls.getpeercert(True)
                tls.settimeout(0.5)
                try:
                    return None if tls.recv(1) == b"" else shown  # TLS 1.3: refused after the client's handshake
                except (TimeoutError, socket.timeout):
                    return shown
        except (ssl.SSLError, ConnectionError):
            return None
        finally:
            raw.close()

    def as_b(self):
        return self.shakes_hands(self.b.dir / "b.crt", self.b.dir / "b.key")

    def live(self, daemon):
        return daemon.usage()["tls_sessions"]

    def der(self, path):
        return ssl.PEM_cert_to_DER_cert(path.read_text())

    def counted_once(self, name, before):
        wait_for(f"{name} to be counted", 3, lambda: self.a.counters()[name] > before[name])
        self.assertEqual({k: v for k, v in self.counted(before).items() if k in self.a.refusals()}, {name: 1})

    def test_replaced_under_a_call(self):
        old = self.der(self.a.dir / "a.crt")
        self.assertEqual(self.as_b(), old)
        self.lab.connect("b1", "a1")
        time.sleep(1)

        # A gets a new key, and a certificate of another CA. B trusts that CA alone from now on.
        self.enroll_anew()
        self.assertIn("in force", self.reload(self.a))
        self.pki(self.b, "authenticate", "local-ent", "--replace", "--yes", "--in", self.new_ca / "ca.pem")
        before = self.b.counters()
        self.assertIn("the peers of 1 live connections are judged", self.reload(self.b))
        wait_for("B to retire A", 2, lambda: self.counted(before, "b").get("PEERS_RETIRED") == 1)
        new = self.der(self.a.dir / "a.crt")
        self.assertNotEqual(new, old)
        self.assertEqual(self.as_b(), new)
        shown = self.a.show("crypto", "ca", "certificates")
        fingerprint = ":".join(f"{x:02X}" for x in hashlib.sha256(new).digest())
        self.assertIn(f"SHA-256 Fingerprint: {fingerprint}\n", shown)
        self.assertIn("Issuer Name: CN=New CA", shown)

        # The call does not notice: it is heard on, and hung up over the connection that it began with.
        time.sleep(2)
        self.assertEqual([self.lab.phones[n].calls() for n in ("a1", "b1")], [1, 1])
        self.assertEqual(self.live(self.b), 1)
        self.lab.hang_up("b1", "a1")
        self.assert_heard("a1", "b1", 2.5)
        self.assert_heard("b1", "a1", 2.5)
        wait_for("B to close the connection after its last call", 3, lambda: self.live(self.b) == 0)

        # The next calls pass, either way, and B would not have taken the old certificate.
        self.assertEqual(self.way("b1", "a1", seconds=1.5), "the Internet")
        self.assertEqual(self.way("a2", "b2", seconds=1.5), "the Internet")

    def test_revoked(self):
        self.assertEqual(self.way("b1", "a1", seconds=1.5), "the Internet")
        self.revoke(self.b.dir / "b.crt")
        self.assertIn("live connections are judged", self.reload(self.a))
        wait_for("A to close the idle connection", 3, lambda: self.live(self.a) == 0)
        before = self.a.counters()
        self.assertIsNone(self.as_b())
        self.counted_once("TLS_CERT_REVOKED", before)
        # The caller's call goes over the telephone network.
        self.assertEqual(self.way("b1", "a1", seconds=1.5), "the PSTN")

        # A faulty file: everything that was in force stays in force, and says why.
        good, before = (self.a.dir / "ca.pem").read_text(), self.a.counters()
        (self.a.dir / "ca.pem").write_text("nothing\n")
        self.revoke()
        with self.assertRaisesRegex(LabError, r"trust-point local-ent: ca: found \S*ca\.pem with 0 certificates"):
            self.reload(self.a)
        os.kill(self.a.pid(), signal.SIGHUP)
        wait_for("SIGHUP to be refused", 3, lambda: self.counted(before).get("PKI_RELOADS_REFUSED") == 2)
        self.assertIsNone(self.as_b())

        # Mended: SIGHUP does what the command does.
        (self.a.dir / "ca.pem").write_text(good)
        before = self.a.counters()
        os.kill(self.a.pid(), signal.SIGHUP)
        wait_for("SIGHUP to be heard", 3, lambda: self.counted(before).get("PKI_RELOADS") == 1)
        self.assertEqual(self.as_b(), self.der(self.a.dir / "a.crt"))
        self.assertEqual(self.way("b1", "a1", seconds=1.5), "the Internet")

    def test_privileges(self):
        """What a reload reads, it reads without any right that start-up had: by the files' owner alone."""
        status = dict(line.split(":\t", 1) for line in
                      pathlib.Path(f"/proc/{self.a.pid()}/status").read_text().splitlines() if ":\t" in line)
        self.assertEqual((int(status["CapEff"], 16), status["Seccomp"]),
                         (NET_ADMIN | NET_RAW | to_lock(self.a.pid()), "2"))
        self.assertEqual(os.stat(self.a.dir / "a.key").st_mode & 0o7777, 0o600)
        self.assertIn("in force", self.reload(self.a))
        os.chown(self.a.dir / "a.key", 65534, 0)
        self.addCleanup(os.chown, self.a.dir / "a.key", 0, 0)
        with self.assertRaisesRegex(LabError, r"trust-point local-ent: key: found \S*a\.key \(Permission denied\)"):
            self.reload(self.a)

    def test_alarms(self):
        """A certificate of a year with six days left, then a CRL out of date."""
        self.assertNotIn("CERT_", self.a.show("alarms"))
        request = self.pki(self.a, "request", "local-ent")
        self.pki(self.a, "import", "local-ent", text_in=certs.sign(self.ca, "ca", request, begin=-359, end=6))
        self.reload(self.a)
        alarms = self.a.show("alarms")
        self.assertRegex(alarms, r"ON   CERT_7_DAYS .*\n  certificate CN=enterprise-a\.example of trust-point local-ent "
                                 r"ends 20\S+Z\n  What to do: .*callgate pki reload")
        self.pki(self.a, "import", "local-ent", text_in=certs.sign(self.ca, "ca", request))
        self.revoke(begin=-9, end=-1)
        self.reload(self.a)
        alarms = self.a.show("alarms")
        self.assertIn("over CERT_7_DAYS", alarms)
        self.assertRegex(alarms, r"ON   CRL_STALE .*\n  CRL of CN=Lab CA of trust-point local-ent ended 20")
        self.assertIsNotNone(self.as_b())  # revocation-check: crl none
