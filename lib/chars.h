// SPDX-License-Identifier: BSD-3-Clause
// Classes of octets in SIP and its URIs (RFC 3261 25.1), one bit each in a table: what parsers ask
// for every octet of a message. What is looked for in long text is looked for in 16 octets at a
// time, with instructions that every x86-64 has; elsewhere the table does it alone.
#pragma once

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "lib/str.h"

enum {
	CHAR_LWS = 1 << 0, // SP, HTAB, CR, LF
	CHAR_ALNUM = 1 << 1,
	CHAR_TOKEN = 1 << 2,
	CHAR_HOST = 1 << 3, // of a name or an IPv4 address
	CHAR_SCHEME = 1 << 4,
	CHAR_NOT_URI = 1 << 5, // must be escaped there
	// What ends ...
	CHAR_NAME_END = 1 << 6,  // the name of a parameter
	CHAR_VALUE_END = 1 << 7, // its value, unless quoted
	CHAR_HOST_END = 1 << 8,  // host and port of a URI
	CHAR_SPEC_END = 1 << 9, // a URI without brackets; in lists a comma does, and a lone bracket
	CHAR_NOT_DISPLAY = 1 << 10, // cannot stand in a display name without quotes
	CHAR_LIST = 1 << 11,        // has a meaning to who splits a list at its commas
	CHAR_LINE = 1 << 12,        // NUL, CR and LF: end a line, or make none of it
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

// How many octets of the class stand at the start.
static inline size_t chars_span(struct str s, unsigned int class)
{
	size_t i = 0;

	while (i < s.n && char_is(s.p[i], class))
		i++;
	return i;
}

#ifdef __SSE2__
static inline __m128i chars_are(__m128i v, char c)
{
	return _mm_cmpeq_epi8(v, _mm_set1_epi8(c));
}

static inline __m128i chars_mark_line(__m128i v)
{
	return _mm_or_si128(
		chars_are(v, '\n'), _mm_or_si128(chars_are(v, '\r'), chars_are(v, '\0')));
}

// chars_before() of a class whose members `mark` sets to ones. The last octets are looked at
// together with some that have been seen; nothing beyond the slice is read.
static inline __attribute__((always_inline)) size_t chars_scan(
	struct str s, __m128i (*mark)(__m128i v), unsigned int class)
{
	unsigned int found = 0;
	size_t i = 0;

	if (s.n < 16)
		return chars_before(s, class);
	for (; s.n - i >= 16; i += 16) {
		found = (unsigned int)_mm_movemask_epi8(
			mark(_mm_loadu_si128((const __m128i *)(s.p + i))));
		if (found != 0)
			return i + (unsigned int)__builtin_ctz(found);
	}
	i = s.n - 16;
	found = (unsigned int)_mm_movemask_epi8(mark(_mm_loadu_si128((const __m128i *)(s.p + i))));
	return found != 0 ? i + (unsigned int)__builtin_ctz(found) : s.n;
}
#else
#define chars_scan(s, mark, class) chars_before(s, class)
#endif

// How many octets stand before the first NUL, CR or LF, at most all.
static inline size_t chars_line(struct str s)
{
	return chars_scan(s, chars_mark_line, CHAR_LINE);
}

// How many octets stand before the first `c`, at most all.
static inline size_t chars_to(struct str s, char c)
{
	const char *at = s.n > 0 ? memchr(s.p, c, s.n) : NULL;

	return at != NULL ? (size_t)(at - s.p) : s.n;
}
