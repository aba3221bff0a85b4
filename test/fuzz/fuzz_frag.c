// SPDX-License-Identifier: BSD-3-Clause
// The fragments of a datagram, beside a map of its octets. The input is how many there may be, and then
// seven octets each: offset, length, what follows and protocol.
#include <stdlib.h>
#include <string.h>

#include "lib/frag.h"

#define RECORD 7

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t have[65536 + 65536]; // by octet: a piece that was accepted

static void check(bool ok)
{
	if (!ok)
		abort();
}

static unsigned int count(uint32_t from, uint32_t to)
{
	unsigned int n = 0;

	for (uint32_t i = from; i < to; i++)
		n += have[i];
	return n;
}

// True: the datagram is over.
static bool piece(struct frag_chain *c, const struct frag_piece *p, unsigned int chain_max)
{
	const struct frag_chain before = *c;
	const uint32_t end = (uint32_t)p->offset + p->len;
	enum frag_verdict v = frag_judge(p);

	if (v != FRAG_HELD) {
		check(v == FRAG_MALFORMED || v == FRAG_TINY || v == FRAG_LONG);
		return false;
	}
	check(p->len > 0 && end <= FRAG_OCTETS_MAX);
	v = frag_add(c, p, chain_max);
	if (v > FRAG_WHOLE) {
		check(memcmp(&before, c, sizeof(before)) == 0);
		check(v != FRAG_DUPLICATE || count(p->offset, end) == p->len);
		return v != FRAG_DUPLICATE;
	}
	check(count(p->offset, end) == 0); // nothing twice
	memset(have + p->offset, 1, p->len);
	check(c->n <= chain_max && c->n <= FRAG_CHAIN_MAX);
	check(c->total == 0 || count(c->total, sizeof(have)) == 0);
	check((v == FRAG_WHOLE) == (c->total != 0 && count(0, c->total) == c->total));
	return v == FRAG_WHOLE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frag_chain c = {0};
	unsigned int chain_max;

	if (size < 1)
		return 0;
	memset(have, 0, sizeof(have));
	chain_max = data[0];
	for (data++, size--; size >= RECORD; data += RECORD, size -= RECORD) {
		const struct frag_piece p = {
			.offset = (uint16_t)((data[0] << 8 | data[1]) & 0xfff8),
			.len = (uint16_t)(data[2] << 8 | data[3]),
			.more = data[4] & 1,
			.proto = data[5],
		};

		if (piece(&c, &p, chain_max))
			break;
	}
	return 0;
}
