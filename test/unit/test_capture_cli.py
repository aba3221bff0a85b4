# SPDX-License-Identifier: BSD-3-Clause
# `callgate capture` against a socket that streams a file. usage: test_capture_cli.py CALLGATE
import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

from cli_steps import expect, expect_in, finish, serve

CALLGATE = sys.argv[1]
DIR = tempfile.TemporaryDirectory()
PATH = os.path.join(DIR.name, "s.sock")
FILE = os.path.join(DIR.name, "x.pcapng")
OK = b'{"ok": true, "data": true}\n'
answers = []


def block(kind, body):
    n = struct.pack("=I", len(body) + 12)
    return struct.pack("=I", kind) + n + body + n


def statistics(lost):
    return block(5, struct.pack("=III", 0, 0, 0) + struct.pack("=HHQ", 7, 8, lost) + bytes(4))


def run(*args):
    p = subprocess.run([CALLGATE, "capture", *args], capture_output=True,
                       env={**os.environ, "CALLGATE_SOCKET": PATH})
    return p.returncode, p.stdout, p.stderr.decode()


def written():
    with open(FILE, "rb") as f:
        return f.read()


asked = serve(PATH, lambda request: answers.pop(0))
HEADER = block(0x0a0d0d0a, bytes(16)) + block(1, bytes(8))
PACKET = block(6, bytes(20) + b"\n{}\n" * 50)

# What is asked.
for words, args in (
        (["x"], {}),
        (["x", "interface", "outside", "match", "tcp", "any", "host", "192.0.2.1", "eq", "443", "drop", "ACL_DENY",
          "count", "100", "size", "96"],
         {"interface": "outside", "match": "tcp any host 192.0.2.1 eq 443", "drop": "ACL_DENY", "count": 100,
          "size": 96}),
        (["x", "drop", "match", "ip", "any", "any"], {"drop": "any", "match": "ip any any"}),
        (["x", "drop", "any"], {"drop": "any"})):
    answers.append(OK + HEADER + PACKET * 3 + statistics(0) + statistics(0))
    expect(words, run(*words, "--output", FILE), (0, b"", f"3 packets in {FILE}, 0 lost\n"))
    expect(words, asked.pop(), {"command": "capture", "args": {"name": "x", **args}})
expect("file", written(), HEADER + PACKET * 3 + statistics(0) * 2)
expect("mode", os.stat(FILE).st_mode & 0o777, 0o600)

# What is said of it.
answers.append(OK + HEADER + PACKET + statistics(5) + statistics(2))
code, out, err = run("x", "--output", "-")
expect("piped", (code, out), (0, HEADER + PACKET + statistics(5) + statistics(2)))
expect_in("lost", "1 packets in standard output, 7 lost: they came faster", err)
answers.append(OK + HEADER + PACKET + statistics(1))
code, out, err = run("x", "--output", FILE, "--json")
expect("--json", (code, json.loads(out), err), (0, {"packets": 1, "lost": 1}, ""))

# What goes wrong.
before = written()
answers.append(b'{"ok": false, "error": "match: no"}\n')
expect("refused", run("x", "--output", FILE), (1, b"", "callgate: match: no\n"))
expect("the old file stays", written(), before)
answers.append(OK + HEADER + PACKET + PACKET[:50])
code, out, err = run("x", "--output", FILE)
expect("ended too early", (code, written()), (1, HEADER + PACKET))
expect_in("ended too early", "the daemon has ended before the capture", err)
answers.append(OK + HEADER + struct.pack("=II", 6, 7))
code, out, err = run("x", "--output", FILE)
expect("no pcapng", (code, written()), (1, HEADER))
expect_in("no pcapng", "is no pcapng", err)
# A full disc: what is whole stays, and what is not is told.
answers.append(OK + HEADER + PACKET * 3 + statistics(0))
code, out, err = run("x", "--output", "/dev/full")
expect("/dev/full", (code, out), (1, b""))
expect_in("/dev/full", "callgate: /dev/full: No space left on device: the capture has ended here; what came before is "
          "there, and can be read\n0 packets in /dev/full, ", err)
expect_in("/dev/full", " lost at least: they could not be written\n", err)
answers.append(OK + HEADER + PACKET * 3 + statistics(0))
p = subprocess.run(["prlimit", f"--fsize={len(HEADER + PACKET) + 9}", "sh", "-c",
                    "trap '' XFSZ; exec \"$0\" \"$@\"", CALLGATE, "capture", "x", "--output", FILE, "--json"],
                   capture_output=True, env={**os.environ, "CALLGATE_SOCKET": PATH})
told = json.loads(p.stdout)
expect_in("a file that may not grow", "File too large: the capture has ended here", p.stderr.decode())
expect("it has whole blocks", (p.returncode, written() in (b"", HEADER + PACKET * told["packets"])), (1, True))
expect("those that it lost", told["lost"] > 0, True)
# It may be the end of a file that had something before.
with open(FILE, "wb") as f:
    f.write(b"before")
answers.append(OK + HEADER + PACKET * 3 + statistics(0))
p = subprocess.run(["prlimit", f"--fsize={len(HEADER + PACKET) + 15}", "sh", "-c",
                    "trap '' XFSZ; exec \"$0\" capture x --output - >> \"$1\"", CALLGATE, FILE],
                   capture_output=True, env={**os.environ, "CALLGATE_SOCKET": PATH})
expect_in("a file that may not grow", "File too large: the capture has ended here", p.stderr.decode())
expect("what was there before stays", (p.returncode, written() in (b"before", b"before" + HEADER, b"before" + HEADER + PACKET)),
       (1, True))
with open(FILE, "wb") as f:
    fcntl.flock(f, fcntl.LOCK_EX)
    answers.append(OK + HEADER)
    expect("two captures to one file", run("x", "--output", FILE),
           (1, b"", f"callgate: {FILE}: another capture writes to it\n"))
answers.append(OK + HEADER + PACKET + statistics(0))
expect("a name with a slash is a name", run("../x", "--output", FILE), (0, b"", f"1 packets in {FILE}, 0 lost\n"))
expect("it is only told", asked.pop()["args"]["name"], "../x")
answers.append(OK + HEADER)
code, out, err = run("x", "--output", DIR.name + "/none/x")
expect("no folder", code, 1)
expect_in("no folder", "No such file", err)
for words in ([], ["--output", FILE], ["x"], ["drop", "--output", FILE], ["x", "toast", "--output", FILE],
              ["x", "match", "--output", FILE], ["x", "count", "--output", FILE], ["x", "count", "-1", "--output", FILE],
              ["x", "count", "1x", "--output", FILE], ["x", "size", "1", "size", "2", "--output", FILE],
              ["x", "drop", "A", "B", "--output", FILE], ["x", "interface", "a", "b", "--output", FILE],
              ["x", "match"] + ["y" * 99] * 9 + ["--output", FILE]):
    code, out, err = run(*words)
    expect(words, (code, out, "capture" in err), (2, b"", True))
code, out, err = run("--help")
expect("--help", (code, b"drop" in out, b"^C" in out, b"socket (root" in out, err), (0, True, True, True, ""))

# ^C: the daemon hears of it, has the last word, and the file is whole.
listener = socket.socket(socket.AF_UNIX)
listener.bind(PATH + "2")
listener.listen()
p = subprocess.Popen([CALLGATE, "capture", "x", "--output", FILE], stderr=subprocess.PIPE,
                     env={**os.environ, "CALLGATE_SOCKET": PATH + "2"})
c, _ = listener.accept()
c.recv(4096)
c.sendall(OK + HEADER + PACKET)
while not os.path.exists(FILE) or written() != HEADER + PACKET:
    time.sleep(0.01)
threading.Timer(0.05, lambda: p.send_signal(signal.SIGINT)).start()
expect("the end is told", c.recv(4096), b"")
c.sendall(PACKET + statistics(0))
c.close()
expect("^C", (p.wait(), p.stderr.read().decode()), (0, f"2 packets in {FILE}, 0 lost\n"))
expect("^C: the file", written(), HEADER + PACKET * 2 + statistics(0))
finish()
