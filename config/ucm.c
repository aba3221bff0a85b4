// SPDX-License-Identifier: BSD-3-Clause
// What a uc-ime says about its call managers' health and about how much it admits: options-ping,
// limits, and the port at which a call manager takes SIP. Called from config/uc_ime.c and
// config/check_ime.c.
#include "config/schema.h"

#define COUNT(a)   (sizeof(a) / sizeof((a)[0]))
#define LIMIT_MAX  1000000
#define BURST_OF_S 2 // seconds of the rate, unless the burst is given

void read_options_ping(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"interval", .kind = FIELD_UINT, FIELD_AT(struct config_ime, ping.interval_s),
			.max = 600, .expected = "seconds"},
		{"timeout", .kind = FIELD_UINT, FIELD_AT(struct config_ime, ping.timeout_s),
			.min = 1, .max = 10, .expected = "seconds"},
		{"retry-count", .kind = FIELD_UINT, FIELD_AT(struct config_ime, ping.retries),
			.min = 1, .max = 10},
	};

	read_map(l, n, fields, COUNT(fields), obj);
}

// A burst without its rate limits nothing, which nobody wants who writes it.
static void settle_burst(
	struct loader *l, const struct node *n, const char *key, uint32_t rate, uint32_t *burst)
{
	if (*burst == 0)
		*burst = rate * BURST_OF_S;
	else if (rate == 0)
		fault(l, n, "found %s alone, expected the rate that it belongs to", key);
}

void read_limits(struct loader *l, const struct node *n, void *obj)
{
#define LIMIT(key, member)                                                                         \
	{                                                                                          \
		key, .kind = FIELD_UINT, FIELD_AT(struct config_ime, limits.member), .min = 1,     \
		     .max = LIMIT_MAX                                                              \
	}
	static const struct field fields[] = {
		LIMIT("srtp-sessions", srtp_sessions),
		LIMIT("calls-per-domain", domain_calls),
		LIMIT("calls-per-second", rate),
		LIMIT("burst", burst),
		LIMIT("calls-per-second-per-domain", domain_rate),
		LIMIT("burst-per-domain", domain_burst),
		{"retry-after", .kind = FIELD_UINT,
			FIELD_AT(struct config_ime, limits.retry_after_s), .min = 1, .max = 3600,
			.expected = "seconds"},
	};
#undef LIMIT
	struct config_limits *m = &((struct config_ime *)obj)->limits;

	read_map(l, n, fields, COUNT(fields), obj);
	settle_burst(l, n, "burst", m->rate, &m->burst);
	settle_burst(l, n, "burst-per-domain", m->domain_rate, &m->domain_burst);
}

// The one port that an access list names for a host; 0: none, or a range.
static uint16_t port_in(const struct config_acl *acl, const struct ip_addr *ip)
{
	for (size_t i = 0; i < acl->n; i++) {
		const struct ace *a = &acl->aces[i];

		if (a->permit && a->proto == PROTO_TCP && prefix_has(&a->dst, ip) &&
			a->dport.lo == a->dport.hi)
			return a->dport.lo;
	}
	return 0;
}

void settle_ucm_ports(struct config *c)
{
	for (size_t m = 0; m < c->n_imes; m++) {
		for (size_t u = 0; u < c->imes[m].n_ucms; u++) {
			struct config_ucm *ucm = &c->imes[m].ucms[u];

			for (size_t i = 0; i < c->n_inspects && ucm->port == 0; i++) {
				const struct config_inspect *in = &c->inspects[i];

				if (in->tls_proxy >= 0 && in->acl >= 0 &&
					c->tls_proxies[in->tls_proxy].outside == TLS_SERVER)
					ucm->port = port_in(&c->acls[in->acl], &ucm->ip);
			}
		}
	}
}
