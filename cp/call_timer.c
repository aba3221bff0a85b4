// SPDX-License-Identifier: BSD-3-Clause
// When the time of a call is up (protocol.md 3.3, SIP-7). Pure.
#include "cp/call_state.h"

#define HALF_OPEN_S 60u

static bool older(uint64_t since_ns, uint32_t limit_s, uint64_t now_ns)
{
	return now_ns >= since_ns + limit_s * 1000000000ull;
}

static uint64_t latest(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static enum call_expiry expired_up(
	const struct call *call, const struct config_timeouts *t, uint64_t now_ns)
{
	uint64_t busiest = call->media.busiest_ns, quietest = call->media.quietest_ns;
	uint64_t since = latest(call->answered_ns, call->signal_ns);

	if (busiest == UINT64_MAX) // on hold, or no media at all: only signalling counts
		return older(since, t->sip_s, now_ns) ? CALL_IDLE : CALL_LIVES;
	if (older(latest(busiest, since), t->sip_media_s, now_ns))
		return CALL_MEDIA_IDLE;
	// One party that is silent for so long, without a word of signalling, is gone.
	if (older(latest(quietest, since), t->sip_s, now_ns))
		return CALL_IDLE;
	return CALL_LIVES;
}

enum call_expiry call_expired(
	const struct call *call, const struct config_timeouts *t, uint64_t now_ns)
{
	uint32_t limit;

	switch (call->state) {
	case CALL_TRYING:
		return older(call->started_ns, HALF_OPEN_S, now_ns) ? CALL_HALF_OPEN : CALL_LIVES;
	case CALL_RINGING:
		limit = call->early_media ? t->sip_provisional_media_s : t->sip_invite_s;
		return older(call->ringing_ns, limit, now_ns) ? CALL_UNANSWERED : CALL_LIVES;
	case CALL_UP:
		return expired_up(call, t, now_ns);
	case CALL_ENDING:
		return older(call->ending_ns, t->sip_disconnect_s, now_ns) ? CALL_DISCONNECT
									   : CALL_LIVES;
	}
	return CALL_LIVES;
}
