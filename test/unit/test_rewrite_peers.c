// SPDX-License-Identifier: BSD-3-Clause
// Messages as Kamailio 5.6 and baresip 1.0 wrote them, carried through the callgates of both
// enterprises and back: each side must find again what it wrote.
#include "test/unit/sip_vectors.h"

#include "cp/rewrite.h"

enum { OUTSIDE, INSIDE };

// One enterprise's callgate.
struct gate {
	struct nat_rule nat;
	const char *mta_inside, *mta_outside;
	struct rewrite_via via; // of the request that went through
};

static struct gate gate_a, gate_b;
static struct sip_msg msg;
static struct sip_edit edit;
static struct sdp sdp;

static void gate_init(struct gate *g, const char *real, const char *mapped)
{
	g->nat = (struct nat_rule){.real_if = INSIDE, .mapped_if = OUTSIDE};
	ip_parse(str_from(real), &g->nat.real.ip);
	ip_parse(str_from(mapped), &g->nat.mapped.ip);
	g->nat.real.len = g->nat.mapped.len = 128;
}

static int setup(void **state)
{
	gate_init(&gate_a, "192.168.10.30", "209.165.200.228");
	gate_a.mta_inside = "192.168.10.3";
	gate_a.mta_outside = "209.165.200.229";
	gate_init(&gate_b, "192.168.30.30", "203.0.113.10");
	gate_b.mta_inside = "192.168.30.3";
	gate_b.mta_outside = "203.0.113.11";
	return 0;
}

static void parse(struct str text)
{
	assert_int_equal(sip_parse(&msg, text), SIP_OK);
	assert_int_equal(sip_check(&msg), SIP_OK);
}

static struct str pass(struct gate *g, enum rewrite_dir dir, struct str in, char *out, size_t size)
{
	struct rewrite_ctx ctx = {
		.dir = dir,
		.nat = &g->nat,
		.n_nat = 1,
		.inside_if = INSIDE,
		.outside_if = OUTSIDE,
		.via = &g->via,
	};
	struct sdp_plan plan = {.media = {{.port = 20000, .secure = dir == REWRITE_OUTWARD}}};
	size_t n;

	parse(in);
	if (msg.request)
		assert_true(rewrite_via_save(&msg, &g->via));
	sip_edit_init(&edit, &msg);
	assert_int_equal(rewrite_headers(&msg, &ctx, &edit, NULL), SIP_OK);
	if (msg.is_sdp) {
		ip_parse(str_from(dir == REWRITE_OUTWARD ? g->mta_outside : g->mta_inside),
			&plan.local);
		if (dir == REWRITE_OUTWARD)
			plan.media[0].crypto[0] = STR_LIT("1 SUITE inline:key");
		assert_int_equal(sdp_parse(&sdp, msg.body), SDP_OK);
		assert_int_equal(sdp_check_secure(&sdp, dir, false, true), SDP_OK);
		assert_int_equal(rewrite_sdp(&sdp, &plan, &edit), SDP_OK);
	}
	assert_int_equal(sip_edit_render(&edit, out, size, &n), 0);
	return (struct str){out, n};
}

// The header lines of one kind, one after the other.
static void lines_of(enum sip_header_id id, char *out, size_t size)
{
	const struct sip_header *h = NULL;
	size_t n = 0;

	while ((h = sip_header_next(&msg, id, h)) != NULL)
		n += (size_t)snprintf(out + n, size - n, "%.*s", STR_FMT(h->line));
}

static bool has(struct str s, const char *text)
{
	return memmem(s.p, s.n, text, strlen(text)) != NULL;
}

static void check_request(const char *name)
{
	char file[8192], outside[8192], inside[8192];
	struct str sent = vector_load(name, file, sizeof(file)), seen;
	size_t n_headers;

	parse(sent);
	n_headers = msg.n_headers;
	seen = pass(&gate_b, REWRITE_OUTWARD, sent, outside, sizeof(outside));
	assert_false(has(seen, "192.168.30.30"));
	assert_false(has(seen, "transport=tcp;lr"));
	assert_true(has(seen, "Via: SIP/2.0/TLS 203.0.113.10:5070;branch="));
	assert_true(has(seen, "Via: SIP/2.0/TCP 192.168.20.51:5062;")); // the next one stays
	seen = pass(&gate_a, REWRITE_INWARD, seen, inside, sizeof(inside));
	assert_true(has(seen, "Via: SIP/2.0/TCP 203.0.113.10:5070;branch="));
	assert_false(has(seen, "transport=tls"));
	parse(seen);
	assert_int_equal(msg.n_headers, n_headers);
	if (msg.is_sdp) {
		assert_int_equal(sdp_parse(&sdp, msg.body), SDP_OK);
		assert_str(sdp.conn.addr, "IP4 192.168.10.3");
		assert_int_equal(sdp.media[0].proto, SDP_AVP);
		assert_false(sdp.media[0].has_crypto);
	}
}

static void test_requests(void **state)
{
	check_request("kamailio-invite.sip");
	check_request("kamailio-reinvite.sip");
	check_request("kamailio-bye.sip");
}

// A 200 made of what enterprise A saw; enterprise B must recognise its Via, Record-Route, From and
// To, to the octet.
static void test_response_comes_home(void **state)
{
	static const enum sip_header_id echoed[] = {
		SIP_H_VIA, SIP_H_RECORD_ROUTE, SIP_H_FROM, SIP_H_CALL_ID, SIP_H_CSEQ};
	char file[8192], outside[8192], inside[8192], reply[8192], back[8192], home[8192];
	char want[2048], got[2048];
	struct str sent = vector_load("kamailio-invite.sip", file, sizeof(file)), s;
	size_t n;

	s = pass(&gate_b, REWRITE_OUTWARD, sent, outside, sizeof(outside));
	s = pass(&gate_a, REWRITE_INWARD, s, inside, sizeof(inside));
	parse(s);
	n = (size_t)sprintf(reply, "SIP/2.0 200 OK\r\n");
	for (size_t i = 0; i < sizeof(echoed) / sizeof(echoed[0]); i++) {
		lines_of(echoed[i], reply + n, sizeof(reply) - n);
		n += strlen(reply + n);
	}
	n += (size_t)sprintf(reply + n,
		"To: %.*s;tag=1\r\nContact: <sip:a@192.168.10.30:5070;transport=tcp>\r\n"
		"l: 0\r\n\r\n",
		STR_FMT(sip_header(&msg, SIP_H_TO)->value));
	s = pass(&gate_a, REWRITE_OUTWARD, (struct str){reply, n}, back, sizeof(back));
	assert_true(has(s, "Contact: <sip:a@209.165.200.228:5070;transport=tls>"));
	s = pass(&gate_b, REWRITE_INWARD, s, home, sizeof(home));
	assert_true(has(s, "Contact: <sip:a@209.165.200.228:5070;transport=tcp>"));
	for (size_t i = 0; i < sizeof(echoed) / sizeof(echoed[0]); i++) {
		parse(sent);
		lines_of(echoed[i], want, sizeof(want));
		parse(s);
		lines_of(echoed[i], got, sizeof(got));
		assert_string_equal(got, want);
	}
}

// What Kamailio answers a phone with passes every check as well.
static void test_answer(void **state)
{
	char file[8192];

	parse(vector_load("kamailio-answer.sip", file, sizeof(file)));
	assert_int_equal(msg.status, 200);
	assert_int_equal(sip_header_count(&msg, SIP_H_RECORD_ROUTE), 2);
	assert_str(msg.to_tag, "7c62d8c1f0dfc999");
	assert_int_equal(sdp_parse(&sdp, msg.body), SDP_OK);
	assert_str(sdp.media[0].codec, "G722");
	assert_int_equal(sdp.media[0].ptime_ms, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_response_comes_home),
		cmocka_unit_test(test_answer),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
