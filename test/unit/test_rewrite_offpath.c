// SPDX-License-Identifier: BSD-3-Clause
// The off-path half of the table of protocol.md 3.3, line by line, in both directions (MAP-9).
#include "test/unit/test.h"

#include <stdio.h>

#include "cp/rewrite.h"

enum { OUTSIDE, INSIDE };

#define US     "192.168.10.1"
#define REAL   "192.168.10.30"
#define MAPPED "209.165.200.228"
#define REMOTE "198.51.100.10"
#define BEHIND "10.9.8.7" // can have no mapping

#define VIA    "Via: SIP/2.0/UDP " BEHIND ";branch=z9hG4bK1\r\n"
#define FROM   "From: <sip:d@e>;tag=f\r\n"
#define TO     "To: <sip:g@h>\r\n"
#define COMMON "Call-ID: i@192.168.10.30\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n"
#define END    "l: 0\r\n\r\n"
#define REQ    "INVITE sip:x@y SIP/2.0\r\n"

static struct sip_msg msg;
static struct sip_edit edit;
static struct nat_rule nat;
static struct rewrite_ctx in_ctx, out_ctx;

// Port 40000 + n stands for port n of the remote.
static uint16_t port_of(void *arg, const struct endpoint *remote)
{
	struct ip_addr ip;

	assert_true(ip_parse(STR_LIT(REMOTE), &ip));
	return ip_eq(&ip, &remote->ip) ? (uint16_t)(40000 + remote->port) : 0;
}

static bool remote_of(void *arg, uint16_t port, struct endpoint *remote)
{
	assert_true(ip_parse(STR_LIT(REMOTE), &remote->ip));
	remote->port = (uint16_t)(port - 40000);
	return port >= 40000;
}

static struct rewrite_off_path off = {.port_of = port_of, .remote_of = remote_of};

static int setup(void **state)
{
	ip_parse(STR_LIT(REAL), &nat.real.ip);
	ip_parse(STR_LIT(MAPPED), &nat.mapped.ip);
	nat.real.len = nat.mapped.len = 128;
	nat.real_if = INSIDE;
	nat.mapped_if = OUTSIDE;
	ip_parse(STR_LIT(US), &off.ip);
	ip_parse(STR_LIT(REMOTE), &off.remote.ip);
	in_ctx = (struct rewrite_ctx){.dir = REWRITE_INWARD,
		.nat = &nat,
		.n_nat = 1,
		.inside_if = INSIDE,
		.outside_if = OUTSIDE,
		.off_path = &off};
	out_ctx = in_ctx;
	out_ctx.dir = REWRITE_OUTWARD;
	return 0;
}

struct row {
	const struct rewrite_ctx *ctx;
	const char *in, *want;
};

// Wraps each row into a message with `fmt` and compares.
static void check_rows(const struct row *rows, size_t count, const char *fmt)
{
	for (size_t i = 0; i < count; i++) {
		char in[4096], want[4096], out[4096];
		size_t n = 0;

		snprintf(in, sizeof(in), fmt, rows[i].in);
		snprintf(want, sizeof(want), fmt, rows[i].want);
		assert_int_equal(sip_parse(&msg, str_from(in)), SIP_OK);
		assert_int_equal(sip_check(&msg), SIP_OK);
		sip_edit_init(&edit, &msg);
		assert_int_equal(rewrite_headers(&msg, rows[i].ctx, &edit, NULL), SIP_OK);
		assert_int_equal(sip_edit_render(&edit, out, sizeof(out) - 1, &n), 0);
		sip_edit_fini(&edit);
		out[n] = '\0';
		if (strcmp(out, want) != 0)
			fail_msg("row %zu: got\n%sexpected\n%s", i, out, want);
	}
}
#define CHECK_ROWS(rows, fmt) check_rows(rows, sizeof(rows) / sizeof(rows[0]), fmt)

static void test_request_uri(void **state)
{
	static const struct row rows[] = {
		{&out_ctx, "sip:a@" US ":45070;transport=tcp",
			"sip:a@" REMOTE ":5070;transport=tls"},
		{&out_ctx, "sip:a@" US, "sip:a@" REMOTE}, // that of the connection
		{&out_ctx, "sip:a@" US ":39999", "sip:a@" US ":39999"},
		{&out_ctx, "sip:a@" REAL ":5070", "sip:a@" REAL ":5070"}, // else unchanged
		{&out_ctx, "sip:a@b", "sip:a@b"},
		{&in_ctx, "sip:a@" MAPPED ":5070;transport=tls",
			"sip:a@" REAL ":5070;transport=tcp"},
	};

	CHECK_ROWS(rows, "INVITE %s SIP/2.0\r\n" VIA FROM TO COMMON END);
}

static void test_via(void **state)
{
	static const struct row rows[] = {
		{&in_ctx, "TLS " REMOTE ":5070", "TCP " US ":45070"},
		{&in_ctx, "TLS " REMOTE, "TCP " US ":45061"},
		{&in_ctx, "TLS b.example:5062", "TCP " US ":45062"}, // a name is the remote
		{&in_ctx, "TLS " BEHIND ":5070", "TCP " BEHIND ":5070"},
		{&out_ctx, "TCP " REAL ":5070", "TLS " MAPPED ":5070"},
	};

	CHECK_ROWS(rows, REQ "Via: SIP/2.0/%s;branch=z9hG4bK1\r\n" FROM TO COMMON END);
}

static void test_contact(void **state)
{
	static const struct row rows[] = {
		{&in_ctx, "<sip:b@" REMOTE ":5070;transport=tls>;x=y",
			"<sip:b@" US ":45070;transport=tcp>;x=y"},
		{&in_ctx, "<sip:b@" REMOTE ";transport=tls>", "<sip:b@" US ":45061;transport=tcp>"},
		{&in_ctx, "<sip:b@b.example:5062>", "<sip:b@" US ":45062>"},
		{&in_ctx, "<sip:b@" BEHIND ":5070>", "<sip:b@" BEHIND ":5070>"},
		{&in_ctx, "<sip:b@" MAPPED ":5070>", "<sip:b@" REAL ":5070>"}, // our own
		{&out_ctx, "<sip:a@" REAL ":5070;transport=tcp>",
			"<sip:a@" MAPPED ":5070;transport=tls>"},
		{&out_ctx, "<sip:b@" US ":45070>", "<sip:b@" REMOTE ":5070>"},
	};

	CHECK_ROWS(rows, REQ VIA FROM TO COMMON "Contact: %s\r\n" END);
}

static void test_routes(void **state)
{
	static const struct row record[] = {
		{&in_ctx, "<sip:" REMOTE ":5075;lr>, <sip:" BEHIND ";lr>",
			"<sip:" US ":45075;lr>, <sip:" BEHIND ";lr>"},
		{&out_ctx, "<sip:" US ":45075;lr>, <sip:" REAL ":5070;lr>",
			"<sip:" REMOTE ":5075;lr>, <sip:" MAPPED ":5070;lr>"},
	};
	static const struct row route[] = {
		{&out_ctx, "<sip:" US ":45075;transport=tcp;lr>",
			"<sip:" REMOTE ":5075;transport=tls;lr>"},
		{&in_ctx, "<sip:" MAPPED ":5070;lr>", "<sip:" REAL ":5070;lr>"},
	};

	CHECK_ROWS(record, REQ VIA FROM TO COMMON "Record-Route: %s\r\n" END);
	CHECK_ROWS(route, REQ VIA FROM TO COMMON "Route: %s\r\n" END);
}

// What the inside only shows: our address without a port is the remote at the other end.
static void test_names(void **state)
{
	static const struct row to[] = {
		{&out_ctx, "<sip:b@" US ">", "<sip:b@" REMOTE ">"},
		{&out_ctx, "<sip:b@" US ":45070>", "<sip:b@" REMOTE ":5070>"},
		{&in_ctx, "<sip:b@" REMOTE ">;tag=1", "<sip:b@" US ">;tag=1"},
		{&in_ctx, "<sip:b@" REMOTE ":5070>", "<sip:b@" REMOTE ":5070>"},
		{&in_ctx, "<sip:b@enterprise-b.example>", "<sip:b@enterprise-b.example>"},
		{&in_ctx, "<sip:a@" MAPPED ">", "<sip:a@" REAL ">"},
	};
	static const struct row asserted[] = {
		{&in_ctx, "<sip:b@" REMOTE ">", "<sip:b@" US ">"},
		{&out_ctx, "<sip:a@" REAL ">", "<sip:a@" MAPPED ">"},
	};

	CHECK_ROWS(to, REQ VIA FROM "To: %s\r\n" COMMON END);
	CHECK_ROWS(asserted, REQ VIA FROM TO COMMON "P-Asserted-Identity: %s\r\n" END);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request_uri),
		cmocka_unit_test(test_via),
		cmocka_unit_test(test_contact),
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
