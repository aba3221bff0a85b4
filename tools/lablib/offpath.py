# SPDX-License-Identifier: BSD-3-Clause
"""Enterprise A off-path: an ordinary firewall has all its traffic but calls, callgate stands beside it, and the call
manager asks the mapping service where to send what goes out (protocol.md 6)."""

import secrets
import sys

from . import netns
from .daemon import substitute
from .util import ROOT, alive, read_pid, spawn, stop, wait_for

INSIDE = "192.168.10.1"  # callgate's, and with a port that of every remote call manager
SERVICE = f"{INSIDE}:8060"
KEY_FILE = "mapping.key"  # in callgate's folder
MAPPING = "mapping-service: {{listening-interface: inside, uc-ime-interface: outside, key: {key}{more}}}"


def configuration(more="", edit=None):
    """What makes the sample off-path, with further keys of the mapping service; `edit` may change more of it."""
    def change(text):
        for pattern, replacement in (
                (r"(?m)^  - \{from: inside, to: outside", "  - {from: outside, to: inside, source: {dynamic: {real: any, "
                 "mapped: interface}}}\n  - {from: inside, to: outside"),
                (r"    domain: enterprise", f"    {MAPPING.format(key=KEY_FILE, more=more)}\n    domain: enterprise")):
            text = substitute(text, pattern, replacement)
        return edit(text) if edit else text
    return change


class MapAgent:
    """tools/map-agent beside call manager A."""

    def __init__(self, lab):
        self.lab = lab
        self.dir = lab.dir / "map-agent"
        self.log = self.dir / "log"
        self.pid_file = self.dir / "pid"

    def key_file(self):
        """Made with the first that asks for it."""
        path = self.lab.daemons["a"].dir / KEY_FILE
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_hex(16) + "\n")
        return path

    def start(self):
        self.dir.mkdir(parents=True, exist_ok=True)
        self.log.unlink(missing_ok=True)
        spawn(netns.inside("ucm-a", sys.executable, ROOT / "tools" / "map-agent", "--service", SERVICE,
                           "--key-file", self.key_file()), self.log, self.pid_file)
        wait_for(f"the map-agent (see {self.log})", 5, lambda: "listens on" in self.log.read_text())

    def running(self):
        return alive(read_pid(self.pid_file))

    def kill(self):
        stop(read_pid(self.pid_file))


def remember(lab, topology, *more):
    """What the programs of enterprise A have to know when they start the next time."""
    lab.topology = topology
    off = topology == "offpath"
    lab.daemons["a"].topology = configuration(*more) if off else None
    lab.ucms["a"].edge = INSIDE if off else None


def apply(lab, on=True, *more):
    """Switches a lab that is up over, or back; the programs of enterprise A start again. `more` is for
    configuration()."""
    daemon, ucm, agent = lab.daemons["a"], lab.ucms["a"], lab.agent
    daemon.kill()
    ucm.kill()
    agent.kill()
    (netns.offpath_up if on else netns.offpath_down)()
    remember(lab, "offpath" if on else "inline", *more)
    agent.key_file()
    daemon.configure()
    daemon.start()
    if on:
        agent.start()
    ucm.start(lab.learned(ucm.other))
    for program in (daemon, ucm):
        program.ready()
    lab.warm_up()
