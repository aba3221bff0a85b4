// SPDX-License-Identifier: BSD-3-Clause
// What the commands of `callgate ticket` share: their options and the values in them.
#pragma once

#include "lib/ticket.h"
#include "tools/callgate/client.h"

enum ticket_command {
	TICKET_CMD_MINT = 1,
	TICKET_CMD_INSPECT = 2,
	TICKET_CMD_VERIFY = 4,
	TICKET_CMD_EPOCH = 8,
	TICKET_CMD_REVOKE = 16,
	TICKET_CMD_UNREVOKE = 32,
};

enum ticket_option {
	OPT_PASSWORD_FILE,
	OPT_EPOCH,
	OPT_NUMBER,
	OPT_GRANTING,
	OPT_GRANTED,
	OPT_START,
	OPT_STOP,
	OPT_UUID,
	OPT_SALT,
	OPT_NODE,
	OPT_OUTPUT,
	OPT_CORRUPT,
	OPT_CALLED,
	OPT_PEER,
	OPT_OWN,
	OPT_NOW,
	OPT_SKEW,
	OPT_HEX,
	OPT_PROFILE,
	OPT_GRACE,
	OPT_END_CALLS,
	OPT_SOCKET,
	OPT_JSON,
	TICKET_OPTIONS,
};

struct ticket_args {
	const char *v[TICKET_OPTIONS];
	const char *ticket; // the free argument, or NULL: a ticket, an epoch, or what is revoked
	const struct ticket_profile *profile;
	uint8_t epoch;
	char password[SECRET_MAX + 1]; // wiped by whoever read it
	size_t password_n;
};

// Reads the options of one command, the profile, the epoch and the password (where the command
// takes them). As options_read().
int ticket_args_read(
	struct ticket_args *a, enum ticket_command command, int argc, char **argv, bool *help);

// "2026-01-01T00:00:00Z", "now", or a distance to now: "+90d", "-1h" (s, m, h, d).
bool ticket_time_parse(const char *text, int64_t now_ns, int64_t *unix_ns);
// UTC with seconds, and nanoseconds where there are some.
const char *ticket_time_text(int64_t unix_ns, char buf[40]);

// Hex digits, with "-" and spaces ignored; false when it is none or longer than `size`.
bool hex_parse(struct str s, uint8_t *out, size_t size, size_t *n);
void hex_print(const uint8_t *p, size_t n, char *out); // 2n + 1 octets

int ticket_mint_main(int argc, char **argv);
int ticket_inspect_main(int argc, char **argv);
int ticket_verify_main(int argc, char **argv);
int ticket_epoch_main(int argc, char **argv);
int ticket_revoke_main(int argc, char **argv); // and unrevoke
