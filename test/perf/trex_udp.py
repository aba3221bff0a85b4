# SPDX-License-Identifier: BSD-3-Clause
"""A profile for TRex (stateless), on a machine with two NIC ports beside callgate: flows of UDP from the hosts
behind it, and what answers them.

    trex> start -f trex_udp.py -p 0 -m 100% -t kind=64,flows=1000000
    trex> start -f trex_udp.py -p 0 -m 1 -t kind=rtp,flows=100000

Port 0 is the inside. Answers are of use with static NAT or identity alone (port 1, --side out), for PAT
chooses ports that TRex does not know: there measure one way. The ports' gateways are callgate's addresses, in
/etc/trex_cfg.yaml. kind: 64 (octets), imix (64, 594 and 1518 in the ratio 7:4:1), rtp (G.711: 50 packets a second of
each flow, with its header).
"""

import argparse
import ipaddress
import struct

from trex_stl_lib.api import (IP, UDP, Ether, STLPktBuilder, STLScVmRaw, STLStream, STLTXCont, STLVmFixIpv4,
                              STLVmFlowVar, STLVmTupleGen, STLVmWrFlowVar)

FCS = 4  # which the NIC adds to a frame
IMIX = ((64, 7), (594, 4), (1518, 1))
PORTS = (16384, 65535)
RTP_PPS = 50
RTP_AT = 14 + 20 + 8  # where the RTP header begins
RTP_FRAME = RTP_AT + 12 + 160 + FCS


class Flows:
    """`flows` endpoints of consecutive hosts, each of which speaks to one server."""

    def __init__(self, args):
        self.args = args
        hosts = -(-args.flows // (PORTS[1] - PORTS[0] + 1))
        self.first = ipaddress.ip_address(args.hosts)
        self.last = self.first + max(hosts, 16) - 1

    def engine(self):
        """Each packet is of the next flow. Whoever sends from outside has them in the place of the destination."""
        ip, port = ("IP.dst", "UDP.dport") if self.args.side == "out" else ("IP.src", "UDP.sport")
        return [STLVmTupleGen(name="flow", ip_min=str(self.first), ip_max=str(self.last), port_min=PORTS[0],
                              port_max=PORTS[1], limit_flows=self.args.flows),
                STLVmWrFlowVar(fv_name="flow.ip", pkt_offset=ip),
                STLVmWrFlowVar(fv_name="flow.port", pkt_offset=port),
                STLVmFixIpv4(offset="IP")]

    def stream(self, frame, pps, payload=b"", more=()):
        src, dst = str(self.first), self.args.server
        if self.args.side == "out":
            src, dst = dst, src
        packet = Ether() / IP(src=src, dst=dst) / UDP(sport=5004, dport=5004, chksum=0)  # RFC 768: none
        packet = packet / payload.ljust(frame - FCS - RTP_AT, b"\0")
        return STLStream(packet=STLPktBuilder(pkt=packet, vm=STLScVmRaw([*more, *self.engine()])),
                         mode=STLTXCont(pps=pps))

    def rtp(self):
        # One number for all flows: a relay that looks at sequence numbers sees a gap of `flows` in each.
        number = [STLVmFlowVar(name="number", min_value=0, max_value=65535, size=2, op="inc"),
                  STLVmWrFlowVar(fv_name="number", pkt_offset=RTP_AT + 2)]
        return [self.stream(RTP_FRAME, self.args.flows * RTP_PPS, struct.pack("!BBHII", 0x80, 0, 0, 0, 1), number)]

    def streams(self):
        if self.args.kind == "rtp":
            return self.rtp()
        if self.args.kind == "imix":
            return [self.stream(size, share) for size, share in IMIX]
        return [self.stream(64, 1)]


class Profile:
    def get_streams(self, direction=0, tunables=(), **kwargs):  # pylint: disable=unused-argument
        ap = argparse.ArgumentParser()
        ap.add_argument("--kind", choices=("64", "imix", "rtp"), default="64")
        ap.add_argument("--flows", type=int, default=100000)
        ap.add_argument("--hosts", default="10.0.0.1", help="the first host behind callgate")
        ap.add_argument("--server", default="198.18.0.1", help="the host outside")
        ap.add_argument("--side", choices=("in", "out"), default="in")
        return Flows(ap.parse_args(tunables)).streams()


def register():
    return Profile()
