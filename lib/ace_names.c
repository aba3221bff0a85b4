// SPDX-License-Identifier: BSD-3-Clause
// The tables of names; see lib/ace_names.h. Where a value has two names, the first is told.
#include "lib/ace_names.h"

#include "lib/flow.h"

#define NAMES(list)                                                                                \
	{                                                                                          \
		list, sizeof(list) / sizeof((list)[0])                                             \
	}

static const struct ace_name protocol_list[] = {
	{"ip", PROTO_ANY},
	{"icmp", PROTO_ICMP},
	{"igmp", 2},
	{"ipinip", 4},
	{"tcp", PROTO_TCP},
	{"igrp", 9},
	{"udp", PROTO_UDP},
	{"gre", 47},
	{"pptp", 47},
	{"esp", 50},
	{"ipsec", 50},
	{"ah", 51},
	{"icmp6", 58},
	{"eigrp", 88},
	{"ospf", 89},
	{"nos", 94},
	{"pim", 103},
	{"pcp", 108},
	{"snp", 109},
	{"sctp", 132},
};

static const struct ace_name port_list[] = {
	{"aol", 5190},
	{"bgp", 179},
	{"biff", 512},
	{"bootpc", 68},
	{"bootps", 67},
	{"chargen", 19},
	{"cifs", 3020},
	{"citrix-ica", 1494},
	{"cmd", 514},
	{"ctiqbe", 2748},
	{"daytime", 13},
	{"discard", 9},
	{"dnsix", 195},
	{"domain", 53},
	{"echo", 7},
	{"exec", 512},
	{"finger", 79},
	{"ftp", 21},
	{"ftp-data", 20},
	{"gopher", 70},
	{"h323", 1720},
	{"hostname", 101},
	{"http", 80},
	{"https", 443},
	{"ident", 113},
	{"imap4", 143},
	{"irc", 194},
	{"isakmp", 500},
	{"kerberos", 88},
	{"klogin", 543},
	{"kshell", 544},
	{"ldap", 389},
	{"ldaps", 636},
	{"login", 513},
	{"lotusnotes", 1352},
	{"lpd", 515},
	{"mobile-ip", 434},
	{"nameserver", 42},
	{"netbios-dgm", 138},
	{"netbios-ns", 137},
	{"netbios-ssn", 139},
	{"nfs", 2049},
	{"nntp", 119},
	{"ntp", 123},
	{"pcanywhere-data", 5631},
	{"pcanywhere-status", 5632},
	{"pim-auto-rp", 496},
	{"pop2", 109},
	{"pop3", 110},
	{"pptp", 1723},
	{"radius", 1645},
	{"radius-acct", 1646},
	{"rip", 520},
	{"rsh", 514},
	{"rtsp", 554},
	{"secureid-udp", 5510},
	{"sip", 5060},
	{"smtp", 25},
	{"snmp", 161},
	{"snmptrap", 162},
	{"sqlnet", 1521},
	{"ssh", 22},
	{"sunrpc", 111},
	{"syslog", 514},
	{"tacacs", 49},
	{"talk", 517},
	{"telnet", 23},
	{"tftp", 69},
	{"time", 37},
	{"uucp", 540},
	{"vxlan", 4789},
	{"who", 513},
	{"whois", 43},
	{"www", 80},
	{"xdmcp", 177},
};

static const struct ace_name icmp_list[] = {
	{"echo-reply", 0},
	{"unreachable", 3},
	{"source-quench", 4},
	{"redirect", 5},
	{"alternate-address", 6},
	{"echo", 8},
	{"router-advertisement", 9},
	{"router-solicitation", 10},
	{"time-exceeded", 11},
	{"parameter-problem", 12},
	{"timestamp-request", 13},
	{"timestamp-reply", 14},
	{"information-request", 15},
	{"information-reply", 16},
	{"mask-request", 17},
	{"mask-reply", 18},
	{"traceroute", 30},
	{"conversion-error", 31},
	{"mobile-redirect", 32},
};

const struct ace_names ace_protocols = NAMES(protocol_list);
const struct ace_names ace_ports = NAMES(port_list);
const struct ace_names ace_icmp_types = NAMES(icmp_list);

bool ace_number(const struct ace_names *names, struct str word, uint16_t max, uint16_t *value)
{
	uint64_t v;

	for (size_t i = 0; i < names->n; i++)
		if (str_caseeq(word, str_from(names->list[i].name))) {
			*value = names->list[i].value;
			return true;
		}
	if (!str_to_u64(word, max, &v))
		return false;
	*value = (uint16_t)v;
	return true;
}

const char *ace_name_of(const struct ace_names *names, uint16_t value)
{
	for (size_t i = 0; i < names->n; i++)
		if (names->list[i].value == value)
			return names->list[i].name;
	return NULL;
}
