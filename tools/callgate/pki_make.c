// SPDX-License-Identifier: BSD-3-Clause
// callgate pki generate, self-sign and request: the manual's `crypto key generate`, `enroll self` and
// `crypto ca enroll`.
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "lib/cert.h"
#include "tools/callgate/pki.h"

#define MODULUS_MAX 8192
#define DAYS        3650u
#define DAYS_MAX    36500u
#define DAY_S       86400l
#define MINUTES_5_S 300l // clocks differ

static int out_of_memory(void)
{
	char why[160];

	ERR_error_string_n(ERR_peek_last_error(), why, sizeof(why));
	return pki_failed("OpenSSL: %s", why);
}

// ---- generate -----------------------------------------------------------------------------------

static int key_make(const struct pki_args *a, EVP_PKEY **out)
{
	const char *modulus = a->v[PKI_OPT_MODULUS], *curve = a->v[PKI_OPT_CURVE];
	uint64_t bits = 2048;

	if (modulus != NULL && curve != NULL)
		return usage_error("--modulus is for RSA, --curve for ECDSA: expected one of them");
	if (modulus != NULL && (!str_to_u64(str_from(modulus), MODULUS_MAX, &bits) || bits < 2048))
		return usage_error("--modulus: found \"%s\", expected 2048 to %d (TLS-5)", modulus,
			MODULUS_MAX);
	if (curve != NULL && strcmp(curve, "P-256") != 0 && strcmp(curve, "P-384") != 0)
		return usage_error("--curve: found \"%s\", expected P-256 or P-384", curve);
	*out = curve != NULL ? EVP_EC_gen(curve) : EVP_RSA_gen((unsigned int)bits);
	return *out != NULL ? CLIENT_OK : out_of_memory();
}

static int key_write(const struct pki_args *a, const EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	int code = CLIENT_FAILED;
	struct str text;

	if (PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) != 1) {
		code = out_of_memory();
	} else {
		text = pki_text(bio);
		code = pki_file_write(a->tp.key, text.p, text.n, 0600, a->v[PKI_OPT_FORCE] != NULL);
		OPENSSL_cleanse((char *)text.p, text.n);
	}
	BIO_free(bio);
	return code;
}

static int generate(const struct pki_args *a)
{
	char kind[CERT_KEY_MAX];
	EVP_PKEY *key = NULL;
	int code;

	if (a->tp.key[0] == '\0')
		return usage_error("the trust-point has no key; name a file: --key");
	code = key_make(a, &key);
	if (code == CLIENT_OK)
		code = key_write(a, key);
	if (code == CLIENT_OK && a->v[PKI_OPT_JSON] != NULL) {
		cJSON *j = cJSON_CreateObject();

		cJSON_AddStringToObject(j, "file", a->tp.key);
		cJSON_AddStringToObject(j, "key", cert_key_kind(key, kind));
		cJSON_AddNumberToObject(j, "bits", EVP_PKEY_get_bits(key));
		json_print(j);
	} else if (code == CLIENT_OK) {
		printf("%s: %s\n", a->tp.key, cert_key_text(key, kind));
	}
	EVP_PKEY_free(key);
	return code;
}

// ---- What certificates and requests say ---------------------------------------------------------

struct subject {
	X509_NAME *name;
	STACK_OF(X509_EXTENSION) * extensions;
	struct domain_ids domains;
};

static bool rdn_add(X509_NAME *name, struct str rdn)
{
	static const char *const types[] = {"CN", "O", "OU", "C", "L", "ST", "DC"};
	struct str type, value = str_trim(str_split(str_trim(rdn), '=', &type));

	type = str_trim(type);
	if (value.n > 1 && value.p[0] == '"' && value.p[value.n - 1] == '"')
		value = (struct str){value.p + 1, value.n - 2};
	for (size_t i = 0; value.n > 0 && i < sizeof(types) / sizeof(types[0]); i++)
		if (str_caseeq(type, str_from(types[i])))
			return X509_NAME_add_entry_by_txt(name, types[i], MBSTRING_UTF8,
				       (const unsigned char *)value.p, (int)value.n, -1, 0) == 1;
	return false;
}

// Up to the next comma that is not in quotes.
static struct str rdn_split(struct str s, struct str *rdn)
{
	bool quoted = false;
	size_t n = 0;

	for (; n < s.n && (quoted || s.p[n] != ','); n++)
		quoted ^= s.p[n] == '"';
	*rdn = (struct str){s.p, n};
	return n < s.n ? (struct str){s.p + n + 1, s.n - n - 1} : (struct str){s.p + n, 0};
}

static int name_fill(const struct pki_args *a, struct subject *s)
{
	const char *text = a->v[PKI_OPT_SUBJECT];
	const struct domain_name *first = &s->domains.id[0];
	struct str rest = str_from(text), rdn;

	if (text == NULL)
		return X509_NAME_add_entry_by_txt(s->name, "CN", MBSTRING_UTF8,
			       (const unsigned char *)first->name, first->n, -1, 0) == 1
			? CLIENT_OK
			: usage_error("--subject is needed: the domain is too long for a name");
	do {
		rest = rdn_split(rest, &rdn);
		if (!rdn_add(s->name, rdn))
			return usage_error("--subject: found \"%.*s\", expected such as "
					   "cn=a.example,o=\"Example Corp\"",
				STR_FMT(rdn));
	} while (rest.n > 0);
	return CLIENT_OK;
}

static bool extension_add(struct subject *s, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_nconf_nid(NULL, NULL, nid, value);
	bool ok = e != NULL && X509v3_add_ext(&s->extensions, e, -1) != NULL; // a copy

	X509_EXTENSION_free(e);
	return ok;
}

// The domain as a sip: URI (RFC 5922) and, for peers that know no better, as a DNS name.
static bool san_add(struct subject *s)
{
	char value[DOMAIN_IDS_MAX * (2 * DOMAIN_NAME_MAX + 16)];
	size_t n = 0;

	for (unsigned int i = 0; i < s->domains.n; i++) {
		const struct domain_name *d = &s->domains.id[i];

		n += (size_t)snprintf(value + n, sizeof(value) - n, "%sURI:sip:%.*s,DNS:%.*s",
			i > 0 ? "," : "", d->n, d->name, d->n, d->name);
	}
	return extension_add(s, NID_subject_alt_name, value);
}

static int subject_read(const struct pki_args *a, struct subject *s, const EVP_PKEY *key)
{
	bool rsa = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
	int code = pki_domains(a, &s->domains);

	s->name = X509_NAME_new();
	if (code == CLIENT_OK)
		code = name_fill(a, s);
	if (code != CLIENT_OK)
		return code;
	// A plain RSA key exchange (aes128-sha1) wants keyEncipherment.
	return san_add(s) && extension_add(s, NID_basic_constraints, "critical,CA:FALSE") &&
			extension_add(s, NID_key_usage,
				rsa ? "critical,digitalSignature,keyEncipherment"
				    : "critical,digitalSignature") &&
			extension_add(s, NID_ext_key_usage, "serverAuth,clientAuth")
		? CLIENT_OK
		: out_of_memory();
}

static void subject_free(struct subject *s)
{
	X509_NAME_free(s->name);
	sk_X509_EXTENSION_pop_free(s->extensions, X509_EXTENSION_free);
}

// ---- self-sign ----------------------------------------------------------------------------------

static X509 *self_signed(const struct subject *s, EVP_PKEY *key, unsigned int days)
{
	unsigned char serial[16];
	BIGNUM *bn = NULL;
	X509 *x = X509_new();
	bool ok = x != NULL && RAND_bytes(serial, sizeof(serial)) == 1;

	serial[0] = (serial[0] & 0x3f) | 0x40; // positive, and never shorter
	ok = ok && (bn = BN_bin2bn(serial, sizeof(serial), NULL)) != NULL &&
		BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(x)) != NULL &&
		X509_set_version(x, X509_VERSION_3) == 1 &&
		X509_gmtime_adj(X509_getm_notBefore(x), -MINUTES_5_S) != NULL &&
		X509_gmtime_adj(X509_getm_notAfter(x), (long)days * DAY_S) != NULL &&
		X509_set_subject_name(x, s->name) == 1 && X509_set_issuer_name(x, s->name) == 1 &&
		X509_set_pubkey(x, key) == 1;
	for (int i = 0; ok && i < sk_X509_EXTENSION_num(s->extensions); i++)
		ok = X509_add_ext(x, sk_X509_EXTENSION_value(s->extensions, i), -1) == 1;
	ok = ok && X509_sign(x, key, EVP_sha256()) > 0;
	BN_free(bn);
	if (!ok) {
		X509_free(x);
		return NULL;
	}
	return x;
}

static int self_sign(const struct pki_args *a)
{
	const char *text = a->v[PKI_OPT_DAYS];
	struct subject s = {0};
	uint64_t days = DAYS;
	EVP_PKEY *key = NULL;
	BIO *bio = NULL;
	X509 *x = NULL;
	int code;

	if (a->tp.certificate[0] == '\0')
		return usage_error(
			"the trust-point has no certificate; name a file: --certificate");
	if (text != NULL && (!str_to_u64(str_from(text), DAYS_MAX, &days) || days == 0))
		return usage_error("--days: found \"%s\", expected 1 to %u", text, DAYS_MAX);
	key = pki_key(a->tp.key);
	code = key != NULL ? subject_read(a, &s, key) : CLIENT_FAILED;
	if (code == CLIENT_OK) {
		x = self_signed(&s, key, (unsigned int)days);
		bio = BIO_new(BIO_s_mem());
		if (x == NULL || PEM_write_bio_X509(bio, x) != 1)
			code = out_of_memory();
	}
	if (code == CLIENT_OK)
		code = pki_file_write(a->tp.certificate, pki_text(bio).p, pki_text(bio).n, 0644,
			a->v[PKI_OPT_FORCE] != NULL);
	if (code == CLIENT_OK)
		pki_cert_show(a, x);
	BIO_free(bio);
	X509_free(x);
	EVP_PKEY_free(key);
	subject_free(&s);
	return code;
}

// ---- request ------------------------------------------------------------------------------------

static int request_print(const struct pki_args *a, const struct subject *s, X509_REQ *r)
{
	char subject[CERT_NAME_MAX] = "", text[8192] = "";
	BIO *bio = BIO_new(BIO_s_mem());
	cJSON *j, *ids;
	int n;

	X509_NAME_print_ex(bio, s->name, 0, XN_FLAG_RFC2253);
	n = BIO_read(bio, subject, sizeof(subject) - 1);
	subject[n > 0 ? n : 0] = '\0';
	if (PEM_write_bio_X509_REQ(bio, r) == 1)
		BIO_read(bio, text, sizeof(text) - 1);
	BIO_free(bio);
	if (a->v[PKI_OPT_JSON] == NULL) {
		fprintf(stderr, "%% The subject name in the certificate will be: %s\n", subject);
		for (unsigned int i = 0; i < s->domains.n; i++)
			fprintf(stderr, "%% The domain that peers take us for will be: %.*s\n",
				s->domains.id[i].n, s->domains.id[i].name);
		fputs(text, stdout);
		return CLIENT_OK;
	}
	j = cJSON_CreateObject();
	cJSON_AddStringToObject(j, "subject", subject);
	ids = cJSON_AddArrayToObject(j, "identities");
	for (unsigned int i = 0; i < s->domains.n; i++) {
		str_copy((struct str){s->domains.id[i].name, s->domains.id[i].n}, subject,
			sizeof(subject));
		cJSON_AddItemToArray(ids, cJSON_CreateString(subject));
	}
	cJSON_AddStringToObject(j, "request", text);
	json_print(j);
	return CLIENT_OK;
}

static int request(const struct pki_args *a)
{
	EVP_PKEY *key = pki_key(a->tp.key);
	X509_REQ *r = X509_REQ_new();
	struct subject s = {0};
	int code = key != NULL ? subject_read(a, &s, key) : CLIENT_FAILED;

	if (code == CLIENT_OK)
		code = X509_REQ_set_version(r, X509_REQ_VERSION_1) == 1 &&
				X509_REQ_set_subject_name(r, s.name) == 1 &&
				X509_REQ_set_pubkey(r, key) == 1 &&
				X509_REQ_add_extensions(r, s.extensions) == 1 &&
				X509_REQ_sign(r, key, EVP_sha256()) > 0
			? request_print(a, &s, r)
			: out_of_memory();
	X509_REQ_free(r);
	EVP_PKEY_free(key);
	subject_free(&s);
	return code;
}

int pki_generate_main(int argc, char **argv)
{
	return pki_run(PKI_GENERATE, generate, argc, argv);
}

int pki_self_sign_main(int argc, char **argv)
{
	return pki_run(PKI_SELF_SIGN, self_sign, argc, argv);
}

int pki_request_main(int argc, char **argv)
{
	return pki_run(PKI_REQUEST, request, argc, argv);
}
