# SPDX-License-Identifier: BSD-3-Clause
# `callgate debug` against a socket that streams. usage: test_debug_cli.py CALLGATE
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading

CALLGATE = sys.argv[1]
DIR = tempfile.TemporaryDirectory()
PATH = os.path.join(DIR.name, "s.sock")
LINES = "one\ntwo\n" + "x" * 5000 + "\n"
asked, answers = [], []
failures = 0


def serve(listener):
    while True:
        c, _ = listener.accept()
        asked.append(json.loads(c.makefile().readline()))
        c.sendall(answers.pop(0).encode())
        c.close()


def run(*args):
    p = subprocess.run([CALLGATE, "debug", *args], capture_output=True, text=True,
                       env={**os.environ, "CALLGATE_SOCKET": PATH})
    return p.returncode, p.stdout, p.stderr


def expect(what, got, want):
    global failures
    if got != want:
        failures += 1
        print(f"{what}: got {got!r}, expected {want!r}")


listener = socket.socket(socket.AF_UNIX)
listener.bind(PATH)
listener.listen()
threading.Thread(target=serve, args=(listener,), daemon=True).start()

ended = f"callgate: {PATH}: the daemon has ended\n"
for words, args in (
        (["media"], {"topics": ["media"], "json": False}),
        (["media", "rma", "errors"], {"topics": ["media", "rma"], "level": "errors", "json": False}),
        (["signaling-trunk", "events", "--json"], {"topics": ["signaling-trunk"], "level": "events", "json": True})):
    answers.append('{"ok": true, "data": true}\n' + LINES)
    expect(words, run("uc-ime", *words), (1, LINES, ended))
    expect(words, asked.pop(), {"command": "debug uc-ime", "args": args})
answers.append('{"ok": false, "error": "8 others debug already"}\n')
expect("refused", run("uc-ime", "media"), (1, "", "callgate: 8 others debug already\n"))
answers.append("")
expect("no answer", run("uc-ime", "media"), (1, "", f"callgate: {PATH}: no answer\n"))
for words in ([], ["uc-ime"], ["uc-ime", "errors"], ["uc-ime", "toast"], ["uc-ime", "media", "toast"], ["media"],
              ["uc-ime", "errors", "media"]):
    code, out, err = run(*words)
    expect(words, (code, out, "signaling-trunk " in err), (2, "", True))
code, out, err = run("--help")
expect("--help", (code, "  mapping-service " in out, "^C" in out, err), (0, True, True, ""))
sys.exit(1 if failures else 0)
