// SPDX-License-Identifier: BSD-3-Clause
#include "cp/call_party.h"

#include <stdlib.h>
#include <string.h>

#define ROUTES_MAX 32

char *call_text(struct str s)
{
	char *z = malloc(s.n + 1);

	if (z != NULL) {
		memcpy(z, s.p, s.n);
		z[s.n] = '\0';
	}
	return z;
}

// Folded headers become one line: a message of ours has none.
static char *unfolded(struct str s)
{
	char *z = call_text(s);

	for (char *c = z; c != NULL && *c != '\0'; c++) {
		if (*c == '\r' || *c == '\n')
			*c = ' ';
	}
	return z;
}

static void replace(char **z, char *text)
{
	if (text == NULL)
		return; // out of memory: the old one is better than none
	free(*z);
	*z = text;
}

static size_t record_routes(const struct sip_msg *m, struct str out[ROUTES_MAX])
{
	struct sip_elem_iter it = {0};
	struct str elem;
	size_t n = 0;

	while (n < ROUTES_MAX && sip_elem_next(m, SIP_H_RECORD_ROUTE, &it, &elem))
		out[n++] = elem;
	return n;
}

// Route lines of elements first, first + step, ... (n of them).
static char *routes_text(const struct str *elem, size_t n, int step)
{
	static const char name[] = "Route: ";
	size_t size = 1;
	char *z, *p;

	for (size_t i = 0; i < n; i++)
		size += sizeof(name) + 2 + elem[(int)i * step].n;
	z = p = malloc(size);
	if (z == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		struct str e = elem[(int)i * step];

		p = mempcpy(p, name, sizeof(name) - 1);
		p = mempcpy(p, e.p, e.n);
		p = mempcpy(p, "\r\n", 2);
	}
	*p = '\0';
	return z;
}

void call_party_target(struct call_party *p, const struct sip_msg *m)
{
	struct sip_elem_iter it = {0};
	struct name_addr contact;
	struct str elem;

	if (sip_elem_next(m, SIP_H_CONTACT, &it, &elem) && name_addr_parse(elem, &contact))
		replace(&p->target, call_text(contact.uri));
}

bool call_party_from_invite(
	struct call_party *p, const struct sip_msg *invite, size_t *n_record_routes)
{
	struct str rr[ROUTES_MAX];
	size_t n = record_routes(invite, rr);

	*n_record_routes = n;
	p->cseq = invite->cseq;
	p->address = unfolded(sip_header(invite, SIP_H_FROM)->value);
	p->routes = routes_text(rr, n, 1);
	call_party_target(p, invite);
	return p->address != NULL && p->routes != NULL;
}

void call_party_from_answer(
	struct call_party *p, const struct sip_msg *answer, size_t n_record_routes)
{
	struct str rr[ROUTES_MAX];
	size_t n = record_routes(answer, rr);

	n = n > n_record_routes ? n - n_record_routes : 0;
	replace(&p->address, unfolded(sip_header(answer, SIP_H_TO)->value));
	replace(&p->routes, n > 0 ? routes_text(&rr[n - 1], n, -1) : call_text(STR_LIT("")));
	call_party_target(p, answer);
}

void call_party_fini(struct call_party *p)
{
	free(p->address);
	free(p->target);
	free(p->routes);
}
