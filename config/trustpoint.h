// SPDX-License-Identifier: BSD-3-Clause
// What the files of a trust-point hold, read and judged: by the configuration's loader, by the
// control plane at start and at each reload, and by `callgate pki` (protocol.md section 8, 9.1, E14).
#pragma once

#include <openssl/x509.h>

#include "config/config.h"

#define TRUSTPOINT_FILE_MAX (1024 * 1024) // octets of a file: a CRL of 25 000 certificates
#define TRUSTPOINT_WHY_MAX  440

#define TRUSTPOINT_SECURITY_LEVEL 2 // of OpenSSL, here and in handshakes (TLS-5)

enum trustpoint_file { TRUSTPOINT_CERTIFICATE, TRUSTPOINT_KEY, TRUSTPOINT_CA, TRUSTPOINT_CRL };
const char *trustpoint_file_name(enum trustpoint_file f); // "certificate", as in the configuration

// Each NULL where there is no such file.
struct trustpoint {
	X509 *cert;
	STACK_OF(X509) * chain; // what follows the certificate in its file
	EVP_PKEY *key;
	STACK_OF(X509) * ca;
	STACK_OF(X509_CRL) * crls;
	bool crl_must;
};

// A fault: which file, and "found ..., expected ...".
typedef void trustpoint_tell(void *arg, enum trustpoint_file file, const char *why);

// Reads the files that are named and judges each and all together: they parse, nobody else may read
// the key, it is the certificate's, RSA has 2048 bits or more (TLS-5), what enrolled itself is
// self-signed, and a CRL of one of the CAs is signed by it. Tells every fault. Returns 0, -EINVAL
// with faults told, or -ENOMEM. *out is to be freed in any case.
int trustpoint_load(struct trustpoint *out, const struct config_trustpoint *files,
	trustpoint_tell *tell, void *arg);
void trustpoint_free(struct trustpoint *t); // wipes the key

// One certificate or CRL of a trust-point.
enum trustpoint_kind {
	TRUSTPOINT_IDENTITY,
	TRUSTPOINT_INTERMEDIATE, // of the identity's chain
	TRUSTPOINT_ANCHOR,
	TRUSTPOINT_REVOCATIONS,
};
struct trustpoint_item {
	enum trustpoint_kind kind;
	X509 *cert;          // NULL: a CRL
	const X509_CRL *crl; // NULL: a certificate
	bool has_issuer;     // of a CRL: it is of one of the CAs
};
typedef void trustpoint_visit(const struct trustpoint_item *item, void *arg);
void trustpoint_foreach(const struct trustpoint *t, trustpoint_visit *fn, void *arg);

// What a peer's certificate is judged by: the CAs, and the CRLs where there are any. A CRL that is
// out of date still revokes what it lists, and a CA without a CRL revokes nothing (the ASA's
// "revocation-check crl none"); with crl_must both refuse (its "revocation-check crl"). `pinned`: a
// certificate that is no CA's may stand among the CAs and is then its own anchor. NULL: out of memory.
X509_STORE *trustpoint_store(const struct trustpoint *t, bool pinned);

// Judges a certificate as a TLS handshake would, now: X509_V_OK, or why not. `intermediates` may be
// NULL. `server`: the other side is the TLS server. With `chain` the caller gets the chain as far as it
// could be built, its own certificate first, and in *depth which of it is at fault (sk_X509_pop_free).
int trustpoint_judge(X509_STORE *store, X509 *cert, STACK_OF(X509) * intermediates, bool server,
	STACK_OF(X509) * *chain, int *depth);

// Which tls-proxies show its certificate, and which judge by its CAs: "remote_to_local-ent (server,
// outside)"; `role` is its in the TLS session. False: no further ones; start with *at 0.
bool trustpoint_use(const struct config *c, size_t trustpoint, bool as_anchor, size_t *at,
	char *text, size_t size);
