// SPDX-License-Identifier: BSD-3-Clause
// What the daemon answers, against the JSON that test_layout.c prints. The workers and the proxy
// are stand-ins that hold the facts of the manual's samples.
#include "test/unit/test.h"

#include <netinet/in.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cp/alarm.h"
#include "cp/call.h"
#include "cp/domains.h"
#include "cp/ime.h"
#include "cp/log.h"
#include "cp/policymap.h"
#include "cp/pki.h"
#include "cp/show.h"
#include "cp/trunk.h"
#include "cp/ucm.h"
#include "cp/show_ime.h"
#include "dp/dp.h"
#include "test/unit/pki.h"

#define S_NS 1000000000ull

static struct endpoint ep(const char *ip, uint16_t port)
{
	struct endpoint e = {.port = port};

	assert_true(ip_parse(str_from(ip), &e.ip));
	return e;
}

// ---- Workers ------------------------------------------------------------------------------------

static unsigned int dp_cleared, ime_cleared, media_cleared, tls_cleared;

size_t dp_counters(struct dp_counter *out, size_t max)
{
	out[0] = (struct dp_counter){"ACL_DENY", "denied", true, 7};
	out[1] = (struct dp_counter){"NO_BUFFER", "none", true, 0};
	out[2] = (struct dp_counter){"RX", "packets received", false, 9000000000};
	return 3;
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

void dp_usage(struct dp_usage *out)
{
	*out = (struct dp_usage){7, 65536, 3, 1, 8192, 2048, 16384};
}

size_t dp_conns(struct dp_conn *out, size_t max)
{
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
		.state = "up"};
	return 2;
}

static struct dp_media_stats media_stats;

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

// ---- The proxy ----------------------------------------------------------------------------------

static struct call_info call, other; // the other one only if it has a Call-ID
static struct ime_usage proxy_usage;

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

static struct epochs_info ticket_epoch = {.epoch = 1};
static struct config_domain denied = {".spam.example"};

// Commands that change something are tested with a proxy (test_callers.c).
struct epochs_info ime_ticket_epoch(const struct ime *ime)
{
	return ticket_epoch;
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

static struct ucm_info call_managers[3];

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

static struct policymaps *policymaps;

struct policymaps *ime_policymaps(const struct ime *ime)
{
	return policymaps;
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

// A trust-point with a certificate, its CA and a CRL, of test/unit/pki.h.
static struct trustpoint trustpoint;
static struct ime_pki_change change = {1, 2, 1, 3};

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

// ---- The facts of the samples -------------------------------------------------------------------

static uint64_t clock_ns(void)
{
	return 4000 * S_NS;
}

static uint64_t wall_s(void)
{
	return (uint64_t)time(NULL);
}

static struct ip_addr unresolved;

static bool resolved(void *arg, uint16_t iface, const struct ip_addr *ip)
{
	assert_in_range(iface, 0, 1);
	return !ip_eq(ip, &unresolved);
}

static struct config_media_addr mta_addrs[2];
static struct config_mta mta = {.name = "ime-media-term",
	.addrs = mta_addrs,
	.n_addrs = 2,
	.rtp_min_port = 16384,
	.rtp_max_port = 32767};
static struct config_ucm ucms[2] = {{.secure = false}, {.secure = true}};
static struct config_ime ime_config = {.name = "local-ent-ime",
	.ucms = ucms,
	.n_ucms = 2,
	.epoch = 1,
	.password = "never to be seen",
	.ticket_profile = "t1",
	.ticket_failure_action = FAILURE_REJECT,
	.domain = "enterprise-a.example",
	.fallback_monitoring_ms = 100,
	.fallback_hold_down_s = 20};
static struct config_trustpoint trustpoints[] = {
	{.name = "local-ent"}, {.name = "local-ent-ucm"}, {.name = "local-asa"}};
static struct config_tls_proxy tls_proxies[] = {
	{.name = "local_to_remote-ent",
		.side = {{.trustpoint = 1,
				 .identity = 2,
				 .ciphers = "AES128-SHA",
				 .min_version = 10,
				 .max_version = 12},
			{.trustpoint = 0, .identity = 0, .min_version = 12, .max_version = 13}},
		.outside = TLS_CLIENT},
	{.name = "remote_to_local-ent",
		.side = {{.trustpoint = 0, .identity = 0, .min_version = 13, .max_version = 13},
			{.trustpoint = -1, .identity = -1, .min_version = 12, .max_version = 13}},
		.outside = TLS_SERVER}};
static struct config_inspect inspects[2] = {
	{.class_name = "ime-outbound-sip", .tls_proxy = 0, .sip_map = -1},
	{.class_name = "ime-inbound-sip", .tls_proxy = 1, .sip_map = 0}};
static struct config_sip_entry sip_entries[] = {
	{.class = -1,
		.match = {.kind = SIP_MATCH_REQUEST_METHOD,
			.method = SIP_OPTIONS,
			.regex = -1,
			.regex_class = -1,
			.text = "match request-method options"},
		.act = {.on = true, .action = SIP_ACT_RATE_LIMIT, .rate = 2, .log = true}},
	{.class = -1,
		.match = {.kind = SIP_MATCH_CONTENT_LENGTH,
			.length = 1000,
			.regex = -1,
			.regex_class = -1,
			.text = "match content length gt 1000"},
		.act = {.on = true, .action = SIP_ACT_DROP}},
};
static struct config_sip_map sip_map = {.name = "sip-map",
	.im = true,
	.params[SIP_PARAM_SOFTWARE_VERSION] = {.on = true, .action = SIP_ACT_MASK},
	.params[SIP_PARAM_STATE_CHECKING] = {.on = true, .action = SIP_ACT_RESET, .log = true},
	.entries = sip_entries,
	.n = 2};
static struct config config = {.hostname = "fw-a",
	.n_workers = 2,
	.ifaces = {{.name = "outside",
			   .device = "net_af_packet0,iface=outside",
			   .mtu = 1500,
			   .subnet.len = 96 + 27},
		{.name = "inside",
			.device = "0000:03:00.0",
			.mtu = 9000,
			.security_level = 100,
			.subnet.len = 96 + 24}},
	.n_ifaces = 2,
	.mtas = &mta,
	.n_mtas = 1,
	.trustpoints = trustpoints,
	.n_trustpoints = 3,
	.tls_proxies = tls_proxies,
	.n_tls_proxies = 2,
	.inspects = inspects,
	.n_inspects = 2,
	.imes = &ime_config,
	.sip_header_max = 65536,
	.sip_maps = &sip_map,
	.n_sip_maps = 1,
	.n_imes = 1};
static struct show show = {.config = &config,
	.ime = (struct ime *)&config, // only handed through
	.resolved = resolved,
	.mono_ns = clock_ns,
	.wall_s = wall_s,
	.started_ns = (4000 - 3725) * S_NS};

static int facts(void **state)
{
	config.ifaces[0].ip = ep("209.165.200.225", 0).ip;
	config.ifaces[1].ip = ep("192.168.10.1", 0).ip;
	mta_addrs[0] = (struct config_media_addr){.iface = 0, .ip = ep("209.165.200.229", 0).ip};
	mta_addrs[1] = (struct config_media_addr){.iface = 1, .ip = ep("192.168.10.3", 0).ip};
	ucms[0].ip = ep("192.168.10.30", 0).ip;
	ucms[1].ip = ep("192.168.10.31", 0).ip;
	call = (struct call_info){
		.state = CALL_UP,
		.outbound = true,
		.call_id = STR_LIT("ab6d7980-a7d11b08-50-1e0aa8c0@192.168.10.30"),
		.inside = ep("192.168.10.30", 39608),
		.outside = ep("10.194.108.118", 5070),
		.fb_sensitivity = STR_LIT("3"),
		.session_id = STR_LIT("2948-32325449-0@81a985c9-f3a1-55a0-3b19-96549a027259"),
		.trunk_uri =
			STR_LIT("81a985c9-f3a1-55a0-3b19-96549a027259@UCM-30;maddr=192.168.10.30"),
		.streams[0] = {.stream = 42,
			.live = true,
			.local = {ep("10.194.108.109", 21558), ep("192.168.10.3", 30930)},
			.remote = {ep("10.194.108.119", 29824), ep("192.168.10.51", 19520)},
			.audio = true,
			.sends = {true, true},
			.hears = {true, true},
			.suite = {DP_SRTP_AES_CM_128_HMAC_SHA1_80, DP_SRTP_NONE},
			.rate = {{[MEDIA_RX] = 50, [MEDIA_TX] = 49},
				{[MEDIA_RX] = 50, [MEDIA_TX] = 50}},
			.local_key_set = true,
			.remote_key_set = true,
			.codec = "G722",
			.payload_type = 9},
		.n_streams = 1,
		.started_ns = (4000 - 404) * S_NS,
		.iface = {0, 1},
	};
	call_managers[0] = (struct ucm_info){ep("192.168.10.30", 5070), false, UCM_DOWN,
		"no answer to OPTIONS", (4000 - 61) * S_NS, (4000 - 75) * S_NS, 3};
	call_managers[1] = (struct ucm_info){ep("192.168.10.31", 5071), true, UCM_UP, "",
		(4000 - 3600) * S_NS, (4000 - 4) * S_NS, 12};
	call_managers[2] = (struct ucm_info){
		ep("192.168.10.32", 0), false, UCM_UNWATCHED, "", (4000 - 3725) * S_NS, 0, 0};
	other = (struct call_info){0};
	unresolved = (struct ip_addr){0};
	media_stats = (struct dp_media_stats){
		.leg[SIDE_OUTSIDE] = {.rx_packets = 20200,
			.rx_octets = 3676400,
			.tx_packets = 20203,
			.tx_octets = 3676946,
			.rx_rtcp = 6,
			.tx_rtcp = 7,
			.rx_bad_source = 1,
			.rx_auth_failed = 2,
			.rx_replayed = 4,
			.rx_late = 8,
			.rx_malformed = 5,
			.rx_bad_pt = 9,
			.rx_on_hold = 10,
			.rx_rtcp_dropped = 11,
			.tx_waiting = 12,
			.rx_lost = 3,
			.jitter_us = 109,
			.last_rx_ns = 4000 * S_NS - 20000000,
			.last_pt = 9},
		.leg[SIDE_INSIDE] = {.rx_packets = 20203,
			.tx_packets = 20201,
			.last_rx_ns = 4000 * S_NS - 5000000,
			.last_pt = 9},
	};
	proxy_usage = (struct ime_usage){.signaling_in_use = 1,
		.signaling_most_used = 3,
		.media_in_use = 1,
		.media_most_used = 3,
		.media_ports = 4,
		.media_resting = 2,
		.tls_in_use = 2,
		.tls_most_used = 5,
		.tls_max = 1000};
	return 0;
}

static cJSON *file_json(const char *name)
{
	static char text[65536];
	char path[128];
	size_t n;
	FILE *f;
	cJSON *j;

	snprintf(path, sizeof(path), "test/vectors/show/%s.json", name);
	f = fopen(path, "r");
	assert_non_null(f);
	n = fread(text, 1, sizeof(text), f);
	fclose(f);
	j = cJSON_ParseWithLength(text, n);
	assert_non_null(j);
	return j;
}

static void expect(const char *command, const char *args, const char *file)
{
	char err[256];
	cJSON *a = cJSON_Parse(args), *want = file_json(file);
	cJSON *got = show_command(&show, command, a, err, sizeof(err));

	if (!cJSON_Compare(got, want, true))
		fail_msg("%s: %s", command, cJSON_Print(got));
	cJSON_Delete(a);
	cJSON_Delete(want);
	cJSON_Delete(got);
}

static void test_answers(void **state)
{
	expect("show uc-ime signaling-sessions", "{}", "signaling-sessions");
	call.caller =
		(struct call_caller){.checked = true, .number = {"12125550199", 11}, .attest = 'A'};
	expect("show uc-ime signaling-sessions", "{}", "signaling-sessions-caller");
	call.caller = (struct call_caller){.checked = true, .fault = PASSPORT_ABSENT};
	expect("show uc-ime signaling-sessions", "{}", "signaling-sessions-unsigned");
	call.caller = (struct call_caller){.checked = false};
	expect("show uc-ime media-sessions", "{}", "media-sessions");
	expect("show uc-ime media-sessions detail", "{}", "media-sessions");
	expect("show running-config uc-ime", "{}", "running-config");
	mta_addrs[0].global = mta_addrs[1].global = true;
	mta_addrs[1].ip = mta_addrs[0].ip;
	ticket_epoch = (struct epochs_info){2, 1, 1796083200};
	ime_config.callers[CALLERS_DENY] = (struct config_domains){&denied, 1};
	expect("show running-config uc-ime", "{}", "running-config-global");
	ticket_epoch = (struct epochs_info){.epoch = 1};
	ime_config.callers[CALLERS_DENY] = (struct config_domains){0};
	mta_addrs[0].global = mta_addrs[1].global = false;
	mta_addrs[1].ip = ep("192.168.10.3", 0).ip;
	expect("show media", "{\"call_id\": \"ab6d7980\"}", "media-call");
	expect("show uc-ime ucm", "{}", "ucm");
	expect("show uc-ime limits", "{}", "limits");
	expect("show usage", "{}", "usage");
	expect("show interface", "{}", "interface");
	expect("show conn", "{}", "conn");
	expect("show tls-proxy", "{}", "tls-proxy");
	expect("show tls-proxy session", "{}", "tls-proxy-session");
	expect("show tls-proxy session detail", "{}", "tls-proxy-session");
	expect("show tls-proxy session statistics", "{}", "tls-proxy-session-statistics");
	expect("clear tls-proxy session", "{}", "tls-proxy-closed");
	proxy_usage.signaling_in_use = 10;
	proxy_usage.signaling_most_used = 20;
	proxy_usage.signaling_terminated = 15;
	expect("show uc-ime signaling-sessions statistics", "{}", "signaling-sessions-statistics");
}

static void test_version(void **state)
{
	char err[256];
	cJSON *want = file_json("version"), *got;

	got = show_command(&show, "show version", NULL, err, sizeof(err));
	// The library of this machine.
	assert_true(cJSON_ReplaceItemInObject(
		want, "openssl", cJSON_CreateString(OpenSSL_version(OPENSSL_VERSION_STRING))));
	if (!cJSON_Compare(got, want, true))
		fail_msg("%s", cJSON_Print(got));
	cJSON_Delete(want);
	cJSON_Delete(got);
}

static void test_counters(void **state)
{
	char err[256];
	cJSON *all = show_command(&show, "show counters", NULL, err, sizeof(err));
	cJSON *args = cJSON_Parse("{\"drops\": true}");
	cJSON *drops = show_command(&show, "show counters", args, err, sizeof(err));

	assert_int_equal(cJSON_GetArraySize(all), 3 + 13);
	assert_int_equal(cJSON_GetArraySize(drops), 1 + 8); // nonzero, and no mere count
	cJSON_Delete(all);
	cJSON_Delete(args);
	cJSON_Delete(drops);
}

static void test_clear(void **state)
{
	char err[256];

	dp_cleared = ime_cleared = 0;
	cJSON_Delete(show_command(
		&show, "clear uc-ime signaling-sessions statistics", NULL, err, sizeof(err)));
	assert_int_equal(dp_cleared, 0);
	assert_int_equal(ime_cleared, 1);
	assert_int_equal(media_cleared, 0);
	cJSON_Delete(show_command(
		&show, "clear uc-ime media-sessions statistics", NULL, err, sizeof(err)));
	assert_int_equal(media_cleared, 1);
	assert_int_equal(ime_cleared, 1);
	cJSON_Delete(show_command(&show, "clear counters", NULL, err, sizeof(err)));
	assert_int_equal(dp_cleared, 1);
	assert_int_equal(ime_cleared, 2);
	cJSON_Delete(
		show_command(&show, "clear tls-proxy session statistics", NULL, err, sizeof(err)));
	assert_int_equal(tls_cleared, 1);
	assert_int_equal(ime_cleared, 2);
}

static void judge(struct policymap *map, const char *text)
{
	static struct sip_msg m;
	struct policy_verdict v;

	assert_int_equal(sip_parse(&m, str_from(text)), SIP_OK);
	assert_int_equal(sip_check(&m), SIP_OK);
	policymap_judge(map, &m, S_NS, &v);
}

static void test_service_policy(void **state)
{
	static const char options[] =
		"OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP c;branch=z9hG4bK1\r\nFrom: "
		"<sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 1 "
		"OPTIONS\r\nMax-Forwards: 7\r\nUser-Agent: x\r\nContent-Length: 0\r\n\r\n";
	struct policymap *map;
	char err[256];

	assert_int_equal(policymaps_new(&policymaps, &config, err, sizeof(err)), 0);
	map = policymap_of(policymaps, &inspects[1]);
	for (int i = 0; i < 5; i++)
		judge(map, options);
	judge(policymap_of(policymaps, &inspects[0]), options);
	policymap_violated(map, SIP_PARAM_STATE_CHECKING);
	expect("show service-policy inspect sip", "{}", "service-policy");
	cJSON_Delete(
		show_command(&show, "clear service-policy inspect sip", NULL, err, sizeof(err)));
	assert_int_equal(policymap_messages(map), 0);
	policymaps_free(policymaps);
}

// Only those that ever were, with their ages.
static void test_alarms(void **state)
{
	char err[256];

	log_set_severity(0);
	alarms_reset();
	cJSON_Delete(show_command(&show, "show alarms", NULL, err, sizeof(err)));
	alarm_raise(ALARM_MEDIA_PORTS, (4000 - 312) * S_NS, "%s", "no media port is free");
	alarm_raise(ALARM_MEDIA_PORTS, (4000 - 311) * S_NS, "not shown");
	alarm_raise(ALARM_MEDIA_STREAMS, (4000 - 100) * S_NS, "as many streams as there can be");
	alarm_clear(ALARM_MEDIA_STREAMS, (4000 - 60) * S_NS);
	alarm_clear(ALARM_MEMORY_UNLOCKED, (4000 - 60) * S_NS);
	expect("show alarms", "{}", "alarms");
	alarms_reset();
	expect("show alarms", "{}", "alarms-none");
}

// The list of cp/events.def, and how often each event was told.
static void test_logging(void **state)
{
	const cJSON *events, *e;
	char err[256];
	cJSON *j;

	log_set_severity(1);
	log_event(READY); // not told
	alarms_reset();
	alarm_raise(ALARM_MEDIA_PORTS, 1, "%s", "told");
	log_set_severity(0);
	alarms_reset();
	j = show_command(&show, "show logging", NULL, err, sizeof(err));
	assert_int_equal(cJSON_GetObjectItem(j, "severity_max")->valueint, 0);
	assert_string_equal(cJSON_GetObjectItem(j, "format")->valuestring, "text");
	assert_true(cJSON_IsFalse(cJSON_GetObjectItem(j, "asa_compat")));
	events = cJSON_GetObjectItem(j, "events");
	assert_int_equal(cJSON_GetArraySize(events), EVT_MAX);
	e = cJSON_GetArrayItem(events, EVT_ALARM);
	assert_int_equal(cJSON_GetObjectItem(e, "number")->valueint, 339501);
	assert_int_equal(cJSON_GetObjectItem(e, "severity")->valueint, 1);
	assert_string_equal(cJSON_GetObjectItem(e, "name")->valuestring, "ALARM");
	assert_int_equal(cJSON_GetObjectItem(e, "written")->valueint, 1);
	e = cJSON_GetArrayItem(events, EVT_READY);
	assert_int_equal(cJSON_GetObjectItem(e, "written")->valueint, 0);
	assert_true(strlen(cJSON_GetObjectItem(e, "remedy")->valuestring) > 0);
	cJSON_Delete(j);
}

static void media_refused(const char *args, const char *reason)
{
	cJSON *a = cJSON_Parse(args);
	char err[256] = "";

	assert_null(show_command(&show, "show media", a, err, sizeof(err)));
	if (strstr(err, reason) == NULL)
		fail_msg("%s", err);
	cJSON_Delete(a);
}

static const char *media_call_id(const char *args)
{
	static cJSON *j;
	cJSON *a = cJSON_Parse(args);
	char err[256] = "";

	cJSON_Delete(j);
	j = show_command(&show, "show media", a, err, sizeof(err));
	cJSON_Delete(a);
	assert_int_equal(cJSON_GetArraySize(j), 1);
	return cJSON_GetObjectItem(cJSON_GetArrayItem(j, 0), "call_id")->valuestring;
}

// By the whole Call-ID, or a beginning that is one call's alone.
static void test_media_of_call(void **state)
{
	media_refused("{}", "a Call-ID is needed");
	media_refused("{\"call_id\": 5}", "a Call-ID is needed");
	media_refused("{\"call_id\": \"x\"}", "no call has a Call-ID that begins with x");
	other.call_id = STR_LIT("ab6d");
	media_refused("{\"call_id\": \"ab6\"}", "2 calls have a Call-ID that begins with ab6;");
	assert_string_equal(media_call_id("{\"call_id\": \"ab6d\"}"), "ab6d");
	assert_non_null(strstr(media_call_id("{\"call_id\": \"ab6d7\"}"), "ab6d7980-a7d1"));
}

static void test_next_hop(void **state)
{
	cJSON *a = cJSON_Parse("{\"call_id\": \"ab\"}"), *j;
	const cJSON *stream, *d;
	char err[256];

	unresolved = ep("10.194.108.119", 0).ip;
	j = show_command(&show, "show media", a, err, sizeof(err));
	stream = cJSON_GetArrayItem(cJSON_GetObjectItem(cJSON_GetArrayItem(j, 0), "streams"), 0);
	d = cJSON_GetArrayItem(cJSON_GetObjectItem(stream, "directions"), 1);
	assert_string_equal(cJSON_GetObjectItem(d, "why")->valuestring, "neighbour");
	assert_string_equal(cJSON_GetObjectItem(stream, "verdict")->valuestring,
		"One-way: the outside does not hear the inside.");
	cJSON_Delete(a);
	cJSON_Delete(j);
}

static const char *text_of(const cJSON *j, const char *name)
{
	return cJSON_GetObjectItem(j, name)->valuestring;
}

static void not_expected(void *arg, enum trustpoint_file file, const char *why)
{
	fail_msg("%s", why);
}

static void test_certificates(void **state)
{
	struct config_trustpoint files = {.name = "local-ent"};
	struct config_tls_proxy proxy = {.name = "remote_to_local-ent",
		.side = {{.trustpoint = 0, .identity = 0}, {.trustpoint = -1, .identity = -1}}};
	char dir[] = "/tmp/callgate-show-XXXXXX", err[256], command[64];
	const cJSON *i;
	cJSON *j;

	assert_non_null(mkdtemp(dir));
	pki_make(dir);
	snprintf(files.certificate, sizeof(files.certificate), "%s/a.crt", dir);
	snprintf(files.key, sizeof(files.key), "%s/a.key", dir);
	snprintf(files.ca, sizeof(files.ca), "%s/ca.pem", dir);
	snprintf(files.crl, sizeof(files.crl), "%s/crl.pem", dir);
	assert_int_equal(trustpoint_load(&trustpoint, &files, not_expected, NULL), 0);
	config.trustpoints = &files;
	config.tls_proxies = &proxy;
	config.n_trustpoints = config.n_tls_proxies = 1;
	j = show_command(&show, "show crypto ca certificates", NULL, err, sizeof(err));
	assert_int_equal(cJSON_GetArraySize(j), 3);
	i = cJSON_GetArrayItem(j, 0);
	assert_string_equal(text_of(i, "kind"), "identity");
	assert_string_equal(text_of(i, "subject"), "CN=enterprise-a.example");
	assert_string_equal(text_of(i, "status"), "valid"); // of 32 days: no warning at 30
	assert_in_range(cJSON_GetObjectItem(i, "days_left")->valueint, 29, 30);
	assert_string_equal(cJSON_GetArrayItem(cJSON_GetObjectItem(i, "used_by"), 0)->valuestring,
		"remote_to_local-ent (server, outside)");
	i = cJSON_GetArrayItem(j, 1);
	assert_string_equal(text_of(i, "kind"), "ca");
	assert_string_equal(text_of(i, "subject"), "CN=Test CA");
	i = cJSON_GetArrayItem(j, 2);
	assert_string_equal(text_of(i, "kind"), "crl");
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(i, "has_issuer")));
	cJSON_Delete(j);
	trustpoint_free(&trustpoint);
	config.n_trustpoints = config.n_tls_proxies = 0;
	snprintf(command, sizeof(command), "rm -r %s", dir);
	assert_int_equal(system(command), 0);
}

static void test_pki_reload(void **state)
{
	char err[256];
	cJSON *j = show_command(&show, "pki reload", NULL, err, sizeof(err));

	assert_int_equal(cJSON_GetObjectItem(j, "certificates")->valueint, 2);
	assert_int_equal(cJSON_GetObjectItem(j, "judged")->valueint, 3);
	cJSON_Delete(j);
	change.trustpoints = 0;
	assert_null(show_command(&show, "pki reload", NULL, err, sizeof(err)));
	assert_string_equal(err, "trust-point local-ent: ca: found none");
}

static void test_refused(void **state)
{
	struct show without = show;
	char err[256];

	without.ime = NULL;
	assert_null(show_command(&show, "show", NULL, err, sizeof(err)));
	assert_non_null(strstr(err, "show version"));
	assert_null(
		show_command(&without, "show uc-ime signaling-sessions", NULL, err, sizeof(err)));
	assert_string_equal(err, "no uc-ime is configured");
	cJSON_Delete(show_command(&without, "show usage", NULL, err, sizeof(err)));
	cJSON_Delete(show_command(&without, "show counters", NULL, err, sizeof(err)));
}

// What a peer wrote ends on a terminal: no control octet gets through.
static void test_hostile_text(void **state)
{
	char err[256];
	cJSON *j;
	cJSON *args = cJSON_Parse("{\"call_id\": \"a\"}");
	char *text;
	const cJSON *s;

	call.call_id = STR_LIT("a\x1b[2J\xff\0b");
	call.streams[0].codec = "G\x1b[2J\xff\x07";
	j = show_command(&show, "show uc-ime signaling-sessions", NULL, err, sizeof(err));
	s = cJSON_GetArrayItem(cJSON_GetObjectItem(j, "sessions"), 0);
	assert_string_equal(cJSON_GetObjectItem(s, "call_id")->valuestring, "a?[2J??b");
	s = cJSON_GetArrayItem(cJSON_GetObjectItem(s, "media"), 0);
	assert_string_equal(cJSON_GetObjectItem(s, "codec")->valuestring, "G?[2J??");
	cJSON_Delete(j);
	// Also where the codec stands in a sentence.
	call.streams[0].rate[0][MEDIA_BAD_PT] = 1;
	media_stats.leg[0].last_rx_ns = 0;
	j = show_command(&show, "show media", args, err, sizeof(err));
	text = cJSON_Print(j);
	assert_non_null(strstr(text, "another codec than G?[2J??"));
	assert_null(strstr(text, "\\u00"));
	assert_null(strchr(text, '\xff'));
	free(text);
	cJSON_Delete(j);
	cJSON_Delete(args);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_answers, facts),
		cmocka_unit_test_setup(test_version, facts),
		cmocka_unit_test_setup(test_counters, facts),
		cmocka_unit_test_setup(test_clear, facts),
		cmocka_unit_test_setup(test_service_policy, facts),
		cmocka_unit_test_setup(test_alarms, facts),
		cmocka_unit_test_setup(test_logging, facts),
		cmocka_unit_test_setup(test_media_of_call, facts),
		cmocka_unit_test_setup(test_next_hop, facts),
		cmocka_unit_test_setup(test_certificates, facts),
		cmocka_unit_test_setup(test_pki_reload, facts),
		cmocka_unit_test_setup(test_refused, facts),
		cmocka_unit_test_setup(test_hostile_text, facts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
