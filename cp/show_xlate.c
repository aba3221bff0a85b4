// SPDX-License-Identifier: BSD-3-Clause
// show xlate, clear xlate, show nat: the translations in force, and the rules they come from.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cp/show_ime.h"
#include "dp/dp.h"

#define XLATES_MAX 4096

// ---- Filters ------------------------------------------------------------------------------------

static bool read_iface(const struct show *s, struct str name, uint16_t *out)
{
	for (size_t i = 0; i < s->config->n_ifaces; i++)
		if (str_eq(name, str_from(s->config->ifaces[i].name))) {
			*out = (uint16_t)i;
			return true;
		}
	return false;
}

// The ASA's words: local is the real side, global the mapped one.
static bool read_filter(const struct show *s, const struct ask *ask, struct nat_filter *f)
{
	static const struct {
		const char *word, *expected;
	} words[] = {
		{"local", SHOW_IPS_EXPECTED},
		{"global", SHOW_IPS_EXPECTED},
		{"lport", SHOW_PORTS_EXPECTED},
		{"gport", SHOW_PORTS_EXPECTED},
		{"interface", "the name of an interface"},
		{"address", SHOW_IPS_EXPECTED},
	};

	*f = (struct nat_filter){.iface = NAT_IFACE_ANY};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const cJSON *j = cJSON_GetObjectItemCaseSensitive(ask->args, words[i].word);
		struct str v = str_from(cJSON_IsString(j) ? j->valuestring : "");
		bool good = true;

		if (j == NULL)
			continue;
		switch (i) {
		case 0:
		case 5:
			good = show_read_ips(v, &f->real);
			break;
		case 1:
			good = show_read_ips(v, &f->mapped);
			break;
		case 2:
			good = show_read_ports(v, f->real_port);
			break;
		case 3:
			good = show_read_ports(v, f->mapped_port);
			break;
		case 4:
			good = read_iface(s, v, &f->iface);
			break;
		}
		if (good)
			continue;
		snprintf(ask->err, ask->err_size, "%s: found %.*s, expected %s", words[i].word,
			(int)v.n, v.p, words[i].expected);
		return false;
	}
	return true;
}

// ---- show xlate ---------------------------------------------------------------------------------

static const char *iface_name(const struct show *s, uint16_t iface)
{
	return iface < s->config->n_ifaces ? s->config->ifaces[iface].name : "any";
}

static cJSON *xlate_begin(const struct show *s, cJSON *list, uint8_t proto, uint16_t real_if,
	uint16_t mapped_if, const char *flags)
{
	cJSON *j = cJSON_CreateObject();

	cJSON_AddStringToObject(j, "protocol",
		proto == PROTO_TCP            ? "TCP"
			: proto == PROTO_UDP  ? "UDP"
			: proto == PROTO_ICMP ? "ICMP"
					      : "any");
	cJSON_AddStringToObject(j, "from", iface_name(s, real_if));
	cJSON_AddStringToObject(j, "to", iface_name(s, mapped_if));
	cJSON_AddStringToObject(j, "flags", flags);
	cJSON_AddItemToArray(list, j);
	return j;
}

// A host's address is for any protocol.
static const char *dynamic_flags(const struct dp_xlate *x)
{
	return x->proto == PROTO_ANY ? "i" : "ri";
}

static void add_dynamic(const struct show *s, cJSON *list, const struct dp_xlate *x)
{
	const struct config_timeouts *t = &s->config->timeouts;
	cJSON *j = xlate_begin(s, list, x->proto, x->real_if, x->mapped_if, dynamic_flags(x));

	show_endpoint(j, "real", &x->real);
	show_endpoint(j, "mapped", &x->mapped);
	show_u64(j, "sessions", x->sessions);
	show_u64(j, "idle_s", x->idle_s);
	show_u64(j, "timeout_s", x->proto == PROTO_ANY ? t->xlate_s : t->pat_xlate_s);
}

// The flag that a translation of the asked-for type has; 0: any type. False: there is no such type.
static bool read_type(const struct ask *ask, char *flag)
{
	static const struct {
		const char *type;
		char flag;
	} types[] = {{"static", 's'}, {"dynamic", 'i'}, {"portmap", 'r'}, {"identity", 'I'},
		{"twice-nat", 'T'}};
	const cJSON *j = cJSON_GetObjectItemCaseSensitive(ask->args, "type");

	*flag = 0;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (cJSON_IsString(j) && strcmp(j->valuestring, types[i].type) == 0)
			*flag = types[i].flag;
	if (j == NULL || *flag != 0)
		return true;
	snprintf(ask->err, ask->err_size,
		"type: found %.80s, expected static, dynamic, portmap, identity or twice-nat",
		cJSON_IsString(j) ? j->valuestring : "");
	return false;
}

static bool type_is_meant(char type, const char *flags)
{
	return type == 0 || strchr(flags, type) != NULL;
}

static void add_static_side(
	cJSON *j, const char *name, const char *ips, uint16_t port, uint16_t more)
{
	cJSON *side = cJSON_AddObjectToObject(j, name);

	cJSON_AddStringToObject(side, "ip", ips);
	if (port != 0)
		show_u64(side, "port", port);
	if (more != 0)
		show_u64(side, "last_port", (unsigned int)port + more);
}

static void static_flags(const struct nat_rule *r, char flags[8])
{
	snprintf(flags, 8, "s%s%s%s", nat_is_identity(r) ? "I" : "",
		r->proto != PROTO_ANY ? "r" : "", r->section != NAT_AUTO ? "T" : "");
}

static void add_static(const struct show *s, cJSON *list, const struct nat_rule *r)
{
	char flags[8], real[NAT_SIDE_TEXT_MAX], mapped[NAT_SIDE_TEXT_MAX];
	cJSON *j;

	static_flags(r, flags);
	j = xlate_begin(s, list, r->proto, r->real_if, r->mapped_if, flags);
	add_static_side(j, "real", nat_real_format(r, real), r->real_port, r->more_ports);
	add_static_side(j, "mapped", nat_mapped_format(r, mapped), r->mapped_port, r->more_ports);
	show_u64(j, "line", r->line);
}

static bool side_is_meant(const struct nat_pool *ips, const uint16_t ports[2], struct nat_pool side,
	uint16_t port, uint16_t more)
{
	if (!ip_is_none(&ips->first) && !nat_pools_meet(&side, ips))
		return false;
	return port == 0 || (ports[0] == 0 && ports[1] == 0) ||
		(port + more >= ports[0] && port <= ports[1]);
}

static bool iface_has(const struct nat_rule *r, uint16_t iface)
{
	return iface == NAT_IFACE_ANY || r->real_if == NAT_IFACE_ANY ||
		r->mapped_if == NAT_IFACE_ANY || iface == r->real_if || iface == r->mapped_if;
}

static bool static_is_meant(const struct nat_filter *f, const struct nat_rule *r)
{
	if (r->kind != NAT_STATIC)
		return false;
	if (!iface_has(r, f->iface))
		return false;
	return side_is_meant(&f->real, f->real_port, nat_real(r), r->real_port, r->more_ports) &&
		side_is_meant(
			&f->mapped, f->mapped_port, nat_mapped(r), r->mapped_port, r->more_ports);
}

cJSON *show_xlate(const struct show *s, const struct ask *ask)
{
	struct dp_xlate *xlates = calloc(XLATES_MAX, sizeof(*xlates));
	cJSON *j, *list;
	struct nat_filter f;
	struct dp_usage u = {0};
	size_t n = 0, fixed = 0;
	char type, flags[8];

	if (!read_filter(s, ask, &f) || !read_type(ask, &type)) {
		free(xlates);
		return NULL;
	}
	if (xlates != NULL && type_is_meant(type, "ri"))
		n = dp_xlates(&f, xlates, XLATES_MAX);
	dp_usage(&u);
	j = cJSON_CreateObject();
	list = cJSON_AddArrayToObject(j, "xlates");
	for (size_t i = 0; i < s->config->n_nat; i++) {
		fixed += s->config->nat[i].kind == NAT_STATIC;
		static_flags(&s->config->nat[i], flags);
		if (static_is_meant(&f, &s->config->nat[i]) && type_is_meant(type, flags))
			add_static(s, list, &s->config->nat[i]);
	}
	for (size_t i = 0; i < n; i++)
		if (type_is_meant(type, dynamic_flags(&xlates[i])))
			add_dynamic(s, list, &xlates[i]);
	show_u64(j, "in_use", u.xlates + fixed);
	show_u64(j, "most_used", u.xlates_most + fixed);
	cJSON_AddBoolToObject(j, "cut", n == XLATES_MAX); // there are more
	free(xlates);
	return j;
}

cJSON *show_clear_xlate(const struct show *s, const struct ask *ask)
{
	struct dp_msg m = {.version = DP_MSG_VERSION, .type = DP_MSG_XLATE_CLEAR};

	if (!read_filter(s, ask, &m.xlate))
		return NULL;
	if (dp_send(&m) < 0) {
		snprintf(ask->err, ask->err_size, "the workers are busy; try again");
		return NULL;
	}
	return cJSON_CreateTrue();
}

// ---- show nat -----------------------------------------------------------------------------------

static void add_nat_side(cJSON *j, const char *name, const char *origin, const char *translated)
{
	cJSON *side = cJSON_AddObjectToObject(j, name);

	cJSON_AddStringToObject(side, "origin", origin);
	cJSON_AddStringToObject(side, "translated", translated);
}

// The addresses of the rules of one line, as far as a person reads them.
#define SIDES_TEXT_MAX 2048

static void list_add(char *list, const char *text)
{
	const size_t n = strlen(list);

	if (n + strlen(text) + sizeof(", ...") < SIDES_TEXT_MAX)
		snprintf(list + n, SIDES_TEXT_MAX - n, "%s%s", n > 0 ? ", " : "", text);
	else if (n < 4 || strcmp(list + n - 4, " ...") != 0)
		snprintf(list + n, SIDES_TEXT_MAX - n, ", ...");
}

static size_t ports_text(const char *of, uint16_t first, uint16_t more, char *buf, size_t size)
{
	if (first == 0)
		return 0;
	if (more == 0)
		return (size_t)snprintf(buf, size, " %s eq %u", of, first);
	return (size_t)snprintf(buf, size, " %s range %u %u", of, first, first + more);
}

// "tcp source eq 5070 destination eq 80", as in the command; of the side that has these ports.
static void service_text(
	const struct nat_rule *r, uint16_t source, uint16_t destination, char *buf, size_t size)
{
	size_t n = (size_t)snprintf(buf, size, "%s", r->proto == PROTO_TCP ? "tcp" : "udp");

	n += ports_text("source", source, r->more_ports, buf + n, size - n);
	ports_text("destination", destination, r->dst_more_ports, buf + n, size - n);
}

static void translated_format(const struct nat_rule *r, char *buf, size_t size)
{
	char pools[NAT_GIVEN_TEXT_MAX];

	if (r->kind == NAT_STATIC)
		nat_mapped_format(r, buf);
	else if (nat_given_size(r) > 0)
		snprintf(buf, size, "%s%s", nat_given_format(r, pools),
			r->interface ? " interface" : "");
	else
		snprintf(buf, size, "interface");
}

// Sources of `n` rules of a line, each once: its rules with other destinations follow one another. One that
// all have, as a pool, is told once.
static void add_sources(cJSON *j, const struct nat_rule *r, size_t n)
{
	char origins[SIDES_TEXT_MAX] = "", translated[SIDES_TEXT_MAX] = "";
	char real[NAT_SIDE_TEXT_MAX], to[NAT_GIVEN_TEXT_MAX + 32], last[sizeof(real)] = "";

	for (size_t i = 0; i < n; i++) {
		nat_real_format(&r[i], real);
		if (strcmp(real, last) == 0)
			continue;
		memcpy(last, real, sizeof(last));
		list_add(origins, real);
		translated_format(&r[i], to, sizeof(to));
		if (i == 0 || r->kind == NAT_STATIC)
			list_add(translated, to);
	}
	add_nat_side(j, "source", origins, translated);
}

static bool same_source(const struct nat_rule *a, const struct nat_rule *b)
{
	const struct nat_pool x = nat_real(a), y = nat_real(b);

	return ip_eq(&x.first, &y.first) && ip_eq(&x.last, &y.last);
}

static void add_destinations(cJSON *j, const struct nat_rule *r, size_t n)
{
	char origins[SIDES_TEXT_MAX] = "", translated[SIDES_TEXT_MAX] = "";
	char text[ENDPOINT_TEXT_MAX];

	for (size_t i = 0; i < n && same_source(r, &r[i]); i++) {
		list_add(origins, prefix_format(&r[i].dst_mapped, text));
		list_add(translated, prefix_format(&r[i].dst_real, text));
	}
	add_nat_side(j, "destination", origins, translated);
}

static void add_nat_sides(cJSON *j, const struct nat_rule *r, size_t n)
{
	char origin[80], translated[80];

	add_sources(j, r, n);
	if (nat_is_twice(r))
		add_destinations(j, r, n);
	if (r->proto == PROTO_ANY)
		return;
	service_text(r, r->real_port, r->dst_mapped_port, origin, sizeof(origin));
	service_text(r, r->mapped_port, r->dst_real_port, translated, sizeof(translated));
	add_nat_side(j, "service", origin, translated);
}

// Of all rules that a line makes.
static void add_nat_hits(cJSON *j, const struct nat_rule *r, size_t n)
{
	uint64_t sum[2] = {0}, translated, untranslated;

	for (size_t i = 0; i < n; i++) {
		dp_nat_hits(r[i].id, &translated, &untranslated);
		sum[0] += translated;
		sum[1] += untranslated;
	}
	show_u64(j, "translate_hits", sum[0]);
	show_u64(j, "untranslate_hits", sum[1]);
}

static bool prefix_meets(const struct prefix *p, const struct nat_pool *ips)
{
	return p->len != 0 &&
		(prefix_has(p, &ips->first) || prefix_has(p, &ips->last) ||
			nat_pool_has(ips, &p->ip));
}

// Whether a rule has any of the addresses on either side, of the source or of the destination.
static bool rule_has(const struct show *s, const struct nat_rule *r, const struct nat_pool *ips)
{
	const struct nat_pool real = nat_real(r), mapped = nat_mapped(r);

	if (nat_pools_meet(&real, ips) || prefix_meets(&r->dst_real, ips) ||
		prefix_meets(&r->dst_mapped, ips))
		return true;
	if (r->kind == NAT_STATIC)
		return nat_pools_meet(&mapped, ips);
	return nat_given_meets(r, ips) ||
		(r->interface && r->mapped_if != NAT_IFACE_ANY &&
			nat_pool_has(ips, &s->config->ifaces[r->mapped_if].ip));
}

// One line of the file, whose `n` rules its groups make.
static bool line_is_meant(
	const struct show *s, const struct nat_filter *f, const struct nat_rule *r, size_t n)
{
	if (!iface_has(r, f->iface))
		return false;
	for (size_t i = 0; i < n; i++)
		if (ip_is_none(&f->real.first) || rule_has(s, &r[i], &f->real))
			return true;
	return false;
}

// "address" is of any side.
cJSON *show_nat(const struct show *s, const struct ask *ask)
{
	char text[CONFIG_NAT_TEXT_MAX];
	struct nat_filter f;
	cJSON *list;
	size_t n;

	if (!read_filter(s, ask, &f))
		return NULL;
	list = cJSON_CreateArray();
	for (size_t i = 0; i < s->config->n_nat; i += n) {
		const struct nat_rule *r = &s->config->nat[i];
		cJSON *j;

		for (n = 1; i + n < s->config->n_nat && r[n].part > 0 && r[n].line == r->line;)
			n++;
		if (!line_is_meant(s, &f, r, n))
			continue;
		j = cJSON_CreateObject();
		show_u64(j, "section", r->section + 1u);
		cJSON_AddStringToObject(j, "from", iface_name(s, r->real_if));
		cJSON_AddStringToObject(j, "to", iface_name(s, r->mapped_if));
		cJSON_AddStringToObject(j, "rule", config_nat_text(r, text));
		if (n > 1)
			show_u64(j, "rules", n); // of which `rule` is the first
		show_u64(j, "line", r->line);
		add_nat_hits(j, r, n);
		add_nat_sides(j, r, n);
		cJSON_AddItemToArray(list, j);
	}
	return list;
}

cJSON *show_nat_clear(const struct show *s, const struct ask *ask)
{
	for (size_t i = 0; i < s->config->n_nat; i++)
		dp_nat_hits_clear(s->config->nat[i].id);
	return cJSON_CreateTrue();
}
