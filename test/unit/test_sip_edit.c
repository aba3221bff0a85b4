// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/sip_vectors.h"

#include <errno.h>

#include "lib/sip_edit.h"

static struct sip_edit edit;
static char out[65536];

static struct str slice(struct str s, size_t from, size_t n)
{
	return (struct str){s.p + from, n};
}

static void test_splices(void **state)
{
	struct str src = STR_LIT("0123456789");
	size_t n;

	sip_edit_init_text(&edit, src);
	sip_edit_delete(&edit, slice(src, 8, 1)); // out of order on purpose
	sip_edit_replace(&edit, slice(src, 2, 2), STR_LIT("abc"));
	sip_edit_insert(&edit, src.p + 2, STR_LIT("<"));
	sip_edit_insert(&edit, src.p + 2, STR_LIT("!"));
	sip_edit_replace(&edit, slice(src, 4, 1), STR_LIT("F")); // touches its neighbour
	sip_edit_insert(&edit, src.p, STR_LIT("^"));
	sip_edit_insert(&edit, src.p + 10, STR_LIT("$"));
	assert_int_equal(sip_edit_render(&edit, out, sizeof(out), &n), 0);
	assert_str(((struct str){out, n}), "^01<!abcF5679$");
}

static void test_untouched(void **state)
{
	static struct sip_msg m;
	char buf[8192];
	struct str bytes = vector_load("invite-outside.sip", buf, sizeof(buf));
	size_t n;

	assert_int_equal(sip_parse(&m, bytes), SIP_OK);
	sip_edit_init(&edit, &m);
	assert_int_equal(sip_edit_render(&edit, out, sizeof(out), &n), 0);
	assert_true(str_eq((struct str){out, n}, bytes));
}

static void test_refused(void **state)
{
	struct str src = STR_LIT("0123456789");
	size_t n;
	// overlaps
	static const size_t spans[][4] = {{2, 3, 4, 2}, {4, 2, 2, 3}, {2, 4, 3, 0}, {2, 2, 2, 1}};

	for (size_t i = 0; i < 4; i++) {
		sip_edit_init_text(&edit, src);
		sip_edit_replace(&edit, slice(src, spans[i][0], spans[i][1]), STR_LIT("a"));
		sip_edit_replace(&edit, slice(src, spans[i][2], spans[i][3]), STR_LIT("b"));
		assert_int_equal(sip_edit_render(&edit, out, sizeof(out), &n), -EINVAL);
	}
	// outside of the source
	sip_edit_init_text(&edit, slice(src, 0, 5));
	sip_edit_delete(&edit, slice(src, 4, 2));
	assert_int_equal(sip_edit_render(&edit, out, sizeof(out), &n), -EINVAL);
	sip_edit_init_text(&edit, slice(src, 5, 5));
	sip_edit_delete(&edit, slice(src, 4, 2));
	assert_int_equal(sip_edit_render(&edit, out, sizeof(out), &n), -EINVAL);
	// the failure sticks
	sip_edit_insert(&edit, src.p + 6, STR_LIT("x"));
	assert_int_equal(sip_edit_render(&edit, out, sizeof(out), &n), -EINVAL);
}

static void test_bounds(void **state)
{
	struct str src = STR_LIT("0123456789");
	static char big[SIP_EDIT_ARENA + 1];
	size_t n;

	for (size_t size = 0; size < 14; size++) {
		sip_edit_init_text(&edit, src);
		sip_edit_replace(&edit, slice(src, 3, 1), STR_LIT("abc"));
		assert_int_equal(sip_edit_render(&edit, out, size, &n), size < 12 ? -ENOSPC : 0);
	}
	for (size_t extra = 0; extra < 2; extra++) {
		sip_edit_init_text(&edit, src);
		sip_edit_insert(&edit, src.p, (struct str){big, SIP_EDIT_ARENA + extra});
		assert_int_equal(
			sip_edit_render(&edit, out, sizeof(out), &n), extra == 0 ? 0 : -ENOSPC);
	}
	for (size_t extra = 0; extra < 2; extra++) {
		sip_edit_init_text(&edit, src);
		for (size_t i = 0; i < SIP_EDIT_SPLICES_MAX + extra; i++)
			sip_edit_insert(&edit, src.p, STR_LIT("x"));
		assert_int_equal(
			sip_edit_render(&edit, out, sizeof(out), &n), extra == 0 ? 0 : -ENOSPC);
	}
}

// Content-Length follows the body, in the place and form in which it stands.
static void test_content_length(void **state)
{
	static struct sip_msg m;
	size_t n;
	static const struct {
		const char *length, *want;
		size_t delete_n;
		const char *insert;
	} table[] = {
		{"Content-Length:  5", "Content-Length:  11", 0, "abcdef"},
		{"l:\r\n 5\r\nX: y", "l:\r\n 0\r\nX: y", 5, ""},
		{"l :00005", "l :00005", 2, "xy"}, // same length: not touched
		{"l: 5", "l: 3", 2, ""},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char text[256], want[256];

		snprintf(text, sizeof(text), "BYE sip:a@b SIP/2.0\r\nTo: c\r\n%s\r\n\r\n12345",
			table[i].length);
		snprintf(want, sizeof(want), "BYE sip:a@b SIP/2.0\r\nTo: longer\r\n%s\r\n\r\n%s%s",
			table[i].want, table[i].insert, &"12345"[table[i].delete_n]);
		assert_int_equal(sip_parse(&m, str_from(text)), SIP_OK);
		sip_edit_init(&edit, &m);
		sip_edit_replace(&edit, sip_header(&m, SIP_H_TO)->value, STR_LIT("longer"));
		if (table[i].delete_n > 0)
			sip_edit_delete(&edit, slice(m.body, 0, table[i].delete_n));
		sip_edit_insert(&edit, m.body.p, str_from(table[i].insert));
		assert_int_equal(sip_edit_render(&edit, out, sizeof(out), &n), 0);
		assert_str(((struct str){out, n}), want);
	}
	// an empty body grows
	assert_int_equal(sip_parse(&m, STR_LIT("BYE sip:a@b SIP/2.0\r\nl: 0\r\n\r\n")), SIP_OK);
	sip_edit_init(&edit, &m);
	sip_edit_insert(&edit, m.body.p, STR_LIT("0123456789"));
	assert_int_equal(sip_edit_render(&edit, out, sizeof(out), &n), 0);
	assert_str(((struct str){out, n}), "BYE sip:a@b SIP/2.0\r\nl: 10\r\n\r\n0123456789");
}

static void test_fini_wipes(void **state)
{
	struct str src = STR_LIT("x");

	sip_edit_init_text(&edit, src);
	sip_edit_insert(&edit, src.p, STR_LIT("inline:key"));
	sip_edit_fini(&edit);
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(edit.arena[i], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_splices),
		cmocka_unit_test(test_untouched),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_content_length),
		cmocka_unit_test(test_fini_wipes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
