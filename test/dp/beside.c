// SPDX-License-Identifier: BSD-3-Clause
// See test/dp/beside.h.
#include "test/dp/beside.h"

#include <rte_tcp.h>

static uint8_t frame[FRAME_MAX];

struct flow beside_flow(enum beside which)
{
	switch (which) {
	case BESIDE_UDP:
		return flow(PROTO_UDP, FAR, 3000, MAPPED, 4000);
	case BESIDE_TCP:
		return flow(PROTO_TCP, FAR, 3000, MAPPED, 5070);
	default:
		return flow(PROTO_ICMP, FAR, 77, MAPPED, 77);
	}
}

// The answers to it, as HOST_IN sends them.
static struct flow answer_flow(enum beside which)
{
	const struct flow f = beside_flow(which);

	return flow(f.proto, HOST_IN, f.dst.port, FAR, f.src.port);
}

size_t beside_frame(uint8_t *out, enum beside which, uint16_t iface)
{
	const struct flow f = iface == OUTSIDE ? beside_flow(which) : answer_flow(which);
	const uint8_t flags = which == BESIDE_TCP ? RTE_TCP_ACK_FLAG
		: which == BESIDE_PING            ? iface == INSIDE
						  : 0;

	return frame_make(out, iface, &f, flags, 10);
}

// What came out of the other interface is the flow's next packet, translated.
static void assert_passed(enum beside which, uint16_t in)
{
	const struct flow f = beside_flow(which);
	const struct flow to_host = flow(f.proto, FAR, f.src.port, HOST_IN, f.dst.port);
	const struct flow to_far = {f.dst, f.src, f.proto};
	const size_t len = harness_out(in == OUTSIDE ? INSIDE : OUTSIDE, frame);
	struct flow got;

	assert_true(len > 0);
	assert_true(frame_sums_ok(frame, len));
	got = frame_flow(frame, len);
	assert_flow(&got, in == OUTSIDE ? &to_host : &to_far);
}

void beside_up(void)
{
	const uint8_t handshake[] = {RTE_TCP_SYN_FLAG, RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG};

	for (uint16_t i = 0; i < 2; i++) {
		const struct flow f = i == 0 ? beside_flow(BESIDE_TCP) : answer_flow(BESIDE_TCP);

		harness_send(i == 0 ? OUTSIDE : INSIDE, &f, handshake[i]);
		assert_passed(BESIDE_TCP, i == 0 ? OUTSIDE : INSIDE);
	}
	for (unsigned int lap = 0; lap < 2; lap++) // no first packets are left
		beside_goes_on();
}

void beside_goes_on(void)
{
	const uint64_t before = drops();

	for (unsigned int i = 0; i < BESIDES * HARNESS_IFACES; i++) {
		const enum beside which = i / HARNESS_IFACES;
		const uint16_t in = i % HARNESS_IFACES;
		struct rte_mbuf *m = buffer_of(frame, beside_frame(frame, which, in));

		harness_in(in, &m, 1);
		assert_passed(which, in);
	}
	assert_silence();
	assert_int_equal(drops(), before);
	assert_int_equal(counted(COUNT_SESSIONS_CREATED), BESIDES);
	assert_int_equal(h.w->sess->max - h.w->sess->n_free, BESIDES);
}

uint64_t drops(void)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < DP_COUNTERS; i++)
		if (counter_infos[i].drop)
			n += counted(i);
	return n;
}

void assert_silence(void)
{
	uint16_t unused;

	for (uint16_t i = 0; i < HARNESS_IFACES; i++)
		assert_int_equal(harness_out(i, frame), 0);
	assert_int_equal(harness_punted(frame, &unused), 0);
}
