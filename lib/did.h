// SPDX-License-Identifier: BSD-3-Clause
// The called number (DID) that a request names, in the canonical form that a ticket carries
// (protocol.md 2.9).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/str.h"

// E.164: at most 15 digits.
#define DID_DIGITS_MAX 15

// Digits without the '+'. n == 0: there is no such number, it matches nothing.
struct did {
	char digits[DID_DIGITS_MAX];
	uint8_t n;
};

// How a number that is not written in full becomes one (2.9 step 3): the digits it begins with, and
// those that stand in their place, which begin with a country code.
struct did_rule {
	char strip[DID_DIGITS_MAX + 1]; // empty: nothing is taken away
	char add[DID_DIGITS_MAX + 1];   // without the '+'
	uint8_t length;                 // only a number of so many digits; 0: any
};

// Takes the number out of a sip:, sips: or tel: URI (no angle brackets, no display name). False
// and *out empty when the URI holds no full E.164 number: no leading '+', no phone-context that
// starts with one and no rule that fits (the first one that fits is taken), a character that no
// number has, no digit, or more than 15. Where a URI could be read in two ways it holds no number.
bool did_from_uri(struct str uri, const struct did_rule *rules, size_t n_rules, struct did *out);

// Octet by octet against a ticket's number ("+14085550123"); never by prefix.
bool did_eq(const struct did *d, struct str number);
