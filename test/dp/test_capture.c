// SPDX-License-Identifier: BSD-3-Clause
// Captures by a real worker: what comes in, goes out and is dropped; and Wireshark reads the file.
#include "test/dp/harness.h"

#include <stdio.h>
#include <unistd.h>

#include <rte_ethdev.h>

#include "dp/capture.h"
#include "dp/dp_state.h"
#include "lib/pcapng.h"

static const struct dp_msg_capture all = {
	.iface = DP_CAPTURE_ANY, .reason = DP_CAPTURE_ANY, .size = 2000};
static int id;

static int up(void **state)
{
	harness_up(64);
	dp_state.worker[0] = h.w;
	dp_state.n_workers = 1;
	dp_state.n_ports = HARNESS_IFACES;
	return 0;
}

static int down(void **state)
{
	harness_down();
	dp_state = (struct dp_state){0};
	return 0;
}

static void turn(void)
{
	worker_turn(h.w, h.now_ns);
}

static void capture(const struct dp_msg_capture *want)
{
	id = dp_capture_open(want);
	assert_true(id >= 0);
	turn(); // it hears of it
}

static struct dp_msg_capture matching(const char *text)
{
	struct dp_msg_capture c = all;
	char err[160] = "";

	c.filtered = true;
	if (!ace_parse(str_from(text), &c.match, err, sizeof(err)))
		fail_msg("%s: %s", text, err);
	return c;
}

// A packet that comes in by the wire of `iface`, which the worker polls for once.
static void receive_buffer(uint16_t iface, struct rte_mbuf *m)
{
	assert_int_equal(rte_eth_tx_burst(h.w->port[iface], 0, &m, 1), 1);
	h.w->n_rxq = 1;
	h.w->rxq[0] = (struct worker_rxq){iface, 0, h.w->by_tag[iface]};
	turn();
	h.w->n_rxq = 0;
}

static void receive(uint16_t iface, const struct flow *f, uint8_t flags)
{
	uint8_t frame[FRAME_MAX];

	receive_buffer(iface, buffer_of(frame, frame_make(frame, iface, f, flags, 10)));
}

static void expect(uint16_t iface, bool out, const char *reason, const struct flow *want)
{
	struct dp_captured c;
	struct flow got;

	assert_true(dp_capture_peek(id, &c));
	assert_int_equal(c.iface, iface);
	assert_int_equal(c.out, out);
	if (reason == NULL)
		assert_null(c.reason);
	else
		assert_string_equal(c.reason, reason);
	assert_int_equal(c.time_ns, h.now_ns);
	got = frame_flow(c.data, c.len);
	assert_flow(&got, want);
	dp_capture_pop(id);
}

static void expect_no_more(void)
{
	struct dp_captured c;

	assert_false(dp_capture_peek(id, &c));
}

static struct flow call(uint16_t port)
{
	return flow(PROTO_UDP, HOST_OUT, 7000, MAPPED, port);
}

static void test_passes(void **state)
{
	const struct flow in = call(4000), out = flow(PROTO_UDP, HOST_OUT, 7000, HOST_IN, 4000);

	capture(&all);
	receive(OUTSIDE, &in, 0);
	expect(OUTSIDE, false, NULL, &in);
	expect(INSIDE, true, NULL, &out);
	expect_no_more();
}

// As an interface that has a tag sees it: without.
static void test_tagged(void **state)
{
	const struct flow in = flow(PROTO_UDP, HOST_IN, 4000, FAR, 7000),
			  out = flow(PROTO_UDP, MAPPED, 4000, FAR, 7000);
	struct rte_mbuf *m;
	uint8_t frame[FRAME_MAX];
	struct dp_captured c;

	h.w->port[INSIDE] = h.w->port[OUTSIDE];
	h.w->vlan[INSIDE] = 20;
	h.w->by_tag[INSIDE] = h.w->by_tag[OUTSIDE] = true;
	capture(&all);
	m = buffer_of(frame, frame_make(frame, INSIDE, &in, 0, 10));
	m->vlan_tci = 20;
	assert_int_equal(rte_vlan_insert(&m), 0);
	receive_buffer(OUTSIDE, m);
	expect(INSIDE, false, NULL, &in);
	expect(OUTSIDE, true, NULL, &out);
	assert_true(harness_out(OUTSIDE, frame) > 0);
	// One for nobody is shown as it came.
	m = buffer_of(frame, frame_make(frame, INSIDE, &in, 0, 10));
	m->vlan_tci = 21;
	assert_int_equal(rte_vlan_insert(&m), 0);
	receive_buffer(OUTSIDE, m);
	assert_true(dp_capture_peek(id, &c));
	assert_string_equal(c.reason, "VLAN_UNKNOWN");
	assert_int_equal(c.iface, OUTSIDE);
	assert_memory_equal((const uint8_t *)c.data + 12, "\x81\0\0\x15", 4);
	dp_capture_pop(id);
	expect_no_more();
}

static void test_drop(void **state)
{
	const struct flow in = call(4001);

	capture(&all);
	receive(OUTSIDE, &in, 0);
	expect(OUTSIDE, false, NULL, &in);
	expect(OUTSIDE, false, "ACL_DENY", &in);
	expect_no_more();
}

static void test_drops_only(void **state)
{
	const struct flow denied = call(4001),
			  stray = flow(PROTO_TCP, HOST_OUT, 7000, MAPPED, 5070);
	struct dp_msg_capture c = all;

	c.drops = true;
	capture(&c);
	harness_send(OUTSIDE, &(struct flow){call(4000).src, call(4000).dst, PROTO_UDP}, 0);
	harness_send(OUTSIDE, &denied, 0);
	harness_send(OUTSIDE, &stray, 0x10);
	expect(OUTSIDE, false, "ACL_DENY", &denied);
	expect(OUTSIDE, false, "TCP_NOT_SYN", &stray);
	expect_no_more();
	dp_capture_close(id);
	turn();
	c.reason = DROP_TCP_NOT_SYN;
	capture(&c);
	harness_send(OUTSIDE, &denied, 0);
	harness_send(OUTSIDE, &stray, 0x10);
	expect(OUTSIDE, false, "TCP_NOT_SYN", &stray);
	expect_no_more();
}

// Every reason names itself and its remedy.
static void test_reasons(void **state)
{
	capture(&all);
	for (unsigned int i = 0; i < DP_COUNTERS; i++) {
		uint8_t frame[FRAME_MAX];
		const struct flow f = call(4001);
		struct dp_captured c;

		if (!counter_infos[i].drop)
			continue;
		pkt_drop(h.w, buffer_of(frame, frame_make(frame, OUTSIDE, &f, 0, 10)), i);
		worker_free_dropped(h.w);
		assert_true(dp_capture_peek(id, &c));
		assert_string_equal(c.reason, counter_infos[i].name);
		assert_string_equal(c.help, counter_infos[i].help);
		dp_capture_pop(id);
	}
}

static void test_match(void **state)
{
	static const struct {
		const char *match;
		unsigned int n; // packets of the four
	} t[] = {
		{"permit udp any host 209.165.200.228 eq 4001", 2}, // there, and back
		{"permit udp host 209.165.200.228 eq 4001 any", 2}, // the same
		{"permit udp any host 209.165.200.228 eq 4002", 1},
		{"permit tcp any any", 0},
		{"permit icmp any any", 1},
		{"permit icmp any any echo", 1},
		{"permit icmp host 209.165.200.225 any echo", 1}, // there, and back
		{"permit icmp any any echo 1", 0},
		{"permit icmp any any unreachable", 0},
		{"permit icmp any any echo-reply", 0},
		{"permit ip any any", 4},
		{"permit ip host 198.51.100.7 any", 0},
	};
	const struct flow there = call(4001), other = call(4002),
			  back = flow(PROTO_UDP, MAPPED, 4001, HOST_OUT, 7000),
			  echo = flow(PROTO_ICMP, HOST_OUT, 5, FW_OUT, 5);

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct dp_msg_capture want = matching(t[i].match);
		struct dp_captured c;
		unsigned int n = 0;

		want.drops = true;
		capture(&want);
		for (int k = 0; k < 4; k++) {
			const struct flow *f = k == 0 ? &there
				: k == 1              ? &other
				: k == 2              ? &back
						      : &echo;
			uint8_t frame[FRAME_MAX];

			pkt_drop(h.w, buffer_of(frame, frame_make(frame, OUTSIDE, f, 0, 10)),
				DROP_ACL_DENY);
		}
		worker_free_dropped(h.w);
		for (; dp_capture_peek(id, &c); n++)
			dp_capture_pop(id);
		if (n != t[i].n)
			fail_msg("%s: %u", t[i].match, n);
		dp_capture_close(id);
		turn();
	}
}

static void test_interface(void **state)
{
	const struct flow in = call(4000), out = flow(PROTO_UDP, HOST_OUT, 7000, HOST_IN, 4000);
	struct dp_msg_capture c = all;

	c.iface = INSIDE;
	capture(&c);
	receive(OUTSIDE, &in, 0);
	expect(INSIDE, true, NULL, &out);
	expect_no_more();
}

static void test_size(void **state)
{
	const struct flow in = call(4001);
	struct dp_msg_capture c = all;
	struct dp_captured got;

	c.size = 42;
	capture(&c);
	receive(OUTSIDE, &in, 0);
	assert_true(dp_capture_peek(id, &got));
	assert_int_equal(got.len, 42);
	assert_int_equal(got.original_len, 52);
	for (unsigned int size = 0; size <= DP_FRAME_MAX + 1; size += DP_FRAME_MAX + 1) {
		c.size = (uint16_t)size;
		assert_int_equal(dp_capture_open(&c), -EINVAL);
	}
}

// The ring keeps what it has; traffic goes on, and the loss is counted.
static void test_overflow(void **state)
{
	const struct flow first = call(1), in = call(4001);
	uint64_t taken, lost;
	unsigned int n = 0;
	struct dp_captured c;

	capture(&all);
	harness_send(OUTSIDE, &first, 0);
	for (unsigned int i = 0; i < 2000; i++)
		harness_send(OUTSIDE, &in, 0);
	assert_int_equal(counted(DROP_ACL_DENY), 2001);
	expect(OUTSIDE, false, "ACL_DENY", &first);
	for (; dp_capture_peek(id, &c); n++)
		dp_capture_pop(id);
	dp_capture_counts(id, OUTSIDE, &taken, &lost);
	assert_int_equal(taken, 2001);
	assert_int_equal(lost, 2001 - 1 - n);
	assert_true(lost > 0);
	dp_capture_counts(id, INSIDE, &taken, &lost);
	assert_int_equal(taken, 0);
	harness_send(OUTSIDE, &in, 0); // there is room again
	expect(OUTSIDE, false, "ACL_DENY", &in);
}

// What the device did not take was not sent.
static void test_not_sent(void **state)
{
	uint8_t frame[FRAME_MAX];
	const struct flow f = call(4000);
	struct pkts v = {.n = 0};
	uint64_t taken, lost;

	capture(&all);
	for (int i = 0; i < 3; i++)
		pkts_add(&v, buffer_of(frame, frame_make(frame, INSIDE, &f, 0, 10)));
	capture_out(h.w, &v, INSIDE);
	expect_no_more(); // not yet
	capture_sent(h.w, 1);
	expect(INSIDE, true, NULL, &f);
	expect_no_more();
	capture_out(h.w, &v, INSIDE);
	capture_sent(h.w, 0);
	expect_no_more();
	dp_capture_counts(id, INSIDE, &taken, &lost);
	assert_int_equal(taken, 1);
	rte_pktmbuf_free_bulk(v.m, v.n);
}

static void test_several(void **state)
{
	const struct flow in = call(4001);
	struct dp_msg m;
	int ids[DP_CAPTURES_MAX];

	for (int i = 0; i < DP_CAPTURES_MAX; i++) {
		capture(&all);
		ids[i] = id;
	}
	assert_int_equal(dp_capture_open(&all), -EBUSY);
	harness_send(OUTSIDE, &in, 0);
	for (int i = 0; i < DP_CAPTURES_MAX; i++) {
		id = ids[i];
		expect(OUTSIDE, false, "ACL_DENY", &in);
		expect_no_more();
	}
	dp_capture_close(ids[1]);
	assert_int_equal(dp_capture_open(&all), -EBUSY); // the worker writes there still
	turn();
	dp_recv(&m); // clears it away
	assert_null(h.w->capture[ids[1]]);
	capture(&all);
	assert_int_equal(id, ids[1]);
	for (int i = 0; i < DP_CAPTURES_MAX; i++)
		dp_capture_close(ids[i]);
	turn();
	dp_recv(&m);
	assert_int_equal(h.w->captures, 0);
	for (int i = 0; i < DP_CAPTURES_MAX; i++)
		assert_null(h.w->capture[i]);
}

// A capture that ends before the worker has heard of it.
static void test_never_begun(void **state)
{
	const struct dp_msg_capture want = all;

	id = dp_capture_open(&want);
	dp_capture_close(id);
	turn();
	capture_reap();
	assert_null(h.w->capture[id]);
}

// ---- Wireshark ----------------------------------------------------------------------------------

static FILE *file;

static void put(const uint8_t *block, size_t n)
{
	assert_true(n > 0);
	assert_int_equal(fwrite(block, 1, n, file), n);
}

static void expect_output(const char *command, const char *want)
{
	char got[1024];
	FILE *p = popen(command, "r");
	size_t n;

	assert_non_null(p);
	n = fread(got, 1, sizeof(got) - 1, p);
	got[n] = '\0';
	assert_int_equal(pclose(p), 0);
	assert_string_equal(got, want);
}

static void test_wireshark(void **state)
{
	static uint8_t block[FRAME_MAX + PCAPNG_BLOCK_MAX];
	const struct flow in = call(4000), denied = call(4001);
	char path[] = "/tmp/callgate-capture-XXXXXX", command[512];
	struct dp_captured c;

	file = fdopen(mkstemp(path), "w");
	assert_non_null(file);
	put(block, pcapng_section(block, sizeof(block), "callgate", "a test"));
	put(block, pcapng_interface(block, sizeof(block), "outside", "net_ring0", 2000));
	put(block, pcapng_interface(block, sizeof(block), "inside", "net_ring1", 2000));
	capture(&all);
	receive(OUTSIDE, &in, 0);
	h.now_ns += 1;
	receive(OUTSIDE, &denied, 0);
	for (; dp_capture_peek(id, &c); dp_capture_pop(id))
		put(block,
			pcapng_packet(block, sizeof(block),
				&(struct pcapng_packet){.iface = c.iface,
					.time_ns = c.time_ns,
					.data = c.data,
					.len = c.len,
					.original_len = c.original_len,
					.direction = c.out ? PCAPNG_OUT : PCAPNG_IN,
					.comment = c.reason}));
	put(block,
		pcapng_statistics(block, sizeof(block),
			&(struct pcapng_statistics){.iface = 0, .received = 3}));
	fclose(file);
	snprintf(command, sizeof(command),
		"tshark -r %s -T fields -e frame.interface_name -e frame.packet_flags_direction "
		"-e frame.time_epoch -e frame.len -e ip.dst -e udp.dstport -e frame.comment "
		"2>/dev/null",
		path);
	expect_output(command,
		"outside\t0x00000001\t1000.000000000\t52\t209.165.200.228\t4000\t\n"
		"inside\t0x00000002\t1000.000000000\t52\t192.168.10.30\t4000\t\n"
		"outside\t0x00000001\t1000.000000001\t52\t209.165.200.228\t4001\t\n"
		"outside\t0x00000001\t1000.000000001\t52\t209.165.200.228\t4001\tACL_DENY\n");
	snprintf(command, sizeof(command), "capinfos -M -E -c %s | tail -n +2", path);
	expect_output(command, "File encapsulation:  ether\nNumber of packets:   4\n");
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_passes, up, down),
		cmocka_unit_test_setup_teardown(test_tagged, up, down),
		cmocka_unit_test_setup_teardown(test_drop, up, down),
		cmocka_unit_test_setup_teardown(test_drops_only, up, down),
		cmocka_unit_test_setup_teardown(test_reasons, up, down),
		cmocka_unit_test_setup_teardown(test_match, up, down),
		cmocka_unit_test_setup_teardown(test_interface, up, down),
		cmocka_unit_test_setup_teardown(test_size, up, down),
		cmocka_unit_test_setup_teardown(test_overflow, up, down),
		cmocka_unit_test_setup_teardown(test_not_sent, up, down),
		cmocka_unit_test_setup_teardown(test_several, up, down),
		cmocka_unit_test_setup_teardown(test_never_begun, up, down),
		cmocka_unit_test_setup_teardown(test_wireshark, up, down),
	};

	return cmocka_run_group_tests(tests, harness_group_setup, NULL);
}
