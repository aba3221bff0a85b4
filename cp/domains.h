// SPDX-License-Identifier: BSD-3-Clause
// Remote domains that have been let through, by the first identity of their certificate: how many
// calls each has and how fast its INVITEs come (TLS-9). A domain with calls is never forgotten; of
// the others, the one that was quiet longest makes room. Pure; control thread only.
#pragma once

#include <stdint.h>
#include <sys/queue.h>

#include "lib/bucket.h"
#include "lib/str.h"

struct domains;

struct domain {
	struct domains *all;
	struct domain *next;      // in its bucket
	TAILQ_ENTRY(domain) idle; // without calls
	uint32_t calls;
	uint32_t bad; // of these, calls whose media is bad now
	struct bucket invites, refers;
	char name[]; // as the certificate has it
};

struct domains *domains_new(void);     // NULL: out of memory
void domains_free(struct domains *ds); // no call may hold one any more; accepts NULL

// The entry of a name, made if it is new; good until the next call here, or while it has calls.
// NULL: out of memory, or every entry has calls.
struct domain *domains_get(struct domains *ds, struct str name);

// A call begins, or ends. NULL: nothing happens.
void domain_join(struct domain *d);
void domain_leave(struct domain *d);

typedef void domain_visit_fn(const struct domain *d, void *arg);
void domains_foreach(const struct domains *ds, domain_visit_fn *fn, void *arg); // with calls
