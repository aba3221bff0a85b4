// SPDX-License-Identifier: BSD-3-Clause
// A line on which the tests of RTP monitoring send.
#pragma once

#include "test/unit/test.h"

#include "lib/rma.h"

#define MS       UINT64_C(1000000) // in ns
#define FRAME    160               // 20 ms of 8 kHz
#define EVENT_PT 101
#define START    (1000 * MS)
#define SECOND   50 // frames

// A sender of 20-ms frames and what comes of them.
struct line {
	struct rma m;
	struct rma_table t;
	uint32_t ssrc, ts;
	uint16_t seq;
	uint64_t at_ns; // when the next frame is sent
};

void line_arrive(struct line *l, uint16_t seq, uint32_t ts, uint8_t pt, bool marker);

// The next frame is so many later: those between do not come, or came by line_arrive().
void line_pass(struct line *l, unsigned int frames);
void line_send(struct line *l, unsigned int n);

// Behind probation, whose four packets are counted nowhere (RMA-1).
void line_open(struct line *l, uint16_t seq, uint32_t ts);
struct rma_counters line_counters(struct line *l);

// Sends the frames of `pattern` in the order of their arrival:
// '.' in time, 'x' never, 'd' twice, 'r' after its successor, 'l' 65 ms late and so behind others,
// 's' 70 ms late and 'q' right behind the frame before.
void line_play(struct line *l, const char *pattern);
