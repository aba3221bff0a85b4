// SPDX-License-Identifier: BSD-3-Clause
// The ticket profiles as one table, and what depends on nothing else: field ranges, times, key and
// MAC. Another layout is another row here (protocol.md 2.14).
#include "lib/ticket.h"

#include <openssl/evp.h>

// From 1900-01-01 to 1970-01-01, and one NTP era.
#define NTP_UNIX_S 2208988800ll
#define NTP_ERA_S  (1ll << 32)
#define S_NS       1000000000ll
// Beyond it nanoseconds do not fit 64 bits with room for the skew (year 2255).
#define UNIX_S_MAX 9000000000ll

#define CODES                                                                                      \
	{                                                                                          \
		[TICKET_UUID] = 1, [TICKET_SALT] = 2, [TICKET_VALIDITY] = 3, [TICKET_NUMBER] = 4,  \
		[TICKET_GRANTING_NODE] = 5, [TICKET_GRANTING_DOMAIN] = 6,                          \
		[TICKET_GRANTED_DOMAIN] = 7, [TICKET_EPOCH] = 8, [TICKET_INTEGRITY] = 9            \
	}
#define ALL_BUT_NODE (((1 << TICKET_FIELDS) - 1) & ~(1 << TICKET_GRANTING_NODE))

static const struct ticket_profile profiles[] = {
	{
		.name = "t1",
		.type_octets = 2,
		.length_octets = 2,
		.pad_to = 1,
		.code = CODES,
		.optional_from = 0x8000,
		.required = ALL_BUT_NODE,
		.time = TICKET_NTP64,
		.epoch_octets = 4,
		.kdf = TICKET_PBKDF2_SHA1,
		.iterations = 1000,
		.dk_octets = 16,
		.mac = TICKET_HMAC_SHA1,
		.mac_octets = 20,
		.header = {"X-Cisco-UC-IME-Ticket", "X-Cisco-ViPR-Ticket"},
	},
	{
		.name = "t2",
		.type_octets = 2,
		.length_octets = 2,
		.pad_to = 1,
		.code = CODES,
		.optional_from = 0x8000,
		.required = ALL_BUT_NODE,
		.time = TICKET_NTP64,
		.epoch_octets = 4,
		.kdf = TICKET_PBKDF2_SHA256,
		.iterations = 10000,
		.dk_octets = 32,
		.mac = TICKET_HMAC_SHA256,
		.mac_octets = 32,
		.header = {"X-Cisco-UC-IME-Ticket", "X-Cisco-ViPR-Ticket"},
	},
};

const struct ticket_profile *ticket_profile_find(struct str name)
{
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++)
		if (str_eq(name, str_from(profiles[i].name)))
			return &profiles[i];
	return NULL;
}

bool ticket_profile_is_header(const struct ticket_profile *p, struct str name)
{
	return str_caseeq(name, str_from(p->header[0])) || str_caseeq(name, str_from(p->header[1]));
}

const char *ticket_field_name(enum ticket_field f)
{
	static const char *const names[TICKET_FIELDS] = {
		[TICKET_UUID] = "unique id",
		[TICKET_SALT] = "salt",
		[TICKET_VALIDITY] = "validity",
		[TICKET_NUMBER] = "number",
		[TICKET_GRANTING_NODE] = "granting node",
		[TICKET_GRANTING_DOMAIN] = "granting domain",
		[TICKET_GRANTED_DOMAIN] = "granted domain",
		[TICKET_EPOCH] = "epoch",
		[TICKET_INTEGRITY] = "integrity",
	};

	return names[f];
}

void ticket_field_range(
	const struct ticket_profile *p, enum ticket_field f, size_t *min, size_t *max)
{
	static const struct {
		uint8_t min, max;
	} fixed[TICKET_FIELDS] = {
		[TICKET_UUID] = {16, 16},
		[TICKET_SALT] = {4, TICKET_SALT_MAX},
		[TICKET_NUMBER] = {2, 1 + DID_DIGITS_MAX},
		[TICKET_GRANTING_NODE] = {1, 64},
		[TICKET_GRANTING_DOMAIN] = {1, 255},
		[TICKET_GRANTED_DOMAIN] = {1, 255},
	};

	*min = fixed[f].min;
	*max = fixed[f].max;
	if (f == TICKET_VALIDITY)
		*min = *max = 2 * ticket_time_octets(p);
	else if (f == TICKET_EPOCH)
		*min = *max = p->epoch_octets;
	else if (f == TICKET_INTEGRITY)
		*min = *max = p->mac_octets;
}

size_t ticket_time_octets(const struct ticket_profile *p)
{
	return p->time == TICKET_UNIX32 ? 4 : 8;
}

static uint64_t be_get(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	while (n-- > 0)
		v = v << 8 | *p++;
	return v;
}

static void be_put(uint8_t *p, size_t n, uint64_t v)
{
	while (n-- > 0) {
		p[n] = (uint8_t)v;
		v >>= 8;
	}
}

bool ticket_time_decode(const struct ticket_profile *p, const uint8_t *in, int64_t *unix_ns)
{
	uint64_t s = be_get(in, p->time == TICKET_UNIX64 ? 8 : 4);
	int64_t unix_s, frac_ns = 0;

	if (p->time == TICKET_NTP64) {
		unix_s = (int64_t)s + (s < 1u << 31 ? NTP_ERA_S : 0) - NTP_UNIX_S;
		frac_ns = (int64_t)(be_get(in + 4, 4) * (uint64_t)S_NS >> 32);
	} else {
		if (s > (uint64_t)UNIX_S_MAX)
			return false;
		unix_s = (int64_t)s;
	}
	*unix_ns = unix_s * S_NS + frac_ns;
	return true;
}

bool ticket_time_encode(const struct ticket_profile *p, int64_t unix_ns, uint8_t *out)
{
	int64_t s = unix_ns / S_NS, ns = unix_ns % S_NS;

	if (ns < 0) {
		ns += S_NS;
		s--;
	}
	if (p->time == TICKET_NTP64) {
		s += NTP_UNIX_S;
		if (s < NTP_ERA_S / 2 || s >= NTP_ERA_S + NTP_ERA_S / 2)
			return false;
		be_put(out, 4, (uint64_t)s);
		// Rounded up, so that decoding gives back the same nanosecond.
		be_put(out + 4, 4, (((uint64_t)ns << 32) + S_NS - 1) / S_NS);
		return true;
	}
	if (s < 0 || s > (p->time == TICKET_UNIX32 ? (int64_t)UINT32_MAX : UNIX_S_MAX))
		return false;
	be_put(out, ticket_time_octets(p), (uint64_t)s);
	return true;
}

size_t ticket_derive(
	const struct ticket_profile *p, struct str password, struct str salt, uint8_t *key)
{
	const EVP_MD *md = p->kdf == TICKET_PBKDF2_SHA256 ? EVP_sha256() : EVP_sha1();

	if (p->kdf == TICKET_KDF_NONE) {
		if (password.n > TICKET_KEY_MAX)
			return 0;
		memcpy(key, password.p, password.n);
		return password.n;
	}
	// TKT-13: the octets of the password as they are.
	if (PKCS5_PBKDF2_HMAC(password.p, (int)password.n, (const unsigned char *)salt.p,
		    (int)salt.n, (int)p->iterations, md, p->dk_octets, key) != 1)
		return 0;
	return p->dk_octets;
}

// OpenSSL's HMAC() looks its digest up by name and copies contexts at every call, which takes three
// times as long as the hashing; hence RFC 2104 over a digest that is fetched once. The context, and
// what it knew of the key, is wiped when it is freed.
#define HMAC_BLOCK 64 // octets of a block, of SHA-1 and SHA-256 alike
_Static_assert(TICKET_KEY_MAX <= HMAC_BLOCK, "longer keys would have to be hashed first");

// Whoever comes first leaves it there for all threads.
static const EVP_MD *digest_of(enum ticket_mac mac)
{
	static EVP_MD *fetched[2];
	EVP_MD *md = __atomic_load_n(&fetched[mac], __ATOMIC_ACQUIRE), *none = NULL;

	if (md != NULL)
		return md;
	md = EVP_MD_fetch(NULL, mac == TICKET_HMAC_SHA256 ? "SHA256" : "SHA1", NULL);
	if (__atomic_compare_exchange_n(
		    &fetched[mac], &none, md, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return md;
	EVP_MD_free(md);
	return none;
}

static bool hash(EVP_MD_CTX *c, const EVP_MD *md, const uint8_t block[HMAC_BLOCK], struct str m,
	uint8_t *out)
{
	return EVP_DigestInit_ex2(c, md, NULL) == 1 &&
		EVP_DigestUpdate(c, block, HMAC_BLOCK) == 1 && EVP_DigestUpdate(c, m.p, m.n) == 1 &&
		EVP_DigestFinal_ex(c, out, NULL) == 1;
}

bool ticket_mac(const struct ticket_profile *p, const uint8_t *key, size_t key_n, struct str m,
	uint8_t *out)
{
	uint8_t inner[HMAC_BLOCK], outer[HMAC_BLOCK];
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	const EVP_MD *md = digest_of(p->mac);
	bool ok;

	for (size_t i = 0; i < HMAC_BLOCK; i++) {
		inner[i] = (uint8_t)((i < key_n ? key[i] : 0) ^ 0x36);
		outer[i] = (uint8_t)((i < key_n ? key[i] : 0) ^ 0x5c);
	}
	ok = c != NULL && md != NULL && key_n <= HMAC_BLOCK &&
		EVP_MD_get_size(md) == p->mac_octets && hash(c, md, inner, m, out) &&
		hash(c, md, outer, (struct str){(const char *)out, p->mac_octets}, out);
	OPENSSL_cleanse(inner, sizeof(inner));
	OPENSSL_cleanse(outer, sizeof(outer));
	EVP_MD_CTX_free(c);
	return ok;
}
