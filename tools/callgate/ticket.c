// SPDX-License-Identifier: BSD-3-Clause
// callgate ticket: the options of its commands and the values in them (protocol.md 2.12, 7).
#include "tools/callgate/ticket.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define MINT    TICKET_CMD_MINT
#define INSPECT TICKET_CMD_INSPECT
#define VERIFY  TICKET_CMD_VERIFY
#define LIVE    (TICKET_CMD_EPOCH | TICKET_CMD_REVOKE | TICKET_CMD_UNREVOKE)
#define S_NS    1000000000ll
// Relative times stay within a century, so that sums cannot overflow.
#define DISTANCE_MAX_S 3155760000ull

static const struct option_row rows[TICKET_OPTIONS] = {
	[OPT_PASSWORD_FILE] = {"password-file", "FILE",
		"ticket password, 10 to 64 characters; - is stdin",
		MINT | VERIFY | TICKET_CMD_EPOCH},
	[OPT_EPOCH] = {"epoch", "N", "1 to 255", MINT | VERIFY},
	[OPT_NUMBER] = {"number", "+E164", "the number that may be called", MINT},
	[OPT_GRANTING] = {"granting", "DOMAIN", "whose number it is", MINT},
	[OPT_GRANTED] = {"granted", "DOMAIN", "who may call it", MINT},
	[OPT_START] = {"start", "TIME", "2026-01-01T00:00:00Z, +1h, -1d or now (default)", MINT},
	[OPT_STOP] = {"stop", "TIME", "the same; default: start + 90 days", MINT},
	[OPT_UUID] = {"uuid", "UUID", "unique id; default: random", MINT},
	[OPT_SALT] = {"salt", "HEX", "4 to 64 octets; default: 16 random", MINT},
	[OPT_NODE] = {"node", "HEX", "granting node, 1 to 64 octets; default: none", MINT},
	[OPT_OUTPUT] = {"output", "FORM", "base64 (default), hex or header", MINT},
	[OPT_CORRUPT] = {"corrupt", "HOW", "mac, trunc, dup, unknown, order or b64: for tests",
		MINT},
	[OPT_CALLED] = {"called", "URI", "called number: a sip: or tel: URI, or +E164", VERIFY},
	[OPT_PEER] = {"peer", "DOMAIN", "identity of the caller's certificate; default: none",
		VERIFY},
	[OPT_OWN] = {"own", "DOMAIN", "the domain of the firewall", VERIFY},
	[OPT_NOW] = {"now", "TIME", "the time of the check; default: now", VERIFY},
	[OPT_SKEW] = {"skew", "SECONDS", "0 to 600, default 0", VERIFY},
	[OPT_HEX] = {"hex", NULL, "TICKET is in hex", INSPECT | VERIFY},
	[OPT_PROFILE] = {"profile", "NAME", "t1 (default) or t2", MINT | INSPECT | VERIFY},
	[OPT_GRACE] = {"grace", "SECONDS",
		"the pair before stays good for so long; default: as configured", TICKET_CMD_EPOCH},
	[OPT_END_CALLS] = {"end-calls", NULL, "end the calls that came with it", TICKET_CMD_REVOKE},
	[OPT_SOCKET] = {"socket", "PATH", DAEMON_SOCKET_HELP, LIVE},
	[OPT_JSON] = {"json", NULL, "print JSON", MINT | INSPECT | VERIFY | LIVE},
};

static const char *usage_of(enum ticket_command command)
{
	switch (command) {
	case TICKET_CMD_MINT:
		return "callgate ticket mint --password-file FILE --epoch N --number +E164 "
		       "--granting DOMAIN --granted DOMAIN [OPTION]...";
	case TICKET_CMD_INSPECT:
		return "callgate ticket inspect [OPTION]... [TICKET]     (default: from stdin)";
	case TICKET_CMD_EPOCH:
		return "callgate ticket epoch N --password-file FILE [--grace SECONDS] "
		       "[OPTION]...";
	case TICKET_CMD_REVOKE:
		return "callgate ticket revoke UUID | DOMAIN | .DOMAIN [--end-calls] [OPTION]...";
	case TICKET_CMD_UNREVOKE:
		return "callgate ticket unrevoke UUID | DOMAIN | .DOMAIN [OPTION]...";
	default:
		return "callgate ticket verify --password-file FILE --epoch N --called URI "
		       "--peer DOMAIN --own DOMAIN [OPTION]... [TICKET]";
	}
}

static int epoch_read(struct ticket_args *a, const char *what, const char *text)
{
	uint64_t n;

	if (!str_to_u64(str_from(text), 255, &n) || n == 0)
		return usage_error("%s: found \"%s\", expected 1 to 255", what, text);
	a->epoch = (uint8_t)n;
	return secret_read(a->v[OPT_PASSWORD_FILE], "a password", a->password, &a->password_n);
}

int ticket_args_read(
	struct ticket_args *a, enum ticket_command command, int argc, char **argv, bool *help)
{
	const char *profile;
	int code, first;

	code = options_read(
		rows, TICKET_OPTIONS, command, usage_of(command), argc, argv, a->v, &first, help);
	if (code != CLIENT_OK || *help)
		return code;
	if (argc - first > (command != TICKET_CMD_MINT))
		return usage_error("too many arguments: %s", argv[argc - 1]);
	a->ticket = first < argc ? argv[first] : NULL;
	if ((command & LIVE) != 0 && a->ticket == NULL)
		return usage_error("usage: %s", usage_of(command));
	profile = a->v[OPT_PROFILE] != NULL ? a->v[OPT_PROFILE] : "t1";
	a->profile = ticket_profile_find(str_from(profile));
	if (a->profile == NULL)
		return usage_error("--profile: found \"%s\", expected t1 or t2", profile);
	if ((command & (TICKET_CMD_INSPECT | TICKET_CMD_REVOKE | TICKET_CMD_UNREVOKE)) != 0)
		return CLIENT_OK;
	if (command == TICKET_CMD_EPOCH && a->v[OPT_PASSWORD_FILE] == NULL)
		return usage_error("--password-file is needed: a new epoch comes with a new "
				   "password (CLI-1)");
	if (command == TICKET_CMD_EPOCH)
		return epoch_read(a, "epoch", a->ticket);
	if (a->v[OPT_PASSWORD_FILE] == NULL || a->v[OPT_EPOCH] == NULL)
		return usage_error(
			"--password-file and --epoch are needed\nusage: %s", usage_of(command));
	return epoch_read(a, "--epoch", a->v[OPT_EPOCH]);
}

static bool distance_parse(const char *text, int64_t now_ns, int64_t *unix_ns)
{
	static const struct {
		char unit;
		uint64_t s;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	struct str digits = {text + 1, strlen(text) - 1};
	uint64_t n;

	for (size_t i = 0; digits.n > 0 && i < sizeof(units) / sizeof(units[0]); i++) {
		if (digits.p[digits.n - 1] != units[i].unit)
			continue;
		digits.n--;
		if (!str_to_u64(digits, DISTANCE_MAX_S / units[i].s, &n))
			return false;
		*unix_ns = now_ns + (text[0] == '-' ? -1 : 1) * (int64_t)(n * units[i].s) * S_NS;
		return true;
	}
	return false;
}

bool ticket_time_parse(const char *text, int64_t now_ns, int64_t *unix_ns)
{
	struct tm tm = {0};
	const char *end;

	if (strcmp(text, "now") == 0) {
		*unix_ns = now_ns;
		return true;
	}
	if (text[0] == '+' || text[0] == '-')
		return distance_parse(text, now_ns, unix_ns);
	end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (end == NULL || *end != '\0' || tm.tm_year < 0 || tm.tm_year > 300)
		return false;
	*unix_ns = (int64_t)timegm(&tm) * S_NS;
	return true;
}

const char *ticket_time_text(int64_t unix_ns, char buf[40])
{
	int64_t ns = ((unix_ns % S_NS) + S_NS) % S_NS;
	time_t s = (time_t)((unix_ns - ns) / S_NS);
	struct tm tm;
	size_t n;

	gmtime_r(&s, &tm);
	n = strftime(buf, 24, "%Y-%m-%dT%H:%M:%S", &tm);
	if (ns != 0)
		n += (size_t)snprintf(buf + n, 11, ".%09" PRId64, ns);
	strcpy(buf + n, "Z");
	return buf;
}

bool hex_parse(struct str s, uint8_t *out, size_t size, size_t *n)
{
	size_t digits = 0;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		int v;

		if (c == '-' || c == ' ' || c == '\n')
			continue;
		if (c >= '0' && c <= '9')
			v = c - '0';
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v = (c | 0x20) - 'a' + 10;
		else
			return false;
		if (digits / 2 == size)
			return false;
		if (digits % 2 == 0)
			out[digits / 2] = (uint8_t)(v << 4);
		else
			out[digits / 2] |= (uint8_t)v;
		digits++;
	}
	*n = digits / 2;
	return digits > 0 && digits % 2 == 0;
}

void hex_print(const uint8_t *p, size_t n, char *out)
{
	for (size_t i = 0; i < n; i++)
		sprintf(out + 2 * i, "%02x", p[i]);
	out[2 * n] = '\0';
}

int ticket_main(int argc, char **argv)
{
	static const struct command commands[] = {
		{"mint", "make a ticket, as an IME server does", ticket_mint_main},
		{"inspect", "print every field of a ticket", ticket_inspect_main},
		{"verify", "check a ticket as the firewall does", ticket_verify_main},
		{"epoch", "change epoch and password of the running firewall", ticket_epoch_main},
		{"revoke", "refuse a ticket, or a domain, from now on", ticket_revoke_main},
		{"unrevoke", "take that back", ticket_revoke_main},
	};

	return commands_run(
		commands, sizeof(commands) / sizeof(commands[0]), "callgate ticket", argc, argv);
}
