// SPDX-License-Identifier: BSD-3-Clause
// SRTP-4: what is wiped without being named. Memory is looked at where it no longer belongs to anybody.
#include "test/unit/test.h"

#include <malloc.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cp/wipe.h"

#define SECRET 0x5a
#define RUN    8 // octets of it in a row; a pointer of the heap's may have some by chance

// Neither the compiler nor its warnings follow an address from here on.
static uintptr_t lost(const void *p)
{
	uintptr_t at = (uintptr_t)p;

	__asm__ volatile("" : "+r"(at) : : "memory");
	return at;
}

// The longest run of the secret in `n` octets.
static size_t run(uintptr_t at, size_t n)
{
	const volatile uint8_t *p = (const volatile uint8_t *)at;
	size_t now = 0, most = 0;

	for (size_t i = 0; i < n; i++) {
		now = p[i] == SECRET ? now + 1 : 0;
		most = now > most ? now : most;
	}
	return most;
}

static __attribute__((noinline)) uintptr_t leave_on_stack(size_t n)
{
	uint8_t secret[WIPE_STACK - 4096];

	memset(secret, 0, sizeof(secret));
	memset(secret, SECRET, n);
	return lost(secret);
}

static void test_srtp4_stack(void **state)
{
	static const size_t sizes[] = {16, 4096, WIPE_STACK - 4096};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uintptr_t at = leave_on_stack(sizes[i]);
		size_t before = run(at, sizes[i]), after;

		wipe_stack();
		after = run(at, sizes[i]);
		assert_true(before >= RUN); // run() itself has used some
		assert_int_equal(after, 0);
	}
}

#ifdef WIPE_HEAP // cp/wipe_heap.c is in this program

static const size_t sizes[] = {24, 64, 1000, 1032, 4096, 50000};
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

static void test_srtp4_free(void **state)
{
	for (size_t i = 0; i < SIZES; i++) {
		char *p = malloc(sizes[i]), *fence = malloc(1); // or the heap might shrink
		uintptr_t at = lost(p);
		size_t n = malloc_usable_size(p);

		memset(p, SECRET, n);
		assert_int_equal(run(at, n), n);
		free(p);
		assert_true(run(at, n) < RUN);
		free(fence);
	}
	free(NULL);
}

static void test_srtp4_realloc(void **state)
{
	for (size_t i = 0; i < SIZES; i++) {
		size_t n = sizes[i];
		char *p = realloc(NULL, n), *fence = malloc(1);
		uintptr_t at = lost(p);

		memset(p, SECRET, n);
		p = realloc(p, 2 * n + 64);
		assert_int_not_equal(lost(p), at);
		assert_int_equal(run(lost(p), n), n);
		assert_true(run(at, n) < RUN);
		at = lost(p);
		p = realloc(p, n / 2);
		assert_int_equal(lost(p), at);
		assert_int_equal(run(at, n), n / 2);
		assert_null(realloc(p, 0)); // free
		assert_true(run(at, n) < RUN);
		free(fence);
	}
}

// What has a mapping of its own goes back to the kernel, or moves, without a copy.
static void test_srtp4_mapped(void **state)
{
	size_t n = 64u << 20;
	uint8_t *p = malloc(n);

	assert_non_null(p);
	p[0] = p[n - 1] = SECRET;
	p = realloc(p, 2 * n);
	assert_non_null(p);
	assert_int_equal(p[0], SECRET);
	assert_int_equal(p[n - 1], SECRET);
	free(p);
}

static void test_realloc_fails(void **state)
{
	volatile size_t too_much = PTRDIFF_MAX;
	char *p = malloc(100);
	uintptr_t at = lost(memset(p, SECRET, 100));

	assert_null(realloc(p, too_much + 1));
	assert_int_equal(run(at, 100), 100);
	free((void *)at);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_srtp4_stack),
#ifdef WIPE_HEAP
		cmocka_unit_test(test_srtp4_free),
		cmocka_unit_test(test_srtp4_realloc),
		cmocka_unit_test(test_srtp4_mapped),
		cmocka_unit_test(test_realloc_fails),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
