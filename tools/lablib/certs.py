# SPDX-License-Identifier: BSD-3-Clause
"""The lab's certificate authority, a certificate per enterprise (SAN URI:sip:DOMAIN, RFC 5922), and
certificates that must be refused."""

import os

from .util import sh

EXT = """\
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature,keyEncipherment
extendedKeyUsage=serverAuth,clientAuth
"""


def authority(folder, name, subject):
    """A self-signed CA: NAME.pem and NAME.key."""
    folder.mkdir(parents=True, exist_ok=True)
    sh("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-sha256",
       "-subj", f"/CN={subject}", "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem")
    os.chmod(folder / f"{name}.key", 0o600)


def issue(ca_folder, ca, folder, name, domain, alt_names=None):
    """NAME.crt and NAME.key for a domain, signed by a CA of `authority`. The domain is its CN and its
    subjectAltName, but for another one in OpenSSL's words; "" for none."""
    folder.mkdir(parents=True, exist_ok=True)
    ext = folder / f"{name}.ext"
    names = f"URI:sip:{domain}" if alt_names is None else alt_names
    ext.write_text(EXT + (f"subjectAltName={names}\n" if names else ""))
    key, csr, crt = (folder / f"{name}.{e}" for e in ("key", "csr", "crt"))
    sh("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={domain}",
       "-keyout", key, "-out", csr)
    os.chmod(key, 0o600)
    sh("openssl", "x509", "-req", "-in", csr, "-CA", ca_folder / f"{ca}.pem",
       "-CAkey", ca_folder / f"{ca}.key", "-CAcreateserial", "-days", "825", "-sha256",
       "-extfile", ext, "-out", crt)
    csr.unlink()
    ext.unlink()
