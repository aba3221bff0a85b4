// SPDX-License-Identifier: BSD-3-Clause
// TLS toward the Internet and, on secure trunks, toward call managers (protocol.md section 8): one
// SSL_CTX per tls-proxy and role, mutual authentication always (TLS-1), and why a handshake failed
// as a counter. Control thread.
#pragma once

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "config/trustpoint.h"
#include "cp/counters.h"
#include "lib/domain.h"

// What a tls-proxy is in one of the roles it has: shows the certificate of one trust-point and
// judges by the CAs and CRLs of one. NULL on failure, and `err` says why.
SSL_CTX *tls_ctx_new(const struct config *c, const struct config_tls_proxy *proxy,
	enum tls_role role, const struct trustpoint *identity, const struct trustpoint *anchor,
	char *err, size_t err_size);

// The identities of the peer's verified certificate; none when there is no certificate.
void tls_peer_ids(const SSL *ssl, struct domain_ids *out);

// What went wrong in a handshake, from OpenSSL's reason and the verification result. `text` is one
// line for the log.
enum counter_id tls_failure(const SSL *ssl, unsigned long openssl_error, char *text, size_t size);
