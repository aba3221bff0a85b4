// SPDX-License-Identifier: BSD-3-Clause
// Verification of tickets, in the fixed order of protocol.md 2.7; see lib/ticket.h.
#include "lib/ticket.h"

#include <openssl/crypto.h>

#include "lib/ticket_keys.h"

static bool mac_matches(
	const struct ticket_profile *p, const struct ticket *t, const uint8_t *key, size_t key_n)
{
	size_t header = p->mac_covers_header ? (size_t)p->type_octets + p->length_octets : 0;
	struct str m = {(const char *)t->raw, t->integrity_at + header};
	uint8_t mac[32];

	return ticket_mac(p, key, key_n, m, mac) &&
		CRYPTO_memcmp(mac, t->field[TICKET_INTEGRITY].p, p->mac_octets) == 0;
}

static enum ticket_verdict integrity_check(const struct ticket_policy *policy, struct str password,
	const struct ticket *t, struct ticket_keys *keys, struct bucket *misses,
	const struct bucket_rate *rate, uint64_t now_ns)
{
	struct str salt = t->field[TICKET_SALT];
	uint8_t derived[TICKET_KEY_MAX];
	const uint8_t *key = NULL;
	size_t n = 0;
	bool ok;

	if (keys != NULL)
		key = ticket_keys_get(keys, t->epoch, salt, &n);
	if (key != NULL)
		return mac_matches(policy->profile, t, key, n) ? TICKET_OK : TICKET_FAIL_INTEGRITY;
	if (misses != NULL && !bucket_take(misses, rate, now_ns))
		return TICKET_FAIL_RATE;
	n = ticket_derive(policy->profile, password, salt, derived);
	// Kept even if the MAC turns out wrong: the same forgery again must not cost another run.
	if (keys != NULL && n > 0)
		ticket_keys_put(keys, t->epoch, salt, derived, n);
	ok = n > 0 && mac_matches(policy->profile, t, derived, n);
	OPENSSL_cleanse(derived, sizeof(derived));
	return ok ? TICKET_OK : TICKET_FAIL_INTEGRITY;
}

const char *ticket_verdict_counter(enum ticket_verdict v)
{
#define X(name, counter, reason) counter,
	static const char *const counters[] = {"", TICKET_VERDICTS(X)};
#undef X

	return counters[v];
}

const char *ticket_verdict_reason(enum ticket_verdict v)
{
#define X(name, counter, reason) reason,
	static const char *const reasons[] = {"ok", TICKET_VERDICTS(X)};
#undef X

	return reasons[v];
}

bool ticket_password_ok(struct str password, bool strict)
{
	char last = strict ? 's' : '~';

	for (size_t i = 0; i < password.n; i++)
		if (password.p[i] < '!' || password.p[i] > last)
			return false;
	return password.n >= TICKET_PASSWORD_MIN && password.n <= TICKET_PASSWORD_MAX;
}

enum ticket_verdict ticket_verify(const struct ticket_policy *policy,
	const struct ticket_request *request, struct ticket_keys *keys, struct bucket *misses,
	const struct bucket_rate *rate, struct ticket *t)
{
	const struct ticket_secret *secret = &policy->now;
	int64_t skew_ns = (int64_t)policy->skew_s * 1000000000ll, now_ns = request->now_unix_ns;
	enum ticket_verdict v;

	if (request->n_headers == 0)
		return TICKET_FAIL_NOT_FOUND;
	if (request->n_headers > 1 ||
		ticket_decode_header(policy->profile, request->header, t) != TICKET_FAULT_NONE)
		return TICKET_FAIL_DECODE;
	if (t->epoch != secret->epoch)
		secret = &policy->previous;
	if (t->epoch != secret->epoch)
		return TICKET_FAIL_EPOCH;
	v = integrity_check(policy, secret->password, t, keys, misses, rate, request->now_ns);
	if (v != TICKET_OK)
		return v;
	if (now_ns < t->start_ns - skew_ns || now_ns > t->stop_ns + skew_ns)
		return TICKET_FAIL_TIMESTAMP;
	if (!did_eq(request->called, t->field[TICKET_NUMBER]))
		return TICKET_FAIL_DID;
	if (!domain_ids_has(request->peer, t->field[TICKET_GRANTED_DOMAIN]) ||
		!domain_eq(policy->own_domain, t->field[TICKET_GRANTING_DOMAIN]))
		return TICKET_FAIL_DOMAIN;
	return TICKET_OK;
}
