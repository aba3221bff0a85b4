// SPDX-License-Identifier: BSD-3-Clause
// Classes of octets in SIP and its URIs (RFC 3261 25.1), one bit each in a table: what parsers ask
// for every octet of a message.
#pragma once

#include "lib/str.h"

enum {
	CHAR_LWS = 1 << 0, // SP, HTAB, CR, LF
	CHAR_ALNUM = 1 << 1,
	CHAR_TOKEN = 1 << 2,
	CHAR_HOST = 1 << 3, // of a name or an IPv4 address
	CHAR_SCHEME = 1 << 4,
	CHAR_NOT_URI = 1 << 5, // must be escaped there
	// What ends ...
	CHAR_NAME_END = 1 << 6,     // the name of a parameter
	CHAR_VALUE_END = 1 << 7,    // its value, unless quoted
	CHAR_HOST_END = 1 << 8,     // host and port of a URI
	CHAR_SPEC_END = 1 << 9,     // a URI without brackets; a lone one ends it
	CHAR_NOT_DISPLAY = 1 << 10, // cannot stand in a display name without quotes
	CHAR_LIST = 1 << 11,        // has a meaning to who splits a list at its commas
};

extern const uint16_t chars[256];

static inline bool char_is(char c, unsigned int class)
{
	return (chars[(uint8_t)c] & class) != 0;
}

// Whether all octets are of the class (of one of them, if several are given).
static inline bool chars_all(struct str s, unsigned int class)
{
	for (size_t i = 0; i < s.n; i++)
		if (!char_is(s.p[i], class))
			return false;
	return true;
}

// How many octets stand before the first of the class, at most all.
static inline size_t chars_before(struct str s, unsigned int class)
{
	size_t i = 0;

	while (i < s.n && !char_is(s.p[i], class))
		i++;
	return i;
}
