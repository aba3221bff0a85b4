// SPDX-License-Identifier: BSD-3-Clause
// Loading when memory runs out: every allocation of config/ fails in turn (see meson.build), and
// each time the loader says so and leaves nothing behind.
#include "test/unit/config_edit.h"

#include <stdlib.h>

static long allocations_left = -1; // below 0: without end

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

static bool fails(void)
{
	if (allocations_left > 0)
		allocations_left--;
	return allocations_left == 0;
}

void *__wrap_malloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
	return fails() ? NULL : __real_realloc(p, n);
}

static int parse(const char *text, long allocations, struct config **c, struct config_errors *errs)
{
	int err;

	allocations_left = allocations;
	err = config_parse(str_from(text), "", false, c, errs);
	allocations_left = -1;
	return err;
}

// Returns how many allocations failed before the text was read to its end.
static long starve(const char *text, int outcome)
{
	struct config_errors errs;
	struct config *c;
	long n = 1;
	int err;

	while ((err = parse(text, n, &c, &errs)) == -ENOMEM) {
		assert_null(c);
		assert_null(errs.list);
		assert_int_equal(errs.n, 0);
		n++;
	}
	assert_int_equal(err, outcome);
	config_free(c);
	config_errors_free(&errs);
	return n - 1;
}

static void test_right(void **state)
{
	assert_true(starve(config_right, 0) > 100);
}

static void test_sip_map(void **state)
{
	char text[2 * sizeof(config_right)];

	strcpy(text, config_right);
	edit(text, sizeof(text), "class-maps:\n",
		"regex: {one: a}\nclass-maps:\n  rx: {type: regex, match-any: [one]}\n  c: {type: "
		"inspect sip, match-any: [{content: type sdp}]}\n");
	edit(text, sizeof(text), "policy-maps:\n",
		"policy-maps:\n  m: {type: inspect sip, match: [{class: c, action: drop}, "
		"{called-party: regex class rx, action: log}]}\n");
	assert_true(starve(text, 0) > 110);
}

static void test_objects(void **state)
{
	char text[2 * sizeof(config_right)];

	strcpy(text, config_right);
	edit(text, sizeof(text), "nat:\n",
		"object-groups:\n"
		"  network: {n: {members: [network-object object real, group-object m]}, m: "
		"{members: [network-object any4]}}\n"
		"  service: {p: {protocol: tcp, members: [port-object neq 5]}}\n"
		"nat:\n");
	edit(text, sizeof(text), "range 5000 6000",
		"object-group p\n    - permit tcp object-group n object-group n neq 80");
	assert_true(starve(text, 0) > 110);
}

static void test_faulty(void **state)
{
	char text[2 * sizeof(config_right)];

	strcpy(text, config_right);
	edit(text, sizeof(text), "epoch: 1", "epoch: 0");
	assert_true(starve(text, -EINVAL) > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right),
		cmocka_unit_test(test_sip_map),
		cmocka_unit_test(test_objects),
		cmocka_unit_test(test_faulty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
