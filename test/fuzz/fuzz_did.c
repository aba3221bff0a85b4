// SPDX-License-Identifier: BSD-3-Clause
// The called number: whatever the URI, the result is empty or 1 to 15 digits that match themselves.
#include <stdlib.h>

#include "lib/did.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char number[1 + DID_DIGITS_MAX] = "+";
	struct did d;
	bool found = did_from_uri((struct str){(const char *)data, size}, &d);

	if (d.n > DID_DIGITS_MAX || found != (d.n > 0))
		abort();
	memcpy(number + 1, d.digits, d.n);
	for (size_t i = 1; i <= d.n; i++)
		if (number[i] < '0' || number[i] > '9')
			abort();
	if (found && !did_eq(&d, (struct str){number, d.n + 1u}))
		abort();
	return 0;
}
