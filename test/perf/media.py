#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The media benchmark, run by `tools/bench media`: one JSON object per figure on standard output.
The relay works on the last CPU, everything else on the first. What is compared takes turns within
this one run. The worker has hugepages, as an appliance has. With rtpengine's package and root for
namespaces there are all figures; without, those that need them are named as not run.
usage: media.py FOLDER-OF-THE-PROGRAMS"""

import contextlib
import gzip
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import hugepages
import rtpengine
import media_wires as wires

CPU, OTHER_CPU = os.cpu_count() - 1, 0
# Each also as on a processor without SHA-NI, where that makes a difference; and what is chosen on one
# without AES-NI, which has no AVX either.
TIERS = [["auto"], *([t, *mask] for t in ("ipsec-mb-avx512", "ipsec-mb-avx2", "ipsec-mb-sse")
                     for mask in ([], ["no-sha-ni"])), ["openssl"], ["auto", "no-aes-ni"]]
OPENSSL_MASKS = {"no-aes-ni": "~0x1200000200000000:0"}  # AES-NI, PCLMULQDQ, AVX; all of leaf 7
LIVE = [1, 1000, 10000, 100000, 1000000]
GB_FOR_MILLION = 4  # all processes of the path together
HUGEPAGES_MB = 1024  # likewise, and of the relays
PATH_ROUNDS, STORM_ROUNDS, PEER_ROUNDS = 15, 30, 5
PEER_CALLS, PEER_SECONDS = 500, 2
# Packets under way: one of each call where sockets and the kernel's rings are between, which lose
# when there are many; over memif enough for whole bursts on both cores.
WINDOW, MEMIF_WINDOW = PEER_CALLS, 2000
# Slots of a memif ring, as a power of two: few for the caches, more to sit out pauses of either side.
SLOTS_QUICK, SLOTS_PATIENT = 11, 13
HOLD_SECONDS = 60
LATE_MS = 60 # that a packet may be sent after its time, while calls are held: what a jitter buffer makes up for
AWAY_SHARE = 0.01 # of that time, in which the generator may not have run: what it did not send then was not held
PPS_PER_CALL = 100  # G.711 in packets of 20 ms, both ways
PROGRAMS = None
PAGES = "plain"
not_run = []


def progress(text):
    print(f"media: {text}", file=sys.stderr, flush=True)


def figure(name, value, unit, against, at_least=None, at_most=None, also=True):
    """`also`: whatever else the goal asks for."""
    goal = at_least if at_least is not None else at_most
    met = None
    if goal is not None:
        met = also and (value >= goal if at_least is not None else value <= goal)
    print(json.dumps({"name": f"media.{name}", "value": float(f"{value:.4g}"), "unit": unit,
                      "goal": goal, "at_most": at_most is not None, "met": met,
                      "against": against}), flush=True)


def skip(names, why):
    for name in names:
        not_run.append(name)
        print(json.dumps({"name": f"media.{name}", "value": None, "unit": "", "goal": None,
                          "met": None, "against": "", "not_run": why}), flush=True)


def program(name, *what):
    caps = {"OPENSSL_ia32cap": OPENSSL_MASKS[w] for w in what if w in OPENSSL_MASKS}
    done = subprocess.run([PROGRAMS / name, str(CPU), *what], check=False, env=os.environ | caps,
                          stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{name} {' '.join(what)} failed")
    print(done.stdout, end="", flush=True)


def engine(*what):
    program("bench_media_engine", *what)


def monitor():
    progress("monitor")
    program("bench_media_monitor")


def engines():
    for tier in TIERS:
        progress(f"engine, {' '.join(tier)}")
        engine(*tier)


# ---- The path without devices -------------------------------------------------------------------

def gb_available():
    with open("/proc/meminfo", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("MemAvailable")) / 2**20


def median_ratio(rounds, over, under):
    """Of two values per round, each named as (process, key)."""
    return statistics.median(r[over[0]][over[1]] / r[under[0]][under[1]] for r in rounds)


def paths():
    names = {(n, 160): f"{n}" for n in LIVE}
    names.update({(1000, size): f"1000.{size}_octets" for size in (20, 1200)})
    if gb_available() < GB_FOR_MILLION:
        skip(["path.1000000", "cost_1m_over_1k"],
             f"a million calls need {GB_FOR_MILLION} GB of free memory")
        del names[(1000000, 160)]
    with contextlib.ExitStack() as stack:
        servers = {}
        for calls, size in names:
            progress(f"path, {calls} calls, {size} octets")
            servers[calls, size] = wires.Process(
                PROGRAMS / "bench_media_path", CPU, OTHER_CPU, calls, size, PAGES)
            stack.callback(servers[calls, size].stop)
        progress(f"path, {PATH_ROUNDS} rounds")
        rounds = [{key: s.ask("round") for key, s in servers.items()}
                  for _ in range(PATH_ROUNDS + 1)][1:]
        report_paths(names, rounds)
        big = servers[100000, 160]
        figure("bytes_per_call", big.ask("memory")["memory"] / 100000, "octets",
               "resident memory of 100 000 calls, both ways, SRTP outside and RTP inside",
               at_most=1536)
        storm(servers[1000, 160])


def report_paths(names, rounds):
    base = (1000, 160)
    for key, name in names.items():
        ns = statistics.median(r[key]["path"] for r in rounds)
        figure(f"path.{name}", ns, "ns/packet",
               f"itself: {key[0]} live calls; {1e9 / ns / PPS_PER_CALL:.0f} G.711 calls a core")
    figure("path_over_engine", median_ratio(rounds, (base, "engine"), (base, "path")), "ratio",
           "the bare engine, 1000 streams each", at_least=0.65)
    for calls, name, goal in ((100000, "cost_100k_over_1k", 1.5),
                              (1000000, "cost_1m_over_1k", 1.8)):
        if (calls, 160) in names:
            figure(name, median_ratio(rounds, ((calls, 160), "path"), (base, "path")), "ratio",
                   "the path with 1000 live calls", at_most=goal)
    figure("burst1_over_burst32", median_ratio(rounds, (base, "one"), (base, "path")), "ratio",
           "the path in bursts of 32", at_most=2.5)
    figure("forged_over_genuine", median_ratio(rounds, (base, "forged"), (base, "path")), "ratio",
           "a packet that passes; what a forged one on a live port costs", at_most=1)


def storm(server):
    progress(f"storm, {STORM_ROUNDS} rounds")
    ratios, handshakes, seconds = [], 0, 0
    for _ in range(STORM_ROUNDS):
        idle = server.ask("round")
        server.ask("storm on")
        begin = time.monotonic()
        time.sleep(0.05)
        busy = server.ask("round")
        seconds += time.monotonic() - begin
        server.ask("storm off")
        handshakes += busy["handshakes"] - idle["handshakes"]
        ratios.append(idle["path_all"] / busy["path_all"])
    figure("storm_ratio", statistics.median(ratios), "ratio",
           f"the path while CPU {OTHER_CPU} is idle, against {handshakes / seconds:.0f} mutual TLS "
           "handshakes a second there", at_least=0.9, also=handshakes > 0)


# ---- Against rtpengine --------------------------------------------------------------------------

def softirqs():
    """What counts besides the process itself: the softirq thread of its CPU, and, where the kernel
    keeps softirq time apart from processes, that."""
    for comm in pathlib.Path("/proc").glob("[0-9]*/comm"):
        with contextlib.suppress(OSError):
            if comm.read_text().strip() == f"ksoftirqd/{CPU}":
                apart = kernel_config().find(b"CONFIG_IRQ_TIME_ACCOUNTING=y") >= 0
                return comm.parent.name + (f" c{CPU}" if apart else "")
    return ""


def stolen_s():
    """What the hypervisor has taken of all CPUs."""
    with open("/proc/stat", encoding="ascii") as f:
        return int(f.readline().split()[8]) / os.sysconf("SC_CLK_TCK")


def kernel_config():
    for path, reader in (("/proc/config.gz", gzip.open),
                         (f"/boot/config-{os.uname().release}", open)):
        with contextlib.suppress(OSError), reader(path, "rb") as f:
            return f.read()
    return b""


class Relay:
    """A relay with its generator."""

    def __init__(self, pid, generator, drive=None):
        self.pid, self.generator, self.drive = pid, generator, drive
        self.runs = []

    def run(self, command):
        done = self.generator.ask(f"{command} {self.pid} {softirqs()}")
        if done["bad"]:
            raise RuntimeError(f"{done['bad']} packets came back wrong: "
                               f"{self.generator.complaint()}")
        done["pps_cpu"] = done["packets"] / done["cpu_s"]
        if done["lost"] and self.drive:
            progress(f"lost {done['lost']}; {self.drive.ask('counters')}")
        self.runs.append(done)
        return done

    def median(self):
        return statistics.median(r["pps_cpu"] for r in self.runs)


def generator(calls, relay_file, devices, namespace=None):
    where = ["ip", "netns", "exec", namespace] if namespace else []
    return wires.Process(*where, PROGRAMS / "mediagen", OTHER_CPU, calls, 160, relay_file, *devices)


def callgate(stack, calls, near, far, spaces=None):
    """The data plane with devices `near` and the generator with devices `far`."""
    where = ["ip", "netns", "exec", spaces.relay] if spaces else []
    drive = wires.Process(*where, PROGRAMS / "mediadrive", OTHER_CPU, CPU, 512, max(calls, 1024),
                          *near, PAGES)
    stack.callback(drive.stop)
    drive.ask(f"calls {calls}")
    phones = generator(calls, "-", far, spaces.phones if spaces else None)
    stack.callback(phones.stop)
    return Relay(drive.pid, phones, drive)


def memif(folder, log_slots):
    return [wires.memif_devices(folder, server, log_slots) for server in (True, False)]


def rtpengine_relay(stack, folder):
    veths = wires.Veths("rtpengine", addresses=True)
    stack.callback(veths.down)
    process = rtpengine.start(veths.relay, CPU, wires.relay_ip(wires.OUTSIDE),
                              wires.relay_ip(wires.INSIDE))
    stack.callback(process.wait)
    stack.callback(process.terminate)
    with wires.entered(veths.relay):
        ng = rtpengine.Ng()
    ng.wait()
    with open(folder / "rtpengine-calls", "w", encoding="ascii") as f:
        for call in range(PEER_CALLS):
            outside, inside, key = ng.call(call, wires.phone(wires.INSIDE, call),
                                           wires.phone(wires.OUTSIDE, call), wires.phone_key())
            print(*outside, *inside, key.hex(), file=f)
    phones = generator(PEER_CALLS, f.name, veths.devices(), veths.phones)
    stack.callback(phones.stop)
    return Relay(process.pid, phones)


def peers():
    figures = ["rtpengine_ratio", "rtpengine_ratio_veth", "calls_70pct"]
    if not rtpengine.program():
        skip(figures, f"rtpengine is missing; tools/deps installs {rtpengine.PACKAGE}")
        return
    if os.geteuid() != 0:
        skip(figures, "network namespaces need root")
        return
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        progress("rtpengine and callgate, setting up")
        veths = wires.Veths("callgate", addresses=False)
        stack.callback(veths.down)
        relays = {
            "rtpengine": rtpengine_relay(stack, folder),
            "veth": callgate(stack, PEER_CALLS, veths.devices(), veths.devices(), veths),
            "memif": callgate(stack, PEER_CALLS, *memif(folder, SLOTS_QUICK)),
        }
        for _ in range(PEER_ROUNDS):
            for name, relay in relays.items():
                window = MEMIF_WINDOW if name == "memif" else WINDOW
                done = relay.run(f"window {window} {PEER_SECONDS}")
                progress(f"{name}: {done['pps_cpu']:.0f} packets per CPU second, "
                         f"{done['pps']:.0f} per second")
        report_peers(relays)
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        hold(stack, folder, relays["rtpengine"].median() / PPS_PER_CALL,
             statistics.median(r["pps"] for r in relays["memif"].runs))


def report_peers(relays):
    for name, relay in relays.items():
        figure(f"pps_per_cpu_second.{name}", relay.median(), "packets/s",
               f"itself: {PEER_CALLS} calls both ways; "
               f"{relay.median() / PPS_PER_CALL:.0f} G.711 calls a core")
    for name, wire, goal in (("rtpengine_ratio", "memif", 50),
                             ("rtpengine_ratio_veth", "veth", 2.5)):
        figure(name, statistics.median(a["pps_cpu"] / b["pps_cpu"] for a, b in zip(
            relays[wire].runs, relays["rtpengine"].runs)), "ratio",
               f"rtpengine over veth, callgate over {wire}, packets per CPU second", at_least=goal)


def hold(stack, folder, rtpengine_calls, pps_guess):
    """Finds the most that so many calls carry, then holds 70 % of it."""
    calls = max(int(0.8 * pps_guess / PPS_PER_CALL), 100)
    progress(f"the maximum, with {calls} calls")
    relay = callgate(stack, calls, *memif(folder, SLOTS_PATIENT))
    for _ in range(3):
        relay.run(f"window {MEMIF_WINDOW} {PEER_SECONDS}")
    held = min(calls, int(0.7 * statistics.median(r["pps"] for r in relay.runs) / PPS_PER_CALL))
    progress(f"{held} calls for {HOLD_SECONDS} s")
    relay.generator.ask(f"speakers {held}")
    stolen = stolen_s()
    done = relay.run(f"rate {held * PPS_PER_CALL} {HOLD_SECONDS} {1 << SLOTS_PATIENT}")
    stolen = stolen_s() - stolen
    held_all = done["late_ms"] < LATE_MS and done["away_ms"] < AWAY_SHARE * HOLD_SECONDS * 1000
    figure("calls_70pct", held / rtpengine_calls, "ratio",
           f"{held} calls for {HOLD_SECONDS} s, {done['lost']} of {done['sent']} packets lost, sent "
           f"{done['late_ms']:.1f} ms late at most; the generator itself did not run {done['away']} times, "
           f"{done['away_longest_ms']:.1f} ms at most and {done['away_ms']:.1f} ms in all, and the hypervisor took "
           f"{1000 * stolen:.0f} ms; rtpengine: {rtpengine_calls:.0f} calls a core",
           at_least=25, also=done["lost"] == 0 and held_all)


def parts():
    for name, part in (("engine", engines), ("monitor", monitor), ("path", paths), ("peers", peers)):
        engine("gauge", name)
        part()


def main():
    global PROGRAMS, PAGES
    PROGRAMS = pathlib.Path(sys.argv[1])
    if CPU == OTHER_CPU:
        progress("two CPUs are needed")
        return 2
    with contextlib.suppress(PermissionError):
        os.nice(-20)  # all of it: whatever else runs must not make the generator pause
    with hugepages.lent("media", HUGEPAGES_MB) as lent:
        PAGES = "huge" if lent else "plain"
        figure("hugepages", lent, "", "state of the machine: what the worker has, without devices and with")
        parts()
    return 2 if not_run else 0


if __name__ == "__main__":
    sys.exit(main())
