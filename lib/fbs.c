// SPDX-License-Identifier: BSD-3-Clause
#include "lib/fbs.h"

#include <stddef.h>
#include <stdio.h>

#define FOUND_MAX 40

struct key {
	const char *name;
	uint32_t min, max;
	size_t at; // offset in its struct
};

static const struct key table_keys[] = {
	{"playout-depth-ms", 1, 1000, offsetof(struct rma_table, playout_depth_ms)},
	{"scs-ms", 1, 1000, offsetof(struct rma_table, scs_ms)},
	{"media-stall-ms", 100, 60000, offsetof(struct rma_table, media_stall_ms)},
};

static const struct key level_keys[] = {
	{"rblr-pct-x100", 1, 10000, offsetof(struct rma_level, rblr_pct_x100)},
	{"bls-ms", 20, 60000, offsetof(struct rma_level, bls_ms)},
	{"ite-8s", 1, 80, offsetof(struct rma_level, ite_8s)},
	{"pdv-avg-usec", 1000, 5000000, offsetof(struct rma_level, pdv_avg_us)},
	{"scs-8s", 1, 8, offsetof(struct rma_level, scs_8s)},
};

#define TABLE_KEYS (sizeof(table_keys) / sizeof(table_keys[0]))
#define LEVEL_KEYS (sizeof(level_keys) / sizeof(level_keys[0]))

// The keys of one struct.
struct keys {
	const struct key *key;
	size_t n;
	const char *expected; // where another word stands
};

static const struct keys of_table = {
	table_keys, TABLE_KEYS, "playout-depth-ms, scs-ms, media-stall-ms or level"};
static const struct keys of_level = {
	level_keys, LEVEL_KEYS, "rblr-pct-x100, bls-ms, ite-8s, pdv-avg-usec or scs-8s"};

struct parser {
	struct rma_table table;
	struct str line, rest; // the line, and what of it is unread
	unsigned int number;
	bool version;
	unsigned int keys, levels; // bits of those already set
	struct fbs_fault *fault;
};

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

// The next word; empty at the end of the line.
static struct str word(struct parser *p)
{
	struct str w;

	while (p->rest.n > 0 && blank(*p->rest.p))
		p->rest = (struct str){p->rest.p + 1, p->rest.n - 1};
	w = (struct str){p->rest.p, 0};
	while (w.n < p->rest.n && !blank(w.p[w.n]))
		w.n++;
	p->rest = (struct str){p->rest.p + w.n, p->rest.n - w.n};
	return w;
}

static bool fail(struct parser *p, struct str found, const char *expected)
{
	char what[FOUND_MAX + 1];
	size_t n = found.n < FOUND_MAX ? found.n : FOUND_MAX;

	for (size_t i = 0; i < n; i++)
		what[i] = found.p[i] >= ' ' && found.p[i] <= '~' ? found.p[i] : '?';
	what[n] = '\0';
	p->fault->line = p->number;
	p->fault->column = (unsigned int)(found.p - p->line.p) + 1;
	snprintf(p->fault->text, sizeof(p->fault->text), "found \"%s\", expected %s", what,
		expected);
	return false;
}

static bool number(struct parser *p, uint32_t min, uint32_t max, uint32_t *out)
{
	struct str w = word(p);
	char expected[64];
	uint64_t v;

	if (str_to_u64(w, max, &v) && v >= min) {
		*out = (uint32_t)v;
		return true;
	}
	snprintf(expected, sizeof(expected), "a number from %u to %u", min, max);
	return fail(p, w, expected);
}

// One key with its value, of which each may stand once.
static bool value(
	struct parser *p, struct str name, const struct keys *keys, void *base, unsigned int *set)
{
	for (size_t i = 0; i < keys->n; i++) {
		const struct key *k = &keys->key[i];

		if (!str_eq(name, str_from(k->name)))
			continue;
		if (*set & 1u << i)
			return fail(p, name, "each key once");
		*set |= 1u << i;
		return number(p, k->min, k->max, (uint32_t *)(void *)((char *)base + k->at));
	}
	return fail(p, name, keys->expected);
}

static bool level(struct parser *p)
{
	struct str name = p->rest;
	unsigned int set = 0;
	uint32_t n;

	if (!number(p, 1, RMA_LEVELS - 1, &n))
		return false;
	if (p->levels & 1u << n)
		return fail(p, name, "each level once");
	p->levels |= 1u << n;
	for (size_t i = 0; i < LEVEL_KEYS; i++)
		if (!value(p, word(p), &of_level, &p->table.level[n], &set))
			return false;
	return true;
}

static bool line(struct parser *p)
{
	struct str name = word(p);
	uint32_t version;

	if (name.n == 0)
		return true;
	if (!p->version) {
		if (!str_eq(name, STR_LIT("version")))
			return fail(p, name, "version 1 before all else");
		p->version = true;
		if (!number(p, 1, 1, &version))
			return false;
	} else if (str_eq(name, STR_LIT("level"))) {
		if (!level(p))
			return false;
	} else if (!value(p, name, &of_table, &p->table, &p->keys)) {
		return false;
	}
	name = word(p);
	return name.n == 0 || fail(p, name, "the end of the line");
}

bool fbs_parse(struct str text, struct rma_table *table, struct fbs_fault *fault)
{
	struct parser p = {.table = rma_table_default, .line = text, .number = 1, .fault = fault};
	struct str comment;

	if (text.n > FBS_SIZE_MAX)
		return fail(&p, (struct str){text.p, 0}, "at most 16384 octets");
	for (p.number = 0; text.n > 0;) {
		p.number++;
		text = str_split(text, '\n', &p.line);
		str_split(p.line, '#', &comment);
		if (comment.n > 0 && comment.p[comment.n - 1] == '\r')
			comment.n--;
		p.rest = comment;
		if (!line(&p))
			return false;
	}
	if (!p.version) {
		p.line = text;
		p.number += p.number == 0;
		return fail(&p, (struct str){text.p, 0}, "version 1 before all else");
	}
	*table = p.table;
	return true;
}
