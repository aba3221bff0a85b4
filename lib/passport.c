// SPDX-License-Identifier: BSD-3-Clause
// PASSporTs; see lib/passport.h.
#include "lib/passport.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/json.h"

const char *passport_fault_text(enum passport_fault f)
{
#define X(name, status, text) text,
	static const char *const texts[] = {PASSPORT_FAULTS(X)};
#undef X

	return texts[f];
}

uint16_t passport_fault_status(enum passport_fault f)
{
#define X(name, status, text) status,
	static const uint16_t statuses[] = {PASSPORT_FAULTS(X)};
#undef X

	return statuses[f];
}

// ---- The Identity header ------------------------------------------------------------------------

struct params {
	struct str token, info, alg, ppt; // p is NULL where absent
};

static bool is_url(struct str s)
{
	if (!str_has_prefix(s, STR_LIT("https://")) || s.n > PASSPORT_INFO_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~' || strchr("\"<>\\^`{|}", s.p[i]) != NULL)
			return false;
	return true;
}

// Without the quotes, or the angle brackets, that stand around it.
static struct str unwrapped(struct str s, char open, char close)
{
	if (s.n >= 2 && s.p[0] == open && s.p[s.n - 1] == close)
		return (struct str){s.p + 1, s.n - 2};
	return s;
}

// The octets before the next ';' that stands neither in quotes nor in angle brackets.
static size_t param_length(struct str s)
{
	char until = '\0';
	size_t i;

	for (i = 0; i < s.n && (until != '\0' || s.p[i] != ';'); i++) {
		if (until != '\0')
			until = s.p[i] == until ? '\0' : until;
		else if (s.p[i] == '"')
			until = '"';
		else if (s.p[i] == '<')
			until = '>';
	}
	return i;
}

// Any other parameter is passed over (RFC 8224 4: generic-param).
static bool param_store(struct params *p, struct str param)
{
	struct str name, value = str_split(param, '=', &name), *to;

	name = str_trim(name);
	if (str_caseeq(name, STR_LIT("info")))
		to = &p->info;
	else if (str_caseeq(name, STR_LIT("alg")))
		to = &p->alg;
	else if (str_caseeq(name, STR_LIT("ppt")))
		to = &p->ppt;
	else
		return name.n > 0;
	if (to->p != NULL)
		return false;
	value = str_trim(value);
	*to = to == &p->info ? unwrapped(value, '<', '>') : unwrapped(value, '"', '"');
	return to->n > 0;
}

static bool params_take(struct str value, struct params *p)
{
	value = str_split(value, ';', &p->token);
	p->token = str_trim(p->token);
	while (value.n > 0) {
		size_t n = param_length(value);

		if (!param_store(p, (struct str){value.p, n}))
			return false;
		n += n < value.n;
		value = (struct str){value.p + n, value.n - n};
	}
	return is_url(p->info);
}

// ---- The token ----------------------------------------------------------------------------------

static bool object_decode(struct str part, char *buf, struct str *text, struct json *out)
{
	size_t n;

	if (base64url_decode(part, (uint8_t *)buf, PASSPORT_JSON_MAX, &n) != 0)
		return false;
	*text = (struct str){buf, n};
	return json_parse(*text, out) && out->kind == JSON_OBJECT;
}

static bool alphabet_ok(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
			c != '-' && c != '_')
			return false;
	}
	return s.n > 0;
}

static enum passport_fault parts_take(struct str token, struct passport *p, struct str part[2])
{
	struct str signature = str_split(token, '.', &part[0]);
	size_t n;

	signature = str_split(signature, '.', &part[1]);
	p->compact = token.n > 2 && token.p[0] == '.' && token.p[1] == '.';
	if ((!p->compact && (!alphabet_ok(part[0]) || !alphabet_ok(part[1]))) ||
		base64url_decode(signature, p->signature, sizeof(p->signature), &n) != 0 ||
		n != PASSPORT_SIG_SIZE)
		return PASSPORT_ENCODING;
	p->signed_part = (struct str){token.p, part[0].n + 1 + part[1].n};
	return PASSPORT_NONE;
}

static bool is_supported(struct str ppt)
{
	return ppt.n == 0 || str_eq(ppt, STR_LIT("shaken"));
}

static enum passport_fault header_check(
	const struct json *h, const struct params *params, struct passport *p)
{
	struct json v;

	if (!json_member(h, STR_LIT("typ"), &v) || !json_is(&v, STR_LIT("passport")))
		return PASSPORT_TYP;
	if (json_member(
		    h, STR_LIT("crit"), &v)) // RFC 7515 4.1.11: we understand nothing it could name
		return PASSPORT_CLAIM;
	if (!json_member_of(h, STR_LIT("alg"), JSON_STRING, &v))
		return PASSPORT_CLAIM;
	if (params->alg.p != NULL && !json_is(&v, params->alg))
		return PASSPORT_MISMATCH;
	if (!json_is(&v, STR_LIT("ES256")))
		return PASSPORT_ALG;
	if (!json_member(h, STR_LIT("x5u"), &v) || !json_is(&v, params->info))
		return PASSPORT_MISMATCH;
	if (!json_member(h, STR_LIT("ppt"), &v))
		return params->ppt.p == NULL ? PASSPORT_NONE : PASSPORT_MISMATCH;
	if (v.kind != JSON_STRING || (params->ppt.p != NULL && !json_is(&v, params->ppt)))
		return PASSPORT_MISMATCH;
	p->ppt = v.text;
	return p->ppt.n > 0 && is_supported(p->ppt) ? PASSPORT_NONE : PASSPORT_PPT;
}

// RFC 8225 5.2.1: digits, '*' and '#'.
static bool is_tn(const struct json *v)
{
	if (v->kind != JSON_STRING || v->text.n == 0 || v->text.n > DID_DIGITS_MAX)
		return false;
	for (size_t i = 0; i < v->text.n; i++)
		if (strchr("0123456789*#", v->text.p[i]) == NULL || v->text.p[i] == '\0')
			return false;
	return true;
}

// One identity, and not two of which each reader may take another.
static bool orig_take(const struct json *payload, struct passport *p)
{
	struct json orig, tn, uri;
	bool has_tn, has_uri;

	if (!json_member_of(payload, STR_LIT("orig"), JSON_OBJECT, &orig))
		return false;
	has_tn = json_member(&orig, STR_LIT("tn"), &tn);
	has_uri = json_member(&orig, STR_LIT("uri"), &uri);
	if (has_tn == has_uri || (has_tn && !is_tn(&tn)) || (has_uri && uri.kind != JSON_STRING))
		return false;
	p->orig = has_tn ? tn.text : STR_LIT("");
	return true;
}

static bool dest_take(const struct json *payload, struct passport *p)
{
	struct json dest, list, tn;
	struct str rest;

	if (!json_member_of(payload, STR_LIT("dest"), JSON_OBJECT, &dest))
		return false;
	if (!json_member(&dest, STR_LIT("tn"), &list))
		return json_member_of(&dest, STR_LIT("uri"), JSON_ARRAY, &list);
	if (list.kind != JSON_ARRAY)
		return false;
	for (rest = list.text; json_elem_next(&rest, &tn); p->dest[p->n_dest++] = tn.text)
		if (p->n_dest == PASSPORT_DESTS_MAX || !is_tn(&tn))
			return false;
	return p->n_dest > 0;
}

static bool is_uuid(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
		char c = s.p[i] | 0x20;

		if (hyphen ? s.p[i] != '-'
			   : !(s.p[i] >= '0' && s.p[i] <= '9') && !(c >= 'a' && c <= 'f'))
			return false;
	}
	return s.n == 36;
}

// RFC 8588 4 and 5.
static bool shaken_take(const struct json *payload, struct passport *p)
{
	struct json attest, origid;

	if (!json_member_of(payload, STR_LIT("attest"), JSON_STRING, &attest) ||
		!json_member_of(payload, STR_LIT("origid"), JSON_STRING, &origid) ||
		attest.text.n != 1 || attest.text.p[0] < 'A' || attest.text.p[0] > 'C' ||
		!is_uuid(origid.text))
		return false;
	p->attest = attest.text.p[0];
	p->origid = origid.text;
	return true;
}

static enum passport_fault payload_check(const struct json *payload, struct passport *p)
{
	struct json v;

	if (!orig_take(payload, p) || !dest_take(payload, p) ||
		!json_member_of(payload, STR_LIT("iat"), JSON_NUMBER, &v) ||
		!str_to_u64(v.text, INT64_MAX, &p->iat) ||
		(p->ppt.n > 0 && !shaken_take(payload, p)))
		return PASSPORT_CLAIM;
	p->media_keys = json_member(payload, STR_LIT("mky"), &v);
	return PASSPORT_NONE;
}

// Its header says nothing but what stands beside it.
static enum passport_fault compact_check(const struct params *params)
{
	if (params->ppt.p != NULL)
		return PASSPORT_COMPACT;
	return params->alg.p == NULL || str_eq(params->alg, STR_LIT("ES256")) ? PASSPORT_NONE
									      : PASSPORT_ALG;
}

enum passport_fault passport_parse(struct str value, struct passport *p)
{
	struct params params = {0};
	enum passport_fault fault;
	struct json header, payload;
	struct str part[2];

	memset(p, 0, offsetof(struct passport, header_text));
	if (value.n > PASSPORT_VALUE_MAX)
		return PASSPORT_TOO_LONG;
	if (!params_take(value, &params))
		return PASSPORT_SYNTAX;
	p->info = params.info;
	if (!is_supported(params.ppt))
		return PASSPORT_PPT;
	fault = parts_take(params.token, p, part);
	if (fault == PASSPORT_NONE && p->compact)
		return compact_check(&params);
	if (fault != PASSPORT_NONE)
		return fault;
	if (!object_decode(part[0], p->header_text, &p->header, &header) ||
		!object_decode(part[1], p->payload_text, &p->payload, &payload))
		return PASSPORT_JSON;
	fault = header_check(&header, &params, p);
	return fault != PASSPORT_NONE ? fault : payload_check(&payload, p);
}

// ---- Checks -------------------------------------------------------------------------------------

static bool is_number(struct str tn, const struct did *d)
{
	return d->n > 0 && str_eq(tn, (struct str){d->digits, d->n});
}

enum passport_fault passport_match(
	const struct passport *p, const struct did *caller, const struct did *called)
{
	if (!is_number(p->orig, caller))
		return PASSPORT_ORIG;
	for (size_t i = 0; i < p->n_dest; i++)
		if (is_number(p->dest[i], called))
			return PASSPORT_NONE;
	return PASSPORT_DEST;
}

bool passport_fresh(const struct passport *p, uint64_t now_s, uint32_t freshness_s)
{
	uint64_t apart = p->iat > now_s ? p->iat - now_s : now_s - p->iat;

	return apart <= freshness_s;
}

bool passport_key_ok(const EVP_PKEY *key)
{
	char group[32];
	size_t n;

	return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
		EVP_PKEY_get_group_name(key, group, sizeof(group), &n) == 1 &&
		strcmp(group, SN_X9_62_prime256v1) == 0;
}

// RFC 7518 3.4 writes r and s side by side, OpenSSL wants DER. Returns its length; *out is to be
// freed.
static int signature_der(const uint8_t raw[PASSPORT_SIG_SIZE], uint8_t **out)
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(raw, PASSPORT_SIG_SIZE / 2, NULL);
	BIGNUM *s = BN_bin2bn(raw + PASSPORT_SIG_SIZE / 2, PASSPORT_SIG_SIZE / 2, NULL);
	int n = -1;

	*out = NULL;
	if (sig != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(sig, r, s) == 1) {
		r = s = NULL; // the signature's now
		n = i2d_ECDSA_SIG(sig, out);
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(sig);
	return n;
}

bool passport_signature_ok(const struct passport *p, EVP_PKEY *key)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t *der;
	int n = signature_der(p->signature, &der);
	bool ok = ctx != NULL && n > 0 && passport_key_ok(key) &&
		EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
		EVP_DigestVerify(ctx, der, (size_t)n, (const uint8_t *)p->signed_part.p,
			p->signed_part.n) == 1;

	OPENSSL_free(der);
	EVP_MD_CTX_free(ctx);
	ERR_clear_error(); // or the next TLS connection of this thread takes ours for its own
	return ok;
}
