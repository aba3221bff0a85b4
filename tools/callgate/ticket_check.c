// SPDX-License-Identifier: BSD-3-Clause
// callgate ticket inspect, callgate ticket verify.
#include <stdio.h>
#include <time.h>

#include <openssl/crypto.h>

#include "lib/base64.h"
#include "tools/callgate/ticket.h"

#define INPUT_MAX (4 * TICKET_TEXT_MAX)

struct check {
	struct ticket_args args;
	char input[INPUT_MAX];
	struct str text; // the header's value, or hex digits
	struct ticket ticket;
};

static int64_t now_unix_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

// The ticket from the command line or stdin; a header's name before it is skipped.
static int input_read(struct check *c)
{
	struct str name, value;
	size_t n;

	if (c->args.ticket != NULL && strcmp(c->args.ticket, "-") != 0) {
		c->text = str_from(c->args.ticket);
	} else {
		n = fread(c->input, 1, sizeof(c->input), stdin);
		if (n == sizeof(c->input))
			return usage_error("stdin: longer than any ticket");
		c->text = (struct str){c->input, n};
	}
	value = str_split(c->text, ':', &name);
	if (value.p <= c->text.p + c->text.n && name.n < c->text.n &&
		ticket_profile_is_header(c->args.profile, name))
		c->text = value;
	c->text = str_trim(c->text);
	return CLIENT_OK;
}

// Fills raw even where the ticket does not decode, so that inspection can go as far as it can.
static enum ticket_fault decode(struct check *c)
{
	uint8_t octets[TICKET_MAX];
	size_t n;

	c->ticket.n = 0;
	if (c->args.v[OPT_HEX] == NULL)
		return ticket_decode_header(c->args.profile, c->text, &c->ticket);
	if (!hex_parse(c->text, octets, sizeof(octets), &n))
		return TICKET_FAULT_OVERRUN;
	return ticket_decode(c->args.profile, octets, n, &c->ticket);
}

// ---- inspect ------------------------------------------------------------------------------------

static enum ticket_field field_of(const struct ticket_profile *p, uint32_t type)
{
	enum ticket_field f = 0;

	while (f < TICKET_FIELDS && p->code[f] != type)
		f++;
	return f;
}

static void text_of(
	const struct ticket_profile *p, enum ticket_field f, struct str v, char *buf, size_t size)
{
	const uint8_t *octets = (const uint8_t *)v.p;
	char start[40], stop[40], hex[2 * 64 + 1];
	int64_t a, b;
	size_t min, max;

	ticket_field_range(p, f < TICKET_FIELDS ? f : TICKET_SALT, &min, &max);
	if (f == TICKET_VALIDITY && v.n == max && ticket_time_decode(p, octets, &a) &&
		ticket_time_decode(p, octets + ticket_time_octets(p), &b)) {
		snprintf(buf, size, "%s to %s", ticket_time_text(a, start),
			ticket_time_text(b, stop));
		return;
	}
	if (f == TICKET_EPOCH && v.n == max) {
		uint32_t e = 0;

		for (size_t i = 0; i < v.n; i++)
			e = e << 8 | octets[i];
		snprintf(buf, size, "%u", e);
		return;
	}
	if ((f == TICKET_NUMBER || f == TICKET_GRANTING_DOMAIN || f == TICKET_GRANTED_DOMAIN) &&
		ticket_field_check(p, f, v) == TICKET_FAULT_NONE) {
		snprintf(buf, size, "%.*s", STR_FMT(v));
		return;
	}
	hex_print(octets, v.n < 64 ? v.n : 64, hex);
	snprintf(buf, size, "%s%s", hex, v.n > 64 ? "..." : "");
}

static void tlvs_list(const struct check *c, cJSON *list)
{
	const struct ticket_profile *p = c->args.profile;
	struct str octets = {(const char *)c->ticket.raw, c->ticket.n}, value;
	size_t at = 0;
	uint32_t type;

	while (at < octets.n && ticket_tlv_next(p, octets, &at, &type, &value)) {
		enum ticket_field f = field_of(p, type);
		const char *name = f < TICKET_FIELDS ? ticket_field_name(f)
			: type >= p->optional_from   ? "extension"
						     : "unknown";
		cJSON *row = cJSON_CreateObject();
		char text[300];

		text_of(p, f, value, text, sizeof(text));
		cJSON_AddNumberToObject(row, "type", type);
		cJSON_AddStringToObject(row, "name", name);
		cJSON_AddNumberToObject(row, "length", (double)value.n);
		cJSON_AddStringToObject(row, "value", text);
		cJSON_AddItemToArray(list, row);
	}
}

static void inspection_print(const cJSON *j)
{
	const cJSON *row;

	cJSON_ArrayForEach (row, cJSON_GetObjectItem(j, "fields"))
		printf("0x%04x %-16s %3d  %s\n", cJSON_GetObjectItem(row, "type")->valueint,
			cJSON_GetObjectItem(row, "name")->valuestring,
			cJSON_GetObjectItem(row, "length")->valueint,
			cJSON_GetObjectItem(row, "value")->valuestring);
	printf("%d octets, profile %s: %s\n", cJSON_GetObjectItem(j, "octets")->valueint,
		cJSON_GetObjectItem(j, "profile")->valuestring,
		cJSON_GetObjectItem(j, "result")->valuestring);
}

static int inspect(struct check *c)
{
	enum ticket_fault fault = decode(c);
	cJSON *j = cJSON_CreateObject();
	char result[120];

	snprintf(result, sizeof(result), "%s%s%s", ticket_fault_text(fault),
		fault != TICKET_FAULT_NONE ? ", " : "", ticket_fault_rule(fault));
	cJSON_AddStringToObject(j, "profile", c->args.profile->name);
	cJSON_AddNumberToObject(j, "octets", (double)c->ticket.n);
	cJSON_AddBoolToObject(j, "decodes", fault == TICKET_FAULT_NONE);
	cJSON_AddStringToObject(j, "result", result);
	tlvs_list(c, cJSON_AddArrayToObject(j, "fields"));
	if (c->args.v[OPT_JSON] != NULL) {
		json_print(j);
	} else {
		inspection_print(j);
		cJSON_Delete(j);
	}
	return fault == TICKET_FAULT_NONE ? CLIENT_OK : CLIENT_FAILED;
}

int ticket_inspect_main(int argc, char **argv)
{
	static struct check c;
	bool help;
	int code = ticket_args_read(&c.args, TICKET_CMD_INSPECT, argc, argv, &help);

	if (code == CLIENT_OK && !help)
		code = input_read(&c);
	return code == CLIENT_OK && !help ? inspect(&c) : code;
}

// ---- verify -------------------------------------------------------------------------------------

static void called_read(const char *text, struct did *called)
{
	char uri[64];

	if (text[0] == '+') {
		snprintf(uri, sizeof(uri), "tel:%s", text);
		text = uri;
	}
	did_from_uri(str_from(text), NULL, 0, called);
}

static bool peer_read(const char *text, struct domain_ids *peer)
{
	struct str name = str_from(text);

	if (!domain_valid(name) || name.n > DOMAIN_NAME_MAX)
		return false;
	peer->n = 1;
	peer->id[0].n = (uint8_t)name.n;
	memcpy(peer->id[0].name, name.p, name.n);
	return true;
}

// The ticket in base64, which is what the check takes.
static int text_from_hex(struct check *c)
{
	uint8_t octets[TICKET_MAX];
	size_t n;

	if (!hex_parse(c->text, octets, sizeof(octets), &n))
		return usage_error("TICKET: not hex, or longer than any ticket");
	c->text = (struct str){c->input, base64_encode(octets, n, c->input)};
	return CLIENT_OK;
}

static int verdict_print(const struct check *c, enum ticket_verdict v)
{
	struct ticket scratch;
	const char *detail = "";

	if (v == TICKET_FAIL_DECODE)
		detail =
			ticket_fault_text(ticket_decode_header(c->args.profile, c->text, &scratch));
	if (c->args.v[OPT_JSON] != NULL) {
		cJSON *j = cJSON_CreateObject();

		cJSON_AddBoolToObject(j, "valid", v == TICKET_OK);
		cJSON_AddStringToObject(j, "reason", ticket_verdict_reason(v));
		cJSON_AddStringToObject(j, "counter", ticket_verdict_counter(v));
		cJSON_AddStringToObject(j, "detail", detail);
		json_print(j);
	} else {
		printf("%s%s%s\n", v == TICKET_OK ? "valid" : ticket_verdict_counter(v),
			detail[0] != '\0' ? ": " : "", detail);
	}
	return v == TICKET_OK ? CLIENT_OK : CLIENT_FAILED;
}

static int verify(struct check *c)
{
	const char *const *v = c->args.v;
	struct domain_ids peer = {0};
	struct did called;
	struct ticket_policy policy = {
		.profile = c->args.profile,
		.now = {c->args.epoch, {c->args.password, c->args.password_n}},
	};
	struct ticket_request request = {.called = &called};
	uint64_t skew = 0;

	if (v[OPT_CALLED] == NULL || v[OPT_OWN] == NULL)
		return usage_error("--called and --own are needed");
	if (v[OPT_SKEW] != NULL && !str_to_u64(str_from(v[OPT_SKEW]), 600, &skew))
		return usage_error("--skew: found \"%s\", expected 0 to 600", v[OPT_SKEW]);
	if (v[OPT_PEER] != NULL && !peer_read(v[OPT_PEER], &peer))
		return usage_error("--peer: found \"%s\", expected a DNS name", v[OPT_PEER]);
	if (!ticket_time_parse(
		    v[OPT_NOW] != NULL ? v[OPT_NOW] : "now", now_unix_ns(), &request.now_unix_ns))
		return usage_error("--now: found \"%s\", expected 2026-01-01T00:00:00Z, +1h or -1d",
			v[OPT_NOW]);
	if (v[OPT_HEX] != NULL && text_from_hex(c) != CLIENT_OK)
		return CLIENT_USAGE;
	policy.skew_s = (uint32_t)skew;
	policy.own_domain = str_from(v[OPT_OWN]);
	called_read(v[OPT_CALLED], &called);
	request.header = c->text;
	request.n_headers = c->text.n > 0;
	request.peer = v[OPT_PEER] != NULL ? &peer : NULL;
	return verdict_print(c, ticket_verify(&policy, &request, NULL, NULL, NULL, &c->ticket));
}

int ticket_verify_main(int argc, char **argv)
{
	static struct check c;
	bool help;
	int code = ticket_args_read(&c.args, TICKET_CMD_VERIFY, argc, argv, &help);

	if (code == CLIENT_OK && !help)
		code = input_read(&c);
	if (code == CLIENT_OK && !help)
		code = verify(&c);
	OPENSSL_cleanse(c.args.password, sizeof(c.args.password));
	return code;
}
