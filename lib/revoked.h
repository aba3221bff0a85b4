// SPDX-License-Identifier: BSD-3-Clause
// What an operator has revoked: single tickets by their id, and domains, which may not call any more
// whatever their tickets say. Bounded: a table that is full refuses the new and keeps the old. As
// text it outlives a restart. One thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/domain.h"
#include "lib/str.h"

#define REVOKED_MAX      4096
#define REVOKED_NAME_MAX (DOMAIN_NAME_MAX + 2) // with the dot of ".a.example" and the NUL
// More than a table of REVOKED_MAX is as text.
#define REVOKED_TEXT_MAX (REVOKED_MAX * (REVOKED_NAME_MAX + 24u) + 64u)

struct revoked;

struct revoked *revoked_new(void);    // NULL: out of memory
void revoked_free(struct revoked *r); // accepts NULL

// The one spelling of a ticket's id (RFC 4122 text), a domain, or ".DOMAIN" for all below it: lower
// case, no dot at the end. False: it is none of them.
bool revoked_name(struct str what, char name[REVOKED_NAME_MAX]);
// Whether such a name is a ticket's id.
bool revoked_is_ticket(const char *name);

// `name` as revoked_name() made it; `unix_s` is when. -EEXIST, -ENOSPC: the table is full, -ENOMEM.
int revoked_add(struct revoked *r, const char *name, uint64_t unix_s);
// -ENOENT.
int revoked_remove(struct revoked *r, const char *name);

bool revoked_has_ticket(const struct revoked *r, const char *uuid_text);
// The domain itself, or one above it with a dot.
bool revoked_has_domain(const struct revoked *r, struct str domain);

// Oldest first.
typedef void revoked_visit_fn(const char *name, uint64_t unix_s, void *arg);
void revoked_foreach(const struct revoked *r, revoked_visit_fn *fn, void *arg);
size_t revoked_count(const struct revoked *r);

// As text, malloc'd; NULL: out of memory.
char *revoked_print(const struct revoked *r, size_t *n);
// Fills an empty table from what revoked_print() made. 0, -ENOMEM, or -EINVAL and in *line the first
// one that is at fault.
int revoked_parse(struct revoked *r, struct str text, unsigned int *line);
