// SPDX-License-Identifier: BSD-3-Clause
// STIR/SHAKEN as protocol.md section 13 has it: what becomes of a call with each value of
// stir-verify. The failure codes, one by one, are in test_stir_failures.c.
#include "test/unit/test.h"

#include <stdio.h>

#include "test/unit/stir_steps.h"

// ---- What passes --------------------------------------------------------------------------------

static void test_enforce_lets_verified_callers_in(void **state)
{
	struct call_caller c;

	up(ON("enforce"));
	invite(identity(good));
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	contains(&rig.ucm[RIG_A], "From: <sip:+12125550199@enterprise-b.example>;tag=rtag\r\n");
	assert_string_equal(host_header(&rig.ucm[RIG_A], "Identity"), good); // untouched (3.3)
	assert_int_equal(rig_counter(RIG_A, CNT_CALLERS_VERIFIED), 1);
	rig_only(RIG_A, CNT_NONE, 0);
	c = caller();
	assert_true(c.checked);
	assert_int_equal(c.fault, PASSPORT_NONE);
	assert_int_equal(c.attest, 'A');
	assert_memory_equal(c.number.digits, STIR_CALLER, 11);
	assert_false(c.media_keys);
	rig_down();
}

// RFC 8225 7: the request itself is what was signed.
static void test_compact_form(void **state)
{
	char lines[STIR_TEXT_MAX];

	up(ON("enforce"));
	signed_compact(lines, sizeof(lines), STIR_CALLER, DATE);
	invite(lines);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	assert_int_equal(rig_counter(RIG_A, CNT_CALLERS_VERIFIED), 1);
	rig_only(RIG_A, CNT_NONE, 0);
	assert_int_equal(caller().attest, '\0');
	rig_down();
}

// Each way to write the same number, and a name beside it.
static void test_calling_numbers(void **state)
{
	static const struct {
		const char *from, *lines;
	} t[] = {
		{FROM,
			"P-Asserted-Identity: <sip:+1-212-555-0199@b.example>, "
			"<tel:+12125550199>\n"},
		{"\"x\" <sip:+1(212)5550199@b.example;user=phone>;tag=rtag\n", ""},
		{"<tel:+12125550199>;tag=rtag\n", ""},
		{"<sip:%2B12125550199@b.example>;tag=rtag\n", ""},
		{"<sip:anonymous@anonymous.invalid>;tag=rtag\n",
			"P-Asserted-Identity: <tel:+12125550199>\n"},
		{FROM, "P-Asserted-Identity: \"Bob\" <sip:bob@b.example>\n"},
		{FROM, "Remote-Party-ID: <sip:+12125550199@b.example>;party=calling\n"},
	};
	char lines[STIR_TEXT_MAX + 256];

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		up(ON("enforce"));
		snprintf(lines, sizeof(lines), IDENTITY "%s", good, t[i].lines);
		invite_from(t[i].from, lines);
		host_expect(&rig.ucm[RIG_A], "INVITE ");
		assert_int_equal(rig_counter(RIG_A, CNT_CALLERS_VERIFIED), 1);
		rig_down();
	}
}

// RFC 8224 6.2.1: one that is valid does, wherever it stands.
static void test_one_valid_header_does(void **state)
{
	char lines[5 * STIR_TEXT_MAX];

	up(ON("enforce"));
	lines[0] = '\0';
	signed_by(lines, sizeof(lines), STIR_unheld, STIR_CALLER, STIR_CALLED, NOW);
	signed_by(lines, sizeof(lines), STIR_spc, STIR_CALLER, STIR_CALLED, NOW - 61);
	snprintf(lines + strlen(lines), 128, "Identity: x;info=<https://x>;ppt=div\n");
	signed_by(lines, sizeof(lines), STIR_range, STIR_CALLER, STIR_CALLED, NOW + 60);
	invite(lines);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	assert_int_equal(rig_counter(RIG_A, CNT_CALLERS_VERIFIED), 1);
	rig_only(RIG_A, CNT_NONE, 0);
	rig_down();
}

// STIR-1: ours instead of theirs, on what was verified.
static void test_stir1_tag(void **state)
{
	char lines[STIR_TEXT_MAX + 256];

	up(ON("tag"));
	snprintf(lines, sizeof(lines),
		IDENTITY "P-Asserted-Identity: "
			 "<sip:+12125550199;verstat=TN-Validation-Failed@b.example>\n",
		good);
	invite_from("sip:+12125550199@enterprise-b.example;verstat=x;tag=rtag\n", lines);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	contains(&rig.ucm[RIG_A],
		"From: <sip:+12125550199;verstat=TN-Validation-Passed@enterprise-b.example>"
		";tag=rtag\r\n");
	contains(&rig.ucm[RIG_A],
		"P-Asserted-Identity: "
		"<sip:+12125550199;verstat=TN-Validation-Passed@b.example>\r\n");
	assert_string_equal(host_header(&rig.ucm[RIG_A], "Identity"), good);
	assert_int_equal(caller().fault, PASSPORT_NONE);
	rig_down();
}

#define FORGED "<sip:+12125550199;verstat=TN-Validation-Passed@enterprise-b.example>;tag=rtag"

static void test_stir1_forged_verstat(void **state)
{
	up(ON("tag"));
	invite_from(FORGED "\n", "");
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	contains(&rig.ucm[RIG_A],
		"From: "
		"<sip:+12125550199;verstat=No-TN-Validation@enterprise-b.example>;tag=rtag\r\n");
	rig_down();
	up(ON("enforce"));
	invite_from(FORGED "\n", identity(good));
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	contains(&rig.ucm[RIG_A], "From: " FROM_ALONE);
	rig_down();
}

static void test_unreadable_identity_is_refused(void **state)
{
	up(ON("tag"));
	invite("P-Asserted-Identity: <sip:+12125550199;verstat=TN-Validation-Passed@b.example\n");
	host_expect(&rig.remote, "SIP/2.0 400 ");
	host_expect_silence(&rig.ucm[RIG_A]);
	assert_int_equal(rig_counter(RIG_A, CNT_SIP_BAD_ADDRESS), 1);
	rig_down();
}

// Neither what is counted nor what is written changes a call.
static void test_log_and_off_change_nothing(void **state)
{
	static const char *const hows[] = {ON("log"), NULL};
	struct call_caller c;

	for (size_t i = 0; i < 2; i++) {
		up(hows[i]);
		invite_from(FORGED "\n", "Identity: garbage\n");
		host_expect(&rig.ucm[RIG_A], "INVITE ");
		contains(&rig.ucm[RIG_A], "From: " FORGED "\r\n");
		contains(&rig.ucm[RIG_A], "Identity: garbage\r\n");
		assert_int_equal(rig_counter(RIG_A, CNT_CALLERS_BAD_SIGNATURE), hows[i] != NULL);
		rig_only(RIG_A, CNT_NONE, 0);
		c = caller();
		assert_int_equal(c.checked, hows[i] != NULL);
		assert_int_equal(c.fault, hows[i] != NULL ? PASSPORT_SYNTAX : PASSPORT_NONE);
		rig_down();
	}
	up(ON("log"));
	invite(identity(good));
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	assert_int_equal(rig_counter(RIG_A, CNT_CALLERS_VERIFIED), 1);
	rig_down();
}

// STIR-3: checked over what came in, whatever is rewritten then; and remembered with the call.
static void test_stir3_media_keys(void **state)
{
	char token[STIR_TEXT_MAX], lines[STIR_TEXT_MAX + 128];

	up(ON("enforce"));
	stir_token(STIR_spc, STIR_HEADER(spc),
		"{\"attest\":\"B\",\"dest\":{\"tn\":[\"" STIR_CALLED "\"]},\"iat\":1772323200,"
		"\"mky\":[{\"alg\":\"sha-256\",\"dig\":\"021ACC54\"}],\"orig\":{\"tn\":"
		"\"" STIR_CALLER "\"},\"origid\":\"" STIR_ORIGID "\"}",
		token);
	snprintf(lines, sizeof(lines), "Identity: %s;info=<" STIR_URL(spc) ">\n", token);
	invite(lines);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	contains(&rig.ucm[RIG_A], "m=audio ");
	contains(&rig.ucm[RIG_A], " RTP/AVP ");
	contains(&rig.ucm[RIG_A], token);
	assert_true(caller().media_keys);
	assert_int_equal(caller().attest, 'B');
	rig_down();
}

// ---- The rest of the call -----------------------------------------------------------------------

// No verstat crosses in either direction but ours in the INVITE: the call manager's echo of it
// stays here, and a later request brings no forged one.
static void test_stir1_in_the_dialog(void **state)
{
	up(ON("tag"));
	invite(identity(good));
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", A_ANSWER, SDP_PLAIN_A);
	host_expect(&rig.remote, "SIP/2.0 200 ");
	contains(&rig.remote, "From: " FROM_ALONE);
	host_send(&rig.remote,
		"ACK " R_URI " SIP/2.0\n" R_VIA("2") R_FROM B_TO
		";tag=atag\n" R_CALL_ID "CSeq: 101 ACK\nMax-Forwards: 69\n",
		"");
	host_expect(&rig.ucm[RIG_A], "ACK ");
	host_send(&rig.remote,
		"INFO " R_URI
		" SIP/2.0\n" R_VIA("3") "From: " FORGED "\n" B_TO ";tag=atag\n" R_CALL_ID
					"CSeq: 102 INFO\nMax-Forwards: 69\n"
					"P-Asserted-Identity: "
					"<tel:+18005550100;verstat=TN-Validation-Passed>\n",
		"");
	host_expect(&rig.ucm[RIG_A], "INFO ");
	contains(&rig.ucm[RIG_A], "From: " FROM_ALONE);
	contains(&rig.ucm[RIG_A], "P-Asserted-Identity: <tel:+18005550100>\r\n");
	host_send(&rig.ucm[RIG_A],
		"BYE sip:+12125550199@198.51.100.10:5070;transport=tcp SIP/2.0\n"
		"Via: SIP/2.0/TCP 192.168.10.30:5070;branch=z9hG4bKbye\n"
		"From: <sip:+14085550123@enterprise-a.example>;tag=atag\n"
		"To: "
		"<sip:+12125550199;verstat=TN-Validation-Passed@enterprise-b.example>;tag="
		"rtag\n" R_CALL_ID "CSeq: 1 BYE\nMax-Forwards: 69\n",
		"");
	host_expect(&rig.remote, "BYE ");
	contains(&rig.remote, "To: " FROM_ALONE);
	rig_down();
}

// STIR-4: only what leaves, only where it is asked for.
static void test_stir4_strip_outbound(void **state)
{
	static const char *const edit[] = {"strip-outbound: off", "strip-outbound: on", NULL};

	for (int on = 0; on < 2; on++) {
		rig_up(on ? edit : NULL);
		rig_outbound("b", "ca.pem");
		host_send(&rig.caller,
			"INVITE sip:+12125550199@198.51.100.10:5070;transport=tcp SIP/2.0\n"
			"Via: SIP/2.0/TCP 192.168.10.30:5070;branch=z9hG4bKo\n"
			"From: <sip:+14085550123@enterprise-a.example>;tag=a\n"
			"Identity: one;info=<https://x>\n"
			"To: <sip:+12125550199@enterprise-b.example>\nCall-ID: o\n"
			"Contact: <sip:+14085550123@192.168.10.30:5070;transport=tcp>\n"
			"CSeq: 1 INVITE\nMax-Forwards: 69\nIdentity: two\n" SDP_TYPE,
			SDP_PLAIN_A);
		host_expect(&rig.remote, "INVITE ");
		if (on)
			contains_not(&rig.remote, "Identity:");
		else
			contains(&rig.remote, "Identity: one;info=<https://x>\r\nTo: ");
		rig_down();
		rig_up(on ? edit : NULL);
		rig_remote("b", "ca.pem");
		invite("Identity: theirs\n");
		host_expect(&rig.ucm[RIG_A], "INVITE ");
		contains(&rig.ucm[RIG_A], "Identity: theirs\r\n");
		rig_down();
	}
}

// ---- What it costs ------------------------------------------------------------------------------

// Without a ticket nobody's signature is looked at, and exactly one counter tells (TKT-17).
static void test_ticket_comes_first(void **state)
{
	char head[2 * STIR_TEXT_MAX];

	up(ON("enforce"));
	snprintf(head, sizeof(head), R_INVITE IDENTITY SDP_TYPE, good);
	host_send(&rig.remote, head, SDP_SECURE);
	host_wait_up(&rig.remote);
	host_expect_silence(&rig.remote);
	host_expect_silence(&rig.ucm[RIG_A]);
	rig_only(RIG_A, CNT_TICKET_NONE, 1);
	assert_int_equal(rig_counter(RIG_A, CNT_CALLERS_VERIFIED), 0);
	rig_down();
}

// A signature does not buy RTP in clear either (SRTP-1).
static void test_media_comes_after(void **state)
{
	char head[2 * STIR_TEXT_MAX];

	up(ON("enforce"));
	snprintf(head, sizeof(head), R_INVITE TICKET_HEADER IDENTITY SDP_TYPE, good);
	host_send(&rig.remote, head, SDP_PLAIN_B);
	host_wait_up(&rig.remote);
	host_expect_silence(&rig.ucm[RIG_A]);
	rig_only(RIG_A, CNT_RTP_OVER_IME, 1);
	rig_down();
}

// What a peer's budget of signatures is used up by.
static void test_rate(void **state)
{
	struct peer *peer;
	struct ip_addr ip;
	unsigned int taken = 0;

	for (int tag = 0; tag < 2; tag++) {
		up(tag ? ON("tag") : ON("enforce"));
		host_wait_up(&rig.remote);
		assert_true(ip_parse(STR_LIT(RIG_REMOTE), &ip));
		peer = peers_get(rig.ime[RIG_A]->peers, &ip, rig.now_ns);
		for (taken = 0; bucket_take(&peer->signatures, &peers_signature_rate, rig.now_ns);)
			taken++;
		assert_in_range(taken, 300, 500);
		invite(identity(good));
		if (tag) {
			host_expect(&rig.ucm[RIG_A], "INVITE ");
			contains(&rig.ucm[RIG_A], ";verstat=No-TN-Validation@");
			assert_int_equal(rig_counter(RIG_A, CNT_CALLERS_RATE), 1);
		} else {
			host_expect(&rig.remote, "SIP/2.0 503 Service Unavailable\r\n");
			rig_only(RIG_A, CNT_STIR_RATE, 1);
		}
		rig_down();
	}
}

// ---- Certificates anew --------------------------------------------------------------------------

static void remove_file(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", rig.dir, name);
	assert_int_equal(remove(path), 0);
}

static void test_reload(void **state)
{
	char err[256] = "";

	up(ON("enforce"));
	remove_file("stir/sti.example/number.pem");
	remove_file("stir.pem");
	assert_true(ime_stir_reload(rig.ime[RIG_A], err, sizeof(err)) < 0); // whole, or not at all
	assert_non_null(strstr(err, "stir.pem"));
	invite(identity(good));
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	rig_down();
	up(ON("enforce"));
	remove_file("stir/sti.example/number.pem");
	assert_int_equal(ime_stir_reload(rig.ime[RIG_A], err, sizeof(err)), 0);
	invite(identity(good));
	host_expect(&rig.remote, "SIP/2.0 436 ");
	rig_down();
	rig_up(NULL);
	assert_int_equal(ime_stir_reload(rig.ime[RIG_A], err, sizeof(err)), 0); // off
	rig_down();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_enforce_lets_verified_callers_in),
		cmocka_unit_test(test_compact_form),
		cmocka_unit_test(test_calling_numbers),
		cmocka_unit_test(test_one_valid_header_does),
		cmocka_unit_test(test_stir1_tag),
		cmocka_unit_test(test_stir1_forged_verstat),
		cmocka_unit_test(test_unreadable_identity_is_refused),
		cmocka_unit_test(test_log_and_off_change_nothing),
		cmocka_unit_test(test_stir3_media_keys),
		cmocka_unit_test(test_stir1_in_the_dialog),
		cmocka_unit_test(test_stir4_strip_outbound),
		cmocka_unit_test(test_ticket_comes_first),
		cmocka_unit_test(test_media_comes_after),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_reload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
