# SPDX-License-Identifier: BSD-3-Clause
"""SIPp in the place of a phone: answers as many calls at once as its call manager brings, and judges each
message of each of them."""

import re
import subprocess

from . import netns
from .util import LabError, tail, wait_for

PORT = 5062
COPIED = "[last_Via:]\n[last_Record-Route:]\n[last_From:]\n[last_To:]{tag}\n[last_Call-ID:]\n[last_CSeq:]\n"
CONTACT = "Contact: <sip:[local_ip]:[local_port];transport=tcp>\n"
ANSWER = COPIED + CONTACT
SDP = """\
v=0
o=sipp 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000
"""
SCENARIO = """\
<?xml version="1.0" encoding="us-ascii"?>
<scenario name="phone">
<recv request="INVITE"/>
<send><![CDATA[
SIP/2.0 180 Ringing
{ringing}Content-Length: 0

]]></send>
<send retrans="500"><![CDATA[
SIP/2.0 200 OK
{answer}Content-Type: application/sdp
Content-Length: [len]

{sdp}]]></send>
<recv request="ACK"/>
<recv request="BYE"/>
<send><![CDATA[
SIP/2.0 200 OK
{bye}Content-Length: 0

]]></send>
</scenario>
"""


class Sipp:
    def __init__(self, phone, calls):
        """Until `calls` calls have come and gone."""
        phone.kill()
        self.dir = phone.dir
        tag = ";tag=[pid]SIPp[call_number]"
        (self.dir / "sipp.xml").write_text(SCENARIO.format(
            ringing=ANSWER.format(tag=tag), answer=ANSWER.format(tag=tag), bye=COPIED.format(tag=""), sdp=SDP))
        self.log = self.dir / "sipp.log"
        with open(self.log, "wb") as out:
            self.p = subprocess.Popen(
                netns.inside(phone.netns, "sipp", "-sf", self.dir / "sipp.xml", "-t", "t1", "-i", phone.ip,
                             "-p", str(PORT), "-m", str(calls), "-nostdin", "-trace_err", "-error_file",
                             self.dir / "sipp.errors"),
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=self.dir)
        wait_for(f"sipp to listen (see {self.log})", 5, lambda: self.listens(phone))

    def listens(self, phone):
        if self.p.poll() is not None:
            raise LabError(f"sipp ended\n{tail(self.log)}")
        with open(f"/proc/{self.p.pid}/net/tcp", encoding="ascii") as f:
            return re.search(rf":{PORT:04X} 00000000:0000 0A ", f.read())

    def judge(self, deadline_s):
        """Waits for its end, which is good when every call was."""
        try:
            code = self.p.wait(deadline_s)
        except subprocess.TimeoutExpired:
            raise LabError(f"sipp still waits\n{tail(self.log, 60)}") from None
        if code:
            raise LabError(f"sipp: exit {code}\n{tail(self.dir / 'sipp.errors', 40)}")

    def close(self):
        self.p.kill()
        self.p.wait()
