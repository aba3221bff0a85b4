// SPDX-License-Identifier: BSD-3-Clause
// Cold: control thread.
// Compiles access lists for dp/acl.c; called by dp/snapshot.c.
#include "dp/acl_build.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_acl.h>
#include <rte_errno.h>

#include "dp/acl_hits.h"

enum { FIELD_PROTO, FIELD_SRC, FIELD_DST, FIELD_SPORT, FIELD_DPORT, FIELDS };

// rte_acl reads its input in groups of four octets, the first of one octet: `input_index` names
// the group, and the two ports share one.
static const struct rte_acl_field_def field_defs[FIELDS] = {
	[FIELD_PROTO] = {RTE_ACL_FIELD_TYPE_BITMASK, sizeof(uint8_t), FIELD_PROTO, 0,
		offsetof(struct acl_key, proto)},
	[FIELD_SRC] = {RTE_ACL_FIELD_TYPE_MASK, sizeof(uint32_t), FIELD_SRC, 1,
		offsetof(struct acl_key, src)},
	[FIELD_DST] = {RTE_ACL_FIELD_TYPE_MASK, sizeof(uint32_t), FIELD_DST, 2,
		offsetof(struct acl_key, dst)},
	[FIELD_SPORT] = {RTE_ACL_FIELD_TYPE_RANGE, sizeof(uint16_t), FIELD_SPORT, 3,
		offsetof(struct acl_key, sport)},
	[FIELD_DPORT] = {RTE_ACL_FIELD_TYPE_RANGE, sizeof(uint16_t), FIELD_DPORT, 3,
		offsetof(struct acl_key, dport)},
};

RTE_ACL_RULE_DEF(acl_rule, FIELDS);

// The IPv4 part of a prefix; false when no IPv4 address is in it.
static bool prefix_v4(const struct prefix *p, struct rte_acl_field *out)
{
	const struct prefix all = {ip_from_v4_be(0), 96};

	if (p->len <= 96) {
		if (!prefix_has(p, &all.ip))
			return false;
		*out = (struct rte_acl_field){.value.u32 = 0, .mask_range.u32 = 0};
		return true;
	}
	if (!ip_is_v4(&p->ip))
		return false;
	out->value.u32 = rte_be_to_cpu_32(ip_to_v4_be(&p->ip));
	out->mask_range.u32 = p->len - 96u;
	return true;
}

static void ports_fill(const struct ace *a, const struct port_range *r, struct rte_acl_field *out)
{
	bool judged = ace_has_ports(a);

	out->value.u16 = judged ? r->lo : 0;
	out->mask_range.u16 = judged ? r->hi : UINT16_MAX;
}

// False: the entry can match no IPv4 flow.
static bool rule_fill(struct acl_rule *r, const struct ace *a, size_t index)
{
	memset(r, 0, sizeof(*r));
	r->data.category_mask = 1;
	r->data.priority = (int32_t)(RTE_ACL_MAX_PRIORITY - index);
	r->data.userdata = (uint32_t)index + 1;
	r->field[FIELD_PROTO].value.u8 = a->proto;
	r->field[FIELD_PROTO].mask_range.u8 = a->proto == PROTO_ANY ? 0 : UINT8_MAX;
	ports_fill(a, &a->sport, &r->field[FIELD_SPORT]);
	ports_fill(a, &a->dport, &r->field[FIELD_DPORT]);
	return prefix_v4(&a->src, &r->field[FIELD_SRC]) && prefix_v4(&a->dst, &r->field[FIELD_DST]);
}

static int list_compile(struct acl_list *l)
{
	static unsigned int serial; // rte_acl finds contexts by name: two must never share one
	char name[RTE_ACL_NAMESIZE];
	struct rte_acl_param param = {
		.name = name,
		.socket_id = SOCKET_ID_ANY,
		.rule_size = RTE_ACL_RULE_SZ(FIELDS),
		.max_rule_num = (uint32_t)l->n,
	};
	struct rte_acl_config config = {.num_categories = 1, .num_fields = FIELDS};
	struct acl_rule rule;
	size_t rules = 0;
	int err = 0;

	snprintf(name, sizeof(name), "acl%u", serial++);
	l->ctx = rte_acl_create(&param);
	if (l->ctx == NULL)
		return -rte_errno;
	for (size_t i = 0; i < l->n && err == 0; i++) {
		if (!rule_fill(&rule, &l->aces[i], i))
			continue;
		err = rte_acl_add_rules(l->ctx, (const struct rte_acl_rule *)&rule, 1);
		rules++;
	}
	if (err != 0)
		return err;
	if (rules == 0) { // rte_acl builds no empty list
		rte_acl_free(l->ctx);
		l->ctx = NULL;
		return 0;
	}
	memcpy(config.defs, field_defs, sizeof(field_defs));
	return rte_acl_build(l->ctx, &config);
}

static int places_take(struct acl_list *l)
{
	l->place = calloc(l->n + 1, sizeof(*l->place));
	if (l->place == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < l->n; i++)
		l->place[i] = acl_hits_take(l->aces[i].id);
	return 0;
}

static void places_put(struct acl_list *l)
{
	for (size_t i = 0; l->place != NULL && i < l->n; i++)
		acl_hits_put(l->aces[i].id, l->place[i]);
	free(l->place);
}

struct acl_list *acl_list_new(const struct ace *aces, size_t n)
{
	struct acl_list *l = calloc(1, sizeof(*l));
	int err = -ENOMEM;

	if (l == NULL)
		goto out;
	l->refs = 1;
	l->aces = calloc(n + 1, sizeof(*aces));
	if (l->aces == NULL)
		goto out;
	if (n > 0)
		memcpy(l->aces, aces, n * sizeof(*aces));
	l->n = n;
	err = n > 0 ? list_compile(l) : 0;
	if (err == 0)
		err = places_take(l);
	if (err == 0)
		return l;
out:
	if (l != NULL)
		acl_list_unref(l);
	errno = -err;
	return NULL;
}

struct acl_list *acl_list_ref(struct acl_list *l)
{
	l->refs++;
	return l;
}

void acl_list_unref(struct acl_list *l)
{
	if (--l->refs > 0)
		return;
	rte_acl_free(l->ctx);
	places_put(l);
	free(l->aces);
	free(l);
}

static bool prefix_eq(const struct prefix *a, const struct prefix *b)
{
	return a->len == b->len && ip_eq(&a->ip, &b->ip);
}

static bool range_eq(const struct port_range *a, const struct port_range *b)
{
	return a->lo == b->lo && a->hi == b->hi;
}

bool acl_list_is(const struct acl_list *l, const struct ace *aces, size_t n)
{
	if (l->n != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct ace *a = &l->aces[i], *b = &aces[i];

		if (a->id != b->id || a->line != b->line || a->entry != b->entry ||
			a->permit != b->permit || a->log != b->log || a->proto != b->proto ||
			!prefix_eq(&a->src, &b->src) || !prefix_eq(&a->dst, &b->dst) ||
			!range_eq(&a->sport, &b->sport) || !range_eq(&a->dport, &b->dport))
			return false;
	}
	return true;
}
