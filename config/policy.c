// SPDX-License-Identifier: BSD-3-Clause
// class-maps, policy-maps and the service-policy, resolved into config.inspects and config.conn_limits.
// Called from config/load.c.
#include "config/schema.h"

#include <stdlib.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void read_match_acl(struct loader *l, const struct node *n, void *obj)
{
	*(int *)obj =
		read_ref(l, n, node_get(l->root, "access-lists"), "the name of an access list");
}

static void read_traffic_type(struct loader *l, const struct node *n, void *obj)
{
	fault_expected(l, n, "regex or inspect sip; a class of traffic has no type");
}

// A word alone, as the ASA has it, is told as the key that it would be.
static void read_word(
	struct loader *l, const struct node *n, const struct field *fields, size_t count, void *obj)
{
	struct node key = *n, map = *n;

	key.key = n->text;
	key.key_at = n->at;
	key.next = NULL;
	map.kind = NODE_MAP;
	map.children = &key;
	map.n = 1;
	read_map(l, &map, fields, count, obj);
}

#define NOT_MATCHED(word)                                                                          \
	{                                                                                          \
		word, .kind = FIELD_REFUSED,                                                       \
		      .expected = "access-list: NAME, a list that permits what is meant, "         \
				  "such as tcp any any eq sip"                                     \
	}

static void read_match(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"access-list", .kind = FIELD_READ, .read = read_match_acl},
		NOT_MATCHED("any"),
		NOT_MATCHED("default-inspection-traffic"),
		NOT_MATCHED("dscp"),
		NOT_MATCHED("flow"),
		NOT_MATCHED("port"),
		NOT_MATCHED("precedence"),
		NOT_MATCHED("rtp"),
		NOT_MATCHED("tunnel-group"),
	};

	if (n->kind == NODE_SCALAR && n->text.n > 0)
		read_word(l, n, fields, COUNT(fields), obj);
	else
		read_map(l, n, fields, COUNT(fields), obj);
	if (n->kind == NODE_MAP && n->n == 0)
		fault(l, n, "found no access-list, expected one");
}

// What a class-map or policy-map is: the manual's `type`. "" when it says none.
static struct str type_of(const struct node *n)
{
	const struct node *type = node_get(n, "type");

	return type != NULL && type->kind == NODE_SCALAR ? type->text : STR_LIT("");
}

static void read_class_map(struct loader *l, const struct node *n, int *acl)
{
	static const struct field fields[] = {
		{"type", .kind = FIELD_READ, .read = read_traffic_type},
		{"match", .kind = FIELD_READ, .required = true, .read = read_match},
	};
	char name[CONFIG_NAME_MAX];

	read_entry_name(l, n, name, sizeof(name));
	read_map(l, n, fields, COUNT(fields), acl);
}

// Room for as many as there are entries: not all are of one type.
static bool class_arrays(struct loader *l, const struct node *n, struct config *c)
{
	size_t count;

	if (!want_map(l, n) ||
		!read_array(l, n, sizeof(*l->class_acls), (void **)&l->class_acls, &count))
		return false;
	if (!read_array(l, n, sizeof(*c->regex_classes), (void **)&c->regex_classes, &count) ||
		!read_array(l, n, sizeof(*c->sip_classes), (void **)&c->sip_classes, &count))
		return false;
	for (size_t i = 0; i < count; i++)
		l->class_acls[i] = -1;
	return true;
}

void read_class_maps(struct loader *l, const struct node *n, void *obj)
{
	struct config *c = obj;
	size_t i = 0;

	if (!class_arrays(l, n, c))
		return;
	for (const struct node *x = n->children; x != NULL; x = x->next)
		if (str_eq(type_of(x), STR_LIT("regex")))
			read_regex_class(l, x, &c->regex_classes[c->n_regex_classes++]);
	for (const struct node *x = n->children; x != NULL; x = x->next, i++) {
		if (str_eq(type_of(x), STR_LIT("regex")))
			continue;
		if (str_eq(type_of(x), STR_LIT("inspect sip")))
			read_sip_class(l, x, &c->sip_classes[c->n_sip_classes++]);
		else
			read_class_map(l, x, &l->class_acls[i]);
	}
}

// A class of a policy map: it is inspected, or limited.
struct class_entry {
	struct config_inspect inspect;
	struct config_conn_limits limits;
};

#define CLASS_DEFAULT STR_LIT("class-default")

static void read_class(struct loader *l, const struct node *n, void *obj)
{
	const struct node *maps = node_get(l->root, "class-maps");
	struct class_entry *x = obj;
	int i;

	str_copy(n->text, x->inspect.class_name, sizeof(x->inspect.class_name));
	if (n->kind == NODE_SCALAR && str_eq(n->text, CLASS_DEFAULT))
		return;
	i = read_ref(l, n, maps, "the name of a class-map");
	if (i < 0 || l->class_acls == NULL)
		return;
	x->inspect.acl = l->class_acls[i];
	if (type_of(node_at(maps, (size_t)i)).n > 0)
		fault_expected(l, n, "a class-map that matches an access-list, without a type");
}

static void read_inspect_proxy(struct loader *l, const struct node *n, void *obj)
{
	((struct config_inspect *)obj)->tls_proxy =
		read_ref(l, n, node_get(l->root, "tls-proxies"), "the name of a tls-proxy");
}

static void read_inspect_ime(struct loader *l, const struct node *n, void *obj)
{
	((struct config_inspect *)obj)->ime =
		read_ref(l, n, node_get(l->root, "uc-ime"), "the name of a uc-ime");
}

static void read_inspect_map(struct loader *l, const struct node *n, void *obj)
{
	((struct config_inspect *)obj)->sip_map =
		read_named(l, n, l->c->sip_maps, sizeof(*l->c->sip_maps), l->c->n_sip_maps,
			"the name of a policy-map of type inspect sip");
}

static void read_inspect_sip(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"tls-proxy", .kind = FIELD_READ, .required = true, .read = read_inspect_proxy},
		{"uc-ime", .kind = FIELD_READ, .required = true, .read = read_inspect_ime},
		{"policy-map", .kind = FIELD_READ, .read = read_inspect_map},
	};

	if (n->kind == NODE_SCALAR)
		fault(l, n,
			"found no tls-proxy and no uc-ime, expected {tls-proxy: NAME, uc-ime: "
			"NAME}");
	else
		read_map(l, n, fields, COUNT(fields), obj);
}

#define NOT_INSPECTED(word, instead)                                                               \
	{                                                                                          \
		word, .kind = FIELD_REFUSED, .expected = "sip alone: take it out, " instead        \
	}
#define AS_IT_IS "its payload passes as it is, where an access list permits it"
#define DATA_TOO                                                                                   \
	"and permit its data connections in an access list; addresses in its payload pass as "     \
	"they are"

// What the ASA inspects, and what becomes of it here.
static void read_inspect(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"sip", .kind = FIELD_READ, .read = read_inspect_sip},
		NOT_INSPECTED("ftp",
			"clients behind us use passive mode, a server behind us has its data ports "
			"in "
			"an access list"),
		NOT_INSPECTED("icmp", "answers and errors of ICMP always come in by their session"),
		NOT_INSPECTED("icmp error", "errors of ICMP are always translated"),
		NOT_INSPECTED("ip-options", "the section ip-options is in force for all traffic"),
		NOT_INSPECTED("dns", AS_IT_IS),
		NOT_INSPECTED("esmtp", AS_IT_IS),
		NOT_INSPECTED("http", AS_IT_IS),
		NOT_INSPECTED("snmp", AS_IT_IS),
		NOT_INSPECTED("ctiqbe", DATA_TOO),
		NOT_INSPECTED("dcerpc", DATA_TOO),
		NOT_INSPECTED("gtp", AS_IT_IS),
		NOT_INSPECTED("h323", DATA_TOO),
		NOT_INSPECTED("ils", DATA_TOO),
		NOT_INSPECTED("ipsec-pass-thru", "and permit esp in an access list"),
		NOT_INSPECTED("mgcp", DATA_TOO),
		NOT_INSPECTED("netbios", DATA_TOO),
		NOT_INSPECTED("pptp", "and permit gre in an access list"),
		NOT_INSPECTED("rsh", DATA_TOO),
		NOT_INSPECTED("rtsp", DATA_TOO),
		NOT_INSPECTED("skinny", DATA_TOO),
		NOT_INSPECTED("sqlnet", DATA_TOO),
		NOT_INSPECTED("sunrpc", DATA_TOO),
		NOT_INSPECTED("tftp", DATA_TOO),
		NOT_INSPECTED("xdmcp", DATA_TOO),
	};

	void *inspect = &((struct class_entry *)obj)->inspect;

	if (n->kind == NODE_SCALAR && n->text.n > 0)
		read_word(l, n, fields, COUNT(fields), inspect);
	else if (n->kind == NODE_LIST && n->n > 0 && n->children->kind == NODE_SCALAR)
		read_inspect(l, n->children, obj);
	else
		read_map(l, n, fields, COUNT(fields), inspect);
	if (n->kind == NODE_MAP && n->n == 0)
		fault(l, n, "found nothing, expected sip");
}

static void read_limits_of_class(struct loader *l, const struct node *n, void *obj)
{
	read_set_connection(l, n, &((struct class_entry *)obj)->limits);
}

// Every policy map is judged; the one in service (the service-policy is read after this) is kept.
static bool in_service(const struct loader *l, const struct node *map)
{
	const struct node *name = node_get(node_get(l->root, "service-policy"), "policy-map");

	return name != NULL && name->kind == NODE_SCALAR && str_eq(name->text, map->key);
}

static void read_entry(struct loader *l, const struct node *n, struct class_entry *x)
{
	static const struct field fields[] = {
		{"class", .kind = FIELD_READ, .required = true, .read = read_class},
		{"inspect", .kind = FIELD_READ, .read = read_inspect},
		{"set-connection", .kind = FIELD_READ, .read = read_limits_of_class},
	};
	const struct node *inspect = node_get(n, "inspect"), *set = node_get(n, "set-connection");

	*x = (struct class_entry){.inspect = {.acl = -1, .tls_proxy = -1, .ime = -1, .sip_map = -1},
		.limits = {.conn_max = CONFIG_LIMIT_UNSET,
			.embryonic_max = CONFIG_LIMIT_UNSET,
			.client_max = CONFIG_LIMIT_UNSET,
			.client_embryonic_max = CONFIG_LIMIT_UNSET,
			.embryonic_rate = CONFIG_LIMIT_UNSET}};
	read_map(l, n, fields, COUNT(fields), x);
	x->limits.acl = x->inspect.acl;
	str_copy(str_from(x->inspect.class_name), x->limits.class_name,
		sizeof(x->limits.class_name));
	if (n->kind == NODE_MAP && inspect == NULL && set == NULL)
		fault(l, n, "found neither inspect nor set-connection, expected one");
	if (inspect != NULL && set != NULL)
		fault(l, set,
			"found beside inspect, expected in a class of its own: connections of an "
			"inspected "
			"class end here (see embryonic-conn-max of tls-proxy)");
	if (inspect != NULL && str_eq(str_from(x->inspect.class_name), CLASS_DEFAULT))
		fault(l, inspect,
			"found in class-default, expected in a class with an access-list");
}

// Puts the classes of the map in service where they belong.
static void keep(struct loader *l, const struct node *n, const struct class_entry *list)
{
	struct config *c = l->c;
	size_t count = 0;

	if (!read_array(l, n, sizeof(*c->inspects), (void **)&c->inspects, &count) ||
		!read_array(l, n, sizeof(*c->conn_limits), (void **)&c->conn_limits, &count))
		return;
	for (const struct node *x = n->children; x != NULL; x = x->next, list++) {
		if (node_get(x, "inspect") != NULL) {
			c->inspects[c->n_inspects++] = list->inspect;
		} else if (str_eq(str_from(list->limits.class_name), CLASS_DEFAULT)) {
			struct config_conn_limits given = list->limits;

			conn_limits_inherit(&given, &c->conn_limits_default);
			c->conn_limits_default = given;
		} else {
			c->conn_limits[c->n_conn_limits++] = list->limits;
		}
	}
	for (size_t i = 0; i < c->n_conn_limits; i++)
		conn_limits_inherit(&c->conn_limits[i], &c->conn_limits_default);
}

static void read_policy_map(struct loader *l, const struct node *n)
{
	struct class_entry *list = NULL;
	char name[CONFIG_NAME_MAX];
	size_t count, i = 0;

	read_entry_name(l, n, name, sizeof(name));
	if (!want_list(l, n) || !read_array(l, n, sizeof(*list), (void **)&list, &count))
		return;
	for (const struct node *x = n->children; x != NULL; x = x->next, i++)
		read_entry(l, x, &list[i]);
	if (in_service(l, n)) {
		l->c->policy_map = n->key;
		keep(l, n, list);
	}
	free(list);
}

static bool is_sip_map(const struct node *n)
{
	return str_eq(type_of(n), STR_LIT("inspect sip"));
}

void read_policy_maps(struct loader *l, const struct node *n, void *obj)
{
	struct config *c = obj;
	size_t count;

	if (!want_map(l, n) ||
		!read_array(l, n, sizeof(*c->sip_maps), (void **)&c->sip_maps, &count))
		return;
	for (const struct node *x = n->children; x != NULL; x = x->next)
		if (is_sip_map(x))
			read_sip_map(l, x, &c->sip_maps[c->n_sip_maps++]);
	for (const struct node *x = n->children; x != NULL; x = x->next) {
		if (is_sip_map(x))
			continue;
		if (x->kind == NODE_MAP)
			fault(l, x,
				"found a mapping, expected type: inspect sip in it, or a list "
				"of classes");
		else
			read_policy_map(l, x);
	}
}

static void read_service_map(struct loader *l, const struct node *n, void *obj)
{
	const struct node *maps = node_get(l->root, "policy-maps");
	int i = read_ref(l, n, maps, "the name of a policy-map");

	if (i >= 0 && is_sip_map(node_at(maps, (size_t)i)))
		fault_expected(l, n,
			"a policy-map of classes; one of type inspect sip belongs into "
			"inspect: {sip: {policy-map: ...}}");
}

static void read_scope(struct loader *l, const struct node *n, void *obj)
{
	if (want_scalar(l, n, "global") && !str_eq(n->text, STR_LIT("global")))
		fault_expected(l, n, "global");
}

void read_service_policy(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"policy-map", .kind = FIELD_READ, .required = true, .read = read_service_map},
		{"scope", .kind = FIELD_READ, .required = true, .read = read_scope},
		{"interface", .kind = FIELD_REFUSED, .expected = "scope: global"},
	};

	if (n->kind == NODE_LIST)
		fault_expected(l, n, "one service-policy");
	else
		read_map(l, n, fields, COUNT(fields), obj);
}
