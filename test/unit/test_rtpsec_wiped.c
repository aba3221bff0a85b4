// SPDX-License-Identifier: BSD-3-Clause
// SRTP-4: where the keys of a context are in the memory of this process, while it is used and after.
#include "test/unit/rtpsec_rig.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dp/rtpsec_state.h"

#define NEEDLE 16
#define CHUNK  (1u << 20)

// In a mapping of its own, which is not looked at: the needles, and a window on all other memory.
struct view {
	uint8_t needle[4][NEEDLE];
	size_t n; // of them
	uint8_t chunk[CHUNK + NEEDLE];
};

static struct view *view;

static size_t places_in(int mem, unsigned long from, unsigned long to)
{
	size_t found = 0;

	for (; from < to; from += CHUNK) {
		size_t n = to - from < sizeof(view->chunk) ? to - from : sizeof(view->chunk);
		ssize_t got = pread(mem, view->chunk, n, (off_t)from);

		for (size_t i = 0; got > 0 && i < view->n; i++)
			found += memmem(view->chunk, (size_t)got, view->needle[i], NEEDLE) != NULL;
	}
	return found;
}

// How often a needle is in memory that is locked and not dumped, and how often elsewhere.
static void look(size_t *guarded, size_t *elsewhere)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	int mem = open("/proc/self/mem", O_RDONLY);
	unsigned long from = 0, to = 0, a, b;
	char line[512], readable = '-';

	assert_non_null(f);
	assert_true(mem >= 0);
	*guarded = *elsewhere = 0;
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%lx-%lx %c", &a, &b, &readable) == 3) {
			from = a;
			to = b;
		}
		if (strncmp(line, "VmFlags:", 8) != 0 || readable != 'r' ||
			((unsigned long)view >= from && (unsigned long)view < to))
			continue;
		if (strstr(line, " lo") != NULL && strstr(line, " dd") != NULL)
			*guarded += places_in(mem, from, to);
		else
			*elsewhere += places_in(mem, from, to);
	}
	close(mem);
	fclose(f);
}

static void take_needles(struct rtpsec *c, const struct rtpsec_suite *s)
{
	const struct rtpsec_tail *t = rtpsec_tail(c, s);

	memcpy(view->needle[0], rtpsec_keys(c, s), NEEDLE);
	memcpy(view->needle[1], t->rtcp_key, NEEDLE);
	memcpy(view->needle[2], c->pads, NEEDLE);
	memcpy(view->needle[3], t->rtcp_auth, NEEDLE);
	view->n = s->aead ? 2 : 4;
}

static void traffic(struct rtpsec *tx, struct rtpsec *rx)
{
	uint8_t p[RIG_BUF];
	size_t n = rig_packet(p, 1, 160);

	assert_int_equal(rig_seal(tx, p, &n), RTPSEC_OK);
	assert_int_equal(rig_open(rx, p, &n), RTPSEC_OK);
	n = rig_report(p, 60);
	assert_int_equal(rig_seal_rtcp(tx, p, &n), RTPSEC_OK);
	assert_int_equal(rig_open_rtcp(rx, p, &n), RTPSEC_OK);
}

static void test_srtp4_keys_of_a_context(void **state)
{
	size_t guarded, elsewhere;

#ifdef RIG_ASAN
	skip(); // it has terabytes to look at
#endif
	for (uint8_t suite = 1; suite < DP_SRTP_SUITES; suite++) {
		struct rtpsec *tx = rig_context(RTPSEC_SEAL, suite, 0, 0);
		struct rtpsec *rx = rig_context(RTPSEC_OPEN, suite, 0, 0);

		take_needles(tx, &rtpsec_suites[suite]);
		traffic(tx, rx);
		look(&guarded, &elsewhere);
		assert_true(guarded > 0);
		assert_int_equal(elsewhere, 0);
		rtpsec_free(tx);
		rtpsec_free(rx);
		look(&guarded, &elsewhere);
		assert_int_equal(guarded + elsewhere, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_srtp4_keys_of_a_context),
	};

	view = mmap(NULL, sizeof(*view), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return view == MAP_FAILED ? EXIT_FAILURE : RIG_RUN_TIERS(tests);
}
