# SPDX-License-Identifier: BSD-3-Clause
"""A callgated of the lab: its configuration (the shipped sample, adapted), its process, and what its
client shows."""

import functools
import json
import os
import re
import secrets
import shutil
import signal

from . import certs, netns
from .kamailio import DOMAIN
from .util import ROOT, LabError, alive, build_dir, read_pid, sh, spawn, stop, tail, wait_for

WORKERS = int(os.environ.get("CALLGATE_WORKERS") or 1) # tools/test --workers
COUNTERS = {
    # key of the test -> text of `show uc-ime signaling-sessions statistics`
    "integrity": "Ticket integrity check failed",
    "decode": "Ticket decode failed",
    "epoch": "Ticket epoch mismatch",
    "did": "Ticket DID mismatch",
    "timestamp": "Ticket timestamp invalid",
    "domain": "Ticket domain check failed",
    "not-found": "Ticket not found",
    "route": "Route domain name check failed",
    "rtp": "RTP over UC-IME",
}
# What `show usage` must come back to when nobody calls.
LEFTOVERS = ("calls", "streams", "media_ports", "buffers_in_use")


def find_program(name):
    return program_below(build_dir(), name)


@functools.cache # whoever waits for what a client shows would search the whole build each time
def program_below(folder, name):
    for path in sorted(folder.rglob(name)):
        if path.is_file() and os.access(path, os.X_OK):
            return path
    raise LabError(f"no program {name} under {folder}: build first (meson setup build; "
                   "ninja -C build), or set BUILD")


def client(*args, check=True, text_in=None):
    return sh(find_program("callgate"), *args, check=check, text_in=text_in)


class Daemon:
    topology = None # what it makes of the sample's text; tools/lablib/offpath.py

    def __init__(self, lab, site):
        self.site = site
        self.netns = f"cg-{site}"
        self.dir = lab.dir / f"callgate-{site}"
        self.config = self.dir / "callgate.yaml"
        self.socket = self.dir / "callgate.sock"
        self.log = self.dir / "log"
        self.pid_file = self.dir / "pid"
        self.password_file = self.dir / "ticket.password"

    # ---- its files ----

    def prepare(self, ca_folder):
        """Certificate, password and configuration, once per lab."""
        self.dir.mkdir(parents=True, exist_ok=True)
        certs.issue(ca_folder, "ca", self.dir, self.site, DOMAIN[self.site])
        shutil.copy(ca_folder / "ca.pem", self.dir / "ca.pem")
        if not self.password_file.exists():
            self.password_file.touch(mode=0o600)
            self.password_file.write_text(secrets.token_hex(16) + "\n")
        self.configure()

    def configure(self, edit=None):
        """The sample of this enterprise, with the lab's places; `edit` may change the text."""
        text = (ROOT / "config" / "samples" / f"enterprise-{self.site}.yaml").read_text()
        control = "ab".index(self.site) # each daemon polls on the core where the other one rests
        workers = [(1 - control + i) % 2 for i in range(WORKERS)]
        text = substitute(text, r"control: *\{core: *\d+\}", f"control: {{core: {control}}}")
        text = substitute(text, r"cores: *\[[\d, ]+\]", f"cores: {workers}")
        text = substitute(text, r"state-folder: *\S+", f"state-folder: {self.dir / 'state'}")
        text = substitute(text, r"socket: *[^\s}]+", f"socket: {self.socket}")
        if self.site == "a": # B keeps the default, drop, so that both can be seen
            text = substitute(text, r"ticket-failure-action: *\w+", "ticket-failure-action: reject")
        text = substitute(text, r"poll: *\w+", "poll: adaptive")
        for change in (self.topology, edit):
            text = change(text) if change else text
        self.config.write_text(text)

    # ---- its process ----

    def start(self):
        self.log.unlink(missing_ok=True)
        self.socket.unlink(missing_ok=True)
        spawn(netns.inside(self.netns, find_program("callgated"), self.config),
              self.log, self.pid_file, cwd=self.dir)

    def ready(self, deadline_s=20):
        wait_for(f"callgate {self.site} to be up (see {self.log})", deadline_s, self.answers)

    def answers(self):
        if not self.running():
            raise LabError(f"callgate {self.site} ended\n{tail(self.log, 25)}")
        try:
            return self.socket.exists() and self.show_json("version") is not None
        except (LabError, ValueError):
            return False

    def pid(self):
        return read_pid(self.pid_file)

    def running(self):
        return alive(self.pid())

    def kill(self, first=signal.SIGTERM):
        stop(self.pid(), first)

    def reload(self, word="reload"):
        """Has it take its configuration file as it is now, under traffic; "check": says what would change."""
        return json.loads(client("config", word, "--json", "--socket", self.socket))

    # ---- what it shows ----

    def show(self, *what):
        return client("show", *what, "--socket", self.socket)

    def show_json(self, *what):
        return json.loads(client("show", *what, "--socket", self.socket, "--json"))

    def usage(self):
        return self.show_json("usage")

    def counters(self):
        """{name: value} of every drop reason, refusal and event."""
        return {c["name"]: c["value"] for c in self.show_json("counters")}

    def refusals(self):
        """The same of the UC-IME refusals that are not 0."""
        return {c["name"]: c["value"] for c in self.show_json("counters")
                if c["group"] == "uc-ime" and c["drop"] and c["value"]}

    def statistics(self):
        """{in-use, most, terminated, and the nine counters}, read from the text that a person sees."""
        text = self.show("uc-ime", "signaling-sessions", "statistics")
        m = re.search(r"(\d+) in use, (\d+) most used", text)
        t = re.search(r"(\d+) terminated", text)
        if not m or not t:
            raise LabError(f"statistics of callgate {self.site} cannot be read:\n{text}")
        out = {"in-use": int(m[1]), "most": int(m[2]), "terminated": int(t[1])}
        for key, name in COUNTERS.items():
            c = re.search(rf"^\s*{name}: *(\d+)\s*$", text, re.M)
            if not c:
                raise LabError(f"no line `{name}` in:\n{text}")
            out[key] = int(c[1])
        return out


def substitute(text, pattern, replacement):
    out, n = re.subn(pattern, lambda _: replacement, text, count=1)
    if not n:
        raise LabError(f"the sample configuration has no `{pattern}` to adapt")
    return out


def mint(lab, site, number, *, password=None, epoch=1, granting=None, granted=None, start=None,
         stop_at=None, corrupt=None):
    """A ticket that the IME server of `site` gives to the other enterprise for one of its numbers."""
    other = "b" if site == "a" else "a"
    password_file = lab.daemons[site].password_file if password is None else None
    if password is not None:
        password_file = lab.dir / "other.password"
        password_file.touch(mode=0o600)
        password_file.write_text(password + "\n")
    args = ["--password-file", password_file, "--epoch", epoch, "--number", number,
            "--granting", granting or DOMAIN[site], "--granted", granted or DOMAIN[other],
            "--start", start or "2026-01-01T00:00:00Z", "--stop", stop_at or "2036-01-01T00:00:00Z"]
    if corrupt:
        args += ["--corrupt", corrupt]
    return client("ticket", "mint", *args).strip()
