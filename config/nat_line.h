// SPDX-License-Identifier: BSD-3-Clause
// One line of translation while it is read, with names where rules have addresses, and the rules that
// it makes: one, or with groups one for each pair of theirs. Inside config/ only.
#pragma once

#include "config/schema.h"

// Rules that lines with groups may make together. A first packet of a flow is held against each of them in
// turn, several times: 15 us of a worker for so many.
#define NAT_RULES_MAX 1024u

// What a name stands for. All zero but `node`: it was faulty.
struct nat_side {
	const struct node *node; // NULL: nothing was given
	bool any, interface;
	const struct object_network *object;
	const struct object_group *group; // its members in their order
};

struct nat_line {
	const struct node *node;
	struct nat_rule rule; // all but its addresses
	struct nat_side real, mapped;
	struct nat_side dst_mapped, dst_real;
	bool twice;            // there is a destination
	bool pat_pool, backup; // of a dynamic one: `interface` beside its pool
	bool inactive;
};

void nat_line_init(struct nat_line *line, const struct node *n, enum nat_section section);

// A network object or an object-group of kind network, by its name. A fault is told, and leaves *s as it was.
void nat_side_read(struct loader *l, const struct node *n, struct nat_side *s);
// The same, or `any`, or `interface`.
void nat_side_read_any(struct loader *l, const struct node *n, struct nat_side *s);
void nat_side_read_mapped(struct loader *l, const struct node *n, struct nat_side *s);

// Adds the rules that the line makes to the configuration. Faults are told; one that is faulty makes none.
void nat_line_add(struct loader *l, struct nat_line *line);
