// SPDX-License-Identifier: BSD-3-Clause
// A slice of octets: what every parser takes and returns. It never owns what it points at
// and is not NUL-terminated.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

struct str {
	const char *p;
	size_t n;
};

// For printf: "%.*s", STR_FMT(s).
#define STR_FMT(s) (int)(s).n, (s).p

// A string literal as a slice.
#define STR_LIT(s) ((struct str){(s), sizeof(s) - 1})

static inline struct str str_from(const char *z)
{
	return (struct str){z, z != NULL ? strlen(z) : 0};
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

// Case-insensitive for ASCII letters only, whatever the locale.
bool str_same_letters(const char *a, const char *b, size_t n);

// Most of what is compared differs in length or first octet, or is written as the literal it is
// compared with.
static inline bool str_caseeq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || ((a.p[0] ^ b.p[0]) & ~0x20) == 0) &&
		((__builtin_constant_p(b.n) && memcmp(a.p, b.p, b.n) == 0) ||
			str_same_letters(a.p, b.p, a.n));
}

static inline bool str_has_prefix(struct str s, struct str prefix)
{
	return s.n >= prefix.n && str_eq((struct str){s.p, prefix.n}, prefix);
}

static inline bool str_has_caseprefix(struct str s, struct str prefix)
{
	return s.n >= prefix.n && str_caseeq((struct str){s.p, prefix.n}, prefix);
}

// Without leading and trailing SP, HTAB, CR and LF. Most slices have none.
struct str str_trim_space(struct str s);

static inline struct str str_trim(struct str s)
{
	if (s.n > 0 && (unsigned char)s.p[0] > ' ' && (unsigned char)s.p[s.n - 1] > ' ')
		return s;
	return str_trim_space(s);
}

// How many octets stand before the first `c`, at most all. Mostly it is near.
static inline size_t str_before(struct str s, char c)
{
	const char *at;

#ifdef __SSE2__
	if (s.n >= 16) {
		int found = _mm_movemask_epi8(
			_mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)s.p), _mm_set1_epi8(c)));

		if (found != 0)
			return (size_t)__builtin_ctz((unsigned int)found);
	}
#endif
	at = s.n > 0 ? memchr(s.p, c, s.n) : NULL;
	return at != NULL ? (size_t)(at - s.p) : s.n;
}

// Splits at the first `sep`: *head is what stands before it, the rest what stands after it
// (empty, with p past the end, when there is no separator).
static inline struct str str_split(struct str s, char sep, struct str *head)
{
	size_t n = str_before(s, sep), end = n + (n < s.n);

	*head = (struct str){s.p, n};
	return (struct str){s.p + end, s.n - end};
}

// Decimal digits only (no sign, no space); false when empty, not decimal or above `max`.
bool str_to_u64(struct str s, uint64_t max, uint64_t *out);

// The decimal digits of a number, written into `buf`, which the slice points into.
#define STR_DECIMAL_MAX 20
struct str str_decimal(uint64_t v, char buf[STR_DECIMAL_MAX]);

// Copies into a NUL-terminated buffer; false (and an empty string) when it does not fit.
bool str_copy(struct str s, char *buf, size_t size);
