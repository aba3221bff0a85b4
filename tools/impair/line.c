// SPDX-License-Identifier: BSD-3-Clause
// A binary heap; see line.h.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tools/impair/line.h"

struct line {
	uint64_t next_number;
	size_t n;
	struct line_packet *heap[LINE_PACKETS_MAX];
};

int line_new(struct line **out)
{
	*out = calloc(1, sizeof(**out));
	return *out != NULL ? 0 : -ENOMEM;
}

void line_free(struct line *l)
{
	if (l == NULL)
		return;
	while (l->n > 0)
		free(l->heap[--l->n]);
	free(l);
}

static bool before(const struct line_packet *a, const struct line_packet *b)
{
	return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->number < b->number;
}

int line_put(struct line *l, const void *data, size_t len, uint64_t came_ns, uint64_t due_ns)
{
	struct line_packet *p;
	size_t i;

	if (len > LINE_OCTETS_MAX)
		return -EMSGSIZE;
	if (l->n == LINE_PACKETS_MAX)
		return -ENOSPC;
	p = malloc(sizeof(*p) + len);
	if (p == NULL)
		return -ENOMEM;
	*p = (struct line_packet){
		.due_ns = due_ns, .came_ns = came_ns, .number = l->next_number++, .len = len};
	memcpy(p->data, data, len);
	for (i = l->n++; i > 0 && before(p, l->heap[(i - 1) / 2]); i = (i - 1) / 2)
		l->heap[i] = l->heap[(i - 1) / 2];
	l->heap[i] = p;
	return 0;
}

struct line_packet *line_take(struct line *l, uint64_t now_ns)
{
	struct line_packet *first, *last;
	size_t i = 0, child;

	if (line_due_ns(l) > now_ns || l->n == 0)
		return NULL;
	first = l->heap[0];
	last = l->heap[--l->n];
	while ((child = 2 * i + 1) < l->n) {
		if (child + 1 < l->n && before(l->heap[child + 1], l->heap[child]))
			child++;
		if (!before(l->heap[child], last))
			break;
		l->heap[i] = l->heap[child];
		i = child;
	}
	l->heap[i] = last;
	return first;
}

uint64_t line_due_ns(const struct line *l)
{
	return l->n > 0 ? l->heap[0]->due_ns : UINT64_MAX;
}

size_t line_count(const struct line *l)
{
	return l->n;
}
