// SPDX-License-Identifier: BSD-3-Clause
// The called number (DID) that a request names, in the canonical form that a ticket carries
// (protocol.md 2.9).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/str.h"

// E.164: at most 15 digits.
#define DID_DIGITS_MAX 15

// Digits without the '+'. n == 0: there is no such number, it matches nothing.
struct did {
	char digits[DID_DIGITS_MAX];
	uint8_t n;
};

// Takes the number out of a sip:, sips: or tel: URI (no angle brackets, no display name). False
// and *out empty when the URI holds no full E.164 number: no leading '+' and no phone-context
// that starts with one, a character that no number has, no digit, or more than 15. Where a URI
// could be read in two ways it holds no number.
bool did_from_uri(struct str uri, struct did *out);

// Octet by octet against a ticket's number ("+14085550123"); never by prefix.
bool did_eq(const struct did *d, struct str number);
