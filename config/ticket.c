// SPDX-License-Identifier: BSD-3-Clause
// What a uc-ime says of tickets and of who may call (protocol.md 2.8, 2.9, 2.12). Called from
// config/uc_ime.c.
#include <stdlib.h>
#include <time.h>

#include "config/schema.h"
#include "lib/domain.h"
#include "lib/sip.h"
#include "lib/ticket.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

// ---- Epoch and password -------------------------------------------------------------------------

static void read_password(struct loader *l, const struct node *n, char *password)
{
	static const struct field path = {.kind = FIELD_PATH, .size = CONFIG_PATH_MAX};
	char file[CONFIG_PATH_MAX] = "";

	read_field(l, n, &path, file);
	if (file[0] != '\0' && l->read_files)
		secret_password(l, n, file, password);
}

static void read_password_file(struct loader *l, const struct node *n, void *obj)
{
	read_password(l, n, ((struct config_ime *)obj)->password);
}

static void read_previous_file(struct loader *l, const struct node *n, void *obj)
{
	read_password(l, n, ((struct config_ime *)obj)->previous_password);
}

// Its value is not repeated, nor kept.
static void read_password_here(struct loader *l, const struct node *n, void *obj)
{
	errors_add(l->errs, n->key_at,
		"password: found in the configuration, expected a password-file beside it");
}

static void read_profile(struct loader *l, const struct node *n, void *obj)
{
	struct config_ime *m = obj;

	if (!want_scalar(l, n, "t1 or t2"))
		return;
	if (!str_eq(n->text, STR_LIT("t1")) && !str_eq(n->text, STR_LIT("t2")))
		fault_expected(l, n, "t1 or t2");
	else
		str_copy(n->text, m->ticket_profile, sizeof(m->ticket_profile));
}

// A point in time, not a length: it means the same after a restart.
static void read_until(struct loader *l, const struct node *n, void *obj)
{
	struct config_ime *m = obj;
	char text[32];
	struct tm tm = {0};
	const char *end = NULL;

	if (!want_scalar(l, n, "a time such as 2026-12-01T00:00:00Z"))
		return;
	if (str_copy(n->text, text, sizeof(text)))
		end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (end == NULL || *end != '\0' || timegm(&tm) < 0)
		fault_expected(l, n, "a time such as 2026-12-01T00:00:00Z");
	else
		m->previous_until_s = (uint64_t)timegm(&tm);
}

static void read_previous(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"epoch", .kind = FIELD_UINT, .required = true,
			FIELD_AT(struct config_ime, previous_epoch), .min = 1, .max = 255},
		{"password-file", .kind = FIELD_READ, .required = true, .read = read_previous_file},
		{"until", .kind = FIELD_READ, .required = true, .read = read_until},
		{"password", .kind = FIELD_READ, .read = read_password_here},
	};

	read_map(l, n, fields, COUNT(fields), obj);
}

void read_ticket(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"epoch", .kind = FIELD_UINT, .required = true, FIELD_AT(struct config_ime, epoch),
			.min = 1, .max = 255},
		{"password-file", .kind = FIELD_READ, .required = true, .read = read_password_file},
		{"profile", .kind = FIELD_READ, .read = read_profile},
		{"skew", .kind = FIELD_UINT, FIELD_AT(struct config_ime, ticket_skew_s), .max = 600,
			.expected = "seconds"},
		{"password", .kind = FIELD_READ, .read = read_password_here},
		{"grace", .kind = FIELD_UINT, FIELD_AT(struct config_ime, ticket_grace_s),
			.max = TICKET_GRACE_MAX_S, .expected = "seconds"},
		{"previous", .kind = FIELD_READ, .read = read_previous},
	};
	struct config_ime *m = obj;

	read_map(l, n, fields, COUNT(fields), m);
	if (m->previous_epoch != 0 && m->previous_epoch == m->epoch)
		fault_expected(l, node_get(node_get(n, "previous"), "epoch"),
			"another epoch than the one in force (CLI-1)");
}

// ---- Who may call -------------------------------------------------------------------------------

static void read_domain_list(struct loader *l, const struct node *n, struct config_domains *d)
{
	size_t i = 0;

	if (!want_list(l, n))
		return;
	if (n->n == 0 || n->n > CONFIG_DOMAINS_MAX) {
		fault(l, n, "found %zu domains, expected 1 to %u", n->n, CONFIG_DOMAINS_MAX);
		return;
	}
	if (!read_array(l, n, sizeof(*d->list), (void **)&d->list, &d->n))
		return;
	for (const struct node *x = n->children; x != NULL; x = x->next, i++) {
		if (!want_scalar(l, x, "a domain name"))
			continue;
		if (!domain_entry_valid(x->text) ||
			!str_copy(x->text, d->list[i].name, sizeof(d->list[i].name)))
			fault_expected(l, x,
				"a domain name, or .NAME for every name below it; * matches "
				"nothing (2.10)");
	}
}

static void read_allow(struct loader *l, const struct node *n, void *obj)
{
	read_domain_list(l, n, &((struct config_ime *)obj)->callers[CALLERS_ALLOW]);
}

static void read_deny(struct loader *l, const struct node *n, void *obj)
{
	read_domain_list(l, n, &((struct config_ime *)obj)->callers[CALLERS_DENY]);
}

void read_caller_domains(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"allow", .kind = FIELD_READ, .read = read_allow},
		{"deny", .kind = FIELD_READ, .read = read_deny},
	};

	read_map(l, n, fields, COUNT(fields), obj);
}

// ---- Which number, which method -----------------------------------------------------------------

static bool are_digits(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 0 && s.n <= DID_DIGITS_MAX;
}

static void read_strip(struct loader *l, const struct node *n, void *obj)
{
	struct did_rule *r = obj;

	if (!want_scalar(l, n, "1 to 15 digits"))
		return;
	if (!are_digits(n->text) || !str_copy(n->text, r->strip, sizeof(r->strip)))
		fault_expected(l, n, "1 to 15 digits");
}

static void read_add(struct loader *l, const struct node *n, void *obj)
{
	struct did_rule *r = obj;
	struct str digits;

	if (!want_scalar(l, n, "+ and up to 15 digits"))
		return;
	digits = str_has_prefix(n->text, STR_LIT("+")) ? (struct str){n->text.p + 1, n->text.n - 1}
						       : STR_LIT("none");
	if ((digits.n > 0 && !are_digits(digits)) || !str_copy(digits, r->add, sizeof(r->add)))
		fault_expected(l, n, "+ and up to 15 digits");
}

void read_did_normalise(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"strip", .kind = FIELD_READ, .read = read_strip},
		{"add", .kind = FIELD_READ, .required = true, .read = read_add},
		{"length", .kind = FIELD_UINT, FIELD_AT(struct did_rule, length), .min = 1,
			.max = 2 * DID_DIGITS_MAX, .expected = "digits"},
	};
	struct config_ime *m = obj;

	if (!want_list(l, n))
		return;
	if (n->n == 0 || n->n > CONFIG_DID_RULES) {
		fault(l, n, "found %zu rules, expected 1 to %u", n->n, CONFIG_DID_RULES);
		return;
	}
	for (const struct node *x = n->children; x != NULL; x = x->next)
		read_map(l, x, fields, COUNT(fields), &m->did_rules[m->n_did_rules++]);
}

// What may stand alone. INVITE needs its ticket, whatever anybody configures (SIP-1).
static const struct {
	enum sip_method method;
	const char *expected; // NULL: it may
} methods[] = {
	{SIP_OPTIONS, NULL},
	{SIP_MESSAGE, NULL},
	{SIP_INFO, NULL},
	{SIP_NOTIFY, NULL},
	{SIP_PUBLISH, NULL},
	{SIP_REGISTER, NULL},
	{SIP_INVITE, "another method: an INVITE needs a ticket (SIP-1)"},
	{SIP_SUBSCRIBE, "another method: what a SUBSCRIBE opens would not be known"},
	{SIP_REFER, "another method: what a REFER opens would not be known"},
	{SIP_ACK, "another method: an ACK belongs to an INVITE"},
	{SIP_BYE, "another method: a BYE belongs to a dialog"},
	{SIP_CANCEL, "another method: a CANCEL belongs to an INVITE"},
	{SIP_PRACK, "another method: a PRACK belongs to a dialog"},
	{SIP_UPDATE, "another method: an UPDATE belongs to a dialog"},
};

static void read_method(struct loader *l, const struct node *n, struct config_ime *m)
{
	static const char known[] = "OPTIONS, MESSAGE, INFO, NOTIFY, PUBLISH or REGISTER";
	size_t i = 0;

	if (!want_scalar(l, n, known))
		return;
	while (i < COUNT(methods) && methods[i].method != sip_method_of(n->text))
		i++;
	if (i == COUNT(methods) || methods[i].expected != NULL)
		fault_expected(l, n, i == COUNT(methods) ? known : methods[i].expected);
	else
		m->outside_methods |= 1u << methods[i].method;
}

void read_outside_methods(struct loader *l, const struct node *n, void *obj)
{
	if (!want_list(l, n))
		return;
	for (const struct node *x = n->children; x != NULL; x = x->next)
		read_method(l, x, obj);
}
