// SPDX-License-Identifier: BSD-3-Clause
// SIP-5: where the session description stands in a multipart body, what is refused, and that an edit
// of it touches nothing else.
#include "test/unit/sip_vectors.h"

#include "lib/sip_edit.h"

#define TYPE    "multipart/mixed;boundary=x"
#define SDP     "Content-Type: application/sdp\r\n"
#define SDP_1   "--x\r\n" SDP "\r\nv=0\r\n\r\n"
#define ISUP    "--x\r\nContent-Type: application/ISUP;version=x\r\n\r\n\x01\x02\n\r\r\n"
#define CLOSE   "--x--\r\n"
#define SEVENTY "1234567890123456789012345678901234567890123456789012345678901234567890"

static struct sip_msg m;

// Through parser and check; the message lives in `buf`.
static enum sip_reason read_body(const char *type, struct str body, char *buf, size_t size)
{
	int n = snprintf(buf, size,
		"BYE sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP c\r\nFrom: <sip:d@e>;tag=f\r\n"
		"To: <sip:g@h>\r\nCall-ID: i\r\nCSeq: 1 BYE\r\nMax-Forwards: 70\r\n"
		"Content-Type: %s\r\nContent-Length: %zu\r\n\r\n",
		type, body.n);

	memcpy(buf + n, body.p, body.n);
	assert_int_equal(sip_parse(&m, (struct str){buf, (size_t)n + body.n}), SIP_OK);
	assert_int_equal(sip_check(&m), SIP_OK);
	return sip_multipart(&m);
}

static void test_parts(void **state)
{
	static const struct {
		const char *type, *body;
		enum sip_reason why;
		const char *sdp, *length; // NULL: no description
	} table[] = {
		{TYPE, SDP_1 CLOSE, SIP_OK, "v=0\r\n", ""},
		{TYPE, ISUP SDP_1 CLOSE, SIP_OK, "v=0\r\n", ""},
		{TYPE, SDP_1 ISUP CLOSE, SIP_OK, "v=0\r\n", ""},
		{TYPE, ISUP CLOSE, SIP_OK, NULL, NULL},
		{TYPE, "preamble\r\n" SDP_1 "--x-- \t\r\nepilogue", SIP_OK, "v=0\r\n", ""},
		{TYPE, "--x \t\r\n" SDP "\r\nv=0\r\n--x--", SIP_OK, "v=0", ""},
		{TYPE, "--x\r\n\r\nplain text\r\n" CLOSE, SIP_OK, NULL, NULL},
		{TYPE, "--x\r\n\r\n\r\n" CLOSE, SIP_OK, NULL, NULL},
		{"Multipart / Mixed ; a=b;BOUNDARY=\"x\"", SDP_1 CLOSE, SIP_OK, "v=0\r\n", ""},
		{"multipart/mixed;boundary=\"a:'()+_,-./=?\"",
			"--a:'()+_,-./=?\r\n\r\n\r\n--a:'()+_,-./=?--", SIP_OK, NULL, NULL},
		{"multipart/mixed;boundary=" SEVENTY, "--" SEVENTY "\r\n\r\n\r\n--" SEVENTY "--",
			SIP_OK, NULL, NULL},
		// the part's own headers: folded, compact, with a length
		{TYPE, "--x\r\nc:\r\n application/SDP;charset=x\r\nl: 3\r\n\r\nv=0\r\n" CLOSE,
			SIP_OK, "v=0", "3"},
		{TYPE, "--x\r\n" SDP "Content-Transfer-Encoding: Binary\r\n\r\nv=0\r\n" CLOSE,
			SIP_OK, "v=0", ""},
		// other types, and types without a body
		{"text/plain", "--x\r\n", SIP_OK, NULL, NULL},
		{"application/sdp", "v=0", SIP_OK, "v=0", ""},
		{"multipart/mixed", "", SIP_OK, NULL, NULL},
		// the boundary
		{"multipart/mixed", SDP_1 CLOSE, SIP_BAD_BOUNDARY, NULL, NULL},
		{"multipart/mixed;boundary", SDP_1 CLOSE, SIP_BAD_BOUNDARY, NULL, NULL},
		{"multipart/mixed;boundary=\"\"", SDP_1 CLOSE, SIP_BAD_BOUNDARY, NULL, NULL},
		{"multipart/mixed;boundary=\"x \"", SDP_1 CLOSE, SIP_BAD_BOUNDARY, NULL, NULL},
		{"multipart/mixed;boundary=\"x\\y\"", SDP_1 CLOSE, SIP_BAD_BOUNDARY, NULL, NULL},
		{"multipart/mixed;boundary=x;boundary=y", SDP_1 CLOSE, SIP_BAD_BOUNDARY, NULL,
			NULL},
		{"multipart/mixed;boundary*0=x", SDP_1 CLOSE, SIP_BAD_BOUNDARY, NULL, NULL},
		{"multipart/mixed;boundary=" SEVENTY "1", SDP_1 CLOSE, SIP_BAD_BOUNDARY, NULL,
			NULL},
		// and where it may stand
		{TYPE, "--x\r\n\r\na--x\r\n" CLOSE, SIP_BAD_BOUNDARY, NULL, NULL},
		{TYPE, "--x\r\n\r\na\n--x\r\n" CLOSE, SIP_BAD_BOUNDARY, NULL, NULL},
		{TYPE, "\n" SDP_1 CLOSE, SIP_BAD_BOUNDARY, NULL, NULL},
		{TYPE, SDP_1 "--xy\r\n" CLOSE, SIP_BAD_BOUNDARY, NULL, NULL},
		{TYPE, "--x\n" SDP "\r\nv=0\r\n" CLOSE, SIP_BAD_BOUNDARY, NULL, NULL},
		{TYPE, "--x\r\n\r\na\r\n--x\r", SIP_BAD_BOUNDARY, NULL, NULL},
		{TYPE, SDP_1 "--x--y\r\n", SIP_BAD_BOUNDARY, NULL, NULL},
		{TYPE, SDP_1 CLOSE SDP_1 CLOSE, SIP_BAD_BOUNDARY, NULL, NULL},
		{"multipart/mixed;boundary=-", "--\r\n\r\n\r\n----\r\n", SIP_BAD_BOUNDARY, NULL,
			NULL},
		// malformed parts
		{TYPE, "x", SIP_BAD_PART, NULL, NULL},
		{TYPE, CLOSE, SIP_BAD_PART, NULL, NULL},
		{TYPE, SDP_1, SIP_BAD_PART, NULL, NULL},
		{TYPE, SDP_1 "--x\r\n", SIP_BAD_PART, NULL, NULL},
		{TYPE, "--x\r\n" CLOSE, SIP_BAD_PART, NULL, NULL},
		{TYPE, "--x\r\n\r\n" CLOSE, SIP_BAD_PART, NULL, NULL},
		{TYPE, "--x\r\n" SDP CLOSE, SIP_BAD_PART, NULL, NULL},
		{TYPE, "--x\r\n" SDP "\r\n" CLOSE, SIP_BAD_PART, NULL, NULL},
		{TYPE, "--x\r\n" SDP "\r\n\r\n" CLOSE, SIP_BAD_PART, NULL, NULL}, // empty
		{TYPE, "--x\r\nno colon\r\n\r\na\r\n" CLOSE, SIP_BAD_PART, NULL, NULL},
		{TYPE, "--x\r\nContent-Type : application/sdp\r\n\r\nv=0\r\n" CLOSE, SIP_BAD_PART,
			NULL, NULL},
		{TYPE, "--x\r\nA: b\n" SDP "\r\nv=0\r\n" CLOSE, SIP_BAD_PART, NULL, NULL},
		{TYPE, "--x\r\nA: b\r" SDP "\r\nv=0\r\n" CLOSE, SIP_BAD_PART, NULL, NULL},
		{TYPE, "--x\r\nc: a/b\r\n" SDP "\r\nv=0\r\n" CLOSE, SIP_BAD_PART, NULL, NULL},
		{TYPE, "--x\r\nContent-Type:\r\n" SDP "\r\nv=0\r\n" CLOSE, SIP_BAD_PART, NULL,
			NULL},
		{TYPE, "--x\r\nc: application/sdp(x)\r\n\r\nv=0\r\n" CLOSE, SIP_BAD_PART, NULL,
			NULL},
		{TYPE, "--x\r\n" SDP "l: 4\r\n\r\nv=0\r\n" CLOSE, SIP_BAD_PART, NULL, NULL},
		{TYPE, "--x\r\n" SDP "l: 3\r\nl: 3\r\n\r\nv=0\r\n" CLOSE, SIP_BAD_PART, NULL, NULL},
		// what is not read
		{TYPE, "--x\r\n" SDP "Content-Transfer-Encoding: base64\r\n\r\ndj0w\r\n" CLOSE,
			SIP_ENCODED_BODY, NULL, NULL},
		{TYPE, "--x\r\n" SDP "e: gzip\r\n\r\ndj0w\r\n" CLOSE, SIP_ENCODED_BODY, NULL, NULL},
		{TYPE, "--x\r\nc: multipart/mixed;boundary=y\r\n\r\n\r\n" CLOSE, SIP_NESTED_PARTS,
			NULL, NULL},
		{TYPE, SDP_1 SDP_1 CLOSE, SIP_SEVERAL_SDP, NULL, NULL},
	};
	char buf[4096];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		enum sip_reason r =
			read_body(table[i].type, str_from(table[i].body), buf, sizeof(buf));

		if (r != table[i].why)
			fail_msg("row %zu: %s\n%s", i, sip_reason_text(r), table[i].body);
		if (r != SIP_OK)
			continue;
		assert_int_equal(m.is_sdp, table[i].sdp != NULL);
		assert_str(m.sdp, table[i].sdp != NULL ? table[i].sdp : "");
		assert_str(m.sdp_length, table[i].length != NULL ? table[i].length : "");
	}
}

static void test_nul(void **state)
{
	char buf[1024];

	assert_int_equal(
		read_body(TYPE, STR_LIT("--x\r\nA: b\0\r\n\r\na\r\n" CLOSE), buf, sizeof(buf)),
		SIP_BAD_PART);
	assert_int_equal(
		read_body(TYPE, STR_LIT("--x\r\nA: b\r\n\r\na\0\r\n" CLOSE), buf, sizeof(buf)),
		SIP_OK);
}

static void test_too_many(void **state)
{
	char body[1024], buf[2048];

	for (size_t parts = 1; parts <= 17; parts++) {
		size_t n = 0;

		for (size_t i = 0; i < parts; i++)
			n += (size_t)sprintf(body + n, "--x\r\n\r\n%zu\r\n", i);
		n += (size_t)sprintf(body + n, CLOSE);
		assert_int_equal(read_body(TYPE, (struct str){body, n}, buf, sizeof(buf)),
			parts <= 16 ? SIP_OK : SIP_TOO_MANY_PARTS);
	}
}

// Both lengths follow the description; every other octet stays.
static void test_edit(void **state)
{
	static const char body[] = "pre\r\n" ISUP "--x\r\nContent-Length: 8\r\n" SDP
				   "\r\nv=0\r\no=1\r\n" ISUP CLOSE "post";
	static const char edited[] = "pre\r\n" ISUP "--x\r\nContent-Length: 14\r\n" SDP
				     "\r\nv=0\r\no=1234\r\n?\r\n" ISUP CLOSE "post";
	static struct sip_edit e;
	char buf[1024], out[1024];
	size_t n;

	assert_int_equal(read_body(TYPE, STR_LIT(body), buf, sizeof(buf)), SIP_OK);
	assert_str(m.sdp, "v=0\r\no=1");
	sip_edit_init(&e, &m);
	sip_edit_replace(&e, (struct str){m.sdp.p + 7, 1}, STR_LIT("1234"));
	sip_edit_insert(&e, m.sdp.p + m.sdp.n, STR_LIT("\r\n?"));
	assert_int_equal(sip_edit_render(&e, out, sizeof(out), &n), 0);
	assert_int_equal(sip_parse(&m, (struct str){out, n}), SIP_OK);
	assert_int_equal(sip_check(&m), SIP_OK);     // Content-Length is right
	assert_int_equal(sip_multipart(&m), SIP_OK); // and so is the part's
	assert_str(m.body, edited);
}

// Without its body a message has no length to tell but 0.
static void test_strip(void **state)
{
	static const char body[] = "--x\r\nContent-Length: 3\r\n" SDP "\r\nv=0\r\n" CLOSE;
	static struct sip_edit e;
	char buf[1024], out[1024];
	size_t n;

	assert_int_equal(read_body(TYPE, STR_LIT(body), buf, sizeof(buf)), SIP_OK);
	sip_edit_init(&e, &m);
	sip_edit_delete(&e, m.body);
	assert_int_equal(sip_edit_render(&e, out, sizeof(out), &n), 0);
	assert_int_equal(sip_parse(&m, (struct str){out, n}), SIP_OK);
	assert_int_equal(sip_check(&m), SIP_OK);
	assert_int_equal(m.body.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_edit),
		cmocka_unit_test(test_strip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
