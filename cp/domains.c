// SPDX-License-Identifier: BSD-3-Clause
#include "cp/domains.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 1024u
// More than there can be calls (CALLS_MAX), so that room is made by those without.
#define DOMAINS_MAX 8192u

struct domains {
	uint64_t seed; // names are the peers' choice
	size_t n;
	struct domain *bucket[BUCKETS];
	TAILQ_HEAD(, domain) idle; // the quietest first
};

struct domains *domains_new(void)
{
	struct domains *ds = calloc(1, sizeof(*ds));

	if (ds == NULL || RAND_bytes((uint8_t *)&ds->seed, sizeof(ds->seed)) != 1) {
		free(ds);
		return NULL;
	}
	TAILQ_INIT(&ds->idle);
	return ds;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static struct domain **bucket_of(struct domains *ds, struct str name)
{
	uint64_t h = ds->seed;

	for (size_t i = 0; i < name.n; i++) {
		h = (h ^ (uint8_t)lower(name.p[i])) * 0x9e3779b97f4a7c15u;
		h ^= h >> 29;
	}
	return &ds->bucket[h % BUCKETS];
}

static void forget(struct domain *d)
{
	struct domain **p = bucket_of(d->all, str_from(d->name));

	while (*p != d)
		p = &(*p)->next;
	*p = d->next;
	TAILQ_REMOVE(&d->all->idle, d, idle);
	d->all->n--;
	free(d);
}

void domains_free(struct domains *ds)
{
	if (ds == NULL)
		return;
	while (!TAILQ_EMPTY(&ds->idle))
		forget(TAILQ_FIRST(&ds->idle));
	free(ds);
}

struct domain *domains_get(struct domains *ds, struct str name)
{
	struct domain *d = *bucket_of(ds, name), **head;

	while (d != NULL && !str_caseeq(str_from(d->name), name))
		d = d->next;
	if (d != NULL) {
		if (d->calls == 0) {
			TAILQ_REMOVE(&ds->idle, d, idle);
			TAILQ_INSERT_TAIL(&ds->idle, d, idle);
		}
		return d;
	}
	if (ds->n >= DOMAINS_MAX && TAILQ_EMPTY(&ds->idle))
		return NULL;
	if (ds->n >= DOMAINS_MAX)
		forget(TAILQ_FIRST(&ds->idle));
	d = calloc(1, sizeof(*d) + name.n + 1);
	if (d == NULL)
		return NULL;
	d->all = ds;
	memcpy(d->name, name.p, name.n);
	head = bucket_of(ds, name);
	d->next = *head;
	*head = d;
	TAILQ_INSERT_TAIL(&ds->idle, d, idle);
	ds->n++;
	return d;
}

void domain_join(struct domain *d)
{
	if (d != NULL && d->calls++ == 0)
		TAILQ_REMOVE(&d->all->idle, d, idle);
}

void domain_leave(struct domain *d)
{
	if (d != NULL && --d->calls == 0)
		TAILQ_INSERT_TAIL(&d->all->idle, d, idle);
}

void domains_foreach(const struct domains *ds, domain_visit_fn *fn, void *arg)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		for (const struct domain *d = ds->bucket[i]; d != NULL; d = d->next) {
			if (d->calls > 0)
				fn(d, arg);
		}
	}
}
