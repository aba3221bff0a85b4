-- SPDX-License-Identifier: BSD-3-Clause
-- Flows of UDP for pktgen-dpdk, out of its port 0, which is on the inside of callgate:
--
--     KIND=64 FLOWS=1000000 GATEWAY_MAC=02:00:00:00:00:01 pktgen -l 0-2 -n 4 -- -m "1.0" -f pktgen_udp.lua
--
-- KIND: 64 (octets), or sizes (64 to 1518, each in turn: pktgen's ranges have no weights, so this is no IMIX).
-- FLOWS: how many endpoints of consecutive hosts speak. RATE: percent of the port. SECONDS: how long.
package.path = package.path .. ";?.lua;test/?.lua;app/?.lua;"
require "Pktgen"

local port = "0"
local kind = os.getenv("KIND") or "64"
local flows = tonumber(os.getenv("FLOWS") or 100000)
local rate = tonumber(os.getenv("RATE") or 100)
local seconds = tonumber(os.getenv("SECONDS") or 30)
local gateway = assert(os.getenv("GATEWAY_MAC"), "GATEWAY_MAC: the MAC of callgate's inside interface")
local server = os.getenv("SERVER") or "198.18.0.1"

-- Source address and source port advance together, packet by packet: two cycles whose lengths have no common
-- factor come to each pair once. The ports' is 23 x 2137.
local ports = 49151
local hosts = math.max(1, math.ceil(flows / ports))
while hosts % 23 == 0 or hosts % 2137 == 0 do
	hosts = hosts + 1
end
assert(hosts <= 65534, "FLOWS: more than 65534 hosts have")

local function host(n)
	return string.format("10.0.%d.%d", n // 256, n % 256)
end

local function range(of, start, inc, min, max)
	of(port, "start", start)
	of(port, "inc", inc)
	of(port, "min", min)
	of(port, "max", max)
end

pktgen.stop(port)
pktgen.clr()
pktgen.range.dst_mac(port, "start", gateway)
pktgen.range.ip_proto(port, "udp")
range(pktgen.range.src_ip, host(1), "0.0.0.1", host(1), host(hosts))
range(pktgen.range.src_port, 16384, 1, 16384, 16384 + math.min(flows, ports) - 1)
range(pktgen.range.dst_ip, server, "0.0.0.0", server, server)
range(pktgen.range.dst_port, 5004, 0, 5004, 5004)
if kind == "sizes" then
	range(pktgen.range.pkt_size, 64, 727, 64, 1518)
else
	range(pktgen.range.pkt_size, 64, 0, 64, 64)
end
pktgen.set(port, "rate", rate)
pktgen.set_range(port, "on")
pktgen.start(port)
pktgen.delay(seconds * 1000)
pktgen.stop(port)
