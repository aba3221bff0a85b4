// SPDX-License-Identifier: BSD-3-Clause
// The UC-IME part of show.c: one function per command, each returning what the client gets, or NULL
// and the reason in `ask`. Called only when a UC-IME is there (but show_config_ime).
#pragma once

#include "cp/show.h"
#include "lib/addr.h"

struct dp_trace;
struct dp_trace_ask;
struct dp_trace_phase; // dp/dp.h

// One question.
struct ask {
	const cJSON *args; // an object, or NULL
	char *err;
	size_t err_size;
};

cJSON *show_signaling(const struct show *s, const struct ask *ask);
cJSON *show_signaling_statistics(const struct show *s, const struct ask *ask);
cJSON *show_config_ime(const struct show *s, const struct ask *ask); // the password as *****
cJSON *show_clear_statistics(const struct show *s, const struct ask *ask);

// show_acl.c: of every daemon; "name" is one list, else all
cJSON *show_access_list(const struct show *s, const struct ask *ask);
cJSON *show_access_list_clear(const struct show *s, const struct ask *ask);

// show_conn.c: of every daemon; address, port, protocol, state, all, count, detail, and "cursor": what an
// answer had in "next", which says that there is more
cJSON *show_conn(const struct show *s, const struct ask *ask);
cJSON *show_clear_conn(const struct show *s, const struct ask *ask);
// "10.1.1.15", "10.1.1.15-10.1.1.20", "10.1.1.0/24" or "10.1.1.0 255.255.255.0"; likewise a port or two, by name
// or number.
#define SHOW_IPS_EXPECTED   "an address, FIRST-LAST, NETWORK/LENGTH or NETWORK netmask MASK"
#define SHOW_PORTS_EXPECTED "a port (0 to 65535 or a name such as sip), or FIRST-LAST"
bool show_read_ips(struct str s, struct nat_pool *out);
bool show_read_ports(struct str s, uint16_t out[2]);

// show_drops.c: of every daemon
cJSON *show_drops(const struct show *s, const struct ask *ask);
cJSON *show_drops_clear(const struct show *s, const struct ask *ask);

// show_trace.c: of every daemon
cJSON *show_trace(const struct show *s, const struct ask *ask);

// show_trace_config.c: the place of a line of the configuration and its words.
struct trace_said {
	uint32_t line;  // 0: nowhere
	char text[512]; // "": no line decided
};
// The line that decided a phase of the answer to a question.
void trace_config(const struct config *c, const struct dp_trace_ask *a, const struct dp_trace *t,
	const struct dp_trace_phase *p, struct trace_said *out);
const char *trace_iface_name(const struct config *c, uint16_t iface);

// show_unmapped.c: why nobody comes in by what a dropped phase DP_TRACE_UN_NAT has; "" where it does not know
void show_unmapped(const struct config *c, const struct dp_trace_phase *p, uint8_t proto, char *buf,
	size_t size);

// show_route.c: of every daemon; "address": the route to it alone
cJSON *show_route(const struct show *s, const struct ask *ask);
cJSON *show_arp(const struct show *s, const struct ask *ask);
cJSON *show_arp_clear(const struct show *s, const struct ask *ask);

// show_timeout.c: of every daemon
cJSON *show_timeout(const struct show *s, const struct ask *ask);

// show_verify.c: of every daemon; interface
cJSON *show_verify(const struct show *s, const struct ask *ask);
cJSON *show_verify_clear(const struct show *s, const struct ask *ask);

// show_xlate.c: of every daemon
cJSON *show_xlate(const struct show *s,
	const struct ask *ask); // local, global, lport, gport, interface, type
cJSON *show_clear_xlate(const struct show *s, const struct ask *ask); // the same, but for type
cJSON *show_nat(const struct show *s, const struct ask *ask);         // address, interface
cJSON *show_nat_clear(const struct show *s, const struct ask *ask);   // its hits

// show_ucm.c
cJSON *show_ucm(const struct show *s, const struct ask *ask);
cJSON *show_limits(const struct show *s, const struct ask *ask);

// show_mapping.c
cJSON *show_mapping_sessions(const struct show *s, const struct ask *ask);
cJSON *show_mappings(const struct show *s, const struct ask *ask);
cJSON *show_mapping_clear(const struct show *s, const struct ask *ask);
cJSON *show_mapping_close(const struct show *s, const struct ask *ask);

// show_ticket.c
cJSON *show_ticket_epoch(const struct show *s, const struct ask *ask);
cJSON *show_ticket_revoke(const struct show *s, const struct ask *ask);
cJSON *show_ticket_unrevoke(const struct show *s, const struct ask *ask);
cJSON *show_revoked(const struct show *s, const struct ask *ask);

// show_media.c
cJSON *show_media(const struct show *s, const struct ask *ask);
cJSON *show_media_call(const struct show *s, const struct ask *ask); // "call_id", or its beginning
cJSON *show_media_clear(const struct show *s, const struct ask *ask);
// A list of what `add` adds for the call whose "call_id" was given, or its beginning.
struct call_info;
typedef void show_call_fn(const struct show *s, const struct call_info *c, cJSON *list);
cJSON *show_each_call(const struct show *s, const struct ask *ask, show_call_fn *add);

// show_quality.c
cJSON *show_quality(const struct show *s, const struct ask *ask); // "call_id", or its beginning
cJSON *show_fallback(const struct show *s, const struct ask *ask);
cJSON *show_fallback_clear(const struct show *s, const struct ask *ask);
cJSON *show_fallback_reload(const struct show *s, const struct ask *ask);

// show_tls.c
cJSON *show_tls_proxy(const struct show *s, const struct ask *ask);
cJSON *show_tls_sessions(const struct show *s, const struct ask *ask);
cJSON *show_tls_statistics(const struct show *s, const struct ask *ask);
cJSON *show_tls_close(const struct show *s, const struct ask *ask);
cJSON *show_tls_clear(const struct show *s, const struct ask *ask);

// show_policy.c: of every daemon; inspections, limits of connections, or both
cJSON *show_policy(const struct show *s, const struct ask *ask);
cJSON *show_policy_inspect(const struct show *s, const struct ask *ask);
cJSON *show_policy_limits(const struct show *s, const struct ask *ask);
cJSON *show_policy_clear(const struct show *s, const struct ask *ask);
cJSON *show_policy_inspect_clear(const struct show *s, const struct ask *ask);
cJSON *show_policy_limits_clear(const struct show *s, const struct ask *ask);

// show_pki.c
cJSON *show_certificates(const struct show *s, const struct ask *ask);
cJSON *show_pki_reload(const struct show *s, const struct ask *ask);

// Adds {"ip": ..., "port": ...}.
void show_endpoint(cJSON *o, const char *name, const struct endpoint *e);
void show_u64(cJSON *o, const char *name, uint64_t v);
// "00:1e:c9:03:41:5a"
void show_mac(cJSON *o, const char *name, const uint8_t mac[6]);
// What peers wrote, as text that JSON can hold: other octets than printable ASCII become '?'.
void show_str(cJSON *o, const char *name, struct str s);
