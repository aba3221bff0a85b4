// SPDX-License-Identifier: BSD-3-Clause
// An off-path proxy A on the rig, and clients of its mapping service.
#pragma once

#include "lib/mapping_msg.h"
#include "test/unit/rig.h"

#define MAP_US      "192.168.10.1" // the inside address
#define MAP_PORT    8060
#define MAP_UCM_TWO "192.168.10.31"

// The edits of rig_up() that put A off-path; `keys` of mapping-service begin with a comma.
#define MAP_EDIT(keys)                                                                             \
	"  # - {from: outside, to: inside", "  - {from: outside, to: inside",                      \
		"    # STIR/SHAKEN: is the caller's",                                              \
		"    mapping-service: {listening-interface: inside, uc-ime-interface: "            \
		"outside" keys "}\n    # STIR/SHAKEN: is the caller's"

// Another call manager of A.
#define MAP_EDIT_TWO                                                                               \
	"      - {address: 192.168.10.30, trunk-security-mode: nonsecure}",                        \
		"      - {address: 192.168.10.30, trunk-security-mode: nonsecure}\n"               \
		"      - {address: " MAP_UCM_TWO ", trunk-security-mode: nonsecure, port: 5070}",  \
		"tcp host 192.168.10.30 any range", "tcp any any range"

// A connection of a client; negative: closed.
struct map_client {
	int fd;
	uint8_t transaction;  // of the last request
	struct mapping_msg m; // the last answer
	uint8_t octets[MAPPING_MSG_MAX];
	size_t n;
};

void map_connect(struct map_client *c, const char *ip, uint16_t port);
void map_close(struct map_client *c);

// Writes octets, and lets the proxy read them.
void map_write(struct map_client *c, const void *p, size_t n);
// Reads one answer into c->m and c->octets.
void map_read(struct map_client *c);
// The answer is the last one.
void map_silent(struct map_client *c);
// The proxy closes the connection.
void map_closed(struct map_client *c);

// A request for a remote, with a transaction of its own, written to `buf`; returns its length.
size_t map_request(struct map_client *c, const char *remote, uint16_t port, uint8_t *buf);
// Asks, and returns the port that stands for the remote; 0: an error, c->m tells which.
uint16_t map_ask(struct map_client *c, const char *remote, uint16_t port);
