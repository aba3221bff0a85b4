// SPDX-License-Identifier: BSD-3-Clause
// Faults, their words and their order; see config/errors.h. Every reader and check in config/ tells
// its faults here.
#include "config/errors.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

int errors_init(struct config_errors *e)
{
	*e = (struct config_errors){.list = calloc(ERRORS_MAX + 1, sizeof(*e->list))};
	return e->list != NULL ? 0 : -ENOMEM;
}

void errors_add(struct config_errors *e, struct place at, const char *fmt, ...)
{
	struct config_error *x = &e->list[e->n];
	va_list ap;

	if (e->n > ERRORS_MAX)
		return;
	e->n++;
	x->line = at.line;
	x->column = at.column;
	if (e->n > ERRORS_MAX) {
		snprintf(x->text, sizeof(x->text),
			"found more than %u faults, the rest is not shown", ERRORS_MAX);
		return;
	}
	va_start(ap, fmt);
	vsnprintf(x->text, sizeof(x->text), fmt, ap);
	va_end(ap);
}

static int by_place(const struct config_error *a, const struct config_error *b)
{
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return a->column == b->column ? 0 : a->column < b->column ? -1 : 1;
}

// Insertion: stable, and the list is short and almost sorted.
void errors_sort(struct config_errors *e)
{
	size_t n = e->n <= ERRORS_MAX ? e->n : ERRORS_MAX; // the note stays last

	for (size_t i = 1; i < n; i++) {
		struct config_error x = e->list[i];
		size_t j = i;

		for (; j > 0 && by_place(&e->list[j - 1], &x) > 0; j--)
			e->list[j] = e->list[j - 1];
		e->list[j] = x;
	}
}

const char *found_text(struct str s, char *buf)
{
	size_t n = s.n < FOUND_MAX - 4 ? s.n : FOUND_MAX - 4;

	if (s.n == 0) {
		strcpy(buf, "nothing");
		return buf;
	}
	str_copy((struct str){s.p, n}, buf, FOUND_MAX);
	for (char *c = buf; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	if (n < s.n)
		strcat(buf, "...");
	return buf;
}

const char *found_node(const struct node *n, char *buf)
{
	if (n->kind == NODE_SCALAR)
		return found_text(n->text, buf);
	return n->kind == NODE_MAP ? "a mapping" : n->kind == NODE_LIST ? "a list" : "a fault";
}
