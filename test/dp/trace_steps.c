// SPDX-License-Identifier: BSD-3-Clause
// See test/dp/trace_steps.h.
#include "test/dp/trace_steps.h"

#include <pthread.h>

#include "dp/dp_state.h"

struct rules rules;
struct dp_trace t;
static pthread_t thread;
static int stop;

// What the test asks of the workers while they turn.
static void *turns(void *arg)
{
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		for (unsigned int i = 0; i < h.n_workers; i++)
			worker_turn(h.all[i], h.now_ns);
	return NULL;
}

void trace_up_with(unsigned int n_workers, uint32_t sessions)
{
	harness_up_many(n_workers, sessions);
	harness_rules(&rules);
	dp_state.n_workers = n_workers;
	dp_state.n_ports = HARNESS_IFACES;
	dp_state.pool = h.pool;
	dp_state.datagrams = h.datagrams;
	dp_state.steer = h.w->steer;
	for (unsigned int i = 0; i < n_workers; i++)
		dp_state.worker[i] = h.all[i];
}

int trace_up(void **state)
{
	trace_up_with(1, 8);
	return 0;
}

int trace_down(void **state)
{
	dp_state = (struct dp_state){0};
	harness_down();
	return 0;
}

int trace_ask(const struct dp_trace_ask *a)
{
	int e;

	stop = 0;
	assert_int_equal(pthread_create(&thread, NULL, turns, NULL), 0);
	e = dp_trace(a, &t);
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	return e;
}
