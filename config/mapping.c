// SPDX-License-Identifier: BSD-3-Clause
// The off-path mapping service of a uc-ime (protocol.md 6.3 and 9.1), and what the rest of the
// configuration must have for it. Called from config/uc_ime.c and config/check_ime.c.
#include "config/check.h"
#include "lib/mapping_msg.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define METHOD_MAX 0xfff // RFC 8489 5
#define PORT_MIN   1024

static void read_listening_iface(struct loader *l, const struct node *n, void *obj)
{
	int i = read_iface(l, n);

	if (i >= 0)
		((struct config_mapping *)obj)->listening_iface = (uint16_t)i;
}

static void read_ime_iface(struct loader *l, const struct node *n, void *obj)
{
	int i = read_iface(l, n);

	if (i >= 0)
		((struct config_mapping *)obj)->ime_iface = (uint16_t)i;
}

static void read_port_range(struct loader *l, const struct node *n, void *obj)
{
	static const char expected[] = "two ports from 1024 to 65535, such as 40000-49999";
	struct config_mapping *m = obj;
	uint64_t first, last;
	struct str lo, hi;

	if (!want_scalar(l, n, expected))
		return;
	hi = str_split(n->text, '-', &lo);
	if (!str_to_u64(lo, UINT16_MAX, &first) || !str_to_u64(hi, UINT16_MAX, &last) ||
		first < PORT_MIN || first >= last) {
		fault_expected(l, n, expected);
		return;
	}
	m->first_port = (uint16_t)first;
	m->last_port = (uint16_t)last;
}

// As it stands in a registry: 0x0f0.
static bool hex_to_u16(struct str s, uint16_t *out)
{
	uint32_t v = 0;

	if (!str_has_caseprefix(s, STR_LIT("0x")) || s.n < 3 || s.n > 6)
		return false;
	for (size_t i = 2; i < s.n; i++) {
		const char c = s.p[i] | 0x20;

		if (c >= '0' && c <= '9')
			v = v << 4 | (uint32_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			v = v << 4 | (uint32_t)(c - 'a' + 10);
		else
			return false;
	}
	*out = (uint16_t)v;
	return true;
}

static void read_method(struct loader *l, const struct node *n, void *obj)
{
	static const char expected[] = "a STUN method from 0x001 to 0xfff";
	uint16_t method = 0;

	if (!want_scalar(l, n, expected))
		return;
	if (!hex_to_u16(n->text, &method) || method == 0 || method > METHOD_MAX)
		fault_expected(l, n, expected);
	else
		((struct config_mapping *)obj)->method = method;
}

static void read_key(struct loader *l, const struct node *n, void *obj)
{
	static const struct field file = {
		.kind = FIELD_PATH, FIELD_AT(struct config_mapping, key_file)};
	struct config_mapping *m = obj;

	read_field(l, n, &file, m);
	if (l->read_files && m->key_file[0] != '\0')
		secret_password(l, n, m->key_file, m->key);
}

void read_mapping_service(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"listening-interface", .kind = FIELD_READ, .required = true,
			.read = read_listening_iface},
		{"listening-port", .kind = FIELD_UINT,
			FIELD_AT(struct config_mapping, listening_port), .min = PORT_MIN,
			.max = UINT16_MAX, .expected = "a port"},
		{"uc-ime-interface", .kind = FIELD_READ, .required = true, .read = read_ime_iface},
		{"key", .kind = FIELD_READ, .read = read_key},
		{"idle", .kind = FIELD_TIME, FIELD_AT(struct config_mapping, idle_s), .min = 5,
			.max = 86400},
		{"port-range", .kind = FIELD_READ, .read = read_port_range},
		{"quota", .kind = FIELD_UINT, FIELD_AT(struct config_mapping, quota), .min = 1,
			.max = UINT16_MAX, .expected = "mappings of a call manager,"},
		{"lifetime", .kind = FIELD_TIME, FIELD_AT(struct config_mapping, lifetime_s),
			.min = 5, .max = 86400},
		{"method", .kind = FIELD_READ, .read = read_method},
	};
	struct config_mapping *m = &((struct config_ime *)obj)->mapping;

	*m = (struct config_mapping){.listening_iface = UINT16_MAX,
		.listening_port = 8060,
		.ime_iface = UINT16_MAX,
		.first_port = 40000,
		.last_port = 49999,
		.method = MAPPING_METHOD,
		.quota = 10000,
		.idle_s = 1800,
		.lifetime_s = 600};
	if (n->kind == NODE_LIST) {
		fault(l, n, "found a list, expected one mapping service (CLI-3)");
		return;
	}
	read_map(l, n, fields, COUNT(fields), m);
	m->on = true;
}

// ---- What it needs -------------------------------------------------------------------------------

// `nat (outside,inside) dynamic interface inside`.
static bool has_rule(const struct config *c, const struct config_mapping *m)
{
	for (size_t i = 0; i < c->n_nat; i++) {
		const struct nat_rule *r = &c->nat[i];

		if (r->kind == NAT_PAT && r->interface && r->mapped_if == m->listening_iface &&
			(r->real_if == m->ime_iface || r->real_if == NAT_IFACE_ANY))
			return true;
	}
	return false;
}

static bool has_route(const struct config *c, uint16_t iface)
{
	for (size_t i = 0; i < c->n_routes; i++)
		if (c->routes[i].iface == iface)
			return true;
	return false;
}

// 1.3: the call managers are on the one trusted interface that the service listens on.
static void check_ucms(struct loader *l, const struct node *n, const struct config_ime *m)
{
	const struct config *c = l->c;

	for (size_t i = 0; i < m->n_ucms; i++) {
		int iface = config_iface_toward(c, &m->ucms[i].ip);
		char ip[IP_TEXT_MAX];

		if (iface < 0 || iface == m->mapping.listening_iface)
			continue;
		fault(l, n, "found %s, expected %s, on which the call manager %s is",
			c->ifaces[m->mapping.listening_iface].name, c->ifaces[iface].name,
			ip_format(&m->ucms[i].ip, ip));
		return;
	}
}

static void check_ports(struct loader *l, const struct node *n, const struct config_mapping *m)
{
	const struct node *at = node_get(n, "port-range");

	if (m->listening_port >= m->first_port && m->listening_port <= m->last_port)
		fault(l, at != NULL ? at : node_get(n, "listening-port"),
			"found ports %u to %u and the listening-port %u among them, expected it "
			"outside",
			m->first_port, m->last_port, m->listening_port);
}

void check_mapping(struct loader *l, const struct node *n, const struct config_ime *m)
{
	const struct config_mapping *s = &m->mapping;
	const struct config_iface *in, *out;
	const struct config *c = l->c;

	n = node_get(n, "mapping-service");
	if (!s->on || s->listening_iface >= c->n_ifaces || s->ime_iface >= c->n_ifaces)
		return;
	in = &c->ifaces[s->listening_iface];
	out = &c->ifaces[s->ime_iface];
	check_ports(l, n, s);
	if (s->listening_iface == s->ime_iface) {
		fault(l, node_get(n, "uc-ime-interface"),
			"found the listening-interface, expected the one toward the remote call "
			"managers");
		return;
	}
	check_ucms(l, node_get(n, "listening-interface"), m);
	if (in->security_level <= out->security_level)
		fault(l, node_get(n, "listening-interface"),
			"found %s, whose security-level is not above that of %s, expected a "
			"trusted interface",
			in->name, out->name);
	if (!has_rule(c, s))
		fault(l, n,
			"found no nat (%s,%s) dynamic interface, expected under nat: {from: %s, "
			"to: "
			"%s, source: {dynamic: {real: any, mapped: interface}}}",
			out->name, in->name, out->name, in->name);
	if (!has_route(c, s->ime_iface))
		fault(l, node_get(n, "uc-ime-interface"),
			"found no route over %s, expected under routes: {interface: %s, "
			"destination: 0.0.0.0/0, gateway: ADDRESS}",
			out->name, out->name);
}
