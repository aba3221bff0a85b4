# SPDX-License-Identifier: BSD-3-Clause
"""The tickets that must be refused, and the counter that each of them moves; used by the demo and the
system tests."""

import time

from .daemon import COUNTERS, mint
from .util import wait_for

# what is wrong -> (counter, how to mint it for a number of enterprise A; None: no ticket at all)
CASES = {
    "forged": ("integrity", {"corrupt": "mac"}),
    "expired": ("timestamp", {"start": "2025-01-01T00:00:00Z", "stop_at": "2025-07-01T00:00:00Z"}),
    "for another number": ("did", {"number": "+14085550177"}),
    "for another domain": ("domain", {"granted": "enterprise-c.example"}),
    "of another epoch": ("epoch", {"epoch": 2}),
    "cut short": ("decode", {"corrupt": "trunc"}),
    "missing": ("not-found", None),
}


def ticket(lab, site, number, how):
    if how is None:
        return None
    how = dict(how)
    return mint(lab, site, how.pop("number", number), **how)


def moved(before, after):
    """The counters of the nine that changed, and by how much."""
    return {k: after[k] - before[k] for k in COUNTERS if after[k] != before[k]}


def refuse(lab, what, caller="b2", callee="a2", seconds=0.7):
    """One call with a bad ticket. Returns what was observed; `ok` says whether all of it was right:
    exactly one counter, nothing at the called call manager from the Internet, and a call all the same,
    over the PSTN."""
    counter, how = CASES[what]
    b, a = lab.phones[caller], lab.phones[callee]
    home, away = lab.ucms[b.spec.site], lab.ucms[a.spec.site]
    guard = lab.daemons[a.spec.site]
    good = ticket(lab, a.spec.site, a.number, {})
    home.set_ticket(a.number, ticket(lab, a.spec.site, a.number, how))
    try:
        stats, seen, sent = guard.statistics(), away.seen(), home.seen()
        took = lab.connect(caller, callee)
        time.sleep(seconds)
        lab.hang_up(caller, callee)
        wait_for("the counter", 3, lambda: moved(stats, guard.statistics()))
        got, now, out = guard.statistics(), away.seen(), home.seen()
    finally:
        home.set_ticket(a.number, good)
    r = {"ticket": what, "counter": COUNTERS[counter], "moved": moved(stats, got),
         "invites-from-internet": now["from-internet"] - seen["from-internet"],
         "invites-from-pstn": now["from-pstn"] - seen["from-pstn"],
         "fell-back": out["to-pstn"] - sent["to-pstn"], "set-up-s": round(took, 3)}
    r["ok"] = r["moved"] == {counter: 1} and r["invites-from-internet"] == 0 and \
        r["invites-from-pstn"] == 1 and r["fell-back"] == 1
    return r
