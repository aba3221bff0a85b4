# SPDX-License-Identifier: BSD-3-Clause
"""Enterprise A with two call managers, which callgate asks with OPTIONS every second."""

from .daemon import substitute

SECOND = "209.165.200.231"  # its mapped address


def configuration(text):
    """The sample with a second call manager: its address, its translation, and the access lists of both."""
    for pattern, replacement in (
            (r"    ucm_map_209", f"    real_31: {{host: 192.168.10.31}}\n    map_31: {{host: {SECOND}}}\n"
             "    ucm_map_209"),
            (r"(?m)^  - \{from: inside, to: outside", "  - {from: inside, to: outside, source: {static: {real: "
             "real_31, mapped: map_31}}}\n  - {from: inside, to: outside"),
            (r"trunk-security-mode: nonsecure\}", "trunk-security-mode: nonsecure}\n"
             "      - {address: 192.168.10.31, trunk-security-mode: nonsecure}"),
            (r"options-ping: .*", "options-ping: {interval: 1, timeout: 1, retry-count: 2}")):
        text = substitute(text, pattern, replacement)
    return text.replace("host 192.168.10.30", "192.168.10.0/24")


def states(daemon):
    """{address: state} of `show uc-ime ucm`."""
    return {u["address"]: u["state"] for u in daemon.show_json("uc-ime", "ucm")}
