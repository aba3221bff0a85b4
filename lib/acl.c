// SPDX-License-Identifier: BSD-3-Clause
// Access control entries: the text of the manual, and first-match evaluation; see lib/acl.h.
// The loader parses with it, the control plane evaluates with it, and the tests hold the compiled
// lists of the workers against it.
#include "lib/acl.h"

#include <arpa/inet.h>
#include <stdio.h>

#define PORT_ANY ((struct port_range){0, 65535})

struct name {
	const char *name;
	uint16_t value;
};

// The protocols that an access list of the manual knows by name.
static const struct name protocols[] = {
	{"ip", PROTO_ANY},
	{"icmp", PROTO_ICMP},
	{"igmp", 2},
	{"ipinip", 4},
	{"tcp", PROTO_TCP},
	{"udp", PROTO_UDP},
	{"gre", 47},
	{"esp", 50},
	{"ah", 51},
	{"ospf", 89},
	{"pim", 103},
	{"sctp", 132},
};

static const struct name ports[] = {
	{"ftp-data", 20},
	{"ftp", 21},
	{"ssh", 22},
	{"telnet", 23},
	{"smtp", 25},
	{"domain", 53},
	{"bootps", 67},
	{"bootpc", 68},
	{"tftp", 69},
	{"www", 80},
	{"http", 80},
	{"pop3", 110},
	{"ntp", 123},
	{"imap4", 143},
	{"snmp", 161},
	{"snmptrap", 162},
	{"bgp", 179},
	{"ldap", 389},
	{"https", 443},
	{"isakmp", 500},
	{"syslog", 514},
	{"ldaps", 636},
	{"sqlnet", 1521},
	{"radius", 1645},
	{"h323", 1720},
	{"ctiqbe", 2748},
	{"sip", 5060},
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

// What is left of the text, and where a fault is told.
struct parser {
	struct str rest;
	char *err;
	size_t err_size;
};

static bool ace_has_ports(const struct ace *a)
{
	return a->proto == PROTO_TCP || a->proto == PROTO_UDP;
}

static bool range_has(const struct port_range *r, uint16_t port)
{
	return port >= r->lo && port <= r->hi;
}

static bool ace_match(const struct ace *a, const struct flow *f)
{
	if (a->proto != PROTO_ANY && a->proto != f->proto)
		return false;
	if (!prefix_has(&a->src, &f->src.ip) || !prefix_has(&a->dst, &f->dst.ip))
		return false;
	return !ace_has_ports(a) ||
		(range_has(&a->sport, f->src.port) && range_has(&a->dport, f->dst.port));
}

int acl_match(const struct ace *aces, size_t n, const struct flow *f)
{
	for (size_t i = 0; i < n; i++)
		if (ace_match(&aces[i], f))
			return (int)i;
	return -1;
}

bool acl_permits(const struct ace *aces, size_t n, const struct flow *f)
{
	int i = acl_match(aces, n, f);

	return i >= 0 && aces[i].permit;
}

// Words are parted by blanks; an empty word is the end of the text.
static struct str peek(const struct parser *p)
{
	struct str rest = str_trim(p->rest), word = {rest.p, 0};

	while (word.n < rest.n && rest.p[word.n] != ' ' && rest.p[word.n] != '\t')
		word.n++;
	return word;
}

static struct str next(struct parser *p)
{
	struct str word = peek(p), rest = str_trim(p->rest);

	p->rest = (struct str){rest.p + word.n, rest.n - word.n};
	return word;
}

static bool take(struct parser *p, const char *word)
{
	if (!str_caseeq(peek(p), str_from(word)))
		return false;
	next(p);
	return true;
}

// The text is the user's: what a terminal would obey is not repeated to it.
static bool fail(struct parser *p, struct str found, const char *expected)
{
	char shown[41] = "the end of the entry";

	if (found.n > 0) {
		str_copy((struct str){found.p, found.n < 40 ? found.n : 40}, shown, sizeof(shown));
		for (char *c = shown; *c != '\0'; c++)
			if (*c < 0x20 || *c > 0x7e)
				*c = '?';
	}
	snprintf(p->err, p->err_size, "found %s, expected %s", shown, expected);
	return false;
}

static bool name_find(const struct name *names, size_t n, struct str word, uint16_t *value)
{
	for (size_t i = 0; i < n; i++)
		if (str_caseeq(word, str_from(names[i].name))) {
			*value = names[i].value;
			return true;
		}
	return false;
}

static bool parse_number(
	const struct name *names, size_t n, struct str word, uint64_t max, uint16_t *value)
{
	uint64_t v;

	if (name_find(names, n, word, value))
		return true;
	if (!str_to_u64(word, max, &v))
		return false;
	*value = (uint16_t)v;
	return true;
}

static bool parse_ip(struct parser *p, struct str word, struct ip_addr *ip)
{
	if (!ip_parse(word, ip))
		return fail(p, word, "an IPv4 address");
	if (!ip_is_v4(ip))
		return fail(p, word, "an IPv4 address (IPv6 is not supported yet)");
	return true;
}

// A dotted mask has its ones first: its complement plus one is a power of two.
static bool parse_mask(struct parser *p, struct prefix *out)
{
	struct str word = next(p);
	struct ip_addr mask;
	uint32_t zeros, host;

	if (!ip_parse(word, &mask) || !ip_is_v4(&mask))
		return fail(p, word, "a mask such as 255.255.255.0");
	zeros = ~ntohl(ip_to_v4_be(&mask));
	if ((zeros & (zeros + 1)) != 0)
		return fail(p, word, "a mask whose ones stand together, such as 255.255.255.0");
	host = ntohl(ip_to_v4_be(&out->ip)) & zeros;
	if (host != 0)
		return fail(p, word, "a mask that covers every bit of the address before it");
	out->len = (uint8_t)(128 - __builtin_popcount(zeros));
	return true;
}

static bool parse_prefix(struct parser *p, struct prefix *out)
{
	struct str word = next(p);

	if (str_caseeq(word, STR_LIT("any"))) {
		*out = (struct prefix){.len = 0};
		return true;
	}
	if (str_caseeq(word, STR_LIT("any4"))) {
		*out = (struct prefix){ip_from_v4_be(0), 96};
		return true;
	}
	if (str_caseeq(word, STR_LIT("any6")))
		return fail(p, word, "IPv4 (IPv6 is not supported yet)");
	if (str_caseeq(word, STR_LIT("object")) || str_caseeq(word, STR_LIT("object-group")) ||
		str_caseeq(word, STR_LIT("interface")))
		return fail(p, word,
			"any, host A, A MASK or A/LENGTH (objects in an entry are not supported "
			"yet)");
	if (str_caseeq(word, STR_LIT("host"))) {
		out->len = 128;
		return parse_ip(p, next(p), &out->ip);
	}
	if (word.n > 0 && memchr(word.p, '/', word.n) != NULL) {
		if (!prefix_parse(word, out))
			return fail(p, word, "a subnet such as 192.168.10.0/24, host bits 0");
		return ip_is_v4(&out->ip) || fail(p, word, "IPv4 (IPv6 is not supported yet)");
	}
	if (word.n == 0 || !ip_parse(word, &out->ip))
		return fail(p, word, "any, any4, host A, A MASK or A/LENGTH");
	return parse_ip(p, word, &out->ip) && parse_mask(p, out);
}

static bool parse_port(struct parser *p, uint16_t *port)
{
	struct str word = next(p);

	return parse_number(ports, COUNT(ports), word, 65535, port) ||
		fail(p, word, "a port: 0 to 65535 or a name such as sip");
}

// Absent is any port.
static bool parse_ports(struct parser *p, const struct ace *a, struct port_range *out)
{
	struct str word = peek(p);
	uint16_t port;

	*out = PORT_ANY;
	if (!str_caseeq(word, STR_LIT("eq")) && !str_caseeq(word, STR_LIT("range")) &&
		!str_caseeq(word, STR_LIT("lt")) && !str_caseeq(word, STR_LIT("gt")))
		return true;
	if (!ace_has_ports(a))
		return fail(p, word, "no ports: only tcp and udp have them");
	next(p);
	if (!parse_port(p, &port))
		return false;
	if (str_caseeq(word, STR_LIT("eq"))) {
		*out = (struct port_range){port, port};
	} else if (str_caseeq(word, STR_LIT("range"))) {
		out->lo = port;
		if (!parse_port(p, &out->hi))
			return false;
		if (out->hi < out->lo)
			return fail(
				p, STR_LIT("a range that ends below its start"), "range LOW HIGH");
	} else if (str_caseeq(word, STR_LIT("lt"))) {
		if (port == 0)
			return fail(p, STR_LIT("lt 0"), "a port from 1 on: nothing is below 0");
		out->hi = (uint16_t)(port - 1);
	} else {
		if (port == 65535)
			return fail(p, STR_LIT("gt 65535"),
				"a port up to 65534: nothing is above 65535");
		out->lo = (uint16_t)(port + 1);
	}
	return true;
}

bool ace_parse(struct str text, struct ace *out, char *err, size_t err_size)
{
	struct parser p = {text, err, err_size};
	struct ace a = {0};
	struct str word;
	uint16_t proto;

	take(&p, "extended");
	a.permit = take(&p, "permit");
	if (!a.permit && !take(&p, "deny"))
		return fail(&p, peek(&p), "permit or deny");
	word = next(&p);
	if (str_caseeq(word, STR_LIT("object")) || str_caseeq(word, STR_LIT("object-group")))
		return fail(&p, word, "a protocol (objects in an entry are not supported yet)");
	if (!parse_number(protocols, COUNT(protocols), word, 255, &proto))
		return fail(&p, word, "a protocol: ip, tcp, udp, icmp or a number up to 255");
	a.proto = (uint8_t)proto;
	if (!parse_prefix(&p, &a.src) || !parse_ports(&p, &a, &a.sport) ||
		!parse_prefix(&p, &a.dst) || !parse_ports(&p, &a, &a.dport))
		return false;
	word = peek(&p);
	if (word.n > 0)
		return fail(&p, word,
			a.proto == PROTO_ICMP
				? "the end of the entry (ICMP types are not supported yet)"
				: "the end of the entry");
	*out = a;
	return true;
}

static void format_prefix(const struct prefix *x, char *buf, size_t size)
{
	char ip[IP_TEXT_MAX], mask[IP_TEXT_MAX];
	struct ip_addr m;

	if (x->len == 0) {
		snprintf(buf, size, "any");
	} else if (x->len == 96 && ip_is_v4(&x->ip)) {
		snprintf(buf, size, "any4");
	} else if (x->len == 128) {
		snprintf(buf, size, "host %s", ip_format(&x->ip, ip));
	} else if (ip_is_v4(&x->ip)) {
		m = ip_from_v4_be(htonl(UINT32_MAX << (128 - x->len)));
		snprintf(buf, size, "%s %s", ip_format(&x->ip, ip), ip_format(&m, mask));
	} else {
		snprintf(buf, size, "%s/%u", ip_format(&x->ip, ip), x->len);
	}
}

static void format_ports(const struct port_range *r, char *buf, size_t size)
{
	if (r->lo == 0 && r->hi == 65535)
		buf[0] = '\0';
	else if (r->lo == r->hi)
		snprintf(buf, size, " eq %u", r->lo);
	else
		snprintf(buf, size, " range %u %u", r->lo, r->hi);
}

int ace_format(const struct ace *a, char *buf, size_t size)
{
	char src[2 * IP_TEXT_MAX], dst[2 * IP_TEXT_MAX], sport[20] = "", dport[20] = "";
	char number[4];
	const char *proto = number;

	snprintf(number, sizeof(number), "%u", a->proto);
	for (size_t i = 0; i < COUNT(protocols); i++)
		if (protocols[i].value == a->proto)
			proto = protocols[i].name;
	format_prefix(&a->src, src, sizeof(src));
	format_prefix(&a->dst, dst, sizeof(dst));
	if (ace_has_ports(a)) {
		format_ports(&a->sport, sport, sizeof(sport));
		format_ports(&a->dport, dport, sizeof(dport));
	}
	return snprintf(buf, size, "extended %s %s %s%s %s%s", a->permit ? "permit" : "deny", proto,
		src, sport, dst, dport);
}
