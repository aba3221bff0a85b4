// SPDX-License-Identifier: BSD-3-Clause
// The header table of protocol.md 3.3, line by line, in both directions.
#include "test/unit/sip_vectors.h"

#include "cp/rewrite.h"

enum { OUTSIDE, INSIDE };

#define REQ    "INVITE sip:x@y SIP/2.0\r\n"
#define VIA    "Via: SIP/2.0/UDP y\r\n"
#define FROM   "From: <sip:d@e>;tag=f\r\n"
#define TO     "To: <sip:g@h>\r\n"
#define COMMON "Call-ID: i@192.168.10.30\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n"
#define END    "l: 0\r\n\r\n"
#define ALL    VIA FROM TO COMMON
#define REAL   "192.168.10.30"
#define MAPPED "209.165.200.228"
#define TAKER  "192.168.10.31"

static struct sip_msg msg;
static struct sip_edit edit;
static struct nat_rule nat[2];
static struct rewrite_ctx in_ctx, out_ctx;

static int setup(void **state)
{
	ip_parse(STR_LIT(REAL), &nat[0].real.ip);
	ip_parse(STR_LIT(MAPPED), &nat[0].mapped.ip);
	// static PAT: one service of another host behind the same kind of address
	ip_parse(STR_LIT("192.168.10.40"), &nat[1].real.ip);
	ip_parse(STR_LIT("209.165.200.230"), &nat[1].mapped.ip);
	for (size_t i = 0; i < 2; i++) {
		nat[i].real.len = nat[i].mapped.len = 128;
		nat[i].real_if = INSIDE;
		nat[i].mapped_if = OUTSIDE;
	}
	nat[1].proto = PROTO_TCP;
	nat[1].real_port = 5060;
	nat[1].mapped_port = 5090;
	in_ctx = (struct rewrite_ctx){.dir = REWRITE_INWARD,
		.nat = nat,
		.n_nat = 2,
		.inside_if = INSIDE,
		.outside_if = OUTSIDE};
	out_ctx = in_ctx;
	out_ctx.dir = REWRITE_OUTWARD;
	return 0;
}

static enum sip_reason run(const struct rewrite_ctx *ctx, struct str text, char *out, size_t size,
	struct rewrite_fallback *fb)
{
	enum sip_reason r = sip_parse(&msg, text);
	size_t n = 0;

	if (r == SIP_OK)
		r = sip_check(&msg);
	if (r != SIP_OK)
		fail_msg("%s:\n%s", sip_reason_text(r), text.p);
	sip_edit_init(&edit, &msg);
	r = rewrite_headers(&msg, ctx, &edit, fb);
	if (r == SIP_OK)
		assert_int_equal(sip_edit_render(&edit, out, size - 1, &n), 0);
	out[n] = '\0';
	return r;
}

struct row {
	const struct rewrite_ctx *ctx;
	const char *in, *want;
};

// Wraps each row into a message with `fmt` and compares.
static void check_rows(const struct row *rows, size_t n, const char *fmt)
{
	for (size_t i = 0; i < n; i++) {
		char in[4096], want[4096], out[4096];

		snprintf(in, sizeof(in), fmt, rows[i].in);
		snprintf(want, sizeof(want), fmt, rows[i].want);
		assert_int_equal(run(rows[i].ctx, str_from(in), out, sizeof(out), NULL), SIP_OK);
		if (strcmp(out, want) != 0)
			fail_msg("row %zu: got\n%sexpected\n%s", i, out, want);
	}
}
#define CHECK_ROWS(rows, fmt) check_rows(rows, sizeof(rows) / sizeof(rows[0]), fmt)

static void test_request_uri(void **state)
{
	static const struct row rows[] = {
		{&in_ctx, "sip:a@" MAPPED ":5070;transport=tls",
			"sip:a@" REAL ":5070;transport=tcp"},
		{&in_ctx, "sip:a@" MAPPED, "sip:a@" REAL},
		{&in_ctx, "sip:a@" MAPPED ":5060", "sip:a@" REAL ":5060"},
		{&in_ctx, "sips:a@" MAPPED ";transport=TLS", "sips:a@" REAL ";transport=tcp"},
		{&in_ctx, "sip:a@b;transport=tls;lr", "sip:a@b;transport=tcp;lr"},
		{&in_ctx, "sip:a@192.168.10.51:5062;transport=tls",
			"sip:a@192.168.10.51:5062;transport=tcp"},
		{&in_ctx, "sip:a@b;transport=udp", "sip:a@b;transport=udp"},
		{&in_ctx, "sip:a@b;transport=tcp", "sip:a@b;transport=tcp"},
		{&in_ctx, "sip:a@" REAL, "sip:a@" REAL},
		{&in_ctx, "sip:" MAPPED "@b", "sip:" MAPPED "@b"}, // a user, not a host
		{&in_ctx, "tel:+14085550123", "tel:+14085550123"},
		{&in_ctx, "urn:service:sos", "urn:service:sos"},
		// maddr
		{&in_ctx, "sip:a@b;maddr=" MAPPED ";lr", "sip:a@b;maddr=" REAL ";lr"},
		{&in_ctx, "sip:a@b;maddr=203.0.113.9;transport=tls", "sip:a@b;transport=tcp"},
		{&in_ctx, "sip:a@b;transport=tls;MADDR=evil.example", "sip:a@b;transport=tcp"},
		{&out_ctx, "sip:a@b;maddr=" REAL, "sip:a@b;maddr=" MAPPED},
		{&out_ctx, "sip:a@b;maddr=203.0.113.9", "sip:a@b;maddr=203.0.113.9"},
		// static PAT changes the port, and only of its service
		{&in_ctx, "sip:a@209.165.200.230:5090", "sip:a@192.168.10.40:5060"},
		{&in_ctx, "sip:a@209.165.200.230:5091", "sip:a@209.165.200.230:5091"},
		// outward the target is the caller's word
		{&out_ctx, "sip:a@" REAL ":5070", "sip:a@" REAL ":5070"},
		{&out_ctx, "sip:a@203.0.113.10:5070;transport=tcp",
			"sip:a@203.0.113.10:5070;transport=tls"},
		{&out_ctx, "sip:a@b;transport=TCP", "sip:a@b;transport=tls"},
	};

	CHECK_ROWS(rows, "INVITE %s SIP/2.0\r\n" ALL END);
}

// Another call manager takes the call: where the request goes names that one, and nothing else does.
static void test_taker(void **state)
{
	static struct endpoint addressed = {.port = 5070}, taker = {.port = 5071};
	static struct rewrite_ctx to, bare;
	static const struct row uris[] = {
		{&to, "sip:a@" MAPPED ":5070;transport=tls", "sip:a@" TAKER ":5071;transport=tcp"},
		{&to, "sip:a@" MAPPED ":5090", "sip:a@" TAKER ":5090"}, // its own affair
		{&to, "sip:a@" MAPPED, "sip:a@" TAKER},
		{&to, "sip:a@b;maddr=" MAPPED, "sip:a@b;maddr=" TAKER},
		{&to, "sip:a@enterprise-a.example", "sip:a@enterprise-a.example"},
		{&to, "sip:a@209.165.200.230:5090", "sip:a@192.168.10.40:5060"},
		{&to, "tel:+14085550123", "tel:+14085550123"},
		// without a translation, too
		{&bare, "sip:a@" REAL ":5070", "sip:a@" TAKER ":5071"},
		{&bare, "sip:a@192.168.10.40", "sip:a@192.168.10.40"},
	};
	static const struct row headers[] = {
		{&to, "Route: <sip:" MAPPED ":5070;lr>,<sip:b@c;lr>",
			"Route: <sip:" TAKER ":5071;lr>,<sip:b@c;lr>"},
		{&to, "Contact: <sip:a@" MAPPED ":5070>", "Contact: <sip:a@" REAL ":5070>"},
		{&to, "Record-Route: <sip:" MAPPED ";lr>", "Record-Route: <sip:" REAL ";lr>"},
		{&to, "P-Asserted-Identity: <sip:a@" MAPPED ">",
			"P-Asserted-Identity: <sip:a@" REAL ">"},
		{&to, "Referred-By: <sip:a@" MAPPED ">", "Referred-By: <sip:a@" REAL ">"},
	};

	ip_parse(STR_LIT(REAL), &addressed.ip);
	ip_parse(STR_LIT(TAKER), &taker.ip);
	to = in_ctx;
	to.addressed = &addressed;
	to.taker = &taker;
	bare = to;
	bare.n_nat = 0;
	CHECK_ROWS(uris, "INVITE %s SIP/2.0\r\n" ALL END);
	CHECK_ROWS(headers, REQ ALL "%s\r\n" END);
}

static void test_via(void **state)
{
	static const struct row rows[] = {
		{&in_ctx, "SIP/2.0/TLS 203.0.113.10:5070;branch=z9hG4bK1",
			"SIP/2.0/TCP 203.0.113.10:5070;branch=z9hG4bK1"},
		{&in_ctx, "SIP / 2.0 /\r\n tls  x : 1 ;rport", "SIP / 2.0 /\r\n TCP  x : 1 ;rport"},
		{&in_ctx, "SIP/2.0/TLS " MAPPED, "SIP/2.0/TCP " MAPPED},
		{&out_ctx, "SIP/2.0/TCP " REAL ":5070;rport;branch=z9hG4bK1",
			"SIP/2.0/TLS " MAPPED ":5070;rport;branch=z9hG4bK1"},
		{&out_ctx, "SIP/2.0/TCP 192.168.10.40", "SIP/2.0/TLS 209.165.200.230:5090"},
		{&out_ctx, "SIP/2.0/TCP pbx.example:5070;received=" REAL,
			"SIP/2.0/TLS pbx.example:5070;received=" REAL},
		// only the topmost is ours to change
		{&in_ctx, "SIP/2.0/TLS a, SIP/2.0/TLS b", "SIP/2.0/TCP a, SIP/2.0/TLS b"},
		{&out_ctx, "SIP/2.0/TCP " REAL "\r\nv: SIP/2.0/TCP " REAL,
			"SIP/2.0/TLS " MAPPED "\r\nv: SIP/2.0/TCP " REAL},
	};

	CHECK_ROWS(rows, REQ "v: %s\r\n" FROM TO COMMON END);
}

// The sender of a request finds in the response what it wrote, and what its peer added.
static void test_via_of_response(void **state)
{
	static const char head[] = "SIP / 2.0 / TLS  203.0.113.10 : 5070";
	struct rewrite_ctx ctx = out_ctx;
	struct rewrite_via via;
	char out[4096];

	assert_int_equal(run(&in_ctx,
				 STR_LIT(REQ "Via: SIP / 2.0 / TLS  203.0.113.10 : 5070 ;rport"
					     ";branch=z9hG4bK1\r\n" FROM TO COMMON END),
				 out, sizeof(out), NULL),
		SIP_OK);
	assert_true(rewrite_via_save(&msg, &via));
	assert_int_equal(via.len, sizeof(head) - 1);
	assert_memory_equal(via.head, head, via.len);

	ctx.via = &via;
	assert_int_equal(run(&ctx,
				 STR_LIT("SIP/2.0 200 OK\r\nv: SIP/2.0/TCP 203.0.113.10:5070"
					 ";rport=1234;received=192.168.10.1;branch=z9hG4bK1,"
					 "SIP/2.0/TCP x\r\n" FROM TO COMMON END),
				 out, sizeof(out), NULL),
		SIP_OK);
	assert_string_equal(out,
		"SIP/2.0 200 OK\r\nv: SIP / 2.0 / TLS  203.0.113.10 : 5070"
		";rport=1234;received=192.168.10.1;branch=z9hG4bK1,"
		"SIP/2.0/TCP x\r\n" FROM TO COMMON END);
}

static void test_via_too_long(void **state)
{
	char text[2048], out[2048];
	struct rewrite_via via;
	char host[REWRITE_VIA_MAX];

	memset(host, ' ', sizeof(host));
	snprintf(text, sizeof(text), REQ "Via: SIP/2.0/TLS %.*sx\r\n" FROM TO COMMON END,
		(int)sizeof(host), host);
	assert_int_equal(run(&in_ctx, str_from(text), out, sizeof(out), NULL), SIP_OK);
	assert_false(rewrite_via_save(&msg, &via));
}

static void test_contact(void **state)
{
	static const struct row rows[] = {
		{&in_ctx, "<sip:a@203.0.113.10:5070;transport=tls>;expires=60",
			"<sip:a@203.0.113.10:5070;transport=tcp>;expires=60"},
		{&in_ctx, "*", "*"},
		{&in_ctx,
			"\"<sip:x;transport=tls>\" <sip:a@b;transport=tls>, <sip:c;transport=tls>",
			"\"<sip:x;transport=tls>\" <sip:a@b;transport=tcp>, <sip:c;transport=tcp>"},
		{&in_ctx, "<sip:a@203.0.113.10;maddr=203.0.113.12>", "<sip:a@203.0.113.10>"},
		// without brackets the parameter is the header's, RFC 3261 20.10
		{&in_ctx, "sip:a@b;transport=tls", "sip:a@b;transport=tls"},
		{&out_ctx, "<sip:a@" REAL ":5070;transport=tcp>",
			"<sip:a@" MAPPED ":5070;transport=tls>"},
		{&out_ctx, "sip:a@" REAL, "sip:a@" MAPPED},
		{&out_ctx, "sip:a@192.168.10.40", "sip:a@209.165.200.230:5090"},
		// port 5061 is meant, which that rule does not cover
		{&out_ctx, "<sip:a@192.168.10.40;transport=tls>",
			"<sip:a@192.168.10.40;transport=tls>"},
		{&out_ctx, "<sip:a@" REAL ";maddr=" REAL ">",
			"<sip:a@" MAPPED ";maddr=" MAPPED ">"},
		{&out_ctx, "<sip:a@192.168.10.51:5062;transport=tcp>",
			"<sip:a@192.168.10.51:5062;transport=tls>"},
	};

	CHECK_ROWS(rows, REQ ALL "m: %s\r\n" END);
}

static void test_routes(void **state)
{
	static const struct row rows[] = {
		// two Record-Routes of one Kamailio
		{&out_ctx,
			"<sip:" REAL ":5070;transport=tcp;r2=on;lr>,<sip:127.0.0.1:5070;"
			"transport=tcp;r2=on;lr>",
			"<sip:" MAPPED ":5070;transport=tls;r2=on;lr>,<sip:127.0.0.1:5070;"
			"transport=tls;r2=on;lr>"},
		{&in_ctx,
			"<sip:" MAPPED ":5070;transport=tls;r2=on;lr>,<sip:127.0.0.1:5070;"
			"transport=tls;r2=on;lr>",
			"<sip:" REAL ":5070;transport=tcp;r2=on;lr>,<sip:127.0.0.1:5070;"
			"transport=tcp;r2=on;lr>"},
		{&in_ctx, "<sip:proxy.example;lr>", "<sip:proxy.example;lr>"},
		{&in_ctx, "<sip:proxy.example;maddr=10.0.0.1;lr>", "<sip:proxy.example;lr>"},
	};

	CHECK_ROWS(rows, REQ ALL "Route: %s\r\n" END);
	CHECK_ROWS(rows, REQ ALL "Record-Route: %s\r\n" END);
}

static void test_identities(void **state)
{
	static const struct row rows[] = {
		{&in_ctx, "<sip:a@" MAPPED ";transport=tls>;tag=1",
			"<sip:a@" REAL ";transport=tls>;tag=1"},
		{&out_ctx, "\"Ann\" <sip:a@" REAL ">;tag=1", "\"Ann\" <sip:a@" MAPPED ">;tag=1"},
		{&out_ctx, "<sip:a@enterprise-a.example>;tag=1",
			"<sip:a@enterprise-a.example>;tag=1"},
		{&out_ctx, "<tel:+14085550123>;tag=1", "<tel:+14085550123>;tag=1"},
		{&out_ctx, "\"12:30@5\" <sip:5:1@b.example:5060>;tag=1",
			"\"12:30@5\" <sip:5:1@b.example:5060>;tag=1"},
		// Whatever stands before the host.
		{&out_ctx, "<sip:" REAL ">;tag=1", "<sip:" MAPPED ">;tag=1"},
		{&out_ctx, "<sip:a:b@" REAL ">;tag=1", "<sip:a:b@" MAPPED ">;tag=1"},
		{&out_ctx, "sips:a@" REAL ";tag=x", "sips:a@" MAPPED ";tag=x"},
	};
	static const struct row lists[] = {
		{&out_ctx, "<sip:a@b.example>, <sip:c@" REAL ">",
			"<sip:a@b.example>, <sip:c@" MAPPED ">"},
	};

	CHECK_ROWS(rows, REQ VIA "f: %s\r\n" TO COMMON END);
	CHECK_ROWS(rows, REQ VIA FROM "To: %s\r\n" COMMON END);
	CHECK_ROWS(rows, REQ ALL "P-Asserted-Identity: %s\r\n" END);
	CHECK_ROWS(rows, REQ ALL "Remote-Party-ID: %s\r\n" END);
	CHECK_ROWS(rows, REQ ALL "Diversion: %s\r\n" END);
	CHECK_ROWS(rows, REQ ALL "Refer-To: %s\r\n" END);
	CHECK_ROWS(rows, REQ ALL "b: %s\r\n" END);
	CHECK_ROWS(lists, REQ ALL "P-Asserted-Identity: %s\r\n" END);
}

// Untouched in both directions: what the table says so about, and what it does not know.
static void test_sip3_untouched(void **state)
{
	static const char *const lines[] = {
		"X-Cisco-UC-IME-Ticket: AAEA\r\n EI9P",
		"Identity: abc;info=<https://" MAPPED ">",
		"Call-Info: <sip:a@" REAL ";transport=tls>",
		"Unknown: <sip:a@" MAPPED ";transport=tcp>",
		"Diversion: nonsense <<",
		"Warning: 399 " REAL " \"x\"",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const struct row rows[] = {
			{&in_ctx, lines[i], lines[i]}, {&out_ctx, lines[i], lines[i]}};

		CHECK_ROWS(rows, REQ ALL "%s\r\n" END);
	}
}

static void test_secure_trunk(void **state)
{
	struct rewrite_ctx in = in_ctx, out = out_ctx;
	const struct row rows[] = {
		{&in, "<sip:a@b;transport=tls>", "<sip:a@b;transport=tls>"},
		{&out, "<sip:a@" REAL ";transport=tls>", "<sip:a@" MAPPED ";transport=tls>"},
		// Outside there is TLS, whatever the call manager's header says.
		{&out, "<sip:a@" REAL ";transport=tcp>", "<sip:a@" MAPPED ";transport=tls>"},
	};

	in.inside_secure = out.inside_secure = true;
	CHECK_ROWS(rows, REQ "Via: SIP/2.0/TLS x\r\n" FROM TO COMMON "Contact: %s\r\n" END);
}

static void test_bad_addresses(void **state)
{
	static const char *const lines[] = {
		"Contact: <sip:a@b",
		"Contact: <sip:a b@c>",
		"Route: <sip:a@b@c>",
		"Record-Route: <sip:b:0>",
		"m: <sip:a@b>, <sip:c d>",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char text[2048], out[2048];

		snprintf(text, sizeof(text), REQ ALL "%s\r\n" END, lines[i]);
		assert_int_equal(
			run(&in_ctx, str_from(text), out, sizeof(out), NULL), SIP_BAD_ADDRESS);
	}
}

static void test_too_many_splices(void **state)
{
	static char text[65536], out[65536];
	size_t n = (size_t)sprintf(text, REQ ALL "Route: ");

	for (size_t i = 0; i < SIP_EDIT_SPLICES_MAX; i++)
		n += (size_t)sprintf(text + n, "<sip:a;transport=tls>,");
	snprintf(text + n, sizeof(text) - n, "<sip:b>\r\n" END);
	assert_int_equal(run(&in_ctx, str_from(text), out, sizeof(out), NULL), SIP_OK);
	snprintf(text + n, sizeof(text) - n, "<sip:b;transport=tls>\r\n" END);
	assert_int_equal(run(&in_ctx, str_from(text), out, sizeof(out), NULL), SIP_EDIT_LIMIT);
}

// FB-2: level, session and trunk end here; the rest goes on.
static void test_fb2_fallback(void **state)
{
	static const struct {
		const char *in, *want; // NULL: the line goes
		int level;             // -1: none
		const char *session, *trunk;
	} table[] = {
		{"level=3;session=\"2948-0@81a9\";trunk=\"sip:81a9@UCM-30;maddr=192.168.10.30\"",
			NULL, 3, "2948-0@81a9", "sip:81a9@UCM-30;maddr=192.168.10.30"},
		{"level=0 ; did=\"+1408\" ; dtmf=1234", "did=\"+1408\";dtmf=1234", 0, "", ""},
		{"did=\"+1408\";LEVEL=5", "did=\"+1408\"", 5, "", ""},
		{"did=\"+1408\" ; dtmf=1", "did=\"+1408\" ; dtmf=1", -1, "", ""}, // not touched
		{"level=6", NULL, -1, "", ""},
		{"did=\"a;level=1\"", "did=\"a;level=1\"", -1, "", ""}, // inside the quotes
		{"did=\"a\\\";level=1\"", "did=\"a\\\";level=1\"", -1, "", ""},
		{"did=\"a;level=1", NULL, -1, "", ""}, // quotes that do not end
		{"level", NULL, -1, "", ""},
		{"session=\"\";trunk=x", NULL, -1, "", "x"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		for (size_t dir = 0; dir < 2; dir++) {
			struct rewrite_fallback fb;
			char in[2048], want[2048], out[2048];

			snprintf(in, sizeof(in), REQ ALL "X-UCIME-Fallback: %s\r\n" END,
				table[i].in);
			snprintf(want, sizeof(want), REQ ALL "%s%s%s" END,
				table[i].want != NULL ? "X-UCIME-Fallback: " : "",
				table[i].want != NULL ? table[i].want : "",
				table[i].want != NULL ? "\r\n" : "");
			assert_int_equal(run(dir == 0 ? &out_ctx : &in_ctx, str_from(in), out,
						 sizeof(out), &fb),
				SIP_OK);
			assert_string_equal(out, want);
			assert_int_equal(fb.has_level, dir == 0 && table[i].level >= 0);
			if (fb.has_level)
				assert_int_equal(fb.level, table[i].level);
			assert_str(fb.session, dir == 0 ? table[i].session : "");
			assert_str(fb.trunk, dir == 0 ? table[i].trunk : "");
		}
}

// What cannot be rebuilt does not pass.
static void test_fallback_too_long(void **state)
{
	char text[4096], out[4096];

	snprintf(text, sizeof(text),
		REQ ALL "X-UCIME-Fallback: dtmf=1;did=\"%01100d\";level=1\r\n" END, 0);
	assert_int_equal(run(&in_ctx, str_from(text), out, sizeof(out), NULL), SIP_OK);
	assert_string_equal(out, REQ ALL END);
}

static void test_host(void **state)
{
	struct endpoint ep;
	char text[ENDPOINT_TEXT_MAX];

	assert_true(rewrite_host(&in_ctx, STR_LIT(MAPPED), 5070, true, &ep));
	assert_string_equal(endpoint_format(&ep, ':', text), REAL ":5070");
	assert_false(rewrite_host(&in_ctx, STR_LIT(REAL), 5070, true, &ep));
	assert_false(rewrite_host(&in_ctx, STR_LIT("enterprise-a.example"), 0, false, &ep));
	assert_true(rewrite_host(&out_ctx, STR_LIT(REAL), 0, true, &ep));
	assert_string_equal(endpoint_format(&ep, ':', text), MAPPED ":5061");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request_uri),
		cmocka_unit_test(test_taker),
		cmocka_unit_test(test_via),
		cmocka_unit_test(test_via_of_response),
		cmocka_unit_test(test_via_too_long),
		cmocka_unit_test(test_contact),
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_identities),
		cmocka_unit_test(test_sip3_untouched),
		cmocka_unit_test(test_secure_trunk),
		cmocka_unit_test(test_bad_addresses),
		cmocka_unit_test(test_too_many_splices),
		cmocka_unit_test(test_fb2_fallback),
		cmocka_unit_test(test_fallback_too_long),
		cmocka_unit_test(test_host),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
