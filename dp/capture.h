// SPDX-License-Identifier: BSD-3-Clause
// Copies of packets for whoever looks on: what a worker received, what it sent, and what it dropped,
// with the reason. Each capture has a ring of its own in each worker; what finds it full is lost to
// the capture, counted, and goes its way. Where nobody looks on, a vector costs a look at one word.
#pragma once

#include "dp/worker.h"

enum capture_kind { CAPTURE_IN, CAPTURE_OUT, CAPTURE_DROP };

// One copy.
struct capture_record {
	uint64_t time_ns; // of the worker's turn, CLOCK_MONOTONIC
	uint32_t len;     // octets that the packet had
	uint16_t kept;    // octets of it in `data`
	uint16_t iface;
	uint16_t reason; // enum dp_counter_id; CAPTURE_DROP only
	uint16_t place;  // in its vector; CAPTURE_OUT only
	uint8_t kind;    // enum capture_kind
	uint8_t data[];
};

enum capture_state {
	CAPTURE_ASKED, // the worker has not heard of it yet
	CAPTURE_RUNS,
	CAPTURE_OVER, // the worker has let go of the ring
};

// Made and freed by dp/capture_ctl.c. The worker adds at `head`, the control thread takes at `tail`.
struct capture_ring {
	int state; // enum capture_state, written by the worker
	struct dp_msg_capture want;
	uint32_t slots, slot_size; // slots: a power of two
	uint32_t head, tail;
	uint32_t staged; // records behind `head` that are not public yet
	// Packets that the filter took, and of these, those that found no room.
	uint64_t taken[DP_IFACES_MAX], lost[DP_IFACES_MAX];
	uint64_t data[]; // aligned for a record
};

static inline struct capture_record *capture_slot(struct capture_ring *r, uint32_t at)
{
	return (struct capture_record *)((uint8_t *)r->data +
		(size_t)(at & (r->slots - 1)) * r->slot_size);
}

// CAPTURE_SET and CAPTURE_DEL.
void capture_msg(struct worker *w, const struct dp_msg *m);

// A burst as it was received.
void capture_in(struct worker *w, const struct pkts *v, uint16_t iface);

// A vector that a device is about to take, and how many of it the device took: those alone were
// sent. Nothing else is captured in between.
void capture_out(struct worker *w, const struct pkts *v, uint16_t iface);
void capture_sent(struct worker *w, uint16_t sent);

// What is in w->dropped.
void capture_dropped(struct worker *w);

// Frees the rings of a worker that has stopped. Control thread; of dp/capture_ctl.c.
void capture_free(struct worker *w);
