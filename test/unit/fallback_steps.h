// SPDX-License-Identifier: BSD-3-Clause
// Calls that the Internet fails (protocol.md 5.1, 5.2, 5.4), from B through both proxies to call
// manager A. What the workers of A measure is set by hand; B never falls back. For test_fallback_calls.c
// and test_fallback_refer.c.
#pragma once

#include "test/unit/call_steps.h"

#define B_NEVER                                                                                    \
	"domain: enterprise-b.example",                                                            \
		"domain: enterprise-b.example\n    fallback: {default-sensitivity: 0}"
#define TRUNK "sip:81a985c9@UCM-30;maddr=192.168.10.30"
#define SAYS  "X-UCIME-Fallback: level=4;session=\"2948@81a9\";trunk=\"" TRUNK "\"\n"

extern struct sip_host refer; // the connection that brings a REFER out of the dialog
extern unsigned int referred; // how many came

// cmocka fixtures; fallback_up() is rig_up().
int fallback_up(const char *const *edit);
int fallback_setup(void **state);
int fallback_teardown(void **state);

// INVITE to ACK; `says` are headers of call manager A's 200, `asks` of B's INVITE.
void establish_by(const char *invite, const char *says);
void establish(const char *asks, const char *says);
// So many seconds of a stream of which the worker finds `bad`.
void judged(unsigned int seconds, bool bad);
struct call_fallback *fallback(void); // of A's call
// A has sent so many REFERs, and B none.
void sent(uint64_t n);
// The answer to a REFER outside the dialog.
void answer_refer(const char *status, const char *extra);
// A call that is bad from its start, until the REFER; `where` it comes.
void falls_back(const char *says, struct sip_host *where);
