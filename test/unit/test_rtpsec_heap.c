// SPDX-License-Identifier: BSD-3-Clause
// Opening and sealing takes no memory from the heap and makes no system call. Every function of the
// heap is ours here and counts.
#include "test/unit/rtpsec_rig.h"

#include <linux/seccomp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static size_t heap_calls;

#ifndef RIG_ASAN // it has a heap of its own
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t k, size_t n);
void *__libc_realloc(void *p, size_t n);
void __libc_free(void *p);

void *malloc(size_t n)
{
	heap_calls++;
	return __libc_malloc(n);
}

void *calloc(size_t k, size_t n)
{
	heap_calls++;
	return __libc_calloc(k, n);
}

void *realloc(void *p, size_t n)
{
	heap_calls++;
	return __libc_realloc(p, n);
}

void free(void *p)
{
	heap_calls++;
	__libc_free(p);
}
#endif

#define PKTS 48

static struct rtpsec *tx[DP_SRTP_SUITES], *rx[DP_SRTP_SUITES];
static uint8_t pkt[PKTS][512];
static struct rtpsec_job jobs[PKTS];

static void contexts_new(void)
{
	for (uint8_t s = 1; s < DP_SRTP_SUITES; s++) {
		tx[s] = rig_context(RTPSEC_SEAL, s, 0, 0);
		rx[s] = rig_context(RTPSEC_OPEN, s, 0, 0);
	}
}

static void contexts_free(void)
{
	for (uint8_t s = 1; s < DP_SRTP_SUITES; s++) {
		rtpsec_free(tx[s]);
		rtpsec_free(rx[s]);
	}
}

// Of every suite packets and reports, many sources, replays and forgeries. How many were OK.
static size_t traffic(uint16_t seq)
{
	size_t ok = 0;

	for (size_t i = 0; i < PKTS; i++) {
		bool report = i % 10 == 7;
		size_t n = report ? rig_report(pkt[i], 60) : rig_packet(pkt[i], seq, 160 + i);

		pkt[i][report ? 4 : 8] = (uint8_t)(i % 12);
		jobs[i] = (struct rtpsec_job){.ctx = tx[1 + i % (DP_SRTP_SUITES - 1)],
			.pkt = pkt[i],
			.len = (uint32_t)n,
			.kind = report ? RTPSEC_RTCP : RTPSEC_RTP};
	}
	rtpsec_seal(rig_engine, jobs, PKTS);
	for (size_t i = 0; i < PKTS; i++) {
		jobs[i].ctx = rx[1 + i % (DP_SRTP_SUITES - 1)];
		jobs[i].verify_only = i % 6 == 1;
		if (i % 8 == 3)
			pkt[i][40] ^= 1;
	}
	rtpsec_open(rig_engine, jobs, PKTS);
	for (size_t i = 0; i < PKTS; i++)
		ok += jobs[i].status == RTPSEC_OK;
	return ok;
}

// The first round is the first of the engine too: nothing is put off until then.
static void test_heap(void **state)
{
	size_t before, after;

#ifdef RIG_ASAN
	skip();
#endif
	contexts_new();
	before = heap_calls;
	assert_true(before > 0); // those of OpenSSL are counted
	for (uint16_t seq = 0; seq < 300; seq++)
		assert_true(traffic(seq) > PKTS / 2);
	after = heap_calls;
	assert_int_equal(after, before);
	contexts_free();
}

// Leaves without the C library, which would ask for more than is allowed.
static void *confined(void *ok)
{
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0) {
		for (uint16_t seq = 0; seq < 300; seq++)
			*(size_t *)ok += traffic(seq);
		syscall(SYS_exit, 0);
	}
	return NULL;
}

// The kernel ends a thread that asks for anything but to read, to write, and to leave.
static void test_system_calls(void **state)
{
	pthread_t thread;
	size_t ok = 0;

#ifdef RIG_ASAN
	skip();
#endif
	contexts_new();
	assert_int_equal(pthread_create(&thread, NULL, confined, &ok), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(ok > 300 * PKTS / 2);
	contexts_free();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heap),
		cmocka_unit_test(test_system_calls),
	};
	return RIG_RUN_TIERS(tests);
}
