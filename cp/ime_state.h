// SPDX-License-Identifier: BSD-3-Clause
// The proxy's own view of itself: what its modules share. cp/ime.c makes and frees it.
#pragma once

#include <openssl/ssl.h>

#include "cp/call_state.h"
#include "cp/counters.h"
#include "cp/domains.h"
#include "cp/ime.h"
#include "cp/mta.h"
#include "cp/peers.h"
#include "cp/policymap.h"
#include "cp/rewrite.h"
#include "cp/session.h"
#include "cp/transaction.h"
#include "cp/trunk_state.h"
#include "cp/tsock.h"
#include "cp/ucm.h"
#include "lib/ticket.h"
#include "lib/ticket_keys.h"

// Large structs of the message at hand; one message at a time.
struct scratch {
	struct sip_msg msg;
	struct sip_msg sent; // an INVITE forwarded earlier
	struct sdp sdp;
	struct session_plan plan;
	struct sip_edit edit;
	struct ticket ticket;
};

struct ime {
	struct ime_env env;
	const struct config *config;
	const struct config_ime *cfg;
	struct counters counters;
	struct mta *mta;
	struct session_env session_env;
	struct calls *calls;
	struct txns *txns;
	struct trunks *trunks;
	struct peers *peers;
	struct ucms *ucms;
	struct domains *domains;
	struct bucket invites; // from the Internet
	struct policymaps *policymaps;
	struct ticket_policy ticket;
	struct ticket_keys *ticket_keys;
	struct domain_ids own_ids; // of our certificate, for inbound Routes
	char own_domain[DOMAIN_NAME_MAX + 1];
	SSL_CTX **tls[TLS_ROLES]; // by role, then tls-proxy; NULL where there is no trust-point
	struct tsock_listener *listeners[CONFIG_IFACES_MAX];
	struct event *tick, *retry;
	struct scratch *scratch;
	char *out; // the message being written
	size_t out_size;
};

static inline uint64_t ime_now(const struct ime *ime)
{
	return ime->env.mono_ns();
}

// Sends what a full ring of the workers held back, now and until nothing is left.
void ime_retry_media(struct ime *ime);
