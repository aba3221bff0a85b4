// SPDX-License-Identifier: BSD-3-Clause
// Reads the words of access lists and objects; see lib/ace_words.h. Used by lib/ace_text.c and by
// config/.
#include "lib/ace_words.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "lib/ace_names.h"

struct str words_peek(const struct words *w)
{
	struct str rest = str_trim(w->rest), word = {rest.p, 0};

	while (word.n < rest.n && rest.p[word.n] != ' ' && rest.p[word.n] != '\t')
		word.n++;
	return word;
}

struct str words_next(struct words *w)
{
	struct str word = words_peek(w), rest = str_trim(w->rest);

	w->rest = (struct str){rest.p + word.n, rest.n - word.n};
	return word;
}

bool words_take(struct words *w, const char *word)
{
	if (!str_caseeq(words_peek(w), str_from(word)))
		return false;
	words_next(w);
	return true;
}

// The text is the user's: what a terminal would obey is not repeated to it.
bool words_fail(struct words *w, struct str found, const char *expected)
{
	char shown[41] = "the end of the entry";

	if (found.n > 0) {
		str_copy((struct str){found.p, found.n < 40 ? found.n : 40}, shown, sizeof(shown));
		for (char *c = shown; *c != '\0'; c++)
			if (*c < 0x20 || *c > 0x7e)
				*c = '?';
	}
	snprintf(w->err, w->err_size, "found %s, expected %s", shown, expected);
	return false;
}

bool words_end(struct words *w)
{
	struct str word = words_peek(w);

	return word.n == 0 || words_fail(w, word, "the end of the entry");
}

static bool ip_of(struct words *w, struct str word, struct ip_addr *ip)
{
	if (!ip_parse(word, ip))
		return words_fail(w, word, "an IPv4 address");
	if (!ip_is_v4(ip))
		return words_fail(w, word, "an IPv4 address (IPv6 is not supported yet)");
	return true;
}

bool words_host(struct words *w, struct ip_addr *out)
{
	return ip_of(w, words_next(w), out);
}

static bool parse_mask(struct words *w, struct prefix *out)
{
	struct str word = words_next(w);
	struct ip_addr mask;

	if (!ip_parse(word, &mask) || !ip_is_v4(&mask))
		return words_fail(w, word, "a mask such as 255.255.255.0");
	if (!mask_length(&mask, &out->len))
		return words_fail(
			w, word, "a mask whose ones stand together, such as 255.255.255.0");
	if ((ip_to_v4_be(&out->ip) & ~ip_to_v4_be(&mask)) != 0)
		return words_fail(w, word, "a mask that covers every bit of the address before it");
	return true;
}

// `word` is the first, `expected` is told when it is no address.
static bool subnet_of(struct words *w, struct str word, const char *expected, struct prefix *out)
{
	if (word.n > 0 && memchr(word.p, '/', word.n) != NULL) {
		if (!prefix_parse(word, out))
			return words_fail(w, word, "a subnet such as 192.168.10.0/24, host bits 0");
		return ip_is_v4(&out->ip) ||
			words_fail(w, word, "IPv4 (IPv6 is not supported yet)");
	}
	if (!ip_parse(word, &out->ip))
		return words_fail(w, word, expected);
	return ip_of(w, word, &out->ip) && parse_mask(w, out);
}

bool words_subnet(struct words *w, struct prefix *out)
{
	return subnet_of(w, words_next(w),
		"a subnet such as 192.168.10.0 255.255.255.0 or 192.168.10.0/24", out);
}

bool words_address(struct words *w, const char *expected, struct prefix *out)
{
	struct str word = words_next(w);

	if (str_caseeq(word, STR_LIT("any"))) {
		*out = (struct prefix){.len = 0};
		return true;
	}
	if (str_caseeq(word, STR_LIT("any4"))) {
		*out = (struct prefix){ip_from_v4_be(0), 96};
		return true;
	}
	if (str_caseeq(word, STR_LIT("any6")))
		return words_fail(w, word, "IPv4 (IPv6 is not supported yet)");
	if (str_caseeq(word, STR_LIT("host"))) {
		out->len = 128;
		return words_host(w, &out->ip);
	}
	return subnet_of(w, word, expected, out);
}

bool words_protocol(struct words *w, uint8_t *out)
{
	struct str word = words_next(w);
	uint16_t proto;

	if (!ace_number(&ace_protocols, word, 255, &proto))
		return words_fail(w, word, "a protocol: ip, tcp, udp, icmp or a number up to 255");
	*out = (uint8_t)proto;
	return true;
}

static bool parse_port(struct words *w, uint16_t *port)
{
	struct str word = words_next(w);

	return ace_number(&ace_ports, word, 65535, port) || words_fail(w, word, ACE_PORT_EXPECTED);
}

enum port_op { OP_EQ, OP_NEQ, OP_LT, OP_GT, OP_RANGE, OPS };

static enum port_op operator_of(struct str word)
{
	static const char *const words[OPS] = {"eq", "neq", "lt", "gt", "range"};
	unsigned int i = 0;

	while (i < OPS && !str_caseeq(word, str_from(words[i])))
		i++;
	return (enum port_op)i;
}

bool words_at_ports(const struct words *w)
{
	return operator_of(words_peek(w)) != OPS;
}

static struct port_set one_range(uint16_t lo, uint16_t hi)
{
	return (struct port_set){{{lo, hi}, {0, 0}}, 1};
}

// All but one port: the ranges on both sides of it.
static struct port_set all_but(uint16_t port)
{
	struct port_set s = {{{0, 0}, {0, 0}}, 0};

	if (port > 0)
		s.range[s.n++] = (struct port_range){0, (uint16_t)(port - 1)};
	if (port < 65535)
		s.range[s.n++] = (struct port_range){(uint16_t)(port + 1), 65535};
	return s;
}

bool words_ports(struct words *w, struct port_set *out)
{
	struct str word = words_next(w);
	enum port_op op = operator_of(word);
	uint16_t port, hi;

	if (op == OPS)
		return words_fail(w, word, "eq, neq, lt, gt or range");
	if (!parse_port(w, &port))
		return false;
	switch (op) {
	case OP_NEQ:
		*out = all_but(port);
		return true;
	case OP_LT:
		if (port == 0)
			return words_fail(
				w, STR_LIT("lt 0"), "a port from 1 on: nothing is below 0");
		*out = one_range(0, (uint16_t)(port - 1));
		return true;
	case OP_GT:
		if (port == 65535)
			return words_fail(w, STR_LIT("gt 65535"),
				"a port up to 65534: nothing is above 65535");
		*out = one_range((uint16_t)(port + 1), 65535);
		return true;
	case OP_RANGE:
		if (!parse_port(w, &hi))
			return false;
		if (hi < port)
			return words_fail(
				w, STR_LIT("a range that ends below its start"), "range LOW HIGH");
		*out = one_range(port, hi);
		return true;
	default:
		*out = one_range(port, port);
		return true;
	}
}

bool words_icmp(struct words *w, struct service *out)
{
	static const char expected[] =
		"an ICMP type: echo, echo-reply, unreachable, ... or a number up to 255";
	struct words after = *w;
	struct str word = words_next(&after);
	uint16_t v;

	if (!ace_number(&ace_icmp_types, word, 255, &v)) {
		if (word.n > 0 && word.p[0] >= '0' && word.p[0] <= '9')
			return words_fail(w, word, expected);
		return true; // none, or what stands behind it
	}
	out->src = one_range(v, v);
	*w = after;
	word = words_peek(w);
	if (word.n == 0 || word.p[0] < '0' || word.p[0] > '9')
		return true;
	if (!ace_number(&(struct ace_names){NULL, 0}, words_next(w), 255, &v))
		return words_fail(w, word, "an ICMP code: a number up to 255");
	out->dst = one_range(v, v);
	return true;
}

bool words_service(struct words *w, struct service *out)
{
	struct service s = {.src = PORT_SET_ANY, .dst = PORT_SET_ANY};

	if (!words_protocol(w, &s.proto))
		return false;
	if (s.proto == PROTO_ICMP) {
		if (!words_icmp(w, &s))
			return false;
	} else if (proto_has_ports(s.proto)) {
		if (words_take(w, "source") && !words_ports(w, &s.src))
			return false;
		if (words_take(w, "destination") && !words_ports(w, &s.dst))
			return false;
	}
	*out = s;
	return true;
}
