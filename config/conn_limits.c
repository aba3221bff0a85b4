// SPDX-License-Identifier: BSD-3-Clause
// set-connection of a class in a policy map: how many flows a host may have. Called from
// config/policy.c.
#include "config/schema.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define LIMIT(name, member, what)                                                                  \
	{                                                                                          \
		name, .kind = FIELD_UINT, FIELD_AT(struct config_conn_limits, member), .min = 0,   \
		      .max = 2000000, .expected = what " (0: no limit)"                            \
	}

void read_set_connection(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		LIMIT("conn-max", conn_max, "connections"),
		LIMIT("embryonic-conn-max", embryonic_max, "connections"),
		LIMIT("embryonic-conn-rate", embryonic_rate, "connections a second"),
		LIMIT("per-client-max", client_max, "connections"),
		LIMIT("per-client-embryonic-max", client_embryonic_max, "connections"),
	};

	read_map(l, n, fields, COUNT(fields), obj);
	((struct config_conn_limits *)obj)->line = n->key_at.line;
}

static void inherit(uint32_t *limit, uint32_t from)
{
	if (*limit == CONFIG_LIMIT_UNSET)
		*limit = from;
}

void conn_limits_inherit(struct config_conn_limits *x, const struct config_conn_limits *from)
{
	inherit(&x->conn_max, from->conn_max);
	inherit(&x->embryonic_max, from->embryonic_max);
	inherit(&x->embryonic_rate, from->embryonic_rate);
	inherit(&x->client_max, from->client_max);
	inherit(&x->client_embryonic_max, from->client_embryonic_max);
}
