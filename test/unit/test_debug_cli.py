# SPDX-License-Identifier: BSD-3-Clause
# `callgate debug` against a socket that streams. usage: test_debug_cli.py CALLGATE
import os
import subprocess
import sys
import tempfile

from cli_steps import expect, finish, serve

CALLGATE = sys.argv[1]
DIR = tempfile.TemporaryDirectory()
PATH = os.path.join(DIR.name, "s.sock")
LINES = "one\ntwo\n" + "x" * 5000 + "\n"
answers = []


def run(*args):
    p = subprocess.run([CALLGATE, "debug", *args], capture_output=True, text=True,
                       env={**os.environ, "CALLGATE_SOCKET": PATH})
    return p.returncode, p.stdout, p.stderr


asked = serve(PATH, lambda request: answers.pop(0).encode())

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
finish()
