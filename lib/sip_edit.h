// SPDX-License-Identifier: BSD-3-Clause
// Editing a message in place: a list of splices over the received octets, rendered once. What no
// splice touches leaves byte for byte as it came (SIP-3). Content-Length follows the body by
// itself, that of a multipart body's session description too. Used by cp/rewrite.c and by whoever
// changes a message. One owner, any thread.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/sip.h"
#include "lib/str.h"

#define SIP_EDIT_SPLICES_MAX 768
#define SIP_EDIT_ARENA       16384 // octets of new text in one message

struct sip_splice {
	uint32_t from, to;  // offsets in the source; equal: an insertion
	uint32_t text, len; // where the new text lies in the arena
};

// The arena may hold keys (a=crypto): call sip_edit_fini when done.
struct sip_edit {
	struct str src;
	// The body, and before it the session description in one of its parts: slices of src, and the
	// digits that tell their lengths (empty: none).
	struct sip_edit_length {
		struct str of, digits;
	} lengths[2];
	struct sip_splice splices[SIP_EDIT_SPLICES_MAX];
	size_t n;
	size_t used;
	int err; // sticky: the first failure, reported by sip_edit_render
	char arena[SIP_EDIT_ARENA];
};

// `m` must outlive the edit's use, and so must its octets.
void sip_edit_init(struct sip_edit *e, const struct sip_msg *m);
// Over plain text that has no Content-Length (an SDP on its own).
void sip_edit_init_text(struct sip_edit *e, struct str src);
// Wipes the new text.
void sip_edit_fini(struct sip_edit *e);

// `span` is a slice of the source; `text` is copied. Spans of one edit never overlap: touching one
// octet twice is a bug of the caller (-EINVAL at the render). Insertions at one place come out
// in the order they were made, and before a replacement that starts there.
void sip_edit_replace(struct sip_edit *e, struct str span, struct str text);
void sip_edit_insert(struct sip_edit *e, const char *at, struct str text);
void sip_edit_delete(struct sip_edit *e, struct str span);

// Writes the result and its length. 0, -ENOSPC (out, arena or list too small; nothing usable in
// `out`), -EINVAL (overlap or a span outside the source).
// May be called once only: it sorts the list and adds the splice of Content-Length.
int sip_edit_render(struct sip_edit *e, char *out, size_t size, size_t *len);
