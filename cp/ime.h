// SPDX-License-Identifier: BSD-3-Clause
// The UC-IME proxy as a whole: listens on every interface, owns trunks, calls, media ports and
// counters. main.c makes one, feeds it the messages of the workers, and frees it; show.c reads it
// through cp/call.h, cp/trunk.h and the functions below. Control thread only.
#pragma once

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "cp/epochs.h"
#include "lib/str.h"

struct dp_msg;
struct ime;
struct calls;
struct trunks;
struct ucms;
struct domains;
struct callers;
struct policymaps;
struct mappings;
struct mapping_service;

// What the proxy needs from the world; clocks are read nowhere else.
struct ime_env {
	struct event_base *base;
	const struct config *config; // outlives the proxy
	uint64_t (*mono_ns)(void);   // CLOCK_MONOTONIC
	uint64_t (*wall_s)(void);    // seconds since 1970 UTC, for the validity of tickets
	// Asks for the next hop's MAC toward an address before media starts. May be NULL.
	void (*resolve)(void *arg, uint16_t iface, const struct ip_addr *ip);
	void *resolve_arg;
};

// Octets of locked memory that the keys of a configuration's calls and connections take.
size_t ime_secure_size(const struct config *c);

// Loads certificates and listens. On failure returns -errno, leaves nothing behind, and `err`
// says which file or interface was at fault.
int ime_new(struct ime **out, const struct ime_env *env, char *err, size_t err_size);

// Reads the certificates and anchors of stir again, whole, or keeps the old ones: -errno, and `err`
// says why. Does nothing where stir-verify is off. Reads files: seconds, where there are thousands.
int ime_stir_reload(struct ime *ime, char *err, size_t err_size);

// Closes every connection and wipes keys; no BYE is sent. Accepts NULL.
void ime_free(struct ime *ime);

// What a worker tells of a stream: it has let go (DP_MSG_MEDIA_GONE), so that its ports begin to
// rest; or a key nears its end or has reached it (DP_MSG_MEDIA_KEY), which ends the call.
void ime_media(struct ime *ime, const struct dp_msg *m);

// What a reload of the trust-points has changed.
struct ime_pki_change {
	unsigned int trustpoints, certificates, crls; // in force now
	unsigned int judged; // live connections whose peers are judged again, from now on
};

// `callgate pki reload` and SIGHUP: reads certificates, keys, CAs and CRLs of all trust-points anew.
// What is built whole and found good takes the place of the old; else the old stays, and `err` says
// which file is at fault. Live connections keep the certificate they began with; new handshakes take
// the new. A connection whose peer would be refused now takes no new call, and is closed with its
// last one: who is talking was let in by a ticket, and his BYE needs a way (PEERS_RETIRED). Blocks for as long as
// reading takes (cp/pki.h).
int ime_pki_reload(struct ime *ime, struct ime_pki_change *out, char *err, size_t err_size);

struct pki;
const struct pki *ime_pki(const struct ime *ime); // pki_foreach, cp/pki.h

// Ages calls, transactions and connections. The proxy calls it itself every second; public for
// tests with a clock of their own.
void ime_tick(struct ime *ime);

const struct calls *ime_calls(const struct ime *ime);     // call_foreach, cp/call.h
const struct trunks *ime_trunks(const struct ime *ime);   // trunk_foreach, cp/trunk.h
const struct ucms *ime_ucms(const struct ime *ime);       // ucms_foreach, cp/ucm.h
struct policymaps *ime_policymaps(const struct ime *ime); // cp/policymap.h
// Others from the next message on; returns those that were in force, now the caller's.
struct policymaps *ime_put_policymaps(struct ime *ime, struct policymaps *p);

// NULL: no mapping-service is configured.
const struct mappings *ime_mappings(const struct ime *ime);         // cp/mapping.h
struct mapping_service *ime_mapping_service(const struct ime *ime); // cp/mapping_service.h

// ---- What an operator changes while calls are up (ime_ticket.c) ----------------------------------

// `callgate ticket epoch`: both together (CLI-1). The pair before stays good for grace_s, or as long
// as the configuration says when it is UINT32_MAX. 0: in force; -EALREADY: it was already; -EINVAL:
// refused, and `err` says what was expected.
struct ime_ticket_change {
	uint8_t epoch;
	struct str password;
	uint32_t grace_s;
};
int ime_ticket_change(
	struct ime *ime, const struct ime_ticket_change *change, char *err, size_t err_size);

struct epochs_info ime_ticket_epoch(const struct ime *ime); // cp/epochs.h

// `callgate ticket revoke` of a ticket's id or a domain. *calls is how many calls are up that came
// with it; with `end_calls` they are ended. Returns as callers_revoke(), -EINVAL: it is neither.
int ime_revoke(struct ime *ime, struct str what, bool end_calls, unsigned int *calls);
int ime_unrevoke(struct ime *ime, struct str what);
const struct callers *ime_callers(const struct ime *ime); // cp/callers.h

// ---- What `show` reads -------------------------------------------------------------------------

enum ime_counter_kind {
	IME_STAT, // one of the nine lines of the manual's statistics, in its order; `text` is the
		  // line
	IME_REFUSAL, // a message or connection was refused
	IME_EVENT,   // anything else worth counting
};

// One line of cp/counters.def.
struct ime_counter {
	enum ime_counter_kind kind;
	const char *name; // "TICKET_EPOCH"
	const char *text; // the manual's words for IME_STAT, else NULL
	const char *help; // what happened and what to do
	uint64_t value;
};

// Fills up to `max`, returns how many there are. The nine statistics come first.
size_t ime_counters(const struct ime *ime, struct ime_counter *out, size_t max);

struct ime_usage {
	uint32_t signaling_in_use, signaling_most_used; // calls
	uint32_t media_in_use, media_most_used;         // streams
	uint32_t media_ports;          // pairs in use, until the worker has let go of the stream
	uint32_t media_resting;        // pairs of ports in their guard time
	uint64_t signaling_terminated; // calls that ended
	uint32_t tls_in_use, tls_most_used, tls_max; // TLS sessions
};
void ime_usage(const struct ime *ime, struct ime_usage *out);

// TLS connections whose handshake is not done.
struct ime_embryonic {
	uint32_t hello, waiting,
		handshake;       // without a ClientHello, for their turn, in the handshake
	uint32_t most_used, max; // of all
};
struct ime_embryonic ime_embryonic(const struct ime *ime);

// `clear tls-proxy session statistics`: the counters of TLS to 0, most used to in use.
void ime_tls_clear(struct ime *ime);
// `clear tls-proxy session`: closes what carries no call. How many those are, and the others.
struct ime_tls_closed {
	uint32_t closed, kept;
};
struct ime_tls_closed ime_tls_close(struct ime *ime);

// What bounds the calls that are admitted (TLS-9).
struct ime_limit {
	const char *name; // the configuration's words
	uint64_t in_use;  // of what is limited per domain: by the domain that has most
	uint64_t max;     // 0: no limit
	const char *counter;
	uint64_t refused; // that counter
};
#define IME_LIMITS 6
void ime_limits(const struct ime *ime, struct ime_limit out[IME_LIMITS]);
const struct domains *ime_domains(const struct ime *ime); // domains_foreach, cp/domains.h

// `clear uc-ime media-sessions statistics`: most used to in use.
void ime_refers_clear(struct ime *ime); // REFERs sent := 0, of each call manager
void ime_media_clear(struct ime *ime);

// `clear uc-ime signaling-sessions statistics`: counters to 0, most used to in use.
void ime_counters_clear(struct ime *ime);
