// SPDX-License-Identifier: BSD-3-Clause
// What the data plane as a process without a control plane shares: dpdrive, mediadrive and fwdrive.
#pragma once

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "dp/dp.h"
#include "test/perf/bench.h"

#define DRIVE_DESCRIPTORS 1024

// What the workers say to a control plane is heard, and no more.
static inline void drive_drain(void)
{
	static uint8_t frame[DP_FRAME_MAX];
	struct dp_msg m;
	uint16_t iface;

	while (dp_recv(&m) == 1)
		;
	while (dp_punt_recv(frame, sizeof(frame), &iface) > 0)
		;
}

// Each line of stdin is a command, until one is refused, or the end. Then the data plane stops.
static inline void drive_serve(bool (*command)(char *line))
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
	char line[256];

	fflush(stdout);
	setvbuf(stdin, NULL, _IONBF, 0); // poll() must see what is there
	do {
		drive_drain();
		if (poll(&in, 1, 5) <= 0)
			continue;
		if (fgets(line, sizeof(line), stdin) == NULL || !command(line))
			break;
	} while (true);
	dp_stop();
}

// One worker between two interfaces, the first of them outside; `o` holds the rest. Arguments that begin with
// CONTROL-CPU WORKER-CPU MEMORY-MB X OUTSIDE-DEVICE INSIDE-DEVICE.
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
