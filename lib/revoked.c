// SPDX-License-Identifier: BSD-3-Clause
// A hash table of names with the order of their coming; see lib/revoked.h. Names are the operator's,
// so chains are as long as chance makes them, whatever a caller's ticket holds.
#include "lib/revoked.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define BUCKETS   1024u
#define UUID_TEXT 36
#define HEAD      "# callgate: revoked tickets and domains, with the second of 1970 when\n"

struct entry {
	struct entry *chain, *next; // in its bucket; in order of coming
	uint64_t unix_s;
	char name[];
};

struct revoked {
	struct entry *bucket[BUCKETS];
	struct entry *first, **end;
	size_t n;
};

struct revoked *revoked_new(void)
{
	struct revoked *r = calloc(1, sizeof(*r));

	if (r != NULL)
		r->end = &r->first;
	return r;
}

void revoked_free(struct revoked *r)
{
	struct entry *next;

	for (struct entry *e = r != NULL ? r->first : NULL; e != NULL; e = next) {
		next = e->next;
		free(e);
	}
	free(r);
}

static bool is_uuid(struct str s)
{
	if (s.n != UUID_TEXT)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? s.p[i] != '-' : !isxdigit((unsigned char)s.p[i]))
			return false;
	}
	return true;
}

bool revoked_name(struct str what, char name[REVOKED_NAME_MAX])
{
	if (!is_uuid(what) && !domain_entry_valid(what))
		return false;
	if (what.p[what.n - 1] == '.')
		what.n--;
	if (!str_copy(what, name, REVOKED_NAME_MAX))
		return false;
	for (char *c = name; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c |= 0x20;
	return true;
}

bool revoked_is_ticket(const char *name)
{
	return is_uuid(str_from(name));
}

static size_t bucket_of(const char *name)
{
	uint32_t h = 2166136261u; // FNV-1a

	for (; *name != '\0'; name++)
		h = (h ^ (uint8_t)*name) * 16777619u;
	return h % BUCKETS;
}

static struct entry *find(const struct revoked *r, const char *name)
{
	struct entry *e = r->bucket[bucket_of(name)];

	while (e != NULL && strcmp(e->name, name) != 0)
		e = e->chain;
	return e;
}

int revoked_add(struct revoked *r, const char *name, uint64_t unix_s)
{
	struct entry *e, **head = &r->bucket[bucket_of(name)];
	size_t n = strlen(name) + 1;

	if (find(r, name) != NULL)
		return -EEXIST;
	if (r->n == REVOKED_MAX)
		return -ENOSPC;
	e = malloc(sizeof(*e) + n);
	if (e == NULL)
		return -ENOMEM;
	*e = (struct entry){.chain = *head, .unix_s = unix_s};
	memcpy(e->name, name, n);
	*head = e;
	*r->end = e;
	r->end = &e->next;
	r->n++;
	return 0;
}

int revoked_remove(struct revoked *r, const char *name)
{
	struct entry *e = find(r, name), **at;

	if (e == NULL)
		return -ENOENT;
	for (at = &r->bucket[bucket_of(name)]; *at != e; at = &(*at)->chain)
		;
	*at = e->chain;
	for (at = &r->first; *at != e; at = &(*at)->next)
		;
	*at = e->next;
	if (r->end == &e->next)
		r->end = at;
	free(e);
	r->n--;
	return 0;
}

bool revoked_has_ticket(const struct revoked *r, const char *uuid_text)
{
	return r->n > 0 && find(r, uuid_text) != NULL;
}

bool revoked_has_domain(const struct revoked *r, struct str domain)
{
	char name[REVOKED_NAME_MAX];

	if (r->n == 0 || !revoked_name(domain, name))
		return false;
	if (find(r, name) != NULL)
		return true;
	for (const char *above = strchr(name, '.'); above != NULL; above = strchr(above + 1, '.'))
		if (find(r, above) != NULL)
			return true;
	return false;
}

void revoked_foreach(const struct revoked *r, revoked_visit_fn *fn, void *arg)
{
	for (const struct entry *e = r->first; e != NULL; e = e->next)
		fn(e->name, e->unix_s, arg);
}

size_t revoked_count(const struct revoked *r)
{
	return r->n;
}

char *revoked_print(const struct revoked *r, size_t *n)
{
	char *text = malloc(REVOKED_TEXT_MAX);

	if (text == NULL)
		return NULL;
	*n = (size_t)snprintf(text, REVOKED_TEXT_MAX, HEAD);
	for (const struct entry *e = r->first; e != NULL; e = e->next)
		*n += (size_t)snprintf(
			text + *n, REVOKED_TEXT_MAX - *n, "%s %" PRIu64 "\n", e->name, e->unix_s);
	return text;
}

int revoked_parse(struct revoked *r, struct str text, unsigned int *line)
{
	for (*line = 1; text.n > 0; (*line)++) {
		char name[REVOKED_NAME_MAX];
		struct str row, what, when;
		uint64_t unix_s;
		int e;

		text = str_split(text, '\n', &row);
		if (row.n == 0 || row.p[0] == '#')
			continue;
		when = str_split(row, ' ', &what);
		if (!revoked_name(what, name) || !str_to_u64(when, INT64_MAX, &unix_s))
			return -EINVAL;
		e = revoked_add(r, name, unix_s);
		if (e != 0)
			return e == -ENOMEM ? e : -EINVAL;
	}
	return 0;
}
