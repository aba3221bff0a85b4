// SPDX-License-Identifier: BSD-3-Clause
// callgate ticket mint.
#include <stdio.h>
#include <time.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "lib/base64.h"
#include "tools/callgate/ticket.h"

#define VALID_NS (90ll * 86400 * 1000000000)

// What the slices of a grant point to.
struct mint {
	struct ticket_args args;
	struct ticket_grant grant;
	uint8_t salt[TICKET_SALT_MAX], node[64];
	char second[1 + DID_DIGITS_MAX];
	struct ticket_tlv extra;
	uint8_t out[1024];
	size_t n;
};

static int random_or_hex(
	const char *name, const char *text, uint8_t *out, size_t max, size_t def, size_t *n)
{
	if (text != NULL && !hex_parse(str_from(text), out, max, n))
		return usage_error(
			"--%s: found \"%s\", expected up to %zu octets in hex", name, text, max);
	if (text == NULL) {
		*n = def;
		if (def > 0 && RAND_bytes(out, (int)def) != 1)
			return usage_error("no random numbers");
	}
	return CLIENT_OK;
}

static int times_fill(struct mint *m)
{
	const char *start = m->args.v[OPT_START], *stop = m->args.v[OPT_STOP];
	struct timespec ts;
	int64_t now_ns;

	clock_gettime(CLOCK_REALTIME, &ts);
	now_ns = (int64_t)ts.tv_sec * 1000000000ll;
	if (!ticket_time_parse(start != NULL ? start : "now", now_ns, &m->grant.start_ns))
		return usage_error(
			"--start: found \"%s\", expected 2026-01-01T00:00:00Z, +1h or -1d", start);
	m->grant.stop_ns = m->grant.start_ns + VALID_NS;
	if (stop != NULL && !ticket_time_parse(stop, now_ns, &m->grant.stop_ns))
		return usage_error(
			"--stop: found \"%s\", expected 2026-01-01T00:00:00Z, +1h or -1d", stop);
	return CLIENT_OK;
}

static int octets_fill(struct mint *m)
{
	const char *const *v = m->args.v;
	size_t uuid_n, salt_n, node_n;
	int code = random_or_hex("uuid", v[OPT_UUID], m->grant.uuid, 16, 16, &uuid_n);

	if (code == CLIENT_OK && uuid_n != 16)
		code = usage_error("--uuid: expected 16 octets");
	if (code == CLIENT_OK)
		code = random_or_hex("salt", v[OPT_SALT], m->salt, sizeof(m->salt), 16, &salt_n);
	if (code == CLIENT_OK)
		code = random_or_hex("node", v[OPT_NODE], m->node, sizeof(m->node), 0, &node_n);
	if (code != CLIENT_OK)
		return code;
	if (v[OPT_UUID] == NULL) { // RFC 4122 4.4
		m->grant.uuid[6] = (uint8_t)(0x40 | (m->grant.uuid[6] & 0x0f));
		m->grant.uuid[8] = (uint8_t)(0x80 | (m->grant.uuid[8] & 0x3f));
	}
	m->grant.salt = (struct str){(const char *)m->salt, salt_n};
	m->grant.granting_node = (struct str){(const char *)m->node, node_n};
	return CLIENT_OK;
}

// ---- Corruption: tickets that must be refused, each for one reason ------------------------------

static void corrupt_dup(struct mint *m)
{
	struct str number = m->grant.number;
	size_t n = number.n <= sizeof(m->second) ? number.n : sizeof(m->second);

	memcpy(m->second, number.p, n);
	for (size_t i = n > 3 ? n - 2 : n; i < n; i++)
		m->second[i] = '9';
	m->extra = (struct ticket_tlv){m->args.profile->code[TICKET_NUMBER], {m->second, n}};
	m->grant.extra = &m->extra;
	m->grant.n_extra = 1;
}

static void corrupt_unknown(struct mint *m)
{
	m->extra = (struct ticket_tlv){0x0042, STR_LIT("x")};
	m->grant.extra = &m->extra;
	m->grant.n_extra = 1;
}

static void corrupt_mac(struct mint *m)
{
	m->out[m->n - 1] ^= 1;
}

static void corrupt_trunc(struct mint *m)
{
	m->n -= 4;
}

// Integrity before Epoch, the last two.
static void corrupt_order(struct mint *m)
{
	const struct ticket_profile *p = m->args.profile;
	size_t head = (size_t)p->type_octets + p->length_octets;
	size_t mac = head + p->mac_octets, epoch = head + p->epoch_octets;
	uint8_t *at = m->out + m->n - mac - epoch, copy[64];

	memcpy(copy, at, epoch);
	memmove(at, at + epoch, mac);
	memcpy(at + mac, copy, epoch);
}

static const struct {
	const char *name;
	void (*before)(struct mint *m), (*after)(struct mint *m);
} corruptions[] = {
	{"mac", NULL, corrupt_mac}, {"trunc", NULL, corrupt_trunc}, {"dup", corrupt_dup, NULL},
	{"unknown", corrupt_unknown, NULL}, {"order", NULL, corrupt_order},
	{"b64", NULL, NULL}, // in the text
};

// Index in the table, -1 when nothing is to be corrupted, -2 for an unknown name.
static int corruption_find(const char *name)
{
	if (name == NULL)
		return -1;
	for (size_t i = 0; i < sizeof(corruptions) / sizeof(corruptions[0]); i++)
		if (strcmp(name, corruptions[i].name) == 0)
			return (int)i;
	return -2;
}

// The alphabet of base64url, where that makes a difference.
static void text_corrupt(char *text)
{
	bool changed = false;

	for (char *c = text; *c != '\0'; c++) {
		if (*c == '+') {
			*c = '-';
			changed = true;
		}
	}
	if (!changed)
		text[0] = '-';
}

// ---- Output -------------------------------------------------------------------------------------

static int print(const struct mint *m, bool corrupt_text)
{
	const char *form = m->args.v[OPT_OUTPUT] != NULL ? m->args.v[OPT_OUTPUT] : "base64";
	char text[BASE64_SIZE(sizeof(m->out))], hex[2 * sizeof(m->out) + 1];
	cJSON *j;

	base64_encode(m->out, m->n, text);
	if (corrupt_text)
		text_corrupt(text);
	hex_print(m->out, m->n, hex);
	if (m->args.v[OPT_JSON] != NULL) {
		j = cJSON_CreateObject();
		cJSON_AddStringToObject(j, "header", m->args.profile->header[0]);
		cJSON_AddStringToObject(j, "ticket", text);
		cJSON_AddStringToObject(j, "hex", hex);
		json_print(j);
	} else if (strcmp(form, "base64") == 0) {
		puts(text);
	} else if (strcmp(form, "hex") == 0) {
		puts(hex);
	} else if (strcmp(form, "header") == 0) {
		printf("%s: %s\n", m->args.profile->header[0], text);
	} else {
		return usage_error("--output: found \"%s\", expected base64, hex or header", form);
	}
	return CLIENT_OK;
}

static int mint(struct mint *m)
{
	const char *const *v = m->args.v;
	struct str password = {m->args.password, m->args.password_n};
	int how = corruption_find(v[OPT_CORRUPT]), code;
	enum ticket_fault fault;

	if (v[OPT_NUMBER] == NULL || v[OPT_GRANTING] == NULL || v[OPT_GRANTED] == NULL)
		return usage_error("--number, --granting and --granted are needed");
	if (how == -2)
		return usage_error("--corrupt: found \"%s\", expected mac, trunc, dup, unknown, "
				   "order or b64",
			v[OPT_CORRUPT]);
	m->grant.epoch = m->args.epoch;
	m->grant.number = str_from(v[OPT_NUMBER]);
	m->grant.granting_domain = str_from(v[OPT_GRANTING]);
	m->grant.granted_domain = str_from(v[OPT_GRANTED]);
	code = times_fill(m);
	if (code == CLIENT_OK)
		code = octets_fill(m);
	if (code != CLIENT_OK)
		return code;
	if (how >= 0 && corruptions[how].before != NULL)
		corruptions[how].before(m);
	fault = ticket_mint(m->args.profile, &m->grant, password, m->out, sizeof(m->out), &m->n);
	if (fault != TICKET_FAULT_NONE)
		return usage_error(
			"no ticket: %s (%s)", ticket_fault_text(fault), ticket_fault_rule(fault));
	if (how >= 0 && corruptions[how].after != NULL)
		corruptions[how].after(m);
	return print(m, how >= 0 && strcmp(corruptions[how].name, "b64") == 0);
}

int ticket_mint_main(int argc, char **argv)
{
	struct mint m = {0};
	bool help;
	int code = ticket_args_read(&m.args, TICKET_CMD_MINT, argc, argv, &help);

	if (code == CLIENT_OK && !help)
		code = mint(&m);
	OPENSSL_cleanse(m.args.password, sizeof(m.args.password));
	return code;
}
