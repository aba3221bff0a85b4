// SPDX-License-Identifier: BSD-3-Clause
// Every failure code of STIR/SHAKEN (protocol.md section 13): what it is refused with, and what the call
// manager is told of it.
#include "test/unit/test.h"

#include <stdio.h>

#include "test/unit/stir_steps.h"

// Writes the header lines of a case.
typedef void lines_fn(char *text, size_t size);

static void none(char *text, size_t size)
{
}

static void div_only(char *text, size_t size)
{
	snprintf(text, size, "Identity: e.e.e;info=<" STIR_URL(spc) ">;ppt=div\n");
}

static void unheld(char *text, size_t size)
{
	signed_by(text, size, STIR_unheld, STIR_CALLER, STIR_CALLED, NOW);
}

static void stranger(char *text, size_t size)
{
	signed_by(text, size, STIR_stranger, STIR_CALLER, STIR_CALLED, NOW);
}

static void expired(char *text, size_t size)
{
	signed_by(text, size, STIR_expired, STIR_CALLER, STIR_CALLED, NOW);
}

static void p384(char *text, size_t size)
{
	signed_by(text, size, STIR_p384, STIR_CALLER, STIR_CALLED, NOW);
}

static void bare(char *text, size_t size)
{
	signed_by(text, size, STIR_bare, STIR_CALLER, STIR_CALLED, NOW);
}

static void rs256(char *text, size_t size)
{
	char token[STIR_TEXT_MAX], payload[STIR_TEXT_MAX];

	stir_token(STIR_spc,
		"{\"alg\":\"RS256\",\"ppt\":\"shaken\",\"typ\":\"passport\",\"x5u\":\"" STIR_URL(
			spc) "\"}",
		stir_payload(STIR_CALLER, STIR_CALLED, NOW, 'A', payload), token);
	snprintf(text, size, "Identity: %s;info=<" STIR_URL(spc) ">;alg=RS256\n", token);
}

// Of the good token, with the parameters behind it.
static const char *signature(void)
{
	return strchr(strchr(good, '.') + 1, '.') + 1;
}

static void garbage(char *text, size_t size)
{
	snprintf(text, size, "Identity: garbage\n");
}

static void compact(char *text, size_t size)
{
	snprintf(text, size, "Identity: ..%s\n", signature());
}

static void compact_without_date(char *text, size_t size)
{
	signed_compact(text, size, STIR_CALLER, "");
}

static void compact_two_dates(char *text, size_t size)
{
	signed_compact(text, size, STIR_CALLER, DATE DATE);
}

static void compact_other_date(char *text, size_t size)
{
	signed_compact(text, size, STIR_CALLER, "Date: Sun, 01 Mar 2026 00:00:01 GMT\n");
}

static void compact_old_date(char *text, size_t size)
{
	signed_compact(text, size, STIR_CALLER, "Date: Sat, 28 Feb 2026 23:58:59 GMT\n");
}

static void compact_other_caller(char *text, size_t size)
{
	signed_compact(text, size, "12125550198", DATE);
}

static void other_caller(char *text, size_t size)
{
	signed_by(text, size, STIR_spc, "12125550198", STIR_CALLED, NOW);
}

static void other_called(char *text, size_t size)
{
	signed_by(text, size, STIR_spc, STIR_CALLER, "14085550124", NOW);
}

static void bad_signature(char *text, size_t size)
{
	size_t at = strlen("Identity: ") + (size_t)(signature() - good) + 10;

	snprintf(text, size, IDENTITY, good);
	text[at] = text[at] == 'A' ? 'B' : 'A';
}

// Signed with a key of somebody else's, but with the URL of a good certificate.
static void other_key(char *text, size_t size)
{
	char token[STIR_TEXT_MAX], payload[STIR_TEXT_MAX];

	stir_token(STIR_stranger, STIR_HEADER(spc),
		stir_payload(STIR_CALLER, STIR_CALLED, NOW, 'A', payload), token);
	snprintf(text, size, "Identity: %s;info=<" STIR_URL(spc) ">\n", token);
}

static void pai_differs(char *text, size_t size)
{
	snprintf(text, size, IDENTITY "P-Asserted-Identity: <sip:+18005550100@x.example>\n", good);
}

static void pai_without_plus(char *text, size_t size)
{
	snprintf(text, size, IDENTITY "P-Asserted-Identity: <sip:18005550100@x.example>\n", good);
}

static void rpid_differs(char *text, size_t size)
{
	snprintf(text, size,
		IDENTITY "Remote-Party-ID: <tel:+18005550100>;party=calling;screen=yes\n", good);
}

static void stale(char *text, size_t size)
{
	signed_by(text, size, STIR_spc, STIR_CALLER, STIR_CALLED, NOW - 61);
}

static void ahead(char *text, size_t size)
{
	signed_by(text, size, STIR_spc, STIR_CALLER, STIR_CALLED, NOW + 61);
}

static void all_invalid(char *text, size_t size)
{
	signed_by(text, size, STIR_spc, STIR_CALLER, STIR_CALLED, NOW - 61);
	signed_by(text, size, STIR_unheld, STIR_CALLER, STIR_CALLED, NOW);
	signed_by(text, size, STIR_stranger, STIR_CALLER, STIR_CALLED, NOW);
}

static void unheld_and_untrusted(char *text, size_t size)
{
	unheld(text, size);
	signed_by(text, size, STIR_stranger, STIR_CALLER, STIR_CALLED, NOW);
}

static void good_is_fifth(char *text, size_t size)
{
	for (int i = 0; i < 4; i++)
		signed_by(text, size, STIR_unheld, STIR_CALLER, STIR_CALLED, NOW);
	signed_by(text, size, STIR_spc, STIR_CALLER, STIR_CALLED, NOW);
}

#define CODE_428 CNT_STIR_ABSENT, CNT_CALLERS_UNSIGNED, "SIP/2.0 428 Use Identity Header\r\n"
#define CODE_436 CNT_STIR_INFO, CNT_CALLERS_NO_CERTIFICATE, "SIP/2.0 436 Bad Identity Info\r\n"
#define CODE_437                                                                                   \
	CNT_STIR_CREDENTIAL, CNT_CALLERS_BAD_CERTIFICATE, "SIP/2.0 437 Unsupported Credential\r\n"
#define CODE_438                                                                                   \
	CNT_STIR_INVALID, CNT_CALLERS_BAD_SIGNATURE, "SIP/2.0 438 Invalid Identity Header\r\n"
#define CODE_403 CNT_STIR_STALE, CNT_CALLERS_STALE, "SIP/2.0 403 Stale Date\r\n"
#define NOT      "No-TN-Validation"
#define FAILED   "TN-Validation-Failed"

static const struct failure {
	const char *id;
	lines_fn *lines;
	enum counter_id refused, passed;
	const char *status, *verstat;
	enum passport_fault fault;
} failures[] = {
	{"absent", none, CODE_428, NOT, PASSPORT_ABSENT},
	{"ppt=div alone", div_only, CODE_428, NOT, PASSPORT_PPT},
	{"not held", unheld, CODE_436, NOT, PASSPORT_NOT_HELD},
	{"untrusted", stranger, CODE_437, FAILED, PASSPORT_UNTRUSTED},
	{"expired", expired, CODE_437, FAILED, PASSPORT_EXPIRED},
	{"P-384", p384, CODE_437, FAILED, PASSPORT_KEY},
	{"no TNAuthList", bare, CODE_437, FAILED, PASSPORT_AUTHORITY},
	{"RS256", rs256, CODE_437, FAILED, PASSPORT_ALG},
	{"garbage", garbage, CODE_438, FAILED, PASSPORT_SYNTAX},
	{"compact form", compact, CODE_438, FAILED, PASSPORT_COMPACT},
	{"compact form without Date", compact_without_date, CODE_438, FAILED, PASSPORT_DATE},
	{"compact form, two Dates", compact_two_dates, CODE_438, FAILED, PASSPORT_DATE},
	{"compact form, other Date", compact_other_date, CODE_438, FAILED, PASSPORT_SIGNATURE},
	{"compact form, old Date", compact_old_date, CODE_403, FAILED, PASSPORT_STALE},
	{"compact form, other caller", compact_other_caller, CODE_438, FAILED, PASSPORT_SIGNATURE},
	{"other caller", other_caller, CODE_438, FAILED, PASSPORT_ORIG},
	{"other called", other_called, CODE_438, FAILED, PASSPORT_DEST},
	{"bad signature", bad_signature, CODE_438, FAILED, PASSPORT_SIGNATURE},
	{"other key", other_key, CODE_438, FAILED, PASSPORT_SIGNATURE},
	{"P-Asserted-Identity differs", pai_differs, CODE_438, FAILED, PASSPORT_ORIG},
	{"P-Asserted-Identity is no full number", pai_without_plus, CODE_438, FAILED,
		PASSPORT_ORIG},
	{"Remote-Party-ID differs", rpid_differs, CODE_438, FAILED, PASSPORT_ORIG},
	{"stale", stale, CODE_403, FAILED, PASSPORT_STALE},
	{"ahead", ahead, CODE_403, FAILED, PASSPORT_STALE},
	{"all invalid", all_invalid, CODE_403, FAILED, PASSPORT_STALE},
	{"436 only if all are", unheld_and_untrusted, CODE_437, FAILED, PASSPORT_UNTRUSTED},
	{"the good one comes fifth", good_is_fifth, CODE_436, NOT, PASSPORT_NOT_HELD},
};

static void send_failure(const struct failure *f, const char *how)
{
	static char lines[5 * STIR_TEXT_MAX];

	print_message("%s\n", f->id);
	up(how);
	lines[0] = '\0';
	f->lines(lines, sizeof(lines));
	invite(lines);
}

// Answered although ticket-failure-action is drop: a valid ticket came with it.
static void test_enforce_refuses(void **state)
{
	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
		send_failure(&failures[i], ON("enforce"));
		host_expect(&rig.remote, failures[i].status);
		host_expect_silence(&rig.ucm[RIG_A]);
		rig_only(RIG_A, failures[i].refused, 1);
		rig_assert_clean(RIG_A);
		rig_down();
	}
}

static void test_stir1_tag_of_the_unverified(void **state)
{
	char from[128];

	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
		send_failure(&failures[i], ON("tag"));
		host_expect(&rig.ucm[RIG_A], "INVITE ");
		snprintf(from, sizeof(from),
			"From: <sip:+12125550199;verstat=%s@enterprise-b.example>;tag=rtag\r\n",
			failures[i].verstat);
		contains(&rig.ucm[RIG_A], from);
		assert_int_equal(rig_counter(RIG_A, failures[i].passed), 1);
		assert_int_equal(rig_counter(RIG_A, CNT_CALLERS_VERIFIED), 0);
		rig_only(RIG_A, CNT_NONE, 0);
		assert_true(caller().checked);
		assert_int_equal(caller().fault, failures[i].fault);
		assert_int_equal(caller().attest, '\0');
		rig_down();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_enforce_refuses),
		cmocka_unit_test(test_stir1_tag_of_the_unverified),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
