// SPDX-License-Identifier: BSD-3-Clause
// class-maps, policy-maps and the service-policy, resolved into config.inspects. Called from
// config/load.c.
#include "config/schema.h"

#include <stdlib.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void read_match_acl(struct loader *l, const struct node *n, void *obj)
{
	*(int *)obj =
		read_ref(l, n, node_get(l->root, "access-lists"), "the name of an access list");
}

static void read_match(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"access-list", .kind = FIELD_READ, .required = true, .read = read_match_acl},
	};

	read_map(l, n, fields, COUNT(fields), obj);
}

void read_class_maps(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"match", .kind = FIELD_READ, .required = true, .read = read_match},
	};
	char name[CONFIG_NAME_MAX];
	size_t count, i = 0;

	if (!want_map(l, n) ||
		!read_array(l, n, sizeof(*l->class_acls), (void **)&l->class_acls, &count))
		return;
	for (const struct node *x = n->children; x != NULL; x = x->next, i++) {
		l->class_acls[i] = -1;
		read_entry_name(l, x, name, sizeof(name));
		read_map(l, x, fields, COUNT(fields), &l->class_acls[i]);
	}
}

static void read_class(struct loader *l, const struct node *n, void *obj)
{
	struct config_inspect *x = obj;
	int i = read_ref(l, n, node_get(l->root, "class-maps"), "the name of a class-map");

	str_copy(n->text, x->class_name, sizeof(x->class_name));
	if (i >= 0 && l->class_acls != NULL)
		x->acl = l->class_acls[i];
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

static void read_inspect_sip(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"tls-proxy", .kind = FIELD_READ, .required = true, .read = read_inspect_proxy},
		{"uc-ime", .kind = FIELD_READ, .required = true, .read = read_inspect_ime},
		{"policy-map", .kind = FIELD_REFUSED, .expected = "tls-proxy and uc-ime"},
	};

	read_map(l, n, fields, COUNT(fields), obj);
}

static void read_inspect(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"sip", .kind = FIELD_READ, .required = true, .read = read_inspect_sip},
	};

	read_map(l, n, fields, COUNT(fields), obj);
}

// Every policy map is judged; the one in service (the service-policy is read after this) is kept.
static bool in_service(const struct loader *l, const struct node *map)
{
	const struct node *name = node_get(node_get(l->root, "service-policy"), "policy-map");

	return name != NULL && name->kind == NODE_SCALAR && str_eq(name->text, map->key);
}

static void read_policy_map(struct loader *l, const struct node *n, struct config *c)
{
	static const struct field fields[] = {
		{"class", .kind = FIELD_READ, .required = true, .read = read_class},
		{"inspect", .kind = FIELD_READ, .required = true, .read = read_inspect},
	};
	struct config_inspect *list = NULL;
	char name[CONFIG_NAME_MAX];
	size_t count, i = 0;

	read_entry_name(l, n, name, sizeof(name));
	if (!want_list(l, n) || !read_array(l, n, sizeof(*list), (void **)&list, &count))
		return;
	for (const struct node *x = n->children; x != NULL; x = x->next, i++) {
		list[i] = (struct config_inspect){.acl = -1, .tls_proxy = -1, .ime = -1};
		read_map(l, x, fields, COUNT(fields), &list[i]);
	}
	if (!in_service(l, n)) {
		free(list);
		return;
	}
	c->inspects = list;
	c->n_inspects = count;
}

void read_policy_maps(struct loader *l, const struct node *n, void *obj)
{
	if (!want_map(l, n))
		return;
	for (const struct node *x = n->children; x != NULL; x = x->next)
		read_policy_map(l, x, obj);
}

static void read_service_map(struct loader *l, const struct node *n, void *obj)
{
	read_ref(l, n, node_get(l->root, "policy-maps"), "the name of a policy-map");
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
