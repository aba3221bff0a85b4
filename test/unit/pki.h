// SPDX-License-Identifier: BSD-3-Clause
// Certificates for tests, made anew in a folder: ca.pem, other-ca.pem and inside-ca.pem; for each NAME below
// NAME.crt and NAME.key (0600).
#pragma once

// a, b, c: enterprise-{a,b,c}.example of the CA; stranger: enterprise-b.example of the other CA;
// expired: enterprise-b.example, over yesterday; server-only: enterprise-b.example, which may not
// be a TLS client; rsa: enterprise-a.example; rsa-1024: enterprise-b.example; chain-3, chain-4: enterprise-b.example with so many CAs between it and the CA;
// chain-fat: with one of 40 kB; asa, ucm, ucm-2: for the inside of a secure trunk, of the inside CA.
void pki_make(const char *dir);
