// SPDX-License-Identifier: BSD-3-Clause
#include "cp/limit.h"

#include "cp/failover.h"

struct domain *limit_domain(const struct pass *p)
{
	struct str name = trunk_identity(p->t);

	return name.n > 0 ? domains_get(p->ime->domains, name) : NULL;
}

// INVITEs from the Internet; the own call managers' are their own affair.
static enum counter_id limit_rates(struct pass *p, struct domain *d)
{
	const struct config_limits *c = &p->ime->cfg->limits;
	struct bucket_rate of_domain = bucket_rate(c->domain_rate, c->domain_burst);
	struct bucket_rate of_all = bucket_rate(c->rate, c->burst);

	if (p->from == SIDE_INSIDE)
		return CNT_NONE;
	if (d != NULL && c->domain_rate > 0 && !bucket_take(&d->invites, &of_domain, p->now_ns))
		return CNT_LIMIT_DOMAIN_RATE;
	if (c->rate > 0 && !bucket_take(&p->ime->invites, &of_all, p->now_ns))
		return CNT_LIMIT_RATE;
	return CNT_NONE;
}

enum counter_id limit_call(struct pass *p)
{
	const struct config_limits *c = &p->ime->cfg->limits;
	struct domain *d = limit_domain(p);

	if (p->from == SIDE_OUTSIDE && !failover_reaches(p->t))
		return CNT_UCM_DOWN;
	if (d != NULL && c->domain_calls > 0 && d->calls >= c->domain_calls)
		return CNT_LIMIT_DOMAIN_CALLS;
	if (!trunks_reverse_room(p->t))
		return CNT_LIMIT_TLS;
	return limit_rates(p, d);
}

enum counter_id limit_media(const struct pass *p)
{
	uint32_t max = p->ime->cfg->limits.srtp_sessions;

	return max > 0 && mta_usage(p->ime->mta).srtp > max ? CNT_LIMIT_SRTP : CNT_NONE;
}

// ---- What `show` reads -------------------------------------------------------------------------

// How much of a bucket's burst is gone.
static uint64_t used(const struct bucket *b, uint32_t rate, uint32_t burst, uint64_t now_ns)
{
	struct bucket_rate r = bucket_rate(rate, burst);

	return rate > 0 && b->full_at_ns > now_ns ? (b->full_at_ns - now_ns) / r.interval_ns : 0;
}

struct busiest {
	const struct ime *ime;
	uint64_t calls, invites;
};

static void visit(const struct domain *d, void *arg)
{
	struct busiest *b = arg;
	const struct config_limits *c = &b->ime->cfg->limits;
	uint64_t invites = used(&d->invites, c->domain_rate, c->domain_burst, ime_now(b->ime));

	b->calls = d->calls > b->calls ? d->calls : b->calls;
	b->invites = invites > b->invites ? invites : b->invites;
}

static struct busiest busiest(const struct ime *ime)
{
	struct busiest b = {.ime = ime};

	domains_foreach(ime->domains, visit, &b);
	return b;
}

void ime_limits(const struct ime *ime, struct ime_limit out[IME_LIMITS])
{
	const struct config_limits *c = &ime->cfg->limits;
	struct busiest most = busiest(ime);
	const struct {
		const char *name;
		uint64_t in_use, max;
		enum counter_id counter;
	} rows[IME_LIMITS] = {
		{"tls-proxy maximum-sessions", trunks_usage(ime->trunks).tls,
			ime->config->tls_sessions_max, CNT_LIMIT_TLS},
		{"srtp-sessions", mta_usage(ime->mta).srtp, c->srtp_sessions, CNT_LIMIT_SRTP},
		{"calls-per-domain", most.calls, c->domain_calls, CNT_LIMIT_DOMAIN_CALLS},
		{"calls-per-second burst", used(&ime->invites, c->rate, c->burst, ime_now(ime)),
			c->burst, CNT_LIMIT_RATE},
		{"calls-per-second-per-domain burst", most.invites, c->domain_burst,
			CNT_LIMIT_DOMAIN_RATE},
		{"calls", calls_usage(ime->calls).in_use, CALLS_MAX, CNT_CALL_TABLE_FULL},
	};

	for (size_t i = 0; i < IME_LIMITS; i++)
		out[i] = (struct ime_limit){.name = rows[i].name,
			.in_use = rows[i].in_use,
			.max = rows[i].max,
			.counter = counter_name(rows[i].counter),
			.refused = ime->counters.v[rows[i].counter]};
}

const struct domains *ime_domains(const struct ime *ime)
{
	return ime->domains;
}
