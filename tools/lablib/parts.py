# SPDX-License-Identifier: BSD-3-Clause
"""Parts of tools/test that run beside each other: each is a process with a session of its own, whose lines are passed on
whole, and which ends with whoever started it."""

import contextlib
import ctypes
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading

PR_SET_PDEATHSIG = 1
NAME_MAX = 64  # octets of a name in a queue
# Before a suite's programs, to which meson gives sessions of their own; less than a build, for they have deadlines.
GIVE_WAY = ("sh", "-c", '{ echo 5 >/proc/self/autogroup; } 2>/dev/null; exec "$@"', "sh")
END_S = 30  # to give the lab back


def give_way():
    """This process, and what it starts, takes what others leave of the CPUs. Where the kernel groups processes by
    session (autogroups), each session gets as much as another, and to be nice counts within it alone: so the session as
    a whole gives way."""
    os.setpriority(os.PRIO_PROCESS, 0, 10)
    with contextlib.suppress(OSError):
        pathlib.Path("/proc/self/autogroup").write_text("19")


def begin():
    """At the start of a part: what was started ends with it, also when whoever started it is killed."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def end():
    """At the end of a part that is interrupted: programs of its session end too."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(0, signal.SIGTERM)


def session(leader):
    """Processes of a session."""
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(path.read_text(errors="replace").rpartition(")")[2].split()[3]) == leader:
                yield int(path.parent.name)


def queue(names):
    """The descriptor of a pipe from which each reader takes the next name."""
    r, w = os.pipe()
    for name in names:
        os.write(w, name.encode().ljust(NAME_MAX))
    os.close(w)
    return r


def taken(fd):
    """Names, until none is left."""
    while name := os.read(fd, NAME_MAX):
        yield name.decode().strip()


class Part:
    all = []

    def __init__(self, name, program, report, *args, env=None, fds=()):
        self.name, self.report = name, report
        report.parent.mkdir(parents=True, exist_ok=True)
        report.unlink(missing_ok=True)
        self.p = subprocess.Popen([sys.executable, "-B", program, "--part", report, *map(str, args)],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  errors="replace", env={**os.environ, **(env or {})}, start_new_session=True, pass_fds=fds)
        self.reader = threading.Thread(target=self.pass_on, daemon=True)
        self.reader.start()
        self.all.append(self)

    def pass_on(self):
        for line in self.p.stdout:
            sys.stdout.write(f"{self.name}| {line.rstrip()}\n")
            sys.stdout.flush()

    def result(self):
        """What it reports at its end; None: nothing."""
        self.p.wait()
        self.reader.join(5)
        return json.loads(self.report.read_text()) if self.report.is_file() else None

    def end(self):
        self.p.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.p.wait(END_S)
        for pid in session(self.p.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.p.wait()


def end_all():
    for p in Part.all:
        p.p.terminate()
    for p in Part.all:
        p.end()
