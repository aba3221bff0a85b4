# SPDX-License-Identifier: BSD-3-Clause
"""Hugepages, lent to a benchmark and taken back: an appliance has them (`hugepages: on`)."""

import contextlib
import pathlib
import sys

PAGES = pathlib.Path("/proc/sys/vm/nr_hugepages")
PAGE_MB = 2


@contextlib.contextmanager
def lent(bench, megabytes):
    """Whether there are as many as needed."""
    if not PAGES.exists():
        print(f"{bench}: no {PAGES}", file=sys.stderr)
        yield False
        return
    before = PAGES.read_text()
    wanted = int(before) + megabytes // PAGE_MB
    try:
        try:
            PAGES.write_text(f"{wanted}")
        except OSError as e:
            print(f"{bench}: {PAGES}: {e.strerror}", file=sys.stderr)
        yield int(PAGES.read_text()) >= wanted
    finally:
        with contextlib.suppress(OSError):
            PAGES.write_text(before)
