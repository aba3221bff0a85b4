// SPDX-License-Identifier: BSD-3-Clause
// Stable ids of rules; see config/ids.h. Called at the end of config/load.c.
#include "config/ids.h"

#include <errno.h>
#include <stdlib.h>

#define SCOPE_NAT   "(nat)" // no access list can be called that
#define SCOPE_CLASS "(class)"

// The ids given so far, by open addressing, each with the next ordinal to try after it.
struct id_set {
	struct id_slot {
		uint32_t id;
		uint32_t next_ordinal; // 0: empty
	} * slots;
	size_t mask;
};

static struct id_slot *slot_of(struct id_set *s, uint32_t id)
{
	size_t i = id & s->mask;

	while (s->slots[i].next_ordinal != 0 && s->slots[i].id != id)
		i = (i + 1) & s->mask;
	return &s->slots[i];
}

// FNV-1a, 32 bits; the NUL behind each string parts them.
static uint32_t hash_string(uint32_t h, const char *z)
{
	do
		h = (h ^ (uint8_t)*z) * 16777619U;
	while (*z++ != '\0');
	return h;
}

static uint32_t hash_rule(const char *scope, const char *text, uint32_t ordinal)
{
	uint32_t h = hash_string(hash_string(2166136261U, scope), text);

	for (int shift = 24; shift >= 0; shift -= 8)
		h = (h ^ (uint8_t)(ordinal >> shift)) * 16777619U;
	return h;
}

// An id that is taken, by an identical rule or by chance, leads to the next ordinal.
static uint32_t id_take(struct id_set *s, const char *scope, const char *text)
{
	struct id_slot *first = slot_of(s, hash_rule(scope, text, 0)), *slot = first;
	uint32_t id = hash_rule(scope, text, 0);

	while (slot->next_ordinal != 0) {
		id = hash_rule(scope, text, first->next_ordinal++);
		slot = slot_of(s, id);
	}
	*slot = (struct id_slot){.id = id, .next_ordinal = 1};
	return id;
}

static void nat_text(const struct config *c, const struct nat_rule *r, char *buf, size_t size)
{
	char real[NAT_SIDE_TEXT_MAX], mapped[NAT_SIDE_TEXT_MAX], pools[NAT_GIVEN_TEXT_MAX];
	char from[NAT_PORTS_TEXT_MAX], to[NAT_PORTS_TEXT_MAX];
	int n = snprintf(buf, size, "(%s,%s) %s",
		r->real_if == NAT_IFACE_ANY ? "any" : c->ifaces[r->real_if].name,
		r->mapped_if == NAT_IFACE_ANY ? "any" : c->ifaces[r->mapped_if].name,
		nat_real_format(r, real));

	if (r->kind == NAT_STATIC)
		snprintf(buf + n, size - (size_t)n, " %s %u %s %s", nat_mapped_format(r, mapped),
			r->proto, nat_ports_format(r->real_port, r->more_ports, from),
			nat_ports_format(r->mapped_port, r->more_ports, to));
	else
		snprintf(buf + n, size - (size_t)n, " %s %s %u",
			r->kind == NAT_PAT ? "pat" : "dynamic", nat_given_format(r, pools),
			r->interface);
}

static void destination_text(const struct nat_rule *r, char *buf, size_t size)
{
	char mapped[ENDPOINT_TEXT_MAX], real[ENDPOINT_TEXT_MAX];
	char from[NAT_PORTS_TEXT_MAX], to[NAT_PORTS_TEXT_MAX];

	if (nat_is_twice(r))
		snprintf(buf, size, " destination %s %s %s %s",
			prefix_format(&r->dst_mapped, mapped), prefix_format(&r->dst_real, real),
			nat_ports_format(r->dst_mapped_port, r->dst_more_ports, from),
			nat_ports_format(r->dst_real_port, r->dst_more_ports, to));
}

int ids_assign(struct config *c)
{
	char text[2 * CONFIG_NAME_MAX + 320 + NAT_GIVEN_TEXT_MAX];
	size_t n = c->n_nat + c->n_conn_limits + 1, size = 16;
	struct id_set s;

	for (size_t i = 0; i < c->n_acls; i++)
		n += c->acls[i].n + c->acls[i].n_entries;
	while (size < 2 * n)
		size *= 2;
	s = (struct id_set){calloc(size, sizeof(*s.slots)), size - 1};
	if (s.slots == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < c->n_acls; i++)
		for (size_t k = 0; k < c->acls[i].n; k++) {
			ace_format(&c->acls[i].aces[k], text, sizeof(text));
			c->acls[i].aces[k].id = id_take(&s, c->acls[i].name, text);
		}
	for (size_t i = 0; i < c->n_acls; i++)
		for (size_t k = 0; k < c->acls[i].n_entries; k++)
			if (c->acls[i].entries[k].text != NULL)
				c->acls[i].entries[k].id =
					id_take(&s, c->acls[i].name, c->acls[i].entries[k].text);
	for (size_t i = 0; i < c->n_nat; i++) {
		nat_text(c, &c->nat[i], text, sizeof(text));
		destination_text(&c->nat[i], text + strlen(text), sizeof(text) - strlen(text));
		c->nat[i].id = id_take(&s, SCOPE_NAT, text);
	}
	for (size_t i = 0; i < c->n_conn_limits; i++)
		c->conn_limits[i].id = id_take(&s, SCOPE_CLASS, c->conn_limits[i].class_name);
	c->conn_limits_default.id = id_take(&s, SCOPE_CLASS, c->conn_limits_default.class_name);
	free(s.slots);
	return 0;
}
