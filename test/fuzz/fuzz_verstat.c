// SPDX-License-Identifier: BSD-3-Clause
// The input as header lines of an INVITE: after our verdict has been put on the numbers, nothing
// reads another one in them, and taking it off again leaves no trace.
#include <errno.h>
#include <stdlib.h>

#include "cp/verstat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SIZE_MAX_IN 4096
#define OUT_MAX     (1 << 17)

static void require(bool ok)
{
	if (!ok)
		abort();
}

static struct sip_msg m;
static struct sip_edit e;

// False where the message is refused.
static bool rewrite(struct str text, const char *value, char *out, struct str *result)
{
	int err;

	require(sip_parse(&m, text) == SIP_OK);
	sip_edit_init(&e, &m);
	if (verstat_rewrite(&m, value, &e) != SIP_OK)
		return false;
	err = sip_edit_render(&e, out, OUT_MAX, &result->n);
	require(err != -EINVAL); // spans that overlap
	result->p = out;
	return err == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char start[] = "INVITE sip:x@y SIP/2.0\r\n";
	static char in[SIZE_MAX_IN + 64], tagged[OUT_MAX], once[OUT_MAX], twice[OUT_MAX];
	struct str text = {in, 0}, a, b, c;

	if (size > SIZE_MAX_IN)
		return 0;
	memcpy(in, start, sizeof(start) - 1);
	memcpy(in + sizeof(start) - 1, data, size);
	text.n = sizeof(start) - 1 + size;
	memcpy(in + text.n, "\r\n\r\n", 4);
	text.n += 4;
	if (sip_parse(&m, text) != SIP_OK || !rewrite(text, "TN-Validation-Failed", tagged, &a))
		return 0;
	require(rewrite(a, NULL, once, &b)); // what we wrote can be read
	require(rewrite(b, NULL, twice, &c));
	require(str_eq(b, c));
	return 0;
}
