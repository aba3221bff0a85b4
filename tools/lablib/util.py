# SPDX-License-Identifier: BSD-3-Clause
"""Small things that every part of the lab uses: commands, deadlines, processes, places."""

import contextlib
import fcntl
import os
import pathlib
import signal
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


class LabError(Exception):
    """Something of the lab did not work; the text says what, and where to look."""


def lab_dir():
    return pathlib.Path(os.environ.get("LAB_DIR", "/run/callgate-lab"))


def build_dir():
    return pathlib.Path(os.environ.get("BUILD", ROOT / "build"))


def sh(*command, check=True, text_in=None, timeout=30):
    """Runs a command and returns what it printed; its complaint becomes a LabError."""
    command = [str(c) for c in command]
    p = subprocess.run(command, input=text_in, capture_output=True, text=True, check=False,
                       timeout=timeout, stdin=subprocess.DEVNULL if text_in is None else None)
    if check and p.returncode:
        raise LabError(f"{' '.join(command)[:300]}: exit {p.returncode}\n{p.stdout}{p.stderr}")
    return p.stdout


@contextlib.contextmanager
def locked(folder):
    """One program at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w", encoding="ascii") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield


def run_with_progress(command, tell, every_s=5.0, cwd=None, env=None):
    """Runs a command that says how far it is ("[12/90] ..."); passes a line on to `tell` now and then.
    Returns its exit code and all it printed."""
    out, last = [], time.monotonic()
    with subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, cwd=cwd, env=env) as p:
        for line in p.stdout:
            out.append(line)
            if time.monotonic() - last >= every_s and line.strip():
                tell(line.strip()[:100])
                last = time.monotonic()
    return p.returncode, "".join(out)


def wait_for(what, deadline_s, probe, every_s=0.05):
    """Asks `probe` until it returns something true, and returns that; LabError at the deadline."""
    end = time.monotonic() + deadline_s
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > end:
            raise LabError(f"{what}: not within {deadline_s} s")
        time.sleep(every_s)


def spawn(command, log, pid_file, cwd=None):
    """Starts a process that outlives us; its output goes to a file, its id too."""
    with open(log, "ab") as out:
        p = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=out,
                             stderr=out, start_new_session=True, cwd=cwd)
    pathlib.Path(pid_file).write_text(f"{p.pid}\n")
    return p.pid


def read_pid(pid_file):
    try:
        return int(pathlib.Path(pid_file).read_text())
    except (FileNotFoundError, ValueError):
        return None


def alive(pid):
    """Whether a process runs, or any of its threads; a child of ours that has ended is reaped on the way."""
    if not pid:
        return False
    try:
        return os.waitpid(pid, os.WNOHANG)[0] != pid
    except ChildProcessError:
        pass
    for thread in pathlib.Path(f"/proc/{pid}/task").glob("*/stat"): # the first may end before the others
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if thread.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[0] not in "ZX":
                return True
    return False


def stop(pid, first=signal.SIGTERM, patience_s=5.0):
    """Ends a process that `spawn` started, with its children: politely, then not."""
    for sig, wait_s in ((first, patience_s), (signal.SIGKILL, 5.0)):
        if not alive(pid):
            return
        try:
            os.killpg(pid, sig)
        except (ProcessLookupError, PermissionError):
            return
        try:
            wait_for(f"process {pid} to end", wait_s, lambda: not alive(pid), 0.02)
            return
        except LabError:
            continue


def tail(path, lines=15):
    try:
        return "\n".join(pathlib.Path(path).read_text(errors="replace").split("\n")[-lines - 1:])
    except FileNotFoundError:
        return f"({path} does not exist)"
