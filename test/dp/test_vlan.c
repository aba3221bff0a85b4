// SPDX-License-Identifier: BSD-3-Clause
// Two interfaces on one port, told apart by a tag: dp/vlan.h, by a worker that receives and sends.
#include "test/dp/harness.h"

#include <rte_arp.h>
#include <rte_ethdev.h>

#include "dp/icmp.h"
#include "dp/parse.h"
#include "dp/punt.h"
#include "dp/vlan.h"

#define TAG 20
#define L3  14

enum { VLAN = 0x8100, QINQ = 0x88a8, OLD_QINQ = 0x9100 };

static uint8_t frame[FRAME_MAX];

// Both interfaces on the port of OUTSIDE: that has the untagged frames, INSIDE those of TAG.
static int up(void **state)
{
	harness_up(64);
	h.w->port[INSIDE] = h.w->port[OUTSIDE];
	h.w->vlan[INSIDE] = TAG;
	h.w->by_tag[INSIDE] = h.w->by_tag[OUTSIDE] = true;
	return 0;
}

static int down(void **state)
{
	harness_down();
	return 0;
}

// Puts one more tag on the frame.
static size_t tag_put(size_t len, uint16_t type, uint16_t tci)
{
	const uint8_t tag[] = {
		(uint8_t)(type >> 8), (uint8_t)type, (uint8_t)(tci >> 8), (uint8_t)tci};

	memmove(frame + 16, frame + 12, len - 12);
	memcpy(frame + 12, tag, sizeof(tag));
	return len + 4;
}

// What the port brings, polled for once; what is sent stays on its ring.
static void receive(struct rte_mbuf **m, uint16_t n)
{
	assert_int_equal(rte_eth_tx_burst(h.w->port[OUTSIDE], 0, m, n), n);
	h.w->n_rxq = 1;
	h.w->rxq[0] = (struct worker_rxq){OUTSIDE, 0, true};
	worker_turn(h.w, h.now_ns);
	h.w->n_rxq = 0;
}

static void receive_frame(size_t len)
{
	struct rte_mbuf *m = buffer_of(frame, len);

	receive(&m, 1);
}

static struct flow in(void)
{
	return flow(PROTO_UDP, FAR, 7000, MAPPED, 4000);
}

static struct flow back(void)
{
	return flow(PROTO_UDP, HOST_IN, 4000, FAR, 7000);
}

// The next frame of the port; its tag is taken off, 0: it has none.
static size_t sent(uint16_t *tag)
{
	size_t len = harness_out(OUTSIDE, frame);

	*tag = 0;
	if (len == 0 || frame[12] != 0x81 || frame[13] != 0)
		return len;
	*tag = (uint16_t)(frame[14] << 8 | frame[15]);
	memmove(frame + 12, frame + 16, len - 16);
	return len - 4;
}

static void assert_sent(uint16_t want_tag, const struct flow *want)
{
	struct flow got;
	uint16_t tag;
	size_t len = sent(&tag);

	assert_true(len > 0);
	assert_int_equal(tag, want_tag);
	assert_true(frame_sums_ok(frame, len));
	got = frame_flow(frame, len);
	assert_flow(&got, want);
}

static void assert_silence(enum dp_counter_id reason, uint64_t n)
{
	assert_int_equal(harness_out(OUTSIDE, frame), 0);
	assert_int_equal(counted(reason), n);
}

// In untagged and out tagged, and the answer the other way, through NAT.
static void test_both_ways(void **state)
{
	const struct flow f = in(), b = back();
	const struct flow real = flow(PROTO_UDP, FAR, 7000, HOST_IN, 4000);
	const struct flow seen = flow(PROTO_UDP, MAPPED, 4000, FAR, 7000);
	size_t len = frame_make(frame, OUTSIDE, &f, 0, 10);

	receive_frame(len);
	assert_sent(TAG, &real);
	receive_frame(tag_put(frame_make(frame, INSIDE, &b, 0, 10), VLAN, TAG));
	assert_sent(0, &seen);
	// A priority is no other VLAN, and no tag is one that says a priority only.
	receive_frame(tag_put(frame_make(frame, INSIDE, &b, 0, 10), VLAN, 0xe000 | TAG));
	assert_sent(0, &seen);
	receive_frame(tag_put(frame_make(frame, OUTSIDE, &f, 0, 10), VLAN, 0xe000));
	assert_sent(TAG, &real);
	// Each interface counts its own, without tags.
	assert_int_equal(h.w->vlan_rx[OUTSIDE].packets, 2);
	assert_int_equal(h.w->vlan_rx[INSIDE].packets, 2);
	assert_int_equal(h.w->vlan_tx[OUTSIDE].packets, 2);
	assert_int_equal(h.w->vlan_tx[INSIDE].packets, 2);
	assert_int_equal(h.w->vlan_rx[INSIDE].bytes, 2 * len);
	assert_int_equal(h.w->vlan_tx[INSIDE].bytes, 2 * len);
}

// A source is judged by the interface that its tag names.
static void test_wrong_vlan(void **state)
{
	const struct flow b = back();

	receive_frame(frame_make(frame, INSIDE, &b, 0, 10));
	assert_silence(DROP_L2_NOT_FOR_US, 1); // the harness gives each interface a MAC
	h.w->mac[OUTSIDE] = h.w->mac[INSIDE];
	receive_frame(frame_make(frame, INSIDE, &b, 0, 10));
	assert_silence(DROP_REVERSE_PATH, 1);
}

static void test_refused(void **state)
{
	const struct flow b = back();
	static const struct {
		uint16_t outer, outer_tci, inner, inner_tci; // types, 0: no tag
		enum dp_counter_id reason;
	} t[] = {
		{VLAN, TAG + 1, 0, 0, DROP_VLAN_UNKNOWN},
		{VLAN, 4095, 0, 0, DROP_VLAN_UNKNOWN},
		{VLAN, 0xf000 | (TAG ^ 1), 0, 0, DROP_VLAN_UNKNOWN},
		{QINQ, TAG, 0, 0, DROP_VLAN_QINQ},
		{OLD_QINQ, TAG, 0, 0, DROP_VLAN_QINQ},
		{VLAN, TAG, VLAN, TAG, DROP_VLAN_QINQ},
		{VLAN, 0, VLAN, TAG, DROP_VLAN_QINQ},
		{QINQ, 5, VLAN, TAG, DROP_VLAN_QINQ},
	};

	for (size_t i = 0; i < RTE_DIM(t); i++) {
		size_t len = frame_make(frame, INSIDE, &b, 0, 10);
		uint64_t before = counted(t[i].reason);

		if (t[i].inner != 0)
			len = tag_put(len, t[i].inner, t[i].inner_tci);
		receive_frame(tag_put(len, t[i].outer, t[i].outer_tci));
		assert_silence(t[i].reason, before + 1);
	}
	// Nobody has the untagged frames.
	h.w->vlan[OUTSIDE] = 7;
	receive_frame(frame_make(frame, INSIDE, &b, 0, 10));
	assert_silence(DROP_VLAN_NONE, 1);
	for (size_t len = 1; len < 18; len++) { // cut in the middle of a tag
		const uint64_t before = counted(DROP_RX_SHORT) + counted(DROP_VLAN_NONE);

		tag_put(frame_make(frame, INSIDE, &b, 0, 10), VLAN, TAG);
		receive_frame(len);
		assert_int_equal(counted(DROP_RX_SHORT) + counted(DROP_VLAN_NONE), before + 1);
	}
}

// Devices that take the tag off say it beside the frame.
static void test_taken_by_device(void **state)
{
	const struct flow f = in();
	struct rte_mbuf *m = buffer_of(frame, frame_make(frame, OUTSIDE, &f, 0, 10));
	uint16_t tag;

	m->ol_flags = RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
	m->vlan_tci = 0x6000 | TAG;
	assert_int_equal(vlan_read(m, &tag), PASS);
	assert_int_equal(tag, TAG);
	vlan_strip(m);
	assert_int_equal(m->ol_flags, 0);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), frame, rte_pktmbuf_data_len(m));
	m->ol_flags = RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED | RTE_MBUF_F_RX_QINQ |
		RTE_MBUF_F_RX_QINQ_STRIPPED;
	assert_int_equal(vlan_read(m, &tag), DROP_VLAN_QINQ);
	rte_pktmbuf_free(m);
	m = buffer_of(frame, tag_put(frame_make(frame, OUTSIDE, &f, 0, 10), VLAN, 9));
	m->ol_flags = RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
	m->vlan_tci = TAG;
	assert_int_equal(vlan_read(m, &tag), DROP_VLAN_QINQ);
	rte_pktmbuf_free(m);
	// It stands in the frame too: af_packet puts it back.
	m = buffer_of(frame, tag_put(frame_make(frame, OUTSIDE, &f, 0, 10), VLAN, TAG));
	m->ol_flags = RTE_MBUF_F_RX_VLAN;
	assert_int_equal(vlan_read(m, &tag), PASS);
	assert_int_equal(tag, TAG);
	rte_pktmbuf_free(m);
}

// One burst of both interfaces: each packet finds its own, in order.
static void test_mixed(void **state)
{
	const struct flow f = in(), b = back();
	struct rte_mbuf *m[PKTS_BURST];
	uint16_t tag, tagged = 0;

	for (uint16_t i = 0; i < PKTS_BURST; i++) {
		size_t len = i % 3 == 1 ? tag_put(frame_make(frame, INSIDE, &b, 0, i), VLAN, TAG)
					: frame_make(frame, OUTSIDE, &f, 0, i);

		m[i] = buffer_of(frame, len);
	}
	receive(m, PKTS_BURST);
	for (uint16_t i = 0, last[2] = {0, 0}; i < PKTS_BURST; i++) {
		size_t len = sent(&tag);

		assert_true(len > 0 && (tag == 0 || tag == TAG));
		assert_true(len >= last[tag != 0]);
		last[tag != 0] = (uint16_t)len;
		tagged += tag != 0;
	}
	assert_int_equal(tagged, PKTS_BURST - (PKTS_BURST + 1) / 3);
	assert_int_equal(harness_out(OUTSIDE, frame), 0);
}

// The full MTU fits beside the tag; an error about what does not leaves with the sender's tag.
static void test_mtu(void **state)
{
	const struct flow f = in(), b = back();
	uint16_t tag;

	receive_frame(frame_make(frame, OUTSIDE, &f, 0, 1500 - 28));
	assert_int_equal(sent(&tag), 1514);
	assert_int_equal(tag, TAG);
	h.w->mtu[OUTSIDE] = 1000;
	receive_frame(tag_put(frame_make(frame, INSIDE, &b, 0, 1001 - 28), VLAN, TAG));
	assert_int_equal(counted(DROP_MTU_EXCEEDED), 1);
	assert_true(sent(&tag) > 0);
	assert_int_equal(tag, TAG);
	assert_int_equal(frame[L3 + 9], PROTO_ICMP);
	assert_int_equal(frame[34], ICMP_UNREACHABLE);
}

static void test_arp(void **state)
{
	uint16_t tag;

	receive_frame(tag_put(
		frame_arp(frame, INSIDE, true, HOST_IN, "192.168.10.3"), VLAN, TAG)); // media
	assert_int_equal(sent(&tag), 42);
	assert_int_equal(tag, TAG);
	assert_int_equal(frame[L3 + 7], RTE_ARP_OP_REPLY);
	receive_frame(frame_arp(frame, OUTSIDE, true, HOST_IN, "192.168.10.3"));
	assert_silence(DROP_ARP_FOREIGN, 1);
}

// The control plane sees its interface, and no tag; what it sends gets one.
static void test_control_plane(void **state)
{
	const struct flow ping = flow(PROTO_ICMP, HOST_IN, 7, FW_IN, 7);
	const struct flow answer = flow(PROTO_ICMP, FW_IN, 7, HOST_IN, 7);
	size_t len = frame_make(frame, INSIDE, &ping, 0, 10);
	struct rte_mbuf *m;
	uint16_t iface;

	receive_frame(tag_put(len, VLAN, TAG));
	assert_int_equal(harness_punted(frame, &iface), len);
	assert_int_equal(iface, INSIDE);
	len = frame_make(frame, INSIDE, &answer, 1, 10);
	m = buffer_of(frame, len);
	assert_int_equal(parse_frame(m, NULL), PASS);
	pkt_of(m)->iface_in = INSIDE;
	assert_int_equal(rte_ring_sp_enqueue(h.w->punt_down, m), 0);
	worker_turn(h.w, h.now_ns);
	assert_sent(TAG, &answer);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, up, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_both_ways),
		TEST(test_wrong_vlan),
		TEST(test_refused),
		TEST(test_taken_by_device),
		TEST(test_mixed),
		TEST(test_mtu),
		TEST(test_arp),
		TEST(test_control_plane),
	};

	return cmocka_run_group_tests(tests, harness_group_setup, NULL);
}
