// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/config_edit.h"

// In place of the entry of sip-out; and groups, which move no line.
#define WITH(entry)        "permit tcp host 192.168.20.30 any range 5000 6000", entry
#define MEMBERS(kind, one) "object-groups: {" kind ": {g: {members: [" one "]}}}\nnat:\n"
#define GROUPS                                                                                     \
	{                                                                                          \
		"logging: {level: info}\n",                                                        \
			"logging: {level: info}\n"                                                 \
			"object-groups:\n"                                                         \
			"  network: {servers: {members: [network-object object real]}}\n"          \
			"  service:\n"                                                             \
			"    web: {members: [service-object tcp destination eq 80, "               \
			"service-object "                                                          \
			"icmp]}\n"                                                                 \
			"    sip-ports: {protocol: tcp, members: [port-object eq sip, "            \
			"port-object "                                                             \
			"neq 80]}\n"                                                               \
			"  protocol: {tunnels: {members: [protocol-object esp]}}\n"                \
	}

static const struct edited firewall[] = {
	{"unknown key", {{"hostname:", "hostnam:"}},
		"1:1: found the unknown key hostnam, expected a known key; did you mean hostname?"},
	{"IPv6 nowhere", {{"hostname: cg", "hostname: cg\nipv6: on"}},
		"2:1: found the unknown key ipv6, expected a known key"},
	{"unknown key, nothing near", {{"hostname: cg", "colour: red"}},
		"1:1: found the unknown key colour, expected a known key"},
	{"not a mapping", {{"workers: {cores: [1]}", "workers: 3"}},
		"3:10: workers: found 3, expected a mapping"},
	{"missing section", {{"management: {socket: /run/cg.sock}\n", ""}},
		"1:1: the file: found no management, expected one"},
	{"missing key", {{"workers: {cores: [1]}", "workers: {}"}},
		"3:10: workers: found no cores, expected one"},
	{"name", {{"hostname: cg", "hostname: c g"}},
		"1:11: hostname: found c g, expected 1 to 127 letters, digits or - _ ."},
	{"empty value", {{"hostname: cg", "hostname:"}},
		"1:10: hostname: found nothing, expected 1 to 127 letters, digits or - _ ."},
	{"core", {{"core: 0", "core: 1024"}},
		"2:17: core: found 1024, expected a CPU from 0 to 1023"},
	{"core", {{"core: 0", "core: -1"}}, "2:17: core: found -1, expected a CPU from 0 to 1023"},
	{"cores", {{"cores: [1]", "cores: []"}}, "3:18: cores: found 0 CPUs, expected 1 to 16"},
	{"cores", {{"cores: [1]", "cores: [1, two, [3]]"}},
		"3:22: cores: found two, expected a CPU from 0 to 1023\n"
		"3:27: cores: found a list, expected a CPU from 0 to 1023"},
	{"cores", {{"cores: [1]", "cores: [0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]"}},
		"3:18: cores: found 17 CPUs, expected 1 to 16"},
	{"hugepages", {{"hostname: cg", "hugepages: maybe"}},
		"1:12: hugepages: found maybe, expected on or off"},
	{"memory", {{"hostname: cg", "memory-mb: 63"}},
		"1:12: memory-mb: found 63, expected megabytes from 64 to 1048576"},
	{"poll", {{"hostname: cg", "poll: often"}},
		"1:7: poll: found often, expected always or adaptive"},
	{"descriptors", {{"hostname: cg", "descriptors: 1000"}},
		"1:14: descriptors: found 1000, expected a power of two from 64 to 8192"},
	{"rx-queues", {{"hostname: cg", "rx-queues: 17"}},
		"1:12: rx-queues: found 17, expected queues from 0 to 16"},
	{"sessions", {{"hostname: cg", "sessions-max: 1023"}},
		"1:15: sessions-max: found 1023, expected sessions from 1024 to 67108864"},
	{"ip-options", {{"hostname: cg", "ip-options: {nop: pass}"}},
		"1:19: nop: found pass, expected allow, clear or drop"},
	{"ip-options", {{"hostname: cg", "ip-options: {timestamp: allow}"}},
		"1:14: found the unknown key timestamp, expected eool, nop, router-alert"},
	{"log level", {{"level: info", "level: verbose"}},
		"72:18: level: found verbose, expected emergency, alert, critical, error, "
		"warning, notice, info or debug"},
	{"log format", {{"level: info", "level: info, format: xml"}},
		"72:32: format: found xml, expected text or json"},
	{"LOG-1", {{"level: info", "level: info, asa-compat: maybe"}},
		"72:36: asa-compat: found maybe, expected on or off"},
	{"socket", {{"/run/cg.sock", "cg.sock"}},
		"4:22: socket: found cg.sock, expected an absolute path"},
	{"socket",
		{{"/run/cg.sock",
			"/sssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss"
			"ssssssssssssssssssssssssssssssssss"}},
		"4:22: socket: found "
		"/sssssssssssssssssssssssssssssssssssssssssssssssssssssssssss..., expected 1 to "
		"107 characters"},
	{"sip limits", {{"header-max: 65536", "header-max: 1023"}},
		"70:19: header-max: found 1023, expected octets from 1024 to 1048576"},
	{"timeouts", {{"sip: 0:30:00", "sip: 0:00:00"}},
		"71:32: sip: found 0:00:00, expected H:MM:SS from 0:00:01 to 1193:00:00"},
	{"timeouts", {{"conn: 1:00:00", "conn: 90"}},
		"71:18: conn: found 90, expected H:MM:SS from 0:00:01 to 1193:00:00"},
	{"timeouts", {{"conn: 1:00:00", "conn: 1::00"}},
		"71:18: conn: found 1::00, expected H:MM:SS from 0:00:01 to 1193:00:00"},
	{"timeouts", {{"conn: 1:00:00", "conn: 1:00:000"}},
		"71:18: conn: found 1:00:000, expected H:MM:SS from 0:00:01 to 1193:00:00"},
	{"timeouts", {{"sip: 0:30:00", "embryonic: 0:00:30, half-open: 0:00:30"}},
		"71:47: half-open: found beside embryonic, expected one of the two"},
	{"timeouts", {{"conn: 1:00:00", "conn: 1:60:00"}},
		"71:18: conn: found 1:60:00, expected H:MM:SS from 0:00:01 to 1193:00:00"},
	{"timeouts", {{"conn: 1:00:00", "conn: 1193:00:01"}},
		"71:18: conn: found 1193:00:01, expected H:MM:SS from 0:00:01 to 1193:00:00"},
	{"CLI-8", {{"hostname: cg", "firewall: transparent"}},
		"1:11: firewall: found transparent, expected routed: no other mode is supported "
		"(CLI-8)"},
	{"CLI-8", {{"hostname: cg", "mode: multiple"}},
		"1:7: mode: found multiple, expected single: contexts are not supported (CLI-8)"},
	{"strict", {{"hostname: cg", "parity: strict"}},
		"1:1: found the key parity, which is not supported yet, expected parity in a "
		"uc-ime"},
	{"device", {{"0000:01:00.0", "\"x y\""}},
		"8:17: device: found x y, expected a PCI address or a driver such as "
		"net_af_packet0,iface=eth0"},
	{"device", {{"0000:01:00.0", "--no-pci"}},
		"8:17: device: found --no-pci, expected a PCI address or a driver such as "
		"net_af_packet0,iface=eth0"},
	{"device twice", {{"net_af_packet1,iface=i", "net_af_packet0,iface=i"}},
		"7:20: device: found the device of interface outside with other arguments, "
		"expected "
		"another device, or the same arguments and a vlan"},
	{"device twice", {{"net_af_packet1,iface=i", "net_af_packet0,iface=o"}},
		"7:20: device: found the device of interface outside, expected another, or a vlan"},
	{"vlan twice",
		{{"net_af_packet1,iface=i", "net_af_packet0,iface=o"},
			{"level: 100}", "level: 100, vlan: 7}"},
			{"level: 0}", "level: 0, vlan: 7}"}},
		"7:99: vlan: found the vlan of interface outside on the same device, expected "
		"another"},
	{"vlan", {{"mtu: 9000", "vlan: 0"}}, "8:78: vlan: found 0, expected a VLAN from 1 to 4094"},
	{"vlan", {{"mtu: 9000", "vlan: 4095"}},
		"8:78: vlan: found 4095, expected a VLAN from 1 to 4094"},
	{"iface name", {{"dmz:", "d/mz:"}},
		"8:3: found the name d/mz, expected 1 to 31 letters, digits or - _ ."},
	{"iface name", {{"dmz:", "any:"}},
		"8:3: found the name any, expected one that means nothing else"},
	{"iface name", {{"dmz:", "a2345678901234567890123456789012:"}},
		"8:3: found the name a2345678901234567890123456789012, expected 1 to 31 letters, "
		"digits or - _ ."},
	{"address", {{"10.0.0.1/8", "10.0.0.1"}},
		"8:40: address: found 10.0.0.1, expected an address with its subnet such as "
		"192.168.10.1/24 or 192.168.10.1 255.255.255.0"},
	{"address", {{"10.0.0.1/8", "10.0.0.1 255.0.255.0"}},
		"8:40: address: found 10.0.0.1 255.0.255.0, expected an address with its subnet "
		"such as 192.168.10.1/24 or 192.168.10.1 255.255.255.0"},
	{"address", {{"10.0.0.1/8", "10.0.0.1 255.255.255.255"}},
		"8:40: address: found 10.0.0.1 255.255.255.255, expected a subnet from /8 to /31"},
	{"address", {{"10.0.0.1/8", "10.0.0.1/32"}},
		"8:40: address: found 10.0.0.1/32, expected a subnet from /8 to /31"},
	{"address", {{"10.0.0.1/8", "10.0.0.0/8"}},
		"8:40: address: found 10.0.0.0/8, expected the address of a host in the subnet"},
	{"address", {{"10.0.0.1/8", "10.255.255.255/8"}},
		"8:40: address: found 10.255.255.255/8, expected the address of a host in the "
		"subnet"},
	{"address", {{"10.0.0.1/8", "2001:db8::1/64"}},
		"8:40: address: found 2001:db8::1/64, expected an IPv4 address: IPv6 is not "
		"supported yet"},
	{"overlap", {{"10.0.0.1/8", "192.168.20.129/25"}},
		"8:40: address: found a subnet that overlaps that of interface inside, expected "
		"another"},
	{"level", {{"security-level: 50", "security-level: 101"}},
		"8:68: security-level: found 101, expected a level from 0 to 100"},
	{"mtu", {{"mtu: 9000", "mtu: 9199"}},
		"8:77: mtu: found 9199, expected octets from 576 to 9198"},
	{"reverse path", {{"mtu: 9000", "verify-reverse-path: strict"}},
		"8:93: verify-reverse-path: found strict, expected on or off"},
	{"bogons", {{"mtu: 9000", "bogons: some"}},
		"8:80: bogons: found some, expected off, on or strict"},
	{"fragment", {{"mtu: 9000", "fragment: {size: 0}"}},
		"8:89: size: found 0, expected datagrams from 1 to 30000"},
	{"fragment", {{"mtu: 9000", "fragment: {chain: 65}"}},
		"8:90: chain: found 65, expected fragments from 1 to 64"},
	{"fragment", {{"mtu: 9000", "fragment: {timeout: 31}"}},
		"8:92: timeout: found 31, expected seconds from 1 to 30"},
	{"route iface", {{"{interface: outside, dest", "{interface: outsied, dest"}},
		"10:17: interface: found outsied, expected the name of an interface; did you mean "
		"outside?"},
	{"route dst", {{"0.0.0.0/0", "0.0.0.1/0"}},
		"10:39: destination: found 0.0.0.1/0, expected a subnet such as 10.0.0.0/8 or "
		"10.0.0.0 255.0.0.0, host bits 0"},
	{"route dst", {{"0.0.0.0/0", "0.0.0.1 0.0.0.0"}},
		"10:39: destination: found 0.0.0.1 0.0.0.0, expected a subnet such as 10.0.0.0/8 "
		"or 10.0.0.0 255.0.0.0, host bits 0"},
	{"route dst", {{"0.0.0.0/0", "\"::/0\""}},
		"10:39: destination: found ::/0, expected an IPv4 subnet: IPv6 is not supported "
		"yet"},
	{"gateway", {{"203.0.113.254", "203.0.114.254"}},
		"10:59: gateway: found 203.0.114.254, expected another host of the interface's "
		"subnet 203.0.113.0/24"},
	{"gateway", {{"203.0.113.254", "203.0.113.1"}},
		"10:59: gateway: found 203.0.113.1, expected another host of the interface's "
		"subnet 203.0.113.0/24"},
	{"gateway", {{"203.0.113.254", "203.0.113.255"}},
		"10:59: gateway: found 203.0.113.255, expected another host of the interface's "
		"subnet 203.0.113.0/24"},
	{"gateway", {{"203.0.113.254", "224.0.0.1"}},
		"10:59: gateway: found 224.0.0.1, expected the address of a host"},
	{"route twice",
		{{"192.168.30.0/24, gateway: 192.168.20.2", "0.0.0.0/0, gateway: 192.168.20.2"}},
		"11:38: destination: found a second route there, expected one (first on line 10)\n"
		"55:19: address: found 192.168.30.7, expected all call managers on one interface, "
		"here inside"},
	{"object", {{"real: {host: 192.168.20.30}", "real: {}"}},
		"14:11: real: found none of host, subnet and range, expected one of host, subnet "
		"and range"},
	{"object",
		{{"real: {host: 192.168.20.30}",
			"real: {host: 192.168.20.30, subnet: 10.0.0.0/8}"}},
		"14:11: real: found several of host, subnet and range, expected one of host, "
		"subnet "
		"and range\n"
		"25:5: nat: found a real /8 and a mapped /32, expected the same size"},
	{"object", {{"host: 203.0.113.12", "host: 203.0.113.256"}},
		"19:24: host: found 203.0.113.256, expected an IPv4 address"},
	{"object", {{"host: 203.0.113.12", "host: 2001:db8::1"}},
		"19:24: host: found 2001:db8::1, expected an IPv4 address: IPv6 is not supported "
		"yet"},
	{"object", {{"host: 203.0.113.12", "range: 203.0.113.12-203.0.113.14"}},
		"19:25: range: found 203.0.113.12-203.0.113.14, expected the first and the last "
		"IPv4 address"},
	{"object", {{"host: 203.0.113.12", "range: 203.0.113.12 2001:db8::1"}},
		"19:25: range: found 203.0.113.12 2001:db8::1, expected the first and the last "
		"IPv4 address"},
	{"object", {{"host: 203.0.113.12", "range: 203.0.113.12 203.0.113.11"}},
		"19:25: range: found 203.0.113.12 203.0.113.11, expected a last address that is "
		"not below the first"},
	{"nat range", {{"host: 203.0.113.12", "range: 203.0.113.12 203.0.113.13"}},
		"26:5: nat: found 1 real and 2 mapped addresses, expected as many of both"},
	{"nat range",
		{{"{static: {real: pat-real, mapped: pat-mapped}}",
			 "{static: {real: pat-real, mapped: interface}}"},
			{"host: 192.168.20.31", "range: 192.168.20.31 192.168.20.34"}},
		"26:5: nat: found 4 real and 1 mapped addresses, expected as many of both"},
	{"nat range overlap",
		{{"host: 203.0.113.12", "range: 203.0.113.7 203.0.113.10"},
			{"host: 192.168.20.31", "range: 192.168.20.31 192.168.20.34"}},
		"26:5: nat: found a rule that overlaps the one on line 25, expected each address "
		"once"},
	{"nat range is own",
		{{"host: 203.0.113.12", "range: 203.0.113.0 203.0.113.3"},
			{"host: 192.168.20.31", "range: 192.168.20.31 192.168.20.34"}},
		"26:5: nat: found a mapped address that is the one of interface outside, expected "
		"another"},
	{"nat range as a destination",
		{{"service: {real: tcp_5070, mapped: tcp_5570}",
			 "destination: {static: {mapped: mapped, real: mapped-net}}"},
			{"subnet: 203.0.113.64/26", "range: 203.0.113.64 203.0.113.66"}},
		"26:5: nat: found a destination of 1 mapped and 3 real addresses, expected as many "
		"of both"},
	{"object", {{"10.1.0.0/24", "10.1.0.1/24"}},
		"16:24: subnet: found 10.1.0.1/24, expected a subnet such as 192.168.10.0/24, host "
		"bits 0"},
	{"object", {{"10.1.0.0/24", "2001:db8::/64"}},
		"16:24: subnet: found 2001:db8::/64, expected IPv4 (IPv6 is not supported yet)"},
	{"object", {{"10.1.0.0/24", "10.1.0.0 255.255.0.255"}},
		"16:24: subnet: found 255.255.0.255, expected a mask whose ones stand together, "
		"such "
		"as 255.255.255.0"},
	{"object", {{"10.1.0.0/24", "10.1.0.1 255.255.255.0"}},
		"16:24: subnet: found 255.255.255.0, expected a mask that covers every bit of the "
		"address before it"},
	{"object", {{"10.1.0.0/24", "any"}},
		"16:24: subnet: found any, expected a subnet such as 192.168.10.0 255.255.255.0 or "
		"192.168.10.0/24"},
	{"object", {{"10.1.0.0/24", "10.1.0.0 255.255.255.0 10.1.1.0"}},
		"16:24: subnet: found 10.1.1.0, expected the end of the entry"},
	{"object", {{"tcp source eq 5570", "tcp destination eq 5570"}},
		"26:98: service: found a port in one service alone, expected it in both"},
	{"object", {{"tcp source eq 5570", "tcp source eq 0"}},
		"26:123: mapped: found tcp_5570, expected a service object with tcp or udp, source "
		"eq PORT or range LOW HIGH"},
	{"object", {{"tcp source eq 5570", "tcp from eq 5570"}},
		"22:25: service: found from, expected the end of the entry"},
	{"nat undefined", {{"mapped: mapped}", "mapped: maped}"}},
		"25:71: mapped: found maped, expected the name of a network object or "
		"object-group; "
		"did you mean mapped?"},
	{"nat undefined", {{"real: tcp_5070", "real: tcp_507"}},
		"26:105: real: found tcp_507, expected the name of a service object; did you mean "
		"tcp_5070?"},
	{"nat iface",
		{{"from: inside, to: outside, source: {static: {real: real,",
			"from: insight, to: outside, source: {static: {real: real,"}},
		"25:12: from: found insight, expected the name of an interface"},
	{"nat source", {{"{static: {real: real, mapped: mapped}}", "{}"}},
		"25:41: source: found neither static nor dynamic, expected either static or "
		"dynamic"},
	{"nat dynamic",
		{{"{static: {real: real, mapped: mapped}}",
			"{dynamic: {real: real, mapped: interfaces}}"}},
		"25:72: mapped: found interfaces, expected the name of a network object or "
		"object-group"},
	{"nat dynamic",
		{{"from: inside, to: outside, source: {static: {real: real, mapped: mapped}}",
			"from: inside, to: any, source: {dynamic: {real: real, mapped: "
			"interface}}"}},
		"25:5: nat: found the address of any interface, expected the name of one under "
		"to"},
	{"nat dynamic",
		{{"{static: {real: pat-real, mapped: pat-mapped}}",
			"{dynamic: {real: any, mapped: interface}}"}},
		"26:93: service: found a service of a dynamic rule, expected none"},
	{"nat pool size",
		{{"{static: {real: real, mapped: mapped}}",
			 "{dynamic: {real: real, mapped: mapped-net, pat-pool: on}}"},
			{"203.0.113.64/26", "10.16.0.0/15"}},
		"25:5: nat: found a pool of 131072 addresses, expected 256 at most"},
	{"nat pool is own",
		{{"{static: {real: real, mapped: mapped}}",
			 "{dynamic: {real: real, mapped: mapped}}"},
			{"host: 203.0.113.10,", "host: 203.0.113.1,"}},
		"25:5: nat: found a mapped address that is the one of interface outside, expected "
		"another"},
	{"nat pool overlap",
		{{"{static: {real: real, mapped: mapped}}",
			 "{dynamic: {real: real, mapped: mapped-net, pat-pool: on}}"},
			{"host: 203.0.113.12", "host: 203.0.113.70"}},
		"26:5: nat: found a rule that overlaps the one on line 25, expected each address "
		"once"},
	{"nat pools of two kinds",
		{{"{static: {real: real, mapped: mapped}}",
			 "{dynamic: {real: real, mapped: mapped-net, pat-pool: on}}"},
			{"{static: {real: pat-real, mapped: pat-mapped}}, service: {real: "
			 "tcp_5070, mapped: tcp_5570}",
				"{dynamic: {real: pat-real, mapped: mapped-net}}"}},
		"26:5: nat: found a rule that overlaps the one on line 25, expected each address "
		"once"},
	{"nat of an object",
		{{"real-net: {subnet: 10.1.0.0/24}",
			"real-net: {subnet: 10.1.0.0/24, nat: {from: inside, to: outside}}"}},
		"16:42: nat: found neither static nor dynamic, expected either static or dynamic"},
	{"nat of an object",
		{{"real-net: {subnet: 10.1.0.0/24}",
			"real-net: {subnet: 10.1.0.0/24, nat: {to: outside, dynamic: "
			"interface, static: mapped}}"}},
		"16:42: nat: found both static and dynamic, expected either static or dynamic"},
	{"nat destination size",
		{{"service: {real: tcp_5070, mapped: tcp_5570}",
			"destination: {static: {mapped: mapped-net, real: real-net}}"}},
		"26:5: nat: found a destination of a mapped /26 and a real /24, expected the same "
		"size"},
	{"nat destination on an interface's address",
		{{"service: {real: tcp_5070, mapped: tcp_5570}",
			 "destination: {static: {mapped: mapped, real: real}}"},
			{"host: 203.0.113.10,", "host: 192.168.20.1,"},
			{"{static: {real: real, mapped: mapped}}",
				"{static: {real: any, mapped: any}}"}},
		"26:5: nat: found a mapped address that is the one of interface inside, expected "
		"another"},
	{"nat destination port",
		{{"service: tcp source eq 5070", "service: tcp destination eq 5070"},
			{"service: tcp source eq 5570", "service: tcp destination eq 5570"}},
		"26:98: service: found a destination's port, expected destination: {static: ...} "
		"too"},
	{"nat service of one side",
		{{"service: tcp source eq 5070", "service: tcp destination eq 5070"}},
		"26:98: service: found a port in one service alone, expected it in both\n"
		"26:98: service: found a destination's port, expected destination: {static: ...} "
		"too"},
	{"nat destination interface without a service",
		{{"from: inside, to: outside, source: {static: {real: pat-real, mapped: "
		  "pat-mapped}}, service: {real: tcp_5070, mapped: tcp_5570}",
			"from: outside, to: inside, source: {static: {real: any, mapped: any}}, "
			"destination: {static: {mapped: interface, real: pat-real}}"}},
		"26:5: nat: found all of an interface's address, expected a service: the firewall "
		"itself needs the other ports"},
	{"nat destination interface of which",
		{{"from: inside, to: outside, source: {static: {real: pat-real, mapped: "
		  "pat-mapped}}, ",
			 "from: any, to: inside, source: {static: {real: any, mapped: any}}, "
			 "destination: {static: {mapped: interface, real: pat-real}}, "},
			{"tcp source eq 5070", "tcp destination eq 8080"},
			{"tcp source eq 5570", "tcp destination eq 80"}},
		"26:5: nat: found the address of any interface, expected the name of one under "
		"from"},
	{"nat destination interface and a net",
		{{"from: inside, to: outside, source: {static: {real: pat-real, mapped: "
		  "pat-mapped}}, ",
			 "from: outside, to: inside, source: {static: {real: any, mapped: any}}, "
			 "destination: {static: {mapped: interface, real: real-net}}, "},
			{"tcp source eq 5070", "tcp destination eq 8080"},
			{"tcp source eq 5570", "tcp destination eq 80"}},
		"26:5: nat: found a destination of a mapped /32 and a real /24, expected the same "
		"size"},
	{"nat destination interface that is SIP",
		{{"from: inside, to: outside, source: {static: {real: pat-real, mapped: "
		  "pat-mapped}}, ",
			 "from: outside, to: inside, source: {static: {real: any, mapped: any}}, "
			 "destination: {static: {mapped: interface, real: real}}, "},
			{"tcp source eq 5070", "tcp destination eq 8080"},
			{"tcp source eq 5570", "tcp destination eq 5070"},
			{"{static: {real: real, mapped: mapped}}",
				"{dynamic: {real: any, mapped: interface}}"}},
		"26:5: nat: found port 8080 of interface outside for what the class in inspects, "
		"expected a mapped address that is no interface's"},
	{"nat destination interface port that PAT gives out",
		{{"{static: {real: real, mapped: mapped}}",
			 "{dynamic: {real: any, mapped: interface}}"},
			{"from: inside, to: outside, source: {static: {real: pat-real, mapped: "
			 "pat-mapped}}, ",
				"from: outside, to: inside, source: {static: {real: any, mapped: "
				"any}}, "
				"destination: {static: {mapped: interface, real: pat-real}}, "},
			{"tcp source eq 5070", "tcp destination eq 16384"},
			{"tcp source eq 5570", "tcp destination eq 80"}},
		"26:5: nat: found a rule that overlaps the one on line 25, expected each address "
		"once"},
	{"nat interface without a service",
		{{"{static: {real: real, mapped: mapped}}",
			"{static: {real: real, mapped: interface}}"}},
		"25:5: nat: found all of an interface's address, expected a service: the firewall "
		"itself needs the other ports"},
	{"nat interface port that is SIP",
		{{"{static: {real: pat-real, mapped: pat-mapped}}",
			 "{static: {real: real, mapped: interface}}"},
			{"static: {real: real, mapped: mapped}",
				"static: {real: pat-real, mapped: mapped}"}},
		"26:5: nat: found port 5570 of interface outside for what the class in inspects, "
		"expected a mapped address that is no interface's"},
	{"nat interface of which",
		{{"from: inside, to: outside, source: {static: {real: pat-real, mapped: "
		  "pat-mapped}}",
			"from: inside, to: any, source: {static: {real: pat-real, mapped: "
			"interface}}"}},
		"26:5: nat: found the address of any interface, expected the name of one under "
		"to"},
	{"nat interface port that PAT gives out",
		{{"{static: {real: real, mapped: mapped}}",
			 "{dynamic: {real: any, mapped: interface}}"},
			{"{static: {real: pat-real, mapped: pat-mapped}}",
				"{static: {real: pat-real, mapped: interface}}"},
			{"tcp source eq 5570", "tcp source eq 16384"}},
		"26:5: nat: found a rule that overlaps the one on line 25, expected each address "
		"once"},
	{"nat services", {{"mapped: tcp_5570", "mapped: udp_53"}},
		"26:98: service: found services of two protocols, expected one protocol"},
	{"nat services",
		{{"service: {real: tcp_5070, mapped: tcp_5570}", "service: {real: tcp_5070}"}},
		"26:98: service: found no mapped, expected one"},
	{"nat size", {{"real: real, mapped: mapped}", "real: real-net, mapped: mapped-net}"}},
		"25:5: nat: found a real /24 and a mapped /26, expected the same size"},
	{"nat one side",
		{{"- {from: inside, to: outside, source: {static: {real: real,",
			"- {from: outside, to: outside, source: {static: {real: real,"}},
		"25:5: nat: found one interface on both sides, expected two"},
	{"nat mapped is own", {{"host: 203.0.113.10,", "host: 203.0.113.1,"}},
		"25:5: nat: found a mapped address that is the one of interface outside, expected "
		"another"},
	{"nat overlap", {{"host: 203.0.113.12", "host: 203.0.113.10"}},
		"26:5: nat: found a rule that overlaps the one on line 25, expected each address "
		"once"},
	{"nat overlap", {{"host: 192.168.20.31", "host: 192.168.20.30"}},
		"26:5: nat: found a rule that overlaps the one on line 25, expected each address "
		"once"},
	{"ace",
		{{"permit tcp host 192.168.20.30 any range 5000 6000",
			"permit tcp host 192.168.20.30 any range 6000 5000"}},
		"33:7: sip-out: found a range that ends below its start, expected range LOW HIGH"},
	{"ace", {{"permit tcp host 192.168.20.30 any range 5000 6000", "allow tcp any any"}},
		"33:7: sip-out: found allow, expected permit, deny or remark"},
	{"ace", {{"permit tcp host 192.168.20.30 any range 5000 6000", "{permit: tcp}"}},
		"33:7: sip-out: found a mapping, expected an entry such as permit tcp any host "
		"192.168.10.30 eq 5070"},
	{"ace IPv6",
		{{"permit tcp host 192.168.20.30 any range 5000 6000",
			"permit tcp host 2001:db8::1 any"}},
		"33:7: sip-out: found 2001:db8::1, expected an IPv4 address (IPv6 is not supported "
		"yet)"},
	{"ace object", {{WITH("permit tcp any object reel")}},
		"33:7: sip-out: found object reel, expected the name of a network object; did you "
		"mean real?"},
	{"ace object", {{WITH("permit object tcp_507 any any")}},
		"33:7: sip-out: found object tcp_507, expected the name of a service object; did "
		"you mean tcp_5070?"},
	{"ace group", {{WITH("permit tcp any object-group serves")}, GROUPS},
		"33:7: sip-out: found object-group serves, expected one of kind network; did you "
		"mean servers?"},
	{"ace group", {{WITH("permit tcp any object-group web")}, GROUPS},
		"33:7: sip-out: found object-group web of kind service, expected one of kind "
		"network"},
	{"ace group", {{WITH("permit object-group servers any any")}, GROUPS},
		"33:7: sip-out: found object-group servers of kind network, expected one of kind "
		"service or protocol"},
	{"ace group", {{WITH("permit udp any any object-group sip-ports")}, GROUPS},
		"33:7: sip-out: found object-group sip-ports of ports of another protocol, "
		"expected the entry's"},
	{"ace group", {{WITH("permit icmp any any object-group servers")}, GROUPS},
		"33:7: sip-out: found object-group servers of kind network, expected one of kind "
		"icmp-type"},
	{"ace group", {{WITH("permit object-group web any any eq 80")}, GROUPS},
		"33:7: sip-out: found ports behind object-group web, expected a group of tcp and "
		"udp alone"},
	{"ace group", {{WITH("permit object-group tunnels any any eq 80")}, GROUPS},
		"33:7: sip-out: found ports behind object-group tunnels, expected a group of tcp "
		"and udp alone"},
	{"ace too many",
		{{WITH("permit tcp object wide object-group sip-ports object wide neq 80")},
			{"  service:\n",
				"    wide: {range: 1.0.0.1 254.255.255.254}\n  service:\n"},
			GROUPS},
		"34:7: sip-out: found an entry that makes 21600 rules with its objects, beside 2 "
		"before it, expected at most 16384 in all lists together"},
	{"group kind", {{"nat:\n", "object-groups: {net: {a: {members: []}}}\nnat:\n"}},
		"24:17: found the unknown key net, expected network, service, protocol, "
		"icmp-type"},
	{"group members", {{"nat:\n", "object-groups: {network: {a: {members: []}}}\nnat:\n"}},
		"24:40: members: found an empty list, expected at least one member"},
	{"group members", {{"nat:\n", "object-groups: {network: {a: {}}}\nnat:\n"}},
		"24:30: a: found no members, expected one"},
	{"group protocol",
		{{"nat:\n",
			"object-groups: {network: {a: {protocol: tcp, members: [network-object "
			"any]}}}\nnat:\n"}},
		"24:31: found the unknown key protocol, expected members, description"},
	{"group protocol",
		{{"nat:\n",
			"object-groups: {service: {a: {protocol: esp, members: [port-object eq "
			"80]}}}\nnat:\n"}},
		"24:41: protocol: found esp, expected tcp, udp or tcp-udp"},
	{"group name",
		{{"nat:\n",
			"object-groups: {network: {a: {members: [network-object any]}}, service: "
			"{a: {members: [service-object tcp]}}}\nnat:\n"}},
		"24:74: found a second group a, expected each name once among all kinds of groups "
		"(first on line 24)"},
	{"group member", {{"nat:\n", MEMBERS("network", "host 10.0.0.1")}},
		"24:41: members: found host, expected network-object or group-object"},
	{"group member", {{"nat:\n", MEMBERS("network", "network-object 10.0.0.1")}},
		"24:41: members: found the end of the entry, expected a mask such as "
		"255.255.255.0"},
	{"group member", {{"nat:\n", MEMBERS("network", "network-object host 10.0.0.1 log")}},
		"24:41: members: found log, expected the end of the entry"},
	{"group member", {{"nat:\n", MEMBERS("network", "network-object object ral")}},
		"24:41: members: found object ral, expected the name of a network object; did you "
		"mean real?"},
	{"group member", {{"nat:\n", MEMBERS("service", "service-object object udp53")}},
		"24:41: members: found object udp53, expected the name of a service object; did "
		"you mean udp_53?"},
	{"group member", {{"nat:\n", MEMBERS("service", "port-object eq 80")}},
		"24:41: members: found port-object, expected service-object or group-object"},
	{"group member", {{"nat:\n", MEMBERS("protocol", "protocol-object 256")}},
		"24:42: members: found 256, expected a protocol: ip, tcp, udp, icmp or a number up "
		"to 255"},
	{"group member", {{"nat:\n", MEMBERS("icmp-type", "icmp-object")}},
		"24:43: members: found the end of the entry, expected an ICMP type: echo, "
		"echo-reply, ... or a number up to 255"},
	{"group member", {{"nat:\n", MEMBERS("network", "group-object b")}},
		"24:41: members: found object-group b, expected one of kind network; did you mean "
		"g?"},
	{"group circle", {{"nat:\n", MEMBERS("network", "group-object g")}},
		"24:41: members: found group g, which this one is part of, expected no circle"},
	{"group circle",
		{{"nat:\n",
			"object-groups: {network: {a: {members: [group-object b]}, b: {members: "
			"[group-object a]}}}\nnat:\n"}},
		"24:73: members: found group a, which this one is part of, expected no circle"},
	{"group of another kind",
		{{"nat:\n",
			"object-groups: {network: {a: {members: [network-object any]}}, service: "
			"{b: {members: [group-object a]}}}\nnat:\n"}},
		"24:88: members: found group a of another kind or protocol, expected one of the "
		"same"},
	{"acl empty", {{"\n    - permit tcp host 192.168.20.30 any range 5000 6000", " []"}},
		"32:12: sip-out: found an empty list, expected at least one entry"},
	{"acl name", {{"incoming:\n", "in coming:\n"}},
		"28:3: found the name in coming, expected 1 to 127 letters, digits or - _ .\n"
		"35:19: access-list: found incoming, expected the name of an access list; did you "
		"mean in coming?"},
	{"group acl", {{"access-list: incoming,", "access-list: Incomming,"}},
		"35:19: access-list: found Incomming, expected the name of an access list; did you "
		"mean incoming?"},
	{"group direction", {{"direction: in", "direction: inwards"}},
		"35:40: direction: found inwards, expected in, out or global"},
	{"group global", {{"direction: in", "direction: global"}},
		"35:59: interface: found an interface beside direction global, expected none"},
	{"group global", {{", direction: in, interface: outside", ", direction: out"}},
		"35:5: access-groups: found no interface, expected one"},
	{"group global",
		{{"{access-list: incoming, direction: in, interface: outside}",
			"{access-list: incoming, direction: global}\n  - {access-list: sip-in, "
			"direction: global}"}},
		"36:5: access-groups: found a second global list, expected one"},
	{"same-security",
		{{"access-groups:",
			"same-security-traffic: permit intra-interface\naccess-groups:"}},
		"34:24: same-security-traffic: found permit intra-interface, expected permit "
		"inter-interface"},
	{"group twice",
		{{"  - {access-list: incoming, direction: in, interface: outside}",
			"  - {access-list: incoming, direction: in, interface: outside}\n  - "
			"{access-list: sip-in, direction: in, interface: outside}"}},
		"36:5: access-groups: found a second list in for interface outside, expected one "
		"per direction"},
};

EDITED_MAIN(firewall)
