# SPDX-License-Identifier: BSD-3-Clause
"""Who has the CPUs of this machine: the tests of all labs beside each other, or one that measures, or floods, alone."""

import fcntl

_files = []


def leave():
    """Whoever waits for something that is none of the lab's lets the others go on."""
    for file in _files:
        fcntl.flock(file, fcntl.LOCK_UN)


def take(alone):
    """Waits for a turn, which lasts until the next one is taken or the process ends: what comes between two tests, such
    as the start of a class's programs, disturbs nobody either."""
    if not _files:
        _files.extend(open(f"/run/callgate-lab.{name}", "w", encoding="ascii") for name in ("gate", "cpus"))
    gate, cpus = _files
    fcntl.flock(cpus, fcntl.LOCK_UN)
    fcntl.flock(gate, fcntl.LOCK_EX)  # who wants to be alone waits inside; nobody who comes later overtakes
    fcntl.flock(cpus, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
    fcntl.flock(gate, fcntl.LOCK_UN)
