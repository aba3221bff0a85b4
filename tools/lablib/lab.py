# SPDX-License-Identifier: BSD-3-Clause
"""The lab as a whole: up, down, status, and a call from one phone to another."""

import fcntl
import glob
import os
import shutil
import signal
import time

from . import certs, netns, offpath, tone
from .capture import Capture
from .daemon import Daemon, mint
from .impair import Impair
from .kamailio import MAPPED, Kamailio
from .phone import PHONES, Phone
from .util import LabError, alive, lab_dir, wait_for

PROGRAMS = ("callgated", "kamailio", "baresip", "linphonec", "tcpdump")
OTHER = {"a": "b", "b": "a"}


class Lab:
    def __init__(self, say=None):
        self.dir = lab_dir()
        self.say = say or (lambda text: None)
        self.daemons = {s: Daemon(self, s) for s in netns.SITES}
        self.ucms = {s: Kamailio(self, s) for s in netns.SITES}
        self.second = Kamailio(self, "a", "ucm2")  # of a cluster; tools/lablib/cluster.py starts it
        self.phones = {n: Phone(self, n) for n in PHONES}
        self.impair = Impair(self)
        self.agent = offpath.MapAgent(self)
        self.topology = "inline"
        if self.is_up():
            offpath.remember(self, (self.dir / "up").read_text().strip())
        self.lock = None

    # ---- up and down ----

    def is_up(self):
        return netns.exists("inet") and (self.dir / "up").exists()

    def hold_lock(self, patience_s=0):
        """One program at a time raises, razes or tests on the lab of this machine: it holds the lock until it
        ends."""
        if self.lock:
            return
        self.dir.mkdir(parents=True, exist_ok=True)
        lock = open(self.dir.with_suffix(".lock"), "w", encoding="ascii")

        def locked():
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                return False
        if not locked():
            if not patience_s:
                raise LabError("another program uses the lab of this machine; try again when it is done")
            self.say("another program uses the lab of this machine; waiting for its end")
            wait_for("the lab, which another program uses", patience_s, locked, 0.5)
        self.lock = lock

    def up(self, callgate=True, patience_s=0, topology="inline"):
        if os.geteuid():
            raise LabError("the lab needs root: it makes network namespaces")
        self.hold_lock(patience_s)
        self.raze()
        self.dir.mkdir(parents=True, exist_ok=True)
        self.say(f"wires: {len(netns.names())} network namespaces")
        netns.up()
        offpath.remember(self, topology)
        if topology == "offpath":
            self.say("an ordinary firewall beside callgate a")
            netns.offpath_up()
        if callgate:
            self.say("certificates, ticket passwords, configurations")
            certs.authority(self.dir / "ca", "ca", "Lab CA")
            for daemon in self.daemons.values():
                daemon.prepare(self.dir / "ca")
            if topology == "offpath":
                self.agent.key_file()
            self.say("callgate a and b")
            for daemon in self.daemons.values():
                daemon.start()
        self.say("call managers and phones")
        if callgate and topology == "offpath":
            self.agent.start()
        for ucm in self.ucms.values():
            ucm.start(self.learned(ucm.other) if callgate else {})
        for phone in self.phones.values():
            phone.start()
        for ucm in self.ucms.values():
            ucm.ready()
        for phone in self.phones.values():
            phone.ready()
        if callgate:
            for daemon in self.daemons.values():
                daemon.ready()
            self.warm_up()
        (self.dir / "up").write_text(topology)

    def warm_up(self):
        """Neighbours and routes are known on the whole way before the first call is timed."""
        for site, other in OTHER.items():
            address = MAPPED[other]
            self.say(f"ping along the wires: ucm-{site} to {address}, the call manager of the other side")
            wait_for(f"{address} to answer a ping from ucm-{site} (see {self.daemons[site].log})", 15,
                     lambda s=site, a=address: self.ping(f"ucm-{s}", a))

    def ping(self, name, address):
        import subprocess
        return subprocess.run(netns.inside(name, "ping", "-q", "-c1", "-W0.5", address), check=False,
                              stdout=subprocess.DEVNULL).returncode == 0

    def learned(self, site):
        """Valid tickets for every number of a site, as its IME server hands them out."""
        return {p.number: mint(self, site, p.number)
                for p in PHONES.values() if p.site == site}

    def down(self):
        self.hold_lock()
        self.raze()
        shutil.rmtree(self.dir, ignore_errors=True)
        self.lock.close()
        self.lock = None

    def raze(self):
        """Whatever a lab left behind, orderly or not, is gone after this."""
        for phone in self.phones.values():
            phone.close()
        for sig, patience_s in ((signal.SIGTERM, 6), (signal.SIGKILL, 5)):
            for pid in self.pids():
                try:
                    os.kill(pid, sig)
                except ProcessLookupError:
                    pass
            try:
                wait_for("processes to end", patience_s, lambda: not self.pids())
                break
            except LabError:
                continue
        netns.down()
        for path in self.dir.glob("*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def pids(self):
        """What runs in the lab's namespaces, and its programs whose namespace is gone already."""
        found = {p for name in netns.all_present() for p in netns.pids(name)}
        for path in glob.iglob("/proc/[0-9]*/cmdline"):
            try:
                with open(path, encoding="utf-8", errors="replace") as f:
                    argv = f.read().split("\0")
                here = os.path.samefile(f"{os.path.dirname(path)}/root", "/")  # not in a container
            except OSError:
                continue
            if here and os.path.basename(argv[0]) in PROGRAMS and any(a.startswith(f"{self.dir}/") for a in argv):
                found.add(int(path.split("/")[2]))
        return [p for p in found if alive(p)]

    # ---- looking ----

    def status(self):
        if not self.is_up():
            return {"up": False}
        return {
            "up": True,
            "topology": self.topology,
            "dir": str(self.dir),
            "callgates": {s: d.running() for s, d in self.daemons.items()},
            **({"map-agent": self.agent.running()} if self.topology == "offpath" else {}),
            "call-managers": {s: u.running() for s, u in self.ucms.items()},
            "phones": {n: {"number": p.number, "running": p.running(),
                           "calls": p.calls() if p.running() else None}
                       for n, p in self.phones.items()},
        }

    def capture(self, name, namespace, iface, expression=""):
        return Capture(self.dir / f"{name}.pcap", namespace, iface, expression)

    # ---- calls ----

    def connect(self, caller, callee, deadline_s=10):
        """Dials and waits until both phones have an answered call; returns the seconds it took."""
        a, b = self.phones[caller], self.phones[callee]
        b.forget()
        begin = time.monotonic()
        a.dial(b.number)
        a.await_event("CALL_ESTABLISHED", deadline_s=deadline_s)
        took = time.monotonic() - begin
        b.await_event("CALL_ESTABLISHED", deadline_s=3)
        return took

    def hang_up(self, caller, callee):
        a, b = self.phones[caller], self.phones[callee]
        a.hang_up()
        b.await_event("CALL_CLOSED", deadline_s=5)
        for name, phone in ((caller, a), (callee, b)): # then its recording is complete
            wait_for(f"phone {name} to have no call", 5, lambda p=phone: p.calls() == 0)

    def heard(self, listener, speaker):
        """What a phone heard in its last call: the share of the speaker's tone and of its own."""
        phone = self.phones[listener]
        f = self.phones[speaker].tone
        path = phone.newest_recording()
        if path is None:
            return {"recording": None, "seconds": 0.0, "tone": f, "share": 0.0, "own-share": 0.0}
        shares, seconds = tone.shares(path, [f, phone.tone])
        return {"recording": str(path), "seconds": round(seconds, 1), "tone": f,
                "share": shares[f], "own-share": shares[phone.tone]}

    def call(self, caller, callee, seconds=4.0):
        """A whole call, and what each side heard."""
        for name in (caller, callee):
            self.phones[name].clear_recordings()
        before = self.ucms[self.phones[callee].spec.site].seen()
        took = self.connect(caller, callee)
        time.sleep(seconds) # they talk
        self.hang_up(caller, callee)
        after = self.ucms[self.phones[callee].spec.site].seen()
        way = "the Internet" if after["from-internet"] > before["from-internet"] else \
            "the PSTN" if after["from-pstn"] > before["from-pstn"] else "the house"
        return {"caller": caller, "callee": callee, "way": way, "set-up-s": round(took, 3),
                "heard": {callee: self.heard(callee, caller), caller: self.heard(caller, callee)}}
