// SPDX-License-Identifier: BSD-3-Clause
// The YAML text as a tree that remembers where everything stood. Only the plain part of YAML:
// no anchors, aliases, tags or second documents, which a configuration has no use for and which
// make its size unbounded.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "lib/str.h"

#define NODE_TEXT_MAX  (1024 * 1024) // octets of a file
#define NODE_COUNT_MAX 50000
#define NODE_DEPTH_MAX 16
#define NODE_KEYS_MAX  4096 // of one mapping

enum node_kind {
	NODE_SCALAR,
	NODE_MAP,
	NODE_LIST,
	NODE_BAD, // its fault has been told: whoever reads it passes on in silence
};

// Counting from 1.
struct place {
	unsigned int line, column;
};

struct node {
	enum node_kind kind;
	struct place at, key_at;
	struct str key;               // in its mapping; an item of a list bears the key of the list
	struct str text;              // of a scalar
	struct node *children, *next; // in the order of the file
	size_t n;                     // children
};

// Parses a whole text. Faults go to `errs`; *out is NULL when there is no tree to look at. Returns 0
// or -ENOMEM. The tree owns copies of everything.
int node_parse(struct str text, struct node **out, struct config_errors *errs);
void node_free(struct node *n); // accepts NULL

// The same words in the same order, wherever they stand. Accepts NULL, which equals itself alone.
bool node_eq(const struct node *a, const struct node *b);

// The child of a mapping by its key; NULL when there is none, or `map` is no mapping (or NULL).
const struct node *node_get(const struct node *map, const char *key);

// The n-th child, NULL past the end or when `parent` is NULL.
const struct node *node_at(const struct node *parent, size_t index);

// The place of the child with this key among its siblings, or -1.
int node_index(const struct node *map, struct str key);
