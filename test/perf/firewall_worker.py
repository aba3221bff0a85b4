# SPDX-License-Identifier: BSD-3-Clause
"""The part of the firewall benchmark that needs no device: bench_firewall, which prints a JSON object per
figure. Lends it hugepages and takes them back; where there are none to be had, it runs without, and the
figure that needs them is named as not run."""

import json
import subprocess

import hugepages

NEEDED_MB = 6200


def run(programs):
    """False: it failed, or there were no hugepages."""
    with hugepages.lent("firewall", NEEDED_MB) as lent:
        done = subprocess.run([programs / "bench_firewall", "huge" if lent else "plain"], check=False)
    if not lent:
        print(json.dumps({"name": "firewall.nohuge_ratio", "met": None,
                          "not_run": f"no {NEEDED_MB} MB of hugepages to be had"}), flush=True)
    return lent and done.returncode == 0
