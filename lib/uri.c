// SPDX-License-Identifier: BSD-3-Clause
// URIs, parameters, comma lists and name-addr; see lib/uri.h.
#include "lib/uri.h"

#include "lib/chars.h"

static struct str skip(struct str s, size_t n)
{
	return (struct str){s.p + n, s.n - n};
}

static struct str skip_lws(struct str s)
{
	while (s.n > 0 && char_is(s.p[0], CHAR_LWS))
		s = skip(s, 1);
	return s;
}

// The length of the quoted string at the start, quotes included; 0 when it does not end.
static size_t quoted(struct str s)
{
	for (size_t i = 1; i < s.n; i++) {
		i += chars_plain(skip(s, i));
		if (i < s.n && s.p[i] == '"')
			return i + 1;
		i += i < s.n && s.p[i] == '\\';
	}
	return 0;
}

static bool is_hex(char c)
{
	char l = (char)(c | 0x20);

	return (c >= '0' && c <= '9') || (l >= 'a' && l <= 'f');
}

// Nothing that must be escaped; escapes are whole, and none is a NUL: some end a string there.
static bool octets_ok(struct str s)
{
	size_t n;

	while ((n = chars_plain(s)) < s.n) {
		s = skip(s, n);
		if (s.p[0] != '%' || s.n < 3 || !is_hex(s.p[1]) || !is_hex(s.p[2]) ||
			memcmp(s.p, "%00", 3) == 0)
			return false;
		s = skip(s, 3);
	}
	return true;
}

static bool host_ok(struct str host)
{
	struct ip_addr ip;

	if (host.n == 0 || host.n > 255)
		return false;
	if (host.p[0] == '[')
		return uri_host_ip(host, &ip);
	return chars_all(host, CHAR_HOST);
}

bool uri_host_ip(struct str host, struct ip_addr *out)
{
	if (host.n < 2 || host.p[0] != '[')
		return ip_parse(host, out);
	return host.p[host.n - 1] == ']' && ip_parse((struct str){host.p + 1, host.n - 2}, out) &&
		!ip_is_v4(out);
}

bool uri_hostport_parse(struct str s, struct str *host, uint16_t *port)
{
	size_t at = s.n > 0 && s.p[0] == '[' ? str_before(s, ']') : 0;
	struct str tail = skip(s, at);
	size_t colon = str_before(tail, ':');
	uint64_t v = 0;

	*host = str_trim((struct str){s.p, at + colon});
	*port = 0;
	if (!host_ok(*host))
		return false;
	if (colon == tail.n)
		return true;
	if (!str_to_u64(str_trim(skip(tail, colon + 1)), 65535, &v) || v == 0)
		return false;
	*port = (uint16_t)v;
	return true;
}

bool uri_param_next(struct str *rest, struct uri_param *out)
{
	struct str s, start, value;
	size_t n;

	if (rest->n == 0)
		return false;
	s = start = skip_lws(*rest);
	if (s.n == 0) {
		*rest = s;
		return false;
	}
	if (s.p[0] != ';')
		return false;
	s = skip_lws(skip(s, 1));
	n = chars_before(s, CHAR_NAME_END);
	out->name = (struct str){s.p, n};
	out->value = (struct str){s.p + n, 0};
	if (n == 0)
		return false;
	s = skip(s, n);
	value = skip_lws(s);
	if (value.n > 0 && value.p[0] == '=') {
		s = skip_lws(skip(value, 1));
		n = s.n > 0 && s.p[0] == '"' ? quoted(s) : chars_before(s, CHAR_VALUE_END);
		if (n == 0)
			return false;
		out->value = (struct str){s.p, n};
		s = skip(s, n);
	}
	out->whole = (struct str){start.p, (size_t)(s.p - start.p)};
	*rest = s;
	return true;
}

bool uri_param_find(struct str params, struct str name, struct uri_param *out)
{
	struct uri_param p;

	while (uri_param_next(&params, &p)) {
		if (!str_caseeq(p.name, name))
			continue;
		if (out != NULL)
			*out = p;
		return true;
	}
	return false;
}

static bool params_ok(struct str params)
{
	struct uri_param p;

	while (uri_param_next(&params, &p))
		;
	return params.n == 0;
}

// Where a request goes must be said once (RFC 3261 19.1.1).
static bool route_params(struct uri *u)
{
	struct str rest = u->params;
	struct uri_param p, *to;

	while (uri_param_next(&rest, &p)) {
		if (str_caseeq(p.name, STR_LIT("transport")))
			to = &u->transport;
		else if (str_caseeq(p.name, STR_LIT("maddr")))
			to = &u->maddr;
		else
			continue;
		if (to->name.n > 0)
			return false;
		*to = p;
	}
	return rest.n == 0;
}

static bool sip_uri_parse(struct str s, struct uri *out)
{
	size_t at = str_before(s, '@'), n;

	if (at < s.n) {
		struct str userinfo = {s.p, at};

		n = str_before(userinfo, ':');
		out->user = (struct str){s.p, n};
		if (n < at)
			out->password = skip(userinfo, n + 1);
		s = skip(s, at + 1);
		if (out->user.n == 0)
			return false;
	}
	n = chars_hostport(s);
	out->hostport = (struct str){s.p, n};
	s = skip(s, n);
	// A second '@' could be read as a host further on; before this, none is part of a host.
	if (str_before(s, '@') < s.n)
		return false;
	n = str_before(s, '?');
	out->params = (struct str){s.p, n};
	if (n < s.n)
		out->headers = skip(s, n + 1);
	return uri_hostport_parse(out->hostport, &out->host, &out->port) && route_params(out);
}

static bool tel_uri_parse(struct str s, struct uri *out)
{
	size_t n = str_before(s, ';');

	out->user = (struct str){s.p, n};
	out->params = skip(s, n);
	return n > 0 && params_ok(out->params);
}

bool uri_parse(struct str s, struct uri *out)
{
	struct str scheme, tail;

	memset(out, 0, sizeof(*out));
	out->text = s;
	tail = str_split(s, ':', &scheme);
	if (scheme.n == 0 || scheme.n == s.n || !octets_ok(s))
		return false;
	if (str_caseeq(scheme, STR_LIT("sip")))
		out->scheme = URI_SIP;
	else if (str_caseeq(scheme, STR_LIT("sips")))
		out->scheme = URI_SIPS;
	else if (str_caseeq(scheme, STR_LIT("tel")))
		out->scheme = URI_TEL;
	else // a letter comes first
		return scheme.p[0] >= 'A' && chars_all(scheme, CHAR_SCHEME);
	return out->scheme == URI_TEL ? tel_uri_parse(tail, out) : sip_uri_parse(tail, out);
}

bool uri_list_next(struct str *rest, struct str *elem)
{
	if (rest->n > 0 && str_before(*rest, ',') == rest->n) { // most lists are of one
		*elem = str_trim(*rest);
		*rest = skip(*rest, rest->n);
		return elem->n > 0;
	}
	while (rest->n > 0) {
		struct str s = *rest;
		bool angle = false;
		size_t i = 0;

		for (;;) {
			size_t n = 1;

			i += chars_before(skip(s, i), CHAR_LIST);
			if (i == s.n || (s.p[i] == ',' && !angle))
				break;
			if (s.p[i] == '<' || s.p[i] == '>')
				angle = s.p[i] == '<';
			else if (s.p[i] == '"' && !angle)
				n = quoted(skip(s, i));
			i = n > 0 ? i + n : s.n;
		}
		*elem = str_trim((struct str){s.p, i});
		*rest = i < s.n ? skip(s, i + 1) : skip(s, i);
		if (elem->n > 0)
			return true;
	}
	return false;
}

// What may stand before '<': a quoted string alone, the length of which is given, or words without
// what others might take for a part of a URI.
static bool display_ok(struct str s, size_t in_quotes)
{
	return in_quotes > 0 ? in_quotes == s.n : chars_before(s, CHAR_NOT_DISPLAY) == s.n;
}

bool name_addr_parse(struct str s, struct name_addr *out)
{
	size_t n, close, in_quotes;

	memset(out, 0, sizeof(*out));
	s = str_trim(s);
	in_quotes = s.n > 0 && s.p[0] == '"' ? quoted(s) : 0;
	n = in_quotes + str_before(skip(s, in_quotes), '<');
	if (n < s.n) {
		out->bracketed = true;
		out->display = str_trim((struct str){s.p, n});
		s = skip(s, n + 1);
		close = str_before(s, '>');
		if (close == s.n || !display_ok(out->display, in_quotes))
			return false;
		out->uri = (struct str){s.p, close};
		s = skip(s, close + 1);
	} else {
		n = chars_before(s, CHAR_SPEC_END);
		out->uri = (struct str){s.p, n};
		s = skip(s, n);
	}
	out->params = str_trim(s);
	return out->uri.n > 0 && params_ok(out->params);
}
