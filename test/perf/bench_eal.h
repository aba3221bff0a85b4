// SPDX-License-Identifier: BSD-3-Clause
// DPDK for a benchmark without devices: this thread on one CPU, ordinary pages.
#pragma once

#include <stdio.h>

#include <rte_common.h>
#include <rte_eal.h>

#include "test/perf/bench.h"

static inline void bench_eal(const char *cpu, unsigned int memory_mb)
{
	static char lcores[32], memory[16];
	char *args[] = {"bench", "--no-huge", "--no-pci", "--no-telemetry", "--no-shconf",
		"--log-level=lib.eal:error", lcores, "-m", memory};

	snprintf(lcores, sizeof(lcores), "--lcores=0@%d", atoi(cpu));
	snprintf(memory, sizeof(memory), "%u", memory_mb);
	bench_need(rte_eal_init(RTE_DIM(args), args) >= 0, "EAL does not start");
}
