// SPDX-License-Identifier: BSD-3-Clause
// The called number: whatever the URI, the result is empty or 1 to 15 digits that match themselves.
#include <stdlib.h>

#include "lib/did.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct did_rule rules[] = {
		{.strip = "00"}, {.add = "1408", .length = 7}, {.strip = "9", .add = "49"}};
	char number[1 + DID_DIGITS_MAX] = "+";
	struct str uri = {(const char *)data, size};
	struct did d, full;
	bool found = did_from_uri(uri, rules, sizeof(rules) / sizeof(rules[0]), &d);

	if (did_from_uri(uri, NULL, 0, &full) &&
		(full.n != d.n || memcmp(full.digits, d.digits, d.n) != 0))
		abort(); // a rule changed a full number
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
