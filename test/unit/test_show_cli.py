# SPDX-License-Identifier: BSD-3-Clause
# `callgate show` against a socket that answers with the vectors of test/vectors/show, and against
# daemons that misbehave. usage: test_show_cli.py CALLGATE
import json
import os
import re
import subprocess
import sys
import tempfile

from cli_steps import expect, finish, serve

CALLGATE = sys.argv[1]
VECTORS = "test/vectors/show/"
DIR = tempfile.TemporaryDirectory()
PATH = os.path.join(DIR.name, "s.sock")


def vector(name):
    with open(VECTORS + name) as f:
        return f.read()


ANSWERS = {
    "show version": {"ok": True, "data": json.loads(vector("version.json"))},
    "show uc-ime signaling-sessions statistics":
        {"ok": True, "data": json.loads(vector("signaling-sessions-statistics.json"))},
    "show counters": {"ok": True, "data": json.loads(vector("counters.json"))},
    "show drops": {"ok": True, "data": json.loads(vector("drops.json"))},
    "show media": {"ok": True, "data": json.loads(vector("media-call.json"))},
    "packet-tracer": {"ok": True, "data": json.loads(vector("packet-tracer.json"))},
    "show route": {"ok": True, "data": []},
    "clear counters": {"ok": True, "data": True},
    "clear nat counters": {"ok": True, "data": True},
    "clear access-list counters": {"ok": True, "data": True},
    "show xlate": {"ok": True, "data": json.loads(vector("xlate.json"))},
    "clear xlate": {"ok": True, "data": True},
    "show uc-ime media-sessions": {"ok": False, "error": "no uc-ime is configured"},
}
PIECES = json.loads(vector("conn.json"))
RAW = {
    "show usage": b"",  # closes without a word
    "show interface": b"no JSON\n",
    "show nat detail": b"no JSON\n",
    "show nat": b'{"ok": true}\n',
}


def piece(command, args):
    """Three pieces: one flow, none, one flow."""
    cursor = args.get("cursor", 0)
    data = {**PIECES, "continued": cursor != 0, "found": 1 - cursor % 2,
            "connections": PIECES["connections"][cursor // 2:cursor // 2 + 1] if cursor != 1 else []}
    if command == "clear conn" or args.get("count"):
        del data["connections"]
    return {**data, **({"next": cursor + 1} if cursor < 2 else {})}


def answer(request):
    command = request["command"]
    if command.endswith(" conn"):
        return json.dumps({"ok": True, "data": piece(command, request["args"])}).encode() + b"\n"
    return RAW[command] if command in RAW else json.dumps(ANSWERS[command]).encode() + b"\n"


def run(*args, env=None):
    p = subprocess.run([CALLGATE, *args], capture_output=True, text=True,
                       env={**os.environ, **(env or {})})
    return p.returncode, p.stdout, p.stderr


asked = serve(PATH, answer)

version = (0, vector("version.txt"), "")
expect("--socket first", run("--socket", PATH, "show", "version"), version)
expect("--socket last", run("show", "version", "--socket", PATH), version)
expect("$CALLGATE_SOCKET", run("show", "version", env={"CALLGATE_SOCKET": PATH}), version)
expect("four words", run("--socket", PATH, "show", "uc-ime", "signaling-sessions", "statistics"),
       (0, vector("signaling-sessions-statistics.txt"), ""))
code, out, err = run("--socket", PATH, "show", "version", "--json")
expect("--json", (code, json.loads(out), err), (0, ANSWERS["show version"]["data"], ""))
expect("clear", run("--socket", PATH, "clear", "counters"), (0, "", ""))
asked.clear()
drops = (0, vector("drops.txt"), "")
expect("drops", run("--socket", PATH, "show", "drops"), drops)
expect("--all", run("--socket", PATH, "show", "drops", "--all"), drops)
expect("its question", [a["args"] for a in asked], [{"all": False}, {"all": True}])
expect("refused", run("--socket", PATH, "show", "uc-ime", "media-sessions"),
       (1, "", "callgate: no uc-ime is configured\n"))
for word in ("usage", "interface"):
    expect(word, run("--socket", PATH, "show", word), (1, "", f"callgate: {PATH}: no answer\n"))
expect("show xlate", run("--socket", PATH, "show", "xlate"), (0, vector("xlate.txt"), ""))
asked.clear()
run("--socket", PATH, "show", "xlate", "local", "10.1.1.15", "gport", "1024-2047")
run("--socket", PATH, "clear", "xlate", "interface", "inside")
expect("filters", [(a["command"], {k: v for k, v in a["args"].items() if k != "all"}) for a in asked],
       [("show xlate", {"local": "10.1.1.15", "gport": "1024-2047"}),
        ("clear xlate", {"interface": "inside"})])
for words in (["local"], ["local", "10.1.1.15", "gport"], ["toast", "1"], ["gport", "1", "toast", "2"]):
    code, out, err = run("--socket", PATH, "show", "xlate", *words)
    expect(words, (code, out, "but:\n" in err), (2, "", True))
expect("no data", run("--socket", PATH, "show", "nat")[:2], (1, ""))
expect("pieces", run("--socket", PATH, "show", "conn"), (0, vector("conn.txt"), ""))
code, out, err = run("--socket", PATH, "show", "conn", "--json")
expect("pieces in JSON", (code, json.loads(out), err), (0, PIECES, ""))
expect("pieces counted", run("--socket", PATH, "show", "conn", "count"), (0, vector("conn-count.txt"), ""))
expect("pieces cleared", run("--socket", PATH, "clear", "conn"), (0, vector("conn-cleared.txt"), ""))
for words, command, args in (
        (["show", "conn", "all", "address", "10.1.1.0/24", "detail"], "show conn",
         {"all": True, "address": "10.1.1.0/24", "detail": True}),
        (["show", "conn", "address", "10.1.1.0", "netmask", "255.255.255.0", "port", "80"], "show conn",
         {"all": False, "address": "10.1.1.0 255.255.255.0", "port": "80"}),
        (["show", "nat", "address", "10.1.1.0", "netmask", "255.255.255.0", "interface", "inside"], "show nat",
         {"all": False, "address": "10.1.1.0 255.255.255.0", "interface": "inside"}),
        (["show", "nat", "detail", "interface", "inside"], "show nat detail",
         {"all": False, "interface": "inside"}),
        (["clear", "connection"], "clear conn", {"all": False}),
        (["clear", "connection", "all"], "clear conn", {"all": True}),
        (["clear", "conn", "protocol", "tcp", "port", "5060"], "clear conn",
         {"all": False, "protocol": "tcp", "port": "5060"})):
    asked.clear()
    run("--socket", PATH, *words)
    expect(words, asked[0], {"command": command, "args": args})
for words in (["show", "conn", "address"], ["clear", "conn", "count"], ["show", "conn", "toast"],
              ["show", "conn", "address", "10.1.1.0", "netmask"], ["show", "conn", "port", "80", "netmask", "255.0.0.0"]):
    code, out, err = run("--socket", PATH, *words)
    expect(words, (code, out, "but:\n" in err), (2, "", True))
code, out, err = run("--socket", PATH + "x", "show", "version")
expect("no daemon", (code, out, "is callgated running?" in err), (1, "", True))
code, out, err = run("--socket", "/" + "x" * 200, "show", "version")
expect("long path", (code, out, "longer than" in err), (1, "", True))
for words in (["show"], ["show", "uc-ime"], ["show", "version", "x"],
              ["show", "media"], ["show", "media", "x", "y"]):
    code, out, err = run("--socket", PATH, *words)
    expect(words, (code, out, "but:\n" in err), (2, "", True))
# A word that begins no command: one line.
for words, said in ((["show", "toast"], '"show toast"'),
                    (["show", "dorps"], '"show dorps"'),
                    (["show", "drop"], '"show drop"; did you mean drops?'),
                    (["show", "Interfaces"], '"show Interfaces"; did you mean interface?'),
                    (["show", "int", "outside"], '"show int"; did you mean interface?'),
                    (["show", "con"], '"show con"; did you mean conn?'),
                    (["show", "u"], '"show u"; did you mean usage, uc-ime?'),
                    (["show", "c"], '"show c"; did you mean conn, counters, crypto?'),
                    (["show", ""], '"show "'),
                    (["show"] + ["x" * 200] * 100, '"show ' + "x" * 40 + '"'),
                    (["clear", "version"], '"clear version"'),
                    (["clear", "countres"], '"clear countres"; did you mean counters?')):
    expect(words, run("--socket", PATH, *words),
           (2, "", f"callgate: there is no {said} (callgate {words[0]} --help has all)\n"))
asked.clear()
expect("an address", run("--socket", PATH, "show", "route", "10.1.1.1"), (0, "No route leads there.\n", ""))
expect("its question", asked, [{"command": "show route", "args": {"all": False, "address": "10.1.1.1"}}])
asked.clear()
expect("an argument", run("--socket", PATH, "show", "media", "ab6d7980"),
       (0, vector("media-call.txt"), ""))
expect("its question", asked, [{"command": "show media",
                                "args": {"all": False, "call_id": "ab6d7980"}}])
asked.clear()
for words in ("clear access-list counters", "clear access-list outside_in counters", "clear nat counters"):
    expect(words, run("--socket", PATH, *words.split()), (0, "", ""))
expect("their questions", asked,
       [{"command": "clear access-list counters", "args": {"all": False}},
        {"command": "clear access-list counters", "args": {"all": False, "name": "outside_in"}},
        {"command": "clear nat counters", "args": {"all": False}}])
for words in ("clear access-list", "clear access-list x", "clear access-list x y counters", "clear nat"):
    code, out, err = run("--socket", PATH, *words.split())
    expect(words, (code, out, "but:\n" in err), (2, "", True))
tracer = (0, vector("packet-tracer.txt"), "")
asked.clear()
for words, args in ((["tcp", "1.2.3.4", "1025", "5.6.7.8", "443"],
                     {"source_port": 1025, "destination": "5.6.7.8", "destination_port": 443}),
                    (["udp", "1.2.3.4", "ftp-data", "5.6.7.8", "SIP"],
                     {"source_port": 20, "destination": "5.6.7.8", "destination_port": 5060}),
                    (["icmp", "1.2.3.4", "echo", "0", "5.6.7.8"], {"type": 8, "code": 0, "destination": "5.6.7.8"}),
                    (["icmp", "1.2.3.4", "8", "0", "5.6.7.8"], {"type": 8, "code": 0, "destination": "5.6.7.8"}),
                    (["icmp", "1.2.3.4", "8", "0", "9", "5.6.7.8"],
                     {"type": 8, "code": 0, "id": 9, "destination": "5.6.7.8"}),
                    (["rawip", "1.2.3.4", "50", "5.6.7.8"], {"number": 50, "destination": "5.6.7.8"})):
    expect(words, run("--socket", PATH, "packet-tracer", "input", "outside", *words), tracer)
    expect(words, asked.pop(), {"command": "packet-tracer", "args": {
        "input": "outside", "protocol": words[0], "source": "1.2.3.4", **args}})
UDP = ["input", "outside", "udp", "1.2.3.4", "1", "5.6.7.8", "2"]
code, out, err = run("--socket", PATH, "packet-tracer", *UDP, "--ttl", "1", "--json")
expect("--json", (code, json.loads(out), err), (0, ANSWERS["packet-tracer"]["data"], ""))
expect("--ttl", asked.pop()["args"]["ttl"], 1)
run("--socket", PATH, "packet-tracer", "input", "outside", "tcp", *UDP[3:], "--flags", "syn,ack", "--size", "1400", "--df")
expect("--flags", {k: v for k, v in asked.pop()["args"].items() if k in ("flags", "size", "df")},
       {"flags": ["syn", "ack"], "size": 1400, "df": True})
code, out, err = run("--socket", PATH, "packet-tracer", *UDP, "--flags", "ack")
expect("--flags of UDP", (code, out, err), (2, "", "packet-tracer: --flags is for tcp\n"))
for words, said in (([], ""), (["input"], ""), (["input", "outside"], ""), (["output"] + UDP[1:], ""),
                    (UDP[:-1], "packet-tracer: words behind udp: found 3, expected as many as below\n"),
                    (UDP + ["3"], "packet-tracer: words behind udp: found 5, expected as many as below\n")):
    code, out, err = run("--socket", PATH, "packet-tracer", *words)
    expect(words, (code, out, err[:len(said) + 29]), (2, "", said + "usage: callgate packet-tracer"))
# Told before a daemon is asked.
for at, word, said in ((2, "gre", "found gre, expected tcp, udp, icmp or rawip"),
                       (3, "a", "source: found a, expected an IPv4 address"),
                       (5, "::1", "destination: found ::1, expected an IPv4 address"),
                       (4, "htps", "source_port: found htps, expected a number from 0 to 65535 or a name such as sip"),
                       (6, "65536", "destination_port: found 65536, expected a number from 0 to 65535 or a name such as sip")):
    expect(word, run("packet-tracer", "--socket", "/nowhere", *UDP[:at], word, *UDP[at + 1:]),
           (2, "", f"packet-tracer: {said}\n"))
expect("--ttl 0", run("packet-tracer", "--socket", "/nowhere", *UDP, "--ttl", "0"),
       (2, "", "packet-tracer: ttl: found 0, expected a number from 1 to 255\n"))
code, out, err = run("packet-tracer", "--help")
expect("--help", (code, "leaves no session" in out, err), (0, True, ""))
code, out, err = run("show", "--help")
expect("--help", (code, "show uc-ime signaling-sessions" in out, err), (0, True, ""))
# Every command explains itself, and every one that asks says so when there is no daemon.
commands = [line.split()[0] for line in run("--help")[1].splitlines()[2:]]
expect("commands", ("show" in commands, len(commands) > 8), (True, True))
for command in commands:
    code, out, err = run(command, "--help")
    expect(command, (code, out.startswith(f"usage: callgate {command} "), err), (0, True, ""))
for verb in ("show", "clear"):
    for line in run(verb, "--help")[1].splitlines():
        if line.startswith(f"  {verb} "):
            words = line[2:50].split()
            code, out, err = run(*words, "--socket", "/nowhere")
            expect(line, (code, out, "is callgated running?" in err), (1, "", True))
code, out, err = run("show", "uc-ime", "mapping-service-sessions", "--help")
expect("--help of some words", ("  show uc-ime mapping-service-sessions statistics " in out, "show version" in out),
       (True, False))
code, out, err = run("--socket", PATH, "show", "tls-proxy", "toast")
expect("what there is instead", (code, out, [" ".join(line.split()[:2]) for line in err.splitlines()[1:]]),
       (2, "", ["show tls-proxy"] * 4))


def leaves(*path):
    """The commands below, with their help."""
    text = run(*path, "--help")[1]
    if " COMMAND " not in text.split("\n", 1)[0]:
        return [(path, text)]
    return [leaf for name in re.findall(r"^  ([a-z-]+)  +\S", text, re.M) for leaf in leaves(*path, name)]


every = leaves()
expect("commands", len(every) >= 25, True)
for path, text in every:
    expect(f"--json of {' '.join(path)}", "  --json" in text, True)
finish()
