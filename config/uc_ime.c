// SPDX-License-Identifier: BSD-3-Clause
// media-termination and uc-ime (protocol.md 9.1). Called from config/load.c.
#include "config/schema.h"
#include "lib/ticket.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define STRICT_PASSWORD                                                                            \
	"found a password with a character beyond s, expected characters from ! to s, because "    \
	"parity is strict (E1)"

static void read_media_iface(struct loader *l, const struct node *n, void *obj)
{
	struct config_media_addr *a = obj;
	int i = read_iface(l, n);

	if (i >= 0)
		a->iface = (uint16_t)i;
}

static void read_media_addresses(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"address", .kind = FIELD_HOST, .required = true,
			FIELD_AT(struct config_media_addr, ip)},
		{"interface", .kind = FIELD_READ, .read = read_media_iface},
	};
	struct config_mta *m = obj;
	size_t i = 0;

	if (!want_list(l, n) ||
		!read_array(l, n, sizeof(*m->addrs), (void **)&m->addrs, &m->n_addrs))
		return;
	for (const struct node *x = n->children; x != NULL; x = x->next, i++) {
		m->addrs[i].iface = UINT16_MAX; // all of them, see check_media()
		read_map(l, x, fields, COUNT(fields), &m->addrs[i]);
	}
}

void read_media_termination(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"addresses", .kind = FIELD_READ, .required = true, .read = read_media_addresses},
		{"rtp-min-port", "rtp-minport", .kind = FIELD_UINT,
			FIELD_AT(struct config_mta, rtp_min_port), .min = 1024, .max = 65535,
			.expected = "a port"},
		{"rtp-max-port", "rtp-maxport", .kind = FIELD_UINT,
			FIELD_AT(struct config_mta, rtp_max_port), .min = 1024, .max = 65535,
			.expected = "a port"},
		{"port-guard", .kind = FIELD_TIME, FIELD_AT(struct config_mta, port_guard_s),
			.max = 3600},
	};
	struct config *c = obj;
	size_t i = 0;

	if (!want_map(l, n) || !read_array(l, n, sizeof(*c->mtas), (void **)&c->mtas, &c->n_mtas))
		return;
	for (const struct node *x = n->children; x != NULL; x = x->next, i++) {
		c->mtas[i].rtp_min_port = 16384;
		c->mtas[i].rtp_max_port = 32767;
		c->mtas[i].port_guard_s = 30;
		read_entry_name(l, x, c->mtas[i].name, sizeof(c->mtas[i].name));
		read_map(l, x, fields, COUNT(fields), &c->mtas[i]);
	}
}

// E3: the manual writes nonsecure and non-secure.
static void read_trunk_mode(struct loader *l, const struct node *n, void *obj)
{
	if (!want_scalar(l, n, "secure or nonsecure"))
		return;
	if (str_eq(n->text, STR_LIT("secure")))
		((struct config_ucm *)obj)->secure = true;
	else if (!str_eq(n->text, STR_LIT("nonsecure")) && !str_eq(n->text, STR_LIT("non-secure")))
		fault_expected(l, n, "secure or nonsecure");
}

static void read_ucms(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"address", .kind = FIELD_HOST, .required = true, FIELD_AT(struct config_ucm, ip)},
		{"trunk-security-mode", .kind = FIELD_READ, .required = true,
			.read = read_trunk_mode},
		{"port", .kind = FIELD_UINT, FIELD_AT(struct config_ucm, port), .min = 1,
			.max = 65535, .expected = "a port"},
	};
	struct config_ime *m = obj;
	size_t i = 0;

	if (!want_list(l, n))
		return;
	if (n->n == 0)
		fault(l, n, "found an empty list, expected at least one call manager (CLI-7)");
	if (!read_array(l, n, sizeof(*m->ucms), (void **)&m->ucms, &m->n_ucms))
		return;
	for (const struct node *x = n->children; x != NULL; x = x->next, i++)
		read_map(l, x, fields, COUNT(fields), &m->ucms[i]);
}

static void read_inside_trustpoint(struct loader *l, const struct node *n, void *obj)
{
	const struct node *section = node_get(l->root, "trustpoints");
	int i = read_ref(l, n, section, "the name of a trustpoint");

	if (i >= 0 && node_get(node_at(section, (size_t)i), "certificate") == NULL)
		fault_expected(l, n, "a trustpoint with a certificate and a key (E14)");
	((struct config_ime *)obj)->inside_identity = i;
}

static void read_inside_identity(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"trust-point", .kind = FIELD_READ, .required = true,
			.read = read_inside_trustpoint},
	};

	read_map(l, n, fields, COUNT(fields), obj);
}

static void read_ime_mta(struct loader *l, const struct node *n, void *obj)
{
	struct config_ime *m = obj;
	int i = read_ref(l, n, node_get(l->root, "media-termination"),
		"the name of a media-termination (CLI-3)");

	if (i >= 0)
		m->mta = (size_t)i;
}

// A name that a certificate can carry: labels of letters, digits and hyphens.
static void read_domain(struct loader *l, const struct node *n, void *obj)
{
	struct config_ime *m = obj;
	struct str rest = n->text, label;
	bool ok = rest.n > 0 && rest.n <= 253 && rest.p[rest.n - 1] != '.';

	if (!want_scalar(l, n, "a domain name such as enterprise-a.example"))
		return;
	while (ok && rest.n > 0) {
		rest = str_split(rest, '.', &label);
		ok = label.n > 0 && label.n <= 63 && label.p[0] != '-' &&
			label.p[label.n - 1] != '-';
		for (size_t i = 0; i < label.n; i++) {
			char ch = label.p[i];

			ok = ok &&
				((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
					(ch >= '0' && ch <= '9') || ch == '-');
		}
	}
	if (!ok)
		fault_expected(l, n, "a domain name such as enterprise-a.example");
	else
		str_copy(n->text, m->domain, sizeof(m->domain));
}

#define SUITE_LIST_MAX 128

// The names of all suites, as a fault lists them.
static const char *suite_names(char buf[SUITE_LIST_MAX])
{
	size_t used = 0;

	for (int s = 0; s < SDES_SUITES; s++)
		used += (size_t)snprintf(buf + used, SUITE_LIST_MAX - used, "%s%s",
			s == 0                         ? ""
				: s == SDES_SUITES - 1 ? " or "
						       : ", ",
			sdes_suite_name((enum sdes_suite)s));
	return buf;
}

static void read_suite(
	struct loader *l, const struct node *n, uint8_t suites[SDES_SUITES], size_t *count)
{
	char names[SUITE_LIST_MAX], found[FOUND_MAX], hint[SUGGESTION_MAX];
	struct suggestion near = {.word = n->text};
	enum sdes_suite s;

	if (!want_scalar(l, n, suite_names(names)))
		return;
	if (!sdes_suite_of(n->text, &s)) {
		for (int k = 0; k < SDES_SUITES; k++)
			suggestion_offer(&near, str_from(sdes_suite_name((enum sdes_suite)k)));
		fault(l, n, "found %s, expected %s%s", found_node(n, found), suite_names(names),
			suggestion_text(&near, hint));
	} else if (memchr(suites, (int)s, *count) != NULL) {
		fault_expected(l, n, "each suite once");
	} else {
		suites[(*count)++] = (uint8_t)s;
	}
}

static void read_suites(
	struct loader *l, const struct node *n, uint8_t suites[SDES_SUITES], size_t *count)
{
	*count = 0;
	if (!want_list(l, n))
		return;
	if (n->n == 0)
		fault(l, n, "found an empty list, expected at least one suite");
	for (const struct node *x = n->children; x != NULL; x = x->next)
		read_suite(l, x, suites, count);
}

static void read_srtp_offer(struct loader *l, const struct node *n, void *obj)
{
	struct config_ime *m = obj;

	read_suites(l, n, m->srtp_offer, &m->n_srtp_offer);
}

static void read_srtp_accept(struct loader *l, const struct node *n, void *obj)
{
	struct config_ime *m = obj;

	read_suites(l, n, m->srtp_accept, &m->n_srtp_accept);
}

// An answer to our offer could not be accepted otherwise.
static void read_srtp(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"offer", .kind = FIELD_READ, .read = read_srtp_offer},
		{"accept", .kind = FIELD_READ, .read = read_srtp_accept},
	};
	struct config_ime *m = obj;

	read_map(l, n, fields, COUNT(fields), m);
	if (m->n_srtp_accept == 0)
		return;
	for (size_t i = 0; i < m->n_srtp_offer; i++)
		if (memchr(m->srtp_accept, m->srtp_offer[i], m->n_srtp_accept) == NULL)
			fault(l, n, "found %s in offer alone, expected it in accept too",
				sdes_suite_name((enum sdes_suite)m->srtp_offer[i]));
}

static const char *const parities[] = {"off", "strict", NULL};
static const char *const rtcps[] = {"drop", "relay", NULL};
static const char *const failure_actions[] = {
	[FAILURE_DROP] = "drop", [FAILURE_REJECT] = "reject", NULL};
static const char *const did_sources[] = {
	[DID_REQUEST_URI] = "request-uri", [DID_TO] = "to", [DID_BOTH] = "both", NULL};
static const char *const route_checks[] = {
	[ROUTE_CHECK_IF_PRESENT] = "if-present", [ROUTE_CHECK_REQUIRE] = "require", NULL};

static const struct field ime_fields[] = {
	{"media-termination", .kind = FIELD_READ, .required = true, .read = read_ime_mta},
	{"ucm-addresses", .kind = FIELD_READ, .required = true, .read = read_ucms},
	{"options-ping", .kind = FIELD_READ, .read = read_options_ping},
	{"limits", .kind = FIELD_READ, .read = read_limits},
	{"ticket", .kind = FIELD_READ, .required = true, .read = read_ticket},
	{"ticket-failure-action", .kind = FIELD_ENUM,
		FIELD_AT(struct config_ime, ticket_failure_action), .names = failure_actions},
	{"did-source", .kind = FIELD_ENUM, FIELD_AT(struct config_ime, did_source),
		.names = did_sources},
	{"route-check", .kind = FIELD_ENUM, FIELD_AT(struct config_ime, route_check),
		.names = route_checks},
	{"domain", .kind = FIELD_READ, .read = read_domain},
	{"fallback", .kind = FIELD_READ, .read = read_fallback},
	{"parity", .kind = FIELD_ENUM, FIELD_AT(struct config_ime, parity_strict),
		.names = parities},
	{"rtcp", .kind = FIELD_ENUM, FIELD_AT(struct config_ime, rtcp_relay), .names = rtcps},
	{"call-id-privacy", .kind = FIELD_BOOL, FIELD_AT(struct config_ime, call_id_privacy)},
	{"media-latch", .kind = FIELD_BOOL, FIELD_AT(struct config_ime, media_latch)},
	{"srtp", .kind = FIELD_READ, .read = read_srtp},
	{"stir", .kind = FIELD_READ, .read = read_stir},
	{"mapping-service", .kind = FIELD_READ, .read = read_mapping_service},
	{"passthrough", .kind = FIELD_REFUSED,
		.expected = "it left out: media passes through where both sides have one suite"},
	{"inside-identity", .kind = FIELD_READ, .read = read_inside_identity},
	{"did-normalise", .kind = FIELD_READ, .read = read_did_normalise},
	{"outside-allow-method", .kind = FIELD_READ, .read = read_outside_methods},
	{"domains", .kind = FIELD_READ, .read = read_caller_domains},
};

// E1: what the manual's grammar takes, though its own example breaks it.
static void settle_passwords(struct loader *l, const struct node *n, const struct config_ime *m)
{
	const struct node *ticket = node_get(n, "ticket");
	const struct node *previous = node_get(ticket, "previous");

	if (m->password[0] != '\0' && !ticket_password_ok(str_from(m->password), true))
		fault(l, ticket, STRICT_PASSWORD);
	if (m->previous_password[0] != '\0' &&
		!ticket_password_ok(str_from(m->previous_password), true))
		fault(l, previous, STRICT_PASSWORD);
}

// The original has no RTCP, so there it is off unless somebody asks for a contradiction.
static void settle_parity(struct loader *l, const struct node *n, struct config_ime *m)
{
	const struct node *rtcp = node_get(n, "rtcp");

	if (!m->parity_strict)
		return;
	if (rtcp != NULL && m->rtcp_relay)
		fault_expected(l, rtcp, "drop, because parity is strict");
	m->rtcp_relay = false;
	settle_passwords(l, n, m);
}

void read_uc_ime(struct loader *l, const struct node *n, void *obj)
{
	struct config *c = obj;
	size_t i = 0;

	if (!want_map(l, n) || !read_array(l, n, sizeof(*c->imes), (void **)&c->imes, &c->n_imes))
		return;
	for (const struct node *x = n->children; x != NULL; x = x->next, i++) {
		struct config_ime *m = &c->imes[i];

		*m = (struct config_ime){.mta = SIZE_MAX,
			.inside_identity = -1,
			.ping = {.interval_s = 10, .timeout_s = 2, .retries = 2},
			.limits = {.retry_after_s = 5},
			.ticket_profile = "t1",
			.fallback = fallback_default(),
			.rtcp_relay = true,
			.srtp_offer = {SDES_AES_CM_128_HMAC_SHA1_80, SDES_AES_CM_128_HMAC_SHA1_32},
			.n_srtp_offer = 2,
			.n_srtp_accept = SDES_SUITES,
			.stir = {.freshness_s = 60}};
		for (uint8_t s = 0; s < SDES_SUITES; s++)
			m->srtp_accept[s] = s;
		read_entry_name(l, x, m->name, 64 + 1);
		read_map(l, x, ime_fields, COUNT(ime_fields), m);
		settle_parity(l, x, m);
		if (i == 1)
			errors_add(l->errs, x->key_at,
				"uc-ime: found a second one, expected one (CLI-3)");
	}
}
