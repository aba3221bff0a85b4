// SPDX-License-Identifier: BSD-3-Clause
// Cold: control thread.
// Begins, reads and ends captures, dp/dp.h; the workers' half is dp/capture.c.
#include <errno.h>
#include <stdlib.h>

#include "dp/capture.h"
#include "dp/dp_state.h"

#define RING_OCTETS (1u << 20) // of one capture in one worker
#define SLOTS_MIN   64u

static struct capture_ring *ring_new(uint32_t size)
{
	const uint32_t slot = RTE_ALIGN((uint32_t)sizeof(struct capture_record) + size, 8u);
	const uint32_t slots = rte_align32prevpow2(RTE_MAX(RING_OCTETS / slot, SLOTS_MIN));
	struct capture_ring *r = calloc(1, sizeof(*r) + (size_t)slots * slot);

	if (r == NULL)
		return NULL;
	r->slots = slots;
	r->slot_size = slot;
	return r;
}

void capture_free(struct worker *w)
{
	for (unsigned int i = 0; i < DP_CAPTURES_MAX; i++) {
		free(w->capture[i]);
		w->capture[i] = NULL;
	}
}

static void rings_free(unsigned int id)
{
	for (unsigned int i = 0; i < dp_state.n_workers; i++) {
		free(dp_state.worker[i]->capture[id]);
		dp_state.worker[i]->capture[id] = NULL;
	}
	dp_state.capture[id].use = CAPTURE_UNUSED;
}

static bool is_over(unsigned int id)
{
	for (unsigned int i = 0; i < dp_state.n_workers; i++)
		if (__atomic_load_n(&dp_state.worker[i]->capture[id]->state, __ATOMIC_ACQUIRE) !=
			CAPTURE_OVER)
			return false;
	return true;
}

// A ring that is full lets the workers hear of it later; a worker that writes keeps its memory.
static void reap(unsigned int id)
{
	const struct dp_msg m = {
		.version = DP_MSG_VERSION, .type = DP_MSG_CAPTURE_DEL, .capture.id = (uint8_t)id};

	if (dp_state.capture[id].use != CAPTURE_ENDING)
		return;
	if (!dp_state.capture[id].told)
		dp_state.capture[id].told = dp_send(&m) == 0;
	if (dp_state.capture[id].told && is_over(id))
		rings_free(id);
}

void capture_reap(void)
{
	for (unsigned int i = 0; i < DP_CAPTURES_MAX; i++)
		reap(i);
}

static int rings_make(unsigned int id, uint32_t size)
{
	for (unsigned int i = 0; i < dp_state.n_workers; i++) {
		struct worker *w = dp_state.worker[i];

		w->capture[id] = ring_new(size);
		if (w->capture[id] == NULL)
			return -ENOMEM;
	}
	return 0;
}

int dp_capture_open(const struct dp_msg_capture *want)
{
	struct dp_msg m = {.version = DP_MSG_VERSION, .type = DP_MSG_CAPTURE_SET, .capture = *want};
	unsigned int id = 0;
	int bad;

	if (want->size < 1 || want->size > DP_FRAME_MAX)
		return -EINVAL;
	capture_reap();
	while (id < DP_CAPTURES_MAX && dp_state.capture[id].use != CAPTURE_UNUSED)
		id++;
	if (id == DP_CAPTURES_MAX)
		return -EBUSY;
	m.capture.id = (uint8_t)id;
	bad = rings_make(id, want->size);
	if (bad == 0)
		bad = dp_send(&m); // to all of them, or to none
	if (bad != 0) {
		rings_free(id);
		return bad;
	}
	dp_state.capture[id].use = CAPTURE_USED;
	dp_state.capture[id].told = false;
	dp_state.capture[id].from = NULL;
	return (int)id;
}

void dp_capture_close(int id)
{
	dp_state.capture[id].use = CAPTURE_ENDING;
	reap((unsigned int)id);
}

// The oldest record of all workers, where the vectors of several meet.
static struct capture_ring *oldest(unsigned int id)
{
	struct capture_ring *best = NULL;
	uint64_t best_ns = UINT64_MAX;

	for (unsigned int i = 0; i < dp_state.n_workers; i++) {
		struct capture_ring *r = dp_state.worker[i]->capture[id];

		if (__atomic_load_n(&r->head, __ATOMIC_ACQUIRE) == r->tail ||
			capture_slot(r, r->tail)->time_ns >= best_ns)
			continue;
		best = r;
		best_ns = capture_slot(r, r->tail)->time_ns;
	}
	return best;
}

bool dp_capture_peek(int id, struct dp_captured *out)
{
	struct capture_ring *r = oldest((unsigned int)id);
	const struct capture_record *x;

	dp_state.capture[id].from = r;
	if (r == NULL)
		return false;
	x = capture_slot(r, r->tail);
	*out = (struct dp_captured){.time_ns = x->time_ns,
		.iface = x->iface,
		.out = x->kind == CAPTURE_OUT,
		.data = x->data,
		.len = x->kept,
		.original_len = x->len};
	if (x->kind == CAPTURE_DROP) {
		out->reason = counter_infos[x->reason].name;
		out->help = counter_infos[x->reason].help;
	}
	return true;
}

void dp_capture_pop(int id)
{
	struct capture_ring *r = dp_state.capture[id].from;

	__atomic_store_n(&r->tail, r->tail + 1, __ATOMIC_RELEASE);
}

void dp_capture_counts(int id, uint16_t iface, uint64_t *taken, uint64_t *lost)
{
	*taken = *lost = 0;
	for (unsigned int i = 0; i < dp_state.n_workers; i++) {
		const struct capture_ring *r = dp_state.worker[i]->capture[id];

		*lost += __atomic_load_n(&r->lost[iface], __ATOMIC_RELAXED);
		*taken += __atomic_load_n(&r->taken[iface], __ATOMIC_RELAXED);
	}
	*taken += *lost;
}
