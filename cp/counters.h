// SPDX-License-Identifier: BSD-3-Clause
// The counters of the proxy as cp/counters.def declares them. Control thread only.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/sdp.h"
#include "lib/sip.h"

enum counter_id {
#define STAT(name, text, help) CNT_##name,
#define REFUSAL(name, help)    CNT_##name,
#define EVENT(name, help)      CNT_##name,
#include "cp/counters.def"
#undef STAT
#undef REFUSAL
#undef EVENT
	CNT_MAX,
	CNT_STATS = CNT_RTP_OVER_IME + 1, // the first ones are the nine statistics
	CNT_NONE = CNT_MAX,
};

struct counters {
	uint64_t v[CNT_MAX];
};

static inline void count(struct counters *c, enum counter_id id)
{
	c->v[id]++;
}

static inline enum counter_id counter_sip(enum sip_reason r)
{
	return (enum counter_id)(CNT_SIP_OK + (int)r);
}

// SRTP-1 has one counter only: the manual's.
static inline enum counter_id counter_sdp(enum sdp_verdict v)
{
	return v == SDP_RTP_OVER_IME ? CNT_RTP_OVER_IME : (enum counter_id)(CNT_SDP_OK + (int)v);
}

// "TICKET_EPOCH", "SIP_NO_VIA"; and what it means.
const char *counter_name(enum counter_id id);
const char *counter_help(enum counter_id id);
const char *counter_text(enum counter_id id); // of a statistic, else NULL
