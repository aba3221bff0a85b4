// SPDX-License-Identifier: BSD-3-Clause
// The TNAuthList of a certificate (RFC 8226 section 9): for which calling numbers its holder may
// sign. A number or a range of numbers gives authority for just these. A service provider code
// (SPC) names a provider and not its numbers; so it gives authority for every number: to whom the
// authorities of a trust domain give codes is their policy, and whoever configures their anchors
// takes it over, as SHAKEN does (ATIS-1000080). Pure, any thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "lib/str.h"

enum tn_auth_kind { TN_AUTH_SPC, TN_AUTH_RANGE, TN_AUTH_NUMBER };

struct tn_auth_entry {
	enum tn_auth_kind kind;
	struct str text; // the code, the number, or the first number of the range
	uint64_t count;  // of numbers in the range, from 2
};

// The extension's octets; empty: the certificate has none. They live as long as the certificate.
struct str tn_auth_of(const X509 *cert);

// Takes the next entry; *rest starts as tn_auth_list().
bool tn_auth_next(struct str *rest, struct tn_auth_entry *out);

// The entries of the extension; empty when it is malformed anywhere or has none.
struct str tn_auth_list(struct str extension);

// Whether the extension gives authority for a number without '+'.
bool tn_auth_covers(struct str extension, struct str number);
