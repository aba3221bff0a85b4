// SPDX-License-Identifier: BSD-3-Clause
// A connection of our own, from our inside address, to a call manager: what OPTIONS (cp/ucm.c) and
// REFER (cp/refer.c) go out on. It hands over whole SIP messages. Control thread only.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/addr.h"
#include "lib/sip.h"
#include "lib/str.h"

struct conn;
struct ime;

struct ucm_link_events {
	void (*up)(void *arg);
	void (*message)(void *arg, struct str bytes); // must not close the link
	// Nothing more will come; ucm_link_close() is allowed here.
	void (*closed)(void *arg, const char *text);
};

// All zeros is one that is not open.
struct ucm_link {
	struct conn *conn; // NULL: not open
	struct endpoint us;
	struct sip_frame frame;
	const struct ucm_link_events *events;
	void *arg;
};

// Begins to connect; no event comes before this has returned. Returns -errno.
int ucm_link_open(struct ucm_link *l, struct ime *ime, const struct endpoint *at, bool secure,
	const struct ucm_link_events *events, void *arg);
void ucm_link_close(struct ucm_link *l);

bool ucm_link_is_up(const struct ucm_link *l);
void ucm_link_send(struct ucm_link *l, const char *p, size_t n); // only when up

// Whether there is a certificate to show call managers of secure trunks.
bool ucm_link_can_be_secure(const struct ime *ime);
