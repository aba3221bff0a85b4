// SPDX-License-Identifier: BSD-3-Clause
// TCP between its ends: tables of segments, each with what becomes of it and of the connection, from
// numbers that wrap and numbers that do not; and the same through all stages of a worker, as frames.
#include "test/dp/harness.h"

#include "dp/tcp.h"

#define F 0x01
#define S 0x02
#define R 0x04
#define A 0x10

// Numbers count from the initial ones of either side: `seq` from the sender's, `ack` from the other's.
struct step {
	unsigned int dir;
	uint8_t flags;
	uint32_t seq, ack, len; // octets of payload
	uint16_t window;
	int8_t scale;
	enum dp_counter_id want;
	enum tcp_state state; // afterwards
};

#define HANDSHAKE                                                                                  \
	{0, S, 0, 0, 0, 1000, -1, PASS, TCP_SYN_SENT},                                             \
		{1, S | A, 0, 1, 0, 2000, -1, PASS, TCP_SYN_RCVD},                                 \
	{                                                                                          \
		0, A, 1, 1, 0, 1000, -1, PASS, TCP_ESTABLISHED                                     \
	}
#define UP TCP_ESTABLISHED

static const uint32_t isns[][2] = {
	{0, 0}, {1000, 500000}, {UINT32_MAX, UINT32_MAX - 1}, {0x7fffffff, 0xfffffff0}};

static void play(const char *what, const struct step *s, size_t n)
{
	for (size_t k = 0; k < RTE_DIM(isns); k++) {
		struct tcp_conn c;

		for (size_t i = 0; i < n; i++) {
			const struct tcp_segment g = {.seq = isns[k][s[i].dir] + s[i].seq,
				.ack = s[i].flags & A ? isns[k][!s[i].dir] + s[i].ack : 0,
				.len = s[i].len + !!(s[i].flags & S) + !!(s[i].flags & F),
				.window = s[i].window,
				.flags = s[i].flags,
				.scale = s[i].scale};
			const struct tcp_conn before = c;
			enum dp_counter_id got = PASS;

			if (i == 0)
				tcp_open(&c, &g);
			else
				got = tcp_track(&c, s[i].dir, &g);
			if (got != s[i].want || c.state != s[i].state)
				fail_msg("%s: numbers %zu, step %zu: %s, state %u", what, k, i,
					got == PASS ? "PASS" : counter_infos[got].name, c.state);
			if (i > 0 && got != PASS)
				assert_memory_equal(&c, &before, sizeof(c));
		}
	}
}

#define PLAY(what, ...)                                                                            \
	do {                                                                                       \
		static const struct step steps[] = {__VA_ARGS__};                                  \
                                                                                                   \
		play(what, steps, RTE_DIM(steps));                                                 \
	} while (0)

static void test_states(void **state)
{
	PLAY("the initiator closes first", HANDSHAKE, {0, A, 1, 1, 100, 1000, -1, PASS, UP},
		{1, A, 1, 101, 50, 2000, -1, PASS, UP},
		{0, F | A, 101, 51, 0, 1000, -1, PASS, TCP_FIN_WAIT},
		{1, A, 51, 102, 10, 2000, -1, PASS, TCP_FIN_WAIT}, // it may go on
		{0, A, 102, 61, 0, 1000, -1, PASS, TCP_FIN_WAIT},
		{1, F | A, 61, 102, 0, 2000, -1, PASS, TCP_LAST_ACK},
		{0, A, 102, 62, 0, 1000, -1, PASS, TCP_TIME_WAIT},
		{1, F | A, 61, 102, 0, 2000, -1, PASS, TCP_TIME_WAIT}); // again
	PLAY("the responder closes first", HANDSHAKE,
		{1, F | A, 1, 1, 0, 2000, -1, PASS, TCP_FIN_WAIT},
		{0, F | A, 1, 2, 0, 1000, -1, PASS, TCP_LAST_ACK},
		{1, A, 2, 2, 0, 2000, -1, PASS, TCP_TIME_WAIT});
	PLAY("both close at once", HANDSHAKE, {1, F | A, 1, 1, 0, 2000, -1, PASS, TCP_FIN_WAIT},
		{0, F | A, 1, 1, 0, 1000, -1, PASS, TCP_LAST_ACK},
		{1, A, 2, 2, 0, 2000, -1, PASS, TCP_LAST_ACK},
		{0, A, 2, 2, 0, 1000, -1, PASS, TCP_TIME_WAIT});
	PLAY("both open at once", {0, S, 0, 0, 0, 1000, -1, PASS, TCP_SYN_SENT},
		{1, S, 0, 0, 0, 2000, -1, PASS, TCP_SYN_RCVD},
		{0, S | A, 0, 1, 0, 1000, -1, PASS, TCP_SYN_RCVD},
		{1, S | A, 0, 1, 0, 2000, -1, PASS, TCP_SYN_RCVD},
		{0, A, 1, 1, 0, 1000, -1, PASS, UP});
}

static void test_handshake(void **state)
{
	PLAY("refused", {0, S, 0, 0, 0, 1000, -1, PASS, TCP_SYN_SENT},
		{1, R | A, 0, 0, 0, 0, -1, DROP_TCP_RST_WINDOW, TCP_SYN_SENT},
		{1, R | A, 0, 2, 0, 0, -1, DROP_TCP_RST_WINDOW, TCP_SYN_SENT},
		{1, R, 0, 0, 0, 0, -1, DROP_TCP_RST_WINDOW, TCP_SYN_SENT},
		{1, R | A, 0, 1, 0, 0, -1, PASS, TCP_CLOSED});
	PLAY("asked anew", {0, S, 0, 0, 0, 1000, -1, PASS, TCP_SYN_SENT},
		{0, S, 0, 0, 0, 1000, -1, PASS, TCP_SYN_SENT},
		{0, S, 77777, 0, 0, 1000, -1, PASS, TCP_SYN_SENT},
		{1, S | A, 0, 1, 0, 2000, -1, PASS, TCP_SYN_SENT},     // to the first
		{0, R, 1, 0, 0, 0, -1, PASS, TCP_SYN_SENT},            // the asker refuses it
		{1, S | A, 9, 77778, 0, 2000, -1, PASS, TCP_SYN_RCVD}, // to the last
		{0, A, 77778, 10, 0, 1000, -1, PASS, UP});
	PLAY("the other end has an old connection (RFC 5961 4)",
		{0, S, 0, 0, 0, 1000, -1, PASS, TCP_SYN_SENT},
		{1, A, 5000, 90000, 0, 2000, -1, PASS, TCP_SYN_SENT},
		{1, A, 5000, 90000, 1, 2000, -1, DROP_TCP_HANDSHAKE, TCP_SYN_SENT},
		{0, R, 90000, 0, 0, 0, -1, PASS, TCP_SYN_SENT},
		{0, S, 0, 0, 0, 1000, -1, PASS, TCP_SYN_SENT},
		{1, S | A, 0, 1, 0, 2000, -1, PASS, TCP_SYN_RCVD});
	PLAY("an answer is needed first", {0, S, 0, 0, 0, 1000, -1, PASS, TCP_SYN_SENT},
		{0, A, 1, 1, 10, 1000, -1, DROP_TCP_HANDSHAKE, TCP_SYN_SENT});
	PLAY("who has not seen the answer cannot acknowledge it",
		{0, S, 0, 0, 0, 1000, -1, PASS, TCP_SYN_SENT},
		{1, S | A, 0, 1, 0, 2000, -1, PASS, TCP_SYN_RCVD},
		{0, A, 1, 0, 0, 1000, -1, DROP_TCP_ACK, TCP_SYN_RCVD},
		{0, A, 1, 2, 0, 1000, -1, DROP_TCP_ACK, TCP_SYN_RCVD},
		{0, A, 1, 1, 0, 1000, -1, PASS, UP});
	PLAY("the responder speaks at once, the asker's ACK being lost",
		{0, S, 0, 0, 0, 1000, -1, PASS, TCP_SYN_SENT},
		{1, S | A, 0, 1, 0, 2000, -1, PASS, TCP_SYN_RCVD},
		{1, A, 1, 1, 500, 2000, -1, PASS, TCP_SYN_RCVD},
		{1, A, 501, 1, 500, 2000, -1, PASS, TCP_SYN_RCVD},
		{1, A, 1002, 1, 500, 2000, -1, DROP_TCP_WINDOW, TCP_SYN_RCVD});
}

static void test_windows(void **state)
{
	PLAY("up to the right edge", HANDSHAKE, {0, A, 1, 1, 1460, 1000, -1, PASS, UP},
		{0, A, 2001, 1, 100, 1000, -1, PASS, UP},
		{0, A, 2002, 1, 100, 1000, -1, DROP_TCP_WINDOW, UP},
		{1, A, 1, 1461, 0, 2000, -1, PASS, UP}, // which goes on
		{0, A, 3461, 1, 100, 1000, -1, PASS, UP},
		{0, A, 3462, 1, 100, 1000, -1, DROP_TCP_WINDOW, UP});
	PLAY("back to what is out of the window", HANDSHAKE, {0, A, 1, 1, 2000, 1000, -1, PASS, UP},
		{1, A, 1, 2001, 0, 2000, -1, PASS, UP}, {0, A, 2001, 1, 2000, 1000, -1, PASS, UP},
		{0, A, 1999, 1, 1, 1000, -1, DROP_TCP_WINDOW, UP},
		{0, A, 2000, 1, 1, 1000, -1, PASS, UP}, // again, in part
		{0, A, 2001, 1, 2000, 1000, -1, PASS, UP});
	PLAY("keep-alive and zero-window probe", HANDSHAKE, {0, A, 1, 1, 100, 1000, -1, PASS, UP},
		{1, A, 1, 101, 0, 0, -1, PASS, UP}, // closed window; the old edge was wider
		{0, A, 100, 1, 0, 1000, -1, PASS, UP}, {0, A, 100, 1, 1, 1000, -1, PASS, UP},
		{0, A, 101, 1, 1, 1000, -1, PASS, UP});
	PLAY("acknowledged but never sent", HANDSHAKE, {1, A, 1, 2, 0, 2000, -1, DROP_TCP_ACK, UP},
		{0, A, 1, 1, 100, 1000, -1, PASS, UP}, {1, A, 1, 101, 0, 2000, -1, PASS, UP},
		{1, A, 1, 102, 0, 2000, -1, DROP_TCP_ACK, UP},
		{1, A, 1, 1, 0, 2000, -1, PASS, UP}, // overtaken
		{1, A, 1, 101u - 66000u, 0, 2000, -1, PASS, UP},
		{1, A, 1, 101u - 66001u, 0, 2000, -1, DROP_TCP_ACK, UP});
	PLAY("without ACK", HANDSHAKE, {0, F, 1, 0, 0, 1000, -1, DROP_TCP_FLAGS, UP});
	PLAY("far away", HANDSHAKE, {0, A, 0x80000000, 1, 0, 1000, -1, DROP_TCP_WINDOW, UP},
		{0, A, 0x7fffffff, 1, 0, 1000, -1, DROP_TCP_WINDOW, UP},
		{1, A, 1, 0x80000001, 0, 1000, -1, DROP_TCP_ACK, UP});
}

static void test_scaling(void **state)
{
	// 1000 << 7 from the initiator, 2000 << 2 from the responder, once the handshake is done.
	PLAY("both", {0, S, 0, 0, 0, 1000, 7, PASS, TCP_SYN_SENT},
		{1, S | A, 0, 1, 0, 2000, 2, PASS, TCP_SYN_RCVD},
		{0, A, 1, 1, 0, 1000, -1, PASS, UP}, {1, A, 128001, 1, 10, 2000, -1, PASS, UP},
		{1, A, 128002, 1, 10, 2000, -1, DROP_TCP_WINDOW, UP},
		{0, A, 8001, 1, 1, 1000, -1, PASS, UP}, // since the ACK of the step before
		{0, A, 8002, 1, 1, 1000, -1, DROP_TCP_WINDOW, UP});
	PLAY("one alone does not", {0, S, 0, 0, 0, 1000, 7, PASS, TCP_SYN_SENT},
		{1, S | A, 0, 1, 0, 2000, -1, PASS, TCP_SYN_RCVD},
		{0, A, 1, 1, 0, 1000, -1, PASS, UP}, {1, A, 1001, 1, 10, 2000, -1, PASS, UP},
		{1, A, 1002, 1, 10, 2000, -1, DROP_TCP_WINDOW, UP});
}

static void test_reset(void **state)
{
	PLAY("exact", HANDSHAKE, {1, A, 1, 1, 0, 2000, -1, PASS, UP},
		{0, R, 1, 0, 0, 0, -1, PASS, TCP_CLOSED});
	PLAY("exact, before the last data are acknowledged", HANDSHAKE,
		{0, A, 1, 1, 500, 1000, -1, PASS, UP},
		{0, R | A, 501, 1, 0, 0, -1, PASS, TCP_CLOSED});
	PLAY("of the responder, right after its SYN", {0, S, 0, 0, 0, 1000, -1, PASS, TCP_SYN_SENT},
		{1, S | A, 0, 1, 0, 2000, -1, PASS, TCP_SYN_RCVD},
		{1, R, 1, 0, 0, 0, -1, PASS, TCP_CLOSED});
	PLAY("in the window: for the end to challenge", HANDSHAKE, {0, R, 2, 0, 0, 0, -1, PASS, UP},
		{0, R, 2001, 0, 0, 0, -1, PASS, UP},
		{1, A, 1, 1, 0, 2000, -1, PASS, UP},       // the challenge
		{0, R, 1, 0, 0, 0, -1, PASS, TCP_CLOSED}); // its answer
	PLAY("out of the window", HANDSHAKE, {0, R, 0, 0, 0, 0, -1, DROP_TCP_RST_WINDOW, UP},
		{0, R, 2002, 0, 0, 0, -1, DROP_TCP_RST_WINDOW, UP},
		{0, R, 0x80000001, 0, 0, 0, -1, DROP_TCP_RST_WINDOW, UP},
		{1, R | A, 1002, 1, 0, 0, -1, DROP_TCP_RST_WINDOW, UP});
	PLAY("a SYN does not disturb, whatever its number", HANDSHAKE,
		{0, S, 123456, 0, 0, 9, 9, PASS, UP}, {0, S, 1, 0, 0, 9, 9, PASS, UP},
		{1, S | A, 99, 7, 0, 9, 9, PASS, UP}, {0, A, 2001, 1, 10, 1000, -1, PASS, UP},
		{0, A, 2002, 1, 10, 1000, -1, DROP_TCP_WINDOW, UP});
	PLAY("a client that has restarted (RFC 5961 4.2)", HANDSHAKE,
		{0, A, 1, 1, 100, 1000, -1, PASS, UP}, {1, A, 1, 101, 0, 2000, -1, PASS, UP},
		{0, S, 700000, 0, 0, 1000, -1, PASS, UP},    // its SYN
		{1, A, 1, 101, 0, 2000, -1, PASS, UP},       // the challenge
		{0, R, 101, 0, 0, 0, -1, PASS, TCP_CLOSED}); // and it is clear to all
}

static void test_options(void **state)
{
	static const struct {
		uint8_t len, option[40];
		int8_t scale;
	} cases[] = {
		{0, {0}, -1},
		{4, {1, 3, 3, 7}, 7},
		{4, {3, 3, 14, 0}, 14},
		{4, {3, 3, 15, 0}, 14},
		{4, {3, 3, 255, 0}, 14},
		{4, {0, 3, 3, 7}, -1},   // behind the end
		{4, {2, 4, 5, 180}, -1}, // MSS
		{8, {2, 4, 5, 180, 1, 3, 3, 2}, 2},
		{4, {3, 2, 7, 0}, -1}, // too short
		{4, {1, 1, 3, 3}, -1}, // cut off
		{4, {1, 1, 1, 3}, -1},
		{4, {8, 0, 3, 3}, -1}, // no length
		{4, {8, 1, 3, 3}, -1},
		{4, {8, 200, 3, 3}, -1},
		{20, {2, 4, 5, 180, 4, 2, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 3, 3, 7}, 7},
	};
	uint8_t buf[60] = {0};
	struct rte_tcp_hdr *tcp = (void *)buf;

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct tcp_segment g;

		tcp->tcp_flags = S;
		tcp->data_off = (uint8_t)((sizeof(*tcp) + cases[i].len) / 4 << 4);
		memcpy(tcp + 1, cases[i].option, cases[i].len);
		g = tcp_read(tcp, 3);
		if (g.scale != cases[i].scale)
			fail_msg("case %zu: %d", i, g.scale);
		assert_int_equal(g.len, 4);
		tcp->tcp_flags = A; // it is a SYN's alone
		assert_int_equal(tcp_read(tcp, 3).scale, -1);
	}
}

// ---- Frames ------------------------------------------------------------------------------------

static uint8_t frame[FRAME_MAX];

static void sends(unsigned int dir, uint8_t flags, uint32_t seq, uint32_t ack, size_t payload,
	enum dp_counter_id want)
{
	const struct flow out = flow(PROTO_TCP, HOST_IN, 3000, FAR, 80);
	const struct flow back = flow(PROTO_TCP, FAR, 80, MAPPED, 3000);
	uint64_t before = want == PASS ? 0 : counted(want);
	struct rte_mbuf *m = buffer_of(frame,
		frame_tcp(frame, dir == 0 ? INSIDE : OUTSIDE, dir == 0 ? &out : &back, flags, seq,
			ack, payload));
	size_t len;

	harness_in(dir == 0 ? INSIDE : OUTSIDE, &m, 1);
	len = harness_out(dir == 0 ? OUTSIDE : INSIDE, frame);
	if (want == PASS) {
		assert_int_equal(len, 14 + 20 + 20 + payload);
		assert_true(frame_sums_ok(frame, len));
		return;
	}
	assert_int_equal(len, 0);
	if (counted(want) != before + 1)
		fail_msg("no %s", counter_infos[want].name);
}

static uint32_t live(void)
{
	return h.w->sess->max - h.w->sess->n_free;
}

// A stranger who knows the tuple, and a connection that does not care.
static void test_attack(void **state)
{
	sends(0, S, 99, 0, 0, PASS);
	sends(0, A, 100, 500, 20, DROP_TCP_HANDSHAKE);
	sends(1, R | A, 0, 99, 0, DROP_TCP_RST_WINDOW);
	sends(1, S | A, 499, 100, 0, PASS);
	sends(0, A, 100, 500, 0, PASS);
	sends(1, R, 400, 0, 0, DROP_TCP_RST_WINDOW);
	sends(1, R, 500 + 64001, 0, 0, DROP_TCP_RST_WINDOW);
	sends(1, S, 12345, 0, 0, PASS);
	sends(1, A, 500 + 64001, 100, 20, DROP_TCP_WINDOW);
	sends(1, A, 500, 101, 20, DROP_TCP_ACK);
	sends(1, R, 501, 0, 0, PASS); // in the window: passed on, and no end
	sends(0, A, 100, 500, 1400, PASS);
	sends(1, A, 500, 1500, 1400, PASS);
	assert_int_equal(live(), 1);
	harness_wait_s(60);
	assert_int_equal(live(), 1);
	sends(1, R, 1900, 0, 0, PASS); // exact
	harness_wait_s(6);
	assert_int_equal(live(), 0);
	assert_int_equal(counted(COUNT_SESSIONS_CLOSED), 1);
}

// What is over can begin anew at once; what is not, cannot.
static void test_reuse(void **state)
{
	sends(0, S, 99, 0, 0, PASS);
	sends(1, S | A, 499, 100, 0, PASS);
	sends(0, A, 100, 500, 0, PASS);
	sends(0, F | A, 100, 500, 0, PASS);
	sends(0, S, 7000, 0, 0, PASS); // half closed
	assert_int_equal(counted(COUNT_SESSIONS_CREATED), 1);
	sends(1, F | A, 500, 101, 0, PASS);
	sends(0, A, 101, 501, 0, PASS);
	sends(0, S, 7000, 0, 0, PASS);
	assert_int_equal(counted(COUNT_SESSIONS_CREATED), 2);
	assert_int_equal(live(), 1);
	sends(1, S | A, 8000, 7001, 0, PASS);
}

// An error of a router about a segment that the inside host has sent, or that somebody says it has: so
// many octets of its header are quoted, and its checksum is not asked for.
static bool error_passes(uint32_t seq, size_t header)
{
	static uint8_t quoted[FRAME_MAX];
	const struct flow f = flow(PROTO_TCP, MAPPED, 3000, FAR, 80);
	struct rte_mbuf *m;

	frame_tcp(quoted, OUTSIDE, &f, A, seq, 500, 20);
	quoted[14 + 20 + 16] ^= 0x55;
	m = buffer_of(
		frame, frame_error(frame, OUTSIDE, HOST_OUT, MAPPED, quoted + 14, 20 + header));
	harness_in(OUTSIDE, &m, 1);
	return harness_out(INSIDE, frame) > 0;
}

// RFC 5927 4.1: an error that quotes what its sender cannot have on the way ends nothing.
static void test_error_sequence(void **state)
{
	assert_false(error_passes(99, 20));
	assert_int_equal(counted(DROP_ICMP_NO_SESSION), 1);
	sends(0, S, 99, 0, 0, PASS);
	assert_true(error_passes(99, 8));
	assert_false(error_passes(98, 8));
	sends(1, S | A, 499, 100, 0, PASS);
	sends(0, A, 100, 500, 1000, PASS);
	sends(0, A, 1100, 500, 1000, PASS);
	sends(1, A, 500, 1100, 0, PASS);
	assert_true(error_passes(1100, 20));
	assert_true(error_passes(2099, 8));
	assert_true(error_passes(2100, 20)); // a bare acknowledgement
	assert_int_equal(counted(DROP_ICMP_TCP_WINDOW), 1);
	assert_false(error_passes(1099, 20)); // it has arrived
	assert_false(error_passes(2101, 20));
	assert_false(error_passes(2101 + (1u << 31), 8));
	assert_int_equal(counted(DROP_ICMP_TCP_WINDOW), 4);
	sends(1, A, 500, 2100, 10, PASS); // and nothing has changed
}

// Of a side that has sent nothing there can be no error.
static void test_error_silent(void **state)
{
	struct tcp_conn c;

	tcp_open(&c, &(struct tcp_segment){.seq = 5, .len = 1, .window = 100, .scale = -1});
	assert_true(tcp_has_sent(&c, 0, 5));
	assert_false(tcp_has_sent(&c, 1, 0));
	assert_false(tcp_has_sent(&c, 1, 5));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, harness_setup, harness_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_handshake),
		cmocka_unit_test(test_windows),
		cmocka_unit_test(test_scaling),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_options),
		TEST(test_attack),
		TEST(test_reuse),
		TEST(test_error_sequence),
		cmocka_unit_test(test_error_silent),
	};

	return cmocka_run_group_tests(tests, harness_group_setup, NULL);
}
