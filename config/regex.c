// SPDX-License-Identifier: BSD-3-Clause
// The section `regex`, and class-maps of type regex. Called from config/load.c and
// config/policy.c.
#include "config/schema.h"

#include <errno.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void read_pattern(struct loader *l, const struct node *n, struct config_regex *x)
{
	char why[REGEX_WHY_MAX];
	int err;

	if (!want_scalar(l, n, "a regular expression"))
		return;
	if (n->text.n == 0 || !str_copy(n->text, x->pattern, sizeof(x->pattern))) {
		fault(l, n, "found %zu characters, expected a regular expression of 1 to %d",
			n->text.n, REGEX_PATTERN_MAX);
		return;
	}
	err = regex_check(x->pattern, why);
	if (err == -ENOMEM)
		l->no_memory = true;
	else if (err != 0)
		fault(l, n, "found an expression that does not compile: %s", why);
}

void read_regex(struct loader *l, const struct node *n, void *obj)
{
	struct config *c = obj;
	size_t i = 0;

	if (!want_map(l, n))
		return;
	if (n->n > CONFIG_REGEXES_MAX) {
		fault(l, n, "found %zu regular expressions, expected at most %d", n->n,
			CONFIG_REGEXES_MAX);
		return;
	}
	if (n->n > 0 && !regex_supported()) {
		fault(l, n,
			"found regular expressions, which this processor cannot search for: it "
			"has no SSSE3");
		return;
	}
	if (!read_array(l, n, sizeof(*c->regexes), (void **)&c->regexes, &c->n_regexes))
		return;
	for (const struct node *x = n->children; x != NULL; x = x->next, i++) {
		read_entry_name(l, x, c->regexes[i].name, sizeof(c->regexes[i].name));
		read_pattern(l, x, &c->regexes[i]);
	}
}

static void read_members(struct loader *l, const struct node *n, void *obj)
{
	struct config_regex_class *x = obj;
	size_t i = 0;

	if (!want_list(l, n))
		return;
	if (n->n == 0 || n->n > CONFIG_REGEXES_MAX) {
		fault(l, n, "found %zu names, expected 1 to %d", n->n, CONFIG_REGEXES_MAX);
		return;
	}
	if (!read_array(l, n, sizeof(*x->list), (void **)&x->list, &x->n))
		return;
	for (const struct node *m = n->children; m != NULL; m = m->next, i++) {
		int r = read_ref(l, m, node_get(l->root, "regex"), "the name of a regex");

		x->list[i] = r < 0 ? 0 : (uint16_t)r;
	}
}

static void read_type(struct loader *l, const struct node *n, void *obj)
{
}

void read_regex_class(struct loader *l, const struct node *n, struct config_regex_class *x)
{
	static const struct field fields[] = {
		{"type", .kind = FIELD_READ, .read = read_type}, // judged before
		{"match-any", .kind = FIELD_READ, .required = true, .read = read_members},
	};

	read_entry_name(l, n, x->name, sizeof(x->name));
	read_map(l, n, fields, COUNT(fields), x);
}
