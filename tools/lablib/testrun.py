# SPDX-License-Identifier: BSD-3-Clause
"""What tools/test does after the packages are there: build, check, run every suite, add up. A suite that
could not run counts as a failure; nothing is skipped."""

import argparse
import contextlib
import json
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
import traceback
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from lablib import netns, parts, turns  # noqa: E402
from lablib.util import lab_dir, locked, run_with_progress  # noqa: E402

CASES = re.compile(r"\[  (PASSED|FAILED)  \] (\d+) test\(s\)")
CASE = re.compile(r"^\[(       OK |  FAILED  |  ERROR   |  SKIPPED )\] (?!--- |\d+ test)(.*)$", re.M)
SANITIZE = ["-Ddataplane=false", "-Db_sanitize=address,undefined", "-Db_lundef=false",
            "-Dc_args=-fno-sanitize-recover=all"]
MILLION = {"RTPSEC_PACKETS": "1000000"} # random ones, of each engine of SRTP
REPORTS = ROOT / "build" / "test-reports"
WHOLE = ("all", "meson-test-prereq")
BUILDS = {
    # folder: (compiler, options, what is built)
    "build": ("gcc", [], WHOLE),
    "build-asan": ("gcc", SANITIZE, WHOLE),
    "build-asan-dp": ("gcc", [x for x in SANITIZE if "dataplane" not in x], # the daemon of test_9_sanitized.py, workers
                      ("cp/callgated", "tools/callgate/callgate", "dp-tests")),
    "build-clang": ("clang", ["-Doptimization=0", "-Ddebug=false"], WHOLE), # for its warnings
}
# The programs of these suites wait for most of their time, so that more of them run at once than there are CPUs.
AT_ONCE = {"unit": 4 * (os.cpu_count() or 1)}
# Two phones, two call managers and two daemons, and what measures them, want two CPUs.
LABS = 2 if (os.cpu_count() or 1) >= 4 else 1
# With two labs the system tests that take longest come first, so that both end at once; with any, those that want the CPUs
# to themselves come last, for each has to wait until the other lab's test is over.
FIRST = ("4_long", "8_fallback", "8_media", "6_secure", "1_calls", "7_srtp_peers")
LAST = ("0_nat", "8_impair", "5_punt", "7_tls", "5_table", "9_soak", "9_calls", "9_sanitized")
LAST_LINES = 20 # of a failed test, in the summary


class Report:
    """Of one half, or of a part of one."""

    def __init__(self, quiet=False, begin=None):
        self.quiet = quiet
        self.passed = 0
        self.failed = [] # [name, what was printed of it]
        self.cases = {True: set(), False: set()} # names of tests that passed, and that did not
        self.begin = begin or time.monotonic()

    def step(self, text):
        if not self.quiet:
            print(f"[{time.monotonic() - self.begin:6.1f} s] {text}", flush=True)

    def add(self, name, ok, detail=""):
        if ok:
            self.passed += 1
        else:
            self.failed.append([name, detail.rstrip()])
        if not ok and not self.quiet:
            print(f"FAILED: {name}\n{detail}".rstrip(), flush=True)

    def case(self, name, ok):
        self.cases[ok].add(name)

    def write_part(self, path):
        path.write_text(json.dumps({"passed": self.passed, "failed": self.failed,
                                    "cases": [sorted(self.cases[ok]) for ok in (True, False)]}))

    def add_part(self, part):
        """What it has told already, it does not tell again."""
        result = part.result()
        if result is None:
            self.add(f"{part.name} ended before its time", False, f"exit {part.p.returncode}")
            return
        self.passed += result["passed"]
        self.failed += result["failed"]
        for ok, cases in zip((True, False), result["cases"]):
            self.cases[ok] |= set(cases)

    def write(self, half):
        """The names of the tests of a half that ran, for tools/check-rules."""
        REPORTS.mkdir(parents=True, exist_ok=True)
        (REPORTS / f"{half}.json").write_text(json.dumps(
            {"passed": sorted(self.cases[True] - self.cases[False]), "failed": sorted(self.cases[False])}, indent=1))

    def run(self, name, *command, env=None):
        """One command that must succeed; its output shows when it does not."""
        code, out = run_with_progress(command, lambda line: self.step(f"  {line}"), every_s=10,
                                      cwd=ROOT, env={**os.environ, **(env or {})})
        self.add(name, code == 0, out[-8000:])
        return code == 0


def build(report, folder):
    compiler, options, targets = BUILDS[folder]
    report.step(f"{folder}: {compiler} {' '.join(options)}")
    path = ROOT / folder
    with locked(path):
        if not (path / "build.ninja").is_file():
            setup = ["meson", "setup", path, "-Dwerror=true", *options]
            if not report.run(f"{folder}: configure", *setup, env={"CC": compiler}):
                return False
        return report.run(f"{folder}: compile", "ninja", "-C", path, *targets)


def meson_suites(folder):
    out = subprocess.run(["meson", "introspect", "--tests", ROOT / folder], check=True,
                         capture_output=True, text=True).stdout
    suites = {}
    for test in json.loads(out):
        suites.setdefault(test["suite"][0].split(":")[-1], []).append(test["name"])
    return suites


def count_cases(report, folder, result):
    """A cmocka program says how many cases it ran; any other program is one case."""
    name, output = result["name"], result.get("stdout", "") + result.get("stderr", "")
    for verdict, case in CASE.findall(output):
        report.case(f"{name.split(' / ')[-1].strip()}: {case.strip()}", verdict.strip() == "OK")
    counts = {"PASSED": 0, "FAILED": 0}
    for verdict, n in CASES.findall(output):
        counts[verdict] += int(n)
    if result["result"] == "OK":
        report.passed += max(1, counts["PASSED"])
        return
    report.passed += counts["PASSED"]
    for i in range(max(1, counts["FAILED"])):
        report.add(f"{folder}: {name}: {result['result']}", False, "" if i else output[-8000:])


def run_suite(report, folder, suite, names, env=None, wrapper=(), patience=3):
    report.step(f"{folder}: suite {suite}" + (f" under {wrapper[0]}" if wrapper not in ((), parts.GIVE_WAY) else ""))
    log = ROOT / folder / "meson-logs" / ("-".join(("testlog", *wrapper[:1])) + ".json")
    log.unlink(missing_ok=True)
    begin = time.monotonic()
    run_with_progress(["meson", "test", "-C", ROOT / folder, "--no-rebuild", "--suite", suite,
                       "--timeout-multiplier", str(patience),
                       "--num-processes", str(AT_ONCE.get(suite, os.cpu_count() or 1)),
                       *(["--wrapper", shlex.join(wrapper)] if wrapper else []), *names],
                      lambda line: report.step(f"  {line}"), every_s=10, env={**os.environ, **(env or {})})
    if not log.is_file():
        report.add(f"{folder}: suite {suite} did not run", False)
        return
    results = [json.loads(line) for line in log.read_text().splitlines()]
    for result in results:
        count_cases(report, folder, result)
    missing = set(names) - {r["name"].split(" / ")[-1].strip() for r in results}
    for name in sorted(missing):
        report.add(f"{folder}: {name} did not run", False)
    report.step(f"{folder}: suite {suite}: {len(results)} programs "
                f"in {time.monotonic() - begin:.1f} s")


class Progress(unittest.TestResult):
    """Adds to the report, and prints one line per test with its time."""

    def __init__(self, report):
        super().__init__()
        self.report = report

    def startTest(self, test):
        super().startTest(test)
        self.started = time.monotonic()

    def line(self, test, verdict):
        self.report.step(f"  {verdict} {test.id()} ({time.monotonic() - self.started:.1f} s)")

    def addSuccess(self, test):
        self.report.add(test.id(), True)
        self.report.case(test.id(), True)
        self.line(test, "ok")

    def fail(self, test, err):
        self.report.case(test.id(), False)
        self.report.add(test.id(), False, self._exc_info_to_string(err, test))

    def addFailure(self, test, err):
        self.fail(test, err)

    def addError(self, test, err):
        if not hasattr(self, "started"):
            self.started = time.monotonic()
        self.fail(test, err)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.report.case(test.id(), False)
            self.fail(subtest, err)

    def addSkip(self, test, reason):
        self.report.add(f"{test.id()}: skipped: {reason}", False)


def run_python(report, folder, pattern="test_*.py"):
    report.step(f"{folder}: {pattern}")
    os.chdir(ROOT)
    suite = unittest.TestLoader().discover(str(ROOT / folder), pattern)
    if not suite.countTestCases():
        report.add(f"{folder}: no test found", False)
    # The tests print their story; the lines of the report are what counts.
    suite.run(Progress(report))


def checks(report):
    report.step("checks: style, layers, hot path")
    for check in ("check-style", "check-layers", "check-hot"):
        report.run(f"tools/{check}", ROOT / "tools" / check)
    run_python(report, "test/checks")


def suites(report, built, wrapper=(), patience=3):
    """Those whose programs need no CPU to themselves; `built` says of a folder whether it was, when it was."""
    asan = {"ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1",
            "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"}
    many = MILLION if os.environ["CALLGATE_LONG"] else None
    for folder, env in (("build", many), ("build-asan", asan)):
        if built(folder):
            for suite, names in meson_suites(folder).items():
                if suite != "dp":
                    run_suite(report, folder, suite, names, env, wrapper, patience)
    if built("build-asan-dp"):
        run_suite(report, "build-asan-dp", "dp", dp_programs("build-asan-dp"), asan, wrapper, patience)


def dp_programs(folder):
    """All of the suite but the one that wants CPUs and wires."""
    return [name for name in meson_suites(folder)["dp"] if name != "forward"]


def valgrind(report):
    """Looks at the media plane; not where memory is counted, nor at an allocator of its own."""
    names = [name for name in dp_programs("build")
             if name.startswith("dp_media") and name not in ("dp_media_many", "dp_media_heap")]
    if report.run("build: compile for valgrind", "ninja", "-C", ROOT / "build", "valgrind-tests"):
        run_suite(report, "build", "dp", names, {"LD_PRELOAD": ROOT / "build/test/dp/libno_mlock2.so"},
                  ("valgrind", "-q", "--error-exitcode=1"), patience=20)


class Builds(threading.Thread):
    """The others than the first, that the lab runs: one after the other, while suites of those that are done run."""

    def __init__(self, report, first):
        super().__init__(daemon=True)
        self.report, self.results = report, {"build": first}
        self.done = threading.Condition()
        self.start()

    def run(self):
        with contextlib.suppress(OSError): # where a kernel knows no sessions, a compiler stops when a suite wakes up
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0)) # of this thread, and of what it starts
        for folder in BUILDS:
            if folder != "build":
                try:
                    ok = build(self.report, folder)
                except Exception: # the thread's end would go unseen
                    ok = self.report.add(f"{folder}: build", False, traceback.format_exc())
                with self.done:
                    self.results[folder] = ok
                    self.done.notify_all()

    def built(self, folder):
        with self.done:
            self.done.wait_for(lambda: folder in self.results)
        return self.results[folder]


def beside_the_labs(report, first):
    """Builds and suites, with what the labs leave of the CPUs: they wait for most of their time."""
    parts.give_way()
    builds = Builds(report, first)
    suites(report, builds.built, parts.GIVE_WAY, patience=10)
    builds.join()


def lab_tests(report, queue):
    """What one lab takes of the system tests, a file at a time."""
    turns.take(False)
    for name in parts.taken(queue):
        run_python(report, "test/system", name)
    import session # the tests' own, which lies beside them
    session.lab_down()


def part(opt):
    """A process of its own."""
    path, begin, what, *args = opt.part
    report = Report(begin=float(begin))
    parts.begin()
    try:
        if what == "lab":
            lab_tests(report, int(args[0]))
        else:
            beside_the_labs(report, args[0] == "True")
    except KeyboardInterrupt:
        parts.end()
        raise
    report.write_part(pathlib.Path(path))


def part_of(report, name, *args, **kw):
    return parts.Part(name, __file__, REPORTS / f"part-{name.replace(' ', '-')}.json", report.begin, *args, **kw)


def test_files(name):
    """Of the system tests, in their order."""
    first = FIRST if LABS > 1 else ()

    def place(path):
        stem = path.stem.removeprefix("test_")
        return (first.index(stem) if stem in first else len(first) + (stem in LAST and 1 + LAST.index(stem)), path.name)

    pattern = f"*{name}*.py" if name else "test_*.py"
    return [path.name for path in sorted((ROOT / "test/system").glob(pattern), key=place)]


def system_half(report, name):
    """Two labs at once, where there are CPUs for them: they wait for most of their time."""
    files = test_files(name)
    if not files:
        report.add(f"test/system: no file matches {name}", False)
    queue = parts.queue(files)
    second = {"LAB_PREFIX": netns.PREFIX.rstrip("-") + "2-", "LAB_DIR": f"{lab_dir()}2"}
    labs = min(LABS, len(files))
    running = [part_of(report, f"lab {i}" if labs > 1 else "lab", "lab", queue, env=env, fds=[queue])
               for i, env in enumerate(({}, second)[:labs], 1)]
    for p in running:
        report.add_part(p)
    for left in parts.taken(queue):
        report.add(f"test/system: {left} did not run", False)


def again(report, workers):
    """The system half with so many workers."""
    half = REPORTS / f"system-{workers}.json"
    half.unlink(missing_ok=True)
    report.step(f"test/system with {workers} workers")
    subprocess.run([sys.executable, "-B", __file__, "--system", "--workers", str(workers)], check=False)
    ran = json.loads(half.read_text()) if half.is_file() else {"passed": [], "failed": ["did not run"]}
    for ok, verdict in ((True, "passed"), (False, "failed")):
        for name in ran[verdict]:
            report.add(f"{workers} workers: {name}", ok)


def options():
    ap = argparse.ArgumentParser(prog="tools/test", description="""Builds four ways (gcc; gcc with the sanitizers, once
        without DPDK and once with it; clang), checks the tree, runs every suite and adds up. A suite
        that could not run counts as a failure; nothing is skipped.""", epilog="""Without --unit or --system both halves
        run; most of the first beside the second, which waits for most of its time, and so has two labs at once where
        there are four CPUs. Builds are kept in build/,
        build-asan/, build-asan-dp/ and build-clang/.""")
    ap.add_argument("--unit", action="store_true", help="builds, checks, unit, fuzz and dp tests")
    ap.add_argument("--system", action="store_true", help="the tests on the lab")
    ap.add_argument("--long", action="store_true", help="with the cases that take minutes, and then the tests on the "
                    "lab (without these cases) with 2 and with 4 workers")
    ap.add_argument("-k", metavar="NAME", help="only the system tests whose file matches NAME")
    ap.add_argument("--workers", metavar="N", type=int, choices=(1, 2, 4), default=1,
                    help="that each callgate of the lab runs with: 1, 2 or 4 (default 1)")
    ap.add_argument("--part", nargs="+", help=argparse.SUPPRESS) # of ourselves: what part_of() says
    return ap.parse_args()


def main():
    opt = options()
    if os.geteuid():
        sys.exit("tools/test: needs root: it makes network namespaces")
    # unittest takes any other exception for a failed test, and goes on beside the next run in its lab.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler) # a shell's background ignores it, and so would the tests' programs
    if opt.part:
        return part(opt)
    os.environ["CALLGATE_LONG"] = "1" if opt.long else ""
    os.environ["CALLGATE_WORKERS"] = str(opt.workers)
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    both = not (opt.unit or opt.system)
    unit = Report()
    system = Report(begin=unit.begin)
    built = build(unit if both or opt.unit else system, "build")
    if both or opt.unit:
        checks(unit)
    rest = None
    if both and not opt.k:
        rest = part_of(unit, "beside", "beside", built)
    elif both or opt.unit:
        suites(unit, {folder: built if folder == "build" else build(unit, folder) for folder in BUILDS}.get)
    if both or opt.system:
        system_half(system, opt.k)
    if rest:
        unit.add_part(rest)
    if built and (both or opt.unit):
        run_suite(unit, "build", "dp", meson_suites("build")["dp"])
        if opt.long:
            valgrind(unit)
    if both or opt.unit:
        unit.write("unit")
    if (both or opt.system) and not opt.k:
        system.write("system" if opt.workers == 1 else f"system-{opt.workers}")
    if both and not opt.k:
        unit.step("checks: rules")
        unit.run("tools/check-rules", ROOT / "tools" / "check-rules")
    if opt.long and not opt.unit and opt.workers == 1 and not opt.k:
        for workers in (2, 4):
            again(system, workers)
    unit.step("done")
    failed = unit.failed + system.failed
    for name, detail in failed: # once more: thousands of lines are between
        print("\n  ".join([f"failed: {name}", *detail.splitlines()[-LAST_LINES:]]))
    print(f"{unit.passed + system.passed} passed, {len(failed)} failed")
    return bool(failed)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        parts.end_all()
        sys.exit("tools/test: ended by a signal")
