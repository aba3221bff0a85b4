// SPDX-License-Identifier: BSD-3-Clause
#include "cp/transaction.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS    4096u
#define QUOTAS     1024u // remotes that hash alike share one
#define BRANCH_MAX 255u

struct txns {
	uint64_t seed; // branches are the peer's choice: it must not choose the bucket
	char suffix[sizeof(uint64_t) * 2 + 2];
	size_t n;
	struct txn *bucket[BUCKETS];
	LIST_HEAD(, txn) of_call[BUCKETS]; // by id, which are consecutive
	TAILQ_HEAD(, txn) done;
	uint16_t quota[QUOTAS]; // in use, by remote
};

struct txns *txns_new(void)
{
	struct txns *t = calloc(1, sizeof(*t));
	uint64_t suffix;

	if (t == NULL || RAND_bytes((uint8_t *)&t->seed, sizeof(t->seed)) != 1 ||
		RAND_bytes((uint8_t *)&suffix, sizeof(suffix)) != 1) {
		free(t);
		return NULL;
	}
	snprintf(t->suffix, sizeof(t->suffix), ".%016" PRIx64, suffix);
	TAILQ_INIT(&t->done);
	return t;
}

struct str txns_suffix(const struct txns *t)
{
	return (struct str){t->suffix, sizeof(t->suffix) - 1};
}

// Shortens the copy to its first `keep` octets.
static void drop_sent(struct txn *x, size_t keep)
{
	if (x->sent == NULL)
		return;
	OPENSSL_cleanse(x->sent + keep, x->sent_n - keep);
	x->sent_n = keep;
	if (keep == 0) {
		free(x->sent);
		x->sent = NULL;
	}
}

static void quota_release(struct txns *t, struct txn *x)
{
	if (x->remote >= 0)
		t->quota[x->remote]--;
	x->remote = -1;
}

static void txn_free(struct txns *t, struct txn *x)
{
	quota_release(t, x);
	txn_join(t, x, 0);
	if (x->is_done)
		TAILQ_REMOVE(&t->done, x, done);
	t->n--;
	reply_head_free(&x->reply);
	drop_sent(x, 0);
	free(x);
}

void txns_free(struct txns *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct txn *x = t->bucket[i], *next; x != NULL; x = next) {
			next = x->next;
			txn_free(t, x);
		}
	}
	free(t);
}

static uint64_t hash(const struct txns *t, struct str s)
{
	uint64_t h = t->seed;

	for (size_t i = 0; i < s.n; i++) {
		h = (h ^ (uint8_t)s.p[i]) * 0x9e3779b97f4a7c15u;
		h ^= h >> 29;
	}
	return h;
}

static size_t bucket_of(const struct txns *t, struct str branch)
{
	return hash(t, branch) % BUCKETS;
}

static struct txn *add(struct txns *t, uint64_t trunk, enum side from, struct str branch,
	enum sip_method method, uint64_t now_ns, size_t room)
{
	struct txn *x, **head;

	if (t->n >= TXN_MAX || branch.n == 0 || branch.n > BRANCH_MAX || room > REPLY_HEAD_MAX)
		return NULL;
	x = calloc(1, sizeof(*x) + branch.n + room);
	if (x == NULL)
		return NULL;
	x->remote = -1;
	x->trunk = trunk;
	x->from = from;
	x->method = method;
	x->expires_ns = now_ns + TXN_LIFE_S * 1000000000ull;
	x->branch_n = branch.n;
	memcpy(x->branch, branch.p, branch.n);
	head = &t->bucket[bucket_of(t, branch)];
	x->next = *head;
	*head = x;
	t->n++;
	return x;
}

struct txn *txn_add(
	struct txns *t, const struct txn_origin *o, const struct sip_msg *m, uint64_t now_ns)
{
	struct str ip = {(const char *)o->remote->b, sizeof(o->remote->b)};
	size_t slot = hash(t, ip) % QUOTAS;
	struct txn *x;

	if (o->from == SIDE_OUTSIDE && t->quota[slot] >= TXN_REMOTE_MAX)
		return NULL;
	if (t->n >= TXN_MAX && !TAILQ_EMPTY(&t->done))
		txn_remove(t, TAILQ_FIRST(&t->done));
	x = add(t, o->trunk, o->from, m->via.branch, m->method, now_ns,
		m->call_id.n + m->from_tag.n);
	if (x == NULL)
		return NULL;
	x->cseq = m->cseq;
	x->call_id_n = m->call_id.n;
	x->from_tag_n = m->from_tag.n;
	memcpy(x->branch + x->branch_n, m->call_id.p, m->call_id.n);
	memcpy(x->branch + x->branch_n + x->call_id_n, m->from_tag.p, m->from_tag.n);
	if (o->from == SIDE_OUTSIDE) {
		x->remote = (int)slot;
		t->quota[slot]++;
	}
	if (!rewrite_via_save(m, &x->via) || !reply_head_save(m, &x->reply)) {
		txn_remove(t, x);
		return NULL;
	}
	return x;
}

struct txn *txn_add_own(struct txns *t, uint64_t trunk, enum side to, struct str branch,
	enum sip_method method, uint64_t now_ns)
{
	struct txn *x = add(t, trunk, side_other(to), branch, method, now_ns, 0);

	if (x != NULL)
		x->state = TXN_OWN;
	return x;
}

struct txn *txn_find(
	struct txns *t, uint64_t trunk, enum side from, struct str branch, enum sip_method method)
{
	for (struct txn *x = t->bucket[bucket_of(t, branch)]; x != NULL; x = x->next) {
		if (x->trunk == trunk && x->from == from && x->method == method &&
			str_eq((struct str){x->branch, x->branch_n}, branch))
			return x;
	}
	return NULL;
}

struct txn *txn_find_given_up(struct txns *t, enum side from, struct str branch)
{
	for (struct txn *x = t->bucket[bucket_of(t, branch)]; x != NULL; x = x->next) {
		if (x->from == from && x->method == SIP_INVITE && x->give_up &&
			str_eq((struct str){x->branch, x->branch_n}, branch))
			return x;
	}
	return NULL;
}

bool txn_is_of(const struct txn *x, const struct sip_msg *m)
{
	struct str call_id = {x->branch + x->branch_n, x->call_id_n};
	struct str from_tag = {call_id.p + call_id.n, x->from_tag_n};

	return x->cseq == m->cseq && str_eq(call_id, m->call_id) && str_eq(from_tag, m->from_tag);
}

void txn_join(struct txns *t, struct txn *x, uint64_t call)
{
	if (x->call != 0)
		LIST_REMOVE(x, kin);
	if (call != 0)
		LIST_INSERT_HEAD(&t->of_call[call % BUCKETS], x, kin);
	x->call = call;
}

struct txn *txn_of_call(struct txns *t, uint64_t call)
{
	struct txn *x;

	LIST_FOREACH (x, &t->of_call[call % BUCKETS], kin) {
		if (x->call == call && x->method == SIP_INVITE && x->state == TXN_PENDING)
			return x;
	}
	return NULL;
}

bool txn_keep_sent(struct txn *x, const char *p, size_t n)
{
	const char *end;
	char *copy;

	if (n > TXN_SENT_MAX) {
		x->resent = true;
		end = x->method == SIP_INVITE ? memmem(p, n, "\r\n\r\n", 4) : NULL;
		if (end == NULL)
			return true;
		n = (size_t)(end - p) + 4;
	}
	copy = malloc(n);
	if (copy == NULL)
		return false;
	memcpy(copy, p, n);
	drop_sent(x, 0);
	x->sent = copy;
	x->sent_n = n;
	return true;
}

void txn_heard(struct txn *x)
{
	const char *end = NULL;

	if (x->method == SIP_INVITE && x->sent != NULL)
		end = memmem(x->sent, x->sent_n, "\r\n\r\n", 4);
	drop_sent(x, end != NULL ? (size_t)(end - x->sent) + 4 : 0);
}

void txn_done(struct txns *t, struct txn *x, uint64_t now_ns)
{
	x->expires_ns = now_ns + TXN_LIFE_S * 1000000000ull;
	x->state = TXN_DONE;
	if (x->is_done)
		return;
	quota_release(t, x);
	x->is_done = true;
	TAILQ_INSERT_TAIL(&t->done, x, done);
}

void txn_remove(struct txns *t, struct txn *x)
{
	struct txn **p = &t->bucket[bucket_of(t, (struct str){x->branch, x->branch_n})];

	while (*p != x)
		p = &(*p)->next;
	*p = x->next;
	txn_free(t, x);
}

void txns_expire(struct txns *t, uint64_t now_ns, txn_visit_fn *fn, void *arg)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct txn **p = &t->bucket[i]; *p != NULL;) {
			struct txn *x = *p;

			if (x->expires_ns > now_ns) {
				p = &x->next;
				continue;
			}
			fn(x, arg);
			*p = x->next;
			txn_free(t, x);
		}
	}
}

void txns_of_trunk(struct txns *t, uint64_t trunk, txn_visit_fn *fn, void *arg)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct txn *x = t->bucket[i], *next; x != NULL; x = next) {
			next = x->next;
			if (x->trunk == trunk)
				fn(x, arg);
		}
	}
}

size_t txns_count(const struct txns *t)
{
	return t->n;
}
