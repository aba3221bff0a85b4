// SPDX-License-Identifier: BSD-3-Clause
// Makes and unmakes workers: the cold half of dp/worker.h.
#pragma once

#include "dp/worker.h"

// Everything that a worker owns but its queues and its place in the handoff mesh.
// `seed`, the same for all workers of a box, is what its secrets are made from (dp/secret.h).
// NULL: no memory. Control thread.
struct worker *worker_new(
	unsigned int id, unsigned int n_workers, uint32_t sessions, uint64_t seed);

// What several workers need of each: a ring from each to each other one, and its memory of owners. -ENOMEM.
int worker_mesh(struct worker *const w[], unsigned int n);

// Octets of the EAL's memory that the tables of so many sessions of one of these workers take, about.
size_t worker_memory(unsigned int n_workers, uint32_t sessions);

// Frees a worker that has stopped, with the packets that are still in its rings.
// After this, no other worker of the mesh may run.
void worker_free(struct worker *w);
