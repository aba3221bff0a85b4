// SPDX-License-Identifier: BSD-3-Clause
// The two profiles (lib/sip.h): each row as the Internet's and as a call manager's, and what goes
// on.
#include "test/unit/sip_lines.h"
#include "test/unit/sip_vectors.h"

#define GOOD   REQ VIA FROM TO CID CSEQ MF END
#define STATUS "SIP/2.0 200 OK\r\n"

static enum sip_reason judge(struct sip_msg *m, struct str s)
{
	enum sip_reason r = sip_parse(m, s);

	return r == SIP_OK ? sip_check(m) : r;
}

static void test_profiles(void **state)
{
	static const struct {
		const char *in;
		enum sip_reason strict, tolerant;
		const char *out; // NULL: nothing is changed
	} table[] = {
		{GOOD, SIP_OK, SIP_OK, NULL},
		// line ends
		{"BYE sip:a@b SIP/2.0\nVia: SIP/2.0/TCP c\n" FROM "To: <sip:g@h>\n" CID CSEQ MF
		 "l: 0\n\n",
			SIP_NOT_SIP, SIP_OK, GOOD},
		{REQ VIA "From: <sip:d@e>\n ;tag=f\r\n" TO CID CSEQ MF END, SIP_LINE_END, SIP_OK,
			REQ VIA "From: <sip:d@e>\r\n ;tag=f\r\n" TO CID CSEQ MF END},
		{REQ VIA FROM TO CID CSEQ MF "l: 0\n\r\n", SIP_LINE_END, SIP_OK, GOOD},
		{REQ VIA FROM TO CID CSEQ MF "l: 0\r\n\n", SIP_LINE_END, SIP_OK, GOOD},
		{REQ VIA FROM TO CID CSEQ MF "l: 0\n\n", SIP_LINE_END, SIP_OK, GOOD},
		{REQ VIA FROM TO CID CSEQ MF "S: a\rb\r\n" END, SIP_OK, SIP_OK,
			NULL}, // the framer's
		// once too often
		{REQ VIA FROM FROM TO CID CSEQ MF END, SIP_DUP_HEADER, SIP_OK, GOOD},
		{REQ VIA FROM "f: <sip:d@e>;tag=f\r\n" TO CID CSEQ MF END, SIP_DUP_HEADER, SIP_OK,
			GOOD},
		{REQ VIA FROM "f: <sip:d@e>;tag=g\r\n" TO CID CSEQ MF END, SIP_DUP_HEADER,
			SIP_DUP_HEADER, NULL},
		{REQ VIA FROM TO TO CID CID CSEQ CSEQ MF MF END, SIP_DUP_HEADER, SIP_OK, GOOD},
		{REQ VIA FROM TO CID "i: I\r\n" CSEQ MF END, SIP_DUP_HEADER, SIP_DUP_HEADER, NULL},
		{REQ VIA FROM TO CID CSEQ "CSeq: 2 BYE\r\n" MF END, SIP_DUP_HEADER, SIP_DUP_HEADER,
			NULL},
		{REQ VIA FROM TO CID CSEQ MF "Max-Forwards: 69\r\n" END, SIP_DUP_HEADER,
			SIP_DUP_HEADER, NULL},
		{REQ VIA FROM TO CID CSEQ MF "Content-Length: 0\r\n" END, SIP_DUP_CONTENT_LENGTH,
			SIP_OK, REQ VIA FROM TO CID CSEQ MF "Content-Length: 0\r\n\r\n"},
		{REQ VIA FROM TO CID CSEQ MF "l: 1\r\n" END, SIP_DUP_CONTENT_LENGTH,
			SIP_DUP_CONTENT_LENGTH, NULL},
		{REQ VIA VIA FROM TO CID CSEQ MF END, SIP_OK, SIP_OK, NULL},
		{REQ VIA FROM TO CID CSEQ MF
			"X-Cisco-UC-IME-Ticket: a\r\nX-Cisco-ViPR-Ticket: a\r\n" END,
			SIP_OK, SIP_OK, NULL}, // TKT-5
		// white space before the colon
		{REQ VIA "From\t : <sip:d@e>;tag=f\r\n" TO CID CSEQ "max-forwards :70\r\n" END,
			SIP_SPACE_COLON, SIP_OK,
			REQ VIA FROM TO CID CSEQ "max-forwards:70\r\n" END},
		{REQ VIA FROM TO CID CSEQ MF "Unknown : y\r\n" END, SIP_OK, SIP_OK, NULL},
		{REQ "Via : SIP/2.0/TCP c\r\n" FROM TO CID CSEQ MF END, SIP_OK, SIP_OK, NULL},
		// no Max-Forwards
		{REQ VIA FROM TO CID CSEQ END, SIP_NO_MAX_FORWARDS, SIP_OK,
			REQ VIA FROM TO CID CSEQ "l: 0\r\nMax-Forwards: 70\r\n\r\n"},
		{STATUS VIA FROM TO CID CSEQ END, SIP_OK, SIP_OK, NULL},
		{"SIP/2.0 200\r\n" VIA FROM TO CID CSEQ END, SIP_BAD_STATUS, SIP_OK,
			"SIP/2.0 200 \r\n" VIA FROM TO CID CSEQ END},
		{"SIP/2.0 200\n" VIA FROM TO CID CSEQ END, SIP_NOT_SIP, SIP_OK,
			"SIP/2.0 200 \r\n" VIA FROM TO CID CSEQ END},
		{"SIP/2.0 20\r\n" VIA FROM TO CID CSEQ END, SIP_BAD_STATUS, SIP_BAD_STATUS, NULL},
		// what is meant can only be guessed
		{REQ VIA FROM CID CSEQ MF END, SIP_NO_TO, SIP_NO_TO, NULL},
		{REQ VIA FROM TO CID CSEQ MF "no colon\r\n" END, SIP_BAD_HEADER, SIP_BAD_HEADER,
			NULL},
		{REQ VIA FROM TO CID CSEQ MF "l: 0\r\n", SIP_LINE_END, SIP_LINE_END, NULL},
		{"BYE sip:a@b", SIP_NOT_SIP, SIP_NOT_SIP, NULL},
		{"", SIP_NOT_SIP, SIP_NOT_SIP, NULL},
	};
	static struct sip_msg m;
	char out[1024], want[1024];
	size_t n;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct str in = str_from(table[i].in);
		enum sip_reason strict = judge(&m, in), tolerant = strict;
		bool changed = sip_tidy(in, out, sizeof(out), &n);

		if (changed)
			tolerant = judge(&m, (struct str){out, n});
		if (strict != table[i].strict || tolerant != table[i].tolerant)
			fail_msg("row %zu: %s; %s", i, sip_reason_text(strict),
				sip_reason_text(tolerant));
		if (strict != tolerant)
			assert_true(sip_tidy_helps(strict));
		if (changed != (table[i].out != NULL))
			fail_msg("row %zu: %schanged", i, changed ? "" : "not ");
		if (!changed)
			continue;
		snprintf(want, sizeof(want), "%s", table[i].out);
		assert_str(((struct str){out, n}), want);
		assert_false(sip_tidy((struct str){out, n}, want, sizeof(want), &n));
	}
}

// The body is nobody's but its reader's.
static void test_body(void **state)
{
	static const char in[] =
		"BYE sip:a@b SIP/2.0\n" VIA FROM TO CID CSEQ MF "c: a/b\r\nl: 6\r\n\r\nx\ny : ";
	char out[1024];
	size_t n;

	assert_true(sip_tidy(STR_LIT(in), out, sizeof(out), &n));
	assert_str(((struct str){out, n}),
		REQ VIA FROM TO CID CSEQ MF "c: a/b\r\nl: 6\r\n\r\nx\ny : ");
}

// What does not fit stays as it is, to be refused.
static void test_room(void **state)
{
	static const char in[] = REQ VIA FROM TO CID CSEQ END;
	char out[1024];
	size_t n, need = sizeof(in) - 1 + sizeof(MF) - 1;

	for (size_t size = 0; size < need; size++)
		assert_false(sip_tidy(STR_LIT(in), out, size, &n));
	assert_true(sip_tidy(STR_LIT(in), out, need, &n));
	assert_int_equal(n, need);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_profiles),
		cmocka_unit_test(test_body),
		cmocka_unit_test(test_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
