// SPDX-License-Identifier: BSD-3-Clause
// What a reader makes of a SIP message, for the comparison in fuzz_osip.c. Apart from it because
// libosip2's headers define names of ours (SIP_OK, CALL_ID).
#pragma once

#include <stdbool.h>

#include "lib/str.h"

#define OSIP_MESSAGE_MAX 4096

// Each as text.
#define FIELDS(X)                                                                                  \
	X(METHOD)                                                                                  \
	X(STATUS)                                                                                  \
	X(URI_USER)                                                                                \
	X(URI_HOST)                                                                                \
	X(URI_PORT)                                                                                \
	X(CALL_ID)                                                                                 \
	X(CSEQ)                                                                                    \
	X(MAX_FORWARDS)                                                                            \
	X(VIA_HOST)                                                                                \
	X(VIA_BRANCH)                                                                              \
	X(FROM_USER)                                                                               \
	X(FROM_HOST)                                                                               \
	X(FROM_TAG)                                                                                \
	X(TO_USER)                                                                                 \
	X(TO_HOST)                                                                                 \
	X(TO_TAG)                                                                                  \
	X(TICKETS)                                                                                 \
	X(TICKET)                                                                                  \
	X(CONTENT_LENGTH)                                                                          \
	X(BODY)

enum field {
#define X(name) F_##name,
	FIELDS(X)
#undef X
		F_MAX
};

struct view {
	char text[F_MAX][OSIP_MESSAGE_MAX + 1];
};

// As libosip2 reads it. False: not at all.
bool osip_view(struct view *v, struct str message);

void view_put(struct view *v, enum field f, struct str s);
void view_number(struct view *v, enum field f, unsigned long n);
// Folding is no part of a ticket (TKT-3).
void view_unfolded(struct view *v, enum field f, struct str s);
