// SPDX-License-Identifier: BSD-3-Clause
// Domain names, and the identities that a certificate gives its holder (RFC 5922 7.1 to 7.4 as
// in protocol.md 2.10).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "lib/str.h"

// Octets of a name without its trailing dot.
#define DOMAIN_NAME_MAX 253
// Identities that are kept of one certificate, in its order; further ones do not count.
#define DOMAIN_IDS_MAX 8

struct domain_name {
	uint8_t n;
	char name[DOMAIN_NAME_MAX];
};

struct domain_ids {
	unsigned int n;
	struct domain_name id[DOMAIN_IDS_MAX];
};

// Letters, digits and hyphens in labels of 1 to 63 octets, no hyphen at a label's end, at most
// 253 in all; one trailing dot is allowed (TKT-10).
bool domain_valid(struct str name);

// Whole names, case-insensitive, trailing dot ignored. Two empty names are not equal.
bool domain_eq(struct str a, struct str b);

// Whether a domain is meant by an entry of a list of ours: "a.example" means that name, ".a.example"
// every name below it. For lists that an operator writes; no certificate has such names.
bool domain_matches(struct str entry, struct str name);

// An entry of such a list: a valid name, or a dot and a valid name.
bool domain_entry_valid(struct str entry);

// The identities of a certificate whose path has already been validated: the hosts of its sip:
// URIs; only if it has none, its DNS names; only if it has no subjectAltName at all, its most
// specific CN. Addresses and what is no DNS name do not count. A "*." is kept as text.
void domain_ids_from_cert(struct domain_ids *ids, const X509 *cert);

// False for a NULL `ids`: no certificate, no identity (TKT-23).
bool domain_ids_has(const struct domain_ids *ids, struct str name);
