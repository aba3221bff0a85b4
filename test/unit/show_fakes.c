// SPDX-License-Identifier: BSD-3-Clause
// See show_facts.h.
#include "test/unit/show_facts.h"

#include "test/unit/test.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "cp/domains.h"
#include "cp/mapping.h"
#include "cp/mapping_service.h"
#include "cp/netlink.h"
#include "cp/pki.h"
#include "cp/policy.h"
#include "cp/show_ime.h"
#include "cp/trunk.h"

// ---- Workers ------------------------------------------------------------------------------------

uint64_t acl_denied = 7;
unsigned int hits_cleared, nat_hits_cleared, dp_cleared, ime_cleared, media_cleared, tls_cleared,
	refers_cleared, rpf_cleared, limits_cleared;

struct dp_trace_ask traced;
struct dp_trace trace;
int trace_error;

int dp_trace(const struct dp_trace_ask *a, struct dp_trace *t)
{
	traced = *a;
	*t = trace;
	return trace_error;
}

size_t dp_counters(struct dp_counter *out, size_t max)
{
	out[0] = (struct dp_counter){"ACL_DENY", "denied", true, acl_denied};
	out[1] = (struct dp_counter){"NO_BUFFER", "none", true, 0};
	out[2] = (struct dp_counter){"RX", "packets received", false, 9000000000};
	return 3;
}

void dp_acl_hits(uint32_t id, struct dp_acl_hits *out)
{
	*out = (struct dp_acl_hits){0, 0};
	if (id == 0x11)
		*out = (struct dp_acl_hits){3, show.mono_ns() - 60 * S_NS};
	if (id == 0x12)
		*out = (struct dp_acl_hits){4, show.mono_ns() - 61 * S_NS};
}

void dp_nat_hits_clear(uint32_t id)
{
	nat_hits_cleared++;
}

void dp_acl_hits_clear(uint32_t id)
{
	hits_cleared++;
}

void dp_counters_clear(void)
{
	dp_cleared++;
}

int dp_iface_mac(uint16_t iface, uint8_t mac[6])
{
	memcpy(mac, (const uint8_t[6]){2, 0, 0, 0, 0, (uint8_t)(iface + 1)}, 6);
	return 0;
}

int dp_iface_stats(uint16_t iface, struct dp_iface_stats *out)
{
	*out = iface != 0 ? (struct dp_iface_stats){0}
			  : (struct dp_iface_stats){10, 1000, 20, 2000, 1, 2, true};
	return 0;
}

uint64_t dp_rpf_drops(uint16_t iface)
{
	return iface == 0 ? 12 : 0;
}

void dp_rpf_drops_clear(uint16_t iface)
{
	rpf_cleared |= 1u << iface;
}

void dp_limit_stats(uint32_t id, struct dp_limit_stats *out)
{
	*out = (struct dp_limit_stats){0};
	if (id == 1)
		*out = (struct dp_limit_stats){.conns = 19998,
			.embryonic = 3,
			.drops = {[DP_LIMIT_EMBRYONIC] = 2,
				[DP_LIMIT_CLIENT_CONNS] = 10,
				[DP_LIMIT_EMBRYONIC_RATE] = 7}};
}

void dp_limit_clear(uint32_t id)
{
	limits_cleared |= 1u << id;
}

void dp_usage(struct dp_usage *out)
{
	*out = (struct dp_usage){.sessions = 7,
		.sessions_max = 65536,
		.sessions_most = 9,
		.punt_sessions = 3,
		.half_open = 2,
		.streams = 1,
		.streams_max = 8192,
		.buffers_in_use = 2048,
		.buffers = 16384,
		.xlates = 2,
		.xlates_most = 5};
}

struct dp_conn_filter conns_asked;
uint64_t conns_from, conns_next;
size_t conns_found;

size_t dp_conns(const struct dp_conn_filter *f, enum dp_conns_do what, uint64_t *cursor,
	struct dp_conn *out, size_t max)
{
	conns_asked = *f;
	conns_from = *cursor;
	*cursor = conns_next;
	if (what != DP_CONNS_LIST)
		return conns_found;
	out[0] = (struct dp_conn){.proto = IPPROTO_TCP,
		.iface_in = 0,
		.iface_out = 1,
		.src = ep("203.0.113.10", 40000),
		.src_mapped = ep("203.0.113.10", 40000),
		.dst = ep("192.168.10.30", 5070),
		.dst_mapped = ep("209.165.200.228", 5070),
		.packets = {6, 5},
		.bytes = {840, 1200},
		.idle_s = 12,
		.uptime_s = 72,
		.timeout_s = 300,
		.flags = DP_CONN_UP | DP_CONN_INBOUND | DP_CONN_DATA_IN | DP_CONN_CONTROL,
		.punt = true,
		.state = "up"};
	out[1] = (struct dp_conn){.proto = IPPROTO_UDP,
		.iface_in = 1,
		.iface_out = 0,
		.src = ep("192.168.10.5", 1025),
		.src_mapped = ep("209.165.200.225", 40001),
		.dst = ep("8.8.8.8", 53),
		.dst_mapped = ep("8.8.8.8", 53),
		.packets = {1, 0},
		.bytes = {70, 0},
		.idle_s = 3661,
		.uptime_s = 3661,
		.timeout_s = 7200,
		.state = "up"};
	return conns_found;
}

struct nat_filter xlate_asked;
struct dp_msg xlate_cleared;

size_t dp_xlates(const struct nat_filter *f, struct dp_xlate *out, size_t max)
{
	xlate_asked = *f;
	out[0] = (struct dp_xlate){.proto = IPPROTO_TCP,
		.real_if = 1,
		.mapped_if = 0,
		.real = ep("10.1.1.15", 1030),
		.mapped = ep("192.150.49.1", 1024),
		.idle_s = 30};
	out[1] = (struct dp_xlate){.proto = IPPROTO_ICMP,
		.real_if = 1,
		.mapped_if = 0,
		.real = ep("10.1.1.15", 21505),
		.mapped = ep("192.150.49.1", 40000),
		.sessions = 2};
	out[2] = (struct dp_xlate){.proto = PROTO_ANY,
		.real_if = 1,
		.mapped_if = 0,
		.real = ep("10.1.1.16", 0),
		.mapped = ep("192.150.49.9", 0),
		.idle_s = 60};
	return 3;
}

void dp_nat_hits(uint32_t id, uint64_t *translated, uint64_t *untranslated)
{
	*translated = id * 100;
	*untranslated = id;
}

int dp_send(const struct dp_msg *m)
{
	xlate_cleared = *m;
	return 0;
}

struct dp_media_stats media_stats;
bool media_monitored;
struct rma_counters media_quality;

int dp_media_quality(uint32_t stream, struct rma_counters *out)
{
	*out = media_quality;
	return media_monitored ? 0 : -ENOENT;
}

const char *dp_version(void)
{
	return "DPDK 22.11.7";
}

const char *dp_srtp_engine(void)
{
	return "intel-ipsec-mb 1.3, AVX-512 and SHA-NI";
}

int dp_media_stats(uint32_t stream, struct dp_media_stats *out)
{
	assert_int_equal(stream, 42);
	*out = media_stats;
	return 0;
}

// ---- Neighbours ---------------------------------------------------------------------------------

struct ip_addr unresolved;
unsigned int neighs_cleared;

bool netlink_resolved(struct netlink *nl, uint16_t iface, const struct ip_addr *ip)
{
	assert_in_range(iface, 0, 1);
	return !ip_eq(ip, &unresolved);
}

size_t netlink_neighs(const struct netlink *nl, struct netlink_neigh out[static NETLINK_NEIGHS_MAX])
{
	out[0] = (struct netlink_neigh){.ip = ip("209.165.200.254"),
		.known = true,
		.mac = {0, 0x1e, 0xc9, 3, 0x41, 0x5a},
		.age_s = 17};
	out[1] = (struct netlink_neigh){.iface = 1, .ip = ip("192.168.10.77")};
	return 2;
}

size_t netlink_clear(struct netlink *nl)
{
	return neighs_cleared++;
}

// ---- The proxy ----------------------------------------------------------------------------------

struct call_info call, other;
struct ime_usage proxy_usage;

void call_foreach(const struct calls *calls, call_visit_fn *fn, void *arg)
{
	fn(&call, arg);
	if (other.call_id.n > 0)
		fn(&other, arg);
}

const char *call_state_name(enum call_state s)
{
	return s == CALL_UP ? "up" : "?";
}

const struct calls *ime_calls(const struct ime *ime)
{
	return NULL;
}

size_t ime_counters(const struct ime *ime, struct ime_counter *out, size_t max)
{
	static const struct ime_counter stats[] = {
		{IME_STAT, "TICKET_INTEGRITY", "Ticket integrity check failed", "", 2},
		{IME_STAT, "TICKET_DECODE", "Ticket decode failed", "", 1},
		{IME_STAT, "TICKET_EPOCH", "Ticket epoch mismatch", "another epoch", 1},
		{IME_STAT, "TICKET_DID", "Ticket DID mismatch", "", 0},
		{IME_STAT, "TICKET_TIME", "Ticket timestamp invalid", "", 4},
		{IME_STAT, "TICKET_DOMAIN", "Ticket domain check failed", "", 2},
		{IME_STAT, "TICKET_NONE", "Ticket not found", "", 0},
		{IME_STAT, "ROUTE_DOMAIN", "Route domain name check failed", "", 1},
		{IME_STAT, "RTP_OVER_IME", "RTP over UC-IME", "", 2},
		{IME_REFUSAL, "TCP_ON_SECURE", NULL, "set the trunk to TLS", 1},
		{IME_REFUSAL, "TLS_TIMEOUT", NULL, "too slow", 0},
		{IME_EVENT, "TLS_HANDSHAKES", NULL, "TLS handshakes completed", 12},
		{IME_EVENT, "TICKETS_VALID", NULL, "", 5},
	};
	size_t n = sizeof(stats) / sizeof(stats[0]);

	memcpy(out, stats, (n < max ? n : max) * sizeof(stats[0]));
	return n;
}

void ime_usage(const struct ime *ime, struct ime_usage *out)
{
	*out = proxy_usage;
}

struct epochs_info ticket_epoch = {.epoch = 1};

// Commands that change something are tested with a proxy (test_callers.c).
struct epochs_info ime_ticket_epoch(const struct ime *ime)
{
	return ticket_epoch;
}

int policy_reload_quality(struct config *c, char *err, size_t err_size)
{
	return -ENOENT;
}

cJSON *show_ticket_epoch(const struct show *s, const struct ask *ask)
{
	return NULL;
}

cJSON *show_ticket_revoke(const struct show *s, const struct ask *ask)
{
	return NULL;
}

cJSON *show_ticket_unrevoke(const struct show *s, const struct ask *ask)
{
	return NULL;
}

cJSON *show_revoked(const struct show *s, const struct ask *ask)
{
	return NULL;
}

void ime_counters_clear(struct ime *ime)
{
	ime_cleared++;
}

struct ucm_info call_managers[3];

const struct ucms *ime_ucms(const struct ime *ime)
{
	return NULL;
}

void ucms_foreach(const struct ucms *us, ucm_visit_fn *fn, void *arg)
{
	for (size_t i = 0; i < sizeof(call_managers) / sizeof(call_managers[0]); i++)
		fn(&call_managers[i], arg);
}

const char *ucm_state_name(enum ucm_state s)
{
	return s == UCM_UP ? "up" : s == UCM_DOWN ? "down" : "not watched";
}

void ime_limits(const struct ime *ime, struct ime_limit out[IME_LIMITS])
{
	static const struct ime_limit limits[IME_LIMITS] = {
		{"tls-proxy maximum-sessions", 4, 1000, "LIMIT_TLS", 0},
		{"srtp-sessions", 250, 250, "LIMIT_SRTP", 17},
		{"calls-per-domain", 12, 0, "LIMIT_DOMAIN_CALLS", 0},
		{"calls-per-second burst", 3, 100, "LIMIT_RATE", 0},
		{"calls-per-second-per-domain burst", 0, 0, "LIMIT_DOMAIN_RATE", 0},
		{"calls", 12, 4096, "CALL_TABLE_FULL", 0},
	};

	memcpy(out, limits, sizeof(limits));
}

const struct domains *ime_domains(const struct ime *ime)
{
	return NULL;
}

void domains_foreach(const struct domains *ds, domain_visit_fn *fn, void *arg)
{
	static const char name[] = "enterprise-b.example\x1b[2J";
	struct domain *d = calloc(1, sizeof(*d) + sizeof(name));

	d->calls = 12;
	memcpy(d->name, name, sizeof(name));
	fn(d, arg);
	free(d);
}

bool mapping_configured = true;
unsigned int mapping_cleared;

struct mapping_service *ime_mapping_service(const struct ime *ime)
{
	return mapping_configured ? (struct mapping_service *)(uintptr_t)ime : NULL;
}

const struct mappings *ime_mappings(const struct ime *ime)
{
	return NULL;
}

// The manual's.
void mapping_sessions_foreach(const struct mapping_service *s, mapping_session_fn *fn, void *arg)
{
	fn(&(struct mapping_session_info){ep("192.168.1.10", 2001), 10, 9, 1, 0, 61}, arg);
	fn(&(struct mapping_session_info){ep("192.168.1.20", 3001), 19, 19, 0, 0, 620}, arg);
}

void mapping_sessions_clear(struct mapping_service *s)
{
	mapping_cleared++;
}

unsigned int mapping_sessions_close(struct mapping_service *s)
{
	return 2;
}

struct mappings_usage mappings_usage(const struct mappings *ms)
{
	return (struct mappings_usage){3, 5, 10000};
}

void mappings_foreach(const struct mappings *ms, uint64_t now_ns, mapping_visit_fn *fn, void *arg)
{
	fn(&(struct mapping_info){ep("203.0.113.10", 5061), 40000, 0, 2, UINT64_MAX,
		   STR_LIT("enterprise-b.example")},
		arg);
	fn(&(struct mapping_info){ep("198.51.100.10", 5061), 40001, 1, 0, 600 * S_NS, STR_LIT("")},
		arg);
	fn(&(struct mapping_info){ep("198.51.100.10", 5070), 40002, MAPPING_OF_REMOTE, 1,
		   UINT64_MAX, STR_LIT("")},
		arg);
}

struct policymaps *policymaps;

struct policymaps *ime_policymaps(const struct ime *ime)
{
	return policymaps;
}

void ime_refers_clear(struct ime *ime)
{
	refers_cleared++;
}

void ime_media_clear(struct ime *ime)
{
	media_cleared++;
}

void ime_tls_clear(struct ime *ime)
{
	tls_cleared++;
}

struct ime_tls_closed ime_tls_close(struct ime *ime)
{
	return (struct ime_tls_closed){.closed = 3, .kept = 1};
}

struct ime_embryonic ime_embryonic(const struct ime *ime)
{
	return (struct ime_embryonic){3, 2, 1, 1024, 1024};
}

const struct trunks *ime_trunks(const struct ime *ime)
{
	return NULL;
}

struct trunk_class_usage trunk_class_usage(const struct trunks *trunks, size_t class)
{
	return class == 1 ? (struct trunk_class_usage){1, 4, 3388}
			  : (struct trunk_class_usage){1, 1, 0};
}

// An inbound trunk with a call manager that speaks TCP, and an outbound one of a secure trunk whose
// remote does not answer.
void trunk_foreach(const struct trunks *trunks, trunk_visit_fn *fn, void *arg)
{
	fn(
		&(struct trunk_info){
			.id = 7,
			.inside = ep("192.168.10.30", 5070),
			.outside = ep("198.51.100.10", 40001),
			.class_name = "ime-inbound-sip",
			.tls_proxy = "remote_to_local-ent",
			.leg = {{"SSLOK", "TLSv1.3", "TLS_AES_256_GCM_SHA384", 2, 2388, 0},
				{"TCPOK", "", "", 1, 1000, 17}},
			.peer_identity = "enterprise-b.example",
			.peer_expires = "2029-03-01T06:27:00Z",
			.age_ms = 3725999,
			.idle_ms = 12000,
		},
		arg);
	fn(
		&(struct trunk_info){
			.id = 9,
			.outbound = true,
			.inside = ep("192.168.10.31", 39608),
			.outside = ep("203.0.113.10", 5070),
			.class_name = "ime-outbound-sip",
			.tls_proxy = "local_to_remote-ent",
			.leg = {{"OPENING", "", "", 0, 0, 0},
				{"SSLOK", "TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256", 1, 900, 0}},
			.peer_identity = "",
			.peer_expires = "",
			.age_ms = 1000,
			.idle_ms = 1000,
		},
		arg);
}

struct trustpoint trustpoint;
struct ime_pki_change change = {1, 2, 1, 3};

const struct pki *ime_pki(const struct ime *ime)
{
	return (const struct pki *)ime; // only handed through
}

static void visit(const struct trustpoint_item *is, void *arg)
{
	const struct pki_item item = {.is = is};
	struct {
		pki_visit_fn *fn;
		void *arg;
	} *to = arg;

	to->fn(&item, to->arg);
}

void pki_foreach(const struct pki *p, pki_visit_fn *fn, void *arg)
{
	struct {
		pki_visit_fn *fn;
		void *arg;
	} to = {fn, arg};

	trustpoint_foreach(&trustpoint, visit, &to);
}

int ime_pki_reload(struct ime *ime, struct ime_pki_change *out, char *err, size_t err_size)
{
	*out = change;
	snprintf(err, err_size, "trust-point local-ent: ca: found none");
	return change.trustpoints > 0 ? 0 : -EINVAL;
}
