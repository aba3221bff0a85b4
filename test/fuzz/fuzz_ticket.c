// SPDX-License-Identifier: BSD-3-Clause
// The ticket decoder, with the input as a header value and as octets. What decodes must keep its
// promises: slices inside the ticket, ranges of 2.4, one spelling in base64.
#include <stdlib.h>

#include "lib/base64.h"
#include "lib/ticket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void promises_check(const struct ticket_profile *p, const struct ticket *t)
{
	const char *end = (const char *)t->raw + t->n;

	for (enum ticket_field f = 0; f < TICKET_FIELDS; f++) {
		struct str v = t->field[f];
		size_t min, max;

		if (v.p == NULL)
			continue;
		ticket_field_range(p, f, &min, &max);
		check(v.n >= min && v.n <= max && v.p > (const char *)t->raw && v.p + v.n <= end);
	}
	check(t->epoch > 0 && t->start_ns <= t->stop_ns);
	check(t->integrity_at + 4 + p->mac_octets == t->n);
}

static void spelling_check(const struct ticket *t, struct str value)
{
	char text[BASE64_SIZE(TICKET_MAX)];
	size_t n = base64_encode(t->raw, t->n, text);

	while (n > 0 && text[n - 1] == '=')
		n--;
	value = str_trim(value);
	while (value.n > 0 && value.p[value.n - 1] == '=')
		value.n--;
	if (memchr(value.p, '\n', value.n) == NULL) // not folded
		check(str_eq(value, (struct str){text, n}));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"t1", "t2"};
	struct str value = {(const char *)data, size};
	static struct ticket t;

	for (unsigned int i = 0; i < 2; i++) {
		const struct ticket_profile *p = ticket_profile_find(str_from(names[i]));

		if (ticket_decode_header(p, value, &t) == TICKET_FAULT_NONE) {
			promises_check(p, &t);
			spelling_check(&t, value);
		}
		if (ticket_decode(p, data, size, &t) == TICKET_FAULT_NONE)
			promises_check(p, &t);
	}
	return 0;
}
