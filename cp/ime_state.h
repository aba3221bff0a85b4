// SPDX-License-Identifier: BSD-3-Clause
// The proxy's own view of itself: what its modules share. cp/ime.c makes and frees it.
#pragma once

#include <openssl/ssl.h>

#include "cp/call_state.h"
#include "cp/callers.h"
#include "cp/callid.h"
#include "cp/counters.h"
#include "cp/domains.h"
#include "cp/epoch_last.h"
#include "cp/epochs.h"
#include "cp/ime.h"
#include "cp/mapping.h"
#include "cp/mapping_service.h"
#include "cp/mta.h"
#include "cp/peers.h"
#include "cp/policymap.h"
#include "cp/pki.h"
#include "cp/rewrite.h"
#include "cp/session.h"
#include "cp/stir_certs.h"
#include "cp/transaction.h"
#include "cp/trunks.h"
#include "cp/tsock.h"
#include "cp/ucm.h"
#include "lib/ticket.h"
#include "lib/ticket_keys.h"

// A URL and why it is named.
#define STIR_REASON_MAX (PASSPORT_INFO_MAX + 128)

// Large structs of the message at hand; one message at a time.
struct scratch {
	struct sip_msg msg;
	struct sip_msg sent; // an INVITE forwarded earlier
	struct sdp sdp;
	struct session_plan plan;
	struct sip_edit edit;
	struct ticket ticket;
	struct passport passport;
	char stir_reason[STIR_REASON_MAX];
	char call_id[CALLID_MAX]; // of the message at hand, where another one is known outside
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
	struct embryonic *embryonic;
	struct ucms *ucms;
	struct domains *domains;
	struct bucket invites; // from the Internet
	struct refers *refers;
	struct bucket refers_rate;
	bool quality_alarm;
	struct policymaps *policymaps;
	struct epochs *epochs;
	struct epoch_last *epoch_last;
	struct callers *callers;
	struct callid *callid;       // NULL: call-id-privacy is off
	struct ticket_policy ticket; // its passwords are those of `epochs`
	struct ticket_keys *ticket_keys;
	struct mappings *mappings; // NULL, with the next: no mapping-service
	struct mapping_service *mapping_service;
	struct stir_certs *stir_certs; // NULL: stir-verify is off
	struct domain_ids own_ids;     // of our certificate, for inbound Routes
	char own_domain[DOMAIN_NAME_MAX + 1];
	struct pki *pki;
	uint64_t pki_checked_ns;
	struct tsock_listener *listeners[CONFIG_IFACES_MAX];
	struct event *tick, *retry;
	struct scratch *scratch;
	char *out;       // the message being written
	char *tidied;    // the message being read, where it had to be put in order
	size_t out_size; // of each
};

static inline uint64_t ime_now(const struct ime *ime)
{
	return ime->env.mono_ns();
}

// Octets that a connection may hold back from its peer: a whole message and some of the next.
static inline size_t ime_input_max(const struct ime *ime)
{
	return (size_t)ime->config->sip_header_max + ime->config->sip_body_max + 4096;
}

// Trust-points at start, and their alarms from then on (cp/pki_reload.c).
int ime_pki_start(struct ime *ime, char *err, size_t err_size);
void ime_pki_tick(struct ime *ime, uint64_t now_ns);
// Ends the grace of the ticket password before, and looks after what was revoked.
void ime_ticket_tick(struct ime *ime);

// Sends what a full ring of the workers held back, now and until nothing is left.
void ime_retry_media(struct ime *ime);
