# SPDX-License-Identifier: BSD-3-Clause
# `callgate ticket` against the vectors of protocol.md 2.13 and Appendix A, as a person types it.
# usage: test_ticket_cli.py CALLGATE
import json
import os
import re
import subprocess
import sys
import tempfile

from cli_steps import expect, finish, serve

CALLGATE = sys.argv[1]
VECTORS = {}
for name, text in re.findall(r'#define TICKET_(\w+)((?:\s*\\?\s*"[^"]*")+)',
                             open("test/unit/ticket_vectors.h").read()):
    VECTORS[name] = "".join(re.findall(r'"([^"]*)"', text))
DIR = tempfile.TemporaryDirectory()
PASSWORD = os.path.join(DIR.name, "password")
with open(PASSWORD, "w", opener=lambda p, f: os.open(p, f, 0o600)) as f:
    f.write(VECTORS["PASSWORD"] + "\n")


def run(*args, stdin=""):
    p = subprocess.run([CALLGATE, *args], input=stdin, capture_output=True, text=True)
    return p.returncode, p.stdout.rstrip("\n"), p.stderr


def mint(*args):
    return run("ticket", "mint", "--password-file", PASSWORD, "--epoch", "1", "--number",
               "+14085550123", "--granting", "enterprise-a.example", "--granted",
               "enterprise-b.example", "--start", "2026-01-01T00:00:00Z", "--stop",
               "2026-07-01T00:00:00Z", "--uuid", "8f4f2c1e-6d1b-4a37-9c55-0123456789ab", "--salt",
               "000102030405060708090a0b0c0d0e0f", "--node", "a1b2c3d4e5f60718293a4b5c6d7e8f90",
               *args)


def verify(*args, stdin=""):
    return run("ticket", "verify", "--password-file", PASSWORD, "--epoch", "1", "--called",
               "+14085550123", "--peer", "enterprise-b.example", "--own", "enterprise-a.example",
               "--now", "2026-03-01T00:00:00Z", *args, stdin=stdin)


GOOD = VECTORS["2_13"]

# Minted: the vectors, byte for byte. A later option overrides an earlier one.
for id, args in {"2_13": (), "A1": ("--corrupt", "mac"), "A2": ("--epoch", "2"),
                 "A4": ("--corrupt", "trunc"), "A5": ("--corrupt", "dup"),
                 "A7": ("--corrupt", "unknown"), "A8": ("--granted", "Enterprise-B.EXAMPLE"),
                 "A9": ("--profile", "t2")}.items():
    expect(f"mint {id}", mint(*args), (0, VECTORS[id], ""))
expect("mint A11", mint("--corrupt", "b64")[1], GOOD.replace("+", "-"))
expect("mint header", mint("--output", "header")[1], "X-Cisco-UC-IME-Ticket: " + GOOD)
expect("mint json", json.loads(mint("--json")[1])["ticket"], GOOD)

# Verified: which check failed, and the exit code.
MAC, DEC = "Ticket integrity check failed", "Ticket decode failed"
for id, want in {"2_13": "valid", "A1": MAC, "A2": "Ticket epoch mismatch", "A3": MAC, "A4": DEC,
                 "A5": DEC, "A6": "valid", "A7": DEC, "A8": "valid", "A9": DEC}.items():
    code, out, err = verify(VECTORS[id])
    expect(f"verify {id}", (code, out.split(":")[0]), (0 if want == "valid" else 1, want))
for how, want in {"mac": MAC, "trunc": DEC, "dup": DEC, "unknown": DEC, "order": DEC,
                  "b64": DEC}.items():
    code, out, err = verify(mint("--corrupt", how)[1])
    expect(f"verify --corrupt {how}", (code, out.split(":")[0]), (1, want))
expect("order is what is wrong", verify(mint("--corrupt", "order")[1])[1],
       DEC + ": integrity is not the last field")
for args, want in [
    (("--now", "2025-12-31T23:59:59Z"), "Ticket timestamp invalid"),
    (("--now", "2026-01-01T00:00:00Z"), "valid"),
    (("--now", "2026-07-01T00:00:00Z"), "valid"),
    (("--now", "2026-07-01T00:00:01Z"), "Ticket timestamp invalid"),
    (("--now", "2026-07-01T00:00:01Z", "--skew", "1"), "valid"),
    (("--called", "sip:+14085550124@x"), "Ticket DID mismatch"),
    (("--peer", "enterprise-c.example"), "Ticket domain check failed"),
    (("--own", "enterprise-x.example"), "Ticket domain check failed"),
    (("--epoch", "2"), "Ticket epoch mismatch"),
]:
    code, out, err = verify(*args, GOOD)
    expect(f"verify {args}", (code, out), (0 if want == "valid" else 1, want))
expect("verify none", verify(stdin="")[:2], (1, "Ticket not found"))
expect("verify A9 t2", verify("--profile", "t2", VECTORS["A9"])[:2], (0, "valid"))
expect("verify header from stdin",
       verify(stdin="X-Cisco-ViPR-Ticket: " + GOOD[:90] + "\r\n " + GOOD[90:])[:2], (0, "valid"))
expect("verify hex", verify("--hex", mint("--output", "hex")[1])[:2], (0, "valid"))
expect("verify json", json.loads(verify("--json", VECTORS["A1"])[1]),
       {"valid": False, "reason": "integrity", "counter": MAC, "detail": ""})

# A fresh one with every default is good now, and no two are the same.
def fresh():
    return run("ticket", "mint", "--password-file", PASSWORD, "--epoch", "1", "--number",
               "+14085550123", "--granting", "enterprise-a.example", "--granted",
               "enterprise-b.example")[1]


one = fresh()
expect("fresh", verify("--now", "now", one)[:2], (0, "valid"))
expect("fresh is good for 90 days", verify("--now", "+89d", one)[0], 0)
expect("fresh is good for 90 days", verify("--now", "+91d", one)[:2],
       (1, "Ticket timestamp invalid"))
expect("two differ", one != fresh(), True)

# Inspected: every field readable, even where the ticket is not in order.
expect("inspect", run("ticket", "inspect", GOOD)[:2], (0, """\
0x0001 unique id         16  8f4f2c1e6d1b4a379c550123456789ab
0x0002 salt              16  000102030405060708090a0b0c0d0e0f
0x0003 validity          16  2026-01-01T00:00:00Z to 2026-07-01T00:00:00Z
0x0004 number            12  +14085550123
0x0005 granting node     16  a1b2c3d4e5f60718293a4b5c6d7e8f90
0x0006 granting domain   20  enterprise-a.example
0x0007 granted domain    20  enterprise-b.example
0x0008 epoch              4  1
0x0009 integrity         20  9243e701a4fb1aac4b1f2ebbcef05bdf0266ab64
176 octets, profile t1: it decodes"""))
code, out, err = run("ticket", "inspect", "--json", VECTORS["A7"])
expect("inspect A7", (code, json.loads(out)["fields"][8]),
       (1, {"type": 0x42, "name": "unknown", "length": 1, "value": "78"}))
expect("inspect garbage", run("ticket", "inspect", "!")[:2],
       (1, "0 octets, profile t1: not strict base64, TKT-3"))

# The command line.
expect("--version", re.fullmatch(r"callgate \d+\.\d+\.\d+", run("--version")[1]) is None, False)
for args in [(), ("ticket",), ("ticket", "mint"), ("ticket", "inspect"), ("ticket", "verify")]:
    code, out, err = run(*args, "--help")
    expect(f"{args} --help", (code, out.startswith("usage: callgate"), err), (0, True, ""))
expect("no command", run()[0], 2)
expect("unknown command", run("toast")[0], 2)
expect("unknown option", mint("--toast", "1")[0], 2)
expect("no password file", run("ticket", "mint", "--epoch", "1")[0], 2)
for args in [("--epoch", "0"), ("--epoch", "256"), ("--number", "14085550123"),
             ("--granted", "*.example"), ("--stop", "2025-01-01T00:00:00Z"), ("--salt", "00"),
             ("--uuid", "00"), ("--profile", "t3"), ("--corrupt", "soup"), ("--output", "soup"),
             ("--start", "soon"), ("extra",)]:
    code, out, err = mint(*args)
    expect(f"mint {args}", (code, out, err != ""), (2, "", True))

# What changes a running daemon, here one that answers what it is told to and notes what it is asked.
SOCKET = os.path.join(DIR.name, "s.sock")
answers = []


def answer(_):
    said = answers.pop(0)
    ok = not isinstance(said, str)
    return json.dumps({"ok": ok, "data" if ok else "error": said}).encode() + b"\n"


def live(*args, say=()):
    """The client against a daemon that answers `say`; what it did, and what the daemon was asked."""
    asked.clear()
    answers[:] = say
    code, out, err = run("ticket", *args, "--socket", SOCKET)
    return code, out, err, [(a["command"], a["args"]) for a in asked]


asked = serve(SOCKET, answer)
SAVED = {"in_use": 1, "max": 4096, "saved": True, "revoked": []}
ASK_SAVED = ("show uc-ime revoked-tickets", {})

expect("epoch", live("epoch", "2", "--password-file", PASSWORD, "--grace", "60",
                     say=[{"changed": True, "epoch": 2, "previous_epoch": 1,
                           "previous_until": 1796083200}]),
       (0, "Ticket epoch 2 is in force.\nUpdate the IME server, and put this into the configuration, or "
           f"a restart takes it back:\n  ticket: {{epoch: 2, password-file: {PASSWORD}, ...,\n"
           "    previous: {epoch: 1, password-file: OLD-FILE, until: 2026-12-01T00:00:00Z}}", "",
        [("ticket epoch", {"epoch": 2, "password": VECTORS["PASSWORD"], "grace_s": 60})]))
expect("epoch, grace as configured", live("epoch", "2", "--password-file", PASSWORD,
                                          say=[{"changed": True, "epoch": 2}])[3],
       [("ticket epoch", {"epoch": 2, "password": VECTORS["PASSWORD"]})])
expect("epoch again", live("epoch", "2", "--password-file", PASSWORD,
                           say=[{"changed": False, "epoch": 2}])[:2],
       (0, "Ticket epoch 2 is in force already, with this password."))
expect("epoch json", json.loads(live("epoch", "2", "--password-file", PASSWORD, "--json",
                                     say=[{"changed": True, "epoch": 2}])[1]),
       {"changed": True, "epoch": 2})
expect("epoch refused", live("epoch", "1", "--password-file", PASSWORD, say=["expected (CLI-1)"])[:3],
       (1, "", "callgate: expected (CLI-1)\n"))
for args in [("epoch",), ("epoch", "2"), ("epoch", "0", "--password-file", PASSWORD),
             ("epoch", "2", "--password-file", PASSWORD, "--grace", "7776001"),
             ("revoke",), ("revoke", "a", "b"), ("unrevoke",)]:
    code, out, err, ask = live(*args)
    expect(f"{args}", (code, out, err != "", ask), (2, "", True, []))

expect("revoke", live("revoke", "b.example", say=[{"changed": True, "calls": 2, "ended": False}, SAVED]),
       (0, "b.example is revoked.\n2 calls that came with it go on; --end-calls ends them.", "",
        [("ticket revoke", {"what": "b.example", "end_calls": False}), ASK_SAVED]))
expect("revoke and end", live("revoke", "b.example", "--end-calls",
                              say=[{"changed": True, "calls": 2, "ended": True},
                                   {**SAVED, "saved": False}, SAVED]),
       (0, "b.example is revoked.\n2 calls that came with it were ended.", "",
        [("ticket revoke", {"what": "b.example", "end_calls": True}), ASK_SAVED, ASK_SAVED]))
expect("revoke again", live("revoke", "b.example", say=[{"changed": False, "calls": 0}, SAVED])[:2],
       (0, "b.example is revoked already."))
expect("revoke refused", live("revoke", "*", say=["expected a domain"])[:3],
       (1, "", "callgate: expected a domain\n"))
code, out, err, ask = live("revoke", "b.example", say=[{"changed": True, "calls": 0}, {
    **SAVED, "saved": False, "error": "No space left on device"}])
expect("revoke on a full disk", (code, out, "not on the disk: No space left" in err),
       (1, "b.example is revoked.", True))
expect("unrevoke", live("unrevoke", "b.example", say=[{"changed": True}, SAVED])[:2],
       (0, "b.example is not revoked any more."))
for command in ("epoch", "revoke", "unrevoke"):
    code, out, err = run("ticket", command, "--help")
    expect(f"{command} --help", (code, out.startswith("usage: callgate ticket " + command)), (0, True))

os.chmod(PASSWORD, 0o640)
expect("password file of mode 0640", mint()[:2], (2, ""))
os.chmod(PASSWORD, 0o600)
for text in ["short\n", "x" * 65, "with a space in it\n", "\n"]:
    with open(PASSWORD, "w") as f:
        f.write(text)
    expect(f"password {text!r}", mint()[:2], (2, ""))
finish()
