// SPDX-License-Identifier: BSD-3-Clause
// Certificates for tests, made anew in a folder: ca.pem, other-ca.pem and inside-ca.pem; for each NAME below
// NAME.crt and NAME.key (0600).
#pragma once

#include <stdbool.h>

// a, b, c: enterprise-{a,b,c}.example of the CA; stranger: enterprise-b.example of the other CA;
// expired: enterprise-b.example, over yesterday; server-only: enterprise-b.example, which may not
// be a TLS client; rsa: enterprise-a.example; rsa-1024: enterprise-b.example; chain-3, chain-4: enterprise-b.example with so many CAs between it and the CA;
// chain-fat: with one of 40 kB; asa, ucm, ucm-2: for the inside of a secure trunk, of the inside CA; self: the same
// as asa, but self-signed. crl.pem is a CRL of the CA that revokes nobody.
void pki_make(const char *dir);

// Another certificate NAME.crt of the CA with another key, that ends in `to_s` seconds; in place of
// one that is there.
void pki_renew(const char *dir, const char *name, const char *domain, long to_s);
// FILE, a CRL of ca.pem (or of other-ca.pem) that revokes NAME.crt; NULL: nobody. It is good from
// `from_s` to `to_s` seconds from now.
void pki_crl(
	const char *dir, const char *file, const char *revoked, bool other, long from_s, long to_s);
