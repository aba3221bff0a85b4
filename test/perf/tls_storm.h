// SPDX-License-Identifier: BSD-3-Clause
// TLS handshakes without end on a CPU of their own: what a control thread does when all peers come
// back at once. Mutual, P-256, TLS 1.2 or better, both ends, over memory instead of sockets.
#pragma once

#include <stdbool.h>
#include <stdint.h>

void storm_open(int cpu); // starts the thread, which waits
void storm_set(bool on);
uint64_t storm_count(void); // handshakes so far
