# SPDX-License-Identifier: BSD-3-Clause
"""The capabilities that a daemon has kept."""

import pathlib
import re

NET_ADMIN, NET_RAW, IPC_LOCK = 1 << 12, 1 << 13, 1 << 14


def to_lock(pid):
    """What it takes a process to map memory when all of it is locked: nothing, if it could do away with the limit."""
    limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
    return 0 if re.search(r"Max locked memory +unlimited", limits) else IPC_LOCK
