// SPDX-License-Identifier: BSD-3-Clause
// What packet-tracer says of a packet to a port, or to an address, that a dynamic translation gives out: whose it
// is, why nobody comes in by it, and what lets them in; and to one of a static rule that is unidirectional. Called by
// show_trace.c.
#include <stdio.h>

#include "cp/show_ime.h"
#include "dp/dp.h"

// Of one endpoint: for each protocol one, and the host's.
#define XLATES_MAX 4

#define REACHED "who must be reached at any time needs a static nat"

// Whose it is, by the workers' copy; false: they did not say.
static bool holder_find(const struct dp_trace_phase *p, const struct nat_rule *r, uint8_t proto,
	struct dp_xlate *out)
{
	const bool whole = r->kind == NAT_DYNAMIC && nat_given_has(r, &p->from.ip);
	struct nat_filter f = {.mapped = {p->from.ip, p->from.ip}, .iface = p->iface};
	struct dp_xlate x[XLATES_MAX];
	size_t n;

	if (!whole)
		f.mapped_port[0] = f.mapped_port[1] = p->from.port;
	n = dp_xlates(&f, x, XLATES_MAX);
	for (size_t i = 0; i < n; i++)
		if (x[i].proto == (whole ? PROTO_ANY : proto)) {
			*out = x[i];
			return true;
		}
	return false;
}

static void say_use(const struct dp_xlate *x, char *buf, size_t size)
{
	if (x->sessions == 0)
		snprintf(buf, size, "rests for %u s", x->idle_s);
	else
		snprintf(buf, size, "%u flow%s", x->sessions, x->sessions == 1 ? "" : "s");
}

// Of a host's own address.
static void say_address(const struct dp_trace_phase *p, const struct nat_rule *r,
	const struct dp_xlate *x, char *buf, size_t size)
{
	char outer[IP_TEXT_MAX], real[IP_TEXT_MAX], dst[ENDPOINT_TEXT_MAX];

	ip_format(&p->from.ip, outer);
	if (!p->session)
		snprintf(buf, size,
			"no host has %s now: one gets it when it speaks, and is reached by it then "
			"as far "
			"as access lists permit; " REACHED,
			outer);
	else if (nat_is_twice(r))
		snprintf(buf, size, "%s has %s for flows with %s alone",
			x != NULL ? ip_format(&x->real.ip, real) : "a host", outer,
			prefix_format(&r->dst_real, dst));
	else
		snprintf(buf, size,
			"%s has %s, but a class inspects what comes to it, and calls need a static "
			"nat",
			x != NULL ? ip_format(&x->real.ip, real) : "a host", outer);
}

void show_unmapped(const struct config *c, const struct dp_trace_phase *p, uint8_t proto, char *buf,
	size_t size)
{
	const struct nat_rule *r =
		p->rule >= 0 && (size_t)p->rule < c->n_nat ? &c->nat[p->rule] : NULL;
	char outer[ENDPOINT_TEXT_MAX], real[ENDPOINT_TEXT_MAX], use[32];
	struct dp_xlate x;
	bool told;

	if (r == NULL)
		return;
	if (r->kind == NAT_STATIC) {
		snprintf(buf, size,
			"%s is mapped by a rule that is unidirectional: only flows that its host "
			"begins pass",
			endpoint_format(&p->from, '/', outer));
		return;
	}
	told = p->session && holder_find(p, r, proto, &x);
	endpoint_format(&p->from, '/', outer);
	if (r->kind == NAT_DYNAMIC && nat_given_has(r, &p->from.ip))
		return say_address(p, r, told ? &x : NULL, buf, size);
	if (!p->session)
		snprintf(buf, size,
			"%s is free: a late answer, or a scan. The rule gives such ports to "
			"whoever speaks "
			"out, and only answers come in by them; " REACHED " with a service",
			outer);
	else if (!told)
		snprintf(buf, size,
			"%s is some host's, and only answers of those that it has spoken to come "
			"in by it; " REACHED " with a service",
			outer);
	else {
		say_use(&x, use, sizeof(use));
		snprintf(buf, size,
			"%s is %s's (%s), and only answers of those that it has spoken to come in "
			"by it "
			"(callgate show conn port %u); " REACHED " with a service",
			outer, endpoint_format(&x.real, '/', real), use, p->from.port);
	}
}
