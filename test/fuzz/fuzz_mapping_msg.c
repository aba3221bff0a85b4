// SPDX-License-Identifier: BSD-3-Clause
// The mapping service's messages, as they come over TCP: what is read and written again means the same.
#include <stdlib.h>

#include "lib/mapping_msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static bool same(const struct mapping_msg *a, const struct mapping_msg *b)
{
	return a->class == b->class && b->method == (a->method != 0 ? a->method : MAPPING_METHOD) &&
		endpoint_eq(&a->remote, &b->remote) && endpoint_eq(&a->mapped, &b->mapped) &&
		a->transport == b->transport && str_eq(a->domain, b->domain) &&
		a->has_lifetime == b->has_lifetime && a->lifetime_s == b->lifetime_s &&
		a->code == b->code && str_eq(a->reason, b->reason) &&
		a->n_unknown == b->n_unknown &&
		memcmp(a->transaction, b->transaction, sizeof(a->transaction)) == 0;
}

static void check(const uint8_t *p, size_t n)
{
	const struct str key = STR_LIT("a key");
	uint8_t buf[MAPPING_MSG_MAX];
	struct mapping_msg m, again;
	size_t written;

	if (mapping_msg_read(p, n, &m) != MAPPING_OK)
		return;
	mapping_msg_signed(p, &m, key);
	written = mapping_msg_write(&m, key, buf, sizeof(buf));
	if (written == 0) // with a signature that it did not have there may be too much
		return;
	require(mapping_msg_frame(buf, written) == (int)written);
	require(mapping_msg_read(buf, written, &again) == MAPPING_OK && same(&m, &again));
	require(mapping_msg_signed(buf, &again, key));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int n;

	while ((n = mapping_msg_frame(data, size)) > 0) {
		require((size_t)n <= size && n <= MAPPING_MSG_MAX);
		check(data, (size_t)n);
		data += n;
		size -= (size_t)n;
	}
	return 0;
}
