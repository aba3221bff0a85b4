// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/config_edit.h"

// Both media addresses replaced by global ones.
#define GLOBAL(ip)                                                                                 \
	"      - {address: 203.0.113.11, interface: outside}\n"                                    \
	"      - {address: 192.168.20.3, interface: inside}\n",                                    \
		"      - {address: " ip "}\n"

static const struct edited ime[] = {
	{"E2", {{"rtp-min-port: 16384", "rtp-min-port: 1000"}},
		"41:19: rtp-min-port: found 1000, expected a port from 1024 to 65535"},
	{"E2", {{"    rtp-max-port: 32767", "    rtp-maxport: 1023"}},
		"42:18: rtp-maxport: found 1023, expected a port from 1024 to 65535"},
	{"both spellings",
		{{"    rtp-max-port: 32767", "    rtp-max-port: 32767\n    rtp-maxport: 32767"}},
		"43:5: rtp-maxport: found beside rtp-max-port, expected one of the two"},
	{"CLI-6", {{"rtp-min-port: 16384", "rtp-min-port: 32767"}},
		"38:5: mta: found rtp-min-port 32767 and rtp-max-port 32767, expected min below "
		"max (CLI-6)"},
	{"worker slices",
		{{"rtp-max-port: 32767", "rtp-max-port: 16639"}, {"cores: [1]", "cores: [1, 1]"}},
		"38:5: mta: found ports 16384 to 16639, which leave worker 1 without any, expected "
		"at least 256 ports per worker"},
	{"CLI-5", {{"{address: 203.0.113.11, interface", "{address: 203.0.114.11, interface"}},
		"39:19: address: found 203.0.114.11, expected a host of the interface's subnet "
		"203.0.113.0/24 (CLI-5)"},
	{"CLI-5", {{"{address: 203.0.113.11, interface", "{address: 203.0.113.255, interface"}},
		"39:19: address: found 203.0.113.255, expected a host of the interface's subnet "
		"203.0.113.0/24 (CLI-5)"},
	{"CLI-5", {{"{address: 203.0.113.11, interface", "{address: 203.0.113.1, interface"}},
		"39:19: address: found 203.0.113.1, expected an unused address: it is the address "
		"of interface outside (CLI-5)"},
	{"CLI-5", {{"{address: 203.0.113.11, interface", "{address: 203.0.113.254, interface"}},
		"39:19: address: found 203.0.113.254, expected an unused address: it is the "
		"gateway of the route on line 10 (CLI-5)"},
	{"CLI-5", {{"{address: 203.0.113.11, interface", "{address: 203.0.113.10, interface"}},
		"39:19: address: found 203.0.113.10, expected an unused address: it is mapped by "
		"the nat on line 25 (CLI-5)"},
	{"CLI-5 twice",
		{{"      - {address: 192.168.20.3, interface: inside}",
			"      - {address: 192.168.20.3, interface: inside}\n      - {address: "
			"192.168.20.3, interface: inside}"}},
		"41:19: address: found 192.168.20.3, expected an address of its own: it stands "
		"here twice"},
	{"CLI-5 missing", {{"      - {address: 192.168.20.3, interface: inside}\n", ""}},
		"51:24: media-termination: found mta, expected one with an address toward the call "
		"managers and one elsewhere (CLI-5)"},
	{"CLI-5 missing", {{"      - {address: 203.0.113.11, interface: outside}\n", ""}},
		"51:24: media-termination: found mta, expected one with an address toward the call "
		"managers and one elsewhere (CLI-5)"},
	{"global", {{"address: 192.168.20.3, interface: inside", "address: 192.168.20.3"}},
		"40:9: addresses: found addresses with and without an interface, expected one "
		"kind: without one an address serves all interfaces"},
	{"global own address", {{GLOBAL("192.168.20.1")}},
		"39:19: address: found 192.168.20.1, expected an unused address: it is the address "
		"of interface inside (CLI-5)"},
	{"global mapped", {{GLOBAL("203.0.113.10")}},
		"39:19: address: found 203.0.113.10, expected an unused address: it is mapped by "
		"the nat on line 25 (CLI-5)"},
	{"global edge", {{GLOBAL("203.0.113.255")}},
		"39:19: address: found 203.0.113.255, expected a host of the interface's subnet "
		"203.0.113.0/24 (CLI-5)"},
	{"global twice", {{GLOBAL("198.51.100.1}\n      - {address: 198.51.100.1")}},
		"40:19: address: found 198.51.100.1, expected an address of its own: it stands "
		"here twice"},
	{"global ucm", {{GLOBAL("192.168.20.30")}},
		"53:19: address: found 192.168.20.30, expected a call manager: it is a "
		"media-termination address"},
	{"guard", {{"rtp-min-port: 16384", "port-guard: 1:00:01"}},
		"41:17: port-guard: found 1:00:01, expected H:MM:SS from 0:00:00 to 1:00:00"},
	{"guard", {{"rtp-min-port: 16384", "port-guard: 30"}},
		"41:17: port-guard: found 30, expected H:MM:SS from 0:00:00 to 1:00:00"},
	{"IPv6", {{"{address: 203.0.113.11, interface", "{address: 2001:db8::11, interface"}},
		"39:19: address: found 2001:db8::11, expected an IPv4 address: IPv6 is not "
		"supported yet"},
	{"cert alone", {{"certificate: b.crt, key: b.key", "certificate: b.crt"}},
		"44:14: local-ent: found a certificate alone, expected certificate and key or "
		"neither"},
	{"key alone", {{"certificate: b.crt, key: b.key", "key: b.key"}},
		"44:14: local-ent: found a key alone, expected certificate and key or neither\n"
		"47:47: trust-point: found local-ent, expected a trustpoint with a certificate and "
		"a key (E14)\n"
		"48:47: trust-point: found local-ent, expected a trustpoint with a certificate and "
		"a key (E14)"},
	{"nothing", {{"anchor: {ca: ca.pem}", "anchor: {}"}},
		"45:11: anchor: found neither certificate nor ca, expected one of them or both"},
	{"no ca", {{", ca: ca.pem}", "}"}},
		"47:47: trust-point: found local-ent, expected a trustpoint with a ca: what the "
		"other side's certificate must chain to\n"
		"48:47: trust-point: found local-ent, expected a trustpoint with a ca: what the "
		"other side's certificate must chain to"},
	{"crl", {{"anchor: {ca: ca.pem}", "anchor: {certificate: a, key: a, crl: x}"}},
		"45:41: crl: found a CRL without a ca, expected the CA that signs it"},
	{"revocation-check",
		{{"anchor: {ca: ca.pem}", "anchor: {ca: ca.pem, revocation-check: crl}"}},
		"45:42: revocation-check: found without crl, expected both"},
	{"revocation-check",
		{{"anchor: {ca: ca.pem}", "anchor: {ca: ca.pem, crl: x, revocation-check: ocsp}"}},
		"45:50: revocation-check: found ocsp, expected crl none or crl"},
	{"enroll", {{"anchor: {ca: ca.pem}", "anchor: {ca: ca.pem, enrollment: self}"}},
		"45:11: anchor: found enroll: self without a certificate, expected both"},
	{"enroll", {{"anchor: {ca: ca.pem}", "anchor: {ca: ca.pem, enroll: url}"}},
		"45:32: enroll: found url, expected terminal or self"},
	{"path",
		{{"ca: ca.pem}\n  anchor",
			"ca: "
			"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
			"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
			"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
			"cccccccccccccccccccccccccccccccccccccc}\n  anchor"}},
		"44:51: ca: found a path of 260 octets, expected at most 255"},
	{"E15", {{"{client: {trust-point: local-ent}}", "{client: {trust-point: local_ent}}"}},
		"47:47: trust-point: found local_ent, expected the name of a trustpoint; did you "
		"mean local-ent?"},
	{"E14", {{"{client: {trust-point: local-ent}}", "{client: {trust-point: anchor}}"}},
		"47:47: trust-point: found anchor, expected a trustpoint with a certificate and a "
		"key (E14)"},
	{"TLS-4",
		{{"{client: {trust-point: local-ent}}",
			"{client: {trust-point: local-ent, cipher-suite: [des-sha1, null-sha1, "
			"aes128-sha1]}}"}},
		"47:73: cipher-suite: found des-sha1, expected a cipher of today: it is broken and "
		"wants crypto legacy-ciphers on (TLS-4)\n"
		"47:83: cipher-suite: found null-sha1, expected a cipher of today: it does not "
		"encrypt and wants crypto legacy-ciphers on (TLS-4)"},
	{"TLS-4",
		{{"{client: {trust-point: local-ent}}",
			"{client: {trust-point: local-ent, cipher-suite: [3des-sha1]}}"}},
		"47:72: cipher-suite: found no suite that this OpenSSL has, expected one (TLS-4)"},
	{"TLS-4",
		{{"{client: {trust-point: local-ent}}",
			"{client: {trust-point: local-ent, cipher-suite: [aes-128-sha1]}}"}},
		"47:73: cipher-suite: found aes-128-sha1, expected ecdhe-aes128-gcm, "
		"ecdhe-aes256-gcm, tls13, aes128-sha1 or aes256-sha1; did you mean aes128-sha1?"},
	{"TLS-4",
		{{"{client: {trust-point: local-ent}}",
			"{client: {trust-point: local-ent}, tls-min-version: 1.0}"}},
		"47:76: tls-min-version: found 1.0, expected 1.2 or 1.3: 1.0 wants crypto "
		"legacy-ciphers on (TLS-4)"},
	{"TLS-4",
		{{"{client: {trust-point: local-ent}}",
			"{client: {trust-point: local-ent, cipher-suite: [aes128-sha1]}, "
			"tls-min-version: 1.3}"}},
		"47:72: cipher-suite: found no tls13, expected it with tls-min-version 1.3"},
	{"TLS-4 legacy",
		{{"{client: {trust-point: local-ent}}",
			 "{client: {trust-point: local-ent, cipher-suite: [des-sha1, 3des-sha1]}}"},
			{"trustpoints:", "crypto: {legacy-ciphers: on}\ntrustpoints:"}},
		"48:72: cipher-suite: found no suite that this OpenSSL has, expected one (TLS-4)"},
	{"TLS-4 legacy", {{"trustpoints:", "crypto: {legacy-ciphers: 1}\ntrustpoints:"}},
		"43:26: legacy-ciphers: found 1, expected on or off"},
	{"ssl encryption", {{"trustpoints:", "ssl: {encryption: [des-sha1]}\ntrustpoints:"}},
		"43:20: encryption: found des-sha1, expected a cipher of today: it is broken and "
		"wants crypto legacy-ciphers on (TLS-4)"},
	{"ssl encryption",
		{{"trustpoints:", "ssl: {encryption: [aes128-sha1]}\ntrustpoints:"},
			{"{server: {trust-point: local-ent}}",
				"{tls-min-version: 1.3, server: {trust-point: local-ent}}"}},
		"49:55: server: found no tls13 in ssl encryption, expected it with tls-min-version "
		"1.3"},
	{"ssl encryption", {{"trustpoints:", "ssl: {}\ntrustpoints:"}},
		"43:6: ssl: found no encryption, expected one"},
	{"TLS-4",
		{{"{client: {trust-point: local-ent}}",
			"{client: {trust-point: local-ent}, tls-min-version: 1.1}"}},
		"47:76: tls-min-version: found 1.1, expected 1.2 or 1.3"},
	{"ldc",
		{{"{client: {trust-point: local-ent}}",
			"{client: {trust-point: local-ent, ldc: {issuer: x}}}"}},
		"47:58: found the key ldc, which is not supported yet, expected trust-point: "
		"UC-IME has no local dynamic certificates"},
	{"CLI-9",
		{{"{client: {trust-point: local-ent}}",
			"{client: {trust-point: local-ent}, server: {trust-point: anchor}}"}},
		"47:24: local_to_remote-ent: found anchor without certificate and key, expected "
		"inside-identity in uc-ime or one trustpoint with enroll: self (there are 0): what "
		"the call manager is shown (E14)"},
	{"E14 two enrolled themselves",
		{{"{client: {trust-point: local-ent}}",
			 "{client: {trust-point: local-ent}, server: {trust-point: anchor}}"},
			{"  anchor: {ca: ca.pem}\n",
				"  anchor: {ca: ca.pem}\n"
				"  x: {certificate: x, key: x, enroll: self}\n"
				"  y: {certificate: y, key: y, enroll: self}\n"}},
		"49:24: local_to_remote-ent: found anchor without certificate and key, expected "
		"inside-identity in uc-ime or one trustpoint with enroll: self (there are 2): what "
		"the call manager is shown (E14)"},
	{"E14 alike",
		{{"{client: {trust-point: local-ent}}",
			"{client: {trust-point: local-ent}, server: {trust-point: local-ent}}"}},
		"47:24: local_to_remote-ent: found server and client alike, expected one "
		"trust-point toward the call manager: a ca without certificate and key, or the "
		"one that is inside-identity in uc-ime (E14)"},
	{"CLI-9 nothing inside",
		{{"192.168.30.7, trunk-security-mode: non-secure",
			"192.168.30.7, trunk-security-mode: secure"}},
		"47:24: local_to_remote-ent: found no server trust-point, expected one for TLS "
		"with call manager 192.168.30.7, whose trunk is secure (CLI-9)\n"
		"48:24: remote_to_local-ent: found no client trust-point, expected one for TLS "
		"with call manager 192.168.30.7, whose trunk is secure (CLI-9)"},
	{"E14 inside-identity",
		{{"    domain: enterprise-b.example\n",
			"    domain: enterprise-b.example\n    inside-identity: {trust-point: "
			"anchor}\n"}},
		"61:36: trust-point: found anchor, expected a trustpoint with a certificate and a "
		"key (E14)"},
	{"proxy empty", {{"{client: {trust-point: local-ent}}", "{}"}},
		"47:24: local_to_remote-ent: found neither server nor client, expected one"},
	{"TLS-5", {{"maximum-sessions: 1000", "maximum-sessions: 0"}},
		"49:31: maximum-sessions: found 0, expected sessions from 1 to 100000"},
	{"embryonic",
		{{"maximum-sessions: 1000",
			"embryonic-conn-max: 15, per-client-embryonic-max: 0, handshake-rate: x, "
			"per-client-handshake-rate: 100001"}},
		"49:33: embryonic-conn-max: found 15, expected connections from 16 to 100000\n"
		"49:63: per-client-embryonic-max: found 0, expected connections from 1 to 100000\n"
		"49:82: handshake-rate: found x, expected handshakes per second from 1 to "
		"100000\n"
		"49:112: per-client-handshake-rate: found 100001, expected handshakes per second "
		"from 1 to 100000"},
	{"CLI-3", {{"    media-termination: mta", "    media-termination: mtb"}},
		"52:24: media-termination: found mtb, expected the name of a media-termination "
		"(CLI-3); did you mean mta?"},
	{"CLI-3 second",
		{{"class-maps:\n",
			"  ime2:\n    media-termination: mta\n    ucm-addresses: [{address: "
			"192.168.20.30, trunk-security-mode: nonsecure}]\n    ticket: {epoch: 1, "
			"password-file: p}\nclass-maps:\n"}},
		"62:3: uc-ime: found a second one, expected one (CLI-3)"},
	{"CLI-7 no ticket",
		{{"    ticket: {epoch: 1, password-file: ticket.password, profile: t1, skew: 0}\n",
			""}},
		"52:5: ime: found no ticket, expected one"},
	{"CLI-7 no ucm",
		{{"      - {address: 192.168.20.30, trunk-security-mode: nonsecure}\n      - "
		  "{address: 192.168.30.7, trunk-security-mode: non-secure}\n",
			""}},
		"53:19: ucm-addresses: found nothing, expected a list"},
	{"CLI-7 no ucm",
		{{"\n      - {address: 192.168.20.30, trunk-security-mode: nonsecure}\n      - "
		  "{address: 192.168.30.7, trunk-security-mode: non-secure}",
			" []"}},
		"53:20: ucm-addresses: found an empty list, expected at least one call manager "
		"(CLI-7)"},
	{"E3", {{"30, trunk-security-mode: nonsecure", "30, trunk-security-mode: unsecure"}},
		"54:55: trunk-security-mode: found unsecure, expected secure or nonsecure"},
	{"ucm", {{"{address: 192.168.30.7", "{address: 203.0.113.77"}},
		"55:19: address: found 203.0.113.77, expected all call managers on one interface, "
		"here inside"},
	{"ucm", {{"{address: 192.168.30.7", "{address: 192.168.20.1"}},
		"55:19: address: found 192.168.20.1, expected a call manager's real address: it is "
		"the address of interface inside"},
	{"ucm", {{"{address: 192.168.30.7", "{address: 192.168.20.3"}},
		"55:19: address: found 192.168.20.3, expected a call manager: it is a "
		"media-termination address"},
	{"ucm", {{"{address: 192.168.30.7", "{address: 192.168.20.30"}},
		"55:19: address: found 192.168.20.30, expected each call manager once"},
	{"ucm nowhere",
		{{"{address: 192.168.30.7", "{address: 172.16.0.1"},
			{"  - {interface: outside, destination: 0.0.0.0/0, gateway: "
			 "203.0.113.254}\n",
				""}},
		"54:19: address: found 172.16.0.1, expected an address that an interface or a "
		"route leads to"},
	{"ime name",
		{{"  ime:\n",
			"  immmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmme:\n"}},
		"51:3: found the name "
		"immmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm..., expected 1 to 64 "
		"letters, digits or - _ .\n"
		"67:76: uc-ime: found ime, expected the name of a uc-ime\n"
		"68:75: uc-ime: found ime, expected the name of a uc-ime"},
	{"ucm port", {{"30.7, trunk-security-mode", "30.7, port: 0, trunk-security-mode"}},
		"55:39: port: found 0, expected a port from 1 to 65535"},
	{"ping", {{"    did-source: request-uri", "    options-ping: {interval: 601}"}},
		"58:30: interval: found 601, expected seconds from 0 to 600"},
	{"ping",
		{{"    did-source: request-uri", "    options-ping: {timeout: 0, retry-count: 0}"}},
		"58:29: timeout: found 0, expected seconds from 1 to 10\n"
		"58:45: retry-count: found 0, expected a number from 1 to 10"},
	{"TLS-9 limits", {{"    did-source: request-uri", "    limits: {srtp-sessions: 0}"}},
		"58:29: srtp-sessions: found 0, expected a number from 1 to 1000000"},
	{"TLS-9 limits", {{"    did-source: request-uri", "    limits: {retry-after: 3601}"}},
		"58:27: retry-after: found 3601, expected seconds from 1 to 3600"},
	{"TLS-9 burst", {{"    did-source: request-uri", "    limits: {burst-per-domain: 9}"}},
		"58:13: limits: found burst-per-domain alone, expected the rate that it belongs "
		"to"},
	{"epoch", {{"epoch: 1", "epoch: 0"}},
		"56:21: epoch: found 0, expected a number from 1 to 255"},
	{"epoch", {{"epoch: 1", "epoch: 256"}},
		"56:21: epoch: found 256, expected a number from 1 to 255"},
	{"password", {{"password-file: ticket.password", "password: password1234"}},
		"56:13: ticket: found no password-file, expected one\n"
		"56:24: password: found in the configuration, expected a password-file beside it"},
	{"profile", {{"profile: t1", "profile: t3"}},
		"56:65: profile: found t3, expected t1 or t2"},
	{"TKT-18", {{"skew: 0", "skew: 601"}},
		"56:75: skew: found 601, expected seconds from 0 to 600"},
	{"2.12 grace", {{"skew: 0", "grace: 7776001"}},
		"56:76: grace: found 7776001, expected seconds from 0 to 7776000"},
	{"2.12 previous", {{"skew: 0", "previous: {epoch: 0}"}},
		"56:79: previous: found no password-file, expected one\n"
		"56:79: previous: found no until, expected one\n"
		"56:87: epoch: found 0, expected a number from 1 to 255"},
	{"CLI-1 previous",
		{{"skew: 0",
			"previous: {epoch: 1, password-file: old, until: "
			"2026-12-01T00:00:00Z}"}},
		"56:87: epoch: found 1, expected another epoch than the one in force (CLI-1)"},
	{"2.12 until", {{"skew: 0", "previous: {epoch: 2, password-file: old, until: 86400}"}},
		"56:117: until: found 86400, expected a time such as 2026-12-01T00:00:00Z"},
	{"CLI-2 previous",
		{{"skew: 0",
			"previous: {epoch: 2, password: password1234, until: "
			"2026-12-01T00:00:00Z}"}},
		"56:79: previous: found no password-file, expected one\n"
		"56:90: password: found in the configuration, expected a password-file beside it"},
	{"CLI-1 epoch alone", {{"epoch: 1, password-file: ticket.password", "epoch: 2"}},
		"56:13: ticket: found no password-file, expected one"},
	{"domains", {{"    did-source: request-uri", "    domains: {allow: []}"}},
		"58:22: allow: found 0 domains, expected 1 to 1000"},
	{"domains", {{"    did-source: request-uri", "    domains: {deny: b.example}"}},
		"58:21: deny: found b.example, expected a list"},
	{"domains",
		{{"    did-source: request-uri",
			"    domains: {deny: [.b.example, \"*.b.example\", ..x]}"}},
		"58:34: deny: found *.b.example, expected a domain name, or .NAME for every name "
		"below it; * matches nothing (2.10)\n"
		"58:49: deny: found ..x, expected a domain name, or .NAME for every name below it; "
		"* matches nothing (2.10)"},
	{"domains", {{"    did-source: request-uri", "    domains: {permit: [x]}"}},
		"58:15: found the unknown key permit, expected allow, deny"},
	{"did-normalise", {{"    did-source: request-uri", "    did-normalise: [{strip: 00}]"}},
		"58:21: did-normalise: found no add, expected one"},
	{"did-normalise",
		{{"    did-source: request-uri",
			"    did-normalise: [{strip: +1, add: 49}, {add: +1234567890123456}]"}},
		"58:29: strip: found +1, expected 1 to 15 digits\n"
		"58:38: add: found 49, expected + and up to 15 digits\n"
		"58:49: add: found +1234567890123456, expected + and up to 15 digits"},
	{"did-normalise",
		{{"    did-source: request-uri", "    did-normalise: [{add: +, length: 31}]"}},
		"58:38: length: found 31, expected digits from 1 to 30"},
	{"did-normalise", {{"    did-source: request-uri", "    did-normalise: []"}},
		"58:20: did-normalise: found 0 rules, expected 1 to 16"},
	{"SIP-1", {{"    did-source: request-uri", "    outside-allow-method: [OPTIONS, INVITE]"}},
		"58:37: outside-allow-method: found INVITE, expected another method: an INVITE "
		"needs a ticket (SIP-1)"},
	{"SIP-1",
		{{"    did-source: request-uri",
			"    outside-allow-method: [SUBSCRIBE, ACK, options, FOO]"}},
		"58:28: outside-allow-method: found SUBSCRIBE, expected another method: what a "
		"SUBSCRIBE opens would not be known\n"
		"58:39: outside-allow-method: found ACK, expected another method: an ACK belongs "
		"to an INVITE\n"
		"58:44: outside-allow-method: found options, expected OPTIONS, MESSAGE, INFO, "
		"NOTIFY, PUBLISH or REGISTER\n"
		"58:53: outside-allow-method: found FOO, expected OPTIONS, MESSAGE, INFO, NOTIFY, "
		"PUBLISH or REGISTER"},
	{"action", {{"ticket-failure-action: drop", "ticket-failure-action: ignore"}},
		"57:28: ticket-failure-action: found ignore, expected drop or reject"},
	{"did", {{"did-source: request-uri", "did-source: from"}},
		"58:17: did-source: found from, expected request-uri, to or both"},
	{"route-check", {{"route-check: if-present", "route-check: never"}},
		"59:18: route-check: found never, expected if-present or require"},
	{"domain", {{"domain: enterprise-b.example", "domain: enterprise-b..example"}},
		"60:13: domain: found enterprise-b..example, expected a domain name such as "
		"enterprise-a.example"},
	{"domain", {{"domain: enterprise-b.example", "domain: -b.example"}},
		"60:13: domain: found -b.example, expected a domain name such as "
		"enterprise-a.example"},
	{"domain", {{"domain: enterprise-b.example", "domain: \"*.example\""}},
		"60:13: domain: found *.example, expected a domain name such as "
		"enterprise-a.example"},
	{"E5", {{"monitoring-timer: 100", "monitoring-timer: 9"}},
		"61:34: monitoring-timer: found 9, expected milliseconds from 10 to 600"},
	{"E5", {{"hold-down-timer: 20", "hold-down-timer: 361"}},
		"61:56: hold-down-timer: found 361, expected seconds from 10 to 360"},
	{"FB-11", {{"hold-down-timer: 20", "sensitivity-file: x.fb"}},
		"61:57: sensitivity-file: found x.fb, expected a name that ends in .fbs and has no "
		".. in it (FB-11)"},
	{"FB-11", {{"hold-down-timer: 20", "sensitivity-file: ../x.fbs"}},
		"61:57: sensitivity-file: found ../x.fbs, expected a name that ends in .fbs and "
		"has "
		"no .. in it (FB-11)"},
	{"FB-3", {{"hold-down-timer: 20", "default-sensitivity: 6"}},
		"61:60: default-sensitivity: found 6, expected a number from 0 to 5"},
	{"5.2", {{"hold-down-timer: 20", "refer-mode: dialog"}},
		"61:51: refer-mode: found dialog, expected auto, out-of-dialog or in-dialog"},
	{"FB-9", {{"hold-down-timer: 20", "refer-retries: 11"}},
		"61:54: refer-retries: found 11, expected a number from 0 to 10"},
	{"FB-1", {{"hold-down-timer: 20", "header-map: {level: {param: x}}"}},
		"61:59: level: found no header, expected one"},
	{"FB-1", {{"hold-down-timer: 20", "header-map: {level: {header: \"a b\"}}"}},
		"61:68: header: found a b, expected 1 to 63 letters, digits or - _ ."},
	{"storm", {{"hold-down-timer: 20", "limits: {calls-per-second: 1001}"}},
		"61:66: calls-per-second: found 1001, expected a number from 0 to 1000"},
	{"passthrough", {{"    did-source: request-uri", "    passthrough: on"}},
		"58:5: found the key passthrough, which is not supported yet, expected it left "
		"out: media passes through where both sides have one suite"},
	{"parity", {{"    did-source: request-uri", "    parity: on"}},
		"58:13: parity: found on, expected off or strict"},
	{"rtcp", {{"    did-source: request-uri", "    rtcp: on"}},
		"58:11: rtcp: found on, expected drop or relay"},
	{"parity rtcp", {{"    did-source: request-uri", "    rtcp: relay\n    parity: strict"}},
		"58:11: rtcp: found relay, expected drop, because parity is strict"},
	{"media-latch", {{"    did-source: request-uri", "    media-latch: first"}},
		"58:18: media-latch: found first, expected on or off"},
	{"call-id-privacy", {{"    did-source: request-uri", "    call-id-privacy: host"}},
		"58:22: call-id-privacy: found host, expected on or off"},
	{"stir", {{"    did-source: request-uri", "    stir: {verify: on}"}},
		"58:20: verify: found on, expected off, log, tag or enforce"},
	{"stir", {{"    did-source: request-uri", "    stir: {verify: tag, freshness: 601}"}},
		"58:11: stir: found no certificates, expected the folder of the callers' "
		"certificates, or verify: off\n"
		"58:11: stir: found no anchors, expected the file of the authorities' "
		"certificates, or verify: off\n"
		"58:36: freshness: found 601, expected seconds from 1 to 600"},
	{"stir", {{"    did-source: request-uri", "    stir: {strip-outbound: yes, verity: log}"}},
		"58:28: strip-outbound: found yes, expected on or off\n"
		"58:33: found the unknown key verity, expected a known key; did you mean verify?"},
	{"suite", {{"    did-source: request-uri", "    srtp: {accept: [F8_128_HMAC_SHA1_80]}"}},
		"58:21: accept: found F8_128_HMAC_SHA1_80, expected AES_CM_128_HMAC_SHA1_80, "
		"AES_CM_128_HMAC_SHA1_32, AEAD_AES_128_GCM, AEAD_AES_256_GCM or "
		"AES_256_CM_HMAC_SHA1_80; did you mean AES_CM_128_HMAC_SHA1_80?"},
	{"suite near", {{"    did-source: request-uri", "    srtp: {offer: [AEAD_AES_192_GCM]}"}},
		"58:20: offer: found AEAD_AES_192_GCM, expected AES_CM_128_HMAC_SHA1_80, "
		"AES_CM_128_HMAC_SHA1_32, AEAD_AES_128_GCM, AEAD_AES_256_GCM or "
		"AES_256_CM_HMAC_SHA1_80; did you mean AEAD_AES_128_GCM?"},
	{"suite twice",
		{{"    did-source: request-uri",
			"    srtp: {offer: [AEAD_AES_128_GCM, aead_aes_128_gcm]}"}},
		"58:38: offer: found aead_aes_128_gcm, expected each suite once"},
	{"no suite", {{"    did-source: request-uri", "    srtp: {offer: []}"}},
		"58:19: offer: found an empty list, expected at least one suite"},
	{"suites", {{"    did-source: request-uri", "    srtp: {offer: AEAD_AES_128_GCM}"}},
		"58:19: offer: found AEAD_AES_128_GCM, expected a list"},
	{"offer beyond accept",
		{{"    did-source: request-uri",
			"    srtp: {accept: [AES_CM_128_HMAC_SHA1_80, AEAD_AES_256_GCM]}"}},
		"58:11: srtp: found AES_CM_128_HMAC_SHA1_32 in offer alone, expected it in accept "
		"too"},
	{"class acl", {{"{access-list: sip-in}", "{access-list: sip-inn}"}},
		"63:29: access-list: found sip-inn, expected the name of an access list; did you "
		"mean sip-in?"},
	{"class", {{"{class: out,", "{class: outbound,"}},
		"67:15: class: found outbound, expected the name of a class-map"},
	{"E4", {{"tls-proxy: remote_to_local-ent,", "tls-proxy: remote-to-local-ent,"}},
		"68:46: tls-proxy: found remote-to-local-ent, expected the name of a tls-proxy; "
		"did you mean remote_to_local-ent?"},
	{"set-connection",
		{{"    - {class: in, inspect", "    - {class: in}\n    - {class: in, inspect"}},
		"68:7: ime-policy: found neither inspect nor set-connection, expected one"},
	{"set-connection",
		{{"class: in, inspect", "class: in, set-connection: {conn-max: 1}, inspect"}},
		"68:35: set-connection: found beside inspect, expected in a class of its own: "
		"connections of an inspected class end here (see embryonic-conn-max of tls-proxy)"},
	{"set-connection", {{"class: in, inspect", "class: class-default, inspect"}},
		"68:39: inspect: found in class-default, expected in a class with an access-list"},
	{"set-connection",
		{{"    - {class: in, inspect",
			"    - {class: in, set-connection: {conn-max: 2000001}}\n"
			"    - {class: class-default, set-connection: {embryonic: 1}}\n"
			"    - {class: in, inspect"}},
		"68:46: conn-max: found 2000001, expected connections (0: no limit) from 0 to "
		"2000000\n"
		"69:47: found the unknown key embryonic, expected conn-max, embryonic-conn-max, "
		"embryonic-conn-rate, per-client-max, per-client-embryonic-max"},
	{"inspect ime", {{"remote_to_local-ent, uc-ime: ime", "remote_to_local-ent, uc-ime: imé"}},
		"68:75: uc-ime: found imé, expected the name of a uc-ime"},
	{"inspect", {{"{sip: {tls-proxy: remote_to_local-ent, uc-ime: ime}}", "{http: {}}"}},
		"68:29: found the key http, which is not supported yet, expected sip alone: take "
		"it "
		"out, its payload passes as it is, where an access list permits it"},
	{"inspect", {{"{sip: {tls-proxy: remote_to_local-ent, uc-ime: ime}}", "http"}},
		"68:28: found the key http, which is not supported yet, expected sip alone: take "
		"it "
		"out, its payload passes as it is, where an access list permits it"},
	{"inspect", {{"{sip: {tls-proxy: remote_to_local-ent, uc-ime: ime}}", "[http, sip]"}},
		"68:29: found the key http, which is not supported yet, expected sip alone: take "
		"it "
		"out, its payload passes as it is, where an access list permits it"},
	{"inspect",
		{{"{sip: {tls-proxy: remote_to_local-ent, uc-ime: ime}}",
			"[{sip: {tls-proxy: remote_to_local-ent, uc-ime: ime}}, http]"}},
		"68:28: inspect: found a list, expected a mapping"},
	{"match", {{"{access-list: sip-in}", "default-inspection-traffic"}},
		"63:15: found the key default-inspection-traffic, which is not supported yet, "
		"expected access-list: NAME, a list that permits what is meant, such as tcp any "
		"any eq sip"},
	{"match", {{"{access-list: sip-in}", "{any: on}"}},
		"63:16: found the key any, which is not supported yet, expected access-list: NAME, "
		"a list that permits what is meant, such as tcp any any eq sip"},
	{"match", {{"{access-list: sip-in}", "{}"}},
		"63:15: match: found no access-list, expected one"},
	{"time ranges", {{"timeouts:", "time-ranges: {office: {periodic: weekdays}}\ntimeouts:"}},
		"71:1: found the key time-ranges, which is not supported yet, expected inactive in "
		"an entry of an access list, while it is not to hold, and config reload"},
	{"inspect", {{"{sip: {tls-proxy: remote_to_local-ent, uc-ime: ime}}", "sip"}},
		"68:28: sip: found no tls-proxy and no uc-ime, expected {tls-proxy: NAME, uc-ime: "
		"NAME}"},
	{"inspect", {{"{sip: {tls-proxy: remote_to_local-ent, uc-ime: ime}}", "{}"}},
		"68:28: inspect: found nothing, expected sip"},
	{"inspect", {{"{sip: {tls-proxy: remote_to_local-ent, uc-ime: ime}}", "{sap: {}}"}},
		"68:29: found the unknown key sap, expected a known key; did you mean sip?"},
	{"inspect ftp",
		{{"{sip: {tls-proxy: remote_to_local-ent",
			"{ftp: {}, sip: {tls-proxy: remote_to_local-ent"}},
		"68:29: found the key ftp, which is not supported yet, expected sip alone: take it "
		"out, clients behind us use passive mode, a server behind us has its data ports in "
		"an access list"},
	{"inspect h323",
		{{"{sip: {tls-proxy: remote_to_local-ent",
			"{h323: {}, sip: {tls-proxy: remote_to_local-ent"}},
		"68:29: found the key h323, which is not supported yet, expected sip alone: take "
		"it "
		"out, and permit its data connections in an access list; addresses in its payload "
		"pass as they are"},
	{"sip map",
		{{"remote_to_local-ent, uc-ime: ime",
			"remote_to_local-ent, uc-ime: ime, policy-map: x"}},
		"68:92: policy-map: found x, expected the name of a policy-map of type inspect "
		"sip"},
	{"CLI-7 server", {{"tls-proxy: remote_to_local-ent,", "tls-proxy: local_to_remote-ent,"}},
		"69:17: service-policy: found no class whose tls-proxy has a server trust-point "
		"toward the Internet, expected one (CLI-7)"},
	{"CLI-7 client", {{"tls-proxy: local_to_remote-ent,", "tls-proxy: remote_to_local-ent,"}},
		"69:17: service-policy: found no class whose tls-proxy has a client trust-point "
		"toward the Internet, expected one (CLI-7)"},
	{"class twice", {{"{class: in,", "{class: out,"}},
		"69:17: service-policy: found class out twice in the policy-map, expected once"},
	{"policy", {{"{policy-map: ime-policy,", "{policy-map: ime_policies,"}},
		"69:30: policy-map: found ime_policies, expected the name of a policy-map; did you "
		"mean ime-policy?"},
	{"one policy",
		{{"service-policy: {policy-map: ime-policy, scope: global}",
			"service-policy: [{policy-map: ime-policy, scope: global}, {policy-map: "
			"ime-policy, scope: global}]"}},
		"69:17: service-policy: found a list, expected one service-policy"},
	{"scope", {{"scope: global", "scope: outside"}},
		"69:49: scope: found outside, expected global"},
	{"scope", {{"scope: global", "interface: outside"}},
		"69:17: service-policy: found no scope, expected one\n"
		"69:42: found the key interface, which is not supported yet, expected scope: "
		"global"},
	{"all at once",
		{{"epoch: 1", "epoch: x"}, {"sip: 0:30:00", "sip: soon"},
			{"10.0.0.1/8", "10.0.0.1/99"}},
		"8:40: address: found 10.0.0.1/99, expected an address with its subnet such as "
		"192.168.10.1/24 or 192.168.10.1 255.255.255.0\n"
		"56:21: epoch: found x, expected a number from 1 to 255\n"
		"71:32: sip: found soon, expected H:MM:SS from 0:00:01 to 1193:00:00"},
};

EDITED_MAIN(ime)
