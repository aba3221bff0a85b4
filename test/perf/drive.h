// SPDX-License-Identifier: BSD-3-Clause
// What the data plane as a process without a control plane shares: mediadrive and fwdrive, whose
// arguments begin with CONTROL-CPU WORKER-CPU MEMORY-MB X OUTSIDE-DEVICE INSIDE-DEVICE.
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "dp/dp.h"
#include "test/perf/bench.h"

#define DRIVE_DESCRIPTORS 1024

// One worker between two interfaces, the first of them outside; `o` holds the rest.
static inline void drive_start(char **argv, struct dp_options o)
{
	static const char *const names[] = {"outside", "inside"};
	char err[512] = "";

	o.n_ifaces = 2;
	o.n_workers = 1;
	o.control_core = atoi(argv[1]);
	o.worker_cores[0] = atoi(argv[2]);
	o.memory_mb = (unsigned int)atoi(argv[3]);
	for (unsigned int i = 0; i < o.n_ifaces; i++) {
		struct dp_iface_options *f = &o.ifaces[i];

		snprintf(f->name, sizeof(f->name), "%s", names[i]);
		snprintf(f->device, sizeof(f->device), "%s", argv[5 + i]);
		f->descriptors = DRIVE_DESCRIPTORS;
		f->mtu = 1500;
	}
	bench_need(dp_start(&o, err, sizeof(err)) == 0, err);
}
