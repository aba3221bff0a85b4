// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include <errno.h>
#include <stdlib.h>

#include "tools/impair/line.h"

// What arrives until `now_ns`, as the first octets of the packets.
static const char *taken(struct line *l, uint64_t now_ns)
{
	static char out[64];
	struct line_packet *p;
	size_t n = 0;

	while ((p = line_take(l, now_ns)) != NULL) {
		assert_true(p->due_ns <= now_ns && n < sizeof(out) - 1);
		out[n++] = (char)p->data[0];
		free(p);
	}
	out[n] = '\0';
	return out;
}

static void test_order(void **state)
{
	static const struct {
		const char *name;
		uint64_t due_ns;
	} t[] = {{"d", 40}, {"a", 10}, {"e", 40}, {"b", 20}, {"f", 40}, {"c", 20}};
	struct line *l;

	assert_int_equal(line_new(&l), 0);
	assert_int_equal(line_due_ns(l), UINT64_MAX);
	assert_null(line_take(l, UINT64_MAX));
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_int_equal(line_put(l, t[i].name, 1, 5, t[i].due_ns), 0);
	assert_int_equal(line_due_ns(l), 10);
	assert_string_equal(taken(l, 9), "");
	assert_string_equal(taken(l, 10), "a");
	assert_string_equal(taken(l, 39), "bc");
	assert_int_equal(line_count(l), 3);
	assert_string_equal(taken(l, 40), "def"); // at once: in the order of their coming
	assert_int_equal(line_count(l), 0);
	line_free(l);
	line_free(NULL);
}

static void test_packet(void **state)
{
	uint8_t data[LINE_OCTETS_MAX + 1];
	struct line_packet *p;
	struct line *l;

	memset(data, 'x', sizeof(data));
	assert_int_equal(line_new(&l), 0);
	assert_int_equal(line_put(l, data, sizeof(data), 0, 0), -EMSGSIZE);
	assert_int_equal(line_put(l, data, LINE_OCTETS_MAX, 3, 4), 0);
	data[0] = 'y'; // it has a copy
	p = line_take(l, 4);
	assert_int_equal(p->len, LINE_OCTETS_MAX);
	assert_int_equal(p->came_ns, 3);
	assert_int_equal(p->data[0], 'x');
	assert_int_equal(p->data[LINE_OCTETS_MAX - 1], 'x');
	free(p);
	line_free(l);
}

// Full, it refuses the new and keeps the old; in any order of arrival they leave in order of time.
static void test_full(void **state)
{
	uint64_t last = 0, due = 1;
	struct line_packet *p;
	struct line *l;
	size_t n = 0;

	assert_int_equal(line_new(&l), 0);
	for (size_t i = 0; i < LINE_PACKETS_MAX; i++) {
		due = due * 6364136223846793005u + 1442695040888963407u;
		assert_int_equal(line_put(l, "x", 1, 0, due >> 40), 0);
	}
	assert_int_equal(line_put(l, "y", 1, 0, 0), -ENOSPC);
	assert_int_equal(line_count(l), LINE_PACKETS_MAX);
	for (; (p = line_take(l, UINT64_MAX)) != NULL; n++) {
		assert_true(p->due_ns >= last && p->data[0] == 'x');
		last = p->due_ns;
		free(p);
	}
	assert_int_equal(n, LINE_PACKETS_MAX);
	assert_int_equal(line_put(l, "z", 1, 0, 0), 0);
	line_free(l); // frees what is still on its way
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_packet),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
