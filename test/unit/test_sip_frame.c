// SPDX-License-Identifier: BSD-3-Clause
// SIP-4: messages cut out of a stream.
#include "test/unit/sip_vectors.h"

#define START "OPTIONS sip:a@b SIP/2.0\r\n"

static const struct sip_limits limits = {.header_max = 65536, .body_max = 262144};

struct verdict {
	const char *in;
	enum sip_frame_result result;
	size_t len;
	enum sip_reason why;
};

static void judge(const struct verdict *table, size_t n, const struct sip_limits *within)
{
	for (size_t i = 0; i < n; i++) {
		struct sip_frame f;
		enum sip_reason why;
		size_t len;

		sip_frame_init(&f, within);
		if (sip_frame_next(&f, str_from(table[i].in), &len, &why) != table[i].result ||
			len != table[i].len || why != table[i].why)
			fail_msg("row %zu: length %zu, %s", i, len, sip_reason_text(why));
	}
}

static void test_verdicts(void **state)
{
	static const struct verdict table[] = {
		{"", SIP_FRAME_MORE, 0, SIP_OK},
		{START "Content-Length: 0\r\n\r\n", SIP_FRAME_MESSAGE, 46, SIP_OK},
		{START "l:3\r\n\r\nabcREST", SIP_FRAME_MESSAGE, 35, SIP_OK},
		{START "L \t:\r\n 3\r\n\r\nabc", SIP_FRAME_MESSAGE, 40, SIP_OK},
		{START "l: 3\r\n\r\nab", SIP_FRAME_MORE, 0, SIP_OK},
		{"ACK sip:a SIP/2.0\r\nl: 0\r\n\r\n", SIP_FRAME_MESSAGE, 27, SIP_OK},
		{"z sip:a SIP/2.0\r\nl: 0\r\n\r\n", SIP_FRAME_MESSAGE, 25, SIP_OK},
		{"SIP/2.0 200 OK\r\nl: 0\r\n\r\n", SIP_FRAME_MESSAGE, 24, SIP_OK},
		// keep-alives, RFC 5626 4.4.1 and RFC 3261 7.5
		{"\r\n\r\n", SIP_FRAME_KEEPALIVE, 4, SIP_OK},
		{"\r\n\r\n" START, SIP_FRAME_KEEPALIVE, 4, SIP_OK},
		{"\r", SIP_FRAME_MORE, 0, SIP_OK},
		{"\r\n", SIP_FRAME_MORE, 0, SIP_OK},
		{"\r\n\r", SIP_FRAME_MORE, 0, SIP_OK},
		{"\r\n" START, SIP_FRAME_SKIP, 2, SIP_OK},
		{"\r\n\rX", SIP_FRAME_SKIP, 2, SIP_OK},
		{"\n", SIP_FRAME_ERROR, 0, SIP_NOT_SIP},
		{"\rX", SIP_FRAME_ERROR, 0, SIP_NOT_SIP},
		// not SIP
		{"\x16\x03\x01", SIP_FRAME_ERROR, 0, SIP_NOT_SIP},
		{"GET / HTTP/1.1\r\n", SIP_FRAME_ERROR, 0, SIP_NOT_SIP},
		{" INVITE sip:a SIP/2.0\r\n", SIP_FRAME_ERROR, 0, SIP_NOT_SIP},
		{"SIP/3.0 200 OK\r\n", SIP_FRAME_ERROR, 0, SIP_NOT_SIP},
		// line ends that another reader might take for one
		{START "Subject: a\nl: 0\r\n\r\n", SIP_FRAME_ERROR, 0, SIP_LINE_END},
		{START "Subject: a\rl: 0\r\n\r\n", SIP_FRAME_ERROR, 0, SIP_LINE_END},
		{START "l: 0\n\n", SIP_FRAME_ERROR, 0, SIP_LINE_END},
		// Content-Length
		{START "To: x\r\n\r\n", SIP_FRAME_ERROR, 34, SIP_NO_CONTENT_LENGTH},
		{START "\r\n", SIP_FRAME_ERROR, 27, SIP_NO_CONTENT_LENGTH},
		{START "X-l: 5\r\n\r\n", SIP_FRAME_ERROR, 35, SIP_NO_CONTENT_LENGTH},
		{START "l: 0\r\nl: 0\r\n\r\n", SIP_FRAME_ERROR, 39, SIP_DUP_CONTENT_LENGTH},
		{START "l: 0\r\nContent-length: 5\r\n\r\n", SIP_FRAME_ERROR, 52,
			SIP_DUP_CONTENT_LENGTH},
		{START "l: -1\r\n\r\n", SIP_FRAME_ERROR, 34, SIP_BAD_CONTENT_LENGTH},
		{START "l: 0x10\r\n\r\n", SIP_FRAME_ERROR, 36, SIP_BAD_CONTENT_LENGTH},
		{START "l: 1 2\r\n\r\n", SIP_FRAME_ERROR, 35, SIP_BAD_CONTENT_LENGTH},
		{START "l:\r\n\r\n", SIP_FRAME_ERROR, 31, SIP_BAD_CONTENT_LENGTH},
		{START "l: 18446744073709551616\r\n\r\n", SIP_FRAME_ERROR, 52,
			SIP_BAD_CONTENT_LENGTH},
		{START "l: 18446744073709551615\r\n\r\n", SIP_FRAME_ERROR, 52, SIP_BODY_TOO_LONG},
		{START "l: 262145\r\n\r\n", SIP_FRAME_ERROR, 38, SIP_BODY_TOO_LONG},
		{START "l: 262144\r\n\r\n", SIP_FRAME_MORE, 0, SIP_OK},
	};

	judge(table, sizeof(table) / sizeof(table[0]), &limits);
}

static void test_nul(void **state)
{
	struct sip_frame f;
	enum sip_reason why;
	size_t len;

	sip_frame_init(&f, &limits);
	assert_int_equal(sip_frame_next(&f, STR_LIT("INVITE s\0p:a"), &len, &why), SIP_FRAME_ERROR);
	assert_int_equal(why, SIP_LINE_END);
}

// From the inside: what sip_tidy() mends has one reading, and the stream is followed.
static void test_tolerant(void **state)
{
	static const struct sip_limits tolerant = {
		.header_max = 65536, .body_max = 262144, .tolerant = true};
	static const struct verdict table[] = {
		{START "Content-Length: 0\r\n\r\n", SIP_FRAME_MESSAGE, 46, SIP_OK},
		{"BYE sip:a SIP/2.0\nl: 1\n\nab", SIP_FRAME_MESSAGE, 25, SIP_OK},
		{"BYE sip:a SIP/2.0\r\nl: 1\n\r\nab", SIP_FRAME_MESSAGE, 27, SIP_OK},
		{"BYE sip:a SIP/2.0\nl: 1\r\n\nab", SIP_FRAME_MESSAGE, 26, SIP_OK},
		{"BYE sip:a SIP/2.0\nl: 1\n", SIP_FRAME_MORE, 0, SIP_OK},
		{"GET / HTTP/1.1\n", SIP_FRAME_ERROR, 0, SIP_NOT_SIP},
		{START "S: a\rl: 0\r\n\r\n", SIP_FRAME_ERROR, 0, SIP_LINE_END},
		{START "l: 1\r\nContent-Length: 1\r\n\r\na", SIP_FRAME_MESSAGE, 53, SIP_OK},
		{START "l: 1\r\nl: 2\r\n\r\na", SIP_FRAME_ERROR, 39, SIP_DUP_CONTENT_LENGTH},
		{START "l: 1\r\nl: 01\r\n\r\na", SIP_FRAME_ERROR, 40, SIP_DUP_CONTENT_LENGTH},
		{"\n", SIP_FRAME_ERROR, 0, SIP_NOT_SIP},
	};

	judge(table, sizeof(table) / sizeof(table[0]), &tolerant);
}

// The limit is met to the octet, both when the end never comes and when it comes too late.
static void test_sip4_header_limit(void **state)
{
	static const struct sip_limits small = {.header_max = 60, .body_max = 10};
	char buf[128];

	for (int pad = 0; pad < 60; pad++) {
		struct sip_frame f;
		enum sip_reason why;
		size_t len;
		int n = snprintf(buf, sizeof(buf), START "S:%*s\r\nl: 0\r\n\r\n", pad, "x");

		sip_frame_init(&f, &small);
		assert_int_equal(sip_frame_next(&f, (struct str){buf, (size_t)n}, &len, &why),
			n <= 60 ? SIP_FRAME_MESSAGE : SIP_FRAME_ERROR);
		assert_int_equal(why, n <= 60 ? SIP_OK : SIP_HEADER_TOO_LONG);
	}
	memset(buf, 'x', sizeof(buf));
	for (size_t n = 1; n <= sizeof(buf); n++) {
		struct sip_frame f;
		enum sip_reason why;
		size_t len;

		sip_frame_init(&f, &small);
		assert_int_equal(sip_frame_next(&f, (struct str){buf, n}, &len, &why),
			n <= 60 ? SIP_FRAME_MORE : SIP_FRAME_ERROR);
	}
}

// Feeds a stream in two parts, cut anywhere, and in single octets: the same messages come out.
static size_t feed(struct str stream, size_t cut, size_t step, size_t *lens)
{
	struct sip_frame f;
	size_t at = 0, end = cut, n = 0;

	sip_frame_init(&f, &limits);
	for (;;) {
		enum sip_reason why;
		size_t len;
		enum sip_frame_result r =
			sip_frame_next(&f, (struct str){stream.p + at, end - at}, &len, &why);

		assert_int_not_equal(r, SIP_FRAME_ERROR);
		if (r != SIP_FRAME_MORE) {
			lens[n++] = len;
			at += len;
		} else if (end == stream.n) {
			assert_int_equal(at, end);
			return n;
		} else {
			end = step > stream.n - end ? stream.n : end + step;
		}
	}
}

static void test_sip4_split_anywhere(void **state)
{
	char buf[8192];
	struct str one = vector_load("invite-outside.sip", buf, sizeof(buf));
	size_t invite = one.n, n = one.n, lens[8];
	static const char tail[] = "\r\n\r\n" START "l: 2\r\n\r\n\r\n"
				   "SIP/2.0 200 OK\r\nl: 0\r\n\r\n";

	memcpy(buf + n, tail, sizeof(tail) - 1);
	n += sizeof(tail) - 1;
	for (size_t cut = 0; cut <= n; cut++)
		for (size_t step = 1; step <= n; step += n - 1) {
			assert_int_equal(feed((struct str){buf, n}, cut, step, lens), 4);
			assert_int_equal(lens[0], invite);
			assert_int_equal(lens[1], 4);
			assert_int_equal(lens[2], sizeof(START) - 1 + 10);
			assert_int_equal(lens[3], 24);
		}
}

// Octets are searched once: with a scan from the start at each of 65 000 calls this would read 2 GB.
static void test_not_quadratic(void **state)
{
	static char buf[65536];
	struct sip_frame f;
	enum sip_reason why;
	size_t len;

	memset(buf, 'x', sizeof(buf));
	memcpy(buf, START "S: ", sizeof(START) + 2);
	sip_frame_init(&f, &limits);
	for (size_t n = 1; n <= sizeof(buf); n++) {
		assert_int_equal(
			sip_frame_next(&f, (struct str){buf, n}, &len, &why), SIP_FRAME_MORE);
		assert_int_equal(
			f.scanned, n - (n == sizeof(START) - 2 ? 1 : 0)); // a lone CR waits
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_tolerant),
		cmocka_unit_test(test_sip4_header_limit),
		cmocka_unit_test(test_sip4_split_anywhere),
		cmocka_unit_test(test_not_quadratic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
