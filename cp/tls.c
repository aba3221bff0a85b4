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

SSL_CTX *tls_ctx_new(const struct config_tls_proxy *proxy, enum tls_role role,
	const struct trustpoint *identity, const struct trustpoint *anchor, char *err,
	size_t err_size)
{
	const struct config_tls_side *s = &proxy->side[role];
	SSL_CTX *ctx = SSL_CTX_new(role == TLS_SERVER ? TLS_server_method() : TLS_client_method());
	const char *ciphers = s->ciphers[0] != '\0' ? s->ciphers : DEFAULT_CIPHERS;

	if (ctx == NULL) {
		fail(err, err_size, "TLS context");
		return NULL;
	}
	SSL_CTX_set_min_proto_version(ctx, s->min_version == 13 ? TLS1_3_VERSION : TLS1_2_VERSION);
	SSL_CTX_set_security_level(ctx, TRUSTPOINT_SECURITY_LEVEL); // RSA of 2048 bits at least
	// Every handshake is a full one: a resumed session would carry yesterday's verification.
	SSL_CTX_set_options(ctx,
		SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
			SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(ctx, 0);
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
	if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE)
		return CNT_TLS_NO_CERT;
	if (reason >= SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256)
		return CNT_TLS_REFUSED_BY_PEER;
	return CNT_TLS_FAILED;
}
