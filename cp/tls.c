// SPDX-License-Identifier: BSD-3-Clause
#include "cp/tls.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <stdarg.h>
#include <stdio.h>

// TLS-4: forward secrecy and GCM first, AES-CBC-SHA for old call managers.
#define DEFAULT_CIPHERS                                                                            \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"                               \
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"                               \
	"ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:AES128-SHA:AES256-SHA"

// No finite fields: a stranger may ask for a group, and one of 8192 bits takes as long as a hundred
// signatures.
#define GROUPS "X25519:P-256:P-384"

// A certificate, its CA and three between them; far more than anybody needs.
#define CHAIN_DEPTH  3 // those between
#define CHAIN_OCTETS (32u << 10)

__attribute__((format(printf, 3, 4))) static bool fail(char *err, size_t size, const char *fmt, ...)
{
	char why[160];
	va_list ap;
	int n;

	ERR_error_string_n(ERR_peek_last_error(), why, sizeof(why));
	ERR_clear_error();
	va_start(ap, fmt);
	n = vsnprintf(err, size, fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < size)
		snprintf(err + n, size - (size_t)n, ": %s", why);
	return false;
}

// What a stranger can make us do and keep is bounded, and no connection inherits from another one.
static void limit(SSL_CTX *ctx)
{
	SSL_CTX_set_options(ctx,
		SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
			SSL_OP_CIPHER_SERVER_PREFERENCE);
	// Every handshake is a full one: a resumed session would carry yesterday's verification.
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_max_early_data(ctx, 0);
	SSL_CTX_set_recv_max_early_data(ctx, 0);
	SSL_CTX_set_verify_depth(ctx, CHAIN_DEPTH);
	SSL_CTX_set_max_cert_list(ctx, CHAIN_OCTETS);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS); // a quiet connection holds no records
}

static bool load_anchor(SSL_CTX *ctx, const struct trustpoint *t, enum tls_role role, bool pinned)
{
	X509_STORE *store = trustpoint_store(t, pinned);

	if (store == NULL)
		return false;
	SSL_CTX_set_cert_store(ctx, store); // takes it over
	for (int i = 0; role == TLS_SERVER && i < sk_X509_num(t->ca); i++)
		if (SSL_CTX_add_client_CA(ctx, sk_X509_value(t->ca, i)) != 1)
			return false;
	return true;
}

static int version_of(int v)
{
	return v == 13 ? TLS1_3_VERSION : v == 12 ? TLS1_2_VERSION : TLS1_VERSION;
}

typedef int security_fn(
	const SSL *s, const SSL_CTX *ctx, int op, int bits, int nid, void *other, void *ex);
static security_fn *strict_policy; // OpenSSL's own

// TLS-4: suites and versions are as configured, and what is older than TLS 1.2 signs with SHA-1 and
// MD5. Keys and certificates are judged as ever (TLS-5).
static int legacy_policy(
	const SSL *s, const SSL_CTX *ctx, int op, int bits, int nid, void *other, void *ex)
{
	switch (op) {
	case SSL_SECOP_CIPHER_SUPPORTED:
	case SSL_SECOP_CIPHER_SHARED:
	case SSL_SECOP_CIPHER_CHECK:
	case SSL_SECOP_VERSION:
		return 1;
	case SSL_SECOP_SIGALG_SUPPORTED:
	case SSL_SECOP_SIGALG_SHARED:
	case SSL_SECOP_SIGALG_CHECK:
		if (s != NULL && SSL_version(s) < TLS1_2_VERSION)
			return 1;
	}
	return strict_policy(s, ctx, op, bits, nid, other, ex);
}

SSL_CTX *tls_ctx_new(const struct config *c, const struct config_tls_proxy *proxy,
	enum tls_role role, const struct trustpoint *identity, const struct trustpoint *anchor,
	char *err, size_t err_size)
{
	const struct config_tls_side *s = &proxy->side[role];
	SSL_CTX *ctx = SSL_CTX_new(role == TLS_SERVER ? TLS_server_method() : TLS_client_method());
	const char *ciphers = s->ciphers[0] != '\0' ? s->ciphers : DEFAULT_CIPHERS;

	if (ctx == NULL) {
		fail(err, err_size, "TLS context");
		return NULL;
	}
	SSL_CTX_set_min_proto_version(ctx, version_of(s->min_version));
	SSL_CTX_set_max_proto_version(ctx, version_of(s->max_version));
	SSL_CTX_set_security_level(ctx, TRUSTPOINT_SECURITY_LEVEL); // RSA of 2048 bits at least
	if (c->legacy_ciphers) {
		strict_policy = SSL_CTX_get_security_callback(ctx);
		SSL_CTX_set_security_callback(ctx, legacy_policy);
	}
	limit(ctx);
	if (SSL_CTX_set1_groups_list(ctx, GROUPS) != 1) {
		fail(err, err_size, "groups " GROUPS);
		goto out;
	}
	// The purpose (RFC 5280 extendedKeyUsage) follows from the role.
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	if (SSL_CTX_set_cipher_list(ctx, ciphers) != 1) {
		fail(err, err_size, "tls-proxy %s: ciphers %s", proxy->name, ciphers);
		goto out;
	}
	if (SSL_CTX_use_cert_and_key(ctx, identity->cert, identity->key, identity->chain, 1) != 1) {
		fail(err, err_size, "tls-proxy %s: certificate and key", proxy->name);
		goto out;
	}
	// The manual has the call manager's own certificate imported, whoever signed it.
	if (load_anchor(ctx, anchor, role, role != proxy->outside))
		return ctx;
	fail(err, err_size, "tls-proxy %s: CAs and CRLs", proxy->name);
out:
	SSL_CTX_free(ctx);
	return NULL;
}

void tls_peer_ids(const SSL *ssl, struct domain_ids *out)
{
	X509 *x = SSL_get0_peer_certificate(ssl);

	out->n = 0;
	if (x != NULL && SSL_get_verify_result(ssl) == X509_V_OK)
		domain_ids_from_cert(out, x);
}

static enum counter_id verify_failure(long result)
{
	switch (result) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return CNT_TLS_CERT_EXPIRED;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
	case X509_V_ERR_CERT_UNTRUSTED:
		return CNT_TLS_CERT_UNTRUSTED;
	case X509_V_ERR_CERT_CHAIN_TOO_LONG:
		return CNT_TLS_CERT_CHAIN;
	case X509_V_ERR_CERT_REVOKED:
		return CNT_TLS_CERT_REVOKED;
	case X509_V_ERR_UNABLE_TO_GET_CRL:
	case X509_V_ERR_CRL_HAS_EXPIRED:
	case X509_V_ERR_CRL_NOT_YET_VALID:
		return CNT_TLS_CRL_MISSING;
	default:
		return CNT_TLS_CERT_REFUSED;
	}
}

static bool nothing_common(int reason)
{
	switch (reason) {
	case SSL_R_NO_SHARED_CIPHER:
	case SSL_R_UNSUPPORTED_PROTOCOL:
	case SSL_R_NO_PROTOCOLS_AVAILABLE:
	case SSL_R_VERSION_TOO_LOW:
	case SSL_R_NO_SUITABLE_KEY_SHARE:
	case SSL_R_NO_SHARED_GROUPS:
	case SSL_R_NO_SUITABLE_GROUPS:
	case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
	case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
		return true;
	default:
		return false;
	}
}

enum counter_id tls_failure(const SSL *ssl, unsigned long openssl_error, char *text, size_t size)
{
	const char *why = openssl_error != 0 ? ERR_reason_error_string(openssl_error) : NULL;
	int reason = ERR_GET_REASON(openssl_error);
	long verify = SSL_get_verify_result(ssl);

	if (verify != X509_V_OK) {
		snprintf(text, size, "certificate: %s", X509_verify_cert_error_string(verify));
		return verify_failure(verify);
	}
	snprintf(text, size, "%s", why != NULL ? why : "connection closed in the handshake");
	if (reason == SSL_R_WRONG_VERSION_NUMBER) // its first record is none of TLS
		return CNT_TCP_ON_TLS;
	if (nothing_common(reason))
		return CNT_TLS_NOTHING_COMMON;
	if (reason == SSL_R_EXCESSIVE_MESSAGE_SIZE)
		return CNT_TLS_CERT_CHAIN;
	if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE)
		return CNT_TLS_NO_CERT;
	if (reason >= SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256)
		return CNT_TLS_REFUSED_BY_PEER;
	return CNT_TLS_FAILED;
}
