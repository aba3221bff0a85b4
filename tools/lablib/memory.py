# SPDX-License-Identifier: BSD-3-Clause
"""What stands in the memory of a process that runs: every page that is there, and how the kernel keeps it."""

import array
import itertools
import mmap
import pathlib
import re

PAGE = mmap.PAGESIZE
THERE = 3 << 62  # of an entry of pagemap: in memory, or in swap
CHUNK = 16 << 20


def mappings(pid):
    """(begin, end, flags) of each, flags as in smaps: "lo" is locked, "dd" in no core dump."""
    text = pathlib.Path(f"/proc/{pid}/smaps").read_text()
    for m in re.finditer(r"(?m)^([0-9a-f]+)-([0-9a-f]+) r.*\n(?:[A-Z]\w+:.*\n)*?VmFlags: (.*)$", text):
        yield int(m[1], 16), int(m[2], 16), set(m[3].split())


def pieces(pagemap, begin, end):
    """The parts of a mapping that are there."""
    pagemap.seek(begin // PAGE * 8)
    entries = array.array("Q", pagemap.read((end - begin) // PAGE * 8))
    at = begin
    for there, pages in itertools.groupby(entries, lambda e: bool(e & THERE)):
        n = sum(1 for _ in pages) * PAGE
        if there:
            yield at, at + n
        at += n


def find(pid, needles):
    """[(name, address, flags)] of each place where one of the octet strings {name: octets} stands."""
    found, most = [], max(map(len, needles.values())) - 1
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as mem, open(f"/proc/{pid}/pagemap", "rb", buffering=0) as pagemap:
        for begin, end, flags in mappings(pid):
            if flags & {"io", "pf"}:
                continue
            for first, last in pieces(pagemap, begin, end):
                for at in range(first, last, CHUNK):
                    mem.seek(at)
                    octets = mem.read(min(CHUNK + most, last - at))
                    found += [(name, at + m.start(), flags) for name, needle in needles.items()
                              for m in re.finditer(re.escape(needle), octets) if m.start() < CHUNK]
    return found
