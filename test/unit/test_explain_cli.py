# SPDX-License-Identifier: BSD-3-Clause
# `callgate explain`, which asks no daemon. usage: test_explain_cli.py CALLGATE
import json
import re
import subprocess
import sys
import unittest


def run(*args):
    p = subprocess.run([CALLGATE, "explain", *args], capture_output=True, text=True)
    return p.returncode, p.stdout, p.stderr


class Explain(unittest.TestCase):
    def test_an_event_by_what_a_line_shows(self):
        want = run("339002")
        self.assertEqual(want[0], 0)
        self.assertRegex(want[1], r"^%UCIME-3-339002 TICKET_INVALID: invalid ticket, .*\n  What to do: .*epoch, ")
        for what in "TICKET_INVALID", "ticket_invalid", "%UCIME-3-339002:", "%ASA-3-339002", "UCIME-3-339002":
            self.assertEqual(run(what), want)
        self.assertIn("  reason=bye-unanswered ", run("339008")[1])

    def test_a_counter(self):
        self.assertRegex(run("ticket_epoch")[1], r"^Counter TICKET_EPOCH: .*another epoch")
        self.assertRegex(run("SIP_BAD_CALL_ID")[1], r"^Counter SIP_BAD_CALL_ID: .*Call-ID")
        self.assertRegex(run("acl_deny")[1], r"^Counter ACL_DENY: an access list denies .*callgate packet-tracer")  # dp's
        both = run("NO_DIALOG")[1]
        self.assertIn("-339003 NO_DIALOG", both)
        self.assertIn("Counter NO_DIALOG", both)

    def test_all_of_the_list(self):
        with open("cp/events.def") as f:
            numbers = re.findall(r"^EVENT\((\d+)", f.read(), re.M)
        self.assertGreater(len(numbers), 30)
        for number in numbers:
            j = json.loads(run(number, "--json")[1])
            self.assertEqual(j["number"], int(number))
            self.assertTrue(j["name"] and j["meaning"] and j["remedy"])
        self.assertIn("bye", json.loads(run("339008", "--json")[1])["reasons"])
        self.assertIn("help", json.loads(run("CONN_NO_UCM", "--json")[1]))

    def test_what_is_not_there(self):
        for what in "1", "0", "nothing", "%UCIME-3-33900", "":
            code, out, err = run(what)
            self.assertEqual((code, out), (1, ""))
            self.assertIn("callgate show logging", err)
        self.assertEqual(run()[0], 2)
        self.assertEqual(run("339001", "339002")[0], 2)
        self.assertEqual(run("--help")[0], 0)


if __name__ == "__main__":
    CALLGATE = sys.argv.pop()
    unittest.main()
