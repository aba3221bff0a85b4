# SPDX-License-Identifier: BSD-3-Clause
"""A phone: baresip without a screen. Plays a tone of its own, records what it hears, and is told what to
do over its control connection (netstrings of JSON)."""

import json
import pathlib
import re
import select
import time
from collections import namedtuple

from . import netns
from .util import LabError, alive, read_pid, spawn, stop, tail, wait_for

CTRL_PORT = 4444
UCM_PORT = {"tcp": 5070, "tls": 5071} # where a call manager listens
PHONE_PORT = {"tcp": 5062, "tls": 5063}
CODECS = {"G722": ("G722/16000/1", 16000), "PCMU": ("PCMU/8000/1", 8000)}

# tone: the frequency it plays, distinct so that a recording tells who was heard
Number = namedtuple("Number", "name site host number tone")
PHONES = {p.name: p for p in (
    Number("a1", "a", "phone1", "+14085550123", 440),
    Number("a2", "a", "phone2", "+14085550124", 620),
    Number("b1", "b", "phone1", "+12125550199", 1000),
    Number("b2", "b", "phone2", "+12125550198", 1300),
)}

CONFIG = """\
sip_listen 0.0.0.0:5062
net_interface eth0
audio_source ausine,{tone}
ausrc_srate 48000
ausrc_channels 2
rtp_ports 20000-20100
rtp_timeout 60
statmode_default off
module_path {modules}
module g711.so
module g722.so
module ausine.so
{modules_too}module sndfile.so
snd_path {rec}
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{ctrl}
module_app rtcpsummary.so
"""
ACCOUNT = '<sip:{number}@{ip};transport={transport}>;regint=0;answermode={answer};audio_codecs={codecs};' \
          'outbound="sip:{ucm};transport={transport}"'


class Phone:
    def __init__(self, lab, name):
        self.spec = PHONES[name]
        self.name = name
        self.number = self.spec.number
        self.tone = self.spec.tone
        self.netns = netns.host_name(self.spec.site, self.spec.host)
        self.ip = netns.host_ip(self.spec.site, self.spec.host)
        self.dir = lab.dir / f"phone-{name}"
        self.log = self.dir / "log"
        self.pid_file = self.dir / "pid"
        self.sock = None
        self.buf = b""
        self.events = []
        self.replies = []

    # ---- the process ----

    modules_too = ""  # lines of the configuration
    account_too = ""  # parameters of the account
    transport = "tcp"

    def start(self, answer="auto", codecs=("G722", "PCMU")):
        """A phone that is up with other settings is started again with these."""
        self.kill(first=15)
        rec = self.dir / "rec"
        rec.mkdir(parents=True, exist_ok=True)
        modules = next(p for p in ("/usr/lib/baresip/modules",
                                   "/usr/lib/x86_64-linux-gnu/baresip/modules")
                       if pathlib.Path(p).is_dir())
        (self.dir / "config").write_text(CONFIG.format(
            tone=self.tone, rec=rec, ctrl=CTRL_PORT, modules=modules,
            modules_too=self.modules_too))
        (self.dir / "accounts").write_text(ACCOUNT.format(
            number=self.number, ip=self.ip, answer=answer,
            codecs=",".join(CODECS[c][0] for c in codecs), transport=self.transport,
            ucm=self.outbound()) + self.account_too + "\n")
        (self.dir / "contacts").write_text("")
        (self.dir / "settings").write_text(answer)
        self.log.unlink(missing_ok=True)
        spawn(netns.inside(self.netns, "baresip", "-f", self.dir, "-v"), self.log, self.pid_file)

    def outbound(self):
        return f"{netns.host_ip(self.spec.site, 'ucm')}:{UCM_PORT[self.transport]}"

    def ready(self, deadline_s=10):
        wait_for(f"phone {self.name} to listen (see {self.log})", deadline_s, self.try_connect)

    def running(self):
        return alive(read_pid(self.pid_file))

    def kill(self, first=9):
        self.close()
        stop(read_pid(self.pid_file), first)

    # ---- the control connection ----

    def try_connect(self):
        import socket
        if self.sock:
            return True
        try:
            with netns.entered(self.netns):
                sock = socket.socket()
            sock.settimeout(2)
            sock.connect(("127.0.0.1", CTRL_PORT))
        except OSError:
            sock.close()
            return False
        self.sock, self.buf, self.events, self.replies = sock, b"", [], []
        return True

    def close(self):
        if self.sock:
            self.sock.close()
        self.sock = None

    def pump(self, wait_s):
        """Reads what the phone has to say, for at most `wait_s`."""
        if not self.try_connect():
            raise LabError(f"phone {self.name} does not answer\n{tail(self.log)}")
        if not select.select([self.sock], [], [], max(0, wait_s))[0]:
            return
        data = self.sock.recv(65536)
        if not data:
            self.close()
            raise LabError(f"phone {self.name} closed its control connection\n{tail(self.log)}")
        self.buf += data
        while b":" in self.buf:
            head, _, rest = self.buf.partition(b":")
            size = int(head)
            if len(rest) < size + 1:
                return
            frame, self.buf = json.loads(rest[:size]), rest[size + 1:]
            frame["at"] = time.monotonic()
            (self.replies if frame.get("response") else self.events).append(frame)

    def command(self, name, params="", deadline_s=5):
        self.pump(0)
        self.replies.clear()
        msg = json.dumps({"command": name, "params": params, "token": "lab"}).encode()
        self.sock.sendall(b"%d:%s," % (len(msg), msg))
        end = time.monotonic() + deadline_s
        while not self.replies:
            if time.monotonic() > end:
                raise LabError(f"phone {self.name}: no answer to {name}")
            self.pump(end - time.monotonic())
        return self.replies.pop()

    def forget(self):
        """Events from before are of no interest."""
        self.pump(0)
        self.events.clear()

    def await_event(self, *types, deadline_s):
        """The first event of one of these types since `forget`; consumes the ones before it."""
        end = time.monotonic() + deadline_s
        while True:
            for i, event in enumerate(self.events):
                if event.get("type") in types:
                    del self.events[:i + 1]
                    return event
            if time.monotonic() > end:
                seen = [e.get("type") for e in self.events]
                raise LabError(f"phone {self.name}: no {' or '.join(types)} within {deadline_s} s;"
                               f" seen: {seen}\n{tail(self.log)}")
            self.pump(end - time.monotonic())

    # ---- what a person does with a phone ----

    def dial(self, number):
        self.forget()
        self.command("dial", f"sip:{number}@{netns.host_ip(self.spec.site, 'ucm')}")

    def answer(self):
        self.command("accept")

    def hang_up(self):
        self.command("hangup")

    def hold(self):
        self.command("hold")

    def resume(self):
        self.command("resume")

    def calls(self):
        """How many calls it has, by its own account."""
        return len(re.findall(r"\b(?:sip|tel):", self.command("listcalls")["data"]))

    def newest_recording(self, direction="dec"):
        files = sorted((self.dir / "rec").glob(f"dump-*-{direction}.wav"))
        return files[-1] if files else None

    def clear_recordings(self):
        for f in (self.dir / "rec").glob("*.wav"):
            f.unlink()
