// SPDX-License-Identifier: BSD-3-Clause
// The packets that are on their way in one direction, by the time at which they arrive. Bounded: a
// line that is full takes no more, and keeps what it has. Pure but for the heap; one thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_PACKETS_MAX 16384
#define LINE_OCTETS_MAX  2048 // of a packet

struct line;

struct line_packet {
	uint64_t due_ns, came_ns;
	uint64_t number; // in order of line_put()
	size_t len;
	uint8_t data[];
};

// -ENOMEM, or 0 and *out is the caller's, until line_free(). NULL may be freed.
int line_new(struct line **out);
void line_free(struct line *l);

// Takes a copy. -ENOSPC: the line is full; -EMSGSIZE; -ENOMEM.
int line_put(struct line *l, const void *data, size_t len, uint64_t came_ns, uint64_t due_ns);

// The packet that arrives first, in order of line_put() those that arrive at once, when it is due;
// NULL otherwise. The caller gives it to free().
struct line_packet *line_take(struct line *l, uint64_t now_ns);

// When the next one arrives; UINT64_MAX: there is none.
uint64_t line_due_ns(const struct line *l);
size_t line_count(const struct line *l);
