# SPDX-License-Identifier: BSD-3-Clause
"""An enterprise whose trunk is secure: TLS among callgate, call manager and phones, with certificates of a CA of
the house, and phones that speak SRTP and nothing else. The call manager listens for it on port 5071; on 5070 the
telephone network still finds it."""

import re

from . import certs, netns
from .daemon import substitute
from .phone import PHONES, UCM_PORT

MODULES = """\
enable_tls=yes
listen=tls:{ip}:{port}
loadmodule "tls.so"
modparam("tls", "config", "{dir}/tls.cfg")
"""
TLS = """\
[{role}:default]
method = TLSv1.2+
verify_certificate = yes
require_certificate = yes
certificate = {dir}/{name}.crt
private_key = {dir}/{name}.key
ca_list = {dir}/{ca}.pem
"""
PHONE = """\
module srtp.so
sip_certificate {dir}/phone.pem
sip_cafile {dir}/inside.pem
"""


def kamailio_tls(folder, name, ca):
    """Kamailio's tls.cfg: mutual, in both roles, with NAME's certificate and key of a folder and a CA's there."""
    return "".join(TLS.format(role=role, dir=folder, name=name, ca=ca) for role in ("server", "client"))


def configuration(text):
    """The sample, with the secure trunk of the manual: what the call manager's certificate must chain to is in
    both tls-proxies, and what it is shown is inside-identity."""
    for pattern, replacement in (
            (r"trustpoints:\n", "trustpoints:\n"
             "  local-asa: {certificate: asa.crt, key: asa.key, ca: inside.pem}\n"
             "  local-ent-ucm: {ca: inside.pem}\n"),
            (r"\{client: \{trust-point: local-ent\}\}",
             "{server: {trust-point: local-ent-ucm}, client: {trust-point: local-ent}}"),
            (r"\{server: \{trust-point: local-ent\}\}",
             "{server: {trust-point: local-ent}, client: {trust-point: local-ent-ucm}}"),
            (r"    domain:", "    inside-identity: {trust-point: local-asa}\n    domain:"),
            (r"trunk-security-mode: nonsecure", "trunk-security-mode: secure")):
        text = substitute(text, pattern, replacement)
    return re.sub(r"eq 5070\b", f"eq {UCM_PORT['tls']}", text)


def certificates(lab, site):
    ca, domain = lab.dir / f"inside-{site}", f"{{}}.enterprise-{site}.example"
    if (ca / "inside.key").exists():
        return
    certs.authority(ca, "inside", f"CA of enterprise {site.upper()}")
    members = {"asa": lab.daemons[site].dir, "ucm": lab.ucms[site].dir,
               **{n: lab.phones[n].dir for n in phones(site)}}
    for name, folder in members.items():
        certs.issue(ca, "inside", folder, name, domain.format(name))
        (folder / "inside.pem").write_text((ca / "inside.pem").read_text())
        (folder / "phone.pem").write_text("".join((folder / f"{name}.{e}").read_text() for e in ("crt", "key")))


def phones(site):
    return [p.name for p in PHONES.values() if p.site == site]


def apply(lab, site, on=True):
    """Switches an enterprise over, or back; its programs start again."""
    daemon, ucm = lab.daemons[site], lab.ucms[site]
    certificates(lab, site)
    transport = "tls" if on else "tcp"
    ucm.transport = transport
    ucm.secure = MODULES.format(ip=ucm.ip, dir=ucm.dir, port=UCM_PORT["tls"]) if on else ""
    (ucm.dir / "tls.cfg").write_text(kamailio_tls(ucm.dir, "ucm", "inside"))
    for name in phones(site):
        phone = lab.phones[name]
        phone.transport = transport
        phone.modules_too = PHONE.format(dir=phone.dir) if on else ""
        phone.account_too = ";mediaenc=srtp-mand" if on else ""
        phone.start()
    daemon.kill()
    daemon.configure(configuration if on else None)
    daemon.start()
    ucm.kill()
    ucm.start(lab.learned(ucm.other))
    for program in (daemon, ucm, *(lab.phones[n] for n in phones(site))):
        program.ready()
    for caller, called in ((ucm, lab.ucms[ucm.other]), (lab.ucms[ucm.other], ucm)):
        for name in phones(called.site):
            caller.set_port(lab.phones[name].number, UCM_PORT[called.transport])
    lab.warm_up()
