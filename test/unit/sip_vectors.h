// SPDX-License-Identifier: BSD-3-Clause
// Messages of test/vectors/sip, and the shape that the tests of SIP and SDP share.
#pragma once

#include "test/unit/test.h"

#include <stdio.h>

#include "lib/sip.h"

// Reads a vector into `buf`; the tests run in the root of the source tree.
static inline struct str vector_load(const char *name, char *buf, size_t size)
{
	char path[256];
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "test/vectors/sip/%s", name);
	f = fopen(path, "rb");
	assert_non_null(f);
	n = fread(buf, 1, size, f);
	assert_true(n > 0 && n < size);
	fclose(f);
	return (struct str){buf, n};
}

#define assert_str(s, z)                                                                           \
	do {                                                                                       \
		struct str got_ = (s), want_ = str_from(z);                                        \
		if (!str_eq(got_, want_))                                                          \
			fail_msg("got \"%.*s\", expected \"%s\"", STR_FMT(got_), want_.p);         \
	} while (0)
