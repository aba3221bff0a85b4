// SPDX-License-Identifier: BSD-3-Clause
// URIs, addresses, parameters and lists: what is accepted is put together again from its parts,
// octet for octet, and lists fall into the same elements when they are joined anew.
#include <stdlib.h>

#include "lib/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SIZE_MAX_IN 4096

static void require(bool ok)
{
	if (!ok)
		abort();
}

static bool is_within(struct str part, struct str whole)
{
	return part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static size_t put(char *out, size_t n, struct str s)
{
	if (s.n > 0)
		memcpy(out + n, s.p, s.n);
	return n + s.n;
}

static void check_params(struct str params)
{
	struct str rest = params;
	struct uri_param p, found;

	while (uri_param_next(&rest, &p)) {
		require(is_within(p.whole, params) && is_within(p.name, p.whole));
		require(is_within(p.value, p.whole) && p.name.n > 0);
		require(uri_param_find(params, p.name, &found) && str_caseeq(found.name, p.name));
	}
}

// What uri_parse() kept of the parameters is the only one of its name, or there is none.
static void check_kept(struct str params, struct str name, const struct uri_param *kept)
{
	struct uri_param found;
	unsigned int n = 0;

	while (uri_param_next(&params, &found))
		if (str_caseeq(found.name, name)) {
			require(str_eq(found.whole, kept->whole) &&
				str_eq(found.value, kept->value));
			n++;
		}
	require(n == (kept->name.n > 0));
}

static void check_uri(struct str s)
{
	char again[SIZE_MAX_IN];
	struct str host;
	struct uri u;
	uint16_t port;
	size_t n;

	if (!uri_parse(s, &u))
		return;
	require(str_eq(u.text, s));
	check_params(u.params);
	if (u.scheme != URI_SIP && u.scheme != URI_SIPS)
		return;
	check_kept(u.params, STR_LIT("transport"), &u.transport);
	check_kept(u.params, STR_LIT("maddr"), &u.maddr);
	n = put(again, 0, (struct str){s.p, u.scheme == URI_SIP ? 4 : 5});
	if (u.user.n > 0) {
		n = put(again, n, u.user);
		if (u.password.p != NULL) {
			n = put(again, n, STR_LIT(":"));
			n = put(again, n, u.password);
		}
		n = put(again, n, STR_LIT("@"));
	}
	n = put(again, n, u.hostport);
	n = put(again, n, u.params);
	if (u.headers.p != NULL) {
		n = put(again, n, STR_LIT("?"));
		n = put(again, n, u.headers);
	}
	require(str_eq((struct str){again, n}, s));
	require(uri_hostport_parse(u.hostport, &host, &port));
	require(str_eq(host, u.host) && port == u.port && host.n > 0);
}

static void check_address(struct str s)
{
	struct name_addr a;

	if (!name_addr_parse(s, &a))
		return;
	require(is_within(a.uri, s) && is_within(a.display, s) && is_within(a.params, s));
	require(memchr(a.uri.p, '>', a.uri.n) == NULL);
	check_params(a.params);
	check_uri(a.uri);
}

static void check_list(struct str s)
{
	char joined[2 * SIZE_MAX_IN];
	struct str rest = s, elem, again;
	size_t n = 0;

	while (uri_list_next(&rest, &elem)) {
		require(is_within(elem, s) && elem.n > 0);
		check_address(elem);
		n = put(joined, n, elem);
		n = put(joined, n, STR_LIT(","));
	}
	again = (struct str){joined, n};
	rest = s;
	while (uri_list_next(&rest, &elem)) {
		struct str e;

		// One that does not end its quotes or brackets takes in the comma behind it.
		require(uri_list_next(&again, &e));
		require(rest.n == 0 ? str_has_prefix(e, elem) : str_eq(e, elem));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str s = {(const char *)data, size}, host;
	struct ip_addr ip;
	uint16_t port;

	if (size > SIZE_MAX_IN)
		return 0;
	check_uri(s);
	check_address(s);
	check_params(s);
	check_list(s);
	if (uri_hostport_parse(s, &host, &port))
		require(is_within(host, s));
	uri_host_ip(s, &ip);
	return 0;
}
