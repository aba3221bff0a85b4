# SPDX-License-Identifier: BSD-3-Clause
"""Each check of the tree refuses a planted violation, and takes the same tree without it."""

import json
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPDX = "// SPDX-License-Identifier: BSD-3-Clause\n"


class Planted(unittest.TestCase):
    def setUp(self):
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.root = pathlib.Path(tmp.name)
        (self.root / ".clang-format").write_bytes((ROOT / ".clang-format").read_bytes())
        for name in ("lib/addr.h", "dp/dp.h", "dp/msg.h"):
            self.plant(name, SPDX + "#pragma once\n")

    def plant(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def run_check(self, tool, *args):
        p = subprocess.run([ROOT / "tools" / tool, *args], capture_output=True, text=True)
        return p.returncode, p.stdout + p.stderr

    def refused(self, tool, hint, *args):
        rc, out = self.run_check(tool, *args)
        self.assertEqual(rc, 1, out)
        self.assertIn(hint, out)

    def accepted(self, tool, *args):
        rc, out = self.run_check(tool, *args)
        self.assertEqual(rc, 0, out)


class Layers(Planted):
    def test_planted_arrows(self):
        root = f"--root={self.root}"
        self.plant("lib/addr.h", SPDX + "#pragma once\n#include <stdint.h>\n")
        self.accepted("check-layers", root)
        for name, line in (
            ("lib/x.c", '#include "dp/dp.h"'),
            ("lib/x.c", "#include <sys/socket.h>"),
            ("lib/x.c", "#include <time.h>"),
            ("lib/x.c", '#include "addr.h"'),
            ("config/x.c", '#include "dp/dp.h"'),
            ("dp/x.c", '#include "cp/x.h"'),
            ("dp/x.c", '#include <event2/event.h>'),
            ("dp/msg.h", "#include <rte_mbuf.h>"),
            ("cp/x.c", "#include <rte_mbuf.h>"),
            ("cp/x.c", '#include "dp/worker.h"'),
            ("cp/x.c", "int x = dp_start(o, e, n);"),
            ("tools/callgate/x.c", '#include "cp/x.h"'),
            ("test/unit/x.c", '#include "dp/worker.h"'),
            ("test/system/x.c", '#include "dp/worker.h"'),
            ("other/x.c", "int x;"),
        ):
            with self.subTest(name=name, line=line):
                for other in ("cp/x.h", "dp/worker.h"):
                    self.plant(other, SPDX)
                path = self.plant(name, SPDX + line + "\n")
                self.refused("check-layers", name, root)
                path.unlink()

    def test_empty_tree(self):
        with tempfile.TemporaryDirectory() as empty:
            self.refused("check-layers", "nothing was checked", f"--root={empty}")


class Style(Planted):
    def test_planted_faults(self):
        root = f"--root={self.root}"
        self.accepted("check-style", root)
        for text, hint in (
            ("int x;\n", "first line"),
            (SPDX + "int x; \n", "trailing blanks"),
            (SPDX + "int x; /* old */\n", "comments"),
            (SPDX + "int  x;\n", "clang-format"),
            (SPDX + "int x;", "newline"),
        ):
            with self.subTest(hint=hint):
                path = self.plant("lib/x.c", text)
                self.refused("check-style", hint, root)
                path.unlink()

    def test_fix(self):
        path = self.plant("lib/x.c", SPDX + "int  x; \n\n")
        self.run_check("check-style", "--fix", f"--root={self.root}")
        self.assertEqual(path.read_text(), SPDX + "int x;\n")


class Hot(Planted):
    def build(self, name, text):
        path = self.plant(f"dp/{name}", SPDX + text)
        subprocess.run(["gcc", "-O1", "-c", path, "-o", self.root / f"{name}.o"], check=True)

    def test_planted_symbols(self):
        args = f"--sources={self.root}/dp", f"--objects={self.root}"
        self.build("a.c", "// Hot: runs on a worker.\nint a(int x) { return x + 1; }\n")
        self.build("c.c", "// Cold: set-up.\n#include <stdlib.h>\nvoid *c(void) "
                          "{ return malloc(1); }\n")
        self.accepted("check-hot", *args)
        for header, body, symbol in (
            ("stdlib.h", "void b(void *p) { free(p); }", "free"),
            ("stdio.h", 'void b(int x) { printf("%d", x); }', "printf"),
            ("time.h", "long b(void) { return time(0); }", "time"),
            ("pthread.h", "int b(pthread_mutex_t *m) { return pthread_mutex_lock(m); }",
             "pthread_mutex_lock"),
            ("unistd.h", "void b(void) { usleep(1); }", "usleep"),
        ):
            with self.subTest(symbol=symbol):
                self.build("b.c", f"// Hot: runs on a worker.\n#include <{header}>\n{body}\n")
                self.refused("check-hot", f"uses {symbol}", *args)
        self.build("b.c", "int b;\n")
        self.refused("check-hot", "its head must have", *args)


class Rules(Planted):
    RULES = "# a\nTKT-1   one\nTKT-2   two\n\t- because\nMAP-match-uri  three\n" \
            "MAP-match-uri-length  four\n\t- because\n"

    def reports(self, unit, system=()):
        for half, passed in (("unit", unit), ("system", system)):
            self.plant(f"{half}.json", json.dumps({"passed": list(passed), "failed": ["x: test_tkt1"]}))

    def args(self, rules=RULES):
        return f"--rules={self.plant('rules', rules)}", f"--reports={self.root}"

    def test_shown(self):
        for unit, system in ((["t: test_tkt1_x", "p: test_map_match_uri"], []),
                             (["t: TKT-1 early"], ["test_p.Map.test_map_match_uri_of_sip"]),
                             (["p: MAP-match-uri"], ["test_t.T.test_tkt_1"])):
            with self.subTest(unit=unit, system=system):
                self.reports(unit, system)
                self.accepted("check-rules", *self.args())

    def test_faults(self):
        good = ["t: test_tkt1", "p: test_map_match_uri"]
        for unit, hint in (
            (good[1:], "TKT-1: no test that bears its name"),
            (good[1:] + ["t: test_tkt12", "t: test_atkt1", "t: test_tkt1x"], "TKT-1: no test that bears"),
            (good[:1] + ["p: test_map_match_uris"], "MAP-match-uri: no test"),
            (good + ["t: TKT-2 x"], "TKT-2: explained (because), but 't: TKT-2 x' shows it"),
            (good[:1] + ["p: test_map_match_uri_length"], "MAP-match-uri: no test"),
            (good + ["t: test_tkt_3_x"], "bears TKT-3, which is no rule"),
        ):
            with self.subTest(hint=hint, unit=unit):
                self.reports(unit)
                self.refused("check-rules", hint, *self.args())
        self.reports(good)
        for line in ("TKT-1   again", "TKT-3", "   x", "TKT-9   nine\n\t- why\n\t- why twice", "TKT 3 x"):
            with self.subTest(line=line):
                self.refused("check-rules", "rules:", *self.args(self.RULES + line + "\n"))
        (self.root / "system.json").unlink()
        self.refused("check-rules", "run tools/test first", *self.args())

    def test_the_list_itself(self):
        """Every rule of it has a name and a text; nothing is there twice."""
        self.reports([])
        rc, out = self.run_check("check-rules", f"--reports={self.root}")
        self.assertEqual(rc, 1)
        self.assertNotIn("rules:", out)


if __name__ == "__main__":
    unittest.main()
