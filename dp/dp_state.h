// SPDX-License-Identifier: BSD-3-Clause
// What the control thread holds of the data plane: the inside of dp/dp.h, shared by its parts
// dp/dp.c and dp/dp_show.c.
#pragma once

#include "dp/eal.h"
#include "dp/worker.h"

// One capture, dp/capture_ctl.c.
struct dp_capture {
	enum { CAPTURE_UNUSED, CAPTURE_USED, CAPTURE_ENDING } use;
	bool told;                 // ending: the workers have been asked to let go
	struct capture_ring *from; // of the record that dp_capture_peek() has shown last
};

struct dp_state {
	bool up, media_up;
	unsigned int n_ports, n_workers, n_running;
	struct eal_port port[DP_IFACES_MAX];
	struct worker *worker[WORKERS_MAX];
	struct rte_mempool *pool, *datagrams; // buffers of packets; of dp/frag.h
	struct handoff_key steer;
	unsigned int recv_next, punt_next; // whose ring is looked at first
	struct dp_capture capture[DP_CAPTURES_MAX];
	struct counters count;               // what happens on the control thread's side
	struct counters cleared;             // sums at the last dp_counters_clear()
	uint64_t rpf_cleared[DP_IFACES_MAX]; // at the last dp_rpf_drops_clear()
};
extern struct dp_state dp_state;

// Asks a worker what a worker_listing or a worker_trace holds, and waits for its answer; false: it gave
// none in time, and will not. dp/dp_show.c.
bool ask_worker(int *state, uint64_t until_ms);
uint64_t ask_deadline_ms(void);

// Frees what captures that have ended leave behind, as soon as no worker uses it. dp/capture_ctl.c.
void capture_reap(void);
