# SPDX-License-Identifier: BSD-3-Clause
# `callgate pki`, the manual's certificate procedures from the first key to revocation, with OpenSSL's
# own client as CA and as second judge. usage: test_pki_cli.py CALLGATE
import json
import os
import stat
import subprocess
import sys
import tempfile

from cli_steps import expect, expect_in, finish

CALLGATE = os.path.abspath(sys.argv[1])
TREE = os.getcwd()
DIR = tempfile.TemporaryDirectory()
os.chdir(DIR.name)

CA_CONF = """[ca]
default_ca=x
[x]
database=index.txt
serial=serial
crlnumber=crlnumber
new_certs_dir=.
default_md=sha256
default_days=90
default_crl_days=9
policy=any
unique_subject=no
copy_extensions=copy
[any]
commonName=supplied
organizationName=optional
"""


def run(*args, stdin=""):
    p = subprocess.run([CALLGATE, "pki", *args], input=stdin, capture_output=True, text=True,
                       env={**os.environ, "CALLGATE_CONFIG": "callgate.yaml"}, start_new_session=True)
    return p.returncode, p.stdout, p.stderr


def openssl(*args, stdin=None):
    p = subprocess.run(["openssl", *args], input=stdin, capture_output=True, text=True)
    return p.returncode, p.stdout, p.stderr


def read(name):
    with open(name) as f:
        return f.read()


def write(name, text):
    with open(name, "w") as f:
        f.write(text)


def ca(name, subject):
    """A CA with an intermediate, both of whom sign what they are given."""
    os.makedirs(name, exist_ok=True)
    expect(f"CA {name}", openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
           "-nodes", "-subj", f"/CN={subject}", "-days", "999", "-keyout", f"{name}/ca.key",
           "-out", f"{name}/ca.pem")[0], 0)
    write(f"{name}/ca.cnf", CA_CONF.replace("=index", f"={name}/index").replace("=serial", f"={name}/serial")
          .replace("=crlnumber", f"={name}/crlnumber").replace("certs_dir=.", f"certs_dir={name}"))
    write(f"{name}/index.txt", "")
    write(f"{name}/serial", "1000\n")
    write(f"{name}/crlnumber", "01\n")


def sign(name, request, days="90", key=None, cert=None):
    """What a CA sends back for a request: the certificate in PEM."""
    write("request.pem", request)
    code, out, err = openssl("ca", "-batch", "-notext", "-config", f"{name}/ca.cnf", "-keyfile",
                             key or f"{name}/ca.key", "-cert", cert or f"{name}/ca.pem", "-days", days,
                             "-in", "request.pem", "-out", "signed.pem")
    expect(f"signed by {name}: {err}", code, 0)
    return read("signed.pem")


ca("lab", "Lab CA")
ca("other", "Another CA")
text = read(f"{TREE}/config/samples/enterprise-a.yaml")
text = text.replace("trustpoints:\n", "trustpoints:\n  local-asa: {certificate: asa.crt, key: asa.key, enroll: self}\n"
                    "  local-ent-ucm: {ca: ucm.pem}\n")
write("callgate.yaml", text)

# ---- generate: the manual's `crypto key generate rsa label L modulus SIZE`.
code, out, err = run("generate", "local-ent")
expect("generate", (code, out, err), (0, "a.key: RSA (2048 bits)\n", ""))
expect("mode of a key", stat.S_IMODE(os.stat("a.key").st_mode), 0o600)
expect_in("RSA as OpenSSL sees it", "2048 bit", openssl("pkey", "-in", "a.key", "-noout", "-text")[1])
first = read("a.key")
code, out, err = run("generate", "local-ent")
expect("a key that is there", (code, out, err),
       (1, "", "callgate: a.key: is there already; --force replaces it\n"))
expect("stays", read("a.key"), first)
expect("--force", run("generate", "local-ent", "--force", "--modulus", "3072")[0], 0)
expect_in("3072", "3072 bit", openssl("pkey", "-in", "a.key", "-noout", "-text")[1])
for curve, name in {"P-256": "prime256v1", "P-384": "secp384r1"}.items():
    code, out, err = run("generate", "--key", "ec.key", "--curve", curve, "--force", "--json")
    expect(curve, (code, json.loads(out)),
           (0, {"file": "ec.key", "key": f"ECDSA {curve}", "bits": int(curve[2:])}))
    expect_in(curve, name, openssl("pkey", "-in", "ec.key", "-noout", "-text")[1])
expect("nothing is left over", [n for n in os.listdir(".") if n.count(".") > 1], [])
for args in (("--modulus", "1024"), ("--modulus", "9000"), ("--modulus", "x"), ("--curve", "P-521"),
             ("--curve", "P-256", "--modulus", "2048")):
    code, out, err = run("generate", "--key", "no.key", *args)
    expect(f"generate {args}", (code, out, err != "", os.path.exists("no.key")), (2, "", True, False))
expect_in("an anchor has no key", "no key", run("generate", "local-ent-ucm")[2])
expect_in("no folder", "No such file", run("generate", "--key", "nowhere/x.key")[2])

# ---- request: `crypto ca enroll`, to the terminal.
code, out, err = run("request", "local-ent")
request = out
expect("request", (code, err), (0, "% The subject name in the certificate will be: CN=enterprise-a.example\n"
       "% The domain that peers take us for will be: enterprise-a.example\n"))
code, out, err = openssl("req", "-noout", "-verify", "-text", stdin=request)
for part in ("Subject: CN = enterprise-a.example", "URI:sip:enterprise-a.example, DNS:enterprise-a.example",
             "TLS Web Server Authentication, TLS Web Client Authentication",
             "Digital Signature, Key Encipherment", "Public-Key: (3072 bit)"):
    expect_in("request as OpenSSL sees it", part, out)
expect("its signature", code, 0)
code, out, err = run("request", "local-ent", "--json", "--domain", "a.example,b.example", "--subject",
                     'cn=A, o="Example, Corp"')
expect("request --json", (code, {k: v for k, v in json.loads(out).items() if k != "request"}),
       (0, {"subject": 'O=Example\\, Corp,CN=A', "identities": ["a.example", "b.example"]}))
for args in (("--domain", "-x"), ("--domain", "a b"), ("--subject", "x"), ("--subject", "zz=1"),
             ("--domain", "x" * 300), ("--domain", "a.example,DNS:b")):
    code, out, err = run("request", "local-ent", *args)
    expect(f"request {args}", (code, out, err != ""), (2, "", True))

# ---- import: `crypto ca import TP certificate`, first everything that does not fit.
signed = sign("lab", request)
code, out, err = run("import", "local-ent", stdin=signed)
expect("no CA yet", code, 1)
expect_in("no CA yet", "ca.pem (No such file or directory)", err)

# ---- authenticate: `crypto ca authenticate TP`, the fingerprint first.
sha256 = openssl("x509", "-in", "lab/ca.pem", "-noout", "-fingerprint", "-sha256")[1].split("=")[1].strip()
sha1 = openssl("x509", "-in", "lab/ca.pem", "-noout", "-fingerprint", "-sha1")[1].split("=")[1].strip()
code, out, err = run("authenticate", "local-ent", stdin=read("lab/ca.pem"))
expect("nobody to ask", (code, os.path.exists("ca.pem")), (1, False))
expect_in("nobody to ask", "--fingerprint HEX or --yes", err)
expect_in("shown before", f"SHA-256 Fingerprint: {sha256}", out)
code, out, err = run("authenticate", "local-ent", "--fingerprint", "00:11", stdin=read("lab/ca.pem"))
expect("wrong fingerprint", (code, os.path.exists("ca.pem")), (1, False))
expect_in("wrong fingerprint", f"found the fingerprint {sha256}, expected 00:11", err)
code, out, err = run("authenticate", "local-ent", "--fingerprint", sha1.lower().replace(":", ""),
                     stdin="Dear customer,\n\n" + read("lab/ca.pem") + "quit\n")
expect("by SHA-1", (code, read("ca.pem")), (0, read("lab/ca.pem")))
expect_in("by SHA-1", "1 added to ca.pem", err)
expect_in("again", "0 added", run("authenticate", "local-ent", "--yes", "--in", "lab/ca.pem")[2])
code, out, err = run("authenticate", "local-ent", "--fingerprint", sha256, stdin=read("lab/ca.pem") * 2)
expect_in("two", "found 2 certificates, expected the one", err)

# ---- import, continued.
other = sign("other", request)
code, out, err = run("import", "local-ent", stdin=other)
expect("another CA", (code, os.path.exists("a.crt")), (1, False))
expect_in("another CA", "CN=enterprise-a.example is signed by CN=Another CA, which is neither among the 1 CAs of "
          "ca.pem nor in what is imported", err)
code, out, err = run("import", "local-ent", stdin=other + read("other/ca.pem"))
expect_in("another CA, sent along", "the chain ends at CN=Another CA, which is none of the 1 CAs of ca.pem", err)
code, out, err = run("import", "local-ent", "--key", "ec.key", "--certificate", "x.crt", stdin=signed)
expect_in("another key", "found CN=enterprise-a.example of the key RSA (3072 bits), expected the certificate of "
          "our key, another ECDSA P-384 (384 bits)", err)
expect_in("expired", "certificate has expired",
          run("import", "local-ent", stdin=openssl("x509", "-req", "-in", "request.pem", "-CA", "lab/ca.pem",
              "-CAkey", "lab/ca.key", "-set_serial", "9", "-days", "-1")[1])[2])
write("eku.cnf", "extendedKeyUsage=serverAuth\n")
expect_in("server only", "purpose",
          run("import", "local-ent", stdin=openssl("x509", "-req", "-in", "request.pem", "-CA", "lab/ca.pem",
              "-CAkey", "lab/ca.key", "-set_serial", "8", "-days", "9", "-extfile", "eku.cnf")[1])[2])
for junk in ("", "hello\n", "-----BEGIN CERTIFICATE-----\nxxxx\n-----END CERTIFICATE-----\n"):
    code, out, err = run("import", "local-ent", stdin=junk)
    expect(f"import {junk!r}", (code, out, "found " in err), (1, "", True))
expect("so far nothing", os.path.exists("a.crt"), False)
code, out, err = run("import", "local-ent", "--json", stdin=signed)
got = json.loads(out)
expect("import", (code, got["subject"], got["issuer"], got["identities"], got["key"], got["bits"]),
       (0, "CN=enterprise-a.example", "CN=Lab CA", ["enterprise-a.example"], "RSA", 3072))
expect_in("import", "callgate pki reload puts it into force", err)
expect("as OpenSSL sees it", openssl("verify", "-CAfile", "ca.pem", "-purpose", "sslclient", "a.crt")[0], 0)
expect("same certificate", read("a.crt"), signed)

# Through an intermediate CA, sent in the wrong order with the root: the chain is put right.
openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=Issuing CA",
        "-keyout", "sub.key", "-out", "sub.csr")
write("sub.cnf", "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n")
sub = openssl("x509", "-req", "-in", "sub.csr", "-CA", "lab/ca.pem", "-CAkey", "lab/ca.key", "-set_serial", "77",
              "-days", "99", "-extfile", "sub.cnf")[1]
write("sub.pem", sub)
deep = sign("lab", request, key="sub.key", cert="sub.pem")
expect_in("missing link", "is signed by CN=Issuing CA", run("import", "local-ent", stdin=deep)[2])
code, out, err = run("import", "local-ent", stdin=read("lab/ca.pem") + sub + deep)
expect("chain", (code, read("a.crt")), (0, deep + sub))
expect("chain as OpenSSL sees it",
       openssl("verify", "-CAfile", "ca.pem", "-untrusted", "a.crt", "a.crt")[0], 0)
expect("export --chain", run("export", "local-ent", "--chain")[1], deep + sub)

# A new key and its certificate take the place of both.
expect("new key", run("generate", "--key", "new.key", "--curve", "P-256")[0], 0)
code, request2, err = run("request", "local-ent", "--key", "new.key")
code, out, err = run("import", "local-ent", "--new-key", "new.key", stdin=sign("lab", request2))
expect("new key", (code, os.path.exists("new.key")), (0, False))
expect("they fit", openssl("x509", "-in", "a.crt", "-noout", "-pubkey")[1],
       openssl("pkey", "-in", "a.key", "-pubout")[1])
expect("mode of the new key", stat.S_IMODE(os.stat("a.key").st_mode), 0o600)

# A certificate of another domain is taken, with a warning.
code, out, err = run("import", "local-ent", stdin=sign("lab", run("request", "local-ent", "--domain", "x.example")[1]))
expect_in("domain", "does not name enterprise-a.example", err)
run("import", "local-ent", stdin=sign("lab", request2))

# ---- self-sign: `enroll self`, and what the call manager imports.
expect("asa key", run("generate", "local-asa", "--curve", "P-384")[0], 0)
code, out, err = run("self-sign", "local-asa", "--json", "--days", "400", "--domain", "asa.enterprise-a.example",
                     "--subject", "cn=asa,o=Example Corp")
got = json.loads(out)
expect("self-sign", (code, got["subject"], got["identities"], got["key"], got["self_signed"], got["ca"],
                     got["days_left"] in (399, 400), got["status"]),
       (0, "O=Example Corp,CN=asa", ["asa.enterprise-a.example"], "ECDSA P-384", True, False, True, "valid"))
expect("self-sign as OpenSSL sees it", openssl("verify", "-x509_strict", "-CAfile", "asa.crt", "asa.crt")[0], 0)
expect_in("its names", "URI:sip:asa.enterprise-a.example, DNS:asa.enterprise-a.example",
          openssl("x509", "-in", "asa.crt", "-noout", "-ext", "subjectAltName")[1])
code, out, err = run("self-sign", "local-asa")
expect_in("again", "asa.crt: is there already; --force replaces it", err)
expect("forced", run("self-sign", "local-asa", "--force")[0], 0)
for args in (("--days", "0"), ("--days", "x"), ("--days", "40000")):
    expect(f"self-sign {args}", run("self-sign", "local-asa", "--force", *args)[0], 2)
code, out, err = run("export", "local-asa")
expect("export", (code, out, err), (0, read("asa.crt"), ""))
code, out, err = run("authenticate", "local-ent-ucm", "--yes", stdin=out)
expect("a call manager's own certificate", code, 0)
expect_in("a call manager's own certificate", "it is no CA", err)

# ---- export: no private key unless asked for.
for args in ((), ("--chain",), ("--json",)):
    expect(f"export {args}", "PRIVATE" in run("export", "local-asa", *args)[1], False)
expect_in("export --private-key", "-----BEGIN PRIVATE KEY-----", run("export", "local-asa", "--private-key")[1])
expect("export --anchors", run("export", "local-ent", "--anchors")[1], read("ca.pem"))
write("pass", "a long passphrase\n")
expect("wide passphrase", run("export", "local-asa", "--pkcs12", "x.p12", "--passphrase-file", "pass")[0], 1)
os.chmod("pass", 0o600)
expect("pkcs12", run("export", "local-asa", "--pkcs12", "x.p12", "--passphrase-file", "pass")[0], 0)
expect("pkcs12's mode", stat.S_IMODE(os.stat("x.p12").st_mode), 0o600)
code, out, err = openssl("pkcs12", "-in", "x.p12", "-passin", "pass:a long passphrase", "-nodes")
expect_in("pkcs12 as OpenSSL sees it", "PRIVATE KEY", out)
expect("under a passphrase", openssl("pkcs12", "-in", "x.p12", "-passin", "pass:x", "-nodes")[0] != 0, True)
expect("pkcs12 without a passphrase", run("export", "local-asa", "--pkcs12", "y.p12")[0], 2)
expect_in("export an anchor", "no certificate", run("export", "local-ent-ucm")[2])

# ---- show and verify.
code, out, err = run("show", "--json")
got = {(c["trustpoint"], c["kind"]): c for c in json.loads(out)}
expect("show", (code, sorted(got)), (0, [("local-asa", "identity"), ("local-ent", "ca"), ("local-ent", "identity"),
                                         ("local-ent-ucm", "ca")]))
expect("used by", got["local-ent", "identity"]["used_by"],
       ["local_to_remote-ent (client, outside)", "remote_to_local-ent (server, outside)"])
expect("fingerprint", got["local-ent", "ca"]["sha256"], sha256)
expect("fingerprint", got["local-ent", "ca"]["sha1"], sha1)
expect("serial", got["local-ent", "identity"]["serial"],
       openssl("x509", "-in", "a.crt", "-noout", "-serial")[1].strip().split("=")[1])
code, out, err = run("show", "local-ent")
for part in ("Certificate\n  Status: valid\n", "Taken for: enterprise-a.example\n", "Public Key Type: ECDSA P-256 (256",
             " days left", "Associated Trustpoints: local-ent\n", "\nCA Certificate\n"):
    expect_in("show", part, out)
expect("verify", run("verify")[0], 0)
code, out, err = run("verify", "local-ent", "--peer", "a.crt")
expect("verify --peer", (code, out), (0, "local-ent: ok: as a TLS client: let in\nlocal-ent: ok: as a TLS server: let "
                                         "in\nlocal-ent: ok: taken for: enterprise-a.example\n"))
code, out, err = run("verify", "local-ent", "--peer", "asa.crt", "--json")
expect("verify a stranger", (code, [r["ok"] for r in json.loads(out)]), (1, [False, False, True]))

# Revocation, judged alike by OpenSSL.
write("revoked.pem", read("a.crt"))
openssl("ca", "-config", "lab/ca.cnf", "-keyfile", "lab/ca.key", "-cert", "lab/ca.pem", "-revoke", "revoked.pem")
openssl("ca", "-config", "lab/ca.cnf", "-keyfile", "lab/ca.key", "-cert", "lab/ca.pem", "-gencrl", "-out", "crl.pem")
expect("OpenSSL says so", "certificate revoked" in
       openssl("verify", "-crl_check", "-CAfile", "ca.pem", "-CRLfile", "crl.pem", "a.crt")[2], True)
code, out, err = run("verify", "local-ent", "--crl", "crl.pem", "--peer", "a.crt")
expect("revoked", (code, out.split("\n")[0]), (1, "local-ent: FAULT: as a TLS client: certificate revoked"))
openssl("crl", "-in", "crl.pem", "-outform", "DER", "-out", "crl.der")
expect("CRL in DER", run("verify", "local-ent", "--crl", "crl.der", "--peer", "a.crt")[:2], (code, out))
got = json.loads(run("show", "local-ent", "--crl", "crl.pem", "--json")[1])[-1]
expect("show a CRL", (got["kind"], got["issuer"], got["revoked"], got["has_issuer"], got["status"]),
       ("crl", "CN=Lab CA", 1, True, "valid"))
code, out, err = run("verify", "--ca", "other/ca.pem", "--crl", "crl.pem")
expect("a CRL of nobody", (code, "of none of the CAs" in out), (1, True))

# What is broken is named.
os.chmod("a.key", 0o644)
code, out, err = run("verify", "local-ent")
expect("wide key", (code, err), (1, "callgate: local-ent: key: found a.key with mode 0644, expected 0600 or less\n"))
expect("request with a wide key", run("request", "local-ent")[0], 1)
os.chmod("a.key", 0o600)

# ---- The command line.
for args in [(), ("generate",), ("self-sign",), ("request",), ("import",), ("authenticate",), ("export",), ("show",),
             ("verify",), ("reload",)]:
    code, out, err = run(*args, "--help")
    expect(f"{args} --help", (code, out.startswith("usage: callgate pki"), err), (0, True, ""))
for args in [(), ("toast",), ("generate",), ("import", "a", "b"), ("show", "--toast")]:
    expect(f"{args}", run(*args)[0], 2)
code, out, err = run("show", "local_ent")
expect("unknown trust-point", (code, err),
       (1, "callgate: there is no trust-point local_ent, but: local-asa local-ent-ucm local-ent\n"))
code, out, err = run("show", "x", "--config", "none.yaml")
expect("no configuration", (code, "none.yaml" in err, "--config FILE" in err), (1, True, True))
code, out, err = run("reload", "--socket", "none.sock")
expect("no daemon", (code, "is callgated running?" in err), (1, True))
finish()
