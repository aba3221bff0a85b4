// SPDX-License-Identifier: BSD-3-Clause
// One direction of the Internet: a TUN device into which the router sends what goes that way. Each
// packet meets the fate that the model says, and goes back to the router by the same device. The
// kernel finishes checksums and segments before a TUN device. One thread; nothing here blocks.
#pragma once

#include <cjson/cJSON.h>

#include "tools/impair/dials.h"

struct path;

// Makes the device, which ends with the path, and with it the router's way through it. -errno. Paths
// of different numbers do not lose the same packets under one seed.
int path_open(struct path **out, const char *ifname, uint32_t number);
void path_close(struct path *p); // NULL is fine

int path_fd(const struct path *p);

// In force `r->from_ns` from now on, with counters that begin at 0 then.
void path_set(struct path *p, const struct dials_request *r, uint64_t now_ns);

// Reads what the router has sent, a bounded number of packets; false: there was none.
bool path_receive(struct path *p, uint64_t now_ns);
// Sends what is due.
void path_send(struct path *p, uint64_t now_ns);
uint64_t path_due_ns(const struct path *p); // UINT64_MAX: nothing is on its way

// Dials and counters, to be freed by the caller; NULL: no memory.
cJSON *path_json(struct path *p, uint64_t now_ns);
