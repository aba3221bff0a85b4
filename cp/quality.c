// SPDX-License-Identifier: BSD-3-Clause
#include "cp/quality.h"

#include <stdlib.h>

#define SIZE_MIN 64u

static uint16_t capped(uint32_t v)
{
	return v < UINT16_MAX ? (uint16_t)v : UINT16_MAX;
}

// Before the ring has come round, so that its order stays.
static void grow(struct quality *h)
{
	uint32_t size = h->size == 0 ? SIZE_MIN : 2 * h->size;
	struct quality_sample *ring;

	if (h->n != h->size || h->size == QUALITY_SAMPLES_MAX)
		return;
	size = size < QUALITY_SAMPLES_MAX ? size : QUALITY_SAMPLES_MAX;
	ring = realloc(h->ring, size * sizeof(*ring));
	if (ring == NULL)
		return;
	h->ring = ring;
	h->size = size;
}

void quality_add(struct quality *h, const struct voice_codec *codec, const struct rma_counters *q,
	uint32_t delay_ms, uint8_t state)
{
	struct quality_sample s = {.state = state, .measured = q != NULL};

	if (q != NULL) {
		struct voice_path path = voice_path_recent(q, delay_ms);

		s.mos_x100 = codec != NULL ? voice_quality(codec, &path).mos_x100 : 0;
		s.rblr_pct_x100 = capped(q->rblr_pct_x100);
		s.pdv_100us = capped(q->avg_pdv_us / 100);
		s.bls_ms = capped(q->bls_ms);
		s.delay_ms = capped(delay_ms);
	}
	grow(h);
	if (h->size == 0)
		return;
	h->ring[h->n % h->size] = s;
	h->n++;
}

void quality_fini(struct quality *h)
{
	free(h->ring);
	*h = (struct quality){0};
}

size_t quality_count(const struct quality *h)
{
	return h->n < h->size ? h->n : h->size;
}

const struct quality_sample *quality_at(const struct quality *h, size_t i)
{
	return &h->ring[(h->n - quality_count(h) + i) % h->size];
}
