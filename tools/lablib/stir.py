# SPDX-License-Identifier: BSD-3-Clause
"""An authority and a signer of callers' numbers (RFC 8224 to 8226, 8588), made of the openssl command."""

import base64
import json
import time

from .util import sh

HOST = "sti.example"
ORIGID = "123e4567-e89b-12d3-a456-426655440000"


def base64url(octets):
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def raw_signature(der):
    """r and s side by side (RFC 7518 3.4) from what openssl writes."""
    at, out = 2, b""
    for _ in range(2):
        n = der[at + 1]
        out += der[at + 2:at + 2 + n].lstrip(b"\0").rjust(32, b"\0")
        at += 2 + n
    return out


class Signer:
    """One certificate for a number, at https://sti.example/NAME.pem. Writes ANCHORS.pem and the folder that
    mirrors the web below `folder`."""

    def __init__(self, folder, name="signer", number=None):
        """`number`: the only one it may sign for; None: all that its provider has."""
        self.folder, self.url = folder, f"https://{HOST}/{name}.pem"
        self.anchors, self.certificates = folder / "anchors.pem", folder / "certificates"
        self.key = folder / f"{name}.key"
        certificate = self.certificates / HOST / f"{name}.pem"
        certificate.parent.mkdir(parents=True, exist_ok=True)
        ca_key, csr, ext = folder / "anchors.key", folder / f"{name}.csr", folder / f"{name}.ext"
        if not self.anchors.exists():
            sh("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
               "825", "-subj", "/CN=STI root", "-keyout", ca_key, "-out", self.anchors)
        sh("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
           f"/CN=SHAKEN {name}", "-keyout", self.key, "-out", csr)
        # TNAuthList: one number, or the code of a provider.
        value = f"EXPLICIT:2,IA5STRING:{number}" if number else "EXPLICIT:0,IA5STRING:1234"
        ext.write_text("keyUsage=critical,digitalSignature\n1.3.6.1.5.5.7.1.26=ASN1:SEQUENCE:list\n"
                       f"[list]\nentry={value}\n")
        sh("openssl", "x509", "-req", "-in", csr, "-CA", self.anchors, "-CAkey", ca_key, "-CAcreateserial",
           "-days", "825", "-extfile", ext, "-out", certificate)

    def identity(self, orig, dest, iat=None, url=None, attest="A"):
        """The value of an Identity header; numbers as +E.164."""
        url = url or self.url
        header = {"alg": "ES256", "ppt": "shaken", "typ": "passport", "x5u": url}
        payload = {"attest": attest, "dest": {"tn": [dest.lstrip("+")]},
                   "iat": int(time.time()) if iat is None else iat,
                   "orig": {"tn": orig.lstrip("+")}, "origid": ORIGID}
        text = ".".join(base64url(json.dumps(x, separators=(",", ":")).encode()) for x in (header, payload))
        signed, signature = self.folder / "signed", self.folder / "signature"
        signed.write_text(text)
        sh("openssl", "dgst", "-sha256", "-sign", self.key, "-out", signature, signed)
        return f"{text}.{base64url(raw_signature(signature.read_bytes()))};info=<{url}>;alg=ES256;ppt=shaken"
