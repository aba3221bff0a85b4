// SPDX-License-Identifier: BSD-3-Clause
// The a=crypto parser: what it accepts must survive being written and read again.
#include <stdlib.h>

#include "lib/sdes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[SDES_TEXT_MAX];
	struct sdes a, b;
	size_t n;

	if (sdes_parse((struct str){(const char *)data, size}, &a) != SDES_OK)
		return 0;
	if (a.mki_len > 128 || a.lifetime > 1ull << 48)
		abort();
	n = sdes_format(&a, text);
	if (n >= sizeof(text) || sdes_parse((struct str){text, n}, &b) != SDES_OK)
		abort();
	if (a.tag != b.tag || a.suite != b.suite || memcmp(a.key, b.key, sizeof(a.key)) != 0)
		abort();
	return 0;
}
