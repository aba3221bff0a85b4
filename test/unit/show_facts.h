// SPDX-License-Identifier: BSD-3-Clause
// A daemon that `show` can ask, without one: workers and a proxy that are stand-ins (show_fakes.c), and
// the facts of the manual's samples that they hold (show_facts.c).
#pragma once

#include "config/trustpoint.h"
#include "cp/call.h"
#include "cp/drops.h"
#include "cp/ime.h"
#include "cp/policymap.h"
#include "cp/quality.h"
#include "cp/show.h"
#include "cp/ucm.h"
#include "dp/dp.h"

#define S_NS 1000000000ull

// ---- The stand-ins: what they answer, and how often they were told to clear ----------------------

extern struct call_info call, other; // the other one only if it has a Call-ID
extern struct dp_media_stats media_stats;
extern bool media_monitored;
extern struct rma_counters media_quality; // the manual's
extern struct quality history;            // of the call
extern struct ime_usage proxy_usage;
extern struct epochs_info ticket_epoch;
extern struct ucm_info call_managers[3];
extern struct policymaps *policymaps;
extern struct trustpoint trustpoint; // of a certificate, its CA and a CRL: test/unit/pki.h
extern struct ime_pki_change change; // that a reload finds; without trust-points it fails
extern bool mapping_configured;
extern uint64_t acl_denied;
extern struct dp_trace_ask traced; // what was asked last
extern struct dp_trace trace;      // what is found
extern int trace_error;
extern unsigned int hits_cleared, nat_hits_cleared, dp_cleared, ime_cleared, media_cleared,
	tls_cleared, refers_cleared, mapping_cleared, rpf_cleared,
	limits_cleared; // the last two: a bit for each interface, for each id of a class

// ---- The facts -----------------------------------------------------------------------------------

extern unsigned int neighs_cleared;
extern struct ip_addr unresolved; // the next hop without a MAC
extern struct config_media_addr mta_addrs[2];
extern struct config_ime ime_config;
extern struct config_inspect inspects[2]; // outbound without a policy map, inbound with one
extern struct config config;
extern struct dp_conn_filter conns_asked; // what dp_conns() was asked
extern size_t conns_found;
extern uint64_t conns_from, conns_next; // where it began; what it says about the next piece
extern struct nat_filter xlate_asked;   // what dp_xlates() was asked
extern struct dp_msg xlate_cleared;     // what was sent to the workers
extern struct show show;

// A setup of cmocka's: everything is as in the samples.
int facts(void **state);

// test/vectors/show/NAME.json, which the caller deletes.
cJSON *show_file(const char *name);
