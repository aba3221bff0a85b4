// SPDX-License-Identifier: BSD-3-Clause
// The fragments of a datagram; see lib/frag.h. Called by dp/frag.c for each fragment.
#include "lib/frag.h"

#include "lib/flow.h"

#define TCP_HEADER 20

enum frag_verdict frag_judge(const struct frag_piece *p)
{
	if (p->len == 0 || (p->more && p->len % 8 != 0))
		return FRAG_MALFORMED;
	if (p->offset + p->len > FRAG_OCTETS_MAX)
		return FRAG_LONG;
	// RFC 1858 3.2.1 and 3128: flags and ports are in the first fragment, and nothing overwrites
	// them. With the whole header no second fragment begins within it.
	if (p->proto == PROTO_TCP &&
		(p->offset == 0 ? p->len < TCP_HEADER : p->offset < TCP_HEADER))
		return FRAG_TINY;
	return FRAG_HELD;
}

static bool agrees_on_end(const struct frag_chain *c, const struct frag_piece *p, uint16_t to)
{
	if (p->more)
		return c->total == 0 || to < c->total;
	return c->end <= to && (c->total == 0 || c->total == to);
}

enum frag_verdict frag_add(struct frag_chain *c, const struct frag_piece *p, unsigned int chain_max)
{
	const uint16_t from = p->offset, to = (uint16_t)(p->offset + p->len);

	if (!agrees_on_end(c, p, to))
		return FRAG_ENDS;
	for (unsigned int i = 0; i < c->n; i++) {
		const struct frag_span *s = &c->span[i];

		if (from == s->from && to == s->to)
			return p->more || c->total == to ? FRAG_DUPLICATE : FRAG_ENDS;
		if (from < s->to && s->from < to)
			return FRAG_OVERLAP;
	}
	if (c->n == chain_max || c->n == FRAG_CHAIN_MAX)
		return FRAG_MANY;
	c->span[c->n++] = (struct frag_span){from, to};
	c->have += p->len;
	if (to > c->end)
		c->end = to;
	if (!p->more)
		c->total = to;
	return c->have == c->total ? FRAG_WHOLE : FRAG_HELD;
}
