// SPDX-License-Identifier: BSD-3-Clause
// show conn, clear conn: the flows through the firewall, a piece of the workers' tables per answer, so
// that no table is too large for the loop. The client asks for the next piece until there is none.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cp/show_ime.h"
#include "dp/dp.h"
#include "lib/ace_names.h"
#include "lib/ace_words.h"

#define CONNS_MAX 1024 // of one answer

// ---- Filters ------------------------------------------------------------------------------------

// An address, NETWORK/LENGTH, or with a mask as the ASA has it: NETWORK MASK.
static bool read_prefix(struct str s, struct nat_pool *out)
{
	char err[200] = "";
	struct words w = {s, err, sizeof(err)};
	struct prefix p;

	if (!prefix_parse(s, &p) && (!words_address(&w, "", &p) || !words_end(&w)))
		return false;
	*out = nat_pool_of(&p);
	return !ip_is_none(&out->first);
}

bool show_read_ips(struct str s, struct nat_pool *out)
{
	struct str first, last = str_split(s, '-', &first);

	if (last.n == 0)
		return read_prefix(first, out);
	return ip_parse(first, &out->first) && ip_is_v4(&out->first) &&
		ip_parse(last, &out->last) && ip_is_v4(&out->last);
}

static bool read_one_port(struct str s, uint16_t *out)
{
	return ace_number(&ace_ports, s, UINT16_MAX, out);
}

// Names have dashes of their own: ftp-data, and 20-ftp-data.
bool show_read_ports(struct str s, uint16_t out[2])
{
	if (read_one_port(s, &out[0])) {
		out[1] = out[0];
		return true;
	}
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '-' && read_one_port((struct str){s.p, i}, &out[0]) &&
			read_one_port((struct str){s.p + i + 1, s.n - i - 1}, &out[1]))
			return true;
	return false;
}

static bool read_address(struct str s, struct dp_conn_filter *f)
{
	return show_read_ips(s, &f->ip);
}

static bool read_port(struct str s, struct dp_conn_filter *f)
{
	return show_read_ports(s, f->port);
}

static bool read_protocol(struct str s, struct dp_conn_filter *f)
{
	uint16_t number;

	if (!ace_number(&ace_protocols, s, UINT8_MAX, &number))
		return false;
	f->proto = (uint8_t)number;
	return number != PROTO_ANY; // of the filter too: every protocol
}

// The ASA's names, with commas between.
static bool read_states(struct str s, struct dp_conn_filter *f)
{
	static const struct {
		const char *name;
		uint16_t flag;
	} states[] = {{"up", DP_CONN_UP}, {"tcp_embryonic", DP_CONN_EMBRYONIC},
		{"conn_inbound", DP_CONN_INBOUND}, {"data_in", DP_CONN_DATA_IN},
		{"data_out", DP_CONN_DATA_OUT}, {"finin", DP_CONN_FIN_OUTSIDE},
		{"finout", DP_CONN_FIN_INSIDE}, {"sip", DP_CONN_CONTROL}};

	while (s.n > 0) {
		struct str word;
		size_t i = 0;

		s = str_split(s, ',', &word);
		while (i < sizeof(states) / sizeof(states[0]) &&
			!str_eq(word, str_from(states[i].name)))
			i++;
		if (i == sizeof(states) / sizeof(states[0]))
			return false;
		f->flags |= states[i].flag;
	}
	return f->flags != 0;
}

static bool is_true(const struct ask *ask, const char *name)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(ask->args, name));
}

static bool read_filter(const struct ask *ask, struct dp_conn_filter *f)
{
	static const struct {
		const char *word, *expected;
		bool (*read)(struct str s, struct dp_conn_filter *f);
	} words[] = {
		{"address", SHOW_IPS_EXPECTED, read_address},
		{"port", SHOW_PORTS_EXPECTED, read_port},
		{"protocol", "tcp, udp, icmp, gre, ... or a number from 1 to 255", read_protocol},
		{"state",
			"up, tcp_embryonic, conn_inbound, data_in, data_out, finin, finout or sip, "
			"or several with commas",
			read_states},
	};

	*f = (struct dp_conn_filter){.all = is_true(ask, "all")};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const cJSON *j = cJSON_GetObjectItemCaseSensitive(ask->args, words[i].word);
		struct str v = str_from(cJSON_IsString(j) ? j->valuestring : "");

		if (j == NULL || words[i].read(v, f))
			continue;
		snprintf(ask->err, ask->err_size, "%s: found %.*s, expected %s", words[i].word,
			(int)v.n, v.p, words[i].expected);
		return false;
	}
	return true;
}

// Where the last answer ended. 2^53 is more than there are workers and slots.
static uint64_t read_cursor(const struct ask *ask)
{
	const cJSON *j = cJSON_GetObjectItemCaseSensitive(ask->args, "cursor");

	if (!cJSON_IsNumber(j) || !(j->valuedouble > 0) || j->valuedouble >= 9e15)
		return 0;
	return (uint64_t)j->valuedouble;
}

// ---- show conn ----------------------------------------------------------------------------------

static const char *iface_name(const struct show *s, uint16_t iface)
{
	return iface < s->config->n_ifaces ? s->config->ifaces[iface].name : "?";
}

static const char *proto_name(uint8_t proto)
{
	switch (proto) {
	case PROTO_TCP:
		return "TCP";
	case PROTO_UDP:
		return "UDP";
	case PROTO_ICMP:
		return "ICMP";
	default:
		return "IP";
	}
}

static void add_flags(cJSON *j, uint16_t flags)
{
	char text[sizeof(DP_CONN_LETTERS)];
	size_t n = 0;

	for (size_t i = 0; i < sizeof(DP_CONN_LETTERS) - 1; i++)
		if (flags & 1u << i)
			text[n++] = DP_CONN_LETTERS[i];
	text[n] = '\0';
	cJSON_AddStringToObject(j, "flags", text);
}

static cJSON *conn_json(const struct show *s, const struct dp_conn *c)
{
	cJSON *j = cJSON_CreateObject();

	cJSON_AddStringToObject(j, "protocol", proto_name(c->proto));
	show_u64(j, "protocol_number", c->proto);
	cJSON_AddStringToObject(j, "from", iface_name(s, c->iface_in));
	cJSON_AddStringToObject(j, "to", iface_name(s, c->iface_out));
	show_endpoint(j, "source", &c->src);
	show_endpoint(j, "source_mapped", &c->src_mapped);
	show_endpoint(j, "destination", &c->dst);
	show_endpoint(j, "destination_mapped", &c->dst_mapped);
	show_u64(j, "packets_sent", c->packets[0]);
	show_u64(j, "packets_received", c->packets[1]);
	show_u64(j, "bytes_sent", c->bytes[0]);
	show_u64(j, "bytes_received", c->bytes[1]);
	show_u64(j, "idle_s", c->idle_s);
	show_u64(j, "uptime_s", c->uptime_s);
	show_u64(j, "timeout_s", c->timeout_s);
	cJSON_AddBoolToObject(j, "inbound", c->flags & DP_CONN_INBOUND);
	add_flags(j, c->proto == PROTO_TCP ? c->flags : 0);
	cJSON_AddBoolToObject(j, "punt", c->punt);
	cJSON_AddStringToObject(j, "state", c->state);
	return j;
}

// A walk that gets nowhere would never end.
static bool is_stuck(const struct ask *ask, uint64_t cursor, size_t n)
{
	const bool stuck = n == 0 && cursor == read_cursor(ask);

	if (stuck)
		snprintf(ask->err, ask->err_size, "a worker is too busy to answer; try again");
	return stuck;
}

static void add_next(cJSON *j, uint64_t cursor)
{
	if (cursor != DP_CONNS_THROUGH)
		show_u64(j, "next", cursor);
}

cJSON *show_conn(const struct show *s, const struct ask *ask)
{
	const bool count = is_true(ask, "count");
	uint64_t cursor = read_cursor(ask);
	struct dp_conn *conns;
	struct dp_conn_filter f;
	struct dp_usage u = {0};
	cJSON *j, *list;
	size_t n;

	if (!read_filter(ask, &f))
		return NULL;
	conns = calloc(CONNS_MAX, sizeof(*conns));
	if (conns == NULL) {
		snprintf(ask->err, ask->err_size, "no memory");
		return NULL;
	}
	n = dp_conns(&f, count ? DP_CONNS_COUNT : DP_CONNS_LIST, &cursor, conns, CONNS_MAX);
	if (is_stuck(ask, cursor, n)) {
		free(conns);
		return NULL;
	}
	dp_usage(&u);
	j = cJSON_CreateObject();
	cJSON_AddBoolToObject(j, "continued", read_cursor(ask) != 0);
	cJSON_AddBoolToObject(j, "detail", is_true(ask, "detail"));
	show_u64(j, "in_use", u.sessions);
	show_u64(j, "embryonic", u.half_open);
	show_u64(j, "most_used", u.sessions_most);
	show_u64(j, "max", u.sessions_max);
	show_u64(j, "found", n);
	list = count ? NULL : cJSON_AddArrayToObject(j, "connections");
	for (size_t i = 0; list != NULL && i < n; i++)
		cJSON_AddItemToArray(list, conn_json(s, &conns[i]));
	add_next(j, cursor);
	free(conns);
	return j;
}

cJSON *show_clear_conn(const struct show *s, const struct ask *ask)
{
	uint64_t cursor = read_cursor(ask);
	struct dp_conn_filter f;
	cJSON *j;
	size_t n;

	if (!read_filter(ask, &f))
		return NULL;
	n = dp_conns(&f, DP_CONNS_END, &cursor, NULL, 0);
	if (is_stuck(ask, cursor, n))
		return NULL;
	j = cJSON_CreateObject();
	show_u64(j, "found", n);
	add_next(j, cursor);
	return j;
}
