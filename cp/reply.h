// SPDX-License-Identifier: BSD-3-Clause
// Responses that the proxy makes itself (RFC 3261 8.2.6): what a request says is kept as a head,
// so that it can still be answered when its octets are long gone. Pure but for the heap.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/sip.h"

// "z9hG4bK..." is not needed: a To tag, a branch's tail.
#define REPLY_TAG_MAX 17

// Longest head that is kept: room for a hundred proxies, and no way to fill the memory.
#define REPLY_HEAD_MAX 8192

// Via lines, From, Call-ID, CSeq and To of a request, as text; To is last and open for a tag.
struct reply_head {
	char *p;
	size_t n;
	bool tagged;        // To had a tag
	const char *phrase; // instead of the status' standard one; NULL: that
};

// False when a header is missing (a message that sip_check refused), the head is too long or memory
// is out; *out is then empty.
bool reply_head_save(const struct sip_msg *m, struct reply_head *out);
void reply_head_free(struct reply_head *h);

// The whole response; `tag` goes into To where it has none. A 503 says when to come again, unless
// `retry_after_s` is 0. Returns 0 when it does not fit.
size_t reply_write(const struct reply_head *h, uint16_t status, uint32_t retry_after_s,
	const char *tag, char *buf, size_t size);

// The standard phrase of a status the proxy uses.
const char *reply_phrase(uint16_t status);

// A fresh random tag: 16 hex digits and a NUL.
void reply_tag(char tag[REPLY_TAG_MAX]);
