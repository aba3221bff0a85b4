// SPDX-License-Identifier: BSD-3-Clause
// DPDK for a benchmark without devices: this thread on one CPU.
#pragma once

#include <stdio.h>

#include <rte_common.h>
#include <rte_eal.h>

#include "test/perf/bench.h"

// Of hugepages only so many are taken as are needed.
static inline void bench_eal(const char *cpu, unsigned int memory_mb, bool hugepages)
{
	static char lcores[32], memory[32];
	char *args[] = {"bench", "--no-pci", "--no-telemetry", "--log-level=lib.eal:error", lcores,
		memory, hugepages ? "--in-memory" : "--no-huge", "--no-shconf"};

	snprintf(lcores, sizeof(lcores), "--lcores=0@%d", atoi(cpu));
	snprintf(memory, sizeof(memory), hugepages ? "--socket-limit=%u" : "-m%u", memory_mb);
	bench_need(rte_eal_init(RTE_DIM(args), args) >= 0, "EAL does not start");
}
