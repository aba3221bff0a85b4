// SPDX-License-Identifier: BSD-3-Clause
// An LRU table of derived keys; see lib/ticket_keys.h. Peers choose the salts, so they must not choose the
// chain: a look-up has no rate, only a derivation has.
#include "lib/ticket_keys.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "lib/ticket.h"

#define BUCKETS 1024
#define NONE    UINT32_MAX

struct entry {
	uint32_t chain;        // next in its hash chain
	uint32_t newer, older; // in the order of use
	uint8_t epoch, salt_n, key_n;
	uint8_t salt[TICKET_SALT_MAX], key[TICKET_KEY_MAX];
};

struct ticket_keys {
	uint64_t seed;
	uint32_t max, n, newest, oldest;
	uint32_t bucket[BUCKETS];
	struct entry e[];
};

static uint32_t hash(const struct ticket_keys *k, uint8_t epoch, struct str salt)
{
	uint64_t h = k->seed ^ epoch;

	for (size_t i = 0; i < salt.n; i++) {
		h = (h ^ (uint8_t)salt.p[i]) * 0x9e3779b97f4a7c15u;
		h ^= h >> 29;
	}
	return h % BUCKETS;
}

static uint32_t find(const struct ticket_keys *k, uint8_t epoch, struct str salt)
{
	uint32_t i = k->bucket[hash(k, epoch, salt)];

	while (i != NONE &&
		(k->e[i].epoch != epoch ||
			!str_eq((struct str){(const char *)k->e[i].salt, k->e[i].salt_n}, salt)))
		i = k->e[i].chain;
	return i;
}

static void use_unlink(struct ticket_keys *k, uint32_t i)
{
	struct entry *e = &k->e[i];

	*(e->newer == NONE ? &k->newest : &k->e[e->newer].older) = e->older;
	*(e->older == NONE ? &k->oldest : &k->e[e->older].newer) = e->newer;
}

static void use_link(struct ticket_keys *k, uint32_t i)
{
	k->e[i].newer = NONE;
	k->e[i].older = k->newest;
	*(k->newest == NONE ? &k->oldest : &k->e[k->newest].newer) = i;
	k->newest = i;
}

static void chain_unlink(struct ticket_keys *k, uint32_t i)
{
	struct entry *e = &k->e[i];
	uint32_t *at =
		&k->bucket[hash(k, e->epoch, (struct str){(const char *)e->salt, e->salt_n})];

	while (*at != i)
		at = &k->e[*at].chain;
	*at = e->chain;
}

size_t ticket_keys_size(uint32_t max)
{
	return sizeof(struct ticket_keys) + max * sizeof(struct entry);
}

struct ticket_keys *ticket_keys_new(uint32_t max)
{
	struct ticket_keys *k;

	if (max == 0)
		return NULL;
	k = OPENSSL_secure_malloc(ticket_keys_size(max));
	if (k == NULL)
		return NULL;
	k->max = max;
	ticket_keys_clear(k);
	if (RAND_bytes((uint8_t *)&k->seed, sizeof(k->seed)) == 1)
		return k;
	ticket_keys_free(k);
	return NULL;
}

void ticket_keys_clear(struct ticket_keys *k)
{
	OPENSSL_cleanse(k->e, k->max * sizeof(k->e[0]));
	memset(k->bucket, 0xff, sizeof(k->bucket));
	k->n = 0;
	k->newest = k->oldest = NONE;
}

void ticket_keys_free(struct ticket_keys *k)
{
	if (k == NULL)
		return;
	ticket_keys_clear(k);
	OPENSSL_secure_free(k);
}

const uint8_t *ticket_keys_get(struct ticket_keys *k, uint8_t epoch, struct str salt, size_t *n)
{
	uint32_t i = find(k, epoch, salt);

	if (i == NONE)
		return NULL;
	use_unlink(k, i);
	use_link(k, i);
	*n = k->e[i].key_n;
	return k->e[i].key;
}

void ticket_keys_put(
	struct ticket_keys *k, uint8_t epoch, struct str salt, const uint8_t *key, size_t n)
{
	uint32_t i = find(k, epoch, salt), *head;
	struct entry *e;

	if (salt.n > TICKET_SALT_MAX || n > TICKET_KEY_MAX)
		return;
	if (i == NONE && k->n < k->max) {
		i = k->n++;
	} else {
		if (i == NONE)
			i = k->oldest;
		use_unlink(k, i);
		chain_unlink(k, i);
	}
	e = &k->e[i];
	head = &k->bucket[hash(k, epoch, salt)];
	*e = (struct entry){
		.chain = *head, .epoch = epoch, .salt_n = (uint8_t)salt.n, .key_n = (uint8_t)n};
	memcpy(e->salt, salt.p, salt.n);
	memcpy(e->key, key, n);
	*head = i;
	use_link(k, i);
}

uint32_t ticket_keys_count(const struct ticket_keys *k)
{
	return k->n;
}
