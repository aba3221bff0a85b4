// SPDX-License-Identifier: BSD-3-Clause
// Parsing and the sanity checks.
#include "test/unit/sip_lines.h"
#include "test/unit/sip_vectors.h"

static void test_vector(void **state)
{
	static struct sip_msg m;
	char buf[8192];
	struct str bytes = vector_load("invite-outside.sip", buf, sizeof(buf));

	assert_int_equal(sip_parse(&m, bytes), SIP_OK);
	assert_int_equal(sip_check(&m), SIP_OK);
	assert_true(m.request);
	assert_int_equal(m.method, SIP_INVITE);
	assert_str(m.uri.user, "+14085550123");
	assert_str(m.uri.host, "209.165.200.228");
	assert_int_equal(m.uri.port, 5070);
	assert_str(m.via.head, "SIP/2.0/TLS 203.0.113.10:5070");
	assert_str(m.via.transport, "TLS");
	assert_str(m.via.host, "203.0.113.10");
	assert_int_equal(m.via.port, 5070);
	assert_str(m.via.branch, "z9hG4bK1d5f0a77");
	assert_str(m.from_tag, "7f3a9c");
	assert_str(m.to_tag, "");
	assert_str(m.to.uri, "sip:+14085550123@enterprise-a.example");
	assert_str(m.call_id, "5d2e9a10-a7d11b08-51-0a7100cb@203.0.113.10");
	assert_int_equal(m.cseq, 101);
	assert_int_equal(m.max_forwards, 69);
	assert_int_equal(m.n_headers, 11);
	assert_int_equal(m.body.n, 323);
	assert_true(m.is_sdp);
	assert_str(sip_header(&m, SIP_H_TICKET)->value, "AAEAEI9PLB5t...q2Q=");
	assert_int_equal(sip_header_count(&m, SIP_H_TICKET), 1);
	assert_true(sip_has_option(&m, SIP_H_SUPPORTED, STR_LIT("timer")));
	assert_false(sip_has_option(&m, SIP_H_SUPPORTED, STR_LIT("tdialog")));
	assert_false(sip_has_option(&m, SIP_H_REQUIRE, STR_LIT("timer")));
	assert_null(sip_header(&m, SIP_H_ROUTE));

	bytes = vector_load("answer-inside.sip", buf, sizeof(buf));
	assert_int_equal(sip_parse(&m, bytes), SIP_OK);
	assert_int_equal(sip_check(&m), SIP_OK);
	assert_false(m.request);
	assert_int_equal(m.status, 200);
	assert_str(m.phrase, "OK");
	assert_int_equal(m.method, SIP_INVITE);
	assert_str(m.to_tag, "c41b77e0");
}

// Everything that the grammar allows and nobody writes.
static void test_torture(void **state)
{
	static const char text[] =
		"INVITE sip:vivekg@chair.example;unknownparam SIP/2.0\r\n"
		"TO :\r\n"
		" sip:vivekg@chair.example ;   tag    = 1918181833n\r\n"
		"f   : \"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>\r\n"
		"  ;\r\n"
		"  tag = 98asjd8\r\n"
		"MaX-fOrWaRdS: 0068\r\n"
		"i: wsinv.ndaksdj@192.0.2.1\r\n"
		"cseq: 0009\r\n"
		"  INVITE\r\n"
		"v  : SIP  / 2.0\r\n"
		"  /TCP     192.0.2.2 : 5070;branch=390skdjuw , \r\n"
		" SIP/2.0/UDP [2001:db8::9];branch=z9hG4bK2\r\n"
		"s:\r\n"
		"NewFangledHeader:   newfangled value\r\n"
		" continued newfangled value\r\n"
		"UnknownHeaderWithUnusualValue: ;;,,;;,;\r\n"
		"c: Application / SDP\r\n"
		"Route: \r\n"
		" <sip:services.example;lr;unknown=no-value>\r\n"
		"v:  SIP/2.0/TLS 192.0.2.3;branch=z9hG4bK1\r\n"
		"k: a\r\n"
		"Supported: b , c\r\n"
		"m:\"Quoted, string \\\"\\\"\" <sip:jdrosen@example.com> ; new =\r\n"
		"  \"secondparam\" ; q = 0.33, <sip:x@y>\r\n"
		"l: 0\r\n"
		"\r\n";
	static struct sip_msg m;
	struct sip_elem_iter it = {0};
	struct sip_via via;
	struct str elem;
	char tidy[2048];
	size_t n;

	assert_int_equal(sip_parse(&m, STR_LIT(text)), SIP_OK);
	assert_int_equal(sip_check(&m), SIP_SPACE_COLON); // the strict profile
	assert_true(sip_tidy(STR_LIT(text), tidy, sizeof(tidy), &n));
	assert_int_equal(sip_parse(&m, (struct str){tidy, n}), SIP_OK);
	assert_int_equal(sip_check(&m), SIP_OK);
	assert_str(m.to_tag, "1918181833n");
	assert_str(m.from_tag, "98asjd8");
	assert_str(m.from.uri, "sip:jdrosen@example.com");
	assert_int_equal(m.max_forwards, 68);
	assert_int_equal(m.cseq, 9);
	assert_str(m.via.transport, "TCP");
	assert_str(m.via.host, "192.0.2.2");
	assert_int_equal(m.via.port, 5070);
	assert_str(m.via.branch, "390skdjuw");
	assert_str(m.via.head, "SIP  / 2.0\r\n  /TCP     192.0.2.2 : 5070");
	assert_str(sip_header_named(&m, STR_LIT("newfangledheader"))->value,
		"newfangled value\r\n continued newfangled value");
	assert_str(sip_header_named(&m, STR_LIT("s"))->value, "");
	assert_false(m.is_sdp); // no body

	assert_true(sip_elem_next(&m, SIP_H_VIA, &it, &elem));
	assert_true(sip_elem_next(&m, SIP_H_VIA, &it, &elem));
	assert_true(sip_via_parse(elem, &via));
	assert_str(via.host, "[2001:db8::9]");
	assert_true(sip_elem_next(&m, SIP_H_VIA, &it, &elem));
	assert_true(sip_via_parse(elem, &via));
	assert_str(via.host, "192.0.2.3");
	assert_int_equal(via.port, 0);
	assert_false(sip_elem_next(&m, SIP_H_VIA, &it, &elem));

	it = (struct sip_elem_iter){0};
	assert_true(sip_elem_next(&m, SIP_H_CONTACT, &it, &elem));
	assert_true(sip_elem_next(&m, SIP_H_CONTACT, &it, &elem));
	assert_str(elem, "<sip:x@y>");
	assert_true(sip_has_option(&m, SIP_H_SUPPORTED, STR_LIT("a")));
	assert_true(sip_has_option(&m, SIP_H_SUPPORTED, STR_LIT("C")));
}

static void test_header_names(void **state)
{
	static const struct {
		const char *line;
		enum sip_header_id id;
	} table[] = {
		{"v: x\r\n", SIP_H_VIA},
		{"F: x\r\n", SIP_H_FROM},
		{"t: x\r\n", SIP_H_TO},
		{"i: x\r\n", SIP_H_CALL_ID},
		{"m: x\r\n", SIP_H_CONTACT},
		{"c: x\r\n", SIP_H_CONTENT_TYPE},
		{"L: x\r\n", SIP_H_CONTENT_LENGTH},
		{"e: x\r\n", SIP_H_CONTENT_ENCODING},
		{"k: x\r\n", SIP_H_SUPPORTED},
		{"o: x\r\n", SIP_H_EVENT},
		{"x: x\r\n", SIP_H_SESSION_EXPIRES},
		{"r: x\r\n", SIP_H_REFER_TO},
		{"b: x\r\n", SIP_H_REFERRED_BY},
		{"y: x\r\n", SIP_H_IDENTITY},
		{"x-cisco-vipr-ticket: x\r\n", SIP_H_TICKET},
		{"X-UCIME-FALLBACK: x\r\n", SIP_H_FALLBACK},
		{"To: x\r\n", SIP_H_TO},
		{"Via: x\r\n", SIP_H_VIA},
		{"From: x\r\n", SIP_H_FROM},
		{"CSeq: x\r\n", SIP_H_CSEQ},
		{"RSeq: x\r\n", SIP_H_RSEQ},
		{"RAck: x\r\n", SIP_H_RACK},
		{"Route: x\r\n", SIP_H_ROUTE},
		{"Allow: x\r\n", SIP_H_ALLOW},
		{"Event: x\r\n", SIP_H_EVENT},
		{"Reason: x\r\n", SIP_H_REASON},
		{"Server: x\r\n", SIP_H_SERVER},
		{"Call-ID: x\r\n", SIP_H_CALL_ID},
		{"Contact: x\r\n", SIP_H_CONTACT},
		{"Require: x\r\n", SIP_H_REQUIRE},
		{"Warning: x\r\n", SIP_H_WARNING},
		{"Replaces: x\r\n", SIP_H_REPLACES},
		{"Refer-To: x\r\n", SIP_H_REFER_TO},
		{"Identity: x\r\n", SIP_H_IDENTITY},
		{"Supported: x\r\n", SIP_H_SUPPORTED},
		{"Diversion: x\r\n", SIP_H_DIVERSION},
		{"Call-Info: x\r\n", SIP_H_CALL_INFO},
		{"Alert-Info: x\r\n", SIP_H_ALERT_INFO},
		{"User-Agent: x\r\n", SIP_H_USER_AGENT},
		{"Referred-By: x\r\n", SIP_H_REFERRED_BY},
		{"Max-Forwards: x\r\n", SIP_H_MAX_FORWARDS},
		{"Record-Route: x\r\n", SIP_H_RECORD_ROUTE},
		{"Content-Type: x\r\n", SIP_H_CONTENT_TYPE},
		{"Proxy-Require: x\r\n", SIP_H_PROXY_REQUIRE},
		{"Target-Dialog: x\r\n", SIP_H_TARGET_DIALOG},
		{"Content-Length: x\r\n", SIP_H_CONTENT_LENGTH},
		{"Session-Expires: x\r\n", SIP_H_SESSION_EXPIRES},
		{"Remote-Party-ID: x\r\n", SIP_H_REMOTE_PARTY_ID},
		{"Content-Encoding: x\r\n", SIP_H_CONTENT_ENCODING},
		{"P-Asserted-Identity: x\r\n", SIP_H_P_ASSERTED_IDENTITY},
		{"X-Cisco-UC-IME-Ticket: x\r\n", SIP_H_TICKET},
		{"X-Cisco-ViPR-Ticket: x\r\n", SIP_H_TICKET},
		{"X-UCIME-Fallback: x\r\n", SIP_H_FALLBACK},
		{"x-ucime-fallback : x\r\n", SIP_H_FALLBACK},
		{"CALL-ID\t:x\r\n", SIP_H_CALL_ID},
		{"Date : x\r\n", SIP_H_OTHER},
		{"Xia: x\r\n", SIP_H_OTHER}, // length, first and last letter do not make a name
		{"Vxa: x\r\n", SIP_H_OTHER},
		{"a: x\r\n", SIP_H_OTHER},
		{"~: x\r\n", SIP_H_OTHER},
		{"X-Cisco-UC-IME-Tickets: x\r\n", SIP_H_OTHER},
		{"Vi: x\r\n", SIP_H_OTHER},
		{"Content-Lengt: x\r\n", SIP_H_OTHER},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct str rest = str_from(table[i].line);
		struct sip_header h;

		assert_int_equal(sip_header_take(&rest, &h), SIP_OK);
		if (h.id != table[i].id)
			fail_msg("%s", table[i].line);
		assert_str(h.value, "x");
		assert_int_equal(rest.n, 0);
	}
}

// A name at the very end, without its colon, is no header and has nothing behind it to be read.
static void test_header_cut(void **state)
{
	static const char *const table[] = {"R", "t", "Via", "Call-ID", "X-Cisco-UC-IME-Ticket",
		"Call-ID ", "Date", "a", "Via\r\n", "Via\r\n :x"};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const size_t n = strlen(table[i]);
		char *exact = malloc(n);
		struct str rest = {exact, n};
		struct sip_header h;

		assert_non_null(exact);
		memcpy(exact, table[i], n);
		if (sip_header_take(&rest, &h) != SIP_BAD_HEADER)
			fail_msg("taken: %s", table[i]);
		assert_int_equal(rest.n, 0);
		free(exact);
	}
}

static void test_check(void **state)
{
	static const struct {
		const char *text;
		enum sip_reason why;
	} table[] = {
		{REQ VIA FROM TO CID CSEQ MF END, SIP_OK},
		{"SIP/2.0 200 OK\r\n" VIA FROM TO CID CSEQ END, SIP_OK}, // no Max-Forwards there
		{"SIP/2.0 200 \r\n" VIA FROM TO CID CSEQ END, SIP_OK},
		{"SIP/2.0 200\r\n" VIA FROM TO CID CSEQ END, SIP_BAD_STATUS},
		{"sip/2.0 699 \r\n" VIA FROM TO CID CSEQ END, SIP_OK},
		// start line
		{"SIP/2.0 099 x\r\n" VIA FROM TO CID CSEQ END, SIP_BAD_STATUS},
		{"SIP/2.0 700 x\r\n" VIA FROM TO CID CSEQ END, SIP_BAD_STATUS},
		{"SIP/2.0 20 x\r\n" VIA FROM TO CID CSEQ END, SIP_BAD_STATUS},
		{"BYE sip:a@b  SIP/2.0\r\n" VIA FROM TO CID CSEQ MF END, SIP_NOT_SIP},
		{"BYE  sip:a@b SIP/2.0\r\n" VIA FROM TO CID CSEQ MF END, SIP_NOT_SIP},
		{"BYE sip:a@b SIP/2.0 \r\n" VIA FROM TO CID CSEQ MF END, SIP_NOT_SIP},
		{"BYE sip:a@b SIP/7.0\r\n" VIA FROM TO CID CSEQ MF END, SIP_NOT_SIP},
		{"B(E sip:a@b SIP/2.0\r\n" VIA FROM TO CID CSEQ MF END, SIP_NOT_SIP},
		{"BYE <sip:a@b> SIP/2.0\r\n" VIA FROM TO CID CSEQ MF END, SIP_BAD_URI},
		{"BYE sip:a@b@c SIP/2.0\r\n" VIA FROM TO CID CSEQ MF END, SIP_BAD_URI},
		// missing
		{REQ FROM TO CID CSEQ MF END, SIP_NO_VIA},
		{REQ VIA TO CID CSEQ MF END, SIP_NO_FROM},
		{REQ VIA FROM CID CSEQ MF END, SIP_NO_TO},
		{REQ VIA FROM TO CSEQ MF END, SIP_NO_CALL_ID},
		{REQ VIA FROM TO CID MF END, SIP_NO_CSEQ},
		{REQ VIA FROM TO CID CSEQ END, SIP_NO_MAX_FORWARDS},
		{REQ VIA FROM TO CID CSEQ MF "\r\n", SIP_NO_CONTENT_LENGTH},
		// twice
		{REQ VIA VIA FROM TO CID CSEQ MF END, SIP_OK},
		{REQ VIA FROM "f: <sip:x@y>;tag=z\r\n" TO CID CSEQ MF END, SIP_DUP_HEADER},
		{REQ VIA FROM TO TO CID CSEQ MF END, SIP_DUP_HEADER},
		{REQ VIA FROM TO CID "i: j\r\n" CSEQ MF END, SIP_DUP_HEADER},
		{REQ VIA FROM TO CID CSEQ "CSeq: 2 BYE\r\n" MF END, SIP_DUP_HEADER},
		{REQ VIA FROM TO CID CSEQ MF MF END, SIP_DUP_HEADER},
		{REQ VIA FROM TO CID CSEQ MF "c: a/b\r\nContent-Type: c/d\r\n" END, SIP_DUP_HEADER},
		{REQ VIA FROM TO CID CSEQ MF "l: 0\r\n" END, SIP_DUP_CONTENT_LENGTH},
		// malformed
		{REQ "Via:\r\n" VIA FROM TO CID CSEQ MF END, SIP_BAD_VIA},
		{REQ "Via: SIP/2.0 c\r\n" FROM TO CID CSEQ MF END, SIP_BAD_VIA},
		{REQ "Via: SIP/2.0/TCP\r\n" FROM TO CID CSEQ MF END, SIP_BAD_VIA},
		{REQ "Via: SIP/2.0/TCP c:x\r\n" FROM TO CID CSEQ MF END, SIP_BAD_VIA},
		{REQ "Via: SIP/2.0/TCP c d;branch=e\r\n" FROM TO CID CSEQ MF END, SIP_BAD_VIA},
		{REQ "Via: HTTP/2.0/TCP c\r\n" FROM TO CID CSEQ MF END, SIP_BAD_VIA},
		{REQ "Via: SIP/2.0/TCP c;branch=\r\n" FROM TO CID CSEQ MF END, SIP_BAD_VIA},
		{REQ VIA "From: <sip:d@e>\r\n" TO CID CSEQ MF END, SIP_BAD_FROM},
		{REQ VIA "From: sip:d@e\r\n" TO CID CSEQ MF END, SIP_BAD_FROM},
		{REQ VIA "From: <sip:d@e;tag=f>\r\n" TO CID CSEQ MF END, SIP_BAD_FROM},
		{REQ VIA "From: <sip:d@e>;tag=f;tag=g\r\n" TO CID CSEQ MF END, SIP_BAD_FROM},
		{REQ VIA "From: <sip:d@e>;tag=\"f\"\r\n" TO CID CSEQ MF END, SIP_BAD_FROM},
		{REQ VIA "From: d\r\n" TO CID CSEQ MF END, SIP_BAD_FROM},
		{REQ VIA "From: sip:d,e@f;tag=g\r\n" TO CID CSEQ MF END, SIP_BAD_FROM},
		{REQ VIA FROM "To: <sip:g@h\r\n" CID CSEQ MF END, SIP_BAD_TO},
		{REQ VIA FROM "To:\r\n" CID CSEQ MF END, SIP_BAD_TO},
		{REQ VIA FROM TO "Call-ID:\r\n" CSEQ MF END, SIP_BAD_CALL_ID},
		{REQ VIA FROM TO "Call-ID: a b\r\n" CSEQ MF END, SIP_BAD_CALL_ID},
		{REQ VIA FROM TO CID "CSeq: 1\r\n" MF END, SIP_BAD_CSEQ},
		{REQ VIA FROM TO CID "CSeq: BYE\r\n" MF END, SIP_BAD_CSEQ},
		{REQ VIA FROM TO CID "CSeq: 1BYE\r\n" MF END, SIP_BAD_CSEQ},
		{REQ VIA FROM TO CID "CSeq: 2147483648 BYE\r\n" MF END, SIP_BAD_CSEQ},
		{REQ VIA FROM TO CID "CSeq: 2147483647 BYE\r\n" MF END, SIP_OK},
		{REQ VIA FROM TO CID "CSeq: 1 INVITE\r\n" MF END, SIP_CSEQ_METHOD},
		{REQ VIA FROM TO CID "CSeq: 1 bye\r\n" MF END, SIP_CSEQ_METHOD},
		{REQ VIA FROM TO CID CSEQ "Max-Forwards: 256\r\n" END, SIP_BAD_MAX_FORWARDS},
		{REQ VIA FROM TO CID CSEQ "Max-Forwards: -1\r\n" END, SIP_BAD_MAX_FORWARDS},
		{REQ VIA FROM TO CID CSEQ MF "l: 1\r\n\r\n", SIP_BAD_CONTENT_LENGTH},
		{REQ VIA FROM TO CID CSEQ MF "l: 1\r\n\r\nab", SIP_BAD_CONTENT_LENGTH},
		{REQ VIA FROM TO CID CSEQ MF "l: 1\r\n\r\na", SIP_NO_CONTENT_TYPE},
		{REQ VIA FROM TO CID CSEQ MF "c: a/b\r\nl: 1\r\n\r\na", SIP_OK},
		{REQ VIA FROM TO CID CSEQ MF "c: a / b ; x=\"y;\"\r\nl: 1\r\n\r\na", SIP_OK},
		{REQ VIA FROM TO CID CSEQ MF "c: ab\r\n" END, SIP_OK}, // no body that it speaks of
		// which type would another reader take it for?
		{REQ VIA FROM TO CID CSEQ MF "c: ab\r\nl: 1\r\n\r\na", SIP_BAD_CONTENT_TYPE},
		{REQ VIA FROM TO CID CSEQ MF "c: application/sdp(x)\r\nl: 1\r\n\r\na",
			SIP_BAD_CONTENT_TYPE},
		{REQ VIA FROM TO CID CSEQ MF "c: application/sdp, a/b\r\nl: 1\r\n\r\na",
			SIP_BAD_CONTENT_TYPE},
		{REQ VIA FROM TO CID CSEQ MF "c: a/b;\r\nl: 1\r\n\r\na", SIP_BAD_CONTENT_TYPE},
		{REQ VIA FROM TO CID CSEQ MF "c: application/sdp\r\ne: gzip\r\nl: 1\r\n\r\na",
			SIP_ENCODED_BODY},
		{REQ VIA FROM TO CID CSEQ MF
			"c: application/sdp\r\nContent-Encoding: identity\r\nl: 1\r\n\r\na",
			SIP_OK},
		{REQ VIA FROM TO CID CSEQ MF "c: multipart/x\r\ne: gzip\r\nl: 1\r\n\r\na",
			SIP_ENCODED_BODY},
		{REQ VIA FROM TO CID CSEQ MF "c: a/b\r\ne: gzip\r\nl: 1\r\n\r\na", SIP_OK},
		// white space before the colon
		{REQ VIA "From : <sip:d@e>;tag=f\r\n" TO CID CSEQ MF END, SIP_SPACE_COLON},
		{REQ VIA FROM "t\t: <sip:g@h>\r\n" CID CSEQ MF END, SIP_SPACE_COLON},
		{REQ VIA FROM TO "Call-ID : i\r\n" CSEQ MF END, SIP_SPACE_COLON},
		{REQ VIA FROM TO CID "CSeq : 1 BYE\r\n" MF END, SIP_SPACE_COLON},
		{REQ VIA FROM TO CID CSEQ "Max-Forwards : 70\r\n" END, SIP_SPACE_COLON},
		{REQ VIA FROM TO CID CSEQ MF "l : 0\r\n\r\n", SIP_SPACE_COLON},
		{REQ VIA FROM TO CID CSEQ MF "X-Cisco-UC-IME-Ticket : x\r\n" END, SIP_SPACE_COLON},
		{REQ VIA FROM TO CID CSEQ MF "Supported : x\r\n" END, SIP_OK},
		// header lines
		{REQ VIA FROM TO CID CSEQ MF "no colon\r\n" END, SIP_BAD_HEADER},
		{REQ VIA FROM TO CID CSEQ MF ": no name\r\n" END, SIP_BAD_HEADER},
		{REQ VIA FROM TO CID CSEQ MF "a b: c\r\n" END, SIP_BAD_HEADER},
		{REQ " folded: start\r\n" VIA FROM TO CID CSEQ MF END, SIP_BAD_HEADER},
		{REQ VIA FROM TO CID CSEQ MF "l: 0\r\n", SIP_LINE_END},
		{REQ, SIP_LINE_END},
		{"", SIP_NOT_SIP},
		{"BYE sip:a@b SIP/2.0", SIP_NOT_SIP},
	};
	static struct sip_msg m;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		enum sip_reason r = sip_parse(&m, str_from(table[i].text));

		if (r == SIP_OK)
			r = sip_check(&m);
		if (r != table[i].why)
			fail_msg("row %zu: %s\n%s", i, sip_reason_text(r), table[i].text);
	}
}

static void test_too_many_headers(void **state)
{
	static struct sip_msg m;
	static char text[4096];

	for (size_t extra = 0; extra < 2; extra++) {
		size_t n = (size_t)sprintf(text, REQ);

		for (size_t i = 0; i < SIP_HEADERS_MAX + extra; i++)
			n += (size_t)sprintf(text + n, "X: %zu\r\n", i);
		n += (size_t)sprintf(text + n, "\r\n");
		assert_int_equal(sip_parse(&m, (struct str){text, n}),
			extra == 0 ? SIP_OK : SIP_TOO_MANY_HEADERS);
	}
	assert_int_equal(m.n_headers, SIP_HEADERS_MAX);
}

static void test_content_is(void **state)
{
	static const struct {
		const char *value, *type;
		bool is;
	} table[] = {
		{"application/sdp", "application/sdp", true},
		{"Application/SDP;charset=x", "application/sdp", true},
		{"Application / SDP ; x", "application/sdp", true},
		{"application", "application/sdp", false},
		{"application/sdpx", "application/sdp", false},
		{"multipart/mixed;boundary=x", "application/sdp", false},
		{"multipart/mixed;boundary=x", "multipart/*", true},
		{"multipart", "multipart/*", false},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		static struct sip_msg m;
		char text[128];

		snprintf(text, sizeof(text), REQ "c: %s\r\n\r\n", table[i].value);
		assert_int_equal(sip_parse(&m, str_from(text)), SIP_OK);
		assert_int_equal(sip_content_is(&m, str_from(table[i].type)), table[i].is);
	}
}

static void test_content_missing(void **state)
{
	static struct sip_msg m;

	assert_int_equal(sip_parse(&m, STR_LIT(REQ "\r\n")), SIP_OK);
	assert_false(sip_content_is(&m, STR_LIT("application/sdp")));
}

static void test_methods(void **state)
{
	assert_int_equal(sip_method_of(STR_LIT("PRACK")), SIP_PRACK);
	assert_int_equal(sip_method_of(STR_LIT("invite")), SIP_UNKNOWN); // RFC 3261 7.1
	assert_int_equal(sip_method_of(STR_LIT("INVITES")), SIP_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vector),
		cmocka_unit_test(test_torture),
		cmocka_unit_test(test_header_names),
		cmocka_unit_test(test_header_cut),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_too_many_headers),
		cmocka_unit_test(test_content_is),
		cmocka_unit_test(test_content_missing),
		cmocka_unit_test(test_methods),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
