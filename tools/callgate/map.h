// SPDX-License-Identifier: BSD-3-Clause
// The connection of `callgate map` to a mapping service, and one transaction over it (protocol.md 6).
#pragma once

#include "lib/mapping_msg.h"

struct map_link {
	const char *name; // what the user calls the service
	int fd;
	size_t n; // octets in buf
	uint8_t buf[MAPPING_MSG_MAX];
};

// Connects within so many seconds (the connection timer of 6.1). -1: why not has been said.
int map_connect(
	struct map_link *l, const char *name, const struct endpoint *service, double seconds);

// Sends a request, signed when `key` is not empty, and awaits its answer for so many seconds (the
// transaction timer). A success that is not signed with the key is none; an error is taken without,
// as there may be no key in common. -1: what is wrong has been said. *answer's slices point into
// the link.
int map_ask(struct map_link *l, const struct mapping_msg *request, struct str key, double seconds,
	struct mapping_msg *answer);
