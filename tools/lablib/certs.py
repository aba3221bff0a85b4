# SPDX-License-Identifier: BSD-3-Clause
"""The lab's certificate authority, a certificate per enterprise (SAN URI:sip:DOMAIN, RFC 5922), and
certificates that must be refused."""

import os
import time

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


CA_CONF = """\
[ca]
default_ca=lab
[lab]
database={folder}/{ca}.index
new_certs_dir={folder}
rand_serial=yes
unique_subject=no
default_md=sha256
default_crl_days=9
copy_extensions=copy
policy=any
[any]
commonName=supplied
"""


def _signer(ca_folder, ca):
    conf = ca_folder / f"{ca}.cnf"
    conf.write_text(CA_CONF.format(folder=ca_folder, ca=ca))
    (ca_folder / f"{ca}.index").write_text("")
    return ("openssl", "ca", "-batch", "-notext", "-config", conf, "-keyfile", ca_folder / f"{ca}.key", "-cert",
            ca_folder / f"{ca}.pem")


def stamp(days):
    """So many days from now, as `sign` and `revocations` take it."""
    return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + days * 86400))


def sign(ca_folder, ca, request, begin=-1, end=90):
    """The certificate, in PEM, for a request in PEM; from and until so many days from now."""
    csr, crt = ca_folder / "request.pem", ca_folder / "signed.pem"
    csr.write_text(request)
    sh(*_signer(ca_folder, ca), "-startdate", stamp(begin), "-enddate", stamp(end), "-in", csr, "-out", crt)
    return crt.read_text()


def revocations(ca_folder, ca, out, revoked=(), begin=-1, end=9):
    """A CRL that lists these certificates."""
    signer = _signer(ca_folder, ca)
    for crt in revoked:
        sh(*signer, "-revoke", crt)
    sh(*signer, "-gencrl", "-crl_lastupdate", stamp(begin), "-crl_nextupdate", stamp(end), "-out", out)
