# SPDX-License-Identifier: BSD-3-Clause
"""The part of the firewall benchmark that needs no device: bench_firewall, which prints a JSON object per
figure. Lends it hugepages and takes them back; where there are none to be had, it runs without, and the
figure that needs them is named as not run."""

import contextlib
import json
import pathlib
import subprocess
import sys

PAGES = pathlib.Path("/proc/sys/vm/nr_hugepages")
PAGE_MB = 2
NEEDED_MB = 6200


@contextlib.contextmanager
def hugepages():
    """Whether there are as many as needed."""
    before = PAGES.read_text()
    wanted = int(before) + NEEDED_MB // PAGE_MB
    try:
        try:
            PAGES.write_text(f"{wanted}")
        except OSError as e:
            print(f"firewall: {PAGES}: {e.strerror}", file=sys.stderr)
        yield int(PAGES.read_text()) >= wanted
    finally:
        with contextlib.suppress(OSError):
            PAGES.write_text(before)


def run(programs):
    """False: it failed, or there were no hugepages."""
    with hugepages() as lent:
        done = subprocess.run([programs / "bench_firewall", "huge" if lent else "plain"], check=False)
    if not lent:
        print(json.dumps({"name": "firewall.nohuge_ratio", "met": None,
                          "not_run": f"no {NEEDED_MB} MB of hugepages to be had"}), flush=True)
    return lent and done.returncode == 0
