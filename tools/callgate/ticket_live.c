// SPDX-License-Identifier: BSD-3-Clause
// callgate ticket epoch, revoke and unrevoke: what changes the running firewall.
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>

#include "tools/callgate/layout.h"
#include "tools/callgate/ticket.h"

#define SAVE_WAIT_MS 5000
#define SAVE_POLL_MS 50

// ---- epoch --------------------------------------------------------------------------------------

// A restart reads the configuration again, so that is where it must stand.
static void epoch_print(const cJSON *j, const char *password_file)
{
	char until[TIME_TEXT_MAX];

	printf("Ticket epoch %.0f is %s.\n", json_number(j, "epoch"),
		json_true(j, "changed") ? "in force" : "in force already, with this password");
	if (!json_true(j, "changed"))
		return;
	printf("Update the IME server, and put this into the configuration, or a restart takes it "
	       "back:\n  ticket: {epoch: %.0f, password-file: %s, ...",
		json_number(j, "epoch"), password_file);
	if (json_number(j, "previous_epoch") > 0)
		printf(",\n    previous: {epoch: %.0f, password-file: OLD-FILE, until: %s}",
			json_number(j, "previous_epoch"),
			time_text(json_number(j, "previous_until"), until));
	puts("}");
}

static int epoch(struct ticket_args *a)
{
	cJSON *args, *answer;
	uint64_t grace = 0;

	if (a->v[OPT_GRACE] != NULL &&
		!str_to_u64(str_from(a->v[OPT_GRACE]), TICKET_GRACE_MAX_S, &grace))
		return usage_error("--grace: found \"%s\", expected 0 to %u seconds",
			a->v[OPT_GRACE], TICKET_GRACE_MAX_S);
	a->password[a->password_n] = '\0';
	args = cJSON_CreateObject();
	cJSON_AddNumberToObject(args, "epoch", a->epoch);
	cJSON_AddStringToObject(args, "password", a->password);
	if (a->v[OPT_GRACE] != NULL)
		cJSON_AddNumberToObject(args, "grace_s", (double)grace);
	answer = daemon_ask(a->v[OPT_SOCKET], "ticket epoch", args);
	if (answer == NULL)
		return CLIENT_FAILED;
	if (a->v[OPT_JSON] != NULL) {
		json_print(answer);
	} else {
		epoch_print(answer, a->v[OPT_PASSWORD_FILE]);
		cJSON_Delete(answer);
	}
	return CLIENT_OK;
}

int ticket_epoch_main(int argc, char **argv)
{
	struct ticket_args a = {0};
	bool help;
	int code = ticket_args_read(&a, TICKET_CMD_EPOCH, argc, argv, &help);

	if (code == CLIENT_OK && !help)
		code = epoch(&a);
	OPENSSL_cleanse(a.password, sizeof(a.password));
	return code;
}

// ---- revoke and unrevoke ------------------------------------------------------------------------

// It works already; whether it will after a restart is known when it is on the disk.
static bool await_disk(const struct ticket_args *a)
{
	static const struct timespec poll = {.tv_nsec = SAVE_POLL_MS * 1000000l};
	char error[128] = "the disk is slow";

	for (int ms = 0; ms < SAVE_WAIT_MS; ms += SAVE_POLL_MS) {
		cJSON *j = daemon_ask(
			a->v[OPT_SOCKET], "show uc-ime revoked-tickets", cJSON_CreateObject());
		bool saved = json_true(j, "saved"), failed = json_text(j, "error")[0] != '\0';

		if (failed)
			snprintf(error, sizeof(error), "%s", json_text(j, "error"));
		if (j == NULL)
			snprintf(error, sizeof(error), "the daemon does not answer");
		failed |= j == NULL;
		cJSON_Delete(j);
		if (saved)
			return true;
		if (failed)
			break;
		nanosleep(&poll, NULL);
	}
	fprintf(stderr,
		"callgate: it works, but is not on the disk: %s; see callgate show alarms\n",
		error);
	return false;
}

static void revoked_print(const struct ticket_args *a, const cJSON *j, bool is_revoke)
{
	printf("%s is %s.\n", a->ticket,
		!is_revoke                        ? "not revoked any more"
			: json_true(j, "changed") ? "revoked"
						  : "revoked already");
	if (!is_revoke || json_number(j, "calls") == 0)
		return;
	if (json_true(j, "ended"))
		printf("%.0f calls that came with it were ended.\n", json_number(j, "calls"));
	else
		printf("%.0f calls that came with it go on; --end-calls ends them.\n",
			json_number(j, "calls"));
}

static int revoke_or_not(const struct ticket_args *a, bool is_revoke)
{
	cJSON *args = cJSON_CreateObject(), *answer;

	cJSON_AddStringToObject(args, "what", a->ticket);
	cJSON_AddBoolToObject(args, "end_calls", a->v[OPT_END_CALLS] != NULL);
	answer =
		daemon_ask(a->v[OPT_SOCKET], is_revoke ? "ticket revoke" : "ticket unrevoke", args);
	if (answer == NULL)
		return CLIENT_FAILED;
	if (a->v[OPT_JSON] != NULL) {
		json_print(answer);
	} else {
		revoked_print(a, answer, is_revoke);
		cJSON_Delete(answer);
	}
	return await_disk(a) ? CLIENT_OK : CLIENT_FAILED;
}

int ticket_revoke_main(int argc, char **argv)
{
	bool is_revoke = strcmp(argv[0], "revoke") == 0, help;
	struct ticket_args a = {0};
	int code = ticket_args_read(
		&a, is_revoke ? TICKET_CMD_REVOKE : TICKET_CMD_UNREVOKE, argc, argv, &help);

	if (code == CLIENT_OK && !help)
		code = revoke_or_not(&a, is_revoke);
	return code;
}
