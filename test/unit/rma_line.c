// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/rma_line.h"

void line_arrive(struct line *l, uint16_t seq, uint32_t ts, uint8_t pt, bool marker)
{
	const struct rtp_hdr h = {
		.ssrc = l->ssrc, .seq = seq, .ts = ts, .pt = pt, .marker = marker};

	rma_add(&l->m, &l->t, &h, l->at_ns);
}

void line_pass(struct line *l, unsigned int frames)
{
	l->seq = (uint16_t)(l->seq + frames);
	l->ts += frames * FRAME;
	l->at_ns += frames * 20 * MS;
}

void line_send(struct line *l, unsigned int n)
{
	for (; n > 0; n--) {
		line_arrive(l, l->seq, l->ts, 0, false);
		line_pass(l, 1);
	}
}

void line_open(struct line *l, uint16_t seq, uint32_t ts)
{
	*l = (struct line){.t = rma_table_default, .ssrc = 1, .seq = seq, .ts = ts, .at_ns = START};
	rma_init(&l->m, 8000, EVENT_PT, START);
	line_send(l, 4);
	assert_int_equal(l->m.c.sum_all_packets, 0);
	assert_true(l->m.started);
}

struct rma_counters line_counters(struct line *l)
{
	struct rma_counters c;

	rma_judge(&l->m, &l->t, 0, l->at_ns);
	rma_read(&l->m, &c);
	return c;
}

void line_play(struct line *l, const char *pattern)
{
	struct {
		uint64_t at_ns;
		unsigned int frame;
	} a[512], one;
	const struct line begin = *l;
	size_t n = 0;

	for (unsigned int i = 0; pattern[i] != '\0'; i++) {
		static const char late[] = "l\x41r\x15s\x46";
		uint64_t at = begin.at_ns + i * 20 * MS;

		if (pattern[i] == 'x')
			continue;
		for (size_t k = 0; k < 6; k += 2)
			at += pattern[i] == late[k] ? (uint64_t)late[k + 1] * MS : 0;
		if (pattern[i] == 'q')
			at = a[n - 1].at_ns + MS;
		a[n].at_ns = at;
		a[n++].frame = i;
		if (pattern[i] == 'd') {
			a[n] = a[n - 1];
			a[n++].at_ns += MS;
		}
	}
	for (size_t i = 1; i < n; i++)
		for (size_t k = i; k > 0 && a[k].at_ns < a[k - 1].at_ns; k--) {
			one = a[k];
			a[k] = a[k - 1];
			a[k - 1] = one;
		}
	for (size_t i = 0; i < n; i++) {
		l->at_ns = a[i].at_ns;
		line_arrive(l, (uint16_t)(begin.seq + a[i].frame), begin.ts + a[i].frame * FRAME, 0,
			false);
	}
	l->at_ns = begin.at_ns;
	line_pass(l, (unsigned int)strlen(pattern));
}
