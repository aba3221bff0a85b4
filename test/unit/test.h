// SPDX-License-Identifier: BSD-3-Clause
// What every unit test includes first: cmocka with the headers it expects before it.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/addr.h"
#include "lib/str.h"

// A row of a table as a case of its own, so that the report names it.
static inline struct CMUnitTest row_case(const char *name, CMUnitTestFunction fn, const void *row)
{
	return (struct CMUnitTest){.name = name, .test_func = fn, .initial_state = (void *)row};
}

// Octets written as hex digits and spaces; returns how many. `out` must be large enough.
static inline size_t unhex(const char *hex, uint8_t *out)
{
	size_t n = 0, digits = 0;

	for (; *hex != '\0'; hex++) {
		uint8_t v;

		if (*hex == ' ' || *hex == '\n')
			continue;
		v = (uint8_t)(*hex <= '9' ? *hex - '0' : (*hex | 0x20) - 'a' + 10);
		if (digits++ % 2 == 0)
			out[n] = (uint8_t)(v << 4);
		else
			out[n++] |= v;
	}
	return n;
}

static inline struct ip_addr ip(const char *text)
{
	struct ip_addr a;

	assert_true(ip_parse(str_from(text), &a));
	return a;
}

static inline struct endpoint ep(const char *text, uint16_t port)
{
	return (struct endpoint){ip(text), port};
}

static inline struct prefix net(const char *text)
{
	struct prefix p;

	assert_true(prefix_parse(str_from(text), &p));
	return p;
}
