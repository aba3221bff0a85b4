// SPDX-License-Identifier: BSD-3-Clause
#include "cp/mapping.h"

#include <errno.h>
#include <openssl/rand.h>
#include <stdlib.h>

#define NONE UINT32_MAX

struct mapping {
	struct endpoint remote;
	char *domain;     // NULL: none
	uint64_t used_ns; // its lifetime begins here
	uint64_t clients; // that asked for it and did not release it, a bit each
	uint32_t next;    // in its bucket; among the free
	uint32_t holds;   // by connections and dialogs
	uint8_t client;   // whose quota it counts in
	bool live;
};

struct mappings {
	struct mapping_options o;
	struct mapping *at; // by port
	uint32_t n;
	uint32_t *bucket, mask;
	uint32_t free_first, free_last; // the one that has rested longest is taken first
	uint64_t secret[2];
	uint32_t in_use, most_used;
	uint32_t of[MAPPING_CLIENTS_MAX + 1];
};

static uint64_t mix(uint64_t a, uint64_t b)
{
	__uint128_t x = (__uint128_t)a * b;

	return (uint64_t)x ^ (uint64_t)(x >> 64);
}

// Keyed: what remotes write into their messages must not fill one bucket.
static uint32_t *bucket_of(const struct mappings *ms, const struct endpoint *e)
{
	uint64_t words[2];

	memcpy(words, e->ip.b, sizeof(words));
	return &ms->bucket[mix((words[0] ^ ms->secret[0]) + e->port, words[1] ^ ms->secret[1]) &
		ms->mask];
}

static void free_put(struct mappings *ms, uint32_t i)
{
	ms->at[i].next = NONE;
	if (ms->free_last != NONE)
		ms->at[ms->free_last].next = i;
	else
		ms->free_first = i;
	ms->free_last = i;
}

static uint32_t free_get(struct mappings *ms)
{
	const uint32_t i = ms->free_first;

	if (i == NONE)
		return NONE;
	ms->free_first = ms->at[i].next;
	if (ms->free_first == NONE)
		ms->free_last = NONE;
	return i;
}

int mappings_new(struct mappings **out, const struct mapping_options *o)
{
	struct mappings *ms = calloc(1, sizeof(*ms));
	uint32_t buckets = 1;

	*out = NULL;
	if (ms == NULL)
		return -ENOMEM;
	ms->o = *o;
	ms->n = o->last_port - o->first_port + 1u;
	while (buckets < ms->n)
		buckets *= 2;
	ms->mask = buckets - 1;
	ms->free_first = ms->free_last = NONE;
	ms->at = calloc(ms->n, sizeof(*ms->at));
	ms->bucket = malloc(buckets * sizeof(*ms->bucket));
	if (ms->at == NULL || ms->bucket == NULL ||
		RAND_bytes((uint8_t *)ms->secret, sizeof(ms->secret)) != 1) {
		mappings_free(ms);
		return -ENOMEM;
	}
	ms->secret[1] |= 1;
	for (uint32_t i = 0; i < buckets; i++)
		ms->bucket[i] = NONE;
	for (uint32_t i = 0; i < ms->n; i++)
		free_put(ms, i);
	*out = ms;
	return 0;
}

void mappings_free(struct mappings *ms)
{
	if (ms == NULL)
		return;
	for (uint32_t i = 0; ms->at != NULL && i < ms->n; i++)
		free(ms->at[i].domain);
	free(ms->at);
	free(ms->bucket);
	free(ms);
}

static uint16_t port_of(const struct mappings *ms, uint32_t i)
{
	return (uint16_t)(ms->o.first_port + i);
}

// NULL: it stands for nothing.
static struct mapping *at_port(const struct mappings *ms, uint16_t port)
{
	const uint32_t i = (uint32_t)port - ms->o.first_port;

	return port >= ms->o.first_port && i < ms->n && ms->at[i].live ? &ms->at[i] : NULL;
}

static uint32_t find(const struct mappings *ms, const struct endpoint *remote)
{
	uint32_t i = *bucket_of(ms, remote);

	while (i != NONE && !endpoint_eq(&ms->at[i].remote, remote))
		i = ms->at[i].next;
	return i;
}

static void end(struct mappings *ms, struct mapping *m)
{
	const uint32_t i = (uint32_t)(m - ms->at);
	uint32_t *link = bucket_of(ms, &m->remote);

	while (*link != i)
		link = &ms->at[*link].next;
	*link = m->next;
	ms->of[m->client]--;
	ms->in_use--;
	free(m->domain);
	*m = (struct mapping){.live = false};
	free_put(ms, i);
}

static uint64_t bit_of(unsigned int client)
{
	return client < MAPPING_CLIENTS_MAX ? 1ull << client : 0;
}

static struct mapping *make(struct mappings *ms, const struct endpoint *remote, unsigned int client)
{
	const uint32_t i = free_get(ms);
	uint32_t *head = bucket_of(ms, remote);

	if (i == NONE)
		return NULL;
	ms->at[i] = (struct mapping){
		.remote = *remote, .next = *head, .client = (uint8_t)client, .live = true};
	*head = i;
	ms->of[client]++;
	if (++ms->in_use > ms->most_used)
		ms->most_used = ms->in_use;
	return &ms->at[i];
}

enum mapping_verdict mapping_take(struct mappings *ms, const struct endpoint *remote,
	unsigned int client, uint64_t now_ns, uint16_t *port)
{
	const uint32_t quota = client == MAPPING_OF_REMOTE ? ms->o.remote_quota : ms->o.quota;
	enum mapping_verdict v = MAPPING_KEPT;
	uint32_t i = find(ms, remote);
	struct mapping *m = i != NONE ? &ms->at[i] : NULL;

	if (m == NULL) {
		if (ms->of[client] >= quota)
			return MAPPING_OVER_QUOTA;
		m = make(ms, remote, client);
		if (m == NULL)
			return MAPPING_PORTS_FULL;
		v = MAPPING_MADE;
	}
	m->used_ns = now_ns;
	m->clients |= bit_of(client);
	*port = port_of(ms, (uint32_t)(m - ms->at));
	return v;
}

void mapping_release(struct mappings *ms, const struct endpoint *remote, unsigned int client)
{
	const uint32_t i = find(ms, remote);
	struct mapping *m = i != NONE ? &ms->at[i] : NULL;

	if (m == NULL || !(m->clients & bit_of(client)))
		return;
	m->clients &= ~bit_of(client);
	if (m->clients == 0 && m->holds == 0)
		end(ms, m);
}

bool mapping_find(const struct mappings *ms, uint16_t port, struct endpoint *remote)
{
	const struct mapping *m = at_port(ms, port);

	if (m != NULL)
		*remote = m->remote;
	return m != NULL;
}

uint16_t mapping_port(const struct mappings *ms, const struct endpoint *remote)
{
	const uint32_t i = find(ms, remote);

	return i != NONE ? port_of(ms, i) : 0;
}

bool mapping_hold(struct mappings *ms, uint16_t port)
{
	struct mapping *m = at_port(ms, port);

	if (m != NULL)
		m->holds++;
	return m != NULL;
}

void mapping_unhold(struct mappings *ms, uint16_t port, uint64_t now_ns)
{
	struct mapping *m = at_port(ms, port);

	if (m == NULL || m->holds == 0)
		return;
	m->used_ns = now_ns;
	m->holds--;
}

void mapping_touch(struct mappings *ms, uint16_t port, uint64_t now_ns)
{
	struct mapping *m = at_port(ms, port);

	if (m != NULL)
		m->used_ns = now_ns;
}

int mapping_set_domain(struct mappings *ms, uint16_t port, struct str domain)
{
	struct mapping *m = at_port(ms, port);
	char *text;

	if (domain.n > MAPPING_DOMAIN_MAX)
		domain.n = 0;
	if (m == NULL || str_eq(str_from(m->domain), domain))
		return 0;
	text = malloc(domain.n + 1);
	if (text == NULL)
		return -ENOMEM;
	str_copy(domain, text, domain.n + 1);
	free(m->domain);
	m->domain = text;
	return 0;
}

struct str mapping_domain(const struct mappings *ms, uint16_t port)
{
	const struct mapping *m = at_port(ms, port);

	return str_from(m != NULL ? m->domain : NULL);
}

static bool is_over(const struct mappings *ms, const struct mapping *m, uint64_t now_ns)
{
	return m->live && m->holds == 0 && now_ns - m->used_ns >= ms->o.lifetime_ns;
}

unsigned int mappings_expire(struct mappings *ms, uint64_t now_ns)
{
	unsigned int ended = 0;

	if (ms->in_use == 0)
		return 0;
	for (uint32_t i = 0; i < ms->n; i++) {
		if (!is_over(ms, &ms->at[i], now_ns))
			continue;
		end(ms, &ms->at[i]);
		ended++;
	}
	return ended;
}

static uint64_t left_ns(const struct mappings *ms, const struct mapping *m, uint64_t now_ns)
{
	const uint64_t age_ns = now_ns - m->used_ns;

	if (m->holds > 0)
		return UINT64_MAX;
	return age_ns < ms->o.lifetime_ns ? ms->o.lifetime_ns - age_ns : 0;
}

void mappings_foreach(const struct mappings *ms, uint64_t now_ns, mapping_visit_fn *fn, void *arg)
{
	for (uint32_t i = 0; i < ms->n; i++) {
		const struct mapping *m = &ms->at[i];

		if (!m->live)
			continue;
		fn(&(struct mapping_info){.remote = m->remote,
			   .port = port_of(ms, i),
			   .client = m->client,
			   .holds = m->holds,
			   .left_ns = left_ns(ms, m, now_ns),
			   .domain = str_from(m->domain)},
			arg);
	}
}

struct mappings_usage mappings_usage(const struct mappings *ms)
{
	return (struct mappings_usage){
		.in_use = ms->in_use, .most_used = ms->most_used, .max = ms->n};
}

uint32_t mappings_of(const struct mappings *ms, unsigned int client)
{
	return ms->of[client];
}
