// SPDX-License-Identifier: BSD-3-Clause
// Which worker owns a port of a shared address. Both planes need the answer: workers to hand a
// packet to its owner, the control plane to allocate the two ports of a call from one slice.
#pragma once

#include <stdint.h>

#define WORKERS_MAX 16

// Ports come in aligned blocks of 256 dealt out in turn, so that with a power of two of workers
// one masked match on the port's bits 8.. steers a slice in the NIC.
#define STEER_BLOCK_SHIFT 8

static inline unsigned int steer_port_owner(uint16_t port, unsigned int n_workers)
{
	return (unsigned int)(port >> STEER_BLOCK_SHIFT) % n_workers;
}
