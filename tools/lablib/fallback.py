# SPDX-License-Identifier: BSD-3-Clause
"""What tests and demo of the fallback to the PSTN have in common."""

from .daemon import substitute
from .netns import host_ip

HOLD_DOWN_S = 10 # the least that the configuration allows
# Messages of the log (cp/events.def).
QUALITY_BAD, QUALITY_GOOD, REFER_SENT, REFER_ANSWERED = (f"-{n}: " for n in (339308, 339309, 339310, 339311))
# What a call manager says that takes a REFER out of the dialog.
TRUNK = {s: f'X-UCIME-Fallback: trunk="sip:ucm@{host_ip(s, "ucm")}:5070"' for s in "ab"}


def least_hold_down(text):
    """A site's configuration with the shortest hold-down."""
    if "hold-down-timer:" in text:
        return substitute(text, r"hold-down-timer: \d+", f"hold-down-timer: {HOLD_DOWN_S}")
    return substitute(text, r"\n    domain:", f"\n    fallback: {{hold-down-timer: {HOLD_DOWN_S}}}\n    domain:")


def told(daemon, what, call_id):
    """The lines of a callgate's log that say something of a call."""
    return [line for line in daemon.log.read_text(errors="replace").splitlines()
            if what in line and f" call_id={call_id} " in f"{line} "]
