// SPDX-License-Identifier: BSD-3-Clause
// Who may call with a valid ticket, and what an operator changes while calls are up, as the
// management socket asks for it.
#include "test/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cp/alarm.h"
#include "cp/show_ime.h"
#include "test/unit/call_steps.h"

#define TICKET_ID "8f4f2c1e-6d1b-4a37-9c55-0123456789ab"
#define INVITE    R_INVITE TICKET_HEADER SDP_TYPE

// ---- The commands ---------------------------------------------------------------------------------

static char why[256];

typedef cJSON *command_fn(const struct show *s, const struct ask *ask);

static cJSON *run(command_fn *fn, const char *args)
{
	cJSON *a = cJSON_Parse(args), *answer;
	const struct show s = {.ime = rig.ime[RIG_A]};
	const struct ask ask = {.args = a, .err = why, .err_size = sizeof(why)};

	why[0] = '\0';
	answer = fn(&s, &ask);
	assert_int_equal(answer == NULL, why[0] != '\0');
	cJSON_Delete(a);
	return answer;
}

static void expect_answer(command_fn *fn, const char *args, const char *want)
{
	cJSON *answer = run(fn, args);
	char *text = cJSON_PrintUnformatted(answer);

	assert_string_equal(answer != NULL ? text : why, want);
	cJSON_free(text);
	cJSON_Delete(answer);
}

static void await_saved(void)
{
	const struct callers *c = ime_callers(rig.ime[RIG_A]);

	for (int i = 0; callers_saved(c) == -EINPROGRESS && i < 5000; i++)
		usleep(1000);
}

// ---- The lists --------------------------------------------------------------------------------

static const struct {
	const char *domains;
	enum counter_id counter; // CNT_NONE: it may call
} lists[] = {
	{"{}", CNT_NONE},
	{"{allow: [enterprise-b.example]}", CNT_NONE},
	{"{allow: [x.example, ENTERPRISE-B.example.]}", CNT_NONE},
	{"{allow: [.example]}", CNT_NONE},
	{"{allow: [x.example]}", CNT_DOMAIN_NOT_ALLOWED},
	{"{allow: [.enterprise-b.example]}", CNT_DOMAIN_NOT_ALLOWED},
	{"{deny: [x.example]}", CNT_NONE},
	{"{deny: [enterprise-b.example]}", CNT_DOMAIN_DENIED},
	{"{deny: [.example]}", CNT_DOMAIN_DENIED},
	{"{allow: [enterprise-b.example], deny: [enterprise-b.example]}", CNT_DOMAIN_DENIED},
};

static void test_lists(void **state)
{
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		char text[256];
		const char *const edit[] = {"    did-source: request-uri ", text, NULL};

		snprintf(text, sizeof(text), "    domains: %s\n    did-source: request-uri ",
			lists[i].domains);
		rig_up(edit);
		rig_remote("b", "ca.pem");
		host_send(&rig.remote, INVITE, SDP_SECURE);
		if (lists[i].counter == CNT_NONE)
			host_expect(&rig.ucm[RIG_A], "INVITE ");
		else
			host_expect_silence(&rig.ucm[RIG_A]);
		rig_only(RIG_A, lists[i].counter, 1);
		rig_down();
	}
}

// Whoever has no valid ticket does not learn who may call: the refusal is the same, and the counter
// is that of the ticket.
static void test_prober_learns_nothing(void **state)
{
	static const char *const edit[] = {"ticket-failure-action: drop",
		"ticket-failure-action: reject\n    domains: {deny: [enterprise-b.example]}", NULL};
	static const struct {
		const char *ticket;
		enum counter_id counter;
	} t[] = {
		{TICKET_A1, CNT_TICKET_INTEGRITY},
		{TICKET_2_13, CNT_DOMAIN_DENIED},
	};
	char answer[2][sizeof(rig.remote.msg)];

	for (int i = 0; i < 2; i++) {
		char head[2048];

		rig_up(edit);
		rig_remote("b", "ca.pem");
		snprintf(head, sizeof(head), "%sX-Cisco-UC-IME-Ticket: %s\n%s", R_INVITE,
			t[i].ticket, SDP_TYPE);
		host_send(&rig.remote, head, SDP_SECURE);
		host_expect(&rig.remote, "SIP/2.0 403 Forbidden\r\n");
		strcpy(answer[i], rig.remote.msg);
		memset(strstr(answer[i], "a.example>;tag=") + 15, 'x', 16);
		rig_only(RIG_A, t[i].counter, 1);
		rig_down();
	}
	assert_string_equal(answer[0], answer[1]);
}

// ---- Revocation -------------------------------------------------------------------------------

static const struct {
	const char *what;
	enum counter_id counter;
} revocations[] = {
	{TICKET_ID, CNT_TICKET_REVOKED},
	{"8F4F2C1E-6D1B-4A37-9C55-0123456789AB", CNT_TICKET_REVOKED},
	{"Enterprise-B.example", CNT_DOMAIN_REVOKED},
	{".example", CNT_DOMAIN_REVOKED},
};

static void test_revoked_at_once(void **state)
{
	for (size_t i = 0; i < sizeof(revocations) / sizeof(revocations[0]); i++) {
		char args[128];

		snprintf(args, sizeof(args), "{\"what\": \"%s\"}", revocations[i].what);
		rig_up(NULL);
		rig_remote("b", "ca.pem");
		host_wait_up(&rig.remote);
		expect_answer(
			show_ticket_revoke, args, "{\"changed\":true,\"calls\":0,\"ended\":false}");
		host_send(&rig.remote, INVITE, SDP_SECURE);
		host_expect_silence(&rig.ucm[RIG_A]);
		rig_only(RIG_A, revocations[i].counter, 1);
		expect_answer(show_ticket_unrevoke, args, "{\"changed\":true}");
		rig.ime[RIG_A]->counters.v[revocations[i].counter] = 0;
		host_send(&rig.remote,
			"INVITE " R_URI " SIP/2.0\n" R_VIA("2") R_FROM B_TO
			"\nCall-ID: 78@198.51.100.10\nCSeq: 1 INVITE\n" R_CONTACT
			"Max-Forwards: 69\n" TICKET_HEADER SDP_TYPE,
			SDP_SECURE);
		host_expect(&rig.ucm[RIG_A], "INVITE ");
		rig_only(RIG_A, CNT_NONE, 0);
		rig_down();
	}
}

static void test_refused_commands(void **state)
{
	static const char expected[] =
		"expected a ticket's id such as 8f4f2c1e-6d1b-4a37-9c55-0123456789ab, a domain, or "
		".DOMAIN for all below it";

	expect_answer(show_ticket_revoke, "{}", expected);
	expect_answer(show_ticket_revoke, "{\"what\": 7}", expected);
	expect_answer(show_ticket_revoke, "{\"what\": \"*.example\"}", expected);
	expect_answer(show_ticket_unrevoke, "{\"what\": \"\"}", expected);
	expect_answer(
		show_ticket_unrevoke, "{\"what\": \"b.example\"}", "b.example is not revoked");
	expect_answer(show_ticket_revoke, "{\"what\": \"b.example\"}",
		"{\"changed\":true,\"calls\":0,\"ended\":false}");
	expect_answer(show_ticket_revoke, "{\"what\": \"B.example\"}",
		"{\"changed\":false,\"calls\":0,\"ended\":false}");
	for (int i = 1; i < REVOKED_MAX; i++) {
		char args[64];

		snprintf(args, sizeof(args), "{\"what\": \"%d.example\"}", i);
		cJSON_Delete(run(show_ticket_revoke, args));
	}
	assert_null(run(show_ticket_revoke, "{\"what\": \"c.example\"}"));
	assert_non_null(strstr(why, "4096 are revoked already"));
}

// A call that is up goes on, unless the operator says otherwise.
static void test_calls_of_the_revoked(void **state)
{
	call_establish();
	expect_answer(show_ticket_revoke, "{\"what\": \"x.example\", \"end_calls\": true}",
		"{\"changed\":true,\"calls\":0,\"ended\":true}");
	expect_answer(show_ticket_revoke, "{\"what\": \"enterprise-b.example\"}",
		"{\"changed\":true,\"calls\":1,\"ended\":false}");
	host_expect_silence(&rig.ucm[RIG_A]);
	expect_answer(show_ticket_revoke, "{\"what\": \"" TICKET_ID "\", \"end_calls\": true}",
		"{\"changed\":true,\"calls\":1,\"ended\":true}");
	host_expect(&rig.ucm[RIG_A], "BYE ");
	host_expect(&rig.caller, "BYE ");
	assert_int_equal(rig_counter(RIG_A, CNT_CALLS_REVOKED), 1);
	rig_only(RIG_A, CNT_NONE, 0);
	rig_assert_clean(RIG_A);
}

// One that rings is refused, and its phone falls silent.
static void test_ringing_call_of_the_revoked(void **state)
{
	rig_remote("b", "ca.pem");
	host_send(&rig.remote, INVITE, SDP_SECURE);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	call_answer(&rig.ucm[RIG_A], "180 Ringing", "atag", A_CONTACT, "");
	host_expect(&rig.remote, "SIP/2.0 180 ");
	expect_answer(show_ticket_revoke,
		"{\"what\": \"enterprise-b.example\", \"end_calls\": true}",
		"{\"changed\":true,\"calls\":1,\"ended\":true}");
	host_expect(&rig.remote, "SIP/2.0 403 ");
	host_expect(&rig.ucm[RIG_A], "CANCEL ");
	rig_assert_clean(RIG_A);
}

static void test_outlives_a_restart(void **state)
{
	const struct config *c = rig.config[RIG_A];
	struct callers *again;
	char path[400];
	FILE *f;

	cJSON_Delete(run(show_ticket_revoke, "{\"what\": \"" TICKET_ID "\"}"));
	cJSON_Delete(run(show_ticket_revoke, "{\"what\": \".c.example\"}"));
	await_saved();
	expect_answer(show_revoked, "{}",
		"{\"in_use\":2,\"max\":4096,\"saved\":true,\"revoked\":[{\"kind\":\"ticket\","
		"\"name\":\"" TICKET_ID "\",\"since\":1772323200},{\"kind\":\"domain\",\"name\":"
		"\".c.example\",\"since\":1772323200}]}");
	assert_int_equal(callers_new(&again, &c->imes[0], c->state_folder, why, sizeof(why)), 0);
	assert_int_equal(callers_judge(again, TICKET_ID, STR_LIT("enterprise-b.example")),
		CNT_TICKET_REVOKED);
	assert_int_equal(callers_judge(again, "", STR_LIT("a.c.example")), CNT_DOMAIN_REVOKED);
	assert_int_equal(callers_judge(again, "", STR_LIT("c.example")), CNT_NONE);
	callers_free(again);

	// What cannot be read is not nothing.
	snprintf(path, sizeof(path), "%s/%s.revoked", c->state_folder, c->imes[0].name);
	f = fopen(path, "a");
	fputs("half a li", f);
	fclose(f);
	assert_int_equal(
		callers_new(&again, &c->imes[0], c->state_folder, why, sizeof(why)), -EINVAL);
	assert_non_null(strstr(why, path));
	assert_non_null(strstr(why, ":4: found no revoked ticket"));
}

static void test_alarm_while_not_saved(void **state)
{
	const struct config *c = rig.config[RIG_A];
	char path[400];

	snprintf(path, sizeof(path), "%s/%s.revoked.new", c->state_folder, c->imes[0].name);
	assert_int_equal(mkdir(path, 0700), 0);
	cJSON_Delete(run(show_ticket_revoke, "{\"what\": \"b.example\"}"));
	await_saved();
	rig_pass_s(1);
	assert_true(alarm_get(ALARM_STATE_NOT_SAVED)->active);
	assert_non_null(strstr(alarm_get(ALARM_STATE_NOT_SAVED)->text, "Is a directory"));
	await_saved();
	expect_answer(show_revoked, "{}",
		"{\"in_use\":1,\"max\":4096,\"saved\":false,\"error\":\"Is a "
		"directory\",\"revoked\":"
		"[{\"kind\":\"domain\",\"name\":\"b.example\",\"since\":1772323200}]}");
	assert_int_equal(rmdir(path), 0);
	rig_pass_s(10); // it is tried again
	await_saved();
	rig_pass_s(1);
	assert_false(alarm_get(ALARM_STATE_NOT_SAVED)->active);
	assert_int_equal(callers_saved(ime_callers(rig.ime[RIG_A])), 0);
	alarms_reset();
}

// ---- Epoch and password -----------------------------------------------------------------------

#define EPOCH_2 "{\"epoch\": 2, \"password\": \"another-password\", \"grace_s\": 60}"

static void invite_again(const char *call_id, enum counter_id want)
{
	char head[2048];

	snprintf(head, sizeof(head),
		"INVITE " R_URI
		" SIP/2.0\nVia: SIP/2.0/TLS 198.51.100.10:5070;branch=z9hG4bK%s\n" R_FROM B_TO
		"\nCall-ID: %s\nCSeq: 1 INVITE\n" R_CONTACT
		"Max-Forwards: 69\n" TICKET_HEADER SDP_TYPE,
		call_id, call_id);
	host_send(&rig.remote, head, SDP_SECURE);
	if (want == CNT_NONE)
		host_expect(&rig.ucm[RIG_A], "INVITE ");
	else
		host_expect_silence(&rig.ucm[RIG_A]);
	rig_only(RIG_A, want, 1);
}

// 2.12: re-issuing does not send all callers to the PSTN.
static void test_grace_of_the_epoch_before(void **state)
{
	rig_remote("b", "ca.pem");
	host_wait_up(&rig.remote);
	invite_again("1", CNT_NONE);
	expect_answer(show_ticket_epoch, EPOCH_2,
		"{\"changed\":true,\"epoch\":2,\"previous_epoch\":1,\"previous_until\":"
		"1772323260}");
	assert_int_equal(ticket_keys_count(rig.ime[RIG_A]->ticket_keys), 0); // TKT-16 b
	invite_again("2", CNT_NONE);
	rig.wall_s += 60;
	rig_pass_s(1);
	assert_int_equal(ticket_keys_count(rig.ime[RIG_A]->ticket_keys), 0);
	invite_again("3", CNT_TICKET_EPOCH);
}

static void test_no_grace(void **state)
{
	rig_remote("b", "ca.pem");
	host_wait_up(&rig.remote);
	expect_answer(show_ticket_epoch, "{\"epoch\": 2, \"password\": \"another-password\"}",
		"{\"changed\":true,\"epoch\":2}");
	invite_again("1", CNT_TICKET_EPOCH);
}

static void test_cli1_refused(void **state)
{
	static const char *const faulty[] = {
		"{}", "{\"epoch\": 2}", "{\"password\": \"another-password\"}",
		"{\"epoch\": 256, \"password\": \"another-password\"}",
		"{\"epoch\": 1.5, \"password\": \"another-password\"}",
		"{\"epoch\": -1, \"password\": \"another-password\"}",
		"{\"epoch\": \"2\", \"password\": \"another-password\"}",
		"{\"epoch\": 2, \"password\": \"short\"}",
		"{\"epoch\": 1, \"password\": \"another-password\"}", // CLI-1
	};

	for (size_t i = 0; i < sizeof(faulty) / sizeof(faulty[0]); i++) {
		assert_null(run(show_ticket_epoch, faulty[i]));
		assert_non_null(strstr(why, "expected"));
		assert_null(strstr(why, "another-password")); // CLI-2
	}
	assert_non_null(strstr(why, "(CLI-1)"));
	expect_answer(show_ticket_epoch, "{\"epoch\": 1, \"password\": \"" TICKET_PASSWORD "\"}",
		"{\"changed\":false,\"epoch\":1}");
	rig_remote("b", "ca.pem");
	host_wait_up(&rig.remote);
	invite_again("1", CNT_NONE);
}

// The configuration's own pair of before.
static void test_previous_in_the_file(void **state)
{
	static const char *const edit[] = {"{epoch: 1, password-file: ticket.password",
		"{epoch: 2, password-file: new.password, previous: {epoch: 1, password-file: "
		"ticket.password, until: 2026-03-01T00:01:00Z}",
		NULL};

	rig_new_password = "another-password";
	rig_up(edit);
	rig_new_password = NULL;
	rig_remote("b", "ca.pem");
	host_wait_up(&rig.remote);
	invite_again("1", CNT_NONE);
	rig.wall_s += 60;
	rig_pass_s(1);
	invite_again("2", CNT_TICKET_EPOCH);
	rig_down();
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_prober_learns_nothing),
		cmocka_unit_test(test_revoked_at_once),
		TEST(refused_commands),
		TEST(calls_of_the_revoked),
		TEST(ringing_call_of_the_revoked),
		TEST(outlives_a_restart),
		TEST(alarm_while_not_saved),
		TEST(grace_of_the_epoch_before),
		TEST(no_grace),
		TEST(cli1_refused),
		cmocka_unit_test(test_previous_in_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
