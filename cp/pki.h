// SPDX-License-Identifier: BSD-3-Clause
// The certificates, keys, CAs and CRLs of all trust-points, read and judged together, with the TLS
// contexts made of them (protocol.md section 8). One that has been made is never changed: a reload
// makes another and takes its place. Control thread only.
#pragma once

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "config/trustpoint.h"

struct pki;

// Reads every file (at most TRUSTPOINT_FILE_MAX octets each) and makes a context per tls-proxy and
// role. Blocks for as long as that takes: some milliseconds for files of an ordinary size. Returns
// -errno, and `err` says which trust-point and file is at fault, what was found and what was expected.
int pki_new(struct pki **out, const struct config *c, char *err, size_t err_size);
void pki_free(struct pki *p); // connections keep the context that they began with; accepts NULL

// NULL where the tls-proxy has no such role.
SSL_CTX *pki_tls(const struct pki *p, enum tls_role role, size_t tls_proxy);

// The identities of the certificate that the Internet sees on our server (2.10); none without one.
const struct domain_ids *pki_own_ids(const struct pki *p);

// Judges the peer of a live connection again, by the certificate that it showed: X509_V_OK, or why a
// handshake with `tls_proxy` in `role` would be refused now.
int pki_judge_again(const struct pki *p, enum tls_role role, size_t tls_proxy, const SSL *ssl);

// ---- What `show crypto ca certificates` and the alarms read --------------------------------------

struct pki_item {
	size_t trustpoint; // index in the configuration
	bool used;         // some tls-proxy shows it, or judges by it
	const struct trustpoint_item *is;
};

typedef void pki_visit_fn(const struct pki_item *item, void *arg);
void pki_foreach(const struct pki *p, pki_visit_fn *fn, void *arg);

// Raises and clears the alarms of validity for everything that is used.
void pki_alarms(const struct pki *p, int64_t wall_s, uint64_t now_ns);
