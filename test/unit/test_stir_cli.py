# SPDX-License-Identifier: BSD-3-Clause
# `callgate stir inspect` on what the openssl command has signed, as a person types it.
# usage: test_stir_cli.py CALLGATE
import json
import pathlib
import subprocess
import sys
import tempfile

from cli_steps import expect, finish

sys.path.insert(0, "tools")
from lablib.stir import Signer  # noqa: E402

CALLGATE = sys.argv[1]
DIR = tempfile.TemporaryDirectory()
FOLDER = pathlib.Path(DIR.name)


def inspect(*args, stdin=""):
    p = subprocess.run([CALLGATE, "stir", "inspect", *args], input=stdin, capture_output=True, text=True)
    return p.returncode, p.stdout.rstrip("\n"), p.stderr


number = Signer(FOLDER, "number", "12125550199")
provider = Signer(FOLDER, "provider")
CERT = {s: str(s.certificates / "sti.example" / f"{s.key.stem}.pem") for s in (number, provider)}
good = number.identity("+12125550199", "+14085550123", iat=1772323200)

code, out, err = inspect(good)
lines = dict(x.split(None, 1) for x in out.split("\n"))
expect("inspect", (code, err), (0, ""))
expect("inspect", {k: lines[k] for k in ("info", "ppt", "orig", "dest", "iat", "attestation", "origid", "result")},
       {"info": "https://sti.example/number.pem", "ppt": "shaken", "orig": "12125550199", "dest": "14085550123",
        "iat": "2026-03-01T00:00:00Z", "attestation": "A", "origid": "123e4567-e89b-12d3-a456-426655440000",
        "result": "well formed; --certificate verifies it"})
expect("from stdin", inspect(stdin=f"Identity: {good}\r\n")[0], 0)


def result(*args):
    code, out, err = inspect("--json", *args)
    j = json.loads(out)
    return code, j["result"], j.get("status")


fresh = number.identity("+12125550199", "+14085550123")
expect("verified", result("--certificate", CERT[number], fresh), (0, "verified", None))
expect("another key", result("--certificate", CERT[provider], fresh), (1, "signature does not verify", 438))
expect("a provider", result("--certificate", CERT[provider], provider.identity("+4930123456", "+14085550123")),
       (0, "verified", None))
expect("another number", result("--certificate", CERT[number], number.identity("+12125550198", "+1")),
       (1, "its certificate has no authority for the calling number", 437))
expect("before its time", result("--certificate", CERT[number], good),
       (1, "its certificate was not valid at iat", 437))
expect("changed", result("--certificate", CERT[number], fresh.replace(".", ".e", 1))[0], 1)
expect("garbage", result("garbage"), (1, "not TOKEN;info=<https://...>, each parameter once", 438))
expect("compact", result(".." + fresh.split(".", 2)[2]), (1, "compact form with a ppt; expected the full form", 438))
expect("compact", result("--certificate", CERT[number], ".." + fresh.split(".", 2)[2].replace(";ppt=shaken", "")),
       (0, "compact form; what is signed is in the request", None))
expect("empty", result(""), (1, "not TOKEN;info=<https://...>, each parameter once", 438))
expect("a terminal's escapes", "\x1b" in inspect("\x1b[31m;info=<https://x\x1b>")[1], False)

for args in ((), ("inspect",)):
    p = subprocess.run([CALLGATE, "stir", *args, "--help"], capture_output=True, text=True)
    expect("--help", (p.returncode, p.stdout.startswith("usage: callgate stir"), p.stderr), (0, True, ""))
expect("unknown option", inspect("--toast")[0], 2)
expect("two arguments", inspect("a", "b")[0], 2)
expect("no such certificate", inspect("--certificate", "/nowhere", good)[0], 2)
finish()
